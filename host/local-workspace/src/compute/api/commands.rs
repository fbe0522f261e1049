//! /api/1.2: execution contexts and commands, whose fields are in camel case.

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::OldError;
use crate::{
    compute::{contexts::NewCommand, state::Compute},
    http::{body::Body, error::ApiError, query::Params},
    identity::Caller,
    notebook::Language,
};

/// The longest command in bytes.
const COMMAND_BYTES: usize = 8 * 1024 * 1024;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
pub(in crate::compute) struct Asked {
    cluster_id: String,
    context_id: String,
    command_id: String,
    language: String,
    command: Option<String>,
}

#[derive(Debug, Serialize)]
pub(in crate::compute) struct Id {
    id: String,
}

#[derive(Debug, Serialize)]
pub(in crate::compute) struct ContextAnswer {
    id: String,
    status: &'static str,
}

#[derive(Debug, Serialize)]
pub(in crate::compute) struct CommandAnswer {
    id: String,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    results: Option<Value>,
}

/// The language of a context or command that runs here.
fn language(name: &str) -> Result<Language, ApiError> {
    match Language::of_name(name) {
        Some(language @ (Language::Python | Language::Sql)) => Ok(language),
        Some(other) => {
            let other = other.name().to_lowercase();
            Err(ApiError::invalid(format!(
                "The local workspace does not support the language {other}, only python and sql."
            )))
        }
        None => Err(ApiError::invalid(format!("Unknown language '{name}'; it is one of python, scala, sql, r."))),
    }
}

pub(in crate::compute) async fn create_context(
    State(compute): State<Compute>,
    Caller(user): Caller,
    Body(asked): Body<Asked>,
) -> Result<Json<Id>, OldError> {
    let language = language(&asked.language)?;
    compute.clusters.take(&asked.cluster_id, &user).await?;
    let made = compute.contexts.create(&asked.cluster_id, &user, language);
    Ok(Json(Id { id: made.ok_or_else(busy)? }))
}

pub(in crate::compute) async fn context_status(
    State(compute): State<Compute>,
    Caller(user): Caller,
    Params(asked): Params<Asked>,
) -> Result<Json<ContextAnswer>, OldError> {
    let context = compute.contexts.get(&asked.cluster_id, &asked.context_id, &user)?;
    Ok(Json(ContextAnswer { status: context.status(), id: asked.context_id }))
}

pub(in crate::compute) async fn destroy_context(
    State(compute): State<Compute>,
    Caller(user): Caller,
    Body(asked): Body<Asked>,
) -> Result<Json<Id>, OldError> {
    compute.contexts.destroy(&asked.cluster_id, &asked.context_id, &user).await?;
    Ok(Json(Id { id: asked.context_id }))
}

pub(in crate::compute) async fn execute(
    State(compute): State<Compute>,
    Caller(user): Caller,
    Body(asked): Body<Asked>,
) -> Result<Json<Id>, OldError> {
    let language = language(&asked.language)?;
    let text = asked.command.ok_or_else(|| ApiError::invalid("Missing required field: command"))?;
    if text.len() > COMMAND_BYTES {
        return Err(ApiError::invalid(format!("The command is longer than {COMMAND_BYTES} bytes.")).into());
    }
    let context = compute.contexts.get(&asked.cluster_id, &asked.context_id, &user)?;
    compute.clusters.take(&asked.cluster_id, &user).await?;
    let id = context.execute(NewCommand { language, text }).ok_or_else(busy)?;
    Ok(Json(Id { id }))
}

pub(in crate::compute) async fn command_status(
    State(compute): State<Compute>,
    Caller(user): Caller,
    Params(asked): Params<Asked>,
) -> Result<Json<CommandAnswer>, OldError> {
    let context = compute.contexts.get(&asked.cluster_id, &asked.context_id, &user)?;
    let (status, results) = context.look(&asked.command_id)?;
    Ok(Json(CommandAnswer { id: asked.command_id, status, results }))
}

pub(in crate::compute) async fn cancel(
    State(compute): State<Compute>,
    Caller(user): Caller,
    Body(asked): Body<Asked>,
) -> Result<Json<Id>, OldError> {
    let context = compute.contexts.get(&asked.cluster_id, &asked.context_id, &user)?;
    context.cancel(&asked.command_id)?;
    Ok(Json(Id { id: asked.command_id }))
}

fn busy() -> ApiError {
    let message = "Too many execution contexts or commands wait in this workspace. Please retry later.";
    ApiError::new(StatusCode::TOO_MANY_REQUESTS, "REQUEST_LIMIT_EXCEEDED", message)
}
