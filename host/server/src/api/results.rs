//! Results; and typed results of calls that are too large for their events.

pub(crate) mod aggregate;
pub(crate) mod changes;
pub(crate) mod files;
pub(crate) mod numbers;
pub(crate) mod rerun;
mod shown;
pub(crate) mod table;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bricklayer_domain::{ToolCallId, TurnId};
use bytes::Bytes;
use futures::StreamExt as _;
use http::{HeaderValue, StatusCode, header};
use tokio::sync::Semaphore;

use super::extract::Path;
use super::problem::Problem;
use crate::app::AppState;
use crate::identity::Caller;
use crate::places::{NoPlace, Place, Places};

/// Results that are under way at once; further readers wait. Each is held whole while it is sent, up to the largest
/// event.
const RESULTS_AT_ONCE: usize = 16;
static RESULTS: Semaphore = Semaphore::const_new(RESULTS_AT_ONCE);

/// Bytes of a result that are handed on at once.
const PIECE_BYTES: usize = 64 * 1024;

/// Sends the typed result of a call, whole, as the tool gave it.
#[utoipa::path(get, path = "/api/executions/{execution_id}/calls/{call_id}/structured", tag = "turns", operation_id = "get_structured_result",
    params(("execution_id" = Uuid, Path, description = "The turn."), ("call_id" = String, Path, description = "The call.")),
    responses((status = 200, description = "The result; its shape is the tool's.", body = Object)))]
pub(crate) async fn get_structured_result(
    State(app): State<AppState>,
    caller: Caller,
    Path((turn, call)): Path<(TurnId, ToolCallId)>,
) -> Result<Response, Problem> {
    // The semaphore is never closed.
    let place = RESULTS.acquire().await.ok();
    let found = app.store().structured_result(&caller.user, turn, &call).await?;
    let text = found.ok_or_else(|| Problem::not_found("typed result"))?;
    let length = text.len();
    let pieces = futures::stream::unfold((Bytes::from(text), place), |(mut rest, place)| async move {
        if rest.is_empty() {
            return None;
        }
        let piece = rest.split_to(PIECE_BYTES.min(rest.len()));
        Some((Ok::<_, std::convert::Infallible>(piece), (rest, place)))
    });
    // What compresses it asks once more after its end.
    let pieces = pieces.fuse();
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CONTENT_LENGTH, HeaderValue::from(length)),
        // A call that ended does not end again, and nobody else may see it.
        (header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=3600")),
    ];
    Ok((headers, Body::from_stream(pieces)).into_response())
}

/// Wait that is told when somebody asks too much at once.
const RETRY_SECONDS: u64 = 2;

/// A place for a question about a table.
fn asking(app: &AppState, caller: &Caller) -> Result<Place, Problem> {
    take(app.result_questions(), caller, "questions about results")
}

/// A place for a whole result that is sent.
fn downloading(app: &AppState, caller: &Caller) -> Result<Place, Problem> {
    take(app.downloads(), caller, "downloads")
}

fn take(places: &Places, caller: &Caller, what: &str) -> Result<Place, Problem> {
    places.take(&caller.user).map_err(|no| {
        let who = match no {
            NoPlace::OfUser => "you have",
            NoPlace::InAll => "the server has",
        };
        let detail = format!("{who} too many {what} under way; wait for one to end");
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-results", detail).retry_after(RETRY_SECONDS)
    })
}

/// Places of columns, as a parameter lists them.
fn columns(text: Option<&str>) -> Result<Option<Vec<usize>>, Problem> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let columns = text.split(',').map(|place| place.trim().parse().ok()).collect::<Option<Vec<usize>>>();
    columns.map(Some).ok_or_else(|| Problem::field("columns", "must be places of columns with commas, such as 0,2"))
}
