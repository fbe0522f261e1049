//! The engine, and all that is made once per process: linker, pool, code cache, the guests' own threads.
//!
//! Guests run on a tokio runtime of their own: a guest that spins until its next epoch check keeps a thread busy, and
//! the API's threads must never be that thread.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bricklayer_domain::{CleanUp, ToolErrorKind, ToolFailure, ToolOutcome, argument_digest, chain};
use serde_json::Value;
use tokio::sync::Semaphore;
use tracing::Instrument as _;
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::cache::CodeCache;
use crate::call::{self, Invocation, Job};
use crate::compile;
use crate::config::MAX_MEMORY_BYTES;
use crate::guest::{self, GuestState};
use crate::limiter::{MAX_CORE_INSTANCES, MAX_MEMORIES, MAX_TABLES};
use crate::shared::{Shared, Unshared};
use crate::tally::Tally;
use crate::{CallContext, Compiler, LoadError, Plugin, PreparedCall, RuntimeConfig, ToolNamespace};

/// Components compiled at the same time: compiling takes a core and much memory, and packages may be hostile.
const PARALLEL_COMPILATIONS: usize = 2;

/// Packages read and checked at the same time, on threads that may block.
const PARALLEL_READS: usize = 2;

/// Loads that may wait for each of the above; each holds its package in memory.
const MAX_WAITING_LOADS: usize = 64;

/// Memory slots kept mapped after use; enough for the usual load, small when idle.
const WARM_SLOTS: u32 = 16;

/// Why the runtime does not start.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// A setting makes no sense.
    #[error("{0}")]
    Setting(String),
    /// The folder for compiled code cannot be used.
    #[error("cannot use the folder for compiled code")]
    Cache(#[source] std::io::Error),
    /// Threads cannot be started.
    #[error("cannot start the guests' threads")]
    Threads(#[source] std::io::Error),
    /// wasmtime refuses its configuration.
    #[error("cannot set up the sandbox: {0}")]
    Engine(String),
    /// The client for outgoing requests cannot be made.
    #[error("cannot set up outgoing requests: {0}")]
    Egress(String),
}

/// Counters since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// Calls that run now.
    pub running: usize,
    /// Calls that began to run.
    pub started: u64,
    /// Slots that are free.
    pub free_slots: usize,
    /// Calls that have a slot or hold one until they are cleaned up.
    pub admitted: usize,
    /// Calls that wait for a slot.
    pub waiting: usize,
    /// Users with calls that run or wait.
    pub active_users: usize,
    /// Pairs of user and plugin with calls that run.
    pub active_user_plugins: usize,
    /// Calls that compute with one of the slots for those that compute for long.
    pub heavy: usize,
    /// Calls refused because of a share: process, user, plugin, queue or rate.
    pub refused: u64,
    /// Components compiled.
    pub compiled: u64,
    /// Components loaded from the cache.
    pub cache_hits: u64,
}

/// The sandbox. One per process; cheap to share behind an `Arc`.
pub struct Runtime {
    shared: Arc<Shared>,
    linker: Linker<GuestState>,
    max_concurrent_calls: usize,
    cache: Arc<CodeCache>,
    compiler: Compiler,
    loads: Semaphore,
    reads: Semaphore,
    compilations: Semaphore,
    compiled: AtomicU64,
    cache_hits: AtomicU64,
    /// Taken only on drop.
    threads: Option<tokio::runtime::Runtime>,
    handle: tokio::runtime::Handle,
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        // Waiting for the threads is not allowed in an async context, where a host usually drops this.
        if let Some(threads) = self.threads.take() {
            threads.shutdown_background();
        }
    }
}

impl Runtime {
    /// Sets up the sandbox. Reserves address space for every slot, not memory.
    ///
    /// # Errors
    /// [`RuntimeError`].
    pub fn new(config: RuntimeConfig) -> Result<Self, RuntimeError> {
        if config.max_concurrent_calls == 0 || config.max_concurrent_calls > 1024 {
            return Err(RuntimeError::Setting("max_concurrent_calls must be between 1 and 1024".to_owned()));
        }
        if config.limits.memory_bytes > MAX_MEMORY_BYTES {
            return Err(RuntimeError::Setting("limits.memory_bytes must be at most 256 MiB".to_owned()));
        }
        if config.ceilings.memory_bytes > MAX_MEMORY_BYTES {
            return Err(RuntimeError::Setting("ceilings.memory_bytes must be at most 256 MiB".to_owned()));
        }
        let cache = CodeCache::open(&config.cache_dir, config.cache_bytes).map_err(RuntimeError::Cache)?;
        let fault = |error: wasmtime::Error| RuntimeError::Engine(format!("{error:#}"));
        let engine = engine(&config).map_err(fault)?;
        let linker = guest::linker(&engine).map_err(fault)?;
        let threads = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(config.threads.max(1))
            .thread_name("bricklayer-guest")
            .enable_all()
            .build()
            .map_err(RuntimeError::Threads)?;
        let shared = Shared::new(engine, &config).map_err(|unshared| match unshared {
            Unshared::Egress(reason) => RuntimeError::Egress(reason),
            Unshared::Ticker(error) => RuntimeError::Threads(error),
        })?;
        let handle = threads.handle().clone();
        Ok(Self {
            shared: Arc::new(shared),
            linker,
            max_concurrent_calls: config.max_concurrent_calls,
            cache: Arc::new(cache),
            compiler: config.compiler,
            loads: Semaphore::new(MAX_WAITING_LOADS),
            reads: Semaphore::new(PARALLEL_READS),
            compilations: Semaphore::new(PARALLEL_COMPILATIONS),
            compiled: AtomicU64::new(0),
            cache_hits: AtomicU64::new(0),
            threads: Some(threads),
            handle,
        })
    }

