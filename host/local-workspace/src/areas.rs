//! The areas of a workspace: how they are opened on a data folder, what they serve, and how they end.

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderName, HeaderValue, Method, StatusCode, Uri},
    middleware::{from_fn_with_state, map_response},
    response::{IntoResponse, Response},
};
use tokio::runtime::Handle;

use crate::{
    acls::Acls,
    catalog::Catalog,
    compute::{self, Compute},
    config::Config,
    database::Database,
    faults::{self, Faults},
    files::{self, Files, volumes::Volumes},
    http::{
        Area,
        body::BODY_BYTES,
        error::{self, ApiError},
        section::Section,
    },
    identity::{self, Identity, require_token},
    jobs::{self, Jobs},
    page,
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

/// What the areas are made of.
#[derive(Debug)]
pub(crate) struct Areas {
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
    /// None where no rules of faults are taken.
    pub(crate) faults: Option<Faults>,
}

impl Areas {
    /// Opens the data folder, and makes sample data at first.
    ///
    /// # Errors
    /// A folder that cannot be read or written, or whose contents are damaged or of a newer version.
    pub(crate) async fn open(config: &Config) -> anyhow::Result<Self> {
        let database = Database::open(&config.data_dir).await?;
        takeover::take_over(&database, &config.data_dir).await?;
        let catalog = Catalog::open(database.clone()).await?.with_admins(config.admin());
        let machines = config.service_principals.iter().map(|machine| machine.application_id.as_str());
        let users: Vec<_> = config.tokens.iter().map(|token| token.user.as_str()).chain(machines).collect();
        let files = Files::open(&database, catalog.clone(), &config.data_dir, users).await?;
        let engine = open_engine(config, catalog.clone(), files.volumes.clone()).await?;
        let workspace_id = catalog.workspace.id;
        let sql = Sql::open(Arc::clone(&engine), database.clone()).await?;
        let python = open_python(config)?;
        let secrets = Secrets::new(database.clone());
        let utilities = Utilities::new(files.clone(), secrets.clone());
        let compute = Compute::open(database.clone(), Arc::clone(&engine), python.clone(), utilities.clone()).await?;
        let parts =
            pipelines::Parts { sql: sql.clone(), files: files.objects.clone(), python: python.clone(), workspace_id };
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
            faults: config.faults.then(Faults::default),
        })
    }

    /// All areas: what is listed here is served.
    fn list(&self) -> Vec<Area> {
        vec![
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

    /// The engine's version.
    pub(crate) fn engine_version(&self) -> String {
        self.engine.version()
    }

    /// The routes of all areas; what is not there answers in Databricks' words for that.
    pub(crate) fn router(&self) -> Router {
        let (mut closed, mut open) = (Router::new(), Router::new());
        for area in self.list() {
            closed = closed.merge(area.closed);
            open = open.merge(area.open);
        }
        closed = closed.fallback(unknown).method_not_allowed_fallback(unknown);
        if let Some(faults) = &self.faults {
            closed = closed.layer(from_fn_with_state(faults.clone(), faults::apply));
            open = open.layer(from_fn_with_state(faults.clone(), faults::apply));
        }
        let closed = closed
            .merge(faults::routes(self.faults.clone()))
            // The token is looked at before the route, so that a stranger learns nothing about what exists.
            .layer(from_fn_with_state(self.identity.clone(), require_token));
        let workspace_id = HeaderValue::from(self.unity.workspace().id);
        let api = open.merge(closed).layer(map_response(refuse_in_json));
        page::routes(api.clone(), sections())
            .merge(api)
            .layer(map_response(move |mut response: Response| {
                response.headers_mut().insert(HeaderName::from_static("x-databricks-org-id"), workspace_id.clone());
                std::future::ready(response)
            }))
            .layer(DefaultBodyLimit::max(BODY_BYTES))
            .layer(tower_http::catch_panic::CatchPanicLayer::custom(error::panicked))
    }

    /// Ends what runs.
    pub(crate) async fn end(&self) {
        self.jobs.shutdown().await;
        self.pipelines.shutdown().await;
        self.compute.shutdown().await;
        self.sql.shutdown().await;
    }

    /// Writes everything to disk; nothing is served afterwards.
    pub(crate) async fn close(&self) {
        let engine = Arc::clone(&self.engine);
        match tokio::task::spawn_blocking(move || engine.checkpoint()).await {
            Ok(Ok(())) => tracing::info!("everything is written"),
            Ok(Err(e)) => tracing::error!("the last checkpoint failed: {e:#}"),
            Err(e) => tracing::error!("the last checkpoint failed: {e}"),
        }
        self.database.close().await;
    }
}

/// What the areas show on the page, in its order.
fn sections() -> impl Iterator<Item = Section> {
    let all = [
        unity::SECTIONS,
        files::SECTIONS,
        jobs::SECTIONS,
        pipelines::SECTIONS,
        compute::SECTIONS,
        sql::SECTIONS,
        secrets::SECTIONS,
    ];
    all.into_iter().flatten().copied()
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
