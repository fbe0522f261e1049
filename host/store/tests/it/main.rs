//! The store's suite. Every case runs on SQLite and on PostgreSQL; where a case goes:
//!
//! - `projects`: projects and conversations, titles, pages.
//! - `turns`: beginning, busy conversations, double submits, stopping, deletion under a running turn.
//! - `packages`: the bytes of packages, and who looked at them.
//! - `installations`: versions of installed plugins; racing hosts; removal.
//! - `grants`: what is given to them, and where they are on.
//! - `conflicts`: many at once on the same rows.
//! - `results`: results killed at every write, left behind, ended by others.
//! - `silence`: a network that goes silent without a reset.
//! - `lanes`: subagents and forks in a conversation's log; where reading begins after a compaction.
//! - `leases`: who may write, taking over, renewing, racing.
//! - `approvals`: parking, answering, going on.
//! - `log`: order, pages, detail, pruning, rules of appending; a property test of replay.
//! - `plugins`: plugin state.
//! - `audit`: recording, listing, usage.
//! - `audit_chains`: chains of several processes, retention; every way to tamper with the log.
//! - `tracked`: what calls made and what goes on after them.
//! - `mcp`: sessions of MCP clients, and the projects that were made for them.
//! - `tenancy`: another user's ids in every function.
//! - `notices`: telling readers, across stores.
//! - `opening`: migrations, damaged, read-only, full and newer databases.
//! - `change_records`: a change and its audit record are both there or neither.
//! - `crash`: killing a process in the middle of writing.
//! - `crash_changes`: killing it at every write of a change of installed plugins.
//! - `upgrades`: databases of every earlier version.
//! - `schema`: both sets of migrations make the same tables.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests assert")]

mod approvals;
mod audit;
mod audit_chains;
mod change_records;
mod conflicts;
mod crash;
mod crash_changes;
mod grants;
mod harness;
mod history;
mod installations;
mod lanes;
mod leases;
mod log;
mod mcp;
mod model_usage;
mod notices;
mod opening;
mod packages;
mod plugins;
mod projects;
mod results;
mod schema;
mod silence;
mod tenancy;
mod tracked;
mod turns;
mod upgrades;
