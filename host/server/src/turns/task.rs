//! Subagents of a turn: each in the lane of the call that asked it, whose log tells how far it is.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bricklayer_agent::{LogError, SubagentRun, SubagentTask, Subagents, TurnFailure, TurnLog, Worker, run_lane};
use bricklayer_domain::{
    Event, EventSeq, LaneId, LaneParent, StandingPermission, StoredEvent, ToolCallId, ToolErrorKind, ToolFailure,
    TurnSetting, TurnSettings, chain,
};
use bricklayer_skills::AgentSet;
use bricklayer_store::{ReadFrom, StoreError};
use serde_json::Value;

use super::GateError;
use super::log::StoreLog;
use super::run::{Delegate, TurnRun};

/// The subagents that the agent of a turn may ask. They have none themselves: what they find out comes back to whoever
/// talks to the user.
#[derive(Debug)]
pub(super) struct TurnSubagents {
    run: TurnRun,
    /// What the user chose for the turn.
    settings: TurnSettings,
}

/// Why a subagent cannot work.
#[derive(Debug, thiserror::Error)]
enum CannotWork {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Gate(#[from] GateError),
}

impl TurnSubagents {
    /// Those of a run; none where the operator allows none.
    pub(super) fn of(run: &TurnRun, settings: &TurnSettings) -> Option<Self> {
        let allowed = run.inner.environment.limits.max_subagents > 0;
        allowed.then(|| Self { run: run.clone(), settings: settings.clone() })
    }

    async fn work(&self, task: &SubagentTask) -> Result<SubagentRun, CannotWork> {
        let lane = self.lane(&task.call).await?;
        let TurnRun { inner, claim, .. } = &self.run;
        let from = ReadFrom { lane, after: EventSeq::START };
        let mut fold = inner.folds.read(&inner.store, &claim.turn, from).await?;
        if fold.is_empty() {
            self.begin(lane, task).await?;
            fold = inner.folds.read(&inner.store, &claim.turn, from).await?;
        }
        let log = Arc::new(SubagentLog { lane, log: self.run.log(Some(lane)), asks: Mutex::default() });
        let (worker, terms) = (task.worker.clone(), task.terms);
        let deps = self.run.subagent(Delegate { lane, worker, terms, log: Arc::clone(&log) }, &fold).await?;
        let lane = run_lane(deps, fold, task.cancel.clone()).await;
        Ok(SubagentRun { lane, questions: log.take_questions() })
    }

    /// The lane of a call, opened when there is none yet.
    async fn lane(&self, call: &ToolCallId) -> Result<LaneId, StoreError> {
        let TurnRun { inner, claim, lane, .. } = &self.run;
        let (user, turn) = (&claim.turn.user, claim.turn.id);
        let parent = LaneParent::Call { lane: *lane, turn, call: call.clone() };
        let open = inner.store.turn_lanes(user, turn).await?;
        if let Some(lane) = open.into_iter().find(|lane| lane.parent == parent) {
            return Ok(lane.id);
        }
        Ok(inner.store.open_lane(user, claim.turn.conversation, parent).await?.id)
    }

    /// Tells a subagent its task; it asks the model that its definition names, else the turn's.
    async fn begin(&self, lane: LaneId, task: &SubagentTask) -> Result<(), StoreError> {
        let mut settings = self.settings.clone();
        // A name that no setting can hold is no model's.
        if let Worker::Agent(definition) = &task.worker
            && let Some(model) = definition.model().and_then(|model| TurnSetting::parse(model).ok().flatten())
        {
            settings.model = Some(model);
        }
        let begins = Event::TurnStarted { message: task.prompt.clone(), settings, rerun_of: None };
        self.run.log(None).append_to_lanes(vec![(lane, begins)]).await
    }
}

#[async_trait]
impl Subagents for TurnSubagents {
    fn definitions(&self) -> &AgentSet {
        &self.run.skills.agents
    }

    async fn run(&self, task: SubagentTask) -> Result<SubagentRun, ToolFailure> {
        self.work(&task).await.map_err(|error| {
            if let CannotWork::Store(error @ StoreError::TooMany { .. }) = &error {
                return ToolFailure::new(ToolErrorKind::LimitExceeded, format!("{error}; do the work yourself"));
            }
            tracing::error!(error = chain(&error), "a subagent could not begin");
            let message = "the subagent could not begin; try once more, or do the work yourself";
            ToolFailure { retryable: true, ..ToolFailure::new(ToolErrorKind::Failed, message) }
        })
    }
}

/// The log of a subagent. A question parks the whole turn, so it waits until nothing else of the turn goes on.
#[derive(Debug)]
pub(super) struct SubagentLog {
    lane: LaneId,
    log: StoreLog,
    asks: Mutex<Vec<(LaneId, Event)>>,
}

impl SubagentLog {
    fn keep(&self, questions: impl IntoIterator<Item = (LaneId, Event)>) {
        self.asks.lock().unwrap_or_else(PoisonError::into_inner).extend(questions);
    }

    fn take_questions(&self) -> Vec<(LaneId, Event)> {
        std::mem::take(&mut *self.asks.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl TurnLog for SubagentLog {
    async fn append(&self, events: Vec<Event>) -> Result<Vec<StoredEvent>, LogError> {
        let (questions, rest): (Vec<_>, Vec<_>) =
            events.into_iter().partition(|event| matches!(event, Event::ApprovalRequested { .. }));
        self.keep(questions.into_iter().map(|question| (self.lane, question)));
        self.log.append(rest).await
    }

    async fn standing_permissions(&self) -> Result<Vec<StandingPermission>, LogError> {
        self.log.standing_permissions().await
    }

    async fn typed_result(&self, call: &ToolCallId) -> Result<Option<Value>, LogError> {
        self.log.typed_result(call).await
    }

    async fn ask(&self, questions: Vec<(LaneId, Event)>) -> Result<(), LogError> {
        self.keep(questions);
        Ok(())
    }

    async fn overspent(&self) -> Result<Option<TurnFailure>, LogError> {
        self.log.overspent().await
    }

    fn preview(&self, delta: &Event) {
        self.log.preview(delta);
    }
}
