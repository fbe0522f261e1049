//! `http` of the contract: one function over the same egress as `wasi:http`.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use wasmtime_wasi_http::Error;

use super::contract::wit::http as wit;
use super::{Frame, View};
use crate::egress::{CallEgress, PlainFault, PlainRequest, Unsent};

/// The way out, and how long a set of headers may be.
pub(super) struct HttpCtx {
    egress: Arc<CallEgress>,
    max_header_bytes: usize,
}

impl HttpCtx {
    pub(super) fn new(frame: &Frame) -> Self {
        Self { egress: Arc::clone(&frame.egress), max_header_bytes: frame.limits.header_bytes }
    }
}

impl wit::Host for View<'_, HttpCtx> {
    async fn fetch(&mut self, request: wit::Request) -> wasmtime::Result<Result<wit::Response, wit::HttpError>> {
        self.count()?;
        let egress = Arc::clone(&self.own.egress);
        let request = PlainRequest {
            method: request.method,
            url: request.url,
            headers: request.headers.into_iter().map(|header| (header.name, header.value)).collect(),
            body: request.body.map(Bytes::from),
            timeout: request.timeout_ms.map(|millis| Duration::from_millis(millis.into())),
        };
        let request = match request.parse(self.own.max_header_bytes) {
            Ok(request) => request,
            Err(fault) => return Ok(Err(wit::HttpError::from(fault))),
        };
        Ok(match egress.fetch(request).await {
            Ok(answer) => Ok(wit::Response {
                status: answer.status,
                headers: answer.headers.into_iter().map(|(name, value)| wit::Header { name, value }).collect(),
                body: answer.body,
            }),
            Err(unsent) => Err(explain(unsent)),
        })
    }
}

impl From<PlainFault> for wit::HttpError {
    fn from(fault: PlainFault) -> Self {
        match fault {
            PlainFault::Invalid(why) => Self::Invalid(why),
            PlainFault::TooLarge(why) => Self::TooLarge(why),
        }
    }
}

/// The same failures as `wasi:http` tells, in fewer cases, and a refusal in its own words.
fn explain(unsent: Unsent) -> wit::HttpError {
    use wit::HttpError;

    if let Some(denial) = unsent.denial {
        return HttpError::Denied(denial.said.clone());
    }
    match unsent.error {
        Error::HttpResponseTimeout => HttpError::Timeout("the far end did not answer in time".to_owned()),
        Error::ConnectionTimeout => HttpError::Timeout("the connection was not made in time".to_owned()),
        Error::ConnectionReadTimeout => HttpError::Timeout("the answer stopped arriving".to_owned()),
        Error::HttpRequestBodySize(_) => HttpError::TooLarge("the request's body is too large".to_owned()),
        Error::HttpResponseBodySize(_) => HttpError::TooLarge("the answer's body is too large".to_owned()),
        Error::ConnectionRefused => HttpError::Unreachable("the connection was refused".to_owned()),
        Error::DestinationUnavailable => HttpError::Unreachable("no connection could be made".to_owned()),
        Error::HttpResponseContentCoding(_) => {
            HttpError::Failed("the answer is encoded although that was not asked for".to_owned())
        }
        _ => HttpError::Failed("the connection broke".to_owned()),
    }
}
