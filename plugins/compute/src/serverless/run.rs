//! The run of a piece of code, as remote work.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use bricklayer_databricks::chance;
use bricklayer_databricks::run_state::State;
use bricklayer_databricks::work::{End, Look, Started, Work};
use bricklayer_sdk::{Failure, Kind, Method, Platform, Request, Workspace};
use serde::Deserialize;
use serde_json::{Value, json};

use super::left;
use super::notebook::Notebook;
use crate::command::with_trace;
use crate::output::Output;

/// Where runs live.
const RUNS: &str = "/api/2.2/jobs/runs";

/// What a run is called at the workspace.
const RUN_NAME: &str = "Code of a conversation";

/// A run of code.
#[derive(Debug, Clone)]
pub(crate) struct CodeRun {
    pub(crate) source: Source,
    /// Where a person sees it, once that is known.
    pub(crate) page: Rc<RefCell<Option<String>>>,
}

#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// A notebook to run, for so many seconds at most.
    Start { notebook: Notebook, limit: u32 },
    /// One that was begun earlier.
    Continue { id: u64 },
}

#[derive(Debug, Deserialize)]
struct Begun {
    #[serde(default)]
    run_id: u64,
}

/// The run as the workspace has it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Run {
    state: State,
    run_page_url: Option<String>,
    tasks: Vec<Task>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Task {
    run_id: u64,
    state: State,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Told {
    notebook_output: Option<NotebookOutput>,
    error: Option<String>,
    error_trace: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct NotebookOutput {
    result: Option<String>,
    truncated: bool,
}

impl CodeRun {
    pub(crate) fn new(source: Source) -> Self {
        Self { source, page: Rc::default() }
    }
}

fn submit(platform: &impl Platform, notebook: &Notebook, limit: u32) -> Result<u64, Failure> {
    // Without a cluster it runs serverless; the token keeps a repeat from starting a second run.
    let body = json!({
        "run_name": RUN_NAME,
        "timeout_seconds": limit,
        "idempotency_token": chance::token(),
        "tasks": [{"task_key": "code", "notebook_task": {"notebook_path": notebook.path}}],
    });
    let workspace = Workspace::new(platform);
    let path = format!("{RUNS}/submit");
    // The request may have arrived although its answer did not.
    let lost = |failure: &Failure| matches!(failure.kind, Kind::Timeout | Kind::Upstream);
    let begun: Begun = match workspace.post(&path, &body) {
        Err(failure) if lost(&failure) => workspace.post(&path, &body),
        answered => answered,
    }
    .map_err(|failure| {
        if !lost(&failure) {
            return failure;
        }
        let mut failure = failure
            .advise("Whether the code was started is not known: look at what it changes before sending it again.");
        failure.retryable = false;
        failure
    })?;
    match begun.run_id {
        0 => Err(Failure::new(Kind::Upstream, "the workspace took the run but gave no run_id")),
        id => Ok(id),
    }
}

impl Work for CodeRun {
    type State = &'static str;
    type Answer = Run;
    type Output = Output;

    const NOUN: (&'static str, &'static str) = ("Code", "pieces of code");

    fn word(state: &'static str) -> &'static str {
        state
    }

    fn id_argument(id: &str) -> Value {
        id.parse::<u64>().map_or_else(|_| id.into(), Value::from)
    }

    fn is_there(&self) -> bool {
        matches!(self.source, Source::Continue { .. })
    }

    fn start(&mut self, platform: &impl Platform) -> Result<Started<&'static str, Run>, Failure> {
        let (id, ours) = match &self.source {
            Source::Continue { id } => (*id, false),
            Source::Start { notebook, limit } => {
                let id = submit(platform, notebook, *limit)?;
                notebook.remember(platform, Some(&id.to_string()));
                (id, true)
            }
        };
        let state = "waiting for serverless compute";
        Ok(Started { id: id.to_string(), state, answer: None, ends_with_call: ours, outlives_host: ours })
    }

    fn look(&self, platform: &impl Platform, id: &str) -> Result<Look<&'static str, Run>, Failure> {
        let run: Run = Workspace::new(platform).get(&format!("{RUNS}/get"), &[("run_id", id)])?;
        if run.run_page_url.is_some() {
            self.page.replace(run.run_page_url.clone());
        }
        if run.state.has_ended() {
            return Ok(Look::Ended(run));
        }
        let is_running = |state: &State| matches!(state.life_cycle_state.as_str(), "RUNNING" | "TERMINATING");
        let runs = run.tasks.first().map_or_else(|| is_running(&run.state), |task| is_running(&task.state));
        Ok(Look::Going(if runs { "running" } else { "waiting for serverless compute" }))
    }

    fn ended(&mut self, platform: &impl Platform, _id: &str, run: Run) -> End<Output> {
        match result(platform, &run) {
            Ok(output) => End::Done(output),
            Err(failure) => End::Failed(failure),
        }
    }

    fn ended_well(run: &Run) -> bool {
        run.state.succeeded()
    }

    fn end_request(&self, id: &str) -> Request {
        let body = json!({"run_id": Self::id_argument(id)}).to_string();
        Request { method: Method::Post, path: format!("{RUNS}/cancel"), body: Some(body) }
    }

    fn out_of_time(&self, id: &str, limit: Duration, _ended: Result<bool, Failure>) -> Failure {
        Failure::new(Kind::Timeout, format!("the run {id} did not end within {} s", limit.as_secs()))
    }

    fn lost(&self, id: &str, failure: Failure) -> Failure {
        if failure.kind == Kind::NotFound {
            return failure
                .advise("The workspace knows no such run; execute_code gives the run_id of one that goes on.");
        }
        failure.advise(format!("The run {id} may go on: continue with get_code_run, do not send the code again."))
    }
}

/// What the run left.
fn result(platform: &impl Platform, run: &Run) -> Result<Output, Failure> {
    let said = |state: &State| state.state_message.clone().filter(|text| !text.is_empty());
    let task = run.tasks.first();
    let told: Told = match task {
        Some(task) => {
            let id = task.run_id.to_string();
            let told = Workspace::new(platform).get(&format!("{RUNS}/get-output"), &[("run_id", id.as_str())]);
            told.map_err(|failure| failure.doing("the code has ended, but what it left cannot be read"))?
        }
        None => Told::default(),
    };
    if run.state.succeeded() {
        let NotebookOutput { result, truncated } = told.notebook_output.unwrap_or_default();
        return left::read(platform, &result.unwrap_or_default(), truncated);
    }
    let message = task.and_then(|task| said(&task.state)).or_else(|| said(&run.state)).unwrap_or_default();
    let (kind, text) = match run.state.result_state.as_deref() {
        Some("TIMEDOUT") => {
            (Kind::Timeout, format!("the code took longer than its timeout_seconds and was ended. {message}"))
        }
        Some("CANCELED" | "UPSTREAM_CANCELED") => (Kind::Failed, format!("the run was canceled. {message}")),
        _ => {
            let error = told.error.filter(|error| !error.is_empty());
            (Kind::Failed, with_trace(&error.unwrap_or(message), told.error_trace.as_deref().unwrap_or_default()))
        }
    };
    Err(Failure::new(kind, text))
}
