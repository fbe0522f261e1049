//! HTTP rules: what a plugin may ask of which host. A request passes when one rule allows it; the default is no.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Longest path pattern, in bytes; longer ones are unreadable for the person who consents.
const MAX_PATTERN_BYTES: usize = 512;

/// Why a rule cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// Not `workspace` and not a public host name.
    #[error("audience {0:?} is neither `workspace` nor a host name such as `api.example.com`")]
    Audience(String),
    /// A method that is no plain HTTP method.
    #[error("method {0:?} is none of GET, HEAD, POST, PUT, PATCH, DELETE")]
    Method(String),
    /// A pattern that breaks the rules of [`PathPattern`].
    #[error("path pattern {pattern:?}: {reason}")]
    Path {
        /// The text.
        pattern: String,
        /// What is wrong.
        reason: &'static str,
    },
}

/// Whom a rule lets the plugin talk to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Audience {
    /// The caller's own workspace, whatever its host.
    Workspace,
    /// A public host by its lower-case name, https only.
    Host(String),
}

impl Audience {
    /// # Errors
    /// [`RuleError::Audience`].
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        if text == "workspace" {
            return Ok(Self::Workspace);
        }
        let fault = || RuleError::Audience(text.to_owned());
        let label = |label: &str| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        // A bare label could be a name of the local network; IP literals have dots and are vetted when connecting.
        if text.len() > 253 || !text.contains('.') || !text.split('.').all(label) {
            return Err(fault());
        }
        Ok(Self::Host(text.to_owned()))
    }
}

impl TryFrom<String> for Audience {
    type Error = RuleError;

    fn try_from(text: String) -> Result<Self, RuleError> {
        Self::parse(&text)
    }
}

impl From<Audience> for String {
    fn from(audience: Audience) -> Self {
        audience.to_string()
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Workspace => f.write_str("workspace"),
            Self::Host(host) => f.write_str(host),
        }
    }
}

/// A method that a rule may allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Method {
    /// `GET`
    Get,
    /// `HEAD`
    Head,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `PATCH`
    Patch,
    /// `DELETE`
    Delete,
}

impl Method {
    pub(crate) const ALL: [Self; 6] = [Self::Get, Self::Head, Self::Post, Self::Put, Self::Patch, Self::Delete];

    /// # Errors
    /// [`RuleError::Method`]; methods are case-sensitive (RFC 9110, section 9.1).
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        Self::ALL.into_iter().find(|method| method.as_str() == text).ok_or_else(|| RuleError::Method(text.to_owned()))
    }

    /// The method as sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

impl TryFrom<String> for Method {
    type Error = RuleError;

    fn try_from(text: String) -> Result<Self, RuleError> {
        Self::parse(&text)
    }
}

impl From<Method> for String {
    fn from(method: Method) -> Self {
        method.as_str().to_owned()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Segment {
    /// Exactly this text.
    Literal(String),
    /// Any one segment: `*` or a template `{name}`.
    One(String),
    /// One or more further segments; only at the end.
    Rest,
}

/// A pattern over the segments of an absolute path: `*` or `{name}` is one segment, `**` at the end is one or more; a
/// slash at the end is one, and `/` alone is the root. Queries are not looked at.
/// Matching is exact and case-sensitive on the path as sent; nothing is decoded, so an odd spelling of an allowed
/// path is refused rather than understood.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PathPattern {
    text: String,
    segments: Vec<Segment>,
    /// Whether the path ends with a slash, which makes it another path. Never after `**`.
    slash: bool,
}

impl PathPattern {
    /// # Errors
    /// [`RuleError::Path`].
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        let fault = |reason| RuleError::Path { pattern: text.to_owned(), reason };
        if text.len() > MAX_PATTERN_BYTES {
            return Err(fault("it is longer than 512 bytes"));
        }
        let rest = text.strip_prefix('/').ok_or_else(|| fault("it must begin with a slash"))?;
        let mut segments = Vec::new();
        let slash = rest.is_empty() || rest.ends_with('/');
        let inner = rest.strip_suffix('/').unwrap_or(rest);
        let mut parts = inner.split('/').filter(|_| !rest.is_empty()).peekable();
        while let Some(part) = parts.next() {
            segments.push(match part {
                "" => return Err(fault("empty segments are not allowed")),
                "." | ".." => return Err(fault("dot segments are not allowed")),
                "**" if parts.peek().is_none() && !slash => Segment::Rest,
                "**" => return Err(fault("`**` may only stand at the end")),
                "*" => Segment::One(String::new()),
                _ if template(part).is_some() => Segment::One(template(part).unwrap_or_default().to_owned()),
                _ if part.contains(['*', '{', '}']) => {
                    return Err(fault("a wildcard or template must be a whole segment, such as `*` or `{name}`"));
                }
                _ if part.contains(['?', '#', '%', '\\', ';']) || !part.chars().all(|c| c.is_ascii_graphic()) => {
                    return Err(fault("segments are plain ASCII without `?`, `#`, `%`, `;` and backslash"));
                }
                literal => Segment::Literal(literal.to_owned()),
            });
        }
        Ok(Self { text: text.to_owned(), segments, slash })
    }

