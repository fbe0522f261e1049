//! `bricklayer plugin check`.

use std::process::ExitCode;

use bricklayer_devkit::{Problem, Project, check};
use clap::Args;

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    folder: super::Folder,
}

pub(super) fn run(args: &CheckArgs) -> Result<ExitCode, Problem> {
    let project = Project::open(&args.folder.folder)?;
    let advice = check(&project);
    let errors = super::tell_advice(&advice);
    if errors > 0 {
        super::out(&format!("{}: {}\n", project.manifest.name, super::count(errors, "error")))?;
        return Ok(ExitCode::FAILURE);
    }
    let rest =
        if advice.is_empty() { String::new() } else { format!(", {} above", super::count(advice.len(), "remark")) };
    super::out(&format!("{}: nothing wrong{rest}\n", project.manifest.name))?;
    Ok(ExitCode::SUCCESS)
}
