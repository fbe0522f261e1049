//! CREATE and DROP of catalogs, schemas, tables, views and functions.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{check_catalog, check_schema, existing, word};
use crate::{
    catalog::{Audit, CatalogInfo, FunctionInfo, SchemaInfo, TableInfo},
    sql::engine::query::{Context, Outcome},
    sql::language::{
        command::{
            ColumnDefinition, CreateFunction, CreateTable, CreateView, DropKind, Generated, Properties, Securable,
            TableSource,
        },
        error::SqlError,
        names::{SchemaName, TableName, literal, quote},
        rewrite::check_catalog_writable,
    },
};

/// Longest name of a catalog; it is also a file's name.
const CATALOG_NAME_LENGTH: usize = 100;

/// Names that are taken by the workspace itself or by DuckDB's own schemas.
const RESERVED: [&str; 4] = ["system", "information_schema", "pg_catalog", "hive_metastore"];

pub(super) fn catalog(
    context: &Context<'_>,
    name: &str,
    if_not_exists: bool,
    comment: Option<String>,
) -> Result<Outcome, SqlError> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    if name.is_empty() || name.len() > CATALOG_NAME_LENGTH || !name.chars().all(plain) || RESERVED.contains(&name) {
        let detail = format!(
            "Invalid input: RPC CreateCatalog Field managedcatalog.CatalogInfo.name: name \"{name}\" is not a valid name. \
             Names here hold letters, digits, underscores and hyphens."
        );
        return Err(SqlError::new("INVALID_PARAMETER_VALUE", "22023", detail));
    }
    if check_catalog(context, name).is_ok() {
        if if_not_exists {
            return Ok(Outcome::nothing("CREATE"));
        }
        let detail = format!("Catalog '{name}' already exists. Choose a different name, or add IF NOT EXISTS.");
        return Err(SqlError::new("CATALOG_ALREADY_EXISTS", "42P06", detail));
    }
    context.database.attach(name).map_err(|e| context.fail(e))?;
    let default = SchemaName { catalog: name.to_owned(), schema: "default".to_owned() };
    context.execute(&format!("CREATE SCHEMA IF NOT EXISTS {}", default.physical()))?;
    context.metastore.write(|state| {
        state.catalogs.insert(name.to_owned(), CatalogInfo::new(context.user, comment));
    });
    Ok(Outcome::nothing("CREATE"))
}

pub(super) fn drop_catalog(
    context: &Context<'_>,
    name: &str,
    if_exists: bool,
    cascade: bool,
) -> Result<Outcome, SqlError> {
    check_catalog_writable(&Securable::Catalog(name.to_owned()))?;
    if let Err(missing) = check_catalog(context, name) {
        return if if_exists { Ok(Outcome::nothing("DROP")) } else { Err(missing) };
    }
    if name == "main" {
        return Err(SqlError::permission("Catalog 'main' cannot be dropped: statements without a catalog use it."));
    }
    let tables = crate::sql::engine::schema::tables(context.session, context.metastore, name, None, None)?;
    let schemas = context.metastore.read(|state| state.catalogs.get(name).map_or(0, |c| c.schemas.len()));
    if !cascade && (!tables.is_empty() || schemas > 1) {
        let detail =
            format!("Cannot drop catalog '{name}' because it is not empty. Use CASCADE to drop what it holds.");
        return Err(SqlError::new("CATALOG_NOT_EMPTY", "2BP01", detail));
    }
    // The search path may not point into a database that goes away.
    context.session.leave().map_err(|e| context.fail(e))?;
    context.database.drop_catalog(name)?;
    context.metastore.write(|state| {
        state.catalogs.remove(name);
        state.forget_grants(name);
    });
    Ok(Outcome::nothing("DROP"))
}

