//! What the area is made of.

use super::{
    engine::{Engine, Parts},
    store::Store,
};
use crate::{
    acls::Acls,
    database::{self, Database},
};

/// The area's state; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Jobs {
    pub(super) store: Store,
    pub(super) acls: Acls,
    pub(super) engine: Engine,
    pub(super) workspace_id: u64,
}

impl Jobs {
    /// Opens the area; runs that a process before left under way have ended with that.
    ///
    /// # Errors
    /// A database of objects that cannot be read or written.
    pub(crate) async fn open(database: Database, parts: Parts) -> database::Result<Self> {
        let acls = Acls::new(database.clone());
        let store = Store::new(database);
        let workspace_id = parts.workspace_id;
        let engine = Engine::open(store.clone(), parts).await?;
        Ok(Self { store, acls, engine, workspace_id })
    }

    /// Ends all runs.
    pub(crate) async fn shutdown(&self) {
        self.engine.shutdown().await;
    }
}
