//! What is too large for a model, or what it is shown as it is, is kept whole: people see it, and it is read by its id.

use async_trait::async_trait;
use bricklayer_domain::{Caller, ResultContent, ResultRef, ToolName};

/// What is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToKeep<'a> {
    /// The call's caller, its own id with it.
    pub caller: &'a Caller,
    /// The tool.
    pub tool: &'a ToolName,
    /// Which of its call's results it is.
    pub ordinal: u32,
    /// What a person reads above it.
    pub title: &'a str,
    /// What it is made of: a text, a picture or a file.
    pub content: ResultContent,
    /// Its media type.
    pub media_type: &'a str,
    /// All of it.
    pub bytes: &'a [u8],
}

/// Keeps whole what a model is not given as text.
#[async_trait]
pub trait Keeper: Send + Sync {
    /// It as a result; none where there is nowhere to keep it.
    async fn keep(&self, it: ToKeep<'_>) -> Option<ResultRef>;
}
