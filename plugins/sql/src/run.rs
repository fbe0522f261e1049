//! Statements from start to end: sent, polled, bounded in time, their rows fetched. One at a time or side by side.
//!
//! A statement is sent with `wait_timeout` 0s, so that its id and its cancel request are known to the host before
//! anything can cut the call off, and asked for at once; a quick one costs two requests.

use std::time::Duration;

use bricklayer_sdk::{
    Backoff, CleanupHandle, Deadline, Failure, Kind, LogLevel, Method, Platform, Workspace, encode_segment,
};
use serde_json::{Value, json};

use crate::advice;
use crate::api::{Answer, Chunk, Column, MAX_CELL_BYTES, Row, State, Submit, row_bytes};
use crate::effect::{Effect, of_statement};
use crate::handed_back::Continued;

/// Where statements live.
pub(crate) const STATEMENTS: &str = "/api/2.0/sql/statements";

/// Polls in a row that may fail before the call gives up asking; the statement itself goes on.
const MAX_FAILED_POLLS: u32 = 8;

/// How long a canceled statement is watched for its end.
const CANCEL_WATCH: Duration = Duration::from_secs(3);

/// From when on the user sees progress; quicker statements need none.
const PROGRESS_AFTER: Duration = Duration::from_secs(1);

/// Begins the message of a result too large for inline delivery; clients match these words.
const INLINE_LIMIT: &str = "Inline byte limit exceeded";

/// What a job starts from.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// A statement to send.
    Send(Box<Submit>),
    /// A statement sent earlier.
    Continue {
        /// Its id.
        id: String,
        /// Whether an earlier call of ours sent it: then it is canceled when this call is cut off, as that one's
        /// would have been.
        ours: bool,
    },
}

/// One statement to bring to its end.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) source: Source,
    /// Rows to keep.
    pub(crate) keep_rows: usize,
    /// How long it may run before it is canceled at the workspace.
    pub(crate) limit: Option<Duration>,
    /// How another call continues it should this one be lost with its host; none when none could.
    pub(crate) continued: Option<Continued>,
}

/// The rows of a statement that ended well.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Rows {
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Row>,
    /// Rows of the whole result, when the workspace counted them without a limit of ours.
    pub(crate) total: Option<u64>,
    /// Whether there are more rows than these.
    pub(crate) truncated: bool,
}

/// How a job ended.
#[derive(Debug, Clone)]
pub(crate) enum Outcome {
    /// With rows, or as a statement without any.
    Done(Rows),
    /// With an error.
    Failed(Failure),
    /// Not at all: it goes on at the workspace.
    Unfinished(State),
    /// It was never sent.
    NotStarted,
}

/// A job and what became of it.
#[derive(Debug, Clone)]
pub(crate) struct Finished {
    /// The statement's id, once it was sent.
    pub(crate) id: Option<String>,
    pub(crate) outcome: Outcome,
    pub(crate) took: Duration,
    /// Whether it is remembered for the call that continues it.
    pub(crate) remembered: bool,
}

/// How jobs are run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// Most statements at the workspace at once.
    pub(crate) max_parallel: usize,
    /// When this call stops waiting.
    pub(crate) until: Deadline,
    /// Whether a failure keeps further jobs from starting; running ones are brought to their end.
    pub(crate) stop_at_error: bool,
}

