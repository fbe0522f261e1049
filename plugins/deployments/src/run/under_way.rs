//! A run of a job or an update of a pipeline as remote work: started or found, looked at, ended by its request.
//!
//! Its id is the run's number, or `pipeline/update`.

use std::cell::RefCell;
use std::time::Duration;

use bricklayer_databricks::job::JOBS;
use bricklayer_databricks::once::Token;
use bricklayer_databricks::run_state::State;
use bricklayer_databricks::show::{end_of, link, workspace_link};
use bricklayer_databricks::work::{End, Look, Progress, Started, Work};
use bricklayer_sdk::{Failure, Kind, Method, Platform, Request, Step, Workspace, encode_query};
use serde::Deserialize;
use serde_json::{Map, Value, json};

const PIPELINES: &str = "/api/2.0/pipelines";

/// Tasks that failed whose errors a failure tells, and events of a pipeline.
const TOLD: usize = 5;

/// Characters of an error and of a trace in a failure.
const ERROR_CHARS: usize = 1_000;
const TRACE_CHARS: usize = 1_500;

/// Pages of a run's tasks.
const MAX_PAGES: usize = 20;

/// Where a run comes from.
#[derive(Debug, Clone)]
enum Source {
    /// A request that starts a job; its token keeps it from being started twice.
    Job { body: Map<String, Value>, token: Token },
    /// A request that starts an update of a pipeline.
    Update { pipeline: String, body: Map<String, Value> },
    /// It is there.
    Watch,
}

/// A run to bring to its end.
#[derive(Debug, Clone)]
pub(super) struct RunWork {
    source: Source,
    id: String,
    seen: RefCell<Option<Seen>>,
}

/// What a look at a run shows.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Seen {
    pub(super) id: String,
    /// SUCCESS, RUNNING, COMPLETED and so on.
    pub(super) word: String,
    pub(super) has_ended: bool,
    pub(super) succeeded: bool,
    message: Option<String>,
    pub(super) link: Option<String>,
    pub(super) tasks: Vec<Task>,
}

/// A task of a job's run.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Task {
    run_id: u64,
    pub(super) key: String,
    pub(super) state: TaskState,
    pub(super) link: Option<String>,
    depends_on: Vec<String>,
}

/// Where a task stands.
#[derive(Debug, Clone)]
pub(super) struct TaskState(State);

impl PartialEq for TaskState {
    fn eq(&self, other: &Self) -> bool {
        self.word() == other.word()
    }
}

impl TaskState {
    pub(super) fn word(&self) -> &str {
        self.0.word()
    }
}

