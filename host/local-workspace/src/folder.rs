//! The folder of a workspace's data: one process at a time, and, where it is ephemeral, no longer than that process.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
};

use uuid::Uuid;

/// The file that is locked for as long as the folder is in use.
const LOCK: &str = "workspace.lock";

/// How names of ephemeral folders begin; what follows is made by chance.
const EPHEMERAL: &str = "bricklayer-workspace-";

/// Names that are tried for an ephemeral folder: more than one only where another process sweeps at that moment.
const TRIES: usize = 16;

/// Why a folder cannot be used.
#[derive(Debug)]
pub(crate) enum Error {
    /// Another process uses it.
    Locked(PathBuf),
    /// It cannot be made or opened.
    Failed(PathBuf, io::Error),
}

/// A folder that is this process's own until it is dropped.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    is_ephemeral: bool,
    /// Held for as long as the folder is in use.
    _lock: File,
}

impl Folder {
    /// Opens a folder, making it if it is not there.
    ///
    /// # Errors
    /// A folder in use, and one that cannot be made or opened.
    pub(crate) fn open(path: PathBuf) -> Result<Self, Error> {
        fs::create_dir_all(&path).map_err(|e| Error::Failed(path.clone(), e))?;
        match lock(&path, true) {
            Ok(Some(lock)) => Ok(Self { path, is_ephemeral: false, _lock: lock }),
            Ok(None) => Err(Error::Locked(path)),
            Err(e) => Err(Error::Failed(path, e)),
        }
    }

    /// Makes a folder in another that goes when it is dropped, and sweeps away those that killed processes left there.
    ///
    /// # Errors
    /// A folder that cannot be made.
    pub(crate) fn ephemeral(within: &Path) -> Result<Self, Error> {
        let failed = |e| Error::Failed(within.to_owned(), e);
        fs::create_dir_all(within).map_err(failed)?;
        sweep(within);
        for _ in 0..TRIES {
            let path = within.join(format!("{EPHEMERAL}{}", Uuid::new_v4().simple()));
            make_private(&path).map_err(failed)?;
            match lock(&path, true) {
                // One that sweeps may have had it before us, and then it is gone.
                Ok(Some(lock)) if is_there(&lock, &path.join(LOCK)) => {
                    return Ok(Self { path, is_ephemeral: true, _lock: lock });
                }
                Ok(_) => {}
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) => return Err(failed(e)),
            }
        }
        Err(failed(io::Error::other("each temporary folder was swept away at once")))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.is_ephemeral
            && let Err(error) = fs::remove_dir_all(&self.path)
        {
            tracing::warn!(folder = %self.path.display(), error = &error as &dyn std::error::Error,
                "the temporary folder stays; the next ephemeral workspace removes it");
        }
    }
}

/// Locks a folder, if nobody else has.
fn lock(folder: &Path, make: bool) -> io::Result<Option<File>> {
    let file = OpenOptions::new().create(make).truncate(false).write(true).open(folder.join(LOCK))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(e)) => Err(e),
    }
}

/// A folder that only its user reads.
fn make_private(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Whether a file is the one of that name, and not one that was removed meanwhile.
fn is_there(file: &File, path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let (Ok(own), Ok(named)) = (file.metadata(), fs::symlink_metadata(path)) else { return false };
        (own.dev(), own.ino()) == (named.dev(), named.ino())
    }
    #[cfg(not(unix))]
    {
        // A file that is open cannot be removed.
        let _ = file;
        path.exists()
    }
}

/// Removes ephemeral folders that no process holds any more. What cannot be removed stays: it may be another user's.
fn sweep(within: &Path) {
    let Ok(entries) = fs::read_dir(within) else { return };
    for entry in entries.flatten() {
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if !is_folder || !entry.file_name().to_string_lossy().starts_with(EPHEMERAL) {
            continue;
        }
        let path = entry.path();
        match lock(&path, false) {
            // Held until the folder is gone, so that nobody begins to use it.
            Ok(Some(_lock)) => match fs::remove_dir_all(&path) {
                Ok(()) => tracing::info!(folder = %path.display(), "a killed workspace's temporary folder is removed"),
                Err(e) => tracing::warn!(folder = %path.display(), "a temporary folder cannot be removed: {e}"),
            },
            Ok(None) => {}
            // Killed before it was locked: nothing is in it.
            Err(_) => drop(fs::remove_dir(&path)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(within: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(within).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_folder_in_use_is_refused() {
        let within = tempfile::tempdir().unwrap();
        let first = Folder::open(within.path().join("a")).unwrap();
        assert!(matches!(Folder::open(within.path().join("a")), Err(Error::Locked(_))));
        drop(first);
        drop(Folder::open(within.path().join("a")).unwrap());
        assert_eq!(names(within.path()), ["a"], "it is kept");
        fs::write(within.path().join("file"), "").unwrap();
        assert!(matches!(Folder::open(within.path().join("file")), Err(Error::Failed(..))));
    }

    #[test]
    fn an_ephemeral_folder_goes_and_what_was_left_is_swept() {
        let within = tempfile::tempdir().unwrap();
        for (folder, file) in [
            // Killed in use, killed before it was locked, and what is none of ours.
            ("bricklayer-workspace-killed", Some(LOCK)),
            ("bricklayer-workspace-unborn", None),
            ("bricklayer-workspace-strange", Some("data")),
            ("other", Some(LOCK)),
        ] {
            fs::create_dir(within.path().join(folder)).unwrap();
            if let Some(file) = file {
                fs::write(within.path().join(folder).join(file), "").unwrap();
            }
        }
        fs::write(within.path().join("bricklayer-workspace-file"), "").unwrap();
        let first = Folder::ephemeral(within.path()).unwrap();
        fs::write(first.path().join("data"), "x").unwrap();
        let second = Folder::ephemeral(within.path()).unwrap();
        assert!(first.path().join("data").exists(), "what is in use stays");
        let name = |folder: &Folder| folder.path().file_name().unwrap().to_str().unwrap().to_owned();
        let mut expect = vec![name(&first), name(&second)];
        let others = ["bricklayer-workspace-file", "bricklayer-workspace-strange", "other"].map(str::to_owned);
        expect.extend(others.clone());
        expect.sort();
        assert_eq!(names(within.path()), expect);
        drop((first, second));
        assert_eq!(names(within.path()), others);
    }

    #[cfg(unix)]
    #[test]
    fn an_ephemeral_folder_is_its_users_own() {
        use std::os::unix::fs::PermissionsExt;
        let within = tempfile::tempdir().unwrap();
        let folder = Folder::ephemeral(within.path()).unwrap();
        assert_eq!(fs::metadata(folder.path()).unwrap().permissions().mode() & 0o777, 0o700);
    }

    /// Links that someone put beside are not followed.
    #[cfg(unix)]
    #[test]
    fn a_sweep_follows_no_link() {
        let within = tempfile::tempdir().unwrap();
        let kept = tempfile::tempdir().unwrap();
        fs::write(kept.path().join(LOCK), "").unwrap();
        fs::write(kept.path().join("data"), "").unwrap();
        std::os::unix::fs::symlink(kept.path(), within.path().join("bricklayer-workspace-link")).unwrap();
        let left = within.path().join("bricklayer-workspace-left");
        fs::create_dir(&left).unwrap();
        fs::write(left.join(LOCK), "").unwrap();
        std::os::unix::fs::symlink(kept.path(), left.join("link")).unwrap();
        drop(Folder::ephemeral(within.path()).unwrap());
        assert!(!left.exists() && kept.path().join("data").exists());
    }
}
