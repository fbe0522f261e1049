//! What each kind of event is to the log, said once: its name, whether it is a piece of something that comes whole
//! later, and which pieces before it are void. Queries, live readers, pages and the agent derive from this table.

use std::collections::HashSet;
use std::fmt;

use super::Event;
use crate::ToolCallId;

/// What an event may be a piece of. Pieces are shown before they are stored, and go when what they belong to is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Piece {
    /// Of a text or of reasoning; the step's message is the whole.
    Text,
    /// Of a call's progress; the call's outcome is the whole.
    Progress,
}

impl Piece {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Text, Self::Progress];
}

/// Which pieces before an event are void by it: they say nothing any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Voids {
    /// None.
    Nothing,
    /// The progress of the call that it names.
    ItsCall,
    /// The progress of all calls: they have ended, because the next model call begins. Text has been void since the
    /// message before; what is shown of the new step may come before its beginning is stored.
    Progress,
    /// All: a turn begins, or a message or a turn ends, or what was said is taken back.
    All,
}

impl Voids {
    /// Whether every such piece before the event is void.
    #[must_use]
    pub const fn all_of(self, piece: Piece) -> bool {
        match self {
            Self::Nothing | Self::ItsCall => false,
            Self::Progress => matches!(piece, Piece::Progress),
            Self::All => true,
        }
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident $name:literal $piece:expr, $voids:ident;)*) => {
        /// The kind of an event.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum EventKind {
            $(#[doc = concat!("[`Event::", stringify!($kind), "`]")] $kind,)*
        }

        impl EventKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// Its name in the database, which is the tag of the event's JSON.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }

            /// What it is a piece of; none for what stays.
            #[must_use]
            pub const fn piece(self) -> Option<Piece> {
                match self { $(Self::$kind => $piece,)* }
            }

            /// What it voids before it.
            #[must_use]
            pub const fn voids(self) -> Voids {
                match self { $(Self::$kind => Voids::$voids,)* }
            }
        }

        impl Event {
            /// Its kind.
            #[must_use]
            pub const fn kind(&self) -> EventKind {
                match self { $(Self::$kind { .. } => EventKind::$kind,)* }
            }
        }
    };
}

const STAYS: Option<Piece> = None;
const TEXT: Option<Piece> = Some(Piece::Text);
const PROGRESS: Option<Piece> = Some(Piece::Progress);

