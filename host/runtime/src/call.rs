//! One call: a fresh store, bounded in every direction, and the orderly end of whatever happens in it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bricklayer_domain::{PluginName, ToolErrorKind, ToolFailure, ToolOutcome};
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
use crate::heavy::{Pace, Paced};
use crate::host::{ProgressGate, bindings};
use crate::limiter::CallLimiter;
use crate::plugin::{Plugin, Tool};
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
    pub(crate) log_lines_left: u32,
    pub(crate) disk: DiskShare,
    pub(crate) call: Arc<CallInfo>,
}

/// What host functions need to know about the call, and what must outlive its store.
pub(crate) struct CallInfo {
    pub(crate) ctx: CallContext,
    pub(crate) plugin: PluginName,
    pub(crate) tool: String,
    pub(crate) limits: Limits,
    pub(crate) tally: Arc<Tally>,
    pub(crate) deadline: Instant,
    /// Whether nothing is called.
    pub(crate) only_start: bool,
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

/// Which function of a plugin a call is for.
pub(crate) enum Target {
    /// The tool of that short name.
    Tool(String),
    /// The review of a call.
    Review,
    /// No function: the component is started, with its first tool's limits, and left.
    Start,
}

/// How a run that was only to start ends: the functions were there and none was called.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("started")]
struct Started;

/// Runs one call to its end, on the guests' own threads.
pub(crate) async fn supervise(
    shared: Arc<Shared>,
    plugin: Arc<Plugin>,
    target: Target,
    arguments: Vec<Val>,
    ctx: CallContext,
    cancel: CancellationToken,
    tally: Arc<Tally>,
) -> ToolOutcome {
    let meter = Arc::new(CpuMeter::default());
    let outcome =
        admitted(shared, plugin, target, arguments, ctx, cancel, Arc::clone(&tally), Arc::clone(&meter)).await;
    tally.ended(outcome.failure.as_ref(), meter.spent());
    outcome
}

#[expect(clippy::too_many_arguments, reason = "all that a call consists of, taken apart here")]
async fn admitted(
    shared: Arc<Shared>,
    plugin: Arc<Plugin>,
    target: Target,
    arguments: Vec<Val>,
    ctx: CallContext,
    cancel: CancellationToken,
    tally: Arc<Tally>,
    meter: Arc<CpuMeter>,
) -> ToolOutcome {
    let found = match &target {
        Target::Tool(name) => plugin.find(name),
        Target::Review => plugin.review(),
        Target::Start => plugin.first_tool(),
    };
    let Some(tool) = found else {
        return ToolOutcome::failed(ToolFailure::new(ToolErrorKind::UnknownTool, "no such tool"));
    };
    let counted = matches!(target, Target::Tool(_));
    // Permit before pool: a full pool is an error, a full queue is a wait.
    let permit = tokio::select! {
        biased;
        () = cancel.cancelled() => return cancelled(),
        permit = shared.gate.admit(&ctx.user, plugin.name(), counted, shared.queue_wait) => permit,
    };
    let _permit = match permit {
        Ok(permit) => permit,
        Err(refusal) => return ToolOutcome::failed(refusal.failure()),
    };
    let _running = shared.running();

    let limits = shared.limits.of_call(&ctx.grants, &shared.ceilings);
    let limit = tool.time_limit.unwrap_or(limits.wall).min(shared.ceilings.wall);
    let deadline = Instant::now() + limit;
    let name = &tool.function.tool;
    let egress = CallEgress::new(Arc::clone(&shared.broker), &ctx, Arc::clone(&tally), limits.clone());
    let stdio = StdioTail::new(limits.stdio_bytes);
    let call = Arc::new(CallInfo {
        progress: ProgressGate::new(Arc::clone(&ctx.progress)),
        plugin: plugin.name().clone(),
        tool: name.clone(),
        limits,
        tally,
        deadline,
        only_start: matches!(target, Target::Start),
        egress: Arc::new(egress),
        cleanups: Mutex::default(),
        own: Arc::clone(&plugin),
        continued: AtomicBool::new(false),
        ctx,
    });

    let end = {
        let pace = Pace::new(&shared.heavy, &call.ctx.user);
        let pulse = (Arc::clone(&meter), Arc::clone(&pace));
        let guest = run(&shared, &plugin, tool, arguments, Arc::clone(&call), stdio.clone(), pulse);
        let mut guest = Metered::new(Paced::new(guest, pace), meter);
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
    finish(&shared, &plugin, tool, call, end, limit, &stdio).await
}

async fn finish(
    shared: &Arc<Shared>,
    plugin: &Plugin,
    tool: &Tool,
    call: Arc<CallInfo>,
    end: End,
    limit: Duration,
    stdio: &StdioTail,
) -> ToolOutcome {
    let complete = |failure, ending| remedy::complete(failure, ending, plugin, &call, &shared.ceilings);
    let outcome = match &end {
        // What a guest returned by itself ends nothing at the far end.
        End::Returned(Ok(value)) => {
            return outcome::outcome(&tool.function, value.as_ref(), &call.limits)
                .unwrap_or_else(|(failure, ending)| complete(failure, ending));
        }
        End::Returned(Err(error)) if error.is::<Started>() => return ToolOutcome::text("started"),
        End::Returned(Err(error)) => {
            tracing::warn!(
                plugin.name = %call.plugin, tool = call.tool, turn.id = %call.ctx.turn, error = %format!("{error:#}"),
                "a plugin's call was ended by the sandbox"
            );
            let hit = error.downcast_ref::<LimitHit>().copied();
            complete(fault::classify(error, &call.limits, &stdio.text()), Ending::Ended(hit))
        }
        End::Cancelled => cancelled(),
        End::TimedOut => {
            let message = format!("time limit: the call took longer than {}", fault::seconds(limit));
            ToolOutcome::failed(ToolFailure { retryable: true, ..ToolFailure::new(ToolErrorKind::Timeout, message) })
        }
    };
    if matches!(end, End::Cancelled) && call.is_handed_over() {
        tracing::info!(plugin.name = %call.plugin, tool = call.tool, turn.id = %call.ctx.turn, "left a call to be continued");
    } else {
        clean_up(shared, &call).await;
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

async fn run(
    shared: &Shared,
    plugin: &Plugin,
    tool: &Tool,
    arguments: Vec<Val>,
    call: Arc<CallInfo>,
    stdio: StdioTail,
    (meter, pace): (Arc<CpuMeter>, Arc<Pace>),
) -> wasmtime::Result<Option<Val>> {
    let limits = &call.limits;
    let mut table = ResourceTable::new();
    table.set_max_capacity(limits.handles);
    let mut http = WasiHttpCtx::new();
    http.set_field_size_limit(limits.header_bytes);
    let state = CallState {
        wasi: wasi(&call, limits.random_bytes, stdio)?,
        table,
        http,
        hooks: EgressHooks::new(Arc::clone(&call.egress)),
        limiter: CallLimiter::new(limits, Arc::clone(&call.tally.memory_peak)),
        host_calls_left: limits.host_calls,
        log_lines_left: crate::host::MAX_LOG_LINES,
        disk: DiskShare::new(
            limits.file_write_bytes,
            call.ctx.project_dir.as_ref().map(|folder| shared.projects.share(folder, limits.project_bytes)),
        ),
        call: Arc::clone(&call),
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
    let function = instance
        .get_func(&mut store, tool.export)
        .ok_or_else(|| wasmtime::format_err!("the export `{}` is missing", tool.function.name))?;
    if call.only_start {
        return Err(Started.into());
    }
    let mut results = match tool.function.result {
        Some(_) => vec![Val::Bool(false)],
        None => Vec::new(),
    };
    function.call_async(&mut store, &arguments, &mut results).await?;
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
