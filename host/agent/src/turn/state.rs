//! The state, its fold, and the step function's main line.

use std::collections::HashSet;

use bricklayer_domain::{
    ApprovalDecision, ApprovalReply, Block, Event, Overspent, PermissionMode, Spent, StandingPermission, StopReason,
    StoredEvent, ToolCall, ToolCallId, ToolErrorKind, ToolFailure, ToolName, ToolOutcome, TurnEnd, TurnId,
    TurnSettings, Usage,
};
use chrono::{DateTime, Utc};

use crate::model::ModelReply;
use crate::settings::{MAX_CALL_ID_CHARS, MAX_CALL_NAME_CHARS, MAX_CUT_CALLS, MAX_FRUITLESS_STEPS, MAX_STEP_RESTARTS};

use super::call::{CallState, CallStatus, call_of, could_run};
use super::ends::end_of;
use super::repeats::Repeats;
use super::schedule;
use super::vocabulary::{Effect, Input, TurnPolicy};

/// Where a turn stands.
#[derive(Debug, Clone, Default)]
pub(super) enum Phase {
    /// The log holds no turn that could go on.
    #[default]
    Empty,
    /// The next model call is due.
    Ready,
    /// A model call runs, or was running when its worker died.
    Streaming,
    /// Tools of the last message are due or run.
    Calls(Vec<CallState>),
    /// The model is done; the end is due.
    Answered(StopReason),
    /// A message was cut short; the end is due.
    Aborted,
    /// The end is in the log.
    Finished(TurnEnd),
}

/// A turn as its log tells it.
#[derive(Debug, Clone, Default)]
pub struct TurnState {
    pub(super) policy: TurnPolicy,
    pub(super) phase: Phase,
    pub(super) stopping: bool,
    /// Whether it stops because its time is over.
    out_of_time: bool,
    /// The conversation's standing permissions, looked up for the decisions that are due now.
    pub(super) standing: Option<Vec<StandingPermission>>,
    turn: Option<TurnId>,
    settings: TurnSettings,
    started_at: DateTime<Utc>,
    step: u32,
    steps_begun: u32,
    restarts: u32,
    /// Whether the last message says something to the user.
    spoke: bool,
    /// Messages in a row that the output limit cut inside a call.
    cut_calls: u32,
    /// Messages in a row of whose calls none could run.
    fruitless: u32,
    /// Whether a call of the last message could run.
    fruitful: bool,
    usage: Usage,
    /// What was done again and again to no other end.
    repeats: Repeats,
    seen_calls: HashSet<ToolCallId>,
    /// The mode that the user answered with last in this turn.
    chosen_mode: Option<PermissionMode>,
    /// Model calls of subagents whose calls are at their end.
    delegated_steps: u32,
    /// What the turn's other lanes have taken that run now.
    pub(crate) others: Spent,
    /// Whether content from outside the user's words is in the conversation; kept from turn to turn.
    pub(super) outside: bool,
    /// What the provider said about a refusal; goes into the end, which is stored with the refused message.
    stop_details: Option<String>,
}

impl TurnState {
    /// Folds a conversation's log. Its last turn is the one that goes on. What was under way when the log ends is
    /// marked as interrupted.
    #[must_use]
    pub fn fold(policy: TurnPolicy, history: &[StoredEvent]) -> Self {
        let mut state = Self::default();
        for stored in history {
            state.take(stored);
        }
        state.resumed(policy)
    }

    /// Takes the next event of the log.
    pub fn take(&mut self, stored: &StoredEvent) {
        if let Event::TurnStarted { settings, .. } = &stored.event {
            self.begin(stored.turn, settings.clone(), stored.at);
        }
        self.apply(&stored.event);
    }

    /// The state as the log's end leaves it to a worker: what was under way is interrupted.
    #[must_use]
    pub fn resumed(mut self, policy: TurnPolicy) -> Self {
        self.outside |= policy.outside;
        self.policy = policy;
        if let Phase::Calls(calls) = &mut self.phase {
            for call in calls.iter_mut().filter(|call| call.status == CallStatus::Running) {
                call.status = CallStatus::Interrupted;
            }
        }
        self
    }

