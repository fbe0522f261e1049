//! A turn: all that follows one user message until the agent stops.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{ConversationId, ProjectId, TurnId, Usage, UserId};

/// Where a turn stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnStatus {
    /// A worker drives it, or will when one takes it over. Moves to every other state.
    Running,
    /// An approval is open; no worker holds it. Moves to `Running` when answered, or to `Cancelled`.
    Waiting,
    /// The agent finished. Final.
    Completed,
    /// It ended with an error that the log names. Final.
    Failed,
    /// The user stopped it. Final.
    Cancelled,
}

impl TurnStatus {
    /// Whether nothing can follow.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }

    /// The word used in the database and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The inverse of [`TurnStatus::as_str`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Running, Self::Waiting, Self::Completed, Self::Failed, Self::Cancelled]
            .into_iter()
            .find(|status| status.as_str() == text)
    }
}

/// What a part of a turn took of what its turn may.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// Model calls.
    pub steps: u32,
    /// Tokens of them.
    pub usage: Usage,
}

impl Spent {
    /// Adds what another part took; saturates rather than wraps.
    pub fn add(&mut self, other: Self) {
        self.steps = self.steps.saturating_add(other.steps);
        self.usage.add(other.usage);
    }
}

/// A turn as stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    /// `execution_id` in the HTTP API.
    pub id: TurnId,
    /// Its conversation.
    pub conversation: ConversationId,
    /// Its project.
    pub project: ProjectId,
    /// Its owner.
    pub user: UserId,
    /// Where it stands.
    pub status: TurnStatus,
    /// When the user's message was stored.
    pub created_at: DateTime<Utc>,
    /// When the status last changed.
    pub updated_at: DateTime<Utc>,
}
