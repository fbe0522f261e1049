//! /api/2.1/unity-catalog/tables and table-summaries

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, State},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    catalog::{Audit, TableInfo, names::Securable, rights::Privilege},
    http::{Empty, body::OptionalBody, error::ApiError, page::PageQuery, query::Params},
    identity::Caller,
    sql::{
        engine::{Table, TableColumn, TypeName},
        language::command::{Command, DropKind},
    },
    unity::{
        Unity,
        path::table_name,
        service::{Update, parameter, schema_parameter, table_missing},
    },
};

#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    name: String,
    catalog_name: String,
    schema_name: String,
    full_name: String,
    table_type: &'static str,
    table_id: Uuid,
    metastore_id: Uuid,
    properties: BTreeMap<String, String>,
    securable_type: &'static str,
    browse_only: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    view_definition: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_source_format: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    columns: Option<Vec<Column>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    table_constraints: Option<[Constraint; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    row_filter: Option<RowFilter>,
    #[serde(flatten)]
    audit: Audit,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
}

#[derive(Debug, Serialize)]
struct RowFilter {
    function_name: String,
    input_column_names: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Mask {
    function_name: String,
    using_column_names: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Column {
    name: String,
    type_text: String,
    type_name: TypeName,
    /// A JSON document as text.
    type_json: String,
    position: usize,
    nullable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    type_precision: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    type_scale: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    partition_index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mask: Option<Mask>,
}

/// Spark's description of a column, in `type_json`.
#[derive(Debug, Serialize)]
struct Field<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    nullable: bool,
    metadata: Empty,
}

#[derive(Debug, Serialize)]
struct Constraint {
    primary_key_constraint: PrimaryKey,
}

#[derive(Debug, Serialize)]
struct PrimaryKey {
    name: String,
    child_columns: Vec<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct List {
    tables: Vec<Answer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

#[derive(Debug, Serialize)]
struct Summary {
    full_name: String,
    table_type: &'static str,
}

#[derive(Debug, Serialize)]
pub(crate) struct Summaries {
    tables: Vec<Summary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Existence {
    table_exists: bool,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ListQuery {
    catalog_name: Option<String>,
    schema_name: Option<String>,
    omit_columns: Option<String>,
    #[serde(flatten)]
    page: PageQuery,
}

#[derive(Debug, Deserialize)]
pub(crate) struct SummaryQuery {
    catalog_name: Option<String>,
    schema_name_pattern: Option<String>,
    table_name_pattern: Option<String>,
    #[serde(flatten)]
    page: PageQuery,
}

pub(crate) async fn list(
    State(unity): State<Unity>,
    Caller(user): Caller,
    Params(query): Params<ListQuery>,
) -> Result<Json<List>, ApiError> {
    let schema = schema_parameter(query.catalog_name.as_ref(), query.schema_name.as_ref())?;
    unity.check_schema(&schema).await?;
    let columns = match query.omit_columns.as_deref() {
        None | Some("false") => true,
        Some("true") => false,
        Some(_) => return Err(ApiError::invalid("omit_columns must be true or false.")),
    };
    let container = Securable::Schema(schema.clone());
    let tables = unity.engine(move |engine| engine.tables(&schema.catalog, Some(&schema.schema))).await?;
    let page = query.page.cut(unity.catalog.visible(&user, Some(&container), tables, securable).await?)?;
    let tables = page.items.into_iter().map(|table| answer(&unity, table, columns)).collect();
    Ok(Json(List { tables, next_page_token: page.next_page_token }))
}

pub(crate) async fn summaries(
    State(unity): State<Unity>,
    Caller(user): Caller,
    Params(query): Params<SummaryQuery>,
) -> Result<Json<Summaries>, ApiError> {
    let catalog = parameter(query.catalog_name.as_ref(), "catalog_name")?;
    unity.check_catalog(&catalog).await?;
    let tables = unity.engine(move |engine| engine.tables(&catalog, None)).await?;
    let tables = unity.visible_by_schemas(&user, tables, securable).await?;
    let like =
        |pattern: &Option<String>, name: &str| pattern.as_deref().is_none_or(|p| sql_like(&p.to_lowercase(), name));
    let wanted = tables
        .into_iter()
        .filter(|t| like(&query.schema_name_pattern, &t.name.schema) && like(&query.table_name_pattern, &t.name.table))
        .map(|t| Summary { full_name: t.name.full_name(), table_type: t.kind() });
    let page = query.page.cut(wanted)?;
    Ok(Json(Summaries { tables: page.items, next_page_token: page.next_page_token }))
}

pub(crate) async fn get(
    State(unity): State<Unity>,
    Caller(user): Caller,
    Path(name): Path<String>,
) -> Result<Json<Answer>, ApiError> {
    let on = Securable::Table(table_name(&name)?);
    unity.check_readable(&user, &on).await?;
    shown(&unity, &name).await
}

/// A table for whoever may see it, or has just changed it.
async fn shown(unity: &Unity, name: &str) -> Result<Json<Answer>, ApiError> {
    let table = find(unity, name).await?.ok_or_else(|| table_missing(name))?;
    Ok(Json(answer(unity, table, true)))
}

pub(crate) async fn exists(
    State(unity): State<Unity>,
    Caller(user): Caller,
    Path(name): Path<String>,
) -> Result<Json<Existence>, ApiError> {
    let table_exists = find(&unity, &name).await?.is_some();
    unity.check_seen(&user, &Securable::Table(table_name(&name)?)).await?;
    Ok(Json(Existence { table_exists }))
}

pub(crate) async fn delete(
    State(unity): State<Unity>,
    Caller(user): Caller,
    Path(name): Path<String>,
) -> Result<Json<Empty>, ApiError> {
    let name = table_name(&name)?;
    let known = name.clone();
    let table = unity.engine(move |engine| engine.table(&known)).await?;
    unity.check(&user, &Securable::Table(name.clone()), Privilege::Manage).await?;
    let kind = if table.is_view { DropKind::View } else { DropKind::Table };
    unity.run(&user, Command::Drop { kind, name, if_exists: false }).await?;
    Ok(Json(Empty {}))
}

/// Changes a table's owner or comment.
pub(crate) async fn update(
    State(unity): State<Unity>,
    Caller(user): Caller,
    Path(name): Path<String>,
    OptionalBody(body): OptionalBody<Update>,
) -> Result<Json<Answer>, ApiError> {
    let on = Securable::Table(table_name(&name)?);
    unity.check_exists(&on).await?;
    unity.update(&user, &on, "table", body).await?;
    shown(&unity, &name).await
}

/// What decides about a table, for lists.
fn securable(table: &Table) -> (Securable, String) {
    (Securable::Table(table.name.clone()), table.info.audit.owner.clone())
}

/// A table that may not be there; another failure stays one.
async fn find(unity: &Unity, name: &str) -> Result<Option<Table>, ApiError> {
    let name = table_name(name)?;
    let find = move |engine: &crate::sql::engine::Engine| match engine.table(&name) {
        Ok(table) => Ok(Some(table)),
        Err(e) if e.class == "TABLE_OR_VIEW_NOT_FOUND" => Ok(None),
        Err(e) => Err(e),
    };
    unity.engine(find).await
}

/// SQL's LIKE: `%` any text, `_` one character.
fn sql_like(pattern: &str, text: &str) -> bool {
    let mut pattern_rest = pattern.chars();
    match pattern_rest.next() {
        None => text.is_empty(),
        Some('%') => {
            let rest = pattern_rest.as_str();
            text.char_indices()
                .map(|(i, _)| i)
                .chain([text.len()])
                .any(|i| sql_like(rest, text.get(i..).unwrap_or_default()))
        }
        Some(c) => {
            let mut text_rest = text.chars();
            let next = text_rest.next();
            next.is_some() && (c == '_' || next == Some(c)) && sql_like(pattern_rest.as_str(), text_rest.as_str())
        }
    }
}

fn answer(unity: &Unity, table: Table, columns: bool) -> Answer {
    let info = table.info.clone();
    let list = || table.columns.iter().enumerate().map(|(i, c)| column(i, c, &info)).collect();
    let key = (!info.primary_key.is_empty())
        .then(|| PrimaryKey { name: format!("{}_pk", table.name.table), child_columns: info.primary_key.clone() });
    Answer {
        full_name: table.name.full_name(),
        table_type: table.kind(),
        table_id: info.id,
        metastore_id: unity.workspace().metastore_id,
        securable_type: "TABLE",
        browse_only: false,
        view_definition: table.is_view.then(|| info.view_definition.clone()),
        data_source_format: (!table.is_view).then_some("DELTA"),
        columns: columns.then(list),
        row_filter: info.row_filter.as_ref().map(|filter| RowFilter {
            function_name: filter.function.full_name(),
            input_column_names: filter.columns.clone(),
        }),
        table_constraints: key.map(|key| [Constraint { primary_key_constraint: key }]),
        properties: info.properties,
        audit: info.audit,
        comment: info.comment,
        name: table.name.table,
        catalog_name: table.name.catalog,
        schema_name: table.name.schema,
    }
}

fn column(position: usize, column: &TableColumn, info: &TableInfo) -> Column {
    let text = column.kind.text.to_lowercase();
    let field = Field { name: &column.name, kind: &text, nullable: column.nullable, metadata: Empty {} };
    let (precision, scale) = column.kind.decimal.unzip();
    Column {
        name: column.name.clone(),
        type_name: column.kind.name,
        type_json: serde_json::to_string(&field).unwrap_or_default(),
        position,
        nullable: column.nullable,
        type_precision: precision,
        type_scale: scale,
        comment: column.comment.clone(),
        partition_index: info.partition_columns.iter().position(|p| p.eq_ignore_ascii_case(&column.name)),
        mask: info
            .column_masks
            .get(&column.name.to_lowercase())
            .map(|mask| Mask { function_name: mask.function.full_name(), using_column_names: mask.columns.clone() }),
        type_text: text,
    }
}

#[cfg(test)]
mod tests {
    use super::sql_like;

    #[test]
    fn like_patterns() {
        for (pattern, text, expect) in [
            ("tr%", "trips", true),
            ("%ps", "trips", true),
            ("t_ips", "trips", true),
            ("trip", "trips", false),
            ("%", "", true),
        ] {
            assert_eq!(sql_like(pattern, text), expect, "{pattern} {text}");
        }
    }
}
