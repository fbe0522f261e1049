//! Start and end of the service.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    api,
    catalog::Metastore,
    config::Config,
    sql::{
        engine::{Engine, EngineConfig},
        statements::Statements,
        warehouses::Warehouses,
    },
};

/// How often changes that need not be on disk at once (table histories) are written there.
const FLUSH_INTERVAL: Duration = Duration::from_secs(2);

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

/// A running workspace. Dropping it stops it without a last checkpoint; [`Workspace::shutdown`] is the clean way.
#[derive(Debug)]
pub struct Workspace {
    address: SocketAddr,
    stop: CancellationToken,
    tasks: JoinSet<()>,
    engine: Arc<Engine>,
    statements: Arc<Statements>,
    /// Held for as long as the folder is in use.
    _lock: File,
}

impl Workspace {
    /// Opens the data folder, makes sample data at first start, and serves.
    ///
    /// # Errors
    /// [`StartError`] says what to do about it.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let lock = lock_folder(&config.data_dir)?;
        // Before the data is opened, so that a taken port costs nothing.
        let listener = listen(config.listen).await?;
        let address = listener.local_addr().map_err(|source| StartError::Listen { address: config.listen, source })?;
        let engine = open_engine(&config).await.map_err(StartError::Data)?;
        let warehouses = Arc::new(Warehouses::new(Arc::clone(&engine)));
        let statements = Arc::new(Statements::new(Arc::clone(&engine)));
        let stop = CancellationToken::new();
        let app = api::App::new(&config, Arc::clone(&engine), warehouses, Arc::clone(&statements));
        let mut tasks = JoinSet::new();
        tasks.spawn(serve(listener, api::router(app), stop.clone()));
        tasks.spawn(flush(Arc::clone(&engine), stop.clone()));
        tracing::info!(%address, duckdb = engine.version(), "the local workspace listens");
        Ok(Self { address, stop, tasks, engine, statements, _lock: lock })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends running statements, closes connections, and writes everything to disk.
    pub async fn shutdown(mut self) {
        self.stop.cancel();
        self.statements.shutdown().await;
        let ended = tokio::time::timeout(SHUTDOWN_LIMIT, async { while self.tasks.join_next().await.is_some() {} });
        if ended.await.is_err() {
            tracing::warn!("some connections did not end in time");
            self.tasks.shutdown().await;
        }
        let engine = Arc::clone(&self.engine);
        match tokio::task::spawn_blocking(move || engine.checkpoint()).await {
            Ok(Ok(())) => tracing::info!("everything is written"),
            Ok(Err(e)) => tracing::error!("the last checkpoint failed: {e:#}"),
            Err(e) => tracing::error!("the last checkpoint failed: {e}"),
        }
    }
}

fn lock_folder(folder: &Path) -> Result<File, StartError> {
    let failed = |source| StartError::Folder { path: folder.to_owned(), source };
    std::fs::create_dir_all(folder).map_err(failed)?;
    let path = folder.join("workspace.lock");
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StartError::Locked(folder.to_owned())),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => StartError::Taken(address),
        _ => StartError::Listen { address, source },
    })
}

async fn open_engine(config: &Config) -> anyhow::Result<Arc<Engine>> {
    let folder = config.data_dir.clone();
    let engine = EngineConfig {
        catalogs: folder.join("catalogs"),
        memory_mib: config.engine_memory_mib,
        threads: config.engine_threads,
    };
    tokio::task::spawn_blocking(move || {
        let metastore = Arc::new(Metastore::open(&folder)?);
        Engine::open(&engine, metastore).map(Arc::new)
    })
    .await?
}

async fn serve(listener: TcpListener, router: axum::Router, stop: CancellationToken) {
    let listener = axum::serve::ListenerExt::tap_io(listener, |stream| {
        // Answers are small and waited for.
        let _ = stream.set_nodelay(true);
    });
    let served = axum::serve(listener, router).with_graceful_shutdown(async move { stop.cancelled().await });
    if let Err(e) = served.await {
        tracing::error!("serving ended: {e}");
    }
}

async fn flush(engine: Arc<Engine>, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(FLUSH_INTERVAL) => {}
            () = stop.cancelled() => return,
        }
        let engine = Arc::clone(&engine);
        match tokio::task::spawn_blocking(move || engine.metastore().flush()).await {
            Ok(Ok(())) => {}
            Ok(Err(e)) => tracing::error!("the catalog cannot be written: {e:#}"),
            Err(e) => tracing::error!("the catalog cannot be written: {e}"),
        }
    }
}