pub(super) fn schema(
    context: &Context<'_>,
    name: &SchemaName,
    if_not_exists: bool,
    comment: Option<String>,
    properties: &Properties,
) -> Result<Outcome, SqlError> {
    check_catalog_writable(&Securable::Schema(name.clone()))?;
    check_catalog(context, &name.catalog)?;
    let bad = |c: char| c == '/' || c == '.' || c == ' ' || c.is_control();
    if name.schema.is_empty()
        || name.schema.len() > 255
        || name.schema.contains(bad)
        || RESERVED.contains(&name.schema.as_str())
    {
        let detail = format!("`{}` is not a valid name for a schema.", name.schema);
        return Err(SqlError::new("INVALID_SCHEMA_OR_RELATION_NAME", "42602", detail));
    }
    if check_schema(context, name).is_ok() {
        if if_not_exists {
            return Ok(Outcome::nothing("CREATE"));
        }
        let detail = format!(
            "Cannot create schema {} because it already exists. Choose a different name, drop the existing schema, or add \
             the IF NOT EXISTS clause to tolerate pre-existing schema.",
            name.quoted()
        );
        return Err(SqlError::new("SCHEMA_ALREADY_EXISTS", "42P06", detail));
    }
    context.execute(&format!("CREATE SCHEMA IF NOT EXISTS {}", name.physical()))?;
    context.metastore.write(|state| {
        let mut info = SchemaInfo::new(context.user, comment);
        info.properties.extend(properties.iter().cloned());
        if let Some(catalog) = state.catalogs.get_mut(&name.catalog) {
            catalog.schemas.insert(name.schema.clone(), info);
        }
    });
    Ok(Outcome::nothing("CREATE"))
}

pub(super) fn drop_schema(
    context: &Context<'_>,
    name: &SchemaName,
    if_exists: bool,
    cascade: bool,
) -> Result<Outcome, SqlError> {
    check_catalog_writable(&Securable::Schema(name.clone()))?;
    if let Err(missing) = check_schema(context, name) {
        return if if_exists { Ok(Outcome::nothing("DROP")) } else { Err(missing) };
    }
    let tables = crate::sql::engine::schema::tables(
        context.session,
        context.metastore,
        &name.catalog,
        Some(&name.schema),
        None,
    )?;
    let functions = context.metastore.read(|state| state.schema(name).map_or(0, |s| s.functions.len()));
    if !cascade && (!tables.is_empty() || functions != 0) {
        let detail = format!(
            "Cannot drop a schema {} because it contains objects. Use DROP SCHEMA ... CASCADE to drop the schema and all its \
             objects.",
            name.quoted()
        );
        return Err(SqlError::new("SCHEMA_NOT_EMPTY", "2BP01", detail));
    }
    if name.schema == "main" {
        // DuckDB's own schema of that name cannot go; what is in it can.
        for table in &tables {
            let word = if table.is_view { "VIEW" } else { "TABLE" };
            context.execute(&format!("DROP {word} {} CASCADE", table.name.physical()))?;
        }
    } else {
        context.session.leave().map_err(|e| context.fail(e))?;
        context.execute(&format!("DROP SCHEMA {} CASCADE", name.physical()))?;
    }
    context.metastore.write(|state| {
        if let Some(catalog) = state.catalogs.get_mut(&name.catalog) {
            catalog.schemas.remove(&name.schema);
        }
        state.forget_grants(&name.full_name());
    });
    Ok(Outcome::nothing("DROP"))
}

pub(super) fn table(context: &Context<'_>, table: &CreateTable) -> Result<Outcome, SqlError> {
    let name = &table.name;
    check_schema(context, &name.schema_name())?;
    let known = existing(context, name).ok();
    if let Some(known) = &known {
        if table.if_not_exists {
            return Ok(Outcome::nothing("CREATE"));
        }
        if !table.or_replace || known.is_view {
            return Err(SqlError::table_exists(&name.quoted()));
        }
    }
    context.transaction(|| {
        if known.is_some() {
            context.execute(&format!("DROP TABLE {} CASCADE", name.physical()))?;
        }
        for statement in table_statements(table)? {
            context.execute_bound(&statement)?;
        }
        Ok(())
    })?;
    let operation = match (&table.source, table.or_replace) {
        (TableSource::Query(_), false) => "CREATE TABLE AS SELECT",
        (TableSource::Query(_), true) => "CREATE OR REPLACE TABLE AS SELECT",
        (TableSource::Clone(_), _) => "CLONE",
        (_, false) => "CREATE TABLE",
        (_, true) => "CREATE OR REPLACE TABLE",
    };
    let source_limits = match &table.source {
        TableSource::Like(source) | TableSource::Clone(source) => {
            context.metastore.read(|state| state.table(source).map(|info| info.text_limits.clone()))
        }
        TableSource::Columns | TableSource::Query(_) => None,
    };
    context.metastore.write(|state| {
        let Some(schema) = state.schema_mut(&name.schema_name()) else {
            return;
        };
        let mut info = schema.tables.remove(&name.table).unwrap_or_else(|| TableInfo::new(context.user));
        info.comment.clone_from(&table.comment);
        info.properties = table.properties.iter().cloned().collect();
        info.partition_columns.clone_from(&table.partition_columns);
        info.cluster_columns.clone_from(&table.cluster_columns);
        info.primary_key.clone_from(&table.primary_key);
        let limits = table.columns.iter().filter_map(|c| Some((c.name.to_lowercase(), c.text_limit?)));
        info.text_limits = source_limits.unwrap_or_else(|| limits.collect());
        info.column_comments =
            table.columns.iter().filter_map(|c| Some((c.name.to_lowercase(), c.comment.clone()?))).collect();
        info.record(context.user, operation, BTreeMap::new());
        schema.tables.insert(name.table.clone(), info);
    });
    Ok(Outcome::nothing("CREATE"))
}

