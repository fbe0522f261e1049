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
mod events;
mod handler;
mod http;
mod library;
mod logging;
mod malformed;
mod message;
mod page;
mod progress;
mod records;
mod rounds;
mod sessions;
mod shared;
mod shown;
mod stream;
mod tools;

pub use door::{Door, DoorError};
pub use handler::McpHandler;
pub use http::{Guest, MAX_MESSAGE_BYTES, McpEndpoint, McpResponse};
pub use library::{Argument, Body, Completing, Content, Part, Prompt, Resource, ResourceForm};
pub use records::{RecordError, SessionRecord, SessionRecords};
pub use sessions::SessionLimits;
pub use shared::Sealer;
pub use stream::serve;
