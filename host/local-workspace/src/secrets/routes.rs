//! The area's routes.

use axum::{
    Router,
    routing::{get, post},
};

use super::{api, store::Secrets};
use crate::http::{
    Area,
    section::{Of, Section, text},
};

/// What the page shows of secrets: that there are scopes.
pub(crate) const SECTIONS: &[Section] = &[Section {
    id: "scopes",
    title: "Secret scopes",
    path: "/api/2.0/secrets/scopes/list",
    list: "scopes",
    columns: &[text("Scope", "/name")],
    of: Some(Of::All),
    opens: None,
    link: None,
}];

pub(crate) fn area(secrets: Secrets) -> Area {
    let closed = Router::new()
        .route("/scopes/create", post(api::create_scope))
        .route("/scopes/list", get(api::list_scopes))
        .route("/scopes/delete", post(api::delete_scope))
        .route("/put", post(api::put))
        .route("/delete", post(api::delete))
        .route("/list", get(api::list))
        .route("/get", get(api::get))
        .route("/acls/put", post(api::put_acl))
        .route("/acls/delete", post(api::delete_acl))
        .route("/acls/list", get(api::list_acls))
        .route("/acls/get", get(api::get_acl));
    Area { closed: Router::new().nest("/api/2.0/secrets", closed).with_state(secrets), open: Router::new() }
}
