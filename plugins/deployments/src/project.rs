//! The project's folder as the library of bundles sees files.

use std::fs::{self, File, FileType};
use std::io::{ErrorKind, Read};
use std::path::PathBuf;

use bricklayer_bundle::{FileKind, Files};

/// The project's folder. Links are passed over: what they lead to may be another file while it is uploaded.
#[derive(Debug)]
pub(crate) struct ProjectFiles(pub(crate) PathBuf);

fn kind(found: FileType) -> Option<FileKind> {
    match found {
        _ if found.is_dir() => Some(FileKind::Folder),
        _ if found.is_file() => Some(FileKind::File),
        _ => None,
    }
}

impl Files for ProjectFiles {
    fn read(&self, path: &str, most: usize) -> Result<Option<Vec<u8>>, String> {
        if self.kind(path) != Some(FileKind::File) {
            return Ok(None);
        }
        let file = match File::open(self.0.join(path)) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.to_string()),
        };
        let mut content = Vec::new();
        file.take(most as u64).read_to_end(&mut content).map_err(|error| error.to_string())?;
        Ok(Some(content))
    }

    fn kind(&self, path: &str) -> Option<FileKind> {
        kind(fs::symlink_metadata(self.0.join(path)).ok()?.file_type())
    }

    fn list(&self, folder: &str) -> Result<Vec<(String, FileKind)>, String> {
        let entries = match fs::read_dir(self.0.join(folder)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(format!("{folder} cannot be read: {error}")),
        };
        let named = entries.filter_map(|entry| {
            let entry = entry.ok()?;
            // A name that is no text cannot be in a path of the workspace.
            Some((entry.file_name().into_string().ok()?, kind(entry.file_type().ok()?)?))
        });
        Ok(named.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_folders_are_seen_and_links_are_not() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("d")).unwrap();
        fs::write(folder.path().join("d/a"), "abc").unwrap();
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("d/l")).unwrap();
        let files = ProjectFiles(folder.path().to_owned());
        assert_eq!(files.list("d").unwrap(), [("a".to_owned(), FileKind::File)]);
        assert_eq!((files.kind("d"), files.kind("d/l")), (Some(FileKind::Folder), None));
        assert_eq!((files.read("d/a", 2), files.read("d/l", 9)), (Ok(Some(b"ab".to_vec())), Ok(None)));
        assert_eq!((files.read("d", 2), files.read("x", 2)), (Ok(None), Ok(None)));
        assert_eq!(files.list("x"), Ok(Vec::new()));
    }
}
