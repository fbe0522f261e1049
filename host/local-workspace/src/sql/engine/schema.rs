//! Columns and their types as Databricks shows them, and tables as DuckDB and the catalog together know them.
//! Type names follow the Statement Execution API's `ColumnInfoTypeName`.

use std::collections::BTreeMap;

use duckdb::core::{LogicalTypeHandle, LogicalTypeId};
use serde::Serialize;

use super::{database::Session, failure, objects::Objects};
use crate::{
    catalog::{SYSTEM_USER, TableInfo, names::TableName},
    sql::language::{
        error::SqlError,
        names::{INTERNAL_SCHEMA, catalog_alias, literal},
    },
};

/// The API's names of types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum TypeName {
    Array,
    Binary,
    Boolean,
    Byte,
    Date,
    Decimal,
    Double,
    Float,
    Int,
    Interval,
    Long,
    Map,
    Null,
    Short,
    String,
    Struct,
    Timestamp,
}

/// A type with its SQL spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SqlType {
    pub(crate) name: TypeName,
    /// Upper case, for example `ARRAY<INT>`.
    pub(crate) text: String,
    /// Precision and scale of a decimal.
    pub(crate) decimal: Option<(u8, u8)>,
}

/// A result column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: SqlType,
}

impl Column {
    pub(crate) fn string(name: &str) -> Self {
        Self { name: name.to_owned(), kind: SqlType::plain(TypeName::String) }
    }

    pub(crate) fn of(name: &str, kind: TypeName) -> Self {
        Self { name: name.to_owned(), kind: SqlType::plain(kind) }
    }
}

impl SqlType {
    pub(crate) fn plain(name: TypeName) -> Self {
        let text = match name {
            TypeName::Byte => "TINYINT",
            TypeName::Short => "SMALLINT",
            TypeName::Int => "INT",
            TypeName::Long => "BIGINT",
            TypeName::Null => "VOID",
            TypeName::Boolean => "BOOLEAN",
            TypeName::Binary => "BINARY",
            TypeName::Date => "DATE",
            TypeName::Double => "DOUBLE",
            TypeName::Float => "FLOAT",
            TypeName::Interval => "INTERVAL",
            TypeName::Timestamp => "TIMESTAMP",
            TypeName::String | TypeName::Array | TypeName::Map | TypeName::Struct | TypeName::Decimal => "STRING",
        };
        Self { name, text: text.to_owned(), decimal: None }
    }

    fn decimal(precision: u8, scale: u8) -> Self {
        Self {
            name: TypeName::Decimal,
            text: format!("DECIMAL({precision},{scale})"),
            decimal: Some((precision, scale)),
        }
    }

    fn array(element: &Self) -> Self {
        Self { name: TypeName::Array, text: format!("ARRAY<{}>", element.text), decimal: None }
    }

    fn map(key: &Self, value: &Self) -> Self {
        Self { name: TypeName::Map, text: format!("MAP<{}, {}>", key.text, value.text), decimal: None }
    }

    fn structure(fields: &[(String, Self)]) -> Self {
        let list: Vec<_> = fields.iter().map(|(name, kind)| format!("{name}: {}", kind.text)).collect();
        Self { name: TypeName::Struct, text: format!("STRUCT<{}>", list.join(", ")), decimal: None }
    }

    /// The type of a DuckDB result column. Types that Databricks lacks become the nearest one it has.
    pub(crate) fn of(kind: &LogicalTypeHandle) -> Self {
        use LogicalTypeId as Id;
        match kind.id() {
            Id::Boolean => Self::plain(TypeName::Boolean),
            Id::Tinyint => Self::plain(TypeName::Byte),
            Id::Smallint | Id::UTinyint => Self::plain(TypeName::Short),
            Id::Integer | Id::USmallint => Self::plain(TypeName::Int),
            // SUM over integers is HUGEINT in DuckDB and BIGINT in Databricks; what does not fit is an overflow there too.
            Id::Bigint | Id::UInteger | Id::Hugeint => Self::plain(TypeName::Long),
            Id::UBigint => Self::decimal(20, 0),
            Id::Float => Self::plain(TypeName::Float),
            Id::Double => Self::plain(TypeName::Double),
            Id::Date => Self::plain(TypeName::Date),
            Id::Timestamp | Id::TimestampS | Id::TimestampMs | Id::TimestampNs | Id::TimestampTZ => {
                Self::plain(TypeName::Timestamp)
            }
            Id::Interval => Self::plain(TypeName::Interval),
            Id::Blob => Self::plain(TypeName::Binary),
            Id::Decimal => Self::decimal(kind.decimal_width(), kind.decimal_scale()),
            Id::List | Id::Array => Self::array(&Self::of(&kind.child(0))),
            Id::Map => Self::map(&Self::of(&kind.child(0)), &Self::of(&kind.child(1))),
            Id::Struct => {
                let fields: Vec<_> =
                    (0..kind.num_children()).map(|i| (kind.child_name(i), Self::of(&kind.child(i)))).collect();
                Self::structure(&fields)
            }
            Id::SqlNull => Self::plain(TypeName::Null),
            _ => Self::plain(TypeName::String),
        }
    }

