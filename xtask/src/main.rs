//! The chores: build everything, start it, test it, measure it. `cargo xtask --help` lists them.

mod advisories;
mod client;
#[cfg(test)]
mod dependencies;
mod dev;
mod engine;
mod examples;
mod exec;
mod layout;
mod names;
mod plugins;
mod processor;
mod side_by_side;
mod stages;
mod stamp;
#[cfg(test)]
mod structure;
mod suites;
mod toolchain;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::exec::Program;
use crate::layout::Layout;
use crate::stages::{Stages, stage};

/// Automation of the Bricklayer repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Options {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Builds what changed and starts the host; all further arguments go to `bricklayer serve`.
    Run {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Builds what changed and starts the development page at http://127.0.0.1:5173, before the real host with a
    /// scripted model; all further arguments go to `bricklayer serve`.
    Dev {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Runs every test: host, plugins, authors' kit, client, browser.
    Test,
    /// Builds one release binary with client, plugins, skills and migrations inside, in target/dist.
    Build,
    /// Measures the release binary and prints a table; all further arguments go to the driver.
    Bench {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Formats host, plugins and client.
    Fmt,
    /// Checks formatting and lints; a warning is an error.
    Lint,
    /// Builds the plugins into target/plugins.
    BuildPlugins,
    /// Builds and tests templates, example plugins and components of others, as their authors would.
    Examples,
    /// Fetches the prebuilt SQL engine of the local workspace into target/native.
    FetchEngine,
    /// Builds the page into client/dist.
    Client,
    /// Looks whether a newer patch of the sandbox's engine is published; fails when there is one.
    Advisories,
    /// Writes xtask/advisories.tsv anew from a checkout of https://github.com/rustsec/advisory-db.
    AdvisoryDatabase { checkout: PathBuf },
    /// Writes the API document and the client's types anew from the host's code.
    Codegen,
    /// The page in a headless browser against the host as it was built last.
    E2e {
        /// Only this file, or that of the test as its line names it.
        test: Option<String>,
    },
    /// One part of the tests, against what was built last.
    #[command(hide = true)]
    Part {
        part: suites::Part,
        /// Of the browser's: only this file, or that of the test as its line names it.
        test: Option<String>,
    },
    /// What cargo runs in place of a test program, to tell which there are.
    #[command(hide = true)]
    NoteTestProgram { program: PathBuf },
}

fn main() -> ExitCode {
    let options = Options::parse();
    match Layout::find().and_then(|layout| perform(options.chore, &layout)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

fn failed(error: &anyhow::Error) -> ExitCode {
    // One line with its causes: a stack trace of the chores tells nobody what to do.
    eprintln!("error: {error:#}");
    ExitCode::FAILURE
}

fn perform(chore: Chore, layout: &Layout) -> Result<()> {
    match chore {
        Chore::Run { arguments } => run(layout, &arguments),
        Chore::Dev { arguments } => dev(layout, &arguments),
        Chore::Test => test(layout),
        Chore::Build => build(layout),
        Chore::Bench { arguments } => bench(layout, &arguments),
        Chore::Fmt => fmt(layout),
        Chore::Lint => lint(layout),
        Chore::BuildPlugins => plugins::build(layout),
        Chore::Examples => {
            // Not the page: whoever writes a plugin is served by the API as well.
            engine::fetch(layout)?;
            plugins::build(layout)?;
            cargo(layout, &["build", "--workspace", "--bins", "--tests"])?;
            examples::run(layout)
        }
        Chore::FetchEngine => engine::fetch(layout),
        Chore::Client => client::build(layout),
        Chore::Advisories => advisories::newer_engine(layout),
        Chore::AdvisoryDatabase { checkout } => advisories::extract(layout, &checkout),
        Chore::Codegen => client::codegen(layout),
        Chore::E2e { test } => client::end_to_end(layout, test.as_deref()),
        Chore::Part { part, test } => part.test(layout, test.as_deref()),
        Chore::NoteTestProgram { program } => suites::note_program(&program),
    }
}

/// What every build of the host needs to exist beforehand.
fn prepare(layout: &Layout) -> Result<()> {
    engine::fetch(layout)?;
    plugins::build(layout)?;
    client::build(layout)
}

fn run(layout: &Layout, arguments: &[String]) -> Result<()> {
    prepare(layout)?;
    cargo(layout, &["build", "--workspace", "--bins"])?;
    Program::new(layout.binary("debug", "bricklayer")).args(["serve"]).args(arguments).replace()
}

fn dev(layout: &Layout, arguments: &[String]) -> Result<()> {
    prepare(layout)?;
    cargo(layout, &["build", "--workspace", "--bins"])?;
    dev::serve(layout, arguments)
}

fn test(layout: &Layout) -> Result<()> {
    let mut stages = Stages::default();
    stages.run("engine, plugins and page are built", || prepare(layout))?;
    // Programs and tests in one build: apart, cargo would choose features twice and compile much of the tree twice.
    stages.run("host programs are built", || cargo(layout, &["build", "--workspace", "--bins", "--tests"]))?;
    // Not nextest: suites share one PostgreSQL and one set of compiled guests per process.
    stages.run("all suites passed", || suites::run(layout))?;
    stages.tell("all tests passed");
    Ok(())
}

fn build(layout: &Layout) -> Result<()> {
    prepare(layout)?;
    cargo(layout, &["build", "--release", "--workspace", "--bins"])?;
    layout.assemble()
}

fn bench(layout: &Layout, arguments: &[String]) -> Result<()> {
    prepare(layout)?;
    cargo(layout, &["build", "--release", "--workspace", "--bins"])?;
    let noop = plugins::build_test_guest(layout, "noop")?;
    let work = plugins::build_test_guest(layout, "bench")?;
    let mut driver = Program::new(layout.binary("release", "bricklayer-bench"))
        .env("BENCH_NOOP_PLUGIN", noop)
        .env("BENCH_WORK_PLUGIN", work)
        .env("BENCH_SQL_PLUGIN", layout.plugins().join("sql.wasm"));
    for (variable, package) in examples::noops(layout)? {
        driver = driver.env(variable, package);
    }
    driver.args(arguments).run()
}

fn fmt(layout: &Layout) -> Result<()> {
    toolchain::require_component(layout, "rustfmt")?;
    cargo(layout, &["fmt", "--all"])?;
    plugins::cargo(layout, &["fmt", "--all"])?;
    client::format(layout)
}

fn lint(layout: &Layout) -> Result<()> {
    toolchain::require_component(layout, "rustfmt")?;
    toolchain::require_component(layout, "clippy")?;
    stage("host and plugins are formatted", || {
        cargo(layout, &["fmt", "--all", "--check"])?;
        plugins::cargo(layout, &["fmt", "--all", "--check"])
    })?;
    stage("engine, plugins and page are built", || prepare(layout))?;
    stage("host lints passed", || cargo(layout, &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    stage("plugin lints passed", || {
        // As they run, and as they are tested; the guests that attack know no machine but the sandbox's.
        let denied = ["--", "-D", "warnings"];
        plugins::cargo(layout, &[&["clippy", "--workspace", "--target", toolchain::TARGET], &denied[..]].concat())?;
        let native = ["clippy", "--workspace", "--all-targets", "--exclude", "test-hostile"];
        plugins::cargo(layout, &[&native[..], &denied].concat())
    })?;
    stage("client lints passed", || client::lint(layout))
}

fn cargo(layout: &Layout, arguments: &[&str]) -> Result<()> {
    Program::cargo().directory(&layout.root).args(arguments).run()
}

#[cfg(test)]
mod tests {
    use clap::error::ErrorKind;

    use super::*;

    #[test]
    fn the_chores_that_pages_quote_exist() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut count = 0;
        for page in [
            "README.md",
            "docs/QUICKSTART.md",
            "docs/ARCHITECTURE.md",
            "plugins/README.md",
            "plugins/examples/README.md",
        ] {
            let text = std::fs::read_to_string(root.join(page)).unwrap();
            for (at, start) in text.match_indices("cargo xtask ") {
                let quoted = text[at + start.len()..].split(['`', '#', '\n', ';']).next().unwrap();
                let words = ["cargo xtask"].into_iter().chain(quoted.split_whitespace());
                count += 1;
                match Options::try_parse_from(words) {
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::DisplayHelp => {}
                    Err(error) => panic!("{page} quotes `cargo xtask {quoted}`: {error}"),
                }
            }
        }
        assert!(count >= 10, "the pages quote only {count} chores");
    }
}
