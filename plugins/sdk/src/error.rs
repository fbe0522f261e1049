//! What a failed call reports, and how the workspace's error bodies become it.
//!
//! The shapes are those the official SDK parses: the API's own `{error_code, message, details}`, API 1.2's `{error}`,
//! SCIM's `{detail, status, scimType}`, `CODE: message` text, HTML, and nothing at all.

use serde_json::Value;

use crate::bindings::bricklayer::host::errors;
use crate::{Response, TransportError, cut_text};

pub use errors::ErrorKind as Kind;

/// How much of the workspace's own words a message repeats: enough for a Spark error with its suggestions.
const MESSAGE_MAX_CHARS: usize = 4_000;

/// How much of a public host's words a message repeats: they come from anybody.
const WEB_MESSAGE_MAX_CHARS: usize = 500;

/// A failed call: what a tool returns and the model reads.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// What the caller would do about it.
    pub kind: Kind,
    /// What happened and what to do next.
    pub message: String,
    /// Whether the same call may succeed later.
    pub retryable: bool,
    /// The workspace's own code, such as `RESOURCE_DOES_NOT_EXIST`, for tools that treat one specially.
    pub code: Option<String>,
}

impl Failure {
    /// A failure that the same call would meet again.
    #[must_use]
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), retryable: false, code: None }
    }

    /// The arguments do not fit: `field` names the way there.
    #[must_use]
    pub fn invalid(field: &str, problem: impl AsRef<str>) -> Self {
        Self::new(Kind::InvalidInput, format!("{field}: {}", problem.as_ref()))
    }

    /// The same failure, marked as one that may pass.
    #[must_use]
    pub fn retryable(mut self) -> Self {
        self.retryable = true;
        self
    }

    /// The same failure with one more line of advice.
    #[must_use]
    pub fn advise(mut self, advice: impl AsRef<str>) -> Self {
        self.message.push('\n');
        self.message.push_str(advice.as_ref());
        self
    }

    /// The same failure, saying first what was being done.
    #[must_use]
    pub fn doing(mut self, what: impl AsRef<str>) -> Self {
        self.message = format!("{}: {}", what.as_ref(), self.message);
        self
    }
}

impl From<Failure> for errors::ToolError {
    fn from(failure: Failure) -> Self {
        Self { kind: failure.kind, message: failure.message, retryable: failure.retryable }
    }
}

impl Failure {
    /// The failure that an unanswered request means; `who` is who was asked: `the workspace`, `api.weather.example`.
    #[must_use]
    pub fn unanswered(who: &str, error: TransportError) -> Self {
        match error {
            // The code alone: the host adds its reason where it sees it.
            TransportError::Denied(what) => {
                Self::new(Kind::Denied, format!("the request to {who} was not sent: {what}"))
            }
            TransportError::Unreachable(what) => {
                Self::new(Kind::Upstream, format!("{who} could not be reached: {what}")).retryable()
            }
            TransportError::Timeout(what) => {
                Self::new(Kind::Timeout, format!("{who} did not answer in time: {what}")).retryable()
            }
            TransportError::TooLarge { limit_bytes } => Self::new(
                Kind::LimitExceeded,
                format!("the answer of {who} is larger than {limit_bytes} bytes; ask for less"),
            ),
            TransportError::File(what) => Self::new(Kind::Failed, what),
            TransportError::Broken(what) => {
                Self::new(Kind::Upstream, format!("the answer of {who} could not be read: {what}")).retryable()
            }
        }
    }
}

impl From<TransportError> for Failure {
    fn from(error: TransportError) -> Self {
        Self::unanswered("the workspace", error)
    }
}

/// The failure that a public host's error status means. The workspace's conventions do not hold there, so the body's
/// first words are passed on as they are.
#[must_use]
pub fn web_failure(host: &str, response: &Response) -> Failure {
    let status = response.status;
    let kind = kind_of_status(status);
    let (code, said) = parse_body(response);
    let mut failure = Failure::new(kind, format!("{host}: {} (HTTP {status})", cut_text(&said, WEB_MESSAGE_MAX_CHARS)));
    failure.retryable = matches!(kind, Kind::RateLimited | Kind::Upstream | Kind::Timeout) && status != 501;
    failure.code = code;
    match response.retry_after_seconds() {
        Some(seconds) if failure.retryable => failure.advise(format!("{host} asks to try again after {seconds} s.")),
        _ => failure,
    }
}

/// The failure that a response with an error status means: the workspace's code and message kept as they are, one
/// line of advice added where there is any.
#[must_use]
pub fn api_failure(response: &Response) -> Failure {
    let status = response.status;
    let (code, said) = parse_body(response);
    let kind = kind_of(status, code.as_deref(), &said);
    let said = cut_text(&said, MESSAGE_MAX_CHARS);
    let shown = match &code {
        Some(code) if !said.starts_with(code.as_str()) && *code != status.to_string() => format!("{code}: {said}"),
        _ => said,
    };
    let mut failure = Failure::new(kind, format!("{shown} (HTTP {status})"));
    failure.retryable = matches!(kind, Kind::RateLimited | Kind::Upstream) && status != 501;
    if let Some(advice) = advice(kind, status, code.as_deref(), response.retry_after_seconds()) {
        failure = failure.advise(advice);
    }
    failure.code = code;
    failure
}

