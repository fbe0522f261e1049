//! What the area is made of.

use std::sync::Arc;

use super::{
    engine::Engine,
    links::Signer,
    queries::{Queries, SavedQuery},
    session::Session,
    statements::Statements,
    warehouses::Warehouses,
};
use crate::{
    database::{self, Database},
    http::error::ApiError,
};

/// The area's state; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Sql {
    engine: Arc<Engine>,
    pub(super) statements: Arc<Statements>,
    pub(super) warehouses: Warehouses,
    pub(super) queries: Queries,
    pub(super) signer: Arc<Signer>,
}

impl Sql {
    /// # Errors
    /// A database of objects that cannot be read or written.
    pub(crate) async fn open(engine: Arc<Engine>, database: Database) -> database::Result<Self> {
        let queries = Queries::new(database.clone());
        let warehouses = Warehouses::open(database).await?;
        let statements = Arc::new(Statements::new(Arc::clone(&engine)));
        Ok(Self { engine, statements, warehouses, queries, signer: Arc::new(Signer::new()) })
    }

    /// Statements of a user that follow each other.
    pub(crate) fn session(&self, user: &str) -> Session {
        Session::new(Arc::clone(&self.engine), user)
    }

    /// A query that a user saved.
    ///
    /// # Errors
    /// A database of objects that cannot be read.
    pub(crate) async fn saved_query(&self, id: &str, user: &str) -> database::Result<Option<SavedQuery>> {
        self.queries.get(id, user).await
    }

    /// Who made a warehouse.
    ///
    /// # Errors
    /// No such warehouse.
    pub(crate) async fn creator_of(&self, warehouse: &str) -> Result<String, ApiError> {
        Ok(self.warehouses.get(warehouse).await?.creator)
    }

    /// Ends all statements and waits for them.
    pub(crate) async fn shutdown(&self) {
        self.statements.shutdown().await;
    }
}