kinds! {
    TurnStarted       "turn_started"       STAYS,    All;
    NotesRead         "notes_read"         STAYS,    Nothing;
    StepStarted       "step_started"       STAYS,    Progress;
    TextDelta         "text_delta"         TEXT,     Nothing;
    ThinkingDelta     "thinking_delta"     TEXT,     Nothing;
    ModelRetry        "model_retry"        STAYS,    All;
    StepDiscarded     "step_discarded"     STAYS,    All;
    AssistantMessage  "assistant_message"  STAYS,    All;
    ApprovalRequested "approval_requested" STAYS,    Nothing;
    ApprovalAnswered  "approval_answered"  STAYS,    Nothing;
    ToolStarted       "tool_started"       STAYS,    Nothing;
    ToolContinuation  "tool_continuation"  STAYS,    Nothing;
    ToolProgress      "tool_progress"      PROGRESS, Nothing;
    ToolFinished      "tool_finished"      STAYS,    ItsCall;
    ContextCompacted  "context_compacted"  STAYS,    Nothing;
    TurnFinished      "turn_finished"      STAYS,    All;
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Event {
    /// The call that it belongs to; none for what belongs to a step or to the turn.
    #[must_use]
    pub const fn call(&self) -> Option<&ToolCallId> {
        match self {
            Self::ApprovalRequested { call, .. }
            | Self::ApprovalAnswered { call, .. }
            | Self::ToolStarted { call, .. }
            | Self::ToolContinuation { call, .. }
            | Self::ToolProgress { call, .. }
            | Self::ToolFinished { call, .. } => Some(call),
            Self::TurnStarted { .. }
            | Self::NotesRead { .. }
            | Self::StepStarted { .. }
            | Self::TextDelta { .. }
            | Self::ThinkingDelta { .. }
            | Self::ModelRetry { .. }
            | Self::StepDiscarded { .. }
            | Self::AssistantMessage { .. }
            | Self::ContextCompacted { .. }
            | Self::TurnFinished { .. } => None,
        }
    }

    /// Whether something outside starts because of it, once it is stored.
    #[must_use]
    pub const fn begins_work(&self) -> bool {
        match self {
            Self::StepStarted { .. } | Self::ToolStarted { .. } => true,
            Self::TurnStarted { .. }
            | Self::NotesRead { .. }
            | Self::TextDelta { .. }
            | Self::ThinkingDelta { .. }
            | Self::ModelRetry { .. }
            | Self::StepDiscarded { .. }
            | Self::AssistantMessage { .. }
            | Self::ApprovalRequested { .. }
            | Self::ApprovalAnswered { .. }
            | Self::ToolContinuation { .. }
            | Self::ToolProgress { .. }
            | Self::ToolFinished { .. }
            | Self::ContextCompacted { .. }
            | Self::TurnFinished { .. } => false,
        }
    }
}

/// Says which events of a log are void by what follows them, for a reader that goes back from the newest one.
#[derive(Debug, Clone, Default)]
pub struct Settling {
    text: bool,
    progress: bool,
    calls: HashSet<ToolCallId>,
}

impl Settling {
    /// Takes the event before the one taken last; whether it is void.
    pub fn is_void(&mut self, event: &Event) -> bool {
        let kind = event.kind();
        self.text |= kind.voids().all_of(Piece::Text);
        self.progress |= kind.voids().all_of(Piece::Progress);
        if kind.voids() == Voids::ItsCall {
            self.calls.extend(event.call().cloned());
        }
        match kind.piece() {
            None => false,
            Some(Piece::Text) => self.text,
            Some(Piece::Progress) => self.progress || event.call().is_some_and(|call| self.calls.contains(call)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names that the parser of stored events knows, in the order of the enum, as its error lists them.
    fn parsed_names() -> Vec<String> {
        let error = serde_json::from_str::<Event>(r#"{"type": "?"}"#).unwrap_err().to_string();
        let (_, names) = error.split_once("expected one of ").unwrap();
        names.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    }

    #[test]
    fn names_are_those_of_the_json() {
        let names: Vec<_> = EventKind::ALL.iter().map(ToString::to_string).collect();
        assert_eq!(names, parsed_names());
    }

    #[test]
    fn nothing_that_stays_is_void_and_no_piece_voids() {
        for kind in EventKind::ALL {
            assert!(kind.piece().is_none() || kind.voids() == Voids::Nothing, "{kind}");
        }
    }

    #[test]
    fn what_follows_decides() {
        let text = || Event::TextDelta { step: 0, block: 0, offset: 0, text: "x".into() };
        let call = || ToolCallId("c".into());
        let progress = || Event::ToolProgress { call: call(), progress: crate::Progress::default() };
        let finished = Event::ToolFinished {
            call: call(),
            name: crate::ToolName("t".into()),
            outcome: crate::ToolOutcome::text("ok"),
            duration_ms: 1,
        };
        let discarded = Event::StepDiscarded { step: 0 };
        let started = Event::StepStarted { step: 1, model: "m".into(), context: None };
        let log =
            [text(), progress(), discarded, text(), progress(), started, text(), progress(), finished, progress()];
        let mut settling = Settling::default();
        let void = log.iter().enumerate().rev().filter(|(_, event)| settling.is_void(event)).map(|(index, _)| index);
        let mut void: Vec<_> = void.collect();
        void.reverse();
        assert_eq!(void, [0, 1, 4, 7]);
    }
}
