//! Which calls of a message run now: permissions, order, and what a restart left behind.
//!
//! Calls that only read run side by side. A call that changes something waits for all before it and holds back all
//! after it, so that what the model asked for happens in its order. A call that waits for the user does the same.

use bricklayer_domain::{Event, PermissionMode, ToolCall, ToolErrorKind, ToolFailure, ToolOutcome};

use crate::permissions::{CallClass, Permission, decide};
use crate::settings::MAX_CALL_STARTS;

use super::state::{CallState, CallStatus, Phase, TurnState};
use super::vocabulary::{CallClassification, Effect};

/// What may happen to a call that is not running.
enum Verdict {
    Run { reads: bool },
    Ask { reason: String },
    Fail(ToolFailure),
}

impl TurnState {
    pub(super) fn schedule(&mut self, effects: &mut Vec<Effect>) {
        let Phase::Calls(calls) = &self.phase else { return };
        if self.stopping {
            // What was idle is finished already; running calls end by themselves.
            return;
        }
        let unclassified: Vec<ToolCall> = calls
            .iter()
            .filter(|state| state.status != CallStatus::Finished && state.class.is_none())
            .map(|state| state.call.clone())
            .collect();
        if !unclassified.is_empty() {
            effects.push(Effect::Classify(unclassified));
            return;
        }
        self.refuse(effects);
        let startable = self.startable();
        for call in &startable {
            let started =
                Event::ToolStarted { call: call.id.clone(), name: call.name.clone(), input: call.input.clone() };
            self.emit(started, effects);
        }
        effects.extend(startable.into_iter().map(Effect::RunCall));
        self.park_if_all_wait(effects);
    }

    /// Gives every call that will never run its outcome.
    fn refuse(&mut self, effects: &mut Vec<Effect>) {
        let Phase::Calls(calls) = &self.phase else { return };
        let refused: Vec<_> = calls
            .iter()
            .filter_map(|state| match self.verdict(state)? {
                Verdict::Fail(failure) => Some((state.call.id.clone(), failure)),
                Verdict::Run { .. } | Verdict::Ask { .. } => None,
            })
            .collect();
        for (id, failure) in refused {
            self.finish_call(&id, ToolOutcome::failed(failure), 0, effects);
        }
    }

    fn startable(&self) -> Vec<ToolCall> {
        let Phase::Calls(calls) = &self.phase else { return Vec::new() };
        let mut running = calls.iter().filter(|state| state.status == CallStatus::Running).count();
        let mut start = Vec::new();
        let mut earlier_open = false;
        for state in calls {
            match (state.status, self.verdict(state)) {
                (CallStatus::Finished, _) => continue,
                (CallStatus::Running, _) => {
                    if !state.known().is_some_and(CallClass::reads) {
                        break;
                    }
                }
                (_, Some(Verdict::Run { reads: true })) if running < self.policy.max_concurrent_reads => {
                    running = running.saturating_add(1);
                    start.push(state.call.clone());
                }
                (_, Some(Verdict::Run { reads: false })) if !earlier_open => {
                    start.push(state.call.clone());
                    break;
                }
                _ => break,
            }
            earlier_open = true;
        }
        start
    }

    fn park_if_all_wait(&mut self, effects: &mut Vec<Effect>) {
        let Phase::Calls(calls) = &self.phase else { return };
        if calls.iter().any(|state| state.status == CallStatus::Running) {
            return;
        }
        // Nothing runs and nothing could start: the first open call waits for the user. Every question that the
        // message raises is put at once.
        let questions: Vec<Event> = calls
            .iter()
            .filter_map(|state| match self.verdict(state)? {
                Verdict::Ask { reason } if !state.asked => Some(Event::ApprovalRequested {
                    call: state.call.id.clone(),
                    name: state.call.name.clone(),
                    input: state.call.input.clone(),
                    reason,
                    review: state.known().and_then(|class| class.review.clone()).unwrap_or_default(),
                    standing: state.known().and_then(|class| class.offered_scope(self.policy.mode)),
                    later_changes: Vec::new(),
                }),
                Verdict::Ask { .. } | Verdict::Run { .. } | Verdict::Fail(_) => None,
            })
            .collect();
        for question in questions {
            self.emit(question, effects);
        }
        effects.push(Effect::Park);
    }

    /// What may happen to a call now; nothing for one that runs, is finished or is not classified.
    fn verdict(&self, state: &CallState) -> Option<Verdict> {
        let class = match (state.status, state.class.as_ref()?) {
            (CallStatus::Running | CallStatus::Finished, _) => return None,
            (_, CallClassification::Unknown(message)) => {
                return Some(Verdict::Fail(ToolFailure::new(ToolErrorKind::UnknownTool, message.clone())));
            }
            (_, CallClassification::Known(class)) => class,
        };
        if state.status == CallStatus::Interrupted && (!class.repeatable() || state.starts >= MAX_CALL_STARTS) {
            return Some(Verdict::Fail(unknown_outcome()));
        }
        let declined = ToolFailure::new(
            ToolErrorKind::Denied,
            "the user declined this call; do not try it again in another way, ask them what they want instead",
        );
        if state.answer.is_some_and(|answer| !answer.allows()) {
            return Some(Verdict::Fail(declined));
        }
        if state.answer.is_some() && self.policy.mode != PermissionMode::ReadOnly {
            return Some(Verdict::Run { reads: class.reads() });
        }
        Some(match decide(self.policy.mode, &state.call.name, class, &[]) {
            Permission::Allow => Verdict::Run { reads: class.reads() },
            Permission::Ask { reason } => Verdict::Ask { reason },
            Permission::Deny { reason } => Verdict::Fail(ToolFailure::new(ToolErrorKind::Denied, reason)),
        })
    }
}

impl CallState {
    fn known(&self) -> Option<&CallClass> {
        match &self.class {
            Some(CallClassification::Known(class)) => Some(class),
            Some(CallClassification::Unknown(_)) | None => None,
        }
    }
}

/// The outcome of a call that may or may not have taken effect.
pub(super) fn unknown_outcome() -> ToolFailure {
    ToolFailure::new(
        ToolErrorKind::OutcomeUnknown,
        "the host restarted while this call ran, so nobody knows whether it took effect; it was not repeated. Check \
         the state of what it changes before you decide, and tell the user",
    )
}
