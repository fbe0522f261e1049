//! The area's routes.

use axum::{
    Router,
    routing::{get, post},
};

use super::{
    api::{clusters, commands, offers},
    state::Compute,
};
use crate::http::{
    Area,
    section::{Of, Section, text},
};

/// What the page shows of clusters.
pub(crate) const SECTIONS: &[Section] = &[Section {
    id: "clusters",
    title: "Clusters",
    path: "/api/2.1/clusters/list",
    list: "clusters",
    columns: &[
        text("Cluster", "/cluster_name"),
        text("State", "/state"),
        text("Runtime", "/spark_version"),
        text("Creator", "/creator_user_name"),
    ],
    of: Some(Of::All),
    opens: None,
    link: None,
}];

/// Versions of the clusters' API that answer, all of them like the newest.
const VERSIONS: [&str; 2] = ["/api/2.1/clusters", "/api/2.0/clusters"];

pub(crate) fn area(state: Compute) -> Area {
    let clusters = Router::new()
        .route("/create", post(clusters::create))
        .route("/get", get(clusters::get))
        .route("/list", get(clusters::list))
        .route("/edit", post(clusters::edit))
        .route("/update", post(clusters::update))
        .route("/start", post(clusters::start))
        .route("/restart", post(clusters::restart))
        .route("/resize", post(clusters::resize))
        .route("/delete", post(clusters::terminate))
        .route("/permanent-delete", post(clusters::delete))
        .route("/pin", post(clusters::pin))
        .route("/unpin", post(clusters::unpin))
        .route("/change-owner", post(clusters::change_owner))
        .route("/events", post(clusters::events))
        .route("/list-node-types", get(offers::node_types))
        .route("/list-zones", get(offers::zones))
        .route("/spark-versions", get(offers::spark_versions));
    let commands = Router::new()
        .route("/contexts/create", post(commands::create_context))
        .route("/contexts/status", get(commands::context_status))
        .route("/contexts/destroy", post(commands::destroy_context))
        .route("/commands/execute", post(commands::execute))
        .route("/commands/status", get(commands::command_status))
        .route("/commands/cancel", post(commands::cancel));
    let closed = VERSIONS.iter().fold(Router::new(), |all, version| all.nest(version, clusters.clone()));
    Area { closed: closed.nest("/api/1.2", commands).with_state(state), open: Router::new() }
}
