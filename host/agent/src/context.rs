//! The model's context: a fold of the log into messages, kept and extended.
//!
//! Rules of the wire that hold for whatever the log contains: roles alternate; every tool use is answered in the very
//! next user message, results before any text; blocks of the model come back unchanged; no text is empty. The same
//! log gives the same messages, and a longer log only adds to them, so that the provider's prompt cache holds. Only a
//! note that the provider refused the conversation changes what stands before it.
//!
//! What was said is held once and shared: by the fold, by the messages, and by each request for them. A step adds what
//! is new; the messages are made anew only when something changes what stands before it.

mod messages;
mod repair;

use std::sync::Arc;

use bricklayer_domain::{
    Block, ContextTokens, Event, EventSeq, HistoryRepair, ResultId, StopReason, ToolCallId, ToolName, TurnEnd,
};

use crate::model::{Content, ModelMessage, Role};
use messages::Builder;
use repair::Repairs;

/// Messages for a model call.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Messages {
    /// The conversation.
    pub messages: Vec<Arc<ModelMessage>>,
    /// The index of the last message of the turns before this one.
    pub previous_turn_end: Option<usize>,
}

/// What a tool said when it said nothing; providers refuse empty text.
const NO_OUTPUT: &str = "(no output)";

/// What a user said who said nothing.
const NO_MESSAGE: &str = "(empty message)";

/// What asks the model to go on where no message of the user does.
const GO_ON: &str = "Go on.";

/// What stands before the summary of what was said before.
const SUMMARY_NOTE: &str = "[What was said and done before, in short:]\n";

/// The same where the summary also tells of the turn that runs.
const SUMMARY_OF_STEPS_NOTE: &str = "[What was said and done before, in short. It tells of the message below as well: go \
                                     on with that where this leaves off.]\n";

/// Bytes of text for a token, where no model counted.
const BYTES_PER_TOKEN: u64 = 4;

/// The same of texts with the longest tokens.
const MOST_BYTES_PER_TOKEN: u64 = 8;

/// What the messages are made from.
#[derive(Debug, Clone)]
enum Kept {
    /// A turn begins, with what the user said; where it stands in the log, when that is known.
    Started { seq: Option<EventSeq>, message: Arc<Content> },
    /// What the project's folder says to whoever works in it.
    Notes(Arc<Notes>),
    /// The model's message.
    Answered { blocks: Vec<Arc<Content>>, refused: bool },
    /// A call ended.
    Result { call: ToolCallId, content: Arc<Content> },
    /// What stands before is read differently.
    Repaired(HistoryRepair),
    /// The turn ended.
    Ended { stopped: bool },
}

/// What a model knows of the project's notes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Notes {
    /// Their file.
    pub(crate) file: String,
    /// As they were read; empty when they are gone.
    pub(crate) text: String,
    /// What the model reads.
    content: Arc<Content>,
}

impl Notes {
    fn of(file: &str, text: &str) -> Self {
        let said = if text.is_empty() {
            format!("[The project's notes, {file}, can no longer be read: they are gone, or not for you.]")
        } else {
            format!(
                "[The project's notes for whoever works in it, {file}, as they stand now. They came from the project's \
                 folder, not from the user's message:]\n{text}\n[End of the notes]"
            )
        };
        Self { file: file.to_owned(), text: text.to_owned(), content: Arc::new(Content::Text(said)) }
    }
}

impl Kept {
    /// Whether it is the outcome of a call that made this result.
    fn names(&self, id: ResultId) -> bool {
        let Self::Result { content, .. } = self else { return false };
        matches!(&**content, Content::ToolResult { results, .. } if results.contains(&id))
    }

    fn size(&self) -> Size {
        let of = |content: &Arc<Content>| match &**content {
            Content::Text(text) | Content::Block(Block::Text { text }) => Size { said: text.len(), ..Size::default() },
            // A model on a wire reads no typed result.
            Content::ToolResult { content, structured, .. } => {
                Size { said: content.len(), results: content.len(), values: structured.as_ref().map_or(0, written) }
            }
            Content::Block(Block::Thinking { thinking, signature }) => {
                Size { said: thinking.len().saturating_add(signature.len()), ..Size::default() }
            }
            Content::Block(Block::ToolUse { input: value, .. } | Block::Other { raw: value }) => {
                let bytes = written(value);
                Size { said: bytes, values: bytes, ..Size::default() }
            }
        };
        match self {
            Self::Started { message: content, .. } | Self::Result { content, .. } => of(content),
            Self::Notes(notes) => of(&notes.content),
            Self::Answered { blocks, .. } => blocks.iter().map(of).fold(Size::default(), Size::and),
            Self::Repaired(_) | Self::Ended { .. } => Size::default(),
        }
    }
}

