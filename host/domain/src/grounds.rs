//! Why a call ran, and whose words a result holds.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{CallEffect, PermissionMode};

/// Why a call ran, for the one who looks at it later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CallGrounds {
    /// The conversation's mode does not ask about what it does.
    Mode {
        /// The mode.
        mode: PermissionMode,
        /// How grave the call is.
        effect: CallEffect,
    },
    /// A rule of the project allows it.
    Rule {
        /// As it was written.
        rule: String,
    },
    /// The user allowed the same before, for longer.
    Standing {
        /// When they did.
        since: DateTime<Utc>,
    },
    /// The user said yes to this very call.
    Answered,
    /// It waits for what it began before, which was allowed then.
    Continues,
}

/// Whose words a call's outcome holds. Said once, here: whatever a tool read (a table, a page, a file, a log, an error of
/// a far end, what a plugin made of it) is from outside, also when it is the user's own: they may never have read it. Only
/// the host's own tools can know that they gave back nothing but the host's words and the call's own arguments.
///
/// Once something from outside is in a conversation, what the model asks for may be somebody else's wish: calls that send
/// or destroy are then asked about whatever the mode and the rules that allow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContentOrigin {
    /// From outside the user's words, or nobody knows; what logs of earlier releases hold.
    #[default]
    Outside,
    /// The host's words.
    Host,
}

impl ContentOrigin {
    /// Whether it is from outside.
    #[must_use]
    pub const fn is_outside(&self) -> bool {
        matches!(self, Self::Outside)
    }
}
