//! /api/2.1/unity-catalog, the read side.

use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    api::App,
    catalog::{Audit, CatalogInfo, FunctionInfo, SchemaInfo},
    http::error::ApiError,
    sql::engine::{Table, TableColumn},
    sql::language::{
        command::Securable,
        error::SqlError,
        names::{SchemaName, TableName},
    },
};

/// Entries of one page at most, and when the caller does not say.
const MAX_PAGE: usize = 1_000;

pub(crate) type Answer = Result<Json<Value>, ApiError>;

/// Query parameters of the list calls.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct ListQuery {
    catalog_name: Option<String>,
    schema_name: Option<String>,
    max_results: Option<i64>,
    page_token: Option<String>,
    #[serde(default)]
    omit_columns: bool,
    schema_name_pattern: Option<String>,
    table_name_pattern: Option<String>,
}

impl ListQuery {
    fn catalog(&self) -> Result<String, ApiError> {
        let name = self.catalog_name.as_ref().filter(|n| !n.is_empty());
        name.map(|n| n.to_lowercase()).ok_or_else(|| ApiError::invalid("Required parameter catalog_name is missing."))
    }

    fn schema(&self) -> Result<SchemaName, ApiError> {
        let name = self.schema_name.as_ref().filter(|n| !n.is_empty());
        let schema = name.ok_or_else(|| ApiError::invalid("Required parameter schema_name is missing."))?;
        Ok(SchemaName { catalog: self.catalog()?, schema: schema.to_lowercase() })
    }

    /// One page of a list under its key.
    fn page(&self, key: &str, items: Vec<Value>) -> Answer {
        let size = match self.max_results {
            None | Some(0) => MAX_PAGE,
            Some(n) => {
                usize::try_from(n).map_err(|_| ApiError::invalid("max_results must not be negative."))?.min(MAX_PAGE)
            }
        };
        let offset = match self.page_token.as_deref().filter(|t| !t.is_empty()) {
            None => 0,
            Some(token) => token.parse().map_err(|_| ApiError::invalid("The page_token is not valid."))?,
        };
        let total = items.len();
        let page: Vec<_> = items.into_iter().skip(offset).take(size).collect();
        let next = offset + page.len();
        let mut answer = Map::from_iter([(key.to_owned(), Value::Array(page))]);
        if next < total {
            answer.insert("next_page_token".to_owned(), json!(next.to_string()));
        }
        Ok(Json(Value::Object(answer)))
    }
}

pub(crate) async fn metastore_assignment(State(app): State<App>) -> Json<Value> {
    app.engine.metastore().read(|state| {
        Json(json!({
            "metastore_id": state.metastore_id,
            "workspace_id": state.workspace_id,
            "default_catalog_name": "main",
        }))
    })
}

pub(crate) async fn metastore_summary(State(app): State<App>) -> Json<Value> {
    Json(metastore_info(&app))
}

pub(crate) async fn metastores(State(app): State<App>) -> Json<Value> {
    Json(json!({ "metastores": [metastore_info(&app)] }))
}

fn metastore_info(app: &App) -> Value {
    app.engine.metastore().read(|state| {
        json!({
            "metastore_id": state.metastore_id,
            "name": "local",
            "region": "local",
            "cloud": "local",
            "global_metastore_id": format!("local:local:{}", state.metastore_id),
            "owner": "System user",
            "privilege_model_version": "1.0",
        })
    })
}

pub(crate) async fn catalogs(State(app): State<App>, Query(query): Query<ListQuery>) -> Answer {
    let items = app
        .engine
        .metastore()
        .read(|state| state.catalogs.iter().map(|(name, info)| catalog_info(name, info, state.metastore_id)).collect());
    query.page("catalogs", items)
}

pub(crate) async fn catalog(State(app): State<App>, Path(name): Path<String>) -> Answer {
    let name = name.to_lowercase();
    let found = app
        .engine
        .metastore()
        .read(|state| state.catalogs.get(&name).map(|info| catalog_info(&name, info, state.metastore_id)));
    found.map(Json).ok_or_else(|| catalog_missing(&name))
}

pub(crate) fn catalog_missing(name: &str) -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "CATALOG_DOES_NOT_EXIST", format!("Catalog '{name}' does not exist."))
}

fn schema_missing(name: &str) -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "SCHEMA_DOES_NOT_EXIST", format!("Schema '{name}' does not exist."))
}

