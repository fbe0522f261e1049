//! Driving one turn to its end, its next approval, or this host's leaving.

use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use bricklayer_agent::{Fold, LogError, TurnExit, run_turn};
use bricklayer_domain::{Event, LaneId, TurnEnd, Usage, chain};
use bricklayer_runtime::Credential;
use bricklayer_store::{Claim, Lease, StoreError};
use futures::FutureExt;
use tracing::Instrument;

use super::run::TurnRun;
use super::slots::Running;
use super::{GateError, Inner};

/// Runs of one turn that may end in a failure of the database or of our own code before the turn is given up.
const MAX_RUNS: u32 = 5;
/// Wait before a run is repeated; grows with each.
const RETRY_WAIT: Duration = Duration::from_millis(500);

/// What the turn's task does. Dropping it leaves the turn as the log has it.
pub(super) async fn drive(inner: Arc<Inner>, claim: Claim, credential: Arc<Credential>, running: Running) {
    let span = tracing::info_span!("turn", turn.id = %claim.turn.id);
    let abandon = running.abandon.clone();
    let work = async {
        let lease = drive_until_settled(&inner, claim, &credential, &running).await;
        if inner.lifecycle.soft().is_cancelled() {
            hand_over(&inner, &lease).await;
        }
    };
    tokio::select! {
        () = work.instrument(span.clone()) => {}
        () = abandon.cancelled() => span.in_scope(|| tracing::debug!("left a turn")),
    }
}

/// Lets a turn go that came to its safe point in a server that leaves, so that another takes it over at once. One that
/// ended or waits is not held any more.
async fn hand_over(inner: &Inner, lease: &Lease) {
    match inner.store.release_lease(lease).await {
        Ok(true) => tracing::info!("handed a turn over"),
        Ok(false) => {}
        Err(error) => tracing::warn!(error = chain(&error), "a turn was not handed over; its lease runs out"),
    }
}

/// Returns the last lease it had.
async fn drive_until_settled(
    inner: &Arc<Inner>,
    mut claim: Claim,
    credential: &Arc<Credential>,
    running: &Running,
) -> Lease {
    if claim.stop_requested {
        running.cancel.cancel();
    }
    for run in 1..=MAX_RUNS {
        if run > 1 {
            // What was sent and not confirmed is in the log now, or is refused from now on.
            match inner.store.refresh_lease(&claim.lease).await {
                Ok(Some(fresh)) => claim = fresh,
                Ok(None) => {
                    tracing::debug!("this worker no longer drives the turn");
                    return claim.lease;
                }
                Err(error) => {
                    tracing::warn!(run, error = chain(&error), "a lease was not refreshed; trying again");
                    tokio::time::sleep(RETRY_WAIT * run).await;
                    continue;
                }
            }
        }
        let exit = AssertUnwindSafe(run_once(inner, &claim, credential, running)).catch_unwind().await;
        let cause = match exit {
            Ok(Ok(TurnExit::Finished(end))) => {
                tracing::info!(outcome = outcome_word(&end), "turn ended");
                inner.environment.hooks.turn_ended(&claim.turn, &end);
                return claim.lease;
            }
            Ok(Ok(TurnExit::Parked)) => {
                // An answer or a stop may have come while the questions were being stored.
                match inner.store.claim_turn(claim.turn.id, inner.worker).await {
                    Ok(Some(again)) => {
                        claim = again;
                        if claim.stop_requested {
                            running.cancel.cancel();
                        }
                        continue;
                    }
                    Ok(None) => tracing::info!("turn waits for an approval"),
                    Err(error) => {
                        tracing::warn!(error = chain(&error), "the turn's answers were not looked for; the sweep will")
                    }
                }
                return claim.lease;
            }
            Ok(Ok(TurnExit::LetGo)) => {
                tracing::info!("turn waits for its user to sign in again");
                hand_over(inner, &claim.lease).await;
                return claim.lease;
            }
            Ok(Ok(TurnExit::Interrupted(LogError::LostLease)))
            | Ok(Err(
                StoreError::LostLease | StoreError::NotFound(_) | StoreError::TurnEnded(_) | StoreError::Closed,
            )) => {
                tracing::debug!("this worker no longer drives the turn");
                return claim.lease;
            }
            // What came to be does not fit into the log: another run would be paid and come to the same.
            Ok(Ok(TurnExit::Interrupted(LogError::Refused(error)))) => {
                tracing::error!(error = chain(error.as_ref()), "the log refused what a turn came to");
                end_as(inner, &claim, too_large_end("message-too-large", error.as_ref())).await;
                return claim.lease;
            }
            Ok(Err(error @ (StoreError::TooLarge { .. } | StoreError::InvalidAppend(_)))) => {
                tracing::error!(error = chain(&error), "a turn does not fit into the log");
                end_as(inner, &claim, too_large_end("conversation-too-long", &error)).await;
                return claim.lease;
            }
            Ok(Ok(TurnExit::Interrupted(LogError::Unavailable(error)))) => chain(error.as_ref()),
            Ok(Err(error)) => chain(&error),
            Err(_) => "the turn's driver panicked".to_owned(),
        };
        tracing::error!(run, error = cause, "a turn was interrupted");
        tokio::time::sleep(RETRY_WAIT * run).await;
    }
    give_up(inner, &claim).await;
    claim.lease
}

