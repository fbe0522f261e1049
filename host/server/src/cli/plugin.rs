//! `bricklayer plugin`: all that one does with plugins outside of the page. An author's verbs are here; an operator's, over
//! the database of a host, in `operator`.

mod build;
mod check;
mod dev;
mod inspect;
mod keys;
mod new;
mod test;
mod workspace;

mod operator;

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bricklayer_devkit::Problem;
use bricklayer_package::{Advice, Severity};
use clap::{Args, Subcommand};
use tracing_subscriber::EnvFilter;

/// `bricklayer plugin …`
#[derive(Debug, Args)]
pub(super) struct PluginArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Makes a folder with a plugin that works, to be changed.
    New(new::NewArgs),
    /// Runs a host with the plugin; builds again and swaps whenever a file changes.
    Dev(dev::DevArgs),
    /// Builds the plugin of a folder into one file for others to install.
    Build(build::BuildArgs),
    /// Puts a manifest into a component that was built for another host.
    Pack(build::PackArgs),
    /// Says what is wrong or missing, without building.
    Check(check::CheckArgs),
    /// Runs the cases of tests.toml in the sandbox, with recorded HTTP.
    Test(test::TestArgs),
    /// Shows a package's tools, what it asks for, and who vouches for it.
    Inspect(inspect::InspectArgs),
    /// Makes a key pair for signing packages.
    Keygen(keys::KeygenArgs),
    /// Signs a package.
    Sign(keys::SignArgs),
    #[command(flatten)]
    Operator(operator::OperatorVerb),
}

/// The plugin's folder.
#[derive(Debug, Args)]
struct Folder {
    /// The plugin's folder
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
}

pub(super) fn run(args: &PluginArgs) -> anyhow::Result<ExitCode> {
    let outcome = match &args.verb {
        Verb::New(args) => new::run(args),
        Verb::Dev(args) => dev::run(args),
        Verb::Build(args) => build::run(args),
        Verb::Pack(args) => build::pack(args),
        Verb::Check(args) => check::run(args),
        Verb::Test(args) => test::run(args),
        Verb::Inspect(args) => inspect::run(args),
        Verb::Keygen(args) => keys::keygen(args),
        Verb::Sign(args) => keys::sign(args),
        Verb::Operator(verb) => return operator::run(verb),
    };
    match outcome {
        Ok(code) => Ok(code),
        Err(problem) => {
            tell(&problem);
            Ok(ExitCode::FAILURE)
        }
    }
}

/// A mistake and its way out.
fn tell(problem: &Problem) {
    let mut text = format!("error: {}\n", problem.what);
    if let Some(fix) = &problem.fix {
        text.push_str(&format!("  fix: {}\n", fix.replace('\n', "\n       ")));
    }
    err(&text);
}

/// What should be mended, most important first; how many of them are errors.
fn tell_advice(advice: &[Advice]) -> usize {
    for advice in advice {
        let fix = advice.fix.replace('\n', "\n       ");
        err(&format!("{}: {}\n  fix: {fix}\n", advice.severity.as_str(), advice.what));
    }
    advice.iter().filter(|advice| advice.severity == Severity::Error).count()
}

/// What the verb is for goes to standard output.
fn out(text: &str) -> Result<(), Problem> {
    std::io::stdout().write_all(text.as_bytes()).map_err(|e| Problem::io("write to standard output", &e))
}

/// A text of a plugin's, or of a far end's, without what a terminal would act on.
fn harmless(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

/// What goes on meanwhile goes to standard error; a closed one is no reason to stop.
fn err(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// Shows plugins' own log lines, and of the host what is at least so grave.
fn log_guests(host: &str) {
    // The crate of installations has a name that begins like the guests' target.
    let filter = EnvFilter::new(format!("{host},bricklayer_plugin=debug,bricklayer_plugins={host}"));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    lines.with_ansi(std::io::stderr().is_terminal()).without_time().with_target(false).init();
}

fn read(path: &Path) -> Result<Vec<u8>, Problem> {
    std::fs::read(path).map_err(|e| Problem::io(format!("read {}", path.display()), &e))
}

fn count(number: usize, one: &str) -> String {
    format!("{number} {one}{}", if number == 1 { "" } else { "s" })
}
