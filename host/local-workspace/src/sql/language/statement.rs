//! What a statement's text becomes: a query, a change of rows, or a catalog statement.

use super::command::Command;
use crate::catalog::names::TableName;

/// A statement ready for the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Parsed {
    /// A query in DuckDB's SQL.
    Query(String),
    /// A query whose plan is asked for, in DuckDB's SQL.
    Explain(String),
    Dml(Dml),
    Command(Command),
}

/// A change of a table's rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dml {
    pub(crate) kind: DmlKind,
    pub(crate) target: TableName,
    /// Runs before `sql` in the same transaction: the delete of an INSERT OVERWRITE.
    pub(crate) before: Option<String>,
    /// A query that must give no row, in the same transaction: whether a MERGE would update a row twice.
    pub(crate) check: Option<String>,
    /// What an INSERT inserts; its statement is made when the columns are known.
    pub(crate) insert: Option<Insert>,
    /// The statement, for all but INSERT.
    pub(crate) sql: String,
}

/// The query of an INSERT and where its columns go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Insert {
    pub(crate) columns: InsertColumns,
    /// In DuckDB's SQL.
    pub(crate) query: String,
}

/// Which columns of the table an INSERT fills.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum InsertColumns {
    /// All, in the table's order.
    InOrder,
    /// Those named, in this order.
    Listed(Vec<String>),
    /// Those that the query's columns are called.
    ByName,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DmlKind {
    Insert,
    Update,
    Delete,
    Merge,
}

impl DmlKind {
    /// The operation's name in DESCRIBE HISTORY.
    pub(crate) fn operation(self) -> &'static str {
        match self {
            Self::Insert => "WRITE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Merge => "MERGE",
        }
    }
}
