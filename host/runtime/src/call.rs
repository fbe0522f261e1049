//! The procedure of one call: a place, a fresh store bounded in every direction, and the orderly end of whatever happens
//! in it.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bricklayer_domain::{CleanUp, ToolOutcome};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use wasmtime::component::Val;
use wasmtime::{Store, UpdateDeadline};

use crate::CallContext;
use crate::cpu::{CpuMeter, Metered};
use crate::egress::CallEgress;
use crate::failure::{self, Circumstances, Ending, LimitHit, cancelled, classify, complete, timed_out};
use crate::guest::{CallResults, Cleanups, Frame, GuestState, HandedBack, Offer, ProgressGate};
use crate::heavy::{Pace, Paced};
use crate::plugin::Plugin;
use crate::profile::Entry;
use crate::results::KeptResult;
use crate::shared::Shared;
use crate::stdio::StdioTail;
use crate::tally::Tally;

/// How long clean-up requests of one call may take in all; they run on when the call has returned.
const CLEANUP_TIME: Duration = Duration::from_secs(5);

/// How long a call that was ended waits for its clean-up before it returns: within the 500 ms that a cancel may take.
const CLEANUP_WAIT: Duration = Duration::from_millis(350);

/// How long the guest of a call that was cut off may take to act on the answer to what it sent last.
const SETTLE_TIME: Duration = Duration::from_secs(3);

/// What is called, and with what.
pub(crate) struct Invocation {
    pub(crate) entry: Arc<Entry>,
    /// Of the function's types.
    pub(crate) arguments: Arc<Vec<Val>>,
    /// Whether it uses the user's rate; what the host does by itself on the way to a call does not.
    pub(crate) counted: bool,
}

/// One entry into a plugin.
pub(crate) struct Job {
    pub(crate) plugin: Arc<Plugin>,
    /// Nothing when the plugin is only started and left.
    pub(crate) invocation: Option<Invocation>,
    pub(crate) ctx: CallContext,
    pub(crate) cancel: CancellationToken,
    pub(crate) tally: Arc<Tally>,
}

/// How the guest's run ended.
enum End {
    Returned(wasmtime::Result<Option<Val>>),
    Cancelled,
    TimedOut,
}

/// Runs one job to its end, on the guests' own threads.
pub(crate) async fn supervise(shared: Arc<Shared>, job: Job) -> ToolOutcome {
    let meter = Arc::new(CpuMeter::default());
    let tally = Arc::clone(&job.tally);
    let outcome = admitted(&shared, job, &meter).await;
    tally.ended(outcome.failure.as_ref(), meter.spent());
    outcome
}

async fn admitted(shared: &Arc<Shared>, job: Job, meter: &Arc<CpuMeter>) -> ToolOutcome {
    let Job { plugin, invocation, ctx, cancel, tally } = job;
    let counted = invocation.as_ref().is_some_and(|invocation| invocation.counted);
    // Permit before pool: a full pool is an error, a full queue is a wait.
    let permit = tokio::select! {
        biased;
        () = cancel.cancelled() => return ToolOutcome::failed(cancelled()),
        permit = shared.gate.admit(&ctx.caller.user, plugin.name(), counted, shared.queue_wait) => permit,
    };
    let permit = match permit {
        Ok(permit) => permit,
        Err(refusal) => return ToolOutcome::failed(refusal.failure()),
    };
    let running = shared.running();

    let entry = invocation.as_ref().map(|invocation| Arc::clone(&invocation.entry));
    let time_limit = entry.as_ref().and_then(|entry| entry.time_limit);
    let frame = Arc::new(frame(shared, &plugin, time_limit, ctx, tally));
    let pace = Pace::new(&shared.heavy, &frame.call.caller.user);
    let interrupt = Interrupt { meter: Arc::clone(meter), pace: Arc::clone(&pace) };
    let guest = run(Arc::clone(shared), plugin, invocation, Arc::clone(&frame), interrupt);
    let mut guest = Metered::new(Paced::new(guest, pace), Arc::clone(meter));
    let end = tokio::select! {
        biased;
        () = cancel.cancelled() => End::Cancelled,
        result = &mut guest => End::Returned(result),
        () = tokio::time::sleep_until(frame.deadline) => End::TimedOut,
        () = frame.progress.pump() => End::Cancelled,
    };
    let owes = !matches!(end, End::Returned(_)) && frame.egress.settling.close();
    // When it owes nothing, the guest is dropped here, and with it the store, its HTTP requests and its files.
    let unsettled = owes.then_some(guest);
    frame.progress.flush();
    frame.stdio.end();
    let (mut outcome, cut_short) = told(shared, entry.as_deref(), &frame, end);
    // What was cut short has its work ended, whatever it meant to hand back.
    let ran_to_its_end = cut_short.is_none();
    let remote = async {
        if let Some(cut_short) = cut_short {
            end_remote_work(shared, Arc::clone(&frame), cut_short, unsettled, (permit, running)).await;
        }
    };
    let (left, ()) = tokio::join!(frame.results.close(), remote);
    for KeptResult { reference, told } in left {
        outcome.told.push_str(&told);
        outcome.results.push(reference);
    }
    if ran_to_its_end {
        outcome.operations = frame.operations.ids();
    }
    outcome
}

