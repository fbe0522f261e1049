//! /api/2.0/pipelines/{id}/events: the event log.

use axum::{
    Json,
    extract::{Path, State},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    pipelines::own,
    view::{self, cut, window},
};
use crate::{
    http::{error::ApiError, query::Params},
    identity::Caller,
    pipelines::{Pipelines, filter},
};

/// Events of one page at most, and when the caller does not say.
const MAX_PAGE: i64 = 250;
const DEFAULT_PAGE: i64 = 25;

#[derive(Debug, Deserialize)]
pub(crate) struct EventsQuery {
    filter: Option<String>,
    max_results: Option<String>,
    page_token: Option<String>,
    #[serde(default)]
    order_by: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Events {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    events: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

pub(crate) async fn list(
    State(pipelines): State<Pipelines>,
    Caller(user): Caller,
    Path(id): Path<String>,
    Params(query): Params<EventsQuery>,
) -> Result<Json<Events>, ApiError> {
    own(&pipelines, &id, &user).await?;
    let filter = filter::events(query.filter.as_deref()).map_err(ApiError::invalid)?;
    let words = query.order_by.as_deref().unwrap_or_default().to_lowercase();
    let oldest_first = match words.split_whitespace().collect::<Vec<_>>().as_slice() {
        [] | ["timestamp", "desc"] => false,
        ["timestamp"] | ["timestamp", "asc"] => true,
        _ => {
            return Err(ApiError::invalid(format!(
                "order_by must be timestamp asc or timestamp desc, and not '{words}'."
            )));
        }
    };
    let window = window(query.max_results.as_deref(), query.page_token.as_deref(), DEFAULT_PAGE, MAX_PAGE)?;
    let mut found = pipelines.store.events(&id, &filter, oldest_first, window).await?;
    let next_page_token = cut(&mut found, window);
    Ok(Json(Events { events: found.into_iter().map(view::event).collect(), next_page_token }))
}