/// The code and the message of an error body, whatever its shape.
fn parse_body(response: &Response) -> (Option<String>, String) {
    let text = String::from_utf8_lossy(&response.body);
    let text = text.trim();
    if text.is_empty() {
        return (None, reason(response.status).to_owned());
    }
    if let Ok(Value::Object(body)) = serde_json::from_str::<Value>(text) {
        let field = |name: &str| body.get(name).and_then(text_of).filter(|text| !text.is_empty());
        if let Some(detail) = field("detail") {
            let status = field("status").unwrap_or_else(|| response.status.to_string());
            let scim_type = field("scimType").map(|kind| format!("{kind} ")).unwrap_or_default();
            return (Some(format!("SCIM_{status}")), format!("{scim_type}{detail}"));
        }
        let code = field("error_code");
        let said = field("message").or_else(|| field("error")).unwrap_or_else(|| reason(response.status).to_owned());
        return (code, said);
    }
    if text.starts_with('<') {
        return (None, html_text(text));
    }
    if let Some((code, said)) = text.split_once(": ")
        && !code.is_empty()
        && code.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
    {
        return (Some(code.to_owned()), said.to_owned());
    }
    (None, text.to_owned())
}

/// A string, or a number as the API sometimes has it for codes.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// What a proxy's page says: its `<pre>`, else its `<title>`, else its text without tags.
fn html_text(html: &str) -> String {
    for tag in ["pre", "title"] {
        if let Some(inner) = between(html, &format!("<{tag}>"), &format!("</{tag}>")) {
            return inner.trim().to_owned();
        }
    }
    let mut text = String::new();
    let mut inside_tag = false;
    for c in html.chars() {
        match c {
            '<' => inside_tag = true,
            '>' => inside_tag = false,
            c if !inside_tag => text.push(c),
            _ => {}
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn between<'a>(text: &'a str, open: &str, close: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(open)?;
    rest.split_once(close).map(|(inner, _)| inner)
}

/// Code first, then status, as the official SDK does; and the three old routes that say "does not exist" with 400.
fn kind_of(status: u16, code: Option<&str>, said: &str) -> Kind {
    match code {
        Some("RESOURCE_DOES_NOT_EXIST" | "NOT_FOUND" | "ENDPOINT_NOT_FOUND" | "FEATURE_DISABLED") => {
            return Kind::NotFound;
        }
        Some(code) if code.ends_with("_DOES_NOT_EXIST") => return Kind::NotFound,
        Some("INVALID_PARAMETER_VALUE") if said.contains("does not exist") || said.contains("doesn't exist") => {
            return Kind::NotFound;
        }
        Some("INVALID_PARAMETER_VALUE" | "MALFORMED_REQUEST" | "BAD_REQUEST") => return Kind::InvalidInput,
        Some("PERMISSION_DENIED") => return Kind::PermissionDenied,
        Some("REQUEST_LIMIT_EXCEEDED" | "RESOURCE_EXHAUSTED") => return Kind::RateLimited,
        Some(
            "QUOTA_EXCEEDED" | "MAX_BLOCK_SIZE_EXCEEDED" | "MAX_READ_SIZE_EXCEEDED" | "MAX_NOTEBOOK_SIZE_EXCEEDED",
        ) => {
            return Kind::LimitExceeded;
        }
        // Wrong tokens answer 403 with this text; what helps is a new login, not a grant.
        _ if status == 403 && said.contains("Invalid access token") => return Kind::Unauthenticated,
        _ => {}
    }
    kind_of_status(status)
}

/// What an error status means where nothing more is said.
const fn kind_of_status(status: u16) -> Kind {
    match status {
        400 | 411 | 415 | 422 => Kind::InvalidInput,
        401 => Kind::Unauthenticated,
        403 => Kind::PermissionDenied,
        404 | 410 => Kind::NotFound,
        408 | 504 => Kind::Timeout,
        413 => Kind::LimitExceeded,
        429 => Kind::RateLimited,
        500..=599 => Kind::Upstream,
        _ => Kind::Failed,
    }
}

fn advice(kind: Kind, status: u16, code: Option<&str>, retry_after_seconds: Option<u64>) -> Option<String> {
    let advice = match (kind, code) {
        (Kind::Unauthenticated, _) => {
            "The workspace refused the credential of this session. Ask the user to sign in again (or to check the configured token); do not retry."
        }
        (Kind::PermissionDenied, _) => {
            "The user lacks a privilege on this object. Say which object and privilege, and that its owner or an administrator can grant it; do not retry."
        }
        (Kind::NotFound, Some("ENDPOINT_NOT_FOUND" | "FEATURE_DISABLED")) => {
            "This workspace does not have this feature; do not retry."
        }
        (Kind::RateLimited, _) => {
            return Some(match retry_after_seconds {
                Some(seconds) => format!("The workspace asks to slow down: try again after {seconds} s."),
                None => {
                    "The workspace asks to slow down: try again in a few seconds, with fewer calls at once.".to_owned()
                }
            });
        }
        (Kind::Upstream, _) if status == 503 => {
            return Some(match retry_after_seconds {
                Some(seconds) => format!("The workspace is not available at the moment: try again after {seconds} s."),
                None => "The workspace is not available at the moment: try again later.".to_owned(),
            });
        }
        _ => match code {
            Some("RESOURCE_ALREADY_EXISTS" | "ALREADY_EXISTS") => "It exists already: update it instead.",
            _ => return None,
        },
    };
    Some(advice.to_owned())
}

fn reason(status: u16) -> &'static str {
    match status {
        300..=399 => "it answers with a redirect, which is not followed; the address is not the right one",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        408 => "Request Timeout",
        409 => "Conflict",
        413 => "Content Too Large",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "no reason was given",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(status: u16, body: &str, kind: Kind, code: Option<&str>, begins: &str) {
        let failure = api_failure(&Response::new(status, body));
        assert_eq!(failure.kind, kind, "{failure:?}");
        assert_eq!(failure.code.as_deref(), code, "{failure:?}");
        assert!(failure.message.starts_with(begins), "{failure:?}");
    }

    #[test]
    fn reads_every_shape_of_error_body() {
        check(
            404,
            r#"{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"Job 12 does not exist.","details":[]}"#,
            Kind::NotFound,
            Some("RESOURCE_DOES_NOT_EXIST"),
            "RESOURCE_DOES_NOT_EXIST: Job 12 does not exist. (HTTP 404)",
        );
        check(500, r#"{"error":"context gone"}"#, Kind::Upstream, None, "context gone (HTTP 500)");
        check(
            404,
            r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"detail":"no user","status":"404"}"#,
            Kind::NotFound,
            Some("SCIM_404"),
            "SCIM_404: no user",
        );
        check(
            400,
            "INVALID_STATE: not running",
            Kind::InvalidInput,
            Some("INVALID_STATE"),
            "INVALID_STATE: not running",
        );
        check(
            502,
            "<html><head><title>Bad gateway</title></head><body>x</body></html>",
            Kind::Upstream,
            None,
            "Bad gateway",
        );
        check(502, "<html><pre>upstream reset</pre></html>", Kind::Upstream, None, "upstream reset");
        check(502, "<p>one <b>two</b></p>", Kind::Upstream, None, "one two");
        check(503, "", Kind::Upstream, None, "Service Unavailable (HTTP 503)");
        check(418, "tea", Kind::Failed, None, "tea (HTTP 418)");
    }

    #[test]
    fn tells_a_wrong_token_from_a_missing_privilege() {
        check(
            403,
            r#"{"error_code":"403","message":"Invalid access token."}"#,
            Kind::Unauthenticated,
            Some("403"),
            "Invalid access token. (HTTP 403)",
        );
        check(
            403,
            r#"{"error_code":"PERMISSION_DENIED","message":"no USE SCHEMA"}"#,
            Kind::PermissionDenied,
            Some("PERMISSION_DENIED"),
            "PERMISSION_DENIED: no USE SCHEMA",
        );
        check(
            401,
            r#"{"error_code":"401","message":"Credential was not sent"}"#,
            Kind::Unauthenticated,
            Some("401"),
            "Credential was not sent (HTTP 401)",
        );
    }

    #[test]
    fn finds_not_found_behind_a_400() {
        check(
            400,
            r#"{"error_code":"INVALID_PARAMETER_VALUE","message":"Cluster c1 does not exist"}"#,
            Kind::NotFound,
            Some("INVALID_PARAMETER_VALUE"),
            "INVALID_PARAMETER_VALUE: Cluster",
        );
        check(
            400,
            r#"{"error_code":"INVALID_PARAMETER_VALUE","message":"bad wait_timeout"}"#,
            Kind::InvalidInput,
            Some("INVALID_PARAMETER_VALUE"),
            "INVALID",
        );
    }

    #[test]
    fn says_how_long_to_wait() {
        let mut response = Response::new(429, r#"{"error_code":"REQUEST_LIMIT_EXCEEDED","message":"slow down"}"#);
        response.headers.push(("Retry-After".to_owned(), "7".to_owned()));
        let failure = api_failure(&response);
        assert!(failure.retryable);
        assert!(failure.message.ends_with("try again after 7 s."), "{failure:?}");
    }
}
