//! What the area refuses, as answers of the REST interface.

use axum::http::StatusCode;

use crate::{http::error::ApiError, jobs::engine::Refused};

impl From<Refused> for ApiError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Invalid(said) => Self::invalid(said),
            Refused::Unknown(said) => Self::not_found(said),
            Refused::Busy => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "REQUEST_LIMIT_EXCEEDED",
                "Too many runs are under way in this workspace. Please retry later.",
            ),
            Refused::Stopping => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "TEMPORARILY_UNAVAILABLE",
                "The local workspace is stopping.",
            ),
            Refused::Objects(error) => error.into(),
        }
    }
}
