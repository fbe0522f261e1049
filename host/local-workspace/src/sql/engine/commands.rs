//! Catalog statements, answered and carried out from the workspace's own catalog.

mod alter;
mod create;
mod describe;
mod security;
mod show;

use super::{
    query::{Context, Outcome},
    schema::{Column, Table, table},
};
use crate::sql::language::{
    command::{Command, DropKind, Maintenance, Securable},
    error::SqlError,
    names::{SchemaName, TableName},
    rewrite::check_catalog_writable,
};

/// Carries out one catalog statement.
pub(super) fn run(context: &Context<'_>, command: &Command) -> Result<Outcome, SqlError> {
    let outcome = dispatch(context, command)?;
    context.metastore.flush().map_err(|e| SqlError::internal(format!("{e:#}")))?;
    Ok(outcome)
}

fn dispatch(context: &Context<'_>, command: &Command) -> Result<Outcome, SqlError> {
    match command {
        Command::Show(show) => show::show(context, show),
        Command::Describe(describe) => describe::describe(context, describe),
        Command::UseCatalog(name) => {
            check_catalog(context, name)?;
            Ok(Outcome::nothing("USE"))
        }
        Command::UseSchema(name) => {
            check_schema(context, name)?;
            Ok(Outcome::nothing("USE"))
        }
        Command::CreateCatalog { name, if_not_exists, comment } => {
            create::catalog(context, name, *if_not_exists, comment.clone())
        }
        Command::DropCatalog { name, if_exists, cascade } => create::drop_catalog(context, name, *if_exists, *cascade),
        Command::CreateSchema { name, if_not_exists, comment, properties } => {
            create::schema(context, name, *if_not_exists, comment.clone(), properties)
        }
        Command::DropSchema { name, if_exists, cascade } => create::drop_schema(context, name, *if_exists, *cascade),
        Command::CreateTable(table) => create::table(context, table),
        Command::CreateView(view) => create::view(context, view),
        Command::CreateFunction(function) => create::function(context, function),
        Command::Drop { kind, name, if_exists } => create::drop(context, *kind, name, *if_exists),
        Command::Truncate(name) => truncate(context, name),
        Command::AlterTable { name, action } => alter::table(context, name, action),
        Command::AlterProperties { on, set, unset } => alter::properties(context, on, set, unset),
        Command::SetOwner { on, owner } => alter::owner(context, on, owner),
        Command::Comment { on, comment } => alter::comment(context, on, comment.as_deref()),
        Command::Grant { privileges, on, principal } => security::grant(context, privileges, on, principal),
        Command::Revoke { privileges, on, principal } => security::revoke(context, privileges, on, principal),
        Command::Maintain { what, table } => maintain(context, *what, table.as_ref()),
        Command::Set { key, value } => set(context, key.as_deref(), value.as_deref()),
    }
}

fn check_catalog(context: &Context<'_>, name: &str) -> Result<(), SqlError> {
    let known = context.metastore.read(|state| state.catalogs.contains_key(name));
    if known { Ok(()) } else { Err(SqlError::catalog_not_found(name)) }
}

fn check_schema(context: &Context<'_>, name: &SchemaName) -> Result<(), SqlError> {
    check_catalog(context, &name.catalog)?;
    let known = context.metastore.read(|state| state.schema(name).is_some());
    if known { Ok(()) } else { Err(SqlError::schema_not_found(&name.quoted())) }
}

fn existing(context: &Context<'_>, name: &TableName) -> Result<Table, SqlError> {
    table(context.session, context.metastore, name)
}

/// Refuses an object that does not exist.
fn check_securable(context: &Context<'_>, on: &Securable) -> Result<(), SqlError> {
    match on {
        Securable::Metastore => Ok(()),
        Securable::Catalog(name) => check_catalog(context, name),
        Securable::Schema(name) => check_schema(context, name),
        Securable::Table(name) | Securable::View(name) => existing(context, name).map(drop),
        Securable::Function(name) => {
            let known = context
                .metastore
                .read(|state| state.schema(&name.schema_name()).is_some_and(|s| s.functions.contains_key(&name.table)));
            if known { Ok(()) } else { Err(SqlError::routine_not_found(&name.full_name())) }
        }
    }
}

