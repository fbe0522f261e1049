//! Statements from submission to expiry: a bounded number runs at a time, results are kept for an hour within a memory
//! bound, ids are known for twelve. Rules: Statement Execution API (states, keep-alive).
//!
//! A statement is an owned task: the request that submitted it only watches.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::{Semaphore, watch};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::{
    sql::engine::{Canceller, Engine, Request, Rows},
    sql::language::error::SqlError,
};

/// Statements that run at the same time; more wait their turn. DuckDB runs each on several threads already.
const CONCURRENT_STATEMENTS: usize = 8;

/// Statements that wait or run; more are refused.
const PENDING_STATEMENTS: usize = 256;

/// How long a result can be fetched after the statement succeeded.
const RESULT_LIFETIME: Duration = Duration::from_secs(60 * 60);

/// How long a statement's id is known.
const STATEMENT_LIFETIME: Duration = Duration::from_secs(12 * 60 * 60);

/// Statements remembered; the oldest finished ones go first.
const KEPT_STATEMENTS: usize = 5_000;

/// Bytes of all results kept; the oldest go first.
const KEPT_RESULT_BYTES: usize = 512 * 1024 * 1024;

/// How often a running statement is interrupted again, as DuckDB forgets an interrupt that comes before its query.
const INTERRUPT_INTERVAL: Duration = Duration::from_millis(10);

/// Where a statement stands. From `Pending` it goes to `Running`, from both to one of the others; only `Succeeded` goes
/// on, to `Closed`.
#[derive(Debug, Clone)]
pub(crate) enum Status {
    Pending,
    Running,
    Succeeded {
        rows: Arc<Rows>,
    },
    Failed(SqlError),
    Canceled,
    /// Succeeded, but the result is gone.
    Closed,
}

impl Status {
    pub(crate) fn is_final(&self) -> bool {
        !matches!(self, Self::Pending | Self::Running)
    }
}

/// What the API said about a statement when it was submitted.
#[derive(Debug, Clone)]
pub(crate) struct Submission {
    pub(crate) request: Request,
    pub(crate) warehouse_id: String,
    /// Whether results are given by links.
    pub(crate) external: bool,
    pub(crate) client: Option<String>,
}

/// A statement.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) id: Uuid,
    pub(crate) submission: Submission,
    /// Milliseconds since the epoch.
    pub(crate) started_at: i64,
    status: watch::Sender<Status>,
    canceller: Arc<Canceller>,
    submitted: Instant,
    end: Mutex<Option<End>>,
}

/// How a statement ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct End {
    at: Instant,
    /// Milliseconds since the epoch.
    pub(crate) ended_at: i64,
    pub(crate) kind: &'static str,
    pub(crate) rows: u64,
}

impl Entry {
    pub(crate) fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    pub(crate) fn end(&self) -> Option<End> {
        *lock(&self.end)
    }

    /// Waits until the statement ended, at most for `limit`.
    pub(crate) async fn wait(&self, limit: Duration) -> Status {
        let mut watch = self.status.subscribe();
        let ended = watch.wait_for(Status::is_final);
        let _ = tokio::time::timeout(limit, ended).await;
        self.status()
    }

    fn result_bytes(&self) -> usize {
        match &*self.status.borrow() {
            Status::Succeeded { rows } => rows.chunks.iter().map(|c| c.data.len()).sum(),
            _ => 0,
        }
    }

    fn close(&self) {
        self.status.send_if_modified(|status| {
            let succeeded = matches!(status, Status::Succeeded { .. });
            if succeeded {
                *status = Status::Closed;
            }
            succeeded
        });
    }
}

