//! Background work: hearing other hosts, keeping leases, taking over what nobody drives.

use std::collections::HashSet;
use std::time::Duration;

use bricklayer_domain::{TurnId, chain};
use bricklayer_store::{Notice, StoreError};
use chrono::TimeDelta;
use secrecy::SecretString;

use super::Turns;
use super::slots::Held;
use crate::identity::Caller;

/// How often leases are renewed while they last: two lost renewals cost no turn.
const RENEWALS_PER_LEASE: u32 = 4;
/// How often turns that nobody drives are looked for. With a lease it makes the time until a dead host's turns go on.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);
/// Wait after a host said that it lets turns go, so that each of many does not cost a look at the database.
const SWEEP_PAUSE: Duration = Duration::from_millis(50);
/// How long a stopped turn that nobody holds is left to a host that sees its user: what it started at the workspace can
/// only be ended as that user. The host that was asked to stop it takes it within two seconds.
const STOPPED_LEFT_TO_THEIR_USER: Duration = Duration::from_secs(5);
/// Turns of one user taken over at once at most, so that a restarted host is not buried.
const MAX_CLAIMS_PER_SWEEP: u32 = 100;
/// Users with orphaned turns that one sweep knows at most; bounds memory.
const MAX_ORPHANED_USERS: u32 = 10_000;

/// How often the log is tidied.
const TIDY_INTERVAL: Duration = Duration::from_secs(60);
/// Age from which an ended turn's deltas are of no use: no reader still stands among them.
const TIDY_AFTER: TimeDelta = TimeDelta::minutes(10);
/// Turns that one statement tidies at most, so that it does not hold up the writers.
const MAX_TIDIED: u32 = 50;
/// Statements of one round at most.
const MAX_TIDY_ROUNDS: usize = 20;

/// Starts the tasks.
pub(super) fn start(turns: &Turns) {
    let lifecycle = turns.inner.lifecycle.clone();
    lifecycle.spawn("notices", hear(turns.clone()));
    lifecycle.spawn("leases", renew(turns.clone()));
    lifecycle.spawn("orphans", sweep(turns.clone()));
    lifecycle.spawn("tidy", tidy(turns.clone()));
}

/// Hands the store's notices on to readers and drivers.
async fn hear(turns: Turns) {
    let mut notices = turns.inner.store.subscribe();
    let soft = turns.inner.lifecycle.soft().clone();
    while let Some(Some(notice)) = soft.run_until_cancelled(notices.recv()).await {
        match notice {
            Notice::Appended { local: true, .. } => {}
            Notice::Appended { turn, .. } => turns.inner.hubs.look(turn),
            Notice::StopRequested { turn } => {
                turns.inner.slots.cancel(turn, None);
                turns.inner.hubs.look(turn);
            }
            Notice::TurnsFreed => turns.inner.freed.notify_one(),
            // Whoever keeps the plugins has a subscription of its own.
            Notice::PluginsChanged => {}
            Notice::ProjectChanged { project, conversation } => turns.inner.changes.tell(project, conversation),
            Notice::Resync => {
                turns.inner.hubs.look_all();
                turns.inner.changes.tell_all();
                turns.inner.freed.notify_one();
            }
        }
    }
}

/// Keeps the leases of the turns that are driven here, leaves those that are lost, and gives back those that nobody
/// here drives any more: their driver gave up while the database failed, or its appends do not come back.
async fn renew(turns: Turns) {
    let lease = turns.inner.store.lease_duration();
    let soft = turns.inner.lifecycle.soft().clone();
    let mut forgotten: HashSet<TurnId> = HashSet::new();
    loop {
        // A server that leaves keeps its turns until they are at a safe point.
        tokio::select! {
            () = tokio::time::sleep(lease / RENEWALS_PER_LEASE) => {}
            () = async { soft.cancelled().await; turns.inner.slots.wait_idle().await } => return,
        }
        if let Err(error) = turns.inner.store.end_silent_sessions().await {
            tracing::warn!(error = chain(&error), "silent sessions were not ended; trying again");
        }
        for turn in turns.inner.slots.abandon_stuck(lease) {
            tracing::warn!(turn.id = %turn, "the store does not take a turn's events; leaving it to whoever can");
        }
        let before: HashSet<Held> = turns.inner.slots.held().into_iter().collect();
        let held = match turns.inner.store.renew_leases(turns.inner.worker).await {
            Ok(held) => held,
            Err(error) => {
                tracing::warn!(error = chain(&error), "leases were not renewed; trying again");
                continue;
            }
        };
        for lease in held.iter().filter(|lease| lease.stop_requested) {
            turns.inner.slots.cancel(lease.lease.turn, None);
        }
        let still: HashSet<TurnId> = held.iter().map(|lease| lease.lease.turn).collect();
        for lost in before.iter().filter(|known| !still.contains(&known.turn)) {
            turns.inner.slots.abandon_lost(*lost);
        }
        // A turn that just began is in the database a moment before it is here, so it must be missing twice.
        let here: HashSet<TurnId> =
            before.iter().copied().chain(turns.inner.slots.held()).map(|known| known.turn).collect();
        let missing: HashSet<TurnId> = still.difference(&here).copied().collect();
        for lease in
            held.iter().filter(|lease| missing.contains(&lease.lease.turn) && forgotten.contains(&lease.lease.turn))
        {
            if let Err(error) = turns.inner.store.release_lease(&lease.lease).await {
                tracing::warn!(error = chain(&error), "a lease was not given back; trying again");
            }
        }
        forgotten = missing;
    }
}

