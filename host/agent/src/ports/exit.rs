//! How runs of turns end, for whoever began them.

use bricklayer_domain::{Spent, TurnEnd};

use super::LogError;

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
    /// What the model said last, in words.
    pub said: String,
    /// What the lane took of the turn's bounds, from its beginning.
    pub spent: Spent,
}