/// All statements of the workspace.
#[derive(Debug)]
pub(crate) struct Statements {
    engine: Arc<Engine>,
    permits: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    tasks: TaskTracker,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    entries: HashMap<Uuid, Arc<Entry>>,
    /// In the order of submission.
    order: VecDeque<Uuid>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Statements {
    pub(crate) fn new(engine: Arc<Engine>) -> Self {
        Self {
            engine,
            permits: Arc::new(Semaphore::new(CONCURRENT_STATEMENTS)),
            waiting: Arc::new(Semaphore::new(PENDING_STATEMENTS)),
            tasks: TaskTracker::new(),
            known: Mutex::default(),
        }
    }

    /// Starts a statement; `None` when too many wait already.
    pub(crate) fn submit(&self, submission: Submission) -> Option<Arc<Entry>> {
        let place = Arc::clone(&self.waiting).try_acquire_owned().ok()?;
        let entry = Arc::new(Entry {
            id: Uuid::now_v7(),
            submission,
            started_at: crate::clock::now().timestamp_millis(),
            status: watch::Sender::new(Status::Pending),
            canceller: Arc::default(),
            submitted: Instant::now(),
            end: Mutex::default(),
        });
        self.remember(&entry);
        let (engine, permits, running) = (Arc::clone(&self.engine), Arc::clone(&self.permits), Arc::clone(&entry));
        self.tasks.spawn(async move {
            let permit = permits.acquire_owned().await;
            let worker = Arc::clone(&running);
            let ran = tokio::task::spawn_blocking(move || run(&engine, &worker)).await;
            if let Err(e) = ran {
                finish(&running, Err(SqlError::internal(format!("the statement's thread ended: {e}"))));
            }
            drop((permit, place));
        });
        Some(entry)
    }

    /// A statement of this user.
    pub(crate) fn get(&self, id: &Uuid, user: &str) -> Option<Arc<Entry>> {
        let entry = lock(&self.known).entries.get(id).cloned()?;
        if entry.submission.request.user != user || entry.submitted.elapsed() > STATEMENT_LIFETIME {
            return None;
        }
        if entry.end().is_some_and(|end| end.at.elapsed() > RESULT_LIFETIME) {
            entry.close();
        }
        Some(entry)
    }

    /// Any user's statement, for links that carry their own proof.
    pub(crate) fn get_signed(&self, id: &Uuid) -> Option<Arc<Entry>> {
        lock(&self.known).entries.get(id).cloned()
    }

    /// Statements of a user, newest first.
    pub(crate) fn history(&self, user: &str) -> Vec<Arc<Entry>> {
        let known = lock(&self.known);
        let newest = known.order.iter().rev().filter_map(|id| known.entries.get(id));
        newest.filter(|e| e.submission.request.user == user).cloned().collect()
    }

    /// Asks a statement to end; it says so itself when it has.
    pub(crate) fn cancel(&self, entry: &Arc<Entry>) {
        if entry.status().is_final() {
            return;
        }
        entry.canceller.cancel();
        let entry = Arc::clone(entry);
        self.tasks.spawn(async move {
            let mut watch = entry.status.subscribe();
            loop {
                let ended = watch.wait_for(Status::is_final);
                if tokio::time::timeout(INTERRUPT_INTERVAL, ended).await.is_ok() {
                    return;
                }
                entry.canceller.cancel();
            }
        });
    }

    /// Ends all statements and waits for them.
    pub(crate) async fn shutdown(&self) {
        let entries: Vec<_> = lock(&self.known).entries.values().cloned().collect();
        for entry in entries {
            self.cancel(&entry);
        }
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn remember(&self, entry: &Arc<Entry>) {
        let mut known = lock(&self.known);
        known.order.push_back(entry.id);
        known.entries.insert(entry.id, Arc::clone(entry));
        known.forget_old();
    }
}

impl Known {
    /// Drops what is past its lifetime or over the bounds, oldest first; running statements stay.
    fn forget_old(&mut self) {
        while let Some(id) = self.order.front() {
            let over = self.order.len() > KEPT_STATEMENTS;
            let gone = self
                .entries
                .get(id)
                .is_none_or(|e| e.status().is_final() && (over || e.submitted.elapsed() > STATEMENT_LIFETIME));
            if !gone {
                break;
            }
            self.entries.remove(id);
            self.order.pop_front();
        }
        let mut bytes: usize = self.entries.values().map(|e| e.result_bytes()).sum();
        for id in &self.order {
            if bytes <= KEPT_RESULT_BYTES {
                break;
            }
            if let Some(entry) = self.entries.get(id) {
                bytes -= entry.result_bytes();
                entry.close();
            }
        }
    }
}

fn run(engine: &Engine, entry: &Entry) {
    if entry.canceller.check().is_err() {
        return finish(entry, Err(SqlError::cancelled()));
    }
    entry.status.send_replace(Status::Running);
    let outcome = engine.run(&entry.submission.request, &entry.canceller);
    finish(entry, outcome.map(|o| (o.kind, o.rows)));
}

fn finish(entry: &Entry, outcome: Result<(&'static str, Rows), SqlError>) {
    let (kind, rows) = outcome.as_ref().map_or(("OTHER", 0), |(kind, rows)| (*kind, rows.row_count));
    *lock(&entry.end) = Some(End { at: Instant::now(), ended_at: crate::clock::now().timestamp_millis(), kind, rows });
    let status = match outcome {
        Ok((_, rows)) => Status::Succeeded { rows: Arc::new(rows) },
        Err(e) if e.error_code == "CANCELLED" => Status::Canceled,
        Err(e) => {
            if e.error_code == "INTERNAL_ERROR" {
                tracing::error!(statement.id = %entry.id, "the engine failed: {e}");
            }
            Status::Failed(e)
        }
    };
    entry.status.send_replace(status);
}
