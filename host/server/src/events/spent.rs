//! What models read and took, on the wire.

use bricklayer_domain::{ContextTokens, Usage};
use serde::Serialize;
use utoipa::ToSchema;

/// Which model answers a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StepData {
    /// Which model call of the turn, from 0.
    pub step: u32,
    /// The model asked.
    pub model: String,
    /// What it reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<WireContext>,
}

/// What a model call reads, in tokens, about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct WireContext {
    /// What the host tells it: its role, the workspace, skills and subagents.
    pub instructions: u64,
    /// Definitions of tools.
    pub tools: u64,
    /// What was said.
    pub messages: u64,
    /// What calls gave.
    pub results: u64,
    /// From how many on a summary takes the place of what was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compacted_above: Option<u64>,
}

impl From<ContextTokens> for WireContext {
    fn from(tokens: ContextTokens) -> Self {
        let ContextTokens { instructions, tools, messages, results, compacted_above } = tokens;
        Self { instructions, tools, messages, results, compacted_above }
    }
}

/// Tokens of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct WireUsage {
    /// Input tokens outside the prompt cache.
    pub input_tokens: u64,
    /// Tokens the model wrote.
    pub output_tokens: u64,
    /// Input tokens written to the prompt cache.
    pub cache_creation_input_tokens: u64,
    /// Input tokens read from the prompt cache.
    pub cache_read_input_tokens: u64,
    /// What they cost, in millionths of a US dollar, by the prices that the host goes by; 0 where it knows none.
    pub cost_micro_usd: u64,
}

impl From<Usage> for WireUsage {
    fn from(usage: Usage) -> Self {
        Self {
            input_tokens: usage.input_tokens,
            output_tokens: usage.output_tokens,
            cache_creation_input_tokens: usage.cache_creation_input_tokens,
            cache_read_input_tokens: usage.cache_read_input_tokens,
            cost_micro_usd: usage.cost_micro_usd,
        }
    }
}
