//! What the turn loop needs from the world, in its own terms. The server implements these; the loop names no edge.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bricklayer_domain::{
    CallReview, CleanUp, ContinuingCall, Event, Progress, StandingPermission, StoredEvent, ToolCall, ToolCallId,
    ToolOutcome,
};
use bricklayer_tools::ToolList;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

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

    /// Shows live readers a delta before it is stored. Best effort and never blocking: the same text comes again,
    /// grouped, through [`TurnLog::append`], and offsets make the repetition harmless.
    fn preview(&self, delta: &Event);
}

/// Takes progress of a running call; cheap, never blocks, drops when the reader lags.
pub type ProgressSink = Arc<dyn Fn(Progress) + Send + Sync>;

/// A turn was told something that it could not keep.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the turn's log did not take it")]
pub struct NotKept;

/// How another call brings to its end what a running call started, on its way into the log.
#[derive(Debug)]
pub(crate) struct Continued {
    pub(crate) call: ToolCallId,
    pub(crate) by: Option<ContinuingCall>,
    /// Told when it is durable.
    pub(crate) kept: oneshot::Sender<()>,
}

/// What a running call tells its turn; cheap to clone.
#[derive(Clone)]
pub struct CallLink {
    /// Takes progress.
    pub progress: ProgressSink,
    pub(crate) call: ToolCallId,
    pub(crate) continued: mpsc::Sender<Continued>,
}

impl CallLink {
    /// Keeps in the log what brings to its end what this call started, should this worker be gone, in the place of what
    /// was kept before; none when nothing does any more. When the host leaves, the call is dropped.
    ///
    /// # Errors
    /// When the log did not take it.
    pub async fn continued_by(&self, by: Option<ContinuingCall>) -> Result<(), NotKept> {
        let (kept, durable) = oneshot::channel();
        let continued = Continued { call: self.call.clone(), by, kept };
        self.continued.send(continued).await.map_err(|_| NotKept)?;
        durable.await.map_err(|_| NotKept)
    }
}

impl fmt::Debug for CallLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallLink").field("call", &self.call).finish_non_exhaustive()
    }
}

/// Tools that live outside this crate: plugins now, remote MCP servers later. One value serves one turn: it knows
/// the user, the project, the credential and the turn's settings.
#[async_trait]
pub trait ExternalTools: Send + Sync {
    /// The catalogue, in an order that is the same for every turn (the model's prompt cache depends on it).
    fn specs(&self) -> ToolList;

    /// What this call would do, when the tool can tell (a statement that drops a table, say); `None` leaves the
    /// decision to the tool's annotations. Must be quick and without side effects: it is asked before each call,
    /// and again when a turn is taken up after a restart.
    async fn review(&self, call: &ToolCall) -> Option<CallReview> {
        let _ = call;
        None
    }

    /// Ends what a call began at the far end and no worker runs any more, by the requests that it left for this. Whether
    /// the far end took them. Its time is bounded by whoever asks.
    async fn clean_up(&self, call: &ToolCall, requests: Vec<CleanUp>) -> bool {
        let _ = (call, requests);
        false
    }

    /// Runs one call to its end. Never panics; every fault is a failed outcome. When `cancel` fires it returns
    /// within 500 ms and has ended the remote work it could end.
    async fn call(&self, call: &ToolCall, progress: ProgressSink, cancel: CancellationToken) -> ToolOutcome;

    /// The same for a call that can say how what it started goes on without this worker.
    async fn call_linked(&self, call: &ToolCall, link: CallLink, cancel: CancellationToken) -> ToolOutcome {
        self.call(call, link.progress, cancel).await
    }
}

impl fmt::Debug for dyn TurnLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TurnLog")
    }
}

impl fmt::Debug for dyn ExternalTools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ExternalTools")
    }
}
