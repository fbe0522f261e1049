//! The two far ends that a test or a measurement writes the part of: a model on the wires of Anthropic
//! and of chat completions, and a workspace.
//! Only they are played; the host in between is the real one. The host's tests, the benchmarks and, through the program
//! of this crate, the page's tests share them.

// A far end is part of a test: what it cannot do ends the test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "this is part of tests")]

mod chat;
mod gate;
mod model;
mod script;
mod serve;
mod table;
mod wire;
mod workspace;

pub use gate::Gate;
pub use model::{Asked, Model};
pub use script::{Between, Reply, Step};
pub use workspace::{LastChunk, Seen, TOKEN_OF, Trouble, Workspace};
