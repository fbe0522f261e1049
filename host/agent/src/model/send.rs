//! Asking a model over HTTP, whatever the wire: one request, its attempts, its stream, and what is learnt from refusals.
//!
//! Source of the retry policy: the official clients. Unlike them this one also tries again when a stream breaks after
//! content was shown: a retry event takes the shown text back.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bricklayer_domain::Redactor;
use bytes::Bytes;
use futures::channel::mpsc;
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};
use futures::{SinkExt as _, Stream, StreamExt as _};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use url::Url;

use super::failure::{self, Failure, Told};
use super::features::{Feature, Features};
use super::list::{LIST_LIMIT, ListAt, ListError, MAX_LIST_BYTES, ModelCard};
use super::sse::SseDecoder;
use super::{ModelError, ModelEvent, ModelProvider, ModelReply, ModelRequest};

/// Retries after the first attempt, as the official clients have it.
const MAX_RETRIES: u32 = 2;

/// Time to open a connection, as the official clients have it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Time until the first bytes of an answer; long inputs are read before the first word.
pub const FIRST_BYTE_TIMEOUT: Duration = Duration::from_secs(60);

/// Silence within an answer; APIs send signs of life in between.
const IDLE_TIMEOUT: Duration = Duration::from_secs(90);

/// Time with nothing but signs of life; a model that reasons unseen sends only those for minutes.
pub const PINGS_ONLY_TIMEOUT: Duration = Duration::from_secs(300);

/// Largest error body that is read, in bytes.
const MAX_ERROR_BODY_BYTES: usize = 64 * 1024;

/// Largest request, in bytes: the Messages API takes 32 MB.
const MAX_REQUEST_BYTES: usize = 31 * 1024 * 1024;

/// How long the connection is given to end its body after the last event, so that it can be used again.
const DRAIN_WAIT: Duration = Duration::from_millis(20);

/// Models of which something is remembered; users pick a few, and what they type must not grow for ever.
const MAX_KNOWN_MODELS: usize = 100;

/// Events between the reader of the connection and its consumer.
const EVENT_QUEUE: usize = 32;

/// The token of whoever a model is asked for.
pub trait CallerToken: fmt::Debug + Send + Sync {
    /// The newest; empty when there is none.
    fn token(&self) -> SecretString;
}

/// How requests are authorised.
#[derive(Debug, Clone)]
pub enum ModelAuth {
    /// Not at all: a server on this machine.
    None,
    /// `x-api-key`.
    ApiKey(SecretString),
    /// `Authorization: Bearer`, with a token of the operator's.
    Bearer(SecretString),
    /// `Authorization: Bearer`, with the token of whoever is asked for; nobody's else.
    Caller(Option<Arc<dyn CallerToken>>),
}

/// Where and how to reach a model's API.
#[derive(Debug, Clone)]
pub struct ProviderSettings {
    /// What stands before the wire's own path.
    pub base_url: Url,
    /// The credential.
    pub auth: ModelAuth,
    /// The model when the user picked none.
    pub default_model: String,
    /// Further headers that a gateway wants; one of a name that the wire has replaces the wire's.
    pub extra_headers: Vec<(String, String)>,
    /// The request's `thinking` field, such as `{"type": "adaptive"}`; left out when absent.
    pub thinking: Option<Value>,
    /// Retries after the first attempt.
    pub max_retries: u32,
    /// Time until the first bytes of an answer.
    pub first_byte_timeout: Duration,
    /// Silence within an answer.
    pub idle_timeout: Duration,
    /// Time within an answer with nothing but signs of life.
    pub pings_only_timeout: Duration,
    /// What a user or operator does about a credential that was refused.
    pub credential_help: &'static str,
}

impl ProviderSettings {
    /// Settings with the defaults for all that is not named here.
    #[must_use]
    pub fn new(base_url: Url, auth: ModelAuth, default_model: impl Into<String>) -> Self {
        Self {
            base_url,
            auth,
            default_model: default_model.into(),
            extra_headers: Vec::new(),
            thinking: None,
            max_retries: MAX_RETRIES,
            first_byte_timeout: FIRST_BYTE_TIMEOUT,
            idle_timeout: IDLE_TIMEOUT,
            pings_only_timeout: PINGS_ONLY_TIMEOUT,
            credential_help: "Check the model's credential in the configuration.",
        }
    }
}

/// Why a provider cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ModelSetupError {
    /// A header's name or value, or the credential, holds characters that no header may hold.
    #[error("`{0}` cannot be sent as an HTTP header")]
    Header(String),
    /// The HTTP client could not be made.
    #[error("the HTTP client cannot be made")]
    Client(#[source] reqwest::Error),
}

