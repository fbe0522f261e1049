//! How runs of turns end, for whoever began them.

use std::sync::Arc;

use bricklayer_domain::{Spent, TurnEnd};

use super::LogError;
use crate::model::ModelMessage;

/// How a run of a turn ended.
#[derive(Debug)]
pub enum TurnExit {
    /// `TurnFinished` is in the log.
    Finished(TurnEnd),
    /// Everything left waits for the user; the open questions are in the log. Run the turn again, with the log read
    /// anew, when an answer was appended. An answer may have come before this value was seen: look for one.
    Parked,
    /// All that runs waits for its user to sign in again, and has waited for as long as it is worth a place: the turn
    /// stands where the log has it. Run it again when the user is back.
    LetGo,
    /// The log could not be written. The turn stands where the log has it.
    Interrupted(LogError),
}

/// How a run of one lane of a turn ended, and what came of it.
#[derive(Debug)]
pub struct LaneRun {
    /// How it ended.
    pub exit: TurnExit,
    /// What came of it, from its beginning.
    pub work: LaneWork,
}

/// What came of a lane.
#[derive(Debug)]
pub struct LaneWork {
    /// What the model said last, in words.
    pub said: String,
    /// All that was said and done in a workflow's, as it reads it; nothing of other lanes.
    pub messages: Vec<Arc<ModelMessage>>,
    /// What it took of the turn's bounds.
    pub spent: Spent,
}
