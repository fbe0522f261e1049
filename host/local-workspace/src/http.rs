//! What the routes of all areas share: bodies, queries, pages and errors in Databricks' shapes. It knows no area.

pub(crate) mod body;
pub(crate) mod error;
pub(crate) mod number;
pub(crate) mod page;
pub(crate) mod query;
pub(crate) mod section;

use axum::{
    Router,
    http::{HeaderMap, HeaderName, header},
};
use serde::Serialize;

use self::error::ApiError;

/// The routes of one area.
#[derive(Debug)]
pub(crate) struct Area {
    /// Behind the token.
    pub(crate) closed: Router,
    /// For everybody.
    pub(crate) open: Router,
}

/// An answer without content: `{}`.
#[derive(Debug, Serialize)]
pub(crate) struct Empty {}

/// Runs work that blocks on a thread for that.
///
/// # Errors
/// The work's own, and its thread's end by a panic.
pub(crate) async fn blocking<T, E>(work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, ApiError>
where
    T: Send + 'static,
    E: Into<ApiError> + Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result.map_err(E::into),
        Err(e) => Err(ApiError::internal(format!("the engine's thread ended: {e}"))),
    }
}

/// The part of the address before what is served here.
pub(crate) const FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");

/// The address that the caller used.
pub(crate) fn origin(headers: &HeaderMap) -> String {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let (host, prefix) = (text(header::HOST).unwrap_or("127.0.0.1"), text(FORWARDED_PREFIX).unwrap_or_default());
    format!("http://{host}{prefix}")
}
