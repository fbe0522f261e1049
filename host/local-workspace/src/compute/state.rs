//! What the area is made of.

use std::sync::Arc;

use super::{clusters::Clusters, contexts::Contexts};
use crate::{
    database::{self, Database},
    http::error::ApiError,
    python::Python,
    sql::engine::Engine,
    utilities::Utilities,
};

/// The area's state; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Compute {
    pub(super) clusters: Clusters,
    pub(super) contexts: Arc<Contexts>,
}

impl Compute {
    /// # Errors
    /// A database of objects that cannot be read or written.
    pub(crate) async fn open(
        database: Database,
        engine: Arc<Engine>,
        python: Python,
        utilities: Utilities,
    ) -> database::Result<Self> {
        let clusters = Clusters::open(database).await?;
        Ok(Self { clusters, contexts: Arc::new(Contexts::new(engine, python, utilities)) })
    }

    /// Who made a cluster.
    ///
    /// # Errors
    /// No such cluster.
    pub(crate) async fn creator_of(&self, id: &str) -> Result<String, ApiError> {
        Ok(self.clusters.get(id).await?.creator)
    }

    /// Ends all contexts and waits for them.
    pub(crate) async fn shutdown(&self) {
        self.contexts.shutdown().await;
    }
}
