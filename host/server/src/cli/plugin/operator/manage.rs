//! `bricklayer plugin disable`, `enable`, `rollback`, `remove`.

use bricklayer_domain::{PluginName, ProjectId};
use clap::Args;
use serde_json::json;

use super::ask::Asks;
use super::host::{Host, HostArgs, OwnerArgs, plugin_name, project_id};
use super::{Report, Undecided, words};

#[derive(Debug, Args)]
pub(in crate::cli::plugin) struct NameArgs {
    /// The plugin
    #[arg(value_parser = plugin_name)]
    name: PluginName,
    #[command(flatten)]
    owner: OwnerArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli::plugin) struct SwitchArgs {
    #[command(flatten)]
    plugin: NameArgs,
    /// In this project only; with --for, of that user
    #[arg(long, value_name = "ID", value_parser = project_id)]
    project: Option<ProjectId>,
}

#[derive(Debug, Args)]
pub(in crate::cli::plugin) struct RemoveArgs {
    #[command(flatten)]
    plugin: NameArgs,
    /// Removes without asking whether to
    #[arg(long, short)]
    yes: bool,
}

pub(super) async fn switch(args: &HostArgs, verb: &SwitchArgs, on: bool) -> anyhow::Result<Report> {
    let host = Host::open(args).await?;
    let row = match host.find(&verb.plugin.name, &verb.plugin.owner).await {
        Err(_) if verb.project.is_some() => host.find(&verb.plugin.name, &OwnerArgs::everyone()).await?,
        found => found?,
    };
    let actor = host.operator_in(verb.project, &verb.plugin.owner)?;
    let place = match verb.project {
        Some(project) => {
            host.service.set_switch(&actor, row.id, project, on).await?;
            format!("in project {project}")
        }
        None => {
            host.service.set_enabled(&actor, row.id, on).await?;
            format!("for {}", words::owner(&row.owner))
        }
    };
    host.close().await;
    let words = if on { "may be used again" } else { "is not used any more" };
    let text = format!("{} {words} {place}; calls that run finish.\n", row.name);
    Ok(Report::new(text, json!({"name": row.name, "id": row.id, "project": verb.project, "enabled": on})))
}

pub(super) async fn roll_back(args: &HostArgs, verb: &NameArgs) -> anyhow::Result<Report> {
    let host = Host::open(args).await?;
    let row = host.find(&verb.name, &verb.owner).await?;
    host.service.roll_back(&host.operator()?, row.id).await?;
    let now = host.store.get_installation(row.id).await?;
    host.close().await;
    let version = now.as_ref().map(|row| row.active.version.clone()).unwrap_or_default();
    let text = format!("{} went back from {} to {version}.\n", row.name, row.active.version);
    Ok(Report::new(text, json!({"installed": now.as_ref().map(words::installation_data)})))
}

pub(super) async fn remove(args: &HostArgs, verb: &RemoveArgs, asks: Asks) -> anyhow::Result<Report> {
    let host = Host::open(args).await?;
    let row = host.find(&verb.plugin.name, &verb.plugin.owner).await?;
    let whose = words::owner(&row.owner);
    let question = format!("Remove {} {} of {whose} with its grants and its state?", row.name, row.active.version);
    let no_answer = format!("add --yes to remove {} of {whose}; nobody is at a terminal to be asked", row.name);
    if !verb.yes && !asks.confirm(&question, &no_answer)? {
        return Err(Undecided(format!("{} stays", row.name)).into());
    }
    host.service.remove(&host.operator()?, row.id).await?;
    host.close().await;
    let text = format!("Removed {} {} of {whose}; calls that run finish.\n", row.name, row.active.version);
    Ok(Report::new(text, json!({"removed": words::installation_data(&row)})))
}
