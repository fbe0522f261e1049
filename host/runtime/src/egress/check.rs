//! Whether a request may leave, and where to: decided on the parsed request, before any credential is near it.

use std::net::IpAddr;

use bricklayer_domain::{ToolErrorKind, is_public_address};
use bricklayer_package::{Audience, HttpRule, Method, PathPattern, Power};
use http::Uri;
use url::Url;

use super::{CallEgress, Origin, Workspace};
use crate::failure::{Missing, SentAs};

/// The placeholder authority for the caller's workspace.
const WORKSPACE: &str = "workspace";

/// Longest path with query, in bytes.
const MAX_PATH_BYTES: usize = 8192;

/// Times that a path is decoded to see what it may mean: more often than servers behind each other do.
const MAX_DECODINGS: usize = 4;

/// A request that may be sent.
#[derive(Debug)]
pub(super) struct Allowed {
    /// Where it really goes.
    pub(super) uri: Uri,
    pub(super) origin: Origin,
    pub(super) audience: Audience,
    pub(super) method: Method,
    /// The power that allows it.
    pub(super) power: Power,
    /// Whether the caller's credential goes with it.
    pub(super) credential: bool,
}

impl Allowed {
    /// What the plugin asked for at that host.
    pub(super) fn path_and_query(&self) -> &str {
        self.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str)
    }

    /// As whom it goes out.
    pub(super) fn sent_as(&self) -> SentAs {
        match self.audience {
            Audience::Workspace if !self.credential => {
                let exact = needed(&self.audience, self.method, self.uri.path(), true);
                SentAs::Nobody(exact.unwrap_or_else(|| self.power.clone()))
            }
            Audience::Workspace => SentAs::Caller,
            Audience::Host(_) => SentAs::Public,
        }
    }

    /// The address as the plugin wrote it.
    pub(super) fn shown_url(&self) -> String {
        format!("https://{}{}", self.audience, self.path_and_query())
    }
}

/// Why a request may not be sent.
#[derive(Debug)]
pub(super) struct Refused {
    /// For the audit, the log and the model.
    pub(super) reason: String,
    /// What would have allowed it.
    pub(super) missing: Option<Missing>,
    /// What a call is that fails of it.
    pub(super) kind: ToolErrorKind,
}

impl From<String> for Refused {
    fn from(reason: String) -> Self {
        Self { reason, missing: None, kind: ToolErrorKind::Denied }
    }
}

impl CallEgress {
    /// Finds the rule that allows a request, or says why none does.
    pub(super) fn check(&self, method: &str, uri: &Uri) -> Result<Allowed, Refused> {
        if let Some((link, power)) = self.links.find(method, uri) {
            return self.check_link(uri, &link, power);
        }
        let method = Method::parse(method).map_err(|error| error.to_string())?;
        if uri.scheme_str() != Some("https") {
            return Err("only https is allowed (the host speaks to a local workspace for you)".to_owned().into());
        }
        let authority = uri.authority().map(http::uri::Authority::as_str).unwrap_or_default();
        let host = host_of(authority)?;
        let path = uri.path();
        check_path(path)?;
        let path_and_query = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        if path_and_query.len() > MAX_PATH_BYTES {
            return Err(format!("the path has more than {MAX_PATH_BYTES} bytes").into());
        }
        let audience = if host == WORKSPACE { Audience::Workspace } else { Audience::Host(host) };
        let (rule, pattern) = rule(&self.grants.http, &audience, method, path).ok_or_else(|| Refused {
            reason: format!("no grant allows {} {path} at {audience}", method.as_str()),
            missing: needed(&audience, method, path, false).map(Missing::Power),
            kind: ToolErrorKind::Denied,
        })?;
        let origin = self.origin(&audience)?;
        let uri = Uri::builder()
            .scheme(origin.scheme())
            .authority(origin.authority())
            .path_and_query(path_and_query)
            .build()
            .map_err(|error| format!("the address cannot be used: {error}"))?;
        // A credential belongs to the workspace; no manifest can say otherwise, and this does not rely on it.
        let credential = rule.credential && audience == Audience::Workspace;
        let power = Power::Http { audience: audience.clone(), method, path: pattern.clone(), credential };
        Ok(Allowed { uri, origin, audience, method, power, credential })
    }