    /// The turn that goes on; none when the log is empty.
    #[must_use]
    pub fn turn(&self) -> Option<TurnId> {
        self.turn
    }

    /// What the user chose for it.
    #[must_use]
    pub fn settings(&self) -> &TurnSettings {
        &self.settings
    }

    /// How much runs unasked now: as the turn began, or as the user answered since.
    #[must_use]
    pub fn mode(&self) -> PermissionMode {
        self.chosen_mode.map_or(self.policy.mode, |mode| mode.min(self.policy.loosest))
    }

    /// What the turn has taken of its bounds, subagents of calls that ended included.
    pub(crate) fn spent(&self) -> Spent {
        Spent { steps: self.steps_begun.saturating_add(self.delegated_steps), usage: self.usage }
    }

    /// Whether the log ends with a user's message.
    pub(crate) fn is_fresh(&self) -> bool {
        matches!(self.phase, Phase::Ready) && self.step == 0 && self.steps_begun == 0
    }

    fn begin(&mut self, turn: TurnId, settings: TurnSettings, at: DateTime<Utc>) {
        self.turn = Some(turn);
        self.settings = settings;
        self.started_at = at;
        self.phase = Phase::Ready;
        self.step = 0;
        self.steps_begun = 0;
        self.restarts = 0;
        self.cut_calls = 0;
        self.fruitless = 0;
        self.usage = Usage::default();
        self.delegated_steps = 0;
        self.repeats = Repeats::default();
        self.chosen_mode = None;
        self.seen_calls.clear();
    }

    /// The calls that had begun when their worker died.
    pub(crate) fn interrupted(&self) -> Vec<ToolCall> {
        let Phase::Calls(calls) = &self.phase else { return Vec::new() };
        let interrupted = calls.iter().filter(|state| state.status == CallStatus::Interrupted);
        interrupted.map(|state| state.call.clone()).collect()
    }

    /// Takes that a call goes on where it stood when it is begun again.
    pub(crate) fn note_resumes(&mut self, call: &ToolCallId) {
        self.with_call(call, |state| state.resumes = true);
    }

    /// Takes an event that the driver adds by itself.
    pub(crate) fn note(&mut self, event: &Event) {
        self.apply(event);
    }

