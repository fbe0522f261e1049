//! A run of a job, as the Jobs API gives it: started once, read with all its tasks, told when it failed.

use bricklayer_sdk::{Failure, Kind, Platform, Step, Workspace};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::job::JOBS;
use crate::once::Token;
use crate::run_state::State;
use crate::show::{end_of, link};

/// Pages of tasks that one call reads; protects against a workspace whose token never ends.
const MAX_PAGES: usize = 200;

/// Failed tasks whose errors a failure tells; the rest is named.
const TOLD_TASKS: usize = 5;

/// Characters of an error and of a trace in a failure.
const ERROR_CHARS: usize = 1_000;
const TRACE_CHARS: usize = 1_500;

/// A run, or one in a list.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Run {
    /// Its number.
    pub run_id: u64,
    /// The job's number; for a run without one, what [`Run::job`] leaves out.
    pub job_id: Option<u64>,
    /// Its name.
    pub run_name: String,
    /// JOB_RUN, SUBMIT_RUN and so on.
    pub run_type: Option<String>,
    /// Where it stands.
    pub state: State,
    /// Milliseconds since 1970.
    pub start_time: Option<u64>,
    /// Milliseconds since 1970.
    pub end_time: Option<u64>,
    /// Milliseconds.
    pub run_duration: Option<u64>,
    /// Where a person sees it.
    pub run_page_url: Option<String>,
    /// Every attempt at each task; of a run that was not joined, the first page.
    pub tasks: Vec<Task>,
    /// Its repairs.
    pub repair_history: Vec<Repair>,
    next_page_token: Option<String>,
}

/// An attempt at a task.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Task {
    /// Its own run's number.
    pub run_id: u64,
    /// Its key in the job.
    pub task_key: String,
    /// From 0.
    pub attempt_number: u32,
    /// Where it stands.
    pub state: State,
    /// The tasks that it waits for.
    pub depends_on: Vec<Dependency>,
    /// Where a person sees it.
    pub run_page_url: Option<String>,
}

/// A task that another waits for.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Dependency {
    /// Its key.
    pub task_key: String,
}

/// A repair of a run.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Repair {
    /// Its number.
    pub id: Option<u64>,
}

impl Run {
    /// The job; none for a run that was submitted without one, whose id there is no job's.
    #[must_use]
    pub fn job(&self) -> Option<u64> {
        self.job_id.filter(|_| self.run_type.as_deref() != Some("SUBMIT_RUN"))
    }

    /// The newest attempt at each task, in the order of their first attempts.
    #[must_use]
    pub fn newest(&self) -> Vec<&Task> {
        let mut newest: Vec<&Task> = Vec::new();
        for task in &self.tasks {
            match newest.iter_mut().find(|known| known.task_key == task.task_key) {
                Some(known) if known.attempt_number <= task.attempt_number => *known = task,
                Some(_) => {}
                None => newest.push(task),
            }
        }
        newest
    }

    /// How long it took, or has taken so far.
    #[must_use]
    pub fn seconds(&self) -> Option<u64> {
        let took = self.run_duration.or_else(|| self.end_time?.checked_sub(self.start_time?));
        took.map(|millis| millis / 1_000)
    }

    /// How many of its tasks have ended, and how many there are.
    #[must_use]
    pub fn ended_of(&self) -> (u32, u32) {
        let tasks = self.newest();
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        (count(tasks.iter().filter(|task| task.state.has_ended()).count()), count(tasks.len()))
    }

    /// Its tasks as steps of the call that waits for it.
    #[must_use]
    pub fn steps(&self) -> Vec<Step> {
        let step = |task: &Task| Step {
            key: task.task_key.clone(),
            state: task.state.step(),
            link: task.run_page_url.clone(),
            depends_on: task.depends_on.iter().map(|before| before.task_key.clone()).collect(),
        };
        self.newest().into_iter().map(step).collect()
    }
}

/// A run with its first tasks.
///
/// # Errors
/// No such run, or a workspace that cannot be asked.
pub fn first_of_run(platform: &impl Platform, id: &str) -> Result<Run, Failure> {
    Workspace::new(platform).get(&format!("{JOBS}/runs/get"), &[("run_id", id)])
}

