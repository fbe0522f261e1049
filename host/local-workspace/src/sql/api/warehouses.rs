//! /api/2.0/sql/warehouses

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    http::HeaderMap,
};
use serde_json::{Map, Value, json};

use crate::{
    api::App,
    catalog::WarehouseInfo,
    http::{body, error::ApiError},
    identity::{auth::Caller, misc::origin},
};

type Answer = Result<Json<Value>, ApiError>;

pub(crate) async fn list(State(app): State<App>, headers: HeaderMap) -> Json<Value> {
    let host = origin(&headers);
    let warehouses: Vec<_> = app.warehouses.list().iter().map(|w| render(w, &host)).collect();
    Json(json!({ "warehouses": warehouses }))
}

pub(crate) async fn get(State(app): State<App>, headers: HeaderMap, Path(id): Path<String>) -> Answer {
    Ok(Json(render(&app.warehouses.get(&id)?, &origin(&headers))))
}

pub(crate) async fn create(State(app): State<App>, Caller(user): Caller, body: Bytes) -> Answer {
    let warehouse = app.warehouses.create(object(&body)?, &user)?;
    Ok(Json(json!({ "id": warehouse.id })))
}

pub(crate) async fn edit(State(app): State<App>, Path(id): Path<String>, body: Bytes) -> Answer {
    app.warehouses.edit(&id, object(&body)?)?;
    Ok(Json(json!({})))
}

pub(crate) async fn start(State(app): State<App>, Path(id): Path<String>) -> Answer {
    app.warehouses.set_running(&id, true)?;
    Ok(Json(json!({})))
}

pub(crate) async fn stop(State(app): State<App>, Path(id): Path<String>) -> Answer {
    app.warehouses.set_running(&id, false)?;
    Ok(Json(json!({})))
}

pub(crate) async fn delete(State(app): State<App>, Path(id): Path<String>) -> Answer {
    app.warehouses.delete(&id)?;
    Ok(Json(json!({})))
}

/// The legacy list that old clients ask for.
pub(crate) async fn data_sources(State(app): State<App>) -> Json<Value> {
    let warehouses = app.warehouses.list();
    let source = |w: &WarehouseInfo| json!({ "id": w.id, "name": w.settings.get("name"), "warehouse_id": w.id });
    Json(warehouses.iter().map(source).collect())
}

/// A body that must be a JSON object; none at all counts as an empty one.
pub(crate) fn object(body: &[u8]) -> Result<Map<String, Value>, ApiError> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    body::parse(body)
}

fn render(warehouse: &WarehouseInfo, origin: &str) -> Value {
    let host = origin.trim_start_matches("http://");
    let (hostname, port) = host.rsplit_once(':').unwrap_or((host, "80"));
    let path = format!("/sql/1.0/warehouses/{}", warehouse.id);
    let state = if warehouse.running { "RUNNING" } else { "STOPPED" };
    let mut answer = warehouse.settings.clone();
    answer.extend([
        ("id".to_owned(), json!(warehouse.id)),
        ("state".to_owned(), json!(state)),
        ("creator_name".to_owned(), json!(warehouse.creator)),
        ("num_clusters".to_owned(), json!(u8::from(warehouse.running))),
        ("num_active_sessions".to_owned(), json!(0)),
        ("size".to_owned(), warehouse.settings.get("cluster_size").cloned().unwrap_or_default()),
        ("jdbc_url".to_owned(), json!(format!("jdbc:databricks://{host}/default;transportMode=http;httpPath={path}"))),
        (
            "odbc_params".to_owned(),
            json!({ "hostname": hostname, "path": path, "port": port.parse::<u16>().unwrap_or(80), "protocol": "http" }),
        ),
        ("health".to_owned(), json!({ "status": "HEALTHY" })),
    ]);
    Value::Object(answer)
}
