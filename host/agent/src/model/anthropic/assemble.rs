//! A message from its stream events. Tolerant to what this version does not know: unknown events are skipped, unknown
//! blocks are kept whole.

use std::sync::Arc;

use bricklayer_domain::{Redactor, StopReason, Usage};
use serde_json::Value;

use crate::model::draft::{Building, Draft, Halves, Piece, text_of};
use crate::model::failure::{self, Failure};
use crate::model::send::Assemble;
use crate::model::surrogates::mend;
use crate::model::{ModelEvent, ModelReply};

/// Collects a message.
#[derive(Debug, Default)]
pub(super) struct Assembler {
    draft: Draft,
    open: usize,
    /// Events that were more than a sign of life.
    progress: u64,
    ended: bool,
    /// Takes the provider's key out of what it says of itself.
    redactor: Arc<Redactor>,
}

/// Bytes that a delta adds to the message as the log keeps it: text is escaped there, arguments are JSON already.
fn kept_bytes(delta: &Value) -> usize {
    let fields = ["text", "thinking", "signature"].into_iter().filter_map(|field| delta.get(field));
    let texts: usize = fields.map(|text| text.to_string().len().saturating_sub(2)).sum();
    let arguments = delta.get("partial_json").and_then(Value::as_str).map_or(0, str::len);
    texts.saturating_add(arguments)
}

impl Assemble for Assembler {
    fn take(&mut self, data: &str) -> Result<Vec<ModelEvent>, Failure> {
        self.draft.count(data.len())?;
        if data.trim() == "[DONE]" {
            return Ok(Vec::new());
        }
        let mended = mend(data);
        let event: Value = serde_json::from_str(&mended.json).map_err(|_| failure::garbled("an event is not JSON"))?;
        let halves = Halves { begins: mended.begins, ends: mended.ends };
        if event.get("type").and_then(Value::as_str) != Some("ping") {
            self.progress = self.progress.saturating_add(1);
        }
        let index = event.get("index").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
        match event.get("type").and_then(Value::as_str).unwrap_or_default() {
            "message_start" => {
                let usage = event.get("message").and_then(|message| message.get("usage"));
                Ok(self.take_usage(usage))
            }
            "content_block_start" => {
                self.start_block(index, event.get("content_block").unwrap_or(&Value::Null), halves)
            }
            "content_block_delta" => self.take_delta(index, event.get("delta").unwrap_or(&Value::Null), halves),
            "content_block_stop" => {
                self.draft.close(index);
                self.open = self.open.saturating_sub(1);
                Ok(Vec::new())
            }
            "message_delta" => {
                if let Some(delta) = event.get("delta") {
                    self.take_stop(delta);
                }
                Ok(self.take_usage(event.get("usage")))
            }
            "message_stop" => {
                self.ended = true;
                Ok(Vec::new())
            }
            "error" => Err(failure::in_stream(event.get("error").unwrap_or(&Value::Null), &self.redactor)),
            // Pings, and events of later versions.
            _ => Ok(Vec::new()),
        }
    }

    fn progress(&self) -> u64 {
        self.progress
    }

    fn is_ended(&self) -> bool {
        self.ended
    }

    fn is_complete(&self) -> bool {
        self.ended || (self.draft.stop_reason.is_some() && self.open == 0)
    }

    fn finish(self: Box<Self>) -> ModelReply {
        self.draft.finish()
    }
}

impl Assembler {
    pub(super) fn new(redactor: Arc<Redactor>) -> Self {
        Self { redactor, ..Self::default() }
    }

    fn take_usage(&mut self, usage: Option<&Value>) -> Vec<ModelEvent> {
        let Some(usage) = usage else { return Vec::new() };
        // Counts are cumulative; a field that is left out keeps its value.
        let read = |field: &str, before: u64| usage.get(field).and_then(Value::as_u64).unwrap_or(before);
        let before = self.draft.usage;
        self.draft.usage = Usage {
            input_tokens: read("input_tokens", before.input_tokens),
            output_tokens: read("output_tokens", before.output_tokens),
            cache_creation_input_tokens: read("cache_creation_input_tokens", before.cache_creation_input_tokens),
            cache_read_input_tokens: read("cache_read_input_tokens", before.cache_read_input_tokens),
            ..before
        };
        vec![ModelEvent::Usage(self.draft.usage)]
    }

    fn take_stop(&mut self, delta: &Value) {
        if let Some(reason) = delta.get("stop_reason").and_then(Value::as_str) {
            self.draft.stop_reason = Some(stop_reason(reason));
        }
        if let Some(details) = delta.get("stop_details").filter(|details| !details.is_null()) {
            let text = details.get("explanation").or_else(|| details.get("category")).and_then(Value::as_str);
            self.draft.stop_details = text.map(str::to_owned);
        }
    }

    fn start_block(&mut self, index: u32, block: &Value, halves: Halves) -> Result<Vec<ModelEvent>, Failure> {
        self.draft.grow(block.to_string().len())?;
        let kind = text_of(block, "type");
        let building = match kind {
            "text" => Building::text(),
            "thinking" => Building::thinking(),
            "tool_use" => {
                let input = block.get("input").cloned().unwrap_or(Value::Null);
                Building::call(text_of(block, "id").to_owned(), text_of(block, "name").to_owned(), input)
            }
            _ => Building::Other { raw: block.clone(), json: String::new() },
        };
        if self.draft.begin(index, building)? {
            self.open = self.open.saturating_add(1);
        }
        Ok(match kind {
            "text" => self.draft.add(index, Piece::Text, text_of(block, "text"), halves),
            "thinking" => {
                self.draft.sign(index, text_of(block, "signature"));
                self.draft.add(index, Piece::Thinking, text_of(block, "thinking"), halves)
            }
            _ => Vec::new(),
        })
    }

    fn take_delta(&mut self, index: u32, delta: &Value, halves: Halves) -> Result<Vec<ModelEvent>, Failure> {
        self.draft.grow(kept_bytes(delta))?;
        Ok(match text_of(delta, "type") {
            "text_delta" => self.draft.add(index, Piece::Text, text_of(delta, "text"), halves),
            "thinking_delta" => self.draft.add(index, Piece::Thinking, text_of(delta, "thinking"), halves),
            "signature_delta" => {
                self.draft.sign(index, text_of(delta, "signature"));
                Vec::new()
            }
            "input_json_delta" => self.draft.add(index, Piece::Arguments, text_of(delta, "partial_json"), halves),
            // Citations, and deltas of later versions.
            _ => Vec::new(),
        })
    }
}

fn stop_reason(text: &str) -> StopReason {
    match text {
        "end_turn" => StopReason::EndTurn,
        "stop_sequence" => StopReason::StopSequence,
        "tool_use" => StopReason::ToolUse,
        "max_tokens" => StopReason::MaxTokens,
        "pause_turn" => StopReason::PauseTurn,
        "refusal" => StopReason::Refusal,
        "model_context_window_exceeded" => StopReason::ContextWindowExceeded,
        other => StopReason::Unknown(other.chars().take(100).collect()),
    }
}
