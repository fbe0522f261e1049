//! Where a package is said to be: a file, an https address with a digest, or a reference into an OCI registry.
//!
//! The text form is canonical: what a person wrote is parsed once, and what is stored, shown and compared is printed
//! from the parts. Nothing that could hold a secret (user information, queries) is accepted, so every source may be shown.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use bricklayer_domain::PackageDigest;
use oci_client::Reference;
use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// Longest text of a source, in bytes: it is stored in every version row and shown in a list.
const MAX_SOURCE_BYTES: usize = 2048;

/// How the digest of an address or a file is written.
const DIGEST_MARK: &str = "#sha256=";

/// Where a package is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Source {
    /// A file of the machine that the host runs on.
    File(FileSource),
    /// An address, pinned by the digest of what it serves.
    Web(WebSource),
    /// An artefact in an OCI registry.
    Oci(OciSource),
}

/// A file: `weather.wasm`, `/srv/plugins/weather.wasm`, `file:///srv/…`, each with an optional `#sha256=<digest>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FileSource {
    path: PathBuf,
    digest: Option<PackageDigest>,
}

/// `https://host/path.wasm#sha256=<digest>`. Plain http exists for loopback only.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WebSource {
    url: Url,
    digest: PackageDigest,
}

/// `oci://registry/repository:tag` or `oci://registry/repository@sha256:<digest>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OciSource {
    host: String,
    port: Option<u16>,
    repository: String,
    version: OciVersion,
}

/// Which artefact of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum OciVersion {
    /// A name that the registry may move.
    Tag(String),
    /// The digest of a manifest.
    Digest(PackageDigest),
}

/// A text that names no source, with the way out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} cannot be used as a source: {problem}; {remedy}")]
pub struct SourceParseError {
    text: String,
    problem: String,
    remedy: &'static str,
}

const FORMS: &str =
    "write a file path, https://host/path.wasm#sha256=<64 hexadecimal digits>, or oci://registry/repository:tag";
const WEB_FORM: &str = "write https://host/path.wasm#sha256=<64 hexadecimal digits>";
const OCI_FORM: &str =
    "write oci://registry.example/team/plugin:tag or oci://registry.example/team/plugin@sha256:<digest>";

impl Source {
    /// Parses what a person wrote.
    ///
    /// # Errors
    /// Says what is wrong and how it should look.
    pub fn parse(text: &str) -> Result<Self, SourceParseError> {
        let text = text.trim();
        let fail = |(problem, remedy): Problem| SourceParseError { text: shortened(text), problem, remedy };
        if text.is_empty() {
            return Err(fail(("it is empty".to_owned(), FORMS)));
        }
        if text.len() > MAX_SOURCE_BYTES {
            return Err(fail((format!("it is longer than {MAX_SOURCE_BYTES} bytes"), FORMS)));
        }
        if text.chars().any(char::is_control) {
            return Err(fail(("it holds control characters".to_owned(), FORMS)));
        }
        let Some((scheme, rest)) = text.split_once("://") else {
            return FileSource::parse(text).map(Self::File).map_err(fail);
        };
        match scheme.to_ascii_lowercase().as_str() {
            "file" if rest.starts_with('/') => FileSource::parse(rest).map(Self::File).map_err(fail),
            "file" => Err(fail(("a file address needs an absolute path".to_owned(), "write file:///absolute/path"))),
            "https" | "http" => WebSource::parse(text).map(Self::Web).map_err(fail),
            "oci" => OciSource::parse(rest).map(Self::Oci).map_err(fail),
            other => Err(fail((format!("{other}:// is not a kind of source"), FORMS))),
        }
    }

    /// What the source itself promises about the package's bytes, if anything.
    #[must_use]
    pub fn expected_digest(&self) -> Option<&PackageDigest> {
        match self {
            Self::File(file) => file.digest.as_ref(),
            Self::Web(web) => Some(&web.digest),
            Self::Oci(_) => None,
        }
    }

    /// Whether fetching it again can only give the same bytes.
    #[must_use]
    pub fn is_pinned(&self) -> bool {
        match self {
            Self::File(file) => file.digest.is_some(),
            Self::Web(_) => true,
            Self::Oci(oci) => matches!(oci.version, OciVersion::Digest(_)),
        }
    }
}

