//! Answers on the Anthropic Messages wire: server-sent events.

use std::io;
use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use futures::stream::{self, Stream, StreamExt as _};
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::model::Silent;
use crate::script::{Reply, Step};

/// The block that is being sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Text,
    Thinking,
}

/// A message on its way: what is left of it, and where it is.
struct Message {
    steps: std::vec::IntoIter<Step>,
    begun: bool,
    ended: bool,
    index: usize,
    open: Option<Open>,
    called: bool,
    silent: Arc<Silent>,
}

pub(crate) fn answer(reply: Reply, silent: &Arc<Silent>) -> Response {
    match reply {
        Reply::Steps(steps) => {
            let message = Message {
                steps: steps.into_iter(),
                begun: false,
                ended: false,
                index: 0,
                open: None,
                called: false,
                silent: Arc::clone(silent),
            };
            let frames = stream::unfold(message, |mut message| async move { Some((message.next().await?, message)) });
            sse(frames)
        }
        Reply::Status(status, headers, body) => plain(status, headers, &body),
        Reply::Nonsense(text) => sse(stream::iter([Ok(text.to_owned())])),
    }
}

impl Message {
    /// The frames of the next step; none after the end.
    async fn next(&mut self) -> Option<io::Result<String>> {
        if !self.begun {
            self.begun = true;
            return Some(Ok(start()));
        }
        if self.ended {
            return None;
        }
        Some(Ok(match self.steps.next() {
            None => {
                self.ended = true;
                let mut frames = self.close();
                frames.push_str(&end(if self.called { "tool_use" } else { "end_turn" }));
                frames
            }
            Some(Step::Say(text)) => self.piece(Open::Text, &text),
            Some(Step::SayNow(text)) => self.piece(Open::Text, &text()),
            Some(Step::Think(text)) => self.piece(Open::Thinking, &text),
            Some(Step::Call { id, name, input }) => {
                self.called = true;
                let mut frames = self.close();
                frames.push_str(&self.begin(&json!({"type": "tool_use", "id": id, "name": name, "input": {}})));
                let input = input.to_string();
                frames.push_str(&self.delta(&json!({"type": "input_json_delta", "partial_json": input})));
                frames.push_str(&self.stop());
                frames
            }
            Some(Step::Between(it)) => {
                let passed = self.silent.pass(it).await;
                self.ended |= passed.is_err();
                return Some(passed.map(|()| String::new()));
            }
        }))
    }

    fn piece(&mut self, kind: Open, text: &str) -> String {
        let mut frames = String::new();
        if self.open != Some(kind) {
            frames.push_str(&self.close());
            frames.push_str(&self.begin(&match kind {
                Open::Text => json!({"type": "text", "text": ""}),
                Open::Thinking => json!({"type": "thinking", "thinking": "", "signature": ""}),
            }));
            self.open = Some(kind);
        }
        if !text.is_empty() {
            frames.push_str(&self.delta(&match kind {
                Open::Text => json!({"type": "text_delta", "text": text}),
                Open::Thinking => json!({"type": "thinking_delta", "thinking": text}),
            }));
        }
        frames
    }

    /// Ends the block that is open.
    fn close(&mut self) -> String {
        match self.open.take() {
            None => String::new(),
            Some(Open::Text) => self.stop(),
            Some(Open::Thinking) => {
                let signature = json!({"type": "signature_delta", "signature": "c2ln"});
                self.delta(&signature) + &self.stop()
            }
        }
    }

    fn begin(&self, block: &Value) -> String {
        frame(&json!({"type": "content_block_start", "index": self.index, "content_block": block}))
    }

    fn delta(&self, delta: &Value) -> String {
        frame(&json!({"type": "content_block_delta", "index": self.index, "delta": delta}))
    }

    fn stop(&mut self) -> String {
        let frames = frame(&json!({"type": "content_block_stop", "index": self.index}));
        self.index += 1;
        frames
    }
}

fn start() -> String {
    let usage = json!({"input_tokens": 10, "output_tokens": 1});
    frame(&json!({"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "assistant",
        "model": "scripted", "content": [], "stop_reason": null, "stop_sequence": null, "usage": usage}}))
}

fn end(stop_reason: &str) -> String {
    let delta = json!({"stop_reason": stop_reason, "stop_sequence": null});
    frame(&json!({"type": "message_delta", "delta": delta, "usage": {"output_tokens": 5}}))
        + &frame(&json!({"type": "message_stop"}))
}

fn frame(data: &Value) -> String {
    format!("event: {}\ndata: {data}\n\n", data["type"].as_str().unwrap_or_default())
}

/// A plain answer of JSON.
pub(crate) fn plain(status: u16, headers: Vec<(&'static str, &'static str)>, body: &Value) -> Response {
    let mut response = Response::builder().status(status).header(CONTENT_TYPE, "application/json");
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(body.to_string().into()).expect("a status and headers")
}

pub(crate) fn sse(frames: impl Stream<Item = io::Result<String>> + Send + 'static) -> Response {
    let frames = frames.filter(|frame| std::future::ready(!matches!(frame, Ok(text) if text.is_empty())));
    let mut response = Response::new(Body::from_stream(frames));
    response.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static("text/event-stream"));
    response
}
