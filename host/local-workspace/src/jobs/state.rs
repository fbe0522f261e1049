//! What the area is made of.

use super::{engine::Engine, store::Store};
use crate::{
    database::{self, Database},
    sql::Sql,
};

/// The area's state; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Jobs {
    pub(super) store: Store,
    pub(super) engine: Engine,
    pub(super) workspace_id: u64,
}

impl Jobs {
    /// Opens the area; runs that a process before left under way have ended with that.
    ///
    /// # Errors
    /// A database of objects that cannot be read or written.
    pub(crate) async fn open(database: Database, sql: Sql, workspace_id: u64) -> database::Result<Self> {
        let store = Store::new(database);
        let engine = Engine::open(store.clone(), sql, workspace_id).await?;
        Ok(Self { store, engine, workspace_id })
    }

    /// Ends all runs.
    pub(crate) async fn shutdown(&self) {
        self.engine.shutdown().await;
    }
}
