//! GET /api/2.1/unity-catalog/volumes: there are none yet, in any schema that exists.

use axum::{Json, extract::State};
use serde::Serialize;

use super::functions::InSchema;
use crate::{
    http::{Empty, error::ApiError, query::Params},
    unity::{Unity, service::schema_parameter},
};

#[derive(Debug, Serialize)]
pub(crate) struct List {
    volumes: Vec<Empty>,
}

pub(crate) async fn list(State(unity): State<Unity>, Params(query): Params<InSchema>) -> Result<Json<List>, ApiError> {
    let schema = schema_parameter(query.catalog_name.as_ref(), query.schema_name.as_ref())?;
    unity.check_schema(&schema).await?;
    let page = query.page.cut(Vec::new())?;
    Ok(Json(List { volumes: page.items }))
}
