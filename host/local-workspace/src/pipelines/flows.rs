//! Flows: queries that write into streaming tables that are defined beside them.
//!
//! Rules: Databricks' pipelines SQL language reference, "CREATE FLOW (pipelines)".

use crate::{
    catalog::names::TableName,
    sql::language::{cursor::Cursor, error::SqlError, names::Namespace},
};

/// A flow, and the streaming table that it writes into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flow {
    pub(crate) name: TableName,
    pub(crate) target: TableName,
    /// The rows that it appends, as written.
    pub(crate) query: String,
    /// The code that defines it.
    pub(crate) path: String,
}

impl Flow {
    /// Reads what stands behind `CREATE FLOW`.
    ///
    /// # Errors
    /// What is no such statement.
    pub(super) fn read(cursor: &mut Cursor<'_>, namespace: &Namespace, path: &str) -> Result<Self, SqlError> {
        let name = namespace.table(&cursor.name()?)?;
        if cursor.take(&["COMMENT"]) {
            cursor.text()?;
        }
        cursor.expect(&["AS", "INSERT", "INTO"])?;
        // Each update reads all sources anew, so that what is read once is read with each as well.
        cursor.take(&["ONCE"]);
        let target = target(cursor, namespace)?;
        if !cursor.take(&["BY", "NAME"]) {
            return Err(SqlError::unsupported("A flow that inserts without BY NAME"));
        }
        let query = cursor.rest().to_owned();
        if query.is_empty() {
            return Err(cursor.unexpected());
        }
        Ok(Self { name, target, query, path: path.to_owned() })
    }
}

/// A dataset's name: of one to three parts, or with the older `LIVE.` before it.
pub(super) fn target(cursor: &mut Cursor<'_>, namespace: &Namespace) -> Result<TableName, SqlError> {
    let mut parts = cursor.name()?;
    if parts.len() == 2 && parts.first().is_some_and(|part| part.eq_ignore_ascii_case("live")) {
        parts.remove(0);
    }
    namespace.table(&parts)
}
