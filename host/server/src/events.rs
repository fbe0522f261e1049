//! Events as clients see them: the mapping from the log's events to frames, and the fold of a whole history.
//!
//! Pure functions. The names are the ones that clients of this kind of app already know; the log's own vocabulary may
//! grow without breaking them.

mod grounds;
mod lane;
mod made;
mod question;
mod reply;
mod result;
mod review;
mod settings;
mod settled;
mod shown;
mod spent;
mod steps;

use std::sync::Arc;

use bricklayer_domain::{
    ApprovalDecision, Block, CallDisplay, ConversationId, Event, StoredEvent, ToolCallId, ToolDisplay, ToolName,
    ToolOutcome, TurnEnd, TurnId, Usage,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

pub use grounds::{Grounds, GroundsWord};
pub use lane::{WireLane, WireLaneParent};
pub use made::MadeInfo;
pub use question::{Proposal, Question, QuestionChoice};
pub use reply::{Reply, ReplyAnswer};
pub use result::{CallResult, CutInfo, ResultColumnInfo, ResultHeadInfo};
pub use review::{Effect, Mode, Preview, Review, ReviewedOperation, Standing};
pub use settings::Settings;
pub use settled::fold_history;
pub use shown::ShownAs;
pub use spent::{StepData, WireContext, WireUsage};
pub use steps::{StepInfo, StepWord};

/// One frame of a stream or one entry of a history.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct WireEvent {
    /// What happened.
    #[serde(flatten)]
    pub body: WireBody,
    /// Its position in the conversation's log; null for previews and keep-alives, which are not in the log.
    #[schema(required = true)]
    pub seq: Option<i64>,
    /// The turn.
    #[schema(value_type = String, format = Uuid)]
    pub execution_id: String,
    /// When.
    pub at: DateTime<Utc>,
    /// The lane that it belongs to; absent for the conversation's main one. Steps and blocks count within their lane.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<WireLane>)]
    pub lane: Option<Arc<WireLane>>,
}

