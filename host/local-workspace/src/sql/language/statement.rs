//! What a statement's text becomes: a query, a change of rows, or a catalog statement.

use super::{
    command::{AlterTable, Command, CreateView, Describe, TableSource},
    names::quote,
};
use crate::catalog::names::TableName;

/// A statement ready for the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Parsed {
    /// A query in DuckDB's SQL.
    Query(String),
    /// A query whose plan is asked for, in DuckDB's SQL.
    Explain(String),
    Dml(Dml),
    /// COPY INTO.
    Copy(CopyInto),
    Command(Command),
}

/// Files whose rows go into a table, each file once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CopyInto {
    pub(crate) target: TableName,
    pub(crate) columns: InsertColumns,
    /// The name that stands for the files in the query.
    pub(crate) source: String,
    /// In DuckDB's SQL.
    pub(crate) query: String,
    /// Those of the files that are meant, by their places below the source's path; all when there is none.
    pub(crate) files: Vec<String>,
    /// Whether files are loaded that were loaded before.
    pub(crate) force: bool,
}

impl Parsed {
    /// The same statement with queries in the place of the names that stand for them; none for a statement that is kept
    /// beyond its run, but for a view's, which is then read as a query.
    pub(crate) fn with_queries(&self, queries: &[(String, String)]) -> Option<Self> {
        let fill = |sql: &String| {
            queries.iter().fold(sql.clone(), |sql, (name, query)| sql.replace(&quote(name), &format!("({query})")))
        };
        Some(match self {
            Self::Query(sql) => Self::Query(fill(sql)),
            Self::Dml(dml) => {
                let insert = dml.insert.as_ref();
                Self::Dml(Dml {
                    before: dml.before.as_ref().map(fill),
                    check: dml.check.as_ref().map(fill),
                    insert: insert.map(|i| Insert { query: fill(&i.query), columns: i.columns.clone() }),
                    sql: fill(&dml.sql),
                    ..dml.clone()
                })
            }
            Self::Command(Command::Describe(Describe::Query { sql })) => {
                Self::Command(Command::Describe(Describe::Query { sql: fill(sql) }))
            }
            Self::Command(Command::CreateTable(table)) => {
                let TableSource::Query(query) = &table.source else { return None };
                let mut table = table.clone();
                table.source = TableSource::Query(fill(query));
                Self::Command(Command::CreateTable(table))
            }
            Self::Command(Command::CreateView(view)) => {
                let query = fill(&view.query);
                Self::Command(Command::CreateView(Box::new(CreateView {
                    query,
                    inline: true,
                    ..view.as_ref().clone()
                })))
            }
            Self::Command(Command::AlterTable { name, action: AlterTable::ViewQuery { query, definition, .. } }) => {
                let (query, definition) = (fill(query), definition.clone());
                let action = AlterTable::ViewQuery { query, definition, inline: true };
                Self::Command(Command::AlterTable { name: name.clone(), action })
            }
            Self::Explain(sql) => Self::Explain(fill(sql)),
            Self::Copy(_) | Self::Command(_) => return None,
        })
    }
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
