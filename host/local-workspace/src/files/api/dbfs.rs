//! /api/2.0/dbfs

use axum::{
    Json,
    body::{Body, Bytes},
    extract::{FromRequest, Multipart, Request, State},
    http::{StatusCode, header},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};

use crate::{
    files::{
        Files,
        dbfs::{DbfsError, MAX_BLOCK_BYTES},
        model::Object,
        path::ObjectPath,
        receive::disk_failed,
        tree::TreeError,
    },
    http::{Empty, body::OptionalBody, error::ApiError, query::Params},
    identity::Caller,
};

/// What a read gives that does not say how much.
const DEFAULT_READ_BYTES: i64 = 512 * 1024;

#[derive(Debug, Serialize)]
pub(crate) struct FileInfo {
    path: String,
    is_dir: bool,
    file_size: u64,
    modification_time: i64,
}

#[derive(Debug, Serialize)]
pub(crate) struct List {
    files: Vec<FileInfo>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Handle {
    handle: u64,
}

#[derive(Debug, Serialize)]
pub(crate) struct Block {
    bytes_read: usize,
    data: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct PathQuery {
    path: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ReadQuery {
    path: Option<String>,
    offset: Option<i64>,
    length: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Create {
    path: Option<String>,
    #[serde(default)]
    overwrite: bool,
}

#[derive(Debug, Deserialize)]
pub(crate) struct AddBlock {
    handle: Option<u64>,
    #[serde(default)]
    data: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Close {
    handle: Option<u64>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Delete {
    path: Option<String>,
    #[serde(default)]
    recursive: bool,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Move {
    source_path: Option<String>,
    destination_path: Option<String>,
}

/// A whole file, however it was sent.
#[derive(Debug)]
pub(crate) struct Put {
    create: Create,
    contents: Bytes,
}

pub(crate) async fn status(
    State(files): State<Files>,
    Params(query): Params<PathQuery>,
) -> Result<Json<FileInfo>, ApiError> {
    Ok(Json(info(files.dbfs.status(&path(query.path.as_deref())?).await?)))
}

pub(crate) async fn list(State(files): State<Files>, Params(query): Params<PathQuery>) -> Result<Json<List>, ApiError> {
    let found = files.dbfs.list(&path(query.path.as_deref())?).await?;
    Ok(Json(List { files: found.into_iter().map(info).collect() }))
}

pub(crate) async fn read(
    State(files): State<Files>,
    Params(query): Params<ReadQuery>,
) -> Result<Json<Block>, ApiError> {
    let number = |value: i64, name: &str| {
        u64::try_from(value).map_err(|_| ApiError::invalid(format!("{name} must not be negative.")))
    };
    let offset = number(query.offset.unwrap_or_default(), "offset")?;
    let length = number(query.length.unwrap_or(DEFAULT_READ_BYTES), "length")?;
    if length > MAX_BLOCK_BYTES as u64 {
        let message = format!("A read gives at most {MAX_BLOCK_BYTES} bytes.");
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "MAX_READ_SIZE_EXCEEDED", message));
    }
    let bytes = files.dbfs.read(&path(query.path.as_deref())?, offset, length).await?;
    Ok(Json(Block { bytes_read: bytes.len(), data: BASE64_STANDARD.encode(bytes) }))
}

pub(crate) async fn make_folders(
    State(files): State<Files>,
    Caller(user): Caller,
    OptionalBody(body): OptionalBody<Create>,
) -> Result<Json<Empty>, ApiError> {
    files.dbfs.make_folders(&path(body.path.as_deref())?, &user).await?;
    Ok(Json(Empty {}))
}

pub(crate) async fn delete(
    State(files): State<Files>,
    OptionalBody(body): OptionalBody<Delete>,
) -> Result<Json<Empty>, ApiError> {
    files.dbfs.delete(&path(body.path.as_deref())?, body.recursive).await?;
    Ok(Json(Empty {}))
}

pub(crate) async fn rename(
    State(files): State<Files>,
    Caller(user): Caller,
    OptionalBody(body): OptionalBody<Move>,
) -> Result<Json<Empty>, ApiError> {
    let (from, to) = (path(body.source_path.as_deref())?, path(body.destination_path.as_deref())?);
    files.dbfs.rename(&from, &to, &user).await?;
    Ok(Json(Empty {}))
}

pub(crate) async fn create(
    State(files): State<Files>,
    Caller(user): Caller,
    OptionalBody(body): OptionalBody<Create>,
) -> Result<Json<Handle>, ApiError> {
    let handle = files.dbfs.create(&path(body.path.as_deref())?, body.overwrite, &user).await?;
    Ok(Json(Handle { handle }))
}

pub(crate) async fn add_block(
    State(files): State<Files>,
    Caller(user): Caller,
    OptionalBody(body): OptionalBody<AddBlock>,
) -> Result<Json<Empty>, ApiError> {
    let block = decode(&body.data)?;
    check_block(block.len())?;
    files.dbfs.add_block(handle(body.handle)?, &block, &user).await?;
    Ok(Json(Empty {}))
}

pub(crate) async fn close(
    State(files): State<Files>,
    Caller(user): Caller,
    OptionalBody(body): OptionalBody<Close>,
) -> Result<Json<Empty>, ApiError> {
    files.dbfs.close(handle(body.handle)?, &user).await?;
    Ok(Json(Empty {}))
}

pub(crate) async fn put(
    State(files): State<Files>,
    Caller(user): Caller,
    Put { create, contents }: Put,
) -> Result<Json<Empty>, ApiError> {
    files.dbfs.put(&path(create.path.as_deref())?, Body::from(contents), create.overwrite, &user).await?;
    Ok(Json(Empty {}))
}

impl<S: Send + Sync> FromRequest<S> for Put {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if kind.is_some_and(|kind| kind.starts_with("multipart/form-data")) {
            return from_form(request, state).await;
        }
        #[derive(Debug, Deserialize)]
        struct Fields {
            #[serde(flatten)]
            create: Create,
            #[serde(default)]
            contents: String,
        }
        let OptionalBody(Fields { create, contents }) = OptionalBody::from_request(request, state).await?;
        let contents = decode(&contents)?;
        check_block(contents.len())?;
        Ok(Self { create, contents: contents.into() })
    }
}

/// A form may hold more than a block.
async fn from_form<S: Send + Sync>(request: Request, state: &S) -> Result<Put, ApiError> {
    let malformed = |text: String| ApiError::malformed(format!("Could not parse the form: {text}"));
    let mut form = Multipart::from_request(request, state).await.map_err(|e| malformed(e.body_text()))?;
    let (mut create, mut contents) = (Create::default(), Bytes::new());
    while let Some(field) = form.next_field().await.map_err(|e| malformed(e.body_text()))? {
        // Clients name the part with the file as they like.
        let is_file = field.file_name().is_some();
        let name = field.name().unwrap_or_default().to_owned();
        let bytes = field.bytes().await.map_err(|e| malformed(e.body_text()))?;
        match name.as_str() {
            "contents" | "content" => contents = bytes,
            _ if is_file => contents = bytes,
            "path" => create.path = Some(String::from_utf8_lossy(&bytes).into_owned()),
            "overwrite" => create.overwrite = bytes.eq_ignore_ascii_case(b"true"),
            _ => {}
        }
    }
    Ok(Put { create, contents })
}

/// `dbfs:/x` and `/x` are one path.
fn path(text: Option<&str>) -> Result<ObjectPath, ApiError> {
    let text = text.filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| ApiError::invalid("Required parameter path is missing."))?;
    ObjectPath::parse(text.strip_prefix("dbfs:").unwrap_or(text))
}

fn handle(handle: Option<u64>) -> Result<u64, ApiError> {
    handle.ok_or_else(|| ApiError::invalid("Required parameter handle is missing."))
}

fn decode(text: &str) -> Result<Vec<u8>, ApiError> {
    BASE64_STANDARD.decode(text).map_err(|_| ApiError::invalid("The content is not valid base64."))
}

fn check_block(bytes: usize) -> Result<(), ApiError> {
    if bytes <= MAX_BLOCK_BYTES {
        return Ok(());
    }
    let message = format!("A block has at most {MAX_BLOCK_BYTES} bytes.");
    Err(ApiError::new(StatusCode::BAD_REQUEST, "MAX_BLOCK_SIZE_EXCEEDED", message))
}

fn info(object: Object) -> FileInfo {
    FileInfo {
        is_dir: object.is_folder(),
        file_size: object.size,
        modification_time: object.modified_at,
        path: object.path.to_string(),
    }
}

impl From<DbfsError> for ApiError {
    fn from(error: DbfsError) -> Self {
        let bad = |code, message: String| Self::new(StatusCode::BAD_REQUEST, code, message);
        let missing = |path: ObjectPath| Self::not_found(format!("No file or directory exists on path {path}."));
        match error {
            DbfsError::Tree(TreeError::Database(e)) => e.into(),
            DbfsError::Tree(TreeError::Missing(path) | TreeError::ParentMissing(path)) => missing(path),
            DbfsError::Tree(TreeError::NotFolder(path)) => {
                bad("RESOURCE_ALREADY_EXISTS", format!("A file that is no directory exists at {path}."))
            }
            DbfsError::Tree(TreeError::Exists(found)) => bad(
                "RESOURCE_ALREADY_EXISTS",
                format!("A file or directory already exists at the input path {}.", found.path),
            ),
            DbfsError::Tree(TreeError::NotEmpty(path)) => {
                bad("IO_ERROR", format!("Cannot delete the non-empty directory {path} without recursive."))
            }
            DbfsError::Tree(TreeError::TooMany(path)) => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "PARTIAL_DELETE",
                format!("{path} has too much in it to be deleted at once; delete its parts."),
            ),
            DbfsError::Body(e) => e.into(),
            DbfsError::Disk(e) => disk_failed(e),
            DbfsError::NoHandle(handle) => Self::not_found(format!("No file with the handle {handle} is open.")),
            DbfsError::TooManyHandles => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "RESOURCE_EXHAUSTED",
                "Too many files are being written; close some of their handles.",
            ),
            DbfsError::TooLarge => bad("QUOTA_EXCEEDED", "The file is too large for the local workspace.".to_owned()),
            DbfsError::Folder(path) => Self::invalid(format!("{path} is a directory and cannot be read.")),
            DbfsError::Root => Self::invalid("The root of DBFS can be neither deleted nor moved."),
            DbfsError::Inside(path) => Self::invalid(format!("A directory cannot be moved into itself, to {path}.")),
        }
    }
}