    /// Reads, checks, compiles (or finds compiled) and links a package. Runs nothing of it. Dropping the future ends a
    /// compilation in a child process.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn load(&self, package_bytes: Vec<u8>, namespace: ToolNamespace) -> Result<Arc<Plugin>, LoadError> {
        let _load = self.loads.try_acquire().map_err(|_| LoadError::Busy)?;
        let cache = Arc::clone(&self.cache);
        let engine = self.shared.engine.clone();
        let read = move || {
            let contents = bricklayer_package::read(&package_bytes)?;
            // Before the costly part: what cannot link is not worth compiling, and the reason has a way out.
            if let Some(reason) = contents.refusal() {
                return Err(LoadError::Import(reason));
            }
            let found = cache.find(&engine, &contents.digest);
            Ok::<_, LoadError>((contents, package_bytes, found))
        };
        let (contents, package_bytes, found) = {
            let _permit = self.reads.acquire().await.map_err(|_| LoadError::ShuttingDown)?;
            self.blocking(read).await??
        };
        let hit = found.is_some();
        let component = match found {
            Some(component) => component,
            None => self.compile(&contents.digest, package_bytes).await?,
        };
        let linker = self.linker.clone();
        let plugin = self.blocking(move || Plugin::new(contents, &component, &linker, &namespace)).await??;
        let plugin = Arc::new(plugin);
        self.cache.hold(&plugin);
        let counter = if hit { &self.cache_hits } else { &self.compiled };
        counter.fetch_add(1, Ordering::Relaxed);
        tracing::info!(
            plugin.name = %plugin.name(), plugin.version = plugin.version(), plugin.digest = plugin.digest(),
            from_cache = hit, tools = plugin.tools().len(), "plugin loaded"
        );
        Ok(plugin)
    }

    /// Compiles where the operator wants it, then loads and keeps the code.
    async fn compile(&self, digest: &str, component: Vec<u8>) -> Result<Component, LoadError> {
        let _permit = self.compilations.acquire().await.map_err(|_| LoadError::ShuttingDown)?;
        let code = self.compiler.compile(&self.shared.engine, &self.handle, component).await?;
        let (cache, engine, digest) = (Arc::clone(&self.cache), self.shared.engine.clone(), digest.to_owned());
        let adopted = self.blocking(move || cache.adopt(&engine, &digest, &code)).await?;
        adopted.map_err(|error| LoadError::Compile(format!("{error:#}")))
    }

    /// Work that keeps a thread busy.
    async fn blocking<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, LoadError> {
        self.handle.spawn_blocking(work).await.map_err(|_| LoadError::ShuttingDown)
    }

    /// Finds a tool by its full or short name, prepares a call of it, and runs it: for whoever makes one call of a
    /// plugin that they hold.
    pub async fn call(&self, plugin: &Arc<Plugin>, tool: &str, input: &Value, ctx: CallContext) -> ToolOutcome {
        if let Some(found) = plugin.tool(tool) {
            return self.run(&found.prepare(input), ctx).await;
        }
        let message = format!("the plugin {} has no tool `{tool}`", plugin.name());
        let failure = ToolFailure::new(ToolErrorKind::UnknownTool, message);
        let tally = Tally::new(
            plugin.profile().identity(tool, &ctx.caller),
            Arc::clone(&ctx.audit),
            argument_digest(input).into(),
        );
        tally.ended(Some(&failure), Duration::ZERO);
        ToolOutcome::failed(failure)
    }

    /// Runs one tool call to its end: waits for a slot, runs in a fresh sandbox, converts. Never panics; every fault is
    /// a failed outcome with its kind. Returns within 500 ms when `ctx.cancel` fires; dropping the future cancels as
    /// well, and registered clean-ups run all the same. Leaves one record, whatever becomes of it.
    pub async fn run(&self, call: &PreparedCall, ctx: CallContext) -> ToolOutcome {
        let plugin = call.tool().plugin();
        let who = plugin.profile().identity(call.tool().short_name(), &ctx.caller);
        let tally = Tally::new(who, Arc::clone(&ctx.audit), Arc::clone(call.argument_digest()));
        let arguments = match call.arguments() {
            Ok(arguments) => Arc::clone(arguments),
            Err(failure) => {
                tally.ended(Some(failure), Duration::ZERO);
                return ToolOutcome::failed(failure.clone());
            }
        };
        let invocation = Invocation { entry: Arc::clone(call.tool().entry()), arguments, counted: true };
        self.enter(plugin, Some(invocation), ctx, tally).await
    }

    /// Ends the remote work of a call that nobody runs any more: sends the clean-up requests that it left, newest first,
    /// under the grants of `ctx`, as a call of the same tool. Whether the far end took all of them within some seconds;
    /// the audit tells what became of each.
    pub async fn clean_up(&self, call: &PreparedCall, requests: Vec<CleanUp>, ctx: CallContext) -> bool {
        let who = call.tool().plugin().profile().identity(call.tool().short_name(), &ctx.caller);
        let tally = Tally::new(who, Arc::clone(&ctx.audit), Arc::clone(call.argument_digest()));
        let span = tally.span.clone();
        let shared = Arc::clone(&self.shared);
        let work = async move { call::clean_up_for(&shared, &ctx, tally, requests).await };
        let task = self.shared.tasks.spawn_on(work.instrument(span), &self.handle);
        task.await.unwrap_or(false)
    }

    /// Starts a plugin in a sandbox of its own, on the guests' threads, and calls one function of it, or none.
    pub(crate) async fn enter(
        &self,
        plugin: &Arc<Plugin>,
        invocation: Option<Invocation>,
        ctx: CallContext,
        tally: Arc<Tally>,
    ) -> ToolOutcome {
        // A child token, so that dropping this future stops the work without cancelling the whole turn.
        let cancel = ctx.cancel.child_token();
        let _stop = cancel.clone().drop_guard();
        let span = tally.span.clone();
        let job = Job { plugin: Arc::clone(plugin), invocation, ctx, cancel, tally: Arc::clone(&tally) };
        let work = call::supervise(Arc::clone(&self.shared), job).instrument(span);
        match self.shared.tasks.spawn_on(work, &self.handle).await {
            Ok(outcome) => outcome,
            Err(error) => {
                tracing::error!(plugin.name = %plugin.name(), error = chain(&error), "a call ended by a fault of the host");
                let failure = ToolFailure::new(ToolErrorKind::Trap, "the call ended by a fault of the host");
                tally.ended(Some(&failure), Duration::ZERO);
                ToolOutcome::failed(failure)
            }
        }
    }

    /// Forgets the compiled code of a package that nobody uses any more. Calls that run keep theirs.
    pub async fn forget(&self, digest: &str) {
        let (cache, digest) = (Arc::clone(&self.cache), digest.to_owned());
        let work = move || {
            if let Err(error) = cache.forget(&digest) {
                tracing::warn!(
                    plugin.digest = digest,
                    error = chain(&error),
                    "compiled code of a removed plugin stays behind"
                );
            }
        };
        let _ = self.handle.spawn_blocking(work).await;
    }

    /// Counters since the start.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let gate = self.shared.gate.stats();
        Stats {
            running: self.shared.running_now(),
            started: self.shared.started(),
            free_slots: self.max_concurrent_calls.saturating_sub(gate.running),
            admitted: gate.running,
            waiting: gate.waiting,
            active_users: gate.users,
            active_user_plugins: gate.user_plugins,
            heavy: self.shared.heavy.taken(),
            refused: gate.refused,
            compiled: self.compiled.load(Ordering::Relaxed),
            cache_hits: self.cache_hits.load(Ordering::Relaxed),
        }
    }

    /// Waits until every call has ended, and every clean-up request has been sent or given up; at most some seconds once
    /// the calls were cancelled or dropped. For shutdown.
    pub async fn drain(&self) {
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
        self.shared.tasks.reopen();
    }
}

fn engine(config: &RuntimeConfig) -> wasmtime::Result<Engine> {
    let calls = u32::try_from(config.max_concurrent_calls).unwrap_or(u32::MAX);
    let mut pool = PoolingAllocationConfig::new();
    // Every slot count is the number of calls times what one call may have, so that the permits alone decide and the
    // pool, whose shortage is an error and not a wait, is never short.
    pool.total_component_instances(calls)
        .total_stacks(calls)
        .total_core_instances(calls.saturating_mul(MAX_CORE_INSTANCES))
        .total_memories(calls.saturating_mul(MAX_MEMORIES))
        .total_tables(calls.saturating_mul(MAX_TABLES))
        .max_core_instances_per_component(MAX_CORE_INSTANCES)
        .max_memories_per_component(MAX_MEMORIES)
        .max_tables_per_component(MAX_TABLES)
        .max_memory_size(MAX_MEMORY_BYTES)
        .table_elements(config.limits.table_elements)
        .max_unused_warm_slots(WARM_SLOTS);
    let mut settings = compile::settings();
    settings.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Engine::new(&settings)
}
