//! Opening a store: where the database is, how it is set up, and bringing its schema up to date.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::Connection as _;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use crate::clock::{Clock, SystemClock};
use crate::engine::Engine;
use crate::error::StoreError;
use crate::file::OpenFile;
use crate::limits::{ConversationLimits, DEFAULT_STAGED_BYTES, ResultLimits};
use crate::migrations;
use crate::postgres::Connections;
use crate::sqlite_writer::SqliteWriter;

/// How long a worker may be silent before another takes its turns over. Renewing every quarter of it survives two lost
/// renewals; clocks of hosts must agree much closer.
const DEFAULT_LEASE: Duration = Duration::from_secs(8);

/// Longest that a statement of a request may take at PostgreSQL: half of what a request may.
const STATEMENT_LIMIT: Duration = Duration::from_secs(20);

/// The same for statements that go through much at once, such as a project's deletion.
pub(crate) const PATIENT_LIMIT: Duration = Duration::from_secs(120);

/// Least limit for the statements that turns stand on: below it a busy database looks like a silent one.
const MIN_PROMPT_LIMIT: Duration = Duration::from_secs(2);

/// How long a statement waits for another process's write to a SQLite file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How long an operation waits for a connection: past it the database is overloaded or gone, and saying so is better
/// than a longer queue.
const DEFAULT_ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// SQLite readers beside the one writer; each is a thread and a page cache of up to 2 MiB.
const DEFAULT_READERS: u32 = 4;

/// Projects of one user when nobody chose: as many as a list shows.
pub const DEFAULT_PROJECTS_PER_USER: u32 = 2_000;

/// PostgreSQL connections of one host; a server's usual limit is 100 for all hosts.
const DEFAULT_POSTGRES_CONNECTIONS: u32 = 16;

/// Least time that a host may stand still in a transaction, however short leases are: a busy machine does now and then.
const MIN_SILENCE: Duration = Duration::from_secs(4);

/// Attempts to open a SQLite file that another process is just creating: the switch to WAL does not wait its turn.
const OPEN_ATTEMPTS: u32 = 50;

/// Pause between those attempts.
const OPEN_RETRY_PAUSE: Duration = Duration::from_millis(50);

/// The text names no database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a database address: expected sqlite:<path> or postgres://<user>@<host>/<database>")]
pub struct StoreUrlError;

/// Where the database is. Prints without the password.
#[derive(Clone, PartialEq, Eq)]
pub enum StoreUrl {
    /// A file, created when missing (its folder must exist).
    Sqlite(PathBuf),
    /// A `postgres://` or `postgresql://` address, which may hold a password.
    Postgres(String),
}

impl StoreUrl {
    /// A SQLite file.
    #[must_use]
    pub fn sqlite(path: impl AsRef<Path>) -> Self {
        Self::Sqlite(path.as_ref().to_owned())
    }
}

impl FromStr for StoreUrl {
    type Err = StoreUrlError;

    fn from_str(text: &str) -> Result<Self, StoreUrlError> {
        if let Some(path) = text.strip_prefix("sqlite://").or_else(|| text.strip_prefix("sqlite:")) {
            return if path.is_empty() { Err(StoreUrlError) } else { Ok(Self::sqlite(path)) };
        }
        let is_postgres = text.starts_with("postgres://") || text.starts_with("postgresql://");
        if is_postgres && PgConnectOptions::from_str(text).is_ok() {
            return Ok(Self::Postgres(text.to_owned()));
        }
        Err(StoreUrlError)
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => match PgConnectOptions::from_str(url) {
                Ok(options) => write!(
                    f,
                    "postgres://{}@{}:{}/{}",
                    options.get_username(),
                    options.get_host(),
                    options.get_port(),
                    options.get_database().unwrap_or_default()
                ),
                Err(_) => f.write_str("postgres://"),
            },
        }
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// How a store behaves; the defaults suit one host.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// How long a worker may be silent before its turns can be taken over.
    pub lease: Duration,
    /// Longest that a statement of the writers and of background tasks may take at PostgreSQL, and so how long a
    /// silent network holds turns up; a third of the lease when absent.
    pub statement_limit: Option<Duration>,
    /// SQLite readers beside the one writer.
    pub sqlite_readers: u32,
    /// Bound on the SQLite file in pages of 4 KiB; writes past it fail with [`StoreError::Full`].
    pub sqlite_max_pages: Option<u32>,
    /// Connections to PostgreSQL.
    pub postgres_connections: u32,
    /// How long an operation waits for a connection, and opening for a server that is still starting.
    pub acquire_timeout: Duration,
    /// Most bytes of packages that were brought and not installed; older ones make room for newer ones.
    pub staged_bytes: u64,
    /// How much one conversation may hold.
    pub conversation_limits: ConversationLimits,
    /// How much results may take.
    pub result_limits: ResultLimits,
    /// Projects of one user at most; each may hold files, state and conversations.
    pub projects_per_user: u32,
    /// Tells the time for timestamps and leases.
    pub clock: Arc<dyn Clock>,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            lease: DEFAULT_LEASE,
            statement_limit: None,
            sqlite_readers: DEFAULT_READERS,
            sqlite_max_pages: None,
            postgres_connections: DEFAULT_POSTGRES_CONNECTIONS,
            acquire_timeout: DEFAULT_ACQUIRE_TIMEOUT,
            staged_bytes: DEFAULT_STAGED_BYTES,
            conversation_limits: ConversationLimits::default(),
            result_limits: ResultLimits::default(),
            projects_per_user: DEFAULT_PROJECTS_PER_USER,
            clock: Arc::new(SystemClock),
        }
    }
}

