//! The turn loop as data: a state that is a fold of the log, and a step function that takes an input and returns
//! effects. No I/O here; the driver performs the effects, and a recorded turn replays without network.
//!
//! The same function serves a fresh turn, one whose approval was answered and one whose worker died: the driver folds
//! the log and gives [`Input::Resume`].

mod account;
mod call;
mod ends;
mod repeats;
mod schedule;
mod state;
mod vocabulary;

pub use account::AccountEntry;
pub use state::TurnState;
pub use vocabulary::{CallClassification, Effect, Input, TurnFailure, TurnPolicy};
