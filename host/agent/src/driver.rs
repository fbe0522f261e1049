//! The driver: performs the effects of the step function against a model, tools and the log.
//!
//! One call of [`run_turn`] serves a fresh turn, one whose approval was answered, and one whose worker died. Dropping
//! its future leaves the turn as the log has it; another call continues from there.

mod calls;
mod compaction;
mod lanes;
mod model_call;
mod notes;
mod shown;
mod values;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bricklayer_domain::{Block, ContextTokens, Event, ToolName};
use bricklayer_skills::SkillSet;
use bricklayer_tools::Gate;
use tokio_util::sync::CancellationToken;

use crate::actor::Actor;
use crate::fold::Fold;
use crate::model::{CommandModel, ModelMessage, ModelProvider, Prices, ShownResults};
use crate::ports::{LaneRun, LaneWork, LogError, ResultReader, TurnExit, TurnLog};
use crate::prompt::{PromptFacts, WorkspaceFact, system_prompt};
use crate::settings::{CLEAN_UP_TIME, TurnLimits};
use crate::turn::{AccountEntry, Effect, Input, TurnPolicy};

use calls::{Calls, Waited};
use values::Values;

/// What a turn works with; made per turn.
#[derive(Debug, Clone)]
pub struct TurnDeps {
    /// The turn's log.
    pub log: Arc<dyn TurnLog>,
    /// The model.
    pub model: Arc<dyn ModelProvider>,
    /// What answers direct commands in the model's place, where there is one.
    pub commands: Option<Arc<dyn CommandModel>>,
    /// The tools, and how much of them runs unasked. What its file tools have seen is the fold's
    /// ([`Fold::seen_files`](crate::Fold::seen_files)).
    pub gate: Gate,
    /// The results, for what of them the model is shown.
    pub results: Arc<dyn ResultReader>,
    /// The skills, for the prompt.
    pub skills: SkillSet,
    /// The turn's bounds.
    pub limits: TurnLimits,
    /// What tokens cost.
    pub prices: Arc<Prices>,
    /// Fires when this host leaves: calls that another continues are left to it.
    pub leaving: CancellationToken,
    /// The workspace, for the prompt.
    pub workspace: WorkspaceFact,
    /// Who it is that works.
    pub actor: Actor,
    /// What the turn's lanes took of its bounds.
    pub account: AccountEntry,
}

/// Runs a turn until it ends, waits for the user, or its log fails.
///
/// `fold` has taken the conversation's log; its last turn is the one that runs. `cancel` is the user's stop: within
/// 500 ms running work is cancelled, what was done is stored, and the turn ends as cancelled. A turn that is parked is
/// stopped by running it with a token that is cancelled already.
pub async fn run_turn(deps: TurnDeps, fold: Fold, cancel: CancellationToken) -> TurnExit {
    run_lane(deps, fold, cancel).await.exit
}

/// Runs one lane of a turn, as [`run_turn`] does: its own, or that of a subagent.
pub async fn run_lane(deps: TurnDeps, fold: Fold, cancel: CancellationToken) -> LaneRun {
    let limit = deps.limits.max_turn_time;
    let mut driver = Driver::new(deps, fold);
    let out_of_time = Arc::clone(&driver.out_of_time);
    let stop = cancel.child_token();
    let exit = {
        let run = driver.run(&stop);
        tokio::pin!(run);
        tokio::select! {
            biased;
            exit = &mut run => exit,
            () = tokio::time::sleep(limit) => {
                // From here on it is a stop for another reason.
                out_of_time.store(!cancel.is_cancelled(), Ordering::Release);
                stop.cancel();
                run.await
            }
        }
    };
    let (exit, messages) = match exit {
        Ok(exit) => match driver.messages().await {
            Ok(messages) => (exit, messages),
            Err(error) => (TurnExit::Interrupted(error), Vec::new()),
        },
        Err(error) => (TurnExit::Interrupted(error), Vec::new()),
    };
    let (said, spent) = (driver.fold.said().to_owned(), driver.fold.state.spent());
    LaneRun { exit, work: LaneWork { said, messages, spent } }
}