/// The HTTP client for models; make one per process, it pools connections. The process must have installed a rustls
/// crypto provider before.
///
/// # Errors
/// [`ModelSetupError::Client`].
pub fn http_client() -> Result<reqwest::Client, ModelSetupError> {
    reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        // A redirect could carry the credential to another host.
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("bricklayer/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(ModelSetupError::Client)
}

/// What one wire has of its own.
pub(super) trait Wire: fmt::Debug + Send + Sync {
    /// The API's name, as in `not as the Messages API does`.
    fn name(&self) -> &'static str;
    /// The request's body.
    fn body(&self, request: &ModelRequest, used: Features) -> Vec<u8>;
    /// What collects an answer. The redactor knows the credential, for the endpoint may quote it.
    fn assembler(&self, redactor: Arc<Redactor>) -> Box<dyn Assemble>;
}

/// Collects an answer from the data of its events.
pub(super) trait Assemble: Send {
    /// Takes one event.
    fn take(&mut self, data: &str) -> Result<Vec<ModelEvent>, Failure>;
    /// Grows with each event that is more than a sign of life.
    fn progress(&self) -> u64;
    /// Whether the message's last event has come.
    fn is_ended(&self) -> bool;
    /// Whether nothing of the message is missing but its last event.
    fn is_complete(&self) -> bool;
    /// The whole message.
    fn finish(self: Box<Self>) -> ModelReply;
}

/// A model behind an API that streams over HTTP. Cheap to clone.
#[derive(Debug, Clone)]
pub struct HttpModel {
    shared: Arc<Shared>,
    auth: ModelAuth,
}

#[derive(Debug)]
struct Shared {
    client: reqwest::Client,
    settings: ProviderSettings,
    wire: Box<dyn Wire>,
    addresses: Addresses,
    headers: HeaderMap,
    /// What models said when they refused something.
    known: Mutex<HashMap<String, Known>>,
}

/// Where one wire's API is.
#[derive(Debug)]
pub(super) struct Addresses {
    /// Where models are asked.
    pub(super) ask: String,
    /// Where they are listed.
    pub(super) list: Option<ListAt>,
}

/// What is known of one model.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    /// Tokens that it writes at most.
    output_limit: Option<u32>,
    /// What it takes.
    features: Features,
}

impl HttpModel {
    pub(super) fn over(
        wire: impl Wire + 'static,
        addresses: Addresses,
        headers: HeaderMap,
        client: reqwest::Client,
        settings: ProviderSettings,
    ) -> Result<Self, ModelSetupError> {
        let mut headers = headers;
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        for (name, text) in &settings.extra_headers {
            let wrong = || ModelSetupError::Header(name.clone());
            let header = HeaderName::try_from(name).map_err(|_| wrong())?;
            headers.insert(header, HeaderValue::from_str(text).map_err(|_| wrong())?);
        }
        let auth = settings.auth.clone();
        // The operator's credential is looked at once, here.
        credential(&auth).map_err(|_| ModelSetupError::Header("the model's credential".to_owned()))?;
        let known = Mutex::default();
        let wire = Box::new(wire);
        Ok(Self { shared: Arc::new(Shared { client, settings, wire, addresses, headers, known }), auth })
    }

    /// The same, asked for somebody with their token, where it takes the caller's; what it learnt is shared.
    #[must_use]
    pub fn for_caller(&self, caller: Arc<dyn CallerToken>) -> Self {
        let auth = match &self.auth {
            ModelAuth::Caller(_) => ModelAuth::Caller(Some(caller)),
            other => other.clone(),
        };
        Self { shared: Arc::clone(&self.shared), auth }
    }
}

/// A header and the secret in it.
type Credential = Option<(HeaderName, HeaderValue, SecretString)>;

/// The header that authorises a request.
fn credential(auth: &ModelAuth) -> Result<Credential, ()> {
    let (name, text, secret) = match auth {
        ModelAuth::None => return Ok(None),
        ModelAuth::ApiKey(key) => (HeaderName::from_static("x-api-key"), key.expose_secret().to_owned(), key.clone()),
        ModelAuth::Bearer(token) => (AUTHORIZATION, format!("Bearer {}", token.expose_secret()), token.clone()),
        ModelAuth::Caller(caller) => {
            let token = caller.as_ref().map(|caller| caller.token()).unwrap_or_default();
            if token.expose_secret().is_empty() {
                return Ok(None);
            }
            (AUTHORIZATION, format!("Bearer {}", token.expose_secret()), token)
        }
    };
    let mut value = HeaderValue::from_str(&text).map_err(|_| ())?;
    value.set_sensitive(true);
    Ok(Some((name, value, secret)))
}

impl ModelProvider for HttpModel {
    fn model(&self, wanted: Option<&str>) -> String {
        wanted.unwrap_or(&self.shared.settings.default_model).to_owned()
    }

