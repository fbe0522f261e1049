//! Who may append to a turn: the worker that holds it, and the token that makes a stale one's writes fail.

use std::fmt;

use bricklayer_domain::{ConversationId, TurnId};
use uuid::Uuid;

/// One host process, for as long as it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WorkerId(Uuid);

impl WorkerId {
    /// A fresh identity; made once when a process starts.
    #[must_use]
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }

    pub(crate) const fn as_uuid(self) -> Uuid {
        self.0
    }
}

impl Default for WorkerId {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for WorkerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The right to append to a turn. Cloning it does not make a second right: the token is what counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The turn.
    pub turn: TurnId,
    /// Its conversation.
    pub conversation: ConversationId,
    /// The holder.
    pub worker: WorkerId,
    /// Grows with each change of hands; only the newest may write.
    pub(crate) token: i64,
}
