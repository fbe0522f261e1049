//! A message from the chunks of chat completions. Tolerant to how servers differ: content as a string or a list, calls
//! without an index, whole or in pieces, arguments as an object, a last chunk that is missing.

use std::sync::Arc;

use bricklayer_domain::{Redactor, StopReason, Usage};
use serde_json::Value;

use crate::model::draft::{Building, Draft, Halves, Piece, text_of};
use crate::model::failure::{self, Failure};
use crate::model::reasoning::of_chat;
use crate::model::send::Assemble;
use crate::model::surrogates::mend;
use crate::model::{ModelEvent, ModelReply};

/// Collects a message.
#[derive(Debug, Default)]
pub(super) struct Assembler {
    draft: Draft,
    /// The block that the next piece of its kind adds to.
    open: Option<(Piece, u32)>,
    /// Where the next block goes.
    next: u32,
    calls: Vec<Call>,
    /// Events that came.
    progress: u64,
    ended: bool,
    /// Takes the provider's key out of what it says of itself.
    redactor: Arc<Redactor>,
}

/// A call on its way.
#[derive(Debug)]
struct Call {
    /// The server's number for it, when it gives one.
    index: Option<u64>,
    id: String,
    block: u32,
}

impl Assemble for Assembler {
    fn take(&mut self, data: &str) -> Result<Vec<ModelEvent>, Failure> {
        self.draft.count(data.len())?;
        if data.trim() == "[DONE]" {
            // Without a reason for its end the answer broke off.
            self.ended = self.draft.stop_reason.is_some();
            return Ok(Vec::new());
        }
        let mended = mend(data);
        let chunk: Value = serde_json::from_str(&mended.json).map_err(|_| failure::garbled("an event is not JSON"))?;
        let halves = Halves { begins: mended.begins, ends: mended.ends };
        if let Some(error) = chunk.get("error").filter(|error| !error.is_null()) {
            return Err(failure::in_stream(error, &self.redactor));
        }
        if chunk.get("error_code").is_some() {
            return Err(failure::in_stream(&chunk, &self.redactor));
        }
        self.progress = self.progress.saturating_add(1);
        let mut events = Vec::new();
        if let Some(choice) = chunk.get("choices").and_then(|choices| choices.get(0)) {
            let delta = choice.get("delta").or_else(|| choice.get("message")).unwrap_or(&Value::Null);
            self.take_delta(delta, halves, &mut events)?;
            if let Some(reason) = choice.get("finish_reason").and_then(Value::as_str) {
                self.draft.close_all();
                self.draft.stop_reason = Some(self.stop_reason(reason));
            }
        }
        if let Some(usage) = chunk.get("usage").filter(|usage| usage.is_object()) {
            self.draft.usage = usage_of(usage, self.draft.usage);
            events.push(ModelEvent::Usage(self.draft.usage));
        }
        Ok(events)
    }

    fn progress(&self) -> u64 {
        self.progress
    }

    fn is_ended(&self) -> bool {
        self.ended
    }

    fn is_complete(&self) -> bool {
        self.draft.stop_reason.is_some()
    }

    fn finish(self: Box<Self>) -> ModelReply {
        self.draft.finish()
    }
}

impl Assembler {
    pub(super) fn new(redactor: Arc<Redactor>) -> Self {
        Self { redactor, ..Self::default() }
    }

    fn take_delta(&mut self, delta: &Value, halves: Halves, events: &mut Vec<ModelEvent>) -> Result<(), Failure> {
        // Servers of open models have one of these two names.
        for field in ["reasoning_content", "reasoning"] {
            if let Some(text) = delta.get(field).and_then(Value::as_str).filter(|text| !text.is_empty()) {
                events.extend(self.piece(Piece::Thinking, text, halves)?);
                break;
            }
        }
        match delta.get("content") {
            Some(Value::String(text)) => events.extend(self.piece(Piece::Text, text, halves)?),
            Some(Value::Array(parts)) => {
                for part in parts {
                    self.take_part(part, halves, events)?;
                }
            }
            Some(_) | None => {}
        }
        if let Some(refusal) = delta.get("refusal").and_then(Value::as_str).filter(|text| !text.is_empty()) {
            self.draft.grow(refusal.len())?;
            self.draft.stop_details.get_or_insert_default().push_str(refusal);
        }
        match delta.get("tool_calls") {
            Some(Value::Array(calls)) => calls.iter().try_for_each(|call| self.take_call(call, halves)),
            Some(_) | None => Ok(()),
        }
    }

