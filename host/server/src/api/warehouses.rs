//! What the user can choose in their workspace.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::extract::Path;
use super::problem::Problem;
use crate::app::{App, AppState};
use crate::identity::Caller;
use crate::workspace::WorkspaceAccess;

/// A SQL warehouse.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Warehouse {
    /// Its id.
    warehouse_id: String,
    /// For people.
    warehouse_name: String,
    /// `RUNNING`, `STOPPED`, …
    state: String,
    /// `2X-Small`, …
    cluster_size: String,
    /// Who made it.
    #[schema(required = true)]
    creator_name: Option<String>,
    /// Whether it starts in seconds.
    is_serverless: bool,
}

/// A cluster.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Cluster {
    /// Its id.
    cluster_id: String,
    /// For people.
    cluster_name: String,
    /// `RUNNING`, `TERMINATED`, …
    state: String,
    /// Who made it.
    #[schema(required = true)]
    creator_user_name: Option<String>,
}

/// A catalog.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Catalog {
    /// Its name.
    name: String,
    /// What it is for.
    #[schema(required = true)]
    comment: Option<String>,
}

/// A schema.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Schema {
    /// Its name within its catalog.
    name: String,
}

async fn access(app: &App, caller: &Caller) -> Result<WorkspaceAccess, Problem> {
    Ok(WorkspaceAccess { base_url: app.workspace().base_url().await?, credential: caller.credential.clone() })
}

/// Lists the user's SQL warehouses, the best to choose first.
#[utoipa::path(get, path = "/api/warehouses", tag = "workspace", operation_id = "list_warehouses",
    responses((status = 200, body = Vec<Warehouse>)))]
pub(crate) async fn list_warehouses(
    State(app): State<AppState>,
    caller: Caller,
) -> Result<Json<Vec<Warehouse>>, Problem> {
    let access = access(&app, &caller).await?;
    let warehouses = app.workspace_client().warehouses(&caller.user, &access).await?;
    let warehouses = warehouses.into_iter().map(|warehouse| Warehouse {
        warehouse_id: warehouse.id,
        warehouse_name: warehouse.name,
        state: warehouse.state,
        cluster_size: warehouse.cluster_size,
        creator_name: warehouse.creator_name,
        is_serverless: warehouse.enable_serverless_compute,
    });
    Ok(Json(warehouses.collect()))
}

/// Lists the clusters that people share, those that run first; those that jobs and pipelines have for themselves are not
/// among them.
#[utoipa::path(get, path = "/api/clusters", tag = "workspace", operation_id = "list_clusters",
    responses((status = 200, body = Vec<Cluster>)))]
pub(crate) async fn list_clusters(State(app): State<AppState>, caller: Caller) -> Result<Json<Vec<Cluster>>, Problem> {
    let access = access(&app, &caller).await?;
    let clusters = app.workspace_client().clusters(&caller.user, &access).await?;
    let clusters = clusters.into_iter().map(|cluster| Cluster {
        cluster_id: cluster.id,
        cluster_name: cluster.name,
        state: cluster.state,
        creator_user_name: cluster.creator_name,
    });
    Ok(Json(clusters.collect()))
}

/// Lists the catalogs that the user sees.
#[utoipa::path(get, path = "/api/catalogs", tag = "workspace", operation_id = "list_catalogs",
    responses((status = 200, body = Vec<Catalog>)))]
pub(crate) async fn list_catalogs(State(app): State<AppState>, caller: Caller) -> Result<Json<Vec<Catalog>>, Problem> {
    let access = access(&app, &caller).await?;
    let catalogs = app.workspace_client().catalogs(&caller.user, &access).await?;
    Ok(Json(catalogs.into_iter().map(|c| Catalog { name: c.name, comment: c.comment }).collect()))
}

/// Lists the schemas of a catalog that the user sees.
#[utoipa::path(get, path = "/api/catalogs/{catalog}/schemas", tag = "workspace", operation_id = "list_schemas",
    params(("catalog" = String, Path, description = "The catalog's name.")),
    responses((status = 200, body = Vec<Schema>)))]
pub(crate) async fn list_schemas(
    State(app): State<AppState>,
    caller: Caller,
    Path(catalog): Path<String>,
) -> Result<Json<Vec<Schema>>, Problem> {
    let access = access(&app, &caller).await?;
    let schemas = app.workspace_client().schemas(&caller.user, &access, &catalog).await?;
    Ok(Json(schemas.into_iter().map(|schema| Schema { name: schema.name }).collect()))
}
