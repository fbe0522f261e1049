//! Supervision of the local workspace, a child process.
//!
//! The child gets its token over stdin, so that no other process of this machine can read it from an argument list or
//! an environment, and ends when that pipe closes, so that it never outlives this process. When it dies it is started
//! again after a growing wait, with the same token and perhaps another port.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rand::Rng;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::config::SETTINGS;
use crate::lifecycle::Lifecycle;

/// The binary's name.
const BINARY: &str = "bricklayer-workspace";
/// Time from start to the line that says where it listens; the first start makes the sample data.
const START_LIMIT: Duration = Duration::from_secs(120);
/// First wait before a restart; doubles up to the longest.
const FIRST_RESTART_WAIT: Duration = Duration::from_millis(200);
/// Longest wait before a restart.
const LONGEST_RESTART_WAIT: Duration = Duration::from_secs(10);
/// A child that lived this long was well, so the next restart is quick again.
const WELL_AFTER: Duration = Duration::from_secs(30);
/// Time for the child to end by itself once its stdin closed; less than the host gives its ground tasks, so that there
/// is time left to kill it.
const STOP_LIMIT: Duration = Duration::from_millis(1_000);
/// Time in which the end of the child is known once its connections broke.
const END_NEWS_WAIT: Duration = Duration::from_millis(500);
/// SIGABRT.
const ABORTED: i32 = 6;
/// SIGKILL.
const KILLED: i32 = 9;
/// Longest line of the child's output that is kept; it writes one short line.
const MAX_LINE_BYTES: usize = 16 * 1024;

/// Where the child stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LocalState {
    /// It was started and has not said where it listens. Moves to `Ready` or `Down`.
    Starting,
    /// It listens. Moves to `Down` when it dies.
    Ready(Url),
    /// It is not there; a restart follows, unless the server is leaving or the binary is missing.
    Down {
        /// Why, for the user.
        reason: String,
        /// Whether no restart will come.
        gave_up: bool,
    },
}

impl LocalState {
    /// The word of the health answer.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Ready(_) => "ready",
            Self::Down { .. } => "down",
        }
    }
}

/// Why the local workspace cannot be used now.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LocalWorkspaceError {
    /// It did not come up in time.
    #[error("the local workspace is still starting; try again in a moment")]
    Starting,
    /// It is not there.
    #[error("the local workspace is down: {0}")]
    Down(String),
}

/// Handle of the supervised child; cheap to clone.
#[derive(Debug, Clone)]
pub struct LocalWorkspace {
    state: watch::Receiver<LocalState>,
    token: SecretString,
}

/// What the child prints when it listens.
#[derive(Deserialize)]
struct Listening {
    listening: std::net::SocketAddr,
}

impl LocalWorkspace {
    /// Starts the supervision; returns at once, before the child is ready.
    #[must_use]
    pub fn start(lifecycle: &Lifecycle, binary: Option<PathBuf>, data_dir: PathBuf, user: &str) -> Self {
        let token = SecretString::from(format!("dapi{}", random_hex()));
        let (sender, state) = watch::channel(LocalState::Starting);
        let supervisor = Supervisor { binary, data_dir, user: user.to_owned(), token: token.clone(), state: sender };
        // Turns use it until their safe point, so it leaves after them.
        lifecycle.spawn_ground("local-workspace", |leave| supervisor.run(leave));
        Self { state, token }
    }

    /// The token of its one user.
    #[must_use]
    pub const fn token(&self) -> &SecretString {
        &self.token
    }

    /// Where it stands now.
    #[must_use]
    pub fn state(&self) -> LocalState {
        self.state.borrow().clone()
    }

    /// Its address, once it listens.
    ///
    /// # Errors
    /// When it does not within `limit`, with the reason.
    pub async fn ready(&self, limit: Duration) -> Result<Url, LocalWorkspaceError> {
        let mut state = self.state.clone();
        let settled = state.wait_for(|state| match state {
            LocalState::Ready(_) => true,
            LocalState::Down { gave_up, .. } => *gave_up,
            LocalState::Starting => false,
        });
        let now = match tokio::time::timeout(limit, settled).await {
            Ok(Ok(state)) => state.clone(),
            // The supervisor is gone, or time is over: say what is known.
            Ok(Err(_)) | Err(_) => self.state(),
        };
        match now {
            LocalState::Ready(url) => Ok(url),
            LocalState::Starting => Err(LocalWorkspaceError::Starting),
            LocalState::Down { reason, .. } => Err(LocalWorkspaceError::Down(reason)),
        }
    }
}

