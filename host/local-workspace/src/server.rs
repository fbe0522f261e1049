//! Start and end of the service, and the list of its areas.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderName, HeaderValue, Method, StatusCode, Uri},
    middleware::{from_fn_with_state, map_response},
    response::{IntoResponse, Response},
};
use tokio::{net::TcpListener, runtime::Handle, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    acls::Acls,
    catalog::Catalog,
    compute::{self, Compute},
    config::Config,
    database::Database,
    files::{self, Files, volumes::Volumes},
    http::{
        Area,
        body::BODY_BYTES,
        error::{self, ApiError},
    },
    identity::{self, Identity, require_token},
    jobs::{self, Jobs},
    permissions::{self, Permissions},
    pipelines::{self, Pipelines},
    python::{self, Python},
    secrets::{self, Secrets},
    sql::{
        self, Sql,
        engine::{Engine, EngineConfig},
    },
    takeover,
    unity::{self, Unity},
    utilities::Utilities,
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

/// What the areas are made of.
#[derive(Debug)]
struct Areas {
    database: Database,
    engine: Arc<Engine>,
    files: Files,
    identity: Identity,
    secrets: Secrets,
    unity: Unity,
    sql: Sql,
    pipelines: Pipelines,
    jobs: Jobs,
    compute: Compute,
}

impl Areas {
    async fn open(config: &Config) -> anyhow::Result<Self> {
        let database = Database::open(&config.data_dir).await?;
        takeover::take_over(&database, &config.data_dir).await?;
        let catalog = Catalog::open(database.clone()).await?.with_admins(config.admin());
        let machines = config.service_principals.iter().map(|machine| machine.application_id.as_str());
        let users = config.tokens.iter().map(|token| token.user.as_str()).chain(machines);
        let files = Files::open(&database, catalog.clone(), &config.data_dir, users).await?;
        let engine = open_engine(config, catalog.clone(), files.volumes.clone()).await?;
        let workspace_id = catalog.workspace.id;
        let sql = Sql::open(Arc::clone(&engine), database.clone()).await?;
        let python = open_python(config)?;
        let secrets = Secrets::new(database.clone());
        let utilities = Utilities::new(files.clone(), secrets.clone());
        let compute = Compute::open(database.clone(), Arc::clone(&engine), python.clone(), utilities.clone()).await?;
        let parts = pipelines::Parts { sql: sql.clone(), files: files.objects.clone(), workspace_id };
        let pipelines = Pipelines::open(database.clone(), parts).await?;
        let parts = jobs::Parts {
            sql: sql.clone(),
            files: files.objects.clone(),
            python,
            pipelines: pipelines.clone(),
            utilities,
            workspace_id,
        };
        Ok(Self {
            compute,
            identity: Identity::new(config, workspace_id),
            unity: Unity::new(catalog, files.volumes.clone(), Arc::clone(&engine)),
            jobs: Jobs::open(database.clone(), parts).await?,
            pipelines,
            secrets,
            sql,
            database,
            engine,
            files,
        })
    }

    /// All areas: what is listed here is served.
    fn list(&self) -> [Area; 9] {
        [
            identity::area(self.identity.clone()),
            secrets::area(self.secrets.clone()),
            unity::area(self.unity.clone()),
            sql::area(self.sql.clone()),
            files::area(self.files.clone()),
            pipelines::area(self.pipelines.clone()),
            jobs::area(self.jobs.clone()),
            compute::area(self.compute.clone()),
            permissions::area(Permissions {
                acls: Acls::new(self.database.clone()),
                jobs: self.jobs.clone(),
                compute: self.compute.clone(),
                sql: self.sql.clone(),
                objects: self.files.objects.clone(),
            }),
        ]
    }
}

/// A running workspace. Dropping it stops it without a last checkpoint; [`Workspace::shutdown`] is the clean way.
#[derive(Debug)]
pub struct Workspace {
    address: SocketAddr,
    stop: CancellationToken,
    tasks: JoinSet<()>,
    areas: Areas,
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
        let areas = Areas::open(&config).await.map_err(StartError::Data)?;
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        tasks.spawn(serve(listener, router(&areas), stop.clone()));
        tracing::info!(%address, duckdb = areas.engine.version(), "the local workspace listens");
        Ok(Self { address, stop, tasks, areas, _lock: lock })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends running statements, closes connections, and writes everything to disk.
    pub async fn shutdown(mut self) {
        self.stop.cancel();
        self.areas.jobs.shutdown().await;
        self.areas.pipelines.shutdown().await;
        self.areas.compute.shutdown().await;
        self.areas.sql.shutdown().await;
        let ended = tokio::time::timeout(SHUTDOWN_LIMIT, async { while self.tasks.join_next().await.is_some() {} });
        if ended.await.is_err() {
            tracing::warn!("some connections did not end in time");
            self.tasks.shutdown().await;
        }
        let engine = Arc::clone(&self.areas.engine);
        match tokio::task::spawn_blocking(move || engine.checkpoint()).await {
            Ok(Ok(())) => tracing::info!("everything is written"),
            Ok(Err(e)) => tracing::error!("the last checkpoint failed: {e:#}"),
            Err(e) => tracing::error!("the last checkpoint failed: {e}"),
        }
        self.areas.database.close().await;
    }
}

/// The routes of all areas; what is not there answers in Databricks' words for that.
fn router(areas: &Areas) -> Router {
    let (mut closed, mut open) = (Router::new(), Router::new());
    for area in areas.list() {
        closed = closed.merge(area.closed);
        open = open.merge(area.open);
    }
    let closed = closed
        .fallback(unknown)
        .method_not_allowed_fallback(unknown)
        // The token is looked at before the route, so that a stranger learns nothing about what exists.
        .layer(from_fn_with_state(areas.identity.clone(), require_token));
    let workspace_id = HeaderValue::from(areas.unity.workspace().id);
    open.merge(closed)
        .layer(map_response(refuse_in_json))
        .layer(map_response(move |mut response: Response| {
            response.headers_mut().insert(HeaderName::from_static("x-databricks-org-id"), workspace_id.clone());
            std::future::ready(response)
        }))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(tower_http::catch_panic::CatchPanicLayer::custom(error::panicked))
}

async fn unknown(method: Method, uri: Uri) -> ApiError {
    ApiError::endpoint_not_found(&method, uri.path())
}

/// The framework refuses a body beyond the bound in plain text.
async fn refuse_in_json(response: Response) -> Response {
    if response.status() == StatusCode::PAYLOAD_TOO_LARGE {
        ApiError::too_large(BODY_BYTES).into_response()
    } else {
        response
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

async fn open_engine(config: &Config, catalog: Catalog, volumes: Volumes) -> anyhow::Result<Arc<Engine>> {
    let engine = EngineConfig {
        catalogs: config.data_dir.join("catalogs"),
        memory_mib: config.engine_memory_mib,
        threads: config.engine_threads,
    };
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || Engine::open(&engine, catalog, volumes, runtime).map(Arc::new)).await?
}

fn open_python(config: &Config) -> anyhow::Result<Python> {
    Python::open(python::Settings {
        launcher: config.launcher.clone(),
        interpreter: config.python.clone(),
        folder: config.data_dir.join("python"),
        memory_mib: config.python_memory_mib,
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
