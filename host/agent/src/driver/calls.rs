//! Running tool calls: what they would do, their progress, their end, and the stop.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bricklayer_domain::{
    CallReview, Event, Progress, ToolCall, ToolCallId, ToolErrorKind, ToolFailure, ToolName, ToolOutcome, ToolSource,
    Usage, cut,
};
use bricklayer_tools::CallClass;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::model::fits_depth;
use crate::ports::{CallLink, Continued, LogError, ProgressSink};
use crate::settings::{CONTINUED_QUEUE, PROGRESS_GROUP_INTERVAL, PROGRESS_QUEUE, REVIEW_TIME, STOP_GRACE, TurnLimits};
use crate::tools::review_built_in;
use crate::turn::{CallClassification, Input};

use super::Driver;

/// The calls of a turn that run.
#[derive(Debug)]
pub(super) struct Calls {
    tasks: JoinSet<(ToolCallId, ToolOutcome)>,
    running: HashMap<ToolCallId, Running>,
    progress_tx: mpsc::Sender<(ToolCallId, Progress)>,
    progress_rx: mpsc::Receiver<(ToolCallId, Progress)>,
    continued_tx: mpsc::Sender<Continued>,
    continued_rx: mpsc::Receiver<Continued>,
    /// The newest progress of each call that is not stored yet.
    unstored: HashMap<ToolCallId, Progress>,
    store_at: Option<tokio::time::Instant>,
    give_up_at: Option<tokio::time::Instant>,
}

#[derive(Debug)]
struct Running {
    name: ToolName,
    started: Instant,
    cancel: CancellationToken,
    task: tokio::task::Id,
    /// Whether another call brings to its end what it started.
    continued: bool,
}

impl Calls {
    pub(super) fn new() -> Self {
        let (progress_tx, progress_rx) = mpsc::channel(PROGRESS_QUEUE);
        let (continued_tx, continued_rx) = mpsc::channel(CONTINUED_QUEUE);
        Self {
            tasks: JoinSet::new(),
            running: HashMap::new(),
            progress_tx,
            progress_rx,
            continued_tx,
            continued_rx,
            unstored: HashMap::new(),
            store_at: None,
            give_up_at: None,
        }
    }

    /// Whether all that runs goes on without this worker.
    fn can_be_left(&self) -> bool {
        !self.running.is_empty() && self.running.values().all(|running| running.continued)
    }

    pub(super) fn cancel_all(&mut self) {
        for running in self.running.values() {
            running.cancel.cancel();
        }
        self.give_up_at = Some(tokio::time::Instant::now() + STOP_GRACE);
    }
}

/// What the wait for running calls saw.
enum Seen {
    Stop,
    Progress(ToolCallId, Progress),
    StoreProgress,
    GiveUp,
    Ended(ToolCallId, ToolOutcome),
    Continued(Continued),
    Leave,
}

impl Driver {
    pub(super) async fn classify(&self, calls: &[ToolCall]) -> Vec<(ToolCallId, CallClassification)> {
        futures::future::join_all(calls.iter().map(|call| self.classify_one(call))).await
    }

    async fn classify_one(&self, call: &ToolCall) -> (ToolCallId, CallClassification) {
        let Some(spec) = self.spec(&call.name) else {
            return (call.id.clone(), CallClassification::Unknown(self.unknown_tool(&call.name)));
        };
        let review = match spec.source {
            ToolSource::BuiltIn => review_built_in(call),
            // An answer that does not come counts as the gravest one.
            ToolSource::Plugin { .. } => tokio::time::timeout(REVIEW_TIME, self.deps.external.review(call))
                .await
                .unwrap_or_else(|_| Some(CallReview::default())),
        };
        let class = CallClass { annotations: spec.annotations.clone(), review };
        (call.id.clone(), CallClassification::Known(class))
    }

    fn unknown_tool(&self, name: &ToolName) -> String {
        let names: Vec<&str> = self.specs.iter().map(|spec| spec.name.0.as_str()).collect();
        format!("there is no tool named `{name}`; the tools are: {}", names.join(", "))
    }