    /// Takes one event of the log into the state.
    fn apply(&mut self, event: &Event) {
        match event {
            Event::TurnStarted { .. }
            | Event::TextDelta { .. }
            | Event::ThinkingDelta { .. }
            | Event::ModelRetry { .. }
            | Event::ToolProgress { .. } => {}
            // Whoever can write into the folder can write them: a tool that read something outside, too.
            Event::NotesRead { text, .. } => self.outside |= !text.is_empty(),
            Event::ContextCompacted { usage, .. } => {
                self.usage.add(*usage);
                // What a summary was made of is not read any more, and is taken for outside.
                self.outside = true;
            }
            Event::StepStarted { step, .. } => {
                self.step = *step;
                self.steps_begun = self.steps_begun.max(step.saturating_add(1));
                self.phase = Phase::Streaming;
            }
            Event::StepDiscarded { .. } => {
                self.restarts = self.restarts.saturating_add(1);
                self.phase = Phase::Ready;
            }
            Event::AssistantMessage { step, blocks, stop_reason, usage, aborted, model: _, calls: _ } => {
                self.usage.add(*usage);
                self.spoke =
                    blocks.iter().any(|block| matches!(block, Block::Text { text } if !text.trim().is_empty()));
                self.step = step.saturating_add(1);
                self.phase = if *aborted { Phase::Aborted } else { self.after_message(blocks, stop_reason) };
                let cut = matches!(self.phase, Phase::Calls(_)) && *stop_reason == StopReason::MaxTokens;
                self.cut_calls = if cut { self.cut_calls.saturating_add(1) } else { 0 };
                self.fruitful = false;
            }
            Event::ApprovalRequested { call, input, proposal, .. } => self.with_call(call, |state| {
                state.asked = true;
                state.call.input.clone_from(input);
                state.modes = proposal.as_ref().map(|proposal| proposal.modes.clone()).unwrap_or_default();
            }),
            Event::ApprovalAnswered { call, decision, because_of, reply } => {
                let mut chosen = None;
                self.with_call(call, |state| {
                    if state.answer.is_none() {
                        state.answer = Some(*decision);
                        state.reply.clone_from(reply);
                        state.settled_by_earlier = because_of.is_some();
                        chosen = state.chosen_mode();
                    }
                });
                self.chosen_mode = chosen.or(self.chosen_mode);
            }
            Event::ToolStarted { call, input, .. } => self.with_call(call, |state| {
                state.call.input.clone_from(input);
                state.status = CallStatus::Running;
                state.starts = state.starts.saturating_add(1);
            }),
            Event::ToolContinuation { call, by } => self.with_call(call, |state| state.continued.clone_from(by)),
            Event::ToolFinished { call, outcome, .. } => {
                let mut began = false;
                if let Phase::Calls(calls) = &mut self.phase
                    && let Some(state) = calls.iter_mut().find(|state| state.call.id == *call)
                {
                    state.status = CallStatus::Finished;
                    began = state.starts > 0;
                    self.repeats.take(&state.call, outcome);
                }
                if let Some(Spent { steps, usage }) = outcome.spent {
                    self.delegated_steps = self.delegated_steps.saturating_add(steps);
                    self.usage.add(usage);
                }
                // The outcome of a call that never ran is the host's.
                self.outside |= began && outcome.origin.is_outside();
                self.fruitful |= could_run(outcome);
                if let Phase::Calls(calls) = &self.phase
                    && calls.iter().all(|call| call.status == CallStatus::Finished)
                {
                    self.phase = Phase::Ready;
                    self.repeats.end_step();
                    self.fruitless = if self.fruitful { 0 } else { self.fruitless.saturating_add(1) };
                }
            }
            Event::TurnFinished { end, .. } => {
                if self.turn.is_some() {
                    self.phase = Phase::Finished(end.clone());
                }
            }
        }
    }

    fn after_message(&mut self, blocks: &[Block], stop_reason: &StopReason) -> Phase {
        let calls: Vec<CallState> = blocks.iter().filter_map(call_of).collect();
        self.seen_calls.extend(calls.iter().map(|state| state.call.id.clone()));
        if !calls.is_empty() {
            return Phase::Calls(calls);
        }
        match stop_reason {
            StopReason::PauseTurn => Phase::Ready,
            reason => Phase::Answered(reason.clone()),
        }
    }

    fn call_state(&self, id: &ToolCallId) -> Option<&CallState> {
        let Phase::Calls(calls) = &self.phase else { return None };
        calls.iter().find(|state| state.call.id == *id)
    }

    /// What the user said when they were asked about this call.
    pub(crate) fn reply_to(&self, id: &ToolCallId) -> Option<&ApprovalReply> {
        self.call_state(id)?.reply.as_ref()
    }

    pub(super) fn with_call(&mut self, id: &ToolCallId, change: impl FnOnce(&mut CallState)) {
        if let Phase::Calls(calls) = &mut self.phase
            && let Some(state) = calls.iter_mut().find(|state| state.call.id == *id)
        {
            change(state);
        }
    }

