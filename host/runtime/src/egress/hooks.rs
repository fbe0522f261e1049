//! Where wasmtime hands a guest's request to the broker.

use std::future::Future;
use std::sync::Arc;

use http::uri::Scheme;
use http::{HeaderName, Request, Response};
use wasmtime_wasi_http::{
    DEFAULT_FORBIDDEN_HEADERS, Error, ForbiddenHeaderFilter, RequestOptions, WasiBody, WasiHttpHooks,
};

use super::CallEgress;
use super::headers;

type BoxFuture<T> = Box<dyn Future<Output = T> + Send>;
type Sent = Result<(Response<WasiBody>, BoxFuture<Result<(), Error>>), Error>;

/// One call's hooks.
pub(crate) struct EgressHooks {
    egress: Arc<CallEgress>,
}

impl EgressHooks {
    pub(crate) fn new(egress: Arc<CallEgress>) -> Self {
        Self { egress }
    }
}

impl WasiHttpHooks for EgressHooks {
    // `is_forbidden_header` follows from this one and not the other way round; trailers are filtered by this alone.
    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        Arc::new(|name: &HeaderName| DEFAULT_FORBIDDEN_HEADERS.contains(name) || headers::is_forbidden(name))
    }

    // The broker refuses what is not https; refusing here would hide the attempt from the audit.
    fn is_supported_scheme(&mut self, _scheme: &Scheme) -> bool {
        true
    }

    fn set_host_header(&mut self) -> bool {
        false
    }

    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _response_errors: BoxFuture<Result<(), Error>>,
    ) -> BoxFuture<Sent> {
        let egress = Arc::clone(&self.egress);
        Box::new(async move {
            let response = egress.send(request, options).await.map_err(|unsent| unsent.error)?;
            Ok((response, Box::new(async { Ok(()) }) as BoxFuture<_>))
        })
    }
}
