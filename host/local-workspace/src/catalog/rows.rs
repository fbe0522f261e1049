//! The rows of the catalog in the database: how one is written, changed and forgotten within a transaction of others.

use serde::de::DeserializeOwned;
use sqlx::{Sqlite, SqliteConnection, Transaction};

use super::{
    change::{Change, TableEdit},
    model::{CatalogInfo, CatalogTree, FunctionInfo, HistoryEntry, SchemaInfo, SchemaTree, TableInfo, TableTree},
    names::{SchemaName, TableName},
};
use crate::database::Result;

/// Entries that DESCRIBE HISTORY keeps for a table; older ones are dropped.
const HISTORY_ENTRIES: i64 = 100;

/// Reads documents with their names.
pub(super) fn named<T: DeserializeOwned>(rows: Vec<(String, String)>) -> Result<Vec<(String, T)>> {
    rows.into_iter().map(|(name, info)| Ok((name, serde_json::from_str(&info)?))).collect()
}

pub(super) fn document<T: DeserializeOwned>(text: Option<String>) -> Result<Option<T>> {
    Ok(text.map(|text| serde_json::from_str(&text)).transpose()?)
}

pub(super) async fn put_tree(change: &mut Transaction<'_, Sqlite>, name: &str, tree: &CatalogTree) -> Result<()> {
    put_catalog(change, name, &tree.info).await?;
    for (schema, SchemaTree { info, tables, functions }) in &tree.schemas {
        let schema = SchemaName { catalog: name.to_owned(), schema: schema.clone() };
        put_schema(change, &schema, info).await?;
        let full = |table: &String| TableName {
            catalog: schema.catalog.clone(),
            schema: schema.schema.clone(),
            table: table.clone(),
        };
        for (table, TableTree { info, history, next_version }) in tables {
            let table = full(table);
            put_table(change, &table, info).await?;
            sqlx::query("UPDATE tables SET next_version = ? WHERE catalog = ? AND schema = ? AND name = ?")
                .bind(next_version)
                .bind(&table.catalog)
                .bind(&table.schema)
                .bind(&table.table)
                .execute(&mut **change)
                .await?;
            for entry in history {
                put_entry(change, &table, entry.version, entry).await?;
            }
        }
        for (function, info) in functions {
            put_function(change, &full(function), info).await?;
        }
    }
    Ok(())
}

pub(super) async fn apply(change: &mut SqliteConnection, made: Change) -> Result<()> {
    match made {
        Change::CreateSchema { name, info } => put_schema(change, &name, &info).await,
        Change::DropSchema { name } => {
            sqlx::query("DELETE FROM schemas WHERE catalog = ? AND name = ?")
                .bind(&name.catalog)
                .bind(&name.schema)
                .execute(&mut *change)
                .await?;
            forget_grants(change, &name.full_name()).await
        }
        Change::PutTable { name, mut info, entry } => {
            if let Some(known) = table_in(change, &name).await? {
                info.id = known.id;
                info.audit = known.audit;
            }
            put_table(change, &name, &info).await?;
            match entry {
                Some(entry) => record(change, &name, &entry).await,
                None => Ok(()),
            }
        }
        Change::EditTable { name, edit, entry } => {
            let mut info = table_in(change, &name).await?.unwrap_or_else(|| TableInfo::new(&entry.user));
            tags_of_columns(change, &name, &edit).await?;
            edit.apply(&mut info);
            put_table(change, &name, &info).await?;
            record(change, &name, &entry).await
        }
        Change::RenameTable { from, to, entry } => {
            sqlx::query("UPDATE tables SET name = ?4 WHERE catalog = ?1 AND schema = ?2 AND name = ?3")
                .bind(&from.catalog)
                .bind(&from.schema)
                .bind(&from.table)
                .bind(&to.table)
                .execute(&mut *change)
                .await?;
            for rename in [
                "UPDATE OR REPLACE grants SET full_name = ?2 WHERE full_name = ?1",
                "UPDATE OR REPLACE tags SET full_name = ?2 WHERE full_name = ?1",
            ] {
                sqlx::query(rename).bind(from.full_name()).bind(to.full_name()).execute(&mut *change).await?;
            }
            record(change, &to, &entry).await
        }
        Change::DropTable { name } => drop_table(change, &name).await,
        Change::PutFunction { name, info } => put_function(change, &name, &info).await,
        Change::DropFunction { name } => {
            sqlx::query("DELETE FROM functions WHERE catalog = ? AND schema = ? AND name = ?")
                .bind(&name.catalog)
                .bind(&name.schema)
                .bind(&name.table)
                .execute(change)
                .await?;
            Ok(())
        }
    }
}

/// Tags of columns go along with their columns.
async fn tags_of_columns(change: &mut SqliteConnection, table: &TableName, edit: &TableEdit) -> Result<()> {
    for column in &edit.dropped {
        sqlx::query("DELETE FROM tags WHERE kind = 'TABLE' AND full_name = ? AND column_name = ?")
            .bind(table.full_name())
            .bind(column)
            .execute(&mut *change)
            .await?;
    }
    if let Some((from, to)) = &edit.renamed {
        sqlx::query("UPDATE tags SET column_name = ? WHERE kind = 'TABLE' AND full_name = ? AND column_name = ?")
            .bind(to)
            .bind(table.full_name())
            .bind(from)
            .execute(&mut *change)
            .await?;
    }
    Ok(())
}

