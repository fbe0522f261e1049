//! /api/2.1/unity-catalog/schemas

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, State},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    catalog::{
        Audit, SchemaInfo,
        names::{SchemaName, Securable},
        rights::Privilege,
    },
    http::{Empty, body::OptionalBody, error::ApiError, page::PageQuery, query::Params},
    identity::Caller,
    sql::language::command::Command,
    unity::{
        Unity,
        path::schema_name,
        service::{DeleteQuery, Update, parameter, required, schema_missing},
    },
};

#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    name: String,
    catalog_name: String,
    full_name: String,
    schema_id: Uuid,
    metastore_id: Uuid,
    properties: BTreeMap<String, String>,
    securable_type: &'static str,
    browse_only: bool,
    #[serde(flatten)]
    audit: Audit,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct List {
    schemas: Vec<Answer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ListQuery {
    catalog_name: Option<String>,
    #[serde(flatten)]
    page: PageQuery,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Create {
    name: Option<String>,
    catalog_name: Option<String>,
    comment: Option<String>,
    #[serde(default)]
    properties: BTreeMap<String, String>,
    storage_root: Option<String>,
}

pub(crate) async fn list(
    State(unity): State<Unity>,
    Caller(user): Caller,
    Params(query): Params<ListQuery>,
) -> Result<Json<List>, ApiError> {
    let catalog = parameter(query.catalog_name.as_ref(), "catalog_name")?;
    unity.check_catalog(&catalog).await?;
    let named = |schema| SchemaName { catalog: catalog.clone(), schema };
    let container = Securable::Catalog(catalog.clone());
    unity.check_seen(&user, &container).await?;
    let of = |(name, info): &(String, SchemaInfo)| (Securable::Schema(named(name.clone())), info.audit.owner.clone());
    let schemas = unity.catalog.schemas(&catalog).await?;
    let page = query.page.cut(unity.catalog.visible(&user, Some(&container), schemas, of).await?)?;
    let schemas = page.items.into_iter().map(|(name, info)| answer(&unity, named(name), info)).collect();
    Ok(Json(List { schemas, next_page_token: page.next_page_token }))
}

pub(crate) async fn get(
    State(unity): State<Unity>,
    Caller(user): Caller,
    Path(name): Path<String>,
) -> Result<Json<Answer>, ApiError> {
    let on = Securable::Schema(schema_name(&name)?);
    unity.check_readable(&user, &on).await?;
    shown(&unity, &name).await
}

/// A schema for whoever may see it, or has just changed it.
async fn shown(unity: &Unity, name: &str) -> Result<Json<Answer>, ApiError> {
    let schema = schema_name(name)?;
    let info = unity.catalog.schema(&schema).await?.ok_or_else(|| schema_missing(name))?;
    Ok(Json(answer(unity, schema, info)))
}

pub(crate) async fn create(
    State(unity): State<Unity>,
    Caller(user): Caller,
    OptionalBody(body): OptionalBody<Create>,
) -> Result<Json<Answer>, ApiError> {
    let name = SchemaName {
        catalog: required(body.catalog_name, "catalog_name")?.to_lowercase(),
        schema: required(body.name, "name")?.to_lowercase(),
    };
    if body.storage_root.is_some() {
        return Err(ApiError::invalid("The local workspace does not support storage_root of a schema."));
    }
    unity.check_catalog(&name.catalog).await?;
    unity.check(&user, &Securable::Catalog(name.catalog.clone()), Privilege::CreateSchema).await?;
    let create = Command::CreateSchema {
        name: name.clone(),
        if_not_exists: false,
        comment: body.comment,
        properties: body.properties.into_iter().collect(),
    };
    unity.run(&user, create).await?;
    shown(&unity, &name.full_name()).await
}

pub(crate) async fn update(
    State(unity): State<Unity>,
    Caller(user): Caller,
    Path(name): Path<String>,
    OptionalBody(body): OptionalBody<Update>,
) -> Result<Json<Answer>, ApiError> {
    let on = Securable::Schema(schema_name(&name)?);
    unity.check_exists(&on).await?;
    unity.update(&user, &on, "schema", body).await?;
    shown(&unity, &name).await
}

pub(crate) async fn delete(
    State(unity): State<Unity>,
    Caller(user): Caller,
    Path(name): Path<String>,
    Params(query): Params<DeleteQuery>,
) -> Result<Json<Empty>, ApiError> {
    let name = schema_name(&name)?;
    let on = Securable::Schema(name.clone());
    unity.check_exists(&on).await?;
    unity.check(&user, &on, Privilege::Manage).await?;
    unity.run(&user, Command::DropSchema { name, if_exists: false, cascade: query.force }).await?;
    Ok(Json(Empty {}))
}

fn answer(unity: &Unity, name: SchemaName, info: SchemaInfo) -> Answer {
    Answer {
        full_name: name.full_name(),
        name: name.schema,
        catalog_name: name.catalog,
        schema_id: info.id,
        metastore_id: unity.workspace().metastore_id,
        properties: info.properties,
        securable_type: "SCHEMA",
        browse_only: false,
        audit: info.audit,
        comment: info.comment,
    }
}
