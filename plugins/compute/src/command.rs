//! A command as remote work.

use std::time::Duration;

use bricklayer_databricks::work::{End, Look, Started, Work};
use bricklayer_sdk::{Failure, Kind, Method, Platform, Request, Workspace};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::context::Context;
use crate::output::{Output, output};

/// Lines of a trace that an error repeats at most: its head, and its end, where the error is.
const TRACE_LINES: usize = 60;

/// A command.
#[derive(Debug, Clone)]
pub(crate) struct Command {
    pub(crate) context: Context,
    pub(crate) source: Source,
}

#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// Code to send.
    Send { language: &'static str, code: String },
    /// One that was sent earlier.
    Continue { id: String },
}

/// Where a command stands while it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Queued,
    Running,
    Cancelling,
}

#[derive(Debug, Clone, Deserialize)]
struct Id {
    id: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Answer {
    #[serde(default)]
    status: String,
    #[serde(default)]
    results: Value,
}

impl Work for Command {
    type State = State;
    type Answer = Answer;
    type Output = Output;

    const NOUN: (&'static str, &'static str) = ("Command", "commands");

    fn word(state: State) -> &'static str {
        match state {
            State::Queued => "waiting for the context",
            State::Running => "running",
            State::Cancelling => "being cancelled",
        }
    }

    fn is_there(&self) -> bool {
        matches!(self.source, Source::Continue { .. })
    }

    fn start(&mut self, platform: &impl Platform) -> Result<Started<State, Answer>, Failure> {
        let started =
            |id| Started { id, state: State::Queued, answer: None, ends_with_call: true, outlives_host: true };
        let (language, code) = match &self.source {
            Source::Continue { id } => return Ok(started(id.clone())),
            Source::Send { language, code } => (*language, code),
        };
        let Context { cluster, id, .. } = &self.context;
        let body = json!({"clusterId": cluster, "contextId": id, "language": language, "command": code});
        let answer: Id = Workspace::new(platform).post("/api/1.2/commands/execute", &body).map_err(|failure| {
            // The request may have arrived although its answer did not.
            if matches!(failure.kind, Kind::Timeout | Kind::Upstream) && !crate::context::is_gone(&failure) {
                let advice =
                    "Whether the code was started is not known: look at what it changes before sending it again.";
                let mut failure = failure.advise(advice);
                failure.retryable = false;
                failure
            } else {
                failure
            }
        })?;
        Ok(started(answer.id))
    }

    fn look(&self, platform: &impl Platform, id: &str) -> Result<Look<State, Answer>, Failure> {
        let Context { cluster, id: context, .. } = &self.context;
        let query = [("clusterId", cluster.as_str()), ("contextId", context), ("commandId", id)];
        let answer: Answer = Workspace::new(platform).get("/api/1.2/commands/status", &query)?;
        Ok(match answer.status.as_str() {
            "Finished" | "Error" | "Cancelled" => Look::Ended(answer),
            "Running" => Look::Going(State::Running),
            "Cancelling" => Look::Going(State::Cancelling),
            _ => Look::Going(State::Queued),
        })
    }

    fn ended(&mut self, platform: &impl Platform, _id: &str, answer: Answer) -> End<Output> {
        let text = |name: &str| answer.results.get(name).and_then(Value::as_str).unwrap_or_default();
        let failed = answer.results.get("resultType").and_then(Value::as_str) == Some("error");
        match answer.status.as_str() {
            "Cancelled" => {
                End::Failed(Failure::new(Kind::Failed, format!("the command was cancelled. {}", text("summary"))))
            }
            "Finished" if !failed => End::Done(output(platform, &answer.results)),
            status => {
                let summary = if text("summary").is_empty() { "the code failed" } else { text("summary") };
                let kind = if status == "Error" { Kind::Upstream } else { Kind::Failed };
                End::Failed(Failure::new(kind, with_trace(summary, text("cause"))))
            }
        }
    }

    fn ended_well(answer: &Answer) -> bool {
        answer.status == "Finished"
    }

    fn end_request(&self, id: &str) -> Request {
        let Context { cluster, id: context, .. } = &self.context;
        let body = json!({"clusterId": cluster, "contextId": context, "commandId": id}).to_string();
        Request { method: Method::Post, path: "/api/1.2/commands/cancel".to_owned(), body: Some(body) }
    }

    fn out_of_time(&self, id: &str, limit: Duration, ended: Result<bool, Failure>) -> Failure {
        let seconds = limit.as_secs();
        let became = match ended {
            Ok(true) => "was cancelled".to_owned(),
            Ok(false) => "is being cancelled".to_owned(),
            Err(failure) => format!("may still run, because cancelling it failed: {}", failure.message),
        };
        let said = format!(
            "the command {id} did not end within {seconds} s and {became}. Give it more time with timeout_seconds, or less to do."
        );
        Failure::new(Kind::Timeout, said)
    }

    fn lost(&self, id: &str, failure: Failure) -> Failure {
        if crate::context::is_gone(&failure) {
            return failure
                .advise("Its context is gone, and what it left with it: the cluster was restarted or terminated.");
        }
        failure.advise(format!("The command {id} may still run: continue with get_command, do not send it again."))
    }
}

/// An error in one line, with its trace where that says more.
pub(crate) fn with_trace(summary: &str, trace: &str) -> String {
    let trace = shortened(trace);
    if trace.is_empty() || trace == summary { summary.to_owned() } else { format!("{summary}\n\n```\n{trace}\n```") }
}

/// The head and the end of a trace.
fn shortened(trace: &str) -> String {
    let lines: Vec<&str> = trace.trim().lines().collect();
    if lines.len() <= TRACE_LINES {
        return lines.join("\n");
    }
    let half = TRACE_LINES / 2;
    let left_out = lines.len() - 2 * half;
    let head = lines.iter().take(half).copied().collect::<Vec<_>>().join("\n");
    let end = lines.iter().skip(lines.len() - half).copied().collect::<Vec<_>>().join("\n");
    format!("{head}\n… {left_out} lines …\n{end}")
}
