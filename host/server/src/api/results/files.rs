//! Whole results on their way out.

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bricklayer_domain::{ResultContent, ResultId, chain};
use bricklayer_results::{DownloadRequest, Format, ResultsError, TextChoices, ViewRequest};
use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::{columns, downloading};
use crate::api::Uncompressed;
use crate::api::extract::{Path, Query};
use crate::api::files::{ByteRange, disposition};
use crate::api::problem::{Problem, ProblemDetails};
use crate::app::AppState;
use crate::identity::Caller;
use crate::places::Place;

/// Pictures that a page may show: those that cannot hold programs.
const SHOWN_IMAGES: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];

/// Which file to make of a table.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct DownloadQuery {
    /// `csv`, `tsv`, `jsonl`, `xlsx` or `parquet`.
    format: String,
    /// Places of columns with commas, from 0; all without it.
    columns: Option<String>,
    /// Places of columns with commas, each with `:asc` or `:desc`.
    sort: Option<String>,
    /// A condition in JSON, as for rows.
    filter: Option<String>,
    /// `keep` leaves text exact; `escape` makes text harmless that a spreadsheet would run (CSV and TSV).
    #[param(default = "keep")]
    formulas: Option<String>,
    /// Whether CSV and TSV begin with the columns' names.
    #[param(default = true)]
    header: Option<bool>,
}

/// Sends a table as a file, whole.
#[utoipa::path(get, path = "/api/results/{result_id}/download", tag = "results", operation_id = "download_result",
    params(("result_id" = Uuid, Path, description = "The result."), DownloadQuery),
    responses((status = 200, description = "The file.", content_type = "application/octet-stream"), (status = "default", body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn download_result(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Query(query): Query<DownloadQuery>,
) -> Result<Response, Problem> {
    let place = downloading(&app, &caller)?;
    let format = Format::ALL.into_iter().find(|format| format.extension() == query.format);
    let format = format.ok_or_else(|| Problem::field("format", "must be one of csv, tsv, jsonl, xlsx, parquet"))?;
    let escape_formulas = match query.formulas.as_deref() {
        None | Some("keep") => false,
        Some("escape") => true,
        Some(_) => return Err(Problem::field("formulas", "must be `keep` or `escape`")),
    };
    let request = DownloadRequest {
        format,
        columns: columns(query.columns.as_deref())?,
        view: ViewRequest { sort: query.sort, filter: query.filter },
        choices: TextChoices { header: query.header.unwrap_or(true), escape_formulas },
    };
    let download = app.results().download(&caller.user, ResultId::from_uuid(id), &request).await?;
    let mut response = body(download.stream, place);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    attach(headers, &download.file_name, true);
    Ok(response)
}

/// Sends the bytes of a text, image or file, or a range of them. Only text and plain pictures are shown in place.
#[utoipa::path(get, path = "/api/results/{result_id}/content", tag = "results", operation_id = "get_result_content",
    params(("result_id" = Uuid, Path, description = "The result.")),
    responses((status = 200, description = "The bytes.", content_type = "application/octet-stream"),
        (status = 206, description = "The one range that `Range` asked for.", content_type = "application/octet-stream"),
        (status = 416, description = "No byte is in the range.", body = ProblemDetails, content_type = "application/problem+json"),
        (status = "default", body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn get_result_content(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<Uuid>,
    asked: HeaderMap,
) -> Result<Response, Problem> {
    let place = downloading(&app, &caller)?;
    let id = ResultId::from_uuid(id);
    let size = app.results().describe(&caller.user, id).await?.bytes;
    let range = ByteRange::parse(asked.get(header::RANGE).and_then(|value| value.to_str().ok()));
    let Some((first, length)) = range.within(size) else {
        let detail = format!("the result has {size} bytes, and none of them is in the range");
        let problem = Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, "range-not-satisfiable", detail);
        let mut response = problem.into_response();
        if let Ok(value) = HeaderValue::from_str(&format!("bytes */{size}")) {
            response.headers_mut().insert(header::CONTENT_RANGE, value);
        }
        return Ok(response);
    };
    let download = app.results().content(&caller.user, id, first, Some(length)).await?;
    let media_type = download.result.head.media_type.as_deref().unwrap_or_default();
    let (shown, is_shown) = match download.result.head.content {
        ResultContent::Text => ("text/plain; charset=utf-8", true),
        ResultContent::Image => match SHOWN_IMAGES.into_iter().find(|shown| *shown == media_type) {
            Some(image) => (image, true),
            None => ("application/octet-stream", false),
        },
        ResultContent::Table | ResultContent::File => ("application/octet-stream", false),
    };
    let mut response = body(download.stream, place);
    if range != ByteRange::All {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        let last = first.saturating_add(length).saturating_sub(1);
        if let Ok(value) = HeaderValue::from_str(&format!("bytes {first}-{last}/{size}")) {
            response.headers_mut().insert(header::CONTENT_RANGE, value);
        }
    }
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(shown));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    attach(headers, &download.file_name, !is_shown);
    Ok(response)
}

fn attach(headers: &mut HeaderMap, name: &str, download: bool) {
    if let Ok(value) = HeaderValue::from_str(&disposition(name, download)) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    // What belongs to one user is in no shared cache, and an open result grows.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
}

/// A body that holds its place until it is sent. A failure in between cuts it off, so that no half of a file passes for
/// the whole.
fn body(stream: impl Stream<Item = Result<Bytes, ResultsError>> + Send + 'static, place: Place) -> Response {
    let stream = stream.map(move |piece| {
        let _until_it_is_sent = &place;
        piece.inspect_err(|error| tracing::warn!(error = chain(error), "a download was cut off"))
    });
    let mut response = Body::from_stream(stream).into_response();
    response.extensions_mut().insert(Uncompressed);
    response
}
