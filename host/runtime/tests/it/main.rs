//! The sandbox from outside: real guests, a real far end, and nothing of the runtime replaced.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests assert")]

mod cache;
mod calls;
mod canary;
mod catalogue;
mod denials;
mod egress;
mod errors;
mod files;
mod hostile;
mod limits;
mod modules;
mod pages;
mod recorded;
mod recorded_http;
mod records;
mod results;
mod round_trip;
mod spans;
mod stopping;
mod support;
mod walls;
mod wat_guests;
