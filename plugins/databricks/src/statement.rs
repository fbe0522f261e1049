//! SQL statements at a warehouse, as remote work: sent, watched, their rows fetched.
//!
//! A statement is sent with `wait_timeout` 0s, so that its id and its cancel request are known to the host before
//! anything can cut the call off, and asked for at once; a quick one costs two requests.

mod advice;
mod rows;
mod sent;
mod wire;

use std::time::Duration;

use bricklayer_sdk::results::Origin;
use bricklayer_sdk::{Failure, Kind, Method, Platform, Request, Workspace, encode_segment};
use serde_json::Map;

use rows::{Fetch, fetch};
pub use rows::{Kept, Rows};
pub use sent::Sent;
use wire::{Answer, EXTERNAL_LINKS, INLINE};
pub use wire::{
    Column, HEAD_ROWS, MAX_CELL_BYTES, MAX_ROWS, Parameter, QueryTag, Row, State, Submit, json_bytes, row_bytes,
};

use crate::handed_back::{self, HandedBack};
use crate::work::{self, Continued, End, Look, Started, Work};

/// Where statements live.
const STATEMENTS: &str = "/api/2.0/sql/statements";

/// Begins the message of a result too large for inline delivery; clients match these words.
const INLINE_LIMIT: &str = "Inline byte limit exceeded";

/// How long the call that continues a statement waits, in seconds; the most that get_statement takes.
const CONTINUED_WAIT_SECONDS: u32 = 100;

/// What became of a statement.
pub type Finished = work::Finished<State, Rows>;

/// How a statement ended.
pub type Outcome = work::Outcome<State, Rows>;

/// A statement and what to keep of it.
pub type Job = work::Job<Statement>;

/// One statement.
#[derive(Debug, Clone)]
pub struct Statement {
    source: Source,
    keep_rows: usize,
    /// Set when it was sent again with a row limit, because its result was too large for inline delivery.
    limited: bool,
    /// How its rows are kept whole for people; none when nobody is to see them.
    kept: Option<Keeping>,
    /// When it was sent: since 1970 began, and by the call's clock.
    sent_at: Option<(Duration, Duration)>,
}

/// How a statement's rows are kept whole.
#[derive(Debug, Clone, Default)]
pub struct Keeping {
    /// The tool and the JSON arguments that make this very result again, when that is not the whole call.
    pub again: Option<(String, String)>,
}

#[derive(Debug, Clone)]
enum Source {
    Send { submit: Box<Submit>, reads: bool },
    Continue { id: String, sent: Option<Box<Sent>> },
}

impl Statement {
    /// A statement to send, of whose rows at most `keep_rows` are kept. `reads` says that it changes nothing, so that it
    /// may be sent a second time.
    #[must_use]
    pub fn send(submit: Submit, reads: bool, keep_rows: usize) -> Self {
        Self::new(Source::Send { submit: Box::new(submit), reads }, keep_rows)
    }

    /// A statement sent earlier. `sent` is what an earlier call of this family remembered of it: then it is canceled when
    /// this call is cut off, as that one's would have been.
    #[must_use]
    pub fn sent_earlier(id: String, sent: Option<Sent>, keep_rows: usize) -> Self {
        Self::new(Source::Continue { id, sent: sent.map(Box::new) }, keep_rows)
    }

    const fn new(source: Source, keep_rows: usize) -> Self {
        Self { source, keep_rows, limited: false, kept: None, sent_at: None }
    }

    /// The same with its rows kept whole as a result, where the host keeps any.
    #[must_use]
    pub fn kept_whole(self, keeping: Keeping) -> Self {
        Self { kept: Some(keeping), ..self }
    }

    /// What was sent, as far as it is known.
    #[must_use]
    pub fn submit(&self) -> Option<&Submit> {
        match &self.source {
            Source::Send { submit, .. } => Some(submit),
            Source::Continue { sent, .. } => sent.as_ref()?.submit.as_ref(),
        }
    }

    /// Rows that the caller let it give at most.
    fn asked(&self) -> Option<u32> {
        self.submit().and_then(|submit| submit.row_limit).filter(|_| !self.limited)
    }

