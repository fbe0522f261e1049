//! Turns on this host: beginning, driving, stopping, taking over, handing over.
//!
//! A turn belongs to the worker whose lease the store holds. This module gives each turn it holds one task, owned by
//! the lifecycle; a turn that waits for an approval has no task and no memory here, only rows. Whatever way a turn
//! comes (a message, an answered approval, a dead worker's lease), it ends up in [`drive`].

#[cfg(test)]
mod agreement;
mod audit;
mod drive;
mod folds;
mod hub;
mod lanes;
mod log;
mod made;
mod operations;
mod presence;
mod purse;
mod reading;
mod replay;
mod results;
mod run;
mod session;
mod slots;
mod state;
mod task;
mod tools;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use bricklayer_agent::model::ModelProvider;
use bricklayer_agent::{BuiltInTools, SeenFiles, TurnLimits};
use bricklayer_domain::{
    ApprovalDecision, CallSite, ProjectId, RuleSet, ToolCallId, Turn, TurnId, TurnSettings, TurnStatus, UserId, chain,
};
use bricklayer_results::Results;
use bricklayer_store::{ApprovalAnswer, Begun, Claim, NewTurn, Stop, Store, StoreError, WorkerId};
use bricklayer_tools::{Gate, Offers};
use secrecy::SecretString;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::changes::Changes;
use crate::config::{PermissionBounds, SpendingConfig, UsedUp};
use crate::hooks::{OperatorHooks, Prompted};
use crate::identity::{Caller, Credentials};
use crate::lifecycle::Lifecycle;
use crate::plugins::Plugins;
use crate::projects::ProjectFolders;
use crate::skills::Skills;
use crate::workspace::Workspace;

pub(crate) use audit::AuditTrail;
use folds::Folds;
use hub::Hubs;
pub(crate) use hub::{Item, Subscription, encode};
use presence::Presence;
pub use presence::Visit;
use purse::Purse;
use slots::{NoSlot, Slot, Slots};
use tools::Door;

/// What turns work with; made once.
#[derive(Debug, Clone)]
pub struct TurnEnvironment {
    /// The workspace.
    pub workspace: Workspace,
    /// The plugins.
    pub plugins: Arc<Plugins>,
    /// The projects' folders.
    pub folders: ProjectFolders,
    /// What calls make for people.
    pub results: Results,
    /// The newest token of each user whose turns run.
    pub credentials: Credentials,
    /// The model.
    pub model: Arc<dyn ModelProvider>,
    /// The built-in tools.
    pub built_ins: BuiltInTools,
    /// The skills of projects.
    pub skills: Skills,
    /// Bounds of one turn.
    pub limits: TurnLimits,
    /// Longest a call waits for its user to come back with a newer token.
    pub sign_in_wait: Duration,
    /// What a project's folder may hold, in bytes.
    pub project_bytes: u64,
    /// How much may run unasked.
    pub permissions: PermissionBounds,
    /// What the operator says of calls.
    pub rules: Arc<RuleSet>,
    /// The operator's hooks.
    pub hooks: OperatorHooks,
    /// What models cost and may cost.
    pub spending: Arc<SpendingConfig>,
}

/// How long a stop waits for the turn's end before it takes the turn from its holder, and once more after that. A
/// holder that hears ends it within half a second.
const STOP_WAIT: Duration = Duration::from_secs(2);
/// How often a stop looks at the turn when it hears nothing.
const STOP_LOOK: Duration = Duration::from_millis(200);

/// What became of the wish to stop a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopping {
    /// It came to its own end first.
    HadEnded,
    /// It is stopped: its end is in the log.
    Stopped,
    /// Whoever holds it was told and has not ended it yet; the wish is stored.
    Underway,
}

