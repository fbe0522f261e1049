//! `bricklayer version`: exactly what runs here, and what is known against it.

use std::fmt::Write as _;
use std::process::ExitCode;

use bricklayer_package::CONTRACT_VERSIONS;
use bricklayer_runtime::advisories::{ADVISORIES, ENGINE_SUPPORTED_UNTIL, ENGINE_VERSION, Standing};
use clap::Args;

#[derive(Debug, Args)]
pub(super) struct VersionArgs {
    /// Lists the engine's published advisories and where each stands; fails when one is open
    #[arg(long)]
    advisories: bool,
}

pub(super) fn run(args: &VersionArgs) -> anyhow::Result<ExitCode> {
    let mut text = format!(
        "bricklayer {}\nplugin contract bricklayer:host {}\nengine wasmtime {ENGINE_VERSION}, supported until \
         {ENGINE_SUPPORTED_UNTIL}\n",
        env!("CARGO_PKG_VERSION"),
        CONTRACT_VERSIONS.join(", "),
    );
    let mut open = false;
    for advisory in ADVISORIES.iter().filter(|_| args.advisories) {
        let standing = match advisory.standing() {
            Standing::Fixed => format!("fixed (in {})", advisory.fixed_in),
            Standing::NotConcerned => {
                format!("not concerned: {}", advisory.why_not_here.unwrap_or("this host does not use it"))
            }
            Standing::Open => {
                open = true;
                format!("OPEN: update to {}", advisory.fixed_in)
            }
        };
        writeln!(text, "{}  a guest could {}: {standing}", advisory.id, advisory.what)?;
    }
    super::print(&text)?;
    Ok(if open { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
