//! The Pipelines API as it is on the wire.

use bricklayer_sdk::{Failure, Kind, Platform, Workspace};
use serde::Deserialize;
use serde_json::{Map, Value};

/// Where the API is.
pub(crate) const PIPELINES: &str = "/api/2.0/pipelines";

/// Pipelines that the API gives in one page at most, and events.
pub(crate) const PIPELINES_PAGE: &str = "100";
pub(crate) const EVENTS_PAGE: &str = "100";

/// Characters of an id; the service's ids are shorter.
const MAX_ID_CHARS: usize = 128;

/// A pipeline, or one in a list, which has no spec.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Pipeline {
    pub(crate) pipeline_id: String,
    pub(crate) name: String,
    pub(crate) state: String,
    pub(crate) health: Option<String>,
    pub(crate) creator_user_name: Option<String>,
    pub(crate) run_as_user_name: Option<String>,
    pub(crate) last_modified: Option<u64>,
    pub(crate) latest_updates: Vec<Latest>,
    pub(crate) spec: Map<String, Value>,
    /// These stand beside the spec and belong to the settings all the same.
    run_as: Option<Value>,
    parameters: Option<Value>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Latest {
    pub(crate) update_id: String,
    pub(crate) state: String,
    pub(crate) creation_time: Option<String>,
}

impl Pipeline {
    /// All settings, as a request that edits the pipeline takes them.
    pub(crate) fn settings(&self) -> Map<String, Value> {
        let mut settings = self.spec.clone();
        for (field, value) in [("run_as", &self.run_as), ("parameters", &self.parameters)] {
            if let Some(value) = value {
                settings.insert(field.to_owned(), value.clone());
            }
        }
        settings
    }

    /// Whether nothing goes on.
    pub(crate) fn is_idle(&self) -> bool {
        matches!(self.state.as_str(), "" | "IDLE" | "FAILED" | "DELETED")
    }
}

/// An update.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Update {
    pub(crate) pipeline_id: String,
    pub(crate) update_id: String,
    pub(crate) state: String,
    pub(crate) cause: Option<String>,
    pub(crate) creation_time: Option<u64>,
    pub(crate) full_refresh: bool,
    pub(crate) validate_only: bool,
}

impl Update {
    pub(crate) fn has_ended(&self) -> bool {
        matches!(self.state.as_str(), "COMPLETED" | "FAILED" | "CANCELED")
    }
}

/// One line of an event log.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) timestamp: String,
    pub(crate) level: String,
    pub(crate) event_type: String,
    pub(crate) message: String,
    pub(crate) origin: Origin,
    pub(crate) error: EventError,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Origin {
    pub(crate) update_id: Option<String>,
    pub(crate) flow_name: Option<String>,
    pub(crate) dataset_name: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct EventError {
    pub(crate) exceptions: Vec<Exception>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Exception {
    pub(crate) class_name: String,
    pub(crate) message: String,
}

impl Event {
    /// The dataset or flow that it is about.
    pub(crate) fn dataset(&self) -> Option<&str> {
        self.origin.dataset_name.as_deref().or(self.origin.flow_name.as_deref())
    }
}

/// Refuses what is no id, before it becomes a part of a path.
pub(crate) fn check_id(id: &str, field: &str) -> Result<(), Failure> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !id.is_empty() && id.len() <= MAX_ID_CHARS && id.chars().all(plain) {
        return Ok(());
    }
    let advice = match field {
        "pipeline_id" => NO_PIPELINE,
        _ => NO_UPDATE,
    };
    Err(Failure::invalid(field, "is no id: ids have letters, digits and hyphens").advise(advice))
}

const NO_PIPELINE: &str =
    "list_pipelines and find_pipeline_by_name show the pipelines that the user may see, with their ids.";
const NO_UPDATE: &str = "get_pipeline shows the pipeline's latest updates, with their ids.";

/// The failure of a request about a pipeline.
pub(crate) fn of_pipeline(failure: Failure) -> Failure {
    if failure.kind == Kind::NotFound { failure.advise(NO_PIPELINE) } else { failure }
}

/// The failure of a request about an update.
pub(crate) fn of_update(failure: Failure) -> Failure {
    if failure.kind == Kind::NotFound { failure.advise(NO_UPDATE) } else { failure }
}

/// A pipeline.
pub(crate) fn pipeline(platform: &impl Platform, id: &str) -> Result<Pipeline, Failure> {
    Workspace::new(platform).get(&format!("{PIPELINES}/{id}"), &[]).map_err(of_pipeline)
}

/// An update.
pub(crate) fn update(platform: &impl Platform, pipeline_id: &str, update_id: &str) -> Result<Update, Failure> {
    #[derive(Deserialize)]
    struct Answer {
        update: Update,
    }
    let path = format!("{PIPELINES}/{pipeline_id}/updates/{update_id}");
    Workspace::new(platform).get::<Answer>(&path, &[]).map(|answer| answer.update).map_err(of_update)
}

/// Events that a filter names, newest first, at most so many, and whether there are no others.
pub(crate) fn events(
    platform: &impl Platform,
    pipeline_id: &str,
    filter: Option<&str>,
    most: usize,
) -> Result<(Vec<Event>, bool), Failure> {
    let mut query = vec![("max_results", EVENTS_PAGE)];
    query.extend(filter.map(|filter| ("filter", filter)));
    let path = format!("{PIPELINES}/{pipeline_id}/events");
    let pages = Workspace::new(platform).list(&path, &query, "events", most).map_err(of_pipeline)?;
    Ok((pages.items, !pages.more))
}

/// The filter of an update's events of these levels.
pub(crate) fn filter(update_id: Option<&str>, levels: &[&str]) -> String {
    let levels: Vec<String> = levels.iter().map(|level| format!("'{level}'")).collect();
    let levels = format!("level in ({})", levels.join(", "));
    match update_id {
        Some(id) => format!("update_id = '{id}' AND {levels}"),
        None => levels,
    }
}
