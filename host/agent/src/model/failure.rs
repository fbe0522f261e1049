//! What can go wrong with a model call: whether it is worth another attempt, when, and what the user is told.
//!
//! Source of the retry rules: the official client. `x-should-retry` first, then connection errors, 408, 409, 429 and
//! 5xx; the wait is `retry-after-ms`, `retry-after` in seconds or as a date, or 0.5 s doubled each time, at most 8 s,
//! less up to a quarter of it.

use std::time::Duration;

use bricklayer_domain::{MAX_MESSAGE_BLOCKS, MAX_MESSAGE_BYTES, Redactor};
use chrono::{DateTime, Utc};
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde_json::Value;
use url::Url;

use super::features::{Feature, Features};
use super::names::told_tools;
use super::refusal;
use super::{ModelError, ModelErrorKind, ModelRequest};

/// First wait without advice of the server.
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// Longest wait without advice of the server.
const MAX_WAIT: Duration = Duration::from_secs(8);

/// Longest wait that a server may ask for; past it the user is told instead of kept waiting.
const MAX_ADVISED_WAIT: Duration = Duration::from_secs(60);

/// Characters of a provider's own message that a user is shown.
const MAX_DETAIL_CHARS: usize = 300;

/// What an API is to its user.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    /// Its name, as in `answers, but not as the Messages API does`.
    pub(super) api: &'static str,
    /// What is done about a credential that it refuses.
    pub(super) credential: &'static str,
}

/// One failed attempt.
#[derive(Debug)]
pub(super) struct Failure {
    /// Boxed, because a failure is what every piece of an answer may be.
    pub(super) error: Box<ModelError>,
    pub(super) retryable: bool,
    pub(super) request_id: Option<String>,
    /// What the model said is its limit of tokens, when it refused a larger one.
    pub(super) output_limit: Option<u32>,
    advised: Option<Duration>,
    detail: String,
    /// Status and text of a refusal, for its repairs.
    refusal: Option<(u16, String)>,
}

impl Failure {
    fn new(kind: ModelErrorKind, retryable: bool, message: impl Into<String>) -> Self {
        let error = Box::new(ModelError { kind, message: message.into(), repairs: Vec::new() });
        let detail = String::new();
        Self { error, retryable, request_id: None, output_limit: None, advised: None, detail, refusal: None }
    }

    /// With what may be changed about the conversation so that the API takes it.
    pub(super) fn with_repairs(mut self, request: &ModelRequest) -> Self {
        if let Some((status, text)) = &self.refusal {
            let tools: Vec<_> = told_tools(request).collect();
            self.error.repairs = refusal::repairs(*status, text, &tools);
        }
        self
    }

    /// What the API does not take of what the request used.
    pub(super) fn refused_feature(&self, used: Features) -> Option<Feature> {
        let (status, text) = self.refusal.as_ref()?;
        used.refused(*status, text)
    }

    /// The wait before the attempt that follows the given one (from 1).
    pub(super) fn wait(&self, attempt: u32) -> Duration {
        self.advised.unwrap_or_else(|| {
            let doubled = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1).min(10)));
            doubled.min(MAX_WAIT).mul_f64(1.0 - rand::random_range(0.0..=0.25))
        })
    }

    /// For the operator's log: the kind and the technical cause; no credential is ever part of either.
    pub(super) fn for_log(&self) -> String {
        format!("{:?}: {}", self.error.kind, self.detail)
    }

    fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }
}

fn host(url: &Url) -> &str {
    url.host_str().unwrap_or("the configured address")
}

/// No connection, or one that broke.
pub(super) fn connection(base: &Url, error: &reqwest::Error) -> Failure {
    let host = host(base);
    let message = if error.is_connect() {
        format!(
            "The model at {host} cannot be reached. Check the network and the model's address in the configuration."
        )
    } else {
        format!("The connection to the model at {host} broke.")
    };
    let detail = error.without_url_text();
    Failure::new(ModelErrorKind::Unreachable, true, message).with_detail(detail)
}

/// The causes of an error without its address, which may hold what it should not.
trait WithoutUrl {
    fn without_url_text(&self) -> String;
}

