//! PostgreSQL's connections. Nothing waits on one without an end: a network that went silent looks like a database
//! that is slow, and only a limit tells them apart.
//!
//! A statement that does not come back in time fails, and its connection is closed and not used again: what it would
//! still say belongs to nobody. The same holds for one that is dropped in the middle of a statement. The server notices
//! the closed connection and undoes what was under way.

use std::io;
use std::time::Duration;

use bricklayer_domain::chain;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgConnection, PgPool, PgPoolOptions, PgRow};
use sqlx::query::Query;
use sqlx::{Connection as _, Executor as _, Postgres};
use tokio::runtime::Handle;
use tokio::time::error::Elapsed;
use tokio::time::timeout;

/// Idle time after which a connection is tested before it is used: shorter silences are rarely a dead network, and a
/// busy host need not test at all.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);
/// Longest that such a test, or undoing a transaction, may take.
const PROBE_LIMIT: Duration = Duration::from_secs(1);

/// Longest that closing waits for connections in use.
const CLOSE_LIMIT: Duration = Duration::from_secs(5);

/// The connections, and how long one statement may take.
#[derive(Debug, Clone)]
pub(crate) struct Connections {
    pool: PgPool,
    limit: Duration,
}

/// The error of a statement that did not come back.
pub(crate) fn silent() -> sqlx::Error {
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, "the database did not answer in time"))
}

/// What the server does for a host that went silent: it ends its transactions, and so lets go of the rows that they
/// hold, when they have stood still for `silence`. It gives up waiting for a row before the host gives up waiting for
/// the server, so that nothing happens later that nobody waits for. Versions and systems that lack a setting do without.
async fn expect_silence(
    connection: &mut PgConnection,
    silence: Duration,
    lock_limit: Duration,
) -> Result<(), sqlx::Error> {
    let milliseconds = silence.as_millis().to_string();
    let seconds = (silence.as_secs() / 3).max(1).to_string();
    sqlx::query(
        "select set_config(wanted.name, wanted.value, false)
        from (
                values
                    ('idle_in_transaction_session_timeout', $1),
                    ('client_connection_check_interval', $1),
                    ('tcp_user_timeout', $1),
                    ('lock_timeout', $3),
                    ('tcp_keepalives_idle', $2),
                    ('tcp_keepalives_interval', $2),
                    ('tcp_keepalives_count', '3')
            ) as wanted (name, value)
            join pg_settings on pg_settings.name = wanted.name",
    )
    .bind(milliseconds)
    .bind(seconds)
    .bind(lock_limit.as_millis().to_string())
    .execute(connection)
    .await?;
    Ok(())
}

impl Connections {
    /// Opens the first one and keeps at most `count`. `silence` is how long a host may stand still in a transaction,
    /// `lock_limit` how long a statement waits for a row.
    pub(crate) async fn open(
        options: PgConnectOptions,
        count: u32,
        acquire_timeout: Duration,
        silence: Duration,
        lock_limit: Duration,
        limit: Duration,
    ) -> Result<Self, sqlx::Error> {
        let pool = PgPoolOptions::new()
            .max_connections(count.max(1))
            .acquire_timeout(acquire_timeout)
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for < TRUSTED_IDLE {
                        return Ok(true);
                    }
                    timeout(PROBE_LIMIT, connection.ping()).await.map_err(|_| silent())?.map(|()| true)
                })
            })
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    let set = expect_silence(connection, silence, lock_limit);
                    if let Err(error) = timeout(PROBE_LIMIT, set).await.map_err(|_| silent())? {
                        tracing::warn!(error = chain(&error), "a session keeps the server's settings");
                    }
                    Ok(())
                })
            })
            .connect_with(options)
            .await?;
        Ok(Self { pool, limit })
    }

    /// The same with another limit for each statement.
    pub(crate) fn within(&self, limit: Duration) -> Self {
        Self { pool: self.pool.clone(), limit }
    }

    pub(crate) const fn pool(&self) -> &PgPool {
        &self.pool
    }

    pub(crate) async fn close(&self) {
        // Connections that are out come back within their limits; a dead network must not hold the end up for longer.
        let _ = timeout(CLOSE_LIMIT, self.pool.close()).await;
    }

    /// A connection, for one statement.
    pub(crate) async fn link(&self) -> Result<Link, sqlx::Error> {
        let connection = timeout(self.limit, self.pool.acquire()).await.map_err(|_| silent())??;
        Ok(Link { connection: Some(connection), limit: self.limit, in_statement: false, in_transaction: false })
    }

    /// A connection with an open transaction.
    pub(crate) async fn begin(&self, statement: &'static str) -> Result<Link, sqlx::Error> {
        let mut link = self.link().await?;
        link.control(statement).await?;
        link.in_transaction = true;
        Ok(link)
    }
}

/// One connection in use. Dropping it undoes a transaction that was not committed.
#[derive(Debug)]
pub(crate) struct Link {
    /// Absent once it was closed.
    connection: Option<PoolConnection<Postgres>>,
    limit: Duration,
    in_statement: bool,
    in_transaction: bool,
}

type Statement = Query<'static, Postgres, PgArguments>;

impl Link {
    fn enter(&mut self) -> Result<&mut PgConnection, sqlx::Error> {
        self.in_statement = true;
        self.connection.as_deref_mut().ok_or_else(silent)
    }

    fn leave<T>(&mut self, done: Result<Result<T, sqlx::Error>, Elapsed>) -> Result<T, sqlx::Error> {
        match done {
            Ok(answered) => {
                self.in_statement = false;
                answered
            }
            Err(_) => {
                self.close();
                Err(silent())
            }
        }
    }

    /// Closes the connection without a word: nobody may be there to hear it.
    fn close(&mut self) {
        if let Some(connection) = self.connection.take() {
            drop(connection.detach());
        }
    }

    pub(crate) async fn fetch_all(&mut self, statement: Statement) -> Result<Vec<PgRow>, sqlx::Error> {
        let limit = self.limit;
        let done = timeout(limit, statement.fetch_all(self.enter()?)).await;
        self.leave(done)
    }

    pub(crate) async fn fetch_optional(&mut self, statement: Statement) -> Result<Option<PgRow>, sqlx::Error> {
        let limit = self.limit;
        let done = timeout(limit, statement.fetch_optional(self.enter()?)).await;
        self.leave(done)
    }

    /// How many rows it changed.
    pub(crate) async fn execute(&mut self, statement: Statement) -> Result<u64, sqlx::Error> {
        let limit = self.limit;
        let done = timeout(limit, statement.execute(self.enter()?)).await;
        Ok(self.leave(done)?.rows_affected())
    }

    async fn control(&mut self, statement: &'static str) -> Result<(), sqlx::Error> {
        let limit = self.limit;
        let done = timeout(limit, self.enter()?.execute(statement)).await;
        self.leave(done).map(|_| ())
    }

    pub(crate) async fn commit(mut self) -> Result<(), sqlx::Error> {
        self.control("commit").await?;
        self.in_transaction = false;
        Ok(())
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if self.in_statement {
            self.close();
            return;
        }
        if !self.in_transaction {
            return;
        }
        let Some(mut connection) = self.connection.take() else { return };
        let Ok(runtime) = Handle::try_current() else {
            drop(connection.detach());
            return;
        };
        runtime.spawn(async move {
            let undone = timeout(PROBE_LIMIT, connection.execute("rollback")).await;
            if !matches!(undone, Ok(Ok(_))) {
                drop(connection.detach());
            }
        });
    }
}
