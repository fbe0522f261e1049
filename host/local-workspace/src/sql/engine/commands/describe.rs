//! DESCRIBE statements. Rows follow the Databricks SQL reference.

use chrono::DateTime;

use super::{
    checks::{check_catalog, check_schema, existing},
    described, volumes,
};
use crate::{
    catalog::{
        HistoryEntry,
        names::{SchemaName, TableName},
    },
    sql::{
        engine::{
            context::Context,
            query::{self, Outcome},
            rows::Limits,
            schema::{Column, SqlType, Table, TableColumn, TypeName},
        },
        language::{command::Describe, error::SqlError},
    },
};

type Cells = Vec<Vec<Option<String>>>;

pub(super) fn describe(context: &Context<'_>, describe: &Describe) -> Result<Outcome, SqlError> {
    let (columns, rows) = match describe {
        Describe::Table { table, extended, column } => {
            let table = existing(context, table)?;
            match column {
                Some(column) => (info_columns("info_name", "info_value"), one_column(&table, column)?),
                None => (table_columns(), whole_table(&table, *extended)),
            }
        }
        Describe::Json { table } => {
            let described = described::table(&existing(context, table)?).to_string();
            (vec![Column::string("json_metadata")], vec![vec![Some(described)]])
        }
        Describe::History { table } => {
            existing(context, table)?;
            (history_columns(), history(context.objects.ask(|known| known.history(table))?))
        }
        Describe::Detail { table } => detail(&existing(context, table)?),
        Describe::Catalog { name, extended } => {
            check_catalog(context, name)?;
            (info_columns("info_name", "info_value"), catalog(context, name, *extended)?)
        }
        Describe::Schema { name, extended } => {
            check_schema(context, name)?;
            (info_columns("database_description_item", "database_description_value"), schema(context, name, *extended)?)
        }
        Describe::Function { name } => (vec![Column::string("function_desc")], function(context, name)?),
        Describe::Volume { name } => volumes::describe(context, name)?,
        Describe::Query { sql } => (table_columns(), of_query(context, sql)?),
    };
    Outcome::table(context, "DESCRIBE", columns, rows)
}

fn info_columns(name: &str, value: &str) -> Vec<Column> {
    vec![Column::string(name), Column::string(value)]
}

fn table_columns() -> Vec<Column> {
    ["col_name", "data_type", "comment"].map(Column::string).to_vec()
}

fn row(cells: [&str; 3]) -> Vec<Option<String>> {
    cells.map(|c| Some(c.to_owned())).to_vec()
}

fn whole_table(table: &Table, extended: bool) -> Cells {
    let column = |c: &TableColumn| {
        let kind = match table.info.text_limits.get(&c.name.to_lowercase()) {
            Some(limit) => format!("{}({})", if limit.padded { "char" } else { "varchar" }, limit.length),
            None => c.kind.text.to_lowercase(),
        };
        vec![Some(c.name.clone()), Some(kind), c.comment.clone()]
    };
    let mut rows: Cells = table.columns.iter().map(column).collect();
    if !table.info.partition_columns.is_empty() {
        rows.push(row(["# Partition Information", "", ""]));
        rows.push(row(["# col_name", "data_type", "comment"]));
        let partitions = table.columns.iter().filter(|c| table.info.partition_columns.contains(&c.name));
        rows.extend(partitions.map(column));
    }
    if !extended {
        return rows;
    }
    rows.push(row(["", "", ""]));
    rows.push(row(["# Detailed Table Information", "", ""]));
    let audit = &table.info.audit;
    let mut add = |name: &str, value: String| rows.push(row([name, &value, ""]));
    add("Catalog", table.name.catalog.clone());
    add("Database", table.name.schema.clone());
    add("Table", table.name.table.clone());
    add("Owner", audit.owner.clone());
    add("Created Time", time(audit.created_at));
    add("Created By", audit.created_by.clone());
    add("Type", table.kind().to_owned());
    if let Some(comment) = &table.info.comment {
        add("Comment", comment.clone());
    }
    if table.is_view {
        add("View Text", table.info.view_definition.clone().unwrap_or_default());
    } else {
        add("Provider", "delta".to_owned());
        add("Statistics", format!("{} rows", table.rows));
    }
    let properties: Vec<_> = table.info.properties.iter().map(|(k, v)| format!("{k}={v}")).collect();
    if !properties.is_empty() {
        add("Table Properties", format!("[{}]", properties.join(",")));
    }
    rows
}

fn one_column(table: &Table, column: &str) -> Result<Cells, SqlError> {
    let found = table.columns.iter().find(|c| c.name.eq_ignore_ascii_case(column));
    let names: Vec<_> = table.columns.iter().map(|c| c.name.clone()).collect();
    let found = found.ok_or_else(|| SqlError::column_not_found(column, &names))?;
    Ok(vec![
        vec![Some("col_name".to_owned()), Some(found.name.clone())],
        vec![Some("data_type".to_owned()), Some(found.kind.text.to_lowercase())],
        vec![Some("comment".to_owned()), found.comment.clone().or_else(|| Some("NULL".to_owned()))],
    ])
}

