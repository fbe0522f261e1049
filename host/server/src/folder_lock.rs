//! One data folder has one host: a second one would take the first one's turns and replace its files under it.
use bricklayer_domain::chain;

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

/// The file that is locked; it names the process that holds it.
const LOCK_FILE: &str = "host.lock";
/// Longest content that is read of it: a process id.
const MAX_PID_BYTES: u64 = 20;

/// A data folder that is this process's own until it is dropped. The system gives it back when the process dies.
#[derive(Debug)]
pub(crate) struct FolderLock {
    _file: File,
}

/// Why a folder cannot be had.
#[derive(Debug)]
pub(crate) enum LockError {
    /// Another host has it; who, as far as it says.
    Taken(String),
    /// It cannot be locked.
    Io(io::Error),
}

impl FolderLock {
    /// Takes a folder, which must exist.
    pub(crate) fn take(folder: &Path) -> Result<Self, LockError> {
        let path = folder.join(LOCK_FILE);
        let mut file =
            OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path).map_err(LockError::Io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(LockError::Taken(holder(&mut file))),
            Err(TryLockError::Error(error)) => return Err(LockError::Io(error)),
        }
        // For people; the lock itself is what counts.
        let named = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
        if let Err(error) = named {
            tracing::warn!(error = chain(&error), "the lock of the data folder does not name us");
        }
        Ok(Self { _file: file })
    }
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    let read = file.take(MAX_PID_BYTES).read_to_string(&mut text);
    match text.trim().parse::<u32>() {
        Ok(pid) if read.is_ok() => format!("process {pid}"),
        _ => "another process".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_one_hosts_until_it_lets_go() {
        let folder = tempfile::tempdir().unwrap();
        let first = FolderLock::take(folder.path()).unwrap();
        match FolderLock::take(folder.path()) {
            Err(LockError::Taken(who)) => assert_eq!(who, format!("process {}", std::process::id())),
            other => panic!("{other:?}"),
        }
        drop(first);
        drop(FolderLock::take(folder.path()).unwrap());
        // What a file of that name holds is not trusted.
        let held = FolderLock::take(folder.path()).unwrap();
        std::fs::write(folder.path().join(LOCK_FILE), "x".repeat(1000)).unwrap();
        assert!(matches!(FolderLock::take(folder.path()), Err(LockError::Taken(who)) if who == "another process"));
        drop(held);
    }
}
