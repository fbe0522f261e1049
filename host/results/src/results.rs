//! Results as a whole: who writes them, who reads them, and what becomes of those that are left behind.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bricklayer_domain::{
    ConversationId, NewResult, ResultContent, ResultCut, ResultId, StoredResult, TurnId, UserId, chain,
};
use bricklayer_store::{Page, PageRequest, Store};
use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::columns::Columns;
use crate::error::ResultsError;
use crate::shared::Shared;
use crate::views::Views;
use crate::workers::Workers;
use crate::writer::{ResultEnd, ResultWriter, Work};

/// Columns of a table at most.
pub const MAX_COLUMNS: usize = 10_000;
/// Longest name of a column, and title or name of a result, in bytes.
pub const MAX_NAME_BYTES: usize = 1_024;
/// Writers that were dropped and whose rest waits to be stored; what comes then is found later as lost.
const ABANDONED_QUEUE: usize = 256;
/// How often a host sees to the results that it writes, and looks for those that lost their writer.
const SWEEP_INTERVAL: Duration = Duration::from_secs(60);
/// How long a host that leaves waits for its writers to end or be dropped, and how often it looks.
const LEAVE_TIME: Duration = Duration::from_secs(5);
const LEAVE_INTERVAL: Duration = Duration::from_millis(20);

/// How results are kept and read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResultsSettings {
    /// Days that results are kept; as long as their conversation when absent.
    pub retention_days: Option<u32>,
    /// Bytes of orders that sorting and filtering made, kept for the next page.
    pub view_cache_bytes: usize,
    /// Bytes of columns that were read and unpacked, kept for the next page.
    pub column_cache_bytes: usize,
    /// Bytes of values that one sort, or one question about groups, may hold.
    pub sort_bytes: usize,
}

impl Default for ResultsSettings {
    fn default() -> Self {
        Self { retention_days: None, view_cache_bytes: 64 << 20, column_cache_bytes: 256 << 20, sort_bytes: 256 << 20 }
    }
}

struct Inner {
    shared: Shared,
    settings: ResultsSettings,
    views: Views,
    columns: Arc<Columns>,
    abandoned: mpsc::Sender<Work>,
    /// Taken by [`Results::run`].
    left: Mutex<Option<mpsc::Receiver<Work>>>,
}

/// The results of all users; cheap to clone.
#[derive(Clone)]
pub struct Results {
    inner: Arc<Inner>,
}

impl std::fmt::Debug for Results {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Results").field("settings", &self.inner.settings).finish_non_exhaustive()
    }
}

