//! A router on a port of this machine, for as long as its owner lives.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use url::Url;

#[derive(Debug)]
pub(crate) struct Serving {
    pub(crate) url: Url,
    _tasks: JoinSet<()>,
}

/// At this port, or a free one for nought.
pub(crate) async fn serve(router: Router, port: u16) -> Serving {
    let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("its address")).parse().expect("an address");
    let mut tasks = JoinSet::new();
    // Whole conversations come here.
    let router = router.layer(DefaultBodyLimit::disable());
    tasks.spawn(async move { axum::serve(listener, router).await.expect("serving ends with its owner") });
    Serving { url, _tasks: tasks }
}
