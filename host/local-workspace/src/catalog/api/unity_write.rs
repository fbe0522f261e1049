//! /api/2.1/unity-catalog, changes: carried out as the SQL statements that mean the same.

use axum::{
    Json,
    body::Bytes,
    extract::{Path, Query, State},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::unity::{self, Answer, blocking};
use crate::sql::language::{
    command::{Command, CommentTarget, DropKind, Properties, Securable},
    names::SchemaName,
};
use crate::{api::App, http::error::ApiError, identity::auth::Caller, sql::api::warehouses::object};

/// Query parameters of the delete calls.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct DeleteQuery {
    #[serde(default)]
    force: bool,
}

async fn run(app: &App, user: &str, command: Command) -> Result<(), ApiError> {
    let user = user.to_owned();
    blocking(app, move |engine| engine.command(&command, &user).map(drop)).await
}

pub(crate) async fn create_catalog(State(app): State<App>, Caller(user): Caller, body: Bytes) -> Answer {
    let body = object(&body)?;
    let name = required(&body, "name")?.to_lowercase();
    for unsupported in ["storage_root", "connection_name", "share_name", "provider_name"] {
        if body.contains_key(unsupported) {
            return Err(ApiError::invalid(format!("The local workspace does not support {unsupported} of a catalog.")));
        }
    }
    let command = Command::CreateCatalog { name: name.clone(), if_not_exists: false, comment: text(&body, "comment") };
    run(&app, &user, command).await?;
    let properties = properties(&body);
    if !properties.is_empty() {
        let on = Securable::Catalog(name.clone());
        run(&app, &user, Command::AlterProperties { on, set: properties, unset: Vec::new() }).await?;
    }
    unity::catalog(State(app), Path(name)).await
}

pub(crate) async fn update_catalog(
    State(app): State<App>,
    Caller(user): Caller,
    Path(name): Path<String>,
    body: Bytes,
) -> Answer {
    let body = object(&body)?;
    if body.contains_key("new_name") {
        return Err(ApiError::invalid("The local workspace does not support renaming a catalog."));
    }
    update(&app, &user, &Securable::Catalog(name.to_lowercase()), &body).await?;
    unity::catalog(State(app), Path(name)).await
}

pub(crate) async fn delete_catalog(
    State(app): State<App>,
    Caller(user): Caller,
    Path(name): Path<String>,
    Query(query): Query<DeleteQuery>,
) -> Answer {
    let command = Command::DropCatalog { name: name.to_lowercase(), if_exists: false, cascade: query.force };
    run(&app, &user, command).await?;
    Ok(Json(json!({})))
}

pub(crate) async fn create_schema(State(app): State<App>, Caller(user): Caller, body: Bytes) -> Answer {
    let body = object(&body)?;
    let name = SchemaName {
        catalog: required(&body, "catalog_name")?.to_lowercase(),
        schema: required(&body, "name")?.to_lowercase(),
    };
    if body.contains_key("storage_root") {
        return Err(ApiError::invalid("The local workspace does not support storage_root of a schema."));
    }
    let command = Command::CreateSchema {
        name: name.clone(),
        if_not_exists: false,
        comment: text(&body, "comment"),
        properties: properties(&body),
    };
    run(&app, &user, command).await?;
    unity::schema(State(app), Path(name.full_name())).await
}

pub(crate) async fn update_schema(
    State(app): State<App>,
    Caller(user): Caller,
    Path(name): Path<String>,
    body: Bytes,
) -> Answer {
    let body = object(&body)?;
    if body.contains_key("new_name") {
        return Err(ApiError::invalid("The local workspace does not support renaming a schema."));
    }
    update(&app, &user, &Securable::Schema(unity::schema_name(&name)?), &body).await?;
    unity::schema(State(app), Path(name)).await
}

pub(crate) async fn delete_schema(
    State(app): State<App>,
    Caller(user): Caller,
    Path(name): Path<String>,
    Query(query): Query<DeleteQuery>,
) -> Answer {
    let name = unity::schema_name(&name)?;
    run(&app, &user, Command::DropSchema { name, if_exists: false, cascade: query.force }).await?;
    Ok(Json(json!({})))
}

pub(crate) async fn delete_table(State(app): State<App>, Caller(user): Caller, Path(name): Path<String>) -> Answer {
    let name = unity::table_name(&name)?;
    let known = name.clone();
    let table = blocking(&app, move |engine| engine.table(&known)).await?;
    let kind = if table.is_view { DropKind::View } else { DropKind::Table };
    run(&app, &user, Command::Drop { kind, name, if_exists: false }).await?;
    Ok(Json(json!({})))
}

#[derive(Debug, Deserialize)]
struct Changes {
    #[serde(default)]
    changes: Vec<Change>,
}

#[derive(Debug, Deserialize)]
struct Change {
    principal: String,
    #[serde(default)]
    add: Vec<String>,
    #[serde(default)]
    remove: Vec<String>,
}

pub(crate) async fn update_permissions(
    State(app): State<App>,
    Caller(user): Caller,
    Path((kind, name)): Path<(String, String)>,
    body: Bytes,
) -> Answer {
    let on = unity::securable(&kind, &name)?;
    let body: Changes = serde_json::from_value(Value::Object(object(&body)?))
        .map_err(|e| ApiError::malformed(format!("Could not parse request object: {e}")))?;
    for change in &body.changes {
        if change.add.iter().any(|p| change.remove.contains(p)) {
            let message = format!("Duplicate privileges to add and delete for principal {}.", change.principal);
            return Err(ApiError::invalid(message));
        }
    }
    let spaced = |list: Vec<String>| list.into_iter().map(|p| p.replace('_', " ").to_uppercase()).collect::<Vec<_>>();
    for change in body.changes {
        let (on, principal) = (on.clone(), change.principal);
        if !change.add.is_empty() {
            let privileges = spaced(change.add);
            run(&app, &user, Command::Grant { privileges, on: on.clone(), principal: principal.clone() }).await?;
        }
        if !change.remove.is_empty() {
            run(&app, &user, Command::Revoke { privileges: spaced(change.remove), on, principal }).await?;
        }
    }
    unity::permissions(State(app), Path((kind, name))).await
}

async fn update(app: &App, user: &str, on: &Securable, body: &Map<String, Value>) -> Result<(), ApiError> {
    if let Some(owner) = text(body, "owner") {
        run(app, user, Command::SetOwner { on: on.clone(), owner }).await?;
    }
    if body.contains_key("comment") {
        let target = CommentTarget::Securable(on.clone());
        run(app, user, Command::Comment { on: target, comment: text(body, "comment") }).await?;
    }
    let set = properties(body);
    if !set.is_empty() {
        run(app, user, Command::AlterProperties { on: on.clone(), set, unset: Vec::new() }).await?;
    }
    Ok(())
}

fn required(body: &Map<String, Value>, key: &str) -> Result<String, ApiError> {
    let missing = || ApiError::invalid(format!("Required field {key} is missing."));
    text(body, key).filter(|t| !t.is_empty()).ok_or_else(missing)
}

fn text(body: &Map<String, Value>, key: &str) -> Option<String> {
    body.get(key).and_then(Value::as_str).map(str::to_owned)
}

fn properties(body: &Map<String, Value>) -> Properties {
    let properties = body.get("properties").and_then(Value::as_object);
    let entries = properties.into_iter().flatten();
    entries.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}
