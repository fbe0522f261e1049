//! The step function without any I/O: whatever happens in whatever order, with a worker that dies at any moment, a turn
//! ends once, every tool use is answered once, and nothing that must not be repeated is repeated.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use bricklayer_agent::model::{Content, ModelMessage, ModelReply, Role};
use bricklayer_agent::turn::{CallClassification, Effect, Input, TurnFailure, TurnPolicy, TurnState};
use bricklayer_agent::{RepeatBounds, context};
use bricklayer_domain::{
    ApprovalDecision, Block, Budget, CallEffect, CallReview, ConversationId, Event, EventSeq, Operation,
    PermissionMode, Ruling, StandingPermission, StandingPermissionId, StandingScope, StopReason, StoredEvent,
    ToolAnnotations, ToolCall, ToolCallId, ToolName, ToolOutcome, TurnEnd, TurnId, TurnSettings, Usage,
};
use bricklayer_tools::{CallClass, HookRuling};
use chrono::{DateTime, Utc};
use proptest::prelude::*;
use serde_json::json;

use crate::support::tool_use;

fn policy() -> TurnPolicy {
    TurnPolicy {
        mode: PermissionMode::Ask,
        loosest: PermissionMode::RunAll,
        second_look: true,
        model: "scripted".into(),
        max_steps: 12,
        budget: Budget::default(),
        repeats: RepeatBounds::default(),
        max_calls_per_step: 4,
        max_concurrent_reads: 2,
        max_subagents: 1,
        ..TurnPolicy::default()
    }
}

const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

/// A world in which chance decides what happens next.
struct Simulation {
    log: Vec<Event>,
    /// Emitted, not durable: lost when the worker dies.
    pending: Vec<Event>,
    state: TurnState,
    effects: VecDeque<Effect>,
    asking_model: bool,
    running: Vec<ToolCall>,
    parked: bool,
    ended: Option<TurnEnd>,
    runs: HashMap<ToolCallId, usize>,
    standing: Vec<StandingPermission>,
    replies: usize,
}

fn stored(log: &[Event]) -> Vec<StoredEvent> {
    let (conversation, turn) = (ConversationId::from_uuid(Default::default()), TurnId::from_uuid(Default::default()));
    let place = |(index, event): (usize, &Event)| StoredEvent {
        seq: EventSeq(index as i64 + 1),
        conversation,
        lane: bricklayer_domain::LaneId::MAIN,
        turn,
        at: NOW,
        event: event.clone(),
        structured_bytes: None,
    };
    log.iter().enumerate().map(place).collect()
}

fn class_of(call: &ToolCall) -> CallClassification {
    let effect = match call.name.0.as_str() {
        "read" | "delegate" => CallEffect::Reads,
        "write" => CallEffect::Writes,
        "destroy" => CallEffect::Destroys,
        _ => return CallClassification::Unknown("no such tool".into()),
    };
    let objects = vec!["t".to_owned()];
    let operation = Operation { effect, verb: call.name.0.clone(), objects, ..Operation::unknown() };
    CallClassification::Known(Box::new(CallClass {
        annotations: ToolAnnotations::default(),
        review: Some(CallReview::one(operation)),
        hook: HookRuling::Silent,
        rewritten: None,
        ruling: Ruling::default(),
        asks: None,
        resumes: call.name.0 == "delegate",
    }))
}

impl Simulation {
    fn new() -> Self {
        let log = vec![Event::TurnStarted { message: "go".into(), settings: TurnSettings::default(), rerun_of: None }];
        let state = TurnState::fold(policy(), &stored(&log));
        let mut simulation = Self {
            log,
            pending: Vec::new(),
            state,
            effects: VecDeque::new(),
            asking_model: false,
            running: Vec::new(),
            parked: false,
            ended: None,
            runs: HashMap::new(),
            standing: Vec::new(),
            replies: 0,
        };
        simulation.input(Input::Resume);
        simulation
    }

    fn input(&mut self, input: Input) {
        let effects = self.state.step(input, NOW);
        self.effects.extend(effects);
    }

    fn flush(&mut self) {
        self.log.append(&mut self.pending);
    }