    /// What is known of where its rows come from.
    fn origin(&self, platform: &impl Platform, id: &str) -> Origin {
        let known = self.submit().map(|submit| {
            let parameters = &submit.parameters;
            Origin {
                statement: Some(submit.statement.clone()),
                parameters: (!parameters.is_empty()).then(|| serde_json::to_string(parameters).ok()).flatten(),
                catalog: submit.catalog.clone(),
                schema: submit.schema.clone(),
                ..Origin::default()
            }
        });
        let (warehouse, started, took) = match &self.source {
            Source::Send { submit, .. } => (
                Some(submit.warehouse_id.clone()),
                self.sent_at.map(|(at, _)| at),
                self.sent_at.map(|(_, clock)| platform.now().saturating_sub(clock)),
            ),
            Source::Continue { sent, .. } => {
                let at = sent.as_ref().and_then(|sent| sent.at).map(Duration::from_secs);
                let took = at.map(|at| Duration::from_secs(platform.unix_seconds()).saturating_sub(at));
                (sent.as_ref().map(|sent| sent.choice.id.clone()), at, took)
            }
        };
        Origin { statement_id: Some(id.to_owned()), warehouse, started, took, ..known.unwrap_or_default() }
    }

    /// Sends it once more for links to its rows, when that is possible: a read, so that nothing happens twice.
    fn take_links(&mut self, platform: &impl Platform) -> bool {
        let Source::Send { submit, reads: true } = &mut self.source else { return false };
        if self.kept.is_none() || submit.disposition == EXTERNAL_LINKS {
            return false;
        }
        platform.progress("The result is large; running again to fetch it in parts", None, None);
        submit.disposition = EXTERNAL_LINKS;
        true
    }

    /// Sends it once more with a row limit, when that is possible: a read, so that nothing happens twice.
    fn limit_rows(&mut self, platform: &impl Platform) -> bool {
        let keep_rows = u32::try_from(self.keep_rows).ok();
        let Source::Send { submit, reads: true } = &mut self.source else { return false };
        if self.limited || submit.row_limit.is_some() {
            return false;
        }
        platform.progress("The result is too large to be delivered whole; running again with a row limit", None, None);
        submit.row_limit = keep_rows;
        submit.disposition = INLINE;
        self.limited = true;
        true
    }
}

impl Work for Statement {
    type State = State;
    type Answer = Answer;
    type Output = Rows;

    const NOUN: (&'static str, &'static str) = ("Statement", "statements");

