//! Results and what is in their tables.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bricklayer_domain::{ConversationId, ResultId};
use bricklayer_results::{RowsRequest, SampleRequest, ViewRequest, WholeCell};
use bricklayer_store::{Cursor, MAX_PAGE, PageRequest};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::shown::{ColumnHistogram, ColumnSummary, DistinctValues, ResultInfo, ResultList, ResultRows};
use super::{asking, columns};
use crate::api::extract::{Path, Query};
use crate::api::problem::{Problem, ProblemDetails};
use crate::app::AppState;
use crate::identity::Caller;

/// Results of a page when nobody says.
const DEFAULT_LISTED: u32 = 50;
/// Rows of an answer when nobody says, and values of one about a column.
const DEFAULT_ROWS: u32 = 100;
/// Rows of a sample when nobody says.
const DEFAULT_SAMPLE: u32 = 1_000;
/// Bins of a histogram when nobody says.
const DEFAULT_BINS: u32 = 20;
/// Says that a cell has no value, where an empty body could be an empty text.
const NULL_HEADER: HeaderName = HeaderName::from_static("x-null");

/// Which part of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResultListQuery {
    /// Continue here: `next` of another answer.
    after: Option<String>,
    /// So many, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
}

/// Lists a conversation's results, the newest first.
#[utoipa::path(get, path = "/api/conversations/{conversation_id}/results", tag = "results", operation_id = "list_results",
    params(("conversation_id" = Uuid, Path, description = "The conversation."), ResultListQuery),
    responses((status = 200, body = ResultList), (status = "default", body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn list_results(
    State(app): State<AppState>,
    caller: Caller,
    Path(conversation): Path<Uuid>,
    Query(query): Query<ResultListQuery>,
) -> Result<Json<ResultList>, Problem> {
    let limit = query.limit.unwrap_or(DEFAULT_LISTED);
    if !(1..=MAX_PAGE).contains(&limit) {
        return Err(Problem::field("limit", format!("must be between 1 and {MAX_PAGE}")));
    }
    let wrong = |_| Problem::field("after", "must be `next` of another answer");
    let after: Option<Cursor> = query.after.as_deref().map(str::parse).transpose().map_err(wrong)?;
    let conversation = ConversationId::from_uuid(conversation);
    let page = app.results().list(&caller.user, conversation, PageRequest { after, limit }).await?;
    let results = page.items.into_iter().map(ResultInfo::from).collect();
    Ok(Json(ResultList { results, next: page.next.map(|cursor| cursor.to_string()) }))
}

/// Shows a result: what it is, where it came from, and whether it is all.
#[utoipa::path(get, path = "/api/results/{result_id}", tag = "results", operation_id = "get_result",
    params(("result_id" = Uuid, Path, description = "The result.")),
    responses((status = 200, body = ResultInfo), (status = "default", body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn get_result(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<Json<ResultInfo>, Problem> {
    Ok(Json(app.results().describe(&caller.user, ResultId::from_uuid(id)).await?.into()))
}

/// Which rows of a table.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct RowsQuery {
    /// Rows to leave out before.
    #[param(default = 0)]
    offset: Option<u64>,
    /// So many rows, 1 to 1000; fewer come when they take more than 2 MiB.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u32>,
    /// Places of columns with commas, from 0; all without it.
    columns: Option<String>,
    /// Places of columns with commas, each with `:asc` or `:desc`.
    sort: Option<String>,
    /// A condition in JSON, such as `{"column": 0, "op": "ge", "value": "5"}`.
    filter: Option<String>,
}

/// Sends rows of a table, sorted and filtered as asked.
#[utoipa::path(get, path = "/api/results/{result_id}/rows", tag = "results", operation_id = "get_result_rows",
    params(("result_id" = Uuid, Path, description = "The result."), RowsQuery),
    responses((status = 200, body = ResultRows), (status = "default", body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn get_result_rows(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Query(query): Query<RowsQuery>,
) -> Result<Json<ResultRows>, Problem> {
    let _place = asking(&app, &caller)?;
    let request = RowsRequest {
        offset: query.offset.unwrap_or_default(),
        limit: query.limit.unwrap_or(DEFAULT_ROWS),
        columns: columns(query.columns.as_deref())?,
        view: ViewRequest { sort: query.sort, filter: query.filter },
    };
    Ok(Json(app.results().rows(&caller.user, ResultId::from_uuid(id), &request).await?.into()))
}

/// Which rows of all of a table.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct SampleQuery {
    /// Places of columns with commas, from 0; all without it.
    columns: Option<String>,
    /// A condition in JSON, as for rows.
    filter: Option<String>,
    /// So many rows, 1 to 10000; refused when they take more than 8 MiB.
    #[param(minimum = 1, maximum = 10_000, default = 1_000)]
    limit: Option<u32>,
}

/// Sends rows that lie as far from each other as they can, for a picture of the whole table.
#[utoipa::path(get, path = "/api/results/{result_id}/sample", tag = "results", operation_id = "sample_result",
    params(("result_id" = Uuid, Path, description = "The result."), SampleQuery),
    responses((status = 200, body = ResultRows), (status = "default", body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn sample_result(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Query(query): Query<SampleQuery>,
) -> Result<Json<ResultRows>, Problem> {
    let _place = asking(&app, &caller)?;
    let request = SampleRequest {
        limit: query.limit.unwrap_or(DEFAULT_SAMPLE),
        columns: columns(query.columns.as_deref())?,
        filter: query.filter,
    };
    Ok(Json(app.results().sample(&caller.user, ResultId::from_uuid(id), &request).await?.into()))
}

/// Sends one cell of a table, whole. No value is an empty answer with `X-Null: true`.
#[utoipa::path(get, path = "/api/results/{result_id}/cells/{row}/{column}", tag = "results", operation_id = "get_result_cell",
    params(("result_id" = Uuid, Path, description = "The result."), ("row" = u64, Path, description = "The row's place in the result."),
        ("column" = usize, Path, description = "The column's place.")),
    responses((status = 200, description = "The value's text, or its bytes.", content_type = "text/plain"), (status = "default", body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn get_result_cell(
    State(app): State<AppState>,
    caller: Caller,
    Path((id, row, column)): Path<(Uuid, u64, usize)>,
) -> Result<Response, Problem> {
    let _place = asking(&app, &caller)?;
    let text = |text: String| ([(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"))], text);
    let binary = HeaderValue::from_static("application/octet-stream");
    Ok(match app.results().cell(&caller.user, ResultId::from_uuid(id), row, column).await? {
        WholeCell::Text(cell) => text(cell).into_response(),
        WholeCell::Null => ([(NULL_HEADER, HeaderValue::from_static("true"))], text(String::new())).into_response(),
        WholeCell::Binary(bytes) => (StatusCode::OK, [(header::CONTENT_TYPE, binary)], bytes).into_response(),
    })
}

/// Which rows count.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct SummaryQuery {
    /// A condition in JSON, as for rows.
    filter: Option<String>,
}

/// Sums a column up.
#[utoipa::path(get, path = "/api/results/{result_id}/columns/{column}/summary", tag = "results", operation_id = "get_column_summary",
    params(("result_id" = Uuid, Path, description = "The result."), ("column" = usize, Path, description = "The column's place."), SummaryQuery),
    responses((status = 200, body = ColumnSummary), (status = "default", body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn get_column_summary(
    State(app): State<AppState>,
    caller: Caller,
    Path((id, column)): Path<(Uuid, usize)>,
    Query(query): Query<SummaryQuery>,
) -> Result<Json<ColumnSummary>, Problem> {
    let _place = asking(&app, &caller)?;
    let id = ResultId::from_uuid(id);
    Ok(Json(app.results().summary(&caller.user, id, column, query.filter.as_deref()).await?.into()))
}

/// Which values.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct DistinctQuery {
    /// So many values, 1 to 1000.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u32>,
    /// Only values whose text contains this, in any case.
    search: Option<String>,
    /// A condition in JSON, as for rows.
    filter: Option<String>,
}

/// Lists the most frequent values of a column.
#[utoipa::path(get, path = "/api/results/{result_id}/columns/{column}/distinct", tag = "results", operation_id = "list_distinct_values",
    params(("result_id" = Uuid, Path, description = "The result."), ("column" = usize, Path, description = "The column's place."), DistinctQuery),
    responses((status = 200, body = DistinctValues), (status = "default", body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn list_distinct_values(
    State(app): State<AppState>,
    caller: Caller,
    Path((id, column)): Path<(Uuid, usize)>,
    Query(query): Query<DistinctQuery>,
) -> Result<Json<DistinctValues>, Problem> {
    let _place = asking(&app, &caller)?;
    let (id, limit) = (ResultId::from_uuid(id), query.limit.unwrap_or(DEFAULT_ROWS));
    let (search, filter) = (query.search.as_deref(), query.filter.as_deref());
    Ok(Json(app.results().distinct(&caller.user, id, column, limit, search, filter).await?.into()))
}

/// How fine.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct HistogramQuery {
    /// So many bins, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 20)]
    bins: Option<u32>,
    /// A condition in JSON, as for rows.
    filter: Option<String>,
}

/// Shows how a column's numbers or times lie.
#[utoipa::path(get, path = "/api/results/{result_id}/columns/{column}/histogram", tag = "results", operation_id = "get_column_histogram",
    params(("result_id" = Uuid, Path, description = "The result."), ("column" = usize, Path, description = "The column's place."), HistogramQuery),
    responses((status = 200, body = ColumnHistogram), (status = "default", body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn get_column_histogram(
    State(app): State<AppState>,
    caller: Caller,
    Path((id, column)): Path<(Uuid, usize)>,
    Query(query): Query<HistogramQuery>,
) -> Result<Json<ColumnHistogram>, Problem> {
    let _place = asking(&app, &caller)?;
    let (id, bins) = (ResultId::from_uuid(id), query.bins.unwrap_or(DEFAULT_BINS));
    Ok(Json(app.results().histogram(&caller.user, id, column, bins, query.filter.as_deref()).await?.into()))
}
