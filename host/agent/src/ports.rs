//! What the turn loop needs from the world beside the tool gate, in its own terms. The server implements it; the loop
//! names no edge.

mod exit;
mod results;
mod subagents;

use std::fmt;

use async_trait::async_trait;
use bricklayer_domain::{Event, LaneId, StandingPermission, StoredEvent, ToolCallId};
use serde_json::Value;

use crate::turn::TurnFailure;

pub use exit::{LaneRun, LaneWork, TurnExit};
pub use subagents::{SubagentRun, SubagentTask, Subagents, Worker};

pub use results::{
    GroupBy, GroupPart, Measure, QuestionPart, ReadError, ResultAnswer, ResultQuestion, ResultReader, SortBy,
};

/// Why an event could not be stored. The driver stops at once: a turn whose log cannot grow must not act.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// Another worker owns the turn now, or its conversation is gone; this one must stop without a trace.
    #[error("this worker no longer owns the turn")]
    LostLease,
    /// The log does not take these events: what came to be does not fit, and would not the next time either.
    #[error("the event log does not take what came to be")]
    Refused(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The database failed; the turn is taken up again from its last stored event.
    #[error("the event log cannot be written")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The log of one turn, owned by one worker.
#[async_trait]
pub trait TurnLog: Send + Sync {
    /// Appends events in order, all or none; returns them with their sequence numbers once they are durable.
    ///
    /// # Errors
    /// [`LogError`]; nothing was stored.
    async fn append(&self, events: Vec<Event>) -> Result<Vec<StoredEvent>, LogError>;

    /// What the user allowed for the rest of the conversation, as it stands now: it is asked each time before a call
    /// runs because of it, so that what is taken back opens nothing any more.
    ///
    /// # Errors
    /// [`LogError`].
    async fn standing_permissions(&self) -> Result<Vec<StandingPermission>, LogError>;

    /// Why no further model call may begin, when what its user or its conversation may spend is used up. It is asked before
    /// each call; the bounds of the turn itself are [`TurnLimits`](crate::TurnLimits).
    ///
    /// # Errors
    /// [`LogError`].
    async fn overspent(&self) -> Result<Option<TurnFailure>, LogError>;

    /// The typed result of a call of this lane that has ended, whole; none when it has none. What the lane goes on from has the
    /// small ones only.
    ///
    /// # Errors
    /// [`LogError`].
    async fn typed_result(&self, call: &ToolCallId) -> Result<Option<Value>, LogError>;

    /// Puts questions of subagents to the user, each in its lane, after everything else of the turn: it is parked.
    ///
    /// # Errors
    /// [`LogError`]; nothing was stored.
    async fn ask(&self, questions: Vec<(LaneId, Event)>) -> Result<(), LogError>;

    /// Shows live readers a delta before it is stored. Best effort and never blocking: the same text comes again,
    /// grouped, through [`TurnLog::append`], and offsets make the repetition harmless.
    fn preview(&self, delta: &Event);
}

impl fmt::Debug for dyn TurnLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TurnLog")
    }
}
