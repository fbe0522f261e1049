//! `bricklayer plugin list`: the lock table in words.

use bricklayer_domain::PluginName;
use clap::Args;
use serde_json::{Value, json};

use super::host::{Host, HostArgs, OwnerArgs, plugin_name};
use super::{Report, words};

#[derive(Debug, Args)]
pub(in crate::cli::plugin) struct ListArgs {
    /// Shows this one in full
    #[arg(value_parser = plugin_name)]
    name: Option<PluginName>,
    #[command(flatten)]
    owner: OwnerArgs,
}

pub(super) async fn list(args: &HostArgs, verb: &ListArgs) -> anyhow::Result<Report> {
    let host = Host::open(args).await?;
    let report = match &verb.name {
        Some(name) => {
            let row = host.find(name, &verb.owner).await?;
            Report::new(words::installation(&row), words::installation_data(&row))
        }
        None => all(&host, &verb.owner).await?,
    };
    host.close().await;
    Ok(report)
}

async fn all(host: &Host, owner: &OwnerArgs) -> anyhow::Result<Report> {
    let named = owner.named()?;
    let mut rows = host.store.list_installations().await?;
    rows.retain(|row| named.as_ref().is_none_or(|owner| *owner == row.owner));
    let data: Vec<Value> = rows.iter().map(words::installation_data).collect();
    let mut table = vec![["NAME", "VERSION", "FOR", "STATUS", "SIGNATURE", "SOURCE"].map(ToOwned::to_owned)];
    table.extend(rows.iter().map(|row| {
        [
            row.name.to_string(),
            row.active.version.clone(),
            words::owner(&row.owner),
            words::status(row).to_owned(),
            row.active.publisher.clone().unwrap_or_else(|| row.active.signature.clone()),
            row.active.source.clone(),
        ]
    }));
    let text = if rows.is_empty() {
        "No plugin is installed; `bricklayer plugin add SOURCE` installs one.\n".to_owned()
    } else {
        columns(&table)
    };
    Ok(Report::new(text, json!({"plugins": data})))
}

/// Rows as aligned text; the last column may be as long as it likes.
pub(super) fn columns<const N: usize>(table: &[[String; N]]) -> String {
    let width = |column: usize| {
        table.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..N).map(width).collect();
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    table.iter().map(line).collect()
}
