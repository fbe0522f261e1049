//! A network between a host and its PostgreSQL that goes silent without a reset, as one does in a failover.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What passes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct State {
    /// How often it went silent.
    silences: u64,
    /// Whether new connections are silent too.
    deaf: bool,
}

/// Forwards connections to a test database until it is told to go silent.
#[derive(Debug)]
pub struct Proxy {
    url: String,
    state: Arc<watch::Sender<State>>,
    _serving: JoinSet<()>,
}

impl Proxy {
    /// Listens in front of a database that [`postgres_url`](super::postgres_url) made.
    ///
    /// # Errors
    /// When the address is not one of those, or no port can be had.
    pub async fn start(database: &str) -> io::Result<Self> {
        let wrong = || io::Error::other(format!("{database} is no test database"));
        let (server, folder) = database.split_once("?host=").ok_or_else(wrong)?;
        let (_, name) = server.rsplit_once('/').ok_or_else(wrong)?;
        let socket = PathBuf::from(folder).join(".s.PGSQL.5432");
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("postgres://postgres@{}/{name}?sslmode=disable", listener.local_addr()?);
        let state = Arc::new(watch::Sender::new(State::default()));
        let (mut serving, told) = (JoinSet::new(), Arc::clone(&state));
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(forward(client, socket.clone(), told.subscribe()));
            }
        });
        Ok(Self { url, state, _serving: serving })
    }

    /// The database's address through here.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// From now on nothing passes on the connections there are, and nobody is told; new ones work.
    pub fn silence(&self) {
        self.state.send_modify(|state| state.silences += 1);
    }

    /// From now on nothing passes at all, until [`Proxy::mend`]: connections are taken and never answered.
    pub fn cut(&self) {
        self.state.send_modify(|state| *state = State { silences: state.silences + 1, deaf: true });
    }

    /// New connections work again.
    pub fn mend(&self) {
        self.state.send_modify(|state| state.deaf = false);
    }
}

async fn forward(mut client: TcpStream, socket: PathBuf, mut state: watch::Receiver<State>) {
    let at = *state.borrow_and_update();
    if at.deaf {
        return std::future::pending().await;
    }
    let Ok(mut server) = UnixStream::connect(socket).await else { return };
    let (mut from_client, mut from_server) = ([0; 16 * 1024], [0; 16 * 1024]);
    loop {
        let passed = tokio::select! {
            biased;
            () = async { drop(state.wait_for(|now| now.silences != at.silences).await) } => {
                // Both ends stay open, and neither hears anything.
                return std::future::pending().await;
            }
            read = client.read(&mut from_client) => match read {
                Ok(count @ 1..) => server.write_all(from_client.get(..count).unwrap_or_default()).await,
                _ => return,
            },
            read = server.read(&mut from_server) => match read {
                Ok(count @ 1..) => client.write_all(from_server.get(..count).unwrap_or_default()).await,
                _ => return,
            },
        };
        if passed.is_err() {
            return;
        }
    }
}
