//! What every kind of task that does something itself is given, and what it leaves.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::jobs::{
    model::{Code, Output},
    settings::Document,
};

/// Characters of one text of an output that are kept: its head, or of a trace its end.
pub(super) const OUTPUT_CHARS: usize = 500_000;

/// Who a task acts as, and what it is given beside its own settings.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub(super) user: String,
    /// The job's parameters, which go to every task that takes values by name.
    pub(super) parameters: BTreeMap<String, String>,
    /// The older kinds of parameters.
    pub(super) overriding: Document,
}

/// How a task ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Succeeded,
    Failed(Code),
    Canceled,
}

/// What became of a task.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) verdict: Verdict,
    /// One line for the state.
    pub(super) message: String,
    pub(super) output: Output,
    pub(super) values: BTreeMap<String, Value>,
    pub(super) rows: Option<Vec<Document>>,
    pub(super) outcome: Option<bool>,
}

impl Done {
    pub(super) fn new(verdict: Verdict, message: impl Into<String>) -> Self {
        Self {
            verdict,
            message: message.into(),
            output: Output::default(),
            values: BTreeMap::new(),
            rows: None,
            outcome: None,
        }
    }

    pub(super) fn succeeded(output: Output) -> Self {
        Self { output, ..Self::new(Verdict::Succeeded, "") }
    }

    /// It failed while it ran; what it said is in its output.
    pub(super) fn workload_failed(output: Output) -> Self {
        let message = "Workload failed, see run output for details";
        Self { output, ..Self::new(Verdict::Failed(Code::RunExecutionError), message) }
    }

    /// It could not be begun, and why.
    pub(super) fn refused(code: Code, said: impl Into<String>) -> Self {
        let said = said.into();
        let output = Output { error: Some(said.clone()), ..Output::default() };
        Self { output, ..Self::new(Verdict::Failed(code), said) }
    }

    pub(super) fn canceled() -> Self {
        Self::new(Verdict::Canceled, "Run cancelled.")
    }
}

/// The head of a text, and whether it is not the whole.
pub(super) fn head(text: &str) -> (String, bool) {
    match text.char_indices().nth(OUTPUT_CHARS) {
        None => (text.to_owned(), false),
        Some((at, _)) => (text.get(..at).unwrap_or_default().to_owned(), true),
    }
}
