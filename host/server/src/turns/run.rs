//! What a run of a turn works with, made from its log: the turn's own lane, and those of its subagents beside it.

use std::sync::Arc;

use bricklayer_agent::{AccountEntry, Actor, Fold, Subagents, TurnDeps, TurnLog, Worker};
use bricklayer_domain::{CallSite, Caller, LaneId};
use bricklayer_offline_model::DirectCommand;
use bricklayer_runtime::Credential;
use bricklayer_skills::AgentSet;
use bricklayer_store::{Claim, StoreError};
use bricklayer_tools::{Gate, Terms};
use tokio::sync::Mutex;

use super::log::StoreLog;
use super::reading::ProjectResults;
use super::slots::{Appending, Running};
use super::task::{SubagentLog, TurnSubagents};
use super::tools::{Door, Within};
use super::{GateError, Inner};
use crate::models;
use crate::skills::SkillsHere;

/// One run of a turn on this host; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct TurnRun {
    pub(super) inner: Arc<Inner>,
    pub(super) claim: Claim,
    pub(super) skills: SkillsHere,
    /// The turn's own lane.
    pub(super) lane: LaneId,
    credential: Arc<Credential>,
    appending: Appending,
    account: AccountEntry,
    in_order: Arc<Mutex<()>>,
}

/// A subagent or a workflow at work.
#[derive(Debug)]
pub(super) struct Delegate {
    pub(super) lane: LaneId,
    pub(super) worker: Worker,
    pub(super) terms: Terms,
    pub(super) log: Arc<SubagentLog>,
}

impl TurnRun {
    pub(super) async fn begin(
        inner: &Arc<Inner>,
        claim: &Claim,
        credential: &Arc<Credential>,
        running: &Running,
        lane: LaneId,
    ) -> Result<Self, StoreError> {
        let skills = inner.environment.skills.of(&claim.turn.user, claim.turn.project).await?;
        Ok(Self {
            inner: Arc::clone(inner),
            claim: claim.clone(),
            skills,
            lane,
            credential: Arc::clone(credential),
            appending: running.appending.clone(),
            account: AccountEntry::default(),
            in_order: Arc::default(),
        })
    }

    /// What the agent works with.
    pub(super) async fn agent(&self, fold: &Fold) -> Result<TurnDeps, GateError> {
        let subagents =
            TurnSubagents::of(self, fold.settings()).map(|subagents| Arc::new(subagents) as Arc<dyn Subagents>);
        let agents = subagents.as_ref().map_or_else(AgentSet::default, |subagents| subagents.definitions().clone());
        let gate = self.gate(self.lane, fold, subagents, None).await?;
        let commands = Some(Arc::new(DirectCommand) as _);
        let log = Arc::new(self.log(None));
        Ok(TurnDeps { commands, ..self.deps(fold, gate, log, Actor::Agent(agents), self.account.clone()) })
    }

    /// What a subagent works with, or a workflow: what it names of the tools that the agent has, on the agent's terms.
    pub(super) async fn subagent(&self, delegate: Delegate, fold: &Fold) -> Result<TurnDeps, GateError> {
        let Delegate { lane, worker, terms, log } = delegate;
        let (mode, outside) = (terms.mode, terms.outside);
        let (only, actor, plan) = match worker {
            Worker::Agent(definition) => {
                (definition.tools().map(Arc::from), Actor::Subagent { definition, lane, outside }, None)
            }
            Worker::Workflow { plan, tools } => (Some(tools), Actor::Workflow { lane, outside }, Some(plan)),
        };
        let gate = self.gate(lane, fold, None, Some(Within { mode, only })).await?;
        let deps = self.deps(fold, gate, log, actor, self.account.beside());
        Ok(match plan {
            Some(model) => TurnDeps { model, ..deps },
            None => deps,
        })
    }

    /// The log of the turn's own lane, or of a subagent's.
    pub(super) fn log(&self, subagent: Option<LaneId>) -> StoreLog {
        let turn = &self.claim.turn;
        StoreLog {
            store: self.inner.store.clone(),
            purse: self.inner.purse.clone(),
            results: self.inner.environment.results.clone(),
            lease: self.claim.lease.clone(),
            lane: self.lane,
            subagent,
            user: turn.user.clone(),
            hub: self.inner.hubs.get(turn.id),
            leaving: self.inner.lifecycle.soft().clone(),
            appending: self.appending.clone(),
            in_order: Arc::clone(&self.in_order),
        }
    }

    async fn gate(
        &self,
        lane: LaneId,
        fold: &Fold,
        subagents: Option<Arc<dyn Subagents>>,
        within: Option<Within>,
    ) -> Result<Gate, GateError> {
        let turn = &self.claim.turn;
        let site = CallSite::Turn { conversation: turn.conversation, turn: turn.id, lane };
        let door = Door {
            caller: Caller::new(turn.user.clone(), turn.project, site),
            credential: Arc::clone(&self.credential),
            settings: fold.settings().clone(),
            seen: fold.seen_files().clone(),
            skills: self.skills.clone(),
            subagents,
            within,
        };
        self.inner.open_gate(door).await
    }

    fn deps(&self, fold: &Fold, gate: Gate, log: Arc<dyn TurnLog>, actor: Actor, account: AccountEntry) -> TurnDeps {
        let environment = &self.inner.environment;
        let turn = &self.claim.turn;
        let results =
            ProjectResults { results: environment.results.clone(), user: turn.user.clone(), project: turn.project };
        TurnDeps {
            log,
            model: models::chosen(&environment.model, fold.settings().model.as_deref(), &self.credential),
            commands: None,
            gate,
            results: Arc::new(results),
            skills: self.skills.enabled.clone(),
            limits: environment.limits.clone(),
            prices: Arc::clone(&environment.spending.prices),
            leaving: self.inner.lifecycle.soft().clone(),
            workspace: environment.workspace.fact(),
            actor,
            account,
        }
    }
}
