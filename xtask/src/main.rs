//! The chores: build everything, start it, test it, measure it. `cargo xtask --help` lists them.

mod client;
mod engine;
mod exec;
mod layout;
mod plugins;
mod stamp;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::exec::Program;
use crate::layout::Layout;

/// Automation of the Bricklayer repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Options {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Builds what changed and starts the host; arguments after `--` go to `bricklayer serve`.
    Run {
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// Runs every test: host, plugins, client, browser.
    Test,
    /// Builds one release binary with client, plugins, skills and migrations inside, in target/dist.
    Build,
    /// Measures the release binary and prints a table; arguments after `--` go to the driver.
    Bench {
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// Formats host, plugins and client.
    Fmt,
    /// Checks formatting and lints; a warning is an error.
    Lint,
    /// Builds the plugins into target/plugins.
    BuildPlugins,
    /// Fetches the prebuilt SQL engine of the local workspace into target/native.
    FetchEngine,
    /// Builds the page into client/dist.
    Client,
    /// Writes the API document and the client's types anew from the host's code.
    Codegen,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let layout = Layout::find()?;
    match options.chore {
        Chore::Run { arguments } => run(&layout, &arguments),
        Chore::Test => test(&layout),
        Chore::Build => build(&layout),
        Chore::Bench { arguments } => bench(&layout, &arguments),
        Chore::Fmt => fmt(&layout),
        Chore::Lint => lint(&layout),
        Chore::BuildPlugins => plugins::build(&layout),
        Chore::FetchEngine => engine::fetch(&layout),
        Chore::Client => client::build(&layout),
        Chore::Codegen => client::codegen(&layout),
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

fn test(layout: &Layout) -> Result<()> {
    stage("engine, plugins and page");
    prepare(layout)?;
    stage("host");
    cargo(layout, &["build", "--workspace", "--bins"])?;
    cargo(layout, &["test", "--workspace"])?;
    stage("plugins, native");
    plugins::test(layout)?;
    stage("client");
    client::test(layout)?;
    stage("browser");
    client::end_to_end(layout)?;
    stage("all stages passed");
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
    Program::new(layout.binary("release", "bricklayer-bench")).args(arguments).run()
}

fn fmt(layout: &Layout) -> Result<()> {
    cargo(layout, &["fmt", "--all"])?;
    plugins::cargo(layout, &["fmt", "--all"])?;
    client::script(layout, "format")
}

fn lint(layout: &Layout) -> Result<()> {
    prepare(layout)?;
    cargo(layout, &["fmt", "--all", "--check"])?;
    plugins::cargo(layout, &["fmt", "--all", "--check"])?;
    cargo(layout, &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])?;
    plugins::cargo(layout, &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])?;
    client::script(layout, "lint")
}

fn cargo(layout: &Layout, arguments: &[&str]) -> Result<()> {
    Program::cargo().directory(&layout.root).args(arguments).run()
}

fn stage(name: &str) {
    eprintln!("\n── {name} ──");
}
