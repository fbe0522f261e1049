//! The life of a Databricks Asset Bundle in a workspace, compatible with the official command line's direct engine.
//!
//! The library sends nothing itself: whoever calls has a [`World`], the workspace's calls and a folder for what is kept
//! between deploys. Everything else is here.
//!
//! - `state`, `wal`, `lock`: what is kept, what an unfinished deploy has changed, who deploys.

mod lock;
mod state;
mod wal;

pub use lock::{LOCK_FILE, Lock};
pub use state::{Dependency, MAX_STATE_BYTES, STATE_FILE, Saved, State, StateError, TERRAFORM_FILE};
pub use wal::{CORRUPTED_FILE, Replay, WAL_FILE, WalError};
