//! MCP clients on this machine, over lines: the standard streams of `bricklayer mcp`, and the socket in the data folder.
//!
//! One data folder has one host, and many clients start one `bricklayer mcp` each. The first of them is the host; those
//! after it find its socket, say where they work, and pass bytes on. A host that was started by `serve` has the socket
//! as well. Only this machine's own user reaches it, and only in development, where everybody here is that one person.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bricklayer_domain::{McpSessionId, ProjectId, chain};
use bricklayer_mcp::{Door, Guest as _};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio_util::task::TaskTracker;

use crate::app::App;
use crate::config::IdentityMode;

/// The socket, in the data folder.
const SOCKET: &str = "mcp.sock";

/// Clients of the socket at once; each is a program that a person started.
const MAX_CLIENTS: usize = 64;

/// Longest first line of a client: the name of a folder.
const MAX_HELLO_BYTES: usize = 16 * 1024;

/// How long a client may take for it.
const HELLO_TIME: Duration = Duration::from_secs(5);

/// Where a client works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Workplace {
    /// In this project.
    Project(ProjectId),
    /// In the project that was made for this folder.
    Folder(PathBuf),
}

/// What a client is told before its first message is read.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Welcome {
    Ready,
    Refused(String),
}

/// Why a client is not answered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinesError {
    /// In words for the person who started it.
    #[error("{0}")]
    Refused(String),
    /// The stream broke.
    #[error("the connection to the host that uses this data folder broke")]
    Io(#[from] io::Error),
    /// It did not speak the protocol, or its task was lost.
    #[error("the client was not understood")]
    Protocol(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The clients of a host's socket.
#[derive(Debug, Clone, Default)]
pub(crate) struct SocketClients(TaskTracker);

impl SocketClients {
    /// Until none is left.
    pub(crate) async fn gone(&self) {
        self.0.close();
        self.0.wait().await;
    }
}

impl App {
    /// The door of a client on this machine.
    async fn local_door(&self, workplace: &Workplace) -> Result<Arc<dyn Door>, LinesError> {
        let refused = |error: &dyn std::fmt::Display| LinesError::Refused(error.to_string());
        if self.config().identity != IdentityMode::Development {
            let message = "behind a proxy users come in over HTTP, each with their own token: connect to /mcp there";
            return Err(LinesError::Refused(message.to_owned()));
        }
        let caller = self.identity().caller(&http::HeaderMap::new(), self.workspace(), self.workspace_client()).await;
        let guest = self.mcp().guest(caller.map_err(|error| refused(&error))?);
        let project = match workplace {
            Workplace::Project(project) => guest.project(Some(*project)).await,
            Workplace::Folder(folder) => {
                let name = folder.file_name().map_or_else(|| "MCP".into(), |name| name.to_string_lossy());
                guest.project_of_folder(&folder.to_string_lossy(), &name).await
            }
        };
        let project = project.map_err(|error| {
            tracing::debug!(error = chain(&error), "an MCP client has no project");
            refused(&error)
        })?;
        Ok(guest.enter(project, McpSessionId::new()))
    }

    /// Answers one client until its stream ends or the host leaves.
    ///
    /// # Errors
    /// [`LinesError`].
    pub(crate) async fn answer_lines<R, W>(&self, workplace: &Workplace, read: R, write: W) -> Result<(), LinesError>
    where
        R: AsyncRead + Send + Unpin + 'static,
        W: AsyncWrite + Send + Unpin + 'static,
    {
        let door = self.local_door(workplace).await?;
        let served = bricklayer_mcp::serve(door, self.mcp().sealer().clone(), read, write);
        let served = self.lifecycle().soft().run_until_cancelled(served).await;
        served.unwrap_or(Ok(())).map_err(LinesError::Protocol)
    }

    /// Opens the socket in the data folder; a host that cannot says so and goes on without.
    pub(crate) fn open_socket(self: &Arc<Self>) -> SocketClients {
        let clients = SocketClients::default();
        if self.config().identity != IdentityMode::Development {
            return clients;
        }
        let path = self.config().data_dir.join(SOCKET);
        let listener = match bind(&path) {
            Ok(listener) => listener,
            Err(error) => {
                tracing::warn!(
                    error = chain(&error), path = %path.display(),
                    "no socket for MCP clients; a second `bricklayer mcp` will not start on this data folder"
                );
                return clients;
            }
        };
        let (app, of_socket) = (Arc::clone(self), clients.clone());
        self.lifecycle().spawn("mcp socket", async move {
            loop {
                let accepted = tokio::select! {
                    () = app.lifecycle().soft().cancelled() => break,
                    accepted = listener.accept() => accepted,
                };
                let Ok((stream, _)) = accepted else { continue };
                if of_socket.0.len() >= MAX_CLIENTS {
                    tracing::warn!(MAX_CLIENTS, "an MCP client was refused: there are too many on this machine");
                    continue;
                }
                let app = Arc::clone(&app);
                of_socket.0.spawn(async move { app.answer_socket(stream).await });
            }
            of_socket.gone().await;
            let _ = std::fs::remove_file(path);
        });
        clients
    }

    async fn answer_socket(&self, mut stream: UnixStream) {
        let hello = tokio::time::timeout(HELLO_TIME, read_line(&mut stream)).await;
        let Ok(Ok(hello)) = hello else { return };
        let Ok(workplace) = serde_json::from_slice::<Workplace>(&hello) else { return };
        let door = self.local_door(&workplace).await;
        let welcome = match &door {
            Ok(_) => Welcome::Ready,
            Err(error) => Welcome::Refused(error.to_string()),
        };
        if write_line(&mut stream, &welcome).await.is_err() {
            return;
        }
        let Ok(door) = door else { return };
        let (read, write) = stream.into_split();
        let served = bricklayer_mcp::serve(door, self.mcp().sealer().clone(), read, write);
        if let Some(Err(error)) = self.lifecycle().soft().run_until_cancelled(served).await {
            tracing::debug!(error = chain(&*error), "an MCP client on this machine was not understood");
        }
    }
}

/// A socket of this user alone. The folder's lock is ours, so what lies there is of a host that is gone.
fn bind(path: &Path) -> io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(listener)
}

/// Passes a client's bytes on to the host of a data folder, until either ends. Whether there is such a host.
///
/// # Errors
/// [`LinesError`].
pub(crate) async fn pass_on<R, W>(
    data_dir: &Path,
    workplace: &Workplace,
    mut read: R,
    mut write: W,
) -> Result<bool, LinesError>
where
    R: AsyncRead + Send + Unpin,
    W: AsyncWrite + Send + Unpin,
{
    let Ok(mut stream) = UnixStream::connect(data_dir.join(SOCKET)).await else { return Ok(false) };
    write_line(&mut stream, workplace).await?;
    let welcome = read_line(&mut stream).await?;
    match serde_json::from_slice(&welcome) {
        Ok(Welcome::Ready) => {}
        Ok(Welcome::Refused(why)) => return Err(LinesError::Refused(why)),
        Err(_) => {
            let message = "the host that uses this data folder is of another release; stop it first";
            return Err(LinesError::Refused(message.to_owned()));
        }
    }
    let (mut from_host, mut to_host) = stream.into_split();
    let there = async {
        tokio::io::copy(&mut read, &mut to_host).await?;
        // The end of the input is the client's sign to leave; what is still on its way is taken.
        to_host.shutdown().await?;
        std::future::pending::<io::Result<()>>().await
    };
    let back = async {
        let mut piece = vec![0; 64 * 1024];
        loop {
            let count = from_host.read(&mut piece).await?;
            if count == 0 {
                return Ok(());
            }
            write.write_all(piece.get(..count).unwrap_or_default()).await?;
            write.flush().await?;
        }
    };
    tokio::select! {
        done = back => done,
        broken = there => broken,
    }?;
    Ok(true)
}

/// One line, byte by byte: what follows it is not ours.
async fn read_line(stream: &mut UnixStream) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    loop {
        match stream.read_u8().await? {
            b'\n' => return Ok(line),
            byte if line.len() < MAX_HELLO_BYTES => line.push(byte),
            _ => return Err(io::ErrorKind::InvalidData.into()),
        }
    }
}

async fn write_line(stream: &mut UnixStream, line: &impl Serialize) -> io::Result<()> {
    let mut bytes = serde_json::to_vec(line)?;
    bytes.push(b'\n');
    stream.write_all(&bytes).await
}