/// What is wrong, and how it should look.
type Problem = (String, &'static str);

impl FileSource {
    fn parse(text: &str) -> Result<Self, Problem> {
        let (path, digest) = match text.rsplit_once(DIGEST_MARK) {
            Some((path, digits)) => (path, Some(parse_digest(digits)?)),
            None => (text, None),
        };
        if path.is_empty() {
            return Err(("the path is empty".to_owned(), FORMS));
        }
        Ok(Self { path: PathBuf::from(path), digest })
    }

    /// The file, as written.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The same file, pinned.
    pub(crate) fn with_digest(&self, path: PathBuf, digest: PackageDigest) -> Self {
        Self { path, digest: Some(digest) }
    }
}

impl WebSource {
    fn parse(text: &str) -> Result<Self, Problem> {
        let mut url = Url::parse(text).map_err(|error| (format!("the address cannot be read ({error})"), WEB_FORM))?;
        let host = checked_host(&url, text).map_err(|problem| (problem, WEB_FORM))?;
        if url.scheme() == "http" && !is_loopback(&host) {
            return Err(("plain http is not protected against change".to_owned(), WEB_FORM));
        }
        if !url.username().is_empty() || url.password().is_some() {
            let remedy =
                "leave the user and password out: what needs them belongs in a registry with stored credentials";
            return Err(("it holds user information".to_owned(), remedy));
        }
        if url.query().is_some() {
            return Err(("it holds a query, which often carries a secret".to_owned(), "leave out what follows the ?"));
        }
        if has_encoded_separator(url.path()) || text.contains('\\') {
            return Err(("its path hides a separator".to_owned(), WEB_FORM));
        }
        if url.path().ends_with('/') {
            return Err(("it names a directory".to_owned(), WEB_FORM));
        }
        let Some(digits) = url.fragment().and_then(|fragment| fragment.strip_prefix("sha256=")) else {
            let remedy =
                "add #sha256=<64 hexadecimal digits>; `sha256sum FILE` or `bricklayer plugin inspect FILE` prints them";
            return Err(("it does not say the digest of the package".to_owned(), remedy));
        };
        let digest = parse_digest(digits)?;
        url.set_fragment(None);
        Ok(Self { url, digest })
    }

    /// The address, without the digest.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The digest that was asked for.
    #[must_use]
    pub fn digest(&self) -> &PackageDigest {
        &self.digest
    }
}

impl OciSource {
    fn parse(text: &str) -> Result<Self, Problem> {
        let Some((authority, name)) = text.split_once('/') else {
            return Err(("it names no repository".to_owned(), OCI_FORM));
        };
        let authority = authority.to_ascii_lowercase();
        if !authority.contains(['.', ':']) && authority != "localhost" {
            return Err((format!("{authority:?} is not the address of a registry"), OCI_FORM));
        }
        let (host, port) = parse_authority(&authority).map_err(|problem| (problem, OCI_FORM))?;
        match (name.rsplit_once('@'), last_segment(name).contains(':')) {
            (None, false) => Err(("it names no tag and no digest, and none is assumed".to_owned(), OCI_FORM)),
            (Some((name, _)), _) if last_segment(name).contains(':') => {
                Err(("it names a tag and a digest".to_owned(), "keep one of them: the digest if it must not change"))
            }
            _ => {
                let grammar = |error| (format!("the reference cannot be read ({error})"), OCI_FORM);
                let reference = Reference::try_from(format!("{authority}/{name}")).map_err(grammar)?;
                let version = match (reference.digest(), reference.tag()) {
                    (Some(digest), _) => match digest.strip_prefix("sha256:") {
                        Some(digits) => OciVersion::Digest(parse_digest(digits)?),
                        None => return Err(("only sha256 digests are understood".to_owned(), OCI_FORM)),
                    },
                    (None, Some(tag)) => OciVersion::Tag(tag.to_owned()),
                    (None, None) => return Err(("it names no tag and no digest".to_owned(), OCI_FORM)),
                };
                Ok(Self { host, port, repository: reference.repository().to_owned(), version })
            }
        }
    }

    /// The registry's host with its port, if it has one of its own.
    #[must_use]
    pub fn registry(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.clone(),
        }
    }

    /// The registry's host.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The registry's port, when it is not 443.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// The repository within the registry.
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag or digest.
    #[must_use]
    pub fn version(&self) -> &OciVersion {
        &self.version
    }

    /// The same repository at a manifest's digest.
    pub(crate) fn at(&self, digest: PackageDigest) -> Self {
        Self { version: OciVersion::Digest(digest), ..self.clone() }
    }

    /// As the registry client names it.
    pub(crate) fn reference(&self) -> Reference {
        match &self.version {
            OciVersion::Tag(tag) => Reference::with_tag(self.registry(), self.repository.clone(), tag.clone()),
            OciVersion::Digest(digest) => {
                Reference::with_digest(self.registry(), self.repository.clone(), format!("sha256:{digest}"))
            }
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => {
                write!(f, "{}", file.path.display())?;
                file.digest.as_ref().map_or(Ok(()), |digest| write!(f, "{DIGEST_MARK}{digest}"))
            }
            Self::Web(web) => write!(f, "{}{DIGEST_MARK}{}", web.url, web.digest),
            Self::Oci(oci) => {
                write!(f, "oci://{}/{}", oci.registry(), oci.repository)?;
                match &oci.version {
                    OciVersion::Tag(tag) => write!(f, ":{tag}"),
                    OciVersion::Digest(digest) => write!(f, "@sha256:{digest}"),
                }
            }
        }
    }
}

