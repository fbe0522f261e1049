//! One call: a fresh store, bounded in every direction, and the orderly end of whatever happens in it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bricklayer_domain::{ToolErrorKind, ToolFailure, ToolOutcome};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use wasmtime::component::{Linker, ResourceTable, Val};
use wasmtime::{Engine, Store, UpdateDeadline};
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::context::CallContext;
use crate::cpu::{CpuMeter, Metered};
use crate::disk::{self, DiskShare};
use crate::egress::{CallEgress, CleanupRequest, EgressHooks};
use crate::engine::Shared;
use crate::fault::{self, LimitHit};
use crate::guest_log::LinesLeft;
use crate::heavy::{Pace, Paced};
use crate::host::{ProgressGate, bindings};
use crate::limiter::CallLimiter;
use crate::plugin::{Entry, Plugin};
use crate::remedy::{self, Ending};
use crate::stdio::StdioTail;
use crate::tally::Tally;
use crate::{FilesGrant, Limits, outcome};

/// Where a guest finds the project's folder.
const PROJECT_MOUNT: &str = "/project";

/// How long clean-up requests of one call may take in all; they run on when the call has returned.
const CLEANUP_TIME: Duration = Duration::from_secs(5);

/// How long a call that was ended waits for its clean-up before it returns: within the 500 ms that a cancel may take.
const CLEANUP_WAIT: Duration = Duration::from_millis(350);

/// A store's data: everything that one call owns.
pub(crate) struct CallState {
    pub(crate) wasi: WasiCtx,
    pub(crate) table: ResourceTable,
    pub(crate) http: WasiHttpCtx,
    pub(crate) hooks: EgressHooks,
    pub(crate) limiter: CallLimiter,
    pub(crate) host_calls_left: u32,
    pub(crate) log_lines: LinesLeft,
    pub(crate) disk: DiskShare,
    pub(crate) call: Arc<CallInfo>,
}

/// What host functions need to know about the call, and what must outlive its store.
pub(crate) struct CallInfo {
    pub(crate) ctx: CallContext,
    pub(crate) limits: Limits,
    pub(crate) tally: Arc<Tally>,
    pub(crate) time_limit: Duration,
    pub(crate) deadline: Instant,
    pub(crate) egress: Arc<CallEgress>,
    pub(crate) progress: ProgressGate,
    pub(crate) cleanups: Mutex<Cleanups>,
    /// What runs, for the tools beside the one that is called.
    pub(crate) own: Arc<Plugin>,
    /// Whether the turn knows how this call is continued.
    pub(crate) continued: AtomicBool,
}

impl CallInfo {
    /// Whether this host leaves and another continues what the call started. A stop of the user is no such end.
    fn is_handed_over(&self) -> bool {
        let leaving = self.ctx.handover.as_ref().is_some_and(|handover| handover.is_leaving());
        leaving && self.continued.load(Ordering::SeqCst) && !self.ctx.cancel.is_cancelled()
    }
}

/// Registered clean-up requests, in the order of their registration.
#[derive(Default)]
pub(crate) struct Cleanups {
    pub(crate) next: u32,
    pub(crate) open: Vec<(u32, CleanupRequest)>,
}

impl WasiView for CallState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for CallState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.hooks, table: &mut self.table, ctx: &mut self.http }
    }
}

/// Everything that a guest may import.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<CallState>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    disk::bound(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    bindings::add_to_linker(&mut linker)?;
    Ok(linker)
}

/// How the guest's run ended.
enum End {
    Returned(wasmtime::Result<Option<Val>>),
    Cancelled,
    TimedOut,
}

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
        () = cancel.cancelled() => return cancelled(),
        permit = shared.gate.admit(&ctx.caller.user, plugin.name(), counted, shared.queue_wait) => permit,
    };
    let _permit = match permit {
        Ok(permit) => permit,
        Err(refusal) => return ToolOutcome::failed(refusal.failure()),
    };
    let _running = shared.running();

    let limits = shared.limits.of_call(&ctx.grants, &shared.ceilings);
    let entry = invocation.as_ref().map(|invocation| &*invocation.entry);
    let limit = entry.and_then(|entry| entry.time_limit).unwrap_or(limits.wall).min(shared.ceilings.wall);
    let deadline = Instant::now() + limit;
    let egress = CallEgress::new(Arc::clone(&shared.broker), &ctx, Arc::clone(&tally), limits.clone());
    let stdio = StdioTail::new(limits.stdio_bytes, Arc::clone(&tally.identity));
    let call = Arc::new(CallInfo {
        progress: ProgressGate::new(Arc::clone(&ctx.progress)),
        limits,
        tally,
        time_limit: limit,
        deadline,
        egress: Arc::new(egress),
        cleanups: Mutex::default(),
        own: Arc::clone(&plugin),
        continued: AtomicBool::new(false),
        ctx,
    });

    let end = {
        let pace = Pace::new(&shared.heavy, &call.ctx.caller.user);
        let interrupt = Interrupt { meter: Arc::clone(meter), pace: Arc::clone(&pace) };
        let guest = run(shared, &plugin, invocation.as_ref(), &call, stdio.clone(), interrupt);
        let mut guest = Metered::new(Paced::new(guest, pace), Arc::clone(meter));
        tokio::select! {
            biased;
            () = cancel.cancelled() => End::Cancelled,
            result = &mut guest => End::Returned(result),
            () = tokio::time::sleep_until(deadline) => End::TimedOut,
            () = call.progress.pump() => End::Cancelled,
        }
        // Leaving this block drops the guest, and with it the store, its HTTP requests and its files.
    };
    call.progress.flush();
    stdio.end();
    finish(shared, entry, &call, end, &stdio).await
}

