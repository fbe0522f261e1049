//! The agent: turn loop, model providers, built-in tools.
//!
//! `turn` is the loop as data: a fold of the log and a step function without I/O. `driver` performs its effects. `fold`
//! is the one pass over the log that a turn goes on from, `actor` who works, `lane_call` how a call has others work.
//! `context` and `prompt` make what the model reads; `model` holds the providers; `tools` the built-in tools; `ports` is
//! what the crate asks of the world. What runs is decided at the tool gate (`bricklayer-tools`).

mod actor;
pub mod context;
mod driver;
mod fold;
mod lane_call;
pub mod model;
mod ports;
mod prompt;
mod settings;
mod tools;
pub mod turn;

pub use actor::Actor;
pub use driver::{TurnDeps, run_lane, run_turn};
pub use fold::Fold;
pub use lane_call::run_in_lane;
pub use ports::{
    GroupBy, GroupPart, LaneRun, LaneWork, LogError, Measure, QuestionPart, ReadError, ResultAnswer, ResultQuestion,
    ResultReader, SortBy, SubagentRun, SubagentTask, Subagents, TurnExit, TurnLog, Worker,
};
pub use prompt::{PromptFacts, WorkspaceFact, system_prompt};
pub use settings::{
    COMPACT_ABOVE_TOKENS, MAX_MODEL_CALL_TIME, MAX_STEPS, MAX_SUBAGENTS, MAX_TURN_TIME, RepeatBounds, TurnLimits,
};
pub use tools::{BuiltInTools, BuiltIns, FileLedger, ProjectFolder, SeenFiles};
pub use turn::{AccountEntry, TurnFailure};
