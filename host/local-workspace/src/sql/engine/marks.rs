//! Marks in a catalog's file that a change is committed (see `catalog/change.rs`).

use duckdb::Connection;

use crate::sql::language::names::{INTERNAL_SCHEMA, catalog_alias, quote};

fn table(catalog: &str) -> String {
    format!("{}.{}.marks", quote(&catalog_alias(catalog)), quote(INTERNAL_SCHEMA))
}

/// The statement that makes the place for marks in a file that has none.
pub(super) fn place(catalog: &str) -> String {
    let (alias, schema) = (quote(&catalog_alias(catalog)), quote(INTERNAL_SCHEMA));
    format!(
        "CREATE SCHEMA IF NOT EXISTS {alias}.{schema};
         CREATE TABLE IF NOT EXISTS {} (change BIGINT);",
        table(catalog)
    )
}

/// The statement that marks a change, to be run in its transaction.
pub(super) fn mark(catalog: &str, change: i64) -> String {
    format!("INSERT INTO {} VALUES ({change})", table(catalog))
}

/// Whether a change is marked.
pub(super) fn is_marked(connection: &Connection, catalog: &str, change: i64) -> duckdb::Result<bool> {
    let sql = format!("SELECT count(*) > 0 FROM {} WHERE change = {change}", table(catalog));
    connection.query_row(&sql, [], |row| row.get(0))
}

/// Removes the marks of a catalog; none of its changes may be pending.
pub(super) fn clear(connection: &Connection, catalog: &str) -> duckdb::Result<()> {
    let table = table(catalog);
    let any: bool = connection.query_row(&format!("SELECT count(*) > 0 FROM {table}"), [], |row| row.get(0))?;
    if any { connection.execute_batch(&format!("DELETE FROM {table}")) } else { Ok(()) }
}