/// Runs jobs in order, up to `max_parallel` side by side; one result per job, in their order.
pub(crate) fn run(platform: &impl Platform, jobs: &[Job], plan: Plan) -> Vec<Finished> {
    let mut results: Vec<Option<Finished>> = jobs.iter().map(|_| None).collect();
    let mut waiting = jobs.iter().enumerate().peekable();
    let mut running: Vec<(usize, Statement<'_>)> = Vec::new();
    let mut backoff = Backoff::default();
    let mut stopped = false;
    let began = platform.now();
    let settle = |results: &mut Vec<Option<Finished>>, i: usize, finished: Finished| {
        if let Some(slot) = results.get_mut(i) {
            *slot = Some(finished);
        }
    };
    loop {
        while !stopped && running.len() < plan.max_parallel.max(1) {
            // A statement that is there already is looked at once, even by a call that does not wait.
            let late = plan.until.passed(platform);
            let Some((i, job)) = waiting.next_if(|(_, job)| !late || matches!(job.source, Source::Continue { .. }))
            else {
                break;
            };
            backoff = Backoff::default();
            match Statement::start(platform, job) {
                Ok(statement) => running.push((i, statement)),
                Err(finished) => {
                    stopped |= plan.stop_at_error && matches!(finished.outcome, Outcome::Failed(_));
                    settle(&mut results, i, finished);
                }
            }
        }
        if running.is_empty() {
            break;
        }
        let mut still = Vec::new();
        for (i, mut statement) in running {
            match statement.step(platform) {
                Some(finished) => {
                    stopped |= plan.stop_at_error && matches!(finished.outcome, Outcome::Failed(_));
                    settle(&mut results, i, finished);
                }
                None => still.push((i, statement)),
            }
        }
        running = still;
        if plan.until.passed(platform) {
            for (i, statement) in running.drain(..) {
                settle(&mut results, i, statement.hand_back(platform));
            }
        } else if !running.is_empty() {
            report(platform, &results, &running, jobs.len(), began);
            // A statement's limit is kept to the moment, however long the pauses have become.
            let wake = running.iter().filter_map(|(_, statement)| statement.limit).fold(plan.until, Deadline::min);
            backoff.pause(platform, wake);
        }
    }
    let not_started = || Finished { id: None, outcome: Outcome::NotStarted, took: Duration::ZERO, remembered: false };
    results.into_iter().map(|result| result.unwrap_or_else(not_started)).collect()
}

fn report(
    platform: &impl Platform,
    results: &[Option<Finished>],
    running: &[(usize, Statement<'_>)],
    all: usize,
    began: Duration,
) {
    let elapsed = platform.now().saturating_sub(began);
    if elapsed < PROGRESS_AFTER {
        return;
    }
    let seconds = elapsed.as_secs();
    if all == 1 {
        let state = running.first().map_or("running", |(_, statement)| statement.state.word());
        platform.progress(&format!("Statement {state}, {seconds} s"), None, None);
    } else {
        let done = results.iter().flatten().count();
        let line = format!("{done} of {all} statements done, {} running, {seconds} s", running.len());
        #[expect(clippy::cast_precision_loss, reason = "a number of statements is small")]
        platform.progress(&line, Some(done as f64), Some(all as f64));
    }
}

/// A statement at the workspace.
struct Statement<'a> {
    job: &'a Job,
    id: String,
    state: State,
    /// An answer that has not been looked at.
    answer: Option<Answer>,
    started: Duration,
    limit: Option<Deadline>,
    cleanup: Option<CleanupHandle>,
    failed_polls: u32,
    /// Set when it was sent again with a row limit, because its result was too large for inline delivery.
    limited: bool,
    /// Whether the host knows how it is continued.
    offered: bool,
    /// What it is remembered by until it has ended.
    key: Option<String>,
}

impl<'a> Statement<'a> {
    fn start<P: Platform>(platform: &P, job: &'a Job) -> Result<Self, Finished> {
        let started = platform.now();
        let mut statement = Self {
            job,
            id: String::new(),
            state: State::Pending,
            answer: None,
            started,
            limit: job.limit.map(|limit| Deadline::after(platform, limit)),
            cleanup: None,
            failed_polls: 0,
            limited: false,
            offered: false,
            key: None,
        };
        match &job.source {
            Source::Continue { id, ours } => {
                id.clone_into(&mut statement.id);
                if *ours {
                    statement.cleanup = platform.register_cleanup(Method::Post, &path(id, "/cancel"));
                    statement.offer(platform);
                }
            }
            Source::Send(submit) => {
                if let Err(failure) = statement.send(platform, submit) {
                    return Err(statement.end(platform, Outcome::Failed(failure)));
                }
            }
        }
        Ok(statement)
    }

    fn send(&mut self, platform: &impl Platform, submit: &Submit) -> Result<(), Failure> {
        let answer: Answer = Workspace::new(platform).post(STATEMENTS, submit).map_err(|failure| {
            let failure = advice::refused(failure, submit);
            // The request may have arrived although its answer did not.
            let unknown = matches!(failure.kind, Kind::Timeout | Kind::Upstream);
            if unknown && of_statement(&submit.statement) != Effect::Reads {
                let mut failure = failure.advise(
                    "Whether the statement was started is not known: look at the data before sending it again.",
                );
                failure.retryable = false;
                failure
            } else {
                failure
            }
        })?;
        if answer.statement_id.is_empty() {
            return Err(Failure::new(Kind::Upstream, "the workspace took the statement but gave no statement_id"));
        }
        self.id.clone_from(&answer.statement_id);
        self.state = answer.status.state;
        if self.state.has_ended() {
            self.answer = Some(answer);
        } else {
            self.cleanup = platform.register_cleanup(Method::Post, &path(&self.id, "/cancel"));
            // What changes something must not be lost from here on; what reads can be sent again.
            if of_statement(&submit.statement) != Effect::Reads {
                self.offer(platform);
            }
        }
        Ok(())
    }

    /// Says how another call brings it to its end.
    fn offer(&mut self, platform: &impl Platform) {
        if let Some(continued) = &self.job.continued
            && !self.offered
        {
            let limit = self.job.limit.map(|limit| limit.saturating_sub(platform.now().saturating_sub(self.started)));
            self.key = continued.offer(platform, &self.id, limit);
            self.offered = true;
        }
    }

    /// Looks once; the end when it has ended.
    fn step<P: Platform>(&mut self, platform: &P) -> Option<Finished> {
        let answer = match self.answer.take() {
            Some(answer) => answer,
            None => match Workspace::new(platform).get::<Answer>(&path(&self.id, ""), &[]) {
                Ok(answer) => {
                    self.failed_polls = 0;
                    answer
                }
                Err(failure) => return self.poll_failed(platform, failure),
            },
        };
        self.state = answer.status.state;
        if self.state.has_ended() {
            return self.ended(platform, answer);
        }
        if self.limit.is_some_and(|limit| limit.passed(platform)) {
            return Some(self.time_out(platform));
        }
        None
    }

    /// A poll that fails says nothing about the statement: ask again, a few times.
    fn poll_failed(&mut self, platform: &impl Platform, failure: Failure) -> Option<Finished> {
        if failure.kind == Kind::LimitExceeded && self.is_unlimited_read() {
            // The answer, with its rows, is larger than a call may read.
            return match self.send_limited(platform) {
                Ok(()) => None,
                Err(failure) => Some(self.end(platform, Outcome::Failed(failure))),
            };
        }
        self.failed_polls += 1;
        if failure.retryable && self.failed_polls < MAX_FAILED_POLLS {
            platform.log(LogLevel::Warn, "asking for a statement's state failed, asking again");
            return None;
        }
        let failure = if failure.kind == Kind::NotFound {
            failure.advise(
                "The workspace does not know this statement_id (any more): ids are kept for about twelve hours.",
            )
        } else {
            failure.advise(format!(
                "The statement {} may still run: continue with get_statement, do not send it again.",
                self.id
            ))
        };
        Some(self.end(platform, Outcome::Failed(failure)))
    }

    fn ended<P: Platform>(&mut self, platform: &P, answer: Answer) -> Option<Finished> {
        match answer.status.state {
            State::Succeeded => {
                let limited = self.limited || self.row_limit().is_some();
                let outcome = match fetch(platform, &self.id, answer, self.job.keep_rows, limited) {
                    Ok(rows) => Outcome::Done(rows),
                    Err(failure) => Outcome::Failed(failure.advise(format!(
                        "The statement itself succeeded; get_statement with {} fetches its rows again.",
                        self.id
                    ))),
                };
                Some(self.end(platform, outcome))
            }
            State::Failed if Self::is_too_large(&answer) && self.is_unlimited_read() => {
                match self.send_limited(platform) {
                    Ok(()) => None,
                    Err(failure) => Some(self.end(platform, Outcome::Failed(failure))),
                }
            }
            state => {
                let submit = match &self.job.source {
                    Source::Send(submit) => Some(&**submit),
                    Source::Continue { .. } => None,
                };
                let failure = advice::ended_badly(platform, state, answer.status.error.as_ref(), &self.id, submit);
                Some(self.end(platform, Outcome::Failed(failure)))
            }
        }
    }

    fn row_limit(&self) -> Option<u32> {
        match &self.job.source {
            Source::Send(submit) => submit.row_limit,
            Source::Continue { .. } => None,
        }
    }

    /// Whether it failed only because its result has more than the 25 MiB that inline delivery carries.
    fn is_too_large(answer: &Answer) -> bool {
        let message = answer.status.error.as_ref().and_then(|error| error.message.as_deref());
        message.is_some_and(|message| message.contains(INLINE_LIMIT))
    }

    /// Whether it can be sent once more with a row limit: a read, so that nothing happens twice.
    fn is_unlimited_read(&self) -> bool {
        let Source::Send(submit) = &self.job.source else { return false };
        !self.limited && submit.row_limit.is_none() && of_statement(&submit.statement) == Effect::Reads
    }

    fn send_limited(&mut self, platform: &impl Platform) -> Result<(), Failure> {
        let Source::Send(submit) = &self.job.source else { return Ok(()) };
        platform.progress("The result is too large to be delivered whole; running again with a row limit", None, None);
        self.withdraw(platform);
        self.limited = true;
        self.offered = false;
        self.forget(platform);
        let mut submit = submit.clone();
        submit.row_limit = u32::try_from(self.job.keep_rows).ok();
        self.send(platform, &submit)
    }

    fn time_out<P: Platform>(&mut self, platform: &P) -> Finished {
        let seconds = self.job.limit.unwrap_or_default().as_secs();
        let id = self.id.clone();
        match cancel(platform, &id) {
            Ok(answer) if answer.status.state == State::Succeeded => {
                // It ended in the moment it was to be canceled.
                let outcome = fetch(platform, &id, answer, self.job.keep_rows, self.row_limit().is_some())
                    .map_or_else(Outcome::Failed, Outcome::Done);
                self.end(platform, outcome)
            }
            Ok(answer) => {
                let now = if answer.status.state.has_ended() { "was canceled" } else { "is being canceled" };
                let failure = Failure::new(
                    Kind::Timeout,
                    format!(
                        "the statement {id} did not end within {seconds} s and {now} at the workspace. Narrow it down (WHERE, fewer columns, a smaller sample) or give it more time with timeout_seconds."
                    ),
                );
                self.end(platform, Outcome::Failed(failure))
            }
            Err(failure) => {
                let failure = Failure::new(
                    Kind::Timeout,
                    format!(
                        "the statement {id} did not end within {seconds} s, and canceling it failed: {}. It may still run: use cancel_statement.",
                        failure.message
                    ),
                );
                self.end(platform, Outcome::Failed(failure))
            }
        }
    }

    /// The call's time is over: the statement goes on and the caller gets its id.
    fn hand_back(mut self, platform: &impl Platform) -> Finished {
        let state = self.state;
        self.end(platform, Outcome::Unfinished(state))
    }

    fn end(&mut self, platform: &impl Platform, outcome: Outcome) -> Finished {
        self.withdraw(platform);
        if !matches!(outcome, Outcome::Unfinished(_)) {
            self.forget(platform);
        }
        Finished {
            id: (!self.id.is_empty()).then(|| self.id.clone()),
            outcome,
            took: platform.now().saturating_sub(self.started),
            remembered: self.key.is_some(),
        }
    }

    fn forget(&mut self, platform: &impl Platform) {
        if let Some(key) = self.key.take() {
            platform.state_delete(&key);
        }
    }

    fn withdraw(&mut self, platform: &impl Platform) {
        if let Some(handle) = self.cleanup.take() {
            platform.withdraw_cleanup(handle);
        }
    }
}

fn path(id: &str, rest: &str) -> String {
    format!("{STATEMENTS}/{}{rest}", encode_segment(id))
}

/// Asks the workspace to cancel, and watches shortly for the end.
///
/// # Errors
/// When the cancel request was refused or nothing could be learned about the statement afterwards.
pub(crate) fn cancel(platform: &impl Platform, id: &str) -> Result<Answer, Failure> {
    let workspace = Workspace::new(platform);
    workspace.post::<Value>(&path(id, "/cancel"), &json!({}))?;
    let watch = Deadline::after(platform, CANCEL_WATCH);
    let mut backoff = Backoff::default();
    loop {
        let answer: Answer = workspace.get(&path(id, ""), &[])?;
        if answer.status.state.has_ended() || watch.passed(platform) {
            return Ok(answer);
        }
        backoff.pause(platform, watch);
    }
}

/// The rows of an answer and of the chunks behind it, up to `keep_rows` and [`MAX_CELL_BYTES`].
fn fetch<P: Platform>(
    platform: &P,
    id: &str,
    answer: Answer,
    keep_rows: usize,
    limited: bool,
) -> Result<Rows, Failure> {
    let manifest = answer.manifest.unwrap_or_default();
    let counted = manifest.total_row_count;
    let mut rows = Rows { columns: manifest.schema.columns, truncated: manifest.truncated, ..Rows::default() };
    let mut chunk = answer.result.unwrap_or_default();
    let mut bytes = 0_usize;
    loop {
        rows.truncated |= chunk.data_array.capped;
        for row in chunk.data_array.rows {
            bytes = bytes.saturating_add(row_bytes(&row));
            if rows.rows.len() >= keep_rows || (bytes > MAX_CELL_BYTES && !rows.rows.is_empty()) {
                rows.truncated = true;
                break;
            }
            rows.rows.push(row);
        }
        let Some(next) = chunk.next_chunk_index else { break };
        if rows.rows.len() >= keep_rows || bytes > MAX_CELL_BYTES {
            rows.truncated = true;
            break;
        }
        let all = counted.map(|n| n as f64);
        platform.progress(&format!("Fetching rows: {} so far", rows.rows.len()), Some(rows.rows.len() as f64), all);
        chunk = Workspace::new(platform).get::<Chunk>(&path(id, &format!("/result/chunks/{next}")), &[])?;
    }
    // With a limit of ours the count ends at the limit and says nothing about the whole.
    rows.total = if limited && manifest.truncated {
        None
    } else {
        counted.or((!rows.truncated).then_some(rows.rows.len() as u64))
    };
    rows.truncated |= rows.total.is_some_and(|total| total > rows.rows.len() as u64);
    Ok(rows)
}