    /// The worker dies; another folds what is durable.
    fn crash(&mut self) {
        self.pending.clear();
        self.effects.clear();
        self.running.clear();
        self.asking_model = false;
        self.resume();
    }

    fn resume(&mut self) {
        self.parked = false;
        self.ended = None;
        self.state = TurnState::fold(policy(), &stored(&self.log));
        self.input(Input::Resume);
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Append(event) => self.pending.push(*event),
            Effect::Classify(calls) => {
                let classes = calls.iter().map(|call| (call.id.clone(), class_of(call))).collect();
                self.input(Input::Classified(classes));
            }
            Effect::LookUpStanding => self.input(Input::Standing(self.standing.clone())),
            Effect::CallModel { .. } => {
                self.flush();
                self.asking_model = true;
            }
            Effect::RunCall(call, _) => {
                self.flush();
                let reads = |call: &ToolCall| matches!(call.name.0.as_str(), "read" | "delegate");
                assert!(reads(&call) || self.running.is_empty(), "a change runs alone");
                assert!(self.running.iter().all(reads), "nothing runs beside a change");
                assert!(self.running.len() < 2, "at most so many at once");
                let delegates = |call: &ToolCall| call.name.0 == "delegate";
                assert!(!delegates(&call) || !self.running.iter().any(delegates), "at most one subagent at once");
                *self.runs.entry(call.id.clone()).or_default() += 1;
                self.running.push(call);
            }
            Effect::CancelCalls => {}
            Effect::CleanUp { call, .. } => self.input(Input::CleanedUp { call: call.id, told: true }),
            Effect::Park => {
                self.flush();
                self.parked = true;
            }
            Effect::Exit(end) => {
                self.flush();
                self.ended = Some(end);
            }
        }
    }

    fn reply(&mut self, choice: u8) {
        self.asking_model = false;
        self.replies += 1;
        let names = ["read", "write", "destroy", "delegate", "nothing"];
        let mut blocks = vec![Block::Text { text: "text".into() }];
        for index in 0..(choice % 4) {
            // Some ids repeat within the turn, as careless providers have it.
            let id = if choice.is_multiple_of(3) { "same".to_owned() } else { format!("c{}_{index}", self.replies) };
            blocks.push(tool_use(&id, names[usize::from(choice / 4 + index) % names.len()], json!({})));
        }
        let reasons = [StopReason::EndTurn, StopReason::ToolUse, StopReason::PauseTurn, StopReason::MaxTokens];
        let stop_reason = reasons[usize::from(choice / 16) % reasons.len()].clone();
        self.input(Input::ModelReplied(ModelReply {
            blocks,
            broken_calls: Vec::new(),
            stop_reason,
            stop_details: None,
            usage: Usage { output_tokens: 1, ..Usage::default() },
        }));
    }

    fn end_call(&mut self, choice: u8) {
        let call = self.running.remove(usize::from(choice) % self.running.len());
        let outcome = ToolOutcome::text("ok");
        self.input(Input::CallEnded { call: call.id, outcome: Box::new(outcome), duration_ms: 1 });
    }

    fn answer(&mut self, choice: u8) {
        let open = self.log.iter().find_map(|event| match event {
            Event::ApprovalRequested { call, .. } if !self.is_answered(call) => Some(call.clone()),
            _ => None,
        });
        let Some(call) = open else { panic!("parked without an open question: {:#?}", self.log) };
        let decision = ApprovalDecision::ALL[usize::from(choice) % 4];
        let (later, scope) = self.question(&call);
        self.log.push(Event::ApprovalAnswered { call: call.clone(), decision, because_of: None, reply: None });
        match decision {
            ApprovalDecision::Conversation => self.standing.push(StandingPermission {
                id: StandingPermissionId::new(),
                tool: ToolName("destroy".into()),
                scope: scope.expect("one known operation is offered"),
                effect: CallEffect::Destroys,
                since: NOW,
            }),
            // As the store has it: a refusal settles the open questions about what would have followed.
            ApprovalDecision::No => {
                for call_id in
                    later.into_iter().filter(|id| self.is_asked(id) && !self.is_answered(id)).collect::<Vec<_>>()
                {
                    let because_of = Some(call.clone());
                    self.log.push(Event::ApprovalAnswered { call: call_id, decision, because_of, reply: None });
                }
            }
            ApprovalDecision::Once | ApprovalDecision::Stop => {}
        }
        // Sometimes the user takes it all back.
        if choice % 5 == 4 {
            self.standing.clear();
        }
        self.resume();
    }

    fn question(&self, id: &ToolCallId) -> (Vec<ToolCallId>, Option<StandingScope>) {
        let question = self.log.iter().rev().find_map(|event| match event {
            Event::ApprovalRequested { call, later_changes, standing, .. } if call == id => {
                Some((later_changes.clone(), standing.clone()))
            }
            _ => None,
        });
        question.expect("it was asked")
    }

    fn is_asked(&self, id: &ToolCallId) -> bool {
        self.log.iter().any(|event| matches!(event, Event::ApprovalRequested { call, .. } if call == id))
    }

    fn is_answered(&self, id: &ToolCallId) -> bool {
        let answers = |event: &Event| match event {
            Event::ApprovalAnswered { call, .. } | Event::ToolFinished { call, .. } => call == id,
            _ => false,
        };
        self.log.iter().any(answers)
    }

    fn stop(&mut self) {
        if self.parked {
            self.parked = false;
            self.state = TurnState::fold(policy(), &stored(&self.log));
        }
        self.asking_model = false;
        self.effects.retain(|effect| !matches!(effect, Effect::CallModel { .. }));
        self.input(Input::Stop { partial: vec![Block::Text { text: "half".into() }], usage: Usage::default() });
    }

    /// One thing happens; `choice` says which.
    fn tick(&mut self, choice: u8) {
        if self.ended.is_some() {
            return;
        }
        // The driver takes effects in order and looks at the world only between them.
        if let Some(effect) = self.effects.pop_front() {
            return if choice == 255 { self.crash() } else { self.perform(effect) };
        }
        match choice {
            250..=255 => self.crash(),
            246..=249 => self.stop(),
            240..=245 if self.asking_model => {
                self.asking_model = false;
                let failure = TurnFailure { code: "model-unreachable".into(), message: "gone".into() };
                self.input(Input::ModelFailed { failure, partial: Vec::new(), usage: Usage::default() });
            }
            _ if self.parked => self.answer(choice),
            _ if self.asking_model => self.reply(choice),
            _ if !self.running.is_empty() => self.end_call(choice),
            _ => panic!("nothing to do and not ended: {:#?}", self.log),
        }
    }
}

