//! A message as it comes, piece by piece, whatever the wire: bounded, half characters joined, and its calls' arguments
//! read at the end.

use std::collections::BTreeMap;

use bricklayer_domain::{Block, MAX_MESSAGE_BLOCKS, MAX_MESSAGE_BYTES, StopReason, ToolCallId, Usage};
use bricklayer_tools::{MAX_JSON_DEPTH, fits_depth};
use serde_json::{Map, Value};

use super::failure::{self, Failure};
use super::surrogates::{Joiner, mend_whole};
use super::{BrokenCall, ModelEvent, ModelReply};

/// Bytes of one stream: what a largest message takes in pieces of a few characters each.
const MAX_STREAM_BYTES: usize = 8 * MAX_MESSAGE_BYTES;

/// A block on its way.
#[derive(Debug)]
pub(super) enum Building {
    Text(String),
    Thinking { thinking: String, signature: String },
    ToolUse { id: String, name: String, start: Value, json: String, closed: bool },
    Other { raw: Value, json: String },
}

impl Building {
    pub(super) const fn text() -> Self {
        Self::Text(String::new())
    }

    pub(super) const fn thinking() -> Self {
        Self::Thinking { thinking: String::new(), signature: String::new() }
    }

    pub(super) const fn call(id: String, name: String, start: Value) -> Self {
        Self::ToolUse { id, name, start, json: String::new(), closed: false }
    }
}

/// What a piece adds to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    Text,
    Thinking,
    /// Arguments of a call, or of a block that is only passed on.
    Arguments,
}

/// Halves of characters at the ends of an event's text.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Halves {
    pub(super) begins: Option<u16>,
    pub(super) ends: Option<u16>,
}

/// Collects a message.
#[derive(Debug, Default)]
pub(super) struct Draft {
    blocks: BTreeMap<u32, Building>,
    /// Halves of characters at the ends of each block's pieces.
    joiners: BTreeMap<u32, Joiner>,
    /// Bytes that came.
    bytes: usize,
    /// Bytes of JSON that the message will take in the log.
    kept: usize,
    pub(super) usage: Usage,
    pub(super) stop_reason: Option<StopReason>,
    pub(super) stop_details: Option<String>,
}

impl Draft {
    /// Counts bytes that came.
    pub(super) fn count(&mut self, bytes: usize) -> Result<(), Failure> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > MAX_STREAM_BYTES { Err(failure::too_large()) } else { Ok(()) }
    }

    /// Counts what the log will have to keep.
    pub(super) fn grow(&mut self, bytes: usize) -> Result<(), Failure> {
        self.kept = self.kept.saturating_add(bytes);
        if self.kept > MAX_MESSAGE_BYTES { Err(failure::too_large()) } else { Ok(()) }
    }

    /// Begins a block, and says whether there was none at this place.
    pub(super) fn begin(&mut self, index: u32, building: Building) -> Result<bool, Failure> {
        if self.blocks.len() >= MAX_MESSAGE_BLOCKS && !self.blocks.contains_key(&index) {
            return Err(failure::too_many_blocks());
        }
        self.joiners.insert(index, Joiner::default());
        Ok(self.blocks.insert(index, building).is_none())
    }

    /// Adds a piece to a block of its kind; where there is none it is dropped.
    pub(super) fn add(&mut self, index: u32, kind: Piece, piece: &str, halves: Halves) -> Vec<ModelEvent> {
        let block = self.blocks.get_mut(&index);
        let (Some(text), joiner) =
            (block.and_then(|block| grown_by(block, kind)), self.joiners.entry(index).or_default())
        else {
            return Vec::new();
        };
        let piece = joiner.join(halves.begins, piece, halves.ends);
        text.push_str(&piece);
        match kind {
            Piece::Text | Piece::Thinking if piece.is_empty() => Vec::new(),
            Piece::Text => vec![ModelEvent::TextDelta { block: index, text: piece }],
            Piece::Thinking => vec![ModelEvent::ThinkingDelta { block: index, text: piece }],
            Piece::Arguments => Vec::new(),
        }
    }

    /// Adds to the proof of a reasoning block.
    pub(super) fn sign(&mut self, index: u32, piece: &str) {
        if let Some(Building::Thinking { signature, .. }) = self.blocks.get_mut(&index) {
            signature.push_str(piece);
        }
    }

    /// Names a call that began without its name.
    pub(super) fn name(&mut self, index: u32, called: &str) {
        if let Some(Building::ToolUse { name, .. }) = self.blocks.get_mut(&index)
            && name.is_empty()
        {
            called.clone_into(name);
        }
    }

    /// Nothing more comes for this block.
    pub(super) fn close(&mut self, index: u32) {
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
    }

    /// Nothing more comes for any block.
    pub(super) fn close_all(&mut self) {
        for index in self.blocks.keys().copied().collect::<Vec<_>>() {
            self.close(index);
        }
    }

    /// Whether the model called a tool.
    pub(super) fn has_calls(&self) -> bool {
        self.blocks.values().any(|block| matches!(block, Building::ToolUse { .. }))
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

/// A text of an event; empty where there is none.
pub(super) fn text_of<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// What a piece of this kind adds to in a block.
const fn grown_by(block: &mut Building, kind: Piece) -> Option<&mut String> {
    match (kind, block) {
        (Piece::Text, Building::Text(text)) => Some(text),
        (Piece::Thinking, Building::Thinking { thinking, .. }) => Some(thinking),
        (Piece::Arguments, Building::ToolUse { json, .. } | Building::Other { json, .. }) => Some(json),
        (Piece::Text | Piece::Thinking | Piece::Arguments, _) => None,
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