const fn is_question(event: &Event) -> bool {
    matches!(event, Event::ApprovalRequested { .. })
}

/// The question that comes next, if one does.
fn next_question(effects: &mut VecDeque<Effect>) -> Option<Event> {
    match effects.pop_front_if(|next| matches!(next, Effect::Append(event) if is_question(event)))? {
        Effect::Append(event) => Some(*event),
        _ => None,
    }
}

struct Driver {
    deps: TurnDeps,
    /// The conversation so far. Its state is the one that steps.
    fold: Fold,
    system: Arc<str>,
    facts: Arc<PromptFacts>,
    /// Whether a summary was asked for in vain; it is not asked for again while this worker runs the turn.
    cannot_compact: bool,
    /// What the model was shown last.
    shown: ShownResults,
    /// Emitted by the step function, not yet durable.
    pending: Vec<Event>,
    calls: Calls,
    /// For a plan alone.
    values: Values,
    /// Set before the stop of a turn whose time is over.
    out_of_time: Arc<AtomicBool>,
}

impl Driver {
    fn new(mut deps: TurnDeps, mut fold: Fold) -> Self {
        let (gate, message) = (&deps.gate, fold.message());
        if let Some(commands) = deps.commands.take_if(|commands| commands.takes(message, gate.list())) {
            deps.model = commands;
        }
        let policy = TurnPolicy {
            mode: deps.gate.mode(),
            loosest: deps.gate.loosest(),
            second_look: deps.gate.looks_again(),
            model: deps.model.model(fold.settings().model.as_deref()),
            max_steps: deps.limits.max_steps,
            budget: deps.limits.budget,
            repeats: deps.limits.repeats,
            max_calls_per_step: deps.limits.max_calls_per_step,
            max_concurrent_reads: deps.gate.limits().max_concurrent_reads,
            max_subagents: deps.limits.max_subagents,
            outside: deps.actor.outside(),
            call_suffix: deps.actor.call_suffix(),
        };
        fold.state = std::mem::take(&mut fold.state).resumed(policy);
        let facts = PromptFacts { workspace: deps.workspace.clone(), settings: fold.settings().clone() };
        let system = system_prompt(&facts, &deps.actor, &deps.skills).into();
        let facts = Arc::new(facts);
        let calls = Calls::new();
        Self {
            deps,
            fold,
            system,
            facts,
            cannot_compact: false,
            shown: ShownResults::default(),
            pending: Vec::new(),
            calls,
            values: Values::default(),
            out_of_time: Arc::default(),
        }
    }

    /// All that was said and done, for whoever decides by it what came of the lane.
    async fn messages(&mut self) -> Result<Vec<Arc<ModelMessage>>, LogError> {
        if !self.deps.actor.decides_by_values() {
            return Ok(Vec::new());
        }
        let mut messages = self.fold.context.messages().messages;
        self.values.fill(&*self.deps.log, &mut messages).await?;
        Ok(messages)
    }

