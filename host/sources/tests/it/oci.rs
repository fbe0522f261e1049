//! Registries: what is accepted, and each way to get it wrong.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bricklayer_sources::{FetcherSettings, SourcePolicy};
use serde_json::{Value, json};

use super::registry::{
    BLOB, MANIFEST, OCI_INDEX, OCI_MANIFEST, PACKAGE, Registry, error, layer, manifest, manifest_of,
};
use super::site::{Reply, Site};
use super::{fetch, local, refused, sha256};

/// Most bytes that an endless answer may have cost the sender: the bound, and what the sockets hold.
const CUT_OFF_BYTES: u64 = 24 * 1024 * 1024;

#[tokio::test]
async fn an_artefact_is_pulled_by_tag_and_by_digest() {
    let registry = Registry::start().await;
    let digest = registry.serve_manifest(&manifest());
    for source in [registry.source(), registry.source_at(&digest)] {
        let fetched = fetch(local(), &source).await.unwrap();
        assert_eq!(fetched.bytes, PACKAGE);
        assert_eq!(fetched.digest.as_str(), sha256(PACKAGE));
        assert_eq!(fetched.pinned.to_string(), registry.source_at(&digest));
        assert_eq!(fetched.signature_sidecar, None);
    }
}

async fn accepted(manifest: Value) -> Option<String> {
    let registry = Registry::start().await;
    registry.serve_blob(b"a signature");
    registry.serve_manifest(&manifest);
    let fetched = fetch(local(), &registry.source()).await.unwrap();
    assert_eq!(fetched.bytes, PACKAGE);
    fetched.signature_sidecar
}

#[tokio::test]
async fn layouts_of_other_tools_are_read() {
    let wasm = layer("application/wasm", PACKAGE);
    assert_eq!(accepted(manifest_of(&[layer("application/vnd.wasm.content.layer.v1+wasm", PACKAGE)])).await, None);
    assert_eq!(accepted(manifest_of(&[layer("text/plain", b"readme"), wasm.clone()])).await, None);
    let signature = layer("application/vnd.bricklayer.signature.v1+minisign", b"a signature");
    assert_eq!(accepted(manifest_of(&[wasm.clone(), signature])).await.as_deref(), Some("a signature"));
    let mut annotated = manifest();
    annotated["annotations"] = json!({"dev.bricklayer.signature.minisign": "annotated"});
    assert_eq!(accepted(annotated).await.as_deref(), Some("annotated"));
    let mut docker = manifest();
    docker["mediaType"] = json!("application/vnd.docker.distribution.manifest.v2+json");
    assert_eq!(accepted(docker).await, None);
}

#[tokio::test]
async fn a_tag_is_resolved_once() {
    let registry = Registry::start().await;
    let first = registry.serve_manifest(&manifest());
    registry.serve_blob(b"another package");
    registry.serve_blob(PACKAGE);
    let asked = AtomicUsize::new(0);
    registry.site.on_fn(&format!("{MANIFEST}1.0.0"), move |_| {
        let moved = manifest_of(&[layer("application/wasm", b"another package")]);
        let served = if asked.fetch_add(1, Ordering::SeqCst) == 0 { manifest() } else { moved };
        Reply::ok(served.to_string()).header("content-type", OCI_MANIFEST)
    });
    let fetched = fetch(local(), &registry.source()).await.unwrap();
    assert_eq!(fetched.bytes, PACKAGE);
    assert_eq!(fetched.pinned.to_string(), registry.source_at(&first));
    assert_eq!(registry.site.requests(&format!("{MANIFEST}1.0.0")).len(), 1);
    let moved = fetch(local(), &registry.source()).await.unwrap();
    assert_eq!(moved.bytes, "another package", "asked again, the tag's new target is found");
    let pinned = fetch(local(), &fetched.pinned.to_string()).await.unwrap();
    assert_eq!(pinned.bytes, PACKAGE, "what was pinned stays");
}

