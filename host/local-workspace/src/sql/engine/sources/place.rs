//! The folder of one statement's links. It is inside the folder that DuckDB may read, and gone when the statement is.

use std::{
    io,
    path::{Path, PathBuf},
};

use uuid::Uuid;

use crate::{files::snapshot::Linked, sql::language::names::literal};

/// All such folders, below the catalogs' folder.
const FOLDER: &str = "linked";

/// A folder that is removed with its links.
pub(super) struct Place(PathBuf);

impl Place {
    /// Makes one.
    ///
    /// # Errors
    /// A disk that takes no folder.
    pub(super) fn make(catalogs: &Path) -> io::Result<Self> {
        let path = catalogs.join(FOLDER).join(Uuid::new_v4().simple().to_string());
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(error = &error as &dyn std::error::Error, "links to files of a statement are left");
        }
    }
}

/// Removes what a killed process left.
///
/// # Errors
/// A folder that cannot be removed.
pub(super) fn remove_all(catalogs: &Path) -> io::Result<()> {
    match std::fs::remove_dir_all(catalogs.join(FOLDER)) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

/// The links as DuckDB's readers take them.
pub(super) fn list(files: &[Linked]) -> String {
    let paths: Vec<_> = files.iter().map(|file| literal(&file.place.to_string_lossy())).collect();
    format!("[{}]", paths.join(", "))
}
