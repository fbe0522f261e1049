//! What the area refuses, as answers of the REST interface.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

use crate::{
    compute::{clusters::Refused, contexts::Unknown},
    http::error::ApiError,
};

impl From<Refused> for ApiError {
    fn from(refused: Refused) -> Self {
        match refused {
            // As the service has it: clients know the sentence.
            Refused::Unknown(id) => Self::invalid(format!("Cluster {id} does not exist")),
            Refused::Invalid(text) => Self::invalid(text),
            Refused::State(text) => Self::new(StatusCode::BAD_REQUEST, "INVALID_STATE", text),
            Refused::Denied(text) => Self::new(StatusCode::FORBIDDEN, "PERMISSION_DENIED", text),
            Refused::Objects(error) => error.into(),
        }
    }
}

/// An answer other than success of the old API, which has a shape of its own for what it does not know.
#[derive(Debug)]
pub(in crate::compute) enum OldError {
    Unknown(Unknown),
    Other(ApiError),
}

impl From<Unknown> for OldError {
    fn from(unknown: Unknown) -> Self {
        Self::Unknown(unknown)
    }
}

impl From<ApiError> for OldError {
    fn from(error: ApiError) -> Self {
        Self::Other(error)
    }
}

impl From<Refused> for OldError {
    fn from(refused: Refused) -> Self {
        Self::Other(refused.into())
    }
}

impl IntoResponse for OldError {
    fn into_response(self) -> Response {
        match self {
            Self::Unknown(unknown) => {
                (StatusCode::BAD_REQUEST, Json(json!({"error": unknown.to_string()}))).into_response()
            }
            Self::Other(error) => error.into_response(),
        }
    }
}
