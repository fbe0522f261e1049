//! Pushing a package to a registry, in the CNCF's layout for WebAssembly artefacts, so that other tools read it too.

use std::collections::BTreeMap;

use bytes::Bytes;
use oci_client::RegistryOperation;
use oci_client::client::{Config, ImageLayer};
use oci_client::manifest::{OCI_IMAGE_MEDIA_TYPE, OciImageManifest, OciManifest};

use super::oci::{Connection, WASM_LAYER};
use super::{FetcherSettings, SourceError, digest_of};
use crate::source::{OciSource, OciVersion, Source};

/// The media type of the configuration blob.
const WASM_CONFIG: &str = "application/vnd.wasm.config.v0+json";

/// What the answers to a push may hold: headers and short bodies.
const MAX_ANSWER_BYTES: u64 = 64 * 1024;

/// Pushes the package; the same package gives the same manifest and so the same digest.
pub(super) async fn push(
    settings: &FetcherSettings,
    target: &OciSource,
    package: Bytes,
) -> Result<Source, SourceError> {
    if matches!(target.version(), OciVersion::Digest(_)) {
        let text = "a package is published under a tag; write oci://registry.example/team/plugin:tag".to_owned();
        return Err(SourceError::Refused(text));
    }
    let connection = Connection::open(settings, target, RegistryOperation::Push).await?;
    let size = u64::try_from(package.len()).unwrap_or(u64::MAX);
    let limit_bytes = connection.settings().max_bytes;
    if size > limit_bytes {
        return Err(SourceError::TooLarge { what: "the package".to_owned(), limit_bytes });
    }
    connection.gate.allow(MAX_ANSWER_BYTES);
    let layer = ImageLayer::new(package, WASM_LAYER.to_owned(), None);
    // No creation time: it would make two pushes of one package differ.
    let description = serde_json::json!({
        "architecture": "wasm",
        "os": "wasip2",
        "layerDigests": [layer.sha256_digest()],
    });
    let config = Config::new(Bytes::from(description.to_string()), WASM_CONFIG.to_owned(), None);
    let layers = [layer];
    let mut manifest = OciImageManifest::build(&layers, &config, Some(BTreeMap::new()));
    manifest.media_type = Some(OCI_IMAGE_MEDIA_TYPE.to_owned());
    manifest.annotations = None;
    let [layer] = layers;
    let blobs = [(layer.data, manifest.layers.first().map(|layer| layer.digest.clone()).unwrap_or_default())];
    let blobs = blobs.into_iter().chain([(config.data, manifest.config.digest.clone())]);
    for (data, digest) in blobs {
        connection.gate.allow(MAX_ANSWER_BYTES);
        let pushed = connection.client.push_blob(&connection.reference, data, &digest).await;
        pushed.map_err(|error| connection.explain(error))?;
    }
    let text =
        serde_json::to_vec(&OciManifest::Image(manifest)).map_err(|error| SourceError::Internal(error.to_string()))?;
    let digest = digest_of(&text)?;
    connection.gate.allow(MAX_ANSWER_BYTES);
    let content_type = http::HeaderValue::from_static(OCI_IMAGE_MEDIA_TYPE);
    let pushed = connection.client.push_manifest_raw(&connection.reference, text, content_type).await;
    pushed.map_err(|error| connection.explain(error))?;
    Ok(Source::Oci(target.at(digest)))
}