/// Why a message did not begin a turn.
#[derive(Debug, thiserror::Error)]
pub enum BeginError {
    /// The server is leaving.
    #[error("the server is shutting down")]
    ShuttingDown,
    /// As many turns run as may.
    #[error("too many turns run")]
    TooMany {
        /// Whether it is the user's own bound.
        of_user: bool,
    },
    /// What the user or the conversation may spend is used up.
    #[error("{}", .0.message)]
    UsedUp(UsedUp),
    /// The operator's hook refuses the message.
    #[error("{0}")]
    Refused(String),
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a gate was not opened.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no way into the project's folder.
    #[error("the project's folder cannot be opened")]
    Folder(#[source] std::io::Error),
}

/// The turns of this host; cheap to clone.
#[derive(Debug, Clone)]
pub struct Turns {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Store,
    worker: WorkerId,
    lifecycle: Lifecycle,
    environment: TurnEnvironment,
    audit: AuditTrail,
    hubs: Hubs,
    changes: Changes,
    purse: Purse,
    slots: Slots,
    presence: Presence,
    /// Wakes the sweep: turns were let go.
    freed: Notify,
    /// What models were told of lists of tools.
    offers: Offers,
    /// What was said in conversations.
    folds: Folds,
    /// The one person of development, who is always here: their turns resume without a request.
    _standing: Option<Visit>,
}

impl Turns {
    /// Makes the orchestration and starts its background tasks: hearing the store's notices, renewing leases, taking
    /// over orphans, writing the audit trail.
    #[must_use]
    pub fn start(
        store: Store,
        lifecycle: Lifecycle,
        environment: TurnEnvironment,
        limits: (usize, usize),
        standing: Option<Caller>,
    ) -> Self {
        let audit = AuditTrail::start(&lifecycle, store.clone());
        let presence = Presence::default();
        let inner = Inner {
            purse: Purse::new(store.clone(), Arc::clone(&environment.spending)),
            store,
            worker: WorkerId::new(),
            lifecycle,
            environment,
            audit,
            hubs: Hubs::default(),
            changes: Changes::default(),
            slots: Slots::new(limits.0, limits.1),
            _standing: standing.map(|caller| presence.enter(&caller).0),
            presence,
            freed: Notify::new(),
            offers: Offers::default(),
            folds: Folds::default(),
        };
        let turns = Self { inner: Arc::new(inner) };
        watch::start(&turns);
        turns
    }

    /// What turns work with.
    #[must_use]
    pub fn environment(&self) -> &TurnEnvironment {
        &self.inner.environment
    }

    /// Stores a message and begins its turn; a repeated submission answers with the first one's turn.
    ///
    /// # Errors
    /// [`BeginError`]; nothing was stored.
    pub async fn begin(&self, caller: &Caller, mut new: NewTurn) -> Result<Turn, BeginError> {
        if self.inner.lifecycle.soft().is_cancelled() {
            return Err(BeginError::ShuttingDown);
        }
        let slot = match self.inner.slots.reserve(&caller.user) {
            Ok(slot) => slot,
            // One that began is no new one, however many run now.
            Err(NoSlot { of_user }) => {
                let begun = self.inner.store.find_submission(&caller.user, &new).await?;
                return begun.ok_or(BeginError::TooMany { of_user });
            }
        };
        if let Some(used_up) = self.inner.purse.used_up(&caller.user, new.conversation).await? {
            // The same of one that began already.
            let begun = self.inner.store.find_submission(&caller.user, &new).await?;
            return begun.ok_or(BeginError::UsedUp(used_up));
        }
        let hooks = &self.inner.environment.hooks;
        new.message = match hooks.before_prompt(&caller.user, new.project, new.conversation, new.message).await {
            Prompted::Message(message) => message,
            Prompted::Refused(reason) => return Err(BeginError::Refused(reason)),
        };
        match self.inner.store.begin_turn(&caller.user, self.inner.worker, new).await? {
            Begun::Repeated { turn } => Ok(turn),
            Begun::New { turn, event, lease } => {
                self.inner.hubs.get(turn.id).publish(std::slice::from_ref(&event));
                let claim = Claim { turn: turn.clone(), lease, stop_requested: false };
                self.spawn(claim, caller.credential.clone(), slot);
                Ok(turn)
            }
        }
    }

