//! Which updates go on: one at a time for each pipeline.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use serde_json::json;
use tokio::{
    sync::{Mutex, watch},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    context::{Context, Parts},
    drive::{drive, end},
    ended::refused,
    flow::STAGING,
    log::Log,
};
use crate::{
    clock, database,
    pipelines::{
        model::{Cause, Level, Pipeline, Scope, Update, UpdateState},
        query::quoted,
        store::Store,
    },
    sql::engine::Limits,
};

/// Updates that go on in all; the service's bound.
const MAX_UPDATES: usize = 200;

/// Why an update was not started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    /// One goes on already.
    #[error("an update of the pipeline is under way: {0}")]
    Active(String),
    /// Too much goes on at this moment.
    #[error("too many updates are under way in this workspace; please retry later")]
    Busy,
    /// The workspace is about to end.
    #[error("the local workspace is stopping")]
    Stopping,
    #[error("the database of objects failed")]
    Objects(#[from] database::Error),
}

/// An update to start.
#[derive(Debug, Default)]
pub(crate) struct UpdateRequest {
    pub(crate) cause: Cause,
    pub(crate) scope: Scope,
}

/// An update that was started, and when it ends.
#[derive(Debug, Clone)]
pub(crate) struct Started {
    pub(crate) update_id: String,
    /// Becomes true at its end.
    pub(crate) ended: watch::Receiver<bool>,
}

/// Starts updates and stops them; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Engine {
    context: Context,
    stop: CancellationToken,
    going: Arc<Mutex<GoingList>>,
}

#[derive(Debug, Default)]
struct GoingList {
    /// By their pipelines.
    updates: HashMap<String, Going>,
    drivers: JoinSet<()>,
}

#[derive(Debug)]
struct Going {
    started: Started,
    cancel: CancellationToken,
}

impl Engine {
    /// Opens it; what a process before left under way has failed with that.
    ///
    /// # Errors
    /// A database of objects that cannot be read or written.
    pub(crate) async fn open(store: Store, parts: Parts) -> database::Result<Self> {
        let context = Context::new(store, parts);
        for mut update in context.store.under_way().await? {
            let Some(pipeline) = context.store.pipeline(&update.pipeline_id).await? else { continue };
            let log = Log::new(context.store.clone(), context.workspace_id, &pipeline, &update);
            let said = "The local workspace was stopped while this update was under way. Start another one.";
            end(&context, &mut update, &log, UpdateState::Failed, Some(refused(said))).await?;
            clear(&context, &pipeline).await?;
        }
        Ok(Self { context, stop: CancellationToken::new(), going: Arc::default() })
    }

    /// Starts an update of a pipeline.
    ///
    /// # Errors
    /// [`Refused`].
    pub(crate) async fn start(&self, pipeline: Pipeline, request: UpdateRequest) -> Result<Started, Refused> {
        let mut going = self.going.lock().await;
        if self.stop.is_cancelled() {
            return Err(Refused::Stopping);
        }
        while going.drivers.try_join_next().is_some() {}
        if let Some(active) = going.updates.get_mut(&pipeline.id) {
            let id = active.started.update_id.clone();
            // An end that the database knows is told within a moment.
            let known = self.context.store.update(&pipeline.id, &id).await?;
            if known.is_some_and(|update| !update.state.has_ended()) {
                return Err(Refused::Active(id));
            }
            let _ = active.started.ended.wait_for(|ended| *ended).await;
        }
        going.updates.retain(|_, update| !*update.started.ended.borrow());
        if going.updates.len() >= MAX_UPDATES {
            return Err(Refused::Busy);
        }
        let update = Update {
            id: Uuid::new_v4().to_string(),
            pipeline_id: pipeline.id.clone(),
            cause: request.cause,
            created_at: clock::now().timestamp_millis(),
            ended_at: None,
            state: UpdateState::Queued,
            scope: request.scope,
            config: pipeline.spec.clone(),
        };
        let log = Log::new(self.context.store.clone(), self.context.workspace_id, &pipeline, &update);
        let message = format!("Update {} started by {}.", update.short(), update.cause.words());
        let details = json!({"cause": update.cause, "full_refresh": update.scope.full_refresh});
        self.context.store.add_update(&update, &log.event("create_update", Level::Info, message, details)).await?;
        let (ended, end) = watch::channel(false);
        let started = Started { update_id: update.id.clone(), ended: end };
        let cancel = CancellationToken::new();
        let this = Going { started: started.clone(), cancel: cancel.clone() };
        going.updates.insert(pipeline.id.clone(), this);
        let context = self.context.clone();
        going.drivers.spawn(async move {
            drive(context, pipeline, update, cancel).await;
            let _ = ended.send(true);
        });
        Ok(started)
    }

    /// Stops the update of a pipeline if one goes on; when it has ended is told by what is given back.
    pub(crate) async fn stop(&self, pipeline: &Pipeline) -> Option<watch::Receiver<bool>> {
        let going = self.going.lock().await;
        let active = going.updates.get(&pipeline.id).filter(|active| !*active.started.ended.borrow())?;
        active.cancel.cancel();
        Some(active.started.ended.clone())
    }

    /// Drops what a pipeline made, as its owner.
    ///
    /// # Errors
    /// A database of objects that cannot be read.
    pub(crate) async fn drop_tables(&self, pipeline: &Pipeline) -> database::Result<Vec<String>> {
        let session = self.context.sql.session(&pipeline.owner);
        let mut left = Vec::new();
        for name in self.context.store.tables(&pipeline.id).await? {
            let path = path(&name, "");
            let drop =
                |what: &str| session.run(format!("DROP {what} IF EXISTS {path}"), BTreeMap::new(), Limits::default());
            // What is a view is none of the other.
            let mut dropped = drop("TABLE").await;
            if dropped.is_err() {
                dropped = drop("VIEW").await;
            }
            if let Err(error) = dropped {
                tracing::warn!(table = name, "a table of a deleted pipeline is left: {error}");
                left.push(name);
            }
        }
        Ok(left)
    }

    /// Ends all updates; what was under way says so after the next start.
    pub(crate) async fn shutdown(&self) {
        self.stop.cancel();
        self.going.lock().await.drivers.shutdown().await;
    }
}

/// Drops the staging tables that an ended process left.
async fn clear(context: &Context, pipeline: &Pipeline) -> database::Result<()> {
    let session = context.sql.session(&pipeline.owner);
    for name in context.store.tables(&pipeline.id).await? {
        let text = format!("DROP TABLE IF EXISTS {}", path(&name, STAGING));
        if let Err(error) = session.run(text, BTreeMap::new(), Limits::default()).await {
            tracing::warn!(table = name, "the staging table of a dataset is left: {error}");
        }
    }
    Ok(())
}

/// A table's full name in quotes, with this before its last part.
fn path(full_name: &str, prefix: &str) -> String {
    let mut parts: Vec<String> = full_name.splitn(3, '.').map(str::to_owned).collect();
    if let Some(table) = parts.last_mut() {
        table.insert_str(0, prefix);
    }
    parts.iter().map(|part| quoted(part)).collect::<Vec<_>>().join(".")
}
