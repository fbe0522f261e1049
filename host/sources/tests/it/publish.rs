//! Publishing to a registry that is played here: what is sent, and what is refused.

use std::sync::{Arc, Mutex};

use bricklayer_sources::{Fetcher, FetcherSettings, Source};
use bytes::Bytes;

use super::registry::{BLOB, OCI_MANIFEST, PACKAGE, Registry, error};
use super::site::Reply;
use super::{fetch, local, sha256};

/// Accepts uploads and serves what was uploaded.
fn accept_uploads(registry: &Registry) {
    let blobs: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
    registry.site.forget("GET /v2/team/");
    registry.site.on("POST /v2/team/weather/blobs/uploads/", Reply::new(202, "").header("location", "/upload/1"));
    let (parts, done) = (Arc::clone(&blobs), Arc::clone(&blobs));
    registry.site.on_fn("PATCH /upload/1", move |request| {
        parts.lock().unwrap().push(request.body.clone());
        Reply::new(202, "").header("location", "/upload/1").header("range", &format!("0-{}", request.body.len() - 1))
    });
    registry.site.on_fn("PUT /upload/1", move |request| {
        if !request.body.is_empty() {
            done.lock().unwrap().push(request.body.clone());
        }
        Reply::new(201, "").header("location", "/done")
    });
    let manifest: Arc<Mutex<Vec<u8>>> = Arc::default();
    let pushed = Arc::clone(&manifest);
    registry.site.on_fn("PUT /v2/team/weather/manifests/1.0.0", move |request| {
        assert_eq!(request.header("content-type"), OCI_MANIFEST);
        *pushed.lock().unwrap() = request.body.clone();
        Reply::new(201, "").header("location", "/done")
    });
    registry.site.on_fn("GET /v2/team/weather/manifests/", move |_| {
        Reply::ok(manifest.lock().unwrap().clone()).header("content-type", OCI_MANIFEST)
    });
    registry.site.on_fn(BLOB, move |request| {
        let blobs = blobs.lock().unwrap();
        let found = blobs.iter().find(|blob| request.target.ends_with(&sha256(blob)));
        found.map_or_else(|| error(404, "BLOB_UNKNOWN"), |blob| Reply::ok(blob.clone()))
    });
}

#[tokio::test]
async fn what_is_published_can_be_fetched() {
    let registry = Registry::start().await;
    accept_uploads(&registry);
    let fetcher = Fetcher::new(local());
    let target = Source::parse(&registry.source()).unwrap();
    let pinned = fetcher.publish(&target, Bytes::from_static(PACKAGE)).await.unwrap();
    let fetched = fetch(local(), &registry.source()).await.unwrap();
    assert_eq!((fetched.bytes.as_ref(), &fetched.pinned), (PACKAGE, &pinned));
    assert_eq!(fetcher.publish(&target, Bytes::from_static(PACKAGE)).await.unwrap(), pinned, "twice is once");
}

#[tokio::test]
async fn what_cannot_be_published_says_why() {
    let registry = Registry::start().await;
    let publish = |settings: FetcherSettings, target: String, bytes: Bytes| async move {
        let target = Source::parse(&target).unwrap();
        Fetcher::new(settings).publish(&target, bytes).await.unwrap_err().to_string()
    };
    let package = || Bytes::from_static(PACKAGE);
    let by_digest = registry.source_at(&sha256(b""));
    assert!(publish(local(), by_digest, package()).await.contains("published under a tag"));
    assert!(publish(local(), "weather.wasm".to_owned(), package()).await.contains("is not a registry"));
    let small = FetcherSettings { max_bytes: 4, ..local() };
    assert!(publish(small, registry.source(), package()).await.contains("larger than 4 bytes"));
    registry.site.on("POST /v2/", error(401, "UNAUTHORIZED"));
    assert!(publish(local(), registry.source(), package()).await.contains("docker login"));
    registry.site.on("POST /v2/", Reply::new(202, "").header("location", "http://169.254.169.254/upload"));
    assert!(publish(local(), registry.source(), package()).await.contains("not a public address"));
    registry.site.on("POST /v2/", Reply::new(202, "").header("location", "not an address"));
    assert!(!publish(local(), registry.source(), package()).await.is_empty());
    registry.site.on("POST /v2/", Reply::endless());
    publish(local(), registry.source(), package()).await;
    assert!(registry.site.bytes_sent() < 24 * 1024 * 1024);
}
