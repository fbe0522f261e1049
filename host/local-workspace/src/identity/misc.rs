//! Who am I, and where.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::auth::Caller;
use crate::api::App;

/// GET /api/2.0/preview/scim/v2/Me
pub(crate) async fn me(Caller(user): Caller) -> Json<Value> {
    let name = user.split('@').next().unwrap_or(&user);
    let id = user_id(&user);
    Json(json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "id": id.to_string(),
        "userName": user,
        "displayName": name,
        "name": { "givenName": name },
        "emails": [{ "type": "work", "value": user, "primary": true }],
        "active": true,
        "entitlements": [{ "value": "workspace-access" }, { "value": "databricks-sql-access" }],
        "groups": [{ "display": "admins", "type": "direct", "value": "1" }, { "display": "users", "type": "direct", "value": "2" }],
    }))
}

/// A user's number: the same at each start, below 2^53.
pub(crate) fn user_id(user: &str) -> u64 {
    let digest = Sha256::digest(user.as_bytes());
    digest.iter().take(6).fold(0, |id, byte| id << 8 | u64::from(*byte))
}

/// GET /.well-known/databricks-config
pub(crate) async fn well_known(State(app): State<App>, headers: HeaderMap) -> Json<Value> {
    let origin = origin(&headers);
    Json(json!({
        "oidc_endpoint": format!("{origin}/oidc"),
        "workspace_id": app.workspace_id().to_string(),
        "account_id": "00000000-0000-0000-0000-000000000000",
        "cloud": "LOCAL",
        "host_type": "WORKSPACE",
    }))
}

/// The address that the caller used.
pub(crate) fn origin(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|h| h.to_str().ok()).unwrap_or("127.0.0.1");
    format!("http://{host}")
}
