//! A run of a job or an update of a pipeline as remote work: started or found, looked at, ended by its request.
//!
//! Its id is the run's number, or `pipeline/update`.

use std::cell::RefCell;
use std::time::Duration;

use bricklayer_databricks::job::JOBS;
use bricklayer_databricks::once::Token;
use bricklayer_databricks::run::{self, Run, first_of_run, join};
use bricklayer_databricks::show::{link, workspace_link};
use bricklayer_databricks::update::{self, PIPELINES, Update};
use bricklayer_databricks::work::{End, Look, Progress, Started, Work};
use bricklayer_sdk::{Failure, Kind, Method, Platform, Request, Step};
use serde_json::{Map, Value, json};

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
#[derive(Debug, Clone)]
pub(super) enum Seen {
    Run(Run),
    Update(Update),
}

impl Seen {
    pub(super) fn id(&self) -> String {
        match self {
            Self::Run(run) => run.run_id.to_string(),
            Self::Update(update) => format!("{}/{}", update.pipeline_id, update.update_id),
        }
    }

    /// SUCCESS, RUNNING, COMPLETED and so on.
    pub(super) fn word(&self) -> &str {
        match self {
            Self::Run(run) => run.state.word(),
            Self::Update(update) => &update.state,
        }
    }

    pub(super) fn has_ended(&self) -> bool {
        match self {
            Self::Run(run) => run.state.has_ended(),
            Self::Update(update) => update.has_ended(),
        }
    }

    fn succeeded(&self) -> bool {
        match self {
            Self::Run(run) => run.state.succeeded(),
            Self::Update(update) => update.state == "COMPLETED",
        }
    }

    pub(super) fn link(&self, platform: &impl Platform) -> Option<String> {
        match self {
            Self::Run(run) => run.run_page_url.clone(),
            Self::Update(Update { pipeline_id, update_id, .. }) => {
                workspace_link(platform, &format!("/pipelines/{pipeline_id}/updates/{update_id}"))
            }
        }
    }

    pub(super) fn tasks(&self) -> Vec<&run::Task> {
        match self {
            Self::Run(run) => run.newest(),
            Self::Update(_) => Vec::new(),
        }
    }

    /// Where it stands, with its page.
    pub(super) fn headline(&self, platform: &impl Platform) -> String {
        let what = if matches!(self, Self::Run(_)) { "The run" } else { "The update" };
        let page = self.link(platform);
        format!("{} is {}", link(&format!("{what} {}", self.id()), page.as_deref()), self.word())
    }
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
    let mut run = first_of_run(platform, id)?;
    join(platform, &mut run)?;
    Ok(Seen::Run(run))
}

fn see_update(platform: &impl Platform, pipeline: &str, update: &str) -> Result<Seen, Failure> {
    let found = update::update(platform, pipeline, update)?;
    // They are those that were asked for, whatever the answer repeats of them.
    let (pipeline_id, update_id) = (pipeline.to_owned(), update.to_owned());
    Ok(Seen::Update(Update { pipeline_id, update_id, ..found }))
}

/// Sends the request that starts a job.
fn begin_job(platform: &impl Platform, body: &Map<String, Value>, token: &Token) -> Result<String, Failure> {
    let mut sent = body.clone();
    sent.insert("idempotency_token".to_owned(), json!(token.text));
    Ok(run::begin(platform, &format!("{JOBS}/run-now"), &sent, Some(token))?.to_string())
}

/// Sends the request that starts an update.
fn begin_update(platform: &impl Platform, pipeline: &str, body: &Map<String, Value>) -> Result<String, Failure> {
    Ok(format!("{pipeline}/{}", update::begin(platform, pipeline, body)?))
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
        let Some(Seen::Run(run)) = seen.as_ref().filter(|seen| !seen.tasks().is_empty()) else { return None };
        let (done, total) = run.ended_of();
        Some(Progress { line: format!("run {}: {done} of {total} tasks done", run.run_id), done, total })
    }

    fn steps(&self) -> Vec<Step> {
        match &*self.seen.borrow() {
            Some(Seen::Run(run)) => run.steps(),
            Some(Seen::Update(_)) | None => Vec::new(),
        }
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
        Ok(if seen.has_ended() { Look::Ended(seen) } else { Look::Going(()) })
    }

    fn ended(&mut self, platform: &impl Platform, _id: &str, seen: Seen) -> End<Seen> {
        if seen.succeeded() { End::Done(seen) } else { End::Failed(failed(platform, &seen)) }
    }

    fn ended_well(seen: &Seen) -> bool {
        seen.succeeded()
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
    let why = match seen {
        Seen::Run(run) => run::why(platform, run),
        Seen::Update(update) => update::errors(platform, update),
    };
    Failure::new(Kind::Failed, format!("{}.{why}", seen.headline(platform)))
}
