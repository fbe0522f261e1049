//! A message from its stream events. Tolerant to what this version does not know: unknown events are skipped, unknown
//! blocks are kept whole.

#![expect(clippy::result_large_err, reason = "a failure ends the stream and is moved once")]

use std::collections::BTreeMap;
use std::sync::Arc;

use bricklayer_domain::{Block, MAX_MESSAGE_BLOCKS, MAX_MESSAGE_BYTES, Redactor, StopReason, ToolCallId, Usage};
use bricklayer_tools::{MAX_JSON_DEPTH, fits_depth};
use serde_json::{Map, Value};

use crate::model::failure::{self, Failure};
use crate::model::surrogates::{Joiner, mend, mend_whole};
use crate::model::{BrokenCall, ModelEvent, ModelReply};

/// Bytes of one stream: what a largest message takes in pieces of a few characters each.
const MAX_STREAM_BYTES: usize = 8 * MAX_MESSAGE_BYTES;

#[derive(Debug)]
enum Building {
    Text(String),
    Thinking { thinking: String, signature: String },
    ToolUse { id: String, name: String, start: Value, json: String, closed: bool },
    Other { raw: Value, json: String },
}

/// Collects a message.
#[derive(Debug, Default)]
pub(super) struct Assembler {
    blocks: BTreeMap<u32, Building>,
    /// Halves of characters at the ends of each block's pieces.
    joiners: BTreeMap<u32, Joiner>,
    open: usize,
    /// Bytes that came.
    bytes: usize,
    /// Bytes of JSON that the message will take in the log.
    kept: usize,
    /// Events that were more than a sign of life.
    progress: u64,
    usage: Usage,
    stop_reason: Option<StopReason>,
    stop_details: Option<String>,
    ended: bool,
    /// Takes the provider's key out of what it says of itself.
    redactor: Arc<Redactor>,
}

/// Halves of characters at the ends of an event's text.
#[derive(Debug, Clone, Copy)]
struct Halves {
    begins: Option<u16>,
    ends: Option<u16>,
}

/// Bytes that a delta adds to the message as the log keeps it: text is escaped there, arguments are JSON already.
fn kept_bytes(delta: &Value) -> usize {
    let fields = ["text", "thinking", "signature"].into_iter().filter_map(|field| delta.get(field));
    let texts: usize = fields.map(|text| text.to_string().len().saturating_sub(2)).sum();
    let arguments = delta.get("partial_json").and_then(Value::as_str).map_or(0, str::len);
    texts.saturating_add(arguments)
}

fn plain_text_of(value: &Value, field: &str) -> String {
    value.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
}

impl Assembler {
    pub(super) fn new(redactor: Arc<Redactor>) -> Self {
        Self { redactor, ..Self::default() }
    }

