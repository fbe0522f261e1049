//! What a token says of itself, when it is a JSON web token, as Databricks' user tokens are (RFC 7519). Its signature is
//! the workspace's to check.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde::Deserialize;

/// Longest token taken; Databricks' are JSON web tokens of a few kilobytes.
pub(super) const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// The claims that matter here.
#[derive(Debug, Default, Deserialize)]
struct Claims {
    #[serde(default)]
    sub: String,
    #[serde(default)]
    exp: Option<i64>,
}

fn claims(token: &str) -> Option<Claims> {
    let mut parts = token.split('.');
    let (Some(_), Some(claims), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return None;
    };
    let claims = URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&claims).ok()
}

/// The e-mail address that the token names as its subject.
pub(super) fn email(token: &str) -> Option<String> {
    claims(token).map(|claims| claims.sub).filter(|sub| sub.contains('@'))
}

/// When the token ends, when it says so.
pub(crate) fn expiry(token: &str) -> Option<DateTime<Utc>> {
    claims(token)?.exp.and_then(|seconds| DateTime::from_timestamp(seconds, 0))
}

/// Whether it says of itself that it has ended.
pub(crate) fn has_ended(token: &str) -> bool {
    expiry(token).is_some_and(|end| end <= bricklayer_domain::now())
}

/// Whether it can be one token: nothing in it separates values, and a header can hold it.
pub(crate) fn is_one(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic() && !b",;\"".contains(&byte))
}
