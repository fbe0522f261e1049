//! The Anthropic Messages API, streaming: direct, or any gateway that speaks it, such as Databricks'
//! `/serving-endpoints/anthropic` with the caller's own token.
//!
//! Source: the API's reference (Messages, streaming, errors) and the official client's retry policy. Unlike that client
//! this one also tries again when a stream breaks after content was shown: a retry event takes the shown text back.

mod assemble;
mod request;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bricklayer_domain::Redactor;
use bytes::Bytes;
use futures::channel::mpsc;
use futures::stream::{self, BoxStream};
use futures::{SinkExt as _, Stream, StreamExt as _};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use url::Url;

use super::failure::{self, Failure};
use super::sse::SseDecoder;
use super::{ModelError, ModelEvent, ModelProvider, ModelReply, ModelRequest};
use assemble::Assembler;

/// The protocol version that every gateway knows.
pub const DEFAULT_VERSION: &str = "2023-06-01";

/// Retries after the first attempt, as the official client has it.
const MAX_RETRIES: u32 = 2;

/// Time to open a connection, as the official client has it.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Time until the first bytes of an answer; long inputs are read before the first word.
pub const FIRST_BYTE_TIMEOUT: Duration = Duration::from_secs(60);

/// Silence within an answer; the API sends pings in between.
const IDLE_TIMEOUT: Duration = Duration::from_secs(90);

/// Time with nothing but pings; a model that reasons unseen sends only those for minutes.
pub const PINGS_ONLY_TIMEOUT: Duration = Duration::from_secs(300);

/// Largest error body that is read, in bytes.
const MAX_ERROR_BODY_BYTES: usize = 64 * 1024;

/// Largest request, in bytes: the API takes 32 MB.
const MAX_REQUEST_BYTES: usize = 31 * 1024 * 1024;

/// How long the connection is given to end its body after the last event, so that it can be used again.
const DRAIN_WAIT: Duration = Duration::from_millis(20);

/// Models whose limit is remembered; users pick a few, and what they type must not grow for ever.
const MAX_KNOWN_MODELS: usize = 100;

/// Events between the reader of the connection and its consumer.
const EVENT_QUEUE: usize = 32;

/// How requests are authorised.
#[derive(Debug, Clone)]
pub enum AnthropicAuth {
    /// `x-api-key`.
    ApiKey(SecretString),
    /// `Authorization: Bearer`: `ANTHROPIC_AUTH_TOKEN`, or the caller's token for a Databricks endpoint.
    Bearer(SecretString),
}

/// Where and how to reach the API.
#[derive(Debug, Clone)]
pub struct AnthropicSettings {
    /// Everything before `/v1/messages`.
    pub base_url: Url,
    /// The credential.
    pub auth: AnthropicAuth,
    /// The model when the user picked none.
    pub default_model: String,
    /// `anthropic-version`; [`DEFAULT_VERSION`] unless the operator knows better.
    pub version: String,
    /// Further headers that a gateway wants.
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
}

impl AnthropicSettings {
    /// Settings with the defaults for all that is not named here.
    #[must_use]
    pub fn new(base_url: Url, auth: AnthropicAuth, default_model: impl Into<String>) -> Self {
        Self {
            base_url,
            auth,
            default_model: default_model.into(),
            version: DEFAULT_VERSION.to_owned(),
            extra_headers: Vec::new(),
            thinking: None,
            max_retries: MAX_RETRIES,
            first_byte_timeout: FIRST_BYTE_TIMEOUT,
            idle_timeout: IDLE_TIMEOUT,
            pings_only_timeout: PINGS_ONLY_TIMEOUT,
        }
    }
}

/// Why a provider cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum AnthropicSetupError {
    /// A header's name or value, or the credential, holds characters that no header may hold.
    #[error("`{0}` cannot be sent as an HTTP header")]
    Header(String),
    /// The HTTP client could not be made.
    #[error("the HTTP client cannot be made")]
    Client(#[source] reqwest::Error),
}

