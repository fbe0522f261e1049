//! One exchange with the far end: over a pooled connection, or with whoever answers in the network's place.

use std::error::Error as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bricklayer_domain::chain;
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use wasmtime_wasi_http::{Error, WasiBody};

use super::address::PrivateAddress;
use super::check::Allowed;
use super::pool::HttpClient;
use crate::far_end::{FarAnswer, FarEnd, FarRequest};

/// What a request is sent over.
#[expect(clippy::large_enum_variant, reason = "one for each request, on the stack of its task; a box would only cost")]
pub(super) enum Line {
    Network(HttpClient),
    Recorded(Arc<dyn FarEnd>),
}

/// An answer's body.
pub(super) enum Source {
    Network(Incoming),
    Recorded(Full<Bytes>),
}

impl Body for Source {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut *self {
            Self::Network(body) => Pin::new(body).poll_frame(cx),
            Self::Recorded(body) => Pin::new(body).poll_frame(cx).map_err(|never| match never {}),
        }
    }
}

/// Why there is no answer: for the audit, and for the guest.
pub(super) type NoAnswer = (String, Error);

impl Line {
    /// The answer's head, its body to follow.
    pub(super) async fn exchange(
        &self,
        request: Request<WasiBody>,
        allowed: &Allowed,
    ) -> Result<Response<Source>, NoAnswer> {
        match self {
            Self::Network(client) => {
                let response = client.request(request).await.map_err(|error| failure(&error))?;
                Ok(response.map(Source::Network))
            }
            Self::Recorded(far_end) => {
                let request = shown(request, allowed).await?;
                let answer = far_end.answer(request).await.map_err(|error| (error.0, Error::DestinationUnavailable))?;
                read(answer)
            }
        }
    }
}

/// A request as the far end's stand-in may see it.
async fn shown(request: Request<WasiBody>, allowed: &Allowed) -> Result<FarRequest, NoAnswer> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|error| match error {
        Error::HttpRequestBodySize(_) => too_large_request(),
        _ => broken_off(),
    })?;
    Ok(FarRequest {
        method: allowed.method.as_str().to_owned(),
        url: allowed.shown_url(),
        headers: shown_headers(&parts.headers),
        body: body.to_bytes(),
        as_caller: allowed.credential,
    })
}

/// Headers without the credential.
pub(super) fn shown_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = headers.iter().filter(|(name, _)| *name != AUTHORIZATION);
    headers.map(|(name, value)| (name.to_string(), text(value))).collect()
}

fn read(answer: FarAnswer) -> Result<Response<Source>, NoAnswer> {
    let odd = |what: &str| (format!("the recorded answer has {what}"), Error::HttpProtocolError);
    let mut headers = HeaderMap::new();
    for (name, value) in &answer.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| odd("a header with an odd name"))?;
        let value = HeaderValue::from_str(value).map_err(|_| odd("a header with an odd value"))?;
        headers.append(name, value);
    }
    let mut response = Response::new(Source::Recorded(Full::new(answer.body)));
    *response.status_mut() = StatusCode::from_u16(answer.status).map_err(|_| odd("no status"))?;
    *response.headers_mut() = headers;
    Ok(response)
}

fn too_large_request() -> NoAnswer {
    ("the request's body is too large".to_owned(), Error::HttpRequestBodySize(None))
}

fn broken_off() -> NoAnswer {
    ("the plugin broke off its request".to_owned(), Error::ConnectionTerminated)
}

/// What a guest and the audit learn of a request that got no answer.
fn failure(error: &hyper_util::client::legacy::Error) -> NoAnswer {
    let mut source = error.source();
    while let Some(cause) = source {
        if cause.downcast_ref::<PrivateAddress>().is_some() {
            return (cause.to_string(), Error::DestinationIpProhibited);
        }
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            if let Some(private) = io.get_ref().and_then(|inner| inner.downcast_ref::<PrivateAddress>()) {
                return (private.to_string(), Error::DestinationIpProhibited);
            }
            if io.kind() == std::io::ErrorKind::ConnectionRefused {
                return ("the connection was refused".to_owned(), Error::ConnectionRefused);
            }
            if io.kind() == std::io::ErrorKind::TimedOut {
                return ("the connection was not made in time".to_owned(), Error::ConnectionTimeout);
            }
        }
        if let Some(limit) = cause.downcast_ref::<Error>() {
            if matches!(limit, Error::HttpRequestBodySize(_)) {
                return too_large_request();
            }
            return broken_off();
        }
        source = cause.source();
    }
    tracing::warn!(error = chain(&error), "a plugin's request failed");
    if error.is_connect() {
        ("no connection could be made".to_owned(), Error::DestinationUnavailable)
    } else {
        ("the connection broke".to_owned(), Error::ConnectionTerminated)
    }
}
