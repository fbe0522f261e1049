//! The two engines behind one small surface: statements, arguments, rows, transactions.
//!
//! The driver's own `Any` does not know UUIDs or times, and being generic over engines would put pages of bounds on
//! every function; an enum with two arms is shorter than either. The rest of the crate is written once on top.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqlitePool, SqliteRow};
use sqlx::{AssertSqlSafe, Postgres, Row as _, SqlSafeStr, SqlStr, Sqlite, Transaction};
use uuid::Uuid;

use crate::error::NotCommitted;
use crate::file::OpenFile;
use crate::lease_clock::LeaseMoment;
use crate::postgres::{Connections, Link};
use crate::sqlite_writer::{SqliteTx, SqliteWriter};

/// A statement, once where the dialects agree, twice where they do not.
#[derive(Debug, Clone)]
pub(crate) enum Sql {
    Same(&'static str),
    Each {
        sqlite: &'static str,
        postgres: &'static str,
    },
    /// Assembled by this crate from its own constants, never from data.
    Built(Arc<str>),
}

impl Sql {
    fn sqlite(&self) -> SqlStr {
        match self {
            Self::Same(text) | Self::Each { sqlite: text, .. } => text.into_sql_str(),
            Self::Built(text) => AssertSqlSafe(Arc::clone(text)).into_sql_str(),
        }
    }

    fn postgres(&self) -> SqlStr {
        match self {
            Self::Same(text) | Self::Each { postgres: text, .. } => text.into_sql_str(),
            Self::Built(text) => AssertSqlSafe(Arc::clone(text)).into_sql_str(),
        }
    }
}

impl From<&'static str> for Sql {
    fn from(text: &'static str) -> Self {
        Self::Same(text)
    }
}

/// One argument of a statement.
#[derive(Debug, Clone)]
pub(crate) enum Arg<'a> {
    Uuid(Uuid),
    MaybeUuid(Option<Uuid>),
    Text(&'a str),
    MaybeText(Option<&'a str>),
    Bytes(&'a [u8]),
    MaybeBytes(Option<&'a [u8]>),
    Int(i64),
    MaybeInt(Option<i64>),
    Bool(bool),
    Time(DateTime<Utc>),
    MaybeTime(Option<DateTime<Utc>>),
    /// Stands where a statement has [`on_lease_clock`](crate::lease_clock::on_lease_clock)'s mark.
    Lease(LeaseMoment),
}

macro_rules! arg_from {
    ($($variant:ident: $type:ty),* $(,)?) => {$(
        impl<'a> From<$type> for Arg<'a> {
            fn from(value: $type) -> Self {
                Self::$variant(value)
            }
        }
    )*};
}

arg_from! {
    Uuid: Uuid,
    MaybeUuid: Option<Uuid>,
    Text: &'a str,
    MaybeText: Option<&'a str>,
    Bytes: &'a [u8],
    MaybeBytes: Option<&'a [u8]>,
    Int: i64,
    MaybeInt: Option<i64>,
    Bool: bool,
    Time: DateTime<Utc>,
    MaybeTime: Option<DateTime<Utc>>,
    Lease: LeaseMoment,
}

impl<'a> From<&'a bricklayer_domain::PackageDigest> for Arg<'a> {
    fn from(digest: &'a bricklayer_domain::PackageDigest) -> Self {
        Self::Text(digest.as_str())
    }
}

impl<'a> From<&'a bricklayer_domain::UserId> for Arg<'a> {
    fn from(user: &'a bricklayer_domain::UserId) -> Self {
        Self::Text(user.as_str())
    }
}

macro_rules! arg_from_id {
    ($($type:ty),* $(,)?) => {$(
        impl From<$type> for Arg<'_> {
            fn from(id: $type) -> Self {
                Self::Uuid(id.as_uuid())
            }
        }
    )*};
}

arg_from_id!(
    bricklayer_domain::ProjectId,
    bricklayer_domain::ConversationId,
    bricklayer_domain::TurnId,
    bricklayer_domain::LaneId,
    bricklayer_domain::ResultId,
    bricklayer_domain::InstallationId,
    bricklayer_domain::StandingPermissionId,
    bricklayer_domain::OperationId,
    bricklayer_domain::McpSessionId,
    bricklayer_domain::TrackedResourceId,
    crate::fencing::WorkerId,
);

/// The arguments of a statement, in the order of its placeholders.
macro_rules! args {
    ($($value:expr),* $(,)?) => { &[$($crate::engine::Arg::from($value)),*] };
}
pub(crate) use args;

