//! What is changed about a conversation that a model's API refuses. The log stays as it is; a note in it says from
//! where on, backwards, the model reads it differently.

use bricklayer_domain::{Block, Event, HistoryRepair, ToolName};
use serde_json::Value;

/// Characters of one result, argument or text where long ones are cut: enough to say what it was about.
const SHORT_CHARS: usize = 2_000;

/// Characters of arguments that plain text shows.
const PLAIN_INPUT_CHARS: usize = 500;

/// Turns that plain text tells of: with [`SHORT_CHARS`] some 40,000 tokens at most, which every model takes.
pub(super) const PLAIN_TURNS: usize = 20;

/// Up to where in the log (an index, exclusive) each repair holds.
#[derive(Debug, Default)]
pub(super) struct Repairs {
    reasoning: usize,
    unknown_blocks: usize,
    long_results: usize,
    plain_text: usize,
}

impl Repairs {
    /// Folds the notes of a log.
    pub(super) fn of(events: &[Event]) -> Self {
        let mut repairs = Self::default();
        let mut turn = 0;
        for (index, event) in events.iter().enumerate() {
            match event {
                Event::TurnStarted { .. } => turn = index,
                Event::ModelRetry { repair: Some(repair), .. } => match repair {
                    HistoryRepair::EarlierReasoning => repairs.reasoning = repairs.reasoning.max(turn),
                    HistoryRepair::Reasoning => repairs.reasoning = index,
                    HistoryRepair::UnknownBlocks => repairs.unknown_blocks = index,
                    HistoryRepair::LongResults => repairs.long_results = index,
                    HistoryRepair::PlainText => repairs.plain_text = index,
                    HistoryRepair::Tool { .. } => {}
                },
                _ => {}
            }
        }
        repairs
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
    pub(super) fn text(&self, index: usize, text: &str) -> String {
        if self.is_short(index) { shortened(text, SHORT_CHARS) } else { text.to_owned() }
    }

    /// A block as the model reads it; none when it is left out.
    pub(super) fn block(&self, index: usize, block: &Block) -> Option<Block> {
        let plain = self.is_plain(index);
        Some(match block {
            Block::Text { text } if text.trim().is_empty() => return None,
            Block::Text { text } => Block::Text { text: self.text(index, text) },
            Block::Thinking { .. } if plain || index < self.reasoning => return None,
            Block::Other { raw } if is_reasoning(raw) && (plain || index < self.reasoning) => return None,
            Block::Other { raw } if !is_reasoning(raw) && (plain || index < self.unknown_blocks) => return None,
            Block::ToolUse { id, name, input } if self.is_short(index) && is_long(input) => {
                let input = serde_json::json!({"left_out": "These arguments were long and are not shown any more."});
                Block::ToolUse { id: id.clone(), name: name.clone(), input }
            }
            Block::Thinking { .. } | Block::Other { .. } | Block::ToolUse { .. } => block.clone(),
        })
    }
}

/// Whether the turn that runs goes without reasoning: what it wrote so far cannot be given back.
pub(crate) fn without_reasoning(events: &[Event]) -> bool {
    let start = events.iter().rposition(|event| matches!(event, Event::TurnStarted { .. })).unwrap_or(0);
    events.iter().skip(start).any(|event| {
        let repair = match event {
            Event::ModelRetry { repair: Some(repair), .. } => repair,
            _ => return false,
        };
        matches!(repair, HistoryRepair::Reasoning | HistoryRepair::PlainText)
    })
}

/// Tools that the model's API refused.
pub(crate) fn withheld_tools(events: &[Event]) -> Vec<&ToolName> {
    let tool = |event| match event {
        &Event::ModelRetry { repair: Some(HistoryRepair::Tool { ref name }), .. } => Some(name),
        _ => None,
    };
    events.iter().filter_map(tool).collect()
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
