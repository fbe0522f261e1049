//! MCP clients of the running server: whose they are, what they have, and what the protocol's own clients make of it.
//! How the protocol is spoken is tested with `host/mcp`.
//!
//! - `client`: a client that says what a test says.
//! - `doors`: identity, projects, permissions, what outlives a host.
//! - `streams`: `bricklayer mcp`, one and several on a data folder.
//! - `sdk`: the official Python client, over both transports.
//! - `suite`: the part of the official conformance suite that is about the server.

mod client;
mod doors;
mod sdk;
mod streams;
mod suite;

pub(crate) use client::McpClient;
