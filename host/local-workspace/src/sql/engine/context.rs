//! All that running one statement needs, and what all statements do with it.

use std::collections::BTreeMap;

use duckdb::{Statement, params_from_iter, types::Value};

use super::{
    canceller::Canceller,
    database::{Database, Session},
    failure, marks,
    objects::Objects,
    rows::Limits,
    schema::table,
};
use crate::{
    catalog::{
        Change, HistoryEntry,
        names::{SchemaName, TableName},
    },
    sql::language::{error::SqlError, names::Namespace, rewrite::Notes},
};

/// All that running one statement needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(super) session: &'a Session<'a>,
    pub(super) objects: &'a Objects,
    pub(super) database: &'a Database,
    pub(super) notes: &'a Notes,
    pub(super) parameters: &'a BTreeMap<String, Option<String>>,
    pub(super) limits: Limits,
    pub(super) user: &'a str,
    pub(super) namespace: &'a Namespace,
    /// Whether subscripts are read as those of maps.
    pub(super) maps: bool,
    pub(super) canceller: &'a Canceller,
}

impl Context<'_> {
    pub(super) fn fail(&self, error: duckdb::Error) -> SqlError {
        failure::of_statement(error, self.canceller.is_cancelled(), self.notes, |name| self.missing_table(name))
    }

    /// Runs DuckDB statements that have no result.
    pub(super) fn execute(&self, sql: &str) -> Result<(), SqlError> {
        tracing::trace!(sql, "duckdb");
        self.session.execute(sql).map_err(|e| self.fail(e))
    }

    /// Runs one DuckDB statement that may hold the statement's parameters.
    pub(super) fn execute_bound(&self, sql: &str) -> Result<(), SqlError> {
        if self.notes.parameters.is_empty() {
            return self.execute(sql);
        }
        let connection = self.session.connection()?;
        let mut statement = connection.prepare(sql).map_err(|e| self.fail(e))?;
        let values = self.bind(&statement)?;
        statement.execute(params_from_iter(values)).map(drop).map_err(|e| self.fail(e))
    }

    /// Changes a catalog's file and the catalog together: both or neither, whenever the process may end.
    pub(super) fn change(&self, change: &Change, steps: impl FnOnce() -> Result<(), SqlError>) -> Result<(), SqlError> {
        let catalog = change.catalog();
        let id = self.objects.ask(|known| known.intend(change))?;
        let made = self.transaction(|| {
            steps()?;
            self.execute(&marks::mark(catalog, id))
        });
        match made {
            // DuckDB has it by now: what cannot be carried out here is at the next start.
            Ok(()) => self.objects.ask(|known| known.carry_out(id)).map_err(|e| match e.class {
                failure::DISK_FULL => SqlError::disk_full(true),
                _ => e,
            }),
            Err(failed) => {
                // A commit can fail after it was written down for good. What cannot be asked now is decided at the next
                // start.
                let settled =
                    self.database.look(|connection| marks::is_marked(connection, catalog, id)).and_then(|is_marked| {
                        self.objects.ask(|known| async move {
                            if is_marked { known.carry_out(id).await } else { known.forget(id).await }
                        })
                    });
                if let Err(e) = settled {
                    tracing::warn!(catalog, change = id, "a failed change is not settled: {e}");
                }
                Err(failed)
            }
        }
    }

    /// Adds an operation to a table's history. What it tells of is committed, so that a failure is told in the log only.
    pub(super) fn record(&self, table: &TableName, operation: &str, metrics: BTreeMap<String, String>) {
        let entry = HistoryEntry::new(self.user, operation, metrics);
        if let Err(e) = self.objects.ask(|known| known.record(table, &entry)) {
            tracing::error!(table = table.full_name(), "an operation is missing in the table's history: {e}");
        }
    }

    /// An operation without metrics, for a change to a table.
    pub(super) fn entry(&self, operation: &str) -> HistoryEntry {
        HistoryEntry::new(self.user, operation, BTreeMap::new())
    }

    /// Runs steps that take effect together or not at all.
    pub(super) fn transaction<T>(&self, steps: impl FnOnce() -> Result<T, SqlError>) -> Result<T, SqlError> {
        self.execute("BEGIN")?;
        let result = steps().and_then(|value| self.execute("COMMIT").map(|()| value));
        if result.is_err() {
            let _ = self.session.execute("ROLLBACK");
        }
        result
    }

    /// The error for the first table of the statement that does not exist, by DuckDB's name of it.
    pub(super) fn missing_table(&self, name: &str) -> Option<SqlError> {
        let table = name.rsplit('.').next().unwrap_or(name).to_lowercase();
        let named = self.notes.tables.iter().filter(|t| t.table == table);
        let missing = named.chain(&self.notes.tables).find(|t| !self.table_exists(t))?;
        Some(SqlError::table_not_found(&missing.quoted()))
    }

    pub(super) fn table_exists(&self, name: &TableName) -> bool {
        table(self.session, self.objects, name).is_ok()
    }

    /// The schema that unqualified names of the statement belong to.
    pub(super) fn home(&self) -> SchemaName {
        SchemaName { catalog: self.namespace.catalog.clone(), schema: self.namespace.schema.clone() }
    }

    /// The columns that a query would give, each with DuckDB's name of its type.
    pub(super) fn describe(&self, sql: &str) -> Result<Vec<(String, String)>, SqlError> {
        let connection = self.session.connection()?;
        let mut statement = connection.prepare(&format!("DESCRIBE {sql}")).map_err(|e| self.fail(e))?;
        let values = self.bind(&statement)?;
        let rows = statement
            .query_map(params_from_iter(values), |row| Ok((row.get(0)?, row.get(1)?)))
            .map_err(|e| self.fail(e))?;
        rows.collect::<Result<_, _>>().map_err(|e| self.fail(e))
    }

    pub(super) fn bind(&self, statement: &Statement<'_>) -> Result<Vec<Value>, SqlError> {
        (1..=statement.parameter_count())
            .map(|index| {
                let name = statement.parameter_name(index).map_err(|e| self.fail(e))?;
                Ok(match self.parameters.get(&name) {
                    Some(Some(value)) => Value::Text(value.clone()),
                    _ => Value::Null,
                })
            })
            .collect()
    }
}
