//! Who looks: a cookie with their token, for this browser and this machine.

use axum::http::{HeaderMap, HeaderValue, header};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// Name of the cookie.
const COOKIE: &str = "bricklayer_workspace";

/// Longest token that is taken, in bytes: what fits into a cookie.
const LONGEST_TOKEN: usize = 2_048;

/// The token of a request's cookie.
pub(super) fn token(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(name, _)| *name == COOKIE)?;
    String::from_utf8(URL_SAFE_NO_PAD.decode(value).ok()?).ok()
}

/// The cookie that keeps a token; an empty one forgets it. `None` for a token that none can be.
pub(super) fn cookie(token: &str) -> Option<HeaderValue> {
    if token.len() > LONGEST_TOKEN {
        return None;
    }
    let age = if token.is_empty() { "; Max-Age=0" } else { "" };
    let value = URL_SAFE_NO_PAD.encode(token);
    HeaderValue::try_from(format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict{age}")).ok()
}

/// Whether the page was asked for by a name of this machine. Another name that leads here is somebody else's page, which
/// would read ours.
pub(super) fn is_local(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST).and_then(|host| host.to_str().ok()) else { return false };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    name.eq_ignore_ascii_case("localhost")
        || name.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_back_from_its_cookie() {
        for secret in ["dapi", "a=b; c", "ä\"\n"] {
            let set = cookie(secret).unwrap();
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            let headers = HeaderMap::from_iter([(header::COOKIE, format!("x=y; {pair}").parse().unwrap())]);
            assert_eq!(token(&headers).as_deref(), Some(secret));
        }
        assert!(cookie(&"x".repeat(LONGEST_TOKEN + 1)).is_none());
        let headers = HeaderMap::from_iter([(header::COOKIE, format!("{COOKIE}=%%%").parse().unwrap())]);
        assert_eq!(token(&headers), None);
    }

    #[test]
    fn only_names_of_this_machine_are_local() {
        for (host, local) in [
            ("localhost", true),
            ("LOCALHOST:80", true),
            ("127.0.0.1:8080", true),
            ("[::1]:8080", true),
            ("[::1]", true),
            ("127.0.0.1.evil.example", false),
            ("evil.example:8080", false),
            ("localhost.evil.example", false),
            ("10.0.0.1", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(header::HOST, host.parse().unwrap())]);
            assert_eq!(is_local(&headers), local, "{host}");
        }
        assert!(!is_local(&HeaderMap::new()));
    }
}
