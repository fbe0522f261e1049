//! Addresses: https with a digest, and each way to get it wrong.

use std::time::Duration;

use bricklayer_sources::{FetcherSettings, SourcePolicy};

use super::site::{Reply, Site, certificate};
use super::{fetch, local, refused, sha256};

const PACKAGE: &[u8] = b"\0asm\x0d\0\x01\0 a package";

fn source(site: &Site, scheme: &str) -> String {
    format!("{scheme}://{}/weather.wasm#sha256={}", site.address, sha256(PACKAGE))
}

#[tokio::test]
async fn an_address_is_fetched_over_tls() {
    let (tls, pem) = certificate();
    let site = Site::start_with(Some(tls)).await;
    site.on("GET /weather.wasm", Reply::ok(PACKAGE)).on("GET /weather.wasm.minisig", Reply::ok("a signature"));
    // Without plain http and loopback: the operator names the host, and its certificate is known.
    let policy = SourcePolicy::parse(&format!("https://{}/", site.address)).unwrap();
    let named = FetcherSettings { allow_loopback_http: false, policy, ..local() };
    let trusting = FetcherSettings { extra_root_certificates: vec![pem], ..named.clone() };
    let fetched = fetch(trusting, &source(&site, "https")).await.unwrap();
    assert_eq!(fetched.bytes, PACKAGE);
    assert_eq!(fetched.pinned.to_string(), source(&site, "https"));
    assert_eq!(fetched.signature_sidecar.as_deref(), Some("a signature"));
    let before = site.requests("").len();
    refused(fetch(named, &source(&site, "https")).await, "Unreachable", "certificate");
    assert_eq!(site.requests("").len(), before, "nothing is asked of a server that cannot prove itself");
}

#[tokio::test]
async fn a_signature_beside_is_optional_and_small() {
    let site = Site::start().await;
    site.on("GET /weather.wasm", Reply::ok(PACKAGE));
    for missing in [404, 403, 410] {
        site.on("GET /weather.wasm.minisig", Reply::new(missing, ""));
        assert_eq!(fetch(local(), &source(&site, "http")).await.unwrap().signature_sidecar, None);
    }
    site.on("GET /weather.wasm.minisig", Reply::endless());
    refused(fetch(local(), &source(&site, "http")).await, "TooLarge", "larger than 4096 bytes");
    site.on("GET /weather.wasm.minisig", Reply::new(500, ""));
    refused(fetch(local(), &source(&site, "http")).await, "BadAnswer", "answered 500");
}

/// The package's address answers otherwise than it should.
async fn bad(reply: Reply, kind: &str, text: &str) -> Site {
    let site = Site::start().await;
    site.on("GET /weather.wasm", reply).on("GET /weather.wasm.minisig", Reply::new(404, ""));
    refused(fetch(local(), &source(&site, "http")).await, kind, text);
    site
}

#[tokio::test]
async fn bad_answers_are_refused() {
    bad(Reply::ok("another package"), "DigestMismatch", "check the digest with the publisher").await;
    bad(Reply::ok(""), "DigestMismatch", "check the digest").await;
    bad(Reply::declared(4, PACKAGE), "DigestMismatch", "check the digest").await;
    bad(Reply::declared(100_000, PACKAGE), "Unreachable", "").await;
    bad(Reply::declared(1 << 40, PACKAGE), "TooLarge", "larger than 1048576 bytes").await;
    bad(Reply::ok(PACKAGE).header("content-encoding", "gzip"), "BadAnswer", "was sent compressed (gzip)").await;
    bad(Reply::new(404, ""), "NotFound", "check the address").await;
    bad(Reply::new(401, ""), "Denied", "open to everybody").await;
    bad(Reply::new(403, ""), "Denied", "open to everybody").await;
    bad(Reply::new(500, ""), "BadAnswer", "answered 500").await;
    bad(Reply::new(206, PACKAGE), "BadAnswer", "answered 206").await;
    bad(Reply::new(302, ""), "BadAnswer", "without saying where to go").await;
    let site = bad(Reply::endless(), "TooLarge", "larger than 1048576 bytes").await;
    assert!(site.bytes_sent() < 24 * 1024 * 1024, "{}", site.bytes_sent());
}

