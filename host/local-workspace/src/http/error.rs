//! Error answers in Databricks' shape.

use std::any::Any;

use axum::{
    Json,
    http::{Method, StatusCode},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::database;

/// An answer other than success.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    /// What the caller is not told.
    cause: Option<anyhow::Error>,
}

/// The body of an error answer.
#[derive(Debug, Serialize)]
struct Shape {
    error_code: &'static str,
    message: String,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), cause: None }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "INVALID_PARAMETER_VALUE", message)
    }

    pub(crate) fn malformed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "MALFORMED_REQUEST", message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "RESOURCE_DOES_NOT_EXIST", message)
    }

    pub(crate) fn endpoint_not_found(method: &Method, path: &str) -> Self {
        let message = format!("No API found for '{method} {path}'");
        Self::new(StatusCode::NOT_FOUND, "ENDPOINT_NOT_FOUND", message)
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        let message = format!("The request's body is larger than {} MiB.", limit >> 20);
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "INVALID_PARAMETER_VALUE", message)
    }

    /// The same, with what the log is told and the caller is not.
    pub(crate) fn caused_by(self, cause: impl Into<anyhow::Error>) -> Self {
        Self { cause: Some(cause.into()), ..self }
    }

    /// Its code, such as `PERMISSION_DENIED`.
    pub(crate) fn code(&self) -> &'static str {
        self.code
    }

    /// What the caller is told.
    pub(crate) fn said(&self) -> &str {
        &self.message
    }

    pub(crate) const fn status(&self) -> StatusCode {
        self.status
    }

    /// What the caller is told, and how; what it is not told goes to the log.
    pub(crate) fn told(self) -> (StatusCode, &'static str, String) {
        if self.status.is_server_error() {
            let cause = self.cause.map(|cause| format!("{cause:#}"));
            tracing::error!(code = self.code, cause, "{}", self.message);
        }
        (self.status, self.code, self.message)
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", message)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, error_code, message) = self.told();
        (status, Json(Shape { error_code, message })).into_response()
    }
}

/// What the database of objects cannot do is for the log; a caller can only come back.
impl From<database::Error> for ApiError {
    fn from(error: database::Error) -> Self {
        let message = if error.is_disk_full() {
            "The disk of the local workspace is full. Nothing was changed. Make room in its data folder, then try again."
        } else {
            "The local workspace cannot read or write its objects; its log says why."
        };
        Self { cause: Some(anyhow::Error::from(error)), ..Self::internal(message) }
    }
}

/// The answer when a handler panicked; the panic itself is in the log.
pub(crate) fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    ApiError::internal("The local workspace failed on this request.").into_response()
}
