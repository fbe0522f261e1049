//! Runs and the runs of their tasks as they are stored: fields may be added (with a default), never renamed.
//!
//! Words and spellings are those of the Jobs API 2.2 (`RunLifeCycleState`, `RunResultState`, `TerminationCode`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::settings::Document;

/// Where a run is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum LifeCycle {
    Queued,
    Pending,
    Blocked,
    Running,
    WaitingForRetry,
    Terminating,
    Terminated,
    Skipped,
    InternalError,
}

/// What became of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum ResultState {
    Success,
    SuccessWithFailures,
    Failed,
    Timedout,
    Canceled,
    Excluded,
    UpstreamFailed,
    UpstreamCanceled,
    Disabled,
    MaximumConcurrentRunsReached,
}

/// Why a run ended, as the newer form of states has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Code {
    Success,
    SuccessWithFailures,
    RunExecutionError,
    InvalidRunConfiguration,
    ResourceNotFound,
    FeatureDisabled,
    LibraryInstallationError,
    UnauthorizedError,
    UserCanceled,
    Canceled,
    Skipped,
    Disabled,
    MaxConcurrentRunsExceeded,
    InternalError,
}

/// Whose doing an end was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum CodeType {
    Success,
    ClientError,
    InternalError,
}

impl Code {
    pub(crate) const fn kind(self) -> CodeType {
        match self {
            Self::Success | Self::SuccessWithFailures => CodeType::Success,
            Self::InternalError => CodeType::InternalError,
            _ => CodeType::ClientError,
        }
    }
}

/// A run's or a task's state, the older and the newer form in one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) life: LifeCycle,
    pub(crate) result: Option<ResultState>,
    pub(crate) code: Option<Code>,
    #[serde(default)]
    pub(crate) message: String,
}

impl State {
    pub(crate) const fn going(life: LifeCycle) -> Self {
        Self { life, result: None, code: None, message: String::new() }
    }

    /// An end of a task; a run that failed has another life cycle ([`State::failed_run`]).
    pub(crate) fn ended(result: ResultState, code: Code, message: impl Into<String>) -> Self {
        let life = match result {
            ResultState::Excluded
            | ResultState::UpstreamFailed
            | ResultState::UpstreamCanceled
            | ResultState::Disabled
            | ResultState::MaximumConcurrentRunsReached => LifeCycle::Skipped,
            _ => LifeCycle::Terminated,
        };
        Self { life, result: Some(result), code: Some(code), message: message.into() }
    }

    /// The end of a run with a failed task, as the service reports it.
    pub(crate) fn failed_run(code: Code, message: impl Into<String>) -> Self {
        Self { life: LifeCycle::InternalError, ..Self::ended(ResultState::Failed, code, message) }
    }

    pub(crate) const fn has_ended(&self) -> bool {
        self.result.is_some()
    }
}

/// How a run came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum RunType {
    JobRun,
    SubmitRun,
}

impl RunType {
    /// As the API and the database have it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::JobRun => "JOB_RUN",
            Self::SubmitRun => "SUBMIT_RUN",
        }
    }
}

/// What started a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Trigger {
    OneTime,
    Periodic,
    RunJobTask,
}

impl Trigger {
    /// As references to it have it.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::OneTime => "one_time",
            Self::Periodic => "periodic",
            Self::RunJobTask => "run_job_task",
        }
    }
}

/// A run of a job, or of tasks that were submitted without one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) id: i64,
    /// Of a submitted run, an id that no job has.
    pub(crate) job_id: i64,
    pub(crate) number_in_job: i64,
    pub(crate) name: String,
    pub(crate) creator: String,
    pub(crate) run_as: String,
    pub(crate) kind: RunType,
    pub(crate) trigger: Trigger,
    /// Times in milliseconds since the epoch.
    pub(crate) started_at: i64,
    /// When it left the queue.
    pub(crate) began_at: Option<i64>,
    pub(crate) ended_at: Option<i64>,
    pub(crate) state: State,
    /// The job's settings at that moment, or those that were submitted.
    pub(crate) settings: Document,
    /// The job's parameters for this run.
    pub(crate) parameters: BTreeMap<String, String>,
    /// The older kinds of parameters as they were given, such as `notebook_params`.
    pub(crate) overriding: Document,
    pub(crate) repairs: Vec<Repair>,
    /// How many jobs stand above this one that was run by a task.
    pub(crate) depth: u32,
}

/// One time that failed tasks of a run were run again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Repair {
    pub(crate) id: i64,
    pub(crate) started_at: i64,
    pub(crate) ended_at: Option<i64>,
    pub(crate) state: State,
    pub(crate) task_run_ids: Vec<i64>,
    /// How the run had ended before.
    pub(crate) before: State,
    pub(crate) before_ended_at: i64,
}

/// One attempt at one task of a run, or at one iteration of a for-each task.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TaskRun {
    pub(crate) id: i64,
    pub(crate) run_id: i64,
    pub(crate) task_key: String,
    pub(crate) attempt: i64,
    /// The for-each task that this is an iteration of.
    pub(crate) parent: Option<i64>,
    pub(crate) iteration: Option<i64>,
    pub(crate) created_at: i64,
    pub(crate) started_at: Option<i64>,
    pub(crate) ended_at: Option<i64>,
    pub(crate) state: State,
    /// The task as the settings have it.
    pub(crate) task: Document,
    /// What it did, once its references were looked up.
    pub(crate) resolved: Option<Document>,
    /// Of a condition.
    pub(crate) outcome: Option<bool>,
    /// Of a task that runs a job.
    pub(crate) child_run: Option<i64>,
    /// Values that later tasks may refer to.
    #[serde(default)]
    pub(crate) values: BTreeMap<String, Value>,
    /// The first rows of a SQL task, for references.
    pub(crate) rows: Option<Vec<Document>>,
    pub(crate) iterations: Option<Iterations>,
}

/// How far a for-each task is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Iterations {
    #[serde(rename = "total_iterations")]
    pub(crate) total: usize,
    #[serde(rename = "scheduled_iterations")]
    pub(crate) scheduled: usize,
    #[serde(rename = "active_iterations")]
    pub(crate) active: usize,
    #[serde(rename = "completed_iterations")]
    pub(crate) completed: usize,
    #[serde(rename = "succeeded_iterations")]
    pub(crate) succeeded: usize,
    #[serde(rename = "failed_iterations")]
    pub(crate) failed: usize,
}

impl TaskRun {
    /// An attempt that has not begun.
    pub(crate) fn new(id: i64, run_id: i64, task_key: &str, attempt: i64, task: Document, now: i64) -> Self {
        Self {
            id,
            run_id,
            task_key: task_key.to_owned(),
            attempt,
            parent: None,
            iteration: None,
            created_at: now,
            started_at: None,
            ended_at: None,
            state: State::going(LifeCycle::Blocked),
            task,
            resolved: None,
            outcome: None,
            child_run: None,
            values: BTreeMap::new(),
            rows: None,
            iterations: None,
        }
    }
}

/// What a task left: bounded by whoever made it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Output {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) notebook_output: Option<NotebookOutput>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sql_output: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) run_job_output: Option<RunJobOutput>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) logs: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) logs_truncated: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error_trace: Option<String>,
}

/// What a notebook gave to `dbutils.notebook.exit`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct NotebookOutput {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) result: Option<String>,
    pub(crate) truncated: bool,
}

/// Which run a task started.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct RunJobOutput {
    pub(crate) run_id: i64,
}
