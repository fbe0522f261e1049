//! Why a call ran.

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
