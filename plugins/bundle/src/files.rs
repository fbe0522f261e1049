//! The files of a project, as the library sees them: whoever calls has them on a disk, in memory, or behind a sandbox.

use std::collections::{BTreeMap, BTreeSet};

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileKind {
    /// A file.
    File,
    /// A folder.
    Folder,
}

/// The files of a project. Paths go from the project's folder, with `/` between names, in normal form; the folder itself
/// is the empty path. What is neither file nor folder (links and the like) is not there.
pub trait Files {
    /// At most so many bytes from the beginning of a file; none where there is no file.
    ///
    /// # Errors
    /// Why it cannot be read, in words.
    fn read(&self, path: &str, most: usize) -> Result<Option<Vec<u8>>, String>;

    /// What is at a path.
    fn kind(&self, path: &str) -> Option<FileKind>;

    /// The names in a folder, in any order; none where there is no folder.
    ///
    /// # Errors
    /// Why it cannot be read, in words.
    fn list(&self, folder: &str) -> Result<Vec<(String, FileKind)>, String>;
}

/// Files in memory: of what is generated before it is written.
#[derive(Debug, Clone, Default)]
pub struct MemoryFiles(BTreeMap<String, Vec<u8>>);

impl MemoryFiles {
    /// Adds a file; a path that leads out of the project adds none.
    pub fn insert(&mut self, path: &str, content: impl Into<Vec<u8>>) {
        if let Some(path) = join("", path) {
            self.0.insert(path, content.into());
        }
    }
}

impl<P: AsRef<str>, C: Into<Vec<u8>>> FromIterator<(P, C)> for MemoryFiles {
    fn from_iter<T: IntoIterator<Item = (P, C)>>(given: T) -> Self {
        let mut files = Self::default();
        for (path, content) in given {
            files.insert(path.as_ref(), content);
        }
        files
    }
}

impl Files for MemoryFiles {
    fn read(&self, path: &str, most: usize) -> Result<Option<Vec<u8>>, String> {
        Ok(self.0.get(path).map(|content| content.iter().copied().take(most).collect()))
    }

    fn kind(&self, path: &str) -> Option<FileKind> {
        if self.0.contains_key(path) {
            return Some(FileKind::File);
        }
        (path.is_empty() || self.below(path).next().is_some()).then_some(FileKind::Folder)
    }

    fn list(&self, folder: &str) -> Result<Vec<(String, FileKind)>, String> {
        let found: BTreeSet<_> = self
            .below(folder)
            .map(|inside| match inside.split_once('/') {
                Some((name, _)) => (name.to_owned(), FileKind::Folder),
                None => (inside.to_owned(), FileKind::File),
            })
            .collect();
        Ok(found.into_iter().collect())
    }
}

impl MemoryFiles {
    fn below<'a>(&'a self, folder: &str) -> impl Iterator<Item = &'a str> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let start = prefix.len();
        self.0
            .range(prefix.clone()..)
            .take_while(move |(path, _)| path.starts_with(&prefix))
            .filter_map(move |(path, _)| path.get(start..))
    }
}

/// A relative path from a folder, in normal form; none where it leads out of the project.
pub(crate) fn join(folder: &str, relative: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(relative.split(['/', '\\'])) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The way from a folder to a path below it, `.` for the folder itself; none where it is not below it.
pub(crate) fn below<'a>(folder: &str, path: &'a str) -> Option<&'a str> {
    if path == folder {
        return Some(".");
    }
    if folder.is_empty() {
        return Some(path);
    }
    path.strip_prefix(folder)?.strip_prefix('/')
}

/// The last name of a path.
pub(crate) fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_in_the_project() {
        for (folder, relative, expect) in [
            ("", "a/b.py", Some("a/b.py")),
            ("x/y", "../b.py", Some("x/b.py")),
            ("x", "./a//b/.", Some("x/a/b")),
            ("x", "..", Some("")),
            ("x", "../../b", None),
            ("x", "a\\b", Some("x/a/b")),
        ] {
            assert_eq!(join(folder, relative).as_deref(), expect, "{folder} {relative}");
        }
        for (folder, path, expect) in
            [("a", "a/b", Some("b")), ("a", "ab", None), ("", "a", Some("a")), ("a", "a", Some("."))]
        {
            assert_eq!(below(folder, path), expect, "{folder} {path}");
        }
    }

    #[test]
    fn files_in_memory_have_folders() {
        let files: MemoryFiles = [("a/b.py", "1"), ("a/c/d.py", "22"), ("a.py", "")].into_iter().collect();
        assert_eq!(
            (files.kind("a"), files.kind("a/c"), files.kind("a/b.py"), files.kind("x"), files.kind("")),
            (Some(FileKind::Folder), Some(FileKind::Folder), Some(FileKind::File), None, Some(FileKind::Folder))
        );
        let names = |folder| files.list(folder).unwrap().into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(
            (names(""), names("a"), names("x")),
            (vec!["a".to_owned(), "a.py".to_owned()], vec!["b.py".to_owned(), "c".to_owned()], vec![])
        );
        assert_eq!(files.read("a/c/d.py", 1).unwrap().unwrap(), b"2");
    }
}
