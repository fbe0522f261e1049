//! start_update, get_update, wait_for_update and stop_pipeline.

use std::time::Duration;

use bricklayer_databricks::arguments::wait_seconds;
use bricklayer_databricks::update::errors;
use bricklayer_sdk::{Backoff, Deadline, Failure, Platform, Workspace};
use serde_json::{Map, Value, json};

use crate::pipeline::change;
use crate::show;
use crate::types;
use crate::update::{UpdateWork, bring};
use crate::wire::{self, PIPELINES, check_id, of_pipeline};

/// How long wait_for_update waits when the caller names no time, in seconds.
const DEFAULT_WAIT_SECONDS: u32 = 300;

/// How long a pipeline that was told to stop is watched.
const STOP_WATCH: Duration = Duration::from_secs(10);

/// Starts an update.
///
/// # Errors
/// Arguments that do not go together, no such pipeline, an update that goes on, one that failed.
pub(crate) fn start(platform: &impl Platform, request: types::StartUpdateRequest) -> Result<types::Update, Failure> {
    let wait = wait_seconds(request.wait_seconds, 0)?;
    check_id(&request.pipeline_id, "pipeline_id")?;
    let full = request.full_refresh == Some(true);
    let validate = request.validate_only == Some(true);
    let refresh = names(request.refresh_selection, "refresh_selection")?;
    let anew = names(request.full_refresh_selection, "full_refresh_selection")?;
    for (field, selection) in [("refresh_selection", &refresh), ("full_refresh_selection", &anew)] {
        if full && !selection.is_empty() {
            return Err(Failure::invalid(
                field,
                "cannot be given together with full_refresh, which is of all datasets",
            ));
        }
    }
    if let Some(both) = refresh.iter().find(|name| anew.contains(name)) {
        let said = format!("'{both}' stands in full_refresh_selection as well; name it once");
        return Err(Failure::invalid("refresh_selection", said));
    }
    if validate && (full || !refresh.is_empty() || !anew.is_empty()) {
        let said = "writes nothing: it cannot be given together with full_refresh or a selection";
        return Err(Failure::invalid("validate_only", said));
    }
    let mut body = Map::new();
    for (field, value) in [("full_refresh", full), ("validate_only", validate)] {
        if value {
            body.insert(field.to_owned(), json!(true));
        }
    }
    for (field, selection) in [("refresh_selection", refresh), ("full_refresh_selection", anew)] {
        if !selection.is_empty() {
            body.insert(field.to_owned(), json!(selection));
        }
    }
    bring(platform, UpdateWork::start(&request.pipeline_id, body), wait)
}

/// Names of datasets, each once.
fn names(given: Option<Vec<String>>, field: &str) -> Result<Vec<String>, Failure> {
    let mut names: Vec<String> = Vec::new();
    for (index, name) in given.unwrap_or_default().into_iter().enumerate() {
        let at = format!("{field}[{index}]");
        if name.trim().is_empty() {
            return Err(Failure::invalid(&at, "is empty"));
        }
        if names.contains(&name) {
            return Err(Failure::invalid(&at, format!("'{name}' is given twice")));
        }
        names.push(name);
    }
    Ok(names)
}

/// Reads an update.
///
/// # Errors
/// No such update, or a workspace that cannot be asked.
pub(crate) fn get(platform: &impl Platform, request: types::GetUpdateRequest) -> Result<types::Update, Failure> {
    check_id(&request.pipeline_id, "pipeline_id")?;
    check_id(&request.update_id, "update_id")?;
    let update = wire::update(platform, &request.pipeline_id, &request.update_id)?;
    let next = match update.state.as_str() {
        "FAILED" => errors(platform, &update),
        _ if update.has_ended() => String::new(),
        _ => "\n\nIt goes on: wait_for_update waits for its end.".to_owned(),
    };
    let text = format!("{}.{next}", show::headline(platform, &update));
    Ok(show::update(platform, &update, text))
}

/// Waits for an update.
///
/// # Errors
/// No such update, or one that failed.
pub(crate) fn wait(platform: &impl Platform, request: types::WaitForUpdateRequest) -> Result<types::Update, Failure> {
    let wait = wait_seconds(request.wait_seconds, DEFAULT_WAIT_SECONDS)?;
    check_id(&request.pipeline_id, "pipeline_id")?;
    check_id(&request.update_id, "update_id")?;
    bring(platform, UpdateWork::watch(&request.pipeline_id, &request.update_id), wait)
}

/// Stops a pipeline.
///
/// # Errors
/// No such pipeline, or a workspace that does not answer.
pub(crate) fn stop(
    platform: &impl Platform,
    request: types::StopPipelineRequest,
) -> Result<types::PipelineChange, Failure> {
    let id = request.pipeline_id;
    check_id(&id, "pipeline_id")?;
    let before = wire::pipeline(platform, &id)?;
    if before.is_idle() {
        let notes = ["It was idle; nothing was changed.".to_owned()];
        return Ok(change(platform, &id, &before.name, false, "is not running", &notes));
    }
    let path = format!("{PIPELINES}/{id}/stop");
    Workspace::new(platform).post::<Value>(&path, &json!({})).map_err(of_pipeline)?;
    let watch = Deadline::after(platform, STOP_WATCH);
    let mut backoff = Backoff::default();
    loop {
        if wire::pipeline(platform, &id)?.is_idle() {
            return Ok(change(platform, &id, &before.name, false, "was stopped", &[]));
        }
        if watch.passed(platform) {
            let notes = ["get_pipeline tells when it is idle.".to_owned()];
            return Ok(change(platform, &id, &before.name, false, "is stopping", &notes));
        }
        backoff.pause(platform, watch);
    }
}