#[tokio::test]
async fn an_index_of_one_is_followed_and_one_of_two_is_refused() {
    let registry = Registry::start().await;
    let bytes = manifest().to_string();
    let inner = sha256(bytes.as_bytes());
    let entry = json!({"mediaType": OCI_MANIFEST, "digest": format!("sha256:{inner}"), "size": bytes.len()});
    let index = |entries: &[&Value]| json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries});
    registry.serve_manifest(&index(&[&entry]));
    registry.site.on(&format!("{MANIFEST}sha256:{inner}"), Reply::ok(bytes).header("content-type", OCI_MANIFEST));
    let fetched = fetch(local(), &registry.source()).await.unwrap();
    assert_eq!(fetched.pinned.to_string(), registry.source_at(&inner));
    registry.serve_manifest(&index(&[&entry, &entry]));
    refused(fetch(local(), &registry.source()).await, "BadAnswer", "lists 2 artefacts; name one by its digest");
    registry.serve_manifest(&index(&[]));
    refused(fetch(local(), &registry.source()).await, "BadAnswer", "lists 0 artefacts");
    // An index that lists itself, or another index, is not followed twice.
    registry.site.on(
        &format!("{MANIFEST}sha256:{inner}"),
        Reply::ok(index(&[&entry]).to_string()).header("content-type", OCI_INDEX),
    );
    registry.serve_manifest(&index(&[&entry]));
    refused(fetch(local(), &registry.source()).await, "DigestMismatch", "was changed");
}

/// A manifest that is served as it is and refused.
async fn bad_manifest(manifest: Value, text: &str) {
    let registry = Registry::start().await;
    registry.serve_manifest(&manifest);
    refused(fetch(local(), &registry.source()).await, "BadAnswer", text);
    assert_eq!(registry.site.requests(BLOB).len(), 0, "nothing was pulled for {text}");
}

#[tokio::test]
async fn manifests_that_are_no_package_are_refused() {
    let wasm = layer("application/wasm", PACKAGE);
    let tar = layer("application/vnd.oci.image.layer.v1.tar+gzip", b"tar");
    let with = |field: &str, value: Value| {
        let mut layer = wasm.clone();
        layer[field] = value;
        manifest_of(&[layer])
    };
    bad_manifest(manifest_of(&[]), "(its layers: none)").await;
    bad_manifest(manifest_of(&[tar]), "(its layers: application/vnd.oci.image.layer.v1.tar+gzip)").await;
    bad_manifest(manifest_of(&[wasm.clone(), wasm.clone()]), "more than one WebAssembly layer").await;
    bad_manifest(manifest_of(&vec![layer("text/plain", b"x"); 17]), "17 layers, more than 16").await;
    bad_manifest(with("size", json!(-1)), "negative size").await;
    bad_manifest(with("digest", json!("sha512:00")), "no sha256 digest").await;
    bad_manifest(with("digest", json!("sha256:../../../etc/passwd")), "no sha256 digest").await;
    bad_manifest(with("size", json!("many")), "not an OCI or Docker image manifest").await;
    bad_manifest(json!({"schemaVersion": 2}), "not an OCI or Docker image manifest").await;
    bad_manifest(json!(null), "not an OCI or Docker image manifest").await;
}

/// One route answers otherwise than it should.
async fn bad_route(route: &str, reply: Reply, kind: &str, text: &str) -> Registry {
    let registry = Registry::start().await;
    registry.site.forget(route);
    registry.site.on(route, reply);
    refused(fetch(local(), &registry.source()).await, kind, text);
    registry
}

#[tokio::test]
async fn answers_that_are_errors_say_what_to_do() {
    bad_route(MANIFEST, error(404, "MANIFEST_UNKNOWN"), "NotFound", "check the repository and the tag").await;
    bad_route(MANIFEST, error(404, "NAME_UNKNOWN"), "NotFound", "check the repository and the tag").await;
    bad_route(MANIFEST, Reply::new(404, "<html>"), "NotFound", "check the repository and the tag").await;
    bad_route(BLOB, error(404, "BLOB_UNKNOWN"), "NotFound", "check the repository and the tag").await;
    bad_route(MANIFEST, error(401, "UNAUTHORIZED"), "Denied", "docker login").await;
    bad_route(MANIFEST, error(403, "DENIED"), "Denied", "docker login").await;
    bad_route(MANIFEST, error(429, "TOOMANYREQUESTS"), "BadAnswer", "refused: said the registry").await;
    bad_route(MANIFEST, Reply::new(500, "boom"), "BadAnswer", "answered 500; try again later").await;
    bad_route(BLOB, Reply::new(500, "boom"), "BadAnswer", "answered 500; try again later").await;
    bad_route(MANIFEST, Reply::new(302, ""), "BadAnswer", "answered 302").await;
    bad_route(MANIFEST, Reply::ok("not JSON"), "BadAnswer", "not an OCI or Docker image manifest").await;
    bad_route(MANIFEST, Reply::ok(""), "BadAnswer", "not an OCI or Docker image manifest").await;
}