impl Results {
    /// Over a database. [`Results::run`] has to be driven, or dropped writers leave nothing.
    #[must_use]
    pub fn new(store: Store, settings: ResultsSettings) -> Self {
        let (abandoned, left) = mpsc::channel(ABANDONED_QUEUE);
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let inner = Inner {
            shared: Shared::new(store, Workers::new(threads)),
            settings,
            views: Views::new(settings.view_cache_bytes),
            columns: Arc::new(Columns::new(settings.column_cache_bytes)),
            abandoned,
            left: Mutex::new(Some(left)),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Begins a result. Nothing is stored until there is something to store.
    ///
    /// # Errors
    /// [`ResultsError::Query`] when it has too many columns or too long names.
    pub fn open(&self, new: NewResult) -> Result<ResultWriter, ResultsError> {
        let head = &new.head;
        if head.columns.len() > MAX_COLUMNS {
            return Err(ResultsError::query("columns", format!("must be at most {MAX_COLUMNS}")));
        }
        if head.content != ResultContent::Table && !head.columns.is_empty() {
            return Err(ResultsError::query("columns", "are for tables"));
        }
        let is_long = |name: &String| name.len() > MAX_NAME_BYTES;
        let names = [&head.title, &head.file_name, &head.media_type];
        if head.columns.iter().any(|column| is_long(&column.name)) || names.into_iter().flatten().any(is_long) {
            return Err(ResultsError::query("name", format!("must be at most {MAX_NAME_BYTES} bytes")));
        }
        Ok(ResultWriter::new(self.inner.shared.clone(), self.inner.abandoned.clone(), ResultId::new(), new))
    }

    /// A result, without what is in it.
    ///
    /// # Errors
    /// [`ResultsError::Store`]: there is none of this user's, or the database fails.
    pub async fn describe(&self, user: &UserId, id: ResultId) -> Result<StoredResult, ResultsError> {
        Ok(self.shared().stored(user, id).await?)
    }

    /// The results of a conversation, the newest first.
    ///
    /// # Errors
    /// [`ResultsError::Store`]: there is no such conversation of this user's, or the database fails.
    pub async fn list(
        &self,
        user: &UserId,
        conversation: ConversationId,
        page: PageRequest,
    ) -> Result<Page<StoredResult>, ResultsError> {
        Ok(self.store().list_results(user, conversation, page).await?)
    }

    /// The results that the calls of a turn made, the first ones, at most `limit`.
    ///
    /// # Errors
    /// [`ResultsError::Store`]: there is no such turn of this user's, or the database fails.
    pub async fn of_turn(&self, user: &UserId, turn: TurnId, limit: u32) -> Result<Vec<StoredResult>, ResultsError> {
        Ok(self.store().turn_results(user, turn, limit).await?)
    }

    pub(crate) fn store(&self) -> &Store {
        self.inner.shared.store()
    }

    pub(crate) fn workers(&self) -> &Workers {
        self.inner.shared.workers()
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.inner.shared
    }

    pub(crate) fn columns(&self) -> &Arc<Columns> {
        &self.inner.columns
    }

    pub(crate) fn views(&self) -> &Views {
        &self.inner.views
    }

    pub(crate) fn settings(&self) -> ResultsSettings {
        self.inner.settings
    }

    /// Stores what dropped writers leave, sees to those that write, and looks for what others left behind, until
    /// `leave` fires; then stores what is still to be stored.
    pub async fn run(self, leave: CancellationToken) {
        let left = self.inner.left.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut left) = left else { return };
        let mut sweep = tokio::time::interval(SWEEP_INTERVAL);
        loop {
            tokio::select! {
                biased;
                work = left.recv() => match work {
                    Some(work) => self.keep(work).await,
                    None => return,
                },
                () = leave.cancelled() => break,
                _ = sweep.tick() => self.sweep().await,
            }
        }
        // Calls that are under way end now, and drop their writers.
        let waited = tokio::time::timeout(LEAVE_TIME, async {
            while self.inner.shared.is_held() {
                tokio::select! {
                    work = left.recv() => if let Some(work) = work { self.keep(work).await },
                    () = tokio::time::sleep(LEAVE_INTERVAL) => {}
                }
            }
        });
        if waited.await.is_err() {
            tracing::warn!("results are still being written; they will be found as lost");
        }
        left.close();
        while let Some(work) = left.recv().await {
            self.keep(work).await;
        }
    }

    async fn keep(&self, mut work: Work) {
        let end = ResultEnd { cut: Some(ResultCut::Interrupted), ..ResultEnd::default() };
        if let Err(error) = work.end(&self.inner.shared, end).await {
            tracing::warn!(error = chain(&error), result.id = %work.id, "the rest of a result was not kept");
        }
    }

    /// Sees to the results that this host writes, settles those that lost their writer, and deletes those whose time is
    /// over: what [`Results::run`] does at its begin and every minute. A failure is logged, and the next one tries again.
    pub async fn sweep(&self) {
        let live: Vec<_> = self.inner.shared.live().iter().copied().collect();
        let before = self.inner.settings.retention_days.and_then(|days| expiry(bricklayer_domain::now(), days));
        let swept = async {
            self.store().touch_results(&live).await?;
            let lost = self.store().settle_lost_results().await?;
            let expired = match before {
                Some(before) => self.store().expire_results(before).await?,
                None => 0,
            };
            Ok::<_, bricklayer_store::StoreError>((lost, expired))
        };
        match swept.await {
            Ok((0, 0)) => {}
            Ok((lost, expired)) => tracing::info!(lost, expired, "settled results"),
            Err(error) => tracing::warn!(error = chain(&error), "results were not swept; trying again later"),
        }
    }
}

fn expiry(now: DateTime<Utc>, days: u32) -> Option<DateTime<Utc>> {
    now.checked_sub_signed(TimeDelta::days(days.into()))
}