    fn word(state: State) -> &'static str {
        state.word()
    }

    fn is_there(&self) -> bool {
        matches!(self.source, Source::Continue { .. })
    }

    fn start(&mut self, platform: &impl Platform) -> Result<Started<State, Answer>, Failure> {
        let (submit, reads) = match &self.source {
            Source::Continue { id, sent } => {
                let ours = sent.is_some();
                return Ok(Started {
                    id: id.clone(),
                    state: State::Pending,
                    answer: None,
                    ends_with_call: ours,
                    outlives_host: ours,
                });
            }
            Source::Send { submit, reads } => (submit, reads),
        };
        let (submit, reads) = (submit.clone(), *reads);
        self.sent_at = Some((Duration::from_secs(platform.unix_seconds()), platform.now()));
        let answer: Answer = Workspace::new(platform).post(STATEMENTS, &submit).map_err(|failure| {
            let failure = advice::refused(failure, &submit);
            // The request may have arrived although its answer did not.
            let unknown = matches!(failure.kind, Kind::Timeout | Kind::Upstream);
            if unknown && !reads {
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
        let (id, state) = (answer.statement_id.clone(), answer.status.state);
        let answer = state.has_ended().then_some(answer);
        // What changes something must not be lost from here on; what reads can be sent again.
        Ok(Started { id, state, answer, ends_with_call: true, outlives_host: !reads })
    }

    fn look(&self, platform: &impl Platform, id: &str) -> Result<Look<State, Answer>, Failure> {
        let answer: Answer = Workspace::new(platform).get(&path(id, ""), &[])?;
        let state = answer.status.state;
        Ok(if state.has_ended() { Look::Ended(answer) } else { Look::Going(state) })
    }

    fn ended(&mut self, platform: &impl Platform, id: &str, answer: Answer) -> End<Rows> {
        let state = answer.status.state;
        if state == State::Succeeded {
            let keep = self.kept.as_ref().map(|keeping| (self.origin(platform, id), keeping.again.clone()));
            return match fetch(platform, Fetch { id, answer, keep_rows: self.keep_rows, asked: self.asked(), keep }) {
                Ok(rows) => End::Done(rows),
                // The workspace's storage is out of reach: what fits without links is better than nothing.
                Err(failure) if failure.kind == Kind::Denied && self.limit_rows(platform) => End::Again,
                Err(failure) => End::Failed(failure.advise(format!(
                    "The statement itself succeeded; get_statement with {id} fetches its rows again."
                ))),
            };
        }
        let error = answer.status.error.as_ref();
        let too_large =
            error.and_then(|error| error.message.as_deref()).is_some_and(|said| said.contains(INLINE_LIMIT));
        if state == State::Failed && too_large && (self.take_links(platform) || self.limit_rows(platform)) {
            return End::Again;
        }
        End::Failed(advice::ended_badly(platform, state, error, id, self.submit()))
    }

    fn ended_well(answer: &Answer) -> bool {
        answer.status.state == State::Succeeded
    }

    fn end_request(&self, id: &str) -> Request {
        Request { method: Method::Post, path: path(id, "/cancel"), body: None }
    }

    fn out_of_time(&self, id: &str, limit: Duration, ended: Result<bool, Failure>) -> Failure {
        let seconds = limit.as_secs();
        let said = match ended {
            Ok(ended) => {
                let now = if ended { "was canceled" } else { "is being canceled" };
                format!(
                    "the statement {id} did not end within {seconds} s and {now} at the workspace. Narrow it down (WHERE, fewer columns, a smaller sample) or give it more time with timeout_seconds."
                )
            }
            Err(failure) => format!(
                "the statement {id} did not end within {seconds} s, and canceling it failed: {}. It may still run: use cancel_statement.",
                failure.message
            ),
        };
        Failure::new(Kind::Timeout, said)
    }

    fn lost(&self, id: &str, failure: Failure) -> Failure {
        if failure.kind == Kind::NotFound {
            return failure.advise(
                "The workspace does not know this statement_id (any more): ids are kept for about twelve hours.",
            );
        }
        failure.advise(format!("The statement {id} may still run: continue with get_statement, do not send it again."))
    }

    /// The answer, with its rows, may be larger than a call may read.
    fn starts_again(&mut self, platform: &impl Platform, failure: &Failure) -> bool {
        failure.kind == Kind::LimitExceeded && (self.take_links(platform) || self.limit_rows(platform))
    }
}

/// How `get_statement` continues a statement of which at most `row_limit` rows are kept; `sent` is none when it is
/// remembered already.
#[must_use]
pub fn continued(sent: Option<&Sent>, row_limit: u32) -> Continued {
    let mut arguments = Map::new();
    arguments.insert("wait_seconds".to_owned(), CONTINUED_WAIT_SECONDS.into());
    arguments.insert("row_limit".to_owned(), row_limit.into());
    Continued {
        tool: "get_statement",
        id_argument: "statement_id",
        arguments,
        remembered: sent.and_then(Sent::to_json),
        said: None,
        stands: false,
    }
}

/// Remembers a statement that was handed back for the call that continues it.
pub fn remember(platform: &impl Platform, id: &str, limit_left: Option<Duration>, sent: &Sent) {
    if let Some(kept) = sent.to_json() {
        handed_back::remember(platform, id, limit_left, &kept, None);
    }
}

/// What is remembered of a statement that was handed back, and under which key.
#[must_use]
pub fn recall(platform: &impl Platform, id: &str) -> Option<(String, HandedBack<Sent>)> {
    handed_back::recall(platform, id)
}

/// Cancels a statement, watches shortly for its end, and says where it stands.
///
/// # Errors
/// When the cancel request was refused or nothing could be learned about the statement afterwards.
pub fn cancel(platform: &impl Platform, id: &str) -> Result<State, Failure> {
    let statement = Statement::sent_earlier(id.to_owned(), None, 0);
    Ok(match work::cancel(&statement, platform, id)? {
        Look::Going(state) => state,
        Look::Ended(answer) => answer.status.state,
    })
}

fn path(id: &str, rest: &str) -> String {
    format!("{STATEMENTS}/{}{rest}", encode_segment(id))
}
