//! Sending one request that a plugin asked for: check, strip, sign, send, try again where that is safe, answer.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bricklayer_domain::ToolErrorKind;
use bricklayer_package::Method;
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use tokio::time::timeout;
use tracing::Instrument as _;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use super::CallEgress;
use super::body::{Allowance, Answer, Outgoing, UserShare};
use super::check::{Allowed, Refused};
use super::exchange::{Line, NoAnswer, Source};
use super::headers;
use super::listen::Listener;
use super::record::Recording;
use super::redact::{self, Scanner};
use crate::audit::Verdict;
use crate::failure::{Asked, Denial, LastRequest, SentAs};

/// Times a request may be repeated when the far end asks to come back later.
const MAX_RETRIES: u32 = 3;

/// Longest wait before a repetition; a far end that asks for more gets its answer passed on instead.
const MAX_RETRY_WAIT: Duration = Duration::from_secs(10);

/// Wait before the first repetition when the far end names none; doubles each time.
const FIRST_RETRY_WAIT: Duration = Duration::from_millis(500);

/// How long the unread body of a request without body is waited for; see [`CallEgress::split_body`].
const DRAIN_TIME: Duration = Duration::from_secs(5);

/// A request that got no answer.
#[derive(Debug)]
pub(crate) struct Unsent {
    /// What a guest of `wasi:http` learns.
    pub(crate) error: Error,
    /// The host's refusal, when it was one.
    pub(crate) denial: Option<Arc<Denial>>,
}

impl From<Error> for Unsent {
    fn from(error: Error) -> Self {
        Self { error, denial: None }
    }
}

impl CallEgress {
    /// Sends one request.
    pub(super) async fn send(
        self: Arc<Self>,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
    ) -> Result<Response<WasiBody>, Unsent> {
        let max = self.limits.http_response_bytes;
        self.send_for(request, options, max).await
    }

    /// Sends one request whose answer may have fewer bytes than others.
    pub(super) async fn send_for(
        self: Arc<Self>,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        max_response_bytes: u64,
    ) -> Result<Response<WasiBody>, Unsent> {
        let uri = request.uri();
        let authority = uri.authority().map(ToString::to_string).unwrap_or_default();
        let recording = Recording::new(&self.tally, request.method().as_str(), &authority, uri.path());
        let span = recording.span();
        self.send_recorded(request, options, max_response_bytes, authority, recording).instrument(span).await
    }