    /// The step function: takes what happened, changes the state as the log will, says what to do.
    pub fn step(&mut self, input: Input, now: DateTime<Utc>) -> Vec<Effect> {
        let mut effects = Vec::new();
        match input {
            Input::Resume => self.resume(now, &mut effects),
            Input::Classified(classes) => {
                for (id, class) in classes {
                    self.with_call(&id, |state| state.classify(class));
                }
            }
            Input::Standing(standing) => self.standing = Some(standing),
            Input::ModelReplied(reply) => self.take_reply(reply, &mut effects),
            Input::ModelFailed { failure, partial, usage } => {
                self.keep_partial(partial, usage, "failed", &mut effects);
                self.finish(TurnEnd::Failed { code: failure.code, message: failure.message }, now, &mut effects);
            }
            Input::CallEnded { call, outcome, duration_ms } => {
                let outcome = match self.call_state(&call) {
                    Some(state) => state.with_words(state.outcome_of_continued(*outcome)),
                    None => *outcome,
                };
                self.finish_call(&call, outcome, duration_ms, &mut effects);
            }
            Input::CleanedUp { call, told } => {
                let outcome = ToolOutcome::failed(schedule::outcome_of_left(told));
                self.finish_call(&call, outcome, 0, &mut effects);
            }
            Input::Stop { partial, usage } => self.stop(partial, usage, &mut effects),
            Input::OutOfTime { partial, usage } => {
                self.out_of_time = !self.stopping;
                self.stop(partial, usage, &mut effects);
            }
        }
        self.advance(now, &mut effects);
        effects
    }

    fn resume(&mut self, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
        if let Phase::Calls(calls) = &self.phase
            && calls.iter().any(|call| call.answer == Some(ApprovalDecision::Stop))
        {
            self.stop(Vec::new(), Usage::default(), effects);
            return;
        }
        if matches!(self.phase, Phase::Streaming) {
            self.emit(Event::StepDiscarded { step: self.step }, effects);
            if self.restarts > MAX_STEP_RESTARTS {
                let message = "The host restarted again and again while the model was answering this message. \
                               Send it again; if it happens again, tell the operator.";
                self.finish_failed("restarted-too-often", message, now, effects);
            }
        }
    }

    /// Stores the answer, with ids made unique in the turn, and the outcome of the calls that cannot run.
    fn take_reply(&mut self, mut reply: ModelReply, effects: &mut Vec<Effect>) {
        if !matches!(self.phase, Phase::Streaming) {
            return;
        }
        if reply.stop_reason == StopReason::Refusal {
            // What was shown of a refused answer is taken back.
            reply.blocks.clear();
        }
        self.stop_details = reply.stop_details.take();
        self.make_ids_unique(&mut reply);
        let names: Vec<(ToolCallId, ToolName)> =
            reply.blocks.iter().filter_map(call_of).map(|state| (state.call.id, state.call.name)).collect();
        let broken: Vec<(ToolCallId, String)> = reply
            .broken_calls
            .into_iter()
            .filter_map(|broken| match reply.blocks.get(broken.block)? {
                Block::ToolUse { id, .. } => Some((id.clone(), broken.reason)),
                Block::Text { .. } | Block::Thinking { .. } | Block::Other { .. } => None,
            })
            .collect();
        let message = Event::AssistantMessage {
            step: self.step,
            blocks: reply.blocks,
            stop_reason: reply.stop_reason,
            usage: reply.usage,
            model: self.policy.model.clone(),
            aborted: false,
            calls: Vec::new(),
        };
        self.emit(message, effects);
        for (id, reason) in broken {
            let failure = ToolFailure::new(ToolErrorKind::InvalidInput, reason);
            self.finish_call(&id, ToolOutcome::failed(failure), 0, effects);
        }
        for (id, _) in names.iter().skip(self.policy.max_calls_per_step) {
            let message = format!(
                "not run: this message asks for more than {} calls, which is what one message may hold; ask for it \
                 again in your next message",
                self.policy.max_calls_per_step
            );
            let failure = ToolFailure::new(ToolErrorKind::NotRun, message);
            self.finish_call(id, ToolOutcome::failed(failure), 0, effects);
        }
    }

    /// Gives every call an id that no other call of the turn has and that providers take, and bounds its name.
    fn make_ids_unique(&self, reply: &mut ModelReply) {
        let mut seen = self.seen_calls.clone();
        for block in &mut reply.blocks {
            let Block::ToolUse { id, name, .. } = block else { continue };
            if let Some((end, _)) = name.char_indices().nth(MAX_CALL_NAME_CHARS) {
                name.truncate(end);
            }
            let suffix = &self.policy.call_suffix;
            let stem = fit_id(&id.0, MAX_CALL_ID_CHARS.saturating_sub(suffix.len()));
            let mut fresh = ToolCallId(format!("{stem}{suffix}"));
            let mut number: u32 = 2;
            while !seen.insert(fresh.clone()) {
                fresh = ToolCallId(format!("{stem}{suffix}_{number}"));
                number = number.saturating_add(1);
            }
            *id = fresh;
        }
    }