    /// Begins a call; its end comes through [`Driver::wait_for_calls`].
    pub(super) fn start_call(&mut self, call: ToolCall) {
        let cancel = CancellationToken::new();
        let id = call.id.clone();
        let name = call.name.clone();
        let span = tracing::info_span!("tool_call", tool.name = %name, tool.call = %id);
        let built_in = self.spec(&name).is_none_or(|spec| spec.source == ToolSource::BuiltIn);
        let token = cancel.clone();
        let work_id = id.clone();
        let task = if built_in {
            let tools = self.built_ins.clone();
            let ledger = Arc::clone(&self.fold.ledger);
            self.calls.tasks.spawn(async move { (work_id, tools.call(call, ledger, token).await) }.instrument(span))
        } else {
            let tools = Arc::clone(&self.deps.external);
            let link = CallLink {
                progress: self.progress_sink(&id),
                call: id.clone(),
                continued: self.calls.continued_tx.clone(),
            };
            let work = async move { (work_id, tools.call_linked(&call, link, token).await) };
            self.calls.tasks.spawn(work.instrument(span))
        };
        self.calls
            .running
            .insert(id, Running { name, started: Instant::now(), cancel, task: task.id(), continued: false });
    }

    fn progress_sink(&self, call: &ToolCallId) -> ProgressSink {
        let queue = self.calls.progress_tx.clone();
        let call = call.clone();
        // A full queue means that the driver lags: progress is the one thing that may be lost.
        Arc::new(move |progress| drop(queue.try_send((call.clone(), progress))))
    }

    /// Waits until a call ends or the user stops the turn; progress is shown meanwhile.
    pub(super) async fn wait_for_calls(
        &mut self,
        cancel: &CancellationToken,
        stopped: bool,
    ) -> Result<Input, LogError> {
        loop {
            match self.next_seen(cancel, stopped).await {
                Seen::Stop => return Ok(self.stop_input(Vec::new(), Usage::default())),
                Seen::Progress(call, progress) => self.show_progress(call, progress),
                Seen::StoreProgress => self.store_progress().await?,
                Seen::GiveUp => {
                    if let Some(input) = self.give_up_one() {
                        return Ok(input);
                    }
                }
                Seen::Continued(continued) => self.keep_continuation(continued).await?,
                // What runs at the far end goes on; whoever takes the turn over waits for it.
                Seen::Leave => return Err(LogError::LostLease),
                Seen::Ended(call, outcome) => {
                    self.calls.unstored.remove(&call);
                    let Some(running) = self.calls.running.remove(&call) else { continue };
                    return Ok(ended(call, running, bound(outcome, &self.deps.limits)));
                }
            }
        }
    }

    async fn next_seen(&mut self, cancel: &CancellationToken, stopped: bool) -> Seen {
        let leaving = self.deps.leaving.clone();
        let calls = &mut self.calls;
        let can_be_left = calls.can_be_left();
        let store_at = calls.store_at.unwrap_or_else(far_future);
        let give_up_at = calls.give_up_at.unwrap_or_else(far_future);
        tokio::select! {
            biased;
            () = cancel.cancelled(), if !stopped => Seen::Stop,
            Some(continued) = calls.continued_rx.recv() => Seen::Continued(continued),
            () = leaving.cancelled(), if !stopped && can_be_left => Seen::Leave,
            Some(ended) = calls.tasks.join_next_with_id() => match ended {
                Ok((_, (call, outcome))) => Seen::Ended(call, outcome),
                Err(error) => {
                    let id = error.id();
                    let call = calls.running.iter().find(|(_, running)| running.task == id).map(|(call, _)| call);
                    let message = "the tool failed inside the host; other calls go on";
                    let outcome = ToolOutcome::failed(ToolFailure::new(ToolErrorKind::Trap, message));
                    call.map_or(Seen::StoreProgress, |call| Seen::Ended(call.clone(), outcome))
                }
            },
            Some((call, progress)) = calls.progress_rx.recv() => Seen::Progress(call, progress),
            () = tokio::time::sleep_until(store_at), if calls.store_at.is_some() => Seen::StoreProgress,
            () = tokio::time::sleep_until(give_up_at), if calls.give_up_at.is_some() => Seen::GiveUp,
        }
    }

