//! Remote work from its start to its end: started, looked at with growing pauses, bounded in time, ended when it has to
//! be, and handed back when the call must end before it does. One piece, or several side by side.
//!
//! Work is started so that its id, and with it the request that ends it, is known to the host before anything can cut
//! the call off: so a stopped call leaves nothing running that nobody knows of.

use std::time::Duration;

use bricklayer_sdk::{Backoff, CleanupHandle, Deadline, Failure, LogLevel, Platform, Request, Step, Workspace};
use serde_json::{Map, Value};

use crate::handed_back;

/// Looks in a row that may fail before the call gives up; the work itself goes on.
const MAX_FAILED_LOOKS: u32 = 8;

/// How long work that was told to end is watched for its end.
const CANCEL_WATCH: Duration = Duration::from_secs(3);

/// From when on the user sees progress; quicker work needs none.
const PROGRESS_AFTER: Duration = Duration::from_secs(1);

/// Before the host ends the call, this much is left for handing back.
const HAND_BACK_MARGIN: Duration = Duration::from_secs(5);

/// One kind of remote work: a statement, a run of a job, an update of a pipeline. A value is one piece of it.
pub trait Work {
    /// Where a piece stands while it goes on.
    type State: Copy;
    /// What the workspace says of a piece that has ended.
    type Answer;
    /// What a piece that ended well leaves.
    type Output;

    /// What a piece is called, and several of them.
    const NOUN: (&'static str, &'static str);

    /// A state in words: `running`, `waiting for the warehouse`.
    fn word(state: Self::State) -> &'static str;

    /// An id as tools take it.
    fn id_argument(id: &str) -> Value {
        id.into()
    }

    /// How far a piece is that runs alone, when there is more to say of it than its state.
    fn progress(&self) -> Option<Progress> {
        None
    }

    /// The steps of a piece that runs alone, when it has several.
    fn steps(&self) -> Vec<Step> {
        Vec::new()
    }

    /// Starts the piece, or names one that was started earlier.
    ///
    /// # Errors
    /// When it was not started, or nobody can tell.
    fn start(&mut self, platform: &impl Platform) -> Result<Started<Self::State, Self::Answer>, Failure>;

    /// Whether it was started by an earlier call: such a piece is looked at once even when no time is left.
    fn is_there(&self) -> bool {
        false
    }

    /// Asks where it stands.
    ///
    /// # Errors
    /// When nothing could be learned; that says nothing about the piece itself.
    fn look(&self, platform: &impl Platform, id: &str) -> Result<Look<Self::State, Self::Answer>, Failure>;

    /// Makes of an end what the tool gives back; may fetch what the piece left.
    fn ended(&mut self, platform: &impl Platform, id: &str, answer: Self::Answer) -> End<Self::Output>;

    /// Whether an end is a good one.
    fn ended_well(answer: &Self::Answer) -> bool;

    /// The request that ends it.
    fn end_request(&self, id: &str) -> Request;

    /// Its limit passed. `ended` says what became of the request to end it: that it has ended, that it is ending, or
    /// that the request failed.
    fn out_of_time(&self, id: &str, limit: Duration, ended: Result<bool, Failure>) -> Failure;

    /// Nobody could say where it stands, again and again.
    fn lost(&self, id: &str, failure: Failure) -> Failure;

    /// Whether it is started once more, in another way, in the place of this failure of a look.
    fn starts_again(&mut self, _platform: &impl Platform, _failure: &Failure) -> bool {
        false
    }
}

/// How far a piece is.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// One line for people.
    pub line: String,
    /// Parts that are done.
    pub done: u32,
    /// Parts in all.
    pub total: u32,
}

/// What a piece is once it was started.
#[derive(Debug, Clone, PartialEq)]
pub struct Started<S, A> {
    /// Its id at the workspace.
    pub id: String,
    /// Where it stands.
    pub state: S,
    /// What is known when it has ended already.
    pub answer: Option<A>,
    /// Whether it is ended at the workspace when this call is cut off.
    pub ends_with_call: bool,
    /// Whether it must not be lost with this host: another call goes on with it then ([`Job::continued`]).
    pub outlives_host: bool,
}

/// What a look at a piece shows.
#[derive(Debug, Clone, PartialEq)]
pub enum Look<S, A> {
    /// It goes on.
    Going(S),
    /// It has ended, well or not.
    Ended(A),
}

/// What an end means.
#[derive(Debug, Clone, PartialEq)]
pub enum End<O> {
    /// It left this.
    Done(O),
    /// It failed.
    Failed(Failure),
    /// It is started once more, in another way.
    Again,
}