#[tokio::test]
async fn bytes_that_are_not_the_promised_ones_are_refused() {
    bad_route(BLOB, Reply::ok(b"\0asm\x0d\0\x01\0 a packagE".as_slice()), "DigestMismatch", "the package").await;
    bad_route(BLOB, Reply::ok(&PACKAGE[..10]), "DigestMismatch", "the package").await;
    bad_route(BLOB, Reply::ok(""), "DigestMismatch", "the package").await;
    let lies = Reply::ok(manifest().to_string()).header("docker-content-digest", &format!("sha256:{}", sha256(b"")));
    bad_route(MANIFEST, lies, "DigestMismatch", "was changed").await;
    let registry = Registry::start().await;
    registry.site.on(MANIFEST, Reply::ok(manifest().to_string()));
    refused(fetch(local(), &registry.source_at(&sha256(b"other"))).await, "DigestMismatch", "was changed");
}

#[tokio::test]
async fn lengths_that_are_lies_are_refused() {
    bad_route(BLOB, Reply::declared(1 << 40, PACKAGE), "Unreachable", "").await;
    bad_route(BLOB, Reply::declared(4, PACKAGE), "DigestMismatch", "the package").await;
    bad_route(MANIFEST, Reply::declared(1 << 40, manifest().to_string()), "Unreachable", "").await;
    let huge =
        json!({"mediaType": "application/wasm", "digest": format!("sha256:{}", sha256(PACKAGE)), "size": 1_u64 << 40});
    let registry = Registry::start().await;
    registry.serve_manifest(&manifest_of(&[huge]));
    refused(fetch(local(), &registry.source()).await, "TooLarge", "the package is larger than 1048576 bytes");
    assert_eq!(registry.site.requests(BLOB).len(), 0, "a layer that says it is too large is not begun");
}

#[tokio::test]
async fn endless_answers_are_cut_off() {
    for (route, kind, text) in [
        (BLOB, "BadAnswer", "larger than its manifest says"),
        (MANIFEST, "TooLarge", "the answer of 127.0.0.1 is larger than 262144 bytes"),
        ("GET /v2/", "", ""),
    ] {
        let registry = Registry::start().await;
        registry.site.forget(route);
        registry.site.on(route, Reply::endless());
        refused(fetch(local(), &registry.source()).await, kind, text);
        assert!(registry.site.bytes_sent() < CUT_OFF_BYTES, "{route}: {}", registry.site.bytes_sent());
    }
    let registry = Registry::start().await;
    registry.require_token(None);
    registry.site.on("GET /token", Reply::endless());
    refused(fetch(local(), &registry.source()).await, "TooLarge", "larger than 262144 bytes");
    assert!(registry.site.bytes_sent() < CUT_OFF_BYTES);
}

#[tokio::test]
async fn compressed_answers_are_not_unpacked() {
    // What `gzip` makes of nothing: unpacked, it would be an empty body; a bomb differs in size alone.
    let gzip = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0];
    let packed = || Reply::ok(gzip).header("content-encoding", "gzip");
    let registry = bad_route(MANIFEST, packed(), "BadAnswer", "not an OCI or Docker image manifest").await;
    assert_eq!(registry.site.requests(MANIFEST)[0].header("accept-encoding"), "", "compression is not asked for");
    let expected = sha256(&gzip);
    bad_route(BLOB, packed(), "DigestMismatch", &expected).await;
}

#[tokio::test]
async fn silence_ends_in_time() {
    for route in ["GET /v2/", MANIFEST, BLOB] {
        let registry = Registry::start().await;
        registry.site.forget(route);
        registry.site.on(route, Reply::silence());
        let settings = FetcherSettings { total_timeout: Duration::from_secs(1), ..local() };
        refused(fetch(settings, &registry.source()).await, "TimedOut", "took longer than 1 seconds");
    }
}

