//! Events: the lines of a conversation's log, which is the truth.
//!
//! The page, the stream, the model's context and an export are folds of these. Events are appended and never
//! rewritten; new variants are added, old ones keep their meaning, because old logs are read for ever.

mod kind;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use kind::{EventKind, Piece, Settling, Voids};

use crate::{
    ApprovalReply, Block, CallDisplay, CallGrounds, CallReview, ContextTokens, ConversationId, EventSeq, LaneId,
    ModeProposal, Progress, ResultId, StandingScope, StopReason, ToolCallId, ToolName, ToolOutcome, TurnId,
    TurnSettings, Usage, UserQuestion,
};

/// The user's answer to an approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalDecision {
    /// Run this call.
    Once,
    /// Run this call, and what the question's `standing` covers without asking for the rest of the conversation.
    Conversation,
    /// Do not run it, nor the later calls of its message that change something.
    No,
    /// Do not run it, and end the turn.
    Stop,
}

impl ApprovalDecision {
    /// Every answer.
    pub const ALL: [Self; 4] = [Self::Once, Self::Conversation, Self::No, Self::Stop];

    /// Its word in the database and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Once => "once",
            Self::Conversation => "conversation",
            Self::No => "no",
            Self::Stop => "stop",
        }
    }

    /// Whether the call runs.
    #[must_use]
    pub const fn allows(self) -> bool {
        matches!(self, Self::Once | Self::Conversation)
    }
}

/// What the model reads differently from here on, backwards, because its API refuses the conversation as the log has
/// it. What follows in the log is read as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum HistoryRepair {
    /// Without the reasoning of earlier turns.
    EarlierReasoning,
    /// Without any reasoning; the turn goes on without more of it.
    Reasoning,
    /// Without blocks of kinds that this version only passes on.
    UnknownBlocks,
    /// Long results, arguments and texts are cut.
    LongResults,
    /// As plain and shortened text of the newest turns, calls told in words.
    PlainText,
    /// Without a tool.
    Tool {
        /// Its name.
        name: ToolName,
    },
}

/// How a turn ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum TurnEnd {
    /// The agent finished.
    Completed,
    /// It could not go on.
    Failed {
        /// A stable word for the cause, such as `model-unreachable` or `too-many-steps`.
        code: String,
        /// What happened and what to do next, for the user.
        message: String,
    },
    /// The user stopped it.
    Cancelled,
}

