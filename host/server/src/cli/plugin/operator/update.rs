//! `bricklayer plugin update`: new versions of one plugin or all; what asks for more waits until it is accepted.

use anyhow::bail;
use bricklayer_domain::PluginName;
use bricklayer_plugins::{Actor, PluginView, UpdateFrom, UpdateOutcome};
use bricklayer_store::InstallationRow;
use clap::Args;
use serde_json::{Value, json};

use super::add::{Decision, absolute};
use super::host::{Host, HostArgs, OwnerArgs, owner_flag, plugin_name};
use super::{Report, WAITING, words};

#[derive(Debug, Args)]
pub(in crate::cli::plugin) struct UpdateArgs {
    /// The plugin; without one, all that have a source
    #[arg(value_parser = plugin_name)]
    name: Option<PluginName>,
    #[command(flatten)]
    owner: OwnerArgs,
    /// Takes the version at another source
    #[arg(long, value_name = "SOURCE", requires = "name")]
    to: Option<String>,
    /// Accepts a version that asks for more; gives what is new unless a --grant flag says otherwise
    #[arg(long, requires = "name")]
    accept: bool,
    /// Refuses the version that waits
    #[arg(long, requires = "name", conflicts_with_all = ["accept", "to"])]
    reject: bool,
    #[command(flatten)]
    decision: Decision,
}

pub(super) async fn update(args: &HostArgs, verb: &UpdateArgs) -> anyhow::Result<Report> {
    let host = Host::open(args).await?;
    let actor = host.operator()?;
    let report = match &verb.name {
        Some(name) => {
            let row = host.find(name, &verb.owner).await?;
            if verb.reject {
                host.service.reject(&actor, row.id).await?;
                let text =
                    format!("{} stays at {}; the version that waited is refused.\n", row.name, row.active.version);
                Report::new(text, json!({"name": row.name, "outcome": "rejected"}))
            } else {
                one(&host, &actor, verb, &row).await?
            }
        }
        None => all(&host, &actor, verb).await?,
    };
    host.close().await;
    Ok(report)
}

async fn one(host: &Host, actor: &Actor, verb: &UpdateArgs, row: &InstallationRow) -> anyhow::Result<Report> {
    // What waits already is accepted as it was seen, and not looked for anew.
    let outcome = if verb.accept && verb.to.is_none() && row.pending.is_some() {
        UpdateOutcome::Waiting
    } else {
        let from = match &verb.to {
            Some(source) => UpdateFrom::Source(absolute(source)?),
            None => UpdateFrom::OwnSource,
        };
        host.service.update(actor, row.id, from).await?
    };
    let view = host.service.view(actor, row.id, None).await?;
    if outcome != UpdateOutcome::Waiting {
        return Ok(settled(row, &view, outcome));
    }
    let Some(pending) = &view.pending else { bail!("{} was changed meanwhile; try again", row.name) };
    let data = |outcome: &str| {
        let version =
            json!({"version": pending.version, "digest": pending.digest, "diff": words::diff_data(&pending.diff)});
        json!({"name": row.name, "outcome": outcome, "from": row.active.version, "to": version})
    };
    let shown = format!("{} {} to {}\n{}", row.name, row.active.version, pending.version, words::diff(&pending.diff));
    if !verb.accept {
        let flag = owner_flag(&row.owner);
        let text = format!("{shown}It waits. `bricklayer plugin update {} {flag} --accept` accepts it.\n", row.name);
        return Ok(Report { text, data: data("waiting"), code: WAITING });
    }
    let given = verb.decision.made(&pending.diff.powers.added).unwrap_or_else(|| pending.diff.powers.added.ids());
    host.service.consent(actor, row.id, &pending.digest, &given, None).await?;
    let words = if given.is_empty() { "nothing in addition".to_owned() } else { given.join(", ") };
    let text = format!("{shown}Accepted; {} serves from now on. Given: {words}.\n", pending.version);
    Ok(Report::new(text, data("swapped")))
}

fn settled(row: &InstallationRow, view: &PluginView, outcome: UpdateOutcome) -> Report {
    let name = &row.name;
    let now = &view.manifest.version;
    let (word, text) = match outcome {
        UpdateOutcome::Unchanged => ("unchanged", format!("{name} {now} is what its source has.\n")),
        UpdateOutcome::Swapped => (
            "swapped",
            format!("{name} went from {} to {now}; calls that run finish on the old one.\n", row.active.version),
        ),
        UpdateOutcome::Waiting => ("waiting", format!("{name} waits.\n")),
    };
    Report::new(
        text,
        json!({"name": name, "outcome": word, "from": row.active.version, "to": {"version": now, "digest": view.digest}}),
    )
}

/// Every plugin in turn; one that fails does not keep the others back, and the worst of the exit codes counts.
async fn all(host: &Host, actor: &Actor, verb: &UpdateArgs) -> anyhow::Result<Report> {
    let named = verb.owner.named()?;
    let rows = host.store.list_installations().await?;
    let (mut text, mut data, mut code) = (String::new(), Vec::<Value>::new(), 0);
    for row in rows.iter().filter(|row| named.as_ref().is_none_or(|owner| *owner == row.owner)) {
        match one(host, actor, verb, row).await {
            Ok(report) => {
                text.push_str(&report.text);
                data.push(report.data);
                code = if code == 1 { 1 } else { code.max(report.code) };
            }
            Err(error) => {
                text.push_str(&format!("{} stays at {}: {error:#}\n", row.name, row.active.version));
                data.push(json!({"name": row.name, "outcome": "failed", "error": format!("{error:#}")}));
                code = 1;
            }
        }
    }
    if data.is_empty() {
        text.push_str("No plugin is installed.\n");
    }
    Ok(Report { text, data: json!({"plugins": data}), code })
}
