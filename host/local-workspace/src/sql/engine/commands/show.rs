//! SHOW statements. Column names follow the Databricks SQL reference.

use super::{
    checks::{check_catalog, check_schema, check_securable, existing},
    like::matches,
    volumes,
};
use crate::{
    catalog::{
        CatalogInfo, FunctionInfo, Grant, SchemaInfo,
        names::{SchemaName, Securable, TableName},
        rights::Privilege,
    },
    sql::{
        engine::{
            context::Context,
            information::INFORMATION_SCHEMA,
            query::Outcome,
            rights::visible,
            schema::{Column, Table, TypeName, tables},
        },
        language::{command::Show, error::SqlError},
    },
};

type Cells = Vec<Vec<Option<String>>>;

pub(super) fn show(context: &Context<'_>, show: &Show) -> Result<Outcome, SqlError> {
    let (columns, rows): (Vec<Column>, Cells) = match show {
        Show::Catalogs { like } => (strings(&["catalog"]), catalogs(context, like.as_deref())?),
        Show::Schemas { catalog, like } => {
            check_catalog(context, catalog)?;
            (strings(&["databaseName"]), schemas(context, catalog, like.as_deref())?)
        }
        Show::Tables { schema, like } => {
            (table_list("tableName"), table_rows(context, schema, like.as_deref(), |_| true)?)
        }
        Show::Views { schema, like } => {
            (table_list("viewName"), table_rows(context, schema, like.as_deref(), |t| t.is_view)?)
        }
        Show::Volumes { schema, like } => {
            (strings(&["database", "volume_name"]), volumes::show(context, schema, like.as_deref())?)
        }
        Show::Columns { table } => {
            let table = existing(context, table)?;
            (strings(&["col_name"]), table.columns.iter().map(|c| vec![Some(c.name.clone())]).collect())
        }
        Show::CreateTable { table } => {
            let text = create_statement(&existing(context, table)?);
            (strings(&["createtab_stmt"]), vec![vec![Some(text)]])
        }
        Show::Functions { schema, like, user, system } => {
            (strings(&["function"]), functions(context, schema, like.as_deref(), *user, *system)?)
        }
        Show::Properties { table, key } => (strings(&["key", "value"]), properties(context, table, key.as_deref())?),
        Show::Grants { principal, on } => (
            strings(&["Principal", "ActionType", "ObjectType", "ObjectKey"]),
            grants(context, principal.as_deref(), on)?,
        ),
        Show::CurrentSchema => {
            (strings(&["catalog", "namespace"]), vec![vec![Some("main".into()), Some("default".into())]])
        }
    };
    Outcome::table(context, "SHOW", columns, rows)
}

fn strings(names: &[&str]) -> Vec<Column> {
    names.iter().map(|name| Column::string(name)).collect()
}

fn table_list(name: &str) -> Vec<Column> {
    vec![Column::string("database"), Column::string(name), Column::of("isTemporary", TypeName::Boolean)]
}

fn catalogs(context: &Context<'_>, like: Option<&str>) -> Result<Cells, SqlError> {
    let catalogs = context.objects.ask(|known| known.catalogs())?;
    let of = |(name, info): &(String, CatalogInfo)| (Securable::Catalog(name.clone()), info.audit.owner.clone());
    let names = visible(context, None, catalogs, of)?.into_iter().map(|(name, _)| name);
    Ok(names.filter(|name| matches(like, name)).map(|name| vec![Some(name)]).collect())
}

fn schemas(context: &Context<'_>, catalog: &str, like: Option<&str>) -> Result<Cells, SqlError> {
    let schemas = context.objects.ask(|known| known.schemas(catalog))?;
    let container = Securable::Catalog(catalog.to_owned());
    let of = |(name, info): &(String, SchemaInfo)| {
        let name = SchemaName { catalog: catalog.to_owned(), schema: name.clone() };
        (Securable::Schema(name), info.audit.owner.clone())
    };
    let schemas = visible(context, Some(&container), schemas, of)?;
    let mut names: Vec<_> = schemas.into_iter().map(|(name, _)| name).collect();
    names.push(INFORMATION_SCHEMA.to_owned());
    names.sort();
    Ok(names.into_iter().filter(|name| matches(like, name)).map(|name| vec![Some(name)]).collect())
}

fn table_rows(
    context: &Context<'_>,
    schema: &SchemaName,
    like: Option<&str>,
    wanted: impl Fn(&Table) -> bool,
) -> Result<Cells, SqlError> {
    check_schema(context, schema)?;
    let tables = tables(context.session, context.objects, &schema.catalog, Some(&schema.schema), None)?;
    let of = |table: &Table| (Securable::Table(table.name.clone()), table.info.audit.owner.clone());
    let tables = visible(context, Some(&Securable::Schema(schema.clone())), tables, of)?;
    let row = |t: Table| vec![Some(schema.schema.clone()), Some(t.name.table), Some("false".to_owned())];
    Ok(tables.into_iter().filter(|t| wanted(t) && matches(like, &t.name.table)).map(row).collect())
}

