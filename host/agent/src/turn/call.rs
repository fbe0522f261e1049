//! A call of a message, as its turn's log tells it.

use bricklayer_domain::{
    ApprovalDecision, ApprovalReply, Block, ContinuingCall, PermissionMode, ToolCall, ToolErrorKind, ToolName,
    ToolOutcome,
};

use bricklayer_tools::HookRuling;

use super::vocabulary::CallClassification;

/// Where a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CallStatus {
    /// Not begun. Moves to `Running` or `Finished`.
    Waiting,
    /// Runs here and now. Moves to `Finished`, or to `Interrupted` when its worker dies.
    Running,
    /// It had begun when its worker died. Moves to `Running` or `Finished`.
    Interrupted,
    /// Its outcome is in the log.
    Finished,
}

/// One tool use of the current step.
#[derive(Debug, Clone)]
pub(super) struct CallState {
    pub(super) call: ToolCall,
    pub(super) class: Option<CallClassification>,
    pub(super) asked: bool,
    /// The permission modes that it proposed to the user.
    pub(super) modes: Vec<PermissionMode>,
    pub(super) answer: Option<ApprovalDecision>,
    /// What the user said beside it.
    pub(super) reply: Option<ApprovalReply>,
    /// Whether that answer came with the refusal of an earlier call.
    pub(super) settled_by_earlier: bool,
    pub(super) status: CallStatus,
    pub(super) starts: u32,
    /// What brings to its end what it started, when its worker is gone.
    pub(super) continued: Option<ContinuingCall>,
    /// Whether that is what runs.
    pub(super) continuing: bool,
    /// Whether it goes on where it stood when it is begun again, as far as was looked before it is classified.
    pub(super) resumes: bool,
}

pub(super) fn call_of(block: &Block) -> Option<CallState> {
    let Block::ToolUse { id, name, input } = block else { return None };
    Some(CallState {
        call: ToolCall { id: id.clone(), name: ToolName(name.clone()), input: input.clone() },
        class: None,
        asked: false,
        modes: Vec::new(),
        answer: None,
        reply: None,
        settled_by_earlier: false,
        status: CallStatus::Waiting,
        starts: 0,
        continued: None,
        continuing: false,
        resumes: false,
    })
}

impl CallState {
    /// Takes what is known about the call. Where the operator's hook changes its arguments, they are the call's from here on;
    /// but what was put to the user, or began, stays what it was.
    pub(super) fn classify(&mut self, class: CallClassification) {
        let CallClassification::Known(mut class) = class else {
            self.class = Some(class);
            return;
        };
        if let Some(input) = &class.rewritten {
            if self.asked || self.starts > 0 {
                class.hook =
                    HookRuling::Deny("it would run with other arguments than were looked at; call it anew".into());
            } else {
                self.call.input.clone_from(input);
            }
        }
        self.class = Some(CallClassification::Known(class));
    }

    /// The mode that the user chose of those that were offered. Nothing but their own yes gives one.
    pub(super) fn chosen_mode(&self) -> Option<PermissionMode> {
        let allowed = self.answer.is_some_and(ApprovalDecision::allows);
        self.reply.as_ref()?.mode().filter(|mode| allowed && self.modes.contains(mode))
    }
}

/// Whether a call was at least begun, whatever came of it.
pub(super) fn could_run(outcome: &ToolOutcome) -> bool {
    !outcome.failure.as_ref().is_some_and(|failure| {
        matches!(failure.kind, ToolErrorKind::InvalidInput | ToolErrorKind::UnknownTool | ToolErrorKind::NotRun)
    })
}
