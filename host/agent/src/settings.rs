//! The bounds of a turn, each with what it protects; those of a call are the gate's (`bricklayer_tools::GateLimits`). The server may override them from its configuration.

use std::time::Duration;

use bricklayer_domain::Budget;

/// Bounds of one turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnLimits {
    /// Model calls in one turn; protects against an agent that never stops.
    pub max_steps: u32,
    /// What the model calls of one turn may take. Protects whoever pays: no further call begins once it is used up.
    pub budget: Budget,
    /// How often the agent may do the same to the same end.
    pub repeats: RepeatBounds,
    /// Tool calls in one model message; those past it are refused with a reason the model can act on.
    pub max_calls_per_step: usize,
    /// Tokens the model may write in one call.
    pub max_output_tokens: u32,
    /// Time of one model call with all its attempts; protects against an answer that never ends.
    pub max_model_call_time: Duration,
    /// Tokens of a conversation above which a summary takes the place of what was said before; none never. Protects the
    /// model's context, and what each further call costs.
    pub compact_above_tokens: Option<u64>,
    /// Subagents of one turn side by side; each asks the model and holds its own conversation in memory.
    pub max_subagents: usize,
    /// Time that a worker drives a turn, waits for the user left out; protects against a turn that never ends.
    pub max_turn_time: Duration,
}

impl Default for TurnLimits {
    fn default() -> Self {
        Self {
            max_steps: MAX_STEPS,
            budget: Budget::default(),
            repeats: RepeatBounds::default(),
            max_calls_per_step: MAX_CALLS_PER_STEP,
            max_output_tokens: MAX_OUTPUT_TOKENS,
            max_model_call_time: MAX_MODEL_CALL_TIME,
            compact_above_tokens: Some(COMPACT_ABOVE_TOKENS),
            max_subagents: MAX_SUBAGENTS,
            max_turn_time: MAX_TURN_TIME,
        }
    }
}

/// How many model messages in a row may hold only calls that the turn made before, with the same arguments and the same
/// outcome; protects against an agent that goes in circles, each round of which is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RepeatBounds {
    /// From so many on the model is told.
    pub told: u32,
    /// After so many the turn ends.
    pub ended: u32,
}

impl Default for RepeatBounds {
    fn default() -> Self {
        Self { told: 2, ended: 8 }
    }
}

/// Long data work takes dozens of steps; a loop that is stuck takes thousands.
pub const MAX_STEPS: u32 = 100;

/// More would only make the model's rate limit the bound.
pub const MAX_SUBAGENTS: usize = 5;

/// Models ask for a handful at a time; hundreds mean that something is wrong.
const MAX_CALLS_PER_STEP: usize = 32;

/// What current models write at most when nothing else is known about them.
const MAX_OUTPUT_TOKENS: u32 = 32_000;

/// Where the API's own compaction begins; current models read 200,000 and more.
pub const COMPACT_ABOVE_TOKENS: u64 = 150_000;

/// Tokens of a summary at most: what matters of a long conversation fits into a few pages.
pub(crate) const MAX_SUMMARY_TOKENS: u32 = 16_000;

/// Characters of a summary that are kept.
pub(crate) const MAX_SUMMARY_CHARS: usize = 100_000;

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
