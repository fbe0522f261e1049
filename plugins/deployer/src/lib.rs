//! The life of a Databricks Asset Bundle in a workspace, compatible with the official command line's direct engine.
//!
//! The library sends nothing itself: whoever calls has a [`World`], the workspace's calls and a folder for what is kept
//! between deploys. Everything else is here.
//!
//! - `state`, `wal`, `lock`: what is kept, what an unfinished deploy has changed, who deploys.
//! - `kinds`: the kinds of resources and their calls, in one table.
//! - `desired`, `reference`, `compare`: what is to be, how it hangs together, and what is different.
//! - `look`, `graph`, `decide`, `plan`: what the workspace has, the order, and what is done to each resource.
//! - `files`: which files are uploaded and deleted.
//! - `store`, `prepare`, `uploads`, `apply`, `rights`, `deploy`: what is kept between deploys, and a deploy or destroy from its plan to its end.
//! - `metadata`, `summary`: what the workspace's pages and people read of a bundle.

mod apply;
mod compare;
mod decide;
mod deploy;
mod desired;
mod files;
mod graph;
mod kinds;
mod lock;
mod look;
mod metadata;
mod moment;
mod plan;
mod prepare;
mod reference;
mod rights;
mod state;
mod store;
mod summary;
mod uploads;
mod wal;
mod world;

pub use apply::{Applied, Done};
pub use deploy::{Report, deploy, destroy};
pub use files::{FilePlan, LocalFile, MAX_FILE_BYTES, RECORD_FILE};
pub use kinds::{KINDS, Kind, kind};
pub use lock::{LOCK_FILE, Lock};
pub use moment::{Fresh, rfc3339};
pub use plan::{Action, Change, Entry, Plan};
pub use prepare::{Job, Prepared, prepare, prepare_destroy};
pub use state::{Dependency, MAX_STATE_BYTES, STATE_FILE, Saved, State, StateError, TERRAFORM_FILE};
pub use summary::{Standing, Summed, summary};
pub use wal::{CORRUPTED_FILE, Replay, WAL_FILE, WalError};
pub use world::{Body, Call, Fault, FaultKind, Method, Step, World};

#[cfg(test)]
mod tests;
