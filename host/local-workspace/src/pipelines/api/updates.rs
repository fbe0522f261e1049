//! /api/2.0/pipelines/{id}/updates, and stop.

use axum::{
    Json,
    extract::{Path, State},
};
use serde::{Deserialize, Serialize};

use super::{
    pipelines::own,
    view::{self, UpdateView, cut, window},
};
use crate::{
    http::{Empty, body::OptionalBody, error::ApiError, query::Params},
    identity::Caller,
    pipelines::{
        Pipelines,
        engine::UpdateRequest,
        model::{Cause, Scope},
    },
};

/// Updates of one page at most, and when the caller does not say.
const MAX_PAGE: i64 = 100;
const DEFAULT_PAGE: i64 = 25;

/// Datasets that one request may name.
const MAX_SELECTION: usize = 1_000;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Start {
    #[serde(flatten)]
    scope: Scope,
    cause: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Started {
    update_id: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    update: UpdateView,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ListQuery {
    max_results: Option<String>,
    page_token: Option<String>,
    until_update_id: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct List {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    updates: Vec<UpdateView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

pub(crate) async fn start(
    State(pipelines): State<Pipelines>,
    Caller(user): Caller,
    Path(id): Path<String>,
    OptionalBody(Start { scope, cause }): OptionalBody<Start>,
) -> Result<Json<Started>, ApiError> {
    let pipeline = own(&pipelines, &id, &user).await?;
    let selected = scope.refresh_selection.len() + scope.full_refresh_selection.len();
    if scope.full_refresh && selected > 0 {
        let message = "full_refresh cannot be true together with refresh_selection or full_refresh_selection.";
        return Err(ApiError::invalid(message));
    }
    if selected > MAX_SELECTION {
        return Err(ApiError::invalid(format!("An update names at most {MAX_SELECTION} datasets.")));
    }
    let cause = match cause.as_deref() {
        Some("JOB_TASK") => Cause::JobTask,
        Some("USER_ACTION") => Cause::UserAction,
        _ => Cause::ApiCall,
    };
    let started = pipelines.engine.start(pipeline, UpdateRequest { cause, scope }).await?;
    Ok(Json(Started { update_id: started.update_id }))
}

pub(crate) async fn get(
    State(pipelines): State<Pipelines>,
    Caller(user): Caller,
    Path((id, update_id)): Path<(String, String)>,
) -> Result<Json<Answer>, ApiError> {
    own(&pipelines, &id, &user).await?;
    let update = pipelines.store.update(&id, &update_id).await?;
    let update = update.ok_or_else(|| {
        ApiError::not_found(format!("The specified update {update_id} of the pipeline {id} was not found."))
    })?;
    Ok(Json(Answer { update: view::update(update) }))
}

pub(crate) async fn list(
    State(pipelines): State<Pipelines>,
    Caller(user): Caller,
    Path(id): Path<String>,
    Params(query): Params<ListQuery>,
) -> Result<Json<List>, ApiError> {
    own(&pipelines, &id, &user).await?;
    let window = window(query.max_results.as_deref(), query.page_token.as_deref(), DEFAULT_PAGE, MAX_PAGE)?;
    let mut found = pipelines.store.updates(&id, window).await?;
    let mut next_page_token = cut(&mut found, window);
    if let Some(until) = query.until_update_id.as_deref().filter(|until| !until.is_empty())
        && let Some(at) = found.iter().position(|update| update.item.id == until)
    {
        found.truncate(at + 1);
        next_page_token = None;
    }
    let updates = found.into_iter().map(|update| view::update(update.item)).collect();
    Ok(Json(List { updates, next_page_token }))
}

/// POST stop: the pipeline is idle when its update has ended.
pub(crate) async fn stop(
    State(pipelines): State<Pipelines>,
    Caller(user): Caller,
    Path(id): Path<String>,
) -> Result<Json<Empty>, ApiError> {
    let pipeline = own(&pipelines, &id, &user).await?;
    pipelines.engine.stop(&pipeline).await;
    Ok(Json(Empty {}))
}
