//! Telling an author's recorder what the network answered; see [`FarEnd::listens`].

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt as _, Full};
use wasmtime_wasi_http::{Error, WasiBody};

use super::check::Allowed;
use super::exchange::shown_headers;
use crate::far_end::{FarAnswer, FarEnd, FarRequest, Unanswered};

/// One request that is listened to.
pub(super) struct Listener {
    far_end: Arc<dyn FarEnd>,
    request: FarRequest,
    body: Arc<Mutex<Vec<u8>>>,
}

impl Listener {
    pub(super) fn new(far_end: &Arc<dyn FarEnd>, allowed: &Allowed, headers: &HeaderMap) -> Self {
        let request = FarRequest {
            method: allowed.method.as_str().to_owned(),
            url: allowed.shown_url(),
            headers: shown_headers(headers),
            body: Bytes::new(),
            as_caller: allowed.credential,
        };
        Self { far_end: Arc::clone(far_end), request, body: Arc::default() }
    }

    /// The same body, copied as it goes.
    pub(super) fn copying(&self, body: WasiBody) -> WasiBody {
        Copying { inner: body, copy: Arc::clone(&self.body) }.boxed_unsync()
    }

    /// Nobody answered.
    pub(super) fn unanswered(self, why: &str) {
        self.tell(Err(Unanswered(why.to_owned())));
    }

    /// Reads an answer whole, as the guest would have: bounded, and scanned for the credential.
    pub(super) async fn answered(self, response: Response<WasiBody>) -> Result<Response<WasiBody>, Error> {
        let (head, body) = response.into_parts();
        let body = match body.collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) => {
                self.unanswered("the answer broke off or is too large");
                return Err(error);
            }
        };
        let headers = shown_headers(&head.headers);
        self.tell(Ok(FarAnswer { status: head.status.as_u16(), headers, body: body.clone() }));
        Ok(Response::from_parts(head, Full::new(body).map_err(|never| match never {}).boxed_unsync()))
    }

    fn tell(self, answer: Result<FarAnswer, Unanswered>) {
        let body = std::mem::take(&mut *self.body.lock().unwrap_or_else(PoisonError::into_inner));
        self.far_end.heard(FarRequest { body: body.into(), ..self.request }, answer);
    }
}

/// A body that leaves a copy. What bounds the body stands around it and ends it one frame too late for the copy.
struct Copying {
    inner: WasiBody,
    copy: Arc<Mutex<Vec<u8>>>,
}

impl Body for Copying {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            self.copy.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(data);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
