//! /api/2.1/unity-catalog/volumes

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::functions::InSchema;
use crate::{
    catalog::{
        Audit, VolumeInfo,
        names::{SchemaName, Securable, TableName},
        rights::Privilege,
    },
    http::{Empty, body::OptionalBody, error::ApiError, query::Params},
    identity::Caller,
    unity::{
        Unity,
        path::table_name,
        service::{missing, required, schema_parameter},
    },
};

#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    name: String,
    catalog_name: String,
    schema_name: String,
    full_name: String,
    volume_type: &'static str,
    volume_id: Uuid,
    metastore_id: Uuid,
    browse_only: bool,
    #[serde(flatten)]
    audit: Audit,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct List {
    volumes: Vec<Answer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Create {
    catalog_name: Option<String>,
    schema_name: Option<String>,
    name: Option<String>,
    volume_type: Option<String>,
    comment: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Update {
    new_name: Option<String>,
    owner: Option<String>,
    comment: Option<String>,
}

pub(crate) async fn list(
    State(unity): State<Unity>,
    Caller(user): Caller,
    Params(query): Params<InSchema>,
) -> Result<Json<List>, ApiError> {
    let schema = schema_parameter(query.catalog_name.as_ref(), query.schema_name.as_ref())?;
    unity.check_schema(&schema).await?;
    let named = |table| TableName { catalog: schema.catalog.clone(), schema: schema.schema.clone(), table };
    let container = Securable::Schema(schema.clone());
    let of = |(name, info): &(String, VolumeInfo)| (Securable::Volume(named(name.clone())), info.audit.owner.clone());
    let volumes = unity.catalog.volumes(&schema).await?;
    let page = query.page.cut(unity.catalog.visible(&user, Some(&container), volumes, of).await?)?;
    let volumes = page.items.into_iter().map(|(name, info)| answer(&unity, named(name), info)).collect();
    Ok(Json(List { volumes, next_page_token: page.next_page_token }))
}

pub(crate) async fn get(
    State(unity): State<Unity>,
    Caller(user): Caller,
    Path(name): Path<String>,
) -> Result<Json<Answer>, ApiError> {
    let on = Securable::Volume(table_name(&name)?);
    unity.check_readable(&user, &on).await?;
    shown(&unity, &name).await
}

/// A volume for whoever may see it, or has just changed it.
async fn shown(unity: &Unity, name: &str) -> Result<Json<Answer>, ApiError> {
    let volume = table_name(name)?;
    let info = unity.catalog.volume(&volume).await?.ok_or_else(|| missing(&Securable::Volume(volume.clone())))?;
    Ok(Json(answer(unity, volume, info)))
}

pub(crate) async fn create(
    State(unity): State<Unity>,
    Caller(user): Caller,
    OptionalBody(body): OptionalBody<Create>,
) -> Result<Json<Answer>, ApiError> {
    let schema = SchemaName {
        catalog: required(body.catalog_name, "catalog_name")?.to_lowercase(),
        schema: required(body.schema_name, "schema_name")?.to_lowercase(),
    };
    let name = required(body.name, "name")?.to_lowercase();
    if required(body.volume_type, "volume_type")? != "MANAGED" {
        return Err(ApiError::invalid("The local workspace has volumes of the type MANAGED only."));
    }
    unity.check_schema(&schema).await?;
    unity.check(&user, &Securable::Schema(schema.clone()), Privilege::CreateVolume).await?;
    let volume = TableName { catalog: schema.catalog, schema: schema.schema, table: name };
    let Some(info) = unity.volumes.create(&user, &volume, body.comment).await? else {
        let message = format!("Volume '{}' already exists.", volume.full_name());
        return Err(ApiError::new(StatusCode::CONFLICT, "VOLUME_ALREADY_EXISTS", message));
    };
    Ok(Json(answer(&unity, volume, info)))
}

pub(crate) async fn update(
    State(unity): State<Unity>,
    Caller(user): Caller,
    Path(name): Path<String>,
    OptionalBody(body): OptionalBody<Update>,
) -> Result<Json<Answer>, ApiError> {
    if body.new_name.is_some() {
        return Err(ApiError::invalid("The local workspace does not support renaming a volume."));
    }
    let volume = owned(&unity, &user, &name).await?;
    let edit = |info: &mut VolumeInfo| {
        info.audit.owner = body.owner.unwrap_or_else(|| info.audit.owner.clone());
        info.comment = body.comment.or_else(|| info.comment.take());
        info.audit.touch(&user);
    };
    unity.catalog.edit_volume(&volume, edit).await?;
    shown(&unity, &name).await
}

pub(crate) async fn delete(
    State(unity): State<Unity>,
    Caller(user): Caller,
    Path(name): Path<String>,
) -> Result<Json<Empty>, ApiError> {
    let volume = owned(&unity, &user, &name).await?;
    unity.volumes.drop(&volume).await?;
    Ok(Json(Empty {}))
}

/// A volume that a user may change.
async fn owned(unity: &Unity, user: &str, name: &str) -> Result<TableName, ApiError> {
    let volume = table_name(name)?;
    let on = Securable::Volume(volume.clone());
    unity.check_exists(&on).await?;
    unity.check(user, &on, Privilege::Manage).await?;
    Ok(volume)
}

fn answer(unity: &Unity, name: TableName, info: VolumeInfo) -> Answer {
    Answer {
        full_name: name.full_name(),
        name: name.table,
        catalog_name: name.catalog,
        schema_name: name.schema,
        volume_type: "MANAGED",
        volume_id: info.id,
        metastore_id: unity.workspace().metastore_id,
        browse_only: false,
        audit: info.audit,
        comment: info.comment,
    }
}
