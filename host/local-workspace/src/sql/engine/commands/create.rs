//! CREATE and DROP of catalogs, schemas, tables, views and functions.

use uuid::Uuid;

use super::checks::{check_catalog, check_name, check_schema, existing};
use crate::{
    catalog::{
        Audit, CatalogInfo, Change, FunctionInfo, SchemaInfo, TableInfo, Uses,
        names::{SchemaName, Securable, TableName},
    },
    sql::{
        engine::{context::Context, inline, lineage, query::Outcome, rights::called, schema::tables},
        language::{
            command::{
                ColumnDefinition, CreateFunction, CreateTable, CreateView, DropKind, Generated, Properties, TableSource,
            },
            error::SqlError,
            names::{literal, quote},
            rewrite::check_catalog_writable,
        },
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
    // A catalog dropped before under this name may have left its file.
    if context.objects.ask(|known| known.dropped_catalogs())?.iter().any(|dropped| dropped == name) {
        context.database.remove_file(name)?;
        context.objects.ask(|known| known.file_removed(name))?;
    }
    context.database.attach(name).map_err(|e| context.fail(e))?;
    let default = SchemaName { catalog: name.to_owned(), schema: "default".to_owned() };
    context.execute(&format!("CREATE SCHEMA IF NOT EXISTS {}", default.physical()))?;
    // Until here the file is one that nobody knows.
    context
        .objects
        .ask(|known| async move { known.create_catalog(name, &CatalogInfo::new(context.user, comment)).await })?;
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
    let tables = tables(context.session, context.objects, name, None, None)?;
    let schemas = context.objects.ask(|known| known.schemas(name))?.len();
    if !cascade && (!tables.is_empty() || schemas > 1) {
        let detail =
            format!("Cannot drop catalog '{name}' because it is not empty. Use CASCADE to drop what it holds.");
        return Err(SqlError::new("CATALOG_NOT_EMPTY", "2BP01", detail));
    }
    // The search path may not point into a database that goes away.
    context.session.leave().map_err(|e| context.fail(e))?;
    context.database.detach(name)?;
    if let Err(e) = context.objects.ask(|known| known.drop_catalog(name)) {
        context.database.attach(name).map_err(|e| context.fail(e))?;
        return Err(e);
    }
    // From here the catalog is gone; a file that cannot be removed now is removed at the next start.
    let removed =
        context.database.remove_file(name).and_then(|()| context.objects.ask(|known| known.file_removed(name)));
    if let Err(e) = removed {
        tracing::warn!(catalog = name, "the file of a dropped catalog is left: {e}");
    }
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
    let mut info = SchemaInfo::new(context.user, comment);
    info.properties.extend(properties.iter().cloned());
    let create = format!("CREATE SCHEMA IF NOT EXISTS {}", name.physical());
    context.change(&Change::CreateSchema { name: name.clone(), info }, || context.execute(&create))?;
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
    let tables = tables(context.session, context.objects, &name.catalog, Some(&name.schema), None)?;
    let functions = context.objects.ask(|known| known.functions(name))?.len();
    let volumes = context.objects.ask(|known| known.volumes(name))?.len();
    if !cascade && (!tables.is_empty() || functions != 0 || volumes != 0) {
        let detail = format!(
            "Cannot drop a schema {} because it contains objects. Use DROP SCHEMA ... CASCADE to drop the schema and all its \
             objects.",
            name.quoted()
        );
        return Err(SqlError::new("SCHEMA_NOT_EMPTY", "2BP01", detail));
    }
    let change = Change::DropSchema { name: name.clone() };
    if name.schema == "main" {
        // DuckDB's own schema of that name cannot go; what is in it can.
        context.change(&change, || {
            for table in &tables {
                let word = if table.is_view { "VIEW" } else { "TABLE" };
                context.execute(&format!("DROP {word} {} CASCADE", table.name.physical()))?;
            }
            Ok(())
        })?;
    } else {
        context.session.leave().map_err(|e| context.fail(e))?;
        context.change(&change, || context.execute(&format!("DROP SCHEMA {} CASCADE", name.physical())))?;
    }
    Ok(Outcome::nothing("DROP"))
}

pub(super) fn table(context: &Context<'_>, table: &CreateTable) -> Result<Outcome, SqlError> {
    let name = &table.name;
    check_name(name)?;
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
    let operation = match (&table.source, table.or_replace) {
        (TableSource::Query(_), false) => "CREATE TABLE AS SELECT",
        (TableSource::Query(_), true) => "CREATE OR REPLACE TABLE AS SELECT",
        (TableSource::Clone(_), _) => "CLONE",
        (_, false) => "CREATE TABLE",
        (_, true) => "CREATE OR REPLACE TABLE",
    };
    let limits = match &table.source {
        TableSource::Like(source) | TableSource::Clone(source) => {
            context.objects.ask(|known| known.table(source))?.map(|info| info.text_limits)
        }
        TableSource::Columns | TableSource::Query(_) => None,
    };
    let own_limits = table.columns.iter().filter_map(|c| Some((c.name.to_lowercase(), c.text_limit?)));
    let comments = table.columns.iter().filter_map(|c| Some((c.name.to_lowercase(), c.comment.clone()?)));
    let info = TableInfo {
        comment: table.comment.clone(),
        properties: table.properties.iter().cloned().collect(),
        partition_columns: table.partition_columns.clone(),
        cluster_columns: table.cluster_columns.clone(),
        primary_key: table.primary_key.clone(),
        text_limits: limits.unwrap_or_else(|| own_limits.collect()),
        column_comments: comments.collect(),
        ..TableInfo::new(context.user)
    };
    let entry = Some(context.entry(operation));
    context.change(&Change::PutTable { name: name.clone(), info: Box::new(info), entry }, || {
        if known.is_some() {
            context.execute(&format!("DROP TABLE {} CASCADE", name.physical()))?;
        }
        for statement in table_statements(table)? {
            context.execute_bound(&statement)?;
        }
        Ok(())
    })?;
    let copied = match &table.source {
        TableSource::Clone(source) => Some(source),
        TableSource::Like(_) | TableSource::Columns | TableSource::Query(_) => None,
    };
    lineage::record(context, name, copied);
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
    check_name(name)?;
    check_schema(context, &name.schema_name())?;
    if let Ok(known) = existing(context, name) {
        if view.if_not_exists {
            return Ok(Outcome::nothing("CREATE"));
        }
        if !view.or_replace || !known.is_view {
            return Err(SqlError::table_exists(&name.quoted()));
        }
    }
    inline::check_acyclic(context, name)?;
    let comments = view.columns.iter().filter_map(|(column, c)| Some((column.to_lowercase(), c.clone()?)));
    let info = TableInfo {
        comment: view.comment.clone(),
        properties: view.properties.iter().cloned().collect(),
        view_definition: Some(view.definition.clone()),
        view_reads: context.notes.reads.clone(),
        view_calls: called(context)?,
        view_home: Some(context.home()),
        inline: view.inline,
        metrics: view.metrics,
        column_comments: comments.collect(),
        ..TableInfo::new(context.user)
    };
    let names: Vec<_> = view.columns.iter().map(|(column, _)| column.clone()).collect();
    let create = if view.inline {
        context.objects.look_for_inlined();
        format!("CREATE OR REPLACE VIEW {} AS {}", name.physical(), inline::hull(context, &view.query, &names)?)
    } else {
        let names: Vec<_> = names.iter().map(|name| quote(name)).collect();
        let columns = if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) };
        format!("CREATE OR REPLACE VIEW {}{columns} AS {}", name.physical(), view.query)
    };
    let change = Change::PutTable { name: name.clone(), info: Box::new(info), entry: None };
    context.change(&change, || context.execute(&create))?;
    lineage::record(context, name, None);
    Ok(Outcome::nothing("CREATE"))
}