    fn stop(&mut self, partial: Vec<Block>, usage: Usage, effects: &mut Vec<Effect>) {
        if matches!(self.phase, Phase::Finished(_) | Phase::Empty) || self.stopping {
            return;
        }
        self.stopping = true;
        self.keep_partial(partial, usage, "stopped", effects);
        let Phase::Calls(calls) = &self.phase else { return };
        let running = calls.iter().any(|call| call.status == CallStatus::Running);
        effects.extend(calls.iter().filter_map(|call| {
            let requests = call.left_running()?.to_vec();
            Some(Effect::CleanUp { call: call.call.clone(), requests })
        }));
        let idle: Vec<(ToolCallId, ToolFailure)> = calls
            .iter()
            .filter(|call| matches!(call.status, CallStatus::Waiting | CallStatus::Interrupted))
            .filter(|call| call.left_running().is_none())
            .map(|call| (call.call.id.clone(), schedule::outcome_of_stop(call, self.out_of_time)))
            .collect();
        for (id, failure) in idle {
            self.finish_call(&id, ToolOutcome::failed(failure), 0, effects);
        }
        if running {
            effects.push(Effect::CancelCalls);
        }
    }

    /// Keeps what the user saw of a message that was cut short, and what it cost.
    fn keep_partial(&mut self, partial: Vec<Block>, usage: Usage, why: &str, effects: &mut Vec<Effect>) {
        if !matches!(self.phase, Phase::Streaming) || (partial.is_empty() && usage == Usage::default()) {
            return;
        }
        let message = Event::AssistantMessage {
            step: self.step,
            blocks: partial,
            stop_reason: StopReason::Unknown(why.to_owned()),
            usage,
            model: self.policy.model.clone(),
            aborted: true,
            calls: Vec::new(),
        };
        self.emit(message, effects);
    }

    /// What is due now, given where the turn stands.
    fn advance(&mut self, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
        if let Phase::Calls(_) = self.phase {
            self.schedule(effects);
        }
        match &self.phase {
            Phase::Empty | Phase::Finished(_) | Phase::Calls(_) => {}
            Phase::Answered(reason) => {
                let end = end_of(reason, self.stop_details.as_deref());
                let end = if end == TurnEnd::Completed && !self.spoke { self.silent_end() } else { end };
                self.finish(end, now, effects);
            }
            Phase::Ready | Phase::Streaming | Phase::Aborted if self.out_of_time => {
                let message = "The turn reached its time limit (the operator's setting limits.turn_seconds). What it \
                               did is kept; say \"continue\" to let it go on.";
                self.finish_failed("turn-time-limit", message, now, effects);
            }
            Phase::Ready | Phase::Streaming | Phase::Aborted if self.stopping => {
                self.finish(TurnEnd::Cancelled, now, effects);
            }
            Phase::Aborted => self.finish_failed(
                "model-interrupted",
                "The answer was cut short before the host restarted. Send the message again.",
                now,
                effects,
            ),
            Phase::Ready => self.begin_step(now, effects),
            Phase::Streaming => {}
        }
        match &self.phase {
            Phase::Empty => effects.push(Effect::Exit(TurnEnd::Completed)),
            Phase::Finished(end) => effects.push(Effect::Exit(end.clone())),
            Phase::Answered(_) | Phase::Ready | Phase::Streaming | Phase::Aborted | Phase::Calls(_) => {}
        }
    }

