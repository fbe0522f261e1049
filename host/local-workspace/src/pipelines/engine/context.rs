//! What updates work with.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::{files::Objects, pipelines::store::Store, python::Python, sql::Sql};

/// Updates that work at the same time; more wait for resources. Bounds the statements that run at once.
const CONCURRENT_UPDATES: usize = 4;

/// What other areas do for updates.
#[derive(Debug, Clone)]
pub(crate) struct Parts {
    pub(crate) sql: Sql,
    pub(crate) files: Objects,
    pub(crate) python: Python,
    pub(crate) workspace_id: u64,
}

/// What updates work with; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Context {
    pub(super) store: Store,
    pub(super) sql: Sql,
    pub(super) files: Objects,
    pub(super) python: Python,
    pub(super) workspace_id: u64,
    pub(super) places: Arc<Semaphore>,
}

impl Context {
    pub(super) fn new(store: Store, parts: Parts) -> Self {
        let Parts { sql, files, python, workspace_id } = parts;
        Self { store, sql, files, python, workspace_id, places: Arc::new(Semaphore::new(CONCURRENT_UPDATES)) }
    }
}