    /// Stops a turn, wherever it runs, waits or was left, and says what became of it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none of this user's, or the database's failure.
    pub async fn stop(&self, caller: &Caller, turn: TurnId) -> Result<Stopping, StoreError> {
        // The turn may run here: then it need not wait for the database to hear of it.
        let told = self.inner.slots.cancel(turn, Some(&caller.user));
        let claimable = match self.inner.store.request_stop(&caller.user, turn).await? {
            Stop::Requested { claimable } => claimable,
            // It heard at once, and its end was stored before the wish was.
            Stop::Ended(TurnStatus::Cancelled) if told => return Ok(Stopping::Stopped),
            Stop::Ended(_) => return Ok(Stopping::HadEnded),
        };
        self.inner.slots.cancel(turn, None);
        if claimable {
            self.take_over(turn, caller).await?;
        }
        if let Some(ended) = self.ended(caller, turn).await? {
            return Ok(ended);
        }
        // Whoever holds it is dead, cut off, or busier than it should be: its next append will fail.
        if let Some(claim) = self.inner.store.seize_stopped_turn(turn, self.inner.worker).await? {
            tracing::warn!(turn.id = %turn, "a turn's holder did not stop it; ending it here");
            self.resume(claim, caller.credential.clone());
        }
        Ok(self.ended(caller, turn).await?.unwrap_or(Stopping::Underway))
    }

    /// What became of a turn that was told to stop, when it ends within [`STOP_WAIT`].
    async fn ended(&self, caller: &Caller, turn: TurnId) -> Result<Option<Stopping>, StoreError> {
        let deadline = Instant::now() + STOP_WAIT;
        let mut live = None;
        loop {
            let seen = match self.inner.store.get_turn(&caller.user, turn).await {
                Ok(seen) => seen,
                // Deleted with its conversation.
                Err(StoreError::NotFound(_)) => return Ok(Some(Stopping::Stopped)),
                Err(error) => return Err(error),
            };
            match seen.status {
                TurnStatus::Cancelled => return Ok(Some(Stopping::Stopped)),
                // It came to its end before it heard.
                TurnStatus::Completed | TurnStatus::Failed => return Ok(Some(Stopping::HadEnded)),
                TurnStatus::Running | TurnStatus::Waiting => {}
            }
            // Joined once, before the next look, so that nothing falls between.
            let Some(live) = live.as_mut() else {
                live = Some(self.follow(&seen).1);
                continue;
            };
            let stirred =
                async { while !matches!(live.next().await, Item::Stored { terminal: true, .. } | Item::Look) {} };
            tokio::select! {
                () = stirred => {}
                () = tokio::time::sleep(STOP_LOOK) => {}
                () = tokio::time::sleep_until(deadline) => return Ok(None),
            }
        }
    }

    /// Answers an approval and, when it was the last open one or stops the turn, goes on with the
    /// turn. The answer that counts, and whether it is this one or the same as this one.
    ///
    /// # Errors
    /// As [`Store::answer_approval`].
    pub async fn answer(
        &self,
        caller: &Caller,
        turn: TurnId,
        call: &ToolCallId,
        answer: ApprovalAnswer,
    ) -> Result<(ApprovalDecision, bool), StoreError> {
        let answered = self.inner.store.answer_approval(&caller.user, turn, call, answer.clone()).await?;
        if !answered.events.is_empty() {
            self.inner.hubs.get(turn).publish(&answered.events);
        }
        if answered.resumed {
            self.take_over(turn, caller).await?;
        }
        let counts = answered.decision == answer.decision && answered.reply == answer.reply;
        Ok((answered.decision, counts))
    }

    /// Opens the tool gate for whoever comes in by another door than a message: the same tools, questions, bounds and
    /// records as a turn has.
    ///
    /// # Errors
    /// [`GateError`], also when the project is not the caller's.
    pub async fn open_gate(
        &self,
        caller: &Caller,
        project: ProjectId,
        site: CallSite,
        settings: TurnSettings,
    ) -> Result<Gate, GateError> {
        self.open_gate_seeing(caller, project, site, settings, SeenFiles::default()).await
    }

