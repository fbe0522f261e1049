//! The model's context: a fold of the log into messages.
//!
//! Rules of the wire that hold for whatever the log contains: roles alternate; every tool use is answered in the very
//! next user message, results before any text; blocks of the model come back unchanged; no text is empty. The same
//! log gives the same messages, and a longer log only adds to them, so that the provider's prompt cache holds.

use std::collections::HashMap;

use bricklayer_domain::{Block, Event, StopReason, ToolCallId, ToolOutcome, TurnEnd};

use crate::model::{Content, ModelMessage, Role};

/// Messages for a model call.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Context {
    /// The conversation.
    pub messages: Vec<ModelMessage>,
    /// The index of the last message of the turns before this one.
    pub previous_turn_end: Option<usize>,
}

/// What stands for the result of a call that never ended.
const NO_RESULT: &str = "This call did not run to its end: the turn was stopped.";

/// What a tool said when it said nothing; providers refuse empty text.
const NO_OUTPUT: &str = "(no output)";

/// What tells the model that the user stopped the turn before.
const STOPPED_NOTE: &str = "[The user stopped the previous turn before it was finished.]";

/// Folds the events of a conversation, in order, its current turn last.
#[must_use]
pub fn build(events: &[Event]) -> Context {
    let mut context = Context::default();
    let mut turns = split_turns(events).into_iter().peekable();
    let mut stopped = false;
    while let Some(turn) = turns.next() {
        if turns.peek().is_none() {
            context.previous_turn_end = context.messages.len().checked_sub(1);
        } else if was_refused(turn) {
            // A model that declined once declines again while it sees the message.
            continue;
        }
        let mut builder = TurnBuilder { messages: &mut context.messages, open: Vec::new(), results: HashMap::new() };
        if stopped {
            builder.user_text(STOPPED_NOTE);
        }
        for event in turn {
            builder.take(event);
        }
        builder.answer_open();
        stopped = turn.iter().any(|event| matches!(event, Event::TurnFinished { end: TurnEnd::Cancelled, .. }));
    }
    context
}

fn split_turns(events: &[Event]) -> Vec<&[Event]> {
    let starts: Vec<usize> = events
        .iter()
        .enumerate()
        .filter(|(_, event)| matches!(event, Event::TurnStarted { .. }))
        .map(|(index, _)| index)
        .collect();
    let ends = starts.iter().skip(1).copied().chain(std::iter::once(events.len()));
    starts.iter().zip(ends).filter_map(|(start, end)| events.get(*start..end)).collect()
}

fn was_refused(turn: &[Event]) -> bool {
    turn.iter().any(|event| matches!(event, Event::AssistantMessage { stop_reason: StopReason::Refusal, .. }))
}

struct TurnBuilder<'a> {
    messages: &'a mut Vec<ModelMessage>,
    /// Tool uses of the last assistant message, not yet answered in `messages`.
    open: Vec<ToolCallId>,
    results: HashMap<ToolCallId, ToolOutcome>,
}

impl TurnBuilder<'_> {
    fn take(&mut self, event: &Event) {
        match event {
            Event::TurnStarted { message, .. } => self.user_text(message),
            Event::AssistantMessage { blocks, .. } => {
                self.answer_open();
                self.assistant(blocks);
            }
            Event::ToolFinished { call, outcome, .. } => {
                self.results.entry(call.clone()).or_insert_with(|| outcome.clone());
            }
            Event::StepStarted { .. }
            | Event::TextDelta { .. }
            | Event::ThinkingDelta { .. }
            | Event::ModelRetry { .. }
            | Event::StepDiscarded { .. }
            | Event::ApprovalRequested { .. }
            | Event::ApprovalAnswered { .. }
            | Event::ToolStarted { .. }
            | Event::ToolContinuation { .. }
            | Event::ToolProgress { .. }
            | Event::TurnFinished { .. } => {}
        }
    }

    fn user_text(&mut self, text: &str) {
        let text = if text.trim().is_empty() { "(empty message)" } else { text };
        self.push(Role::User, Content::Text(text.to_owned()));
    }

    fn assistant(&mut self, blocks: &[Block]) {
        for block in blocks {
            match block {
                Block::Text { text } if text.trim().is_empty() => continue,
                Block::ToolUse { id, .. } => self.open.push(id.clone()),
                Block::Text { .. } | Block::Thinking { .. } | Block::Other { .. } => {}
            }
            self.push(Role::Assistant, Content::Block(block.clone()));
        }
    }

    fn answer_open(&mut self) {
        for id in std::mem::take(&mut self.open) {
            let content = match self.results.remove(&id) {
                Some(outcome) => {
                    let is_error = outcome.is_error();
                    let text = if outcome.content.trim().is_empty() { NO_OUTPUT.to_owned() } else { outcome.content };
                    Content::ToolResult { id, content: text, structured: outcome.structured, is_error }
                }
                None => Content::ToolResult { id, content: NO_RESULT.to_owned(), structured: None, is_error: true },
            };
            self.push(Role::User, content);
        }
        self.results.clear();
    }

    fn push(&mut self, role: Role, content: Content) {
        match self.messages.last_mut() {
            Some(last) if last.role == role => last.content.push(content),
            Some(_) | None => self.messages.push(ModelMessage { role, content: vec![content] }),
        }
    }
}
