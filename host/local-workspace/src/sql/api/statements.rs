//! /api/2.0/sql/statements

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json, value::RawValue};
use uuid::Uuid;

use crate::{
    api::App,
    http::{body, error::ApiError},
    identity::{auth::Caller, misc::origin},
    sql::engine::{Column, Format, Limits, Request, Rows},
    sql::language::{
        names::Namespace,
        parameters::{Parameter, USER_PARAMETER},
        types::physical_type,
    },
    sql::statements::{Entry, Status, Submission},
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
struct Body {
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
    State(app): State<App>,
    Caller(user): Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ApiError> {
    let body: Body = body::parse(&body)?;
    let wait = wait_timeout(body.wait_timeout.as_deref())?;
    let on_timeout = body.on_wait_timeout;
    let submission = submission(&app, body, user, &headers)?;
    let entry = app.statements.submit(submission).ok_or_else(|| {
        let message = "Too many statements are waiting in this workspace. Please retry later.";
        ApiError::new(StatusCode::TOO_MANY_REQUESTS, "REQUEST_LIMIT_EXCEEDED", message)
    })?;
    if wait.is_zero() {
        return Ok(render(&app, &entry, &Status::Pending, &headers).into_response());
    }
    let mut status = entry.wait(wait).await;
    if !status.is_final() && on_timeout == OnWaitTimeout::Cancel {
        app.statements.cancel(&entry);
        status = entry.wait(CANCEL_WAIT).await;
    }
    Ok(render(&app, &entry, &status, &headers).into_response())
}

/// How long an answer waits for a cancelled statement to have ended.
const CANCEL_WAIT: Duration = Duration::from_secs(5);

/// GET: where a statement stands, with its first chunk when it succeeded.
pub(crate) async fn get(
    State(app): State<App>,
    Caller(user): Caller,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let entry = find(&app, &id, &user)?;
    Ok(render(&app, &entry, &entry.status(), &headers).into_response())
}

/// POST cancel: answers at once, whatever the statement's state; polling tells how it ended.
pub(crate) async fn cancel(
    State(app): State<App>,
    Caller(user): Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let entry = find(&app, &id, &user)?;
    app.statements.cancel(&entry);
    Ok(Json(json!({})))
}

/// GET result/chunks/n: one chunk, bare.
pub(crate) async fn chunk(
    State(app): State<App>,
    Caller(user): Caller,
    headers: HeaderMap,
    Path((id, index)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let entry = find(&app, &id, &user)?;
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
    Ok(Json(result(&app, &entry, &rows, index, &headers)).into_response())
}

fn find(app: &App, id: &str, user: &str) -> Result<Arc<Entry>, ApiError> {
    let entry = Uuid::parse_str(id).ok().and_then(|id| app.statements.get(&id, user));
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

fn submission(app: &App, body: Body, user: String, headers: &HeaderMap) -> Result<Submission, ApiError> {
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
    app.warehouses.wake(&body.warehouse_id)?;
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
        if name.is_empty() || !plain || name == USER_PARAMETER {
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

#[derive(Debug, Serialize)]
struct Answer {
    statement_id: Uuid,
    status: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    manifest: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<ChunkAnswer>,
}

#[derive(Debug, Default, Serialize)]
struct ChunkAnswer {
    #[serde(skip_serializing_if = "Option::is_none")]
    external_links: Option<Value>,
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

fn render(app: &App, entry: &Entry, status: &Status, headers: &HeaderMap) -> Json<Answer> {
    let mut answer = Answer { statement_id: entry.id, status: json!({}), manifest: None, result: None };
    answer.status = match status {
        Status::Pending => json!({ "state": "PENDING" }),
        Status::Running => json!({ "state": "RUNNING" }),
        Status::Canceled => json!({ "state": "CANCELED" }),
        Status::Closed => json!({ "state": "CLOSED" }),
        Status::Failed(error) => json!({
            "state": "FAILED",
            "error": { "error_code": error.error_code, "message": error.to_string() },
            "sql_state": error.sql_state,
        }),
        Status::Succeeded { rows } => {
            answer.manifest = Some(manifest(entry, rows));
            answer.result = Some(result(app, entry, rows, 0, headers));
            json!({ "state": "SUCCEEDED" })
        }
    };
    Json(answer)
}

fn manifest(entry: &Entry, rows: &Rows) -> Value {
    let format = match entry.submission.request.limits.format {
        Format::JsonArray => "JSON_ARRAY",
        Format::Csv => "CSV",
    };
    let external = entry.submission.external;
    let chunk = |(index, chunk): (usize, &crate::sql::engine::Chunk)| {
        let mut value = json!({ "chunk_index": index, "row_offset": chunk.row_offset, "row_count": chunk.row_count });
        if external && let Value::Object(fields) = &mut value {
            fields.insert("byte_count".to_owned(), json!(chunk.data.len()));
        }
        value
    };
    let mut value = json!({
        "format": format,
        "schema": {
            "column_count": rows.columns.len(),
            "columns": rows.columns.iter().enumerate().map(column).collect::<Vec<_>>(),
        },
        "total_chunk_count": rows.chunks.len(),
        "total_row_count": rows.row_count,
        "truncated": rows.truncated,
    });
    if let Value::Object(fields) = &mut value {
        if !rows.chunks.is_empty() {
            fields.insert("chunks".to_owned(), rows.chunks.iter().enumerate().map(chunk).collect());
        }
        if external {
            let bytes: usize = rows.chunks.iter().map(|c| c.data.len()).sum();
            fields.insert("total_byte_count".to_owned(), json!(bytes));
        }
    }
    value
}

fn column((position, column): (usize, &Column)) -> Value {
    let mut value = json!({
        "name": column.name, "position": position, "type_name": column.kind.name, "type_text": column.kind.text,
    });
    if let (Some((precision, scale)), Value::Object(fields)) = (column.kind.decimal, &mut value) {
        fields.insert("type_precision".to_owned(), json!(precision));
        fields.insert("type_scale".to_owned(), json!(scale));
    }
    value
}

/// One chunk as the API gives it; an empty object when there is none.
fn result(app: &App, entry: &Entry, rows: &Rows, index: usize, headers: &HeaderMap) -> ChunkAnswer {
    let Some(chunk) = rows.chunks.get(index) else {
        return ChunkAnswer::default();
    };
    let next = (index + 1 < rows.chunks.len()).then_some(index + 1);
    let next_link = next.map(|n| format!("/api/2.0/sql/statements/{}/result/chunks/{n}", entry.id));
    if entry.submission.external {
        let (path, expires) = app.signer.link(&entry.id, index);
        let mut link = json!({
            "external_link": format!("{}{path}", origin(headers)),
            "expiration": expires.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "chunk_index": index,
            "row_offset": chunk.row_offset,
            "row_count": chunk.row_count,
            "byte_count": chunk.data.len(),
        });
        if let (Some(next), Value::Object(fields)) = (next, &mut link) {
            fields.insert("next_chunk_index".to_owned(), json!(next));
            fields.insert("next_chunk_internal_link".to_owned(), json!(next_link));
        }
        return ChunkAnswer { external_links: Some(json!([link])), ..ChunkAnswer::default() };
    }
    let text = String::from_utf8_lossy(&chunk.data).into_owned();
    ChunkAnswer {
        external_links: None,
        chunk_index: Some(index),
        row_offset: Some(chunk.row_offset),
        row_count: Some(chunk.row_count),
        next_chunk_index: next,
        next_chunk_internal_link: next_link,
        data_array: RawValue::from_string(text).ok(),
    }
}
