//! An update's lines in the event log.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    catalog::names::TableName,
    clock, database,
    pipelines::{
        definition::Dataset,
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

    /// Tells where the flows of a dataset stand.
    pub(super) async fn flow(&self, dataset: &Dataset, status: FlowStatus, details: Value) -> database::Result<()> {
        let said = match status {
            FlowStatus::Completed => "has COMPLETED.".to_owned(),
            FlowStatus::Skipped => "is SKIPPED because a dataset that it reads was not made.".to_owned(),
            FlowStatus::Stopped => "is STOPPED.".to_owned(),
            status => format!("is {}.", status.word()),
        };
        let level = if status == FlowStatus::Skipped { Level::Warn } else { Level::Info };
        self.of_flows(dataset, level, &said, status, details, None).await
    }

    /// Tells why the flows of a dataset failed.
    pub(super) async fn flow_failed(
        &self,
        dataset: &Dataset,
        failure: Exception,
        details: Value,
    ) -> database::Result<()> {
        let said = format!("has FAILED: {}", failure.message);
        self.of_flows(dataset, Level::Error, &said, FlowStatus::Failed, details, Some(failure)).await
    }

    async fn of_flows(
        &self,
        dataset: &Dataset,
        level: Level,
        said: &str,
        status: FlowStatus,
        mut details: Value,
        failure: Option<Exception>,
    ) -> database::Result<()> {
        for flow in dataset.flows() {
            // What was counted is of the table as a whole: one of its flows tells it, so that sums are right.
            let mut details = std::mem::replace(&mut details, json!({}));
            if let Some(fields) = details.as_object_mut() {
                fields.insert("status".to_owned(), json!(status.word()));
            }
            let message = format!("Flow '{}' {said}", flow.full_name());
            let event = with_failure(self.event("flow_progress", level, message, details), failure.clone());
            self.tell(of_flow(event, flow, dataset)).await?;
        }
        Ok(())
    }

    /// Tells of a dataset's flows, its kind and what they read.
    pub(super) async fn defined(&self, dataset: &Dataset, reads: &[String]) -> database::Result<()> {
        for flow in dataset.flows() {
            let kind = dataset.kind.word();
            let details = json!({"dataset_type": kind, "input_datasets": reads});
            let message = format!("Flow '{}' defined as {kind}.", flow.full_name());
            let event = self.event("flow_definition", Level::Info, message, details);
            self.tell(of_flow(event, flow, dataset)).await?;
        }
        Ok(())
    }

    pub(super) async fn tell(&self, event: Event) -> database::Result<()> {
        self.store.add_event(&event).await
    }
}

fn of_flow(mut event: Event, flow: &TableName, dataset: &Dataset) -> Event {
    event.origin.flow_name = Some(flow.full_name());
    event.origin.dataset_name = Some(dataset.name.full_name());
    event
}

fn with_failure(mut event: Event, failure: Option<Exception>) -> Event {
    event.error = failure.map(|failure| EventError { fatal: true, exceptions: vec![failure] });
    event
}