    fn asked_for(&self, caller: Arc<dyn CallerToken>) -> Option<Arc<dyn ModelProvider>> {
        Some(Arc::new(self.for_caller(caller)))
    }

    fn list(&self) -> BoxFuture<'static, Result<Vec<ModelCard>, ListError>> {
        let model = self.clone();
        Box::pin(async move {
            tokio::time::timeout(LIST_LIMIT, model.fetch_list()).await.unwrap_or(Err(ListError::Timeout))
        })
    }

    fn stream(&self, request: ModelRequest) -> BoxStream<'static, ModelEvent> {
        let (model, (tx, rx)) = (self.clone(), mpsc::channel(EVENT_QUEUE));
        // The work is a part of the stream itself, so that dropping the stream drops the connection.
        let work = stream::once(async move { model.run(request, tx).await }).filter_map(|()| async { None });
        stream::select(rx, work).boxed()
    }
}

type Events = mpsc::Sender<ModelEvent>;

impl HttpModel {
    async fn run(&self, request: ModelRequest, mut events: Events) {
        let last = match self.with_retries(request, &mut events).await {
            Ok(reply) => ModelEvent::Finished(reply),
            Err(error) => ModelEvent::Failed(error),
        };
        // A consumer that is gone wants nothing more.
        let _ = events.send(last).await;
    }

    async fn fetch_list(&self) -> Result<Vec<ModelCard>, ListError> {
        let Shared { client, addresses, headers, .. } = &*self.shared;
        let list = addresses.list.as_ref().ok_or(ListError::NoList)?;
        let credential = credential(&self.auth).map_err(|()| ListError::Refused)?;
        if credential.is_none() && matches!(self.auth, ModelAuth::Caller(_)) {
            return Err(ListError::NoToken);
        }
        let mut headers = headers.clone();
        headers.remove(CONTENT_TYPE);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some((name, value, _)) = credential {
            headers.insert(name, value);
        }
        let unreachable = |error: reqwest::Error| {
            tracing::debug!(error = bricklayer_domain::chain(&error), "a provider gave no list of its models");
            ListError::Unreachable
        };
        let mut response = client.get(&list.url).headers(headers).send().await.map_err(unreachable)?;
        if !response.status().is_success() {
            return Err(ListError::of_status(response.status()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if body.len() + chunk.len() > MAX_LIST_BYTES {
                return Err(ListError::Nonsense);
            }
            body.extend_from_slice(&chunk);
        }
        list.form.read(&body)
    }

    async fn with_retries(&self, request: ModelRequest, events: &mut Events) -> Result<ModelReply, ModelError> {
        let mut request = request;
        let mut known = self.shared.known_of(&request.model);
        request.max_output_tokens = request.max_output_tokens.min(known.output_limit.unwrap_or(u32::MAX));
        let mut body = self.shared.body(&request, known.features)?;
        let key = format!("bricklayer-{}", uuid::Uuid::new_v4());
        let mut attempt: u32 = 1;
        loop {
            let failure = match self.attempt(body.clone(), attempt, &key, &request, events).await {
                Ok(reply) => return Ok(reply),
                Err(failure) => failure,
            };
            tracing::warn!(
                model.attempt = attempt, model.request_id = failure.request_id, error = %failure.for_log(),
                "a model call failed"
            );
            if let Some(limit) = failure.output_limit.filter(|limit| *limit < request.max_output_tokens) {
                // The model's own limit is below ours: learnt once, and asked again at once.
                known.output_limit = Some(limit);
                self.shared.learn(&request.model, known);
                request.max_output_tokens = limit;
                body = self.shared.body(&request, known.features)?;
                continue;
            }
            if let Some(feature) = failure.refused_feature(known.features) {
                known.features = known.features.without(feature);
                let without = self.shared.body(&request, known.features)?;
                // What was not in the request cannot be what is refused.
                if without != body {
                    self.shared.learn(&request.model, known);
                    body = without;
                    let reason = feature.without().to_owned();
                    let _ = events.send(ModelEvent::Retry { attempt, delay: Duration::ZERO, reason }).await;
                    continue;
                }
            }
            if !failure.retryable || attempt > self.shared.settings.max_retries {
                return Err(*failure.error);
            }
            let delay = failure.wait(attempt);
            let reason = failure.error.message;
            let _ = events.send(ModelEvent::Retry { attempt, delay, reason }).await;
            tokio::time::sleep(delay).await;
            attempt = attempt.saturating_add(1);
        }
    }

    async fn attempt(
        &self,
        body: Bytes,
        attempt: u32,
        key: &str,
        request: &ModelRequest,
        events: &mut Events,
    ) -> Result<ModelReply, Failure> {
        let Shared { client, settings, addresses, headers, .. } = &*self.shared;
        let told = self.shared.told();
        let credential = credential(&self.auth).map_err(|()| failure::unfit_token(told))?;
        if credential.is_none() && matches!(self.auth, ModelAuth::Caller(_)) {
            return Err(failure::no_token(told));
        }
        let mut headers = headers.clone();
        let mut redactor = Redactor::default();
        if let Some((name, value, secret)) = credential {
            redactor = Redactor::new(secret.expose_secret());
            headers.insert(name, value);
        }
        let redactor = Arc::new(redactor);
        let send = client
            .post(&addresses.ask)
            .headers(headers)
            .header("x-stainless-retry-count", attempt.saturating_sub(1))
            .header("idempotency-key", key)
            .body(body)
            .send();
        let deadline = tokio::time::Instant::now() + settings.first_byte_timeout;
        let response = match tokio::time::timeout_at(deadline, send).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(failure::connection(&settings.base_url, &error)),
            Err(_) => return Err(failure::silent(settings.first_byte_timeout)),
        };
        let status = response.status();
        let headers = response.headers().clone();
        if !status.is_success() {
            let body = self.shared.bounded_body(response).await;
            return Err(failure::http(status, &headers, &body, request, told, &redactor));
        }
        let is_stream = headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.to_ascii_lowercase().starts_with("text/event-stream"));
        if !is_stream {
            return Err(failure::nonsense(told, "it is not an event stream"));
        }
        let stream = Box::pin(response.bytes_stream());
        let assembler = self.shared.wire.assembler(redactor);
        let read = self.shared.read_stream(stream, assembler, deadline, events).await;
        read.map_err(|failure| failure.with_repairs(request))
    }
}

