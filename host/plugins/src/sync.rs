//! Keeping the live catalogue as the database has it: after a change here, when another host says so, and by looking.
//!
//! A change of grants, switches or owners, and a removal, hold as soon as they are read; new code is loaded first and
//! swapped in when it is ready, and until then the version that served goes on. Loading never holds up the former.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bricklayer_domain::{InstallationId, PackageDigest, chain};
use bricklayer_runtime::ToolNamespace;
use bricklayer_store::{InstallationRow, Notice, PluginSnapshot, StoreError};
use futures::future::BoxFuture;
use futures::stream::{self, FuturesUnordered, StreamExt};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::failures::Failures;
use crate::inspect::STAGED_FOR;
use crate::live::{Live, Serving};
use crate::service::PluginService;
use crate::table::Table;
use crate::{PluginError, shipped};

/// How often another process's changes are looked for where nobody tells of them (SQLite).
const LOOK: Duration = Duration::from_secs(1);

/// How often they are looked for although the database tells (PostgreSQL): a notice may be lost with its connection.
const BACKSTOP: Duration = Duration::from_secs(5);

/// Packages that are loaded side by side; compiling is bounded again by the runtime.
const PARALLEL_LOADS: usize = 4;

/// Wait before a package that could not be looked at (the database failed) is tried again.
const RETRY: Duration = Duration::from_secs(5);

/// Longest that a start waits for the installed plugins; what is not compiled by then follows while the host serves.
const START_PATIENCE: Duration = Duration::from_secs(10);

/// How often packages that nobody installed are removed, and versions that did not load are tried again.
const SWEEP: Duration = Duration::from_secs(600);

/// The packages of an installation.
fn digests(row: &Arc<InstallationRow>) -> Vec<PackageDigest> {
    let versions = [Some(&row.active), row.previous.as_ref(), row.pending.as_ref()];
    versions.into_iter().flatten().map(|version| version.digest.clone()).collect()
}

/// Code that an installation wants and that is not loaded.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Wanted {
    id: InstallationId,
    digest: PackageDigest,
}

/// Loads that run or wait, each once.
#[derive(Default)]
struct Loads {
    known: HashSet<Wanted>,
    waiting: VecDeque<Wanted>,
    running: FuturesUnordered<BoxFuture<'static, (Wanted, bool)>>,
    look_at: Option<Instant>,
}

impl Loads {
    fn add(&mut self, wanted: Vec<Wanted>) {
        for wanted in wanted {
            if self.known.insert(wanted.clone()) {
                self.waiting.push_back(wanted);
            }
        }
    }

    fn begin(&mut self, service: &PluginService) {
        while self.running.len() < PARALLEL_LOADS {
            let Some(wanted) = self.waiting.pop_front() else { return };
            let service = service.clone();
            self.running.push(Box::pin(async move { (wanted.clone(), service.load(wanted).await) }));
        }
    }
}