/// SHOW CREATE TABLE.
fn create_statement(table: &Table) -> String {
    let quote = |text: &str| format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"));
    if table.is_view {
        let definition = table.info.view_definition.clone().unwrap_or_default();
        return format!("CREATE VIEW {} AS {definition}", table.name.full_name());
    }
    let columns: Vec<_> = table
        .columns
        .iter()
        .map(|c| {
            let not_null = if c.nullable { "" } else { " NOT NULL" };
            let comment = c.comment.as_ref().map(|text| format!(" COMMENT {}", quote(text))).unwrap_or_default();
            format!("  {} {}{not_null}{comment}", c.name, c.kind.text)
        })
        .collect();
    let mut text = format!("CREATE TABLE {} (\n{})\nUSING delta", table.name.full_name(), columns.join(",\n"));
    for (clause, names) in
        [("PARTITIONED BY", &table.info.partition_columns), ("CLUSTER BY", &table.info.cluster_columns)]
    {
        if !names.is_empty() {
            text.push_str(&format!("\n{clause} ({})", names.join(", ")));
        }
    }
    if let Some(comment) = &table.info.comment {
        text.push_str(&format!("\nCOMMENT {}", quote(comment)));
    }
    if !table.info.properties.is_empty() {
        let list: Vec<_> =
            table.info.properties.iter().map(|(k, v)| format!("  {} = {}", quote(k), quote(v))).collect();
        text.push_str(&format!("\nTBLPROPERTIES (\n{})", list.join(",\n")));
    }
    text.push('\n');
    text
}

fn functions(
    context: &Context<'_>,
    schema: &SchemaName,
    like: Option<&str>,
    user: bool,
    system: bool,
) -> Result<Cells, SqlError> {
    check_schema(context, schema)?;
    let mut names = Vec::new();
    if user {
        let functions = context.objects.ask(|known| known.functions(schema))?;
        let of = |(name, info): &(String, FunctionInfo)| {
            (Securable::Function(schema.object(name)), info.audit.owner.clone())
        };
        let functions = visible(context, Some(&Securable::Schema(schema.clone())), functions, of)?;
        names.extend(functions.into_iter().map(|(name, _)| format!("{}.{name}", schema.full_name())));
    }
    if system {
        let sql = "SELECT DISTINCT lower(function_name) FROM duckdb_functions()
                   WHERE function_type IN ('scalar', 'aggregate', 'macro') AND function_name ~ '^[a-z][a-z0-9_]*$'
                     AND NOT starts_with(function_name, 'spark_') AND NOT starts_with(function_name, 'pg_')
                   ORDER BY 1";
        let connection = context.session.connection()?;
        let mut statement = connection.prepare(sql).map_err(|e| context.fail(e))?;
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).map_err(|e| context.fail(e))?;
        for name in rows {
            names.push(name.map_err(|e| context.fail(e))?);
        }
    }
    Ok(names.into_iter().filter(|name| matches(like, name)).map(|name| vec![Some(name)]).collect())
}

fn properties(context: &Context<'_>, table: &TableName, key: Option<&str>) -> Result<Cells, SqlError> {
    let properties = existing(context, table)?.info.properties;
    let row = |key: &str, value: Option<&String>| {
        let missing = || format!("Table {} does not have property: {key}", table.full_name());
        vec![Some(key.to_owned()), Some(value.cloned().unwrap_or_else(missing))]
    };
    Ok(match key {
        Some(key) => vec![row(key, properties.get(key))],
        None => properties.iter().map(|(key, value)| row(key, Some(value))).collect(),
    })
}

fn grants(context: &Context<'_>, principal: Option<&str>, on: &Securable) -> Result<Cells, SqlError> {
    check_securable(context, on)?;
    let (kind, name) = (on.kind(), on.full_name());
    // Who manages an object sees all that is granted on it, others what is theirs.
    let sees_all = context.objects.ask(|known| known.denied(context.user, on, Privilege::Manage))?.is_none();
    let subject = context.objects.subject(context.user);
    let wanted = |g: &Grant| {
        (g.kind == kind || (g.kind == "VIEW" && kind == "TABLE"))
            && principal.is_none_or(|p| p == g.principal)
            && (sees_all || subject.is(&g.principal))
    };
    let grants = context.objects.ask(|known| known.grants(&name))?;
    let row = |g: Grant| [g.principal, g.privilege, g.kind, g.full_name].map(Some).to_vec();
    let mut rows: Cells = grants.into_iter().filter(wanted).map(row).collect();
    rows.sort();
    Ok(rows)
}