/// How a call ended that returned nothing by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CutShort {
    Cancelled,
    Otherwise,
}

/// What the guest and its supervision share. From here on the call's time runs.
fn frame(shared: &Shared, plugin: &Plugin, time_limit: Option<Duration>, ctx: CallContext, tally: Arc<Tally>) -> Frame {
    let limits = shared.limits.of_call(&ctx.grants, &shared.ceilings);
    let time_limit = time_limit.unwrap_or(limits.wall).min(shared.ceilings.wall);
    let time_limit = ctx.within.map_or(time_limit, |within| within.min(time_limit));
    let egress = CallEgress::new(Arc::clone(&shared.broker), &ctx, Arc::clone(&tally), limits.clone());
    let cleanups = Arc::new(Cleanups::default());
    let result_bytes = limits.result_bytes;
    Frame {
        plugin: Arc::clone(plugin.profile()),
        time_limit,
        deadline: Instant::now() + time_limit,
        egress: Arc::new(egress),
        stdio: StdioTail::new(limits.stdio_bytes, Arc::clone(&tally.identity)),
        tally,
        limits,
        progress: Arc::new(ProgressGate::new(Arc::clone(&ctx.progress))),
        offer: Arc::new(Offer::new(ctx.handover.clone(), Arc::clone(&cleanups))),
        operations: Arc::new(HandedBack::new(ctx.operations.clone())),
        cleanups,
        results: Arc::new(CallResults::new(ctx.results.clone(), shared.tasks.clone(), result_bytes)),
        call: Arc::new(ctx),
    }
}

/// What the caller is told; and how the call was cut short, when remote work of it may have to be ended.
fn told(shared: &Shared, entry: Option<&Entry>, frame: &Frame, end: End) -> (ToolOutcome, Option<CutShort>) {
    let complete = |failure, ending| {
        let circumstances = Circumstances {
            plugin: &frame.plugin,
            grants: &frame.call.grants,
            has_project: frame.call.project_dir.is_some(),
            limits: &frame.limits,
            ceilings: &shared.ceilings,
            course: &frame.tally.course,
        };
        complete(failure, ending, &circumstances)
    };
    let who = &frame.tally.identity;
    let turn = who.caller.site.turn().map(tracing::field::display);
    let outcome = match &end {
        // What a guest returned by itself ends nothing at the far end.
        End::Returned(Ok(value)) => {
            let Some(entry) = entry else { return (ToolOutcome::text("started"), None) };
            let outcome =
                failure::outcome(&entry.function, value.as_ref(), &frame.limits, frame.call.results.is_some())
                    .unwrap_or_else(|(failure, ending)| complete(failure, ending));
            return (outcome, None);
        }
        End::Returned(Err(error)) => {
            tracing::warn!(
                plugin.name = %who.plugin, tool = who.tool, turn.id = turn, error = %format!("{error:#}"),
                "a plugin's call was ended by the sandbox"
            );
            let hit = error.downcast_ref::<LimitHit>().copied();
            complete(classify(error, &frame.limits, &frame.stdio.text()), Ending::Ended(hit))
        }
        End::Cancelled => ToolOutcome::failed(cancelled()),
        End::TimedOut => ToolOutcome::failed(timed_out(frame.time_limit)),
    };
    let cut_short = if matches!(end, End::Cancelled) { CutShort::Cancelled } else { CutShort::Otherwise };
    (outcome, Some(cut_short))
}

