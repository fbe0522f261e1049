//! The REST surface: routes by family, each in its module; authentication in front of everything.

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderName, HeaderValue, Method, StatusCode, Uri},
    middleware::{from_fn_with_state, map_response, map_response_with_state},
    response::{IntoResponse, Response},
    routing::{get, post},
};

use crate::{
    catalog::api::{unity, unity_write},
    config::Config,
    http::error::{self, ApiError},
    identity::{
        auth::{self, Users},
        misc,
    },
    sql::{
        api::{
            history,
            links::{self, Signer},
            statements, warehouses,
        },
        engine::Engine,
        statements::Statements,
        warehouses::Warehouses,
    },
};

/// Largest request body: a statement of 16 MiB with its escapes.
const BODY_BYTES: usize = 34 * 1024 * 1024;

/// Everything a handler may need; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub(crate) engine: Arc<Engine>,
    pub(crate) warehouses: Arc<Warehouses>,
    pub(crate) statements: Arc<Statements>,
    pub(crate) users: Arc<Users>,
    pub(crate) signer: Arc<Signer>,
}

impl App {
    pub(crate) fn new(
        config: &Config,
        engine: Arc<Engine>,
        warehouses: Arc<Warehouses>,
        statements: Arc<Statements>,
    ) -> Self {
        let users = Arc::new(Users::new(&config.tokens));
        Self { engine, warehouses, statements, users, signer: Arc::new(Signer::new()) }
    }

    pub(crate) fn workspace_id(&self) -> u64 {
        self.engine.metastore().read(|state| state.workspace_id)
    }
}

/// All routes.
pub(crate) fn router(app: App) -> Router {
    let closed = Router::new()
        .merge(warehouse_routes())
        .merge(statement_routes())
        .merge(unity_routes())
        .route("/api/2.0/preview/scim/v2/Me", get(misc::me))
        .route("/api/2.0/sql/history/queries", get(history::list))
        .fallback(unknown)
        .method_not_allowed_fallback(unknown)
        // The token is looked at before the route, so that a stranger learns nothing about what exists.
        .layer(from_fn_with_state(app.clone(), auth::require_token));
    Router::new()
        .route("/.well-known/databricks-config", get(misc::well_known))
        .route("/_results/{id}/{chunk}", get(links::download))
        .merge(closed)
        .layer(map_response(refuse_in_json))
        .layer(map_response_with_state(app.clone(), add_workspace_id))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(tower_http::catch_panic::CatchPanicLayer::custom(error::panicked))
        .with_state(app)
}

fn warehouse_routes() -> Router<App> {
    Router::new()
        .route("/api/2.0/sql/warehouses", get(warehouses::list).post(warehouses::create))
        .route("/api/2.0/sql/warehouses/{id}", get(warehouses::get).delete(warehouses::delete))
        .route("/api/2.0/sql/warehouses/{id}/edit", post(warehouses::edit))
        .route("/api/2.0/sql/warehouses/{id}/start", post(warehouses::start))
        .route("/api/2.0/sql/warehouses/{id}/stop", post(warehouses::stop))
        .route("/api/2.0/preview/sql/data_sources", get(warehouses::data_sources))
}

fn statement_routes() -> Router<App> {
    Router::new()
        .route("/api/2.0/sql/statements", post(statements::execute))
        .route("/api/2.0/sql/statements/", post(statements::execute))
        .route("/api/2.0/sql/statements/{id}", get(statements::get))
        .route("/api/2.0/sql/statements/{id}/cancel", post(statements::cancel))
        .route("/api/2.0/sql/statements/{id}/result/chunks/{chunk}", get(statements::chunk))
}

fn unity_routes() -> Router<App> {
    let routes = Router::new()
        .route("/current-metastore-assignment", get(unity::metastore_assignment))
        .route("/metastore_summary", get(unity::metastore_summary))
        .route("/metastores", get(unity::metastores))
        .route("/catalogs", get(unity::catalogs).post(unity_write::create_catalog))
        .route(
            "/catalogs/{name}",
            get(unity::catalog).patch(unity_write::update_catalog).delete(unity_write::delete_catalog),
        )
        .route("/schemas", get(unity::schemas).post(unity_write::create_schema))
        .route(
            "/schemas/{name}",
            get(unity::schema).patch(unity_write::update_schema).delete(unity_write::delete_schema),
        )
        .route("/tables", get(unity::tables))
        .route("/table-summaries", get(unity::table_summaries))
        .route("/tables/{name}", get(unity::table).delete(unity_write::delete_table))
        .route("/tables/{name}/exists", get(unity::table_exists))
        .route("/functions", get(unity::functions))
        .route("/volumes", get(unity::volumes))
        .route("/permissions/{kind}/{name}", get(unity::permissions).patch(unity_write::update_permissions))
        .route("/effective-permissions/{kind}/{name}", get(unity::effective_permissions));
    Router::new().nest("/api/2.1/unity-catalog", routes)
}

/// What is not there answers in Databricks' words for that.
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

async fn add_workspace_id(axum::extract::State(app): axum::extract::State<App>, mut response: Response) -> Response {
    let value = HeaderValue::from(app.workspace_id());
    response.headers_mut().insert(HeaderName::from_static("x-databricks-org-id"), value);
    response
}