async fn finish(
    shared: &Arc<Shared>,
    entry: Option<&Entry>,
    call: &Arc<CallInfo>,
    end: End,
    stdio: &StdioTail,
) -> ToolOutcome {
    let complete = |failure, ending| remedy::complete(failure, ending, &call.own, call, &shared.ceilings);
    let who = &call.tally.identity;
    let outcome = match &end {
        // What a guest returned by itself ends nothing at the far end.
        End::Returned(Ok(value)) => {
            let Some(entry) = entry else { return ToolOutcome::text("started") };
            return outcome::outcome(&entry.function, value.as_ref(), &call.limits)
                .unwrap_or_else(|(failure, ending)| complete(failure, ending));
        }
        End::Returned(Err(error)) => {
            tracing::warn!(
                plugin.name = %who.plugin, tool = who.tool, turn.id = who.caller.site.turn().map(tracing::field::display),
                error = %format!("{error:#}"), "a plugin's call was ended by the sandbox"
            );
            let hit = error.downcast_ref::<LimitHit>().copied();
            complete(fault::classify(error, &call.limits, &stdio.text()), Ending::Ended(hit))
        }
        End::Cancelled => cancelled(),
        End::TimedOut => {
            let message = format!("time limit: the call took longer than {}", fault::seconds(call.time_limit));
            ToolOutcome::failed(ToolFailure { retryable: true, ..ToolFailure::new(ToolErrorKind::Timeout, message) })
        }
    };
    if matches!(end, End::Cancelled) && call.is_handed_over() {
        tracing::info!(
            plugin.name = %who.plugin, tool = who.tool, turn.id = who.caller.site.turn().map(tracing::field::display),
            "left a call to be continued"
        );
    } else {
        clean_up(shared, call).await;
    }
    outcome
}

fn cancelled() -> ToolOutcome {
    ToolOutcome::failed(ToolFailure::new(ToolErrorKind::Cancelled, "the call was stopped"))
}

/// Sends what the guest registered and did not withdraw, newest first. Runs to its own end although the call returns.
async fn clean_up(shared: &Arc<Shared>, call: &Arc<CallInfo>) {
    let open = {
        let mut cleanups = call.cleanups.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut cleanups.open)
    };
    if open.is_empty() {
        return;
    }
    let egress = Arc::clone(&call.egress);
    let work = async move {
        for (_, request) in open.into_iter().rev() {
            egress.clean_up(request).await;
        }
    };
    let task = shared.cleanups.spawn(async move {
        let _ = tokio::time::timeout(CLEANUP_TIME, work).await;
    });
    let _ = tokio::time::timeout(CLEANUP_WAIT, task).await;
}

/// What the epoch's checks of a guest look at.
struct Interrupt {
    meter: Arc<CpuMeter>,
    pace: Arc<Pace>,
}

async fn run(
    shared: &Shared,
    plugin: &Plugin,
    invocation: Option<&Invocation>,
    call: &Arc<CallInfo>,
    stdio: StdioTail,
    Interrupt { meter, pace }: Interrupt,
) -> wasmtime::Result<Option<Val>> {
    let limits = &call.limits;
    let mut table = ResourceTable::new();
    table.set_max_capacity(limits.handles);
    let mut http = WasiHttpCtx::new();
    http.set_field_size_limit(limits.header_bytes);
    let state = CallState {
        wasi: wasi(call, limits.random_bytes, stdio)?,
        table,
        http,
        hooks: EgressHooks::new(Arc::clone(&call.egress)),
        limiter: CallLimiter::new(limits, Arc::clone(&call.tally.memory_peak)),
        host_calls_left: limits.host_calls,
        log_lines: LinesLeft::default(),
        disk: DiskShare::new(
            limits.file_write_bytes,
            call.ctx.project_dir.as_ref().map(|folder| shared.projects.share(folder, limits.project_bytes)),
        ),
        call: Arc::clone(call),
    };
    let mut store = Store::new(&shared.engine, state);
    store.limiter(|state| &mut state.limiter);
    store.set_hostcall_fuel(limits.host_call_bytes);
    store.set_max_component_handles(limits.handles);
    // Set before instantiation, because start functions run there.
    store.set_epoch_deadline(1);
    let budget = limits.cpu;
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
    function.call_async(&mut store, arguments, &mut results).await?;
    Ok(results.pop())
}

fn wasi(call: &CallInfo, random_bytes: u64, stdio: StdioTail) -> wasmtime::Result<WasiCtx> {
    let mut builder = WasiCtxBuilder::new();
    builder.max_random_size(random_bytes).stdout(stdio.clone()).stderr(stdio);
    let perms = match call.ctx.grants.files {
        FilesGrant::None => None,
        FilesGrant::Read => Some(FsPerms::ReadOnly),
        FilesGrant::ReadWrite => Some(FsPerms::ReadWrite),
    };
    if let (Some(perms), Some(dir)) = (perms, &call.ctx.project_dir) {
        builder.preopened_dir(dir, PROJECT_MOUNT, perms)?;
        call.tally.has_files(call.ctx.grants.files);
    }
    Ok(builder.build())
}
