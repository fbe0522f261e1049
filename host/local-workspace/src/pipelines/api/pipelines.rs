//! /api/2.0/pipelines: pipelines and their specifications.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::{
    error::not_kept,
    view::{self, LATEST, PipelineView, StateView, window},
};
use crate::{
    clock,
    http::{
        Empty,
        body::{Body, OptionalBody},
        error::ApiError,
        query::Params,
    },
    identity::Caller,
    pipelines::{
        Pipelines, filter,
        model::{Document, Pipeline},
        spec::{Spec, kept},
        store::{PipelineOrder, Window},
    },
};

/// Pipelines of one workspace.
const MAX_PIPELINES: i64 = 10_000;

/// Pipelines of one page at most, and when the caller does not say.
const MAX_PAGE: i64 = 100;
const DEFAULT_PAGE: i64 = 25;

#[derive(Debug, Serialize)]
pub(crate) struct Created {
    #[serde(skip_serializing_if = "Option::is_none")]
    pipeline_id: Option<String>,
    /// Of a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    effective_settings: Option<Document>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ListQuery {
    filter: Option<String>,
    max_results: Option<String>,
    page_token: Option<String>,
    #[serde(default)]
    order_by: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct List {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    statuses: Vec<StateView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct DeleteQuery {
    cascade: Option<bool>,
}

pub(crate) async fn create(
    State(pipelines): State<Pipelines>,
    Caller(user): Caller,
    OptionalBody(body): OptionalBody<Document>,
) -> Result<Json<Created>, ApiError> {
    let id = Uuid::new_v4().to_string();
    let pipeline = read(&body, &id, &user)?;
    if is_true(&body, "dry_run") {
        return Ok(Json(Created { pipeline_id: None, effective_settings: Some(pipeline.spec) }));
    }
    let duplicate = is_true(&body, "allow_duplicate_names");
    let added = pipelines.store.add(&pipeline, duplicate, MAX_PIPELINES).await?;
    added.map_err(|why| not_kept(why, &pipeline.name, MAX_PIPELINES))?;
    Ok(Json(Created { pipeline_id: Some(id), effective_settings: None }))
}

pub(crate) async fn get(
    State(pipelines): State<Pipelines>,
    Caller(user): Caller,
    Path(id): Path<String>,
) -> Result<Json<PipelineView>, ApiError> {
    let pipeline = own(&pipelines, &id, &user).await?;
    let latest = pipelines.store.updates(&id, Window { after: None, limit: LATEST }).await?;
    Ok(Json(view::pipeline(&pipeline, &latest)))
}

pub(crate) async fn list(
    State(pipelines): State<Pipelines>,
    Caller(user): Caller,
    Params(query): Params<ListQuery>,
) -> Result<Json<List>, ApiError> {
    let filter = filter::pipelines(query.filter.as_deref()).map_err(ApiError::invalid)?;
    let order = order(query.order_by.as_deref())?;
    // The token counts the pipelines before the page, as they come in several orders.
    let window = window(query.max_results.as_deref(), query.page_token.as_deref(), DEFAULT_PAGE, MAX_PAGE)?;
    let offset = window.after.unwrap_or(0).max(0);
    let mut found = pipelines.store.pipelines(&user, &filter, order, offset, window.limit).await?;
    let most = usize::try_from(window.limit).unwrap_or(usize::MAX);
    let next_page_token = (found.len() > most).then(|| offset.saturating_add(window.limit).to_string());
    found.truncate(most);
    let mut statuses = Vec::with_capacity(found.len());
    for pipeline in found {
        let latest = pipelines.store.updates(&pipeline.id, Window { after: None, limit: LATEST }).await?;
        statuses.push(view::state(&pipeline, &latest));
    }
    Ok(Json(List { statuses, next_page_token }))
}

/// PUT: another specification takes the place of all; only who runs it stays when nothing is said.
pub(crate) async fn edit(
    State(pipelines): State<Pipelines>,
    Caller(user): Caller,
    Path(id): Path<String>,
    Body(body): Body<Document>,
) -> Result<Json<Empty>, ApiError> {
    let known = own(&pipelines, &id, &user).await?;
    for field in ["id", "pipeline_id"] {
        if body.get(field).is_some_and(|given| given.as_str() != Some(id.as_str())) {
            return Err(ApiError::invalid(format!("{field}: the id of a pipeline cannot be changed.")));
        }
    }
    if body.get("expected_last_modified").is_some_and(|at| at.as_i64() != Some(known.modified_at)) {
        let message = format!("The pipeline {id} was modified since it was read. Read it again, then edit it.");
        return Err(ApiError::new(StatusCode::CONFLICT, "RESOURCE_CONFLICT", message));
    }
    let mut pipeline = read(&body, &id, &user)?;
    pipeline.run_as = pipeline.run_as.or(known.run_as);
    pipeline.modified_at = pipeline.modified_at.max(known.modified_at + 1);
    let saved = pipelines.store.save(&pipeline, is_true(&body, "allow_duplicate_names")).await?;
    saved.map_err(|why| not_kept(why, &pipeline.name, MAX_PIPELINES))?;
    Ok(Json(Empty {}))
}

/// DELETE: its tables go with it, unless `cascade` says otherwise.
pub(crate) async fn delete(
    State(pipelines): State<Pipelines>,
    Caller(user): Caller,
    Path(id): Path<String>,
    Params(query): Params<DeleteQuery>,
) -> Result<Json<Empty>, ApiError> {
    let pipeline = own(&pipelines, &id, &user).await?;
    if let Some(mut ended) = pipelines.engine.stop(&pipeline).await {
        // Its driver may be gone already.
        let _ = ended.wait_for(|ended| *ended).await;
    }
    if query.cascade != Some(false) {
        let left = pipelines.engine.drop_tables(&pipeline).await?;
        if !left.is_empty() {
            let message =
                format!("The pipeline {id} is not deleted, as its tables cannot be dropped: {}.", left.join(", "));
            return Err(ApiError::internal(message));
        }
    }
    pipelines.store.delete(&id).await?;
    Ok(Json(Empty {}))
}

/// Reads a request's specification, and refuses acting as somebody else.
fn read(body: &Document, id: &str, user: &str) -> Result<Pipeline, ApiError> {
    let spec = Spec::read(body).map_err(ApiError::invalid)?;
    let run_as = body.get("run_as").cloned();
    let other = run_as.as_ref().and_then(|run_as| {
        let name = run_as.get("user_name").or_else(|| run_as.get("service_principal_name"))?;
        name.as_str().filter(|name| *name != user)
    });
    if let Some(other) = other {
        let message =
            format!("User {user} may not set run_as to {other}: the local workspace runs pipelines as their creator.");
        return Err(ApiError::new(StatusCode::FORBIDDEN, "PERMISSION_DENIED", message));
    }
    Ok(Pipeline {
        id: id.to_owned(),
        owner: user.to_owned(),
        name: spec.name,
        modified_at: clock::now().timestamp_millis(),
        parameters: body.get("parameters").cloned(),
        spec: kept(body.clone(), id),
        run_as,
    })
}

fn is_true(body: &Document, field: &str) -> bool {
    body.get(field).and_then(Value::as_bool) == Some(true)
}

/// A pipeline that the caller may see and change: only its creator may.
pub(super) async fn own(pipelines: &Pipelines, id: &str, user: &str) -> Result<Pipeline, ApiError> {
    let pipeline = pipelines.store.pipeline(id).await?;
    let pipeline =
        pipeline.ok_or_else(|| ApiError::not_found(format!("The specified pipeline {id} was not found.")))?;
    if pipeline.owner == user {
        return Ok(pipeline);
    }
    let message = format!("User {user} does not have View permissions on pipeline {id}.");
    Err(ApiError::new(StatusCode::FORBIDDEN, "PERMISSION_DENIED", message))
}

fn order(text: Option<&str>) -> Result<PipelineOrder, ApiError> {
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return Ok(PipelineOrder::Newest) };
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["id"] | ["id", "asc"] => Ok(PipelineOrder::Id { descending: false }),
        ["id", "desc"] => Ok(PipelineOrder::Id { descending: true }),
        ["name"] | ["name", "asc"] => Ok(PipelineOrder::Name { descending: false }),
        ["name", "desc"] => Ok(PipelineOrder::Name { descending: true }),
        _ => Err(ApiError::invalid(format!("order_by must be id or name with asc or desc, and not '{text}'."))),
    }
}