/// How much is kept.
#[derive(Debug, Clone, Copy, Default)]
struct Size {
    /// Bytes that a model reads.
    said: usize,
    /// Those among them that calls gave.
    results: usize,
    /// Bytes, as JSON, of what is held as values.
    values: usize,
}

impl Size {
    const fn and(self, other: Self) -> Self {
        Self {
            said: self.said.saturating_add(other.said),
            results: self.results.saturating_add(other.results),
            values: self.values.saturating_add(other.values),
        }
    }
}

/// The context of a conversation, its current turn last.
#[derive(Debug, Clone, Default)]
pub struct Context {
    kept: Vec<Kept>,
    /// What stands for all that was said before, when the conversation was compacted.
    summary: Option<Arc<Content>>,
    repairs: Repairs,
    /// Results that the model is shown as they are, in the order in which they came.
    shown: Vec<ResultId>,
    /// Of what is kept.
    size: Size,
    /// Tokens of all until then, as the model's provider counted them last, and the bytes that were said then.
    counted: Option<(u64, usize)>,
    /// The messages of the first so many of what is kept.
    built: usize,
    builder: Builder,
}

/// Folds the events of a conversation, in order, its current turn last.
#[must_use]
pub fn build(events: &[Event]) -> Messages {
    let mut context = Context::default();
    for event in events {
        context.take(None, event);
    }
    context.messages()
}

impl Context {
    /// Takes the next event of the log; `seq` is its place, when it has one already.
    pub fn take(&mut self, seq: Option<EventSeq>, event: &Event) {
        let kept = match event {
            Event::TurnStarted { message, .. } => {
                if self.repairs.change_with_turns() {
                    self.rebuild();
                }
                Kept::Started { seq, message: user_text(message) }
            }
            Event::NotesRead { file, text, .. } => Kept::Notes(Arc::new(Notes::of(file, text))),
            Event::AssistantMessage { blocks, stop_reason, .. } => Kept::Answered {
                blocks: blocks.iter().filter_map(said).collect(),
                refused: *stop_reason == StopReason::Refusal,
            },
            Event::ToolFinished { call, outcome, .. } => {
                self.shown.extend(&outcome.shown);
                let kind = outcome.failure.as_ref().map(|failure| failure.kind);
                let text = &outcome.content;
                let content = Content::ToolResult {
                    id: call.clone(),
                    content: if text.trim().is_empty() { NO_OUTPUT.to_owned() } else { text.clone() },
                    structured: outcome.structured.as_ref().filter(|value| is_small(value)).cloned(),
                    is_error: kind.is_some(),
                    kind,
                    results: outcome.results.iter().map(|result| result.id).collect(),
                };
                Kept::Result { call: call.clone(), content: Arc::new(content) }
            }
            Event::ModelRetry { repair: Some(repair), .. } => {
                self.repair(repair.clone());
                return;
            }
            Event::ContextCompacted { summary, begins, steps_too, .. } => {
                self.compact(summary, *begins, *steps_too);
                return;
            }
            Event::TurnFinished { end, .. } => Kept::Ended { stopped: *end == TurnEnd::Cancelled },
            Event::ModelRetry { repair: None, .. }
            | Event::StepStarted { .. }
            | Event::TextDelta { .. }
            | Event::ThinkingDelta { .. }
            | Event::StepDiscarded { .. }
            | Event::ApprovalRequested { .. }
            | Event::ApprovalAnswered { .. }
            | Event::ToolStarted { .. }
            | Event::ToolContinuation { .. }
            | Event::ToolProgress { .. } => return,
        };
        self.push(kept);
        if let Event::AssistantMessage { usage, .. } = event
            && usage.total() > 0
        {
            self.counted = Some((usage.total(), self.size.said));
        }
    }

