//! Pipelines, updates and events as they are kept. Fields may be added (with a default), never renamed.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A specification, or any other object as the API takes and gives it.
pub(crate) type Document = Map<String, Value>;

/// A pipeline.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Pipeline {
    pub(crate) id: String,
    pub(crate) owner: String,
    pub(crate) name: String,
    /// Milliseconds since the epoch.
    pub(crate) modified_at: i64,
    /// As the caller gave it, and what the service adds.
    pub(crate) spec: Document,
    /// Who updates act as, as the caller gave it; it stands beside the specification.
    pub(crate) run_as: Option<Value>,
    /// Parameters, as the caller gave them; they stand beside the specification.
    pub(crate) parameters: Option<Value>,
}

/// Where an update stands; the names are the API's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum UpdateState {
    Queued,
    WaitingForResources,
    Initializing,
    Resetting,
    SettingUpTables,
    Running,
    Stopping,
    Completed,
    Failed,
    Canceled,
}

impl UpdateState {
    /// As the API spells it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Queued => "QUEUED",
            Self::WaitingForResources => "WAITING_FOR_RESOURCES",
            Self::Initializing => "INITIALIZING",
            Self::Resetting => "RESETTING",
            Self::SettingUpTables => "SETTING_UP_TABLES",
            Self::Running => "RUNNING",
            Self::Stopping => "STOPPING",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
            Self::Canceled => "CANCELED",
        }
    }

    pub(crate) const fn has_ended(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Canceled)
    }

    /// The state of a pipeline whose newest update stands here. One that has ended leaves it idle, however it ended.
    pub(crate) const fn of_pipeline(self) -> &'static str {
        match self {
            Self::Queued | Self::WaitingForResources => "DEPLOYING",
            Self::Initializing | Self::SettingUpTables => "STARTING",
            Self::Resetting => "RESETTING",
            Self::Running => "RUNNING",
            Self::Stopping => "STOPPING",
            Self::Completed | Self::Failed | Self::Canceled => "IDLE",
        }
    }
}

/// Why an update was started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Cause {
    #[default]
    ApiCall,
    JobTask,
    UserAction,
}

impl Cause {
    /// As an event's message has it.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::ApiCall => "API call",
            Self::JobTask => "job task",
            Self::UserAction => "user action",
        }
    }
}

/// What an update is to do.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Scope {
    /// Everything begins anew.
    pub(crate) full_refresh: bool,
    /// These begin anew.
    pub(crate) full_refresh_selection: Vec<String>,
    /// Only these are refreshed.
    pub(crate) refresh_selection: Vec<String>,
    /// Nothing is written.
    pub(crate) validate_only: bool,
}

/// One update of a pipeline.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Update {
    pub(crate) id: String,
    pub(crate) pipeline_id: String,
    pub(crate) cause: Cause,
    /// Milliseconds since the epoch, as all times here.
    pub(crate) created_at: i64,
    pub(crate) ended_at: Option<i64>,
    pub(crate) state: UpdateState,
    pub(crate) scope: Scope,
    /// The specification at that moment.
    pub(crate) config: Document,
}

impl Update {
    /// The beginning of its id, as messages name it.
    pub(crate) fn short(&self) -> &str {
        self.id.get(..6).unwrap_or(&self.id)
    }
}

/// How grave an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Level {
    Info,
    Warn,
    Error,
    Metrics,
}

impl Level {
    pub(crate) const ALL: [Self; 4] = [Self::Info, Self::Warn, Self::Error, Self::Metrics];

    /// As the API spells it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
            Self::Metrics => "METRICS",
        }
    }
}

/// One line of a pipeline's event log.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) origin: Origin,
    /// In UTC, by milliseconds.
    pub(crate) timestamp: String,
    pub(crate) message: String,
    pub(crate) level: Level,
    pub(crate) maturity_level: String,
    pub(crate) event_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<EventError>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) details: Option<Value>,
}

/// Where an event comes from.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Origin {
    pub(crate) pipeline_id: String,
    pub(crate) pipeline_name: String,
    pub(crate) pipeline_type: String,
    pub(crate) org_id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) update_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) flow_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dataset_name: Option<String>,
}

/// What went wrong.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct EventError {
    pub(crate) fatal: bool,
    pub(crate) exceptions: Vec<Exception>,
}

/// One failure in the words of its maker.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Exception {
    pub(crate) class_name: String,
    pub(crate) message: String,
    pub(crate) stack: Vec<Value>,
}

/// A time as the API gives it: `2026-01-31T10:00:00.000Z`.
pub(crate) fn iso(millis: i64) -> String {
    let time = DateTime::<Utc>::from_timestamp_millis(millis).unwrap_or_default();
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}
