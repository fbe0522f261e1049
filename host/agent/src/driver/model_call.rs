//! One model call: deltas to live readers at once and to the log in groups, the answer or the failure to the step
//! function.

use std::collections::BTreeMap;
use std::sync::Arc;

use bricklayer_domain::{Block, Event, HistoryRepair, Usage};
use futures::StreamExt as _;
use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::context;
use crate::model::{ModelEvent, ModelRequest, found};
use crate::ports::{LogError, TurnLog};
use crate::settings::{DELTA_GROUP_BYTES, DELTA_GROUP_INTERVAL};
use crate::turn::{Input, TurnFailure};

use super::{Driver, shown};

/// How often the request of one model call is changed because the API refuses it, at most.
const MAX_REPAIRS: u32 = 8;

/// How a model call ended.
enum Asked {
    Ended(Input),
    /// The API refused what it was given; `failure` is the end when no repair helps.
    Refused {
        repairs: Vec<HistoryRepair>,
        failure: Input,
    },
}

impl Driver {
    /// Asks the model. The events that led here are stored while the request is on its way: asking changes nothing in
    /// the world, and waiting for the disk first would only delay the answer.
    ///
    /// A conversation that the API refuses is told to it differently, and the log keeps a note of that.
    pub(super) async fn call_model(&mut self, step: u32, cancel: &CancellationToken) -> Result<Input, LogError> {
        let deadline = tokio::time::Instant::now() + self.deps.limits.max_model_call_time;
        if let Some(failure) = self.deps.log.overspent().await? {
            return Ok(Input::ModelFailed { failure, partial: Vec::new(), usage: Usage::default() });
        }
        if let Some(input) = self.make_room(step, deadline, cancel).await? {
            return Ok(input);
        }
        self.shown = shown::load(&*self.deps.results, self.fold.context.shown(), &self.shown).await;
        let mut request = self.request();
        if self.deps.actor.decides_by_values() {
            self.flush().await?;
            self.values.fill(&*self.deps.log, &mut request.messages).await?;
        }
        let mut tried = Vec::new();
        for attempt in 1..=MAX_REPAIRS {
            let (repairs, failure) = match self.ask(request.clone(), step, deadline, cancel).await? {
                Asked::Ended(input) => return Ok(input),
                Asked::Refused { repairs, failure } => (repairs, failure),
            };
            let Some(repaired) = self.repair(&request, step, attempt, repairs, &mut tried) else { return Ok(failure) };
            request = repaired;
        }
        match self.ask(request, step, deadline, cancel).await? {
            Asked::Ended(input) | Asked::Refused { failure: input, .. } => Ok(input),
        }
    }

    pub(super) fn request(&mut self) -> ModelRequest {
        let context::Messages { messages, previous_turn_end } = self.fold.context.messages();
        let wanted = self.fold.settings().model.as_deref();
        let withheld = self.fold.context.withheld_tools();
        let tools = if withheld.is_empty() {
            Arc::clone(self.deps.gate.list())
        } else {
            self.deps.gate.list().iter().filter(|spec| !withheld.contains(&spec.name)).cloned().collect()
        };
        ModelRequest {
            model: self.deps.model.model(wanted),
            system: Arc::clone(&self.system),
            facts: Arc::clone(&self.facts),
            tools,
            offer: self.deps.gate.offer().clone(),
            messages,
            shown: Arc::clone(&self.shown),
            previous_turn_end,
            max_output_tokens: self.deps.limits.max_output_tokens,
            reasoning: !self.fold.context.without_reasoning(),
        }
    }

    /// The request with the first repair that was not tried in this call and changes something; noted in the log.
    fn repair(
        &mut self,
        refused: &ModelRequest,
        step: u32,
        attempt: u32,
        repairs: Vec<HistoryRepair>,
        tried: &mut Vec<HistoryRepair>,
    ) -> Option<ModelRequest> {
        for repair in repairs {
            if tried.contains(&repair) {
                continue;
            }
            tried.push(repair.clone());
            let reason = explain(&repair);
            self.fold.context.repair(repair.clone());
            let request = self.request();
            let changed = request.messages != refused.messages
                || request.tools.len() != refused.tools.len()
                || request.reasoning != refused.reasoning;
            if changed {
                let note = Event::ModelRetry { step, attempt, delay_ms: 0, reason, repair: Some(repair) };
                self.pending.push(note);
                return Some(request);
            }
            self.fold.context.unrepair();
        }
        None
    }

