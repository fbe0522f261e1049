//! Catalog statements, answered and carried out from the workspace's own catalog.

mod alter;
mod checks;
mod create;
mod describe;
mod described;
mod like;
mod security;
mod show;
mod tags;
mod volumes;

use std::collections::BTreeMap;

use self::checks::{check_catalog, check_schema, existing};
use super::{context::Context, query::Outcome, schema::Column};
use crate::{
    catalog::names::{Securable, TableName},
    sql::language::{
        command::{Command, Maintenance},
        error::SqlError,
        names::Namespace,
        rewrite::check_catalog_writable,
    },
};

/// Carries out one catalog statement.
pub(super) fn run(context: &Context<'_>, command: &Command) -> Result<Outcome, SqlError> {
    match command {
        Command::Show(show) => show::show(context, show),
        Command::Describe(describe) => describe::describe(context, describe),
        Command::UseCatalog(name) => {
            check_catalog(context, name)?;
            Ok(Outcome::used(Namespace { catalog: name.clone(), schema: "default".to_owned() }))
        }
        Command::UseSchema(name) => {
            check_schema(context, name)?;
            Ok(Outcome::used(Namespace { catalog: name.catalog.clone(), schema: name.schema.clone() }))
        }
        Command::CreateCatalog { name, if_not_exists, comment } => {
            create::catalog(context, name, *if_not_exists, comment.clone())
        }
        Command::DropCatalog { name, if_exists, cascade } => create::drop_catalog(context, name, *if_exists, *cascade),
        Command::CreateSchema { name, if_not_exists, comment, properties } => {
            create::schema(context, name, *if_not_exists, comment.clone(), properties)
        }
        Command::DropSchema { name, if_exists, cascade } => create::drop_schema(context, name, *if_exists, *cascade),
        Command::CreateVolume { name, if_not_exists, comment } => {
            volumes::create(context, name, *if_not_exists, comment.clone())
        }
        Command::DropVolume { name, if_exists } => volumes::drop(context, name, *if_exists),
        Command::List { path, limit } => volumes::list(context, path, *limit),
        Command::CreateTable(table) => create::table(context, table),
        Command::CreateView(view) => create::view(context, view),
        Command::CreateFunction(function) => create::function(context, function),
        Command::Drop { kind, name, if_exists } => create::drop(context, *kind, name, *if_exists),
        Command::Truncate(name) => truncate(context, name),
        Command::AlterTable { name, action } => alter::table(context, name, action),
        Command::AlterProperties { on, set, unset } => alter::properties(context, on, set, unset),
        Command::SetOwner { on, owner } => alter::owner(context, on, owner),
        Command::Tag { on, set, unset } => tags::change(context, on, set, unset),
        Command::Comment { on, comment } => alter::comment(context, on, comment.as_deref()),
        Command::Grant { privileges, on, principal } => security::grant(context, privileges, on, principal),
        Command::Revoke { privileges, on, principal } => security::revoke(context, privileges, on, principal),
        Command::Maintain { what, table } => maintain(context, *what, table.as_ref()),
        Command::Set { key, value } => set(context, key.as_deref(), value.as_deref()),
    }
}

fn truncate(context: &Context<'_>, name: &TableName) -> Result<Outcome, SqlError> {
    check_catalog_writable(&Securable::Table(name.clone()))?;
    existing(context, name)?;
    context.execute(&format!("DELETE FROM {}", name.physical()))?;
    context.record(name, "TRUNCATE", BTreeMap::new());
    Ok(Outcome::nothing("TRUNCATE"))
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
