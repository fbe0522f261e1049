//! Which sources an operator allows: whole kinds, or prefixes compared by host, port and whole path segments.

use std::fmt;
use std::path::{Path, PathBuf};

use url::Url;

use crate::source::{Source, checked_host, has_encoded_separator, parse_authority};

/// Most rules in a policy: it is shown whole in an error and on the page.
const MAX_RULES: usize = 100;

/// The sources that an operator allows. What no rule allows is refused; an empty policy refuses everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourcePolicy {
    rules: Vec<Rule>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Rule {
    AnyFile,
    AnyWeb,
    AnyOci,
    Directory(PathBuf),
    Web { scheme: String, place: Place },
    Oci(Place),
}

/// A host with a port, and the first segments of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    host: String,
    port: u16,
    segments: Vec<String>,
}

/// A policy text that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{rule:?} is not a rule for sources: {problem}; write file, https, oci, file:///directory/, \
     https://host/path/ or oci://registry/path/, separated by commas"
)]
pub struct PolicyParseError {
    rule: String,
    problem: String,
}

/// A source that the policy does not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{source_text} is not among the sources that the operator allows ({allowed}); {remedy}")]
pub struct PolicyRefusal {
    source_text: String,
    allowed: String,
    remedy: &'static str,
}

impl Default for SourcePolicy {
    /// Any file, https address or registry.
    fn default() -> Self {
        Self { rules: vec![Rule::AnyFile, Rule::AnyWeb, Rule::AnyOci] }
    }
}

impl SourcePolicy {
    /// Reads the setting `plugins.sources`: a comma list of `file`, `https`, `oci` and prefixes. Empty allows nothing.
    ///
    /// # Errors
    /// Names the rule that cannot be read.
    pub fn parse(text: &str) -> Result<Self, PolicyParseError> {
        let texts = text.split(',').map(str::trim).filter(|rule| !rule.is_empty());
        let rules = texts
            .map(|rule| Rule::parse(rule).map_err(|problem| PolicyParseError { rule: rule.to_owned(), problem }))
            .collect::<Result<Vec<_>, _>>()?;
        if rules.len() > MAX_RULES {
            return Err(PolicyParseError {
                rule: text.chars().take(40).collect(),
                problem: format!("more than {MAX_RULES} rules"),
            });
        }
        Ok(Self { rules })
    }

    /// Whether a source may be used.
    ///
    /// # Errors
    /// Names what is allowed instead.
    pub fn check(&self, source: &Source) -> Result<(), PolicyRefusal> {
        if self.rules.iter().any(|rule| rule.allows(source)) {
            return Ok(());
        }
        let remedy = "use one of these, or ask the operator to add it to the setting plugins.sources";
        let allowed = if self.rules.is_empty() { "none".to_owned() } else { self.words().join(", ") };
        Err(PolicyRefusal { source_text: source.to_string(), allowed, remedy })
    }

    /// The rules as the operator would write them, for people.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        self.rules.iter().map(ToString::to_string).collect()
    }

    /// Whether an https answer may send the fetcher on to another host: only where a prefix names that host.
    pub(crate) fn names_web(&self, url: &Url) -> bool {
        self.rules.iter().any(|rule| match rule {
            Rule::Web { scheme, place } => scheme == url.scheme() && place.holds_url(url),
            _ => false,
        })
    }

    /// Whether a prefix names the host: an operator who wrote it down answers for its being inside the network.
    pub(crate) fn names_host(&self, host: &str, port: u16) -> bool {
        self.rules.iter().any(|rule| match rule {
            Rule::Web { place, .. } | Rule::Oci(place) => place.host == host && place.port == port,
            Rule::AnyFile | Rule::AnyWeb | Rule::AnyOci | Rule::Directory(_) => false,
        })
    }
}