/// The kinds of frames.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(tag = "type")]
pub enum WireBody {
    /// The user's message; the first of each turn.
    #[serde(rename = "conversation.created")]
    ConversationCreated {
        /// The conversation.
        conversation_id: String,
        /// As typed.
        message: String,
        /// What the user chose.
        settings: Settings,
    },
    /// A model call begins.
    #[serde(rename = "system")]
    System {
        /// Always `step`.
        subtype: String,
        /// Which.
        data: StepData,
    },
    /// A piece of text: `text = text[0..offset] + delta`, in Unicode scalar values, which makes repetition harmless.
    #[serde(rename = "text_delta")]
    TextDelta {
        /// Model call.
        step: u32,
        /// Content block.
        block: u32,
        /// Characters before this piece.
        offset: u64,
        /// The piece.
        text: String,
    },
    /// A piece of reasoning, applied like a text delta.
    #[serde(rename = "thinking_delta")]
    ThinkingDelta {
        /// Model call.
        step: u32,
        /// Content block.
        block: u32,
        /// Characters before this piece.
        offset: u64,
        /// The piece.
        text: String,
    },
    /// Drop what the step streamed so far.
    #[serde(rename = "step.discarded")]
    StepDiscarded {
        /// Model call.
        step: u32,
    },
    /// The model call failed and is tried again; drop what it streamed so far.
    #[serde(rename = "model.retry")]
    ModelRetry {
        /// Model call.
        step: u32,
        /// The attempt that failed, from 1.
        attempt: u32,
        /// Wait before the next.
        delay_ms: u64,
        /// Why.
        reason: String,
    },
    /// A whole block of text, which replaces its deltas.
    #[serde(rename = "text")]
    Text {
        /// Model call.
        step: u32,
        /// Content block.
        block: u32,
        /// The text.
        text: String,
        /// Set when it was cut short.
        #[serde(skip_serializing_if = "Option::is_none")]
        aborted: Option<bool>,
    },
    /// A whole block of reasoning, which replaces its deltas.
    #[serde(rename = "thinking")]
    Thinking {
        /// Model call.
        step: u32,
        /// Content block.
        block: u32,
        /// The reasoning.
        thinking: String,
    },
    /// The model asks for a tool.
    #[serde(rename = "tool_use")]
    ToolUse {
        /// Model call.
        step: u32,
        /// The call.
        tool_id: String,
        /// The tool's full name.
        tool_name: String,
        /// Its arguments.
        #[schema(value_type = Object)]
        tool_input: Value,
        /// What the call does, in a few words.
        title: String,
        /// What tells it from other calls of the tool, one line; may be empty.
        detail: String,
        /// What kind of thing its typed result is, when the tool says so.
        #[serde(skip_serializing_if = "Option::is_none")]
        result_kind: Option<ShownAs>,
    },
    /// The call waits for the user.
    #[serde(rename = "approval.requested")]
    ApprovalRequested {
        /// The call.
        tool_id: String,
        /// The tool's full name.
        tool_name: String,
        /// Its exact arguments.
        #[schema(value_type = Object)]
        tool_input: Value,
        /// Why it is asked.
        reason: String,
        /// What it would do.
        review: Review,
        /// What the decision `conversation` would cover; null when it is not offered.
        #[schema(required = true)]
        standing: Option<Standing>,
        /// Later calls of the same message that change something: they do not run when this one is declined.
        later_changes: Vec<String>,
        /// What the user answers, when that is what the call is for: `once` with a reply of as many answers.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        questions: Vec<Question>,
        /// The permission mode that the call proposes: `once` with a reply that names one.
        #[serde(skip_serializing_if = "Option::is_none")]
        proposal: Option<Proposal>,
    },
    /// The user answered.
    #[serde(rename = "approval.answered")]
    ApprovalAnswered {
        /// The call.
        tool_id: String,
        /// What they said.
        decision: Decision,
        /// The earlier call whose refusal settled this one too; absent for an answer of its own.
        #[serde(skip_serializing_if = "Option::is_none")]
        because_of: Option<String>,
        /// What they say beside it.
        #[serde(skip_serializing_if = "Option::is_none")]
        reply: Option<Reply>,
    },
    /// The call runs.
    #[serde(rename = "tool_started")]
    ToolStarted {
        /// The call.
        tool_id: String,
        /// Why it was allowed to; absent in old logs.
        #[serde(skip_serializing_if = "Option::is_none")]
        why: Option<Grounds>,
    },
    /// How far the call is.
    #[serde(rename = "tool_progress")]
    ToolProgress {
        /// The call.
        tool_id: String,
        /// In words.
        message: String,
        /// Units done.
        #[serde(skip_serializing_if = "Option::is_none")]
        done: Option<f64>,
        /// Units in all.
        #[serde(skip_serializing_if = "Option::is_none")]
        total: Option<f64>,
        /// The steps of its work; absent when it has none.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        #[schema(required = false)]
        steps: Vec<StepInfo>,
    },
    /// The call ended.
    #[serde(rename = "tool_result")]
    ToolResult {
        /// The call.
        tool_use_id: String,
        /// The tool's full name.
        tool_name: String,
        /// What the model reads.
        content: String,
        /// Whether it failed.
        is_error: bool,
        /// The kind of failure.
        #[serde(skip_serializing_if = "Option::is_none")]
        error_kind: Option<String>,
        /// Id of the power that was missing.
        #[serde(skip_serializing_if = "Option::is_none")]
        denied: Option<String>,
        /// What a person does so that the call succeeds.
        #[serde(skip_serializing_if = "Option::is_none")]
        remedy: Option<String>,
        /// Seconds after which the call may be tried again.
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after_seconds: Option<u32>,
        /// The typed result.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<Object>)]
        structured: Option<Value>,
        /// Bytes of the typed result when it is larger than 64 KiB and therefore not here: it is at
        /// `/api/executions/{execution_id}/calls/{tool_use_id}/structured`.
        #[serde(skip_serializing_if = "Option::is_none")]
        structured_bytes: Option<u64>,
        /// What the call made for people, whole or as far as it came: see `/api/results/{id}`. At most 32, in the order
        /// in which they were begun; absent when there are none.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        #[schema(required = false)]
        results: Vec<CallResult>,
        /// What the call made at the workspace that stays there; absent when it made nothing.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        #[schema(required = false)]
        made: Vec<MadeInfo>,
        /// Ids of the operations that go on at the workspace although the call has returned; absent when there are none.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        #[schema(required = false)]
        operations: Vec<String>,
        /// Wall time.
        duration_ms: u64,
    },
    /// The model was given the project's notes, which it did not know as they are.
    #[serde(rename = "notes.read")]
    NotesRead {
        /// Their file, relative to the project's folder.
        file: String,
        /// Whether the file that it knew is gone instead.
        gone: bool,
    },
    /// From here on the model reads a summary in the place of what was said before an earlier event.
    #[serde(rename = "context.compacted")]
    ContextCompacted {
        /// What it reads instead.
        summary: String,
        /// The first event that it still reads as it is.
        begins: i64,
    },
    /// The turn's account.
    #[serde(rename = "result")]
    Result {
        /// Whether it failed.
        is_error: bool,
        /// Model calls.
        num_turns: u32,
        /// Wall time, waiting included.
        duration_ms: u64,
        /// Tokens.
        usage: WireUsage,
        /// What the turn cost, by the prices that the host goes by; null where it knows none.
        #[schema(required = true)]
        total_cost_usd: Option<f64>,
        /// The conversation.
        session_id: String,
    },
    /// The turn failed.
    #[serde(rename = "error")]
    Error {
        /// What happened and what to do next.
        error: String,
        /// A stable word for the cause.
        code: String,
        /// What fits now: `continue`, `new_conversation`, `retry` or `sign_in`; absent when something has to be changed
        /// first, which the text says.
        #[serde(skip_serializing_if = "Option::is_none")]
        remedy: Option<String>,
    },
    /// The user stopped the turn.
    #[serde(rename = "cancelled")]
    Cancelled {},
    /// The turn is over. Exactly one, the last.
    #[serde(rename = "stream.completed")]
    Completed {
        /// Whether it failed.
        is_error: bool,
        /// Whether the user stopped it.
        is_cancelled: bool,
    },
    /// Nothing happened for a while.
    #[serde(rename = "keepalive")]
    KeepAlive {
        /// Seconds since something did.
        elapsed_since_last_event: f64,
    },
    /// The stream's window is over: connect again, after this event.
    #[serde(rename = "stream.reconnect")]
    Reconnect {
        /// The last event sent.
        last_event_id: i64,
    },
}