/// The DuckDB statements that make a table.
fn table_statements(table: &CreateTable) -> Result<Vec<String>, SqlError> {
    let physical = table.name.physical();
    Ok(match &table.source {
        TableSource::Query(query) => {
            let names: Vec<_> = table.columns.iter().map(|c| quote(&c.name)).collect();
            let columns = if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) };
            vec![format!("CREATE TABLE {physical}{columns} AS {query}")]
        }
        TableSource::Like(source) => vec![format!("CREATE TABLE {physical} AS FROM {} LIMIT 0", source.physical())],
        TableSource::Clone(source) => vec![format!("CREATE TABLE {physical} AS FROM {}", source.physical())],
        TableSource::Columns if table.columns.is_empty() => {
            return Err(SqlError::unsupported("A table without columns"));
        }
        TableSource::Columns => {
            let mut statements = Vec::new();
            let mut columns = Vec::new();
            for column in &table.columns {
                columns.push(column_definition(table, column, &mut statements)?);
            }
            statements.push(format!("CREATE TABLE {physical} ({})", columns.join(", ")));
            statements
        }
    })
}

fn column_definition(
    table: &CreateTable,
    column: &ColumnDefinition,
    before: &mut Vec<String>,
) -> Result<String, SqlError> {
    if column.physical_type.is_empty() {
        return Err(SqlError::new("PARSE_SYNTAX_ERROR", "42601", format!("Column `{}` has no type.", column.name)));
    }
    let mut text = format!("{} {}", quote(&column.name), column.physical_type);
    match &column.generated {
        Generated::No => {}
        Generated::Expression(expression) => text.push_str(&format!(" GENERATED ALWAYS AS ({expression}) VIRTUAL")),
        Generated::Identity { start, step } => {
            let sequence =
                TableName { table: format!("{}${}$identity", table.name.table, column.name), ..table.name.clone() };
            before.push(format!(
                "CREATE OR REPLACE SEQUENCE {} START WITH {start} INCREMENT BY {step} MINVALUE {} MAXVALUE {}",
                sequence.physical(),
                start.min(&1),
                i64::MAX
            ));
            text.push_str(&format!(" DEFAULT nextval({})", literal(&sequence.physical())));
        }
    }
    if let Some(default) = &column.default {
        text.push_str(&format!(" DEFAULT {default}"));
    }
    if column.not_null {
        text.push_str(" NOT NULL");
    }
    Ok(text)
}

pub(super) fn view(context: &Context<'_>, view: &CreateView) -> Result<Outcome, SqlError> {
    if view.temporary {
        return Err(SqlError::unsupported("A temporary view (each statement has a session of its own)"));
    }
    let name = &view.name;
    check_schema(context, &name.schema_name())?;
    if let Ok(known) = existing(context, name) {
        if view.if_not_exists {
            return Ok(Outcome::nothing("CREATE"));
        }
        if !view.or_replace || !known.is_view {
            return Err(SqlError::table_exists(&name.quoted()));
        }
    }
    let names: Vec<_> = view.columns.iter().map(|(column, _)| quote(column)).collect();
    let columns = if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) };
    context.execute(&format!("CREATE OR REPLACE VIEW {}{columns} AS {}", name.physical(), view.query))?;
    context.metastore.write(|state| {
        let Some(info) = state.table_mut(name, context.user) else {
            return;
        };
        info.comment.clone_from(&view.comment);
        info.properties = view.properties.iter().cloned().collect();
        info.view_definition = Some(view.definition.clone());
        let comments = view.columns.iter().filter_map(|(column, c)| Some((column.to_lowercase(), c.clone()?)));
        info.column_comments = comments.collect();
    });
    Ok(Outcome::nothing("CREATE"))
}

