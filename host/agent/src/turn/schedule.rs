//! Which calls of a message run now: permissions, order, and what a restart left behind.
//!
//! Calls that only read run side by side. A call that changes something waits for all before it and holds back all
//! after it, so that what the model asked for happens in its order. A call that waits for the user does the same. Once
//! the user declined a call, what the message wanted to change after it does not run: it was meant to follow it.

use bricklayer_domain::{
    CleanUp, ContinuingCall, Event, ToolCall, ToolCallId, ToolErrorKind, ToolFailure, ToolOutcome, UserAsk,
};
use bricklayer_tools::{CallClass, Permission, Permit, Terms, decide, decide_answered};

use crate::settings::{MAX_CALL_STARTS, MAX_CONTINUED_STARTS};

use super::call::{CallState, CallStatus};
use super::state::{Phase, TurnState};
use super::vocabulary::{CallClassification, Effect};

/// What may happen to a call that is not running.
enum Verdict {
    Run { reads: bool, permit: Permit },
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
        if self.standing.is_none() && self.may_be_standing() {
            effects.push(Effect::LookUpStanding);
            return;
        }
        self.refuse(effects);
        let startable = self.startable();
        for Start { call, permit, resumes, .. } in &startable {
            if *resumes {
                // It began, the log has it, and it goes on.
                self.with_call(&call.id, |state| state.status = CallStatus::Running);
                continue;
            }
            let (continuing, why) = (permit.is_to_continue(), Some(permit.grounds().clone()));
            self.with_call(&call.id, |state| state.continuing = continuing);
            let started =
                Event::ToolStarted { call: call.id.clone(), name: call.name.clone(), input: call.input.clone(), why };
            self.emit(started, effects);
        }
        effects.extend(startable.into_iter().map(|start| Effect::RunCall(start.run, start.permit)));
        self.park_if_all_wait(effects);
        // What was looked up holds for these decisions; the user may take it back before the next.
        self.standing = None;
    }

    /// Whether a call is due that runs unasked only if a standing permission covers it.
    fn may_be_standing(&self) -> bool {
        let Phase::Calls(calls) = &self.phase else { return false };
        calls.iter().any(|state| {
            state.known().is_some_and(|class| class.may_be_covered(self.terms()))
                && matches!(self.verdict(state), Some(Verdict::Ask { .. }))
        })
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

    fn startable(&self) -> Vec<Start> {
        let Phase::Calls(calls) = &self.phase else { return Vec::new() };
        let mut running = calls.iter().filter(|state| state.status == CallStatus::Running).count();
        let at_work = |state: &&CallState| state.status == CallStatus::Running && state.asks_others();
        let mut subagents = calls.iter().filter(at_work).count();
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
                // Those after it may run before it: it waits for a place, and changes nothing itself.
                (_, Some(Verdict::Run { .. })) if state.asks_others() && subagents >= self.policy.max_subagents => {}
                (_, Some(Verdict::Run { reads: true, permit })) if running < self.policy.max_concurrent_reads => {
                    running = running.saturating_add(1);
                    subagents = subagents.saturating_add(usize::from(state.asks_others()));
                    start.push(state.start(permit));
                }
                (_, Some(Verdict::Run { reads: false, permit })) if !earlier_open => {
                    start.push(state.start(permit));
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
        let mut questions: Vec<Event> = Vec::new();
        let mut later_changes: Vec<ToolCallId> = Vec::new();
        for state in calls.iter().rev() {
            match self.verdict(state) {
                Some(Verdict::Ask { reason }) if !state.asked => {
                    let class = state.known();
                    questions.push(Event::ApprovalRequested {
                        call: state.call.id.clone(),
                        name: state.call.name.clone(),
                        input: state.call.input.clone(),
                        reason,
                        review: class.and_then(|class| class.review.clone()).unwrap_or_default(),
                        standing: class.and_then(|class| class.offered_scope(self.terms())),
                        later_changes: later_changes.iter().rev().cloned().collect(),
                        questions: class.map(|class| class.questions().to_vec()).unwrap_or_default(),
                        proposal: class.and_then(|class| class.proposal(self.terms())),
                    });
                }
                Some(Verdict::Ask { .. } | Verdict::Run { reads: false, .. }) => {}
                Some(Verdict::Run { reads: true, .. } | Verdict::Fail(_)) | None => continue,
            }
            later_changes.push(state.call.id.clone());
        }
        questions.reverse();
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
        if let Some(by) = state.continuation().filter(|_| state.starts < MAX_CONTINUED_STARTS) {
            // What the user allowed once is running at the far end.
            return Some(Verdict::Run { reads: class.reads(), permit: Permit::to_continue(by) });
        }
        let may_repeat = class.resumes || (class.repeatable() && state.starts < MAX_CALL_STARTS);
        if state.status == CallStatus::Interrupted && !may_repeat {
            return Some(Verdict::Fail(unknown_outcome()));
        }
        if state.declined() && !state.settled_by_earlier {
            return Some(Verdict::Fail(declined(state)));
        }
        if !class.reads() && self.follows_declined(state) {
            return Some(Verdict::Fail(follows_declined()));
        }
        let permission = if state.answer.is_some() {
            decide_answered(self.mode(), class)
        } else {
            decide(self.terms(), &state.call.name, class, self.standing.as_deref().unwrap_or_default())
        };
        Some(match permission {
            Permission::Allow(permit) => Verdict::Run { reads: class.reads(), permit },
            Permission::Ask { reason } => Verdict::Ask { reason },
            Permission::Deny { reason } => Verdict::Fail(ToolFailure::new(ToolErrorKind::Denied, reason)),
        })
    }

    /// On what terms calls run now.
    pub(crate) fn terms(&self) -> Terms {
        Terms { mode: self.mode(), outside: self.outside && self.policy.second_look, loosest: self.policy.loosest }
    }

    /// Whether the user declined an earlier call of the same message.
    fn follows_declined(&self, state: &CallState) -> bool {
        let Phase::Calls(calls) = &self.phase else { return false };
        calls.iter().take_while(|earlier| earlier.call.id != state.call.id).any(CallState::declined)
    }
}

/// A call that starts.
struct Start {
    /// As the model asked for it.
    call: ToolCall,
    /// What runs: the same, or what continues it.
    run: ToolCall,
    permit: Permit,
    /// Whether it began before.
    resumes: bool,
}

impl CallState {
    fn start(&self, permit: Permit) -> Start {
        let mut run = self.call.clone();
        if let Some(by) = self.continuation().filter(|_| permit.is_to_continue()) {
            run.name.clone_from(&by.name);
            run.input.clone_from(&by.input);
        }
        let resumes = self.status == CallStatus::Interrupted && self.asks_others();
        Start { call: self.call.clone(), run, permit, resumes }
    }

    /// What continues it, when its worker is gone and it must not run again.
    fn continuation(&self) -> Option<&ContinuingCall> {
        let repeatable = self.known().is_some_and(CallClass::repeatable);
        let is_due = self.status == CallStatus::Interrupted && (!repeatable || self.is_paused());
        self.continued.as_ref().filter(|_| is_due)
    }

    /// Whether nothing of it is under way: it waits for its user, and is begun anew.
    pub(super) fn is_paused(&self) -> bool {
        self.continued.as_ref().is_some_and(|by| by.name == self.call.name && by.input == self.call.input)
    }

    /// What ends the work that it left running at the far end when its worker died; none when nothing runs there, or
    /// nobody knows how to end it.
    pub(super) fn left_running(&self) -> Option<&[CleanUp]> {
        let left = self.continued.as_ref().filter(|_| self.status == CallStatus::Interrupted)?;
        (!left.clean_up.is_empty()).then_some(&left.clean_up)
    }

    /// The outcome of a call that another one continued. Where that one could not say how the work ended, nobody can.
    pub(super) fn outcome_of_continued(&self, outcome: ToolOutcome) -> ToolOutcome {
        match &outcome.failure {
            Some(failure)
                if self.continuing
                    && !self.is_paused()
                    && !matches!(failure.kind, ToolErrorKind::Failed | ToolErrorKind::Cancelled) =>
            {
                let unknown = unknown_outcome();
                let message = format!("{}. Asked for it, the tool said: {}", unknown.message, failure.message);
                ToolOutcome::failed(ToolFailure { message, ..unknown })
            }
            _ => outcome,
        }
    }

    /// What the user said to it.
    fn words(&self) -> Option<&str> {
        self.reply.as_ref()?.words()
    }

    /// The outcome with what the user said when they allowed the call.
    pub(super) fn with_words(&self, mut outcome: ToolOutcome) -> ToolOutcome {
        if let Some(words) = self.words() {
            let said = format!("\n[The user allowed this call, and says: {words}]");
            match &mut outcome.failure {
                Some(failure) => failure.message.push_str(&said),
                None => outcome.content.push_str(&said),
            }
        }
        outcome
    }

    /// Whether subagents do its work.
    fn asks_others(&self) -> bool {
        self.resumes || self.known().is_some_and(|class| class.resumes)
    }

    fn declined(&self) -> bool {
        self.answer.is_some_and(|answer| !answer.allows())
    }

    fn known(&self) -> Option<&CallClass> {
        match &self.class {
            Some(CallClassification::Known(class)) => Some(class),
            Some(CallClassification::Unknown(_)) | None => None,
        }
    }
}

fn declined(state: &CallState) -> ToolFailure {
    let puts_plan = state.known().is_some_and(|class| matches!(class.asks, Some(UserAsk::Plan(_))));
    let message = match state.words() {
        None if puts_plan => {
            "the user does not take this plan; nothing changes until they do. Ask them what they want otherwise"
                .to_owned()
        }
        Some(words) if puts_plan => format!(
            "the user does not take this plan; nothing changes until they do. Work on it, and put it to them again. They \
             say:\n{words}"
        ),
        None => "the user declined this call; do not try it again in another way, ask them what they want instead"
            .to_owned(),
        Some(words) => format!(
            "the user declined this call; do not try it again in another way. They say what they want instead:\n{words}"
        ),
    };
    ToolFailure::new(ToolErrorKind::Denied, message)
}

fn follows_declined() -> ToolFailure {
    ToolFailure::new(
        ToolErrorKind::Denied,
        "not run: the user declined an earlier call of this message, and what changes something after it does not run; \
         ask them what they want instead",
    )
}

/// The outcome of a call that does not run because the turn is stopped.
pub(super) fn outcome_of_stop(state: &CallState, out_of_time: bool) -> ToolFailure {
    match state.status {
        CallStatus::Interrupted if !state.is_paused() && !state.asks_others() => unknown_outcome(),
        CallStatus::Waiting | CallStatus::Running | CallStatus::Interrupted | CallStatus::Finished
            if state.declined() && !state.settled_by_earlier =>
        {
            declined(state)
        }
        CallStatus::Waiting | CallStatus::Running | CallStatus::Interrupted | CallStatus::Finished => {
            let why = if out_of_time { "its time is over" } else { "the user stopped it" };
            ToolFailure::new(ToolErrorKind::Cancelled, format!("not run: the turn ended, {why}"))
        }
    }
}

/// The outcome of a call that ran at the far end while no worker did, when the user stopped it.
pub(super) fn outcome_of_left(told: bool) -> ToolFailure {
    if !told {
        return unknown_outcome();
    }
    ToolFailure::new(
        ToolErrorKind::OutcomeUnknown,
        "the host restarted while this call ran, and then the user stopped it: what it had started was told to end, and \
         nobody knows whether it took effect before. Check the state of what it changes before you decide, and tell the \
         user",
    )
}

/// The outcome of a call that may or may not have taken effect.
fn unknown_outcome() -> ToolFailure {
    ToolFailure::new(
        ToolErrorKind::OutcomeUnknown,
        "the host restarted while this call ran, so nobody knows whether it took effect; it was not repeated. Check \
         the state of what it changes before you decide, and tell the user",
    )
}
