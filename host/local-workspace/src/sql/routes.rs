//! The area's routes.

use axum::{
    Router,
    routing::{get, post},
};

use super::{
    api::{history, links, queries, statements, warehouses},
    state::Sql,
};
use crate::http::{
    Area,
    section::{Of, Section, text},
};

/// What the page shows of SQL.
pub(crate) const SECTIONS: &[Section] = &[
    Section {
        id: "warehouses",
        title: "SQL warehouses",
        path: "/api/2.0/sql/warehouses",
        list: "warehouses",
        columns: &[text("Warehouse", "/name"), text("State", "/state"), text("Size", "/cluster_size")],
        of: Some(Of::All),
        opens: None,
        link: None,
    },
    Section {
        id: "statements",
        title: "Statements",
        path: "/api/2.0/sql/history/queries?max_results=25",
        list: "res",
        columns: &[text("Statement", "/query_text"), text("State", "/status"), text("User", "/user_name")],
        of: Some(Of::All),
        opens: None,
        link: None,
    },
    Section {
        id: "queries",
        title: "Saved queries",
        path: "/api/2.0/sql/queries",
        list: "results",
        columns: &[text("Query", "/display_name"), text("Owner", "/owner_user_name"), text("Text", "/query_text")],
        of: Some(Of::All),
        opens: None,
        link: None,
    },
];

pub(crate) fn area(sql: Sql) -> Area {
    let closed = Router::new()
        .route("/api/2.0/sql/warehouses", get(warehouses::list).post(warehouses::create))
        .route("/api/2.0/sql/warehouses/{id}", get(warehouses::get).delete(warehouses::delete))
        .route("/api/2.0/sql/warehouses/{id}/edit", post(warehouses::edit))
        .route("/api/2.0/sql/warehouses/{id}/start", post(warehouses::start))
        .route("/api/2.0/sql/warehouses/{id}/stop", post(warehouses::stop))
        .route("/api/2.0/preview/sql/data_sources", get(warehouses::data_sources))
        .route("/api/2.0/sql/statements", post(statements::execute))
        .route("/api/2.0/sql/statements/", post(statements::execute))
        .route("/api/2.0/sql/statements/{id}", get(statements::get))
        .route("/api/2.0/sql/statements/{id}/cancel", post(statements::cancel))
        .route("/api/2.0/sql/statements/{id}/result/chunks/{chunk}", get(statements::chunk))
        .route("/api/2.0/sql/history/queries", get(history::list))
        .route("/api/2.0/sql/queries", get(queries::list).post(queries::create))
        .route("/api/2.0/sql/queries/{id}", get(queries::get).patch(queries::update).delete(queries::delete))
        .with_state(sql.clone());
    let open = Router::new().route("/_results/{id}/{chunk}", get(links::download)).with_state(sql);
    Area { closed, open }
}
