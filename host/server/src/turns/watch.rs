//! Background work: hearing other hosts, keeping leases, taking over what nobody drives.

use std::collections::HashSet;
use std::time::Duration;

use bricklayer_domain::TurnId;
use bricklayer_store::Notice;
use chrono::{TimeDelta, Utc};

use super::Turns;
use super::slots::Held;

/// How often turns that nobody drives are looked for.
const SWEEP_INTERVAL: Duration = Duration::from_secs(5);
/// Turns taken over by one sweep at most, so that a restarted host is not buried.
const MAX_CLAIMS_PER_SWEEP: usize = 100;

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
            // Whoever keeps the plugins has a subscription of its own.
            Notice::PluginsChanged => {}
            Notice::Resync => turns.inner.hubs.look_all(),
        }
    }
}

/// Keeps the leases of the turns that are driven here, leaves those that are lost, and gives back those that nobody
/// here drives any more (their driver gave up while the database failed).
async fn renew(turns: Turns) {
    let interval = turns.inner.store.lease_duration() / 3;
    let soft = turns.inner.lifecycle.soft().clone();
    let mut forgotten: HashSet<TurnId> = HashSet::new();
    loop {
        // A server that leaves is gone before its leases run out, so they need no renewal then.
        tokio::select! {
            () = tokio::time::sleep(interval) => {}
            () = soft.cancelled() => return,
        }
        let before: HashSet<Held> = turns.inner.slots.held().into_iter().collect();
        let held = match turns.inner.store.renew_leases(turns.inner.worker).await {
            Ok(held) => held,
            Err(error) => {
                tracing::warn!(%error, "leases were not renewed; trying again");
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
                tracing::warn!(%error, "a lease was not given back; trying again");
            }
        }
        forgotten = missing;
    }
}

/// Takes over turns whose worker is gone: at start, and then again and again.
async fn sweep(turns: Turns) {
    let soft = turns.inner.lifecycle.soft().clone();
    // Nobody else opens an embedded database, so whatever it says is held belongs to a process that is gone.
    if turns.inner.store.engine_name() == "sqlite"
        && let Err(error) = turns.inner.store.void_leases_of_others(turns.inner.worker).await
    {
        tracing::warn!(%error, "earlier leases were not voided; they run out by themselves");
    }
    loop {
        let limit = turns.inner.slots.free().min(MAX_CLAIMS_PER_SWEEP);
        if limit > 0 {
            match turns.inner.store.claim_orphans(turns.inner.worker, u32::try_from(limit).unwrap_or(1)).await {
                Ok(claims) => {
                    for claim in claims {
                        tracing::info!(turn.id = %claim.turn.id, "taking over a turn");
                        turns.resume(claim, None);
                    }
                }
                Err(error) => tracing::warn!(%error, "orphaned turns were not looked for; trying again"),
            }
        }
        tokio::select! {
            () = tokio::time::sleep(SWEEP_INTERVAL) => {}
            () = soft.cancelled() => return,
        }
    }
}

/// Removes the pieces of turns that ended a while ago: their whole messages and results are in the log.
async fn tidy(turns: Turns) {
    let soft = turns.inner.lifecycle.soft().clone();
    while soft.run_until_cancelled(tokio::time::sleep(TIDY_INTERVAL)).await.is_some() {
        for _ in 0..MAX_TIDY_ROUNDS {
            match turns.inner.store.prune_deltas(Utc::now() - TIDY_AFTER, MAX_TIDIED).await {
                Ok(count) if count < u64::from(MAX_TIDIED) => break,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "the log was not tidied; trying again");
                    break;
                }
            }
        }
    }
}