fn history_columns() -> Vec<Column> {
    vec![
        Column::of("version", TypeName::Long),
        Column::of("timestamp", TypeName::Timestamp),
        Column::string("userId"),
        Column::string("userName"),
        Column::string("operation"),
        Column { name: "operationParameters".to_owned(), kind: SqlType::parse("MAP(VARCHAR, VARCHAR)") },
        Column { name: "operationMetrics".to_owned(), kind: SqlType::parse("MAP(VARCHAR, VARCHAR)") },
    ]
}

/// The operations, newest first.
fn history(entries: Vec<HistoryEntry>) -> Cells {
    let json = |map: &std::collections::BTreeMap<String, String>| serde_json::to_string(map).ok();
    entries
        .iter()
        .rev()
        .map(|entry| {
            vec![
                Some(entry.version.to_string()),
                Some(iso(entry.timestamp)),
                None,
                Some(entry.user.clone()),
                Some(entry.operation.clone()),
                json(&entry.parameters),
                json(&entry.metrics),
            ]
        })
        .collect()
}

fn detail(table: &Table) -> (Vec<Column>, Cells) {
    let columns = vec![
        Column::string("format"),
        Column::string("id"),
        Column::string("name"),
        Column::string("description"),
        Column::of("createdAt", TypeName::Timestamp),
        Column::of("lastModified", TypeName::Timestamp),
        Column { name: "partitionColumns".to_owned(), kind: SqlType::parse("VARCHAR[]") },
        Column { name: "clusteringColumns".to_owned(), kind: SqlType::parse("VARCHAR[]") },
        Column { name: "properties".to_owned(), kind: SqlType::parse("MAP(VARCHAR, VARCHAR)") },
    ];
    let info = &table.info;
    let cells = vec![
        Some("delta".to_owned()),
        Some(info.id.to_string()),
        Some(table.name.full_name()),
        info.comment.clone(),
        Some(iso(info.audit.created_at)),
        Some(iso(info.audit.updated_at)),
        serde_json::to_string(&info.partition_columns).ok(),
        serde_json::to_string(&info.cluster_columns).ok(),
        serde_json::to_string(&info.properties).ok(),
    ];
    (columns, vec![cells])
}

fn catalog(context: &Context<'_>, name: &str, extended: bool) -> Result<Cells, SqlError> {
    let Some(info) = context.objects.ask(|known| known.catalog(name))? else {
        return Ok(Vec::new());
    };
    let mut rows = vec![
        vec![Some("Catalog Name".to_owned()), Some(name.to_owned())],
        vec![Some("Comment".to_owned()), info.comment],
        vec![Some("Owner".to_owned()), Some(info.audit.owner)],
        vec![Some("Catalog Type".to_owned()), Some("Regular".to_owned())],
    ];
    if extended {
        rows.push(vec![Some("Created By".to_owned()), Some(info.audit.created_by)]);
        rows.push(vec![Some("Created At".to_owned()), Some(time(info.audit.created_at))]);
    }
    Ok(rows)
}

fn schema(context: &Context<'_>, name: &SchemaName, extended: bool) -> Result<Cells, SqlError> {
    let Some(info) = context.objects.ask(|known| known.schema(name))? else {
        return Ok(Vec::new());
    };
    let mut rows = vec![
        vec![Some("Catalog Name".to_owned()), Some(name.catalog.clone())],
        vec![Some("Namespace Name".to_owned()), Some(name.schema.clone())],
        vec![Some("Comment".to_owned()), info.comment],
        vec![Some("Owner".to_owned()), Some(info.audit.owner)],
    ];
    if extended {
        let properties: Vec<_> = info.properties.iter().map(|(k, v)| format!("({k},{v})")).collect();
        rows.push(vec![Some("Properties".to_owned()), Some(format!("({})", properties.join(", ")))]);
    }
    Ok(rows)
}

fn function(context: &Context<'_>, name: &TableName) -> Result<Cells, SqlError> {
    let Some(info) = context.objects.ask(|known| known.function(name))? else {
        return Err(SqlError::routine_not_found(&name.table));
    };
    let parameters: Vec<_> = info.parameters.iter().map(|(name, kind)| format!("{name} {kind}")).collect();
    let line = |text: String| vec![Some(text)];
    Ok(vec![
        line(format!("Function: {}", name.full_name())),
        line("Type:     SCALAR".to_owned()),
        line(format!("Input:    {}", parameters.join(", "))),
        line(format!("Comment:  {}", info.comment.unwrap_or_default())),
        line(format!("Owner:    {}", info.audit.owner)),
    ])
}

fn of_query(context: &Context<'_>, sql: &str) -> Result<Cells, SqlError> {
    let limits = Limits { row_limit: Some(0), ..context.limits };
    let empty = Context { limits, ..*context };
    let outcome = query::select(&empty, sql)?;
    let columns = outcome.rows.columns.into_iter();
    Ok(columns.map(|c| vec![Some(c.name), Some(c.kind.text.to_lowercase()), None]).collect())
}

/// A moment as DESCRIBE shows it.
fn time(millis: i64) -> String {
    let moment = DateTime::from_timestamp_millis(millis).unwrap_or_default();
    moment.format("%a %b %d %H:%M:%S UTC %Y").to_string()
}

fn iso(millis: i64) -> String {
    let moment = DateTime::from_timestamp_millis(millis).unwrap_or_default();
    moment.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
