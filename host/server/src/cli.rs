//! The command line: `serve`, `mcp`, `bundle`, `plugin`, `workspace`, `doctor`, `openapi`, `version`.

mod bundle;
mod doctor;
mod mcp;
mod plugin;
mod version;

use std::collections::HashMap;
use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

use crate::api;
use crate::app::App;
use crate::config::{Config, Layers, SETTINGS};
use crate::front::Front;
use crate::lifecycle::{Lifecycle, Shutdown, stop_signal};
use crate::telemetry::Telemetry;

/// Time for the local workspace to write everything and end.
const WORKSPACE_STOP_LIMIT: Duration = Duration::from_secs(10);

/// An agent that works on your Databricks workspace through sandboxed plugins.
#[derive(Debug, Parser)]
#[command(name = "bricklayer", version, max_term_width = 120)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the host: the page, the API and the agent.
    Serve(ServeArgs),
    /// Answers an MCP client over standard input and output, with the tools of this data folder's host.
    Mcp(mcp::McpArgs),
    /// Runs the local workspace alone: a Databricks-compatible service with sample data.
    Workspace(WorkspaceArgs),
    /// Says what is configured, what is reachable, and what to do about what is not.
    Doctor(ServeArgs),
    /// Checks, deploys and runs Databricks Asset Bundles, and makes them of jobs and notebooks.
    Bundle(bundle::BundleArgs),
    /// Makes, tests, installs, updates and removes plugins, and says what they may do.
    Plugin(plugin::PluginArgs),
    /// Prints the OpenAPI document.
    Openapi,
    /// Says exactly what this binary is made of.
    Version(version::VersionArgs),
    /// Compiles one component for a running host, from standard input to standard output, within limits.
    #[command(name = crate::config::COMPILE_WORKER, hide = true)]
    CompileWorker,
}

/// Settings that have a flag; all others are environment variables or lines of `.env.local` and `config.yaml`.
#[derive(Debug, Args)]
struct ServeArgs {
    /// Address and port to listen on [default: 127.0.0.1:8000]
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Folder for the database, projects and caches [default: ./data]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<String>,
    /// `development` (you, on this machine) or `proxy` (behind a proxy that names the user)
    #[arg(long, value_name = "MODE")]
    identity: Option<String>,
    /// The bricklayer-workspace binary [default: beside this one]
    #[arg(long, value_name = "FILE")]
    workspace_binary: Option<String>,
    /// Configuration file [default: ./config.yaml, when there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<String>,
    /// Log filter, such as `info` or `bricklayer_server=debug`
    #[arg(long, value_name = "FILTER")]
    log: Option<String>,
}

#[derive(Debug, Args)]
struct WorkspaceArgs {
    /// Address and port to listen on
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8100")]
    listen: String,
    /// Folder for its data
    #[arg(long, value_name = "DIR", default_value = "data/workspace")]
    data_dir: PathBuf,
    /// A token that it accepts, with its user's name if there are several; the first user administers the workspace
    /// [default: DATABRICKS_TOKEN of the environment]
    #[arg(long = "token", value_name = "[NAME=]TOKEN")]
    tokens: Vec<String>,
    /// Keep nothing: its data is removed at the end
    #[arg(long)]
    ephemeral: bool,
    /// The bricklayer-workspace binary [default: beside this one]
    #[arg(long, value_name = "FILE", env = "BRICKLAYER_WORKSPACE_BINARY")]
    workspace_binary: Option<PathBuf>,
    /// Further options of bricklayer-workspace
    #[arg(last = true, value_name = "OPTIONS")]
    further: Vec<OsString>,
}

impl WorkspaceArgs {
    /// What the workspace is told over its stdin: a line for each token.
    fn introduction(&self) -> anyhow::Result<String> {
        let mut tokens = self.tokens.clone();
        if tokens.is_empty() {
            let advice = "no token is named: use --token, or set DATABRICKS_TOKEN";
            let token = std::env::var("DATABRICKS_TOKEN").ok().filter(|token| !token.is_empty()).context(advice)?;
            anyhow::ensure!(!token.contains('='), "DATABRICKS_TOKEN holds `=`; choose another");
            tokens.push(token);
        }
        let mut lines = String::new();
        for token in &tokens {
            anyhow::ensure!(
                token.bytes().all(|byte| byte.is_ascii_graphic()),
                "a token holds a blank, a line break or what is not ASCII; choose another"
            );
            let (name, secret) = token.split_once('=').unwrap_or((crate::identity::LOCAL_USER, token));
            anyhow::ensure!(!name.is_empty() && !secret.is_empty(), "a token or its name is empty; choose another");
            lines.push_str(&format!("{name}={secret}\n"));
        }
        Ok(lines + "\n")
    }
}