/// Adds the tasks that did not fit into a run's first page.
///
/// # Errors
/// A workspace that cannot be asked, or whose pages have no end.
pub fn join(platform: &impl Platform, run: &mut Run) -> Result<(), Failure> {
    let id = run.run_id.to_string();
    for _ in 0..MAX_PAGES {
        let Some(token) = run.next_page_token.take().filter(|token| !token.is_empty()) else { return Ok(()) };
        let query = [("run_id", id.as_str()), ("page_token", &token)];
        let page: Run = Workspace::new(platform).get(&format!("{JOBS}/runs/get"), &query)?;
        run.next_page_token = page.next_page_token;
        run.tasks.extend(page.tasks);
    }
    Err(Failure::new(Kind::Upstream, "the workspace gives a run's tasks in pages without end"))
}

/// Sends the request that starts a run; once more when its answer was lost, since the token in the body keeps it from
/// being started twice. A token of our own is forgotten once there was an answer.
///
/// # Errors
/// The workspace's, or an answer that was lost twice: then whether it was started is not known.
pub fn begin(
    platform: &impl Platform,
    path: &str,
    body: &Map<String, Value>,
    token: Option<&Token>,
) -> Result<u64, Failure> {
    #[derive(Deserialize)]
    struct Begun {
        #[serde(default)]
        run_id: u64,
    }
    let workspace = Workspace::new(platform);
    let lost = |failure: &Failure| failure.retryable && matches!(failure.kind, Kind::Timeout | Kind::Upstream);
    let begun: Result<Begun, Failure> = match workspace.post(path, body) {
        Err(failure) if lost(&failure) => workspace.post(path, body),
        answered => answered,
    };
    if let Err(failure) = &begun
        && lost(failure)
    {
        return Err(failure.clone().advise(
            "Whether the run was started is not known. Calling again with the same arguments within the hour starts no second one.",
        ));
    }
    if let Some(token) = token {
        token.answered(platform);
    }
    match begun?.run_id {
        0 => Err(Failure::new(Kind::Upstream, "the workspace took the run but gave no run_id")),
        id => Ok(id),
    }
}

/// What a task left, as far as a failure tells it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Told {
    error: Option<String>,
    error_trace: Option<String>,
}

/// Why a run did not end well: what it says itself, which tasks failed with their errors, and what did not run because of
/// that. It follows a line about the run.
pub fn why(platform: &impl Platform, run: &Run) -> String {
    let mut text = String::new();
    if let Some(message) = run.state.state_message.as_deref().filter(|message| !message.is_empty()) {
        text.push_str(&format!(" {message}"));
    }
    let tasks = run.newest();
    let skipped = |result: &str| matches!(result, "UPSTREAM_FAILED" | "UPSTREAM_CANCELED");
    let own: Vec<_> = tasks
        .iter()
        .filter(|task| task.state.failed() && !task.state.result_state.as_deref().is_some_and(skipped))
        .collect();
    for task in own.iter().take(TOLD_TASKS) {
        let words = format!("{}: {}", task.task_key, task.state.word());
        text.push_str(&format!("\n\n{}", link(&words, task.run_page_url.as_deref())));
        let query = [("run_id", task.run_id.to_string())];
        let query = query.each_ref().map(|(name, value)| (*name, value.as_str()));
        match Workspace::new(platform).get::<Told>(&format!("{JOBS}/runs/get-output"), &query) {
            Ok(told) => {
                if let Some(error) = told.error.filter(|error| !error.is_empty()) {
                    text.push_str(&format!("\n{}", end_of(&error, ERROR_CHARS)));
                } else if let Some(message) = &task.state.state_message {
                    text.push_str(&format!("\n{}", end_of(message, ERROR_CHARS)));
                }
                if let Some(trace) = told.error_trace.filter(|trace| !trace.is_empty()) {
                    text.push_str(&format!("\n```\n{}\n```", end_of(&trace, TRACE_CHARS)));
                }
            }
            Err(failure) => text.push_str(&format!("\nIts output cannot be read: {}", failure.message)),
        }
    }
    let keys = |tasks: &[&Task]| tasks.iter().map(|task| task.task_key.as_str()).collect::<Vec<_>>().join(", ");
    let rest: Vec<&Task> = own.iter().skip(TOLD_TASKS).map(|task| **task).collect();
    if !rest.is_empty() {
        text.push_str(&format!("\n\nFailed as well: {}.", keys(&rest)));
    }
    let skipped: Vec<&Task> =
        tasks.iter().filter(|task| task.state.result_state.as_deref().is_some_and(skipped)).copied().collect();
    if !skipped.is_empty() {
        text.push_str(&format!("\n\nNot run because of that: {}.", keys(&skipped)));
    }
    text
}
