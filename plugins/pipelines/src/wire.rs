//! The Pipelines API as it is on the wire.

pub(crate) use bricklayer_databricks::update::{Event, Exception, PIPELINES, Update, filter};
use bricklayer_sdk::{Failure, Kind, Platform, Workspace};
use serde::Deserialize;
use serde_json::{Map, Value};

/// Pipelines that the API gives in one page at most.
pub(crate) const PIPELINES_PAGE: &str = "100";

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
    bricklayer_databricks::update::update(platform, pipeline_id, update_id).map_err(of_update)
}

/// Events that a filter names, newest first, at most so many, and whether there are no others.
pub(crate) fn events(
    platform: &impl Platform,
    pipeline_id: &str,
    filter: Option<&str>,
    most: usize,
) -> Result<(Vec<Event>, bool), Failure> {
    bricklayer_databricks::update::events(platform, pipeline_id, filter, most).map_err(of_pipeline)
}