impl LocalWorkspace {
    /// Why the workspace that listened at `url` ended, when it did: a request to it broke, perhaps for that.
    pub async fn end_of(&self, url: &Url) -> Option<String> {
        let mut state = self.state.clone();
        let ended = state.wait_for(|state| !matches!(state, LocalState::Ready(now) if now == url));
        let now = tokio::time::timeout(END_NEWS_WAIT, ended).await.ok()?.ok()?.clone();
        Some(match now {
            LocalState::Down { reason, .. } => reason,
            LocalState::Starting | LocalState::Ready(_) => "it ended meanwhile".to_owned(),
        })
    }
}

/// The task that owns the child.
struct Supervisor {
    binary: Option<PathBuf>,
    data_dir: PathBuf,
    user: String,
    token: SecretString,
    state: watch::Sender<LocalState>,
}

impl Supervisor {
    async fn run(self, stop: CancellationToken) {
        let binary = match find_binary(self.binary.as_deref()) {
            Ok(binary) => binary,
            Err(reason) => {
                tracing::error!(%reason, "the local workspace cannot start");
                self.state.send_replace(LocalState::Down { reason, gave_up: true });
                return;
            }
        };
        let mut wait = FIRST_RESTART_WAIT;
        loop {
            let began = tokio::time::Instant::now();
            self.state.send_replace(LocalState::Starting);
            let reason = self.live_once(&binary, &stop).await;
            if stop.is_cancelled() {
                self.state.send_replace(LocalState::Down { reason: "the server is leaving".into(), gave_up: true });
                return;
            }
            if began.elapsed() > WELL_AFTER {
                wait = FIRST_RESTART_WAIT;
            }
            tracing::warn!(%reason, restart_in_ms = wait.as_millis(), "the local workspace ended");
            self.state.send_replace(LocalState::Down { reason, gave_up: false });
            if stop.run_until_cancelled(tokio::time::sleep(wait)).await.is_none() {
                return;
            }
            wait = (wait * 2).min(LONGEST_RESTART_WAIT);
        }
    }

    /// Starts the child and stays with it to its end; says why it ended.
    async fn live_once(&self, binary: &Path, stop: &CancellationToken) -> String {
        let mut child = match self.spawn(binary) {
            Ok(child) => child,
            Err(error) => return format!("{} cannot be started: {error}", binary.display()),
        };
        let listening = tokio::time::timeout(START_LIMIT, self.introduce(&mut child));
        let address = tokio::select! {
            address = listening => address,
            () = stop.cancelled() => {
                // Its first start takes longer than leaving may. It has answered nothing that could be lost.
                let _ = child.kill().await;
                return "the server is leaving".into();
            }
        };
        match address {
            Ok(Ok((address, stdin, stdout))) => {
                tracing::info!(%address, "the local workspace listens");
                self.state.send_replace(LocalState::Ready(address));
                // Both pipes stay open while it lives: stdin is its sign of life from us, and a closed stdout
                // would break a child that prints once more.
                let reason = tokio::select! {
                    status = child.wait() => ended(status),
                    () = stop.cancelled() => {
                        drop(stdin);
                        end(child).await
                    }
                };
                drop(stdout);
                reason
            }
            Ok(Err(reason)) => {
                let status = end(child).await;
                format!("{reason} ({status})")
            }
            Err(_) => {
                end(child).await;
                format!("it did not listen within {} seconds", START_LIMIT.as_secs())
            }
        }
    }

    fn spawn(&self, binary: &Path) -> std::io::Result<Child> {
        let mut command = workspace_command(binary, "127.0.0.1:0", &self.data_dir);
        command.stdout(Stdio::piped()).kill_on_drop(true);
        // A Ctrl-C in the terminal goes to the whole group; the child must live until the turns that use it left.
        #[cfg(unix)]
        command.process_group(0);
        command.spawn()
    }

