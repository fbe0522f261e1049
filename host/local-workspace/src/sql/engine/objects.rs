//! The catalog and the volumes as the engine's threads ask them.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::runtime::Handle;

use super::failure;
use crate::{
    catalog::{Catalog, Inlined, rights::Subject},
    database,
    files::volumes::Volumes,
    http::error::ApiError,
    sql::language::{error::SqlError, sources::of_path},
};

/// A handle on both for blocking threads.
#[derive(Debug, Clone)]
pub(super) struct Objects {
    catalog: Catalog,
    volumes: Volumes,
    runtime: Handle,
    /// Whether there may be tables and views that are read as queries, so that statements look for them.
    inlines: Arc<AtomicBool>,
}

impl Objects {
    pub(super) fn new(catalog: Catalog, volumes: Volumes, runtime: Handle) -> Self {
        Self { catalog, volumes, runtime, inlines: Arc::default() }
    }

    /// The tables and views that are read as queries.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub(super) fn inlined(&self) -> Result<Inlined, SqlError> {
        if !self.inlines.load(Ordering::Acquire) {
            return Ok(Inlined::default());
        }
        self.ask(|known| known.inlined())
    }

    /// From now on statements look for tables and views that are read as queries.
    pub(super) fn look_for_inlined(&self) {
        self.inlines.store(true, Ordering::Release);
    }

    /// A user with their groups.
    pub(super) fn subject(&self, user: &str) -> Subject {
        self.catalog.subject(user)
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

    /// Asks the volumes something, as [`Self::ask`].
    ///
    /// # Errors
    /// What the files area refuses.
    pub(super) fn files<'a, T, F>(&'a self, question: impl FnOnce(&'a Volumes) -> F) -> Result<T, SqlError>
    where
        F: Future<Output = Result<T, ApiError>>,
    {
        self.runtime.block_on(question(&self.volumes)).map_err(of_path)
    }
}
