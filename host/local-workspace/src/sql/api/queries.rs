//! /api/2.0/sql/queries

use axum::{
    Json,
    extract::{Path, State},
};
use chrono::SecondsFormat;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::{
    clock,
    http::{Empty, body::OptionalBody, error::ApiError, page::PageQuery, query::Params},
    identity::Caller,
    sql::{Sql, queries::SavedQuery},
};

/// Longest text in bytes; a statement's bound.
const MAX_TEXT_BYTES: usize = 16 * 1024 * 1024;

#[derive(Debug, Deserialize)]
pub(crate) struct Given {
    #[serde(default)]
    query: Fields,
}

#[derive(Debug, Default, Deserialize)]
struct Fields {
    display_name: Option<String>,
    query_text: Option<String>,
    warehouse_id: Option<String>,
    catalog: Option<String>,
    schema: Option<String>,
    /// What is kept as it was given.
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Debug, Serialize)]
pub(crate) struct List {
    results: Vec<SavedQuery>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

pub(crate) async fn create(
    State(sql): State<Sql>,
    Caller(user): Caller,
    OptionalBody(body): OptionalBody<Given>,
) -> Result<Json<SavedQuery>, ApiError> {
    let fields = body.query;
    let now = now();
    let mut rest = fields.rest;
    rest.entry("run_as_mode").or_insert(json!("OWNER"));
    let query = SavedQuery {
        id: Uuid::new_v4(),
        display_name: fields.display_name.filter(|name| !name.is_empty()).unwrap_or_else(|| "New Query".to_owned()),
        query_text: checked(fields.query_text.unwrap_or_default())?,
        warehouse_id: fields.warehouse_id,
        catalog: fields.catalog,
        schema: fields.schema,
        owner_user_name: user,
        lifecycle_state: "ACTIVE".to_owned(),
        create_time: now.clone(),
        update_time: now,
        rest,
    };
    if !sql.queries.add(&query).await? {
        return Err(ApiError::invalid("This workspace holds as many saved queries as it may."));
    }
    Ok(Json(query))
}

pub(crate) async fn get(
    State(sql): State<Sql>,
    Caller(user): Caller,
    Path(id): Path<String>,
) -> Result<Json<SavedQuery>, ApiError> {
    find(&sql, &id, &user).await.map(Json)
}

pub(crate) async fn list(
    State(sql): State<Sql>,
    Caller(user): Caller,
    Params(page): Params<PageQuery>,
) -> Result<Json<List>, ApiError> {
    let page = page.cut(sql.queries.list(&user).await?)?;
    Ok(Json(List { results: page.items, next_page_token: page.next_page_token }))
}

/// PATCH: the given fields take the place of those that were there.
pub(crate) async fn update(
    State(sql): State<Sql>,
    Caller(user): Caller,
    Path(id): Path<String>,
    OptionalBody(body): OptionalBody<Given>,
) -> Result<Json<SavedQuery>, ApiError> {
    let mut query = find(&sql, &id, &user).await?;
    let fields = body.query;
    query.display_name = fields.display_name.unwrap_or(query.display_name);
    query.query_text = fields.query_text.map(checked).transpose()?.unwrap_or(query.query_text);
    query.warehouse_id = fields.warehouse_id.or(query.warehouse_id);
    query.catalog = fields.catalog.or(query.catalog);
    query.schema = fields.schema.or(query.schema);
    query.rest.extend(fields.rest);
    query.update_time = now();
    sql.queries.save(&query).await?;
    Ok(Json(query))
}

pub(crate) async fn delete(
    State(sql): State<Sql>,
    Caller(user): Caller,
    Path(id): Path<String>,
) -> Result<Json<Empty>, ApiError> {
    let query = find(&sql, &id, &user).await?;
    sql.queries.delete(query.id).await?;
    Ok(Json(Empty {}))
}

async fn find(sql: &Sql, id: &str, user: &str) -> Result<SavedQuery, ApiError> {
    let found = sql.queries.get(id, user).await?;
    found.ok_or_else(|| ApiError::not_found(format!("Query {id} does not exist.")))
}

fn checked(text: String) -> Result<String, ApiError> {
    if text.len() > MAX_TEXT_BYTES {
        return Err(ApiError::invalid(format!("query_text is longer than {MAX_TEXT_BYTES} bytes.")));
    }
    Ok(text)
}

fn now() -> String {
    clock::now().to_rfc3339_opts(SecondsFormat::Secs, true)
}
