//! Row filters and column masks: tables of which a reader sees other rows or values than there are.
//!
//! A statement that reads such a table is translated anew with a name in the table's place, and gets a query there that
//! shows what the policies let pass. They hold for everybody, owners and administrators too, and their functions ask
//! who the reader is. Rules: Databricks' documentation, "Row filters and column masks".
//!
//! **Invariant**: no statement reads rows of a guarded table but through [`shown`] and [`seen`] (`inline.rs` puts them
//! there). What cannot be rewritten so is refused.

use super::{
    context::Context,
    query::Outcome,
    schema::{Table, table},
};
use crate::{
    catalog::{Policy, names::TableName},
    sql::language::{
        command::{Command, TableSource},
        error::SqlError,
        inline::ROW_NUMBER,
        names::quote,
        statement::Parsed,
    },
};

/// What a guarded table's own rows are called in the query in its place.
const ROWS: &str = "bl_rows";

/// More rows than any table has.
const MOST_ROWS: i64 = 1 << 62;

/// Refuses what a statement may not do to a guarded table.
///
/// # Errors
/// A copy of it without its policies, another table in its place, and a change of rows that asks for them in a way that
/// is not rewritten.
pub(super) fn check(guarded: &[TableName], parsed: &Parsed) -> Result<(), SqlError> {
    let is_guarded = |name: &TableName| guarded.contains(name);
    match parsed {
        Parsed::Dml(dml)
            if is_guarded(&dml.target) && dml.before.as_ref().is_some_and(|before| before.contains(" WHERE ")) =>
        {
            return Err(SqlError::unsupported("REPLACE WHERE in a table with a row filter or a column mask"));
        }
        Parsed::Command(Command::CreateTable(made)) => {
            if matches!(&made.source, TableSource::Clone(source) if is_guarded(source)) {
                return Err(SqlError::unsupported("A clone of a table with a row filter or a column mask"));
            }
            if is_guarded(&made.name) && made.or_replace {
                return Err(SqlError::unsupported("Replacing a table with a row filter or a column mask"));
            }
        }
        _ => {}
    }
    Ok(())
}

/// The query in the place of a guarded table; with each row's number in the engine, where rows are to be changed.
///
/// # Errors
/// A table that is not there any more.
pub(super) fn shown(context: &Context<'_>, name: &TableName, numbered: bool) -> Result<String, SqlError> {
    let table = table(context.session, context.objects, name)?;
    let number = numbered.then(|| format!("{}.rowid AS {}", quote(ROWS), quote(ROW_NUMBER)));
    let cells = table.columns.iter().map(|column| match table.info.column_masks.get(&column.name.to_lowercase()) {
        Some(mask) => format!("{} AS {}", call(mask, ROWS, Some(&column.name)), quote(&column.name)),
        None => own(ROWS, &column.name),
    });
    let cells: Vec<_> = cells.chain(number).collect();
    let filter = table.info.row_filter.as_ref().map(|filter| format!(" WHERE {}", call(filter, ROWS, None)));
    // A condition of the reader's is not looked at before a limit: it must not meet rows that the filter hides.
    Ok(format!(
        "SELECT {} FROM {} AS {}{} LIMIT {}",
        cells.join(", "),
        name.physical(),
        quote(ROWS),
        filter.unwrap_or_default(),
        MOST_ROWS
    ))
}

/// The condition for a row that a MERGE's author sees, of the target under its name in the statement.
///
/// # Errors
/// A table that is not there any more, and one with masks: what the statement does with masked columns is not rewritten.
pub(super) fn seen(context: &Context<'_>, name: &TableName, alias: &str) -> Result<String, SqlError> {
    let table = table(context.session, context.objects, name)?;
    if !table.info.column_masks.is_empty() {
        return Err(SqlError::unsupported("MERGE into a table with a column mask"));
    }
    Ok(table.info.row_filter.as_ref().map_or_else(|| "true".to_owned(), |filter| call(filter, alias, None)))
}

fn own(alias: &str, column: &str) -> String {
    format!("{}.{}", quote(alias), quote(column))
}

fn call(policy: &Policy, alias: &str, masked: Option<&str>) -> String {
    let columns = masked.into_iter().chain(policy.columns.iter().map(String::as_str));
    let arguments: Vec<_> = columns.map(|column| own(alias, column)).collect();
    format!("{}({})", policy.function.physical(), arguments.join(", "))
}

/// Sets the row filter of a table or a column's mask, or takes it away.
///
/// # Errors
/// Columns and functions that are not there or do not fit.
pub(super) fn set(
    context: &Context<'_>,
    table: &Table,
    column: Option<&str>,
    policy: Option<&Policy>,
) -> Result<Outcome, SqlError> {
    if table.is_view {
        return Err(SqlError::unsupported("A row filter or a column mask of a view"));
    }
    for name in column.into_iter().chain(policy.iter().flat_map(|policy| policy.columns.iter().map(String::as_str))) {
        if !table.columns.iter().any(|known| known.name.eq_ignore_ascii_case(name)) {
            let names: Vec<_> = table.columns.iter().map(|known| known.name.clone()).collect();
            return Err(SqlError::column_not_found(name, &names));
        }
    }
    if let Some(policy) = policy {
        fits(context, table, column, policy)?;
        context.objects.look_for_inlined();
    }
    let policy = policy.cloned();
    context.objects.ask(|known| {
        known.edit_table(&table.name, context.user, |info| match (column, policy) {
            (None, policy) => info.row_filter = policy,
            (Some(column), Some(policy)) => {
                info.column_masks.insert(column.to_lowercase(), policy);
            }
            (Some(column), None) => {
                info.column_masks.remove(&column.to_lowercase());
            }
        })
    })?;
    Ok(Outcome::nothing("ALTER"))
}

/// Whether a policy's function takes what it is given, and gives what is wanted.
fn fits(context: &Context<'_>, table: &Table, column: Option<&str>, policy: &Policy) -> Result<(), SqlError> {
    let function = &policy.function;
    let known = context.objects.ask(|known| known.function(function))?;
    let known = known.ok_or_else(|| SqlError::routine_not_found(&function.full_name()))?;
    let given = policy.columns.len() + usize::from(column.is_some());
    if known.parameters.len() != given {
        let detail = format!(
            "The `{}` requires {} parameters but the actual number is {given}.",
            function.full_name(),
            known.parameters.len()
        );
        return Err(SqlError::new("WRONG_NUM_ARGS.WITHOUT_SUGGESTION", "42605", detail));
    }
    let wanted = column.map_or_else(|| "true".to_owned(), |column| own(ROWS, column));
    let query =
        format!("SELECT {}, {wanted} FROM {} AS {}", call(policy, ROWS, column), table.name.physical(), quote(ROWS));
    let types: Vec<_> = context.describe(&query)?.into_iter().map(|(_, kind)| kind).collect();
    match types.as_slice() {
        [given, wanted] if given != wanted => {
            let detail = format!(
                "`{}` returns {given}, and {wanted} is needed for {}.",
                function.full_name(),
                column.map_or_else(|| "a row filter".to_owned(), |column| format!("a mask of `{column}`"))
            );
            Err(SqlError::new("DATATYPE_MISMATCH", "42K09", detail))
        }
        _ => Ok(()),
    }
}
