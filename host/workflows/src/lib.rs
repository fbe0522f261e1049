//! Workflows: plans of tool calls without a model.
//!
//! A workflow is a function over a [`Replay`](replay::Replay): it asks for calls in the order in which it needs them and
//! reads what they came to. It keeps no state. Each time it is its turn it is run from its beginning, and takes the calls
//! that the log has for done, so that whatever becomes of a host, the next one goes on after the last finished call. A
//! `plan` puts that in the place of a lane's model: each call passes the tool gate as a model's would, is asked about as a
//! model's would be, is an event, and is shown.
//!
//! `bundles` holds the workflows there are; `tools` offers them to agents and users.

mod bundles;
mod plan;
mod replay;
mod tools;
mod values;
mod workflow;

pub use tools::WorkflowTools;
