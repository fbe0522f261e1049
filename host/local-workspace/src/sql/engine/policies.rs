//! Row filters and column masks: tables of which a reader sees other rows or values than there are.
//!
//! A statement that reads such a table is translated anew with a name in the table's place, and gets a query there that
//! shows what the policies let pass. They hold for everybody, owners and administrators too, and their functions ask
//! who the reader is. Rules: Databricks' documentation, "Row filters and column masks".
//!
//! **Invariant**: no statement reads rows of a guarded table but through [`shown`]. What cannot be rewritten so (views and
//! functions over it, changes that look for rows) is refused.

use std::collections::BTreeSet;

use super::{
    context::Context,
    query::Outcome,
    rights::called,
    schema::{Table, table},
};
use crate::{
    catalog::{Policy, names::TableName},
    sql::language::{
        command::{Command, TableSource},
        error::SqlError,
        names::quote,
        statement::{DmlKind, Parsed},
    },
};

/// What a guarded table's own rows are called in the query in its place.
const ROWS: &str = "bl_rows";

/// More rows than any table has.
const MOST_ROWS: i64 = 1 << 62;

/// The guarded tables that a statement reads itself.
///
/// # Errors
/// A statement that reads one in another way, or changes rows of it that it would have to look for.
pub(super) fn read(context: &Context<'_>, parsed: &Parsed) -> Result<Vec<TableName>, SqlError> {
    let guarded = context.objects.guarded()?;
    if guarded.is_empty() {
        return Ok(guarded);
    }
    let is_guarded = |name: &TableName| guarded.contains(name);
    match parsed {
        Parsed::Dml(dml) if is_guarded(&dml.target) => {
            let looks = dml.before.as_ref().is_some_and(|before| before.contains(" WHERE "));
            if dml.kind != DmlKind::Insert || looks {
                return Err(SqlError::unsupported(
                    "A change of rows that are looked for in a table with a row filter or a column mask",
                ));
            }
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
    let mut walk = Walk { context, guarded: &guarded, passed: BTreeSet::new() };
    for name in &context.notes.reads {
        walk.table(name)?;
    }
    for name in called(context)? {
        walk.function(&name)?;
    }
    Ok(context.notes.reads.iter().filter(|name| is_guarded(name)).cloned().collect())
}

/// Looks through views and functions for guarded tables.
struct Walk<'a> {
    context: &'a Context<'a>,
    guarded: &'a [TableName],
    passed: BTreeSet<TableName>,
}

impl Walk<'_> {
    fn table(&mut self, name: &TableName) -> Result<(), SqlError> {
        let Some(info) = self.context.objects.ask(|known| known.table(name))? else { return Ok(()) };
        let Some(definition) = info.view_definition else { return Ok(()) };
        if !self.passed.insert(name.clone()) {
            return Ok(());
        }
        // What views of earlier versions read was not written down.
        if info.view_reads.is_empty() && definition.to_uppercase().contains("FROM") {
            return Err(refused(name));
        }
        self.uses(name, &info.view_reads, &info.view_calls)
    }

    fn function(&mut self, name: &TableName) -> Result<(), SqlError> {
        let Some(info) = self.context.objects.ask(|known| known.function(name))? else { return Ok(()) };
        if !self.passed.insert(name.clone()) {
            return Ok(());
        }
        let uses = info.uses.ok_or_else(|| refused(name))?;
        self.uses(name, &uses.tables, &uses.functions)
    }

    fn uses(&mut self, name: &TableName, tables: &[TableName], functions: &[TableName]) -> Result<(), SqlError> {
        if tables.iter().any(|table| self.guarded.contains(table)) {
            return Err(refused(name));
        }
        tables.iter().try_for_each(|table| self.table(table))?;
        functions.iter().try_for_each(|function| self.function(function))
    }
}

fn refused(name: &TableName) -> SqlError {
    SqlError::unsupported(format!(
        "Reading {}, a view or function that reads or may read a table with a row filter or a column mask,",
        name.full_name()
    ))
}

/// The query in the place of a guarded table.
///
/// # Errors
/// A table that is not there any more.
pub(super) fn shown(context: &Context<'_>, name: &TableName) -> Result<String, SqlError> {
    let table = table(context.session, context.objects, name)?;
    let cells: Vec<_> = table
        .columns
        .iter()
        .map(|column| match table.info.column_masks.get(&column.name.to_lowercase()) {
            Some(mask) => format!("{} AS {}", call(mask, Some(&column.name)), quote(&column.name)),
            None => own(&column.name),
        })
        .collect();
    let filter = table.info.row_filter.as_ref().map(|filter| format!(" WHERE {}", call(filter, None)));
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

fn own(column: &str) -> String {
    format!("{}.{}", quote(ROWS), quote(column))
}

fn call(policy: &Policy, masked: Option<&str>) -> String {
    let columns = masked.into_iter().chain(policy.columns.iter().map(String::as_str));
    let arguments: Vec<_> = columns.map(own).collect();
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
        check(context, table, column, policy)?;
        context.objects.look_for_guarded();
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
fn check(context: &Context<'_>, table: &Table, column: Option<&str>, policy: &Policy) -> Result<(), SqlError> {
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
    let wanted = column.map_or_else(|| "true".to_owned(), own);
    let query = format!("SELECT {}, {wanted} FROM {} AS {}", call(policy, column), table.name.physical(), quote(ROWS));
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
