//! One rule: which requests it is about, and what becomes of them.

use std::{collections::BTreeMap, time::Duration};

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Longest delay; a test that wants a silent far end needs no more.
const LONGEST_DELAY: Duration = Duration::from_secs(600);

/// Largest body that a rule answers with, in bytes.
const MOST_BODY_BYTES: usize = 1 << 20;

/// Headers that a rule may set.
const MOST_HEADERS: usize = 32;

/// A rule as it is written. It is about requests whose method, path and user fit; of those it lets `skip` pass, then
/// meets `times`, and after that none. Where several rules fit, the first of them that is not used up counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Path without query, as it is on the wire: `*` is one segment, `**` at the end is any rest, also none.
    pub path: String,
    /// Any when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Whose requests; everybody's when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Requests that are left alone first.
    #[serde(default)]
    pub skip: u64,
    /// Requests that are met; without bound when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// Whether the request has its effect before the outcome takes its answer's place.
    #[serde(default)]
    pub after: bool,
    /// Milliseconds until the outcome, at most ten minutes.
    #[serde(default)]
    pub delay_ms: u64,
    /// What the caller gets.
    #[serde(default)]
    pub outcome: Outcome,
}

/// What the caller of a request gets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// What it would have got, later.
    #[default]
    Pass,
    /// The end of the connection without an answer.
    Cut,
    /// This.
    Answer(Answer),
}

/// An answer in place of the real one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// From 200 to 599.
    pub status: u16,
    /// For example `retry-after`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// `error_code` of a body in Databricks' error shape.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// `message` of such a body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The body as it is, of any kind; not beside `error_code` and `message`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

/// Why a rule is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the rule cannot be used: {0}")]
pub struct FaultError(pub(super) String);

impl Fault {
    /// A rule about every request of a path, to which the caller adds.
    #[must_use]
    pub fn at(path: impl Into<String>, outcome: Outcome) -> Self {
        Self { path: path.into(), outcome, ..Self::default() }
    }
}

impl Answer {
    /// An error in Databricks' shape.
    #[must_use]
    pub fn error(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status, error_code: Some(code.into()), message: Some(message.into()), ..Self::default() }
    }

    /// The same with one more header.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.insert(name.into(), value.into());
        self
    }
}

/// A rule that can be carried out.
#[derive(Debug)]
pub(super) struct Rule {
    method: Option<Method>,
    path: Vec<String>,
    user: Option<String>,
    pub(super) skip: u64,
    pub(super) times: Option<u64>,
    pub(super) after: bool,
    pub(super) delay: Duration,
    pub(super) outcome: Planned,
}

#[derive(Debug)]
pub(super) enum Planned {
    Pass,
    Cut,
    Answer { status: StatusCode, headers: HeaderMap, body: String },
}

impl Planned {
    /// The answer in place of the real one; none where there is no such.
    pub(super) fn response(&self) -> Option<Response> {
        let Self::Answer { status, headers, body } = self else { return None };
        let mut response = (*status, body.clone()).into_response();
        response.headers_mut().remove(header::CONTENT_TYPE);
        response.headers_mut().extend(headers.clone());
        Some(response)
    }
}

impl TryFrom<&Fault> for Rule {
    type Error = FaultError;

    fn try_from(fault: &Fault) -> Result<Self, FaultError> {
        let refuse = |why: &str| Err(FaultError(why.to_owned()));
        let Some(path) = fault.path.strip_prefix('/') else {
            return refuse("path must begin with '/'");
        };
        let path: Vec<_> = path.split('/').map(str::to_owned).collect();
        if path.iter().rev().skip(1).any(|segment| segment == "**") {
            return refuse("'**' may only be the last segment of path");
        }
        let method = match &fault.method {
            None => None,
            Some(name) => match Method::from_bytes(name.to_ascii_uppercase().as_bytes()) {
                Ok(method) => Some(method),
                Err(_) => return refuse("method is no HTTP method"),
            },
        };
        let delay = Duration::from_millis(fault.delay_ms);
        if delay > LONGEST_DELAY {
            return refuse(&format!("delay_ms is larger than {}", LONGEST_DELAY.as_millis()));
        }
        if fault.times == Some(0) {
            return refuse("times must be at least 1; leave it out for no bound");
        }
        let outcome = match &fault.outcome {
            Outcome::Pass => Planned::Pass,
            Outcome::Cut => Planned::Cut,
            Outcome::Answer(answer) => plan(answer)?,
        };
        let (user, skip, times, after) = (fault.user.clone(), fault.skip, fault.times, fault.after);
        Ok(Self { method, path, user, skip, times, after, delay, outcome })
    }
}