    async fn send_recorded(
        self: Arc<Self>,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        max_response_bytes: u64,
        authority: String,
        mut recording: Recording,
    ) -> Result<Response<WasiBody>, Unsent> {
        let (mut parts, body) = request.into_parts();
        if self.requests.fetch_add(1, Ordering::Relaxed) >= self.limits.http_requests {
            let reason = format!("request limit: a call may send {} requests", self.limits.http_requests);
            let refused = Refused { kind: ToolErrorKind::LimitExceeded, ..reason.into() };
            return Err(self.deny(recording, parts.method.as_str(), &authority, parts.uri.path(), refused));
        }
        let allowed = match self.check(parts.method.as_str(), &parts.uri) {
            Ok(allowed) => allowed,
            Err(refused) => {
                return Err(self.deny(recording, parts.method.as_str(), &authority, parts.uri.path(), refused));
            }
        };
        // One byte for the asking, so that a user whose minute is used up sends nothing at all.
        if let Err(refused) = self.user_share().take(1) {
            return Err(self.deny(recording, parts.method.as_str(), &authority, parts.uri.path(), refused));
        }
        if self.settling.sends(&parts.method, allowed.credential).is_err() {
            recording.verdict(Verdict::Failed("the call was cut off before it was sent".to_owned()));
            return Err(Error::ConnectionTerminated.into());
        }
        recording.host(&allowed.origin.authority());
        self.tally.used(&allowed.power);
        self.sign(&mut parts.headers, &allowed);
        parts.uri = allowed.uri.clone();

        let permit = Arc::clone(&self.parallel).acquire_owned().await.map_err(|_| Error::InternalError(None))?;
        let line = match self.broker.played(&allowed.audience.to_string()) {
            Some(far_end) => Line::Recorded(Arc::clone(far_end)),
            None => Line::Network(self.broker.pool.client(&self.tally.identity.caller.user, &allowed.origin)),
        };
        let listener = match &line {
            Line::Network(_) => self.broker.listener().map(|far_end| Listener::new(far_end, &allowed, &parts.headers)),
            Line::Recorded(_) => None,
        };
        let body = match &listener {
            Some(listener) => listener.copying(body),
            None => body,
        };
        let wait = bounded(options.and_then(|options| options.first_byte_timeout), self.limits.http_first_byte);
        let silence =
            bounded(options.and_then(|options| options.between_bytes_timeout), self.limits.http_between_bytes);
        let safe = matches!(allowed.method, Method::Get | Method::Head);
        if !safe {
            self.tally.sink().changing();
        }
        let answer = self.attempts(&line, &allowed, parts, body, wait, &mut recording).await;
        let response = match answer {
            Ok(response) => response,
            Err((why, error)) => {
                self.settling.acted();
                if let Some(listener) = listener {
                    listener.unanswered(&why);
                }
                let mut denial = None;
                match &error {
                    // The address came out only when the name was resolved; it is a refusal all the same.
                    Error::DestinationIpProhibited => {
                        let path = allowed.uri.path();
                        let of = Asked::Address { path: path.to_owned() };
                        let refusal = Denial::of_request(of, allowed.method.as_str(), path, &why, None);
                        denial = Some(self.tally.course.denied(refusal));
                    }
                    Error::HttpRequestBodySize(_) => self.tally.course.last_request(LastRequest::Limit),
                    other => {
                        let late = matches!(other, Error::HttpResponseTimeout | Error::ConnectionTimeout);
                        self.tally.course.last_request(LastRequest::Unanswered { late });
                    }
                }
                recording.verdict(Verdict::Failed(why));
                return Err(Unsent { error, denial });
            }
        };
        if !safe && response.status() == StatusCode::UNAUTHORIZED {
            self.tally.sink().unauthenticated();
        }
        let sent_as = allowed.sent_as();
        if response.status() == StatusCode::UNAUTHORIZED && matches!(sent_as, SentAs::Caller) {
            self.tally.sink().unknown_caller();
        }
        self.tally.course.last_request(LastRequest::Answered {
            status: response.status().as_u16(),
            retry_after: retry_after(response.headers()),
            sent_as,
        });
        let (mut head, body) = response.into_parts();
        // An encoded body could hold the credential where the scanner does not see it; none was asked for.
        if head.headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
            recording.verdict(Verdict::Failed("the answer is encoded although that was not asked for".to_owned()));
            return Err(Error::HttpResponseContentCoding(None).into());
        }
        headers::strip(&mut head.headers);
        let redactors = self.redactors();
        redact::headers(&redactors, &mut head.headers);
        let allowance = self.allowance(max_response_bytes.min(self.limits.http_response_bytes));
        let body = Answer::new(body, Scanner::new(redactors), allowance, silence, recording, permit);
        let body = self.links.watch(&allowed, body.boxed_unsync());
        let response = Response::from_parts(head, body);
        match listener {
            Some(listener) => Ok(listener.answered(response).await?),
            None => Ok(response),
        }
    }

    /// Refuses a request that never got as far as being sent.
    pub(super) fn refuse(&self, request: &Request<WasiBody>, reason: String) -> Unsent {
        let (method, uri) = (request.method().as_str(), request.uri());
        let authority = uri.authority().map(ToString::to_string).unwrap_or_default();
        let recording = Recording::new(&self.tally, method, &authority, uri.path());
        let _entered = recording.span().entered();
        self.deny(recording, method, &authority, uri.path(), reason.into())
    }

    /// Refuses a request: the reason goes to the audit and the log, and as far as the guest's door has room for it.
    fn deny(&self, mut recording: Recording, method: &str, authority: &str, path: &str, refused: Refused) -> Unsent {
        let Refused { reason, missing, kind } = refused;
        let plugin = &self.tally.identity.plugin;
        tracing::warn!(plugin.name = %plugin, method, authority, path, reason, "request of a plugin refused");
        let denial = Denial::of_request(Asked::Request { path: path.to_owned() }, method, path, &reason, missing);
        recording.verdict(Verdict::Denied(reason));
        let denial = self.tally.course.denied(Denial { kind, ..denial });
        Unsent { error: Error::HttpRequestDenied, denial: Some(denial) }
    }

    /// Removes what the guest may not say and adds what only the host may.
    fn sign(&self, headers: &mut HeaderMap, allowed: &Allowed) {
        headers::strip(headers);
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if !headers.contains_key(USER_AGENT) {
            let agent = format!("bricklayer/{} {}", env!("CARGO_PKG_VERSION"), self.tally.identity.plugin);
            if let Ok(agent) = HeaderValue::from_str(&agent) {
                headers.insert(USER_AGENT, agent);
            }
        }
        if allowed.credential {
            self.attach_newest(headers);
        }
    }

    /// Attaches the caller's newest token. False when it was there already.
    fn attach_newest(&self, headers: &mut HeaderMap) -> bool {
        let Some(authorization) = self.newest_token().and_then(|token| token.authorization.clone()) else {
            return false;
        };
        headers.insert(AUTHORIZATION, authorization.clone()) != Some(authorization)
    }

    /// The answer's head; waits and tries again where the far end asks for it and the request is safe to repeat.
    async fn attempts(
        &self,
        line: &Line,
        allowed: &Allowed,
        mut parts: http::request::Parts,
        body: WasiBody,
        wait: Duration,
        recording: &mut Recording,
    ) -> Result<Response<Source>, NoAnswer> {
        let safe = matches!(allowed.method, Method::Get | Method::Head);
        let mut drain = Drain(None);
        let mut body = Some(if safe {
            parts.headers.remove(CONTENT_LENGTH);
            drain = Drain::start(body);
            no_body()
        } else {
            let allowance = self.allowance(self.limits.http_request_bytes);
            Outgoing { inner: body, allowance, sent: recording.sent() }.boxed_unsync()
        });
        let mut attempt = 0;
        loop {
            let request = Request::from_parts(parts.clone(), body.take().unwrap_or_else(no_body));
            let response = timeout(wait, line.exchange(request, allowed))
                .await
                .map_err(|_| ("the far end did not answer in time".to_owned(), Error::HttpResponseTimeout))??;
            recording.status(response.status().as_u16());
            let later = matches!(response.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
            // The token ended on the way, and its user has brought another since.
            if safe
                && response.status() == StatusCode::UNAUTHORIZED
                && allowed.credential
                && attempt < MAX_RETRIES
                && self.attach_newest(&mut parts.headers)
            {
                drop(response);
                attempt += 1;
                recording.retried();
                continue;
            }
            let pause = retry_after(response.headers()).unwrap_or(FIRST_RETRY_WAIT * 2u32.pow(attempt));
            if !safe || !later || attempt >= MAX_RETRIES || pause > MAX_RETRY_WAIT {
                drop(drain);
                return Ok(response);
            }
            drop(response);
            attempt += 1;
            recording.retried();
            tokio::time::sleep(pause).await;
        }
    }

    fn allowance(&self, body: u64) -> Allowance {
        let call_used = Arc::clone(&self.bytes);
        Allowance { body, call_used, call_max: self.limits.http_total_bytes, user: self.user_share() }
    }

    fn user_share(&self) -> UserShare {
        UserShare { gate: Arc::clone(&self.broker.gate), tally: Arc::clone(&self.tally) }
    }
}

fn no_body() -> WasiBody {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

/// A guest's wish within the host's bound; zero is taken as the smallest wait rather than as none.
fn bounded(wish: Option<Duration>, max: Duration) -> Duration {
    wish.map_or(max, |wish| wish.clamp(Duration::from_millis(1), max))
}

/// Reads a GET's or HEAD's body to its end beside the request. Such a request is sent without one, and a guest that
/// finds its stream closed while it is still finishing an empty body would see a broken connection.
struct Drain(Option<tokio::task::JoinSet<()>>);

impl Drain {
    fn start(mut body: WasiBody) -> Self {
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(async move {
            let _ = timeout(DRAIN_TIME, async { while body.frame().await.is_some() {} }).await;
        });
        Self(Some(tasks))
    }
}

impl Drop for Drain {
    fn drop(&mut self) {
        // Ends by itself within its time; aborting it would close the stream under the guest.
        if let Some(mut tasks) = self.0.take() {
            tasks.detach_all();
        }
    }
}

/// The wait that an answer asks for: seconds or a date (RFC 9110, section 10.2.3).
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = chrono::DateTime::parse_from_rfc2822(text).ok()?;
    Some((date.to_utc() - bricklayer_domain::now()).to_std().unwrap_or(Duration::ZERO))
}
