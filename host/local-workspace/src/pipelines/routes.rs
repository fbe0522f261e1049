//! The area's routes.

use axum::{
    Router,
    routing::{get, post},
};

use super::{
    api::{events, pipelines, updates},
    state::Pipelines,
};
use crate::http::Area;

/// Where the area begins.
const PIPELINES: &str = "/api/2.0/pipelines";

pub(crate) fn area(state: Pipelines) -> Area {
    let routes = Router::new()
        .route("/{id}", get(pipelines::get).put(pipelines::edit).delete(pipelines::delete))
        .route("/{id}/updates", get(updates::list).post(updates::start))
        .route("/{id}/updates/{update_id}", get(updates::get))
        .route("/{id}/events", get(events::list))
        .route("/{id}/stop", post(updates::stop));
    let closed = Router::new().route(PIPELINES, get(pipelines::list).post(pipelines::create)).nest(PIPELINES, routes);
    Area { closed: closed.with_state(state), open: Router::new() }
}
