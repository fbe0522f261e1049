//! /api/2.0/workspace-files: workspace files as they are, streamed.

use axum::{
    Json,
    body::Body,
    extract::{Path, State, rejection::PathRejection},
    http::HeaderMap,
    response::Response,
};
use serde::Deserialize;

use super::download::About;
use crate::{
    files::{Files, objects::Becomes, path::AskedPath},
    http::{Empty, error::ApiError, query::Params},
    identity::Caller,
};

#[derive(Debug, Deserialize)]
pub(crate) struct ImportQuery {
    #[serde(default)]
    overwrite: bool,
}

/// The path comes without its first slash.
fn asked(path: Result<Path<String>, PathRejection>) -> Result<AskedPath, ApiError> {
    let Path(path) = path.map_err(|e| ApiError::invalid(e.body_text()))?;
    AskedPath::parse(Some(&format!("/{}", path.strip_prefix('/').unwrap_or(&path))))
}

pub(crate) async fn import(
    State(files): State<Files>,
    Caller(user): Caller,
    path: Result<Path<String>, PathRejection>,
    Params(query): Params<ImportQuery>,
    content: Body,
) -> Result<Json<Empty>, ApiError> {
    files.objects.write(&user, &asked(path)?, Becomes::Auto, content, query.overwrite).await?;
    Ok(Json(Empty {}))
}

pub(crate) async fn download(
    State(files): State<Files>,
    Caller(user): Caller,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let (object, file) = files.objects.read(&user, &asked(path)?).await?;
    About::of(&object).send(file, &headers).await
}
