//! What drivers and tasks work with.

use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc, oneshot};

use super::orders::{Order, Refused, RunRequest, Started};
use crate::{
    files::Objects,
    jobs::{settings::Settings, store::Store},
    pipelines::Pipelines,
    python::Python,
    sql::Sql,
    utilities::Utilities,
};

/// Tasks that do something at the same time, in all runs; more wait for their turn. Bounds processes and statements.
const CONCURRENT_TASKS: usize = 8;

/// Jobs below one another that tasks may start: as many as the service allows.
pub(super) const MAX_DEPTH: u32 = 3;

/// What other areas do for tasks.
#[derive(Debug, Clone)]
pub(crate) struct Parts {
    pub(crate) sql: Sql,
    pub(crate) files: Objects,
    pub(crate) python: Python,
    pub(crate) pipelines: Pipelines,
    pub(crate) utilities: Utilities,
    pub(crate) workspace_id: u64,
}

/// What drivers and tasks work with; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Context {
    pub(super) store: Store,
    pub(super) sql: Sql,
    pub(super) files: Objects,
    pub(super) python: Python,
    pub(super) pipelines: Pipelines,
    pub(super) utilities: Utilities,
    pub(super) workspace_id: u64,
    pub(super) places: Arc<Semaphore>,
    pub(super) orders: mpsc::Sender<Order>,
}

impl Context {
    pub(super) fn new(store: Store, parts: Parts, orders: mpsc::Sender<Order>) -> Self {
        let Parts { sql, files, python, pipelines, utilities, workspace_id } = parts;
        let places = Arc::new(Semaphore::new(CONCURRENT_TASKS));
        Self { store, sql, files, python, pipelines, utilities, workspace_id, places, orders }
    }

    /// Starts a run.
    pub(super) async fn start(&self, request: RunRequest) -> Result<Started, Refused> {
        self.order(|reply| Order::Start(Box::new(request), reply)).await
    }

    /// Asks the launcher.
    pub(super) async fn order<T>(
        &self,
        order: impl FnOnce(oneshot::Sender<Result<T, Refused>>) -> Order,
    ) -> Result<T, Refused> {
        let (reply, answer) = oneshot::channel();
        self.orders.send(order(reply)).await.map_err(|_| Refused::Stopping)?;
        answer.await.map_err(|_| Refused::Stopping)?
    }

    /// A job's settings as a run of it would use them.
    pub(super) fn read(document: &crate::jobs::settings::Document) -> Result<Settings, Refused> {
        Settings::read(document).map_err(Refused::Invalid)
    }
}