    /// The type of a stored column, from DuckDB's spelling.
    pub(crate) fn parse(text: &str) -> Self {
        let text = text.trim();
        if let Some(element) = text.strip_suffix("[]") {
            return Self::array(&Self::parse(element));
        }
        let arguments = |prefix: &str| text.strip_prefix(prefix).and_then(|t| t.strip_suffix(')')).map(split_arguments);
        if let Some(parts) = arguments("DECIMAL(") {
            let number = |i: usize| parts.get(i).and_then(|n: &String| n.trim().parse().ok()).unwrap_or(0);
            return Self::decimal(number(0), number(1));
        }
        if let Some(parts) = arguments("MAP(") {
            let part = |i: usize| Self::parse(parts.get(i).map_or("VARCHAR", String::as_str));
            return Self::map(&part(0), &part(1));
        }
        if let Some(parts) = arguments("STRUCT(") {
            let fields: Vec<_> = parts.iter().map(|field| split_field(field)).collect();
            return Self::structure(&fields);
        }
        Self::plain(match text {
            "BOOLEAN" => TypeName::Boolean,
            "TINYINT" => TypeName::Byte,
            "SMALLINT" | "UTINYINT" => TypeName::Short,
            "INTEGER" | "USMALLINT" => TypeName::Int,
            "BIGINT" | "UINTEGER" | "HUGEINT" => TypeName::Long,
            "FLOAT" => TypeName::Float,
            "DOUBLE" => TypeName::Double,
            "DATE" => TypeName::Date,
            "BLOB" => TypeName::Binary,
            "INTERVAL" => TypeName::Interval,
            t if t.starts_with("TIMESTAMP") => TypeName::Timestamp,
            _ => TypeName::String,
        })
    }
}

/// Splits at commas outside of brackets and quotes.
pub(super) fn split_arguments(text: &str) -> Vec<String> {
    let (mut parts, mut part, mut depth, mut quoted) = (Vec::new(), String::new(), 0_i32, false);
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                parts.push(std::mem::take(&mut part));
                continue;
            }
            _ => {}
        }
        part.push(c);
    }
    parts.push(part);
    parts
}

fn split_field(field: &str) -> (String, SqlType) {
    let (name, kind) = field_of(field);
    (name.to_owned(), SqlType::parse(kind))
}

/// The name and the type of a struct's field.
pub(super) fn field_of(field: &str) -> (&str, &str) {
    let field = field.trim();
    match field.strip_prefix('"') {
        Some(rest) => rest.split_once("\" ").unwrap_or((rest, "VARCHAR")),
        None => field.split_once(' ').unwrap_or((field, "VARCHAR")),
    }
}

/// A stored column.
#[derive(Debug, Clone)]
pub(crate) struct TableColumn {
    pub(crate) name: String,
    pub(crate) kind: SqlType,
    pub(crate) nullable: bool,
    pub(crate) comment: Option<String>,
    pub(crate) default: Option<String>,
}

/// A table or view with all that is known about it.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) name: TableName,
    pub(crate) is_view: bool,
    pub(crate) columns: Vec<TableColumn>,
    pub(crate) info: TableInfo,
    /// DuckDB's estimate; exact for tables that were checkpointed.
    pub(crate) rows: i64,
}

impl Table {
    /// What it is, as the Unity Catalog API spells it.
    pub(crate) fn kind(&self) -> &'static str {
        match (self.is_view, self.info.metrics) {
            (true, true) => "METRIC_VIEW",
            (true, false) => "VIEW",
            (false, _) => "MANAGED",
        }
    }
}

/// One table.
pub(super) fn table(session: &Session<'_>, objects: &Objects, name: &TableName) -> Result<Table, SqlError> {
    tables(session, objects, &name.catalog, Some(&name.schema), Some(&name.table))?
        .pop()
        .ok_or_else(|| SqlError::table_not_found(&name.quoted()))
}

