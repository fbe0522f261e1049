//! /api/2.0/secrets

use std::fmt;

use axum::{Json, extract::State, http::StatusCode};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};

use super::{
    model::{Permission, Refused},
    store::{Acl, Secrets, Value},
};
use crate::{
    http::{Empty, body::Body, error::ApiError, query::Params},
    identity::{Caller, EVERYBODY},
};

type Done = Result<Json<Empty>, ApiError>;

#[derive(Debug, Deserialize)]
pub(super) struct CreateScope {
    #[serde(default)]
    scope: String,
    initial_manage_principal: Option<String>,
    scope_backend_type: Option<String>,
}

/// Names a scope, and what of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    scope: String,
    key: String,
    principal: String,
    permission: String,
}

#[derive(Deserialize)]
pub(super) struct Put {
    #[serde(default)]
    scope: String,
    #[serde(default)]
    key: String,
    string_value: Option<String>,
    /// In base64.
    bytes_value: Option<String>,
}

impl fmt::Debug for Put {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Put").field("scope", &self.scope).field("key", &self.key).finish_non_exhaustive()
    }
}

#[derive(Debug, Serialize)]
pub(super) struct Scopes {
    scopes: Vec<Scope>,
}

#[derive(Debug, Serialize)]
struct Scope {
    name: String,
    backend_type: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct List {
    secrets: Vec<Secret>,
}

#[derive(Debug, Serialize)]
struct Secret {
    key: String,
    last_updated_timestamp: i64,
}

#[derive(Serialize)]
pub(super) struct Got {
    key: String,
    /// In base64.
    value: String,
}

impl fmt::Debug for Got {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Got").field("key", &self.key).finish_non_exhaustive()
    }
}

#[derive(Debug, Serialize)]
pub(super) struct Acls {
    items: Vec<AclItem>,
}

#[derive(Debug, Serialize)]
pub(super) struct AclItem {
    principal: String,
    permission: &'static str,
}

impl From<Acl> for AclItem {
    fn from(acl: Acl) -> Self {
        Self { principal: acl.principal, permission: acl.permission.as_str() }
    }
}

pub(super) async fn create_scope(
    State(secrets): State<Secrets>,
    Caller(user): Caller,
    Body(body): Body<CreateScope>,
) -> Done {
    if body.scope_backend_type.is_some_and(|kind| kind != "DATABRICKS") {
        return Err(ApiError::invalid("The local workspace keeps secrets itself: scope_backend_type is DATABRICKS."));
    }
    let everybody = match body.initial_manage_principal.as_deref() {
        None => false,
        Some(EVERYBODY) => true,
        Some(_) => return Err(ApiError::invalid("initial_manage_principal may only be the group users.")),
    };
    secrets.create_scope(&user, &body.scope, everybody).await?;
    Ok(Json(Empty {}))
}

pub(super) async fn list_scopes(
    State(secrets): State<Secrets>,
    Caller(user): Caller,
) -> Result<Json<Scopes>, ApiError> {
    let scopes = secrets.scopes(&user).await?.into_iter();
    Ok(Json(Scopes { scopes: scopes.map(|name| Scope { name, backend_type: "DATABRICKS" }).collect() }))
}

pub(super) async fn delete_scope(
    State(secrets): State<Secrets>,
    Caller(user): Caller,
    Body(asked): Body<Asked>,
) -> Done {
    secrets.delete_scope(&user, &asked.scope).await?;
    Ok(Json(Empty {}))
}

pub(super) async fn put(State(secrets): State<Secrets>, Caller(user): Caller, Body(body): Body<Put>) -> Done {
    let value = match (body.string_value, body.bytes_value) {
        (Some(text), None) => text.into_bytes(),
        (None, Some(text)) => {
            let decoded = BASE64_STANDARD.decode(text);
            decoded.map_err(|_| ApiError::invalid("The bytes_value is not valid base64."))?
        }
        _ => return Err(ApiError::invalid("Exactly one of string_value and bytes_value must be given.")),
    };
    secrets.put(&user, &body.scope, &body.key, &Value(value)).await?;
    Ok(Json(Empty {}))
}