    /// Asks once.
    async fn ask(
        &mut self,
        request: ModelRequest,
        step: u32,
        deadline: tokio::time::Instant,
        cancel: &CancellationToken,
    ) -> Result<Asked, LogError> {
        let prices = Arc::clone(&self.deps.prices);
        let model = request.model.clone();
        let mut stream = self.deps.model.stream(request);
        let mut writer = GroupedWriter::new(Arc::clone(&self.deps.log), std::mem::take(&mut self.pending));
        let mut shown = Shown::new(step);
        let asked = loop {
            tokio::select! {
                biased;
                () = cancel.cancelled() => {
                    break Asked::Ended(self.stop_input(shown.blocks(), shown.usage));
                }
                () = tokio::time::sleep_until(deadline) => {
                    let failure = TurnFailure {
                        code: "model-time-limit".to_owned(),
                        message: "The model's answer reached its time limit (the operator's setting \
                                  limits.model_call_seconds). What it said is kept; say \"continue\" to let it go on."
                            .to_owned(),
                    };
                    let failure = Input::ModelFailed { failure, partial: shown.blocks(), usage: shown.usage };
                    break Asked::Ended(failure);
                }
                done = writer.progress() => done?,
                event = stream.next() => match event {
                    Some(ModelEvent::Finished(mut reply)) => {
                        found::unwrap(&mut reply);
                        reply.usage = prices.priced(&model, reply.usage);
                        break Asked::Ended(Input::ModelReplied(reply));
                    }
                    Some(ModelEvent::Failed(error)) => {
                        let failure = TurnFailure { code: error.kind.code().to_owned(), message: error.message };
                        let failure = Input::ModelFailed { failure, partial: shown.blocks(), usage: shown.usage };
                        break Asked::Refused { repairs: error.repairs, failure };
                    }
                    Some(ModelEvent::Usage(usage)) => shown.usage = prices.priced(&model, usage),
                    Some(event) => {
                        if let Some(event) = shown.take(event) {
                            writer.take(event);
                        }
                    }
                    None => {
                        let failure = TurnFailure {
                            code: "model-bad-response".to_owned(),
                            message: "The model's answer ended without an end. Send the message again.".to_owned(),
                        };
                        let failure = Input::ModelFailed { failure, partial: shown.blocks(), usage: shown.usage };
                        break Asked::Ended(failure);
                    }
                },
            }
        };
        drop(stream);
        writer.finish().await?;
        Ok(asked)
    }
}

/// What a repair does, for the user.
fn explain(repair: &HistoryRepair) -> String {
    match repair {
        HistoryRepair::EarlierReasoning => {
            "The model refused its reasoning of earlier turns; asking without it.".into()
        }
        HistoryRepair::Reasoning => "The model refused its own reasoning; asking without it.".into(),
        HistoryRepair::UnknownBlocks => "The model refused a part of the conversation; asking without it.".into(),
        HistoryRepair::LongResults => "The conversation is too long for the model; long results are cut.".into(),
        HistoryRepair::PlainText => {
            "The model refused the conversation as it is; it is told as short, plain text.".into()
        }
        HistoryRepair::Tool { name } => format!("The model refused the tool `{name}`; asking without it."),
    }
}

/// What live readers have been shown of a step.
struct Shown {
    step: u32,
    text: BTreeMap<u32, Piece>,
    usage: Usage,
}

#[derive(Default)]
struct Piece {
    text: String,
    chars: u64,
    thinking: bool,
}

impl Shown {
    fn new(step: u32) -> Self {
        Self { step, text: BTreeMap::new(), usage: Usage::default() }
    }

