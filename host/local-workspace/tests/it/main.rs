//! The local workspace through its real server: each test starts one on a free port with a data folder of its own.

mod api;
mod conformance;
mod hardening;
mod harness;
mod process;
mod sdk;
mod statements;
