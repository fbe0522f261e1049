//! A far end that speaks the Anthropic Messages wire after a script.
//!
//! A script belongs to a user message that contains a text; its nth reply answers the nth model call after that
//! message. So a call that is repeated, by a retry or after a restart, gets the same reply again.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use url::Url;

/// One reply of the model.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// Text, and the end of the turn.
    Text(String),
    /// Text in pieces; each waits for the gate to count to its place.
    Gated(Vec<String>, Gate),
    /// Tool calls: id, name, input.
    Tools(Vec<(String, String, Value)>),
    /// An error before anything: status, headers, body.
    Status(u16, Vec<(&'static str, &'static str)>, Value),
    /// The beginning of an answer, then the connection breaks.
    Cut,
    /// The beginning of an answer, then silence.
    Silence,
    /// Bytes that are no answer.
    Nonsense(&'static str),
}

impl Reply {
    pub(crate) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    pub(crate) fn tool(id: &str, name: &str, input: Value) -> Self {
        Self::Tools(vec![(id.to_owned(), name.to_owned(), input)])
    }

    pub(crate) fn sql(id: &str, statement: &str) -> Self {
        Self::tool(id, "mcp__databricks__execute_sql", json!({"statement": statement}))
    }
}

/// Counts up; pieces of a gated reply wait for it.
#[derive(Debug, Clone)]
pub(crate) struct Gate(Arc<watch::Sender<usize>>);

impl Gate {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }

    pub(crate) fn open_to(&self, count: usize) {
        self.0.send_replace(count);
    }

    pub(crate) async fn wait(&self, count: usize) {
        let _ = self.0.subscribe().wait_for(|now| *now >= count).await;
    }
}

/// The scripted model.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) url: Url,
    shared: Arc<Shared>,
    _serving: JoinSet<()>,
}

#[derive(Debug, Default)]
struct Shared {
    scripts: Mutex<HashMap<String, Vec<Reply>>>,
    requests: Mutex<Vec<Value>>,
    silent: AtomicUsize,
}

impl Model {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let shared = Arc::<Shared>::default();
        let router = Router::new()
            .route("/v1/messages", post(messages))
            // Whole conversations come here.
            .layer(axum::extract::DefaultBodyLimit::disable())
            .with_state(Arc::clone(&shared));
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, shared, _serving: serving }
    }

    /// Answers messages that contain `text` with these replies.
    pub(crate) fn script(&self, text: &str, replies: Vec<Reply>) {
        self.shared.scripts.lock().unwrap().insert(text.to_owned(), replies);
    }

    /// Forgets a script, and the requests so far, which are large.
    pub(crate) fn forget(&self, text: &str) {
        self.shared.scripts.lock().unwrap().remove(text);
        self.shared.requests.lock().unwrap().clear();
    }

    /// The requests so far.
    pub(crate) fn requests(&self) -> Vec<Value> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// How many streams are silent now.
    pub(crate) fn silent(&self) -> usize {
        self.shared.silent.load(Ordering::SeqCst)
    }
}

async fn messages(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let request: Value = serde_json::from_slice(&body).unwrap();
    shared.requests.lock().unwrap().push(request.clone());
    let (message, step) = place(&request);
    let reply = {
        let scripts = shared.scripts.lock().unwrap();
        let script = scripts.iter().find(|(text, _)| message.contains(text.as_str()));
        script.and_then(|(_, replies)| replies.get(step).cloned())
    };
    respond(&shared, reply.unwrap_or_else(|| Reply::Text(format!("no script for {message:?}, call {step}"))))
}

/// The last message of the user's own words, and how many times the model spoke since.
fn place(request: &Value) -> (String, usize) {
    let messages = request["messages"].as_array().unwrap();
    let mut spoken = 0;
    for message in messages.iter().rev() {
        if message["role"] == "assistant" {
            spoken += 1;
            continue;
        }
        let text: String = match &message["content"] {
            Value::String(text) => text.clone(),
            content => {
                let blocks = content.as_array().unwrap();
                if blocks.iter().any(|block| block["type"] == "tool_result") {
                    continue;
                }
                blocks.iter().filter_map(|block| block["text"].as_str()).collect()
            }
        };
        return (text, spoken);
    }
    (String::new(), spoken)
}

