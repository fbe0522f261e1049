//! GET /api/2.0/preview/scim/v2/Me

use axum::Json;
use serde::Serialize;

use super::{auth::Caller, users::user_id};

/// A user in SCIM's shape.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct User {
    schemas: [&'static str; 1],
    id: String,
    user_name: String,
    display_name: String,
    name: Name,
    emails: [Email; 1],
    active: bool,
    entitlements: [Entitlement; 2],
    groups: [Group; 2],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Name {
    given_name: String,
}

#[derive(Debug, Serialize)]
struct Email {
    #[serde(rename = "type")]
    kind: &'static str,
    value: String,
    primary: bool,
}

#[derive(Debug, Serialize)]
struct Entitlement {
    value: &'static str,
}

#[derive(Debug, Serialize)]
struct Group {
    display: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    value: &'static str,
}

pub(super) async fn me(Caller(user): Caller) -> Json<User> {
    let name = user.split('@').next().unwrap_or(&user).to_owned();
    Json(User {
        schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
        id: user_id(&user).to_string(),
        user_name: user.clone(),
        display_name: name.clone(),
        name: Name { given_name: name },
        emails: [Email { kind: "work", value: user, primary: true }],
        active: true,
        entitlements: [Entitlement { value: "workspace-access" }, Entitlement { value: "databricks-sql-access" }],
        groups: [
            Group { display: "admins", kind: "direct", value: "1" },
            Group { display: "users", kind: "direct", value: "2" },
        ],
    })
}
