//! A package from an OCI registry: the tag is resolved once, everything after that goes by digest.
//!
//! An artefact is accepted when its manifest has exactly one WebAssembly layer, as `application/wasm` (the CNCF's
//! layout, what `wkg` and this host write) or under the older Wasm media type. A minisign signature may lie in the
//! manifest's annotation or in a small layer of its own.

use std::collections::BTreeMap;

use bricklayer_domain::PackageDigest;
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use oci_client::client::{Certificate, CertificateEncoding, ClientConfig, ClientProtocol};
use oci_client::errors::{DigestError, OciDistributionError};
use oci_client::manifest::{
    IMAGE_MANIFEST_LIST_MEDIA_TYPE, IMAGE_MANIFEST_MEDIA_TYPE, OCI_IMAGE_INDEX_MEDIA_TYPE, OCI_IMAGE_MEDIA_TYPE,
    OciDescriptor, OciImageIndex, OciImageManifest, OciManifest,
};
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference, RegistryOperation};

use super::gate::Gate;
use super::{Fetched, FetcherSettings, SourceError, credentials, digest_of, expect_digest, innermost, said};
use crate::signature::MAX_SIGNATURE_BYTES;
use crate::source::{OciSource, OciVersion, Source, is_loopback};

/// Largest manifest, in bytes: one of a plugin has a few hundred; the specification lets registries refuse 4 MiB.
const MAX_MANIFEST_BYTES: u64 = 256 * 1024;

/// Most layers of an artefact: one is the package, others are passed over unread.
const MAX_LAYERS: usize = 16;

/// The media types of a WebAssembly layer.
pub(super) const WASM_LAYER: &str = "application/wasm";
const WASM_LAYERS: [&str; 2] = [WASM_LAYER, "application/vnd.wasm.content.layer.v1+wasm"];

/// The media type of a layer that holds a minisign signature, and the annotation that may hold it instead.
const SIGNATURE_LAYER: &str = "application/vnd.bricklayer.signature.v1+minisign";
const SIGNATURE_ANNOTATION: &str = "dev.bricklayer.signature.minisign";

/// What a registry may answer with when asked for a manifest.
const MANIFEST_TYPES: [&str; 4] =
    [OCI_IMAGE_MEDIA_TYPE, OCI_IMAGE_INDEX_MEDIA_TYPE, IMAGE_MANIFEST_MEDIA_TYPE, IMAGE_MANIFEST_LIST_MEDIA_TYPE];

const USER_AGENT: &str = concat!("bricklayer/", env!("CARGO_PKG_VERSION"));

/// Pulls the package of an artefact.
pub(super) async fn pull(settings: &FetcherSettings, source: &OciSource) -> Result<Fetched, SourceError> {
    let connection = Connection::open(settings, source, RegistryOperation::Pull).await?;
    let (manifest, manifest_digest) = connection.manifest().await?;
    let layer = package_layer(source, &manifest)?;
    let bytes = connection.blob("the package", layer, settings.max_bytes).await?;
    let digest = digest_of(&bytes)?;
    let signature_sidecar = connection.signature(&manifest).await?;
    Ok(Fetched { bytes, digest, pinned: Source::Oci(source.at(manifest_digest)), signature_sidecar })
}

/// A registry as one fetch sees it.
pub(super) struct Connection<'a> {
    settings: &'a FetcherSettings,
    source: &'a OciSource,
    pub(super) gate: Gate,
    pub(super) client: Client,
    pub(super) reference: Reference,
    pub(super) auth: RegistryAuth,
}

impl<'a> Connection<'a> {
    /// Finds credentials, opens the gate and gets a token.
    pub(super) async fn open(
        settings: &'a FetcherSettings,
        source: &'a OciSource,
        operation: RegistryOperation,
    ) -> Result<Self, SourceError> {
        let reference = source.reference();
        // Docker Hub answers under another name than the one in its references.
        let authority = reference.resolve_registry().to_owned();
        let host = authority.rsplit_once(':').map_or(authority.as_str(), |(host, _)| host);
        let plain = settings.allow_loopback_http && is_loopback(host);
        let port = source.port().unwrap_or(if plain { 80 } else { 443 });
        let auth = credentials::find(settings, source).await?;
        let gate = Gate::open(settings, host, port).await?;
        gate.allow(MAX_MANIFEST_BYTES);
        let client = client(settings, &gate, if plain { vec![authority.clone()] } else { Vec::new() })?;
        let connection = Self { settings, source, gate, client, reference, auth };
        let token = connection.client.auth(&connection.reference, &connection.auth, operation).await;
        token.map_err(|error| connection.explain(error))?;
        Ok(connection)
    }