    /// Whether a normalised absolute path (no dot segments, no empty segments but the last) is one of these.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        let Some(rest) = path.strip_prefix('/') else { return false };
        let mut parts = rest.split('/');
        for segment in &self.segments {
            match (segment, parts.next()) {
                (_, None | Some("")) => return false,
                (Segment::Literal(literal), Some(part)) => {
                    if literal != part {
                        return false;
                    }
                }
                (Segment::One(_), Some(_)) => {}
                (Segment::Rest, Some(_)) => return parts.all(|part| !part.is_empty()),
            }
        }
        let ends = !self.slash || parts.next() == Some("");
        ends && parts.next().is_none()
    }

    /// Whether every path that `other` matches is matched by this pattern too: `/v1/**` covers `/v1/*` covers `/v1/x`.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        if self.slash != other.slash {
            return false;
        }
        let mut narrow = other.segments.iter();
        for wide in &self.segments {
            match (wide, narrow.next()) {
                // Whatever is left of the other pattern stands for at least one segment, and none of them empty.
                (Segment::Rest, Some(_)) => return true,
                (Segment::One(_), Some(Segment::One(_) | Segment::Literal(_))) => {}
                (Segment::Literal(wide), Some(Segment::Literal(narrow))) if wide == narrow => {}
                _ => return false,
            }
        }
        narrow.next().is_none()
    }

    /// The pattern as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// The name of `{name}`: letters, digits, `-`, `_` and `.`, since a person reads it in the words of a power.
fn template(part: &str) -> Option<&str> {
    let name = part.strip_prefix('{')?.strip_suffix('}')?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    (!name.is_empty() && name.bytes().all(plain)).then_some(name)
}

impl TryFrom<String> for PathPattern {
    type Error = RuleError;

    fn try_from(text: String) -> Result<Self, RuleError> {
        Self::parse(&text)
    }
}

impl From<PathPattern> for String {
    fn from(pattern: PathPattern) -> Self {
        pattern.text
    }
}

/// One HTTP power.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpRule {
    /// Whom.
    pub audience: Audience,
    /// How.
    pub methods: Vec<Method>,
    /// Where.
    pub paths: Vec<PathPattern>,
    /// Whether the caller's credential is attached. Only the workspace gets it.
    #[serde(default)]
    pub credential: bool,
}

impl HttpRule {
    /// Whether this rule allows the request.
    #[must_use]
    pub fn allows(&self, audience: &Audience, method: Method, path: &str) -> bool {
        self.audience == *audience
            && self.methods.contains(&method)
            && self.paths.iter().any(|pattern| pattern.matches(path))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(pattern: &str, path: &str, expect: bool) {
        assert_eq!(PathPattern::parse(pattern).unwrap().matches(path), expect, "{pattern} against {path}");
    }

    #[test]
    fn patterns_match_whole_segments() {
        check("/api/2.0/sql/warehouses", "/api/2.0/sql/warehouses", true);
        check("/api/2.0/sql/warehouses", "/api/2.0/sql/warehouses/", false);
        check("/api/2.0/sql/warehouses", "/api/2.0/sql/warehousesX", false);
        check("/api/2.0/sql/*", "/api/2.0/sql/a", true);
        check("/api/2.0/sql/*", "/api/2.0/sql/a/b", false);
        check("/api/2.0/sql/*", "/api/2.0/sql/", false);
        check("/api/2.0/sql/**", "/api/2.0/sql/a/b", true);
        check("/api/2.0/sql/**", "/api/2.0/sql", false);
        check("/api/2.0/sql/**", "/api/2.0/sql/a//b", false);
        check("/s/{id}/cancel", "/s/01ef/cancel", true);
        check("/s/{id}/cancel", "/s/01ef/close", false);
        check("/API/x", "/api/x", false);
        check("/simple/{project}/", "/simple/pip/", true);
        check("/simple/{project}/", "/simple/pip", false);
        check("/simple/{project}/", "/simple/pip//", false);
        check("/simple/{project}/", "/simple//", false);
        check("/simple/**", "/simple/pip/", false);
        check("/", "/", true);
        check("/", "/a", false);
        check("/", "", false);
        check("/**", "/", false);
    }

    #[test]
    fn odd_patterns_are_refused() {
        for bad in [
            "",
            "api",
            "//",
            "/a//",
            "/a/**/",
            "/a//b",
            "/a/../b",
            "/a/**/b",
            "/a/b*",
            "/a/{x",
            "/a/{}",
            "/{a b}",
            "/{\u{202e}}",
            "/{{a}}",
            "/{a*}",
            "/a?b",
            "/%61",
            "/a;b",
            "/ä",
            "/a b",
        ] {
            assert!(PathPattern::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn audiences_are_names_with_a_dot() {
        assert_eq!(Audience::parse("workspace"), Ok(Audience::Workspace));
        assert!(Audience::parse("pypi.org").is_ok());
        for bad in
            ["localhost", "Pypi.org", "a.b:8080", "*.org", "user@a.b", "a..b", "-a.b", "workspace.", "http://a.b"]
        {
            assert!(Audience::parse(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_literal_pattern_matches_itself_only(parts in prop::collection::vec("[a-z0-9._-]{1,8}", 1..6), tail in "[a-z]{1,4}") {
            prop_assume!(parts.iter().all(|p| p != "." && p != ".."));
            let path = format!("/{}", parts.join("/"));
            let pattern = PathPattern::parse(&path).unwrap();
            prop_assert!(pattern.matches(&path));
            let longer = format!("{path}{tail}");
            let deeper = format!("{path}/{tail}");
            prop_assert!(!pattern.matches(&longer));
            prop_assert!(!pattern.matches(&deeper));
            // A wildcard in place of a segment only ever allows more.
            for index in 0..parts.len() {
                let mut wide = parts.clone();
                wide[index] = "*".to_owned();
                let wide = PathPattern::parse(&format!("/{}", wide.join("/"))).unwrap();
                prop_assert!(wide.matches(&path));
                prop_assert!(!wide.matches(&deeper));
            }
        }
    }
}
