//! What one call owns while its guest runs: the data of its store, by capability.
//!
//! Each interface of the contract has a small context of its own here, in a file with what it promises; a host function
//! sees its own context and the count of all host calls, and nothing else of the call.

mod cleanup;
mod context;
mod continuation;
mod contract;
mod http;
mod log;
mod progress;
mod results;
mod state;
mod wasi;

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use wasmtime::Engine;
use wasmtime::component::{HasData, Linker, ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use self::cleanup::CleanupCtx;
use self::context::ContextCtx;
use self::continuation::ContinuationCtx;
use self::contract::wit;
use self::http::HttpCtx;
use self::log::LogCtx;
use self::progress::ProgressCtx;
use self::results::ResultsCtx;
use self::state::StateCtx;
use crate::disk::DiskShare;
use crate::egress::{CallEgress, EgressHooks};
use crate::failure::LimitHit;
use crate::limiter::CallLimiter;
use crate::profile::Profile;
use crate::project_size::ProjectSizes;
use crate::stdio::StdioTail;
use crate::tally::Tally;
use crate::{CallContext, Limits};

pub(crate) use cleanup::Cleanups;
pub(crate) use continuation::{HandedBack, Offer};
pub(crate) use progress::ProgressGate;
pub(crate) use results::CallResults;

/// What a guest and whoever supervises it share; it outlives the guest's store.
pub(crate) struct Frame {
    pub(crate) call: Arc<CallContext>,
    pub(crate) plugin: Arc<Profile>,
    pub(crate) limits: Limits,
    pub(crate) time_limit: Duration,
    pub(crate) deadline: Instant,
    pub(crate) tally: Arc<Tally>,
    pub(crate) egress: Arc<CallEgress>,
    pub(crate) stdio: StdioTail,
    pub(crate) progress: Arc<ProgressGate>,
    pub(crate) cleanups: Arc<Cleanups>,
    pub(crate) offer: Arc<Offer>,
    pub(crate) operations: Arc<HandedBack>,
    pub(crate) results: Arc<CallResults>,
}

/// A store's data.
pub(crate) struct GuestState {
    wasi: WasiCtx,
    table: ResourceTable,
    wasi_http: WasiHttpCtx,
    hooks: EgressHooks,
    pub(crate) limiter: CallLimiter,
    disk: DiskShare,
    calls: HostCalls,
    progress: ProgressCtx,
    log: LogCtx,
    context: ContextCtx,
    state: StateCtx,
    cleanup: CleanupCtx,
    continuation: ContinuationCtx,
    http: HttpCtx,
    results: ResultsCtx,
}

impl GuestState {
    /// The data of a new store.
    ///
    /// # Errors
    /// When the project's folder cannot be opened.
    pub(crate) fn new(frame: &Frame, projects: &ProjectSizes) -> wasmtime::Result<Self> {
        let limits = &frame.limits;
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.handles);
        let mut wasi_http = WasiHttpCtx::new();
        wasi_http.set_field_size_limit(limits.header_bytes);
        let folder = frame.call.project_dir.as_ref();
        Ok(Self {
            wasi: wasi::ctx(frame)?,
            table,
            wasi_http,
            hooks: EgressHooks::new(Arc::clone(&frame.egress)),
            limiter: CallLimiter::new(limits, Arc::clone(&frame.tally.memory_peak)),
            disk: DiskShare::new(
                limits.file_write_bytes,
                folder.map(|folder| projects.share(folder, limits.project_bytes)),
            ),
            calls: HostCalls(limits.host_calls),
            progress: ProgressCtx::new(frame),
            log: LogCtx::new(frame),
            context: ContextCtx::new(frame),
            state: StateCtx::new(frame),
            cleanup: CleanupCtx::new(frame),
            continuation: ContinuationCtx::new(frame),
            http: HttpCtx::new(frame),
            results: ResultsCtx::new(frame),
        })
    }
}

/// Calls of host functions that the guest has left.
struct HostCalls(u32);

/// What a function of one interface sees of the call.
struct View<'a, C> {
    calls: &'a mut HostCalls,
    own: &'a mut C,
}

impl<C> View<'_, C> {
    /// Counts a call of a host function; floods end the call.
    fn count(&mut self) -> wasmtime::Result<()> {
        self.calls.0 = self.calls.0.checked_sub(1).ok_or(LimitHit::HostCalls)?;
        Ok(())
    }
}

/// Tells wasmtime that an interface's functions get a [`View`] of its context.
struct Has<C>(PhantomData<C>);

impl<C: 'static> HasData for Has<C> {
    type Data<'a> = View<'a, C>;
}

impl WasiView for GuestState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for GuestState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.hooks, table: &mut self.table, ctx: &mut self.wasi_http }
    }
}

/// Everything that a guest may import.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<GuestState>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasi::bound(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    macro_rules! offer {
        ($($interface:ident: $context:ty),* $(,)?) => {$(
            wit::$interface::add_to_linker::<_, Has<$context>>(&mut linker, |state| View {
                calls: &mut state.calls,
                own: &mut state.$interface,
            })?;
        )*};
    }
    offer! {
        progress: ProgressCtx,
        log: LogCtx,
        context: ContextCtx,
        state: StateCtx,
        cleanup: CleanupCtx,
        continuation: ContinuationCtx,
        http: HttpCtx,
        results: ResultsCtx,
    }
    Ok(linker)
}