    /// Makes durable how a call goes on without this worker, and says so to it.
    async fn keep_continuation(&mut self, continued: Continued) -> Result<(), LogError> {
        let Continued { call, by, kept } = continued;
        let Some(running) = self.calls.running.get_mut(&call) else { return Ok(()) };
        running.continued = by.is_some();
        self.emit(Event::ToolContinuation { call, by });
        self.flush().await?;
        // A call that ended meanwhile does not care any more.
        let _ = kept.send(());
        Ok(())
    }

    fn show_progress(&mut self, call: ToolCallId, progress: Progress) {
        // Progress of a call that ended is late and means nothing any more.
        if !self.calls.running.contains_key(&call) {
            return;
        }
        self.deps.log.preview(&Event::ToolProgress { call: call.clone(), progress: progress.clone() });
        self.calls.unstored.insert(call, progress);
        self.calls.store_at.get_or_insert_with(|| tokio::time::Instant::now() + PROGRESS_GROUP_INTERVAL);
    }

    async fn store_progress(&mut self) -> Result<(), LogError> {
        self.calls.store_at = None;
        let events: Vec<Event> =
            self.calls.unstored.drain().map(|(call, progress)| Event::ToolProgress { call, progress }).collect();
        if !events.is_empty() {
            self.deps.log.append(events).await?;
        }
        Ok(())
    }

    /// Ends the wait for a call that did not heed the stop.
    fn give_up_one(&mut self) -> Option<Input> {
        let call = self.calls.running.keys().next().cloned()?;
        let running = self.calls.running.remove(&call)?;
        let read_only = self.spec(&running.name).is_some_and(|spec| spec.annotations.read_only);
        let failure = if read_only {
            ToolFailure::new(ToolErrorKind::Cancelled, "stopped by the user")
        } else {
            let message = "stopped by the user; the tool did not confirm in time, so it may have taken effect";
            ToolFailure::new(ToolErrorKind::Cancelled, message)
        };
        Some(ended(call, running, ToolOutcome::failed(failure)))
    }
}

fn ended(call: ToolCallId, running: Running, outcome: ToolOutcome) -> Input {
    let duration_ms = u64::try_from(running.started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Input::CallEnded { call, outcome, duration_ms }
}

fn far_future() -> tokio::time::Instant {
    tokio::time::Instant::now() + Duration::from_secs(3600)
}

/// Cuts an outcome to what the model and the log may hold.
fn bound(mut outcome: ToolOutcome, limits: &TurnLimits) -> ToolOutcome {
    let too_deep = outcome.structured.as_ref().is_some_and(|value| !fits_depth(value));
    let dropped = too_deep
        || outcome.structured.as_ref().is_some_and(|value| {
            serde_json::to_string(value).is_ok_and(|text| text.len() > limits.max_structured_bytes)
        });
    if dropped {
        outcome.structured = None;
    }
    let size = outcome.content.len();
    if size > limits.max_result_bytes {
        let end = cut(&outcome.content, limits.max_result_bytes).len();
        outcome.content.truncate(end);
        let rest = if outcome.structured.is_some() { "; the user sees the whole result" } else { "" };
        outcome.content.push_str(&format!(
            "\n[CUT: the first {end} of {size} bytes are shown{rest}. Ask for less: fewer rows, fewer columns, a filter.]"
        ));
    } else if dropped {
        let why = if too_deep { "nested too deep" } else { "was too large" };
        outcome.content.push_str(&format!("\n[The typed result {why} to keep.]"));
    }
    outcome
}