fn check_end(simulation: &Simulation) {
    let log = &simulation.log;
    let ends = log.iter().filter(|event| matches!(event, Event::TurnFinished { .. })).count();
    assert_eq!(ends, 1, "one end: {log:#?}");
    assert!(matches!(log.last(), Some(Event::TurnFinished { .. })), "the end is last");
    let mut kinds = HashMap::new();
    for event in log {
        let Event::AssistantMessage { blocks, aborted: false, .. } = event else { continue };
        for block in blocks {
            let Block::ToolUse { id, name, .. } = block else { continue };
            assert!(kinds.insert(id.clone(), name.clone()).is_none(), "ids are unique in a turn");
        }
    }
    for (id, name) in &kinds {
        let finished = log.iter().filter(|event| matches!(event, Event::ToolFinished { call, .. } if call == id));
        assert_eq!(finished.count(), 1, "{id} is answered once: {log:#?}");
        let runs = simulation.runs.get(id).copied().unwrap_or(0);
        assert!(matches!(name.as_str(), "read" | "delegate") || runs <= 1, "{id} ({name}) ran {runs} times");
        let started = log.iter().filter(|event| matches!(event, Event::ToolStarted { call, .. } if call == id));
        assert!(name != "delegate" || started.count() <= 1, "{id} went on, and did not begin again");
        let asked = log.iter().filter(|event| matches!(event, Event::ApprovalRequested { call, .. } if call == id));
        assert!(asked.count() <= 1, "{id} is asked once");
        if name == "destroy" && runs > 0 {
            let allowed = |event: &Event| match event {
                // All of them drop the same table, so a standing answer to one covers the others.
                Event::ApprovalAnswered { call, decision, .. } => {
                    (call == id && decision.allows()) || *decision == ApprovalDecision::Conversation
                }
                _ => false,
            };
            assert!(log.iter().any(allowed), "{id} ran without a yes");
        }
    }
    check_refusals(simulation);
    let mut again = TurnState::fold(policy(), &stored(log));
    let effects = again.step(Input::Resume, NOW);
    assert!(matches!(effects.as_slice(), [Effect::Exit(_)]), "a finished turn only exits: {effects:?}");
}

