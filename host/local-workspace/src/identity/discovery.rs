//! GET /.well-known/databricks-config

use axum::{Json, extract::State, http::HeaderMap};
use serde::Serialize;

use super::state::Identity;
use crate::http::origin;

/// What clients ask before they sign in.
#[derive(Debug, Serialize)]
pub(super) struct Config {
    oidc_endpoint: String,
    workspace_id: String,
    account_id: &'static str,
    cloud: &'static str,
    host_type: &'static str,
}

pub(super) async fn config(State(identity): State<Identity>, headers: HeaderMap) -> Json<Config> {
    Json(Config {
        oidc_endpoint: format!("{}/oidc", origin(&headers)),
        workspace_id: identity.workspace_id.to_string(),
        account_id: "00000000-0000-0000-0000-000000000000",
        cloud: "LOCAL",
        host_type: "WORKSPACE",
    })
}
