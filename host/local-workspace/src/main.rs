//! `bricklayer-workspace`: the local workspace as a process of its own.
//!
//! Prints one line of JSON when it listens, logs to standard error. The host starts it with `--token-stdin
//! --exit-with-parent`: tokens come as lines on standard input up to an empty line, and the end of standard input is
//! the order to shut down, so that a killed host leaves no orphan.

mod limits;

use std::{
    io::{BufRead, Write},
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
};

use bricklayer_local_workspace::{Config, Confined, ServicePrincipal, Token, Workspace};
use clap::{Args, CommandFactory as _, Parser, Subcommand, error::ErrorKind};
use tokio::sync::oneshot;

/// Memory beyond the engine's own in MiB: threads' stacks, statements' texts and results, what functions make.
const HEADROOM_MIB: u64 = 2048;
/// Time for a clean end once the parent is gone.
const ORPHAN_LIMIT: std::time::Duration = std::time::Duration::from_secs(10);

/// An embedded Databricks-compatible workspace with sample data.
#[derive(Debug, Parser)]
#[command(name = "bricklayer-workspace", version, args_conflicts_with_subcommands = true)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    arguments: Option<Arguments>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Becomes a program that is held: for the workspace's own use.
    #[command(name = Confined::COMMAND, hide = true)]
    Confined(Confined),
}

#[derive(Debug, Args)]
struct Arguments {
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Folder for all data; made if it does not exist.
    #[arg(long, required_unless_present = "ephemeral")]
    data_dir: Option<PathBuf>,
    /// Keep all data in a temporary folder (in --data-dir, if that is given) and remove it at the end; what a killed
    /// process left there is removed at the next start.
    #[arg(long)]
    ephemeral: bool,
    /// Access token, with its user's name if there are several: TOKEN, NAME=TOKEN or TOKEN=user@name. May be repeated; the
    /// first user administers the workspace.
    #[arg(long = "token", value_name = "[NAME=]TOKEN", value_parser = Token::parse)]
    tokens: Vec<Token>,
    /// A service principal and its client secret, for OAuth tokens: APPLICATION_ID=SECRET. May be repeated.
    #[arg(long = "service-principal", value_name = "ID=SECRET", value_parser = ServicePrincipal::parse)]
    service_principals: Vec<ServicePrincipal>,
    /// Read tokens from standard input, one on each line, up to an empty line or the end.
    #[arg(long)]
    token_stdin: bool,
    /// Shut down when standard input ends.
    #[arg(long)]
    exit_with_parent: bool,
    /// Memory limit of the SQL engine in MiB.
    #[arg(long, default_value_t = 1024)]
    memory_mib: u64,
    /// Memory limit of the whole process in MiB; what the engine does not count is bounded by it [default: the engine's
    /// and 2048 more].
    #[arg(long)]
    process_memory_mib: Option<u64>,
    /// The Python interpreter for notebooks, jobs and commands [default: python3 of the search path].
    #[arg(long)]
    python: Option<PathBuf>,
    /// Memory limit of one Python process in MiB.
    #[arg(long, default_value_t = 1024)]
    python_memory_mib: u64,
    /// For tests: take rules of faults under /_faults and record requests. On loopback only.
    #[arg(long)]
    faults: bool,
    /// For tests: a workspace of its own for each token; TOKEN:NAME shares the one of that name. On loopback only.
    #[arg(long)]
    isolated: bool,
    /// Isolated workspaces at most.
    #[arg(long, requires = "isolated", default_value_t = Config::ISOLATED_MOST)]
    isolated_most: usize,
}

fn main() -> ExitCode {
    let line = CommandLine::parse();
    match (line.command, line.arguments) {
        (Some(Command::Confined(confined)), _) => {
            // Before there is a second thread. What went wrong is read by the workspace.
            let error = confined.become_it();
            let _ = writeln!(std::io::stderr(), "the program cannot be started: {error}");
            ExitCode::FAILURE
        }
        (None, Some(arguments)) => serve(arguments),
        (None, None) => {
            CommandLine::command().error(ErrorKind::MissingRequiredArgument, "--data-dir is missing").exit()
        }
    }
}

#[tokio::main]
async fn serve(arguments: Arguments) -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("BRICKLAYER_LOG").unwrap_or_else(|_| "info".into()),
        )
        .with_writer(std::io::stderr)
        .init();
    match run(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            tracing::error!("{e:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    limits::bound_memory(arguments.process_memory_mib.unwrap_or(arguments.memory_mib.saturating_add(HEADROOM_MIB)));
    let parent_died = arguments.exit_with_parent.then(limits::parent_died);
    let mut tokens = arguments.tokens;
    let (parent_gone, parent_watch) = oneshot::channel();
    if arguments.token_stdin {
        tokens.extend(read_tokens()?);
    }
    if arguments.exit_with_parent {
        // A plain thread: a read of standard input cannot be cancelled and must not hold up the runtime's end.
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
            let _ = parent_gone.send(());
            // Whatever holds up the clean end: nobody is left to end this process.
            std::thread::sleep(ORPHAN_LIMIT);
            std::process::exit(1);
        });
    } else {
        std::mem::forget(parent_gone);
    }
    anyhow::ensure!(!tokens.is_empty(), "no token given: use --token TOKEN[=user@name] or --token-stdin");
    let mut config = Config::new(arguments.data_dir.unwrap_or_else(std::env::temp_dir), tokens);
    config.ephemeral = arguments.ephemeral;
    config.listen = arguments.listen;
    config.service_principals = arguments.service_principals;
    config.engine_memory_mib = arguments.memory_mib;
    config.launcher = Some(std::env::current_exe()?);
    config.python = arguments.python;
    config.python_memory_mib = arguments.python_memory_mib;
    config.faults = arguments.faults;
    config.isolated = arguments.isolated;
    config.isolated_most = arguments.isolated_most;
    let workspace = Workspace::start(config).await?;
    let terminated = terminated();
    announce(workspace.address())?;
    tokio::select! {
        () = terminated => tracing::info!("told to stop"),
        _ = parent_watch => tracing::info!("the parent process is gone"),
        () = async { match parent_died { Some(died) => died.await, None => std::future::pending().await } } => {
            tracing::info!("the parent process died");
        }
    }
    workspace.shutdown().await;
    Ok(())
}

/// Tokens up to an empty line or the end of input.
fn read_tokens() -> anyhow::Result<Vec<Token>> {
    let mut tokens = Vec::new();
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        if line.trim().is_empty() {
            break;
        }
        tokens.push(Token::parse(&line).map_err(anyhow::Error::msg)?);
    }
    Ok(tokens)
}

/// The one line on standard output, which the host waits for.
fn announce(address: SocketAddr) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", serde_json::json!({ "listening": address.to_string() }))?;
    out.flush()?;
    Ok(())
}

/// Ends when this process is told to stop. It listens from this call on, so that a signal that comes right after the
/// announcement is heard.
fn terminated() -> impl Future<Output = ()> {
    #[cfg(unix)]
    let signals = {
        use tokio::signal::unix::{SignalKind, signal};
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()), signal(SignalKind::hangup()))
    };
    async move {
        #[cfg(unix)]
        if let (Ok(mut terminate), Ok(mut interrupt), Ok(mut hangup)) = signals {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
                _ = hangup.recv() => {}
            }
            return;
        }
        let _ = tokio::signal::ctrl_c().await;
    }
}
