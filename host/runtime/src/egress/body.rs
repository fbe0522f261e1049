//! Bodies on their way: bounded, counted, and on the way in scanned for the credential.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bricklayer_domain::{ToolErrorKind, chain};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep};
use wasmtime_wasi_http::{Error, WasiBody};

use super::check::Refused;
use super::exchange::Source;
use super::headers;
use super::record::Recording;
use super::redact::Scanner;
use crate::audit::Verdict;
use crate::failure::{Asked, Denial, LastRequest, Missing};
use crate::fairness::Gate;
use crate::tally::Tally;
use crate::text::whole_seconds;

/// Bytes that may still pass in all bodies of a call, and in this one.
pub(super) struct Allowance {
    pub(super) body: u64,
    pub(super) call_used: Arc<AtomicU64>,
    pub(super) call_max: u64,
    pub(super) user: UserShare,
}

impl Allowance {
    fn take(&mut self, bytes: usize) -> bool {
        let bytes = bytes as u64;
        let before = self.call_used.fetch_add(bytes, Ordering::Relaxed);
        match self.body.checked_sub(bytes) {
            Some(left) => self.body = left,
            None => return false,
        }
        before.saturating_add(bytes) <= self.call_max && self.user.take_on_the_way(bytes)
    }
}

/// What one user's calls may carry together.
pub(super) struct UserShare {
    pub(super) gate: Arc<Gate>,
    pub(super) tally: Arc<Tally>,
}

impl UserShare {
    /// Takes bytes of the user's minute.
    pub(super) fn take(&self, bytes: u64) -> Result<(), Refused> {
        let user = &self.tally.identity.caller.user;
        self.gate.take_egress(user, bytes).map_err(|wait| {
            let reason = format!(
                "egress limit: your plugins carried {} bytes within a minute, which is all that one user gets; try again \
                 in {} seconds",
                self.gate.egress_per_minute(),
                whole_seconds(wait)
            );
            Refused { reason, missing: Some(Missing::Time(wait)), kind: ToolErrorKind::LimitExceeded }
        })
    }
}

impl UserShare {
    /// Takes bytes for a request that is on its way; when there are not enough, notes why for whoever made the call.
    fn take_on_the_way(&self, bytes: u64) -> bool {
        let taken = self.take(bytes);
        if let Err(refused) = &taken {
            self.tally.course.denied(Denial::new(Asked::Bytes, &refused.reason, refused.missing.clone()));
        }
        taken.is_ok()
    }
}

/// A guest's request body: counted, and its trailers stripped like headers.
pub(super) struct Outgoing {
    pub(super) inner: WasiBody,
    pub(super) allowance: Allowance,
    pub(super) sent: Arc<AtomicU64>,
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let Some(frame) = ready!(Pin::new(&mut self.inner).poll_frame(cx)) else { return Poll::Ready(None) };
        Poll::Ready(Some(frame.and_then(|mut frame| {
            if let Some(data) = frame.data_ref() {
                let length = data.len();
                self.sent.fetch_add(length as u64, Ordering::Relaxed);
                if !self.allowance.take(length) {
                    return Err(Error::HttpRequestBodySize(None));
                }
            }
            if let Some(trailers) = frame.trailers_mut() {
                headers::strip(trailers);
            }
            Ok(frame)
        })))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// An answer's body on its way to the guest.
pub(super) struct Answer {
    inner: Source,
    scanner: Scanner,
    allowance: Allowance,
    silence: Duration,
    timer: Pin<Box<Sleep>>,
    recording: Recording,
    /// Trailers that wait for the scanner's last bytes to go before them.
    trailers: Option<Frame<Bytes>>,
    ended: bool,
    _permit: OwnedSemaphorePermit,
}

impl Answer {
    pub(super) fn new(
        inner: Source,
        scanner: Scanner,
        allowance: Allowance,
        silence: Duration,
        recording: Recording,
        permit: OwnedSemaphorePermit,
    ) -> Self {
        let timer = Box::pin(tokio::time::sleep(silence));
        Self { inner, scanner, allowance, silence, timer, recording, trailers: None, ended: false, _permit: permit }
    }

    fn fail(&mut self, why: &str, error: Error) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        self.ended = true;
        self.recording.tally().course.last_request(match &error {
            Error::HttpResponseBodySize(_) => LastRequest::Limit,
            Error::ConnectionReadTimeout => LastRequest::Unanswered { late: true },
            _ => LastRequest::Unanswered { late: false },
        });
        self.recording.verdict(Verdict::Failed(why.to_owned()));
        Poll::Ready(Some(Err(error)))
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        loop {
            if let Some(trailers) = self.trailers.take() {
                return Poll::Ready(Some(Ok(trailers)));
            }
            if self.ended {
                return Poll::Ready(None);
            }
            let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(cx) else {
                ready!(self.timer.as_mut().poll(cx));
                return self.fail("the answer stopped arriving", Error::ConnectionReadTimeout);
            };
            let next = Instant::now() + self.silence;
            self.timer.as_mut().reset(next);
            match frame {
                None => {
                    self.ended = true;
                    self.recording.verdict(Verdict::Answered);
                    let last = self.scanner.finish();
                    if !last.is_empty() {
                        return Poll::Ready(Some(Ok(Frame::data(last))));
                    }
                }
                Some(Err(error)) => {
                    tracing::debug!(error = chain(&error), "an answer broke off");
                    return self.fail("the answer broke off", Error::HttpResponseIncomplete);
                }
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => {
                        self.recording.received(data.len() as u64);
                        if !self.allowance.take(data.len()) {
                            return self.fail("the answer is too large", Error::HttpResponseBodySize(None));
                        }
                        let clean = self.scanner.push(data);
                        if !clean.is_empty() {
                            return Poll::Ready(Some(Ok(Frame::data(clean))));
                        }
                    }
                    Err(mut frame) => {
                        // Nothing of the API uses trailers in answers; passing none on leaves nothing to scan.
                        if let Some(trailers) = frame.trailers_mut() {
                            trailers.clear();
                        }
                        let last = self.scanner.finish();
                        if !last.is_empty() {
                            self.trailers = Some(frame);
                            return Poll::Ready(Some(Ok(Frame::data(last))));
                        }
                    }
                },
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        // The scanner keeps lengths, but may hold bytes back that the inner body has already given out.
        SizeHint::default()
    }
}