    /// A link that the workspace named to this call: at the workspace itself, or at a public host.
    fn check_link(&self, uri: &Uri, link: &Url, power: Power) -> Result<Allowed, Refused> {
        let odd = || "the workspace's link has an address that cannot be used".to_owned();
        let target = Origin::of(link).ok_or_else(odd)?;
        let is_same = |own: &Origin| Origin { named: false, ..own.clone() } == target;
        let origin = match &self.workspace {
            Workspace::Connected { origin, .. } if is_same(origin) => origin.clone(),
            _ if target != Origin::public(&target.host) => {
                return Err("a link of the workspace leads to no https address".to_owned().into());
            }
            _ if target.host.starts_with('[')
                || target.host.parse::<IpAddr>().is_ok_and(|literal| !is_public_address(literal)) =>
            {
                return Err(format!("{} is not a public address", target.host).into());
            }
            _ => target,
        };
        let audience = Audience::Host(origin.host.clone());
        Ok(Allowed { uri: uri.clone(), origin, audience, method: Method::Get, power, credential: false })
    }

    fn origin(&self, audience: &Audience) -> Result<Origin, Refused> {
        match audience {
            Audience::Workspace => match &self.workspace {
                Workspace::Connected { origin, .. } => Ok(origin.clone()),
                Workspace::Refused(reason) => Err(reason.clone().into()),
                // Whoever answers in the network's place needs no address.
                Workspace::Missing if self.broker.played(WORKSPACE).is_some() => Ok(Origin::public(WORKSPACE)),
                Workspace::Missing => {
                    let reason = "no workspace is connected".to_owned();
                    Err(Refused { missing: Some(Missing::Workspace), ..reason.into() })
                }
            },
            Audience::Host(host) => {
                if let Some(origin) = self.broker.named.iter().find(|origin| origin.host == *host) {
                    return Ok(origin.clone());
                }
                if host.parse::<IpAddr>().is_ok_and(|literal| !is_public_address(literal)) {
                    return Err(format!("{host} is not a public address").into());
                }
                Ok(Origin::public(host))
            }
        }
    }
}

/// The narrowest power that would allow a request.
fn needed(audience: &Audience, method: Method, path: &str, credential: bool) -> Option<Power> {
    let path = PathPattern::parse(path).ok()?;
    Some(Power::Http { audience: audience.clone(), method, path, credential })
}

/// The rule that allows a request, and which of its paths. Of several, one with the credential counts: the person
/// consented to both.
fn rule<'a>(
    rules: &'a [HttpRule],
    audience: &Audience,
    method: Method,
    path: &str,
) -> Option<(&'a HttpRule, &'a PathPattern)> {
    let mut allowing = rules.iter().filter(|rule| rule.allows(audience, method, path));
    let first = allowing.next()?;
    let rule = if first.credential { first } else { allowing.find(|rule| rule.credential).unwrap_or(first) };
    Some((rule, rule.paths.iter().find(|pattern| pattern.matches(path))?))
}

/// The host of an authority that is nothing but a host, lower case.
fn host_of(authority: &str) -> Result<String, String> {
    if authority.contains('@') {
        return Err("user information in an address is not allowed".to_owned());
    }
    let host = match authority.rsplit_once(':') {
        // A colon inside brackets belongs to an IPv6 literal.
        Some((host, port)) if !port.contains(']') => {
            if port != "443" {
                return Err(format!("port {port:?} is not allowed"));
            }
            host
        }
        _ => authority,
    };
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-');
    if host.is_empty() || host.ends_with('.') || !host.bytes().all(plain) {
        return Err(format!("{authority:?} is not a plain host name"));
    }
    Ok(host.to_ascii_lowercase())
}

/// Refuses every spelling that another server might read as a different path than we do.
fn check_path(path: &str) -> Result<(), String> {
    if !path.starts_with('/') {
        return Err("the path must begin with a slash".to_owned());
    }
    if path.contains('\\') {
        return Err("a backslash in the path is not allowed".to_owned());
    }
    // Path parameters: some servers drop `;…` before they look for dot segments.
    if path.contains(';') {
        return Err("a semicolon in the path is not allowed".to_owned());
    }
    if !path.bytes().all(|b| b.is_ascii_graphic()) {
        return Err("the path must be plain ASCII; encode everything else".to_owned());
    }
    check_escapes(path)?;
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        if segment == "." || segment == ".." {
            return Err("dot segments in the path are not allowed".to_owned());
        }
        if segment.is_empty() && segments.peek().is_some() {
            return Err("empty segments in the path are not allowed".to_owned());
        }
    }
    Ok(())
}