    fn begin_step(&mut self, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
        let others = self.others;
        if self.step.saturating_add(self.delegated_steps).saturating_add(others.steps) >= self.policy.max_steps {
            let message = format!(
                "The agent made {} model calls without coming to an end (the operator's setting limits.steps). What it \
                 did is kept; say \"continue\" to let it go on.",
                self.policy.max_steps
            );
            self.finish_failed("too-many-steps", &message, now, effects);
            return;
        }
        let mut usage = self.usage;
        usage.add(others.usage);
        if let Some(overspent) = self.policy.budget.overspent(&usage) {
            let (code, setting) = match overspent {
                Overspent::Tokens { .. } => ("out-of-tokens", "limits.turn_tokens"),
                Overspent::Money { .. } => ("out-of-money", "limits.turn_usd"),
            };
            let message = format!(
                "The turn {overspent} (the operator's setting {setting}). What it did is kept; say \"continue\" to let it go \
                 on, or start a new conversation, in which less is read."
            );
            self.finish_failed(code, &message, now, effects);
            return;
        }
        if self.cut_calls >= MAX_CUT_CALLS {
            let message = "The model's output limit cut its answer in the middle of a tool call, several times in a \
                           row. What it did is kept; say \"continue\" to let it go on, or ask for smaller pieces.";
            self.finish_failed("output-limit", message, now, effects);
            return;
        }
        if self.fruitless >= MAX_FRUITLESS_STEPS {
            let message = format!(
                "The agent asked {MAX_FRUITLESS_STEPS} times in a row for calls that cannot run as it wrote them. What \
                 it did is kept; say \"continue\" to let it try again, or say in other words what you want."
            );
            self.finish_failed("no-progress", &message, now, effects);
            return;
        }
        if let Some(message) = self.repeats.end(self.policy.repeats) {
            self.finish_failed("repeating-itself", &message, now, effects);
            return;
        }
        let step = self.step;
        self.emit(Event::StepStarted { step, model: self.policy.model.clone(), context: None }, effects);
        effects.push(Effect::CallModel { step });
    }

    pub(super) fn finish_call(
        &mut self,
        id: &ToolCallId,
        mut outcome: ToolOutcome,
        duration_ms: u64,
        effects: &mut Vec<Effect>,
    ) {
        // A second outcome of one call is dropped: the first is in the log.
        let Some(state) = self.call_state(id).filter(|state| state.status != CallStatus::Finished) else { return };
        let name = state.call.name.clone();
        self.repeats.tell(self.policy.repeats, &state.call, &mut outcome);
        self.emit(Event::ToolFinished { call: id.clone(), name, outcome, duration_ms }, effects);
    }

    /// How a turn ends whose last message says nothing.
    fn silent_end(&self) -> TurnEnd {
        let (code, message) = if self.steps_begun > 1 {
            (
                "no-final-answer",
                "The agent ended without an answer. What it did is kept; say \"continue\" to hear what it found.",
            )
        } else {
            ("empty-answer", "The model answered with nothing. Send the message again, or say it in other words.")
        };
        TurnEnd::Failed { code: code.to_owned(), message: message.to_owned() }
    }

    fn finish_failed(&mut self, code: &str, message: &str, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
        self.finish(TurnEnd::Failed { code: code.to_owned(), message: message.to_owned() }, now, effects);
    }

    fn finish(&mut self, end: TurnEnd, now: DateTime<Utc>, effects: &mut Vec<Effect>) {
        if matches!(self.phase, Phase::Finished(_) | Phase::Empty) {
            return;
        }
        let duration_ms = (now - self.started_at).num_milliseconds().max(0).unsigned_abs();
        let event = Event::TurnFinished { end, usage: self.usage, steps: self.spent().steps, duration_ms };
        self.emit(event, effects);
    }

    pub(super) fn emit(&mut self, event: Event, effects: &mut Vec<Effect>) {
        self.apply(&event);
        effects.push(Effect::Append(Box::new(event)));
    }
}

/// An id of the characters that every provider takes, with room for a number behind it.
fn fit_id(id: &str, longest: usize) -> String {
    let fit: String = id
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c } else { '_' })
        .take(longest)
        .collect();
    if fit.is_empty() { "call".to_owned() } else { fit }
}