macro_rules! bind_all {
    ($query:expr, $args:expr, $moment:ident) => {{
        let mut query = $query;
        for arg in $args {
            query = match arg {
                Arg::Uuid(value) => query.bind(*value),
                Arg::MaybeUuid(value) => query.bind(*value),
                Arg::Text(value) => query.bind(*value),
                Arg::MaybeText(value) => query.bind(*value),
                Arg::Bytes(value) => query.bind(*value),
                Arg::MaybeBytes(value) => query.bind(*value),
                Arg::Int(value) => query.bind(*value),
                Arg::MaybeInt(value) => query.bind(*value),
                Arg::Bool(value) => query.bind(*value),
                Arg::Time(value) => query.bind(*value),
                Arg::MaybeTime(value) => query.bind(*value),
                Arg::Lease(value) => query.bind(value.$moment()),
            };
        }
        query
    }};
}

fn sqlite_query(sql: SqlStr, args: &[Arg<'_>]) -> Query<'static, Sqlite, SqliteArguments> {
    bind_all!(sqlx::query::<Sqlite>(sql), args, on_host)
}

fn postgres_query(sql: &Sql, args: &[Arg<'_>]) -> Query<'static, Postgres, PgArguments> {
    bind_all!(sqlx::query::<Postgres>(sql.postgres()), args, offset_from_database)
}

/// One row of a result.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

macro_rules! getters {
    ($($name:ident: $type:ty),* $(,)?) => {$(
        pub(crate) fn $name(&self, column: &str) -> Result<$type, sqlx::Error> {
            match self {
                Self::Sqlite(row) => row.try_get(column),
                Self::Postgres(row) => row.try_get(column),
            }
        }
    )*};
}

impl Row {
    getters! {
        uuid: Uuid,
        text: String,
        maybe_text: Option<String>,
        bytes: Vec<u8>,
        maybe_bytes: Option<Vec<u8>>,
        int: i64,
        maybe_int: Option<i64>,
        maybe_uuid: Option<Uuid>,
        bool: bool,
        time: DateTime<Utc>,
        maybe_time: Option<DateTime<Utc>>,
    }
}

/// Tests count what is sent to the database.
fn count() {
    #[cfg(feature = "test-support")]
    crate::test_support::count_statement();
}

/// The connections.
#[derive(Debug, Clone)]
pub(crate) enum Engine {
    /// One connection writes, others read beside it.
    Sqlite {
        writer: SqliteWriter,
        readers: SqlitePool,
        file: OpenFile,
    },
    Postgres(Connections),
}

impl Engine {
    /// The same connections with another limit for each statement. An embedded database has none: nothing is between.
    pub(crate) fn within(&self, limit: Duration) -> Self {
        match self {
            Self::Sqlite { .. } => self.clone(),
            Self::Postgres(connections) => Self::Postgres(connections.within(limit)),
        }
    }

    pub(crate) async fn fetch_all(&self, sql: impl Into<Sql>, args: &[Arg<'_>]) -> Result<Vec<Row>, sqlx::Error> {
        count();
        let sql = sql.into();
        match self {
            Self::Sqlite { readers, .. } => {
                Ok(sqlite_query(sql.sqlite(), args).fetch_all(readers).await?.into_iter().map(Row::Sqlite).collect())
            }
            Self::Postgres(connections) => postgres_rows(connections, &sql, args).await,
        }
    }

    pub(crate) async fn fetch_optional(
        &self,
        sql: impl Into<Sql>,
        args: &[Arg<'_>],
    ) -> Result<Option<Row>, sqlx::Error> {
        count();
        let sql = sql.into();
        match self {
            Self::Sqlite { readers, .. } => {
                Ok(sqlite_query(sql.sqlite(), args).fetch_optional(readers).await?.map(Row::Sqlite))
            }
            Self::Postgres(connections) => {
                let mut link = connections.link().await?;
                Ok(link.fetch_optional(postgres_query(&sql, args)).await?.map(Row::Postgres))
            }
        }
    }

    /// Runs one writing statement in a transaction of its own; returns the rows of its `returning` clause.
    pub(crate) async fn write(&self, sql: impl Into<Sql>, args: &[Arg<'_>]) -> Result<Vec<Row>, sqlx::Error> {
        count();
        let sql = sql.into();
        match self {
            Self::Sqlite { writer, file, .. } => {
                file.check()?;
                Ok(writer.write(sqlite_query(sql.sqlite(), args)).await?.into_iter().map(Row::Sqlite).collect())
            }
            Self::Postgres(connections) => postgres_rows(connections, &sql, args).await,
        }
    }

    /// Begins a transaction that will write. Dropping it undoes it.
    pub(crate) async fn begin(&self) -> Result<Tx, sqlx::Error> {
        count();
        match self {
            Self::Sqlite { writer, file, .. } => {
                file.check()?;
                Ok(Tx::Sqlite(writer.begin().await?))
            }
            Self::Postgres(connections) => Ok(Tx::Postgres(connections.begin("begin").await?)),
        }
    }

    /// Begins a transaction whose statements all see the same moment. It never waits for a writer, nor one for it.
    pub(crate) async fn begin_read(&self) -> Result<Tx, sqlx::Error> {
        count();
        match self {
            Self::Sqlite { readers, .. } => Ok(Tx::SqliteRead(readers.begin().await?)),
            Self::Postgres(connections) => {
                Ok(Tx::Postgres(connections.begin("begin isolation level repeatable read read only").await?))
            }
        }
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers, .. } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres(connections) => connections.close().await,
        }
    }
}

async fn postgres_rows(connections: &Connections, sql: &Sql, args: &[Arg<'_>]) -> Result<Vec<Row>, sqlx::Error> {
    let mut link = connections.link().await?;
    Ok(link.fetch_all(postgres_query(sql, args)).await?.into_iter().map(Row::Postgres).collect())
}

/// A transaction.
pub(crate) enum Tx {
    Sqlite(SqliteTx),
    /// One that only reads, on a reader's connection.
    SqliteRead(Transaction<'static, Sqlite>),
    Postgres(Link),
}

impl Tx {
    pub(crate) async fn execute(&mut self, sql: impl Into<Sql>, args: &[Arg<'_>]) -> Result<u64, sqlx::Error> {
        count();
        let sql = sql.into();
        match self {
            Self::Sqlite(tx) => tx.execute(sql.sqlite(), |sql| sqlite_query(sql, args)).await,
            Self::SqliteRead(tx) => Ok(sqlite_query(sql.sqlite(), args).execute(&mut **tx).await?.rows_affected()),
            Self::Postgres(link) => link.execute(postgres_query(&sql, args)).await,
        }
    }

    pub(crate) async fn fetch_all(&mut self, sql: impl Into<Sql>, args: &[Arg<'_>]) -> Result<Vec<Row>, sqlx::Error> {
        count();
        let sql = sql.into();
        match self {
            Self::Sqlite(tx) => {
                let rows = tx.fetch_all(sql.sqlite(), |sql| sqlite_query(sql, args)).await?;
                Ok(rows.into_iter().map(Row::Sqlite).collect())
            }
            Self::SqliteRead(tx) => {
                let rows = sqlite_query(sql.sqlite(), args).fetch_all(&mut **tx).await?;
                Ok(rows.into_iter().map(Row::Sqlite).collect())
            }
            Self::Postgres(link) => {
                Ok(link.fetch_all(postgres_query(&sql, args)).await?.into_iter().map(Row::Postgres).collect())
            }
        }
    }

    pub(crate) async fn fetch_optional(
        &mut self,
        sql: impl Into<Sql>,
        args: &[Arg<'_>],
    ) -> Result<Option<Row>, sqlx::Error> {
        count();
        let sql = sql.into();
        match self {
            Self::Sqlite(tx) => {
                let rows = tx.fetch_all(sql.sqlite(), |sql| sqlite_query(sql, args)).await?;
                Ok(rows.into_iter().next().map(Row::Sqlite))
            }
            Self::SqliteRead(tx) => {
                Ok(sqlite_query(sql.sqlite(), args).fetch_optional(&mut **tx).await?.map(Row::Sqlite))
            }
            Self::Postgres(link) => Ok(link.fetch_optional(postgres_query(&sql, args)).await?.map(Row::Postgres)),
        }
    }

    /// Runs the last statement and commits.
    pub(crate) async fn execute_last(mut self, sql: impl Into<Sql>, args: &[Arg<'_>]) -> Result<u64, NotCommitted> {
        let sql = sql.into();
        if let Self::Sqlite(tx) = self {
            count();
            return tx.execute_last(sql.sqlite(), |sql| sqlite_query(sql, args)).await;
        }
        let changed = self.execute(sql, args).await?;
        self.commit().await.map_err(|error| NotCommitted { error, undone: false })?;
        Ok(changed)
    }

    pub(crate) async fn commit(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(tx) => tx.commit().await,
            Self::SqliteRead(tx) => tx.commit().await,
            Self::Postgres(link) => link.commit().await,
        }
    }
}