/// One thing that happened in a turn.
///
/// `step` counts model calls of the turn from 0. Offsets count characters (Unicode scalar values) of the block so
/// far, so that applying a delta twice, or one that overlaps, gives the same text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// The user's message, stored before anything acts on it. Always a turn's first event.
    TurnStarted {
        /// As typed.
        message: String,
        /// What the user chose.
        settings: TurnSettings,
        /// The result that the user wants made again, when the message is the command for that: what the turn's calls
        /// make says that it comes in its place.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rerun_of: Option<ResultId>,
    },
    /// What the project's folder says to whoever works in it, as the host read it for the model before a turn's first
    /// model call: not what the model knows of it, or new to it.
    NotesRead {
        /// The file, relative to the project's folder.
        file: String,
        /// What it says, as the tool that reads files gives it; empty when the file that was read before is gone.
        text: String,
        /// What that tool tells of the file beside its text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seen: Option<Value>,
    },
    /// A model call begins.
    StepStarted {
        /// Which.
        step: u32,
        /// The model asked.
        model: String,
        /// What it reads; logs of earlier releases do not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        context: Option<ContextTokens>,
    },
    /// A piece of text as it streams; grouped before it is stored.
    TextDelta {
        /// Which model call.
        step: u32,
        /// Which content block of it.
        block: u32,
        /// Characters of the block before this piece.
        offset: u64,
        /// The piece.
        text: String,
    },
    /// A piece of reasoning as it streams; grouped before it is stored.
    ThinkingDelta {
        /// Which model call.
        step: u32,
        /// Which content block of it.
        block: u32,
        /// Characters of the block before this piece.
        offset: u64,
        /// The piece.
        text: String,
    },
    /// The model call failed and is tried again after a wait; what it streamed so far is void.
    ModelRetry {
        /// Which model call.
        step: u32,
        /// The attempt that failed, from 1.
        attempt: u32,
        /// Wait before the next attempt.
        delay_ms: u64,
        /// Why, for the user.
        reason: String,
        /// What is changed about the next attempt, when the API refused what it was given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        repair: Option<HistoryRepair>,
    },
    /// What the step streamed is void: its worker died or its stream broke. It runs again.
    StepDiscarded {
        /// Which model call.
        step: u32,
    },
    /// The model call ended: the authoritative content, which replaces the step's deltas.
    AssistantMessage {
        /// Which model call.
        step: u32,
        /// Every block, in order.
        blocks: Vec<Block>,
        /// Why the model stopped.
        stop_reason: StopReason,
        /// Its tokens.
        usage: Usage,
        /// The model that was asked; logs of earlier releases do not say.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        model: String,
        /// Set when the message was cut short: what it says may end in mid-sentence and its tool calls do not run.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        aborted: bool,
        /// How the calls among the blocks are shown; logs of earlier releases have none.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        calls: Vec<CallDisplay>,
    },
    /// A call waits for the user. The turn is parked until it is answered.
    ApprovalRequested {
        /// The call.
        call: ToolCallId,
        /// The tool.
        name: ToolName,
        /// The exact arguments.
        input: Value,
        /// Why it is asked, for the user.
        reason: String,
        /// What it would do; without operations, nobody knows.
        #[serde(default)]
        review: CallReview,
        /// What the answer "for this conversation" would cover; absent when that answer is not offered.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        standing: Option<StandingScope>,
        /// Later calls of the same message that change something: they do not run when this one is declined.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        later_changes: Vec<ToolCallId>,
        /// What the user answers, when that is what the call is for; their answer to the call holds it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        questions: Vec<UserQuestion>,
        /// The permission mode that the call proposes; their answer to the call names one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        proposal: Option<ModeProposal>,
    },
    /// The user answered. The first answer counts.
    ApprovalAnswered {
        /// The call.
        call: ToolCallId,
        /// What they said.
        decision: ApprovalDecision,
        /// The earlier call of the same message whose refusal settled this one too; absent for an answer of its own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        because_of: Option<ToolCallId>,
        /// What they say beside it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply: Option<ApprovalReply>,
    },
    /// A call begins. Stored before it runs, so that a restart knows that it may have taken effect.
    ToolStarted {
        /// The call.
        call: ToolCallId,
        /// The tool.
        name: ToolName,
        /// The exact arguments.
        input: Value,
        /// Why it runs; absent in logs of earlier releases.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<CallGrounds>,
    },
    /// How the remote work of a running call goes on should its worker be gone: by this other call, whose outcome is
    /// then the outcome of this one. The last one of a call counts.
    ToolContinuation {
        /// The call.
        call: ToolCallId,
        /// What continues it; none when nothing does any more.
        by: Option<ContinuingCall>,
    },
    /// How far a call is; grouped before it is stored.
    ToolProgress {
        /// The call.
        call: ToolCallId,
        /// How far.
        #[serde(flatten)]
        progress: Progress,
    },
    /// A call ended. Exactly one for each tool use of an assistant message that was not aborted.
    ToolFinished {
        /// The call.
        call: ToolCallId,
        /// The tool.
        name: ToolName,
        /// What came back.
        outcome: ToolOutcome,
        /// Wall time of the call.
        duration_ms: u64,
    },
    /// From here on the model reads a summary in the place of what was said before an earlier event. The page still
    /// shows all of it.
    ContextCompacted {
        /// What the model reads instead.
        summary: String,
        /// The first event that it still reads as it is: always the first one of a turn, this turn's at the latest.
        begins: EventSeq,
        /// Whether the summary also tells what this turn did before this event; of the turn only its message is read then.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        steps_too: bool,
        /// The tokens that making the summary took.
        #[serde(default)]
        usage: Usage,
        /// The model that made it; logs of earlier releases do not say.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        model: String,
    },
    /// The turn ended. Exactly one, the last of its turn.
    TurnFinished {
        /// How.
        end: TurnEnd,
        /// Tokens of all its steps.
        usage: Usage,
        /// Model calls.
        steps: u32,
        /// Wall time since the user's message, waiting included.
        duration_ms: u64,
    },
}

impl Event {
    /// What a call of a model took, and of which model; none for all that is no such call's end.
    #[must_use]
    pub fn paid(&self) -> Option<(&str, Usage)> {
        match self {
            Self::AssistantMessage { model, usage, .. } | Self::ContextCompacted { model, usage, .. } => {
                Some((model.as_str(), *usage)).filter(|(_, usage)| *usage != Usage::default())
            }
            _ => None,
        }
    }
}

/// A call that brings to its end what another call started.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContinuingCall {
    /// Its tool: one that only reads, or the call's own when nothing of it is under way.
    pub name: ToolName,
    /// Its arguments.
    pub input: Value,
    /// What ends the remote work instead, should the turn be stopped while nobody runs the call; in the order in which
    /// it was registered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clean_up: Vec<CleanUp>,
}

/// A request to the workspace of whoever made a call, which ends work that the call began there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CleanUp {
    /// `POST`, `PUT`, `PATCH` or `DELETE`; whether it may be sent is decided when it is.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

/// An event in its place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredEvent {
    /// Its position in the conversation's log.
    pub seq: EventSeq,
    /// The conversation.
    pub conversation: ConversationId,
    /// The lane of the conversation that it belongs to.
    #[serde(default = "main_lane")]
    pub lane: LaneId,
    /// The turn.
    pub turn: TurnId,
    /// When it was appended.
    pub at: DateTime<Utc>,
    /// What happened.
    pub event: Event,
    /// Bytes of the typed result, as JSON, when it is kept apart and `event` comes without it; it is read by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub structured_bytes: Option<u64>,
}

const fn main_lane() -> LaneId {
    LaneId::MAIN
}
