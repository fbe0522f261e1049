//! Pipelines, updates and events as the API gives them.

use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    http::error::ApiError,
    pipelines::{
        model::{Document, Event, Pipeline, Update, UpdateState, iso},
        store::{Placed, Window},
    },
};

/// Updates that are told with their pipeline.
pub(super) const LATEST: i64 = 5;

/// A pipeline in a list.
#[derive(Debug, Serialize)]
pub(crate) struct StateView {
    pipeline_id: String,
    name: String,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    health: Option<&'static str>,
    creator_user_name: String,
    run_as_user_name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    latest_updates: Vec<LatestView>,
}

#[derive(Debug, Serialize)]
struct LatestView {
    update_id: String,
    state: &'static str,
    creation_time: String,
}

/// A pipeline with its specification.
#[derive(Debug, Serialize)]
pub(crate) struct PipelineView {
    #[serde(flatten)]
    state: StateView,
    spec: Document,
    last_modified: i64,
    effective_publishing_mode: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_as: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<Value>,
}

pub(crate) fn state(pipeline: &Pipeline, latest: &[Placed<Update>]) -> StateView {
    let newest = latest.first().map(|update| update.item.state);
    let ended = latest.iter().map(|update| update.item.state).find(|state| state.has_ended());
    StateView {
        pipeline_id: pipeline.id.clone(),
        name: pipeline.name.clone(),
        state: newest.map_or("IDLE", UpdateState::of_pipeline),
        health: match ended {
            Some(UpdateState::Failed) => Some("UNHEALTHY"),
            Some(_) => Some("HEALTHY"),
            None => None,
        },
        creator_user_name: pipeline.owner.clone(),
        run_as_user_name: pipeline.owner.clone(),
        latest_updates: latest.iter().take(usize::try_from(LATEST).unwrap_or(usize::MAX)).map(latest_view).collect(),
    }
}

fn latest_view(update: &Placed<Update>) -> LatestView {
    let update = &update.item;
    LatestView { update_id: update.id.clone(), state: update.state.word(), creation_time: iso(update.created_at) }
}

pub(crate) fn pipeline(pipeline: &Pipeline, latest: &[Placed<Update>]) -> PipelineView {
    PipelineView {
        state: state(pipeline, latest),
        spec: pipeline.spec.clone(),
        last_modified: pipeline.modified_at,
        effective_publishing_mode: "DEFAULT_PUBLISHING_MODE",
        run_as: pipeline.run_as.clone(),
        parameters: pipeline.parameters.clone(),
    }
}

/// An update.
#[derive(Debug, Serialize)]
pub(crate) struct UpdateView {
    pipeline_id: String,
    update_id: String,
    cause: Value,
    creation_time: i64,
    state: &'static str,
    full_refresh: bool,
    validate_only: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refresh_selection: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    full_refresh_selection: Vec<String>,
    config: Document,
}

pub(crate) fn update(update: Update) -> UpdateView {
    UpdateView {
        pipeline_id: update.pipeline_id,
        update_id: update.id,
        cause: json!(update.cause),
        creation_time: update.created_at,
        state: update.state.word(),
        full_refresh: update.scope.full_refresh,
        validate_only: update.scope.validate_only,
        refresh_selection: update.scope.refresh_selection,
        full_refresh_selection: update.scope.full_refresh_selection,
        config: update.config,
    }
}

/// An event with its number in the log.
pub(crate) fn event(placed: Placed<Event>) -> Value {
    let mut view = json!(placed.item);
    if let Some(fields) = view.as_object_mut() {
        fields.insert("sequence".to_owned(), json!({"control_plane_seq_no": placed.position}));
    }
    view
}

/// What a caller says of the page it wants, where the token is the place of the entry before it.
///
/// # Errors
/// A size out of bounds, and a token that no answer gave.
pub(crate) fn window(
    max_results: Option<&str>,
    page_token: Option<&str>,
    default: i64,
    most: i64,
) -> Result<Window, ApiError> {
    let limit = match max_results.filter(|text| !text.is_empty()) {
        None => default,
        Some(text) => match text.parse::<i64>() {
            Ok(0) => default,
            Ok(size) if (1..=most).contains(&size) => size,
            _ => return Err(ApiError::invalid(format!("max_results must be a whole number from 1 to {most}."))),
        },
    };
    let after = match page_token.filter(|text| !text.is_empty()) {
        None => None,
        Some(text) => Some(text.parse().map_err(|_| ApiError::invalid("The page_token is not valid."))?),
    };
    Ok(Window { after, limit })
}

/// Cuts a list that has one entry more than asked for when there are more; the token of the next page.
pub(crate) fn cut<T>(items: &mut Vec<Placed<T>>, window: Window) -> Option<String> {
    let most = usize::try_from(window.limit).unwrap_or(usize::MAX);
    let has_more = items.len() > most;
    items.truncate(most);
    items.last().filter(|_| has_more).map(|last| last.position.to_string())
}