#[tokio::test]
async fn no_answer_leads_elsewhere_inside_the_network() {
    let trap = Site::start().await;
    trap.on("GET /", Reply::ok(PACKAGE));
    let port = trap.address.port();
    for target in [
        format!("http://127.0.0.1:{port}/x"),
        format!("http://localhost:{port}/x"),
        format!("http://[::ffff:127.0.0.1]:{port}/x"),
        format!("https://127.0.0.1:{port}/x"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "http://10.0.0.1/x".to_owned(),
        "http://[fd00:ec2::254]/x".to_owned(),
        "http://0.0.0.0/x".to_owned(),
        "http://100.100.100.200/x".to_owned(),
    ] {
        bad_route(MANIFEST, Reply::redirect(&target), "Refused", "not a public address").await;
        bad_route(BLOB, Reply::redirect(&target), "Refused", "not a public address").await;
        let challenge = format!("Bearer realm=\"{target}\",service=\"registry\"");
        let asks = error(401, "UNAUTHORIZED").header("www-authenticate", &challenge);
        bad_route("GET /v2/", asks, "Refused", "not a public address").await;
    }
    assert_eq!(trap.connections(), 0);
}

#[tokio::test]
async fn addresses_in_a_manifest_are_not_followed() {
    let trap = Site::start().await;
    trap.on("GET /", Reply::ok(PACKAGE));
    let registry = Registry::start().await;
    let mut elsewhere = layer("application/wasm", PACKAGE);
    elsewhere["urls"] = json!([format!("http://{}/x", trap.address), format!("http://{}/x", registry.authority())]);
    registry.serve_manifest(&manifest_of(&[elsewhere]));
    registry.site.forget(BLOB);
    registry.site.on(BLOB, error(404, "BLOB_UNKNOWN")).on("GET /x", Reply::ok(PACKAGE));
    refused(fetch(local(), &registry.source()).await, "NotFound", "was not found");
    assert_eq!((trap.connections(), registry.site.requests("GET /x").len()), (0, 0));
}

#[tokio::test]
async fn an_answer_that_panics_the_client_is_an_error() {
    let registry = Registry::start().await;
    registry.require_token(None);
    registry.site.on("GET /token", Reply::ok(json!({"token": "two\nlines"}).to_string()));
    refused(fetch(local(), &registry.source()).await, "BadAnswer", "no registry or server should send");
    registry.require_token(None);
    fetch(local(), &registry.source()).await.expect("the fetcher works on");
}

#[tokio::test]
async fn redirects_without_end_are_refused() {
    let registry = Registry::start().await;
    let round = format!("http://{}/v2/team/weather/manifests/1.0.0", registry.authority());
    registry.site.on(MANIFEST, Reply::redirect(&round));
    refused(fetch(local(), &registry.source()).await, "Unreachable", "too many redirects");
    assert!(registry.site.requests(MANIFEST).len() <= 11);
}

#[tokio::test]
async fn loopback_and_plain_http_need_leave() {
    let registry = Registry::start().await;
    let strict = || FetcherSettings { allow_loopback_http: false, ..local() };
    refused(fetch(strict(), &registry.source()).await, "Refused", "127.0.0.1, which is not a public address");
    assert_eq!(registry.site.connections(), 0);
    // Named by the operator, the host may be on loopback, but not over plain http: the server sees a TLS greeting.
    let policy = SourcePolicy::parse(&format!("oci://{}/team/", registry.authority())).unwrap();
    let named = FetcherSettings { policy, ..strict() };
    refused(fetch(named, &registry.source()).await, "Unreachable", "");
    assert_eq!(registry.site.requests("").len(), 0);
}

#[tokio::test]
async fn the_policy_comes_first() {
    let registry = Registry::start().await;
    let policy = SourcePolicy::parse(&format!("oci://{}/other/", registry.authority())).unwrap();
    let settings = FetcherSettings { policy, ..local() };
    refused(fetch(settings, &registry.source()).await, "Policy", "not among the sources that the operator allows");
    assert_eq!(registry.site.connections(), 0);
}