    /// One part of a content list.
    fn take_part(&mut self, part: &Value, halves: Halves, events: &mut Vec<ModelEvent>) -> Result<(), Failure> {
        if text_of(part, "type") != "reasoning" {
            events.extend(self.piece(Piece::Text, text_of(part, "text"), halves)?);
            return Ok(());
        }
        for summary in part.get("summary").and_then(Value::as_array).into_iter().flatten() {
            events.extend(self.piece(Piece::Thinking, text_of(summary, "text"), halves)?);
            let signature = text_of(summary, "signature");
            if !signature.is_empty() {
                self.draft.grow(signature.len())?;
                let block = self.block_for(Piece::Thinking)?;
                self.draft.sign(block, &of_chat(signature));
                // What is proved is whole.
                self.open = None;
            }
        }
        Ok(())
    }

    fn piece(&mut self, kind: Piece, text: &str, halves: Halves) -> Result<Vec<ModelEvent>, Failure> {
        if text.is_empty() && halves.begins.is_none() && halves.ends.is_none() {
            return Ok(Vec::new());
        }
        // The log keeps text with its escapes.
        self.draft.grow(Value::from(text).to_string().len().saturating_sub(2))?;
        let block = self.block_for(kind)?;
        Ok(self.draft.add(block, kind, text, halves))
    }

    /// The block that pieces of this kind go to now.
    fn block_for(&mut self, kind: Piece) -> Result<u32, Failure> {
        if let Some((open, block)) = self.open
            && open == kind
        {
            return Ok(block);
        }
        let building = if kind == Piece::Thinking { Building::thinking() } else { Building::text() };
        let block = self.begin(building)?;
        self.open = Some((kind, block));
        Ok(block)
    }

    fn begin(&mut self, building: Building) -> Result<u32, Failure> {
        let block = self.next;
        self.draft.begin(block, building)?;
        self.next = self.next.saturating_add(1);
        Ok(block)
    }

    /// A call, or a piece of one. The id comes with the first piece only; a server that sends several calls whole may
    /// give all of them one index, or none.
    fn take_call(&mut self, piece: &Value, halves: Halves) -> Result<(), Failure> {
        let index = piece.get("index").and_then(Value::as_u64);
        let id = text_of(piece, "id");
        let function = piece.get("function").unwrap_or(&Value::Null);
        let name = text_of(function, "name");
        let is_same = |call: &&Call| {
            let other_id = !id.is_empty() && !call.id.is_empty() && call.id != id;
            !other_id && (index.is_none() || call.index == index)
        };
        // Without an index a piece continues the last call; an id or a name begins one.
        let known = match index {
            None if !id.is_empty() && self.calls.last().is_some_and(|call| call.id != id) => None,
            None if id.is_empty() && !name.is_empty() => None,
            _ => self.calls.iter().rev().find(is_same).map(|call| call.block),
        };
        let block = match known {
            Some(block) => block,
            None => {
                self.draft.grow(id.len().saturating_add(name.len()))?;
                let block = self.begin(Building::call(id.to_owned(), name.to_owned(), Value::Null))?;
                self.calls.push(Call { index, id: id.to_owned(), block });
                self.open = None;
                block
            }
        };
        self.draft.name(block, name);
        let written;
        let arguments = match function.get("arguments") {
            Some(Value::String(text)) => text.as_str(),
            Some(object @ Value::Object(_)) => {
                written = object.to_string();
                written.as_str()
            }
            Some(_) | None => return Ok(()),
        };
        self.draft.grow(arguments.len())?;
        self.draft.add(block, Piece::Arguments, arguments, halves);
        Ok(())
    }

    fn stop_reason(&self, reason: &str) -> StopReason {
        match reason {
            "content_filter" => StopReason::Refusal,
            _ if self.draft.stop_details.is_some() => StopReason::Refusal,
            "length" => StopReason::MaxTokens,
            "tool_calls" | "function_call" => StopReason::ToolUse,
            // Some servers say so after calls as well.
            "stop" | "end_turn" | "eos" if self.draft.has_calls() => StopReason::ToolUse,
            "stop" | "end_turn" | "eos" => StopReason::EndTurn,
            other => StopReason::Unknown(other.chars().take(100).collect()),
        }
    }
}

/// Tokens as the log counts them: what came from the cache apart from what did not.
fn usage_of(usage: &Value, before: Usage) -> Usage {
    let count = |value: Option<&Value>| value.and_then(Value::as_u64);
    let details = usage.get("prompt_tokens_details").and_then(|details| details.get("cached_tokens"));
    let cache_read_input_tokens = count(details).or_else(|| count(usage.get("cache_read_input_tokens"))).unwrap_or(0);
    let cache_creation_input_tokens = count(usage.get("cache_creation_input_tokens")).unwrap_or(0);
    let cached = cache_read_input_tokens.saturating_add(cache_creation_input_tokens);
    let prompt = count(usage.get("prompt_tokens"));
    Usage {
        input_tokens: prompt.map_or(before.input_tokens, |prompt| prompt.saturating_sub(cached)),
        output_tokens: count(usage.get("completion_tokens")).unwrap_or(before.output_tokens),
        cache_creation_input_tokens,
        cache_read_input_tokens,
        ..before
    }
}
