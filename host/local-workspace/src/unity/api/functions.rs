//! /api/2.1/unity-catalog/functions

use axum::{
    Json,
    extract::{Path, State},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    catalog::{
        Audit, FunctionInfo,
        names::{SchemaName, Securable},
        rights::Privilege,
    },
    http::{Empty, body::OptionalBody, error::ApiError, page::PageQuery, query::Params},
    identity::Caller,
    sql::language::command::{Command, DropKind},
    unity::{
        Unity,
        path::function_name,
        service::{Update, missing, schema_parameter},
    },
};

#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    name: String,
    catalog_name: String,
    schema_name: String,
    full_name: String,
    function_id: Uuid,
    routine_body: &'static str,
    input_params: Parameters,
    #[serde(flatten)]
    audit: Audit,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
}

#[derive(Debug, Serialize)]
struct Parameters {
    parameters: Vec<Parameter>,
}

#[derive(Debug, Serialize)]
struct Parameter {
    name: String,
    type_text: String,
    position: usize,
}

#[derive(Debug, Serialize)]
pub(crate) struct List {
    functions: Vec<Answer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

/// A schema whose objects are listed.
#[derive(Debug, Deserialize)]
pub(crate) struct InSchema {
    pub(super) catalog_name: Option<String>,
    pub(super) schema_name: Option<String>,
    #[serde(flatten)]
    pub(super) page: PageQuery,
}

pub(crate) async fn list(
    State(unity): State<Unity>,
    Caller(user): Caller,
    Params(query): Params<InSchema>,
) -> Result<Json<List>, ApiError> {
    let schema = schema_parameter(query.catalog_name.as_ref(), query.schema_name.as_ref())?;
    unity.check_schema(&schema).await?;
    let container = Securable::Schema(schema.clone());
    let of =
        |(name, info): &(String, FunctionInfo)| (Securable::Function(schema.object(name)), info.audit.owner.clone());
    let functions = unity.catalog.functions(&schema).await?;
    let page = query.page.cut(unity.catalog.visible(&user, Some(&container), functions, of).await?)?;
    let functions = page.items.into_iter().map(|(name, info)| answer(&schema, name, info)).collect();
    Ok(Json(List { functions, next_page_token: page.next_page_token }))
}

pub(crate) async fn get(
    State(unity): State<Unity>,
    Caller(user): Caller,
    Path(name): Path<String>,
) -> Result<Json<Answer>, ApiError> {
    let on = Securable::Function(function_name(&name)?);
    unity.check_readable(&user, &on).await?;
    shown(&unity, &name).await
}

/// A function for whoever may see it, or has just changed it.
async fn shown(unity: &Unity, name: &str) -> Result<Json<Answer>, ApiError> {
    let name = function_name(name)?;
    let info = unity.catalog.function(&name).await?;
    let info = info.ok_or_else(|| missing(&Securable::Function(name.clone())))?;
    Ok(Json(answer(&name.schema_name(), name.table, info)))
}

/// Functions are made by SQL: what the workspace runs is the statement, not its parts.
pub(crate) async fn create() -> ApiError {
    ApiError::invalid("The local workspace makes functions by SQL only: use CREATE FUNCTION.")
}

/// Changes a function's owner.
pub(crate) async fn update(
    State(unity): State<Unity>,
    Caller(user): Caller,
    Path(name): Path<String>,
    OptionalBody(body): OptionalBody<Update>,
) -> Result<Json<Answer>, ApiError> {
    let on = Securable::Function(function_name(&name)?);
    unity.check_exists(&on).await?;
    unity.update(&user, &on, "function", body).await?;
    shown(&unity, &name).await
}

pub(crate) async fn delete(
    State(unity): State<Unity>,
    Caller(user): Caller,
    Path(name): Path<String>,
) -> Result<Json<Empty>, ApiError> {
    let name = function_name(&name)?;
    let on = Securable::Function(name.clone());
    unity.check_exists(&on).await?;
    unity.check(&user, &on, Privilege::Manage).await?;
    unity.run(&user, Command::Drop { kind: DropKind::Function, name, if_exists: false }).await?;
    Ok(Json(Empty {}))
}

fn answer(schema: &SchemaName, name: String, info: FunctionInfo) -> Answer {
    let parameters = info.parameters.into_iter().enumerate();
    let parameters =
        parameters.map(|(position, (name, kind))| Parameter { name, type_text: kind.to_lowercase(), position });
    Answer {
        catalog_name: schema.catalog.clone(),
        schema_name: schema.schema.clone(),
        full_name: format!("{}.{name}", schema.full_name()),
        function_id: info.id,
        routine_body: "SQL",
        input_params: Parameters { parameters: parameters.collect() },
        audit: info.audit,
        comment: info.comment,
        name,
    }
}