impl Seen {
    /// Where it stands, with its page.
    pub(super) fn headline(&self) -> String {
        let what = if self.id.contains('/') { "The update" } else { "The run" };
        format!("{} is {}", link(&format!("{what} {}", self.id), self.link.as_deref()), self.word)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WireRun {
    run_id: u64,
    state: State,
    run_page_url: Option<String>,
    tasks: Vec<WireTask>,
    next_page_token: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WireTask {
    run_id: u64,
    task_key: String,
    attempt_number: u32,
    state: State,
    run_page_url: Option<String>,
    depends_on: Vec<WireDependency>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WireDependency {
    task_key: String,
}

impl RunWork {
    pub(super) fn job(body: Map<String, Value>, token: Token) -> Self {
        Self { source: Source::Job { body, token }, id: String::new(), seen: RefCell::default() }
    }

    pub(super) fn update(pipeline: &str, body: Map<String, Value>) -> Self {
        let source = Source::Update { pipeline: pipeline.to_owned(), body };
        Self { source, id: String::new(), seen: RefCell::default() }
    }

    /// A run that is there; none where this is no id of one.
    pub(super) fn watch(id: &str) -> Option<Self> {
        let is_part =
            |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
        let fits = match id.split_once('/') {
            Some((pipeline, update)) => is_part(pipeline) && is_part(update),
            None => id.parse::<u64>().is_ok(),
        };
        fits.then(|| Self { source: Source::Watch, id: id.to_owned(), seen: RefCell::default() })
    }
}

/// Looks at a run.
pub(super) fn see(platform: &impl Platform, id: &str) -> Result<Seen, Failure> {
    match id.split_once('/') {
        Some((pipeline, update)) => see_update(platform, pipeline, update),
        None => see_run(platform, id),
    }
}

fn see_run(platform: &impl Platform, id: &str) -> Result<Seen, Failure> {
    let workspace = Workspace::new(platform);
    let path = format!("{JOBS}/runs/get");
    let mut run: WireRun = workspace.get(&path, &[("run_id", id)])?;
    for _ in 0..MAX_PAGES {
        let Some(token) = run.next_page_token.take().filter(|token| !token.is_empty()) else { break };
        let page: WireRun = workspace.get(&path, &[("run_id", id), ("page_token", &token)])?;
        run.next_page_token = page.next_page_token;
        run.tasks.extend(page.tasks);
    }
    // The newest attempt at each task.
    run.tasks.sort_by_key(|task| std::cmp::Reverse(task.attempt_number));
    let mut tasks: Vec<Task> = Vec::new();
    for task in run.tasks {
        if !tasks.iter().any(|known| known.key == task.task_key) {
            tasks.push(Task {
                run_id: task.run_id,
                key: task.task_key,
                state: TaskState(task.state),
                link: task.run_page_url,
                depends_on: task.depends_on.into_iter().map(|before| before.task_key).collect(),
            });
        }
    }
    Ok(Seen {
        id: run.run_id.to_string(),
        word: run.state.word().to_owned(),
        has_ended: run.state.has_ended(),
        succeeded: run.state.succeeded(),
        message: run.state.state_message.filter(|message| !message.is_empty()),
        link: run.run_page_url,
        tasks,
    })
}

fn see_update(platform: &impl Platform, pipeline: &str, update: &str) -> Result<Seen, Failure> {
    let answer: Value = Workspace::new(platform).get(&format!("{PIPELINES}/{pipeline}/updates/{update}"), &[])?;
    let state = answer.pointer("/update/state").and_then(Value::as_str).unwrap_or_default();
    let page = format!("/pipelines/{pipeline}/updates/{update}");
    Ok(Seen {
        id: format!("{pipeline}/{update}"),
        word: state.to_owned(),
        has_ended: matches!(state, "COMPLETED" | "FAILED" | "CANCELED"),
        succeeded: state == "COMPLETED",
        message: None,
        link: workspace_link(platform, &page),
        tasks: Vec::new(),
    })
}

fn is_lost(failure: &Failure) -> bool {
    failure.retryable && matches!(failure.kind, Kind::Timeout | Kind::Upstream)
}

/// Sends the request that starts a job; once more when its answer was lost.
fn begin_job(platform: &impl Platform, body: &Map<String, Value>, token: &Token) -> Result<String, Failure> {
    let mut sent = body.clone();
    sent.insert("idempotency_token".to_owned(), json!(token.text));
    let path = format!("{JOBS}/run-now");
    let workspace = Workspace::new(platform);
    let begun: Value = match workspace.post(&path, &sent) {
        Err(failure) if is_lost(&failure) => workspace.post(&path, &sent),
        answered => answered,
    }
    .map_err(|failure| {
        if is_lost(&failure) {
            return failure.advise(
                "Whether the run was started is not known. Calling again with the same arguments within the hour starts no second one.",
            );
        }
        token.answered(platform);
        failure
    })?;
    token.answered(platform);
    let id = begun.get("run_id").and_then(Value::as_u64).filter(|id| *id != 0);
    id.map(|id| id.to_string())
        .ok_or_else(|| Failure::new(Kind::Upstream, "the workspace took the run but gave no run_id"))
}

/// Sends the request that starts an update. There is no token that makes it safe to send again.
fn begin_update(platform: &impl Platform, pipeline: &str, body: &Map<String, Value>) -> Result<String, Failure> {
    let path = format!("{PIPELINES}/{pipeline}/updates");
    let begun: Value = Workspace::new(platform).post(&path, body).map_err(|mut failure| {
        if is_lost(&failure) {
            failure.retryable = false;
            return failure.advise("Whether the update was started is not known: look at the pipeline's page first.");
        }
        failure
    })?;
    let id = begun.get("update_id").and_then(Value::as_str).filter(|id| !id.is_empty());
    id.map(|id| format!("{pipeline}/{id}"))
        .ok_or_else(|| Failure::new(Kind::Upstream, "the workspace took the update but gave no update_id"))
}

impl Work for RunWork {
    type State = ();
    type Answer = Seen;
    type Output = Seen;

    const NOUN: (&'static str, &'static str) = ("The run", "runs");

    fn word((): ()) -> &'static str {
        "goes on"
    }

    fn progress(&self) -> Option<Progress> {
        let seen = self.seen.borrow();
        let seen = seen.as_ref().filter(|seen| !seen.tasks.is_empty())?;
        let done = seen.tasks.iter().filter(|task| task.state.0.has_ended()).count();
        let line = format!("run {}: {done} of {} tasks done", seen.id, seen.tasks.len());
        Some(Progress { line, done: done as u32, total: seen.tasks.len() as u32 })
    }

    fn steps(&self) -> Vec<Step> {
        let seen = self.seen.borrow();
        let step = |task: &Task| Step {
            key: task.key.clone(),
            state: task.state.0.step(),
            link: task.link.clone(),
            depends_on: task.depends_on.clone(),
        };
        seen.iter().flat_map(|seen| &seen.tasks).map(step).collect()
    }

    fn is_there(&self) -> bool {
        matches!(self.source, Source::Watch)
    }

    fn start(&mut self, platform: &impl Platform) -> Result<Started<(), Seen>, Failure> {
        let (id, ours) = match &self.source {
            Source::Job { body, token } => (begin_job(platform, body, token)?, true),
            Source::Update { pipeline, body } => (begin_update(platform, pipeline, body)?, true),
            // Who only watches ends nothing.
            Source::Watch => (self.id.clone(), false),
        };
        Ok(Started { id, state: (), answer: None, ends_with_call: ours, outlives_host: ours })
    }

    fn look(&self, platform: &impl Platform, id: &str) -> Result<Look<(), Seen>, Failure> {
        let seen = see(platform, id)?;
        self.seen.replace(Some(seen.clone()));
        Ok(if seen.has_ended { Look::Ended(seen) } else { Look::Going(()) })
    }

    fn ended(&mut self, platform: &impl Platform, _id: &str, seen: Seen) -> End<Seen> {
        if seen.succeeded { End::Done(seen) } else { End::Failed(failed(platform, &seen)) }
    }

    fn ended_well(seen: &Seen) -> bool {
        seen.succeeded
    }

    fn end_request(&self, id: &str) -> Request {
        let (path, body) = match id.split_once('/') {
            Some((pipeline, _)) => (format!("{PIPELINES}/{pipeline}/stop"), json!({})),
            None => (format!("{JOBS}/runs/cancel"), json!({"run_id": id.parse::<u64>().unwrap_or_default()})),
        };
        Request { method: Method::Post, path, body: Some(body.to_string()) }
    }

    fn out_of_time(&self, id: &str, limit: Duration, _ended: Result<bool, Failure>) -> Failure {
        Failure::new(Kind::Timeout, format!("the run {id} did not end within {} s", limit.as_secs()))
    }

    fn lost(&self, id: &str, failure: Failure) -> Failure {
        if failure.kind == Kind::NotFound {
            return failure.advise("The workspace does not know this run; run_bundle gave another, or it is too old.");
        }
        failure.advise(format!("The run {id} may go on: continue with wait_for_bundle_run, do not start it again."))
    }
}

/// A run that did not end well: what its tasks said, or the pipeline's log.
fn failed(platform: &impl Platform, seen: &Seen) -> Failure {
    let mut text = format!("{}.", seen.headline());
    if let Some(message) = &seen.message {
        text.push_str(&format!(" {message}"));
    }
    if let Some((pipeline, update)) = seen.id.split_once('/') {
        text.push_str(&events(platform, pipeline, update));
    }
    let skipped = |task: &&Task| !matches!(task.state.word(), "UPSTREAM_FAILED" | "UPSTREAM_CANCELED");
    let own: Vec<&Task> = seen.tasks.iter().filter(|task| task.state.0.failed()).filter(skipped).collect();
    for task in own.iter().take(TOLD) {
        text.push_str(&format!("\n\n{}: {}", link(&task.key, task.link.as_deref()), task.state.word()));
        let id = task.run_id.to_string();
        let output = Workspace::new(platform).get::<Value>(&format!("{JOBS}/runs/get-output"), &[("run_id", &id)]);
        match output {
            Ok(output) => {
                let said = |field: &str| output.get(field).and_then(Value::as_str).filter(|said| !said.is_empty());
                text.extend(said("error").map(|error| format!("\n{}", end_of(error, ERROR_CHARS))));
                text.extend(said("error_trace").map(|trace| format!("\n```\n{}\n```", end_of(trace, TRACE_CHARS))));
            }
            Err(failure) => text.push_str(&format!("\nIts output cannot be read: {}", failure.message)),
        }
    }
    if own.len() > TOLD {
        text.push_str(&format!("\n\nand {} more tasks failed", own.len() - TOLD));
    }
    Failure::new(Kind::Failed, text)
}

fn events(platform: &impl Platform, pipeline: &str, update: &str) -> String {
    let filter = "level='ERROR'";
    let path = encode_query(&format!("{PIPELINES}/{pipeline}/events"), &[("filter", filter), ("max_results", "50")]);
    let request = Request { method: Method::Get, path, body: None };
    let events = match Workspace::new(platform).send::<Value>(&request) {
        Ok(answer) => answer.get("events").and_then(Value::as_array).cloned().unwrap_or_default(),
        Err(failure) => return format!("\n\nThe event log cannot be read: {}", failure.message),
    };
    let of_update = |event: &&Value| event.pointer("/origin/update_id").and_then(Value::as_str) == Some(update);
    let said = |event: &Value| {
        let cause = event.pointer("/error/exceptions/0/message").or_else(|| event.get("message"))?.as_str()?;
        Some(format!("\n- {}", end_of(cause, ERROR_CHARS)))
    };
    events.iter().filter(of_update).filter_map(said).take(TOLD).collect()
}