fn plan(answer: &Answer) -> Result<Planned, FaultError> {
    let refuse = |why: String| Err(FaultError(why));
    let status = match StatusCode::from_u16(answer.status) {
        Ok(status) if (200..600).contains(&answer.status) => status,
        _ => return refuse(format!("status {} is not between 200 and 599", answer.status)),
    };
    let in_shape = answer.error_code.is_some() || answer.message.is_some();
    let body = match &answer.body {
        Some(_) if in_shape => return refuse("give body, or error_code and message, not both".to_owned()),
        Some(body) => body.clone(),
        None if in_shape => json!({ "error_code": answer.error_code, "message": answer.message }).to_string(),
        None => String::new(),
    };
    if body.len() > MOST_BODY_BYTES {
        return refuse(format!("the body is larger than {MOST_BODY_BYTES} bytes"));
    }
    if answer.headers.len() > MOST_HEADERS {
        return refuse(format!("there are more than {MOST_HEADERS} headers"));
    }
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in &answer.headers {
        let name = HeaderName::from_bytes(name.as_bytes());
        let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) else {
            return refuse("a header has characters that no header may have".to_owned());
        };
        if name == header::CONTENT_LENGTH || name == header::TRANSFER_ENCODING {
            return refuse(format!("{name} is the body's own"));
        }
        headers.insert(name, value);
    }
    Ok(Planned::Answer { status, headers, body })
}

impl Rule {
    /// Whether a request is one of those that this is about.
    pub(super) fn fits(&self, method: &Method, path: &str, user: Option<&str>) -> bool {
        self.method.as_ref().is_none_or(|wanted| wanted == method)
            && self.user.as_deref().is_none_or(|wanted| user == Some(wanted))
            && self.fits_path(path)
    }

    fn fits_path(&self, path: &str) -> bool {
        let mut found = path.strip_prefix('/').unwrap_or(path).split('/');
        for wanted in &self.path {
            match (wanted.as_str(), found.next()) {
                ("**", _) => return true,
                (_, None) => return false,
                ("*", Some(_)) => {}
                (wanted, Some(segment)) if wanted == segment => {}
                _ => return false,
            }
        }
        found.next().is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_fit_by_segments() {
        for (pattern, path, fits) in [
            ("/api/2.0/sql/statements", "/api/2.0/sql/statements", true),
            ("/api/2.0/sql/statements", "/api/2.0/sql/statements/x", false),
            ("/api/2.0/sql/statements", "/api/2.0/sql", false),
            ("/api/2.0/sql/statements/*", "/api/2.0/sql/statements/x", true),
            ("/api/2.0/sql/statements/*", "/api/2.0/sql/statements", false),
            ("/api/2.0/sql/statements/*/cancel", "/api/2.0/sql/statements/x/cancel", true),
            ("/api/*/jobs/**", "/api/2.2/jobs/runs/get", true),
            ("/api/*/jobs/**", "/api/2.2/jobs", true),
            ("/api/*/jobs/**", "/api/2.2/clusters/list", false),
            ("/**", "/", true),
            ("/", "/", true),
            ("/", "/x", false),
        ] {
            let rule = Rule::try_from(&Fault::at(pattern, Outcome::Cut)).unwrap();
            assert_eq!(rule.fits(&Method::GET, path, None), fits, "{pattern} {path}");
        }
    }

    #[test]
    fn rules_are_about_a_method_and_a_user() {
        let fault = Fault { method: Some("post".into()), user: Some("ann".into()), ..Fault::at("/**", Outcome::Cut) };
        let rule = Rule::try_from(&fault).unwrap();
        assert!(rule.fits(&Method::POST, "/x", Some("ann")));
        assert!(!rule.fits(&Method::GET, "/x", Some("ann")));
        assert!(!rule.fits(&Method::POST, "/x", Some("bob")));
        assert!(!rule.fits(&Method::POST, "/x", None));
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        let answer = |answer: Answer| Fault::at("/x", Outcome::Answer(answer));
        let both = Answer { body: Some("x".into()), ..Answer::error(400, "X", "x") };
        let large = Answer { status: 200, body: Some("x".repeat(MOST_BODY_BYTES + 1)), ..Answer::default() };
        for (fault, says) in [
            (Fault::at("x", Outcome::Cut), "path must begin"),
            (Fault::at("/**/x", Outcome::Cut), "'**' may only be the last"),
            (Fault { method: Some("GET IT".into()), ..Fault::at("/x", Outcome::Cut) }, "no HTTP method"),
            (Fault { delay_ms: 600_001, ..Fault::at("/x", Outcome::Pass) }, "delay_ms is larger"),
            (Fault { times: Some(0), ..Fault::at("/x", Outcome::Pass) }, "times must be at least 1"),
            (answer(Answer::error(99, "X", "x")), "status 99"),
            (answer(Answer::error(101, "X", "x")), "status 101"),
            (answer(both), "not both"),
            (answer(large), "larger than"),
            (answer(Answer::error(400, "X", "x").with("a b", "c")), "a header has characters"),
            (answer(Answer::error(400, "X", "x").with("a", "b\r\nc: d")), "a header has characters"),
            (answer(Answer::error(400, "X", "x").with("Content-Length", "1")), "content-length"),
        ] {
            let error = Rule::try_from(&fault).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
