//! What the area is made of.

use super::{
    engine::{Engine, Parts, Refused, Started, UpdateRequest},
    model::{Pipeline, Update},
    store::Store,
};
use crate::database::{self, Database};

/// The area's state; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Pipelines {
    pub(super) store: Store,
    pub(super) engine: Engine,
}

impl Pipelines {
    /// Opens the area; updates that a process before left under way have failed with that.
    ///
    /// # Errors
    /// A database of objects that cannot be read or written.
    pub(crate) async fn open(database: Database, parts: Parts) -> database::Result<Self> {
        let store = Store::new(database);
        let engine = Engine::open(store.clone(), parts).await?;
        Ok(Self { store, engine })
    }

    /// A user's pipeline, for who runs it on their behalf.
    ///
    /// # Errors
    /// A database of objects that cannot be read.
    pub(crate) async fn pipeline_of(&self, user: &str, id: &str) -> database::Result<Option<Pipeline>> {
        Ok(self.store.pipeline(id).await?.filter(|pipeline| pipeline.owner == user))
    }

    /// Starts an update.
    ///
    /// # Errors
    /// [`Refused`].
    pub(crate) async fn start(&self, pipeline: Pipeline, request: UpdateRequest) -> Result<Started, Refused> {
        self.engine.start(pipeline, request).await
    }

    /// Stops the update of a pipeline, if one goes on.
    pub(crate) async fn stop(&self, pipeline: &Pipeline) {
        self.engine.stop(pipeline).await;
    }

    /// Where an update stands.
    ///
    /// # Errors
    /// A database of objects that cannot be read.
    pub(crate) async fn update(&self, pipeline: &Pipeline, id: &str) -> database::Result<Option<Update>> {
        self.store.update(&pipeline.id, id).await
    }

    /// What the failed flows of an update said, one on a line; what the update itself said where none failed.
    ///
    /// # Errors
    /// A database of objects that cannot be read.
    pub(crate) async fn failures(&self, pipeline: &Pipeline, update_id: &str) -> database::Result<Vec<String>> {
        self.store.failures(&pipeline.id, update_id).await
    }

    /// Ends all updates.
    pub(crate) async fn shutdown(&self) {
        self.engine.shutdown().await;
    }
}