impl FromStr for Source {
    type Err = SourceParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Source {
    type Error = SourceParseError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Source> for String {
    fn from(source: Source) -> Self {
        source.to_string()
    }
}

/// Whether a host is this machine, by its name alone.
pub(crate) fn is_loopback(host: &str) -> bool {
    let literal = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host == "localhost" || literal.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether a path holds an encoded `/`, `\` or NUL, which servers decode at will and a prefix would not see.
pub(crate) fn has_encoded_separator(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    ["%2f", "%5c", "%00"].iter().any(|hidden| path.contains(hidden))
}

/// The host of an address, refused where what is written and what is meant differ (`127.1`, `0x7f.1`, a trailing dot).
pub(crate) fn checked_host(url: &Url, text: &str) -> Result<String, String> {
    let host = match url.host() {
        None => return Err("it names no host".to_owned()),
        Some(Host::Domain(name)) if name.ends_with('.') => return Err("its host ends with a dot".to_owned()),
        Some(Host::Domain(name)) => name.to_owned(),
        Some(Host::Ipv4(address)) if text.contains(&address.to_string()) => address.to_string(),
        Some(Host::Ipv4(address)) => return Err(format!("its host is another way to write {address}")),
        Some(Host::Ipv6(address)) => format!("[{address}]"),
    };
    Ok(host)
}

/// Host and port of a registry; the port of https is left out, so that both ways to write it are one.
pub(crate) fn parse_authority(authority: &str) -> Result<(String, Option<u16>), String> {
    if authority.contains(['@', '?', '#', '\\', '[', '%']) {
        return Err(format!("{authority:?} is not a host with a port"));
    }
    let url =
        Url::parse(&format!("https://{authority}/")).map_err(|error| format!("the host cannot be read ({error})"))?;
    let host = checked_host(&url, authority)?;
    Ok((host, url.port()))
}

fn last_segment(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

fn parse_digest(digits: &str) -> Result<PackageDigest, Problem> {
    PackageDigest::parse(&digits.to_ascii_lowercase()).map_err(|_| {
        ("its digest is not 64 hexadecimal digits".to_owned(), "`sha256sum FILE` prints the digest of a package")
    })
}

/// Most characters of a bad source that an error repeats.
const MAX_SHOWN_CHARS: usize = 200;

fn shortened(text: &str) -> String {
    text.chars().take(MAX_SHOWN_CHARS).collect()
}

#[cfg(test)]
mod tests;
