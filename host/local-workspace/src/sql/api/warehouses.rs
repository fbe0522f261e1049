//! /api/2.0/sql/warehouses

use axum::{
    Json,
    extract::{Path, State},
    http::HeaderMap,
};
use serde::Serialize;

use crate::{
    http::{Empty, body::OptionalBody, error::ApiError, origin},
    identity::Caller,
    sql::{
        Sql,
        warehouses::{Settings, SettingsChange, Warehouse},
    },
};

/// A warehouse.
#[derive(Debug, Serialize)]
pub(crate) struct WarehouseAnswer {
    #[serde(flatten)]
    settings: Settings,
    id: String,
    state: &'static str,
    creator_name: String,
    num_clusters: u8,
    num_active_sessions: u32,
    size: String,
    jdbc_url: String,
    odbc_params: OdbcParams,
    health: Health,
}

#[derive(Debug, Serialize)]
struct OdbcParams {
    hostname: String,
    path: String,
    port: u16,
    protocol: &'static str,
}

#[derive(Debug, Serialize)]
struct Health {
    status: &'static str,
}

#[derive(Debug, Serialize)]
pub(crate) struct WarehouseList {
    warehouses: Vec<WarehouseAnswer>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Created {
    id: String,
}

/// A warehouse as old clients list it.
#[derive(Debug, Serialize)]
pub(crate) struct DataSource {
    id: String,
    name: String,
    warehouse_id: String,
}

pub(crate) async fn list(State(sql): State<Sql>, headers: HeaderMap) -> Result<Json<WarehouseList>, ApiError> {
    let host = origin(&headers);
    let warehouses = sql.warehouses.list().await?.into_iter().map(|w| answer(w, &host)).collect();
    Ok(Json(WarehouseList { warehouses }))
}

pub(crate) async fn get(
    State(sql): State<Sql>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Json<WarehouseAnswer>, ApiError> {
    Ok(Json(answer(sql.warehouses.get(&id).await?, &origin(&headers))))
}

pub(crate) async fn create(
    State(sql): State<Sql>,
    Caller(user): Caller,
    OptionalBody(settings): OptionalBody<SettingsChange>,
) -> Result<Json<Created>, ApiError> {
    let warehouse = sql.warehouses.create(settings, &user).await?;
    Ok(Json(Created { id: warehouse.id }))
}

pub(crate) async fn edit(
    State(sql): State<Sql>,
    Path(id): Path<String>,
    OptionalBody(settings): OptionalBody<SettingsChange>,
) -> Result<Json<Empty>, ApiError> {
    sql.warehouses.edit(&id, settings).await?;
    Ok(Json(Empty {}))
}

pub(crate) async fn start(State(sql): State<Sql>, Path(id): Path<String>) -> Result<Json<Empty>, ApiError> {
    sql.warehouses.set_running(&id, true).await?;
    Ok(Json(Empty {}))
}

pub(crate) async fn stop(State(sql): State<Sql>, Path(id): Path<String>) -> Result<Json<Empty>, ApiError> {
    sql.warehouses.set_running(&id, false).await?;
    Ok(Json(Empty {}))
}

pub(crate) async fn delete(State(sql): State<Sql>, Path(id): Path<String>) -> Result<Json<Empty>, ApiError> {
    sql.warehouses.delete(&id).await?;
    Ok(Json(Empty {}))
}

/// The legacy list that old clients ask for.
pub(crate) async fn data_sources(State(sql): State<Sql>) -> Result<Json<Vec<DataSource>>, ApiError> {
    let source = |w: Warehouse| DataSource { id: w.id.clone(), name: w.settings.name, warehouse_id: w.id };
    Ok(Json(sql.warehouses.list().await?.into_iter().map(source).collect()))
}

fn answer(warehouse: Warehouse, origin: &str) -> WarehouseAnswer {
    let Warehouse { id, creator, running, settings } = warehouse;
    let host = origin.trim_start_matches("http://");
    let (hostname, port) = host.rsplit_once(':').unwrap_or((host, "80"));
    let path = format!("/sql/1.0/warehouses/{id}");
    WarehouseAnswer {
        state: if running { "RUNNING" } else { "STOPPED" },
        creator_name: creator,
        num_clusters: u8::from(running),
        num_active_sessions: 0,
        size: settings.cluster_size.clone(),
        jdbc_url: format!("jdbc:databricks://{host}/default;transportMode=http;httpPath={path}"),
        odbc_params: OdbcParams {
            hostname: hostname.to_owned(),
            path,
            port: port.parse().unwrap_or(80),
            protocol: "http",
        },
        health: Health { status: "HEALTHY" },
        id,
        settings,
    }
}
