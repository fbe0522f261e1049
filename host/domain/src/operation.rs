//! Operations: work at a far end that goes on after the call that began it has returned.

use chrono::{DateTime, Utc};

use crate::{ContinuingCall, ConversationId, OperationId, PluginName, ProjectId, ToolCallId, ToolName, TurnId, UserId};

/// Most operations that one call hands back; its clean-up requests have the same bound.
pub const MAX_CALL_OPERATIONS: usize = 8;

/// Where an operation stands, as far as anybody looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OperationState {
    /// It goes on.
    Running,
    /// It came to a good end.
    Succeeded,
    /// It failed, or the far end does not know it any more.
    Failed,
    /// Its user ended it.
    Cancelled,
}

impl OperationState {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Running, Self::Succeeded, Self::Failed, Self::Cancelled];

    /// The state's word, as everywhere outside.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The inverse of [`OperationState::as_str`].
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether it goes on.
    #[must_use]
    pub const fn is_running(self) -> bool {
        matches!(self, Self::Running)
    }
}

/// The call that began an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationOrigin {
    /// Whose it is.
    pub user: UserId,
    /// The project that it was made in.
    pub project: ProjectId,
    /// The family: the plugin whose tool it was.
    pub plugin: PluginName,
    /// The tool's full name.
    pub tool: ToolName,
    /// The conversation, when it was made in one.
    pub conversation: Option<ConversationId>,
    /// The turn, likewise.
    pub turn: Option<TurnId>,
    /// The call's own id, when it had one.
    pub call: Option<ToolCallId>,
}

/// An operation: which call began it, how it goes on and is ended, and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct RemoteOperation {
    /// The handle by which it is asked for.
    pub id: OperationId,
    /// The call that began it.
    pub origin: OperationOrigin,
    /// The call that waits for its end, which only reads, and the requests that end it.
    pub continued_by: ContinuingCall,
    /// Where it stood when anybody looked last.
    pub state: OperationState,
    /// When its call handed it back.
    pub since: DateTime<Utc>,
    /// When anybody looked last.
    pub seen_at: DateTime<Utc>,
    /// What its end said, bounded; none while it goes on.
    pub outcome: Option<String>,
}
