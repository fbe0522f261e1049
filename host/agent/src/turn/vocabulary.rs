//! What goes into the step function and what comes out: closed, so that all that can happen is one list.

use bricklayer_domain::{
    Block, Budget, CleanUp, Event, PermissionMode, StandingPermission, ToolCall, ToolCallId, ToolOutcome, TurnEnd,
    Usage,
};
use bricklayer_tools::{CallClass, Permit};

use crate::model::ModelReply;
use crate::settings::RepeatBounds;

/// What the step function needs to know beside the log.
#[derive(Debug, Clone, Default)]
pub struct TurnPolicy {
    /// How much runs unasked.
    pub mode: PermissionMode,
    /// The loosest mode that the operator allows.
    pub loosest: PermissionMode,
    /// Whether what sends or destroys is asked about whatever the mode once content from outside has entered.
    pub second_look: bool,
    /// The model's id, for the log.
    pub model: String,
    /// Model calls in one turn.
    pub max_steps: u32,
    /// What the model calls of one turn may take.
    pub budget: Budget,
    /// How often the agent may do the same to the same end.
    pub repeats: RepeatBounds,
    /// Tool calls in one model message.
    pub max_calls_per_step: usize,
    /// Read-only calls side by side.
    pub max_concurrent_reads: usize,
    /// Subagents side by side.
    pub max_subagents: usize,
    /// Whether content from outside the user's words is there from the beginning.
    pub outside: bool,
    /// What ends the id of each call.
    pub call_suffix: String,
}

/// Why a turn failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnFailure {
    /// A stable word.
    pub code: String,
    /// What happened and what to do, for the user.
    pub message: String,
}

/// What is known about a call before it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallClassification {
    /// A tool of the catalogue.
    Known(Box<CallClass>),
    /// No such tool; the text tells the model which there are.
    Unknown(String),
}

/// What happened in the world.
#[derive(Debug, Clone)]
pub enum Input {
    /// A worker takes the turn: at its start, after an answer, after a restart.
    Resume,
    /// The answer to [`Effect::Classify`].
    Classified(Vec<(ToolCallId, CallClassification)>),
    /// The answer to [`Effect::LookUpStanding`].
    Standing(Vec<StandingPermission>),
    /// The model answered.
    ModelReplied(ModelReply),
    /// The model failed for good; `partial` is the text that was shown.
    ModelFailed {
        /// Why.
        failure: TurnFailure,
        /// The text shown so far.
        partial: Vec<Block>,
        /// The tokens it cost.
        usage: Usage,
    },
    /// A call ended.
    CallEnded {
        /// The call.
        call: ToolCallId,
        /// What came back.
        outcome: Box<ToolOutcome>,
        /// How long it took.
        duration_ms: u64,
    },
    /// The answer to [`Effect::CleanUp`].
    CleanedUp {
        /// The call.
        call: ToolCallId,
        /// Whether the far end was told to end its work.
        told: bool,
    },
    /// The turn's time is over; `partial` is the text that was shown.
    OutOfTime {
        /// The text shown so far.
        partial: Vec<Block>,
        /// The tokens it cost.
        usage: Usage,
    },
    /// The user stops the turn; `partial` is the text that was shown.
    Stop {
        /// The text shown so far.
        partial: Vec<Block>,
        /// The tokens it cost.
        usage: Usage,
    },
}

/// What the driver is to do, in this order.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Append this event. All appends are durable before a call runs, and before parking and the end.
    Append(Box<Event>),
    /// Find out what these calls would do; answer with [`Input::Classified`].
    Classify(Vec<ToolCall>),
    /// Look up the conversation's standing permissions as they are now; answer with [`Input::Standing`].
    LookUpStanding,
    /// Ask the model; answer with [`Input::ModelReplied`] or [`Input::ModelFailed`].
    CallModel {
        /// Which model call of the turn.
        step: u32,
    },
    /// Run this call beside those that run; answer with [`Input::CallEnded`].
    RunCall(ToolCall, Permit),
    /// Cancel every running call; each still answers with [`Input::CallEnded`].
    CancelCalls,
    /// End what this call left running at the far end when its worker died; answer with [`Input::CleanedUp`].
    CleanUp {
        /// The call.
        call: ToolCall,
        /// What it left for this.
        requests: Vec<CleanUp>,
    },
    /// Everything left waits for the user: let go of the turn.
    Park,
    /// The turn is over.
    Exit(TurnEnd),
}