    /// Hands over the token and reads where it listens.
    async fn introduce(
        &self,
        child: &mut Child,
    ) -> Result<(Url, tokio::process::ChildStdin, BufReader<tokio::process::ChildStdout>), String> {
        let mut stdin = child.stdin.take().ok_or("it has no stdin")?;
        let stdout = child.stdout.take().ok_or("it has no stdout")?;
        let line = format!("{}={}\n\n", self.token.expose_secret(), self.user);
        stdin.write_all(line.as_bytes()).await.map_err(|error| format!("it does not take its token: {error}"))?;
        stdin.flush().await.map_err(|error| format!("it does not take its token: {error}"))?;
        let mut stdout = BufReader::with_capacity(MAX_LINE_BYTES, stdout);
        let mut line = Vec::new();
        let mut limited = tokio::io::AsyncReadExt::take(&mut stdout, MAX_LINE_BYTES as u64);
        limited.read_until(b'\n', &mut line).await.map_err(|error| format!("its output cannot be read: {error}"))?;
        if line.is_empty() {
            return Err("it ended before it listened; its messages are above".into());
        }
        let said: Listening =
            serde_json::from_slice(&line).map_err(|_| "its first line is not understood".to_owned())?;
        let url = Url::parse(&format!("http://{}", said.listening)).map_err(|_| "its address is not understood")?;
        Ok((url, stdin, stdout))
    }
}

/// The local workspace's binary: it waits for its tokens on stdin, and ends when that does, so that it never outlives
/// this process, however that ends.
pub(crate) fn workspace_command(binary: &Path, listen: &str, data_dir: &Path) -> Command {
    let mut command = Command::new(binary);
    command
        .args(["--listen", listen, "--token-stdin", "--exit-with-parent", "--data-dir"])
        .arg(data_dir)
        .stdin(Stdio::piped());
    // It has its own token and needs none of ours.
    for setting in SETTINGS.iter().filter(|setting| setting.secret) {
        command.env_remove(setting.env);
    }
    command
}

/// Waits for a child that was asked to end, then makes it end.
async fn end(mut child: Child) -> String {
    drop(child.stdin.take());
    match tokio::time::timeout(STOP_LIMIT, child.wait()).await {
        Ok(status) => ended(status),
        Err(_) => {
            let _ = child.kill().await;
            "it was killed because it did not end by itself".into()
        }
    }
}

fn ended(status: std::io::Result<std::process::ExitStatus>) -> String {
    status.map_or_else(
        |error| format!("its end is not known: {error}"),
        |status| match signal_of(status) {
            // Allocation failed where nothing can be said any more, or the system took its memory back.
            Some(ABORTED | KILLED) => {
                format!("it ended with {status}, as when a statement needs more memory than it may have")
            }
            _ => format!("it ended with {status}"),
        },
    )
}

/// The signal that ended a process.
fn signal_of(status: std::process::ExitStatus) -> Option<i32> {
    #[cfg(unix)]
    return std::os::unix::process::ExitStatusExt::signal(&status);
    #[cfg(not(unix))]
    return None;
}

/// The binary that was named, or the one beside this executable (or beside the folder of a test executable).
pub(crate) fn find_binary(named: Option<&Path>) -> Result<PathBuf, String> {
    if let Some(path) = named {
        return if path.is_file() {
            Ok(path.to_owned())
        } else {
            Err(format!("`workspace.binary` names {}, which is not a file", path.display()))
        };
    }
    let file = format!("{BINARY}{}", std::env::consts::EXE_SUFFIX);
    let own = std::env::current_exe().map_err(|error| format!("this executable's folder is not known: {error}"))?;
    let beside = own.parent().map(|folder| folder.join(&file));
    let above = own.parent().and_then(Path::parent).map(|folder| folder.join(&file));
    beside.into_iter().chain(above).find(|path| path.is_file()).ok_or_else(|| {
        format!(
            "{file} is not beside {}; build it with `cargo xtask build`, name it with `--workspace-binary`, or set \
             DATABRICKS_HOST and DATABRICKS_TOKEN to use a real workspace",
            own.display()
        )
    })
}

/// 128 random bits.
fn random_hex() -> String {
    let bits: u128 = rand::rng().random();
    format!("{bits:032x}")
}
