//! What a workflow is, and what it comes to.

use bricklayer_domain::{ToolErrorKind, ToolFailure, ToolOutcome};
use serde_json::{Map, Value, json};

use crate::replay::{Done, Pending, Replay};

/// A plan of calls.
pub(crate) trait Workflow: Send + Sync {
    /// The short names of the tools that it calls.
    fn tools(&self) -> &'static [&'static str];

    /// What it comes to.
    ///
    /// # Errors
    /// The calls that it needs first.
    fn run(&self, replay: &mut Replay) -> Result<Report, Pending>;
}

/// How a workflow ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// All of it was done.
    Done,
    /// It came to its end, without a part that could not be done.
    Partial,
    /// It did not come to its end.
    Stopped(ToolErrorKind),
}

/// What a workflow came to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Report {
    pub(crate) status: Status,
    /// In words, for people and models.
    pub(crate) text: String,
    /// What is known by then, by name.
    pub(crate) facts: Map<String, Value>,
    /// What to look at, one sentence each.
    pub(crate) warnings: Vec<String>,
}

impl Report {
    /// A call failed that all else depends on.
    pub(crate) fn stopped(at: &str, done: &Done) -> Self {
        let kind = done.failure.unwrap_or(ToolErrorKind::Failed);
        Self::ended(Status::Stopped(kind), format!("{at}: {}", done.content))
    }

    pub(crate) fn ended(status: Status, text: String) -> Self {
        Self { status, text, facts: Map::new(), warnings: Vec::new() }
    }

    pub(crate) fn with(mut self, name: &str, value: Value) -> Self {
        self.facts.insert(name.to_owned(), value);
        self
    }

    /// What stood in the way of a part.
    pub(crate) fn warned(mut self, warnings: Vec<String>) -> Self {
        if self.status == Status::Done && !warnings.is_empty() {
            self.status = Status::Partial;
        }
        for warning in &warnings {
            self.text.push_str("\n- ");
            self.text.push_str(warning);
        }
        self.warnings.extend(warnings);
        self
    }

    /// As the outcome of the call that asked for it.
    pub(crate) fn outcome(self) -> ToolOutcome {
        let status = match self.status {
            Status::Done => "done",
            Status::Partial => "partial",
            Status::Stopped(kind) => return ToolOutcome::failed(ToolFailure::new(kind, self.text)),
        };
        let mut structured = self.facts;
        structured.insert("text".to_owned(), json!(self.text));
        structured.insert("status".to_owned(), json!(status));
        structured.insert("warnings".to_owned(), json!(self.warnings));
        ToolOutcome { structured: Some(Value::Object(structured)), ..ToolOutcome::text(self.text) }
    }
}
