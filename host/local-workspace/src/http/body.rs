//! Request bodies.

use std::{future::poll_fn, pin::Pin};

use axum::{
    body::{self, Bytes, HttpBody},
    extract::{FromRequest, Request},
    http::StatusCode,
    response::IntoResponse,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::ApiError;

/// Largest request body in bytes: a statement of 16 MiB with its escapes.
pub(crate) const BODY_BYTES: usize = 34 * 1024 * 1024;

/// How much of a larger one is read and thrown away, in bytes.
const DRAINED_BYTES: usize = 2 * BODY_BYTES;

/// A JSON body.
#[derive(Debug)]
pub(crate) struct Body<T>(pub(crate) T);

/// A JSON body; none at all counts as an object without fields.
#[derive(Debug)]
pub(crate) struct OptionalBody<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        parse(&read(request, state).await?).map(Self)
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for OptionalBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let body = read(request, state).await?;
        let body: &[u8] = if body.iter().all(u8::is_ascii_whitespace) { b"{}" } else { &body };
        parse(body).map(Self)
    }
}

async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, ApiError> {
    let announced = usize::try_from(request.body().size_hint().lower()).unwrap_or(usize::MAX);
    if announced > BODY_BYTES {
        drain(request.into_body()).await;
        return Err(ApiError::too_large(BODY_BYTES));
    }
    Bytes::from_request(request, state).await.map_err(|rejection| match rejection.into_response().status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::too_large(BODY_BYTES),
        _ => ApiError::malformed("The request's body ended before its end."),
    })
}

/// Reads on for a while: a caller that sends all before it looks for an answer would find the connection closed instead.
pub(crate) async fn drain(mut body: body::Body) {
    let mut read = 0;
    while read < DRAINED_BYTES
        && let Some(Ok(frame)) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await
    {
        read += frame.data_ref().map_or(0, Bytes::len);
    }
}

/// Reads a request's JSON body. As in the service, a field that is `null` is one that is not there.
///
/// # Errors
/// `MALFORMED_REQUEST` for what is no JSON or does not fit.
fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    let malformed = |e: serde_json::Error| ApiError::malformed(format!("Could not parse request object: {e}"));
    let mut value: Value = serde_json::from_slice(body).map_err(malformed)?;
    drop_nulls(&mut value);
    serde_json::from_value(value).map_err(malformed)
}

fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null());
            fields.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}
