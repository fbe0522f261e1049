//! Extractors that parse a request into types or answer with a problem that names the field.

use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use http::request::Parts;
use http::{StatusCode, header};
use serde::de::DeserializeOwned;

use super::MAX_BODY_BYTES;
use super::problem::Problem;
use crate::identity::Caller;

/// A JSON body.
#[derive(Debug)]
pub(crate) struct Body<T>(pub(crate) T);

impl<T, S> FromRequest<S> for Body<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        // Only this content type, because a page on another site can send the others without asking the browser.
        let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if !content_type.is_some_and(is_json) {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported-media-type",
                "the body must be JSON, sent with `content-type: application/json`",
            ));
        }
        let bytes = read_body(request).await?;
        parse(&bytes)
    }
}

/// A JSON body that may be missing altogether; then every field has its default.
#[derive(Debug)]
pub(crate) struct OptionalBody<T>(pub(crate) T);

impl<T, S> FromRequest<S> for OptionalBody<T>
where
    T: DeserializeOwned + Default,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let content_type = request.headers().get(header::CONTENT_TYPE);
        if let Some(content_type) = content_type
            && !content_type.to_str().is_ok_and(is_json)
        {
            return Body::from_request(request, state).await.map(|Body(value)| Self(value));
        }
        let is_json = content_type.is_some();
        let bytes = read_body(request).await?;
        // Nothing, or JSON's word for it.
        if (bytes.is_empty() && !is_json) || bytes.trim_ascii() == b"null" {
            return Ok(Self(T::default()));
        }
        parse(&bytes).map(|Body(value)| Self(value))
    }
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

async fn read_body(request: Request) -> Result<bytes::Bytes, Problem> {
    to_bytes(request.into_body(), MAX_BODY_BYTES).await.map_err(|error| {
        let too_large =
            std::error::Error::source(&error).is_some_and(|cause| cause.is::<http_body_util::LengthLimitError>());
        if too_large {
            let detail = format!("the request body is larger than {MAX_BODY_BYTES} bytes; send less at once");
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", detail)
        } else {
            Problem::new(StatusCode::BAD_REQUEST, "body-unreadable", "the request body ended before it was complete")
        }
    })
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<Body<T>, Problem> {
    // Serde would also take a list of a type's fields in order, which no client should come to rely on.
    if !bytes.trim_ascii_start().starts_with(b"{") {
        serde_json::from_slice::<serde::de::IgnoredAny>(bytes).map_err(|error| not_json(&error))?;
        return Err(Problem::field("body", "must be a JSON object"));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let cause = error.into_inner();
        if cause.is_data() { wrong_field(&path, &cause) } else { not_json(&cause) }
    })?;
    deserializer.end().map_err(|error| not_json(&error))?;
    Ok(Body(value))
}

fn not_json(error: &serde_json::Error) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "invalid-json", format!("the body is not JSON: {error}"))
}

/// Names the field of serde's message, which for a missing field is in the text and not in the path.
fn wrong_field(path: &str, error: &serde_json::Error) -> Problem {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or(&text);
    let quoted = || text.split('`').nth(1).unwrap_or_default();
    let inside = |name: &str| if path == "." { name.to_owned() } else { format!("{path}.{name}") };
    if text.starts_with("missing field") {
        return Problem::field(inside(quoted()), "is missing");
    }
    if text.starts_with("unknown field") {
        let known = text.split_once(", ").map_or("", |(_, known)| known);
        let name = if path == "." { quoted().to_owned() } else { path.to_owned() };
        return Problem::field(name, format!("is not known here; {known}"));
    }
    Problem::field(if path == "." { "body" } else { path }, text)
}

/// Who asks; [`super::guard::identify`] found it out.
impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| {
            tracing::error!(path = parts.uri.path(), "a handler asks who calls, and its route does not find it out");
            Problem::internal()
        })
    }
}

/// The query string.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<T, S> FromRequestParts<S> for Query<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        axum::extract::Query::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Query(value)| Self(value))
            .map_err(|rejection| {
                let text = rejection.body_text();
                let message = text.strip_prefix("Failed to deserialize query string: ").unwrap_or(&text).to_owned();
                let field = message.split(':').next().filter(|name| !name.contains(' ')).unwrap_or("query").to_owned();
                Problem::field(field, message)
            })
    }
}

/// Path segments. One that cannot be an id names nothing, so it is not found rather than malformed.
#[derive(Debug)]
pub(crate) struct Path<T>(pub(crate) T);

impl<T, S> FromRequestParts<S> for Path<T>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        axum::extract::Path::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Path(value)| Self(value))
            .map_err(|_| Problem::not_found("thing: the address holds an id that is not a UUID"))
    }
}
