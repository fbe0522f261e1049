//! Installing from https with a digest and from a registry, through the API of the built program, on a developer's
//! machine, where both may be on loopback.

use serde_json::{Value, json};

use super::{call, id, version_said};
use crate::process::Running;
use crate::shared::registry::{MANIFEST, Registry, basic};
use crate::shared::sha256;
use crate::shared::site::{Reply, Site, certificate};
use crate::support::{Api, Guest, World};

/// A developer's host, with further environment variables.
fn developers(world: &World, environment: &[(&str, &str)]) -> Running {
    let ours = [("BRICKLAYER_IDENTITY", "development"), ("DATABRICKS_TOKEN", "canary-developer-token")];
    Running::start_with(world, &[&ours[..], environment].concat())
}

fn greeter(version: &str) -> Vec<u8> {
    Guest::new("greeter", version).package()
}

async fn look(api: &Api, source: &str) -> crate::support::Answer {
    api.post("/api/plugins/inspect", json!({"source": source})).await
}

async fn install(api: &Api, seen: &Value) -> Value {
    let body = json!({"staged": seen["staged"], "scope": "me", "grants": []});
    api.post("/api/plugins", body).await.ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_package_comes_by_https_when_its_digest_fits() {
    let world = World::sqlite().await;
    let (tls, pem) = certificate();
    let trusted = world.data_dir().join("roots.pem");
    std::fs::write(&trusted, pem).unwrap();
    let site = Site::start_with(Some(tls)).await;
    let package = greeter("1.0.0");
    site.on("GET /greeter.wasm", Reply::ok(package.clone())).on("GET /greeter.wasm.minisig", Reply::new(404, ""));
    site.on("GET /other.wasm", Reply::ok(greeter("6.6.6")));
    let address = |file: &str, digest: &str| format!("https://{}/{file}#sha256={digest}", site.address);
    let good = address("greeter.wasm", &sha256(&package));
    {
        // A server whose certificate nobody vouches for is asked nothing.
        let host = developers(&world, &[]);
        let problem = look(&host.nobody(), &good).await.problem(502, "plugin-not-fetched");
        assert!(problem["detail"].as_str().unwrap().contains("certificate"), "{problem}");
        assert_eq!(site.requests("").len(), 0);
    }
    let host = developers(&world, &[("SSL_CERT_FILE", trusted.to_str().unwrap())]);
    let dana = host.nobody();
    let project = dana.project("One").await;
    for (source, status, code, says) in [
        (address("greeter.wasm", &"0".repeat(64)), 502, "plugin-not-fetched", "digest"),
        (address("other.wasm", &sha256(&package)), 502, "plugin-not-fetched", "digest"),
        (address("absent.wasm", &sha256(&package)), 502, "plugin-not-fetched", "check the address"),
        (format!("https://{}/greeter.wasm", site.address), 422, "invalid-request", "sha256"),
    ] {
        let problem = look(&dana, &source).await.problem(status, code);
        assert!(problem.to_string().contains(says), "{source}: {problem}");
    }
    let seen = look(&dana, &good).await.ok();
    assert_eq!((&seen["name"], &seen["digest"]), (&json!("greeter"), &json!(sha256(&package))), "{seen}");
    let plugin = install(&dana, &seen).await;
    assert_eq!(plugin["source"], good, "{plugin}");
    assert_eq!(version_said(&world, &dana, &project, "greeter").await, "1.0.0");
    // Pinned, it does not change, and what its address has now is no update.
    site.on("GET /greeter.wasm", Reply::ok(greeter("6.6.6")));
    let update = format!("/api/plugins/{}/update", id(&plugin));
    dana.post(&update, json!({})).await.problem(502, "plugin-not-fetched");
    assert_eq!(version_said(&world, &dana, &project, "greeter").await, "1.0.0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_package_comes_from_a_private_registry_as_it_was_seen() {
    let world = World::sqlite().await;
    let package = greeter("1.0.0");
    let registry = Registry::start_with(&package).await;
    registry.require_token(Some(("robot", "canary-password")));
    let source = registry.source();
    {
        let host = developers(&world, &[("DOCKER_CONFIG", "/nonexistent")]);
        look(&host.nobody(), &source).await.problem(502, "plugin-not-fetched");
    }
    let auth = basic("robot", "canary-password").replace("Basic ", "");
    let config = json!({"auths": {registry.authority(): {"auth": auth}}});
    std::fs::write(world.data_dir().join("config.json"), config.to_string()).unwrap();
    let host = developers(&world, &[("DOCKER_CONFIG", world.data_dir().to_str().unwrap())]);
    let dana = host.nobody();
    let project = dana.project("One").await;
    let seen = look(&dana, &source).await.ok();
    assert_eq!(seen["version"], "1.0.0", "{seen}");

    // The tag moves after it was looked at: what was seen is installed.
    let registry = moved(registry, &greeter("1.1.0"));
    let plugin = install(&dana, &seen).await;
    assert_eq!((&plugin["version"], &plugin["digest"]), (&json!("1.0.0"), &json!(sha256(&package))));
    assert_eq!(version_said(&world, &dana, &project, "greeter").await, "1.0.0");
    let update = format!("/api/plugins/{}/update", id(&plugin));
    assert_eq!(dana.post(&update, json!({})).await.ok()["outcome"], "swapped");
    assert_eq!(version_said(&world, &dana, &project, "greeter").await, "1.1.0");

    // A layer that is not what its manifest promised, a manifest that is not what was asked for, a tag that is none.
    registry
        .site
        .on(&format!("GET /v2/team/weather/blobs/sha256:{}", sha256(&greeter("1.1.0"))), Reply::ok(greeter("6.6.6")));
    dana.post(&update, json!({})).await.problem(502, "plugin-not-fetched");
    let digest = registry.serve_package(&greeter("1.2.0"));
    registry.site.on(&format!("{MANIFEST}sha256:{digest}"), Reply::ok("{}"));
    look(&dana, &registry.source_at(&digest)).await.problem(502, "plugin-not-fetched");
    registry.site.on(MANIFEST, Reply::new(404, "{}"));
    look(&dana, &source).await.problem(502, "plugin-not-fetched");
    let result = call(&world, &dana, &project, "mcp__greeter__version", json!({})).await;
    assert_eq!(result["content"], "1.1.0", "{result}");
    let shown = dana.get("/api/plugins").await.text;
    assert!(!shown.contains("canary"), "{shown}");
}

/// The registry with another package under its tag, open to everybody.
fn moved(registry: Registry, package: &[u8]) -> Registry {
    registry.site.forget("GET /v2/");
    registry.site.on("GET /v2/", Reply::ok("{}"));
    registry.serve_package(package);
    registry
}
