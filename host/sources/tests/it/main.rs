//! The fetcher against servers of this machine: what they may send, what they must not get away with.
//!
//! - `site`: a small scripted HTTP server, the far end of all cases.
//! - `registry`: how a registry is played on it.
//! - `files`, `web`, `oci`, `credentials`, `publish`: one module per kind of source or concern.
//! - `real_registry`: the same happy path against a registry process, where one is installed.
//! - `minisign`: keys and signatures against the `minisign` program, where it is installed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests assert")]
#![allow(clippy::print_stdout, reason = "a test says against which programs it ran")]

mod credentials;
mod files;
mod minisign;
mod oci;
mod publish;
mod real_registry;
mod registry;
mod site;
mod web;

use std::time::Duration;

use bricklayer_sources::{Fetched, Fetcher, FetcherSettings, Source, SourceError};
use sha2::Digest;

/// Settings for servers on loopback, without anybody's real credentials.
fn local() -> FetcherSettings {
    FetcherSettings {
        allow_loopback_http: true,
        max_bytes: 1024 * 1024,
        connect_timeout: Duration::from_secs(5),
        total_timeout: Duration::from_secs(30),
        docker_config: Some("/nonexistent/config.json".into()),
        ..FetcherSettings::default()
    }
}

async fn fetch(settings: FetcherSettings, source: &str) -> Result<Fetched, SourceError> {
    Fetcher::new(settings).fetch(&Source::parse(source).unwrap()).await
}

/// Fetching is refused with an error whose kind and text are as expected.
#[track_caller]
fn refused(result: Result<Fetched, SourceError>, kind: &str, text: &str) {
    let error = result.expect_err("the fetch is refused");
    let debug = format!("{error:?}");
    assert!(debug.starts_with(kind), "expected {kind}, got {debug}");
    assert!(error.to_string().contains(text), "expected {text:?} in {error}");
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(sha2::Sha256::digest(bytes))
}
