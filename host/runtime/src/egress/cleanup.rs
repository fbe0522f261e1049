//! Requests that end remote work when the call that began it cannot any more.

use std::sync::Arc;

use bricklayer_domain::CleanUp;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Request, Uri};
use http_body_util::{BodyExt as _, Full};

use super::CallEgress;
use crate::failure::{Asked, Denial};

/// Largest body, as `wit/host.wit` states it.
const MAX_BODY_BYTES: usize = 16_384;

/// Whether it is a request at all.
pub(crate) fn check_form(request: &CleanUp) -> Result<(), String> {
    if request.body.as_ref().is_some_and(|body| body.len() > MAX_BODY_BYTES) {
        return Err(format!("the body has more than {MAX_BODY_BYTES} bytes"));
    }
    bricklayer_package::Method::parse(&request.method).map_err(|error| error.to_string())?;
    uri(request).map(drop)
}

fn uri(request: &CleanUp) -> Result<Uri, String> {
    if !request.path.starts_with('/') {
        return Err("the path must begin with a slash".to_owned());
    }
    Uri::builder()
        .scheme("https")
        .authority("workspace")
        .path_and_query(request.path.as_str())
        .build()
        .map_err(|error| format!("the path cannot be used: {error}"))
}

impl CallEgress {
    /// Whether the call's grants allow a clean-up, asked when it is registered and again when it is sent.
    pub(crate) fn may_clean_up(&self, request: &CleanUp) -> Result<(), Box<Denial>> {
        let refused = match uri(request).map(|uri| self.check(&request.method, &uri)) {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(refused)) => refused,
            Err(reason) => reason.into(),
        };
        Err(Box::new(Denial::new(Asked::CleanUp, &refused.reason, refused.missing)))
    }

    /// Sends it like any request of the plugin; whether the far end took it. An error is only logged, for nobody is left
    /// to tell.
    pub(crate) async fn clean_up(self: &Arc<Self>, request: CleanUp) -> bool {
        let Ok(uri) = uri(&request) else { return false };
        let mut builder = Request::builder().method(request.method.as_str()).uri(uri);
        if request.body.is_some() {
            builder = builder.header(CONTENT_TYPE, "application/json");
        }
        let body = Full::new(Bytes::from(request.body.unwrap_or_default()));
        let Ok(outgoing) = builder.body(body.map_err(|never| match never {}).boxed_unsync()) else { return false };
        // The call has spent its requests, perhaps all of them; ending remote work must not fail for that.
        self.requests.store(0, std::sync::atomic::Ordering::Relaxed);
        match Arc::clone(self).send(outgoing, None).await {
            Ok(response) => {
                let status = response.status();
                let _ = response.into_body().collect().await;
                tracing::info!(
                    plugin.name = %self.tally.identity.plugin, path = request.path, status = status.as_u16(),
                    "remote work was ended for a call"
                );
                status.is_success()
            }
            Err(unsent) => {
                tracing::warn!(plugin.name = %self.tally.identity.plugin, path = request.path, error = ?unsent.error, "remote work could not be ended for a call");
                false
            }
        }
    }
}
