//! Fetching a package: the bytes a source names, within bounds, with a digest that was computed here.
//!
//! The fetcher runs with the host's place in the network on behalf of a person who only typed an address. So each fetch
//! goes through a [`gate::Gate`] of its own, which vets addresses and counts bytes whatever the protocol above does.

mod credentials;
mod file;
mod gate;
mod oci;
mod publish;
mod web;

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bricklayer_domain::PackageDigest;
use bytes::Bytes;
use futures::FutureExt;
use sha2::{Digest, Sha256};

use crate::policy::{PolicyRefusal, SourcePolicy};
use crate::source::Source;

/// Largest package that is fetched unless the settings say otherwise, in bytes: twice what the compiler takes by
/// default, so that a large component is refused there, with its reason, and not here.
pub const MAX_PACKAGE_BYTES: u64 = 32 * 1024 * 1024;

/// How a [`Fetcher`] works.
#[derive(Debug, Clone)]
pub struct FetcherSettings {
    /// Which sources may be fetched, and which hosts may lie inside the network (those that a prefix names).
    pub policy: SourcePolicy,
    /// Largest package, in bytes.
    pub max_bytes: u64,
    /// Longest time to reach a host: name and connection.
    pub connect_timeout: Duration,
    /// Longest time for a whole fetch, with the registry's tokens and a signature beside the package.
    pub total_timeout: Duration,
    /// Whether addresses and registries on this machine's loopback may be used, over plain http. For tests and local
    /// registries.
    pub allow_loopback_http: bool,
    /// Where Docker's `config.json` is, or the directory it is in; without one `DOCKER_CONFIG` and `~/.docker` count.
    pub docker_config: Option<PathBuf>,
    /// Certificates to trust besides the system's, each in PEM.
    pub extra_root_certificates: Vec<Vec<u8>>,
}

impl Default for FetcherSettings {
    fn default() -> Self {
        Self {
            policy: SourcePolicy::default(),
            max_bytes: MAX_PACKAGE_BYTES,
            connect_timeout: Duration::from_secs(10),
            total_timeout: Duration::from_secs(120),
            allow_loopback_http: false,
            docker_config: None,
            extra_root_certificates: Vec::new(),
        }
    }
}

/// A package as its source gave it.
#[derive(Clone)]
pub struct Fetched {
    /// The package.
    pub bytes: Bytes,
    /// SHA-256 of the bytes, computed here.
    pub digest: PackageDigest,
    /// The source that gives these very bytes again: what the lock table holds.
    pub pinned: Source,
    /// The minisign signature that lay beside the package (`.minisig`, or in the registry's manifest), unchecked.
    pub signature_sidecar: Option<String>,
}

impl fmt::Debug for Fetched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetched")
            .field("bytes", &self.bytes.len())
            .field("digest", &self.digest)
            .field("pinned", &self.pinned)
            .field("signature_sidecar", &self.signature_sidecar.is_some())
            .finish()
    }
}

