//! Running tool calls: what they would do, their progress, their end, and the stop.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bricklayer_domain::{
    ContinuingCall, Event, Progress, ToolCall, ToolCallId, ToolErrorKind, ToolFailure, ToolName, ToolOutcome, Usage,
};
use bricklayer_tools::{CallLink, Continuations, NotKept, Permit, ProgressSink, ResolvedCall, STOP_GRACE, Standstill};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::ports::LogError;
use crate::settings::{CONTINUED_QUEUE, PROGRESS_GROUP_INTERVAL, PROGRESS_QUEUE};
use crate::turn::{CallClassification, Input};

use super::Driver;

/// The calls of a turn that are not at their end.
#[derive(Debug)]
pub(super) struct Calls {
    /// Each call with its tool, from the first look to its end: what is judged is what runs. After a restart they are
    /// found again.
    held: HashMap<ToolCallId, ResolvedCall>,
    tasks: JoinSet<(ToolCallId, ToolOutcome)>,
    running: HashMap<ToolCallId, Running>,
    progress_tx: mpsc::Sender<(ToolCallId, Progress)>,
    progress_rx: mpsc::Receiver<(ToolCallId, Progress)>,
    continued_tx: mpsc::Sender<Continued>,
    continued_rx: mpsc::Receiver<Continued>,
    stands_tx: mpsc::Sender<(ToolCallId, Standstill)>,
    stands_rx: mpsc::Receiver<(ToolCallId, Standstill)>,
    /// The newest progress of each call that is not stored yet.
    unstored: HashMap<ToolCallId, Progress>,
    store_at: Option<tokio::time::Instant>,
    give_up_at: Option<tokio::time::Instant>,
}

/// How another call brings to its end what a running call started, on its way into the log.
#[derive(Debug)]
struct Continued {
    call: ToolCallId,
    by: Option<ContinuingCall>,
    /// Told when it is durable.
    kept: oneshot::Sender<()>,
}

/// Hands to the driver how a call goes on.
struct Handing {
    call: ToolCall,
    continued: mpsc::Sender<Continued>,
    stands: mpsc::Sender<(ToolCallId, Standstill)>,
}

#[async_trait]
impl Continuations for Handing {
    async fn keep(&self, by: Option<ContinuingCall>) -> Result<(), NotKept> {
        let (kept, durable) = oneshot::channel();
        let continued = Continued { call: self.call.id.clone(), by, kept };
        self.continued.send(continued).await.map_err(|_| NotKept)?;
        durable.await.map_err(|_| NotKept)
    }

    async fn pause(&self) -> Result<(), NotKept> {
        let ToolCall { name, input, .. } = self.call.clone();
        self.keep(Some(ContinuingCall { name, input, clean_up: Vec::new() })).await
    }

    async fn stand(&self, why: Standstill) {
        // A driver that is gone has let go.
        let _ = self.stands.send((self.call.id.clone(), why)).await;
    }
}

#[derive(Debug)]
struct Running {
    /// Whether its tool changes nothing.
    read_only: bool,
    started: Instant,
    cancel: CancellationToken,
    task: tokio::task::Id,
    /// Whether another call brings to its end what it started.
    continued: bool,
    /// Why it does not go on for now.
    stands: Option<Standstill>,
}

impl Calls {
    pub(super) fn new() -> Self {
        let (progress_tx, progress_rx) = mpsc::channel(PROGRESS_QUEUE);
        let (continued_tx, continued_rx) = mpsc::channel(CONTINUED_QUEUE);
        let (stands_tx, stands_rx) = mpsc::channel(CONTINUED_QUEUE);
        Self {
            held: HashMap::new(),
            tasks: JoinSet::new(),
            running: HashMap::new(),
            progress_tx,
            progress_rx,
            continued_tx,
            continued_rx,
            stands_tx,
            stands_rx,
            unstored: HashMap::new(),
            store_at: None,
            give_up_at: None,
        }
    }

    /// A call is at its end.
    pub(super) fn let_go(&mut self, call: &ToolCallId) {
        self.held.remove(call);
    }

    /// Whether all that runs goes on without this worker.
    fn can_be_left(&self) -> bool {
        let can_be_left = |running: &Running| running.continued || running.stands.is_some();
        !self.running.is_empty() && self.running.values().all(can_be_left)
    }

