//! An update of a pipeline, as the Pipelines API gives it: started, read, told when it failed; and events of the log.

use bricklayer_sdk::{Failure, Kind, Platform, Workspace};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::show::end_of;

/// Where the API is.
pub const PIPELINES: &str = "/api/2.0/pipelines";

/// Events that the API gives in one page at most.
const EVENTS_PAGE: &str = "100";

/// Errors of an update that a failure tells; the rest is counted.
const TOLD_ERRORS: usize = 8;

/// Errors that are looked through for those.
const READ_ERRORS: usize = 100;

/// Characters of one error in a failure.
const ERROR_CHARS: usize = 1_500;

/// An update.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Update {
    /// Its pipeline.
    pub pipeline_id: String,
    /// Its id.
    pub update_id: String,
    /// RUNNING, COMPLETED and so on.
    pub state: String,
    /// What started it.
    pub cause: Option<String>,
    /// Milliseconds since 1970.
    pub creation_time: Option<u64>,
    /// Whether it makes its tables anew.
    pub full_refresh: bool,
    /// Whether it only reads the code.
    pub validate_only: bool,
}

impl Update {
    /// Whether it has ended.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        matches!(self.state.as_str(), "COMPLETED" | "FAILED" | "CANCELED")
    }
}

/// One line of an event log.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Event {
    /// Its id.
    pub id: String,
    /// When, as RFC 3339 has it.
    pub timestamp: String,
    /// ERROR, WARN, INFO or METRICS.
    pub level: String,
    /// What kind of thing happened.
    pub event_type: String,
    /// What happened.
    pub message: String,
    /// What it is about.
    pub origin: Origin,
    /// What went wrong.
    pub error: EventError,
}

/// What an event is about.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Origin {
    /// The update.
    pub update_id: Option<String>,
    /// The flow.
    pub flow_name: Option<String>,
    /// The table or view.
    pub dataset_name: Option<String>,
}

/// The error of an event.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct EventError {
    /// The error and its causes, the outermost first.
    pub exceptions: Vec<Exception>,
}

/// An error, or its cause.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Exception {
    /// The exception's class.
    pub class_name: String,
    /// What it says.
    pub message: String,
}

impl Event {
    /// The dataset or flow that it is about.
    #[must_use]
    pub fn dataset(&self) -> Option<&str> {
        self.origin.dataset_name.as_deref().or(self.origin.flow_name.as_deref())
    }
}

/// An update.
///
/// # Errors
/// No such update, or a workspace that cannot be asked.
pub fn update(platform: &impl Platform, pipeline_id: &str, update_id: &str) -> Result<Update, Failure> {
    #[derive(Deserialize)]
    struct Answer {
        update: Update,
    }
    let path = format!("{PIPELINES}/{pipeline_id}/updates/{update_id}");
    Workspace::new(platform).get::<Answer>(&path, &[]).map(|answer| answer.update)
}

/// Events that a filter names, newest first, at most so many, and whether there are no others.
///
/// # Errors
/// No such pipeline, or a workspace that cannot be asked.
pub fn events(
    platform: &impl Platform,
    pipeline_id: &str,
    filter: Option<&str>,
    most: usize,
) -> Result<(Vec<Event>, bool), Failure> {
    let mut query = vec![("max_results", EVENTS_PAGE)];
    query.extend(filter.map(|filter| ("filter", filter)));
    let path = format!("{PIPELINES}/{pipeline_id}/events");
    let pages = Workspace::new(platform).list(&path, &query, "events", most)?;
    Ok((pages.items, !pages.more))
}

/// The filter of an update's events of these levels.
#[must_use]
pub fn filter(update_id: Option<&str>, levels: &[&str]) -> String {
    let levels: Vec<String> = levels.iter().map(|level| format!("'{level}'")).collect();
    let levels = format!("level in ({})", levels.join(", "));
    match update_id {
        Some(id) => format!("update_id = '{id}' AND {levels}"),
        None => levels,
    }
}

/// Sends the request that starts an update. There is no token that makes it safe to send again.
///
/// # Errors
/// The workspace's, or an answer that was lost: then whether it was started is not known.
pub fn begin(platform: &impl Platform, pipeline_id: &str, body: &Map<String, Value>) -> Result<String, Failure> {
    let path = format!("{PIPELINES}/{pipeline_id}/updates");
    #[derive(Deserialize)]
    struct Begun {
        #[serde(default)]
        update_id: String,
    }
    let begun: Begun = Workspace::new(platform).post(&path, body).map_err(|mut failure| {
        if failure.retryable && matches!(failure.kind, Kind::Timeout | Kind::Upstream) {
            failure.retryable = false;
            return failure.advise(
                "Whether the update was started is not known: get_pipeline shows the pipeline's latest updates.",
            );
        }
        failure
    })?;
    if begun.update_id.is_empty() {
        return Err(Failure::new(Kind::Upstream, "the workspace took the update but gave no update_id"));
    }
    Ok(begun.update_id)
}

/// What the log says of an update's errors, one for each dataset; empty when it cannot be read.
pub fn errors(platform: &impl Platform, update: &Update) -> String {
    let wanted = filter(Some(&update.update_id), &["ERROR"]);
    let found = match events(platform, &update.pipeline_id, Some(&wanted), READ_ERRORS) {
        Ok((found, _)) => found,
        Err(failure) => return format!("\n\nThe event log cannot be read: {}", failure.message),
    };
    let found: Vec<_> =
        found.into_iter().filter(|event| event.origin.update_id.as_deref() == Some(&update.update_id)).collect();
    // What the update itself says is the sum of what its flows said.
    let of_flows = found.iter().any(|event| event.dataset().is_some());
    let mut told: Vec<String> = Vec::new();
    for event in found.iter().rev().filter(|event| !of_flows || event.dataset().is_some()) {
        let causes: Vec<&str> = event
            .error
            .exceptions
            .iter()
            .map(|cause| cause.message.as_str())
            .filter(|cause| !cause.is_empty())
            .collect();
        let said = match causes.as_slice() {
            [] => event.message.clone(),
            causes => causes.join("\ncaused by: "),
        };
        let line = match event.dataset() {
            Some(dataset) => format!("{dataset}: {}", end_of(&said, ERROR_CHARS)),
            None => end_of(&said, ERROR_CHARS),
        };
        if !told.contains(&line) {
            told.push(line);
        }
    }
    let rest = told.len().saturating_sub(TOLD_ERRORS);
    told.truncate(TOLD_ERRORS);
    let mut text: String = told.iter().map(|line| format!("\n\n{line}")).collect();
    if rest > 0 {
        text.push_str(&format!("\n\n{rest} more errors: get_pipeline_events shows them."));
    }
    text
}
