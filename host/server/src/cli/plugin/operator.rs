//! The operator's verbs: installing plugins, giving them powers, bringing new versions, looking at what they did.
//!
//! The verbs open the same configuration and the same database as `serve`; a host that runs notices within seconds.
//! They speak for the operator: the rules for packages bind them, those for people do not. One file per group of verbs;
//! each returns a [`Report`], which is printed as words or, with `--json`, as data.

mod add;
mod ask;
mod audit;
mod grants;
mod host;
mod list;
mod manage;
mod publish;
mod update;
mod words;

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use self::host::HostArgs;
use crate::cli::{print, runtime};

/// A verb's own arguments, and those that all of them have.
#[derive(Debug, Args)]
pub(super) struct With<A: Args> {
    #[command(flatten)]
    verb: A,
    #[command(flatten)]
    host: HostArgs,
    /// Prints data instead of words, and asks nothing
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum OperatorVerb {
    /// Installs a plugin: a file, https://host/x.wasm#sha256=…, or oci://registry/repository:tag
    Add(With<add::AddArgs>),
    /// Lists the installed plugins, or shows one of them
    List(With<list::ListArgs>),
    /// Gives an installed plugin powers that it asks for
    Grant(With<grants::GrantArgs>),
    /// Takes powers back
    Revoke(With<grants::RevokeArgs>),
    /// Stops a plugin from being used, in all projects or one
    Disable(With<manage::SwitchArgs>),
    /// Lets it be used again
    Enable(With<manage::SwitchArgs>),
    /// Looks for new versions; one that asks for more waits until it is accepted
    Update(With<update::UpdateArgs>),
    /// Goes back to the version before
    Rollback(With<manage::NameArgs>),
    /// Removes a plugin with its grants and its state
    Remove(With<manage::RemoveArgs>),
    /// Shows what plugins did; `audit verify` checks that no record was changed
    Audit(With<audit::AuditArgs>),
    /// Pushes a package to a registry
    Publish(With<publish::PublishArgs>),
}

/// The exit code of a verb that needs a decision which nobody was there to make.
const UNDECIDED: u8 = 2;

/// The exit code when an update waits for consent.
const WAITING: u8 = 3;

/// What a verb has to say.
#[derive(Debug)]
struct Report {
    text: String,
    data: Value,
    code: u8,
}

impl Report {
    fn new(text: impl Into<String>, data: Value) -> Self {
        Self { text: text.into(), data, code: 0 }
    }
}

/// Something that only a person can decide, and nobody was asked: the text names the flags that decide it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Undecided(String);

/// Runs a verb; the exit code is 0 when it is done, 1 when it was refused or failed, 2 when it needs a decision (or the
/// command line is wrong), 3 when an update waits for consent.
pub(super) fn run(verb: &OperatorVerb) -> anyhow::Result<ExitCode> {
    let json = verb.json();
    match runtime()?.block_on(perform(verb)) {
        Ok(report) => {
            print(&if json { format!("{:#}\n", report.data) } else { report.text })?;
            Ok(ExitCode::from(report.code))
        }
        Err(error) => {
            if json {
                print(&format!("{:#}\n", json!({"error": format!("{error:#}")})))?;
            } else {
                writeln!(std::io::stderr(), "bricklayer: {error:#}")?;
            }
            Ok(ExitCode::from(if error.is::<Undecided>() { UNDECIDED } else { 1 }))
        }
    }
}

async fn perform(verb: &OperatorVerb) -> anyhow::Result<Report> {
    let asks = ask::Asks::new(verb.json());
    match verb {
        OperatorVerb::Add(With { verb, host, .. }) => add::add(host, verb, asks).await,
        OperatorVerb::List(With { verb, host, .. }) => list::list(host, verb).await,
        OperatorVerb::Grant(With { verb, host, .. }) => grants::grant(host, verb).await,
        OperatorVerb::Revoke(With { verb, host, .. }) => grants::revoke(host, verb).await,
        OperatorVerb::Disable(With { verb, host, .. }) => manage::switch(host, verb, false).await,
        OperatorVerb::Enable(With { verb, host, .. }) => manage::switch(host, verb, true).await,
        OperatorVerb::Update(With { verb, host, .. }) => update::update(host, verb).await,
        OperatorVerb::Rollback(With { verb, host, .. }) => manage::roll_back(host, verb).await,
        OperatorVerb::Remove(With { verb, host, .. }) => manage::remove(host, verb, asks).await,
        OperatorVerb::Audit(With { verb, host, .. }) => audit::audit(host, verb).await,
        OperatorVerb::Publish(With { verb, host, .. }) => publish::publish(host, verb).await,
    }
}

impl OperatorVerb {
    const fn json(&self) -> bool {
        match self {
            Self::Add(With { json, .. })
            | Self::List(With { json, .. })
            | Self::Grant(With { json, .. })
            | Self::Revoke(With { json, .. })
            | Self::Disable(With { json, .. })
            | Self::Enable(With { json, .. })
            | Self::Update(With { json, .. })
            | Self::Rollback(With { json, .. })
            | Self::Remove(With { json, .. })
            | Self::Audit(With { json, .. })
            | Self::Publish(With { json, .. }) => *json,
        }
    }
}