/// Why a package was not fetched or published. Each text says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The operator does not allow the source.
    #[error(transparent)]
    Policy(#[from] PolicyRefusal),
    /// There is nothing at the source.
    #[error("{what} was not found; {remedy}")]
    NotFound {
        /// What was looked for.
        what: String,
        /// What to do.
        remedy: String,
    },
    /// The registry or server wants to know who asks, or does not like the answer.
    #[error("{host} refuses access ({reason}); {remedy}")]
    Denied {
        /// The registry or server.
        host: String,
        /// What it said.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// There is more than the bound.
    #[error("{what} is larger than {limit_bytes} bytes, the most that is fetched; make it smaller")]
    TooLarge {
        /// What is too large.
        what: String,
        /// The bound, in bytes.
        limit_bytes: u64,
    },
    /// The bytes are not the ones that were asked for.
    #[error("{what} has the digest {actual}, not {expected}: it was changed; check the digest with the publisher")]
    DigestMismatch {
        /// What was fetched.
        what: String,
        /// Lower-case hexadecimal SHA-256.
        expected: String,
        /// Lower-case hexadecimal SHA-256.
        actual: String,
    },
    /// The host does not go there, or does not do that.
    #[error("{0}")]
    Refused(String),
    /// What came back is not what the protocol or the format asks for.
    #[error("{0}")]
    BadAnswer(String),
    /// No connection, or it broke.
    #[error("{host} cannot be reached ({reason}); check the address and the network")]
    Unreachable {
        /// Where to.
        host: String,
        /// What happened.
        reason: String,
    },
    /// It took too long.
    #[error("{what} took longer than {seconds} seconds; try again, or raise the time limit")]
    TimedOut {
        /// What was fetched.
        what: String,
        /// The limit.
        seconds: u64,
    },
    /// The file cannot be read.
    #[error("{path} cannot be read; {remedy}")]
    File {
        /// Which.
        path: String,
        /// What to do.
        remedy: String,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// The host itself failed.
    #[error("the fetch failed inside the host: {0}")]
    Internal(String),
}

/// Fetches packages. Cheap to clone; holds no connections between fetches, so that nothing of one person's fetch (a
/// token, a connection) can serve another's.
#[derive(Debug, Clone)]
pub struct Fetcher {
    settings: Arc<FetcherSettings>,
}

impl Fetcher {
    /// A fetcher with these settings.
    ///
    /// Installs the process's cryptography provider if nobody did: the https client needs one and panics without.
    #[must_use]
    pub fn new(settings: FetcherSettings) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self { settings: Arc::new(settings) }
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &FetcherSettings {
        &self.settings
    }

    /// Fetches what a source names. The policy is checked first, and again for each hop.
    ///
    /// Dropping the future ends the fetch and its connections.
    ///
    /// # Errors
    /// When the policy, the bounds, the digests or the far end say no.
    pub async fn fetch(&self, source: &Source) -> Result<Fetched, SourceError> {
        self.settings.policy.check(source)?;
        let work = async {
            match source {
                Source::File(file) => file::read(&self.settings, file).await,
                Source::Web(web) => web::get(&self.settings, web).await,
                Source::Oci(oci) => oci::pull(&self.settings, oci).await,
            }
        };
        let fetched = self.contained(source, work).await?;
        tracing::info!(source = %source, digest = %fetched.digest, bytes = fetched.bytes.len(), "fetched a package");
        Ok(fetched)
    }

    /// Pushes a package to `oci://registry/repository:tag` and returns the pinned source of what was pushed.
    ///
    /// # Errors
    /// When the source is no tag in a registry, or the registry says no.
    pub async fn publish(&self, target: &Source, package: Bytes) -> Result<Source, SourceError> {
        let Source::Oci(oci) = target else {
            let text = format!("{target} is not a registry; write oci://registry.example/team/plugin:tag");
            return Err(SourceError::Refused(text));
        };
        self.settings.policy.check(target)?;
        self.contained(target, publish::push(&self.settings, oci, package)).await
    }

    /// Bounds the time, and turns a panic into an error: the registry client panics on some answers (a token with a
    /// line break is one), and whoever answers must not be able to end the host's task with that.
    async fn contained<T>(
        &self,
        source: &Source,
        work: impl Future<Output = Result<T, SourceError>>,
    ) -> Result<T, SourceError> {
        let limit = self.settings.total_timeout;
        match tokio::time::timeout(limit, AssertUnwindSafe(work).catch_unwind()).await {
            Ok(Ok(result)) => result,
            Ok(Err(_panic)) => {
                let text = format!("{source} answered with something that no registry or server should send");
                Err(SourceError::BadAnswer(text))
            }
            Err(_elapsed) => Err(SourceError::TimedOut { what: source.to_string(), seconds: limit.as_secs() }),
        }
    }
}

/// SHA-256 as a package's digest.
///
/// # Errors
/// Never in practice: 32 bytes are 64 hexadecimal digits.
fn digest_of(bytes: &[u8]) -> Result<PackageDigest, SourceError> {
    PackageDigest::parse(&hex::encode(Sha256::digest(bytes))).map_err(|error| SourceError::Internal(error.to_string()))
}

/// Compares a digest with what was asked for.
fn expect_digest(what: &str, expected: &PackageDigest, actual: &PackageDigest) -> Result<(), SourceError> {
    if expected == actual {
        return Ok(());
    }
    let (expected, actual) = (expected.to_string(), actual.to_string());
    Err(SourceError::DigestMismatch { what: what.to_owned(), expected, actual })
}

/// Most characters that an error repeats of what a far end said.
const MAX_REPEATED_CHARS: usize = 200;

/// What a far end said, fit to be shown: one short line.
fn said(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_REPEATED_CHARS).collect()
}

/// The innermost reason of an error, for people: the outer layers only say that something failed.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut current = error;
    while let Some(source) = current.source() {
        current = source;
    }
    said(&current.to_string())
}
