//! `bricklayer plugin add`: look, decide, install.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use bricklayer_domain::{PluginOwner, ProjectId};
use bricklayer_package::Powers;
use bricklayer_plugins::{Inspection, PackageFrom};
use bricklayer_sources::Source;
use clap::Args;
use serde_json::json;

use super::ask::Asks;
use super::host::{Host, HostArgs, OwnerArgs, owner_flag, project_id};
use super::{Report, Undecided, words};
use crate::cli::print;

#[derive(Debug, Args)]
pub(in crate::cli::plugin) struct AddArgs {
    /// A file, https://host/x.wasm#sha256=…, or oci://registry/repository:tag
    source: String,
    /// A manifest for a component that has none of its own
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    #[command(flatten)]
    owner: OwnerArgs,
    /// Gives the powers in this project only
    #[arg(long, value_name = "ID", value_parser = project_id)]
    project: Option<ProjectId>,
    #[command(flatten)]
    decision: Decision,
    /// Installs without asking whether to
    #[arg(long, short)]
    yes: bool,
}

/// What is given of what a plugin asks for.
#[derive(Debug, Args)]
pub(super) struct Decision {
    /// Gives this power; may be repeated
    #[arg(long, value_name = "POWER")]
    grant: Vec<String>,
    /// Gives everything that it asks for
    #[arg(long, conflicts_with_all = ["grant", "grant_none"])]
    grant_all: bool,
    /// Gives nothing; tools that need something are refused until it is given
    #[arg(long, conflicts_with = "grant")]
    grant_none: bool,
}

impl Decision {
    /// The powers that the flags give, when they decide it.
    pub(super) fn made(&self, requests: &Powers) -> Option<Vec<String>> {
        if self.grant_all || requests.is_empty() {
            return Some(requests.ids());
        }
        if self.grant_none { Some(Vec::new()) } else { (!self.grant.is_empty()).then(|| self.grant.clone()) }
    }
}

pub(super) async fn add(args: &HostArgs, verb: &AddArgs, asks: Asks) -> anyhow::Result<Report> {
    let manifest = match &verb.manifest {
        Some(path) => {
            let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
            Some(text)
        }
        None => None,
    };
    let source = absolute(&verb.source)?;
    let host = Host::open_or_make(args).await?;
    let owner = match verb.owner.named()? {
        Some(owner) => owner,
        None => host.default_owner()?,
    };
    let actor = host.operator_in(verb.project, &verb.owner)?;
    let seen = host.service.inspect(&actor, PackageFrom::Source(source), manifest.as_deref()).await?;
    let shown = words::inspection(&seen);
    if let [first, ..] = seen.refusals.as_slice() {
        print_if(asks, &shown)?;
        bail!("{} is not installed: {first}", seen.contents.manifest.name);
    }
    refuse_second(&host, &seen, &owner).await?;
    print_if(asks, &shown)?;
    let grants = match verb.decision.made(&seen.requests) {
        Some(grants) => grants,
        None => asks.choose(&seen.requests, &undecided(&seen))?,
    };
    let name = &seen.contents.manifest.name;
    let whose = words::owner(&owner);
    let no_answer = format!("add --yes to install {name} for {whose}; nobody is at a terminal to be asked");
    if !verb.yes && !asks.confirm(&format!("Install {name} for {whose}?"), &no_answer)? {
        return Err(Undecided(format!("{name} is not installed")).into());
    }
    let id = host.service.install(&actor, &seen.staged, owner.clone(), &grants, verb.project).await?;
    let row = host.store.get_installation(id).await?;
    let given = if grants.is_empty() { "nothing".to_owned() } else { grants.join(", ") };
    let mut text = if asks.somebody() { String::new() } else { format!("{shown}\n") };
    text.push_str(&format!("Installed {name} {} for {whose}. Given: {given}.\n", seen.contents.manifest.version));
    let left: Vec<String> = seen.requests.ids().into_iter().filter(|id| !grants.contains(id)).collect();
    if !left.is_empty() {
        let flag = owner_flag(&owner);
        text.push_str(&format!(
            "Not given: {}. `bricklayer plugin grant {name} --all {flag}` gives the rest.\n",
            left.join(", ")
        ));
    }
    let data = json!({
        "installed": row.as_ref().map(words::installation_data),
        "package": words::inspection_data(&seen),
        "given": grants,
    });
    host.close().await;
    Ok(Report::new(text, data))
}

/// A plugin of that name with that owner is there already: say so before anything is asked.
async fn refuse_second(host: &Host, seen: &Inspection, owner: &PluginOwner) -> anyhow::Result<()> {
    let name = &seen.contents.manifest.name;
    let rows = host.store.list_installations().await?;
    if rows.iter().any(|row| row.name == *name && row.owner == *owner) {
        let flag = owner_flag(owner);
        bail!(
            "{name} is installed for {} already; `bricklayer plugin update {name} {flag} --to {}` brings another version",
            words::owner(owner),
            seen.source
        );
    }
    Ok(())
}

fn undecided(seen: &Inspection) -> String {
    format!(
        "{} asks to\n{}say what to give: --grant-all, --grant-none, or --grant POWER for each",
        seen.contents.manifest.name,
        words::requests(&seen.requests)
    )
}

fn print_if(asks: Asks, text: &str) -> anyhow::Result<()> {
    if asks.somebody() {
        print(&format!("{text}\n"))?;
    }
    Ok(())
}

/// A file's path from the root: the host that looks at the source again runs elsewhere.
pub(super) fn absolute(source: &str) -> anyhow::Result<String> {
    match Source::parse(source)? {
        Source::File(file) => {
            let path = std::path::absolute(file.path())?;
            let digest = source.rsplit_once("#sha256=").map(|(_, digits)| format!("#sha256={digits}"));
            Ok(format!("{}{}", path.display(), digest.unwrap_or_default()))
        }
        other => Ok(other.to_string()),
    }
}
