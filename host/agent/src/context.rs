//! The model's context: a fold of the log into messages.
//!
//! Rules of the wire that hold for whatever the log contains: roles alternate; every tool use is answered in the very
//! next user message, results before any text; blocks of the model come back unchanged; no text is empty. The same
//! log gives the same messages, and a longer log only adds to them, so that the provider's prompt cache holds. Only a
//! note that the provider refused the conversation changes what stands before it.

mod repair;

use std::collections::HashMap;

use bricklayer_domain::{Block, Event, StopReason, ToolCallId, ToolErrorKind, ToolOutcome, TurnEnd};
use serde_json::Value;

use crate::model::{Content, ModelMessage, Role};
use repair::{PLAIN_TURNS, Repairs, call_in_words};
pub(crate) use repair::{withheld_tools, without_reasoning};

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

/// What asks the model to go on where no message of the user does.
const GO_ON: &str = "Go on.";

/// Folds the events of a conversation, in order, its current turn last.
#[must_use]
pub fn build(events: &[Event]) -> Context {
    let mut context = Context::default();
    let repairs = Repairs::of(events);
    let turns = split_turns(events);
    let mut stopped = false;
    for (number, (start, turn)) in turns.iter().enumerate() {
        let later = turns.len().saturating_sub(number).saturating_sub(1);
        if later == 0 {
            context.previous_turn_end = context.messages.len().checked_sub(1);
        } else if was_refused(turn) || (later > PLAIN_TURNS && repairs.is_plain(*start)) {
            // A model that declined once declines again while it sees the message.
            continue;
        }
        let mut builder = TurnBuilder {
            messages: &mut context.messages,
            repairs: &repairs,
            current: later == 0,
            open: Vec::new(),
            results: HashMap::new(),
        };
        if stopped {
            builder.push_user_text(STOPPED_NOTE);
        }
        for (offset, event) in turn.iter().enumerate() {
            builder.take(start.saturating_add(offset), event);
        }
        builder.answer_open();
        stopped = turn.iter().any(|event| matches!(event, Event::TurnFinished { end: TurnEnd::Cancelled, .. }));
    }
    if context.messages.last().is_some_and(ends_in_words) {
        // Not every model goes on from its own words; what a provider paused goes back to it as it came.
        let content = vec![Content::Text(GO_ON.to_owned())];
        context.messages.push(ModelMessage { role: Role::User, content });
    }
    context
}

/// Whether a message is the model's own and holds nothing that its provider could go on with.
fn ends_in_words(message: &ModelMessage) -> bool {
    message.role == Role::Assistant
        && !message.content.iter().any(|content| matches!(content, Content::Block(Block::Other { .. })))
}

/// Each turn with its place in the log.
fn split_turns(events: &[Event]) -> Vec<(usize, &[Event])> {
    let starts: Vec<usize> = events
        .iter()
        .enumerate()
        .filter(|(_, event)| matches!(event, Event::TurnStarted { .. }))
        .map(|(index, _)| index)
        .collect();
    let ends = starts.iter().skip(1).copied().chain(std::iter::once(events.len()));
    starts.iter().zip(ends).filter_map(|(start, end)| Some((*start, events.get(*start..end)?))).collect()
}

fn was_refused(turn: &[Event]) -> bool {
    turn.iter().any(|event| matches!(event, Event::AssistantMessage { stop_reason: StopReason::Refusal, .. }))
}

struct TurnBuilder<'a> {
    messages: &'a mut Vec<ModelMessage>,
    repairs: &'a Repairs,
    /// Whether this is the turn that runs: its message is never cut.
    current: bool,
    /// Tool uses of the last assistant message, not yet answered in `messages`.
    open: Vec<Open>,
    /// Outcomes, each with its place in the log.
    results: HashMap<ToolCallId, (usize, ToolOutcome)>,
}

/// A tool use that is to be answered.
struct Open {
    id: ToolCallId,
    /// Its name and arguments, when it is told in words.
    in_words: Option<(String, Value)>,
}

impl TurnBuilder<'_> {
    fn take(&mut self, index: usize, event: &Event) {
        match event {
            Event::TurnStarted { message, .. } if self.current => self.push_user_text(message),
            Event::TurnStarted { message, .. } => self.push_user_text(&self.repairs.text(index, message)),
            Event::AssistantMessage { blocks, .. } => {
                self.answer_open();
                self.assistant(index, blocks);
            }
            Event::ToolFinished { call, outcome, .. } => {
                self.results.entry(call.clone()).or_insert_with(|| (index, outcome.clone()));
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

    fn push_user_text(&mut self, text: &str) {
        let text = if text.trim().is_empty() { "(empty message)" } else { text };
        self.push(Role::User, Content::Text(text.to_owned()));
    }

    fn assistant(&mut self, index: usize, blocks: &[Block]) {
        let mut kept: Vec<Block> = blocks.iter().filter_map(|block| self.repairs.block(index, block)).collect();
        // Reasoning that led to nothing is refused as the last block of a message.
        while kept.last().is_some_and(is_reasoning) {
            kept.pop();
        }
        for block in kept {
            let open = match &block {
                Block::ToolUse { id, name, input } => {
                    let in_words = self.repairs.is_plain(index).then(|| (name.clone(), input.clone()));
                    Some(Open { id: id.clone(), in_words })
                }
                Block::Text { .. } | Block::Thinking { .. } | Block::Other { .. } => None,
            };
            let in_words = open.as_ref().is_some_and(|open| open.in_words.is_some());
            self.open.extend(open);
            if !in_words {
                self.push(Role::Assistant, Content::Block(block));
            }
        }
    }

    fn answer_open(&mut self) {
        for Open { id, in_words } in std::mem::take(&mut self.open) {
            let (text, structured, kind) = match self.results.remove(&id) {
                Some((index, outcome)) => {
                    let kind = outcome.failure.as_ref().map(|failure| failure.kind);
                    let text = self.repairs.text(index, &outcome.content);
                    (if text.trim().is_empty() { NO_OUTPUT.to_owned() } else { text }, outcome.structured, kind)
                }
                None => (NO_RESULT.to_owned(), None, Some(ToolErrorKind::Cancelled)),
            };
            match in_words {
                Some((name, input)) => self.push_user_text(&call_in_words(&name, &input, &text)),
                None => {
                    let is_error = kind.is_some();
                    self.push(Role::User, Content::ToolResult { id, content: text, structured, is_error, kind });
                }
            }
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

fn is_reasoning(block: &Block) -> bool {
    match block {
        Block::Thinking { .. } => true,
        Block::Other { raw } => repair::is_reasoning(raw),
        Block::Text { .. } | Block::ToolUse { .. } => false,
    }
}