/// The user's answer to an approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Run this call.
    Once,
    /// Run this call, and what the question's `standing` covers without asking for the rest of the conversation.
    Conversation,
    /// Do not run it, nor the later calls of its message that change something.
    No,
    /// Do not run it, and end the turn.
    Stop,
}

impl From<ApprovalDecision> for Decision {
    fn from(decision: ApprovalDecision) -> Self {
        match decision {
            ApprovalDecision::Once => Self::Once,
            ApprovalDecision::Conversation => Self::Conversation,
            ApprovalDecision::No => Self::No,
            ApprovalDecision::Stop => Self::Stop,
        }
    }
}

impl From<Decision> for ApprovalDecision {
    fn from(decision: Decision) -> Self {
        match decision {
            Decision::Once => Self::Once,
            Decision::Conversation => Self::Conversation,
            Decision::No => Self::No,
            Decision::Stop => Self::Stop,
        }
    }
}

/// The frames of a stored event, in order; only the last may carry the event's id, so that a reader cut off between
/// them gets them all again. An event that clients need not see maps to none. `lane` is the event's own, unless it is
/// the main one.
#[must_use]
pub fn frames(stored: &StoredEvent, lane: Option<&Arc<WireLane>>) -> Vec<WireEvent> {
    into_frames(stored.clone(), lane)
}

