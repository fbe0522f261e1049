//! `bricklayer mcp`: the MCP server over standard input and output. Nothing but the protocol is written to standard
//! output; logs go to standard error.

use std::path::Path;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;

use super::{ServeArgs, runtime};
use crate::app::{App, StartError};
use crate::config::Config;
use crate::lifecycle::{Lifecycle, Shutdown, stop_signal};
use crate::lines::{Workplace, pass_on};
use crate::telemetry::Telemetry;

/// How long one that finds the data folder taken looks for the socket of its host, which is about to open it.
const SOCKET_WAIT: Duration = Duration::from_secs(10);
/// How often it looks.
const SOCKET_LOOK: Duration = Duration::from_millis(50);

#[derive(Debug, Args)]
pub(super) struct McpArgs {
    /// Where the client works: a project's id, or a folder, which gets a project of its own [default: this folder]
    #[arg(long, value_name = "FOLDER_OR_ID", default_value = ".")]
    project: String,
    #[command(flatten)]
    serve: ServeArgs,
}

impl McpArgs {
    fn workplace(&self) -> anyhow::Result<Workplace> {
        if let Ok(project) = self.project.parse() {
            return Ok(Workplace::Project(project));
        }
        let folder = std::fs::canonicalize(&self.project)
            .with_context(|| format!("--project: `{}` is no project's id and no folder", self.project))?;
        anyhow::ensure!(folder.is_dir(), "--project: `{}` is no folder", folder.display());
        Ok(Workplace::Folder(folder))
    }
}

pub(super) fn run(args: &McpArgs) -> anyhow::Result<ExitCode> {
    let layers = args.serve.layers()?;
    let workplace = args.workplace()?;
    let runtime = runtime()?;
    // Fails when a provider is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let telemetry = Telemetry::start(&layers, runtime.handle())?;
    let config = Config::from_layers(&layers)?;
    for note in layers.notes() {
        tracing::warn!(note, "a setting has no effect");
    }
    let outcome = runtime.block_on(answer(config, &workplace));
    telemetry.shut_down();
    // Standard input is read on a thread that ends with its next line only.
    runtime.shutdown_background();
    outcome
}

/// Answers as a client of the host that has the data folder, or as that host.
async fn answer(config: Config, workplace: &Workplace) -> anyhow::Result<ExitCode> {
    let data_dir = config.data_dir.clone();
    let stop = stop_signal();
    tokio::pin!(stop);
    if join(&data_dir, workplace, stop.as_mut()).await? {
        return Ok(ExitCode::SUCCESS);
    }
    let lifecycle = Lifecycle::new();
    let taken = match App::build(config, lifecycle.clone()).await {
        Ok(app) => return host(&app, &lifecycle, workplace, stop).await,
        // Another was quicker, or its host has not opened the socket yet.
        Err(error @ StartError::DataDirTaken { .. }) => error,
        Err(error) => return Err(error.into()),
    };
    let deadline = tokio::time::Instant::now() + SOCKET_WAIT;
    while tokio::time::Instant::now() < deadline {
        if join(&data_dir, workplace, stop.as_mut()).await? {
            return Ok(ExitCode::SUCCESS);
        }
        tokio::time::sleep(SOCKET_LOOK).await;
    }
    Err(taken.into())
}

/// Passes on to the host that has the data folder, when there is one, until it is over.
async fn join(
    data_dir: &Path,
    workplace: &Workplace,
    stop: Pin<&mut impl Future<Output = ()>>,
) -> anyhow::Result<bool> {
    tokio::select! {
        passed = pass_on(data_dir, workplace, tokio::io::stdin(), tokio::io::stdout()) => Ok(passed?),
        () = stop => Ok(true),
    }
}

/// Is the host: of its own client, and of those that come by the socket while that one is there or they are.
async fn host(
    app: &Arc<App>,
    lifecycle: &Lifecycle,
    workplace: &Workplace,
    mut stop: Pin<&mut impl Future<Output = ()>>,
) -> anyhow::Result<ExitCode> {
    let others = app.open_socket();
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "answering MCP on standard input and output");
    let ended = tokio::select! {
        ended = app.answer_lines(workplace, tokio::io::stdin(), tokio::io::stdout()) => Some(ended),
        () = stop.as_mut() => None,
    };
    if let Some(Ok(())) = ended {
        tokio::select! {
            () = others.gone() => {}
            () = stop => {}
        }
    }
    tracing::info!("leaving");
    lifecycle.begin_shutdown();
    let left = app.leave().await;
    ended.unwrap_or(Ok(()))?;
    Ok(match left {
        Shutdown::Clean | Shutdown::Forced => ExitCode::SUCCESS,
        Shutdown::Abandoned => ExitCode::FAILURE,
    })
}
