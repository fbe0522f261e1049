//! The one connection of a SQLite file that writes, and the transactions on it.
//!
//! Writers queue here and not in SQLite's busy loop. It is no pool of the driver's: a pool asks its connection after
//! every use whether it is still there, and begins a transaction with a statement of its own. Each is a way to the
//! connection's thread and back, and of a small transaction such ways are most of what it takes. So a transaction
//! begins together with its first statement, may end together with its last, and nothing is asked in between.

use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt as _;
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteRow};
use sqlx::{AssertSqlSafe, Connection as _, Either, Executor as _, SqlSafeStr, SqlStr, Sqlite, SqliteConnection};
use tokio::sync::{Mutex, OwnedMappedMutexGuard, OwnedMutexGuard};

use crate::error::NotCommitted;

/// Prepared statements that are kept: more than the store has, each also as the first or last of a transaction.
const STATEMENT_CACHE: usize = 512;

/// The writing connection. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct SqliteWriter {
    slot: Arc<Mutex<Slot>>,
    acquire_timeout: Duration,
}

#[derive(Debug)]
pub(crate) struct Slot {
    options: SqliteConnectOptions,
    /// None after a failure that leaves it in an unknown state, and after closing.
    connection: Option<SqliteConnection>,
    /// Whether a transaction was begun and not ended. Whoever finds it so undoes it: its owner is gone.
    is_open: bool,
    is_closed: bool,
}

impl Slot {
    /// The connection, with no transaction on it.
    async fn ready(&mut self) -> Result<&mut SqliteConnection, sqlx::Error> {
        if self.is_closed {
            return Err(sqlx::Error::PoolClosed);
        }
        self.undo().await;
        self.connection().await
    }

    async fn connection(&mut self) -> Result<&mut SqliteConnection, sqlx::Error> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => SqliteConnection::connect_with(&self.options).await?,
        };
        Ok(self.connection.insert(connection))
    }

    /// Undoes the transaction that was left open.
    async fn undo(&mut self) {
        if !self.is_open {
            return;
        }
        if let Some(connection) = &mut self.connection
            && sqlx::query("rollback").execute(connection).await.is_err()
        {
            // SQLite undoes a transaction by itself when the disk is full, and then there is none; whatever else it
            // was, a fresh connection has none either.
            self.connection = None;
        }
        self.is_open = false;
    }
}

impl SqliteWriter {
    /// Opens the file. Operations wait `acquire_timeout` for those before them.
    pub(crate) async fn open(options: SqliteConnectOptions, acquire_timeout: Duration) -> Result<Self, sqlx::Error> {
        let options = options.statement_cache_capacity(STATEMENT_CACHE);
        let connection = Some(SqliteConnection::connect_with(&options).await?);
        let slot = Slot { options, connection, is_open: false, is_closed: false };
        Ok(Self { slot: Arc::new(Mutex::new(slot)), acquire_timeout })
    }

    async fn lock(&self) -> Result<OwnedMutexGuard<Slot>, sqlx::Error> {
        let lock = Arc::clone(&self.slot).lock_owned();
        tokio::time::timeout(self.acquire_timeout, lock).await.map_err(|_| sqlx::Error::PoolTimedOut)
    }

    /// Runs one statement in a transaction of its own.
    pub(crate) async fn write(
        &self,
        query: Query<'static, Sqlite, SqliteArguments>,
    ) -> Result<Vec<SqliteRow>, sqlx::Error> {
        let mut slot = self.lock().await?;
        query.fetch_all(slot.ready().await?).await
    }

    /// A transaction, which begins with its first statement.
    pub(crate) async fn begin(&self) -> Result<SqliteTx, sqlx::Error> {
        let mut slot = self.lock().await?;
        slot.ready().await?;
        Ok(SqliteTx { slot: Some(slot) })
    }

    /// The connection itself, for what begins transactions in the driver's way.
    pub(crate) async fn connection(&self) -> Result<OwnedMappedMutexGuard<Slot, SqliteConnection>, sqlx::Error> {
        let mut slot = self.lock().await?;
        slot.ready().await?;
        OwnedMutexGuard::try_map(slot, |slot| slot.connection.as_mut()).map_err(|_| sqlx::Error::PoolClosed)
    }

    /// Ends once those before it have; later operations are told that it is closed.
    pub(crate) async fn close(&self) {
        let mut slot = self.slot.lock().await;
        slot.undo().await;
        slot.is_closed = true;
        if let Some(connection) = slot.connection.take()
            && let Err(error) = connection.close().await
        {
            tracing::warn!(error = bricklayer_domain::chain(&error), "the database was not closed in order");
        }
    }
}

