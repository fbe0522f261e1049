//! The catalog as the engine's threads ask it.

use tokio::runtime::Handle;

use super::failure;
use crate::{catalog::Catalog, database, sql::language::error::SqlError};

/// A handle on the catalog for blocking threads.
#[derive(Debug, Clone)]
pub(super) struct Objects {
    catalog: Catalog,
    runtime: Handle,
}

impl Objects {
    pub(super) fn new(catalog: Catalog, runtime: Handle) -> Self {
        Self { catalog, runtime }
    }

    /// Asks the catalog something and waits for the answer. Only a blocking thread may wait.
    ///
    /// # Errors
    /// A database that cannot be read or written; `LOCAL_WORKSPACE_DISK_FULL` when the disk takes no more.
    pub(super) fn ask<'a, T, F>(&'a self, question: impl FnOnce(&'a Catalog) -> F) -> Result<T, SqlError>
    where
        F: Future<Output = database::Result<T>>,
    {
        self.runtime.block_on(question(&self.catalog)).map_err(failure::of_objects)
    }
}
