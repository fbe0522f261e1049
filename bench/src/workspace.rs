//! The workspace floor: the least that the SQL tool needs, answered at once, so that the far end costs nothing.

use axum::http::HeaderMap;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::client::TOKEN_OF;

pub(crate) fn router() -> Router {
    Router::new()
        .route("/api/2.0/preview/scim/v2/Me", get(me))
        .route("/api/2.0/sql/warehouses", get(async || Json(json!({"warehouses": [warehouse()]}))))
        .route("/api/2.0/sql/warehouses/{id}", get(async || Json(warehouse())))
        .route("/api/2.0/sql/statements", post(async || Json(statement())))
        .route("/api/2.0/sql/statements/{id}", get(async || Json(statement())))
        .route("/api/2.0/sql/statements/{id}/cancel", post(async || Json(json!({}))))
}

/// Whose the token is: each user of the bench has one with their name in it.
async fn me(headers: HeaderMap) -> Json<Value> {
    let authorization = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let name = authorization.split_once(TOKEN_OF).map_or("bench@example.com", |(_, name)| name);
    Json(json!({"userName": name, "id": "1"}))
}

fn warehouse() -> Value {
    json!({"id": "bench", "name": "Bench", "state": "RUNNING", "cluster_size": "2X-Small",
        "creator_name": "bench@example.com", "enable_serverless_compute": true})
}

pub(crate) fn statement() -> Value {
    json!({
        "statement_id": "01ef0000-0000-1000-8000-000000000001",
        "status": {"state": "SUCCEEDED"},
        "manifest": {"format": "JSON_ARRAY", "schema": {"column_count": 1, "columns": [
            {"name": "one", "position": 0, "type_name": "INT", "type_text": "INT"}]},
            "total_chunk_count": 1, "chunks": [{"chunk_index": 0, "row_offset": 0, "row_count": 1}],
            "total_row_count": 1, "truncated": false},
        "result": {"chunk_index": 0, "row_offset": 0, "row_count": 1, "data_array": [["1"]]},
    })
}
