//! Accepting connections and answering on them: a bounded number, none of which may keep its place by saying nothing.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::serve::Listener;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Connections at once; further ones wait in the kernel's queue. Each open page holds one or two, and each costs a task
/// and buffers of some kilobytes.
const MAX_CONNECTIONS: usize = 8_192;

/// Longest wait for a whole request head, counted from the connection's start or the end of the answer before. It is
/// also how long a kept connection may idle. A client that trickles a header would otherwise hold its place for ever.
pub(crate) const HEAD_TIME: Duration = Duration::from_secs(30);

/// Answers on `listener` until `stop`, and closes a connection whose next request head is not there after `head_time`
/// ([`HEAD_TIME`]). After `stop` nothing is accepted any more, and it returns when all answers are out.
/// Dropping it closes all connections.
pub(crate) async fn serve(mut listener: TcpListener, router: Router, head_time: Duration, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let accepted = async {
            // The semaphore is never closed; without a permit the connection would merely not be counted.
            let place = Arc::clone(&places).acquire_owned().await.ok();
            // Axum's own way to accept waits out errors such as too many open files.
            (Listener::accept(&mut listener).await.0, place)
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(_) = connections.join_next() => {}
            (stream, place) = accepted => {
                let answered = answer(stream, router.clone(), head_time, stop.clone());
                connections.spawn(async move {
                    answered.await;
                    drop(place);
                });
            }
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// One connection to its end.
async fn answer(stream: TcpStream, router: Router, head_time: Duration, stop: CancellationToken) {
    // Small frames must leave at once: a delta that waits for the next one is a delta late.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY cannot be set");
    }
    // Only HTTP/1.1, which is what pages and proxies speak without TLS: telling the version of HTTP from a connection's
    // first bytes would wait for them without an end.
    let mut builder = Builder::new(TokioExecutor::new()).http1_only();
    builder.http1().timer(TokioTimer::new()).header_read_timeout(head_time);
    let connection = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn a_client_that_says_nothing_more_loses_its_place() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let mut server = JoinSet::new();
        let router = Router::new().route("/", axum::routing::get(async || "here"));
        server.spawn(serve(listener, router, Duration::from_millis(100), stop.clone()));
        for (said, answered) in
            [("", ""), ("GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ", ""), ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "here")]
        {
            let mut client = TcpStream::connect(address).await.unwrap();
            client.write_all(said.as_bytes()).await.unwrap();
            let mut heard = String::new();
            // Ends because the server closes, also the connection that could have been used again.
            client.read_to_string(&mut heard).await.unwrap();
            assert!(heard.ends_with(answered), "{said:?}: {heard:?}");
        }
        stop.cancel();
        server.join_all().await;
    }
}
