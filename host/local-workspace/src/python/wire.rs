//! What goes over an interpreter's channel: JSON, one message a line. The other side is `guest/bricklayer/interpreter.py`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};

/// From the interpreter.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FromGuest {
    /// It takes code now.
    Ready(Ready),
    /// What the code printed.
    Out(String),
    /// The code asks for something.
    Call { id: u64, method: String, params: Value },
    /// Nobody waits for that answer any more.
    Drop { id: u64 },
    /// The code shows rows.
    Table { columns: Vec<ShownColumn>, rows: Vec<Vec<Option<String>>>, truncated: bool },
    /// The code shows a picture.
    Image {
        media_type: String,
        /// In base64.
        data: String,
    },
    /// The code has ended.
    Done {
        id: u64,
        #[serde(default)]
        error: Option<Raised>,
        /// What it gave to `dbutils.notebook.exit`.
        #[serde(default)]
        exit: Option<String>,
    },
}

/// What an interpreter is.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Ready {
    pub(super) python: String,
    /// What holds it, in words.
    pub(super) walls: String,
}

/// An exception.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Raised {
    pub(super) class: String,
    pub(super) summary: String,
    pub(super) trace: String,
}

/// To the interpreter.
#[derive(Debug)]
pub(super) enum ToGuest<'a> {
    Run(Run<'a>),
    Answer { id: u64, answer: Result<Box<RawValue>, CallError> },
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Result(Box<RawValue>),
    Error(CallError),
}

impl ToGuest<'_> {
    /// `run ID {…}` or `answer ID {…}`: who waits is told without reading the rest.
    ///
    /// # Errors
    /// What cannot be written as JSON.
    pub(super) fn line(self) -> serde_json::Result<String> {
        Ok(match self {
            Self::Run(run) => format!("run {} {}\n", run.id, serde_json::to_string(&run)?),
            Self::Answer { id, answer } => {
                let answer = answer.map_or_else(Answer::Error, Answer::Result);
                format!("answer {id} {}\n", serde_json::to_string(&answer)?)
            }
        })
    }
}

/// A piece of code.
#[derive(Debug, Serialize)]
pub(super) struct Run<'a> {
    pub(super) id: u64,
    pub(super) language: &'static str,
    pub(super) code: &'a str,
    pub(super) filename: &'a str,
    pub(super) interactive: bool,
    pub(super) argv: Option<&'a [String]>,
    pub(super) parameters: Option<&'a BTreeMap<String, String>>,
    pub(super) in_job: bool,
    pub(super) output_bytes: usize,
}

/// Why the code did not get what it asked for.
#[derive(Debug, Serialize)]
pub(super) struct CallError {
    pub(super) code: String,
    pub(super) message: String,
}

/// A column of what is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ShownColumn {
    pub(crate) name: String,
    /// As SQL spells it.
    #[serde(rename = "type")]
    pub(crate) type_text: String,
}

/// What code showed beside its text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shown {
    /// Rows, each cell as text in the spelling of the Statement Execution API.
    Table { columns: Vec<ShownColumn>, rows: Vec<Vec<Option<String>>>, truncated: bool },
    /// A picture in base64.
    Image { media_type: String, data: String },
}