    /// The same for who has seen files of the project before.
    ///
    /// # Errors
    /// As [`Turns::open_gate`].
    pub(crate) async fn open_gate_seeing(
        &self,
        caller: &Caller,
        project: ProjectId,
        site: CallSite,
        settings: TurnSettings,
        seen: SeenFiles,
    ) -> Result<Gate, GateError> {
        self.inner.store.get_project(&caller.user, project).await?;
        let door = Door {
            caller: bricklayer_domain::Caller::new(caller.user.clone(), project, site),
            credential: self.inner.environment.credentials.of(&caller.user, &caller.credential),
            settings,
            seen,
            skills: self.inner.environment.skills.of(&caller.user, project).await?,
            subagents: None,
            within: None,
        };
        self.inner.open_gate(door).await
    }

    /// Who watches the lists of projects.
    pub(crate) fn changes(&self) -> &Changes {
        &self.inner.changes
    }

    /// Joins the readers of a turn: what is streamed and not stored yet, then what follows.
    pub(crate) fn follow(&self, turn: &Turn) -> (Vec<Item>, Subscription) {
        self.inner.hubs.get(turn.id).subscribe(turn.conversation)
    }

    /// Fires when streams must end because the server is leaving.
    pub(crate) fn leaving(&self) -> &CancellationToken {
        self.inner.lifecycle.soft()
    }

    /// Stops turns of a user whose conversation or project was deleted, and waits until none of them runs here, so that
    /// nothing writes into a folder that is about to go. Turns of other hosts hear it from the store.
    pub async fn end_deleted(&self, user: &UserId, turns: &[TurnId]) {
        for turn in turns {
            self.inner.slots.abandon(*turn);
        }
        self.inner.slots.wait_gone(turns).await;
        self.inner.folds.forget(user);
        for turn in turns {
            self.inner.hubs.look(*turn);
        }
    }

    /// Notes that a user is here with a credential, until the visit is dropped: for as long as a request or a stream
    /// of theirs lasts. Running turns of theirs take the credential, and those that nobody holds are claimed at once;
    /// cheap when there are none.
    #[must_use]
    pub fn enter(&self, caller: &Caller) -> Visit {
        self.inner.environment.credentials.note(caller);
        let (visit, wanted) = self.inner.presence.enter(caller);
        if wanted && !self.inner.lifecycle.soft().is_cancelled() {
            let (turns, caller) = (self.clone(), caller.clone());
            self.inner.lifecycle.spawn("orphans", async move { watch::claim_orphans_of(&turns, &caller).await });
        }
        visit
    }

    /// How many turns are driven here now.
    #[must_use]
    pub fn running(&self) -> usize {
        self.inner.slots.running()
    }

    /// Lets all turns go, so that another host, or this one restarted, takes them over. The last act of a shutdown.
    pub async fn release(&self) {
        match self.inner.store.release_leases(self.inner.worker).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "handed turns over"),
            Err(error) => tracing::warn!(error = chain(&error), "leases were not released; they run out by themselves"),
        }
    }

    /// Claims a turn that nobody holds and drives it.
    async fn take_over(&self, turn: TurnId, caller: &Caller) -> Result<(), StoreError> {
        let Some(claim) = self.inner.store.claim_turn(turn, self.inner.worker).await? else { return Ok(()) };
        self.resume(claim, caller.credential.clone());
        Ok(())
    }

    /// Drives a claimed turn with its user's credential. One that is to be stopped needs none.
    fn resume(&self, claim: Claim, credential: SecretString) {
        let slot = self.inner.slots.force(&claim.turn.user);
        self.spawn(claim, credential, slot);
    }

    fn spawn(&self, claim: Claim, credential: SecretString, slot: Slot) {
        let inner = Arc::clone(&self.inner);
        let running = slot.begin(claim.turn.id);
        let credential = inner.environment.credentials.of(&claim.turn.user, &credential);
        self.inner.lifecycle.spawn("turn", async move { drive::drive(inner, claim, credential, running).await });
    }
}
