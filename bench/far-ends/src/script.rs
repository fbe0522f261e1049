//! What the scripted model says.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::Gate;

/// One thing after another in an answer. Texts that follow each other are pieces of one block, and so are thoughts.
#[derive(Clone)]
pub enum Step {
    /// A piece of text.
    Say(String),
    /// A piece of text that is made when it is sent.
    SayNow(Arc<dyn Fn() -> String + Send + Sync>),
    /// A piece of thinking.
    Think(String),
    /// A tool call.
    Call {
        /// Its id.
        id: String,
        /// The tool.
        name: String,
        /// Its arguments.
        input: Value,
    },
    /// Nothing of the message.
    Between(Between),
}

/// What happens on the line between the pieces of a message, whatever the wire.
#[derive(Debug, Clone)]
pub enum Between {
    /// Nothing, until the gate has counted so far.
    Wait(Gate, usize),
    /// Nothing for a while.
    Pause(Duration),
    /// The connection breaks.
    Cut,
    /// Nothing more; the connection stays.
    Silence,
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Say(text) => f.debug_tuple("Say").field(text).finish(),
            Self::SayNow(_) => f.write_str("SayNow"),
            Self::Think(text) => f.debug_tuple("Think").field(text).finish(),
            Self::Call { id, name, .. } => f.debug_struct("Call").field("id", id).field("name", name).finish(),
            Self::Between(it) => it.fmt(f),
        }
    }
}

/// One answer of the model.
#[derive(Debug, Clone)]
pub enum Reply {
    /// A message.
    Steps(Vec<Step>),
    /// An error before anything: status, headers, body.
    Status(u16, Vec<(&'static str, &'static str)>, Value),
    /// Bytes that are no answer.
    Nonsense(&'static str),
}

impl Reply {
    /// Text, and the end of the turn.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::Steps(vec![Step::Say(text.to_owned())])
    }

    /// Text in pieces; the gate lets the nth go when it has counted to n.
    #[must_use]
    pub fn gated(pieces: Vec<String>, gate: &Gate) -> Self {
        let gated = |(at, piece)| [Step::Between(Between::Wait(gate.clone(), at + 1)), Step::Say(piece)];
        // The block is there before its first piece.
        let begun = Step::Say(String::new());
        Self::Steps(std::iter::once(begun).chain(pieces.into_iter().enumerate().flat_map(gated)).collect())
    }

    /// Tool calls: id, name, arguments.
    #[must_use]
    pub fn tools(calls: Vec<(String, String, Value)>) -> Self {
        Self::Steps(calls.into_iter().map(|(id, name, input)| Step::Call { id, name, input }).collect())
    }

    /// One tool call.
    #[must_use]
    pub fn tool(id: &str, name: &str, input: Value) -> Self {
        Self::tools(vec![(id.to_owned(), name.to_owned(), input)])
    }

    /// One SQL statement.
    #[must_use]
    pub fn sql(id: &str, statement: &str) -> Self {
        Self::tool(id, "mcp__databricks__execute_sql", json!({"statement": statement}))
    }

    /// The beginning of an answer, then the connection breaks.
    #[must_use]
    pub fn cut() -> Self {
        Self::Steps(vec![Step::Say("half an ans".to_owned()), Step::Between(Between::Cut)])
    }

    /// The beginning of an answer, then nothing.
    #[must_use]
    pub fn silence() -> Self {
        Self::Steps(vec![Step::Between(Between::Silence)])
    }
}
