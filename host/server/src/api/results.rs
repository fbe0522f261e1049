//! Typed results of calls that are too large for their events.

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bricklayer_domain::{ToolCallId, TurnId};
use bytes::Bytes;
use http::{HeaderValue, header};
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::extract::Path;
use super::problem::{Problem, ProblemDetails};
use crate::app::AppState;
use crate::identity::Caller;

/// Results that are under way at once; further readers wait. Each is held whole while it is sent, up to the largest
/// event.
const RESULTS_AT_ONCE: usize = 16;
static RESULTS: Semaphore = Semaphore::const_new(RESULTS_AT_ONCE);

/// Bytes of a result that are handed on at once.
const PIECE_BYTES: usize = 64 * 1024;

/// Sends the typed result of a call, whole, as the tool gave it.
#[utoipa::path(get, path = "/api/executions/{execution_id}/calls/{call_id}/structured", tag = "turns", operation_id = "get_structured_result",
    params(("execution_id" = Uuid, Path, description = "The turn."), ("call_id" = String, Path, description = "The call.")),
    responses((status = 200, description = "The result; its shape is the tool's.", body = Object),
        (status = "default", body = ProblemDetails, content_type = "application/problem+json")))]
pub(crate) async fn get_structured_result(
    State(app): State<AppState>,
    caller: Caller,
    Path((turn, call)): Path<(Uuid, String)>,
) -> Result<Response, Problem> {
    // The semaphore is never closed.
    let place = RESULTS.acquire().await.ok();
    let found = app.store().structured_result(&caller.user, TurnId::from_uuid(turn), &ToolCallId(call)).await?;
    let text = found.ok_or_else(|| Problem::not_found("typed result"))?;
    let length = text.len();
    let pieces = futures::stream::unfold((Bytes::from(text), place), |(mut rest, place)| async move {
        if rest.is_empty() {
            return None;
        }
        let piece = rest.split_to(PIECE_BYTES.min(rest.len()));
        Some((Ok::<_, std::convert::Infallible>(piece), (rest, place)))
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CONTENT_LENGTH, HeaderValue::from(length)),
        // A call that ended does not end again, and nobody else may see it.
        (header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=3600")),
    ];
    Ok((headers, Body::from_stream(pieces)).into_response())
}
