//! One pass over a conversation's log, from which a turn goes on.

use std::collections::BTreeMap;

use bricklayer_domain::{Block, Event, Piece, ResultId, StoredEvent, TurnSettings};

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
}

impl Fold {
    /// Takes the next event of the log.
    pub fn take(&mut self, stored: &StoredEvent) {
        let event = &stored.event;
        self.state.take(stored);
        self.context.take(Some(stored.seq), event);
        self.seen_files.take(event);
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
        self.context.take(None, event);
        self.seen_files.take(event);
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
