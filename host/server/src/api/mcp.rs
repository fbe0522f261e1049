//! The MCP endpoint: not part of the API's document, because its specification is the protocol's own.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http_body_util::BodyExt as _;

use super::problem::Problem;
use super::sse;
use crate::app::AppState;
use crate::identity::Caller;

/// Where it is.
pub(super) const PATH: &str = "/mcp";
/// Where clients of the server that this one replaces look for it.
pub(super) const ALIAS: &str = "/mcp-server";

/// Whether an address is the endpoint's.
pub(super) fn is_at(path: &str) -> bool {
    path == PATH || path == ALIAS
}

/// Marks an answer whose errors are told in the protocol's own words.
#[derive(Debug, Clone, Copy)]
pub(super) struct OwnWords;

/// Answers one request of an MCP client. Each takes a place among the streams while its answer lasts, because each may
/// become one.
pub(super) async fn answer(State(app): State<AppState>, caller: Caller, request: Request) -> Result<Response, Problem> {
    let place = sse::place(&app, &caller)?;
    let guest = app.mcp().guest(caller);
    let answered = app.mcp().endpoint().answer(request, &guest).await;
    let mut response = answered.map(|body| {
        Body::new(body.map_err(move |never| {
            let _taken_until_the_body_is_dropped = &place;
            match never {}
        }))
    });
    response.extensions_mut().insert(OwnWords);
    Ok(response)
}
