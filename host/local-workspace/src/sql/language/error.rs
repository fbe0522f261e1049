//! SQL failures in Databricks' words: an error class, a message, an SQLSTATE.
//!
//! Classes, messages and states follow Databricks' public "Error classes" reference. Callers, people and models alike,
//! key on the class in brackets.

use std::fmt;

use super::missing::is_missing_function;

/// A statement's failure as the Statement Execution API reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SqlError {
    /// Spark error class, for example `TABLE_OR_VIEW_NOT_FOUND`.
    pub(crate) class: &'static str,
    /// What happened, without the class and the state.
    pub(crate) detail: String,
    /// SQLSTATE of the class.
    pub(crate) sql_state: &'static str,
    /// The API's error code; `BAD_REQUEST` for whatever the statement's author can mend.
    pub(crate) error_code: &'static str,
}

impl fmt::Display for SqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {} SQLSTATE: {}", self.class, self.detail, self.sql_state)
    }
}

impl std::error::Error for SqlError {}

const CONFLICT: &str = "DELTA_CONCURRENT_WRITE";

impl SqlError {
    /// An error of the statement's author.
    pub(crate) fn new(class: &'static str, sql_state: &'static str, detail: impl Into<String>) -> Self {
        Self { class, detail: detail.into(), sql_state, error_code: "BAD_REQUEST" }
    }

    /// A change met another one in the same moment: made again, it may work.
    pub(crate) fn conflict(detail: impl Into<String>) -> Self {
        Self::new(CONFLICT, "2D521", detail)
    }

    /// Whether it is that.
    pub(crate) fn is_conflict(&self) -> bool {
        self.class == CONFLICT
    }

    pub(crate) fn cancelled() -> Self {
        Self { error_code: "CANCELLED", ..Self::new("OPERATION_CANCELED", "HY008", "Operation has been canceled.") }
    }

    pub(crate) fn internal(detail: impl Into<String>) -> Self {
        Self { error_code: "INTERNAL_ERROR", ..Self::new("INTERNAL_ERROR", "XX000", detail) }
    }

    pub(crate) fn exhausted(detail: impl Into<String>) -> Self {
        Self { error_code: "RESOURCE_EXHAUSTED", ..Self::new("OUT_OF_MEMORY", "53200", detail) }
    }

    pub(crate) fn syntax(near: &str, source: &str, position: usize) -> Self {
        let (line, column) = line_and_column(source, position);
        let near = if near.is_empty() { "end of input".to_owned() } else { format!("'{near}'") };
        Self::new("PARSE_SYNTAX_ERROR", "42601", format!("Syntax error at or near {near}. (line {line}, pos {column})"))
    }

    pub(crate) fn unclosed(what: &str, source: &str, position: usize) -> Self {
        let (line, column) = line_and_column(source, position);
        let detail = format!("Syntax error: the {what} is never closed. (line {line}, pos {column})");
        Self::new("PARSE_SYNTAX_ERROR", "42601", detail)
    }

    pub(crate) fn empty_statement() -> Self {
        Self::new("PARSE_EMPTY_STATEMENT", "42617", "Syntax error, unexpected empty statement.")
    }

    pub(crate) fn table_not_found(name: &str) -> Self {
        let detail = format!(
            "The table or view {name} cannot be found. Verify the spelling and correctness of the schema and catalog. \
             If you did not qualify the name with a schema, verify the current_schema() output, or qualify the name \
             with the correct schema and catalog."
        );
        Self::new("TABLE_OR_VIEW_NOT_FOUND", "42P01", detail)
    }

    pub(crate) fn table_exists(name: &str) -> Self {
        let detail = format!(
            "Cannot create table or view {name} because it already exists. Choose a different name, drop or replace \
             the existing object, or add the IF NOT EXISTS clause to tolerate pre-existing objects."
        );
        Self::new("TABLE_OR_VIEW_ALREADY_EXISTS", "42P07", detail)
    }

    pub(crate) fn schema_not_found(name: &str) -> Self {
        let detail = format!(
            "The schema {name} cannot be found. Verify the spelling and correctness of the schema and catalog. \
             To tolerate the error on drop use DROP SCHEMA IF EXISTS."
        );
        Self::new("SCHEMA_NOT_FOUND", "42704", detail)
    }

    pub(crate) fn catalog_not_found(name: &str) -> Self {
        let detail = format!("Catalog '{name}' was not found. Please verify the catalog name and then retry.");
        Self::new("NO_SUCH_CATALOG_EXCEPTION", "42704", detail)
    }

    pub(crate) fn column_not_found(name: &str, proposals: &[String]) -> Self {
        if proposals.is_empty() {
            let detail = format!("A column, variable, or function parameter with name `{name}` cannot be resolved.");
            return Self::new("UNRESOLVED_COLUMN.WITHOUT_SUGGESTION", "42703", detail);
        }
        let list: Vec<_> = proposals.iter().map(|p| format!("`{p}`")).collect();
        let detail = format!(
            "A column, variable, or function parameter with name `{name}` cannot be resolved. Did you mean one of the \
             following? [{}].",
            list.join(", ")
        );
        Self::new("UNRESOLVED_COLUMN.WITH_SUGGESTION", "42703", detail)
    }

    /// A function that is not there; one that Databricks has is missing in the local workspace only.
    pub(crate) fn volume_not_found(name: &str) -> Self {
        Self::new("VOLUME_NOT_FOUND", "42704", format!("The volume `{name}` cannot be found."))
    }

    pub(crate) fn routine_not_found(name: &str) -> Self {
        if is_missing_function(name) {
            return Self::unsupported(format!("The function {name}"));
        }
        let detail =
            format!("Cannot resolve routine `{name}` on search path [`system`.`builtin`, `system`.`session`].");
        Self::new("UNRESOLVED_ROUTINE", "42883", detail)
    }

    pub(crate) fn unsupported(what: impl fmt::Display) -> Self {
        let detail = format!("{what} is not supported by the local workspace, which knows a part of Databricks SQL.");
        Self::new("UNSUPPORTED_FEATURE", "0A000", detail)
    }

    /// The statement passed every check that could find fault with it, and yet the engine cannot run it.
    pub(crate) fn beyond_engine(why: impl fmt::Display) -> Self {
        let detail = format!(
            "The local workspace cannot run this statement, which may be right in Databricks: {why} Explicit casts or another \
             form of the statement may help."
        );
        Self::new("UNSUPPORTED_FEATURE", "0A000", detail)
    }

    /// Nothing more can be written; reading goes on.
    pub(crate) fn disk_full(after_commit: bool) -> Self {
        let kept = if after_commit {
            "Whether the change was kept is to be looked at before the statement is run again."
        } else {
            "Nothing was changed."
        };
        let detail = format!(
            "The disk of the local workspace is full. {kept} Reading goes on. Make room in its data folder, then run the \
             statement again."
        );
        Self { error_code: "RESOURCE_EXHAUSTED", ..Self::new("LOCAL_WORKSPACE_DISK_FULL", "53100", detail) }
    }

    pub(crate) fn permission(detail: impl Into<String>) -> Self {
        Self::new("INSUFFICIENT_PERMISSIONS", "42501", detail)
    }
}

/// One-based line and zero-based column of a byte position, as Spark counts them.
fn line_and_column(source: &str, position: usize) -> (usize, usize) {
    let before = source.get(..position).unwrap_or(source);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count();
    (line, column)
}
