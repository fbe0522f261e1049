//! What a translated statement must be before DuckDB sees it. This stands in front of DuckDB's own locks (no external
//! access, locked configuration), so that one mistake in either is not enough.

use polyglot_sql::{Expression, traversal::ExpressionWalk};

use crate::sql::language::{error::SqlError, statement::DmlKind};

/// Prefixes of DuckDB functions that read files, settings or internals; nothing in Databricks SQL is called so.
const REFUSED_PREFIXES: [&str; 12] = [
    "read_",
    "duckdb_",
    "pragma_",
    "parquet_",
    "pg_",
    "arrow_",
    "sqlite_",
    "postgres_",
    "mysql_",
    "iceberg_",
    "scan_",
    "icu_",
];

/// Further DuckDB functions that are of no use to a Databricks statement and reach outside of it.
const REFUSED: [&str; 26] = [
    "query",
    "query_table",
    "glob",
    "sniff_csv",
    "getvariable",
    "current_setting",
    "set_config",
    "getenv",
    "checkpoint",
    "force_checkpoint",
    "json_execute_serialized_sql",
    "json_serialize_sql",
    "json_serialize_plan",
    "seq_scan",
    "write_log",
    "parse_duckdb_log_message",
    "currval",
    "nextval",
    "in_search_path",
    "txid_current",
    "pandas_scan",
    "python_map_function",
    "sql_auto_complete",
    "test_all_types",
    "test_vector_types",
    "enable_logging",
];

/// Refuses what is no plain query.
pub(super) fn check_query(expression: &Expression) -> Result<(), SqlError> {
    let query = matches!(
        expression,
        Expression::Select(_)
            | Expression::Union(_)
            | Expression::Intersect(_)
            | Expression::Except(_)
            | Expression::Subquery(_)
            | Expression::Paren(_)
            | Expression::Values(_)
    );
    if !query {
        return Err(SqlError::unsupported("A statement of this form"));
    }
    check_nodes(expression)
}

/// Refuses what is not the expected change of rows.
pub(super) fn check_dml(expression: &Expression, kind: DmlKind) -> Result<(), SqlError> {
    let expected = matches!(
        (kind, expression),
        (DmlKind::Update, Expression::Update(_))
            | (DmlKind::Delete, Expression::Delete(_))
            | (DmlKind::Merge, Expression::Merge(_))
    );
    if !expected {
        return Err(SqlError::unsupported("A statement of this form"));
    }
    check_nodes(expression)
}

fn check_nodes(expression: &Expression) -> Result<(), SqlError> {
    for node in expression.dfs() {
        match node {
            Expression::Function(function) => check_function(&function.name)?,
            Expression::AggregateFunction(function) => check_function(&function.name)?,
            Expression::Select(select) if select.into.is_some() => {
                return Err(SqlError::unsupported("SELECT INTO"));
            }
            Expression::Raw(_)
            | Expression::Command(_)
            | Expression::Copy(_)
            | Expression::Put(_)
            | Expression::Pragma(_)
            | Expression::ReadCSV(_)
            | Expression::ReadParquet(_)
            | Expression::SetStatement(_)
            | Expression::LoadData(_) => {
                return Err(SqlError::unsupported("A statement of this form"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Refuses DuckDB's own functions as if they did not exist, which for Databricks they do not.
pub(super) fn check_function(name: &str) -> Result<(), SqlError> {
    let name = name.to_lowercase();
    let name = name.rsplit('.').next().unwrap_or_default().trim_matches('"');
    if REFUSED.contains(&name) || REFUSED_PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
        return Err(SqlError::routine_not_found(name));
    }
    Ok(())
}