/// The HTTP client for [`AnthropicModel::new`]; make one per process, it pools connections. The process must have
/// installed a rustls crypto provider before.
///
/// # Errors
/// [`AnthropicSetupError::Client`].
pub fn http_client() -> Result<reqwest::Client, AnthropicSetupError> {
    reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        // A redirect could carry the credential to another host.
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("bricklayer/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(AnthropicSetupError::Client)
}

/// A model behind the Anthropic Messages API. Cheap to make and to clone.
#[derive(Debug, Clone)]
pub struct AnthropicModel {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    client: reqwest::Client,
    settings: AnthropicSettings,
    url: String,
    headers: HeaderMap,
    /// Knows the credential, for the endpoint may quote it.
    redactor: Arc<Redactor>,
    /// Tokens that models write at most, as they said when they refused more.
    output_limits: Mutex<HashMap<String, u32>>,
}

impl AnthropicModel {
    /// # Errors
    /// [`AnthropicSetupError::Header`] when the credential or a header cannot be sent.
    pub fn new(client: reqwest::Client, settings: AnthropicSettings) -> Result<Self, AnthropicSetupError> {
        let base = settings.base_url.as_str().trim_end_matches('/');
        let base = base.strip_suffix("/v1").unwrap_or(base);
        let url = format!("{base}/v1/messages");
        let headers = headers(&settings)?;
        let (AnthropicAuth::ApiKey(key) | AnthropicAuth::Bearer(key)) = &settings.auth;
        let redactor = Arc::new(Redactor::new(key.expose_secret()));
        Ok(Self {
            shared: Arc::new(Shared { client, settings, url, headers, redactor, output_limits: Mutex::default() }),
        })
    }
}

fn headers(settings: &AnthropicSettings) -> Result<HeaderMap, AnthropicSetupError> {
    let value =
        |name: &str, text: &str| HeaderValue::from_str(text).map_err(|_| AnthropicSetupError::Header(name.to_owned()));
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
    headers.insert("anthropic-version", value("anthropic-version", &settings.version)?);
    for (name, text) in &settings.extra_headers {
        let header = HeaderName::try_from(name).map_err(|_| AnthropicSetupError::Header(name.clone()))?;
        headers.insert(header, value(name, text)?);
    }
    let (name, text) = match &settings.auth {
        AnthropicAuth::ApiKey(key) => (HeaderName::from_static("x-api-key"), key.expose_secret().to_owned()),
        AnthropicAuth::Bearer(token) => (AUTHORIZATION, format!("Bearer {}", token.expose_secret())),
    };
    let mut secret = value(name.as_str(), &text)?;
    secret.set_sensitive(true);
    headers.insert(name, secret);
    Ok(headers)
}

impl ModelProvider for AnthropicModel {
    fn model(&self, wanted: Option<&str>) -> String {
        wanted.unwrap_or(&self.shared.settings.default_model).to_owned()
    }

    fn stream(&self, request: ModelRequest) -> BoxStream<'static, ModelEvent> {
        let shared = Arc::clone(&self.shared);
        let (tx, rx) = mpsc::channel(EVENT_QUEUE);
        // The work is a part of the stream itself, so that dropping the stream drops the connection.
        let work = stream::once(async move { shared.run(request, tx).await }).filter_map(|()| async { None });
        stream::select(rx, work).boxed()
    }
}

type Events = mpsc::Sender<ModelEvent>;

impl Shared {
    async fn run(&self, request: ModelRequest, mut events: Events) {
        let last = match self.with_retries(request, &mut events).await {
            Ok(reply) => ModelEvent::Finished(reply),
            Err(error) => ModelEvent::Failed(error),
        };
        // A consumer that is gone wants nothing more.
        let _ = events.send(last).await;
    }

    async fn with_retries(&self, request: ModelRequest, events: &mut Events) -> Result<ModelReply, ModelError> {
        let mut request = request;
        if let Some(limit) = self.output_limit(&request.model) {
            request.max_output_tokens = request.max_output_tokens.min(limit);
        }
        let mut body = self.body(&request)?;
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
                self.learn_output_limit(&request.model, limit);
                request.max_output_tokens = limit;
                body = self.body(&request)?;
                continue;
            }
            if !failure.retryable || attempt > self.settings.max_retries {
                return Err(failure.error);
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
        let send = self
            .client
            .post(&self.url)
            .headers(self.headers.clone())
            .header("x-stainless-retry-count", attempt.saturating_sub(1))
            .header("idempotency-key", key)
            .body(body)
            .send();
        let deadline = tokio::time::Instant::now() + self.settings.first_byte_timeout;
        let response = match tokio::time::timeout_at(deadline, send).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(failure::connection(&self.settings.base_url, &error)),
            Err(_) => return Err(failure::silent(self.settings.first_byte_timeout)),
        };
        let status = response.status();
        let headers = response.headers().clone();
        if !status.is_success() {
            let body = self.bounded_body(response).await;
            return Err(failure::http(status, &headers, &body, request, &self.redactor));
        }
        let is_stream = headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.to_ascii_lowercase().starts_with("text/event-stream"));
        if !is_stream {
            return Err(failure::nonsense("it is not an event stream"));
        }
        let stream = Box::pin(response.bytes_stream());
        self.read_stream(stream, deadline, events).await.map_err(|failure| failure.with_repairs(request))
    }

    fn body(&self, request: &ModelRequest) -> Result<Bytes, ModelError> {
        let body = request::body(request, self.settings.thinking.as_ref());
        if body.len() > MAX_REQUEST_BYTES { Err(failure::too_long().error) } else { Ok(Bytes::from(body)) }
    }

    fn output_limit(&self, model: &str) -> Option<u32> {
        self.output_limits.lock().ok()?.get(model).copied()
    }

    fn learn_output_limit(&self, model: &str, limit: u32) {
        if let Ok(mut limits) = self.output_limits.lock()
            && (limits.len() < MAX_KNOWN_MODELS || limits.contains_key(model))
        {
            limits.insert(model.to_owned(), limit);
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
        first_byte: tokio::time::Instant,
        events: &mut Events,
    ) -> Result<ModelReply, Failure> {
        let mut decoder = SseDecoder::default();
        let mut assembler = Assembler::new(Arc::clone(&self.redactor));
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