impl WithoutUrl for reqwest::Error {
    fn without_url_text(&self) -> String {
        let mut text = String::from("http");
        let mut source = std::error::Error::source(self);
        while let Some(cause) = source {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        text
    }
}

/// The caller has no token, and no other is used in its place.
pub(super) fn no_token(told: Told) -> Failure {
    let message = format!(
        "This model is asked with your own token at the workspace, and there is none. {} Or choose another model.",
        told.credential
    );
    Failure::new(ModelErrorKind::Unauthorized, false, message).with_detail("no token of the caller")
}

/// A credential that no header can hold; it came with the caller.
pub(super) fn unfit_token(told: Told) -> Failure {
    let message = format!("Your token cannot be sent to the model. {}", told.credential);
    Failure::new(ModelErrorKind::Unauthorized, false, message).with_detail("the caller's token is no header")
}

/// No bytes for too long.
pub(super) fn silent(allowed: Duration) -> Failure {
    let seconds = allowed.as_secs_f64();
    let message = format!("The model sent nothing for {seconds:.0} seconds.");
    Failure::new(ModelErrorKind::Timeout, true, message).with_detail("silence")
}

/// The stream ended in the middle.
pub(super) fn cut_off() -> Failure {
    let message = "The connection to the model broke in the middle of the answer.";
    Failure::new(ModelErrorKind::Unreachable, true, message).with_detail("stream ended early")
}

/// Bytes that are no answer of this API. Another attempt would meet the same.
pub(super) fn nonsense(told: Told, what: &str) -> Failure {
    let message = format!(
        "The model's address answers, but not as {} does ({what}). Check the model's address in the configuration.",
        told.api
    );
    Failure::new(ModelErrorKind::BadResponse, false, message).with_detail(what)
}

/// The answer is larger than what one message may hold. Another attempt would be paid and meet the same.
pub(super) fn too_large() -> Failure {
    let message = format!(
        "The model's answer is larger than {} MiB, which is what one message may hold. Ask for less at once: a long file \
         in several parts, say.",
        MAX_MESSAGE_BYTES / (1024 * 1024)
    );
    Failure::new(ModelErrorKind::AnswerTooLarge, false, message).with_detail("too large")
}

/// The answer has more parts than one message may hold.
pub(super) fn too_many_blocks() -> Failure {
    let message = format!(
        "The model's answer has more than {MAX_MESSAGE_BLOCKS} parts (texts and tool calls), which is what one message \
         may hold. Ask for less at once."
    );
    Failure::new(ModelErrorKind::AnswerTooLarge, false, message).with_detail("too many blocks")
}

/// Nothing but signs of life for too long.
pub(super) fn stalled(allowed: Duration) -> Failure {
    let message = format!("The model wrote nothing for {:.0} seconds, only signs of life.", allowed.as_secs_f64());
    Failure::new(ModelErrorKind::Timeout, true, message).with_detail("pings only")
}

/// A piece of the answer that cannot be read; the next attempt may be whole.
pub(super) fn garbled(what: &str) -> Failure {
    let message = format!(
        "The model's answer could not be read ({what}). Send the message again; if this happens again and again, check \
         the model's address in the configuration."
    );
    Failure::new(ModelErrorKind::BadResponse, true, message).with_detail(what)
}

/// An error event after the answer had begun.
pub(super) fn in_stream(error: &Value, redactor: &Redactor) -> Failure {
    let kind = error.get("type").or_else(|| error.get("error_code")).and_then(Value::as_str).unwrap_or_default();
    let text = error.get("message").or(Some(error)).and_then(Value::as_str).unwrap_or_default();
    // Some gateways say the status itself.
    let code = error.get("code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
    let status = match kind {
        _ if code.is_some_and(|code| (400..600).contains(&code)) => code.unwrap_or(500),
        "invalid_request_error" | "BAD_REQUEST" | "INVALID_PARAMETER_VALUE" => 400,
        "authentication_error" | "UNAUTHENTICATED" => 401,
        "billing_error" => 402,
        "permission_error" | "PERMISSION_DENIED" => 403,
        "not_found_error" | "RESOURCE_DOES_NOT_EXIST" | "ENDPOINT_NOT_FOUND" => 404,
        "request_too_large" => 413,
        "rate_limit_error" | "rate_limit_exceeded" | "REQUEST_LIMIT_EXCEEDED" | "RESOURCE_EXHAUSTED" => 429,
        "timeout_error" => 504,
        "overloaded_error" | "TEMPORARILY_UNAVAILABLE" => 529,
        _ => 500,
    };
    let kind = clean(&redactor.text(kind));
    let text = redactor.text(text);
    // The credential was taken, or there would be no stream; its help is never needed.
    let mut failure = classify(status, &clean(&text), "the model", "").with_detail(format!("error event {kind}"));
    failure.refusal = Some((status, text));
    failure
}

/// An HTTP error.
pub(super) fn http(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    request: &ModelRequest,
    told: Told,
    redactor: &Redactor,
) -> Failure {
    let text = redactor.text(&message_of(body));
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let shown = clean(&text);
    let mut failure = classify(status.as_u16(), &shown, &request.model, told.credential)
        .with_detail(format!("status {status}: {shown}"));
    failure.output_limit = refusal::output_limit(&text).filter(|_| status == StatusCode::BAD_REQUEST);
    failure.refusal = Some((status.as_u16(), text));
    match header("x-should-retry") {
        Some("true") => failure.retryable = true,
        Some("false") => failure.retryable = false,
        Some(_) | None => {}
    }
    failure.request_id = header("request-id").or_else(|| header("x-request-id")).map(|id| clean(&redactor.text(id)));
    failure.advised = advised_wait(headers, bricklayer_domain::now());
    if let Some(wait) = failure.advised.filter(|wait| *wait > MAX_ADVISED_WAIT) {
        failure.retryable = false;
        failure.error.message = format!("{} Try again in {} seconds.", failure.error.message, wait.as_secs());
    }
    failure.with_repairs(request)
}

/// The error's text in the envelope of Anthropic and OpenAI, in Databricks' own, or as small servers have it.
fn message_of(body: &[u8]) -> String {
    let Ok(value) = serde_json::from_slice::<Value>(body) else { return String::new() };
    let inner =
        value.get("error").and_then(|error| error.get("message").or(Some(error)).filter(|text| text.is_string()));
    let text = inner.or_else(|| value.get("message")).or_else(|| value.get("detail"));
    text.and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_DETAIL_CHARS).collect()
}

/// What is said when the model cannot take the conversation, however short it is told.
const TOO_LONG: &str = "The conversation no longer fits into the model's context. Start a new conversation; files in \
                        the project stay available there.";

/// The request is larger than the API takes.
pub(super) fn too_long() -> Failure {
    let mut failure = Failure::new(ModelErrorKind::TooLarge, false, TOO_LONG);
    failure.error.repairs = refusal::repairs(413, "", &[]);
    failure
}

fn classify(status: u16, detail: &str, model: &str, credential: &str) -> Failure {
    let said = if detail.is_empty() { String::new() } else { format!(" It says: {detail}") };
    let too_long = ["too long", "too large", "exceed context", "context window", "maximum context"];
    let (kind, retryable, message) = match status {
        400 | 413 | 422 if status == 413 || too_long.iter().any(|text| detail.contains(text)) => {
            (ModelErrorKind::TooLarge, false, TOO_LONG.to_owned())
        }
        401 => (ModelErrorKind::Unauthorized, false, format!("The model refused the credential. {credential}")),
        402 => (ModelErrorKind::RateLimited, false, format!("The model's account has no budget left.{said}")),
        403 => (
            ModelErrorKind::Forbidden,
            false,
            format!("The credential may not use the model `{model}`. Ask for access or choose another model.{said}"),
        ),
        404 => (
            ModelErrorKind::NotFound,
            false,
            format!("There is no model `{model}` at the configured address. Choose another model.{said}"),
        ),
        408 | 504 => (ModelErrorKind::Timeout, true, "The model took too long to answer.".to_owned()),
        409 => (ModelErrorKind::Upstream, true, format!("The model reports a conflict.{said}")),
        429 => (
            ModelErrorKind::RateLimited,
            true,
            format!("Too many requests to the model. Wait a little and send the message again.{said}"),
        ),
        503 | 529 => (
            ModelErrorKind::Upstream,
            true,
            "The model is overloaded. Wait a little and send the message again.".to_owned(),
        ),
        500..=599 => (
            ModelErrorKind::Upstream,
            true,
            format!("The model failed (status {status}). Send the message again.{said}"),
        ),
        300..=399 => (
            ModelErrorKind::BadResponse,
            false,
            "The model's address answers with a redirect, which is not followed. Correct the address in the \
             configuration."
                .to_owned(),
        ),
        _ => (
            ModelErrorKind::BadRequest,
            false,
            format!(
                "The model refused the request (status {status}).{said} Choose another model, or start a new \
                 conversation; files in the project stay available there."
            ),
        ),
    };
    Failure::new(kind, retryable, message)
}

fn advised_wait(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0);
    let millis = headers.get("retry-after-ms").and_then(|value| value.to_str().ok()).and_then(number);
    if let Some(millis) = millis {
        return Duration::try_from_secs_f64(millis / 1000.0).ok();
    }
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    if let Some(seconds) = number(text) {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let date = DateTime::parse_from_rfc2822(text).ok()?;
    Some((date.with_timezone(&Utc) - now).to_std().unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_follows_the_servers_advice() {
        let now = DateTime::parse_from_rfc3339("2026-01-01T00:00:00Z").unwrap().with_timezone(&Utc);
        let wait = |name: &'static str, value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            advised_wait(&headers, now)
        };
        assert_eq!(wait("retry-after-ms", "1500"), Some(Duration::from_millis(1500)));
        assert_eq!(wait("retry-after", "2"), Some(Duration::from_secs(2)));
        assert_eq!(wait("retry-after", "Thu, 01 Jan 2026 00:00:30 GMT"), Some(Duration::from_secs(30)));
        assert_eq!(wait("retry-after", "Wed, 31 Dec 2025 00:00:30 GMT"), Some(Duration::ZERO));
        assert_eq!(wait("retry-after", "soon"), None);
        assert_eq!(wait("retry-after", "-1"), None);
    }

    #[test]
    fn the_wait_without_advice_doubles_within_its_bounds() {
        let failure = cut_off();
        for (attempt, most) in [(1, 500), (2, 1000), (3, 2000), (4, 4000), (5, 8000), (6, 8000), (60, 8000)] {
            for _ in 0..50 {
                let wait = failure.wait(attempt).as_millis();
                assert!(wait <= most && wait >= most * 3 / 4, "attempt {attempt}: {wait} ms");
            }
        }
    }
}