/// Lets the guest act on what it was about to be told, and sends what it registered and did not withdraw, newest
/// first. Runs to its own end although the call returns; until then it keeps the call's place.
async fn end_remote_work(
    shared: &Shared,
    frame: Arc<Frame>,
    cut_short: CutShort,
    unsettled: Option<impl Future<Output = wasmtime::Result<Option<Val>>> + Send + Unpin + 'static>,
    place: impl Send + 'static,
) {
    if unsettled.is_none() && frame.cleanups.is_empty() {
        return;
    }
    let task = shared.tasks.spawn(async move {
        if let Some(guest) = unsettled {
            tokio::select! {
                _ = guest => {}
                () = frame.egress.settling.went_on() => {}
                () = tokio::time::sleep(SETTLE_TIME) => {}
            }
        }
        frame.egress.settling.over();
        // A stop of the user is no handover.
        let left = cut_short == CutShort::Cancelled && !frame.call.cancel.is_cancelled();
        let taken_up = frame.offer.taken_up().await.filter(|_| left);
        if taken_up.is_some() {
            let who = &frame.tally.identity;
            let turn = who.caller.site.turn().map(tracing::field::display);
            tracing::info!(plugin.name = %who.plugin, tool = who.tool, turn.id = turn, "left a call to be continued");
        }
        let taken_up = taken_up.unwrap_or_default();
        let clean_up = async {
            // What was started after the offer goes on for nobody.
            for request in frame.cleanups.take().into_iter().filter(|request| !taken_up.contains(request)) {
                frame.egress.clean_up(request).await;
            }
        };
        let _ = tokio::time::timeout(CLEANUP_TIME, clean_up).await;
        drop(place);
    });
    let _ = tokio::time::timeout(CLEANUP_WAIT, task).await;
}

/// Sends what an earlier call registered, newest first; whether all of it was taken in time.
pub(crate) async fn clean_up_for(
    shared: &Shared,
    ctx: &CallContext,
    tally: Arc<Tally>,
    requests: Vec<CleanUp>,
) -> bool {
    let limits = shared.limits.of_call(&ctx.grants, &shared.ceilings);
    let egress = Arc::new(CallEgress::new(Arc::clone(&shared.broker), ctx, tally, limits));
    let work = async move {
        let mut taken = true;
        for request in requests.into_iter().rev() {
            taken &= egress.clean_up(request).await;
        }
        taken
    };
    tokio::time::timeout(CLEANUP_TIME, work).await.unwrap_or(false)
}

/// What the epoch's checks of a guest look at.
struct Interrupt {
    meter: Arc<CpuMeter>,
    pace: Arc<Pace>,
}

async fn run(
    shared: Arc<Shared>,
    plugin: Arc<Plugin>,
    invocation: Option<Invocation>,
    frame: Arc<Frame>,
    Interrupt { meter, pace }: Interrupt,
) -> wasmtime::Result<Option<Val>> {
    let mut store = Store::new(&shared.engine, GuestState::new(&frame, &shared.projects)?);
    store.limiter(|state| &mut state.limiter);
    store.set_hostcall_fuel(frame.limits.host_call_bytes);
    store.set_max_component_handles(frame.limits.handles);
    // Set before instantiation, because start functions run there.
    store.set_epoch_deadline(1);
    let budget = frame.limits.cpu;
    store.epoch_deadline_callback(move |_| {
        let used = meter.used();
        if used > budget {
            return Err(LimitHit::Cpu.into());
        }
        Ok(UpdateDeadline::YieldCustom(1, pace.check(used)))
    });
    let instance = plugin.pre().instantiate_async(&mut store).await?;
    let Some(Invocation { entry, arguments, .. }) = invocation else { return Ok(None) };
    let function = instance
        .get_func(&mut store, entry.export)
        .ok_or_else(|| wasmtime::format_err!("the export `{}` is missing", entry.function.name))?;
    let mut results = match entry.function.result {
        Some(_) => vec![Val::Bool(false)],
        None => Vec::new(),
    };
    function.call_async(&mut store, &arguments, &mut results).await?;
    Ok(results.pop())
}
