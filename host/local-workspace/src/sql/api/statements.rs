//! /api/2.0/sql/statements

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};
use uuid::Uuid;

use crate::{
    http::{Empty, body::Body, error::ApiError, origin},
    identity::Caller,
    sql::{
        Sql,
        engine::{Chunk, Column, Format, Limits, Request, Rows, TypeName},
        language::{names::Namespace, parameters::Parameter, types::physical_type},
        statements::{Entry, Status, Submission},
    },
};

/// Longest statement in bytes.
const STATEMENT_BYTES: usize = 16 * 1024 * 1024;

/// Largest result with disposition INLINE in bytes.
const INLINE_BYTES: usize = 26_214_400;

/// Largest result with disposition EXTERNAL_LINKS; Databricks cuts at 100 GiB, this keeps it in memory.
const EXTERNAL_BYTES: usize = 256 * 1024 * 1024;

/// Parameters of one statement.
const MAX_PARAMETERS: usize = 256;

#[derive(Debug, Deserialize)]
pub(crate) struct Execute {
    #[serde(default)]
    statement: String,
    #[serde(default)]
    warehouse_id: String,
    catalog: Option<String>,
    schema: Option<String>,
    #[serde(default)]
    parameters: Vec<BodyParameter>,
    row_limit: Option<i64>,
    byte_limit: Option<i64>,
    #[serde(default)]
    disposition: Disposition,
    #[serde(default)]
    format: BodyFormat,
    wait_timeout: Option<String>,
    #[serde(default)]
    on_wait_timeout: OnWaitTimeout,
}

