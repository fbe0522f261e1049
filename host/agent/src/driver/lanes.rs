//! Calls that stand still: what they are waited for no longer, and what is asked because of them.

use bricklayer_domain::{Event, LaneId};
use bricklayer_tools::Standstill;

use crate::ports::LogError;

use super::Driver;
use super::calls::{Calls, Waited};

/// Why nothing goes on.
pub(super) enum NothingRuns {
    /// The log of a call's own workers cannot be written, and so no other can.
    Log(LogError),
    /// Questions of calls' own workers, each in its lane. Put all at once, because a turn with a question is parked.
    Asks(Vec<(LaneId, Event)>),
    /// All wait for their user to sign in again.
    SignIn,
}

impl Calls {
    /// Takes what it is that holds up all that runs; none while something goes on.
    pub(super) fn standstill(&mut self) -> Option<NothingRuns> {
        if !self.all_stand() {
            return None;
        }
        let mut questions = Vec::new();
        for reason in self.take_reasons() {
            match reason {
                Standstill::Broken(error) => return Some(NothingRuns::Log(LogError::Unavailable(error))),
                Standstill::Left => return Some(NothingRuns::Log(LogError::LostLease)),
                Standstill::Asks(more) => questions.extend(more),
                Standstill::SignIn => {}
            }
        }
        Some(if questions.is_empty() { NothingRuns::SignIn } else { NothingRuns::Asks(questions) })
    }
}

impl Driver {
    /// Lets go of all that runs: whoever goes on with the turn begins it anew.
    pub(super) async fn stand(&mut self, why: NothingRuns) -> Result<Waited, LogError> {
        self.store_progress().await?;
        match why {
            NothingRuns::Log(error) => Err(error),
            NothingRuns::Asks(questions) => {
                self.deps.log.ask(questions).await?;
                Ok(Waited::Parked)
            }
            NothingRuns::SignIn => Ok(Waited::LetGo),
        }
    }
}
