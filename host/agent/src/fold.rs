//! One pass over a conversation's log, from which a turn goes on.

use std::collections::BTreeMap;

use bricklayer_domain::{Block, Event, Piece, ResultId, StoredEvent, TurnSettings, spoken};

use crate::context::Context;
use crate::tools::SeenFiles;
use crate::turn::TurnState;

/// A conversation as its log tells it so far: where its last turn stands, what the model reads, which files it has
/// seen, and what a step was saying when the log ends. Events are given one by one, in order, so that nobody needs to
/// hold the log.
#[derive(Debug, Default)]
pub struct Fold {
    pub(crate) state: TurnState,
    pub(crate) context: Context,
    /// Shared with the calls that look into it.
    seen_files: SeenFiles,
    message: String,
    rerun_of: Option<ResultId>,
    half_said: BTreeMap<u32, String>,
    said: String,
}

impl Fold {
    /// Takes the next event of the log.
    pub fn take(&mut self, stored: &StoredEvent) {
        let event = &stored.event;
        self.state.take(stored);
        self.context.take(Some(stored.seq), event);
        self.seen_files.take(event);
        self.hear(event);
        if event.kind().voids().all_of(Piece::Text) {
            self.half_said.clear();
        }
        match event {
            Event::TextDelta { block, text, .. } => self.half_said.entry(*block).or_default().push_str(text),
            Event::TurnStarted { message, rerun_of, .. } => {
                self.message.clone_from(message);
                self.rerun_of = *rerun_of;
            }
            // Reasoning without its signature cannot be given back to a model.
            Event::ThinkingDelta { .. }
            | Event::NotesRead { .. }
            | Event::StepStarted { .. }
            | Event::ModelRetry { .. }
            | Event::StepDiscarded { .. }
            | Event::AssistantMessage { .. }
            | Event::ApprovalRequested { .. }
            | Event::ApprovalAnswered { .. }
            | Event::ToolStarted { .. }
            | Event::ToolContinuation { .. }
            | Event::ToolProgress { .. }
            | Event::ToolFinished { .. }
            | Event::ContextCompacted { .. }
            | Event::TurnFinished { .. } => {}
        }
    }

    /// Takes an event that the state emitted itself and that is not stored yet.
    pub(crate) fn take_emitted(&mut self, event: &Event) {
        self.hear(event);
        self.context.take(None, event);
        self.seen_files.take(event);
    }

    /// Keeps the newest words of a turn.
    fn hear(&mut self, event: &Event) {
        match event {
            Event::TurnStarted { .. } => self.said.clear(),
            Event::AssistantMessage { blocks, .. } => {
                let said = spoken(blocks);
                if !said.is_empty() {
                    self.said = said;
                }
            }
            _ => {}
        }
    }

    /// Whether no turn was begun.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.state.turn().is_none()
    }

    /// Makes what models read of it, where the log ends with a user's message: copies need not make it again.
    pub fn prepare(&mut self) {
        if self.state.is_fresh() {
            self.context.build();
        }
    }

    /// A fold of its own of what was taken until now, to go on from when the conversation does.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self {
            state: self.state.clone(),
            context: self.context.clone(),
            seen_files: self.seen_files.copy(),
            message: self.message.clone(),
            rerun_of: self.rerun_of,
            half_said: self.half_said.clone(),
            said: self.said.clone(),
        }
    }

    /// What it takes in memory, about, in bytes; what copies share counts for each.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.context.memory()
    }

    /// The files that the model has seen, as they come to be known.
    #[must_use]
    pub fn seen_files(&self) -> &SeenFiles {
        &self.seen_files
    }

    /// What the user chose for the last turn.
    #[must_use]
    pub fn settings(&self) -> &TurnSettings {
        self.state.settings()
    }

    /// The message that began the last turn.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The result that the last turn makes again, when it was begun for that.
    #[must_use]
    pub const fn rerun_of(&self) -> Option<ResultId> {
        self.rerun_of
    }

    /// What the model said last in the last turn, in words.
    #[must_use]
    pub fn said(&self) -> &str {
        &self.said
    }

    /// The prose of the step that was streaming when the log ends, as far as it was stored.
    #[must_use]
    pub fn half_said(&self) -> Vec<Block> {
        let texts = self.half_said.values().filter(|text| !text.trim().is_empty());
        texts.map(|text| Block::Text { text: text.clone() }).collect()
    }
}

impl<'a> FromIterator<&'a StoredEvent> for Fold {
    fn from_iter<T: IntoIterator<Item = &'a StoredEvent>>(history: T) -> Self {
        let mut fold = Self::default();
        for stored in history {
            fold.take(stored);
        }
        fold
    }
}

#[cfg(test)]
mod tests {
    use bricklayer_domain::{
        ConversationId, EventSeq, LaneId, StopReason, ToolCallId, ToolName, ToolOutcome, TurnEnd, TurnId, Usage,
    };
    use serde_json::json;

    use super::*;

    fn turn(message: &str, path: &str) -> Vec<Event> {
        let call = ToolCallId(format!("of {path}"));
        let input = json!({"file_path": path});
        let blocks = vec![Block::ToolUse { id: call.clone(), name: "Read".into(), input }];
        let seen = json!({"path": path, "digest": "d"});
        vec![
            Event::TurnStarted { message: message.into(), settings: TurnSettings::default(), rerun_of: None },
            Event::StepStarted { step: 0, model: "m".into(), context: None },
            Event::AssistantMessage {
                step: 0,
                blocks,
                stop_reason: StopReason::ToolUse,
                usage: Usage::default(),
                model: String::new(),
                aborted: false,
                calls: Vec::new(),
            },
            Event::ToolFinished {
                call,
                name: ToolName("Read".into()),
                outcome: ToolOutcome { structured: Some(seen), ..ToolOutcome::text("a line") },
                duration_ms: 1,
            },
            Event::TurnFinished { end: TurnEnd::Completed, usage: Usage::default(), steps: 1, duration_ms: 1 },
        ]
    }

    /// Wherever a fold is copied, its copy goes on like one that never was, and neither writes into the other.
    #[test]
    fn a_copy_goes_on_like_the_whole() {
        let conversation = ConversationId::new();
        let events: Vec<_> = [turn("one", "a"), turn("two", "b"), turn("three", "c")].concat();
        let log = (1..).zip(&events).map(|(seq, event)| StoredEvent {
            seq: EventSeq(seq),
            conversation,
            lane: LaneId::MAIN,
            turn: TurnId::from_uuid(uuid::Uuid::nil()),
            at: chrono::DateTime::UNIX_EPOCH,
            event: event.clone(),
            structured_bytes: None,
        });
        let log: Vec<StoredEvent> = log.collect();
        let told = |fold: &mut Fold| {
            let messages = fold.context.messages();
            format!("{:?} {messages:?} {:?} {:?}", fold.state, fold.message(), fold.half_said())
        };
        for copied in 0..log.len() {
            let (early, late) = log.split_at(copied);
            let mut kept: Fold = early.iter().collect();
            kept.prepare();
            let mut copy = kept.copy();
            late.iter().for_each(|stored| copy.take(stored));
            let mut whole: Fold = log.iter().collect();
            assert_eq!(told(&mut copy), told(&mut whole), "copied after {copied}");
            assert_eq!(copy.seen_files().now(), whole.seen_files().now());
            let until_there: Fold = early.iter().collect();
            assert_eq!(kept.seen_files().now(), until_there.seen_files().now(), "the kept one stays");
            assert!(copied == 0 || kept.bytes() > 0);
        }
    }
}
