//! GET /api/2.1/unity-catalog/functions

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    catalog::{Audit, FunctionInfo, names::SchemaName},
    http::{error::ApiError, page::PageQuery, query::Params},
    unity::{Unity, service::schema_parameter},
};

#[derive(Debug, Serialize)]
struct Answer {
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

pub(crate) async fn list(State(unity): State<Unity>, Params(query): Params<InSchema>) -> Result<Json<List>, ApiError> {
    let schema = schema_parameter(query.catalog_name.as_ref(), query.schema_name.as_ref())?;
    unity.check_schema(&schema).await?;
    let page = query.page.cut(unity.catalog.functions(&schema).await?)?;
    let functions = page.items.into_iter().map(|(name, info)| answer(&schema, name, info)).collect();
    Ok(Json(List { functions, next_page_token: page.next_page_token }))
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
