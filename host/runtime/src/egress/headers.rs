//! Which headers belong to the host: a plugin can neither send them nor see them.

use http::{HeaderMap, HeaderName};

/// Names that carry identity, routing or connection handling. Sources: RFC 9110 section 7.6.1 and 11, RFC 6265,
/// RFC 7239, RFC 9113 section 8.2.2, and the method-override and forwarding headers in common use.
const FORBIDDEN: [&str; 35] = [
    "authorization",
    "authentication-info",
    "connection",
    "cookie",
    "cookie2",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "origin",
    "proxy-authenticate",
    "proxy-authentication-info",
    "proxy-authorization",
    "proxy-connection",
    "referer",
    "sec-websocket-key",
    "set-cookie",
    "set-cookie2",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "www-authenticate",
    "x-api-key",
    "x-auth-token",
    "x-client-ip",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-url",
    "x-real-ip",
    "x-rewrite-url",
    "x-csrf-token",
];

/// Prefixes of whole families.
const FORBIDDEN_PREFIXES: [&str; 4] = ["x-forwarded-", "x-databricks-", "proxy-", "sec-"];

/// Whether a header belongs to the host.
pub(super) fn is_forbidden(name: &HeaderName) -> bool {
    // Names are lower case in this type.
    let name = name.as_str();
    FORBIDDEN.contains(&name) || FORBIDDEN_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Removes them; from a request's headers as from its trailers.
pub(super) fn strip(headers: &mut HeaderMap) {
    let forbidden: Vec<HeaderName> = headers.keys().filter(|name| is_forbidden(name)).cloned().collect();
    for name in forbidden {
        headers.remove(name);
    }
}