/// After a `no` nothing of the same message changes anything any more; after a `stop` nothing runs at all.
fn check_refusals(simulation: &Simulation) {
    let log = &simulation.log;
    let answer = |id: &ToolCallId| {
        log.iter().find_map(|event| match event {
            Event::ApprovalAnswered { call, decision, .. } if call == id => Some(*decision),
            _ => None,
        })
    };
    for event in log {
        let Event::AssistantMessage { blocks, aborted: false, .. } = event else { continue };
        let mut declined = false;
        for block in blocks {
            let Block::ToolUse { id, name, .. } = block else { continue };
            let runs = simulation.runs.get(id).copied().unwrap_or(0);
            assert!(
                !declined || matches!(name.as_str(), "read" | "delegate") || runs == 0,
                "{id} ran after a refusal: {log:#?}"
            );
            declined |= answer(id).is_some_and(|decision| !decision.allows());
            assert!(answer(id) != Some(ApprovalDecision::Stop) || runs == 0, "{id} ran although it stopped the turn");
        }
    }
    if log.iter().any(|event| matches!(event, Event::ApprovalAnswered { decision: ApprovalDecision::Stop, .. })) {
        assert_eq!(simulation.ended, Some(TurnEnd::Cancelled));
    }
}

/// The rules of the wire, for the messages of any log.
fn check_messages(messages: &[Arc<ModelMessage>]) {
    for (index, message) in messages.iter().enumerate() {
        let expected = if index % 2 == 0 { Role::User } else { Role::Assistant };
        assert_eq!(message.role, expected);
        assert!(!message.content.is_empty());
        let uses: Vec<&ToolCallId> = message
            .content
            .iter()
            .filter_map(|content| match &**content {
                Content::Block(Block::ToolUse { id, .. }) => Some(id),
                _ => None,
            })
            .collect();
        let next = messages.get(index + 1).map(|next| next.content.as_slice()).unwrap_or_default();
        let results: Vec<&ToolCallId> = next
            .iter()
            .map_while(|content| match &**content {
                Content::ToolResult { id, .. } => Some(id),
                _ => None,
            })
            .collect();
        assert_eq!(uses, results, "every tool use is answered first thing in the next message");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn a_turn_ends_once_whatever_happens(choices in proptest::collection::vec(any::<u8>(), 0..120)) {
        let mut simulation = Simulation::new();
        for choice in choices {
            simulation.tick(choice);
        }
        // Then all goes well: the model ends its turn, calls end, the user says yes.
        for _ in 0..500 {
            simulation.tick(0);
        }
        prop_assert!(simulation.ended.is_some());
        check_end(&simulation);
        let mut log = simulation.log.clone();
        log.push(Event::TurnStarted { message: "next".into(), settings: TurnSettings::default(), rerun_of: None });
        check_messages(&context::build(&log).messages);
    }
}

#[test]
fn a_recorded_turn_replays_to_the_same_effects() {
    let mut simulation = Simulation::new();
    let inputs = [0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0];
    let mut seen = Vec::new();
    for choice in inputs {
        if let Some(effect) = simulation.effects.front() {
            seen.push(effect.clone());
        }
        simulation.tick(choice);
    }
    // At each length of the log a fold stands where the live state stood.
    for length in 1..=simulation.log.len() {
        let mut one = TurnState::fold(policy(), &stored(&simulation.log[..length]));
        let mut other = TurnState::fold(policy(), &stored(&simulation.log[..length]));
        assert_eq!(one.step(Input::Resume, NOW), other.step(Input::Resume, NOW));
    }
    assert!(seen.iter().any(|effect| matches!(effect, Effect::CallModel { step: 0 })));
}