    /// Takes one event.
    pub(super) fn take(&mut self, data: &str) -> Result<Vec<ModelEvent>, Failure> {
        self.bytes = self.bytes.saturating_add(data.len());
        if self.bytes > MAX_STREAM_BYTES {
            return Err(failure::too_large());
        }
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
                self.close_block(index);
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

    /// Grows with each event that is more than a sign of life.
    pub(super) fn progress(&self) -> u64 {
        self.progress
    }

    /// Whether the message's last event has come.
    pub(super) fn is_ended(&self) -> bool {
        self.ended
    }

    /// Whether nothing of the message is missing but its last event.
    pub(super) fn is_complete(&self) -> bool {
        self.ended || (self.stop_reason.is_some() && self.open == 0)
    }

    fn take_usage(&mut self, usage: Option<&Value>) -> Vec<ModelEvent> {
        let Some(usage) = usage else { return Vec::new() };
        // Counts are cumulative; a field that is left out keeps its value.
        let read = |field: &str, before: u64| usage.get(field).and_then(Value::as_u64).unwrap_or(before);
        let before = self.usage;
        self.usage = Usage {
            input_tokens: read("input_tokens", before.input_tokens),
            output_tokens: read("output_tokens", before.output_tokens),
            cache_creation_input_tokens: read("cache_creation_input_tokens", before.cache_creation_input_tokens),
            cache_read_input_tokens: read("cache_read_input_tokens", before.cache_read_input_tokens),
        };
        vec![ModelEvent::Usage(self.usage)]
    }

    fn take_stop(&mut self, delta: &Value) {
        if let Some(reason) = delta.get("stop_reason").and_then(Value::as_str) {
            self.stop_reason = Some(stop_reason(reason));
        }
        if let Some(details) = delta.get("stop_details").filter(|details| !details.is_null()) {
            let text = details.get("explanation").or_else(|| details.get("category")).and_then(Value::as_str);
            self.stop_details = text.map(str::to_owned);
        }
    }

    fn start_block(&mut self, index: u32, block: &Value, halves: Halves) -> Result<Vec<ModelEvent>, Failure> {
        if self.blocks.len() >= MAX_MESSAGE_BLOCKS && !self.blocks.contains_key(&index) {
            return Err(failure::too_many_blocks());
        }
        self.grow(block.to_string().len())?;
        let mut events = Vec::new();
        let mut joiner = Joiner::default();
        let mut text_of =
            |block: &Value, field: &str| joiner.join(halves.begins, &plain_text_of(block, field), halves.ends);
        let building = match block.get("type").and_then(Value::as_str).unwrap_or_default() {
            "text" => {
                let text = text_of(block, "text");
                if !text.is_empty() {
                    events.push(ModelEvent::TextDelta { block: index, text: text.clone() });
                }
                Building::Text(text)
            }
            "thinking" => {
                let thinking = text_of(block, "thinking");
                if !thinking.is_empty() {
                    events.push(ModelEvent::ThinkingDelta { block: index, text: thinking.clone() });
                }
                Building::Thinking { thinking, signature: plain_text_of(block, "signature") }
            }
            "tool_use" => Building::ToolUse {
                id: plain_text_of(block, "id"),
                name: plain_text_of(block, "name"),
                start: block.get("input").cloned().unwrap_or(Value::Null),
                json: String::new(),
                closed: false,
            },
            _ => Building::Other { raw: block.clone(), json: String::new() },
        };
        self.joiners.insert(index, joiner);
        if self.blocks.insert(index, building).is_none() {
            self.open = self.open.saturating_add(1);
        }
        Ok(events)
    }

    /// Counts what the log will have to keep.
    fn grow(&mut self, bytes: usize) -> Result<(), Failure> {
        self.kept = self.kept.saturating_add(bytes);
        if self.kept > MAX_MESSAGE_BYTES { Err(failure::too_large()) } else { Ok(()) }
    }

    fn take_delta(&mut self, index: u32, delta: &Value, halves: Halves) -> Result<Vec<ModelEvent>, Failure> {
        self.grow(kept_bytes(delta))?;
        Ok(self.add_delta(index, delta, halves))
    }

    fn add_delta(&mut self, index: u32, delta: &Value, halves: Halves) -> Vec<ModelEvent> {
        let kind = delta.get("type").and_then(Value::as_str).unwrap_or_default();
        let joiner = self.joiners.entry(index).or_default();
        let mut text_of =
            |delta: &Value, field: &str| joiner.join(halves.begins, &plain_text_of(delta, field), halves.ends);
        match (kind, self.blocks.get_mut(&index)) {
            ("text_delta", Some(Building::Text(text))) => {
                let piece = text_of(delta, "text");
                text.push_str(&piece);
                return if piece.is_empty() {
                    Vec::new()
                } else {
                    vec![ModelEvent::TextDelta { block: index, text: piece }]
                };
            }
            ("thinking_delta", Some(Building::Thinking { thinking, .. })) => {
                let piece = text_of(delta, "thinking");
                thinking.push_str(&piece);
                return if piece.is_empty() {
                    Vec::new()
                } else {
                    vec![ModelEvent::ThinkingDelta { block: index, text: piece }]
                };
            }
            ("signature_delta", Some(Building::Thinking { signature, .. })) => {
                signature.push_str(&plain_text_of(delta, "signature"));
            }
            ("input_json_delta", Some(Building::ToolUse { json, .. } | Building::Other { json, .. })) => {
                json.push_str(&text_of(delta, "partial_json"));
            }
            // Citations, and deltas of later versions.
            _ => {}
        }
        Vec::new()
    }

    fn close_block(&mut self, index: u32) {
        self.end_text(index);
        match self.blocks.get_mut(&index) {
            Some(Building::ToolUse { closed, .. }) => *closed = true,
            Some(Building::Other { raw: Value::Object(raw), json }) if !json.is_empty() => {
                if let Ok(input) = serde_json::from_str(&mend_whole(json)) {
                    raw.insert("input".to_owned(), input);
                }
            }
            Some(_) | None => {}
        }
        self.open = self.open.saturating_sub(1);
    }

    /// A half character that ended a block's last piece stays alone.
    fn end_text(&mut self, index: u32) {
        let Some(rest) = self.joiners.get_mut(&index).map(Joiner::finish) else { return };
        match self.blocks.get_mut(&index) {
            Some(Building::Text(text) | Building::Thinking { thinking: text, .. }) => text.push_str(rest),
            Some(Building::ToolUse { json, .. } | Building::Other { json, .. }) => json.push_str(rest),
            None => {}
        }
    }

    /// The whole message.
    pub(super) fn finish(mut self) -> ModelReply {
        for index in self.joiners.keys().copied().collect::<Vec<_>>() {
            self.end_text(index);
        }
        let cut = self.stop_reason == Some(StopReason::MaxTokens);
        let mut blocks = Vec::new();
        let mut broken_calls = Vec::new();
        for building in self.blocks.into_values() {
            blocks.push(match building {
                Building::Text(text) => Block::Text { text },
                Building::Thinking { thinking, signature } => Block::Thinking { thinking, signature },
                // What has no kind, or nests deeper than the log keeps, means nothing to anybody later.
                Building::Other { raw, .. } if raw.get("type").is_none_or(|kind| !kind.is_string()) => continue,
                Building::Other { raw, .. } if !fits_depth(&raw) => continue,
                Building::Other { raw, .. } => Block::Other { raw },
                Building::ToolUse { id, name, start, json, closed } => {
                    let input = match tool_input(start, &json, closed) {
                        Ok(input) => input,
                        Err(reason) => {
                            let reason = if cut { CUT_CALL.to_owned() } else { reason };
                            broken_calls.push(BrokenCall { block: blocks.len(), reason });
                            Value::Object(Map::new())
                        }
                    };
                    Block::ToolUse { id: ToolCallId(id), name, input }
                }
            });
        }
        let has_calls = blocks.iter().any(|block| matches!(block, Block::ToolUse { .. }));
        let implied = if has_calls { StopReason::ToolUse } else { StopReason::EndTurn };
        ModelReply {
            blocks,
            broken_calls,
            stop_reason: self.stop_reason.unwrap_or(implied),
            stop_details: self.stop_details,
            usage: self.usage,
        }
    }
}

/// What the model is told about a call that the output limit cut.
const CUT_CALL: &str = "not run: your output limit was reached inside this call, so its arguments are incomplete. Call \
                        it again with smaller arguments; write a long file in several parts";

fn tool_input(start: Value, json: &str, closed: bool) -> Result<Value, String> {
    if !closed {
        return Err("not run: the arguments of this call are incomplete; call it again".to_owned());
    }
    let too_deep = || format!("not run: the arguments nest deeper than {MAX_JSON_DEPTH} levels; make them flatter");
    if json.trim().is_empty() {
        let input = if start.is_object() { start } else { Value::Object(Map::new()) };
        return if fits_depth(&input) { Ok(input) } else { Err(too_deep()) };
    }
    match serde_json::from_str(&mend_whole(json)) {
        Ok(input) if !fits_depth(&input) => Err(too_deep()),
        Ok(input @ Value::Object(_)) => Ok(input),
        Ok(_) => Err("not run: the arguments must be a JSON object; call it again".to_owned()),
        Err(error) => Err(format!("not run: the arguments are not JSON ({error}); call it again")),
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