fn respond(shared: &Arc<Shared>, reply: Reply) -> Response {
    match reply {
        Reply::Text(text) => {
            let mut frames = head();
            frames.extend(text_block(0, &[text]));
            frames.extend(tail("end_turn"));
            sse(stream::iter(frames.into_iter().map(Ok)).boxed())
        }
        Reply::Gated(pieces, gate) => gated(pieces, gate),
        Reply::Tools(calls) => {
            let mut frames = head();
            for (index, (id, name, input)) in calls.into_iter().enumerate() {
                frames.push(frame(
                    "content_block_start",
                    &json!({"type": "content_block_start", "index": index,
                    "content_block": {"type": "tool_use", "id": id, "name": name, "input": {}}}),
                ));
                frames.push(frame(
                    "content_block_delta",
                    &json!({"type": "content_block_delta", "index": index,
                    "delta": {"type": "input_json_delta", "partial_json": input.to_string()}}),
                ));
                frames.push(block_stop(index));
            }
            frames.extend(tail("tool_use"));
            sse(stream::iter(frames.into_iter().map(Ok)).boxed())
        }
        Reply::Status(status, headers, body) => {
            let mut response = Response::builder().status(status).header("content-type", "application/json");
            for (name, value) in headers {
                response = response.header(name, value);
            }
            response.body(body.to_string().into()).unwrap()
        }
        Reply::Cut => {
            let mut frames: Vec<_> = head().into_iter().map(Ok).collect();
            frames.extend(text_block(0, &["half an ans".to_owned()]).into_iter().take(2).map(Ok));
            frames.push(Err(std::io::Error::other("cut")));
            sse(stream::iter(frames).boxed())
        }
        Reply::Silence => {
            let counter = Arc::clone(shared);
            counter.silent.fetch_add(1, Ordering::SeqCst);
            // Counts down when the host lets go of the connection.
            let guard = Silent(counter);
            let silence = stream::once(async move {
                let _guard = guard;
                std::future::pending::<Result<String, std::io::Error>>().await
            });
            sse(stream::iter(head().into_iter().map(Ok)).chain(silence).boxed())
        }
        Reply::Nonsense(text) => sse(stream::iter([Ok(text.to_owned())]).boxed()),
    }
}

struct Silent(Arc<Shared>);

impl Drop for Silent {
    fn drop(&mut self) {
        self.0.silent.fetch_sub(1, Ordering::SeqCst);
    }
}

fn gated(pieces: Vec<String>, gate: Gate) -> Response {
    let (sender, receiver) = mpsc::unbounded_channel();
    for frame in head() {
        sender.send(Ok(frame)).unwrap();
    }
    let frames = stream::unfold((receiver, 0, pieces, gate), |(mut receiver, at, pieces, gate)| async move {
        if let Ok(frame) = receiver.try_recv() {
            return Some((frame, (receiver, at, pieces, gate)));
        }
        let text = if at == 0 {
            block_start(0)
        } else if let Some(piece) = pieces.get(at - 1) {
            gate.wait(at).await;
            text_delta(0, piece)
        } else if at == pieces.len() + 1 {
            let mut text = block_stop(0);
            text.push_str(&tail("end_turn").concat());
            text
        } else {
            return None;
        };
        Some((Ok::<_, std::io::Error>(text), (receiver, at + 1, pieces, gate)))
    });
    drop(sender);
    sse(frames.boxed())
}

fn head() -> Vec<String> {
    vec![frame(
        "message_start",
        &json!({"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "assistant",
            "model": "scripted", "content": [], "stop_reason": null,
            "usage": {"input_tokens": 10, "output_tokens": 1}}}),
    )]
}

fn text_block(index: usize, pieces: &[String]) -> Vec<String> {
    let mut frames = vec![block_start(index)];
    frames.extend(pieces.iter().map(|piece| text_delta(index, piece)));
    frames.push(block_stop(index));
    frames
}

fn block_start(index: usize) -> String {
    let block = json!({"type": "text", "text": ""});
    frame("content_block_start", &json!({"type": "content_block_start", "index": index, "content_block": block}))
}

fn text_delta(index: usize, text: &str) -> String {
    let delta = json!({"type": "text_delta", "text": text});
    frame("content_block_delta", &json!({"type": "content_block_delta", "index": index, "delta": delta}))
}

fn block_stop(index: usize) -> String {
    frame("content_block_stop", &json!({"type": "content_block_stop", "index": index}))
}

fn tail(stop_reason: &str) -> Vec<String> {
    vec![
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

fn sse(frames: BoxStream<'static, Result<String, std::io::Error>>) -> Response {
    let _: Option<Infallible> = None;
    let mut response = Response::new(Body::from_stream(frames));
    response.headers_mut().insert("content-type", "text/event-stream".parse().unwrap());
    response
}
