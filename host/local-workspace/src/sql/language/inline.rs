//! Tables and views that are read as queries: what stands in a statement in the place of their names.
//!
//! What a reader sees of them depends on the reader, or is not kept in the engine at all. So a name stands for them that
//! no author can know beforehand, and the engine puts its own query in the place of that name.

use super::names::quote;
use crate::catalog::names::TableName;

/// What the number of a row is called in [`Place::NumberedRows`].
pub(crate) const ROW_NUMBER: &str = "bl_row";

/// A name that stands for something of a table's or view's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Inline {
    pub(crate) placeholder: String,
    pub(crate) table: TableName,
    pub(crate) place: Place,
}

/// What is to be put in a name's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A query for the rows that the reader sees.
    Rows,
    /// The same with the engine's number of each row, for rows that are to be changed.
    NumberedRows,
    /// A query of a metric view's, which its owner reads.
    Query { text: String },
    /// The condition for a row that the reader sees, of a table that the statement itself names so.
    Condition { alias: String },
}

/// A DELETE of those rows that its author sees.
pub(super) fn delete(target: &TableName, rows: &str, alias: &str, condition: Option<&str>) -> String {
    let condition = condition.map(|condition| format!(" WHERE {condition}")).unwrap_or_default();
    format!(
        "DELETE FROM {} WHERE rowid IN (SELECT {} FROM {} AS {}{condition})",
        target.physical(),
        quote(ROW_NUMBER),
        quote(rows),
        quote(alias)
    )
}

/// An UPDATE of those rows that its author sees, from the values that they see. A value of none is the column's DEFAULT.
pub(super) fn update(
    target: &TableName,
    rows: &str,
    alias: &str,
    set: &[(String, Option<String>)],
    condition: Option<&str>,
) -> String {
    const NEW: &str = "bl_new";
    let mut values = vec![format!("{}.{} AS {}", quote(alias), quote(ROW_NUMBER), quote(ROW_NUMBER))];
    let mut assignments = Vec::new();
    for (index, (column, value)) in set.iter().enumerate() {
        let assigned = match value {
            Some(value) => {
                values.push(format!("{value} AS c{index}"));
                format!("{NEW}.c{index}")
            }
            None => "DEFAULT".to_owned(),
        };
        assignments.push(format!("{} = {assigned}", quote(column)));
    }
    let condition = condition.map(|condition| format!(" WHERE {condition}")).unwrap_or_default();
    format!(
        "UPDATE {} AS bl_target SET {} FROM (SELECT {} FROM {} AS {}{condition}) AS {NEW} WHERE bl_target.rowid = {NEW}.{}",
        target.physical(),
        assignments.join(", "),
        values.join(", "),
        quote(rows),
        quote(alias),
        quote(ROW_NUMBER)
    )
}