impl Shared {
    fn told(&self) -> Told {
        Told { api: self.wire.name(), credential: self.settings.credential_help }
    }

    fn body(&self, request: &ModelRequest, used: Features) -> Result<Bytes, ModelError> {
        let used = if self.settings.thinking.is_none() { used.without(Feature::Thinking) } else { used };
        let body = self.wire.body(request, used);
        if body.len() > MAX_REQUEST_BYTES { Err(*failure::too_long().error) } else { Ok(Bytes::from(body)) }
    }

    fn known_of(&self, model: &str) -> Known {
        self.known.lock().ok().and_then(|known| known.get(model).copied()).unwrap_or_default()
    }

    fn learn(&self, model: &str, news: Known) {
        if let Ok(mut known) = self.known.lock()
            && (known.len() < MAX_KNOWN_MODELS || known.contains_key(model))
        {
            known.insert(model.to_owned(), news);
        }
    }

    async fn bounded_body(&self, response: reqwest::Response) -> Vec<u8> {
        let mut stream = response.bytes_stream();
        let mut body = Vec::new();
        while let Ok(Some(Ok(chunk))) = tokio::time::timeout(self.settings.idle_timeout, stream.next()).await {
            let room = MAX_ERROR_BODY_BYTES.saturating_sub(body.len());
            body.extend(chunk.iter().take(room));
            if body.len() >= MAX_ERROR_BODY_BYTES {
                break;
            }
        }
        body
    }

    async fn read_stream(
        &self,
        mut stream: impl Stream<Item = reqwest::Result<Bytes>> + Unpin,
        mut assembler: Box<dyn Assemble>,
        first_byte: tokio::time::Instant,
        events: &mut Events,
    ) -> Result<ModelReply, Failure> {
        let mut decoder = SseDecoder::default();
        let mut deadline = first_byte;
        let mut allowed = self.settings.first_byte_timeout;
        let mut wrote = tokio::time::Instant::now();
        loop {
            let stalls = wrote + self.settings.pings_only_timeout;
            let chunk = match tokio::time::timeout_at(deadline.min(stalls), stream.next()).await {
                Ok(Some(Ok(chunk))) => chunk,
                // What is complete counts, even when the connection ends without its last event.
                Ok(None | Some(Err(_))) if assembler.is_complete() => return Ok(assembler.finish()),
                Ok(None) => return Err(failure::cut_off()),
                Ok(Some(Err(error))) => return Err(failure::connection(&self.settings.base_url, &error)),
                Err(_) if stalls < deadline => return Err(failure::stalled(self.settings.pings_only_timeout)),
                Err(_) => return Err(failure::silent(allowed)),
            };
            let before = assembler.progress();
            allowed = self.settings.idle_timeout;
            deadline = tokio::time::Instant::now() + allowed;
            for event in decoder.push(&chunk)? {
                for out in assembler.take(&event)? {
                    let _ = events.send(out).await;
                }
                if assembler.is_ended() {
                    let _ = tokio::time::timeout(DRAIN_WAIT, stream.next()).await;
                    return Ok(assembler.finish());
                }
            }
            if assembler.progress() != before {
                wrote = tokio::time::Instant::now();
            }
        }
    }
}
