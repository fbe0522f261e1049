//! Accepting connections and answering on them: a bounded number, none of which may keep its place by saying nothing,
//! or by not listening.

mod idle;
mod socket;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use axum::serve::Listener;
use bricklayer_domain::chain;
use http::{StatusCode, header};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::Service as _;

use idle::{Activity, Busy, Idle};
use socket::{Heads, Socket};

/// Largest request head, in bytes: a page's cookies and a proxy's token fit, and whoever sends it is not known yet.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// How connections are bounded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConnectionLimits {
    /// Connections at once. When all are taken, the one that is idle for longest makes room for the next; when none is
    /// idle, the next waits in the kernel's queue. Each open page holds one or two, and each costs a task and buffers of
    /// some kilobytes.
    pub(crate) connections: usize,
    /// Longest wait for a whole request head, counted from the connection's start or the end of the answer before. It is
    /// also how long a kept connection may idle. A client that trickles a header would otherwise hold its place for
    /// ever.
    pub(crate) head_time: Duration,
    /// Longest wait for a client that does not take what it asked for.
    pub(crate) write_time: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self { connections: 8_192, head_time: Duration::from_secs(30), write_time: Duration::from_secs(30) }
    }
}

/// Answers on `listener` until `stop`. After `stop` nothing is accepted any more, and it returns when all answers are
/// out. Dropping it closes all connections.
pub(crate) async fn serve(
    mut listener: TcpListener,
    router: Router,
    limits: ConnectionLimits,
    stop: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(limits.connections));
    let idle = Idle::default();
    let mut connections = JoinSet::new();
    loop {
        let accepted = async {
            // Axum's own way to accept waits out errors such as too many open files.
            let stream = Listener::accept(&mut listener).await.0;
            let place = match Arc::clone(&places).try_acquire_owned() {
                Ok(place) => Some(place),
                Err(_) => {
                    idle.make_room();
                    // The semaphore is never closed; without a permit the connection would merely not be counted.
                    Arc::clone(&places).acquire_owned().await.ok()
                }
            };
            (stream, place)
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            (stream, place) = accepted => {
                let answered = answer(stream, router.clone(), limits, idle.clone(), stop.clone());
                connections.spawn(async move {
                    answered.await;
                    drop(place);
                });
                while connections.try_join_next().is_some() {}
            }
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// One connection to its end.
async fn answer(stream: TcpStream, router: Router, limits: ConnectionLimits, idle: Idle, stop: CancellationToken) {
    // Small frames must leave at once: a delta that waits for the next one is a delta late.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(error = chain(&error), "TCP_NODELAY cannot be set");
    }
    // Only HTTP/1.1, which is what pages and proxies speak without TLS: telling the version of HTTP from a connection's
    // first bytes would wait for them without an end.
    let mut builder = Builder::new(TokioExecutor::new()).http1_only();
    builder.http1().timer(TokioTimer::new()).header_read_timeout(limits.head_time).max_buf_size(MAX_HEAD_BYTES);
    let (activity, close) = idle.enter();
    let heads = Heads::default();
    let socket = Socket::new(stream, limits.write_time, heads.clone());
    let requests = {
        let activity = Arc::clone(&activity);
        tower::service_fn(move |request| answer_one(request, router.clone(), &activity, &heads))
    };
    let connection = builder.serve_connection(TokioIo::new(socket), TowerToHyperService::new(requests));
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
        () = close.cancelled() => if activity.is_idle() {
            // Half a head is not waited for.
            Ok(())
        } else {
            // A request came in the same moment.
            connection.as_mut().graceful_shutdown();
            connection.await
        },
    };
    if let Err(error) = ended {
        tracing::debug!(error = chain(&*error), "a connection ended early");
    }
}

/// A connection is busy while this is there; then its next head may come.
struct Answering {
    heads: Heads,
    _busy: Busy,
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.heads.next();
    }
}

/// One request of a connection, which is busy until the answer's last byte is handed on.
fn answer_one(
    request: http::Request<Incoming>,
    mut router: Router,
    activity: &Arc<Activity>,
    heads: &Heads,
) -> impl Future<Output = Result<Response, std::convert::Infallible>> + use<> {
    let head = heads.take();
    let answering = Answering { heads: heads.clone(), _busy: Activity::begin(activity) };
    let is_chunked = request.headers().contains_key(header::TRANSFER_ENCODING);
    async move {
        if head.is_too_long {
            let words = "the request's head is larger than 64 KiB; send less in its headers\n";
            return Ok(refusal(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, words));
        }
        // Which of the two counts is what a proxy and we could see differently (RFC 9112, section 6.3).
        if is_chunked && head.has_length {
            let words = "a request has either a Content-Length or a Transfer-Encoding, not both\n";
            return Ok(refusal(StatusCode::BAD_REQUEST, words));
        }
        let response = router.call(request).await?;
        Ok(response.map(|body| {
            // The body goes when it was sent, or its reader is gone.
            Body::new(body.map_err(move |error| {
                let _answering = &answering;
                error
            }))
        }))
    }
}

/// What is said before anybody reads the request; nothing more is taken from this connection.
fn refusal(status: StatusCode, words: &'static str) -> Response {
    (status, [(header::CONNECTION, "close")], words).into_response()
}

#[cfg(test)]
mod tests;
