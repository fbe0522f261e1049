//! `bricklayer plugin grant` and `revoke`: what an installed plugin may do, everywhere or in one project.

use anyhow::bail;
use bricklayer_domain::{PluginName, ProjectId};
use bricklayer_package::{Power, Powers};
use bricklayer_store::InstallationRow;
use clap::Args;

use super::host::{Host, HostArgs, OwnerArgs, plugin_name, project_id};
use super::{Report, Undecided, words};

#[derive(Debug, Args)]
pub(in crate::cli::plugin) struct GrantArgs {
    /// The plugin
    #[arg(value_parser = plugin_name)]
    name: PluginName,
    /// The powers, as `bricklayer plugin list NAME` shows them
    #[arg(value_name = "POWER")]
    powers: Vec<String>,
    /// Everything that it asks for
    #[arg(long, conflicts_with = "powers")]
    all: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
pub(in crate::cli::plugin) struct RevokeArgs {
    /// The plugin
    #[arg(value_parser = plugin_name)]
    name: PluginName,
    /// The powers, as `bricklayer plugin list NAME` shows them
    #[arg(value_name = "POWER")]
    powers: Vec<String>,
    /// Everything that was given there
    #[arg(long, conflicts_with = "powers")]
    all: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
struct Place {
    /// In this project only; with --for, of that user
    #[arg(long, value_name = "ID", value_parser = project_id)]
    project: Option<ProjectId>,
    #[command(flatten)]
    owner: OwnerArgs,
}

pub(super) async fn grant(args: &HostArgs, verb: &GrantArgs) -> anyhow::Result<Report> {
    if !verb.all && verb.powers.is_empty() {
        return Err(Undecided("say what to give: the powers' ids, or --all".to_owned()).into());
    }
    let host = Host::open(args).await?;
    let row = find(&host, &verb.name, &verb.place).await?;
    let asked = Powers::parse(&row.active.requests)?;
    let more = if verb.all { asked } else { Powers::parse(&verb.powers)? };
    let given = in_place(&row, verb.place.project).union(&more);
    set(host, &row, &verb.place, &given).await
}

pub(super) async fn revoke(args: &HostArgs, verb: &RevokeArgs) -> anyhow::Result<Report> {
    if !verb.all && verb.powers.is_empty() {
        return Err(Undecided("say what to take back: the powers' ids, or --all".to_owned()).into());
    }
    let host = Host::open(args).await?;
    let row = find(&host, &verb.name, &verb.place).await?;
    let given = in_place(&row, verb.place.project);
    let less = if verb.all { given.clone() } else { Powers::parse(&verb.powers)? };
    if let Some(strange) = less.iter().find(|power| !given.contains(power)) {
        let ids = if given.is_empty() { "nothing".to_owned() } else { given.ids().join(", ") };
        bail!("{} was not given there, so it cannot be taken back; given there: {ids}", strange.id());
    }
    let kept: Powers = given.iter().filter(|power| !less.contains(power)).cloned().collect();
    set(host, &row, &verb.place, &kept).await
}

/// With a project, `--for` names the project's user, whose plugin or everyone's is meant.
async fn find(host: &Host, name: &PluginName, place: &Place) -> anyhow::Result<InstallationRow> {
    match host.find(name, &place.owner).await {
        Err(_) if place.project.is_some() => host.find(name, &OwnerArgs::everyone()).await,
        found => found,
    }
}

fn in_place(row: &InstallationRow, project: Option<ProjectId>) -> Powers {
    let here = row.grants.iter().filter(|grant| grant.project == project);
    here.flat_map(|grant| grant.powers.iter().filter_map(|id| Power::parse(id).ok())).collect()
}

async fn set(host: Host, row: &InstallationRow, place: &Place, given: &Powers) -> anyhow::Result<Report> {
    let actor = host.operator_in(place.project, &place.owner)?;
    host.service.set_grants(&actor, row.id, place.project, &given.ids()).await?;
    let Some(row) = host.store.get_installation(row.id).await? else { bail!("{} was removed meanwhile", row.name) };
    host.close().await;
    let text = format!("{} {} asks for\n{}", row.name, row.active.version, words::given(&row));
    Ok(Report::new(text, words::installation_data(&row)))
}
