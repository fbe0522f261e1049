//! The area's routes.

use axum::{
    Router,
    routing::{get, post},
};

use super::{
    api::{events, pipelines, updates},
    state::Pipelines,
};
use crate::http::{
    Area,
    section::{Of, Section, text},
};

/// Where the area begins.
const PIPELINES: &str = "/api/2.0/pipelines";

pub(crate) const SECTIONS: &[Section] = &[
    Section {
        id: "pipelines",
        title: "Pipelines",
        path: "/api/2.0/pipelines?max_results=100",
        list: "statuses",
        columns: &[
            text("Pipeline", "/name"),
            text("State", "/state"),
            text("Newest update", "/latest_updates/0/state"),
            text("Creator", "/creator_user_name"),
        ],
        of: Some(Of::All),
        opens: Some(("events-of-pipeline", "/pipeline_id")),
        link: None,
    },
    Section {
        id: "events-of-pipeline",
        title: "Events of a pipeline",
        path: "/api/2.0/pipelines/{}/events?max_results=100",
        list: "events",
        columns: &[text("Time", "/timestamp"), text("Level", "/level"), text("Event", "/message")],
        of: None,
        opens: None,
        link: Some("/pipelines/{of}"),
    },
];

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
