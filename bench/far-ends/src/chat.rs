//! Answers as chat completions: chunks in server-sent events.

use std::io;
use std::sync::Arc;

use axum::response::Response;
use futures::stream::{self, StreamExt as _};
use serde_json::{Value, json};

use crate::model::Silent;
use crate::script::{Reply, Step};
use crate::wire::{plain, sse};

/// Where an answer is.
struct Message {
    steps: std::vec::IntoIter<Step>,
    ended: bool,
    calls: usize,
    silent: Arc<Silent>,
}

pub(crate) fn answer(reply: Reply, silent: &Arc<Silent>) -> Response {
    match reply {
        Reply::Steps(steps) => {
            let message = Message { steps: steps.into_iter(), ended: false, calls: 0, silent: Arc::clone(silent) };
            let begun = stream::iter([Ok(chunk(&json!({"role": "assistant", "content": ""})))]);
            let rest = stream::unfold(message, |mut message| async move { Some((message.next().await?, message)) });
            sse(begun.chain(rest))
        }
        Reply::Status(status, headers, body) => plain(status, headers, &body),
        Reply::Nonsense(text) => sse(stream::iter([Ok(text.to_owned())])),
    }
}

impl Message {
    /// The chunks of the next step; none after the end.
    async fn next(&mut self) -> Option<io::Result<String>> {
        if self.ended {
            return None;
        }
        Some(Ok(match self.steps.next() {
            None => {
                self.ended = true;
                end(if self.calls > 0 { "tool_calls" } else { "stop" })
            }
            Some(Step::Say(text)) => said(&text),
            Some(Step::SayNow(text)) => said(&text()),
            Some(Step::Think(text)) => {
                let summary = json!([{"type": "summary_text", "text": text, "signature": "c2ln"}]);
                chunk(&json!({"content": [{"type": "reasoning", "summary": summary}]}))
            }
            Some(Step::Call { id, name, input }) => {
                let index = self.calls;
                self.calls += 1;
                let begun =
                    json!({"index": index, "id": id, "type": "function", "function": {"name": name, "arguments": ""}});
                let rest = json!({"index": index, "function": {"arguments": input.to_string()}});
                chunk(&json!({"tool_calls": [begun]})) + &chunk(&json!({"tool_calls": [rest]}))
            }
            Some(Step::Between(it)) => {
                let passed = self.silent.pass(it).await;
                self.ended |= passed.is_err();
                return Some(passed.map(|()| String::new()));
            }
        }))
    }
}

fn said(text: &str) -> String {
    if text.is_empty() { String::new() } else { chunk(&json!({"content": text})) }
}

fn chunk(delta: &Value) -> String {
    frame(&json!([{"index": 0, "delta": delta, "finish_reason": null}]), &Value::Null)
}

fn end(reason: &str) -> String {
    frame(&json!([{"index": 0, "delta": {}, "finish_reason": reason}]), &Value::Null)
        + &frame(&json!([]), &json!({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}))
        + "data: [DONE]\n\n"
}

fn frame(choices: &Value, usage: &Value) -> String {
    let chunk = json!({"id": "chatcmpl_1", "object": "chat.completion.chunk", "created": 1, "model": "scripted",
        "choices": choices, "usage": usage});
    format!("data: {chunk}\n\n")
}
