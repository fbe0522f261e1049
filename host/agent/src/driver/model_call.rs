//! One model call: deltas to live readers at once and to the log in groups, the answer or the failure to the step
//! function.

use std::collections::BTreeMap;
use std::sync::Arc;

use bricklayer_domain::{Block, Event, StoredEvent, Usage};
use futures::StreamExt as _;
use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::context;
use crate::model::{ModelEvent, ModelRequest};
use crate::ports::{LogError, TurnLog};
use crate::settings::{DELTA_GROUP_BYTES, DELTA_GROUP_INTERVAL};
use crate::turn::{Input, TurnFailure};

use super::Driver;

impl Driver {
    /// Asks the model. The events that led here are stored while the request is on its way: asking changes nothing in
    /// the world, and waiting for the disk first would only delay the answer.
    pub(super) async fn call_model(&mut self, step: u32, cancel: &CancellationToken) -> Result<Input, LogError> {
        let built = context::build(&self.events);
        let wanted = self.state.settings().model.as_deref();
        let request = ModelRequest {
            model: self.deps.model.model(wanted),
            system: Arc::clone(&self.system),
            tools: Arc::clone(&self.specs),
            messages: built.messages,
            previous_turn_end: built.previous_turn_end,
            max_output_tokens: self.deps.limits.max_output_tokens,
        };
        let mut stream = self.deps.model.stream(request);
        let mut writer = GroupedWriter::new(Arc::clone(&self.deps.log), std::mem::take(&mut self.pending));
        let mut shown = Shown::new(step);
        let input = loop {
            tokio::select! {
                biased;
                () = cancel.cancelled() => {
                    break Input::Stop { partial: shown.blocks(), usage: shown.usage };
                }
                done = writer.progress() => done?,
                event = stream.next() => match event {
                    Some(ModelEvent::Finished(reply)) => break Input::ModelReplied(reply),
                    Some(ModelEvent::Failed(error)) => {
                        let failure = TurnFailure { code: error.kind.code().to_owned(), message: error.message };
                        break Input::ModelFailed { failure, partial: shown.blocks(), usage: shown.usage };
                    }
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
                        break Input::ModelFailed { failure, partial: shown.blocks(), usage: shown.usage };
                    }
                },
            }
        };
        drop(stream);
        writer.finish().await?;
        Ok(input)
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
            ModelEvent::Usage(usage) => {
                self.usage = usage;
                None
            }
            ModelEvent::Retry { attempt, delay, reason } => {
                self.text.clear();
                let delay_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
                Some(Event::ModelRetry { step, attempt, delay_ms, reason })
            }
            ModelEvent::Finished(_) | ModelEvent::Failed(_) => None,
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

/// Prose of the step that was streaming when the log ends, as far as it was stored.
pub(super) fn orphaned_text(history: &[StoredEvent]) -> Vec<Block> {
    let mut shown = Shown::new(0);
    for stored in history {
        match &stored.event {
            Event::TextDelta { block, text, .. } => {
                shown.grow(*block, text, false);
            }
            Event::StepStarted { .. }
            | Event::ModelRetry { .. }
            | Event::StepDiscarded { .. }
            | Event::AssistantMessage { .. }
            | Event::TurnStarted { .. } => shown.text.clear(),
            _ => {}
        }
    }
    shown.blocks()
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
                self.waiting.retain(|event| matches!(event, Event::ModelRetry { .. }));
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
