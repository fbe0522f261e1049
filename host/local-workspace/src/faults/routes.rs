//! The rules and the record over HTTP, under a prefix that no API of Databricks has. They ask for a token as all do.

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{any, delete, get},
};
use serde::{Deserialize, Serialize};

use super::{
    record::Arrived,
    rule::{Fault, FaultError},
    state::{Faults, Known},
};
use crate::http::{Empty, body::Body, error::ApiError, query::Params};

/// The routes; where there are no rules they say so.
pub(crate) fn routes(faults: Option<Faults>) -> Router {
    match faults {
        None => Router::new().route("/_faults", any(off)).route("/_faults/{*rest}", any(off)),
        Some(faults) => Router::new()
            .route("/_faults", get(list).post(add).delete(clear))
            .route("/_faults/{id}", delete(remove))
            .route("/_faults/requests", get(requests).delete(forget))
            .with_state(faults),
    }
}

async fn off() -> ApiError {
    let message = "Rules of faults are off in this workspace; a test starts one of its own with --faults.";
    ApiError::new(StatusCode::NOT_FOUND, "FEATURE_DISABLED", message)
}

#[derive(Debug, Serialize)]
struct Added {
    id: u64,
}

async fn add(State(faults): State<Faults>, Body(fault): Body<Fault>) -> Result<Json<Added>, ApiError> {
    let id = faults.add(fault).map_err(|FaultError(why)| ApiError::invalid(why))?;
    Ok(Json(Added { id }))
}

#[derive(Debug, Serialize)]
struct Rules {
    rules: Vec<Known>,
}

async fn list(State(faults): State<Faults>) -> Json<Rules> {
    Json(Rules { rules: faults.known() })
}

async fn clear(State(faults): State<Faults>) -> Json<Empty> {
    faults.clear();
    Json(Empty {})
}

async fn remove(State(faults): State<Faults>, Path(id): Path<u64>) -> Result<Json<Empty>, ApiError> {
    match faults.remove(id) {
        true => Ok(Json(Empty {})),
        false => Err(ApiError::not_found(format!("There is no rule {id}."))),
    }
}

#[derive(Debug, Deserialize)]
struct After {
    #[serde(default)]
    after: u64,
}

#[derive(Debug, Serialize)]
struct Requests {
    requests: Vec<Arrived>,
}

async fn requests(State(faults): State<Faults>, Params(After { after }): Params<After>) -> Json<Requests> {
    Json(Requests { requests: faults.requests(after) })
}

async fn forget(State(faults): State<Faults>) -> Json<Empty> {
    faults.forget_requests();
    Json(Empty {})
}