/// One run from the log as it stands.
async fn run_once(
    inner: &Arc<Inner>,
    claim: &Claim,
    credential: &Arc<Credential>,
    running: &Running,
) -> Result<TurnExit, StoreError> {
    let (lane, fold) = fold(inner, claim).await?;
    let run = TurnRun::begin(inner, claim, credential, running, lane).await?;
    let deps = match run.agent(&fold).await {
        Ok(deps) => deps,
        Err(GateError::Store(error)) => return Err(error),
        Err(error @ GateError::Folder(_)) => {
            tracing::error!(error = chain(&error), "the project's folder cannot be opened");
            let end = TurnEnd::Failed {
                code: "project-folder-unavailable".into(),
                message: "The project's folder cannot be opened; tell the operator.".into(),
            };
            finish(inner, claim, end.clone()).await?;
            return Ok(TurnExit::Finished(end));
        }
    };
    Ok(run_turn(deps, fold, running.cancel.clone()).await)
}

/// The conversation as the turn goes on from it, in the turn's lane, from its newest compaction on.
async fn fold(inner: &Inner, claim: &Claim) -> Result<(LaneId, Fold), StoreError> {
    let from = inner.store.read_from(&claim.turn.user, claim.turn.id).await?;
    Ok((from.lane, inner.folds.read(&inner.store, &claim.turn, from).await?))
}

/// Ends a turn that could not be run, so that its user is not left waiting.
async fn give_up(inner: &Inner, claim: &Claim) {
    let end = TurnEnd::Failed {
        code: "internal-error".into(),
        message: "The server failed several times while working on this; what was done so far is kept. Send the \
                  message again to go on."
            .into(),
    };
    end_as(inner, claim, end).await;
}

/// Ends a turn that does not go on.
async fn end_as(inner: &Inner, claim: &Claim, end: TurnEnd) {
    if let Err(error) = finish(inner, claim, end).await {
        let error = chain(&error);
        tracing::error!(error, "a turn that was given up could not be ended; it is taken up again later");
    }
}

/// The end of a turn that the log does not take; says which bound it is.
fn too_large_end(code: &str, error: &(dyn Error + 'static)) -> TurnEnd {
    TurnEnd::Failed {
        code: code.into(),
        message: format!(
            "The conversation's log does not take what comes next ({error}). What was done before is kept. Ask for less \
             at once, or start a new conversation."
        ),
    }
}

async fn finish(inner: &Inner, claim: &Claim, end: TurnEnd) -> Result<(), StoreError> {
    let waited = bricklayer_domain::now().signed_duration_since(claim.turn.created_at);
    let duration_ms = u64::try_from(waited.num_milliseconds()).unwrap_or_default();
    let event = Event::TurnFinished { end, usage: Usage::default(), steps: 0, duration_ms };
    let stored = inner.store.append(&claim.lease, vec![event]).await?;
    inner.hubs.get(claim.turn.id).publish(&stored);
    Ok(())
}

const fn outcome_word(end: &TurnEnd) -> &'static str {
    match end {
        TurnEnd::Completed => "completed",
        TurnEnd::Failed { .. } => "failed",
        TurnEnd::Cancelled => "cancelled",
    }
}