fn table_missing(name: &str) -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "TABLE_DOES_NOT_EXIST", format!("Table '{name}' does not exist."))
}

pub(crate) async fn schemas(State(app): State<App>, Query(query): Query<ListQuery>) -> Answer {
    let catalog = query.catalog()?;
    let items = app.engine.metastore().read(|state| {
        let info = state.catalogs.get(&catalog)?;
        Some(
            info.schemas.iter().map(|(name, schema)| schema_info(&catalog, name, schema, state.metastore_id)).collect(),
        )
    });
    query.page("schemas", items.ok_or_else(|| catalog_missing(&catalog))?)
}

pub(crate) async fn schema(State(app): State<App>, Path(name): Path<String>) -> Answer {
    let parsed = schema_name(&name)?;
    let found = app.engine.metastore().read(|state| {
        let info = state.schema(&parsed)?;
        Some(schema_info(&parsed.catalog, &parsed.schema, info, state.metastore_id))
    });
    found.map(Json).ok_or_else(|| schema_missing(&name))
}

/// `catalog.schema`, letter case aside.
pub(crate) fn schema_name(text: &str) -> Result<SchemaName, ApiError> {
    match text.to_lowercase().split('.').collect::<Vec<_>>().as_slice() {
        [catalog, schema] => Ok(SchemaName { catalog: (*catalog).to_owned(), schema: (*schema).to_owned() }),
        _ => Err(ApiError::invalid(format!("'{text}' is not a valid name for a schema."))),
    }
}

/// `catalog.schema.table`, letter case aside.
pub(crate) fn table_name(text: &str) -> Result<TableName, ApiError> {
    match text.to_lowercase().split('.').collect::<Vec<_>>().as_slice() {
        [catalog, schema, table] => {
            Ok(TableName { catalog: (*catalog).to_owned(), schema: (*schema).to_owned(), table: (*table).to_owned() })
        }
        _ => Err(ApiError::invalid(format!("'{text}' is not a valid name for a table."))),
    }
}

pub(crate) async fn tables(State(app): State<App>, Query(query): Query<ListQuery>) -> Answer {
    let schema = query.schema()?;
    if app.engine.metastore().read(|state| state.schema(&schema).is_none()) {
        return Err(schema_missing(&schema.full_name()));
    }
    let (catalog, name) = (schema.catalog.clone(), schema.schema.clone());
    let tables = blocking(&app, move |engine| engine.tables(&catalog, Some(&name))).await?;
    let columns = !query.omit_columns;
    query.page("tables", tables.iter().map(|t| table_info(&app, t, columns)).collect())
}