fn truncate(context: &Context<'_>, name: &TableName) -> Result<Outcome, SqlError> {
    check_catalog_writable(&Securable::Table(name.clone()))?;
    existing(context, name)?;
    context.execute(&format!("DELETE FROM {}", name.physical()))?;
    record(context, name, "TRUNCATE");
    Ok(Outcome::nothing("TRUNCATE"))
}

/// Adds an operation to a table's history.
fn record(context: &Context<'_>, name: &TableName, operation: &str) {
    context.metastore.write(|state| {
        if let Some(table) = state.table_mut(name, context.user) {
            table.record(context.user, operation, std::collections::BTreeMap::new());
        }
    });
}

/// DuckDB keeps its files in order by itself; the statements check their table and answer that nothing was to do.
fn maintain(context: &Context<'_>, what: Maintenance, table: Option<&TableName>) -> Result<Outcome, SqlError> {
    if let Some(name) = table {
        existing(context, name)?;
    }
    match (what, table) {
        (Maintenance::Optimize, Some(name)) => {
            let metrics = r#"{"numFilesAdded":0,"numFilesRemoved":0,"totalConsideredFiles":0,"note":"the local workspace has nothing to optimize"}"#;
            let columns = vec![Column::string("path"), Column::string("metrics")];
            Outcome::table(context, "OPTIMIZE", columns, vec![vec![Some(name.full_name()), Some(metrics.to_owned())]])
        }
        (Maintenance::Vacuum, Some(name)) => {
            Outcome::table(context, "VACUUM", vec![Column::string("path")], vec![vec![Some(name.full_name())]])
        }
        (Maintenance::Analyze, _) => Ok(Outcome::nothing("ANALYZE")),
        _ => Ok(Outcome::nothing("OTHER")),
    }
}

/// A statement runs in a session of its own, so a setting lives as long as its statement: harmless ones are accepted,
/// unknown ones refused.
fn set(context: &Context<'_>, key: Option<&str>, value: Option<&str>) -> Result<Outcome, SqlError> {
    const KNOWN: [&str; 7] = [
        "ansi_mode",
        "enable_photon",
        "legacy_time_parser_policy",
        "max_file_partition_bytes",
        "read_only_external_metastore",
        "statement_timeout",
        "use_cached_result",
    ];
    let columns = vec![Column::string("key"), Column::string("value")];
    let Some(key) = key else {
        let rows = vec![vec![Some("TIMEZONE".to_owned()), Some("Etc/UTC".to_owned())]];
        return Outcome::table(context, "SET", columns, rows);
    };
    let lower = key.to_lowercase();
    if lower == "timezone" {
        return match value {
            None | Some("UTC" | "Etc/UTC" | "GMT") => {
                let rows = vec![vec![Some("TIMEZONE".to_owned()), Some("Etc/UTC".to_owned())]];
                Outcome::table(context, "SET", columns, rows)
            }
            Some(_) => Err(SqlError::unsupported("A session time zone other than UTC")),
        };
    }
    if KNOWN.contains(&lower.as_str()) {
        let rows = vec![vec![Some(key.to_uppercase()), Some(value.unwrap_or_default().to_owned())]];
        return Outcome::table(context, "SET", columns, rows);
    }
    Err(SqlError::new("CONFIG_NOT_AVAILABLE", "42K0I", format!("Configuration {key} is not available.")))
}

/// The word for a dropped or expected object in error messages.
fn word(kind: DropKind) -> &'static str {
    match kind {
        DropKind::Table => "TABLE",
        DropKind::View => "VIEW",
        DropKind::Function => "FUNCTION",
    }
}
