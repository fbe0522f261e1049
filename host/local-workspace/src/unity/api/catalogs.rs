//! /api/2.1/unity-catalog/catalogs

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, State},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    catalog::{Audit, CatalogInfo, names::Securable, rights::Privilege},
    http::{Empty, body::OptionalBody, error::ApiError, page::PageQuery, query::Params},
    identity::Caller,
    sql::language::command::Command,
    unity::{
        Unity,
        service::{DeleteQuery, Update, catalog_missing, required},
    },
};

#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    name: String,
    full_name: String,
    catalog_type: &'static str,
    metastore_id: Uuid,
    id: Uuid,
    isolation_mode: &'static str,
    securable_type: &'static str,
    securable_kind: &'static str,
    properties: BTreeMap<String, String>,
    browse_only: bool,
    #[serde(flatten)]
    audit: Audit,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct List {
    catalogs: Vec<Answer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Create {
    name: Option<String>,
    comment: Option<String>,
    #[serde(default)]
    properties: BTreeMap<String, String>,
    storage_root: Option<String>,
    connection_name: Option<String>,
    share_name: Option<String>,
    provider_name: Option<String>,
}

pub(crate) async fn list(
    State(unity): State<Unity>,
    Caller(user): Caller,
    Params(page): Params<PageQuery>,
) -> Result<Json<List>, ApiError> {
    let of = |(name, info): &(String, CatalogInfo)| (Securable::Catalog(name.clone()), info.audit.owner.clone());
    let seen = unity.catalog.visible(&user, None, unity.catalog.catalogs().await?, of).await?;
    let page = page.cut(seen)?;
    let catalogs = page.items.into_iter().map(|(name, info)| answer(&unity, name, info)).collect();
    Ok(Json(List { catalogs, next_page_token: page.next_page_token }))
}

pub(crate) async fn get(
    State(unity): State<Unity>,
    Caller(user): Caller,
    Path(name): Path<String>,
) -> Result<Json<Answer>, ApiError> {
    let on = Securable::Catalog(name.to_lowercase());
    unity.check_readable(&user, &on).await?;
    shown(&unity, &name).await
}

/// A catalog for whoever may see it, or has just changed it.
async fn shown(unity: &Unity, name: &str) -> Result<Json<Answer>, ApiError> {
    let name = name.to_lowercase();
    let info = unity.catalog.catalog(&name).await?.ok_or_else(|| catalog_missing(&name))?;
    Ok(Json(answer(unity, name, info)))
}

pub(crate) async fn create(
    State(unity): State<Unity>,
    Caller(user): Caller,
    OptionalBody(body): OptionalBody<Create>,
) -> Result<Json<Answer>, ApiError> {
    let name = required(body.name, "name")?.to_lowercase();
    for (field, value) in [
        ("storage_root", body.storage_root),
        ("connection_name", body.connection_name),
        ("share_name", body.share_name),
        ("provider_name", body.provider_name),
    ] {
        if value.is_some() {
            return Err(ApiError::invalid(format!("The local workspace does not support {field} of a catalog.")));
        }
    }
    unity.check(&user, &Securable::Metastore, Privilege::CreateCatalog).await?;
    let create = Command::CreateCatalog { name: name.clone(), if_not_exists: false, comment: body.comment };
    unity.run(&user, create).await?;
    unity.set_properties(&user, &Securable::Catalog(name.clone()), body.properties).await?;
    shown(&unity, &name).await
}

pub(crate) async fn update(
    State(unity): State<Unity>,
    Caller(user): Caller,
    Path(name): Path<String>,
    OptionalBody(body): OptionalBody<Update>,
) -> Result<Json<Answer>, ApiError> {
    let on = Securable::Catalog(name.to_lowercase());
    unity.check_exists(&on).await?;
    unity.update(&user, &on, "catalog", body).await?;
    shown(&unity, &name).await
}

pub(crate) async fn delete(
    State(unity): State<Unity>,
    Caller(user): Caller,
    Path(name): Path<String>,
    Params(query): Params<DeleteQuery>,
) -> Result<Json<Empty>, ApiError> {
    let on = Securable::Catalog(name.to_lowercase());
    unity.check_exists(&on).await?;
    unity.check(&user, &on, Privilege::Manage).await?;
    let drop = Command::DropCatalog { name: name.to_lowercase(), if_exists: false, cascade: query.force };
    unity.run(&user, drop).await?;
    Ok(Json(Empty {}))
}

fn answer(unity: &Unity, name: String, info: CatalogInfo) -> Answer {
    Answer {
        full_name: name.clone(),
        catalog_type: if name == "samples" { "SYSTEM_CATALOG" } else { "MANAGED_CATALOG" },
        metastore_id: unity.workspace().metastore_id,
        id: info.id,
        isolation_mode: "OPEN",
        securable_type: "CATALOG",
        securable_kind: "CATALOG_STANDARD",
        properties: info.properties,
        browse_only: false,
        audit: info.audit,
        comment: info.comment,
        name,
    }
}