/// Takes over turns whose worker is gone and whose users are here: at start, when a host lets turns go, and again and
/// again, as nobody says that a host died.
async fn sweep(turns: Turns) {
    let soft = turns.inner.lifecycle.soft().clone();
    // Nobody else opens an embedded database, so whatever it says is held belongs to a process that is gone.
    if turns.inner.store.engine_name() == "sqlite"
        && let Err(error) = turns.inner.store.void_leases_of_others(turns.inner.worker).await
    {
        tracing::warn!(error = chain(&error), "earlier leases were not voided; they run out by themselves");
    }
    while !soft.is_cancelled() {
        if let Err(error) = sweep_once(&turns).await {
            tracing::warn!(error = chain(&error), "orphaned turns were not looked for; trying again");
        }
        let woken = async {
            turns.inner.freed.notified().await;
            // What is let go together is claimed together.
            tokio::time::sleep(SWEEP_PAUSE).await;
        };
        tokio::select! {
            () = tokio::time::sleep(SWEEP_INTERVAL) => {}
            () = woken => {}
            () = soft.cancelled() => return,
        }
    }
}

async fn sweep_once(turns: &Turns) -> Result<(), StoreError> {
    let orphaned = turns.inner.store.users_with_orphans(MAX_ORPHANED_USERS).await?;
    let any_stopped = orphaned.iter().any(|orphaned| orphaned.stop_requested);
    let users: HashSet<_> = orphaned.into_iter().map(|orphaned| orphaned.user).collect();
    for caller in turns.inner.presence.want(users.into_iter().collect()) {
        claim_orphans_of(turns, &caller).await;
    }
    if any_stopped {
        let store = &turns.inner.store;
        let claims =
            store.claim_stopped_orphans(turns.inner.worker, MAX_CLAIMS_PER_SWEEP, STOPPED_LEFT_TO_THEIR_USER).await?;
        for claim in claims {
            tracing::info!(turn.id = %claim.turn.id, "ending a stopped turn that nobody holds");
            turns.resume(claim, SecretString::default());
        }
    }
    Ok(())
}

/// Takes over the turns of a user who is here, as many as there is room for.
pub(super) async fn claim_orphans_of(turns: &Turns, caller: &Caller) {
    let room = u32::try_from(turns.inner.slots.free()).unwrap_or(u32::MAX).min(MAX_CLAIMS_PER_SWEEP);
    if room == 0 {
        return;
    }
    match turns.inner.store.claim_orphans_of(&caller.user, turns.inner.worker, room).await {
        Ok(claims) => {
            for claim in claims {
                tracing::info!(turn.id = %claim.turn.id, "taking over a turn");
                turns.resume(claim, caller.credential.clone());
            }
        }
        Err(error) => tracing::warn!(error = chain(&error), "a user's turns were not taken over; trying again"),
    }
}

/// Removes the pieces of turns that ended a while ago: their whole messages and results are in the log.
async fn tidy(turns: Turns) {
    let soft = turns.inner.lifecycle.soft().clone();
    while soft.run_until_cancelled(tokio::time::sleep(TIDY_INTERVAL)).await.is_some() {
        for _ in 0..MAX_TIDY_ROUNDS {
            match turns.inner.store.prune_deltas(bricklayer_domain::now() - TIDY_AFTER, MAX_TIDIED).await {
                Ok(count) if count < u64::from(MAX_TIDIED) => break,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(error = chain(&error), "the log was not tidied; trying again");
                    break;
                }
            }
        }
    }
}
