//! The operator's hooks: what is asked before a call runs and after it ended, whatever door it came in by.
//!
//! A hook tightens and never loosens: nothing that it answers lets a call run that rules, the mode or the user would not.

use async_trait::async_trait;
use bricklayer_domain::{CallReview, Caller, ToolOutcome, ToolSpec};
use serde_json::Value;

/// Longest text of a hook that a model or a user is told, in characters.
pub const MAX_HOOK_CHARS: usize = 8_000;

/// A call that is looked at.
#[derive(Debug, Clone, Copy)]
pub struct HookedCall<'a> {
    /// Who calls, and by which door.
    pub caller: &'a Caller,
    /// The tool.
    pub spec: &'a ToolSpec,
    /// The exact arguments.
    pub input: &'a Value,
    /// What it would do, when the tool can tell.
    pub review: Option<&'a CallReview>,
}

/// What is said about a call before it runs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Before {
    /// Whether it runs.
    pub ruling: HookRuling,
    /// The arguments that it runs with instead; it is judged by these.
    pub input: Option<Value>,
}

/// Whether a call may go on to the rules, the mode and the user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum HookRuling {
    /// It may.
    #[default]
    Silent,
    /// The user is asked, whatever allows it. Why, for them.
    Ask(String),
    /// It does not run. Why, for the model and the user.
    Deny(String),
}

/// What is said about a call that ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct After {
    /// What the model reads in the place of what came back. People see what came back.
    pub output: Option<String>,
    /// What the model is told beside it.
    pub context: Option<String>,
}

/// Who is asked. Both answer within a time of their own and never fail: what a failure means is theirs to say.
#[async_trait]
pub trait Hooks: Send + Sync {
    /// Before a call is judged.
    async fn before(&self, call: HookedCall<'_>) -> Before;

    /// After a call ran, before anybody reads what came of it.
    async fn after(&self, call: HookedCall<'_>, outcome: &ToolOutcome) -> After;
}