pub(super) fn function(context: &Context<'_>, function: &CreateFunction) -> Result<Outcome, SqlError> {
    let name = &function.name;
    check_name(name)?;
    check_schema(context, &name.schema_name())?;
    let known = context.objects.ask(|known| known.function(name))?.is_some();
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
    let info = FunctionInfo {
        id: Uuid::new_v4(),
        audit: Audit::new(context.user),
        comment: function.comment.clone(),
        parameters: function.parameters.clone(),
        uses: Some(Uses { tables: context.notes.reads.clone(), functions: called(context)? }),
    };
    let create = format!("CREATE OR REPLACE MACRO {}({}) AS {body}", name.physical(), parameters.join(", "));
    context.change(&Change::PutFunction { name: name.clone(), info }, || context.execute(&create))?;
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
    context.change(&Change::DropTable { name: name.clone() }, || {
        context.execute(&format!("DROP {} {} CASCADE", word(kind), name.physical()))?;
        for column in &table.columns {
            if column.default.as_ref().is_some_and(|default| default.contains("$identity")) {
                let sequence = TableName { table: format!("{}${}$identity", name.table, column.name), ..name.clone() };
                context.execute(&format!("DROP SEQUENCE IF EXISTS {}", sequence.physical()))?;
            }
        }
        Ok(())
    })?;
    Ok(Outcome::nothing("DROP"))
}

fn drop_function(context: &Context<'_>, name: &TableName, if_exists: bool) -> Result<Outcome, SqlError> {
    if context.objects.ask(|known| known.function(name))?.is_none() {
        return if if_exists {
            Ok(Outcome::nothing("DROP"))
        } else {
            Err(SqlError::routine_not_found(&name.full_name()))
        };
    }
    let drop = format!("DROP MACRO IF EXISTS {}", name.physical());
    context.change(&Change::DropFunction { name: name.clone() }, || context.execute(&drop))?;
    Ok(Outcome::nothing("DROP"))
}

/// The word for a dropped or expected object.
fn word(kind: DropKind) -> &'static str {
    match kind {
        DropKind::Table => "TABLE",
        DropKind::View => "VIEW",
        DropKind::Function => "FUNCTION",
    }
}
