//! The MCP server at its boundaries, over a gate whose one source of tools does as it is told. How the host fills a door,
//! and who comes in by it, is tested with the host (`host/server/tests/it/mcp`).
//!
//! - `fixture`: the door, the tools behind it, a server on a port.
//! - `protocol`: sessions, calls, questions, lists, over HTTP.
//! - `attacks`: messages and clients that mean no good.
//! - `lines`: the same over a stream of lines.
//! - `conformance`: the official conformance suite.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests assert")]
#![allow(clippy::print_stdout, reason = "says what was not run")]

mod attacks;
mod conformance;
mod fixture;
mod lines;
mod protocol;
