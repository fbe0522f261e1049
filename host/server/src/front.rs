//! The address while the server starts: it says so, instead of letting callers wait for what is not there yet.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::Request;
use axum::response::Response;
use http::StatusCode;
use tokio::net::TcpListener;
use tower::ServiceExt as _;
use uuid::Uuid;

use crate::api::problem::Problem;
use crate::connections::{self, ConnectionLimits};
use crate::lifecycle::Lifecycle;

/// Wait that a caller is told; a start takes a second, or some when plugins are compiled anew.
const START_RETRY_SECONDS: u64 = 1;

/// A listener that answers from the beginning: with `starting`, and from [`Front::open`] on with the server.
#[derive(Debug, Clone)]
pub struct Front {
    router: Arc<OnceLock<Router>>,
}

impl Front {
    /// Begins to answer, until the lifecycle's soft token fires.
    #[must_use]
    pub fn start(listener: TcpListener, lifecycle: &Lifecycle) -> Self {
        let front = Self { router: Arc::default() };
        let behind = Arc::clone(&front.router);
        let router = Router::new().fallback(move |request| answer(Arc::clone(&behind), request));
        let stop = lifecycle.soft().clone();
        lifecycle.spawn("http", connections::serve(listener, router, ConnectionLimits::default(), stop));
        front
    }

    /// Lets the server answer.
    pub(crate) fn open(&self, router: Router) {
        // Opened once; a second router would change nothing.
        let _ = self.router.set(router);
    }
}

async fn answer(behind: Arc<OnceLock<Router>>, request: Request) -> Response {
    let Some(router) = behind.get() else {
        return Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "starting",
            "the server is starting; try again in a moment",
        )
        .retry_after(START_RETRY_SECONDS)
        .render(&Uuid::now_v7().to_string());
    };
    match router.clone().oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}
