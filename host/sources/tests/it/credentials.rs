//! Private registries: tokens, passwords, Docker's configuration and its helpers.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use base64::Engine;
use bricklayer_sources::{Fetcher, FetcherSettings, Source};
use serde_json::{Value, json};

use super::registry::{BLOB, MANIFEST, PACKAGE, Registry, basic};
use super::site::{Reply, Site};
use super::{fetch, local, refused};

/// A folder with a `config.json`.
fn docker(config: &Value) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
    folder
}

fn stored(authority: &str, user: &str, password: &str) -> Value {
    let auth = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    json!({"auths": {authority: {"auth": auth}}})
}

fn with(folder: &Path) -> FetcherSettings {
    FetcherSettings { docker_config: Some(folder.to_path_buf()), ..local() }
}

#[tokio::test]
async fn a_token_is_got_for_nobody_in_particular() {
    let registry = Registry::start().await;
    registry.require_token(None);
    assert_eq!(fetch(local(), &registry.source()).await.unwrap().bytes, PACKAGE);
    let token = &registry.site.requests("GET /token")[0];
    assert_eq!(token.header("authorization"), "");
    assert!(token.target.contains("scope=repository%3Ateam%2Fweather%3Apull&service=registry"), "{}", token.target);
    assert_eq!(registry.site.requests(MANIFEST)[0].header("authorization"), "Bearer a-token");
    assert_eq!(registry.site.requests(BLOB)[0].header("authorization"), "Bearer a-token");
}

#[tokio::test]
async fn a_token_is_got_with_stored_credentials() {
    let registry = Registry::start().await;
    registry.require_token(Some(("anna", "secret")));
    let good = docker(&stored(&registry.authority(), "anna", "secret"));
    assert_eq!(fetch(with(good.path()), &registry.source()).await.unwrap().bytes, PACKAGE);
    assert_eq!(registry.site.requests("GET /token")[0].header("authorization"), basic("anna", "secret"));
    assert_eq!(registry.site.requests(MANIFEST)[0].header("authorization"), "Bearer a-token");
    refused(fetch(local(), &registry.source()).await, "Denied", "run `docker login");
    let wrong = docker(&stored(&registry.authority(), "anna", "wrong"));
    refused(
        fetch(with(wrong.path()), &registry.source()).await,
        "Denied",
        "the stored credentials for it do not suffice",
    );
}

#[tokio::test]
async fn a_password_is_sent_where_asked_and_nowhere_else() {
    let registry = Registry::start().await;
    registry.require_password("anna", "secret");
    let good = docker(&stored(&registry.authority(), "anna", "secret"));
    assert_eq!(fetch(with(good.path()), &registry.source()).await.unwrap().bytes, PACKAGE);
    refused(fetch(local(), &registry.source()).await, "Denied", "wants credentials");
    let other = Registry::start().await;
    assert_eq!(fetch(with(good.path()), &other.source()).await.unwrap().bytes, PACKAGE);
    assert!(other.site.requests("").iter().all(|request| request.header("authorization").is_empty()));
    // Asked for by a registry that it is not stored for, it is not given either.
    let asks = Reply::new(401, "").header("www-authenticate", "Basic realm=\"give it to me\"");
    let greedy = Site::start().await;
    greedy.on("GET /", asks);
    refused(fetch(with(good.path()), &format!("oci://{}/a/b:1", greedy.address)).await, "Denied", "docker login");
    assert!(greedy.requests("").iter().all(|request| request.header("authorization").is_empty()));
}

#[tokio::test]
async fn bad_configurations_are_said() {
    let registry = Registry::start().await;
    let authority = registry.authority();
    for (config, text) in [
        (json!({"auths": {&authority: {"auth": "%%%"}}}), "Unable to decode credential"),
        (
            json!({"auths": {&authority: {"identitytoken": "x", "auth": "YTpi"}}}),
            "identity token, which is not supported",
        ),
        (json!({"credHelpers": {&authority: "bricklayer-absent"}}), "Unable to communicate with credential helper"),
        (json!("not a configuration"), "Unable to read config"),
    ] {
        let folder = docker(&config);
        refused(fetch(with(folder.path()), &registry.source()).await, "Denied", text);
    }
    assert_eq!(registry.site.connections(), 0, "a registry is not asked with half a configuration");
    let other = docker(&json!({"auths": {"other.example": {"auth": "YTpi"}}}));
    assert_eq!(fetch(with(other.path()), &registry.source()).await.unwrap().bytes, PACKAGE);
}

/// The environment variable that makes this test program the fetching child.
const CHILD: &str = "BRICKLAYER_TEST_SOURCE";

/// Helpers and `DOCKER_CONFIG` come from the environment, so a child process with its own environment fetches.
#[tokio::test]
async fn helpers_and_the_environment_count() {
    if let Ok(source) = std::env::var(CHILD) {
        let settings = FetcherSettings { docker_config: None, ..local() };
        let fetched = Fetcher::new(settings).fetch(&Source::parse(&source).unwrap()).await;
        println!("child: {fetched:?}");
        return;
    }
    let registry = Registry::start().await;
    registry.require_password("helper", "whispered");
    let folder = docker(&json!({"credHelpers": {registry.authority(): "bricklayer-test"}}));
    let helper = folder.path().join("docker-credential-bricklayer-test");
    let run = |script: &str| {
        std::fs::write(&helper, script).unwrap();
        std::fs::set_permissions(&helper, std::fs::Permissions::from_mode(0o755)).unwrap();
        let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap_or_default());
        let mut command = tokio::process::Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "credentials::helpers_and_the_environment_count", "--nocapture"]);
        command.env(CHILD, registry.source()).env("DOCKER_CONFIG", folder.path()).env("PATH", path);
        async move { String::from_utf8(command.output().await.unwrap().stdout).unwrap() }
    };
    let output = run("#!/bin/sh\nread -r _\necho '{\"Username\":\"helper\",\"Secret\":\"whispered\"}'\n").await;
    assert!(output.contains("child: Ok("), "{output}");
    let output = run("#!/bin/sh\nread -r _\necho whispered\nexit 1\n").await;
    assert!(output.contains("docker-credential-bricklayer-test failed"), "{output}");
    assert!(!output.contains("whispered"), "what a helper says is not repeated: {output}");
}