#[tokio::test]
async fn silence_ends_in_time() {
    let site = Site::start().await;
    site.on("GET /", Reply::silence());
    let settings = FetcherSettings { total_timeout: Duration::from_secs(1), ..local() };
    refused(fetch(settings, &source(&site, "http")).await, "TimedOut", "took longer than 1 seconds");
}

#[tokio::test]
async fn redirects_stay_on_the_host() {
    let site = Site::start().await;
    site.on("GET /weather.wasm", Reply::redirect("/a"))
        .on("GET /a", Reply::redirect("b"))
        .on("GET /b", Reply::ok(PACKAGE));
    site.on("GET /weather.wasm.minisig", Reply::new(404, ""));
    assert_eq!(fetch(local(), &source(&site, "http")).await.unwrap().bytes, PACKAGE);
    site.on("GET /b", Reply::redirect("/c")).on("GET /c", Reply::redirect("/d"));
    refused(fetch(local(), &source(&site, "http")).await, "BadAnswer", "redirects more than 3 times");
    assert!(site.requests("GET /d").is_empty());
}

#[tokio::test]
async fn redirects_to_other_hosts_need_the_operators_word() {
    let other = Site::start().await;
    other.on("GET /x", Reply::ok(PACKAGE));
    let elsewhere = format!("http://{}/x", other.address);
    bad(Reply::redirect(&elsewhere), "Refused", "where plugins.sources names that host").await;
    bad(Reply::redirect("http://169.254.169.254/x"), "Refused", "where plugins.sources names that host").await;
    bad(Reply::redirect("https://127.0.0.1/x"), "Refused", "where plugins.sources names that host").await;
    bad(Reply::redirect("file:///etc/passwd"), "Refused", "where plugins.sources names that host").await;
    bad(Reply::redirect("//user:password@127.0.0.1/x"), "Refused", "where plugins.sources names that host").await;
    assert_eq!(other.connections(), 0);

    let site = Site::start().await;
    site.on("GET /weather.wasm", Reply::redirect(&elsewhere)).on("GET /weather.wasm.minisig", Reply::new(404, ""));
    let policy = SourcePolicy::parse(&format!("http://{}/,http://{}/", site.address, other.address)).unwrap();
    let named = FetcherSettings { policy, ..local() };
    assert_eq!(fetch(named, &source(&site, "http")).await.unwrap().bytes, PACKAGE);
}

#[tokio::test]
async fn loopback_and_plain_http_need_leave() {
    let site = Site::start().await;
    let strict = || FetcherSettings { allow_loopback_http: false, ..local() };
    refused(fetch(strict(), &source(&site, "http")).await, "Refused", "plain http");
    refused(fetch(strict(), &source(&site, "https")).await, "Refused", "not a public address");
    let digest = sha256(PACKAGE);
    for host in ["169.254.169.254", "10.1.2.3", "[::1]", "[fd00::1]", "0.0.0.0", "[::ffff:127.0.0.1]", "localhost"] {
        let source = format!("https://{host}:{}/x.wasm#sha256={digest}", site.address.port());
        refused(fetch(strict(), &source).await, "Refused", "not a public address");
    }
    assert_eq!(site.connections(), 0);
}

#[tokio::test]
async fn the_policy_comes_first() {
    let site = Site::start().await;
    let settings = FetcherSettings { policy: SourcePolicy::parse("oci,file").unwrap(), ..local() };
    refused(fetch(settings, &source(&site, "http")).await, "Policy", "(oci, file)");
    assert_eq!(site.connections(), 0);
}
