//! Whole requests and whole answers, for the contract's `http`; everything else is as for streamed ones.

use std::sync::Arc;
use std::time::Duration;

use bricklayer_domain::cut;
use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Request, Uri};
use http_body_util::{BodyExt as _, Full};
use tokio::time::timeout;
use wasmtime_wasi_http::{DEFAULT_FORBIDDEN_HEADERS, Error, WasiBody};

use super::CallEgress;
use super::headers;
use super::send::Unsent;
use crate::failure::LastRequest;

/// Largest body either way, as `wit/host.wit` states it: host and guest both hold it whole.
const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;

/// What one header costs beside its text, as wasmtime counts the headers of `wasi:http`.
const HEADER_OVERHEAD_BYTES: usize = 32;

/// Longest URL: the longest path, and room for scheme and host.
const MAX_URL_BYTES: usize = 8192 + 300;

/// A request as a guest states it.
pub(crate) struct PlainRequest {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<Bytes>,
    /// For the whole answer.
    pub(crate) timeout: Option<Duration>,
}

/// A request that is one; whether it may leave is not decided yet.
pub(crate) struct ParsedRequest {
    request: Request<WasiBody>,
    timeout: Option<Duration>,
    /// The first header that belongs to the host.
    forbidden: Option<HeaderName>,
}

/// A request that is none.
pub(crate) enum PlainFault {
    Invalid(String),
    TooLarge(String),
}

/// An answer, whole.
pub(crate) struct PlainAnswer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl PlainRequest {
    /// Reads the parts, changing none: no path is normalised and nothing decoded.
    pub(crate) fn parse(self, max_header_bytes: usize) -> Result<ParsedRequest, PlainFault> {
        let invalid = |why: String| PlainFault::Invalid(why);
        if self.body.as_ref().is_some_and(|body| body.len() > MAX_BODY_BYTES) {
            return Err(PlainFault::TooLarge(format!("the body has more than {MAX_BODY_BYTES} bytes")));
        }
        if self.url.len() > MAX_URL_BYTES {
            return Err(invalid(format!("the URL has more than {MAX_URL_BYTES} bytes")));
        }
        if self.url.contains('#') {
            return Err(invalid("the URL has a fragment, which no request carries".to_owned()));
        }
        let uri: Uri = self.url.parse().map_err(|error| invalid(format!("the URL cannot be read: {error}")))?;
        if uri.scheme().is_none() || uri.authority().is_none() {
            return Err(invalid("the URL must be absolute, such as https://workspace/api/2.0/x".to_owned()));
        }
        let method = http::Method::from_bytes(self.method.as_bytes()).map_err(|_| invalid("no method".to_owned()))?;
        let uri = with_path(uri).map_err(invalid)?;
        let mut request = Request::builder().method(method).uri(uri);
        let length = self.body.as_ref().map_or(0, Bytes::len).to_string();
        let mut header_bytes = 0;
        let mut forbidden = None;
        for (name, value) in self.headers {
            header_bytes += name.len() + value.len() + HEADER_OVERHEAD_BYTES;
            if header_bytes > max_header_bytes {
                return Err(PlainFault::TooLarge(format!("the headers have more than {max_header_bytes} bytes")));
            }
            let odd = || invalid(format!("{:?} is no header", cut(&name, 100)));
            let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| odd())?;
            let value = HeaderValue::from_str(&value).map_err(|_| odd())?;
            // How long the body is, the host says: what says the same is dropped, what says otherwise would cut the body
            // or hide a second request behind it.
            if parsed == CONTENT_LENGTH && value.as_bytes() == length.as_bytes() {
                continue;
            }
            let is_hosts = DEFAULT_FORBIDDEN_HEADERS.contains(&parsed) || headers::is_forbidden(&parsed);
            if forbidden.is_none() && (is_hosts || parsed == CONTENT_LENGTH) {
                forbidden = Some(parsed.clone());
            }
            request = request.header(parsed, value);
        }
        let body = Full::new(self.body.unwrap_or_default()).map_err(|never| match never {}).boxed_unsync();
        let request = request.body(body).map_err(|error| invalid(error.to_string()))?;
        Ok(ParsedRequest { request, timeout: self.timeout, forbidden })
    }
}

/// An address without a path means the root.
fn with_path(uri: Uri) -> Result<Uri, String> {
    let mut parts = uri.into_parts();
    if parts.path_and_query.is_none() {
        parts.path_and_query = Some(PathAndQuery::from_static("/"));
    }
    Uri::from_parts(parts).map_err(|error| error.to_string())
}

impl CallEgress {
    /// Sends a request and reads its whole answer.
    pub(crate) async fn fetch(self: Arc<Self>, parsed: ParsedRequest) -> Result<PlainAnswer, Unsent> {
        let ParsedRequest { request, timeout: time, forbidden } = parsed;
        if let Some(name) = forbidden {
            // `wasi:http` refuses such a header before there is a request; here there is one, and a record of it.
            return Err(self.refuse(&request, format!("the header `{name}` belongs to the host")));
        }
        let exchange = async {
            let response = Arc::clone(&self).send_for(request, None, MAX_BODY_BYTES as u64).await?;
            let (head, mut body) = response.into_parts();
            let mut whole = Vec::new();
            while let Some(frame) = body.frame().await {
                let Ok(data) = frame?.into_data() else { continue };
                whole.extend_from_slice(&data);
            }
            let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
            let headers = head.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
            Ok(PlainAnswer { status: head.status.as_u16(), headers, body: whole })
        };
        match time {
            None => exchange.await,
            // Zero is taken as the smallest wait rather than as none.
            Some(time) => match timeout(time.max(Duration::from_millis(1)), exchange).await {
                Ok(answer) => answer,
                Err(_) => {
                    self.tally.course.last_request(LastRequest::Unanswered { late: true });
                    Err(Error::HttpResponseTimeout.into())
                }
            },
        }
    }
}
