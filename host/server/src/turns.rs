//! Turns on this host: beginning, driving, stopping, taking over, handing over.
//!
//! A turn belongs to the worker whose lease the store holds. This module gives each turn it holds one task, owned by
//! the lifecycle; a turn that waits for an approval has no task and no memory here, only rows. Whatever way a turn
//! comes (a message, an answered approval, a dead worker's lease), it ends up in [`drive`].

mod audit;
mod drive;
mod hub;
mod log;
mod session;
mod slots;
mod state;
mod tools;
mod watch;

use std::sync::Arc;

use bricklayer_agent::model::ModelProvider;
use bricklayer_agent::{SkillSet, TurnLimits};
use bricklayer_domain::{ApprovalDecision, ToolCallId, Turn, TurnId, UserId};
use bricklayer_store::{Begun, Claim, NewTurn, Stop, Store, StoreError, WorkerId};
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use crate::identity::{Caller, Credentials};
use crate::lifecycle::Lifecycle;
use crate::plugins::Plugins;
use crate::projects::ProjectFolders;
use crate::workspace::Workspace;

pub(crate) use audit::AuditTrail;
use hub::Hubs;
pub(crate) use hub::{Item, Subscription, encode, stored_frames};
use slots::{NoSlot, Slot, Slots};

/// What turns work with; made once.
#[derive(Debug, Clone)]
pub struct TurnEnvironment {
    /// The workspace.
    pub workspace: Workspace,
    /// The plugins.
    pub plugins: Arc<Plugins>,
    /// The projects' folders.
    pub folders: ProjectFolders,
    /// The newest token of each user whose turns run.
    pub credentials: Credentials,
    /// The model.
    pub model: Arc<dyn ModelProvider>,
    /// The skills.
    pub skills: Arc<SkillSet>,
    /// Bounds of one turn.
    pub limits: TurnLimits,
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
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
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
    slots: Slots,
    /// The one person's credential in development, so that their turns resume without a request.
    standing: Option<Caller>,
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
        let inner = Inner {
            store,
            worker: WorkerId::new(),
            lifecycle,
            environment,
            audit,
            hubs: Hubs::default(),
            slots: Slots::new(limits.0, limits.1),
            standing,
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
    pub async fn begin(&self, caller: &Caller, new: NewTurn) -> Result<Turn, BeginError> {
        if self.inner.lifecycle.soft().is_cancelled() {
            return Err(BeginError::ShuttingDown);
        }
        let slot =
            self.inner.slots.reserve(&caller.user).map_err(|NoSlot { of_user }| BeginError::TooMany { of_user })?;
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

    /// Asks a turn to stop, wherever it runs. False when it had ended.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none of this user's, or the database's failure.
    pub async fn stop(&self, caller: &Caller, turn: TurnId) -> Result<bool, StoreError> {
        // The turn may run here: then it need not wait for the database to hear of it.
        self.inner.slots.cancel(turn, Some(&caller.user));
        match self.inner.store.request_stop(&caller.user, turn).await? {
            Stop::Ended(_) => Ok(false),
            Stop::Requested { claimable } => {
                self.inner.slots.cancel(turn, None);
                if claimable {
                    self.take_over(turn, Some(caller)).await?;
                }
                Ok(true)
            }
        }
    }

    /// Answers an approval and, when it was the last open one, goes on with the turn. The answer that counts.
    ///
    /// # Errors
    /// As [`Store::answer_approval`].
    pub async fn answer(
        &self,
        caller: &Caller,
        turn: TurnId,
        call: &ToolCallId,
        decision: ApprovalDecision,
    ) -> Result<ApprovalDecision, StoreError> {
        let answered = self.inner.store.answer_approval(&caller.user, turn, call, decision).await?;
        if let Some(event) = &answered.event {
            self.inner.hubs.get(turn).publish(std::slice::from_ref(event));
        }
        if answered.resumed {
            self.take_over(turn, Some(caller)).await?;
        }
        Ok(answered.decision)
    }

    /// Joins the readers of a turn: what is streamed and not stored yet, then what follows.
    pub(crate) fn follow(&self, turn: &Turn) -> (Vec<Item>, Subscription) {
        self.inner.hubs.get(turn.id).subscribe(turn.conversation)
    }

    /// Fires when streams must end because the server is leaving.
    pub(crate) fn leaving(&self) -> &CancellationToken {
        self.inner.lifecycle.soft()
    }

    /// Stops turns whose conversation or project was deleted, and waits until none of them runs here, so that nothing
    /// writes into a folder that is about to go. Turns of other hosts hear it from the store.
    pub async fn end_deleted(&self, turns: &[TurnId]) {
        for turn in turns {
            self.inner.slots.abandon(*turn);
        }
        self.inner.slots.wait_gone(turns).await;
        for turn in turns {
            self.inner.hubs.look(*turn);
        }
    }

    /// Notes that a user is here with a credential: running turns of theirs take it, and those that waited for one go
    /// on. Cheap when there are none.
    pub fn note_caller(&self, caller: &Caller) {
        self.inner.environment.credentials.note(caller);
        for (claim, slot) in self.inner.slots.take_waiting(&caller.user) {
            self.spawn(claim, caller.credential.clone(), slot);
        }
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
            Err(error) => tracing::warn!(%error, "leases were not released; they run out by themselves"),
        }
    }

    /// Claims a turn that nobody holds and drives it.
    async fn take_over(&self, turn: TurnId, caller: Option<&Caller>) -> Result<(), StoreError> {
        let Some(claim) = self.inner.store.claim_turn(turn, self.inner.worker).await? else { return Ok(()) };
        self.resume(claim, caller);
        Ok(())
    }

    /// Drives a claimed turn with its user's credential, or keeps it until that user is here.
    fn resume(&self, claim: Claim, caller: Option<&Caller>) {
        let slot = self.inner.slots.force(&claim.turn.user);
        match self.credential_of(&claim.turn.user, caller) {
            Some(credential) => self.spawn(claim, credential, slot),
            // Stopping needs no workspace, so nobody has to come back for it.
            None if claim.stop_requested => self.spawn(claim, SecretString::default(), slot),
            None => {
                tracing::info!(turn.id = %claim.turn.id, "a turn waits for its user's credential");
                self.inner.slots.keep_waiting(claim, slot);
            }
        }
    }

    fn credential_of(&self, user: &UserId, caller: Option<&Caller>) -> Option<SecretString> {
        caller
            .or(self.inner.standing.as_ref())
            .filter(|caller| caller.user == *user)
            .map(|caller| caller.credential.clone())
    }

    fn spawn(&self, claim: Claim, credential: SecretString, slot: Slot) {
        let inner = Arc::clone(&self.inner);
        let running = slot.begin(claim.turn.id);
        let credential = inner.environment.credentials.of(&claim.turn.user, &credential);
        self.inner.lifecycle.spawn("turn", async move { drive::drive(inner, claim, credential, running).await });
    }
}
