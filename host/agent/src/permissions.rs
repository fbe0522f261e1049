//! Who may run a call: it runs, the user is asked, or it is refused.
//!
//! Order: what the mode forbids, the user's standing answers, the effect of this very call, the tool's annotations.
//! Rules written by users and operators will come before the mode (DESIGN.md section 6).

use bricklayer_domain::ToolAnnotations;
use serde::{Deserialize, Serialize};

use crate::ports::CallEffect;

/// How much the agent may do without asking.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PermissionMode {
    /// Read only: everything else is refused.
    Plan,
    /// What destroys is asked.
    #[default]
    Ask,
    /// Like `Ask`, and the project's files may be changed without asking.
    AcceptEdits,
    /// Nothing is asked.
    AcceptAll,
}

/// What is known about a call before it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallClass {
    /// What its tool says about itself.
    pub annotations: ToolAnnotations,
    /// What this very call would do, when the tool can tell.
    pub effect: Option<CallEffect>,
}

impl CallClass {
    /// Changes nothing: runs side by side with others.
    #[must_use]
    pub fn reads(&self) -> bool {
        match self.effect {
            Some(effect) => effect == CallEffect::Reads,
            None => self.annotations.read_only,
        }
    }

    /// Whether it may run a second time when nobody knows how the first ended.
    #[must_use]
    pub fn repeatable(&self) -> bool {
        self.reads() || self.annotations.idempotent
    }
}

/// The decision about a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Permission {
    /// It runs.
    Allow,
    /// The user decides.
    Ask {
        /// Why, for the user.
        reason: String,
    },
    /// It does not run.
    Deny {
        /// Why, for the model and the user.
        reason: String,
    },
}

/// Decides about a call. `granted`: the user allowed this tool for the rest of the conversation.
#[must_use]
pub fn decide(mode: PermissionMode, class: &CallClass, granted: bool) -> Permission {
    if mode == PermissionMode::Plan && !class.reads() {
        return Permission::Deny {
            reason: "this conversation is in plan mode, which only reads; describe the change instead, and ask the \
                     user to leave plan mode"
                .to_owned(),
        };
    }
    if granted || mode == PermissionMode::AcceptAll {
        return Permission::Allow;
    }
    match class.effect {
        Some(CallEffect::Destroys) => {
            Permission::Ask { reason: "This call destroys or replaces what exists.".to_owned() }
        }
        Some(CallEffect::Reads | CallEffect::Writes) => Permission::Allow,
        None if class.annotations.destructive => {
            Permission::Ask { reason: "This tool may destroy what exists.".to_owned() }
        }
        None if class.annotations.ask => Permission::Ask { reason: "This tool asks before each call.".to_owned() },
        None => Permission::Allow,
    }
}