/// Refuses escapes that some server might read as structure, however often it decodes. A name may hold a percent sign.
fn check_escapes(path: &str) -> Result<(), String> {
    let mut text = path.to_owned();
    for level in 0..MAX_DECODINGS {
        let Some(decoded) = decode(&text, level == 0)? else { return Ok(()) };
        text = decoded;
    }
    Err("a path that is encoded again and again is not allowed".to_owned())
}

/// The text with its escapes decoded; none when it has none. Below the first level what is no escape stands for itself.
fn decode(text: &str, is_first: bool) -> Result<Option<String>, String> {
    let mut rest = text;
    let mut decoded = Vec::with_capacity(text.len());
    let mut found = false;
    while let Some((before, encoded)) = rest.split_once('%') {
        decoded.extend_from_slice(before.as_bytes());
        let hex = encoded.bytes().take(2).all(|b| b.is_ascii_hexdigit());
        let code = encoded.get(..2).filter(|_| hex).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        let Some(code) = code else {
            if is_first {
                return Err("a percent sign in the path needs two hex digits".to_owned());
            }
            decoded.push(b'%');
            rest = encoded;
            continue;
        };
        match code {
            b'/' | b'\\' => return Err("an encoded slash in the path is not allowed".to_owned()),
            b'.' => return Err("an encoded dot in the path is not allowed".to_owned()),
            b';' => return Err("an encoded semicolon in the path is not allowed".to_owned()),
            0..0x20 | 0x7f => return Err("encoded control characters in the path are not allowed".to_owned()),
            _ => {}
        }
        found = true;
        decoded.push(code);
        rest = encoded.get(2..).unwrap_or_default();
    }
    decoded.extend_from_slice(rest.as_bytes());
    // Overlong forms of a dot or a slash, and halves of characters: servers differ in what they make of them.
    let decoded = String::from_utf8(decoded).map_err(|_| "encoded bytes in the path must be UTF-8".to_owned())?;
    Ok(found.then_some(decoded))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorities_are_plain_hosts() {
        assert_eq!(host_of("workspace").unwrap(), "workspace");
        assert_eq!(host_of("WorkSpace:443").unwrap(), "workspace");
        assert_eq!(host_of("API.example.com").unwrap(), "api.example.com");
        for bad in [
            "",
            "user@workspace",
            "workspace@evil.example",
            "workspace:8443",
            "workspace:80",
            "workspace:",
            "workspace.",
            "[::1]",
            "[::1]:443",
            "work%73pace",
            "a_b.example",
            "workspace:443:443",
            "workspace:0443",
        ] {
            assert!(host_of(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn paths_have_one_reading() {
        for good in [
            "/",
            "/api/2.0/sql",
            "/a%c3%a4%F0%9F%9A%95/b%20",
            "/a/b/",
            "/a%20b",
            "/a/...",
            "/x/.hidden",
            "/a:b,c=d@e!$&'()*+~_-",
            "/100%25.txt",
            "/%25",
            "/a%2541b",
            "/100%25%20a+b%23%3F",
        ] {
            check_path(good).unwrap();
        }
        for bad in [
            "",
            "api",
            "http://evil.example/",
            "/a/../b",
            "/a/./b",
            "/..",
            "/a/..",
            "//evil.example/x",
            "/a//b",
            "/a\\..\\b",
            "/a/%2e%2e/b",
            "/a/%2E./b",
            "/a%2fb",
            "/a%2Fb",
            "/a%5cb",
            "/a%252fb",
            "/a/%252e%252e/b",
            "/a/%25252e/b",
            "/a/%25%32%65%25%32%65/b",
            "/a%253bb",
            "/a%2500",
            "/a%25ff",
            "/a%25252525252541",
            "/a/..;/b",
            "/a;x=1/b",
            "/a%3bb",
            "/a%00",
            "/a%0d%0ab",
            "/a%7f",
            "/a%",
            "/a%2",
            "/a%zz",
            "/a%+1",
            "/a/%c0%ae%c0%ae/b",
            "/a%c0%afb",
            "/a%e0%80%af",
            "/a%f0%80%80%ae",
            "/a%ed%a0%80",
            "/a%ff",
            "/a%c3",
            "/a%c3/%a4",
            "/ä",
        ] {
            assert!(check_path(bad).is_err(), "{bad}");
        }
    }
}