/// A transaction that writes. Dropping it undoes it.
#[derive(Debug)]
pub(crate) struct SqliteTx {
    /// Gone when it ended: with its commit, or with a first statement that failed.
    slot: Option<OwnedMutexGuard<Slot>>,
}

/// What the statements of a query gave until now.
#[derive(Default)]
struct Ran {
    rows: Vec<SqliteRow>,
    /// Rows that each changed. One that is no change tells the count of whatever changed something before.
    changed: Vec<u64>,
}

impl SqliteTx {
    pub(crate) async fn execute(
        &mut self,
        sql: SqlStr,
        bind: impl FnOnce(SqlStr) -> Query<'static, Sqlite, SqliteArguments>,
    ) -> Result<u64, sqlx::Error> {
        Ok(self.run(sql, bind).await?.changed.pop().unwrap_or_default())
    }

    pub(crate) async fn fetch_all(
        &mut self,
        sql: SqlStr,
        bind: impl FnOnce(SqlStr) -> Query<'static, Sqlite, SqliteArguments>,
    ) -> Result<Vec<SqliteRow>, sqlx::Error> {
        Ok(self.run(sql, bind).await?.rows)
    }

    async fn run(
        &mut self,
        sql: SqlStr,
        bind: impl FnOnce(SqlStr) -> Query<'static, Sqlite, SqliteArguments>,
    ) -> Result<Ran, sqlx::Error> {
        let Some(slot) = &mut self.slot else { return Err(undone()) };
        let begins = !slot.is_open;
        // Noted before it is done, so that one who drops this in between leaves it to be undone.
        slot.is_open = true;
        let sql = if begins { joined(&[BEGIN, sql.as_str()]) } else { sql };
        let mut ran = Ran::default();
        let done = run_all(slot.connection().await?, bind(sql), &mut ran).await;
        if begins && done.is_err() {
            // It may not have begun at all, and then a later statement would be on its own.
            slot.undo().await;
            self.slot = None;
        }
        done.map(|()| ran)
    }

    /// Runs the last statement and commits: one way to the thread instead of two.
    pub(crate) async fn execute_last(
        mut self,
        sql: SqlStr,
        bind: impl FnOnce(SqlStr) -> Query<'static, Sqlite, SqliteArguments>,
    ) -> Result<u64, NotCommitted> {
        let Some(slot) = &mut self.slot else { return Err(undone().into()) };
        let mut statements = Vec::with_capacity(3);
        if !slot.is_open {
            statements.push(BEGIN);
        }
        statements.push(sql.as_str());
        let last = statements.len();
        statements.push("commit");
        slot.is_open = true;
        let mut ran = Ran::default();
        let done = run_all(slot.connection().await?, bind(joined(&statements)), &mut ran).await;
        if let Err(error) = done {
            // A failure before the commit is the statement's.
            return Err(NotCommitted { error, undone: ran.changed.len() < last });
        }
        slot.is_open = false;
        Ok(ran.changed.get(last - 1).copied().unwrap_or_default())
    }

    pub(crate) async fn commit(mut self) -> Result<(), sqlx::Error> {
        let Some(slot) = &mut self.slot else { return Err(undone()) };
        if slot.is_open {
            sqlx::query("commit").execute(slot.connection().await?).await?;
            slot.is_open = false;
        }
        Ok(())
    }
}

impl Drop for SqliteTx {
    fn drop(&mut self) {
        let Some(mut slot) = self.slot.take().filter(|slot| slot.is_open) else { return };
        // At once, because other processes wait for the file. Without a runtime, the next who writes does it.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { slot.undo().await });
        }
    }
}

fn undone() -> sqlx::Error {
    sqlx::Error::Protocol("the transaction was undone by its first statement's failure".to_owned())
}

/// Immediate: a deferred one that read first could not become a writer once another process wrote.
const BEGIN: &str = "begin immediate";

fn joined(statements: &[&str]) -> SqlStr {
    AssertSqlSafe(statements.join(";\n")).into_sql_str()
}

/// Runs all statements of a query.
async fn run_all(
    connection: &mut SqliteConnection,
    query: Query<'static, Sqlite, SqliteArguments>,
    ran: &mut Ran,
) -> Result<(), sqlx::Error> {
    let mut done = connection.fetch_many(query);
    while let Some(step) = done.try_next().await? {
        match step {
            Either::Left(result) => ran.changed.push(result.rows_affected()),
            Either::Right(row) => ran.rows.push(row),
        }
    }
    Ok(())
}