fn into_frames(stored: StoredEvent, lane: Option<&Arc<WireLane>>) -> Vec<WireEvent> {
    let StoredEvent { seq, conversation, lane: _, turn, at, event, structured_bytes: apart } = stored;
    bodies(conversation, event)
        .into_iter()
        .map(|mut body| {
            if let WireBody::ToolResult { structured_bytes, .. } = &mut body {
                *structured_bytes = apart;
            }
            WireEvent { body, seq: Some(seq.0), execution_id: turn.to_string(), at, lane: lane.cloned() }
        })
        .collect()
}

/// The frame of a delta that is not stored yet.
#[must_use]
pub fn preview(
    conversation: ConversationId,
    turn: TurnId,
    lane: Option<&Arc<WireLane>>,
    event: &Event,
    at: DateTime<Utc>,
) -> Option<WireEvent> {
    let body = bodies(conversation, event.clone()).into_iter().next()?;
    Some(WireEvent { body, seq: None, execution_id: turn.to_string(), at, lane: lane.cloned() })
}

fn bodies(conversation: ConversationId, event: Event) -> Vec<WireBody> {
    let one = |body| vec![body];
    match event {
        Event::TurnStarted { message, settings, rerun_of: _ } => one(WireBody::ConversationCreated {
            conversation_id: conversation.to_string(),
            message,
            settings: settings.into(),
        }),
        Event::NotesRead { file, text, .. } => one(WireBody::NotesRead { file, gone: text.is_empty() }),
        Event::StepStarted { step, model, context } => {
            let data = StepData { step, model, context: context.map(Into::into) };
            one(WireBody::System { subtype: "step".into(), data })
        }
        Event::TextDelta { step, block, offset, text } => one(WireBody::TextDelta { step, block, offset, text }),
        Event::ThinkingDelta { step, block, offset, text } => {
            one(WireBody::ThinkingDelta { step, block, offset, text })
        }
        Event::ModelRetry { step, attempt, delay_ms, reason, repair: _ } => {
            one(WireBody::ModelRetry { step, attempt, delay_ms, reason })
        }
        Event::StepDiscarded { step } => one(WireBody::StepDiscarded { step }),
        Event::AssistantMessage { step, blocks, aborted, calls, stop_reason: _, usage: _, model: _ } => {
            let bodies: Vec<_> = (0_u32..)
                .zip(blocks)
                .filter_map(|(index, block)| block_body(step, index, block, aborted, &calls))
                .collect();
            // A message without anything to show still ends its step: what it streamed is void.
            if bodies.is_empty() { one(WireBody::StepDiscarded { step }) } else { bodies }
        }
        Event::ApprovalRequested {
            call,
            name,
            input,
            reason,
            review,
            standing,
            later_changes,
            questions,
            proposal,
        } => one(WireBody::ApprovalRequested {
            tool_id: call.0,
            tool_name: name.0,
            tool_input: input,
            reason,
            review: review.into(),
            standing: standing.map(Into::into),
            later_changes: later_changes.into_iter().map(|call| call.0).collect(),
            questions: questions.into_iter().map(Into::into).collect(),
            proposal: proposal.map(Into::into),
        }),
        Event::ApprovalAnswered { call, decision, because_of, reply } => one(WireBody::ApprovalAnswered {
            tool_id: call.0,
            decision: decision.into(),
            because_of: because_of.map(|call| call.0),
            reply: reply.map(Into::into),
        }),
        Event::ToolStarted { call, name: _, input: _, why } => {
            one(WireBody::ToolStarted { tool_id: call.0, why: why.map(Into::into) })
        }
        // Between workers; for readers the call simply goes on.
        Event::ToolContinuation { .. } => Vec::new(),
        Event::ToolProgress { call, progress } => one(WireBody::ToolProgress {
            tool_id: call.0,
            message: progress.message,
            done: progress.done,
            total: progress.total,
            steps: progress.steps.into_iter().map(Into::into).collect(),
        }),
        Event::ToolFinished { call, name, outcome, duration_ms } => one(tool_result(call, name, outcome, duration_ms)),
        Event::ContextCompacted { summary, begins, .. } => {
            one(WireBody::ContextCompacted { summary, begins: begins.0 })
        }
        Event::TurnFinished { end, usage, steps, duration_ms } => {
            end_bodies(conversation, end, usage, steps, duration_ms)
        }
    }
}

