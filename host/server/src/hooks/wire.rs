//! What hooks are told, and what they answer.

use bricklayer_domain::{CallSite, ConversationId, ProjectId, ToolOutcome, Turn, TurnEnd, UserId, cut};
use bricklayer_tools::{HookedCall, MAX_HOOK_CHARS};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// Most characters of what a call gave that a hook is told.
const MAX_OUTCOME_CHARS: usize = 64 * 1024;

/// Longest reason that is passed on, in characters.
const MAX_REASON_CHARS: usize = 1_000;

/// What happened, or is about to.
#[derive(Debug, Serialize)]
pub(super) struct HookEvent<'a> {
    /// `before_tool`, `after_tool`, `before_prompt` or `turn_end`.
    pub(super) hook: &'static str,
    /// Of this form.
    version: u32,
    user: String,
    project_id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    execution_id: Option<Uuid>,
    /// `turn`, `mcp`, `workflow`, `program` or `host`.
    #[serde(skip_serializing_if = "Option::is_none")]
    door: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    call: Option<CallPart<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<OutcomePart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<EndPart>,
}

#[derive(Debug, Serialize)]
struct CallPart<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    tool: &'a str,
    input: &'a Value,
    /// What it would do, part by part; absent where its tool cannot tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    operations: Option<Vec<OperationPart<'a>>>,
}

#[derive(Debug, Serialize)]
struct OperationPart<'a> {
    effect: &'static str,
    verb: &'a str,
    objects: &'a [String],
}

#[derive(Debug, Serialize)]
struct OutcomePart {
    is_error: bool,
    /// What a model reads of it, cut.
    content: String,
}

#[derive(Debug, Serialize)]
struct EndPart {
    /// `completed`, `failed` or `cancelled`.
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
}

impl<'a> HookEvent<'a> {
    fn of(hook: &'static str, user: &UserId, project: ProjectId) -> Self {
        Self {
            hook,
            version: 1,
            user: user.as_str().to_owned(),
            project_id: project.as_uuid(),
            conversation_id: None,
            execution_id: None,
            door: None,
            call: None,
            outcome: None,
            message: None,
            end: None,
        }
    }

    fn of_call(hook: &'static str, call: &HookedCall<'a>) -> Self {
        let HookedCall { caller, spec, input, review } = *call;
        let door = match &caller.site {
            CallSite::Turn { .. } => "turn",
            CallSite::Mcp { .. } => "mcp",
            CallSite::Workflow { .. } => "workflow",
            CallSite::Page => "page",
            CallSite::Program { .. } => "program",
            CallSite::Host => "host",
        };
        let operations = review.map(|review| {
            let part = |operation: &'a bricklayer_domain::Operation| OperationPart {
                effect: operation.effect.as_str(),
                verb: &operation.verb,
                objects: &operation.objects,
            };
            review.operations.iter().map(part).collect()
        });
        let id = caller.tool_call.as_ref().map(|id| id.0.as_str());
        Self {
            conversation_id: caller.site.conversation().map(|id| id.as_uuid()),
            execution_id: caller.site.turn().map(|id| id.as_uuid()),
            door: Some(door),
            call: Some(CallPart { id, tool: &spec.name.0, input, operations }),
            ..Self::of(hook, &caller.user, caller.project)
        }
    }

    pub(super) fn before(call: &HookedCall<'a>) -> Self {
        Self::of_call("before_tool", call)
    }

    pub(super) fn after(call: &HookedCall<'a>, outcome: &ToolOutcome) -> Self {
        let content = outcome.failure.as_ref().map_or(&outcome.content, |failure| &failure.message);
        let content = cut(content, MAX_OUTCOME_CHARS).to_owned();
        let outcome = OutcomePart { is_error: outcome.failure.is_some(), content };
        Self { outcome: Some(outcome), ..Self::of_call("after_tool", call) }
    }

    pub(super) fn prompt(
        user: &UserId,
        project: ProjectId,
        conversation: Option<ConversationId>,
        message: &'a str,
    ) -> Self {
        let conversation_id = conversation.map(|id| id.as_uuid());
        Self { conversation_id, message: Some(message), ..Self::of("before_prompt", user, project) }
    }
}

impl HookEvent<'static> {
    pub(super) fn end(turn: &Turn, end: &TurnEnd) -> Self {
        let (outcome, code) = match end {
            TurnEnd::Completed => ("completed", None),
            TurnEnd::Failed { code, .. } => ("failed", Some(code.clone())),
            TurnEnd::Cancelled => ("cancelled", None),
        };
        Self {
            conversation_id: Some(turn.conversation.as_uuid()),
            execution_id: Some(turn.id.as_uuid()),
            end: Some(EndPart { outcome, code }),
            ..Self::of("turn_end", &turn.user, turn.project)
        }
    }
}

/// What a hook decides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Decision {
    /// It has nothing against it.
    #[default]
    Continue,
    /// The user is asked.
    Ask,
    /// It does not happen.
    Deny,
}

/// What a hook answers. A field that is in no list is a mistake that would otherwise let through what was meant to be
/// stopped, and so a failure.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Answer {
    pub(super) decision: Decision,
    reason: Option<String>,
    /// Arguments to run with instead.
    pub(super) input: Option<Value>,
    /// What is read in the place of what came back.
    pub(super) output: Option<String>,
    /// A message in the place of the user's.
    pub(super) message: Option<String>,
    /// What the model is told beside it.
    pub(super) context: Option<String>,
}

impl Answer {
    /// Why, in its own words.
    pub(super) fn reason(&self) -> String {
        let reason = self.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
        cut(reason.unwrap_or("no reason is given"), MAX_REASON_CHARS.min(MAX_HOOK_CHARS)).to_owned()
    }
}
