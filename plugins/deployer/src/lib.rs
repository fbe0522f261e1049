//! The life of a Databricks Asset Bundle in a workspace, compatible with the official command line's direct engine.
//!
//! The library sends nothing itself: whoever calls has a [`World`], the workspace's calls and a folder for what is kept
//! between deploys. Everything else is here.
//!
//! - `state`, `wal`, `lock`: what is kept, what an unfinished deploy has changed, who deploys.
//! - `kinds`: the kinds of resources and their calls, in one table.
//! - `desired`, `reference`, `compare`: what is to be, how it hangs together, and what is different.
//! - `look`, `graph`, `decide`, `plan`: what the workspace has, the order, and what is done to each resource.

mod compare;
mod decide;
mod desired;
mod graph;
mod kinds;
mod lock;
mod look;
mod plan;
mod reference;
mod state;
mod wal;
mod world;

pub use kinds::{KINDS, Kind, kind};
pub use lock::{LOCK_FILE, Lock};
pub use plan::{Action, Change, Entry, Plan};
pub use state::{Dependency, MAX_STATE_BYTES, STATE_FILE, Saved, State, StateError, TERRAFORM_FILE};
pub use wal::{CORRUPTED_FILE, Replay, WAL_FILE, WalError};
pub use world::{Body, Call, Fault, FaultKind, Method, Step, World};
