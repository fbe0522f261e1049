//! What is too large for a model is kept whole for people, and read on by its id.

use async_trait::async_trait;
use bricklayer_domain::{Caller, ResultRef, ToolName};

/// What is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LargeText<'a> {
    /// The call's caller, its own id with it.
    pub caller: &'a Caller,
    /// The tool.
    pub tool: &'a ToolName,
    /// Which of its call's results it is.
    pub ordinal: u32,
    /// What a person reads above it.
    pub title: &'a str,
    /// The media type: plain text or JSON.
    pub media_type: &'a str,
    /// All of it.
    pub text: &'a str,
}

/// Keeps whole what is too large for a model.
#[async_trait]
pub trait Keeper: Send + Sync {
    /// The text as a result; none where there is nowhere to keep it.
    async fn keep(&self, text: LargeText<'_>) -> Option<ResultRef>;
}
