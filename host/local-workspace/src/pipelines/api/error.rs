//! What the area refuses, as answers of the REST interface.

use axum::http::StatusCode;

use crate::{
    http::error::ApiError,
    pipelines::{engine::Refused, store::NotKept},
};

impl From<Refused> for ApiError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Active(id) => Self::new(
                StatusCode::CONFLICT,
                "RESOURCE_CONFLICT",
                format!("An active update {id} already exists. Wait for its end or stop it, then start another one."),
            ),
            Refused::Busy => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "REQUEST_LIMIT_EXCEEDED",
                "Too many updates are under way in this workspace. Please retry later.",
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

/// The answer to a pipeline that is not kept.
pub(super) fn not_kept(why: NotKept, name: &str, most: i64) -> ApiError {
    match why {
        NotKept::Name => ApiError::new(
            StatusCode::CONFLICT,
            "RESOURCE_CONFLICT",
            format!(
                "The pipeline name '{name}' is already used by another pipeline. This check can be skipped by setting \
                 `allow_duplicate_names = true` in the request."
            ),
        ),
        NotKept::Full => ApiError::new(
            StatusCode::BAD_REQUEST,
            "QUOTA_EXCEEDED",
            format!("The workspace holds {most} pipelines, which is as many as it may."),
        ),
    }
}
