//! /api/2.1/unity-catalog/entity-tag-assignments

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};

use crate::{
    catalog::{MAX_TAGS, Tagged, check_tag, names::Securable, rights::Privilege},
    http::{Empty, body::OptionalBody, error::ApiError, page::PageQuery, query::Params},
    identity::Caller,
    unity::{
        Unity,
        path::{schema_name, table_name},
        service::required,
    },
};

#[derive(Debug, Serialize)]
pub(crate) struct Assignment {
    entity_type: String,
    entity_name: String,
    tag_key: String,
    tag_value: String,
}

#[derive(Debug, Serialize)]
pub(crate) struct List {
    tag_assignments: Vec<Assignment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Create {
    entity_type: Option<String>,
    entity_name: Option<String>,
    tag_key: Option<String>,
    #[serde(default)]
    tag_value: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Update {
    #[serde(default)]
    tag_value: String,
}

pub(crate) async fn list(
    State(unity): State<Unity>,
    Caller(user): Caller,
    Path((kind, name)): Path<(String, String)>,
    Params(page): Params<PageQuery>,
) -> Result<Json<List>, ApiError> {
    let tagged = seen(&unity, &user, &kind, &name).await?;
    let page = page.cut(unity.catalog.tags(&tagged).await?)?;
    let list = page.items.into_iter().map(|(key, value)| assignment(&kind, &name, key, value));
    Ok(Json(List { tag_assignments: list.collect(), next_page_token: page.next_page_token }))
}

pub(crate) async fn get(
    State(unity): State<Unity>,
    Caller(user): Caller,
    Path((kind, name, key)): Path<(String, String, String)>,
) -> Result<Json<Assignment>, ApiError> {
    let tagged = seen(&unity, &user, &kind, &name).await?;
    let found = unity.catalog.tags(&tagged).await?.into_iter().find(|(known, _)| *known == key);
    let (key, value) = found.ok_or_else(|| missing(&key, &name))?;
    Ok(Json(assignment(&kind, &name, key, value)))
}

pub(crate) async fn create(
    State(unity): State<Unity>,
    Caller(user): Caller,
    OptionalBody(body): OptionalBody<Create>,
) -> Result<Json<Assignment>, ApiError> {
    let kind = required(body.entity_type, "entity_type")?;
    let name = required(body.entity_name, "entity_name")?;
    let key = required(body.tag_key, "tag_key")?;
    let tagged = writable(&unity, &user, &kind, &name).await?;
    let known = unity.catalog.tags(&tagged).await?;
    if known.iter().any(|(known, _)| *known == key) {
        let message = format!("Tag '{key}' is already assigned to '{name}'.");
        return Err(ApiError::new(StatusCode::CONFLICT, "ALREADY_EXISTS", message));
    }
    if known.len() >= MAX_TAGS {
        return Err(ApiError::invalid(format!("An object has at most {MAX_TAGS} tags.")));
    }
    set(&unity, &tagged, &key, &body.tag_value).await?;
    Ok(Json(assignment(&kind, &name, key, body.tag_value)))
}

pub(crate) async fn update(
    State(unity): State<Unity>,
    Caller(user): Caller,
    Path((kind, name, key)): Path<(String, String, String)>,
    OptionalBody(body): OptionalBody<Update>,
) -> Result<Json<Assignment>, ApiError> {
    let tagged = writable(&unity, &user, &kind, &name).await?;
    if !unity.catalog.tags(&tagged).await?.iter().any(|(known, _)| *known == key) {
        return Err(missing(&key, &name));
    }
    set(&unity, &tagged, &key, &body.tag_value).await?;
    Ok(Json(assignment(&kind, &name, key, body.tag_value)))
}

pub(crate) async fn delete(
    State(unity): State<Unity>,
    Caller(user): Caller,
    Path((kind, name, key)): Path<(String, String, String)>,
) -> Result<Json<Empty>, ApiError> {
    let tagged = writable(&unity, &user, &kind, &name).await?;
    match unity.catalog.unset_tag(&tagged, &key).await? {
        true => Ok(Json(Empty {})),
        false => Err(missing(&key, &name)),
    }
}

async fn set(unity: &Unity, on: &Tagged, key: &str, value: &str) -> Result<(), ApiError> {
    check_tag(key, value).map_err(ApiError::invalid)?;
    Ok(unity.catalog.set_tags(on, &[(key.to_owned(), value.to_owned())]).await?)
}

async fn seen(unity: &Unity, user: &str, kind: &str, name: &str) -> Result<Tagged, ApiError> {
    let tagged = tagged(unity, kind, name).await?;
    unity.check_seen(user, &tagged.on).await?;
    Ok(tagged)
}

async fn writable(unity: &Unity, user: &str, kind: &str, name: &str) -> Result<Tagged, ApiError> {
    let tagged = tagged(unity, kind, name).await?;
    unity.check(user, &tagged.on, Privilege::ApplyTag).await?;
    Ok(tagged)
}

/// What a type and a name of the API stand for, which exists.
async fn tagged(unity: &Unity, kind: &str, name: &str) -> Result<Tagged, ApiError> {
    let (on, column) = match kind {
        "catalogs" => (Securable::Catalog(name.to_lowercase()), None),
        "schemas" => (Securable::Schema(schema_name(name)?), None),
        "tables" => (Securable::Table(table_name(name)?), None),
        "volumes" => (Securable::Volume(table_name(name)?), None),
        "columns" => {
            let (table, column) = name
                .rsplit_once('.')
                .ok_or_else(|| ApiError::invalid(format!("'{name}' is not a valid name for a column.")))?;
            (Securable::Table(table_name(table)?), Some(column.to_lowercase()))
        }
        other => return Err(ApiError::invalid(format!("'{other}' is not a type of object that has tags."))),
    };
    unity.check_exists(&on).await?;
    if let (Some(column), Securable::Table(table)) = (&column, &on) {
        let table = table.clone();
        let known = unity.engine(move |engine| engine.table(&table)).await?;
        if !known.columns.iter().any(|known| known.name.eq_ignore_ascii_case(column)) {
            return Err(ApiError::not_found(format!("Column '{name}' does not exist.")));
        }
    }
    Ok(Tagged { on, column })
}

fn assignment(kind: &str, name: &str, tag_key: String, tag_value: String) -> Assignment {
    Assignment { entity_type: kind.to_owned(), entity_name: name.to_owned(), tag_key, tag_value }
}

fn missing(key: &str, name: &str) -> ApiError {
    ApiError::not_found(format!("Tag '{key}' is not assigned to '{name}'."))
}