/// How long a host may stand still in the middle of a transaction before the rows that it holds are others' to take.
pub(crate) fn silence(lease: Duration) -> Duration {
    (lease / 2).max(MIN_SILENCE)
}

impl StoreOptions {
    pub(crate) fn prompt_limit(&self) -> Duration {
        self.statement_limit.unwrap_or_else(|| (self.lease / 3).max(MIN_PROMPT_LIMIT))
    }
}

pub(crate) async fn open(url: &StoreUrl, options: &StoreOptions) -> Result<Engine, StoreError> {
    match url {
        StoreUrl::Sqlite(path) => open_sqlite(path, options).await,
        StoreUrl::Postgres(url) => open_postgres(url, options).await,
    }
}

async fn open_sqlite(path: &Path, options: &StoreOptions) -> Result<Engine, StoreError> {
    create_private(path);
    let connect = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .busy_timeout(BUSY_TIMEOUT)
        .journal_mode(SqliteJournalMode::Wal)
        // In WAL mode a commit survives the death of the process without waiting for the disk; a power cut may undo
        // the last commits but never damages the file. Source: https://www.sqlite.org/pragma.html#pragma_synchronous
        .synchronous(SqliteSynchronous::Normal)
        .foreign_keys(true);
    let mut write = connect.clone();
    if let Some(pages) = options.sqlite_max_pages {
        write = write.pragma("max_page_count", pages.to_string());
    }
    let writer = open_writer(write, options).await?;
    if let Err(error) = migrate_sqlite(&writer).await {
        writer.close().await;
        return Err(error);
    }
    let readers = SqlitePoolOptions::new()
        .max_connections(options.sqlite_readers.max(1))
        .acquire_timeout(options.acquire_timeout)
        .test_before_acquire(false)
        .connect_lazy_with(connect.pragma("query_only", "on"));
    Ok(Engine::Sqlite { writer, readers, file: OpenFile::at(path) })
}

/// Makes the file for its owner only; SQLite gives its side files the same mode. When this fails, opening says why.
fn create_private(path: &Path) {
    let mut open = std::fs::OpenOptions::new();
    open.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut open, 0o600);
    drop(open.open(path));
}

async fn open_writer(connect: SqliteConnectOptions, options: &StoreOptions) -> Result<SqliteWriter, StoreError> {
    let mut attempt = 1;
    loop {
        let opened = SqliteWriter::open(connect.clone(), options.acquire_timeout).await.map_err(StoreError::from);
        match opened {
            Err(StoreError::Locked(_)) if attempt < OPEN_ATTEMPTS => {
                attempt += 1;
                tokio::time::sleep(OPEN_RETRY_PAUSE).await;
            }
            done => return done,
        }
    }
}

/// All pending migrations in one transaction: of several processes that start together one does the work while the
/// others wait, and a failure leaves the old schema.
async fn migrate_sqlite(writer: &SqliteWriter) -> Result<(), StoreError> {
    let mut connection = writer.connection().await?;
    let mut tx = connection.begin_with("begin immediate").await?;
    migrations::sqlite().run_direct(None, &mut *tx, false).await?;
    tx.commit().await?;
    Ok(())
}

async fn open_postgres(url: &str, options: &StoreOptions) -> Result<Engine, StoreError> {
    let connect = postgres_options(url)?;
    let connections = Connections::open(
        connect,
        // One of them is the listener's.
        options.postgres_connections.saturating_sub(1),
        options.acquire_timeout,
        silence(options.lease),
        options.prompt_limit() * 3 / 4,
        STATEMENT_LIMIT,
    )
    .await?;
    // The migrator holds an advisory lock, so that hosts that start together take turns.
    if let Err(error) = migrations::postgres().run(connections.pool()).await {
        connections.close().await;
        return Err(error.into());
    }
    Ok(Engine::Postgres(connections))
}

/// How to connect to PostgreSQL.
pub(crate) fn postgres_options(url: &str) -> Result<PgConnectOptions, sqlx::Error> {
    Ok(PgConnectOptions::from_str(url)?.application_name("bricklayer"))
}
