//! A registry with one artefact, played on a [`Site`]; each case changes one route of it.

use base64::Engine;
use serde_json::{Value, json};

use super::sha256;
use super::site::{Reply, Site};

pub(crate) const REPOSITORY: &str = "team/weather";
pub(crate) const MANIFEST: &str = "GET /v2/team/weather/manifests/";
pub(crate) const BLOB: &str = "GET /v2/team/weather/blobs/";
pub(crate) const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// The bytes of the package in all cases.
pub(crate) const PACKAGE: &[u8] = b"\0asm\x0d\0\x01\0 a package";

pub(crate) struct Registry {
    pub(crate) site: Site,
    package: Vec<u8>,
}

impl Registry {
    /// A registry that answers as it should, to everybody.
    pub(crate) async fn start() -> Self {
        Self::start_with(PACKAGE).await
    }

    /// The same with another package.
    pub(crate) async fn start_with(package: &[u8]) -> Self {
        let registry = Self { site: Site::start().await, package: package.to_owned() };
        registry.site.on("GET /v2/", Reply::ok("{}"));
        registry.serve_package(package);
        registry
    }

    /// Serves a package under every tag; the digest of its manifest.
    pub(crate) fn serve_package(&self, package: &[u8]) -> String {
        self.serve_blob(package);
        self.serve_manifest(&manifest_for(package))
    }

    pub(crate) fn serve_blob(&self, bytes: &[u8]) {
        self.site.on(&format!("{BLOB}sha256:{}", sha256(bytes)), Reply::ok(bytes));
        self.site.on(BLOB, error(404, "BLOB_UNKNOWN"));
    }

    /// Serves a manifest under every tag, and under its digest.
    pub(crate) fn serve_manifest(&self, manifest: &Value) -> String {
        let media_type = manifest["mediaType"].as_str().unwrap_or(OCI_MANIFEST).to_owned();
        let bytes = manifest.to_string().into_bytes();
        let digest = sha256(&bytes);
        let reply = Reply::ok(bytes).header("content-type", &media_type);
        self.site.on(&format!("{MANIFEST}sha256:{digest}"), reply.clone());
        self.site.on(MANIFEST, reply.header("docker-content-digest", &format!("sha256:{digest}")));
        digest
    }

    pub(crate) fn authority(&self) -> String {
        self.site.address.to_string()
    }

    /// The artefact by its tag.
    pub(crate) fn source(&self) -> String {
        format!("oci://{}/{REPOSITORY}:1.0.0", self.authority())
    }

    pub(crate) fn source_at(&self, digest: &str) -> String {
        format!("oci://{}/{REPOSITORY}@sha256:{digest}", self.authority())
    }

    /// From now on a token is needed, got at `/token` by `user` and `password`, or by everybody.
    pub(crate) fn require_token(&self, user: Option<(&str, &str)>) {
        let challenge = format!("Bearer realm=\"http://{}/token\",service=\"registry\"", self.authority());
        let expected = user.map(|(user, password)| basic(user, password));
        self.site.on_fn("GET /token", move |request| match &expected {
            Some(expected) if request.header("authorization") != expected => error(401, "UNAUTHORIZED"),
            _ => Reply::ok(json!({"token": "a-token"}).to_string()),
        });
        self.guard("Bearer a-token".to_owned(), challenge);
    }

    /// From now on every request needs the password.
    pub(crate) fn require_password(&self, user: &str, password: &str) {
        self.guard(basic(user, password), "Basic realm=\"registry\"".to_owned());
    }

    fn guard(&self, expected: String, challenge: String) {
        let (bytes, package) = (manifest_for(&self.package).to_string(), self.package.clone());
        let blob = sha256(&package);
        self.site.on_fn("GET /v2/", move |request| {
            if request.header("authorization") != expected {
                return error(401, "UNAUTHORIZED").header("www-authenticate", &challenge);
            }
            match request.target.as_str() {
                "/v2/" => Reply::ok("{}"),
                target if target.contains("/manifests/") => {
                    Reply::ok(bytes.clone()).header("content-type", OCI_MANIFEST)
                }
                target if target.ends_with(&blob) => Reply::ok(package.clone()),
                _ => error(404, "BLOB_UNKNOWN"),
            }
        });
        self.site.forget(MANIFEST);
        self.site.forget(BLOB);
    }
}

pub(crate) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}")))
}

pub(crate) fn error(status: u16, code: &str) -> Reply {
    Reply::new(status, json!({"errors": [{"code": code, "message": "said the registry"}]}).to_string())
}

pub(crate) fn layer(media_type: &str, bytes: &[u8]) -> Value {
    json!({"mediaType": media_type, "digest": format!("sha256:{}", sha256(bytes)), "size": bytes.len()})
}

pub(crate) fn manifest_of(layers: &[Value]) -> Value {
    json!({
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": layer("application/vnd.wasm.config.v0+json", b"{}"),
        "layers": layers,
    })
}

/// The manifest of the package.
pub(crate) fn manifest() -> Value {
    manifest_for(PACKAGE)
}

fn manifest_for(package: &[u8]) -> Value {
    manifest_of(&[layer("application/wasm", package)])
}