fn block_body(step: u32, index: u32, block: Block, aborted: bool, calls: &[CallDisplay]) -> Option<WireBody> {
    match block {
        Block::Text { text } => Some(WireBody::Text { step, block: index, text, aborted: aborted.then_some(true) }),
        Block::Thinking { thinking, .. } => Some(WireBody::Thinking { step, block: index, thinking }),
        // Calls of a message that was cut short do not run, so showing them would leave cards that never end.
        Block::ToolUse { .. } if aborted => None,
        Block::ToolUse { id, name, input } => {
            let shown = calls.iter().find(|shown| shown.call == id).cloned();
            // Logs of earlier releases do not say how their calls are shown.
            let shown = shown.unwrap_or_else(|| ToolDisplay::default().of_call(&id, &ToolName(name.clone()), &input));
            let CallDisplay { call: _, title, detail, result } = shown;
            let result_kind = result.map(Into::into);
            Some(WireBody::ToolUse {
                step,
                tool_id: id.0,
                tool_name: name,
                tool_input: input,
                title,
                detail,
                result_kind,
            })
        }
        Block::Other { .. } => None,
    }
}

fn end_bodies(conversation: ConversationId, end: TurnEnd, usage: Usage, steps: u32, duration_ms: u64) -> Vec<WireBody> {
    let (is_error, is_cancelled) = (matches!(end, TurnEnd::Failed { .. }), matches!(end, TurnEnd::Cancelled));
    let mut bodies = Vec::new();
    let remedy = end.remedy().map(|remedy| remedy.as_str().to_owned());
    match end {
        TurnEnd::Completed => {}
        TurnEnd::Failed { code, message } => bodies.push(WireBody::Error { error: message, code, remedy }),
        TurnEnd::Cancelled => bodies.push(WireBody::Cancelled {}),
    }
    bodies.push(WireBody::Result {
        is_error,
        num_turns: steps,
        duration_ms,
        usage: usage.into(),
        total_cost_usd: (usage.cost_micro_usd > 0).then(|| usage.cost_micro_usd as f64 / 1e6),
        session_id: conversation.to_string(),
    });
    bodies.push(WireBody::Completed { is_error, is_cancelled });
    bodies
}

fn tool_result(call: ToolCallId, name: ToolName, outcome: ToolOutcome, duration_ms: u64) -> WireBody {
    let is_error = outcome.is_error();
    let (error_kind, denied, remedy, retry_after_seconds) = match outcome.failure {
        None => (None, None, None, None),
        Some(failure) => {
            (Some(failure.kind.as_str().to_owned()), failure.denied, failure.remedy, failure.retry_after_seconds)
        }
    };
    WireBody::ToolResult {
        tool_use_id: call.0,
        tool_name: name.0,
        content: outcome.content,
        is_error,
        error_kind,
        denied,
        remedy,
        retry_after_seconds,
        structured: outcome.structured,
        structured_bytes: None,
        results: outcome.results.into_iter().map(Into::into).collect(),
        made: outcome.made.into_iter().map(Into::into).collect(),
        operations: outcome.operations.iter().map(ToString::to_string).collect(),
        duration_ms,
    }
}

#[cfg(test)]
mod tests;
