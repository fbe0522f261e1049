//! Results over real databases: rows in, rows out, exact; each case on SQLite and on PostgreSQL.
//!
//! - `support`: a database with a user and a conversation, tables of any types.
//! - `exact`: random tables come back through pages and through every file.
//! - `views`: random sorts and filters against an oracle in memory; what is refused, and how.
//! - `aggregates`: groups, sums and samples against an oracle in memory.
//! - `comparisons`: changes between tables, numbers that are looked for.
//! - `small`: what a small result costs.
//! - `lives`: writers that are dropped, bounds, retention, strangers, damage.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests assert")]

mod aggregates;
mod comparisons;
mod exact;
mod lives;
mod small;
mod support;
mod views;
