//! Messages, made from what is kept of the log, one thing after another.

use std::collections::HashMap;
use std::sync::Arc;

use bricklayer_domain::{Block, ToolCallId, ToolErrorKind};
use serde_json::Value;

use super::repair::{self, PLAIN_TURNS, Repairs, call_in_words};
use super::{Kept, Notes};
use crate::model::{Content, ModelMessage, Role};

/// What stands for the result of a call that never ended.
const NO_RESULT: &str = "This call did not run to its end: the turn was stopped.";

/// What tells the model that the user stopped the turn before.
const STOPPED_NOTE: &str = "[The user stopped the previous turn before it was finished.]";

/// The messages so far, and where the current turn stands.
#[derive(Debug, Clone, Default)]
pub(super) struct Builder {
    pub(super) messages: Vec<Arc<ModelMessage>>,
    pub(super) previous_turn_end: Option<usize>,
    turn: Turn,
    /// Tool uses of the last message of the model, not yet answered in `messages`.
    open: Vec<Open>,
    /// Outcomes, each with its place.
    results: HashMap<ToolCallId, (usize, Arc<Content>)>,
    /// Whether the last turn that the model sees was stopped by the user.
    stopped: bool,
}

/// The turn that is read.
#[derive(Debug, Clone, Default)]
struct Turn {
    /// The messages before it, and the pieces of the last of them.
    begins: (usize, usize),
    refused: bool,
    stopped: bool,
    /// Not told any more.
    left_out: bool,
}

/// A tool use that is to be answered.
#[derive(Debug, Clone)]
struct Open {
    id: ToolCallId,
    /// Its name and arguments, when it is told in words.
    in_words: Option<Arc<Content>>,
}

impl Builder {
    /// Nothing said yet, but for what stands for what came before.
    pub(super) fn after(summary: Option<Arc<Content>>) -> Self {
        let mut builder = Self::default();
        if let Some(summary) = summary {
            builder.push(Role::User, summary);
        }
        builder.turn.left_out = true;
        builder
    }

    /// Takes the next thing, with its place.
    pub(super) fn take(&mut self, index: usize, kept: &Kept, repairs: &Repairs) {
        match kept {
            Kept::Started { message, .. } => self.begin_turn(index, message, repairs),
            Kept::Notes(notes) => self.notes(index, notes, repairs),
            Kept::Answered { refused, .. } if self.turn.left_out => self.turn.refused |= *refused,
            Kept::Answered { blocks, refused } => {
                self.turn.refused |= *refused;
                self.answer_open(repairs);
                self.assistant(index, blocks, repairs);
            }
            Kept::Result { call, content } => {
                self.results.entry(call.clone()).or_insert_with(|| (index, Arc::clone(content)));
            }
            Kept::Ended { stopped } => self.turn.stopped |= *stopped,
            Kept::Repaired(_) => {}
        }
    }

    fn begin_turn(&mut self, index: usize, message: &Arc<Content>, repairs: &Repairs) {
        self.end_turn(repairs);
        self.previous_turn_end = self.messages.len().checked_sub(1);
        let last = self.messages.last().map_or(0, |message| message.content.len());
        let later = repairs.turns_after(index);
        self.turn = Turn {
            begins: (self.messages.len(), last),
            left_out: later > PLAIN_TURNS && repairs.is_plain(index),
            ..Turn::default()
        };
        if self.turn.left_out {
            return;
        }
        if self.stopped {
            self.push(Role::User, Arc::new(Content::Text(STOPPED_NOTE.to_owned())));
        }
        // The message of the turn that runs is never cut.
        let text = if later == 0 { Arc::clone(message) } else { repairs.text(index, message) };
        self.push(Role::User, text);
    }

    /// The notes stand before the message of their turn, which stays the last of what the user says.
    fn notes(&mut self, index: usize, notes: &Notes, repairs: &Repairs) {
        if self.turn.left_out {
            return;
        }
        let text = repairs.text(index, &notes.content);
        if let Some(last) = self.messages.last_mut().filter(|last| last.role == Role::User) {
            let pieces = &mut Arc::make_mut(last).content;
            pieces.insert(pieces.len().saturating_sub(1), text);
        }
    }

    fn end_turn(&mut self, repairs: &Repairs) {
        self.answer_open(repairs);
        let Turn { begins: (messages, pieces), refused, stopped, left_out } = self.turn;
        if left_out {
            return;
        }
        if !refused {
            self.stopped = stopped;
            return;
        }
        // A model that declined once declines again while it sees the message.
        self.messages.truncate(messages);
        if let Some(last) = self.messages.last_mut() {
            Arc::make_mut(last).content.truncate(pieces);
        }
    }

    fn assistant(&mut self, index: usize, blocks: &[Arc<Content>], repairs: &Repairs) {
        let mut kept: Vec<Arc<Content>> = blocks.iter().filter_map(|block| repairs.block(index, block)).collect();
        // Reasoning that led to nothing is refused as the last block of a message.
        while kept.last().is_some_and(|content| is_reasoning(content)) {
            kept.pop();
        }
        for content in kept {
            if let Content::Block(Block::ToolUse { id, .. }) = &*content {
                let in_words = repairs.is_plain(index).then(|| Arc::clone(&content));
                let told_in_words = in_words.is_some();
                self.open.push(Open { id: id.clone(), in_words });
                if told_in_words {
                    continue;
                }
            }
            self.push(Role::Assistant, content);
        }
    }

    /// Answers the tool uses that are open; all of them have ended.
    pub(super) fn answer_open(&mut self, repairs: &Repairs) {
        for Open { id, in_words } in std::mem::take(&mut self.open) {
            let result = match self.results.remove(&id) {
                Some((index, content)) => repairs.text(index, &content),
                None => Arc::new(Content::ToolResult {
                    id,
                    content: NO_RESULT.to_owned(),
                    structured: None,
                    is_error: true,
                    kind: Some(ToolErrorKind::Cancelled),
                    results: Vec::new(),
                }),
            };
            let result = match in_words.as_deref() {
                Some(call) => Arc::new(Content::Text(in_words_of(call, &result))),
                None => result,
            };
            self.push(Role::User, result);
        }
        self.results.clear();
    }

    fn push(&mut self, role: Role, content: Arc<Content>) {
        match self.messages.last_mut() {
            Some(last) if last.role == role => Arc::make_mut(last).content.push(content),
            Some(_) | None => self.messages.push(Arc::new(ModelMessage { role, content: vec![content] })),
        }
    }
}

/// A call and its result, as text.
fn in_words_of(call: &Content, result: &Content) -> String {
    let result = match result {
        Content::ToolResult { content, .. } | Content::Text(content) => content.as_str(),
        Content::Block(_) => "",
    };
    match call {
        Content::Block(Block::ToolUse { name, input, .. }) => call_in_words(name, input, result),
        Content::Block(_) | Content::Text(_) | Content::ToolResult { .. } => call_in_words("", &Value::Null, result),
    }
}

fn is_reasoning(content: &Content) -> bool {
    match content {
        Content::Block(Block::Thinking { .. }) => true,
        Content::Block(Block::Other { raw }) => repair::is_reasoning(raw),
        Content::Block(Block::Text { .. } | Block::ToolUse { .. }) | Content::Text(_) | Content::ToolResult { .. } => {
            false
        }
    }
}
