//! A run as remote work: started or found, looked at task by task, ended by its cancel request.

use std::cell::RefCell;
use std::time::Duration;

use bricklayer_databricks::once::Token;
use bricklayer_databricks::run::{begin, why};
use bricklayer_databricks::work::{Continued, End, Job, Look, Outcome, Progress, Started, Work, run_one, until};
use bricklayer_sdk::{Deadline, Failure, Kind, Method, Platform, Request, Step, Workspace};
use serde_json::{Map, Value, json};

use crate::show;
use crate::types;
use crate::wire::{JOBS, Run, first_of_run, join, of_job, of_run};

/// How long a call waits that goes on with one that was lost with its host.
const CONTINUED_WAIT_SECONDS: u32 = 600;

/// Where a run comes from.
#[derive(Debug, Clone)]
enum Source {
    /// A request that starts one; it holds a token, so that sending it again starts no second run.
    Start { path: String, body: Map<String, Value>, token: Option<Token> },
    /// A request that runs parts of it again, whose answer names no new run.
    Repair { id: u64, body: Map<String, Value> },
    /// It is there.
    Watch { id: u64 },
}

/// A run to bring to its end.
#[derive(Debug, Clone)]
pub(crate) struct RunWork {
    source: Source,
    /// What the last look showed.
    seen: RefCell<Option<Run>>,
}

impl RunWork {
    const fn new(source: Source) -> Self {
        Self { source, seen: RefCell::new(None) }
    }

    /// A run that a request starts: `run-now` or `runs/submit`.
    pub(crate) fn start(
        platform: &impl Platform,
        path: &str,
        mut body: Map<String, Value>,
        token: Option<String>,
    ) -> Self {
        let path = format!("{JOBS}/{path}");
        let (given, token) = match token {
            Some(given) => (given, None),
            None => {
                let token = Token::of(platform, &path, &body);
                (token.text.clone(), Some(token))
            }
        };
        body.insert("idempotency_token".to_owned(), json!(given));
        Self::new(Source::Start { path, body, token })
    }

    /// A run parts of which are run again.
    pub(crate) const fn repair(id: u64, body: Map<String, Value>) -> Self {
        Self::new(Source::Repair { id, body })
    }

    /// A run that is there.
    pub(crate) const fn watch(id: u64) -> Self {
        Self::new(Source::Watch { id })
    }
}

impl Work for RunWork {
    type State = ();
    type Answer = Run;
    type Output = Run;

    const NOUN: (&'static str, &'static str) = ("Run", "runs");

    fn word((): ()) -> &'static str {
        "under way"
    }

    fn id_argument(id: &str) -> Value {
        id.parse::<u64>().map_or_else(|_| id.into(), Value::from)
    }

    fn progress(&self) -> Option<Progress> {
        let seen = self.seen.borrow();
        let run = seen.as_ref()?;
        let (done, total) = run.ended_of();
        Some(Progress { line: show::progress(run), done, total })
    }

    fn steps(&self) -> Vec<Step> {
        self.seen.borrow().iter().flat_map(Run::steps).collect()
    }

    fn is_there(&self) -> bool {
        matches!(self.source, Source::Watch { .. })
    }

    fn start(&mut self, platform: &impl Platform) -> Result<Started<(), Run>, Failure> {
        let (id, ours) = match &self.source {
            Source::Start { path, body, token } => (begin(platform, path, body, token.as_ref()).map_err(of_job)?, true),
            Source::Repair { id, body } => {
                Workspace::new(platform).post::<Value>(&format!("{JOBS}/runs/repair"), body).map_err(of_run)?;
                (*id, true)
            }
            // Who only watches ends nothing.
            Source::Watch { id } => (*id, false),
        };
        Ok(Started { id: id.to_string(), state: (), answer: None, ends_with_call: ours, outlives_host: ours })
    }

    fn look(&self, platform: &impl Platform, id: &str) -> Result<Look<(), Run>, Failure> {
        let mut run = first_of_run(platform, id)?;
        let has_ended = run.state.has_ended();
        if has_ended {
            join(platform, &mut run)?;
        }
        self.seen.replace(Some(run.clone()));
        Ok(if has_ended { Look::Ended(run) } else { Look::Going(()) })
    }

    fn ended(&mut self, platform: &impl Platform, _id: &str, run: Run) -> End<Run> {
        if run.state.succeeded() { End::Done(run) } else { End::Failed(failed(platform, &run)) }
    }

    fn ended_well(run: &Run) -> bool {
        run.state.succeeded()
    }

    fn end_request(&self, id: &str) -> Request {
        let body = json!({"run_id": Self::id_argument(id)}).to_string();
        Request { method: Method::Post, path: format!("{JOBS}/runs/cancel"), body: Some(body) }
    }

    fn out_of_time(&self, id: &str, limit: Duration, _ended: Result<bool, Failure>) -> Failure {
        Failure::new(Kind::Timeout, format!("the run {id} did not end within {} s", limit.as_secs()))
    }

    fn lost(&self, id: &str, failure: Failure) -> Failure {
        if failure.kind == Kind::NotFound {
            return of_run(failure);
        }
        failure.advise(format!("The run {id} may go on: continue with wait_for_run, do not start it again."))
    }
}

