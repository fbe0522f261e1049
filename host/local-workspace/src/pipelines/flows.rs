//! Flows: queries that write into streaming tables that are defined beside them.
//!
//! Rules: Databricks' pipelines SQL language reference, "CREATE FLOW (pipelines)" and "AUTO CDC INTO (pipelines)".

use super::changes::Changes;
use crate::{
    catalog::names::TableName,
    sql::language::{cursor::Cursor, error::SqlError, names::Namespace},
};

/// A flow, and the streaming table that it writes into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flow {
    pub(crate) name: TableName,
    pub(crate) target: TableName,
    pub(crate) writes: Writes,
    /// The code that defines it.
    pub(crate) path: String,
}

/// What a flow writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Writes {
    /// The rows of a query, as written.
    Appends(String),
    /// What becomes of changes.
    Changes(Box<Changes>),
}

impl Writes {
    /// A query with the columns that are written, and what it reads.
    pub(crate) fn shape(&self) -> String {
        match self {
            Self::Appends(query) => query.clone(),
            Self::Changes(changes) => changes.shape(),
        }
    }
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
        cursor.expect(&["AS"])?;
        if cursor.take(&["AUTO", "CDC"]) {
            cursor.expect(&["INTO"])?;
            return Self::read_changes(Some(name), cursor, namespace, path);
        }
        cursor.expect(&["INSERT", "INTO"])?;
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
        Ok(Self { name, target, writes: Writes::Appends(query), path: path.to_owned() })
    }

    /// What it makes its rows of, if these are changes.
    pub(super) fn applies(&self) -> Option<&Changes> {
        match &self.writes {
            Writes::Appends(_) => None,
            Writes::Changes(changes) => Some(changes),
        }
    }

    /// Reads what stands behind `AUTO CDC INTO` and the older `APPLY CHANGES INTO`, which has no name.
    ///
    /// # Errors
    /// What is no such statement.
    pub(super) fn read_changes(
        name: Option<TableName>,
        cursor: &mut Cursor<'_>,
        namespace: &Namespace,
        path: &str,
    ) -> Result<Self, SqlError> {
        cursor.take(&["ONCE"]);
        let target = target(cursor, namespace)?;
        let writes = Writes::Changes(Box::new(Changes::read(cursor)?));
        Ok(Self { name: name.unwrap_or_else(|| target.clone()), target, writes, path: path.to_owned() })
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
