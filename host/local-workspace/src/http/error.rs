//! Error answers in Databricks' shape.

use std::any::Any;

use axum::{
    Json,
    http::{Method, StatusCode},
    response::{IntoResponse, Response},
};
use serde_json::json;

use crate::sql::{language::error::SqlError, warehouses::Refused};

/// An answer other than success.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
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

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", message)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        if self.status.is_server_error() {
            tracing::error!(code = self.code, "{}", self.message);
        }
        (self.status, Json(json!({ "error_code": self.code, "message": self.message }))).into_response()
    }
}

impl From<Refused> for ApiError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Unknown(id) => Self::not_found(format!("Warehouse {id} does not exist.")),
            Refused::Invalid(text) => Self::invalid(text),
        }
    }
}

/// Failures of catalog statements that the Unity Catalog API carries out.
impl From<SqlError> for ApiError {
    fn from(error: SqlError) -> Self {
        let (status, code) = match error.class {
            "NO_SUCH_CATALOG_EXCEPTION" => (StatusCode::NOT_FOUND, "CATALOG_DOES_NOT_EXIST"),
            "SCHEMA_NOT_FOUND" => (StatusCode::NOT_FOUND, "SCHEMA_DOES_NOT_EXIST"),
            "TABLE_OR_VIEW_NOT_FOUND" => (StatusCode::NOT_FOUND, "TABLE_DOES_NOT_EXIST"),
            "CATALOG_ALREADY_EXISTS" => (StatusCode::CONFLICT, "CATALOG_ALREADY_EXISTS"),
            "SCHEMA_ALREADY_EXISTS" => (StatusCode::CONFLICT, "SCHEMA_ALREADY_EXISTS"),
            "CATALOG_NOT_EMPTY" => (StatusCode::BAD_REQUEST, "CATALOG_NOT_EMPTY"),
            "SCHEMA_NOT_EMPTY" => (StatusCode::BAD_REQUEST, "SCHEMA_NOT_EMPTY"),
            "INSUFFICIENT_PERMISSIONS" => (StatusCode::FORBIDDEN, "PERMISSION_DENIED"),
            _ if error.error_code == "INTERNAL_ERROR" => (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR"),
            _ => (StatusCode::BAD_REQUEST, "INVALID_PARAMETER_VALUE"),
        };
        Self::new(status, code, error.detail)
    }
}

/// The answer when a handler panicked; the panic itself is in the log.
pub(crate) fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    ApiError::internal("The local workspace failed on this request.").into_response()
}
