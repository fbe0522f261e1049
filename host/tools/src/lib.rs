//! The tool gate: the one place through which any tool of any source is listed, found, judged and called.
//!
//! The crate names no edge: what a source of tools needs (a sandbox, a far end, a folder) is its own.

mod catalogue;
mod permissions;

pub use catalogue::{ToolList, catalogue};
pub use permissions::{CallClass, Permission, Permit, decide, decide_answered};