pub(super) async fn delete(State(secrets): State<Secrets>, Caller(user): Caller, Body(asked): Body<Asked>) -> Done {
    secrets.delete(&user, &asked.scope, &asked.key).await?;
    Ok(Json(Empty {}))
}

pub(super) async fn list(
    State(secrets): State<Secrets>,
    Caller(user): Caller,
    Params(asked): Params<Asked>,
) -> Result<Json<List>, ApiError> {
    let found = secrets.list(&user, &asked.scope).await?.into_iter();
    let secret = |it: super::store::Metadata| Secret { key: it.key, last_updated_timestamp: it.updated_at };
    Ok(Json(List { secrets: found.map(secret).collect() }))
}

pub(super) async fn get(
    State(secrets): State<Secrets>,
    Caller(user): Caller,
    Params(asked): Params<Asked>,
) -> Result<Json<Got>, ApiError> {
    let value = secrets.get(&user, &asked.scope, &asked.key).await?;
    Ok(Json(Got { key: asked.key, value: BASE64_STANDARD.encode(value.0) }))
}

pub(super) async fn put_acl(State(secrets): State<Secrets>, Caller(user): Caller, Body(asked): Body<Asked>) -> Done {
    let permission = Permission::parse(&asked.permission)
        .ok_or_else(|| ApiError::invalid("The permission is one of READ, WRITE and MANAGE."))?;
    secrets.put_acl(&user, &asked.scope, &Acl { principal: asked.principal, permission }).await?;
    Ok(Json(Empty {}))
}

pub(super) async fn delete_acl(State(secrets): State<Secrets>, Caller(user): Caller, Body(asked): Body<Asked>) -> Done {
    secrets.delete_acl(&user, &asked.scope, &asked.principal).await?;
    Ok(Json(Empty {}))
}

pub(super) async fn list_acls(
    State(secrets): State<Secrets>,
    Caller(user): Caller,
    Params(asked): Params<Asked>,
) -> Result<Json<Acls>, ApiError> {
    let items = secrets.acls(&user, &asked.scope).await?;
    Ok(Json(Acls { items: items.into_iter().map(AclItem::from).collect() }))
}

pub(super) async fn get_acl(
    State(secrets): State<Secrets>,
    Caller(user): Caller,
    Params(asked): Params<Asked>,
) -> Result<Json<AclItem>, ApiError> {
    let acls = secrets.acls(&user, &asked.scope).await?;
    let found = acls.into_iter().find(|acl| acl.principal == asked.principal);
    let missing = || Refused::NoAcl { scope: asked.scope.clone(), principal: asked.principal.clone() };
    Ok(Json(found.ok_or_else(missing)?.into()))
}

impl From<Refused> for ApiError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::NoScope(scope) => Self::not_found(format!("Scope {scope} does not exist!")),
            Refused::NoSecret { scope, key } => {
                Self::not_found(format!("Secret does not exist with scope: {scope} and key: {key}"))
            }
            Refused::NoAcl { scope, principal } => {
                Self::not_found(format!("No permission of {principal} on the scope {scope} exists."))
            }
            Refused::Exists(scope) => {
                let message = format!("Scope {scope} already exists!");
                Self::new(StatusCode::BAD_REQUEST, "RESOURCE_ALREADY_EXISTS", message)
            }
            Refused::Denied { user, scope, needed } => {
                let needed = needed.as_str();
                let message = format!("User {user} does not have {needed} permission on scope {scope}.");
                Self::new(StatusCode::FORBIDDEN, "PERMISSION_DENIED", message)
            }
            Refused::Invalid(text) => Self::invalid(text),
            Refused::Full(text) => Self::new(StatusCode::BAD_REQUEST, "RESOURCE_LIMIT_EXCEEDED", text),
            Refused::Objects(error) => error.into(),
        }
    }
}
