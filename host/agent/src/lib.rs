//! The agent: turn loop, model providers, built-in tools, skills, permissions.

mod ports;

pub use ports::{ExternalTools, LogError, ProgressSink, TurnLog};