impl ServeArgs {
    /// The layers of this command line, this process's environment and this folder's files.
    fn layers(&self) -> anyhow::Result<Layers> {
        let flags = [
            ("listen", &self.listen),
            ("data_dir", &self.data_dir),
            ("identity", &self.identity),
            ("workspace.binary", &self.workspace_binary),
            ("log", &self.log),
        ];
        let flags = flags.into_iter().filter_map(|(key, value)| value.clone().map(|value| (key, value))).collect();
        let mut environment = HashMap::new();
        for (name, value) in std::env::vars_os() {
            let Ok(name) = name.into_string() else { continue };
            match value.into_string() {
                Ok(value) => drop(environment.insert(name, value)),
                Err(_) if SETTINGS.iter().any(|setting| setting.env == name) => {
                    anyhow::bail!("environment {name}: is not text in UTF-8; write it anew")
                }
                // Other programs' variables may hold anything.
                Err(_) => {}
            }
        }
        if let Some(file) = &self.config {
            environment.insert("BRICKLAYER_CONFIG".into(), file.clone());
        }
        // The usual name of a log filter works as well.
        if let Some(filter) = environment.get("RUST_LOG").cloned() {
            environment.entry("BRICKLAYER_LOG".into()).or_insert(filter);
        }
        Ok(Layers::read(flags, &environment, Path::new("."))?)
    }
}

/// Runs the command line; the exit code is 0 when all went well.
#[must_use]
pub fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        // Nothing of the server may have begun: it would be within the worker's limits, and within its reach.
        Command::CompileWorker => return bricklayer_runtime::compile_worker(),
        Command::Serve(args) => serve(&args),
        Command::Mcp(args) => mcp::run(&args),
        Command::Workspace(args) => workspace(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Version(args) => version::run(&args),
        Command::Bundle(args) => bundle::run(&args),
        Command::Plugin(args) => plugin::run(&args),
        Command::Openapi => print(&format!("{:#}\n", serde_json::to_value(api::open_api()).unwrap_or_default())),
    };
    outcome.unwrap_or_else(|error| {
        let _ = writeln!(std::io::stderr(), "bricklayer: {error:#}");
        ExitCode::FAILURE
    })
}

fn print(text: &str) -> anyhow::Result<ExitCode> {
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn serve(args: &ServeArgs) -> anyhow::Result<ExitCode> {
    let layers = args.layers()?;
    let runtime = runtime()?;
    // Fails when a provider is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let telemetry = Telemetry::start(&layers, runtime.handle())?;
    let config = Config::from_layers(&layers)?;
    for note in layers.notes() {
        tracing::warn!(note, "a setting has no effect");
    }
    let outcome = runtime.block_on(async move {
        let lifecycle = Lifecycle::new();
        // The port first: a second start must fail before it touches the data.
        let listener = listen(&config).await?;
        let address = listener.local_addr()?;
        let front = Front::start(listener, &lifecycle);
        let app = App::build(config, lifecycle.clone()).await?;
        let signals = lifecycle.clone();
        // Listens from here on, and so before anybody is told that the host is there.
        let stop = stop_signal();
        lifecycle.spawn("signals", async move {
            tokio::select! {
                () = stop => tracing::info!("leaving"),
                () = signals.soft().cancelled() => {}
            }
            signals.begin_shutdown();
        });
        app.open(&front);
        print(&format!("Bricklayer is at http://{address}\n"))?;
        tracing::info!(%address, version = env!("CARGO_PKG_VERSION"), "listening");
        match app.serve_behind(front).await {
            Shutdown::Clean | Shutdown::Forced => Ok(ExitCode::SUCCESS),
            Shutdown::Abandoned => Ok(ExitCode::FAILURE),
        }
    });
    telemetry.shut_down();
    outcome
}

async fn listen(config: &Config) -> anyhow::Result<TcpListener> {
    TcpListener::bind(config.listen).await.with_context(|| {
        format!("cannot listen on {}; choose another address with --listen, or stop what listens there", config.listen)
    })
}

/// Runs the local workspace's binary, which takes its token over stdin and ends with this process.
fn workspace(args: &WorkspaceArgs) -> anyhow::Result<ExitCode> {
    let introduction = args.introduction()?;
    let binary = crate::workspace::find_binary(args.workspace_binary.as_deref()).map_err(anyhow::Error::msg)?;
    runtime()?.block_on(async {
        // From here on, so that a signal that comes while the child starts ends it as well.
        let stop = stop_signal();
        let mut command = crate::workspace::workspace_command(&binary, &args.listen, &args.data_dir);
        command.args(args.ephemeral.then_some("--ephemeral")).args(&args.further);
        let mut child =
            command.kill_on_drop(true).spawn().with_context(|| format!("{} cannot be started", binary.display()))?;
        let mut stdin = child.stdin.take().context("the workspace has no stdin")?;
        let told = stdin.write_all(introduction.as_bytes()).await;
        let status = tokio::select! {
            status = child.wait() => status?,
            () = stop => {
                // The end of its stdin is its sign to leave.
                drop(stdin);
                match tokio::time::timeout(WORKSPACE_STOP_LIMIT, child.wait()).await {
                    Ok(status) => status?,
                    Err(_) => {
                        child.kill().await?;
                        anyhow::bail!("the workspace did not end in time and was killed");
                    }
                }
            }
        };
        // One that died of something said so itself.
        told.ok();
        Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    })
}

/// The environment, as far as it is text.
fn environment() -> HashMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}