    /// The manifest with its digest; an index that lists one artefact is followed to it.
    async fn manifest(&self) -> Result<(OciImageManifest, PackageDigest), SourceError> {
        let expected = match self.source.version() {
            OciVersion::Digest(digest) => Some(digest.clone()),
            OciVersion::Tag(_) => None,
        };
        let (manifest, digest) = self.manifest_at(&self.reference, expected.as_ref()).await?;
        match manifest {
            OciManifest::Image(manifest) => Ok((manifest, digest)),
            OciManifest::ImageIndex(index) => {
                let digest = only_entry(self.source, &index)?;
                let reference = self.reference.clone_with_digest(format!("sha256:{digest}"));
                match self.manifest_at(&reference, Some(&digest)).await? {
                    (OciManifest::Image(manifest), digest) => Ok((manifest, digest)),
                    (OciManifest::ImageIndex(_), _) => Err(bad(self.source, "its index lists another index")),
                }
            }
        }
    }

    async fn manifest_at(
        &self,
        reference: &Reference,
        expected: Option<&PackageDigest>,
    ) -> Result<(OciManifest, PackageDigest), SourceError> {
        self.gate.allow(MAX_MANIFEST_BYTES);
        let answer = self.client.pull_manifest_raw(reference, &self.auth, &MANIFEST_TYPES).await;
        let (bytes, _) = answer.map_err(|error| self.explain(error))?;
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_MANIFEST_BYTES {
            return Err(SourceError::TooLarge { what: "the manifest".to_owned(), limit_bytes: MAX_MANIFEST_BYTES });
        }
        let digest = digest_of(&bytes)?;
        if let Some(expected) = expected {
            expect_digest("the manifest", expected, &digest)?;
        }
        let manifest = serde_json::from_slice(&bytes)
            .map_err(|_| bad(self.source, "its manifest is not an OCI or Docker image manifest"))?;
        Ok((manifest, digest))
    }

    /// A blob: no larger than its descriptor says, which is no larger than the limit, and with its digest.
    async fn blob(&self, what: &str, descriptor: &OciDescriptor, limit: u64) -> Result<Bytes, SourceError> {
        let too_large = || SourceError::TooLarge { what: what.to_owned(), limit_bytes: limit };
        let expected = descriptor.digest.strip_prefix("sha256:").and_then(|digits| PackageDigest::parse(digits).ok());
        let expected = expected.ok_or_else(|| bad(self.source, "a layer has no sha256 digest"))?;
        let size = u64::try_from(descriptor.size).map_err(|_| bad(self.source, "a layer has a negative size"))?;
        if size > limit {
            return Err(too_large());
        }
        self.gate.allow(size);
        // Without the descriptor's own addresses: what a manifest says must not send the host anywhere.
        let descriptor = OciDescriptor { urls: None, ..descriptor.clone() };
        let answer = self.client.pull_blob_stream(&self.reference, &descriptor).await;
        let mut chunks = answer.map_err(|error| self.explain(error))?.stream;
        let mut bytes = BytesMut::new();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|error| self.explain_stream(what, error))?;
            bytes.extend_from_slice(&chunk);
            if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > size {
                return Err(bad(self.source, &format!("{what} is larger than its manifest says")));
            }
        }
        let bytes = bytes.freeze();
        expect_digest(what, &expected, &digest_of(&bytes)?)?;
        Ok(bytes)
    }

    /// The signature that an artefact carries beside its package.
    async fn signature(&self, manifest: &OciImageManifest) -> Result<Option<String>, SourceError> {
        let annotated = |annotations: &BTreeMap<String, String>| annotations.get(SIGNATURE_ANNOTATION).cloned();
        if let Some(text) = manifest.annotations.as_ref().and_then(annotated) {
            return Ok(Some(text));
        }
        let Some(layer) = manifest.layers.iter().find(|layer| layer.media_type == SIGNATURE_LAYER) else {
            return Ok(None);
        };
        let limit = u64::try_from(MAX_SIGNATURE_BYTES).unwrap_or(u64::MAX);
        let bytes = self.blob("the signature", layer, limit).await?;
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// What a client error means. The gate's own reason counts first: the client sees only a broken connection.
    pub(super) fn explain(&self, error: OciDistributionError) -> SourceError {
        if let Some(refusal) = self.gate.refusal() {
            return refusal;
        }
        let host = self.source.registry();
        match error {
            OciDistributionError::UnauthorizedError { .. } => self.denied("it wants credentials".to_owned()),
            OciDistributionError::AuthenticationFailure(reason) => self.denied(said(&reason)),
            OciDistributionError::ServerError { code: 401 | 403, message, .. } => self.denied(said(&message)),
            OciDistributionError::ServerError { code: 404, .. }
            | OciDistributionError::ImageManifestNotFoundError(_) => self.missing(),
            OciDistributionError::ServerError { code, .. } => {
                SourceError::BadAnswer(format!("{host} answered {code}; try again later"))
            }
            OciDistributionError::RegistryError { envelope, .. } => self.explain_envelope(&envelope),
            OciDistributionError::DigestError(DigestError::VerificationError { expected, actual }) => {
                SourceError::DigestMismatch { what: "what the registry sent".to_owned(), expected, actual }
            }
            OciDistributionError::RequestError(error) if error.is_connect() || error.is_timeout() => {
                SourceError::Unreachable { host, reason: innermost(&error) }
            }
            OciDistributionError::RequestError(error) => SourceError::Unreachable { host, reason: innermost(&error) },
            other => SourceError::BadAnswer(format!("{host} gave a bad answer ({})", said(&other.to_string()))),
        }
    }

    fn explain_envelope(&self, envelope: &oci_client::errors::OciEnvelope) -> SourceError {
        use oci_client::errors::OciErrorCode;
        match envelope.errors.first().map(|error| (&error.code, said(&error.message))) {
            Some((OciErrorCode::Unauthorized | OciErrorCode::Denied, reason)) => self.denied(reason),
            Some((
                OciErrorCode::ManifestUnknown
                | OciErrorCode::NameUnknown
                | OciErrorCode::BlobUnknown
                | OciErrorCode::NotFound
                | OciErrorCode::NameInvalid,
                _,
            )) => self.missing(),
            Some((_, reason)) => SourceError::BadAnswer(format!("{} refused: {reason}", self.source.registry())),
            None => SourceError::BadAnswer(format!("{} refused without a reason", self.source.registry())),
        }
    }

    fn explain_stream(&self, what: &str, error: std::io::Error) -> SourceError {
        if let Some(refusal) = self.gate.refusal() {
            return refusal;
        }
        match error.get_ref().and_then(|inner| inner.downcast_ref::<DigestError>()) {
            Some(DigestError::VerificationError { expected, actual }) => SourceError::DigestMismatch {
                what: what.to_owned(),
                expected: expected.clone(),
                actual: actual.clone(),
            },
            _ => SourceError::Unreachable { host: self.source.registry(), reason: innermost(&error) },
        }
    }

    fn denied(&self, reason: String) -> SourceError {
        let host = self.source.registry();
        let known = !matches!(self.auth, RegistryAuth::Anonymous);
        let remedy = if known {
            format!("the stored credentials for it do not suffice: check them and run `docker login {host}` again")
        } else {
            format!("run `docker login {host}` as the host's user, or point DOCKER_CONFIG at its credentials")
        };
        SourceError::Denied { host, reason, remedy }
    }

    fn missing(&self) -> SourceError {
        let what = Source::Oci(self.source.clone()).to_string();
        let remedy =
            "check the repository and the tag; registries also answer so when credentials are missing".to_owned();
        SourceError::NotFound { what, remedy }
    }

    pub(super) fn settings(&self) -> &FetcherSettings {
        self.settings
    }
}

