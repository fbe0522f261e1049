//! Problem details (RFC 9457): the one shape of every error answer, and the one place where errors become answers.

use axum::response::{IntoResponse, Response};
use bricklayer_domain::TurnId;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

/// Where problem types live; the last segment is the stable code.
const TYPE_BASE: &str = "https://bricklayer.dev/problems/";

/// One field that is wrong.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FieldError {
    /// Its path in the request: `project_id`, `settings.warehouse_id`, `query.after`.
    pub field: String,
    /// What is wrong and what is expected.
    pub message: String,
}

/// The body of an error answer, `application/problem+json`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ProblemDetails {
    /// A stable address whose last segment is the error's code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The code in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened and what to do next.
    pub detail: String,
    /// The request, for whoever reads the log.
    pub request_id: String,
    /// The fields that are wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// When to try again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u64>,
    /// The turn that is in the way (`turn-in-progress`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_id: Option<String>,
}

/// An error on its way out. It travels in the response's extensions until the outermost layer, which knows the
/// request's id, writes the body.
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    errors: Vec<FieldError>,
    retry_after_seconds: Option<u64>,
    execution: Option<TurnId>,
}

impl Problem {
    /// A problem with a stable code in kebab case, which is also its title.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), errors: Vec::new(), retry_after_seconds: None, execution: None }
    }

    /// Something the caller cannot mend and need not know; the log knows.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal-error",
            "the server failed; try again, and tell the operator the request id if it persists",
        )
    }

    /// A thing that does not exist, or that the caller may not know exists.
    #[must_use]
    pub fn not_found(what: &'static str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", format!("there is no such {what}"))
    }

    /// One field that is wrong.
    #[must_use]
    pub fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        let error = FieldError { field: field.into(), message: message.into() };
        let detail = format!("`{}` {}", error.field, error.message);
        let mut problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-request", detail);
        problem.errors.push(error);
        problem
    }

    /// Adds when to try again; also sent as `Retry-After`.
    #[must_use]
    pub const fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_seconds = Some(seconds);
        self
    }

    /// Adds the turn in the way.
    #[must_use]
    pub const fn execution(mut self, turn: TurnId) -> Self {
        self.execution = Some(turn);
        self
    }

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.code
    }

    /// What happened and what to do next.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// Writes the body.
    pub(crate) fn render(self, request_id: &str) -> Response {
        let title = self.code.replace('-', " ");
        let details = ProblemDetails {
            kind: format!("{TYPE_BASE}{}", self.code),
            title,
            status: self.status.as_u16(),
            detail: self.detail,
            request_id: request_id.to_owned(),
            errors: self.errors,
            retry_after_seconds: self.retry_after_seconds,
            execution_id: self.execution.map(|turn| turn.to_string()),
        };
        let body = serde_json::to_vec(&details).unwrap_or_default();
        let content_type = HeaderValue::from_static("application/problem+json");
        (self.status, [(header::CONTENT_TYPE, content_type)], body).into_response()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        if let Some(seconds) = self.retry_after_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// The problem for a bare error status that some layer answered without one.
pub(crate) fn from_status(status: StatusCode) -> Problem {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(status, "body-too-large", "the request body is too large"),
        StatusCode::NOT_FOUND => Problem::new(status, "unknown-route", "there is nothing here; see /docs"),
        StatusCode::METHOD_NOT_ALLOWED => Problem::new(status, "method-not-allowed", "wrong method; see /docs"),
        status if status.is_client_error() => Problem::new(status, "invalid-request", "the request cannot be read"),
        _ => Problem::internal(),
    }
}