impl Rule {
    fn parse(text: &str) -> Result<Self, String> {
        let Some((scheme, rest)) = text.split_once("://") else {
            return match text {
                "file" => Ok(Self::AnyFile),
                "https" => Ok(Self::AnyWeb),
                "oci" => Ok(Self::AnyOci),
                _ => Err("it is neither a kind of source nor a prefix".to_owned()),
            };
        };
        match scheme.to_ascii_lowercase().as_str() {
            "file" if rest.starts_with('/') => Ok(Self::Directory(PathBuf::from(rest))),
            "file" => Err("a directory must be absolute".to_owned()),
            "https" | "http" => {
                let (scheme, place) = Place::of_address(text)?;
                if scheme == "http" && !crate::source::is_loopback(&place.host) {
                    return Err("plain http is not protected against change".to_owned());
                }
                Ok(Self::Web { scheme, place })
            }
            "oci" => Place::of_registry(rest).map(Self::Oci),
            other => Err(format!("{other}:// is not a kind of source")),
        }
    }

    fn allows(&self, source: &Source) -> bool {
        match (self, source) {
            (Self::AnyFile, Source::File(_)) | (Self::AnyWeb, Source::Web(_)) | (Self::AnyOci, Source::Oci(_)) => true,
            (Self::Directory(directory), Source::File(file)) => is_within(file.path(), directory),
            (Self::Web { scheme, place }, Source::Web(web)) => {
                scheme == web.url().scheme() && place.holds_url(web.url())
            }
            (Self::Oci(place), Source::Oci(oci)) => {
                place.holds(oci.host(), oci.port().unwrap_or(HTTPS_PORT), oci.repository().split('/'))
            }
            _ => false,
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AnyFile => f.write_str("file"),
            Self::AnyWeb => f.write_str("https"),
            Self::AnyOci => f.write_str("oci"),
            Self::Directory(directory) => write!(f, "file://{}", directory.display()),
            Self::Web { scheme, place } => write!(f, "{scheme}://{place}"),
            Self::Oci(place) => write!(f, "oci://{place}"),
        }
    }
}

const HTTPS_PORT: u16 = 443;

impl Place {
    fn of_address(text: &str) -> Result<(String, Self), String> {
        let url = Url::parse(text).map_err(|error| format!("the address cannot be read ({error})"))?;
        let host = checked_host(&url, text)?;
        let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
        if !plain || url.fragment().is_some() || has_encoded_separator(url.path()) || text.contains('\\') {
            return Err("a prefix is a host and a path, nothing else".to_owned());
        }
        let segments = url.path_segments().into_iter().flatten();
        let port = url.port_or_known_default().unwrap_or(HTTPS_PORT);
        Ok((url.scheme().to_owned(), Self { host, port, segments: whole_segments(segments) }))
    }

    fn of_registry(text: &str) -> Result<Self, String> {
        let (authority, path) = text.split_once('/').unwrap_or((text, ""));
        if path.contains([':', '@', '?', '#', '%', '\\'])
            || path.split('/').any(|segment| matches!(segment, "." | ".."))
        {
            return Err("a prefix is a registry and the first parts of a repository, nothing else".to_owned());
        }
        let (host, port) = parse_authority(&authority.to_ascii_lowercase())?;
        Ok(Self { host, port: port.unwrap_or(HTTPS_PORT), segments: whole_segments(path.split('/')) })
    }

    fn holds_url(&self, url: &Url) -> bool {
        let Some(host) = url.host_str() else { return false };
        let port = url.port_or_known_default().unwrap_or(HTTPS_PORT);
        self.holds(host, port, url.path_segments().into_iter().flatten()) && !has_encoded_separator(url.path())
    }

    /// Whether the host and port are these and the path begins with all these segments.
    fn holds<'a>(&self, host: &str, port: u16, segments: impl Iterator<Item = &'a str>) -> bool {
        let mut segments = segments;
        self.host == host && self.port == port && self.segments.iter().all(|own| segments.next() == Some(own.as_str()))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)?;
        if self.port != HTTPS_PORT {
            write!(f, ":{}", self.port)?;
        }
        self.segments.iter().try_for_each(|segment| write!(f, "/{segment}"))?;
        f.write_str("/")
    }
}

fn whole_segments<'a>(segments: impl Iterator<Item = &'a str>) -> Vec<String> {
    segments.filter(|segment| !segment.is_empty()).map(ToOwned::to_owned).collect()
}

/// Whether the file lies in the directory once links are followed; a file that is not there lies nowhere.
fn is_within(file: &Path, directory: &Path) -> bool {
    match (file.canonicalize(), directory.canonicalize()) {
        (Ok(file), Ok(directory)) => file.starts_with(directory),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