pub(crate) async fn table_summaries(State(app): State<App>, Query(query): Query<ListQuery>) -> Answer {
    let catalog = query.catalog()?;
    if app.engine.metastore().read(|state| !state.catalogs.contains_key(&catalog)) {
        return Err(catalog_missing(&catalog));
    }
    let tables = blocking(&app, move |engine| engine.tables(&catalog, None)).await?;
    let like =
        |pattern: &Option<String>, name: &str| pattern.as_deref().is_none_or(|p| sql_like(&p.to_lowercase(), name));
    let summary = |t: &Table| json!({ "full_name": t.name.full_name(), "table_type": table_type(t) });
    let items = tables
        .iter()
        .filter(|t| like(&query.schema_name_pattern, &t.name.schema) && like(&query.table_name_pattern, &t.name.table))
        .map(summary)
        .collect();
    query.page("tables", items)
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

pub(crate) async fn table(State(app): State<App>, Path(name): Path<String>) -> Answer {
    let parsed = table_name(&name)?;
    let found = blocking(&app, move |engine| engine.table(&parsed)).await;
    match found {
        Ok(table) => Ok(Json(table_info(&app, &table, true))),
        Err(_) => Err(table_missing(&name)),
    }
}

pub(crate) async fn table_exists(State(app): State<App>, Path(name): Path<String>) -> Answer {
    let parsed = table_name(&name)?;
    let found = blocking(&app, move |engine| engine.table(&parsed)).await;
    Ok(Json(json!({ "table_exists": found.is_ok() })))
}

pub(crate) async fn functions(State(app): State<App>, Query(query): Query<ListQuery>) -> Answer {
    let schema = query.schema()?;
    let items = app.engine.metastore().read(|state| {
        let info = state.schema(&schema)?;
        Some(info.functions.iter().map(|(name, function)| function_info(&schema, name, function)).collect())
    });
    query.page("functions", items.ok_or_else(|| schema_missing(&schema.full_name()))?)
}

/// There are no volumes yet, in any schema that exists.
pub(crate) async fn volumes(State(app): State<App>, Query(query): Query<ListQuery>) -> Answer {
    let schema = query.schema()?;
    if app.engine.metastore().read(|state| state.schema(&schema).is_none()) {
        return Err(schema_missing(&schema.full_name()));
    }
    query.page("volumes", Vec::new())
}

pub(crate) async fn permissions(State(app): State<App>, Path((kind, name)): Path<(String, String)>) -> Answer {
    let on = securable(&kind, &name)?;
    Ok(Json(assignments(&app, &[on], false)))
}

/// What a principal holds on an object, with what comes from the objects around it.
pub(crate) async fn effective_permissions(
    State(app): State<App>,
    Path((kind, name)): Path<(String, String)>,
) -> Answer {
    let on = securable(&kind, &name)?;
    let mut chain = vec![on.clone()];
    match &on {
        Securable::Table(t) | Securable::View(t) | Securable::Function(t) => {
            chain.push(Securable::Schema(t.schema_name()));
            chain.push(Securable::Catalog(t.catalog.clone()));
        }
        Securable::Schema(s) => chain.push(Securable::Catalog(s.catalog.clone())),
        Securable::Catalog(_) | Securable::Metastore => {}
    }
    Ok(Json(assignments(&app, &chain, true)))
}

fn assignments(app: &App, chain: &[Securable], effective: bool) -> Value {
    let mut by_principal: std::collections::BTreeMap<String, Vec<Value>> = std::collections::BTreeMap::new();
    app.engine.metastore().read(|state| {
        for (depth, on) in chain.iter().enumerate() {
            let (kind, name) = (on.kind(), on.full_name());
            for grant in state.grants.iter().filter(|g| g.kind == kind && g.full_name == name) {
                let privilege = grant.privilege.replace(' ', "_");
                let entry = match (effective, depth) {
                    (false, _) => json!(privilege),
                    (true, 0) => json!({ "privilege": privilege }),
                    (true, _) => {
                        json!({ "privilege": privilege, "inherited_from_name": name, "inherited_from_type": kind })
                    }
                };
                by_principal.entry(grant.principal.clone()).or_default().push(entry);
            }
        }
    });
    let list: Vec<_> =
        by_principal.into_iter().map(|(p, privileges)| json!({ "principal": p, "privileges": privileges })).collect();
    json!({ "privilege_assignments": list })
}

/// A securable from the API's type and name.
pub(crate) fn securable(kind: &str, name: &str) -> Result<Securable, ApiError> {
    match kind.to_lowercase().as_str() {
        "metastore" => Ok(Securable::Metastore),
        "catalog" => Ok(Securable::Catalog(name.to_lowercase())),
        "schema" => schema_name(name).map(Securable::Schema),
        "table" => table_name(name).map(Securable::Table),
        "function" => table_name(name).map(Securable::Function),
        _ => Err(ApiError::invalid(format!("The securable type '{kind}' is not supported by the local workspace."))),
    }
}

/// Runs engine work on a blocking thread.
pub(crate) async fn blocking<T: Send + 'static>(
    app: &App,
    work: impl FnOnce(&crate::sql::engine::Engine) -> Result<T, SqlError> + Send + 'static,
) -> Result<T, ApiError> {
    let engine = std::sync::Arc::clone(&app.engine);
    match tokio::task::spawn_blocking(move || work(&engine)).await {
        Ok(result) => result.map_err(ApiError::from),
        Err(e) => Err(ApiError::internal(format!("the engine's thread ended: {e}"))),
    }
}

fn audit_fields(audit: &Audit) -> Map<String, Value> {
    Map::from_iter([
        ("owner".to_owned(), json!(audit.owner)),
        ("created_at".to_owned(), json!(audit.created_at)),
        ("created_by".to_owned(), json!(audit.created_by)),
        ("updated_at".to_owned(), json!(audit.updated_at)),
        ("updated_by".to_owned(), json!(audit.updated_by)),
    ])
}

fn with_audit(value: Value, audit: &Audit, comment: Option<&String>) -> Value {
    let Value::Object(mut fields) = value else {
        return value;
    };
    fields.extend(audit_fields(audit));
    if let Some(comment) = comment {
        fields.insert("comment".to_owned(), json!(comment));
    }
    Value::Object(fields)
}