impl PluginService {
    /// Loads the shipped families and what is installed, waiting for the latter some seconds at most.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn start(&self) -> Result<(), StoreError> {
        let shipped = shipped::load(&self.inner).await;
        let names: Vec<_> = shipped.iter().map(|live| (live.name.clone(), live.id)).collect();
        self.inner.store.adopt_named_usage(&names).await?;
        self.inner.table.store(Arc::new(Table::new(0, shipped, Vec::new())));
        let wanted = self.refresh().await?;
        let loads = stream::iter(wanted).for_each_concurrent(PARALLEL_LOADS, async |wanted| {
            self.load(wanted).await;
        });
        if tokio::time::timeout(START_PATIENCE, loads).await.is_err() {
            tracing::warn!("some plugins are still being compiled; they serve as soon as they are");
        }
        Ok(())
    }

    /// Follows the database until `leave` fires. Started once per host by whoever owns its tasks.
    pub async fn run(self, leave: CancellationToken) {
        let mut notices = self.inner.store.subscribe();
        let mut listening = true;
        let mut loads = Loads::default();
        let mut next_sweep = Instant::now() + SWEEP;
        let interval = if self.inner.store.engine_name() == "postgres" { BACKSTOP } else { LOOK };
        // A point in time and not a span: on a busy host notices about turns come without end and must not put it off.
        let mut next_look = Instant::now() + interval;
        // What the start did not wait for is wanted still.
        self.inner.wake.notify_one();
        loop {
            let look = tokio::select! {
                () = leave.cancelled() => return,
                () = self.inner.wake.notified() => true,
                notice = notices.recv(), if listening => match notice {
                    Some(Notice::PluginsChanged | Notice::Resync) => true,
                    Some(
                        Notice::Appended { .. }
                        | Notice::StopRequested { .. }
                        | Notice::TurnsFreed
                        | Notice::ProjectChanged { .. },
                    ) => continue,
                    None => {
                        listening = false;
                        continue;
                    }
                },
                Some((wanted, retry)) = loads.running.next(), if !loads.running.is_empty() => {
                    loads.known.remove(&wanted);
                    // A package that could not be looked at now is wanted again at the next look.
                    if retry {
                        loads.look_at = Some(Instant::now() + RETRY);
                    }
                    false
                }
                () = tokio::time::sleep_until(next_look) => loads.look_at.take_if(|at| *at <= Instant::now()).is_some(),
            };
            next_look = Instant::now() + interval;
            match self.look(look).await {
                Ok(wanted) => loads.add(wanted),
                Err(error) => {
                    tracing::warn!(error = chain(&error), "the installed plugins could not be looked at; trying again");
                    loads.look_at = Some(Instant::now() + RETRY);
                }
            }
            loads.begin(&self);
            if Instant::now() >= next_sweep {
                next_sweep = Instant::now() + SWEEP;
                // A host that had no time or memory then may have it now.
                self.failures().lasting.clear();
                self.inner.wake.notify_one();
                if let Err(error) = self.inner.store.sweep_packages(bricklayer_domain::now() - STAGED_FOR).await {
                    tracing::warn!(error = chain(&error), "packages that nobody installed were not removed");
                }
            }
        }
    }

    /// Looks at the database when somebody said so or its generation moved; what is to be loaded then.
    async fn look(&self, told: bool) -> Result<Vec<Wanted>, StoreError> {
        if !told && self.inner.store.plugin_generation().await? == self.inner.table.load().generation {
            return Ok(Vec::new());
        }
        self.refresh().await
    }

    /// Makes the table anew from the database and swaps it in. What is removed, revoked or switched holds when this
    /// returns; versions whose code is not loaded are answered, and [`PluginService::load`] brings them.
    pub(crate) async fn refresh(&self) -> Result<Vec<Wanted>, StoreError> {
        let _making = self.inner.making_table.lock().await;
        let PluginSnapshot { generation, installations, shipped_switches } = self.inner.store.plugin_snapshot().await?;
        let old = self.inner.table.load_full();
        let mut wanted = Vec::new();
        let mut installed = Vec::with_capacity(installations.len());
        for row in installations {
            let (live, missing) = self.live(&old, row);
            wanted.extend(missing);
            installed.push(Arc::new(live));
        }
        let still: HashSet<InstallationId> = installed.iter().map(|live| live.id).collect();
        self.failures().lasting.retain(|(id, _), _| still.contains(id));
        let kept: HashSet<PackageDigest> = installed.iter().filter_map(|live| live.row()).flat_map(digests).collect();
        let gone: HashSet<PackageDigest> = old.installed().filter_map(|live| live.row()).flat_map(digests).collect();
        let shipped = shipped::switched(old.shipped(), &shipped_switches);
        self.inner.table.store(Arc::new(Table::new(generation, shipped, installed)));
        self.inner.changes.send_modify(|count| *count += 1);
        for digest in gone.difference(&kept) {
            self.inner.runtime.forget(digest.as_str()).await;
        }
        Ok(wanted)
    }

    /// A row with the best code that is loaded: the active version's; else what served until now.
    fn live(&self, old: &Table, row: InstallationRow) -> (Live, Option<Wanted>) {
        let row = Arc::new(row);
        let before = old.get(row.id).and_then(|live| live.serving.clone());
        let policy = &self.inner.policy;
        let digest = row.active.digest.clone();
        if let Some(serving) = before.as_ref().filter(|serving| serving.digest == digest) {
            return (Live::installed(row, Some(serving.clone()), None, policy), None);
        }
        if let Some(plugin) = self.inner.loaded.get(&digest) {
            let serving = Serving { plugin, digest, trial: Arc::default() };
            return (Live::installed(row, Some(serving), None, policy), None);
        }
        let Some(problem) = self.failures().lasting.get(&(row.id, digest.clone())).cloned() else {
            let wanted = Wanted { id: row.id, digest };
            return (Live::installed(row, before, None, policy), Some(wanted));
        };
        // The last good one goes on; after a start that is the version before, when that one loads.
        let (before, wanted) = match (before, row.previous.as_ref().map(|version| version.digest.clone())) {
            (None, Some(digest)) => match self.inner.loaded.get(&digest) {
                Some(plugin) => (Some(Serving { plugin, digest, trial: Arc::default() }), None),
                None if self.failures().lasting.contains_key(&(row.id, digest.clone())) => (None, None),
                None => (None, Some(Wanted { id: row.id, digest })),
            },
            (before, _) => (before, None),
        };
        (Live::installed(row, before, Some(problem), policy), wanted)
    }

    /// Loads one version's code and swaps it in; true when it should be tried again.
    async fn load(&self, wanted: Wanted) -> bool {
        match self.bring(&wanted).await {
            Ok(()) => {}
            // Changed in the database: looking again does not mend it.
            Err(error @ PluginError::Store(StoreError::Inconsistent { .. })) => self.keep_failure(wanted, &error),
            // Nothing wrong with the package.
            Err(PluginError::Store(_) | PluginError::Unavailable(_)) => return true,
            // Removed meanwhile.
            Err(PluginError::NotFound) => return false,
            Err(error) => self.keep_failure(wanted, &error),
        }
        match self.refresh().await {
            Ok(wanted) if wanted.is_empty() => false,
            // Of a change that this refresh was the first to see, or the version before one that does not load.
            Ok(_) => {
                self.inner.wake.notify_one();
                false
            }
            Err(error) => {
                tracing::warn!(error = chain(&error), "a loaded plugin could not be put into the catalogue yet");
                true
            }
        }
    }

    fn keep_failure(&self, wanted: Wanted, error: &PluginError) {
        tracing::error!(plugin.id = %wanted.id, plugin.digest = %wanted.digest, error = chain(&error), "an installed plugin cannot be loaded");
        self.failures().lasting.insert((wanted.id, wanted.digest), error.to_string());
    }

    async fn bring(&self, wanted: &Wanted) -> Result<(), PluginError> {
        let row = self.inner.store.get_installation(wanted.id).await?.ok_or(PluginError::NotFound)?;
        let bytes = self.inner.store.get_package(&wanted.digest).await?;
        let bytes = bytes.ok_or_else(|| PluginError::Broken("its package is missing in the database".to_owned()))?;
        let namespace = ToolNamespace::plugin(&row.name);
        self.inner.loaded.prepare(&self.inner.runtime, &wanted.digest, bytes, namespace).await?;
        Ok(())
    }

    fn failures(&self) -> std::sync::MutexGuard<'_, Failures> {
        self.inner.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a change that was just made here into the catalogue. The change is made whatever comes of this: a failure
    /// leaves it to the next look.
    pub(crate) async fn show_change(&self) {
        match self.refresh().await {
            Ok(wanted) if wanted.is_empty() => {}
            Ok(_) => self.inner.wake.notify_one(),
            Err(error) => {
                tracing::warn!(error = chain(&error), "a change of plugins could not be read back yet");
                self.inner.wake.notify_one();
            }
        }
    }
}
