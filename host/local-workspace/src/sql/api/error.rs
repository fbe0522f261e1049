//! What SQL refuses, as answers of the REST interface.

use axum::http::StatusCode;

use crate::{
    http::error::ApiError,
    sql::{language::error::SqlError, warehouses::Refused},
};

impl From<Refused> for ApiError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Unknown(id) => Self::not_found(format!("Warehouse {id} does not exist.")),
            Refused::Invalid(text) => Self::invalid(text),
            Refused::Objects(error) => error.into(),
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
            "VOLUME_NOT_FOUND" => (StatusCode::NOT_FOUND, "VOLUME_DOES_NOT_EXIST"),
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