    fn push(&mut self, kept: Kept) {
        self.repairs.take(self.kept.len(), &kept);
        self.size = self.size.and(kept.size());
        self.kept.push(kept);
    }

    /// Puts a summary in the place of what stands before an event.
    fn compact(&mut self, summary: &str, begins: EventSeq, steps_too: bool) {
        let starts = || {
            self.kept.iter().enumerate().filter_map(|(index, kept)| match kept {
                Kept::Started { seq, .. } => Some((index, *seq)),
                Kept::Notes(_)
                | Kept::Answered { .. }
                | Kept::Result { .. }
                | Kept::Repaired(_)
                | Kept::Ended { .. } => None,
            })
        };
        let first = starts().find(|(_, seq)| seq.is_some_and(|seq| seq >= begins)).or_else(|| starts().next_back());
        self.kept.drain(..first.map_or(0, |(index, _)| index));
        if steps_too && let Some(start) = self.kept.iter().rposition(|kept| matches!(kept, Kept::Started { .. })) {
            // Of the turn that runs, its message and the notes; and what the API does not take, whatever else it is given.
            let mut steps = self.kept.split_off(start.saturating_add(1));
            steps.retain(|kept| matches!(kept, Kept::Notes(_) | Kept::Repaired(HistoryRepair::Tool { .. })));
            self.kept.append(&mut steps);
        }
        let note = if steps_too { SUMMARY_OF_STEPS_NOTE } else { SUMMARY_NOTE };
        self.summary = Some(user_text(&format!("{note}{summary}")));
        self.counted = None;
        let summarised = Size { said: summary.len(), ..Size::default() };
        self.size = self.kept.iter().map(Kept::size).fold(summarised, Size::and);
        self.repairs = Repairs::of(&self.kept);
        let told = |id: &ResultId| self.kept.iter().any(|kept| kept.names(*id));
        let shown = self.shown.iter().filter(|id| told(id)).copied().collect();
        self.shown = shown;
        self.rebuild();
    }

    /// Lets the model read what stands before differently from here on.
    pub(crate) fn repair(&mut self, repair: HistoryRepair) {
        self.push(Kept::Repaired(repair));
        self.counted = None;
        self.rebuild();
    }

    /// Takes the last repair back; nothing came after it.
    pub(crate) fn unrepair(&mut self) {
        if matches!(self.kept.last(), Some(Kept::Repaired(_))) {
            self.kept.pop();
            self.repairs = Repairs::of(&self.kept);
            self.rebuild();
        }
    }

    /// The messages for a model call that is due now: all calls of the last message have ended.
    pub fn messages(&mut self) -> Messages {
        self.build();
        let mut messages = self.builder.messages.clone();
        if messages.last().is_some_and(|message| ends_in_words(message)) {
            // Not every model goes on from its own words; what a provider paused goes back to it as it came.
            messages.push(Arc::new(ModelMessage { role: Role::User, content: vec![user_text(GO_ON)] }));
        }
        Messages { messages, previous_turn_end: self.builder.previous_turn_end }
    }

    /// Makes the messages of what is not built yet; all calls of the last message have ended.
    pub(crate) fn build(&mut self) {
        if self.built == 0 {
            self.builder = Builder::after(self.summary.clone());
        }
        for (index, kept) in self.kept.iter().enumerate().skip(self.built) {
            self.builder.take(index, kept, &self.repairs);
        }
        self.built = self.kept.len();
        self.builder.answer_open(&self.repairs);
    }

    /// Tokens of all that the model reads, about: as its provider counted, and what came since by its length. Not every
    /// gateway counts, so that it is never fewer than texts of that length could have.
    pub(crate) fn tokens(&self) -> u64 {
        let (counted, then) = self.counted.unwrap_or_default();
        let since = self.size.said.saturating_sub(then) as u64 / BYTES_PER_TOKEN;
        counted.saturating_add(since).max(self.size.said as u64 / MOST_BYTES_PER_TOKEN)
    }

