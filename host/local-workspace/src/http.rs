//! What the routes of all areas share: bodies, queries, pages and errors in Databricks' shapes. It knows no area.

pub(crate) mod body;
pub(crate) mod error;
pub(crate) mod page;
pub(crate) mod query;

use axum::{
    Router,
    http::{HeaderMap, header},
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

/// The address that the caller used.
pub(crate) fn origin(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|h| h.to_str().ok()).unwrap_or("127.0.0.1");
    format!("http://{host}")
}