/// The one layer that is the package.
fn package_layer<'m>(source: &OciSource, manifest: &'m OciImageManifest) -> Result<&'m OciDescriptor, SourceError> {
    if manifest.layers.len() > MAX_LAYERS {
        return Err(bad(source, &format!("it has {} layers, more than {MAX_LAYERS}", manifest.layers.len())));
    }
    let mut packages = manifest.layers.iter().filter(|layer| WASM_LAYERS.contains(&layer.media_type.as_str()));
    match (packages.next(), packages.next()) {
        (Some(layer), None) => Ok(layer),
        (Some(_), Some(_)) => Err(bad(source, "it has more than one WebAssembly layer")),
        (None, _) => {
            let types: Vec<String> = manifest.layers.iter().map(|layer| said(&layer.media_type)).collect();
            let types = if types.is_empty() { "none".to_owned() } else { types.join(", ") };
            Err(bad(source, &format!("it has no layer of type {WASM_LAYER} (its layers: {types})")))
        }
    }
}

/// The one artefact of an index; more than one is not ours to choose from.
fn only_entry(source: &OciSource, index: &OciImageIndex) -> Result<PackageDigest, SourceError> {
    let [entry] = index.manifests.as_slice() else {
        let text = format!("it lists {} artefacts; name one by its digest", index.manifests.len());
        return Err(bad(source, &text));
    };
    let digest = entry.digest.strip_prefix("sha256:").and_then(|digits| PackageDigest::parse(digits).ok());
    digest.ok_or_else(|| bad(source, "its index names no sha256 digest"))
}

fn bad(source: &OciSource, problem: &str) -> SourceError {
    let source = Source::Oci(source.clone());
    SourceError::BadAnswer(format!(
        "{source} is not a plugin package: {problem}; publish it with `bricklayer plugin publish` or `wkg oci push`"
    ))
}

fn client(settings: &FetcherSettings, gate: &Gate, plain: Vec<String>) -> Result<Client, SourceError> {
    let certificates = settings.extra_root_certificates.iter();
    let config = ClientConfig {
        protocol: ClientProtocol::HttpsExcept(plain),
        extra_root_certificates: certificates
            .map(|pem| Certificate { encoding: CertificateEncoding::Pem, data: pem.clone() })
            .collect(),
        platform_resolver: None,
        max_concurrent_upload: 1,
        max_concurrent_download: 1,
        connect_timeout: Some(settings.connect_timeout),
        read_timeout: Some(settings.total_timeout),
        user_agent: USER_AGENT,
        https_proxy: Some(gate.proxy().to_owned()),
        http_proxy: Some(gate.proxy().to_owned()),
        ..ClientConfig::default()
    };
    // Not `Client::new`, which falls back to a client without the gate.
    Client::try_from(config).map_err(|error| SourceError::Internal(said(&error.to_string())))
}
