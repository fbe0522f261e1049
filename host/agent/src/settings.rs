//! The bounds of a turn, each with what it protects. The server may override them from its configuration.

use std::time::Duration;

/// Bounds of one turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnLimits {
    /// Model calls in one turn; protects against an agent that never stops.
    pub max_steps: u32,
    /// Tool calls in one model message; those past it are refused with a reason the model can act on.
    pub max_calls_per_step: usize,
    /// Read-only calls that run side by side.
    pub max_concurrent_reads: usize,
    /// Tokens the model may write in one call.
    pub max_output_tokens: u32,
    /// Bytes of a tool's text that the model is given; what is longer is cut with a note.
    pub max_result_bytes: usize,
    /// Bytes of a tool's typed result that the log keeps; a larger one is left out with a note.
    pub max_structured_bytes: usize,
    /// Time of one model call with all its attempts; protects against an answer that never ends.
    pub max_model_call_time: Duration,
    /// Time that a worker drives a turn, waits for the user left out; protects against a turn that never ends.
    pub max_turn_time: Duration,
}

impl Default for TurnLimits {
    fn default() -> Self {
        Self {
            max_steps: MAX_STEPS,
            max_calls_per_step: MAX_CALLS_PER_STEP,
            max_concurrent_reads: MAX_CONCURRENT_READS,
            max_output_tokens: MAX_OUTPUT_TOKENS,
            max_result_bytes: MAX_RESULT_BYTES,
            max_structured_bytes: MAX_STRUCTURED_BYTES,
            max_model_call_time: MAX_MODEL_CALL_TIME,
            max_turn_time: MAX_TURN_TIME,
        }
    }
}

/// Long data work takes dozens of steps; a loop that is stuck takes thousands.
const MAX_STEPS: u32 = 100;

/// Models ask for a handful at a time; hundreds mean that something is wrong.
const MAX_CALLS_PER_STEP: usize = 32;

/// The number coding agents use; more would only queue at the workspace.
const MAX_CONCURRENT_READS: usize = 10;

/// What current models write at most when nothing else is known about them.
const MAX_OUTPUT_TOKENS: u32 = 32_000;

/// About 25,000 tokens: one result must not fill the model's context.
const MAX_RESULT_BYTES: usize = 100 * 1024;

/// A result table of some ten thousand rows; protects the log and the page.
const MAX_STRUCTURED_BYTES: usize = 4 * 1024 * 1024;

/// The longest answers of current models take some ten minutes.
pub const MAX_MODEL_CALL_TIME: Duration = Duration::from_secs(20 * 60);

/// Long data work takes an hour.
pub const MAX_TURN_TIME: Duration = Duration::from_secs(2 * 60 * 60);

/// How long streamed text is gathered before it is stored; live readers see it at once.
pub(crate) const DELTA_GROUP_INTERVAL: Duration = Duration::from_millis(250);

/// How much streamed text is gathered before it is stored.
pub(crate) const DELTA_GROUP_BYTES: usize = 4 * 1024;

/// How often the progress of running calls is stored; live readers see it at once.
pub(crate) const PROGRESS_GROUP_INTERVAL: Duration = Duration::from_millis(500);

/// Progress messages that may wait for the driver; a tool that reports faster loses some.
pub(crate) const PROGRESS_QUEUE: usize = 64;

/// How long a stop waits for the far end to hear that the work of a call ends which no worker runs any more.
pub(crate) const CLEAN_UP_TIME: Duration = Duration::from_millis(1500);

/// How long running tools may take to wind down after a stop; the whole stop has 500 ms.
pub(crate) const STOP_GRACE: Duration = Duration::from_millis(350);

/// How often a step may be begun again because its worker died, before the turn is given up: a turn that kills its
/// worker must not do so for ever.
pub(crate) const MAX_STEP_RESTARTS: u32 = 5;

/// How many messages in a row the output limit may cut inside a call: a model that writes the same long call again is
/// cut again, and each of them is paid.
pub(crate) const MAX_CUT_CALLS: u32 = 3;

/// How many messages in a row may ask only for calls that cannot run: models correct themselves within a few.
pub(crate) const MAX_FRUITLESS_STEPS: u32 = 8;

/// Longest id of a call, in characters, before a number that makes it unique: providers take 64.
pub(crate) const MAX_CALL_ID_CHARS: usize = 56;

/// Longest name of a call that the log keeps, in characters: longer than every tool's name can be.
pub(crate) const MAX_CALL_NAME_CHARS: usize = 200;

/// How often a call that may be repeated is begun, its worker dying each time, before it is given up.
pub(crate) const MAX_CALL_STARTS: u32 = 3;

/// What running calls told of their continuation and is not stored yet; they wait for it.
pub(crate) const CONTINUED_QUEUE: usize = 8;

/// Starts of a call that another call continues, which repeats nothing; a host that restarts for ever ends it.
pub(crate) const MAX_CONTINUED_STARTS: u32 = 50;

/// How long a tool may take to say what a call would do; it must not hold up a turn.
pub(crate) const REVIEW_TIME: Duration = Duration::from_secs(2);
