//! What a call would do, as clients see it.

use bricklayer_domain::{CallEffect, CallPreview, CallReview, Operation, PermissionMode, StandingScope};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How grave a call, or a part of it, is; from harmless to grave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
// What a client that does not know a newer word takes it for.
#[schema(default = "destroys")]
pub enum Effect {
    /// Changes nothing.
    Reads,
    /// Changes or adds, destroys nothing.
    Writes,
    /// Gives rights away, makes something reachable for others, or sends something out.
    Shares,
    /// Destroys or replaces what exists, or nobody can tell.
    Destroys,
}

/// What a call would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Review {
    /// The effect of its gravest part.
    pub effect: Effect,
    /// Its parts in the order in which they would run; empty when nobody can tell.
    pub operations: Vec<ReviewedOperation>,
    /// What it would meet, where its plugin looked before the question; it decides nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preview: Option<Preview>,
}

/// What a plugin found out by looking, in its own words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Preview {
    /// Whether something was found out.
    pub known: bool,
    /// What it would meet, or why that is not known; plain text.
    pub text: String,
}

/// One part of what a call would do: one statement of a script, say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReviewedOperation {
    /// How grave it is.
    pub effect: Effect,
    /// What it does: `DROP TABLE`, `GRANT`; `UNKNOWN` when nobody can tell.
    pub verb: String,
    /// What it does it to; empty when it cannot be told.
    pub objects: Vec<String>,
    /// Its exact text.
    #[schema(required = true)]
    pub text: Option<String>,
    /// More about it, in one line.
    #[schema(required = true)]
    pub detail: Option<String>,
}

/// What the answer "for this conversation" covers: the same tool doing the same thing to exactly the same objects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Standing {
    /// What is done.
    pub verb: String,
    /// To what.
    pub objects: Vec<String>,
}

/// How much the agent may do without asking, from careful to loose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Only what reads runs; everything else is refused.
    ReadOnly,
    /// Everything that does not only read is asked about.
    AskChanges,
    /// What shares or destroys is asked about.
    Ask,
    /// Nothing is asked.
    RunAll,
}

impl From<CallEffect> for Effect {
    fn from(effect: CallEffect) -> Self {
        match effect {
            CallEffect::Reads => Self::Reads,
            CallEffect::Writes => Self::Writes,
            CallEffect::Shares => Self::Shares,
            CallEffect::Destroys => Self::Destroys,
        }
    }
}

impl From<CallReview> for Review {
    fn from(review: CallReview) -> Self {
        Self {
            effect: review.effect().into(),
            operations: review.operations.into_iter().map(Into::into).collect(),
            preview: review.preview.map(Into::into),
        }
    }
}

impl From<CallPreview> for Preview {
    fn from(preview: CallPreview) -> Self {
        match preview {
            CallPreview::Found(text) => Self { known: true, text },
            CallPreview::Unknown(text) => Self { known: false, text },
        }
    }
}

impl From<Operation> for ReviewedOperation {
    fn from(operation: Operation) -> Self {
        let Operation { effect, verb, objects, text, detail } = operation;
        Self { effect: effect.into(), verb, objects, text, detail }
    }
}

impl From<StandingScope> for Standing {
    fn from(StandingScope { verb, objects }: StandingScope) -> Self {
        Self { verb, objects }
    }
}

impl From<PermissionMode> for Mode {
    fn from(mode: PermissionMode) -> Self {
        match mode {
            PermissionMode::ReadOnly => Self::ReadOnly,
            PermissionMode::AskChanges => Self::AskChanges,
            PermissionMode::Ask => Self::Ask,
            PermissionMode::RunAll => Self::RunAll,
        }
    }
}

impl From<Mode> for PermissionMode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::ReadOnly => Self::ReadOnly,
            Mode::AskChanges => Self::AskChanges,
            Mode::Ask => Self::Ask,
            Mode::RunAll => Self::RunAll,
        }
    }
}
