//! The catalog and the volumes as the engine's threads ask them.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::runtime::Handle;

use super::failure;
use crate::{
    catalog::{Catalog, names::TableName, rights::Subject},
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
    /// Whether there may be tables with row filters or masks, so that statements look for them.
    guards: Arc<AtomicBool>,
}

impl Objects {
    pub(super) fn new(catalog: Catalog, volumes: Volumes, runtime: Handle) -> Self {
        Self { catalog, volumes, runtime, guards: Arc::default() }
    }

    /// The tables of which a reader sees other rows or values than there are.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub(super) fn guarded(&self) -> Result<Vec<TableName>, SqlError> {
        if !self.guards.load(Ordering::Acquire) {
            return Ok(Vec::new());
        }
        self.ask(|known| known.guarded())
    }

    /// From now on statements look for tables with row filters and masks.
    pub(super) fn look_for_guarded(&self) {
        self.guards.store(true, Ordering::Release);
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