    /// What a call reads beside so many bytes of instructions and of definitions of tools, which a provider counts as well.
    pub(crate) fn parts(&self, instructions: usize, tools: usize) -> ContextTokens {
        let tokens = |bytes: usize| (bytes as u64).div_ceil(BYTES_PER_TOKEN);
        let parts = ContextTokens {
            instructions: tokens(instructions),
            tools: tokens(tools),
            messages: tokens(self.size.said.saturating_sub(self.size.results)),
            results: tokens(self.size.results),
            compacted_above: None,
        };
        if self.counted.is_some() { parts.shared_out(self.tokens()) } else { parts }
    }

    /// Where the turn that runs begins, when there is something before it or in it that a summary could stand for; and
    /// whether the turn did something.
    pub(crate) fn compactable(&self) -> Option<(EventSeq, bool)> {
        let start = self.kept.iter().rposition(|kept| matches!(kept, Kept::Started { .. }))?;
        let Some(Kept::Started { seq: Some(begins), .. }) = self.kept.get(start) else { return None };
        let acted = self.kept.iter().skip(start).any(|kept| matches!(kept, Kept::Answered { .. }));
        let said = self.kept.iter().take(start).any(|kept| matches!(kept, Kept::Answered { .. }));
        (acted || said).then_some((*begins, acted))
    }

    /// What is kept takes so many bytes of memory, about.
    pub(crate) const fn memory(&self) -> usize {
        /// What holds a thing: shared pointers, ids, its place in a message.
        const HOLDER: usize = 256;
        let holders = self.kept.len().saturating_mul(HOLDER);
        self.size.said.saturating_add(holders).saturating_add(self.size.values.saturating_mul(VALUE_OF_JSON))
    }

    /// Results that the model is shown as they are, the newest last.
    pub(crate) fn shown(&self) -> &[ResultId] {
        &self.shown
    }

    /// What the model knows of the project's notes; none when it read none, or they were summarised with the rest.
    pub(crate) fn notes(&self) -> Option<&Notes> {
        self.kept.iter().rev().find_map(|kept| match kept {
            Kept::Notes(notes) => Some(&**notes),
            _ => None,
        })
    }

    /// Whether the turn that runs goes without reasoning: what it wrote so far cannot be given back.
    pub(crate) fn without_reasoning(&self) -> bool {
        self.repairs.without_reasoning()
    }

    /// Tools that the model's API refused.
    pub(crate) fn withheld_tools(&self) -> &[ToolName] {
        self.repairs.withheld_tools()
    }

    fn rebuild(&mut self) {
        self.built = 0;
    }
}

fn user_text(text: &str) -> Arc<Content> {
    Arc::new(Content::Text(if text.trim().is_empty() { NO_MESSAGE.to_owned() } else { text.to_owned() }))
}

/// A block as the model gets it back; none when there is nothing in it.
fn said(block: &Block) -> Option<Arc<Content>> {
    let is_empty = matches!(block, Block::Text { text } if text.trim().is_empty());
    (!is_empty).then(|| Arc::new(Content::Block(block.clone())))
}

/// Whether a message is the model's own and holds nothing that its provider could go on with.
fn ends_in_words(message: &ModelMessage) -> bool {
    message.role == Role::Assistant
        && !message.content.iter().any(|content| matches!(**content, Content::Block(Block::Other { .. })))
}

/// What a value takes in memory, times its bytes as JSON, about.
const VALUE_OF_JSON: usize = 20;

/// Largest typed result, in bytes as JSON, that a turn keeps beside the text that the model reads. As values a result
/// takes some twenty times its size, and a turn may have hundreds.
const MAX_KEPT_STRUCTURED_BYTES: usize = 8 * 1024;

fn is_small(value: &serde_json::Value) -> bool {
    written_up_to(value, MAX_KEPT_STRUCTURED_BYTES).is_some()
}

/// Bytes of a value as JSON.
fn written(value: &serde_json::Value) -> usize {
    written_up_to(value, usize::MAX).unwrap_or(usize::MAX)
}

/// The same, without making the text; none when there are more.
fn written_up_to(value: &serde_json::Value, most: usize) -> Option<usize> {
    struct Room(usize);
    impl std::io::Write for Room {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(std::io::ErrorKind::FileTooLarge)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut room = Room(most);
    serde_json::to_writer(&mut room, value).ok()?;
    Some(most - room.0)
}
