//! What the launcher is asked for.

use std::collections::BTreeMap;

use tokio::sync::{oneshot, watch};

use crate::{
    database,
    jobs::{
        model::{Run, RunType, Trigger},
        settings::{Document, Settings},
    },
};

/// Why a run was not started, repaired or ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    /// What is wrong, for the caller.
    #[error("{0}")]
    Invalid(String),
    /// There is no such job or run.
    #[error("{0}")]
    Unknown(String),
    /// Too much goes on at this moment.
    #[error("too many runs are under way in this workspace; please retry later")]
    Busy,
    /// The workspace is about to end.
    #[error("the local workspace is stopping")]
    Stopping,
    #[error("the database of objects failed")]
    Objects(#[from] database::Error),
}

/// A run to start.
#[derive(Debug)]
pub(crate) struct RunRequest {
    pub(crate) job_id: i64,
    pub(crate) name: String,
    pub(crate) user: String,
    pub(crate) kind: RunType,
    pub(crate) trigger: Trigger,
    pub(crate) document: Document,
    pub(crate) settings: Settings,
    /// Values for the job's parameters.
    pub(crate) parameters: BTreeMap<String, String>,
    /// The older kinds of parameters.
    pub(crate) overriding: Document,
    /// Keys of the tasks to run; all of them when absent.
    pub(crate) only: Option<Vec<String>>,
    /// Whether this run waits for its place, if the caller says so.
    pub(crate) queued: Option<bool>,
    pub(crate) token: Option<String>,
    pub(crate) depth: u32,
}

/// Tasks of a run to run again.
#[derive(Debug)]
pub(crate) struct RepairRequest {
    pub(crate) run_id: i64,
    pub(crate) tasks: Vec<String>,
    pub(crate) all_failed: bool,
    pub(crate) dependents: bool,
    pub(crate) latest_repair_id: Option<i64>,
    pub(crate) parameters: BTreeMap<String, String>,
    pub(crate) overriding: Document,
}

/// A run that was started, and when it ends.
#[derive(Debug, Clone)]
pub(crate) struct Started {
    pub(crate) run: Run,
    /// Becomes true at its end.
    pub(crate) ended: watch::Receiver<bool>,
}

pub(super) type Reply<T> = oneshot::Sender<Result<T, Refused>>;

/// What the launcher is asked for.
#[derive(Debug)]
pub(super) enum Order {
    Start(Box<RunRequest>, Reply<Started>),
    /// The answer is the repair's id.
    Repair(RepairRequest, Reply<i64>),
    Cancel(i64, Reply<()>),
    /// Schedules were changed.
    Look,
}
