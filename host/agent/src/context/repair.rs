//! What is changed about a conversation that a model's API refuses. The log stays as it is; a note in it says from
//! where on, backwards, the model reads it differently.

use std::sync::Arc;

use bricklayer_domain::{Block, HistoryRepair, ToolName};
use serde_json::Value;

use super::Kept;
use crate::model::Content;

/// Characters of one result, argument or text where long ones are cut: enough to say what it was about.
const SHORT_CHARS: usize = 2_000;

/// Characters of arguments that plain text shows.
const PLAIN_INPUT_CHARS: usize = 500;

/// Turns that plain text tells of: with [`SHORT_CHARS`] some 40,000 tokens at most, which every model takes.
pub(super) const PLAIN_TURNS: usize = 20;

/// Up to where in what is kept of the log (an index, exclusive) each repair holds, and where turns begin.
#[derive(Debug, Clone, Default)]
pub(super) struct Repairs {
    reasoning: usize,
    unknown_blocks: usize,
    long_results: usize,
    plain_text: usize,
    /// Where turns begin.
    turns: Vec<usize>,
    /// Whether the turn that runs goes without reasoning.
    without_reasoning: bool,
    withheld: Vec<ToolName>,
}

impl Repairs {
    /// Folds what is kept of a log.
    pub(super) fn of(kept: &[Kept]) -> Self {
        let mut repairs = Self::default();
        for (index, kept) in kept.iter().enumerate() {
            repairs.take(index, kept);
        }
        repairs
    }

    /// Takes the next thing, with its place.
    pub(super) fn take(&mut self, index: usize, kept: &Kept) {
        let repair = match kept {
            Kept::Started { .. } => {
                self.turns.push(index);
                self.without_reasoning = false;
                return;
            }
            Kept::Repaired(repair) => repair,
            Kept::Notes(_) | Kept::Answered { .. } | Kept::Result { .. } | Kept::Ended { .. } => return,
        };
        match repair {
            HistoryRepair::EarlierReasoning => {
                self.reasoning = self.reasoning.max(self.turns.last().copied().unwrap_or(0));
            }
            HistoryRepair::Reasoning => {
                self.reasoning = index;
                self.without_reasoning = true;
            }
            HistoryRepair::UnknownBlocks => self.unknown_blocks = index,
            HistoryRepair::LongResults => self.long_results = index,
            HistoryRepair::PlainText => {
                self.plain_text = index;
                self.without_reasoning = true;
            }
            HistoryRepair::Tool { name } => self.withheld.push(name.clone()),
        }
    }

    /// How many turns begin after the one that begins here.
    pub(super) fn turns_after(&self, index: usize) -> usize {
        self.turns.len().saturating_sub(self.turns.partition_point(|begin| *begin <= index))
    }

    /// Whether a new turn changes how what stands before it is read: the message of the turn before may be cut then,
    /// and the oldest turn told in words is left out.
    pub(super) fn change_with_turns(&self) -> bool {
        self.long_results > 0 || self.plain_text > 0
    }

    pub(super) const fn without_reasoning(&self) -> bool {
        self.without_reasoning
    }

    pub(super) fn withheld_tools(&self) -> &[ToolName] {
        &self.withheld
    }

    /// Whether what stands at this place is told as plain text.
    pub(super) fn is_plain(&self, index: usize) -> bool {
        index < self.plain_text
    }

    /// Whether what stands at this place is cut when it is long.
    fn is_short(&self, index: usize) -> bool {
        index < self.long_results || self.is_plain(index)
    }

    /// A user's message or a tool's result as the model reads it.
    pub(super) fn text(&self, index: usize, content: &Arc<Content>) -> Arc<Content> {
        if !self.is_short(index) {
            return Arc::clone(content);
        }
        match &**content {
            Content::Text(text) => Arc::new(Content::Text(shortened(text, SHORT_CHARS))),
            Content::ToolResult { id, content, structured, is_error, kind, results } => Arc::new(Content::ToolResult {
                id: id.clone(),
                content: shortened(content, SHORT_CHARS),
                structured: structured.clone(),
                is_error: *is_error,
                kind: *kind,
                results: results.clone(),
            }),
            Content::Block(_) => Arc::clone(content),
        }
    }

    /// A block as the model reads it; none when it is left out.
    pub(super) fn block(&self, index: usize, content: &Arc<Content>) -> Option<Arc<Content>> {
        let plain = self.is_plain(index);
        let Content::Block(block) = &**content else { return Some(Arc::clone(content)) };
        let changed = match block {
            Block::Text { text } if self.is_short(index) => Block::Text { text: shortened(text, SHORT_CHARS) },
            Block::Thinking { .. } if plain || index < self.reasoning => return None,
            Block::Other { raw } if is_reasoning(raw) && (plain || index < self.reasoning) => return None,
            Block::Other { raw } if !is_reasoning(raw) && (plain || index < self.unknown_blocks) => return None,
            Block::ToolUse { id, name, input } if self.is_short(index) && is_long(input) => {
                let input = serde_json::json!({"left_out": "These arguments were long and are not shown any more."});
                Block::ToolUse { id: id.clone(), name: name.clone(), input }
            }
            Block::Text { .. } | Block::Thinking { .. } | Block::Other { .. } | Block::ToolUse { .. } => {
                return Some(Arc::clone(content));
            }
        };
        Some(Arc::new(Content::Block(changed)))
    }
}

/// What a call was and what came of it, in words.
pub(super) fn call_in_words(name: &str, input: &Value, result: &str) -> String {
    let input = shortened(&input.to_string(), PLAIN_INPUT_CHARS);
    format!("[Earlier, the tool `{name}` was called with {input}. Its result:]\n{}", shortened(result, SHORT_CHARS))
}

/// Reasoning in a form that only its provider reads.
pub(super) fn is_reasoning(raw: &Value) -> bool {
    raw.get("type").and_then(Value::as_str) == Some("redacted_thinking")
}

fn is_long(input: &Value) -> bool {
    input.to_string().len() > SHORT_CHARS
}

fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}\n[CUT: {} bytes in all.]", text.get(..end).unwrap_or_default(), text.len()),
        None => text.to_owned(),
    }
}