/// The tables and views of a catalog, of one of its schemas, or just one, in the order of their names.
pub(super) fn tables(
    session: &Session<'_>,
    objects: &Objects,
    catalog: &str,
    schema: Option<&str>,
    table: Option<&str>,
) -> Result<Vec<Table>, SqlError> {
    let condition = |column: &str| {
        let mut condition = format!(
            "database_name = {} AND NOT internal AND schema_name <> {}",
            literal(&catalog_alias(catalog)),
            literal(INTERNAL_SCHEMA)
        );
        if let Some(schema) = schema {
            condition.push_str(&format!(" AND schema_name = {}", literal(schema)));
        }
        if let Some(table) = table {
            condition.push_str(&format!(" AND {column} = {}", literal(table)));
        }
        condition
    };
    let names = format!(
        "SELECT schema_name, table_name, false, estimated_size FROM duckdb_tables() WHERE {} UNION ALL
         SELECT schema_name, view_name, true, 0 FROM duckdb_views() WHERE {} ORDER BY 1, 2",
        condition("table_name"),
        condition("view_name")
    );
    let mut columns = columns(session, &condition("table_name"))?;
    let connection = session.connection()?;
    let mut statement = connection.prepare(&names).map_err(failure::internal)?;
    let rows = statement
        .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get(2)?, row.get(3)?)))
        .map_err(failure::internal)?;
    let mut known = match (schema, table) {
        (Some(schema), Some(table)) => {
            let name = TableName { catalog: catalog.to_owned(), schema: schema.to_owned(), table: table.to_owned() };
            let info = objects.ask(|known| known.table(&name))?;
            info.into_iter().map(|info| ((name.schema.clone(), name.table.clone()), info)).collect()
        }
        _ => objects.ask(|known| known.tables(catalog, schema))?,
    };
    let mut tables = Vec::new();
    for row in rows {
        let (schema, table, is_view, rows): (String, String, bool, i64) = row.map_err(failure::internal)?;
        let name = TableName { catalog: catalog.to_owned(), schema: schema.clone(), table: table.to_lowercase() };
        let info = known.remove(&(name.schema.clone(), name.table.clone()));
        let info = info.unwrap_or_else(|| TableInfo::new(SYSTEM_USER));
        let mut columns = columns.remove(&(schema, table)).unwrap_or_default();
        for column in &mut columns {
            let comment = info.column_comments.get(&column.name.to_lowercase());
            column.comment = comment.cloned().or(column.comment.take());
        }
        tables.push(Table { name, is_view, columns, info, rows });
    }
    Ok(tables)
}

type ColumnsByTable = BTreeMap<(String, String), Vec<TableColumn>>;

fn columns(session: &Session<'_>, condition: &str) -> Result<ColumnsByTable, SqlError> {
    let sql = format!(
        "SELECT schema_name, table_name, column_name, data_type, is_nullable, comment, column_default
         FROM duckdb_columns() WHERE {condition} ORDER BY schema_name, table_name, column_index"
    );
    let connection = session.connection()?;
    let mut statement = connection.prepare(&sql).map_err(failure::internal)?;
    let rows = statement
        .query_map([], |row| {
            let key = (row.get(0)?, row.get(1)?);
            let column = TableColumn {
                name: row.get(2)?,
                kind: SqlType::parse(&row.get::<_, String>(3)?),
                nullable: row.get(4)?,
                comment: row.get(5)?,
                default: row.get(6)?,
            };
            Ok((key, column))
        })
        .map_err(failure::internal)?;
    let mut columns = ColumnsByTable::new();
    for row in rows {
        let (key, column) = row.map_err(failure::internal)?;
        columns.entry(key).or_default().push(column);
    }
    Ok(columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(duckdb: &str, expect: &str) {
        assert_eq!(SqlType::parse(duckdb).text, expect);
    }

    #[test]
    fn stored_types_read_back_as_databricks_types() {
        check("DECIMAL(10,2)", "DECIMAL(10,2)");
        check("INTEGER[]", "ARRAY<INT>");
        check("STRUCT(a INTEGER, \"b c\" VARCHAR[])", "STRUCT<a: INT, b c: ARRAY<STRING>>");
        check("MAP(VARCHAR, STRUCT(x DOUBLE))", "MAP<STRING, STRUCT<x: DOUBLE>>");
        check("HUGEINT", "BIGINT");
        check("TIMESTAMP WITH TIME ZONE", "TIMESTAMP");
    }
}
