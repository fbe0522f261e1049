//! The area's routes.

use axum::{
    Router,
    routing::{get, post},
};

use super::{discovery, oauth, scim, state::Identity};
use crate::http::Area;

pub(crate) fn area(identity: Identity) -> Area {
    let people = Router::new()
        .route("/Me", get(scim::me))
        .route("/Users", get(scim::users))
        .route("/Users/{id}", get(scim::user))
        .route("/Groups", get(scim::groups))
        .route("/Groups/{id}", get(scim::group))
        .route("/ServicePrincipals", get(scim::service_principals))
        .route("/ServicePrincipals/{id}", get(scim::service_principal));
    let closed = Router::new().nest("/api/2.0/preview/scim/v2", people).with_state(identity.clone());
    let open = Router::new()
        .route("/.well-known/databricks-config", get(discovery::config))
        .route("/oidc/.well-known/oauth-authorization-server", get(oauth::server))
        .route("/oidc/v1/token", post(oauth::token));
    Area { closed, open: open.with_state(identity) }
}