/// Starts or watches a run for some time, and says where it stands.
pub(crate) fn bring(platform: &impl Platform, mut work: RunWork, wait: Duration) -> Result<types::Run, Failure> {
    let watches = work.is_there();
    let arguments = Map::from_iter([("wait_seconds".to_owned(), json!(CONTINUED_WAIT_SECONDS))]);
    let continued = Continued {
        tool: "wait_for_run",
        id_argument: "run_id",
        arguments,
        remembered: None,
        said: None,
        stands: false,
    };
    if wait.is_zero() && !watches {
        let started = work.start(platform)?;
        let goes_on = |failure: Failure| failure.doing(format!("the run {} was started", started.id));
        // Whoever ends it later sends what would have ended it with this call.
        let ends = platform.register_cleanup(&work.end_request(&started.id));
        let mut run = first_of_run(platform, &started.id).map_err(goes_on)?;
        join(platform, &mut run)?;
        if !run.state.has_ended() {
            continued.hand_back(platform, RunWork::id_argument(&started.id));
        }
        if let Some(ends) = ends {
            platform.withdraw_cleanup(ends);
        }
        let next = format!("It is not waited for: use wait_for_run (run_id {}).", run.run_id);
        let text = format!("{}.\n\n{}", show::headline(&run), if run.state.has_ended() { String::new() } else { next });
        return Ok(show::run(&run, text.trim_end().to_owned()));
    }
    let until = until(platform).min(Deadline::after(platform, wait));
    let finished = run_one(platform, Job { work, limit: None, continued: Some(continued) }, until);
    match finished.outcome {
        Outcome::Done(run) => {
            let text = format!("{}.\n\n{}", show::headline(&run), show::tasks(&run));
            Ok(show::run(&run, text))
        }
        Outcome::Failed(failure) => Err(failure),
        Outcome::NotStarted => {
            Err(Failure::new(Kind::Timeout, "no time was left to start the run; it was not started").retryable())
        }
        Outcome::Unfinished(()) => {
            let id = finished.id.unwrap_or_default();
            let mut run = first_of_run(platform, &id).map_err(of_run)?;
            join(platform, &mut run)?;
            let text = format!(
                "{}. It goes on at the workspace: do not start it again, continue with wait_for_run (run_id {id}), or end it with cancel_run.\n\n{}",
                show::headline(&run),
                show::tasks(&run)
            );
            Ok(show::run(&run, text))
        }
    }
}

/// A run that did not end well: which tasks, what they said, and what to do about it.
fn failed(platform: &impl Platform, run: &Run) -> Failure {
    let text = format!("{}.{}", show::headline(run), why(platform, run));
    let advice = match run.state.result_state.as_deref() {
        Some("CANCELED") => "The run was canceled; start it again only when the user wants that.",
        Some("MAXIMUM_CONCURRENT_RUNS_REACHED") => {
            "The job already runs as often as its max_concurrent_runs allows: wait for the others (list_runs with active_only), or enable its queue."
        }
        _ => "When the cause is mended, repair_run runs the failed tasks again and keeps what succeeded.",
    };
    Failure::new(Kind::Failed, text).advise(format!("\n{advice}"))
}

#[cfg(test)]
mod tests;