    /// Whether there are calls, and none goes on.
    pub(super) fn all_stand(&self) -> bool {
        !self.running.is_empty() && self.running.values().all(|running| running.stands.is_some())
    }

    /// Takes why each call stands still.
    pub(super) fn take_reasons(&mut self) -> Vec<Standstill> {
        self.running.values_mut().filter_map(|running| running.stands.take()).collect()
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
    Ended(ToolCallId, Box<ToolOutcome>),
    Continued(Continued),
    Stands(ToolCallId, Standstill),
    Leave,
}

/// How a wait for running calls ended.
pub(super) enum Waited {
    /// Something happened.
    Input(Input),
    /// All that runs waits for its user to sign in again.
    LetGo,
    /// All that runs waits for its user, who was asked.
    Parked,
}

impl Driver {
    /// The call with its tool, found the first time it is looked at.
    pub(super) fn resolved(
        &mut self,
        id: &ToolCallId,
        name: &ToolName,
        input: &Value,
    ) -> Result<ResolvedCall, ToolFailure> {
        if let Some(held) = self.calls.held.get(id) {
            return Ok(held.clone());
        }
        let resolved = self.deps.gate.resolve(id, name, input)?;
        self.calls.held.insert(id.clone(), resolved.clone());
        Ok(resolved)
    }

    /// Puts into the questions that are about to be put what their calls would meet: all at once, since the user waits.
    pub(super) async fn look_ahead(&mut self, events: &mut [Event], cancel: &CancellationToken) {
        let mut looking = Vec::new();
        for event in events {
            let Event::ApprovalRequested { call, name, input, review, .. } = event else { continue };
            if let Ok(resolved) = self.resolved(call, name, input) {
                looking.push(async move { review.preview = resolved.preview().await });
            }
        }
        if looking.is_empty() {
            return;
        }
        // A stop does not wait for it.
        let _ = cancel.run_until_cancelled(futures::future::join_all(looking)).await;
    }

    pub(super) async fn classify(&mut self, calls: &[ToolCall]) -> Vec<(ToolCallId, CallClassification)> {
        let mut judged = Vec::with_capacity(calls.len());
        for call in calls {
            let resolved = self.resolved(&call.id, &call.name, &call.input);
            let gate = self.deps.gate.clone();
            judged.push(async move {
                match resolved {
                    Ok(resolved) => {
                        let (held, class) = gate.classify(call, resolved).await;
                        (call.id.clone(), Some(held), CallClassification::Known(Box::new(class)))
                    }
                    Err(failure) => (call.id.clone(), None, CallClassification::Unknown(failure.message)),
                }
            });
        }
        let mut classes = Vec::with_capacity(calls.len());
        for (id, held, class) in futures::future::join_all(judged).await {
            // What is judged is what runs, also where it is not quite what the model asked for.
            if let Some(held) = held {
                self.calls.held.insert(id.clone(), held);
            }
            classes.push((id, class));
        }
        classes
    }

    /// Begins a call; its end comes through [`Driver::wait_for_calls`].
    pub(super) fn start_call(&mut self, call: ToolCall, permit: Permit) {
        let handing = Handing {
            call: call.clone(),
            continued: self.calls.continued_tx.clone(),
            stands: self.calls.stands_tx.clone(),
        };
        let ToolCall { id, name, input } = call;
        let resolved = if permit.is_to_continue() {
            // Another call than the one that was judged and began.
            self.deps.gate.resolve(&id, &name, &input)
        } else {
            self.resolved(&id, &name, &input)
        };
        let cancel = CancellationToken::new();
        let span = tracing::info_span!("tool_call", tool.name = %name, tool.call = %id);
        let link = CallLink {
            progress: self.progress_sink(&id),
            cancel: cancel.clone(),
            continuations: Some(Arc::new(handing)),
            rerun_of: self.fold.rerun_of(),
            reply: self.fold.state.reply_to(&id).cloned(),
            within: None,
            terms: Some(self.fold.state.terms()),
        };
        let read_only = resolved.as_ref().is_ok_and(|resolved| resolved.spec().annotations.read_only);
        let work_id = id.clone();
        let work = async move {
            let outcome = match resolved {
                Ok(resolved) => resolved.run(permit, link).await,
                Err(failure) => ToolOutcome::failed(failure),
            };
            (work_id, outcome)
        };
        let task = self.calls.tasks.spawn(work.instrument(span));
        let (started, task) = (Instant::now(), task.id());
        let running = Running { read_only, started, cancel, task, continued: false, stands: None };
        self.calls.running.insert(id, running);
    }

