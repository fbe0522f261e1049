//! Calls of a workflow: those that the log has, and the next.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use bricklayer_agent::model::{Content, ModelMessage};
use bricklayer_domain::{Block, ToolCallId, ToolErrorKind};
use serde_json::Value;

/// A call that has ended, and what it came to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Done {
    /// The tool's short name.
    pub(crate) tool: String,
    /// What it said.
    pub(crate) content: String,
    /// What it came to, when it went well and its tool has types.
    pub(crate) value: Value,
    /// How it failed, when it did.
    pub(crate) failure: Option<ToolErrorKind>,
}

impl Done {
    /// A text of its value.
    pub(crate) fn text(&self, field: &str) -> Option<&str> {
        self.value.get(field)?.as_str()
    }

    /// A part of its value; null when it has none of the name.
    pub(crate) fn part(&self, field: &str) -> Value {
        self.value.get(field).cloned().unwrap_or_default()
    }

    pub(crate) fn flag(&self, field: &str) -> bool {
        self.value.get(field).and_then(Value::as_bool).unwrap_or_default()
    }

    pub(crate) fn count(&self, field: &str) -> u64 {
        self.value.get(field).and_then(Value::as_u64).unwrap_or_default()
    }

    pub(crate) fn list(&self, field: &str) -> &[Value] {
        self.value.get(field).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }
}

/// A call that a workflow wants made.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Call {
    /// The tool's short name.
    pub(crate) tool: &'static str,
    /// Its arguments.
    pub(crate) input: Value,
}

/// A workflow cannot go on before this call has ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pending {
    /// What it is about, for whoever watches.
    pub(crate) say: String,
    /// The call.
    pub(crate) call: Call,
    /// Which call of the workflow it is, from 0.
    pub(crate) number: usize,
}

/// The calls that have ended, in the order in which they were asked for.
#[derive(Debug)]
pub(crate) struct Replay {
    ended: VecDeque<Done>,
    taken: usize,
}

impl Replay {
    /// Of the messages of a workflow's lane.
    pub(crate) fn of(messages: &[Arc<ModelMessage>]) -> Self {
        let mut asked: Vec<(&ToolCallId, &str)> = Vec::new();
        let mut answers: HashMap<&ToolCallId, &Content> = HashMap::new();
        for content in messages.iter().flat_map(|message| &message.content) {
            match &**content {
                Content::Block(Block::ToolUse { id, name, .. }) => asked.push((id, name)),
                answer @ Content::ToolResult { id, .. } => {
                    answers.insert(id, answer);
                }
                Content::Block(_) | Content::Text(_) => {}
            }
        }
        let ended = asked.into_iter().map_while(|(id, name)| match answers.get(id)? {
            Content::ToolResult { content, structured, kind, is_error, .. } => Some(Done {
                tool: name.rsplit("__").next().unwrap_or(name).to_owned(),
                content: content.clone(),
                value: structured.clone().unwrap_or_default(),
                failure: kind.or_else(|| is_error.then_some(ToolErrorKind::Failed)),
            }),
            _ => None,
        });
        Self { ended: ended.collect(), taken: 0 }
    }

    /// What a call came to.
    ///
    /// # Errors
    /// When it was not made yet.
    pub(crate) fn call(&mut self, say: &str, tool: &'static str, input: Value) -> Result<Done, Pending> {
        let Some(done) = self.ended.pop_front() else {
            return Err(Pending { say: say.to_owned(), call: Call { tool, input }, number: self.taken });
        };
        self.taken = self.taken.saturating_add(1);
        // A log of an older workflow, which asked for something else: what it came to is not this one's answer.
        Ok(if done.tool == tool { done } else { missing() })
    }
}

fn missing() -> Done {
    let content = "this step was done by another version of the workflow; begin it again".to_owned();
    Done { tool: String::new(), content, value: Value::Null, failure: Some(ToolErrorKind::NotRun) }
}