/// One piece to bring to its end.
#[derive(Debug, Clone)]
pub struct Job<W> {
    /// The piece.
    pub work: W,
    /// How long it may take before it is ended at the workspace.
    pub limit: Option<Duration>,
    /// How another call continues it should this one be lost with its host; none when none could.
    pub continued: Option<Continued>,
}

/// How a piece is continued by another call.
#[derive(Debug, Clone)]
pub struct Continued {
    /// The tool that waits for it; one that only reads.
    pub tool: &'static str,
    /// The argument of that tool that takes the id.
    pub id_argument: &'static str,
    /// Its other arguments.
    pub arguments: Map<String, Value>,
    /// What that call has to know beside the id, as JSON; none when it is remembered already.
    pub remembered: Option<String>,
    /// What that call adds to its answer.
    pub said: Option<String>,
    /// Whether the offer stands when the piece has ended, because it says what becomes of what follows as well. Whoever
    /// runs the piece takes it back then, with what is remembered ([`Finished::remembered`]).
    pub stands: bool,
}

impl Continued {
    /// Remembers the piece and tells the host which call continues it. The key it is remembered by, when it is new.
    fn offer(&self, platform: &impl Platform, id: &str, argument: Value, limit: Option<Duration>) -> Option<String> {
        let remember = |kept: &String| handed_back::remember(platform, id, limit, kept, self.said.as_deref());
        let key = self.remembered.as_ref().map(remember);
        platform.offer_continuation(self.tool, &self.input(argument));
        key
    }

    /// Tells the host that the piece goes on when this call returns. Before what ends it is withdrawn, so that the host
    /// can end it later.
    pub fn hand_back(&self, platform: &impl Platform, argument: Value) {
        platform.hand_back(self.tool, &self.input(argument));
    }

    fn input(&self, argument: Value) -> String {
        let mut input = self.arguments.clone();
        input.insert(self.id_argument.to_owned(), argument);
        Value::Object(input).to_string()
    }
}

/// How a piece ended.
#[derive(Debug, Clone)]
pub enum Outcome<S, O> {
    /// Well.
    Done(O),
    /// With an error.
    Failed(Failure),
    /// Not at all: it goes on at the workspace.
    Unfinished(S),
    /// It was never started.
    NotStarted,
}

/// What became of a piece.
#[derive(Debug, Clone)]
pub struct Finished<S, O> {
    /// Its id, once it was started.
    pub id: Option<String>,
    /// How it ended.
    pub outcome: Outcome<S, O>,
    /// From its start in this call.
    pub took: Duration,
    /// What it is remembered by for the call that continues it.
    pub remembered: Option<String>,
}

impl<S, O> Finished<S, O> {
    /// Of a piece that there was no time for.
    #[must_use]
    pub const fn not_started() -> Self {
        Self { id: None, outcome: Outcome::NotStarted, took: Duration::ZERO, remembered: None }
    }

    const fn failed(&self) -> bool {
        matches!(self.outcome, Outcome::Failed(_))
    }
}

/// How pieces are run.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Most pieces at the workspace at once.
    pub max_parallel: usize,
    /// When this call stops waiting.
    pub until: Deadline,
    /// Whether a failure keeps further pieces from starting; running ones are brought to their end.
    pub stop_at_error: bool,
}

/// When this call stops waiting: some seconds before the host ends it.
#[must_use]
pub fn until(platform: &impl Platform) -> Deadline {
    Deadline::after(platform, platform.context().time_left.saturating_sub(HAND_BACK_MARGIN))
}

/// Runs one piece.
pub fn run_one<W: Work>(platform: &impl Platform, job: Job<W>, until: Deadline) -> Finished<W::State, W::Output> {
    let plan = Plan { max_parallel: 1, until, stop_at_error: true };
    run(platform, vec![job], plan).pop().unwrap_or(Finished::not_started())
}

