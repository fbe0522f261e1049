//! `bricklayer plugin`: all that one does with plugins outside of the page.

mod operator;

use std::process::ExitCode;

use clap::{Args, Subcommand};

/// `bricklayer plugin …`
#[derive(Debug, Args)]
pub(super) struct PluginArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    #[command(flatten)]
    Operator(operator::OperatorVerb),
}

pub(super) fn run(args: &PluginArgs) -> anyhow::Result<ExitCode> {
    match &args.verb {
        Verb::Operator(verb) => operator::run(verb),
    }
}
