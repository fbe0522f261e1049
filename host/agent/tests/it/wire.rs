//! A scripted far end on loopback, and the pieces of streams on the Anthropic Messages wire.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, Once};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Response};
use bricklayer_agent::model::{HttpModel, ModelAuth, ProviderSettings, anthropic, http_client, openai};
use futures::StreamExt as _;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use url::Url;

/// A credential that must never appear in any text.
pub(crate) const CANARY: &str = "sk-canary-5f2c";

/// What the server does with one request.
#[derive(Clone)]
pub(crate) enum Play {
    /// An event stream, whole.
    Stream(String),
    /// An event stream that breaks off after so many bytes.
    Cut(String, usize),
    /// An event stream that ends cleanly in the middle.
    End(String, usize),
    /// An event stream that falls silent.
    Hang(String),
    /// An event stream in which this comes again and again.
    Repeat(String),
    /// Nothing at all.
    Silence,
    /// A plain answer.
    Plain(u16, Vec<(&'static str, String)>, String),
}

#[derive(Default)]
pub(crate) struct Far {
    plays: Mutex<VecDeque<Play>>,
    pub(crate) seen: Mutex<Vec<(HeaderMap, Value)>>,
}

pub(crate) struct Server {
    pub(crate) far: Arc<Far>,
    pub(crate) base: Url,
    _tasks: JoinSet<()>,
}

impl Server {
    pub(crate) async fn start(plays: Vec<Play>) -> Self {
        static CRYPTO: Once = Once::new();
        CRYPTO.call_once(|| rustls::crypto::ring::default_provider().install_default().unwrap());
        let far = Arc::new(Far { plays: Mutex::new(plays.into()), seen: Mutex::default() });
        let app = axum::Router::new().route("/{*path}", axum::routing::post(play)).with_state(far.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { far, base, _tasks: tasks }
    }

    pub(crate) fn settings(&self) -> ProviderSettings {
        let auth = ModelAuth::ApiKey(CANARY.to_owned().into());
        let mut settings = ProviderSettings::new(self.base.clone(), auth, "claude-test");
        settings.max_retries = 0;
        settings.credential_help = "Look at the test's key.";
        settings
    }

    /// The same far end on the other wire.
    pub(crate) fn chat(&self) -> HttpModel {
        openai::model(http_client().unwrap(), self.settings()).unwrap()
    }

    /// Waits for an answer, and within it, for a moment only.
    pub(crate) fn impatient_model(&self) -> HttpModel {
        let mut settings = self.settings();
        settings.first_byte_timeout = Duration::from_millis(300);
        settings.idle_timeout = Duration::from_millis(300);
        anthropic::model(http_client().unwrap(), settings).unwrap()
    }

    pub(crate) fn model(&self) -> HttpModel {
        anthropic::model(http_client().unwrap(), self.settings()).unwrap()
    }

    pub(crate) fn retrying(&self, max_retries: u32) -> HttpModel {
        let mut settings = self.settings();
        settings.max_retries = max_retries;
        anthropic::model(http_client().unwrap(), settings).unwrap()
    }

    /// What it does with the next request, before all else.
    pub(crate) fn play_next(&self, play: Play) {
        self.far.plays.lock().unwrap().push_front(play);
    }

    pub(crate) fn requests(&self) -> Vec<Value> {
        self.far.seen.lock().unwrap().iter().map(|(_, body)| body.clone()).collect()
    }
}

async fn play(State(far): State<Arc<Far>>, headers: HeaderMap, body: Bytes) -> Response<Body> {
    far.seen.lock().unwrap().push((headers, serde_json::from_slice(&body).unwrap()));
    let play = far.plays.lock().unwrap().pop_front().expect("a play for each request");
    let stream = |text: &str, end: usize, then: Option<std::io::Error>, hang: bool| {
        let first = futures::stream::iter([Ok(Bytes::copy_from_slice(&text.as_bytes()[..end]))]);
        let stream = first.chain(futures::stream::iter(then.map(Err)));
        let body =
            if hang { Body::from_stream(stream.chain(futures::stream::pending())) } else { Body::from_stream(stream) };
        Response::builder().header("content-type", "text/event-stream; charset=utf-8").body(body).unwrap()
    };
    match play {
        Play::Stream(text) => stream(&text, text.len(), None, false),
        Play::Cut(text, end) => stream(&text, end, Some(std::io::Error::other("cut")), false),
        Play::End(text, end) => stream(&text, end, None, false),
        Play::Hang(text) => stream(&text, text.len(), None, true),
        Play::Repeat(text) => {
            let again = futures::stream::unfold(text, |text| async {
                tokio::time::sleep(Duration::from_millis(50)).await;
                Some((Ok::<_, std::io::Error>(Bytes::from(text.clone())), text))
            });
            let response = Response::builder().header("content-type", "text/event-stream");
            response.body(Body::from_stream(again)).unwrap()
        }
        Play::Silence => std::future::pending().await,
        Play::Plain(status, headers, text) => {
            let mut response = Response::builder().status(status);
            for (name, value) in headers {
                response = response.header(name, value);
            }
            response.body(Body::from(text)).unwrap()
        }
    }
}

pub(crate) fn event(data: Value) -> String {
    format!("event: {}\ndata: {data}\n\n", data["type"].as_str().unwrap())
}

pub(crate) fn message(blocks: &[Vec<Value>], stop_reason: &str) -> String {
    let usage = json!({"input_tokens": 12, "output_tokens": 1, "cache_read_input_tokens": 100});
    let mut text = event(json!({"type": "message_start", "message": {"id": "msg_1", "usage": usage}}));
    text += &event(json!({"type": "ping"}));
    for (index, events) in blocks.iter().enumerate() {
        for data in events {
            let mut data = data.clone();
            data["index"] = json!(index);
            text += &event(data);
        }
        text += &event(json!({"type": "content_block_stop", "index": index}));
    }
    text += &event(json!({
        "type": "message_delta", "delta": {"stop_reason": stop_reason}, "usage": {"output_tokens": 42}
    }));
    text + &event(json!({"type": "message_stop"}))
}

pub(crate) fn delta(delta: Value) -> Value {
    json!({"type": "content_block_delta", "delta": delta})
}

pub(crate) fn text_block(pieces: &[&str]) -> Vec<Value> {
    let mut events = vec![json!({"type": "content_block_start", "content_block": {"type": "text", "text": ""}})];
    events.extend(pieces.iter().map(|piece| delta(json!({"type": "text_delta", "text": piece}))));
    events
}

pub(crate) fn thinking_block(thinking: &str, signature: &str) -> Vec<Value> {
    vec![
        json!({"type": "content_block_start", "content_block": {"type": "thinking", "thinking": "", "signature": ""}}),
        delta(json!({"type": "thinking_delta", "thinking": thinking})),
        delta(json!({"type": "signature_delta", "signature": signature})),
    ]
}

pub(crate) fn tool_block(id: &str, name: &str, pieces: &[&str]) -> Vec<Value> {
    let block = json!({"type": "tool_use", "id": id, "name": name, "input": {}});
    let mut events = vec![json!({"type": "content_block_start", "content_block": block})];
    events.extend(pieces.iter().map(|piece| delta(json!({"type": "input_json_delta", "partial_json": piece}))));
    events
}