#[derive(Debug, Deserialize)]
struct BodyParameter {
    name: String,
    value: Option<Value>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Disposition {
    #[default]
    Inline,
    ExternalLinks,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum BodyFormat {
    #[default]
    JsonArray,
    ArrowStream,
    Csv,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum OnWaitTimeout {
    #[default]
    Continue,
    Cancel,
}

/// POST: starts a statement and waits for it as long as was asked.
pub(crate) async fn execute(
    State(sql): State<Sql>,
    Caller(user): Caller,
    headers: HeaderMap,
    Body(body): Body<Execute>,
) -> Result<Json<Answer>, ApiError> {
    let wait = wait_timeout(body.wait_timeout.as_deref())?;
    let on_timeout = body.on_wait_timeout;
    let submission = submission(body, user, &headers)?;
    sql.warehouses.wake(&submission.warehouse_id).await?;
    let entry = sql.statements.submit(submission).ok_or_else(|| {
        let message = "Too many statements are waiting in this workspace. Please retry later.";
        ApiError::new(StatusCode::TOO_MANY_REQUESTS, "REQUEST_LIMIT_EXCEEDED", message)
    })?;
    if wait.is_zero() {
        return Ok(render(&sql, &entry, &Status::Pending, &headers));
    }
    let mut status = entry.wait(wait).await;
    if !status.is_final() && on_timeout == OnWaitTimeout::Cancel {
        sql.statements.cancel(&entry);
        status = entry.wait(CANCEL_WAIT).await;
    }
    Ok(render(&sql, &entry, &status, &headers))
}

/// How long an answer waits for a cancelled statement to have ended.
const CANCEL_WAIT: Duration = Duration::from_secs(5);

/// GET: where a statement stands, with its first chunk when it succeeded.
pub(crate) async fn get(
    State(sql): State<Sql>,
    Caller(user): Caller,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Json<Answer>, ApiError> {
    let entry = find(&sql, &id, &user)?;
    Ok(render(&sql, &entry, &entry.status(), &headers))
}

/// POST cancel: answers at once, whatever the statement's state; polling tells how it ended.
pub(crate) async fn cancel(
    State(sql): State<Sql>,
    Caller(user): Caller,
    Path(id): Path<String>,
) -> Result<Json<Empty>, ApiError> {
    let entry = find(&sql, &id, &user)?;
    sql.statements.cancel(&entry);
    Ok(Json(Empty {}))
}

/// GET result/chunks/n: one chunk, bare.
pub(crate) async fn chunk(
    State(sql): State<Sql>,
    Caller(user): Caller,
    headers: HeaderMap,
    Path((id, index)): Path<(String, String)>,
) -> Result<Json<ChunkAnswer>, ApiError> {
    let entry = find(&sql, &id, &user)?;
    let rows = match entry.status() {
        Status::Succeeded { rows } => rows,
        Status::Closed => {
            return Err(ApiError::not_found(format!("The result of statement {id} is no longer available.")));
        }
        _ => {
            return Err(ApiError::invalid(format!("Statement {id} has no result (yet).")));
        }
    };
    let known = index.parse::<usize>().ok().filter(|i| *i < rows.chunks.len());
    let index = known.ok_or_else(|| {
        ApiError::invalid(format!("Chunk index {index} is out of range: the result has {} chunks.", rows.chunks.len()))
    })?;
    Ok(Json(chunk_of(&sql, &entry, &rows, index, &headers)))
}

fn find(sql: &Sql, id: &str, user: &str) -> Result<Arc<Entry>, ApiError> {
    let entry = Uuid::parse_str(id).ok().and_then(|id| sql.statements.get(&id, user));
    entry.ok_or_else(|| ApiError::not_found(format!("The statement {id} was not found.")))
}

fn wait_timeout(text: Option<&str>) -> Result<Duration, ApiError> {
    let Some(text) = text else {
        return Ok(Duration::from_secs(10));
    };
    match text.strip_suffix('s').and_then(|n| n.parse::<u64>().ok()) {
        Some(seconds) if seconds == 0 || (5..=50).contains(&seconds) => Ok(Duration::from_secs(seconds)),
        _ => Err(ApiError::invalid(format!("wait_timeout must be 0s, or from 5s to 50s, not '{text}'."))),
    }
}

fn submission(body: Execute, user: String, headers: &HeaderMap) -> Result<Submission, ApiError> {
    if body.statement.trim().is_empty() {
        return Err(ApiError::invalid("The statement is missing or empty."));
    }
    if body.statement.len() > STATEMENT_BYTES {
        return Err(ApiError::invalid(format!("The statement is longer than {STATEMENT_BYTES} bytes.")));
    }
    if body.warehouse_id.is_empty() {
        return Err(ApiError::invalid("warehouse_id is missing."));
    }
    let format = match (body.disposition, body.format) {
        (_, BodyFormat::JsonArray) => Format::JsonArray,
        (Disposition::Inline, _) => {
            return Err(ApiError::invalid("Only the format JSON_ARRAY is supported with the disposition INLINE."));
        }
        (Disposition::ExternalLinks, BodyFormat::Csv) => Format::Csv,
        (Disposition::ExternalLinks, BodyFormat::ArrowStream) => {
            return Err(ApiError::invalid("The local workspace does not support the format ARROW_STREAM."));
        }
    };
    let external = body.disposition == Disposition::ExternalLinks;
    let limits = Limits {
        row_limit: limit("row_limit", body.row_limit)?,
        byte_limit: limit("byte_limit", body.byte_limit)?,
        inline_bytes: (!external).then_some(INLINE_BYTES),
        total_bytes: EXTERNAL_BYTES,
        format,
    };
    let lower = |text: Option<String>, default: &str| {
        text.filter(|t| !t.is_empty()).map_or_else(|| default.to_owned(), |t| t.to_lowercase())
    };
    let request = Request {
        text: body.statement,
        namespace: Namespace { catalog: lower(body.catalog, "main"), schema: lower(body.schema, "default") },
        parameters: parameters(body.parameters)?,
        user,
        limits,
    };
    let client = headers.get(header::USER_AGENT).and_then(|v| v.to_str().ok()).map(str::to_owned);
    Ok(Submission { request, warehouse_id: body.warehouse_id, external, client })
}

fn limit(name: &str, value: Option<i64>) -> Result<Option<u64>, ApiError> {
    match value {
        None => Ok(None),
        Some(value) => match u64::try_from(value) {
            Ok(value) if value > 0 => Ok(Some(value)),
            _ => Err(ApiError::invalid(format!("{name} must be greater than 0."))),
        },
    }
}

fn parameters(given: Vec<BodyParameter>) -> Result<BTreeMap<String, Parameter>, ApiError> {
    if given.len() > MAX_PARAMETERS {
        return Err(ApiError::invalid(format!("A statement may have at most {MAX_PARAMETERS} parameters.")));
    }
    let mut parameters = BTreeMap::new();
    for parameter in given {
        let name = parameter.name;
        let plain = name.chars().all(|c| c.is_alphanumeric() || c == '_');
        if name.is_empty() || !plain {
            return Err(ApiError::invalid(format!("'{name}' is not a valid parameter name.")));
        }
        let kind = parameter.kind.as_deref().unwrap_or("STRING");
        let physical_type =
            physical_type(kind).map_err(|e| ApiError::invalid(format!("Parameter {name}: {}", e.detail)))?;
        if physical_type.contains(['[', '(']) && !physical_type.starts_with("DECIMAL") {
            return Err(ApiError::invalid(format!(
                "Parameter {name}: complex types such as {kind} are not supported."
            )));
        }
        let value = match parameter.value {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text),
            Some(value @ (Value::Bool(_) | Value::Number(_))) => Some(value.to_string()),
            Some(_) => {
                return Err(ApiError::invalid(format!("Parameter {name}: the value must be a string.")));
            }
        };
        if parameters.insert(name.clone(), Parameter { physical_type, value }).is_some() {
            return Err(ApiError::invalid(format!("The parameter {name} is given twice.")));
        }
    }
    Ok(parameters)
}

/// Where a statement stands.
#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    statement_id: Uuid,
    status: StatusAnswer,
    #[serde(skip_serializing_if = "Option::is_none")]
    manifest: Option<Manifest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<ChunkAnswer>,
}

#[derive(Debug, Serialize)]
struct StatusAnswer {
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorAnswer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sql_state: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct ErrorAnswer {
    error_code: &'static str,
    message: String,
}

/// What a result looks like.
#[derive(Debug, Serialize)]
struct Manifest {
    format: &'static str,
    schema: Schema,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    chunks: Vec<ChunkInfo>,
    total_chunk_count: usize,
    total_row_count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_byte_count: Option<usize>,
    truncated: bool,
}

#[derive(Debug, Serialize)]
struct Schema {
    column_count: usize,
    columns: Vec<ColumnInfo>,
}

#[derive(Debug, Serialize)]
struct ColumnInfo {
    name: String,
    position: usize,
    type_name: TypeName,
    type_text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    type_precision: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    type_scale: Option<u8>,
}

#[derive(Debug, Serialize)]
struct ChunkInfo {
    chunk_index: usize,
    row_offset: u64,
    row_count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    byte_count: Option<usize>,
}

/// One chunk as the API gives it; an empty object when there is none.
#[derive(Debug, Default, Serialize)]
pub(crate) struct ChunkAnswer {
    #[serde(skip_serializing_if = "Option::is_none")]
    external_links: Option<[Link; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    chunk_index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    row_offset: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    row_count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_chunk_index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_chunk_internal_link: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_array: Option<Box<RawValue>>,
}

#[derive(Debug, Serialize)]
struct Link {
    external_link: String,
    expiration: String,
    chunk_index: usize,
    row_offset: u64,
    row_count: u64,
    byte_count: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_chunk_index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_chunk_internal_link: Option<String>,
}

fn render(sql: &Sql, entry: &Entry, status: &Status, headers: &HeaderMap) -> Json<Answer> {
    let (mut manifest, mut result, mut error, mut sql_state) = (None, None, None, None);
    let state = match status {
        Status::Pending => "PENDING",
        Status::Running => "RUNNING",
        Status::Canceled => "CANCELED",
        Status::Closed => "CLOSED",
        Status::Failed(failure) => {
            error = Some(ErrorAnswer { error_code: failure.error_code, message: failure.to_string() });
            sql_state = Some(failure.sql_state);
            "FAILED"
        }
        Status::Succeeded { rows } => {
            manifest = Some(manifest_of(entry, rows));
            result = Some(chunk_of(sql, entry, rows, 0, headers));
            "SUCCEEDED"
        }
    };
    Json(Answer { statement_id: entry.id, status: StatusAnswer { state, error, sql_state }, manifest, result })
}

fn manifest_of(entry: &Entry, rows: &Rows) -> Manifest {
    let external = entry.submission.external;
    let chunk = |(index, chunk): (usize, &Chunk)| ChunkInfo {
        chunk_index: index,
        row_offset: chunk.row_offset,
        row_count: chunk.row_count,
        byte_count: external.then_some(chunk.data.len()),
    };
    Manifest {
        format: match entry.submission.request.limits.format {
            Format::JsonArray => "JSON_ARRAY",
            Format::Csv => "CSV",
        },
        schema: Schema {
            column_count: rows.columns.len(),
            columns: rows.columns.iter().enumerate().map(column).collect(),
        },
        chunks: rows.chunks.iter().enumerate().map(chunk).collect(),
        total_chunk_count: rows.chunks.len(),
        total_row_count: rows.row_count,
        total_byte_count: external.then(|| rows.chunks.iter().map(|c| c.data.len()).sum()),
        truncated: rows.truncated,
    }
}

fn column((position, column): (usize, &Column)) -> ColumnInfo {
    let (precision, scale) = column.kind.decimal.unzip();
    ColumnInfo {
        name: column.name.clone(),
        position,
        type_name: column.kind.name,
        type_text: column.kind.text.clone(),
        type_precision: precision,
        type_scale: scale,
    }
}

fn chunk_of(sql: &Sql, entry: &Entry, rows: &Rows, index: usize, headers: &HeaderMap) -> ChunkAnswer {
    let Some(chunk) = rows.chunks.get(index) else {
        return ChunkAnswer::default();
    };
    let next_chunk_index = (index + 1 < rows.chunks.len()).then_some(index + 1);
    let next_chunk_internal_link =
        next_chunk_index.map(|n| format!("/api/2.0/sql/statements/{}/result/chunks/{n}", entry.id));
    if entry.submission.external {
        let (path, expires) = sql.signer.link(&entry.id, index);
        let link = Link {
            external_link: format!("{}{path}", origin(headers)),
            expiration: expires.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
            chunk_index: index,
            row_offset: chunk.row_offset,
            row_count: chunk.row_count,
            byte_count: chunk.data.len(),
            next_chunk_index,
            next_chunk_internal_link,
        };
        return ChunkAnswer { external_links: Some([link]), ..ChunkAnswer::default() };
    }
    let text = String::from_utf8_lossy(&chunk.data).into_owned();
    ChunkAnswer {
        external_links: None,
        chunk_index: Some(index),
        row_offset: Some(chunk.row_offset),
        row_count: Some(chunk.row_count),
        next_chunk_index,
        next_chunk_internal_link,
        data_array: RawValue::from_string(text).ok(),
    }
}
