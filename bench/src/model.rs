//! The scripted model: speaks the Anthropic Messages wire with set delays, so that what is measured is the host.
//!
//! The script is chosen by the text of the last user message: `turn` asks for one `execute_sql` and then answers,
//! `deltas N` streams N pieces that carry the time they were sent, `silent` says nothing until the bench lets go.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use axum::routing::post;
use futures::{Stream, StreamExt, stream};
use serde_json::{Value, json};
use tokio::sync::Notify;

/// What the model and the driver share: the clock that both sides of a delta read, and the gate of silent turns.
#[derive(Debug)]
pub(crate) struct Shared {
    started: Instant,
    /// Ends all silent streams.
    release: Notify,
    /// Silent requests that have arrived.
    silent: AtomicUsize,
}

impl Shared {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { started: Instant::now(), release: Notify::new(), silent: AtomicUsize::new(0) })
    }

    /// Microseconds since the bench began.
    pub(crate) fn now_us(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    pub(crate) fn release(&self) {
        self.release.notify_waiters();
    }

    pub(crate) fn silent(&self) -> usize {
        self.silent.load(Ordering::SeqCst)
    }
}

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    // Whole conversations come here.
    let any_size = axum::extract::DefaultBodyLimit::disable();
    Router::new().route("/v1/messages", post(messages)).layer(any_size).with_state(shared)
}

async fn messages(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let request: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    match last_user_text(&request) {
        None => sse(stream::iter(text_reply("One row: 1."))),
        Some(text) if text.contains("silent") => {
            shared.silent.fetch_add(1, Ordering::SeqCst);
            let gate = Arc::clone(&shared);
            let head = stream::iter(vec![message_start()]);
            let tail = stream::once(async move {
                gate.release.notified().await;
                text_reply("").split_off(1).concat()
            });
            sse(head.chain(tail))
        }
        Some(text) if text.contains("deltas") => {
            let count = text.split_whitespace().filter_map(|word| word.parse().ok()).next().unwrap_or(100_usize);
            sse(delta_stream(shared, count))
        }
        Some(_) => sse(stream::iter(tool_reply(&sql_tool_name(&request)))),
    }
}

/// The text of the last message when it is the user's own words, and nothing when it holds tool results.
fn last_user_text(request: &Value) -> Option<String> {
    let content = request.get("messages")?.as_array()?.last()?.get("content")?;
    if let Some(text) = content.as_str() {
        return Some(text.to_owned());
    }
    let blocks = content.as_array()?;
    if blocks.iter().any(|block| block["type"] == "tool_result") {
        return None;
    }
    Some(blocks.iter().filter_map(|block| block["text"].as_str()).collect())
}

fn sql_tool_name(request: &Value) -> String {
    let tools = request["tools"].as_array().cloned().unwrap_or_default();
    tools
        .iter()
        .filter_map(|tool| tool["name"].as_str())
        .find(|name| name.ends_with("execute_sql"))
        .unwrap_or("mcp__databricks__execute_sql")
        .to_owned()
}

fn delta_stream(shared: Arc<Shared>, count: usize) -> impl Stream<Item = String> + Send + 'static {
    let head = vec![message_start(), block_start(json!({"type": "text", "text": ""}))];
    // One delta each 2 ms is faster than any model and slow enough that each is measured by itself.
    let deltas = stream::unfold((shared, 0_usize), move |(shared, sent)| async move {
        if sent == count {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
        let delta = text_delta(&format!("t{} ", shared.now_us()));
        Some((delta, (shared, sent + 1)))
    });
    stream::iter(head).chain(deltas).chain(stream::iter(tail("end_turn")))
}

fn text_reply(text: &str) -> Vec<String> {
    let mut frames = vec![message_start(), block_start(json!({"type": "text", "text": ""})), text_delta(text)];
    frames.extend(tail("end_turn"));
    frames
}

fn tool_reply(name: &str) -> Vec<String> {
    let id = format!("toolu_{:016x}", rand_id());
    let input = json!({"statement": "SELECT 1 AS one", "warehouse_id": "bench"}).to_string();
    let delta = json!({"type": "content_block_delta", "index": 0,
        "delta": {"type": "input_json_delta", "partial_json": input}});
    let mut frames = vec![
        message_start(),
        block_start(json!({"type": "tool_use", "id": id, "name": name, "input": {}})),
        frame("content_block_delta", &delta),
    ];
    frames.extend(tail("tool_use"));
    frames
}

fn rand_id() -> u64 {
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed) as u64
}

fn message_start() -> String {
    frame(
        "message_start",
        &json!({"type": "message_start", "message": {"id": "msg_bench", "type": "message", "role": "assistant",
            "model": "bench", "content": [], "stop_reason": null,
            "usage": {"input_tokens": 10, "output_tokens": 1}}}),
    )
}

fn block_start(block: Value) -> String {
    frame("content_block_start", &json!({"type": "content_block_start", "index": 0, "content_block": block}))
}

fn text_delta(text: &str) -> String {
    let delta = json!({"type": "text_delta", "text": text});
    frame("content_block_delta", &json!({"type": "content_block_delta", "index": 0, "delta": delta}))
}

fn tail(stop_reason: &str) -> Vec<String> {
    vec![
        frame("content_block_stop", &json!({"type": "content_block_stop", "index": 0})),
        frame(
            "message_delta",
            &json!({"type": "message_delta", "delta": {"stop_reason": stop_reason}, "usage": {"output_tokens": 5}}),
        ),
        frame("message_stop", &json!({"type": "message_stop"})),
    ]
}

fn frame(event: &str, data: &Value) -> String {
    format!("event: {event}\ndata: {data}\n\n")
}

fn sse(frames: impl Stream<Item = String> + Send + 'static) -> Response {
    let body = Body::from_stream(frames.map(|frame| Ok::<_, Infallible>(Bytes::from(frame))));
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, axum::http::HeaderValue::from_static("text/event-stream"));
    response
}
