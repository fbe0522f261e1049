//! What all calls of a process share: limits, places, the way out, and the clock that interrupts guests.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Thread;
use std::time::Duration;

use tokio_util::task::TaskTracker;
use wasmtime::Engine;

use crate::egress::Broker;
use crate::fairness::Gate;
use crate::heavy::HeavyGate;
use crate::project_size::ProjectSizes;
use crate::{Ceilings, Limits, RuntimeConfig};

/// How often a running guest is looked at, and so how late a limit or a cancel may be noticed.
const TICK: Duration = Duration::from_millis(2);

/// Why there is nothing to share.
pub(crate) enum Unshared {
    /// The client for outgoing requests cannot be made.
    Egress(String),
    /// The clock's thread cannot be started.
    Ticker(std::io::Error),
}

/// What calls share.
pub(crate) struct Shared {
    pub(crate) engine: Engine,
    pub(crate) limits: Limits,
    pub(crate) ceilings: Ceilings,
    pub(crate) queue_wait: Duration,
    pub(crate) gate: Arc<Gate>,
    pub(crate) heavy: Arc<HeavyGate>,
    pub(crate) broker: Arc<Broker>,
    pub(crate) projects: ProjectSizes,
    /// Calls, and what is sent after their ends.
    pub(crate) tasks: TaskTracker,
    ticker: Ticker,
    started: AtomicU64,
}

impl Shared {
    /// What the calls of a runtime share.
    ///
    /// # Errors
    /// [`Unshared`].
    pub(crate) fn new(engine: Engine, config: &RuntimeConfig) -> Result<Self, Unshared> {
        let gate = Arc::new(Gate::new(config.fairness.clone(), config.max_concurrent_calls));
        let broker = Broker::new(config, Arc::clone(&gate)).map_err(Unshared::Egress)?;
        Ok(Self {
            ticker: Ticker::start(&engine).map_err(Unshared::Ticker)?,
            engine,
            limits: config.limits.clone(),
            ceilings: config.ceilings.clone(),
            queue_wait: config.queue_wait,
            gate,
            heavy: Arc::new(HeavyGate::new(config.heavy_calls)),
            broker: Arc::new(broker),
            projects: ProjectSizes::default(),
            tasks: TaskTracker::new(),
            started: AtomicU64::new(0),
        })
    }

    /// Calls that run now.
    pub(crate) fn running_now(&self) -> usize {
        self.ticker.running.load(Ordering::Acquire)
    }

    /// Calls that began to run.
    pub(crate) fn started(&self) -> u64 {
        self.started.load(Ordering::Relaxed)
    }

    /// Keeps the ticker running until the guard is dropped.
    pub(crate) fn running(self: &Arc<Self>) -> RunningGuard {
        self.started.fetch_add(1, Ordering::Relaxed);
        if self.ticker.running.fetch_add(1, Ordering::AcqRel) == 0 {
            self.ticker.wake();
        }
        RunningGuard(Arc::clone(&self.ticker.running))
    }
}

/// One running call.
pub(crate) struct RunningGuard(Arc<AtomicUsize>);

impl Drop for RunningGuard {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Advances the engine's epoch while calls run; asleep otherwise.
struct Ticker {
    running: Arc<AtomicUsize>,
    thread: Mutex<Thread>,
}

impl Ticker {
    fn start(engine: &Engine) -> std::io::Result<Self> {
        // A weak engine: the thread must not keep alive what it ticks for.
        let engine = engine.weak();
        let running = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&running);
        let thread = std::thread::Builder::new().name("bricklayer-epoch".to_owned()).spawn(move || {
            loop {
                if seen.load(Ordering::Acquire) == 0 {
                    // Woken by the next call; the timeout is for noticing that the engine is gone.
                    std::thread::park_timeout(Duration::from_secs(1));
                } else {
                    std::thread::sleep(TICK);
                }
                let Some(engine) = engine.upgrade() else { return };
                engine.increment_epoch();
            }
        })?;
        Ok(Self { running, thread: Mutex::new(thread.thread().clone()) })
    }

    fn wake(&self) {
        self.thread.lock().unwrap_or_else(PoisonError::into_inner).unpark();
    }
}