/// Runs pieces in order, up to `max_parallel` side by side; one result per job, in their order.
pub fn run<W: Work>(platform: &impl Platform, jobs: Vec<Job<W>>, plan: Plan) -> Vec<Finished<W::State, W::Output>> {
    let all = jobs.len();
    let mut results: Vec<Option<Finished<W::State, W::Output>>> = jobs.iter().map(|_| None).collect();
    let mut waiting = jobs.into_iter().enumerate().peekable();
    let mut running: Vec<(usize, Piece<W>)> = Vec::new();
    let mut backoff = Backoff::default();
    let mut stopped = false;
    let began = platform.now();
    let settle = |results: &mut Vec<Option<_>>, i: usize, finished: Finished<W::State, W::Output>| {
        let stops = plan.stop_at_error && finished.failed();
        if let Some(slot) = results.get_mut(i) {
            *slot = Some(finished);
        }
        stops
    };
    loop {
        while !stopped && running.len() < plan.max_parallel.max(1) {
            let late = plan.until.passed(platform);
            let Some((i, job)) = waiting.next_if(|(_, job)| !late || job.work.is_there()) else { break };
            backoff = Backoff::default();
            match Piece::start(platform, job) {
                Ok(piece) => running.push((i, piece)),
                Err(finished) => stopped |= settle(&mut results, i, finished),
            }
        }
        if running.is_empty() {
            break;
        }
        let mut still = Vec::new();
        for (i, mut piece) in running {
            match piece.step(platform) {
                Some(finished) => {
                    if !piece.work.steps().is_empty() {
                        // How each step ended is what is left of them to be seen.
                        report(platform, &piece, (0, 0, all), platform.now().saturating_sub(began));
                    }
                    stopped |= settle(&mut results, i, finished);
                }
                None => still.push((i, piece)),
            }
        }
        running = still;
        if plan.until.passed(platform) {
            for (i, mut piece) in running.drain(..) {
                let state = piece.state;
                settle(&mut results, i, piece.end(platform, Outcome::Unfinished(state)));
            }
        } else if let Some((_, first)) = running.first() {
            let done = results.iter().flatten().count();
            report(platform, first, (done, running.len(), all), platform.now().saturating_sub(began));
            // A piece's limit is kept to the moment, however long the pauses have become.
            let wake = running.iter().filter_map(|(_, piece)| piece.until).fold(plan.until, Deadline::min);
            backoff.pause(platform, wake);
        }
    }
    results.into_iter().map(|result| result.unwrap_or(Finished::not_started())).collect()
}

fn report<W: Work>(
    platform: &impl Platform,
    first: &Piece<W>,
    (done, running, all): (usize, usize, usize),
    elapsed: Duration,
) {
    if elapsed < PROGRESS_AFTER {
        return;
    }
    let seconds = elapsed.as_secs();
    let (one, several) = W::NOUN;
    if all == 1 {
        match first.work.progress() {
            Some(Progress { line, done, total }) => {
                let (line, steps) = (format!("{line}, {seconds} s"), first.work.steps());
                if steps.is_empty() {
                    platform.progress(&line, Some(done.into()), Some(total.into()));
                } else {
                    platform.progress_steps(&line, steps);
                }
            }
            None => platform.progress(&format!("{one} {}, {seconds} s", W::word(first.state)), None, None),
        }
    } else {
        let line = format!("{done} of {all} {several} done, {running} running, {seconds} s");
        #[expect(clippy::cast_precision_loss, reason = "a number of pieces is small")]
        platform.progress(&line, Some(done as f64), Some(all as f64));
    }
}

/// Asks the workspace to end a piece, and watches shortly for its end.
///
/// # Errors
/// When the request was refused or nothing could be learned about the piece afterwards.
pub fn cancel<W: Work>(work: &W, platform: &impl Platform, id: &str) -> Result<Look<W::State, W::Answer>, Failure> {
    Workspace::new(platform).send::<Value>(&work.end_request(id))?;
    let watch = Deadline::after(platform, CANCEL_WATCH);
    let mut backoff = Backoff::default();
    loop {
        let look = work.look(platform, id)?;
        if matches!(look, Look::Ended(_)) || watch.passed(platform) {
            return Ok(look);
        }
        backoff.pause(platform, watch);
    }
}

/// A piece at the workspace.
struct Piece<W: Work> {
    work: W,
    id: String,
    state: W::State,
    /// An answer that has not been looked at.
    answer: Option<W::Answer>,
    started: Duration,
    limit: Option<Duration>,
    /// When the limit passes.
    until: Option<Deadline>,
    continued: Option<Continued>,
    cleanup: Option<CleanupHandle>,
    failed_looks: u32,
    /// What it is remembered by until it has ended.
    key: Option<String>,
}

impl<W: Work> Piece<W> {
    fn start(platform: &impl Platform, job: Job<W>) -> Result<Self, Finished<W::State, W::Output>> {
        let Job { mut work, limit, continued } = job;
        let started = platform.now();
        let until = limit.map(|limit| Deadline::after(platform, limit));
        let begun = match work.start(platform) {
            Ok(begun) => begun,
            Err(failure) => {
                let took = platform.now().saturating_sub(started);
                return Err(Finished { id: None, outcome: Outcome::Failed(failure), took, remembered: None });
            }
        };
        let mut piece = Self {
            work,
            id: String::new(),
            state: begun.state,
            answer: None,
            started,
            limit,
            until,
            continued,
            cleanup: None,
            failed_looks: 0,
            key: None,
        };
        piece.begun(platform, begun);
        Ok(piece)
    }

