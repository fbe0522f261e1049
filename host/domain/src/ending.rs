//! What fits after the end of a turn, as data: the page needs no list of codes.

use serde::{Deserialize, Serialize};

use crate::TurnEnd;

/// What a person does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndRemedy {
    /// Say "continue": what was done is kept.
    Continue,
    /// Begin a new conversation; the project's files stay.
    NewConversation,
    /// Send the message again.
    Retry,
    /// Sign in again, then say "continue".
    SignIn,
}

impl EndRemedy {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Continue => "continue",
            Self::NewConversation => "new_conversation",
            Self::Retry => "retry",
            Self::SignIn => "sign_in",
        }
    }
}

impl TurnEnd {
    /// What fits after this end; none after a good one, and none where a person has to change something first, which
    /// the message says.
    #[must_use]
    pub fn remedy(&self) -> Option<EndRemedy> {
        let Self::Failed { code, .. } = self else { return None };
        match code.as_str() {
            "output-limit" | "too-many-steps" | "out-of-tokens" | "out-of-money" | "no-progress"
            | "repeating-itself" | "no-final-answer" | "model-stopped" | "turn-time-limit" | "model-time-limit" => {
                Some(EndRemedy::Continue)
            }
            "conversation-too-long" | "conversation-budget-used-up" | "model-refused-request" => {
                Some(EndRemedy::NewConversation)
            }
            "signed-out" | "session-ended" | "unauthenticated" => Some(EndRemedy::SignIn),
            // Time, the configuration, the choice of the model, or the message itself.
            "day-budget-used-up"
            | "model-unauthorized"
            | "model-forbidden"
            | "model-not-found"
            | "model-refused"
            | "message-too-large"
            | "project-folder-unavailable" => None,
            _ => Some(EndRemedy::Retry),
        }
    }
}
