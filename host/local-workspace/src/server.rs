//! Start and end of the service.

use std::{io, net::SocketAddr, path::PathBuf, time::Duration};

use axum::Router;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    areas::Areas,
    config::Config,
    faults::{CuttableListener, Faults, Wire},
    folder::{self, Folder},
    isolation::Isolated,
};

/// How long open connections may take to finish at shutdown.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(5);

/// Why the service did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another process uses the data folder.
    #[error("the data folder {0} is in use by another local workspace; stop it or choose another folder")]
    Locked(PathBuf),
    /// The data folder cannot be made or opened.
    #[error("cannot use the data folder {path}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// What is for tests would be reached from elsewhere.
    #[error(
        "--faults and --isolated are for tests, and served to this machine only: listen on 127.0.0.1 and not on {0}"
    )]
    TestsOnly(SocketAddr),
    /// Something else listens there.
    #[error("the address {0} is taken; choose another with --listen, or port 0 for a free one")]
    Taken(SocketAddr),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The catalog, the database or the sample data cannot be opened.
    #[error("cannot open the workspace's data: {0:#}")]
    Data(anyhow::Error),
}

impl From<folder::Error> for StartError {
    fn from(error: folder::Error) -> Self {
        match error {
            folder::Error::Locked(path) => Self::Locked(path),
            folder::Error::Failed(path, source) => Self::Folder { path, source },
        }
    }
}

/// What is served.
#[derive(Debug)]
enum Served {
    One(Box<Areas>),
    Isolated(Isolated),
}

impl Served {
    fn router(&self) -> Router {
        match self {
            Self::One(areas) => areas.router(),
            Self::Isolated(isolated) => isolated.router(),
        }
    }
}

/// A running workspace. Dropping it stops it without a last checkpoint; [`Workspace::shutdown`] is the clean way.
#[derive(Debug)]
pub struct Workspace {
    address: SocketAddr,
    stop: CancellationToken,
    tasks: JoinSet<()>,
    served: Served,
    /// Last, so that it outlives what is in it.
    _folder: Folder,
}

impl Workspace {
    /// Opens the data folder, makes sample data at first start, and serves.
    ///
    /// # Errors
    /// [`StartError`] says what to do about it.
    pub async fn start(mut config: Config) -> Result<Self, StartError> {
        if (config.faults || config.isolated) && !config.listen.ip().is_loopback() {
            return Err(StartError::TestsOnly(config.listen));
        }
        let folder = match config.ephemeral {
            true => Folder::ephemeral(&config.data_dir)?,
            false => Folder::open(config.data_dir.clone())?,
        };
        // Before the data is opened, so that a taken port costs nothing.
        let listener = listen(config.listen).await?;
        let address = listener.local_addr().map_err(|source| StartError::Listen { address: config.listen, source })?;
        config.data_dir = folder.path().to_owned();
        let faults = config.faults;
        let served = if config.isolated {
            Served::Isolated(Isolated::new(config))
        } else {
            let areas = Areas::open(&config).await.map_err(StartError::Data)?;
            tracing::info!(duckdb = areas.engine_version(), "the workspace's data is open");
            Served::One(Box::new(areas))
        };
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        match faults {
            true => tasks.spawn(serve_cuttable(listener, served.router(), stop.clone())),
            false => tasks.spawn(serve(listener, served.router(), stop.clone())),
        };
        tracing::info!(%address, "the local workspace listens");
        Ok(Self { address, stop, tasks, served, _folder: folder })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Rules of faults and the record of requests, where [`Config::faults`] asked for them. Isolated workspaces have
    /// each their own, which are reached over HTTP.
    #[must_use]
    pub fn faults(&self) -> Option<&Faults> {
        match &self.served {
            Served::One(areas) => areas.faults.as_ref(),
            Served::Isolated(_) => None,
        }
    }

    /// Ends running statements, closes connections, and writes everything to disk.
    pub async fn shutdown(mut self) {
        self.stop.cancel();
        match &self.served {
            Served::One(areas) => areas.end().await,
            Served::Isolated(isolated) => isolated.end().await,
        }
        let ended = tokio::time::timeout(SHUTDOWN_LIMIT, async { while self.tasks.join_next().await.is_some() {} });
        if ended.await.is_err() {
            tracing::warn!("some connections did not end in time");
            self.tasks.shutdown().await;
        }
        match &self.served {
            Served::One(areas) => areas.close().await,
            Served::Isolated(isolated) => isolated.close().await,
        }
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => StartError::Taken(address),
        _ => StartError::Listen { address, source },
    })
}

async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let listener = axum::serve::ListenerExt::tap_io(listener, |stream| {
        // Answers are small and waited for.
        let _ = stream.set_nodelay(true);
    });
    let served = axum::serve(listener, router).with_graceful_shutdown(async move { stop.cancelled().await });
    if let Err(e) = served.await {
        tracing::error!("serving ended: {e}");
    }
}

/// The same over connections that rules of faults may cut.
async fn serve_cuttable(listener: TcpListener, router: Router, stop: CancellationToken) {
    let service = router.into_make_service_with_connect_info::<Wire>();
    let served =
        axum::serve(CuttableListener(listener), service).with_graceful_shutdown(async move { stop.cancelled().await });
    if let Err(e) = served.await {
        tracing::error!("serving ended: {e}");
    }
}