pub(super) fn function(context: &Context<'_>, function: &CreateFunction) -> Result<Outcome, SqlError> {
    let name = &function.name;
    check_schema(context, &name.schema_name())?;
    let known = context
        .metastore
        .read(|state| state.schema(&name.schema_name()).is_some_and(|s| s.functions.contains_key(&name.table)));
    if known && function.if_not_exists {
        return Ok(Outcome::nothing("CREATE"));
    }
    if known && !function.or_replace {
        let detail = format!("Cannot create the routine {} because it already exists.", name.quoted());
        return Err(SqlError::new("ROUTINE_ALREADY_EXISTS", "42723", detail));
    }
    let parameters: Vec<_> = function.parameters.iter().map(|(name, _)| quote(name)).collect();
    let body = match &function.returns {
        Some(kind) => format!("CAST(({}) AS {kind})", function.body),
        None => function.body.clone(),
    };
    context.execute(&format!("CREATE OR REPLACE MACRO {}({}) AS {body}", name.physical(), parameters.join(", ")))?;
    context.metastore.write(|state| {
        let Some(schema) = state.schema_mut(&name.schema_name()) else {
            return;
        };
        let info = FunctionInfo {
            id: Uuid::new_v4(),
            audit: Audit::new(context.user),
            comment: function.comment.clone(),
            parameters: function.parameters.clone(),
        };
        schema.functions.insert(name.table.clone(), info);
    });
    Ok(Outcome::nothing("CREATE"))
}

pub(super) fn drop(
    context: &Context<'_>,
    kind: DropKind,
    name: &TableName,
    if_exists: bool,
) -> Result<Outcome, SqlError> {
    check_catalog_writable(&Securable::Table(name.clone()))?;
    if kind == DropKind::Function {
        return drop_function(context, name, if_exists);
    }
    let table = match existing(context, name) {
        Ok(table) => table,
        Err(_) if if_exists => return Ok(Outcome::nothing("DROP")),
        Err(e) => return Err(e),
    };
    if table.is_view != (kind == DropKind::View) {
        let (is, not) = if table.is_view { ("a VIEW", "TABLE") } else { ("a TABLE", "VIEW") };
        let detail = format!("{} is {is}; DROP {not} needs a {}.", name.quoted(), word(kind));
        return Err(SqlError::new("EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE", "42809", detail));
    }
    context.execute(&format!("DROP {} {} CASCADE", word(kind), name.physical()))?;
    for column in &table.columns {
        let Some(default) = &column.default else {
            continue;
        };
        if default.contains("$identity") {
            let sequence = TableName { table: format!("{}${}$identity", name.table, column.name), ..name.clone() };
            context.execute(&format!("DROP SEQUENCE IF EXISTS {}", sequence.physical()))?;
        }
    }
    context.metastore.write(|state| {
        if let Some(schema) = state.schema_mut(&name.schema_name()) {
            schema.tables.remove(&name.table);
        }
        state.forget_grants(&name.full_name());
    });
    Ok(Outcome::nothing("DROP"))
}

fn drop_function(context: &Context<'_>, name: &TableName, if_exists: bool) -> Result<Outcome, SqlError> {
    let removed = context
        .metastore
        .write(|state| state.schema_mut(&name.schema_name()).and_then(|s| s.functions.remove(&name.table)).is_some());
    if !removed {
        return if if_exists {
            Ok(Outcome::nothing("DROP"))
        } else {
            Err(SqlError::routine_not_found(&name.full_name()))
        };
    }
    context.execute(&format!("DROP MACRO IF EXISTS {}", name.physical()))?;
    Ok(Outcome::nothing("DROP"))
}
