//! The MCP server: what the host has, for MCP clients. Specification: modelcontextprotocol.io, revisions 2025-11-25 and
//! 2026-07-28, and what older clients ask for, as `rmcp` speaks them.
//!
//! The crate names no edge: a [`Door`] is what one client of one user has in one project, and the host gives it. Calls go
//! through the tool gate that the door opens, so permissions, approvals, limits and records are those of every other
//! way in; what is here is only how they are told to a client.

mod ask;
mod call;
mod changes;
mod door;
mod library;
mod logging;
mod malformed;
mod message;
mod page;
mod progress;
mod rounds;
mod shared;
mod shown;
mod tools;

pub use door::{Door, DoorError};
pub use library::{Argument, Body, Completing, Content, Part, Prompt, Resource, ResourceForm};
pub use shared::Sealer;