    fn begun(&mut self, platform: &impl Platform, begun: Started<W::State, W::Answer>) {
        self.id = begun.id;
        self.state = begun.state;
        self.answer = begun.answer;
        let stands = self.continued.as_ref().is_some_and(|continued| continued.stands);
        if self.answer.is_some() && !stands {
            return;
        }
        if begun.ends_with_call && self.answer.is_none() {
            self.cleanup = platform.register_cleanup(&self.work.end_request(&self.id));
        }
        if (begun.outlives_host || stands)
            && let Some(continued) = &self.continued
        {
            let limit = self.limit.map(|limit| limit.saturating_sub(platform.now().saturating_sub(self.started)));
            self.key = continued.offer(platform, &self.id, W::id_argument(&self.id), limit);
        }
    }

    /// Looks once; the end when it has ended.
    fn step<P: Platform>(&mut self, platform: &P) -> Option<Finished<W::State, W::Output>> {
        let answer = match self.answer.take() {
            Some(answer) => answer,
            None => match self.work.look(platform, &self.id) {
                Ok(Look::Ended(answer)) => answer,
                Ok(Look::Going(state)) => {
                    (self.state, self.failed_looks) = (state, 0);
                    let passed = self.until.is_some_and(|until| until.passed(platform));
                    return passed.then(|| self.time_out(platform));
                }
                Err(failure) => return self.look_failed(platform, failure),
            },
        };
        match self.work.ended(platform, &self.id, answer) {
            End::Done(output) => Some(self.end(platform, Outcome::Done(output))),
            End::Failed(failure) => Some(self.end(platform, Outcome::Failed(failure))),
            End::Again => self.start_again(platform),
        }
    }

    /// A look that fails says nothing about the piece: look again, a few times.
    fn look_failed(&mut self, platform: &impl Platform, failure: Failure) -> Option<Finished<W::State, W::Output>> {
        if self.work.starts_again(platform, &failure) {
            return self.start_again(platform);
        }
        self.failed_looks += 1;
        if failure.retryable && self.failed_looks < MAX_FAILED_LOOKS {
            platform.log(LogLevel::Warn, "asking for the state of remote work failed, asking again");
            return None;
        }
        let failure = self.work.lost(&self.id, failure);
        Some(self.end(platform, Outcome::Failed(failure)))
    }

    fn start_again(&mut self, platform: &impl Platform) -> Option<Finished<W::State, W::Output>> {
        self.withdraw(platform);
        self.forget(platform);
        match self.work.start(platform) {
            Ok(begun) => {
                self.begun(platform, begun);
                None
            }
            Err(failure) => Some(self.end(platform, Outcome::Failed(failure))),
        }
    }

    fn time_out<P: Platform>(&mut self, platform: &P) -> Finished<W::State, W::Output> {
        let limit = self.limit.unwrap_or_default();
        let ended = match cancel(&self.work, platform, &self.id) {
            // It ended in the moment it was to be ended.
            Ok(Look::Ended(answer)) if W::ended_well(&answer) => match self.work.ended(platform, &self.id, answer) {
                End::Done(output) => return self.end(platform, Outcome::Done(output)),
                End::Failed(failure) => return self.end(platform, Outcome::Failed(failure)),
                End::Again => Ok(true),
            },
            Ok(look) => Ok(matches!(look, Look::Ended(_))),
            Err(failure) => Err(failure),
        };
        let failure = self.work.out_of_time(&self.id, limit, ended);
        self.end(platform, Outcome::Failed(failure))
    }

    fn end(
        &mut self,
        platform: &impl Platform,
        outcome: Outcome<W::State, W::Output>,
    ) -> Finished<W::State, W::Output> {
        let goes_on = matches!(outcome, Outcome::Unfinished(_));
        if let Some(continued) = self.continued.as_ref().filter(|_| goes_on) {
            continued.hand_back(platform, W::id_argument(&self.id));
        }
        self.withdraw(platform);
        let stands = self.continued.as_ref().is_some_and(|continued| continued.stands);
        if !goes_on && !stands {
            self.forget(platform);
        }
        Finished {
            id: (!self.id.is_empty()).then(|| self.id.clone()),
            outcome,
            took: platform.now().saturating_sub(self.started),
            remembered: self.key.take(),
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

#[cfg(test)]
mod tests;
