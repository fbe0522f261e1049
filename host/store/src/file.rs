//! The file of an embedded database: whether the one that is open is still the one at its path.
//!
//! A file that was deleted or replaced goes on taking writes through the open handle, and all of them are lost with the
//! process. So each write looks first.

use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The database's file was deleted or replaced while it was open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the database's file was deleted or replaced while it is open")]
pub(crate) struct FileGone;

/// A file that was opened.
#[derive(Debug, Clone)]
pub(crate) struct OpenFile {
    path: Arc<PathBuf>,
    identity: Option<Identity>,
}

/// Device and inode.
type Identity = (u64, u64);

#[cfg(unix)]
fn identity(path: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

/// Other systems do not let an open file be deleted.
#[cfg(not(unix))]
fn identity(_: &Path) -> Option<Identity> {
    None
}

impl OpenFile {
    /// Remembers which file is at the path now, right after it was opened.
    pub(crate) fn at(path: &Path) -> Self {
        Self { identity: identity(path), path: Arc::new(path.to_owned()) }
    }

    /// Looks again: one `stat`, which takes about a microsecond.
    pub(crate) fn check(&self) -> Result<(), sqlx::Error> {
        if identity(&self.path) == self.identity { Ok(()) } else { Err(sqlx::Error::Configuration(Box::new(FileGone))) }
    }
}
