//! What a model says, in a form that every provider can be mapped to and from.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ToolCallId;

/// One content block of an assistant message, complete.
///
/// `thinking` keeps its signature and unknown blocks keep their JSON, because providers demand that both come back
/// unchanged while a tool loop runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Block {
    /// Prose for the user, Markdown.
    Text {
        /// The whole text.
        text: String,
    },
    /// The model's reasoning.
    Thinking {
        /// Readable reasoning; may be empty when the provider omits it.
        thinking: String,
        /// Proof for the provider; opaque.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        signature: String,
    },
    /// A request to run a tool.
    ToolUse {
        /// The id that the result must name.
        id: ToolCallId,
        /// The tool's name as the model knows it.
        name: String,
        /// Arguments, complete JSON.
        input: Value,
    },
    /// A block that this version does not know: kept whole and sent back as it came.
    Other {
        /// The provider's JSON.
        raw: Value,
    },
}

/// Why the model stopped, as the provider said it. Source: Anthropic Messages API, "Stop reasons".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// The model is done.
    EndTurn,
    /// One of the caller's stop sequences.
    StopSequence,
    /// Tools are to be run.
    ToolUse,
    /// The output limit was reached; the last block may be cut.
    MaxTokens,
    /// The provider wants the same content sent again to go on.
    PauseTurn,
    /// The model declined.
    Refusal,
    /// The conversation no longer fits.
    ContextWindowExceeded,
    /// A reason that this version does not know; treated as the end.
    #[serde(untagged)]
    Unknown(String),
}

/// What a message says in words: its texts, without the blank ones.
#[must_use]
pub fn spoken(blocks: &[Block]) -> String {
    let texts = blocks.iter().filter_map(|block| match block {
        Block::Text { text } if !text.trim().is_empty() => Some(text.trim()),
        _ => None,
    });
    texts.collect::<Vec<_>>().join("\n\n")
}

/// Tokens of one model call, or of a whole turn when added up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// Input tokens that were neither read from nor written to the prompt cache.
    pub input_tokens: u64,
    /// Tokens the model wrote.
    pub output_tokens: u64,
    /// Input tokens written to the prompt cache.
    pub cache_creation_input_tokens: u64,
    /// Input tokens read from the prompt cache.
    pub cache_read_input_tokens: u64,
    /// What they cost, in millionths of a US dollar, by the prices that the host goes by; 0 where it knows none.
    #[serde(skip_serializing_if = "is_zero")]
    pub cost_micro_usd: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Usage {
    /// All of the tokens: what was read, from wherever, and what was written.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.input_tokens
            .saturating_add(self.output_tokens)
            .saturating_add(self.cache_creation_input_tokens)
            .saturating_add(self.cache_read_input_tokens)
    }

    /// Adds another call's tokens; saturates rather than wraps.
    pub fn add(&mut self, other: Self) {
        self.input_tokens = self.input_tokens.saturating_add(other.input_tokens);
        self.output_tokens = self.output_tokens.saturating_add(other.output_tokens);
        self.cache_creation_input_tokens =
            self.cache_creation_input_tokens.saturating_add(other.cache_creation_input_tokens);
        self.cache_read_input_tokens = self.cache_read_input_tokens.saturating_add(other.cache_read_input_tokens);
        self.cost_micro_usd = self.cost_micro_usd.saturating_add(other.cost_micro_usd);
    }
}
