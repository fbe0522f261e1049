//! The local workspace through its real server: each test starts one on a free port with a data folder of its own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests assert"
)]

mod api;
mod cli;
mod compute;
mod conformance;
mod directions;
mod faults;
mod files;
mod grants;
mod hardening;
mod harness;
mod identity;
mod jobs;
mod lineage;
mod metrics;
mod page;
mod permissions;
mod pipelines;
mod policies;
mod process;
mod python_client;
mod runs;
mod sdk;
mod secrets;
mod statements;
mod unity;
mod utilities;
mod volumes_sql;
mod wheels;