    async fn run(&mut self, cancel: &CancellationToken) -> Result<TurnExit, LogError> {
        let first = if cancel.is_cancelled() {
            for call in self.fold.state.interrupted() {
                if self.resolved(&call.id, &call.name, &call.input).is_ok_and(|resolved| resolved.resumes()) {
                    self.fold.state.note_resumes(&call.id);
                }
            }
            // What the step was saying when its worker died was shown, and stays.
            self.stop_input(self.fold.half_said(), Default::default())
        } else {
            Input::Resume
        };
        if matches!(first, Input::Resume) && self.fold.state.is_fresh() && self.deps.actor.reads_notes() {
            self.read_notes(cancel).await;
        }
        let mut effects: VecDeque<Effect> = self.step(first).into();
        let mut stopped = cancel.is_cancelled();
        loop {
            let input = match effects.pop_front() {
                Some(Effect::Append(event)) => {
                    if !is_question(&event) {
                        self.emit(*event);
                        continue;
                    }
                    // All questions of a message are put at once.
                    let mut questions = vec![*event];
                    while let Some(event) = next_question(&mut effects) {
                        questions.push(event);
                    }
                    self.look_ahead(&mut questions, cancel).await;
                    questions.into_iter().for_each(|event| self.emit(event));
                    continue;
                }
                Some(Effect::Classify(calls)) => Input::Classified(self.classify(&calls).await),
                Some(Effect::LookUpStanding) => Input::Standing(self.deps.log.standing_permissions().await?),
                Some(Effect::CallModel { step }) => {
                    let input = self.call_model(step, cancel).await?;
                    stopped |= matches!(input, Input::Stop { .. } | Input::OutOfTime { .. });
                    input
                }
                Some(Effect::RunCall(call, permit)) => {
                    self.flush().await?;
                    self.start_call(call, permit);
                    continue;
                }
                Some(Effect::CleanUp { call, requests }) => {
                    let told = match self.resolved(&call.id, &call.name, &call.input) {
                        Ok(resolved) => {
                            let cleaning = resolved.clean_up(requests);
                            tokio::time::timeout(CLEAN_UP_TIME, cleaning).await.unwrap_or(false)
                        }
                        Err(_) => false,
                    };
                    Input::CleanedUp { call: call.id, told }
                }
                Some(Effect::CancelCalls) => {
                    self.calls.cancel_all();
                    continue;
                }
                Some(Effect::Park) => {
                    self.flush().await?;
                    return Ok(TurnExit::Parked);
                }
                Some(Effect::Exit(end)) => {
                    self.flush().await?;
                    return Ok(TurnExit::Finished(end));
                }
                None => {
                    self.flush().await?;
                    let input = match self.wait_for_calls(cancel, stopped).await? {
                        Waited::Input(input) => input,
                        Waited::LetGo => return Ok(TurnExit::LetGo),
                        Waited::Parked => return Ok(TurnExit::Parked),
                    };
                    stopped |= matches!(input, Input::Stop { .. } | Input::OutOfTime { .. });
                    input
                }
            };
            effects.extend(self.step(input));
        }
    }

    /// The step function, with what the turn's other lanes took.
    fn step(&mut self, input: Input) -> Vec<Effect> {
        self.fold.state.others = self.deps.account.others();
        let effects = self.fold.state.step(input, bricklayer_domain::now());
        self.deps.account.set(self.fold.state.spent());
        effects
    }

    /// What the state is told when the turn is to stop.
    fn stop_input(&self, partial: Vec<Block>, usage: bricklayer_domain::Usage) -> Input {
        if self.out_of_time.load(Ordering::Acquire) {
            Input::OutOfTime { partial, usage }
        } else {
            Input::Stop { partial, usage }
        }
    }

    /// Takes an event that the step function emitted; it becomes durable with the next flush.
    fn emit(&mut self, mut event: Event) {
        self.describe_calls(&mut event);
        self.measure(&mut event);
        if let Event::ToolFinished { call, .. } = &event {
            self.calls.let_go(call);
        }
        self.fold.take_emitted(&event);
        self.pending.push(event);
    }

    /// Puts beside a message how its calls are shown, in their tools' own words.
    fn describe_calls(&mut self, event: &mut Event) {
        let Event::AssistantMessage { blocks, aborted: false, calls, .. } = event else { return };
        let shown = blocks.iter().filter_map(|block| {
            let Block::ToolUse { id, name, input } = block else { return None };
            let name = ToolName(name.clone());
            Some(self.resolved(id, &name, input).ok()?.spec().display.of_call(id, &name, input))
        });
        *calls = shown.collect();
    }

    /// Puts beside the beginning of a step what its model reads.
    fn measure(&self, event: &mut Event) {
        let Event::StepStarted { context, .. } = event else { return };
        let parts = self.fold.context.parts(self.system.len(), self.deps.gate.offer().told_bytes());
        *context = Some(ContextTokens { compacted_above: self.deps.limits.compact_above_tokens, ..parts });
    }

    async fn flush(&mut self) -> Result<(), LogError> {
        let events = std::mem::take(&mut self.pending);
        if !events.is_empty() {
            self.deps.log.append(events).await?;
        }
        Ok(())
    }
}
