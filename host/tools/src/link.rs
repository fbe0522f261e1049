//! What a running call and whoever made it tell each other.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bricklayer_domain::{ApprovalReply, ContinuingCall, Event, LaneId, Progress, ResultId};
use tokio_util::sync::CancellationToken;

use crate::permissions::Terms;

/// Takes progress of a running call; cheap, never blocks, drops when the reader lags.
pub type ProgressSink = Arc<dyn Fn(Progress) + Send + Sync>;

/// The caller was told something that it could not keep.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the log did not take it")]
pub struct NotKept;

/// Why a call does not go on for now. Begun anew, it goes on where it stood.
#[derive(Debug)]
pub enum Standstill {
    /// It waits for its user to sign in again, and has waited for as long as it is worth a place here.
    SignIn,
    /// Those that it has work for it wait for the user: their questions, each in its lane.
    Asks(Vec<(LaneId, Event)>),
    /// Those that it has work for it came to the place at which another host goes on with them.
    Left,
    /// The log of those that it has work for it cannot be written.
    Broken(Box<dyn std::error::Error + Send + Sync>),
}

/// Keeps how what a call started goes on when this host is gone.
#[async_trait]
pub trait Continuations: Send + Sync {
    /// Keeps, durably, what brings to its end what the call started, in the place of what was kept before; none when
    /// nothing does any more. When the host leaves, a call that is continued is dropped.
    ///
    /// # Errors
    /// When it was not kept.
    async fn keep(&self, by: Option<ContinuingCall>) -> Result<(), NotKept>;

    /// Keeps, durably, that nothing of the call is under way, because it waits for its user: who takes it over begins it
    /// anew. Taken back by `keep` before anything is begun.
    ///
    /// # Errors
    /// When it was not kept.
    async fn pause(&self) -> Result<(), NotKept>;

    /// A call that can be begun anew stands still: a paused one, or one that has others work whose own logs tell how far
    /// they are. Once all that runs beside it stands still as well, the calls are dropped.
    async fn stand(&self, why: Standstill);
}

/// What a running call is connected to; cheap to clone.
#[derive(Clone)]
pub struct CallLink {
    /// Takes progress.
    pub progress: ProgressSink,
    /// Ends the call.
    pub cancel: CancellationToken,
    /// Where it leaves how it goes on; none when nobody would continue it.
    pub continuations: Option<Arc<dyn Continuations>>,
    /// The result that it is to make again, when it is a call for that.
    pub rerun_of: Option<ResultId>,
    /// What the user said when they were asked about it.
    pub reply: Option<ApprovalReply>,
    /// The longest that it may take, when that is less than its tool's own limit.
    pub within: Option<Duration>,
    /// On what terms calls of whoever made it run now, where that is known: what it has others do runs on no looser ones.
    pub terms: Option<Terms>,
}

impl CallLink {
    /// A call whose progress nobody sees and that nobody continues.
    #[must_use]
    pub fn new(cancel: CancellationToken) -> Self {
        Self {
            progress: Arc::new(drop),
            cancel,
            continuations: None,
            rerun_of: None,
            reply: None,
            within: None,
            terms: None,
        }
    }
}

impl fmt::Debug for CallLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallLink").field("cancelled", &self.cancel.is_cancelled()).finish_non_exhaustive()
    }
}
