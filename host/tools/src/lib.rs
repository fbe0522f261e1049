//! The tool gate: the one place through which any tool of any source is listed, found, judged and called, whoever calls:
//! a turn, an MCP client, a workflow, a program in the sandbox.
//!
//!
//! The crate names no edge: what a source of tools needs (a sandbox, a far end, a folder) is its own.

mod catalogue;
mod limits;
mod link;
mod permissions;
mod provider;

pub use catalogue::{ToolList, catalogue};
pub use limits::{GateLimits, MAX_JSON_DEPTH, STOP_GRACE, fits_depth};
pub use link::{CallLink, Continuations, NotKept, ProgressSink};
pub use permissions::{CallClass, Permission, Permit, decide, decide_answered};
pub use provider::{Provider, ProviderCall};
