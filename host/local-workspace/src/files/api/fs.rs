//! /api/2.0/fs: files and folders of volumes.

use axum::{
    Json,
    body::Body,
    extract::{FromRequestParts, Path, State},
    http::{HeaderMap, StatusCode, request::Parts},
    response::Response,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::download::About;
use crate::{
    files::{
        Files,
        volumes::{VolumePath, missing},
    },
    http::{body::drain, error::ApiError, query::Params},
    identity::Caller,
};

/// Entries of one page at most, and when the caller does not say.
const MAX_PAGE: usize = 1_000;

impl<S: Send + Sync> FromRequestParts<S> for VolumePath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        Self::parse(&path.map_err(|e| ApiError::invalid(e.body_text()))?)
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct UploadQuery {
    overwrite: Option<bool>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ActionQuery {
    action: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct PageQuery {
    page_size: Option<i64>,
    page_token: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct List {
    contents: Vec<Entry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

#[derive(Debug, Serialize)]
struct Entry {
    path: String,
    name: String,
    is_directory: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_size: Option<u64>,
    last_modified: i64,
}

#[derive(Debug, Serialize)]
pub(crate) struct Initiated {
    multipart_upload: Session,
}

#[derive(Debug, Serialize)]
struct Session {
    session_token: Uuid,
}

pub(crate) async fn upload(
    State(files): State<Files>,
    Caller(user): Caller,
    path: VolumePath,
    Params(query): Params<UploadQuery>,
    content: Body,
) -> Result<StatusCode, ApiError> {
    let overwrite = query.overwrite.unwrap_or(true);
    if !overwrite && files.volumes.status(&user, &path).await.is_ok() {
        // Said before the bytes are kept; a client that sends them all first still gets to read it.
        drain(content).await;
        let message = format!("The file at {} already exists and overwrite is not set.", path.shown());
        return Err(ApiError::new(StatusCode::CONFLICT, "ALREADY_EXISTS", message));
    }
    files.volumes.write(&user, &path, content, overwrite).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The beginning of an upload in parts. The routes that would follow are not there, which sends clients back to one
/// request for the whole file.
pub(crate) async fn action(
    State(files): State<Files>,
    Caller(user): Caller,
    path: VolumePath,
    Params(query): Params<ActionQuery>,
) -> Result<Json<Initiated>, ApiError> {
    if query.action.as_deref() != Some("initiate-upload") {
        return Err(ApiError::new(StatusCode::NOT_FOUND, "NOT_FOUND", "Uploads in parts are not supported."));
    }
    files.volumes.check_writable(&user, &path).await?;
    Ok(Json(Initiated { multipart_upload: Session { session_token: Uuid::new_v4() } }))
}

pub(crate) async fn download(
    State(files): State<Files>,
    Caller(user): Caller,
    path: VolumePath,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let (entry, file) = files.volumes.read(&user, &path).await?;
    About { size: entry.size, modified: entry.modified }.send(file, &headers).await
}

pub(crate) async fn file_status(
    State(files): State<Files>,
    Caller(user): Caller,
    path: VolumePath,
    headers: HeaderMap,
) -> Result<HeaderMap, ApiError> {
    let entry = files.volumes.status(&user, &path).await?;
    if entry.is_folder {
        return Err(missing(&path));
    }
    let about = About { size: entry.size, modified: entry.modified };
    about.check_unmodified(&headers)?;
    Ok(about.headers())
}

pub(crate) async fn delete_file(
    State(files): State<Files>,
    Caller(user): Caller,
    path: VolumePath,
) -> Result<StatusCode, ApiError> {
    files.volumes.delete_file(&user, &path).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The token is the last name of the page before, so that what comes and goes in between repeats and loses nothing else.
pub(crate) async fn list(
    State(files): State<Files>,
    Caller(user): Caller,
    path: VolumePath,
    Params(query): Params<PageQuery>,
) -> Result<Json<List>, ApiError> {
    let size = match query.page_size {
        None | Some(0) => MAX_PAGE,
        Some(size) => {
            usize::try_from(size).map_err(|_| ApiError::invalid("page_size must not be negative."))?.min(MAX_PAGE)
        }
    };
    let mut entries = files.volumes.list(&user, &path).await?;
    if let Some(after) = query.page_token.filter(|token| !token.is_empty()) {
        entries.retain(|entry| entry.name > after);
    }
    let more = entries.len() > size;
    entries.truncate(size);
    let next_page_token = entries.last().filter(|_| more).map(|entry| entry.name.clone());
    let contents = entries.into_iter().map(|entry| Entry {
        path: format!("{}/{}", path.shown(), entry.name),
        is_directory: entry.is_folder,
        file_size: (!entry.is_folder).then_some(entry.size),
        last_modified: entry.modified.timestamp_millis(),
        name: entry.name,
    });
    Ok(Json(List { contents: contents.collect(), next_page_token }))
}

pub(crate) async fn make_folder(
    State(files): State<Files>,
    Caller(user): Caller,
    path: VolumePath,
) -> Result<StatusCode, ApiError> {
    files.volumes.make_folders(&user, &path).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn folder_status(
    State(files): State<Files>,
    Caller(user): Caller,
    path: VolumePath,
) -> Result<StatusCode, ApiError> {
    match files.volumes.status(&user, &path).await? {
        entry if entry.is_folder => Ok(StatusCode::OK),
        _ => Err(missing(&path)),
    }
}

pub(crate) async fn delete_folder(
    State(files): State<Files>,
    Caller(user): Caller,
    path: VolumePath,
) -> Result<StatusCode, ApiError> {
    files.volumes.delete_folder(&user, &path).await?;
    Ok(StatusCode::NO_CONTENT)
}
