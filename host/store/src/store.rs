//! The handle, and what it owns: connections, the writers, the listener.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bricklayer_domain::{ConversationId, ProjectId};
use chrono::{DateTime, Utc};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::audit_chain::AuditChain;
use crate::clock::{Clock, now};
use crate::connect::{PATIENT_LIMIT, StoreOptions, StoreUrl, open, postgres_options};
use crate::engine::{Engine, args};
use crate::error::StoreError;
use crate::lease_clock::LeaseMoment;
use crate::limits::{ConversationLimits, ResultLimits};
use crate::notices::{Notice, NoticeBoard, Notices, listen};
use crate::result_totals::UserTotals;
use crate::writer::{Command, Writer};

/// Writers of one host in PostgreSQL, so that one slow commit does not hold all turns up; a turn always has the same.
const POSTGRES_WRITERS: usize = 4;

/// Appends that may wait for one writer; past it, appending waits. Protects memory when the disk is slow.
const WRITER_QUEUE: usize = 1024;

/// How long opening waits until other hosts' notices are heard.
const LISTEN_TIMEOUT: Duration = Duration::from_secs(10);

/// The database; cheap to clone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Engine,
    prompt: Engine,
    notices: NoticeBoard,
    clock: Arc<dyn Clock>,
    lease: Duration,
    staged_bytes: u64,
    conversation_limits: ConversationLimits,
    result_limits: ResultLimits,
    result_totals: UserTotals,
    projects_per_user: u32,
    writers: Vec<mpsc::Sender<Command>>,
    /// What this handle records hangs together.
    audit_chain: AuditChain,
    /// Taken by `close`; dropping it ends the tasks.
    tasks: Mutex<Option<JoinSet<()>>>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("engine", &self.engine_name()).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the database, creating it when it is missing, and brings its schema up to date. Safe with several
    /// processes that start together.
    ///
    /// # Errors
    /// [`StoreError`] says what to do: damaged, read-only, full, locked, of a newer program, or not reachable.
    pub async fn connect(url: &StoreUrl, options: StoreOptions) -> Result<Self, StoreError> {
        let engine = open(url, &options).await?;
        let prompt = engine.within(options.prompt_limit());
        let notices = NoticeBoard::new();
        let mut tasks = JoinSet::new();
        let count = match &engine {
            Engine::Sqlite { .. } => 1,
            Engine::Postgres(_) => POSTGRES_WRITERS,
        };
        let mut writers = Vec::with_capacity(count);
        for _ in 0..count {
            let (sender, receiver) = mpsc::channel(WRITER_QUEUE);
            let writer = Writer::new(prompt.clone(), notices.clone(), Arc::clone(&options.clock), options.lease);
            tasks.spawn(writer.run(receiver));
            writers.push(sender);
        }
        if let StoreUrl::Postgres(url) = url {
            let (ready, listening) = oneshot::channel();
            tasks.spawn(listen(postgres_options(url)?, notices.clone(), ready));
            if !matches!(tokio::time::timeout(LISTEN_TIMEOUT, listening).await, Ok(Ok(()))) {
                engine.close().await;
                return Err(StoreError::Unavailable(Box::new(sqlx::Error::PoolTimedOut)));
            }
        }
        let inner = Inner {
            engine,
            prompt,
            notices,
            clock: options.clock,
            lease: options.lease,
            staged_bytes: options.staged_bytes,
            conversation_limits: options.conversation_limits,
            result_limits: options.result_limits,
            result_totals: UserTotals::default(),
            projects_per_user: options.projects_per_user,
            writers,
            audit_chain: AuditChain::new(),
            tasks: Mutex::new(Some(tasks)),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// `sqlite` or `postgres`.
    #[must_use]
    pub fn engine_name(&self) -> &'static str {
        match self.inner.engine {
            Engine::Sqlite { .. } => "sqlite",
            Engine::Postgres(_) => "postgres",
        }
    }

    /// How long a worker may be silent before its turns can be taken over: renew at least every third of it.
    #[must_use]
    pub fn lease_duration(&self) -> Duration {
        self.inner.lease
    }

    /// Whether the database takes writes, within the limit of a statement: reads alone would not notice a full disk or
    /// a file that is gone.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn probe(&self) -> Result<(), StoreError> {
        let at = self.now();
        self.inner.prompt.write("update probe set at = $1 where id = 1", args![at]).await?;
        Ok(())
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.inner.prompt.fetch_optional("select 1 as one", &[]).await?;
        Ok(())
    }

    /// Notices from now on: subscribe first, then read the log, and nothing falls between.
    #[must_use]
    pub fn subscribe(&self) -> Notices {
        self.inner.notices.subscribe()
    }

    /// Finishes appends that were accepted, then closes the connections. Later calls on any handle fail with
    /// [`StoreError::Closed`]. Calling it again does nothing.
    pub async fn close(&self) {
        let tasks = self.inner.tasks.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        for writer in &self.inner.writers {
            let (done, finished) = oneshot::channel();
            if writer.send(Command::Close(done)).await.is_ok() {
                let _ = finished.await;
            }
        }
        // The listener holds a connection until it is gone; the writers have ended.
        if let Some(mut tasks) = tasks {
            tasks.shutdown().await;
        }
        self.inner.engine.close().await;
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    /// For what turns and background tasks stand on: its statements come back soon or fail.
    pub(crate) fn prompt(&self) -> &Engine {
        &self.inner.prompt
    }

    /// For statements that go through much at once.
    pub(crate) fn patient(&self) -> Engine {
        self.inner.engine.within(PATIENT_LIMIT)
    }

    /// Tells whoever shows lists that something in a project changed.
    pub(crate) async fn announce(&self, project: ProjectId, conversation: Option<ConversationId>) {
        self.notices().tell(self.engine(), &[Notice::ProjectChanged { project, conversation }]).await;
    }

    pub(crate) fn notices(&self) -> &NoticeBoard {
        &self.inner.notices
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        now(self.inner.clock.as_ref())
    }

    pub(crate) fn staged_bytes(&self) -> u64 {
        self.inner.staged_bytes
    }

    pub(crate) fn conversation_limits(&self) -> ConversationLimits {
        self.inner.conversation_limits
    }

    /// How much results may take.
    #[must_use]
    pub fn result_limits(&self) -> ResultLimits {
        self.inner.result_limits
    }

    pub(crate) fn result_totals(&self) -> &UserTotals {
        &self.inner.result_totals
    }

    pub(crate) fn projects_per_user(&self) -> u32 {
        self.inner.projects_per_user
    }

    pub(crate) fn audit_chain(&self) -> AuditChain {
        self.inner.audit_chain
    }

    /// Now, on the clock of leases.
    pub(crate) fn lease_now(&self) -> LeaseMoment {
        LeaseMoment::now(self.now())
    }

    /// When a lease taken or renewed now ends.
    pub(crate) fn lease_end(&self) -> LeaseMoment {
        LeaseMoment::in_future(self.now(), self.inner.lease)
    }

    pub(crate) fn writers(&self) -> &[mpsc::Sender<Command>] {
        &self.inner.writers
    }
}