pub(super) async fn put_catalog(change: &mut SqliteConnection, name: &str, info: &CatalogInfo) -> Result<()> {
    sqlx::query("INSERT INTO catalogs (name, info) VALUES (?, ?) ON CONFLICT DO UPDATE SET info = excluded.info")
        .bind(name)
        .bind(serde_json::to_string(info)?)
        .execute(change)
        .await?;
    Ok(())
}

pub(super) async fn put_schema(change: &mut SqliteConnection, name: &SchemaName, info: &SchemaInfo) -> Result<()> {
    sqlx::query(
        "INSERT INTO schemas (catalog, name, info) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET info = excluded.info",
    )
    .bind(&name.catalog)
    .bind(&name.schema)
    .bind(serde_json::to_string(info)?)
    .execute(change)
    .await?;
    Ok(())
}

pub(super) async fn table_in(change: &mut SqliteConnection, name: &TableName) -> Result<Option<TableInfo>> {
    let found = sqlx::query_scalar("SELECT info FROM tables WHERE catalog = ? AND schema = ? AND name = ?");
    let found = found.bind(&name.catalog).bind(&name.schema).bind(&name.table);
    document(found.fetch_optional(change).await?)
}

pub(super) async fn put_table(change: &mut SqliteConnection, name: &TableName, info: &TableInfo) -> Result<()> {
    sqlx::query(
        "INSERT INTO tables (catalog, schema, name, info) VALUES (?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET info = excluded.info",
    )
    .bind(&name.catalog)
    .bind(&name.schema)
    .bind(&name.table)
    .bind(serde_json::to_string(info)?)
    .execute(change)
    .await?;
    Ok(())
}

pub(super) async fn put_function(change: &mut SqliteConnection, name: &TableName, info: &FunctionInfo) -> Result<()> {
    sqlx::query(
        "INSERT INTO functions (catalog, schema, name, info) VALUES (?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET info = excluded.info",
    )
    .bind(&name.catalog)
    .bind(&name.schema)
    .bind(&name.table)
    .bind(serde_json::to_string(info)?)
    .execute(change)
    .await?;
    Ok(())
}

pub(super) async fn drop_table(change: &mut SqliteConnection, name: &TableName) -> Result<()> {
    sqlx::query("DELETE FROM tables WHERE catalog = ? AND schema = ? AND name = ?")
        .bind(&name.catalog)
        .bind(&name.schema)
        .bind(&name.table)
        .execute(&mut *change)
        .await?;
    forget_grants(change, &name.full_name()).await
}

/// Forgets the grants and tags on an object and on everything inside it.
pub(super) async fn forget_grants(change: &mut SqliteConnection, full_name: &str) -> Result<()> {
    const INSIDE: [&str; 2] = [
        "DELETE FROM grants WHERE kind IN ('CATALOG', 'SCHEMA', 'TABLE', 'VIEW', 'FUNCTION', 'VOLUME')
         AND (full_name = ?1 OR substr(full_name, 1, length(?1) + 1) = ?1 || '.')",
        "DELETE FROM tags WHERE full_name = ?1 OR substr(full_name, 1, length(?1) + 1) = ?1 || '.'",
    ];
    for forget in INSIDE {
        sqlx::query(forget).bind(full_name).execute(&mut *change).await?;
    }
    Ok(())
}

/// Adds an operation to a table's history, which makes the table's next version.
pub(super) async fn record(change: &mut SqliteConnection, name: &TableName, entry: &HistoryEntry) -> Result<()> {
    const COUNT_ON: &str = "UPDATE tables SET next_version = next_version + 1,
         info = json_set(info, '$.audit.updated_by', ?4, '$.audit.updated_at', ?5)
         WHERE catalog = ?1 AND schema = ?2 AND name = ?3 RETURNING next_version - 1";
    let mut version = None;
    for attempt in 0..2 {
        version = sqlx::query_scalar(COUNT_ON)
            .bind(&name.catalog)
            .bind(&name.schema)
            .bind(&name.table)
            .bind(&entry.user)
            .bind(entry.timestamp)
            .fetch_optional(&mut *change)
            .await?;
        if version.is_some() || attempt > 0 {
            break;
        }
        put_table(change, name, &TableInfo::new(&entry.user)).await?;
    }
    let version = version.unwrap_or_default();
    put_entry(change, name, version, entry).await?;
    sqlx::query("DELETE FROM table_history WHERE catalog = ? AND schema = ? AND name = ? AND version <= ?")
        .bind(&name.catalog)
        .bind(&name.schema)
        .bind(&name.table)
        .bind(version - HISTORY_ENTRIES)
        .execute(change)
        .await?;
    Ok(())
}

pub(super) async fn put_entry(
    change: &mut SqliteConnection,
    name: &TableName,
    version: i64,
    entry: &HistoryEntry,
) -> Result<()> {
    sqlx::query("INSERT INTO table_history (catalog, schema, name, version, entry) VALUES (?, ?, ?, ?, ?)")
        .bind(&name.catalog)
        .bind(&name.schema)
        .bind(&name.table)
        .bind(version)
        .bind(serde_json::to_string(entry)?)
        .execute(change)
        .await?;
    Ok(())
}
