//! An update's lines in the event log.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    clock, database,
    pipelines::{
        model::{Event, EventError, Exception, Level, Origin, Pipeline, Update, UpdateState, iso},
        store::Store,
    },
};

/// How a flow stands; the names are those of the event log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FlowStatus {
    Queued,
    Excluded,
    Starting,
    Running,
    Completed,
    Failed,
    Skipped,
    Stopped,
}

impl FlowStatus {
    const fn word(self) -> &'static str {
        match self {
            Self::Queued => "QUEUED",
            Self::Excluded => "EXCLUDED",
            Self::Starting => "STARTING",
            Self::Running => "RUNNING",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
            Self::Skipped => "SKIPPED",
            Self::Stopped => "STOPPED",
        }
    }
}

/// Writes an update's events; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Log {
    store: Store,
    origin: Origin,
    short: String,
}

impl Log {
    pub(super) fn new(store: Store, workspace_id: u64, pipeline: &Pipeline, update: &Update) -> Self {
        let origin = Origin {
            pipeline_id: pipeline.id.clone(),
            pipeline_name: pipeline.name.clone(),
            pipeline_type: "WORKSPACE".to_owned(),
            org_id: workspace_id,
            update_id: Some(update.id.clone()),
            ..Origin::default()
        };
        Self { store, origin, short: update.short().to_owned() }
    }

    /// An event of now.
    pub(super) fn event(&self, kind: &str, level: Level, message: String, details: Value) -> Event {
        Event {
            id: Uuid::new_v4().to_string(),
            origin: self.origin.clone(),
            timestamp: iso(clock::now().timestamp_millis()),
            message,
            level,
            maturity_level: "STABLE".to_owned(),
            event_type: kind.to_owned(),
            error: None,
            details: Some(json!({ kind: details })),
        }
    }

    /// The event that tells where the update stands.
    pub(super) fn progress(&self, state: UpdateState, failure: Option<Exception>) -> Event {
        let level = if state == UpdateState::Failed { Level::Error } else { Level::Info };
        let message = match &failure {
            Some(failure) => format!("Update {} is {}: {}", self.short, state.word(), failure.message),
            None => format!("Update {} is {}.", self.short, state.word()),
        };
        let event = self.event("update_progress", level, message, json!({"state": state.word()}));
        with_failure(event, failure)
    }

    /// Tells where a flow stands.
    pub(super) async fn flow(&self, name: &str, status: FlowStatus, details: Value) -> database::Result<()> {
        let message = match status {
            FlowStatus::Completed => format!("Flow '{name}' has COMPLETED."),
            FlowStatus::Skipped => format!("Flow '{name}' is SKIPPED because a dataset that it reads was not made."),
            FlowStatus::Stopped => format!("Flow '{name}' is STOPPED."),
            status => format!("Flow '{name}' is {}.", status.word()),
        };
        let level = if status == FlowStatus::Skipped { Level::Warn } else { Level::Info };
        self.of_flow(name, level, message, status, details, None).await
    }

    /// Tells why a flow failed.
    pub(super) async fn flow_failed(&self, name: &str, failure: Exception, details: Value) -> database::Result<()> {
        let message = format!("Flow '{name}' has FAILED: {}", failure.message);
        self.of_flow(name, Level::Error, message, FlowStatus::Failed, details, Some(failure)).await
    }

    async fn of_flow(
        &self,
        name: &str,
        level: Level,
        message: String,
        status: FlowStatus,
        mut details: Value,
        failure: Option<Exception>,
    ) -> database::Result<()> {
        if let Some(fields) = details.as_object_mut() {
            fields.insert("status".to_owned(), json!(status.word()));
        }
        let event = with_failure(self.event("flow_progress", level, message, details), failure);
        self.tell(of_dataset(event, name)).await
    }

    /// Tells of a dataset, its kind and what it reads.
    pub(super) async fn defined(&self, name: &str, kind: &str, reads: &[String]) -> database::Result<()> {
        let details = json!({"dataset_type": kind, "input_datasets": reads});
        let message = format!("Flow '{name}' defined as {kind}.");
        self.tell(of_dataset(self.event("flow_definition", Level::Info, message, details), name)).await
    }

    pub(super) async fn tell(&self, event: Event) -> database::Result<()> {
        self.store.add_event(&event).await
    }
}

fn of_dataset(mut event: Event, name: &str) -> Event {
    event.origin.flow_name = Some(name.to_owned());
    event.origin.dataset_name = Some(name.to_owned());
    event
}

fn with_failure(mut event: Event, failure: Option<Exception>) -> Event {
    event.error = failure.map(|failure| EventError { fatal: true, exceptions: vec![failure] });
    event
}