    /// The event for the log, if there is one.
    fn take(&mut self, event: ModelEvent) -> Option<Event> {
        let step = self.step;
        match event {
            ModelEvent::TextDelta { block, text } => {
                let offset = self.grow(block, &text, false);
                Some(Event::TextDelta { step, block, offset, text })
            }
            ModelEvent::ThinkingDelta { block, text } => {
                let offset = self.grow(block, &text, true);
                Some(Event::ThinkingDelta { step, block, offset, text })
            }
            ModelEvent::Retry { attempt, delay, reason } => {
                self.text.clear();
                let delay_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
                Some(Event::ModelRetry { step, attempt, delay_ms, reason, repair: None })
            }
            ModelEvent::Usage(_) | ModelEvent::Finished(_) | ModelEvent::Failed(_) => None,
        }
    }

    fn grow(&mut self, block: u32, text: &str, thinking: bool) -> u64 {
        let piece = self.text.entry(block).or_default();
        let offset = piece.chars;
        piece.thinking = thinking;
        piece.text.push_str(text);
        piece.chars = piece.chars.saturating_add(text.chars().count() as u64);
        offset
    }

    /// The prose shown so far. Reasoning without its signature cannot be given back to a model and is left out.
    fn blocks(&self) -> Vec<Block> {
        self.text
            .values()
            .filter(|piece| !piece.thinking && !piece.text.trim().is_empty())
            .map(|piece| Block::Text { text: piece.text.clone() })
            .collect()
    }
}

/// Shows deltas at once and stores them in groups, one append at a time, without holding up the stream.
struct GroupedWriter {
    log: Arc<dyn TurnLog>,
    in_flight: Option<BoxFuture<'static, Result<(), LogError>>>,
    waiting: Vec<Event>,
    waiting_bytes: usize,
    due: Option<tokio::time::Instant>,
    must_store: bool,
}

impl GroupedWriter {
    fn new(log: Arc<dyn TurnLog>, first: Vec<Event>) -> Self {
        let mut writer = Self { log, in_flight: None, waiting: first, waiting_bytes: 0, due: None, must_store: false };
        writer.start();
        writer
    }

    fn take(&mut self, event: Event) {
        match &event {
            Event::TextDelta { text, .. } | Event::ThinkingDelta { text, .. } => {
                self.log.preview(&event);
                self.waiting_bytes = self.waiting_bytes.saturating_add(text.len());
            }
            // A retry takes back what readers saw: it is stored at once, and what it voids need not be.
            _ => {
                self.waiting.retain(|event| event.kind().piece().is_none());
                self.must_store = true;
            }
        }
        self.due.get_or_insert_with(|| tokio::time::Instant::now() + DELTA_GROUP_INTERVAL);
        push_joined(&mut self.waiting, event);
    }

    /// Resolves when a group was stored or has become due; pending while there is nothing to do.
    async fn progress(&mut self) -> Result<(), LogError> {
        if let Some(append) = &mut self.in_flight {
            let result = append.await;
            self.in_flight = None;
            return result;
        }
        match self.due {
            Some(due) if self.waiting_bytes < DELTA_GROUP_BYTES && !self.must_store => {
                tokio::time::sleep_until(due).await;
            }
            Some(_) => {}
            None => std::future::pending().await,
        }
        self.start();
        Ok(())
    }

    fn start(&mut self) {
        self.due = None;
        self.waiting_bytes = 0;
        self.must_store = false;
        let events = std::mem::take(&mut self.waiting);
        if !events.is_empty() {
            let log = Arc::clone(&self.log);
            self.in_flight = Some(Box::pin(async move { log.append(events).await.map(drop) }));
        }
    }

    /// Ends the stream: waits for what is on its way. Deltas that were not stored need not be, because the message
    /// that follows is the authority; a retry is.
    async fn finish(mut self) -> Result<(), LogError> {
        if let Some(append) = self.in_flight.take() {
            append.await?;
        }
        if self.must_store {
            self.log.append(std::mem::take(&mut self.waiting)).await?;
        }
        Ok(())
    }
}

/// Adds a delta to the last one when it continues the same block.
fn push_joined(waiting: &mut Vec<Event>, event: Event) {
    match (waiting.last_mut(), &event) {
        (Some(Event::TextDelta { block: last, text: joined, .. }), Event::TextDelta { block, text, .. })
        | (Some(Event::ThinkingDelta { block: last, text: joined, .. }), Event::ThinkingDelta { block, text, .. })
            if last == block =>
        {
            joined.push_str(text)
        }
        _ => waiting.push(event),
    }
}
