//! Lanes: a conversation is a tree of them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{ConversationId, EventSeq, LaneId, ToolCallId, TurnId};

/// What a lane belongs to, and so what its reader knows of what came before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LaneParent {
    /// A call: a subagent, which begins with nothing but what it is told.
    Call {
        /// The lane of the call.
        lane: LaneId,
        /// The turn of the call.
        turn: TurnId,
        /// The call.
        call: ToolCallId,
    },
    /// A message: a fork, which goes on from all that was said up to there.
    Message {
        /// The lane of the message.
        lane: LaneId,
        /// The last event of that lane that belongs to the fork as well.
        through: EventSeq,
    },
}

impl LaneParent {
    /// The lane that it belongs to.
    #[must_use]
    pub const fn lane(&self) -> LaneId {
        match self {
            Self::Call { lane, .. } | Self::Message { lane, .. } => *lane,
        }
    }
}

/// A lane beside a conversation's main one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lane {
    /// Its id, which its events carry.
    pub id: LaneId,
    /// Its conversation.
    pub conversation: ConversationId,
    /// What it belongs to.
    pub parent: LaneParent,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
}