pub(crate) fn catalog_info(name: &str, info: &CatalogInfo, metastore_id: uuid::Uuid) -> Value {
    let value = json!({
        "name": name,
        "full_name": name,
        "catalog_type": if name == "samples" { "SYSTEM_CATALOG" } else { "MANAGED_CATALOG" },
        "metastore_id": metastore_id,
        "id": info.id,
        "isolation_mode": "OPEN",
        "securable_type": "CATALOG",
        "securable_kind": "CATALOG_STANDARD",
        "properties": info.properties,
        "browse_only": false,
    });
    with_audit(value, &info.audit, info.comment.as_ref())
}

pub(crate) fn schema_info(catalog: &str, name: &str, info: &SchemaInfo, metastore_id: uuid::Uuid) -> Value {
    let value = json!({
        "name": name,
        "catalog_name": catalog,
        "full_name": format!("{catalog}.{name}"),
        "schema_id": info.id,
        "metastore_id": metastore_id,
        "properties": info.properties,
        "securable_type": "SCHEMA",
        "browse_only": false,
    });
    with_audit(value, &info.audit, info.comment.as_ref())
}

fn table_type(table: &Table) -> &'static str {
    if table.is_view { "VIEW" } else { "MANAGED" }
}

fn table_info(app: &App, table: &Table, columns: bool) -> Value {
    let metastore_id = app.engine.metastore().read(|state| state.metastore_id);
    let mut value = json!({
        "name": table.name.table,
        "catalog_name": table.name.catalog,
        "schema_name": table.name.schema,
        "full_name": table.name.full_name(),
        "table_type": table_type(table),
        "table_id": table.info.id,
        "metastore_id": metastore_id,
        "properties": table.info.properties,
        "securable_type": "TABLE",
        "browse_only": false,
    });
    if let Value::Object(fields) = &mut value {
        if table.is_view {
            fields.insert("view_definition".to_owned(), json!(table.info.view_definition));
        } else {
            fields.insert("data_source_format".to_owned(), json!("DELTA"));
        }
        if columns {
            let list = table.columns.iter().enumerate().map(|(i, c)| column_info(i, c, &table.info.partition_columns));
            fields.insert("columns".to_owned(), list.collect());
        }
        if !table.info.primary_key.is_empty() {
            let key = json!({ "name": format!("{}_pk", table.name.table), "child_columns": table.info.primary_key });
            fields.insert("table_constraints".to_owned(), json!([{ "primary_key_constraint": key }]));
        }
    }
    with_audit(value, &table.info.audit, table.info.comment.as_ref())
}

fn column_info(position: usize, column: &TableColumn, partitions: &[String]) -> Value {
    let text = column.kind.text.to_lowercase();
    let json_type = json!({ "name": column.name, "type": text, "nullable": column.nullable, "metadata": {} });
    let mut value = json!({
        "name": column.name,
        "type_text": text,
        "type_name": column.kind.name,
        "type_json": json_type.to_string(),
        "position": position,
        "nullable": column.nullable,
    });
    if let Value::Object(fields) = &mut value {
        if let Some((precision, scale)) = column.kind.decimal {
            fields.insert("type_precision".to_owned(), json!(precision));
            fields.insert("type_scale".to_owned(), json!(scale));
        }
        if let Some(comment) = &column.comment {
            fields.insert("comment".to_owned(), json!(comment));
        }
        if let Some(index) = partitions.iter().position(|p| p.eq_ignore_ascii_case(&column.name)) {
            fields.insert("partition_index".to_owned(), json!(index));
        }
    }
    value
}

fn function_info(schema: &SchemaName, name: &str, info: &FunctionInfo) -> Value {
    let parameter = |(position, (name, kind)): (usize, &(String, String))| json!({ "name": name, "type_text": kind.to_lowercase(), "position": position });
    let parameters: Vec<_> = info.parameters.iter().enumerate().map(parameter).collect();
    let value = json!({
        "name": name,
        "catalog_name": schema.catalog,
        "schema_name": schema.schema,
        "full_name": format!("{}.{name}", schema.full_name()),
        "function_id": info.id,
        "routine_body": "SQL",
        "input_params": { "parameters": parameters },
    });
    with_audit(value, &info.audit, info.comment.as_ref())
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
