//! Which headers belong to the host: a plugin can neither send them nor see them.

use http::{HeaderMap, HeaderName};

/// Names that carry identity, routing or connection handling. Sources: RFC 9110 section 7.6.1 and 11, RFC 6265,
/// RFC 7239, RFC 9113 section 8.2.2, and the method-override and forwarding headers in common use.
const FORBIDDEN: [&str; 45] = [
    "authorization",
    "authentication-info",
    "cf-connecting-ip",
    "client-ip",
    "connection",
    "cookie",
    "cookie2",
    "expect",
    "fastly-client-ip",
    "forwarded",
    "front-end-https",
    "host",
    "http2-settings",
    "keep-alive",
    "origin",
    "proxy-authenticate",
    "proxy-authentication-info",
    "proxy-authorization",
    "proxy-connection",
    "referer",
    "remote-addr",
    "remote-user",
    "sec-websocket-key",
    "set-cookie",
    "set-cookie2",
    "te",
    "trailer",
    "true-client-ip",
    "transfer-encoding",
    "upgrade",
    "via",
    "www-authenticate",
    "x-api-key",
    "x-auth-token",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-host",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-csrf-token",
    "x-scheme",
    "x-url-scheme",
    "x-wap-profile",
    "x-http-host-override",
];

/// Prefixes of whole families.
const FORBIDDEN_PREFIXES: [&str; 13] = [
    "proxy-",
    "sec-",
    "x-amzn-oidc-",
    "x-auth-request-",
    "x-databricks-",
    "x-envoy-",
    "x-forward",
    "x-goog-authenticated-user-",
    "x-ms-client-principal",
    "x-original-",
    "x-real-",
    "x-remote-",
    "x-rewrite-",
];

/// Whether a header belongs to the host.
pub(super) fn is_forbidden(name: &HeaderName) -> bool {
    // Names are lower case in this type. Servers that hand headers on as variables read both signs as one.
    let name = name.as_str().replace('_', "-");
    FORBIDDEN.contains(&name.as_str()) || FORBIDDEN_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Removes them; from a request's headers as from its trailers.
pub(super) fn strip(headers: &mut HeaderMap) {
    let forbidden: Vec<HeaderName> = headers.keys().filter(|name| is_forbidden(name)).cloned().collect();
    for name in forbidden {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tells_identity_or_route_is_the_hosts_however_it_is_spelled() {
        for name in [
            "Authorization",
            "X-Forwarded-Email",
            "x_forwarded_email",
            "X-Forwarded_For",
            "x-forwardedfor",
            "x-original-host",
            "X-Original-URL",
            "x_original_uri",
            "x-host",
            "X_HOST",
            "x-real-ip",
            "x-remote-user",
            "remote_user",
            "true-client-ip",
            "x-databricks-org-id",
            "proxy_authorization",
            "transfer_encoding",
        ] {
            assert!(is_forbidden(&HeaderName::from_bytes(name.as_bytes()).unwrap()), "{name}");
        }
        for name in
            ["accept", "content-type", "x-request-id", "idempotency-key", "x-origin-note", "hostname", "if-match"]
        {
            assert!(!is_forbidden(&HeaderName::from_bytes(name.as_bytes()).unwrap()), "{name}");
        }
    }

    #[test]
    fn lists_have_no_doubles() {
        let mut sorted = FORBIDDEN.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), FORBIDDEN.len());
    }
}