    fn progress_sink(&self, call: &ToolCallId) -> ProgressSink {
        let queue = self.calls.progress_tx.clone();
        let call = call.clone();
        // A full queue means that the driver lags: progress is the one thing that may be lost.
        Arc::new(move |progress| drop(queue.try_send((call.clone(), progress))))
    }

    /// Waits until a call ends, the user stops the turn, or all that runs stands still; progress is shown meanwhile.
    pub(super) async fn wait_for_calls(
        &mut self,
        cancel: &CancellationToken,
        stopped: bool,
    ) -> Result<Waited, LogError> {
        loop {
            if !stopped && let Some(why) = self.calls.standstill() {
                return self.stand(why).await;
            }
            match self.next_seen(cancel, stopped).await {
                Seen::Stop => return Ok(Waited::Input(self.stop_input(Vec::new(), Usage::default()))),
                Seen::Progress(call, progress) => self.show_progress(call, progress),
                Seen::StoreProgress => self.store_progress().await?,
                Seen::GiveUp => {
                    if let Some(input) = self.give_up_one() {
                        return Ok(Waited::Input(input));
                    }
                }
                Seen::Continued(continued) => self.keep_continuation(continued).await?,
                Seen::Stands(call, why) => {
                    if let Some(running) = self.calls.running.get_mut(&call) {
                        running.stands = Some(why);
                    }
                }
                // What runs at the far end goes on; whoever takes the turn over waits for it.
                Seen::Leave => return Err(LogError::LostLease),
                Seen::Ended(call, outcome) => {
                    self.calls.unstored.remove(&call);
                    let Some(running) = self.calls.running.remove(&call) else { continue };
                    return Ok(Waited::Input(ended(call, running, outcome)));
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
                Ok((_, (call, outcome))) => Seen::Ended(call, Box::new(outcome)),
                Err(error) => {
                    let id = error.id();
                    let call = calls.running.iter().find(|(_, running)| running.task == id).map(|(call, _)| call);
                    let message = "the tool failed inside the host; other calls go on";
                    let outcome = ToolOutcome::failed(ToolFailure::new(ToolErrorKind::Trap, message));
                    call.map_or(Seen::StoreProgress, |call| Seen::Ended(call.clone(), Box::new(outcome)))
                }
            },
            Some((call, progress)) = calls.progress_rx.recv() => Seen::Progress(call, progress),
            Some((call, why)) = calls.stands_rx.recv() => Seen::Stands(call, why),
            () = tokio::time::sleep_until(store_at), if calls.store_at.is_some() => Seen::StoreProgress,
            () = tokio::time::sleep_until(give_up_at), if calls.give_up_at.is_some() => Seen::GiveUp,
        }
    }

    /// Makes durable how a call goes on without this worker, and says so to it.
    async fn keep_continuation(&mut self, continued: Continued) -> Result<(), LogError> {
        let Continued { call, by, kept } = continued;
        let Some(running) = self.calls.running.get_mut(&call) else { return Ok(()) };
        running.continued = by.is_some();
        running.stands = None;
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

    pub(super) async fn store_progress(&mut self) -> Result<(), LogError> {
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
        let failure = if running.read_only {
            ToolFailure::new(ToolErrorKind::Cancelled, "stopped by the user")
        } else {
            let message = "stopped by the user; the tool did not confirm in time, so it may have taken effect";
            ToolFailure::new(ToolErrorKind::Cancelled, message)
        };
        Some(ended(call, running, Box::new(ToolOutcome::failed(failure))))
    }
}

fn ended(call: ToolCallId, running: Running, outcome: Box<ToolOutcome>) -> Input {
    let duration_ms = u64::try_from(running.started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Input::CallEnded { call, outcome, duration_ms }
}

fn far_future() -> tokio::time::Instant {
    tokio::time::Instant::now() + Duration::from_secs(3600)
}
