//! What can go wrong with the store, by what the caller would do about it.

use std::time::Duration;

use bricklayer_domain::{ResultCut, TurnId, TurnStatus};
use sqlx::migrate::MigrateError;

use crate::file::FileGone;

/// Why the store refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No such thing, or it is another user's.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// Another turn of the conversation is running or waits for an approval.
    #[error("the conversation is busy with turn {turn}")]
    Busy {
        /// The turn in progress.
        turn: TurnId,
    },
    /// The conversation holds as much as it may: no further turn begins in it.
    #[error("the conversation holds {bytes} bytes of {what}, its limit ({setting})")]
    ConversationFull {
        /// What it is full of.
        what: &'static str,
        /// The setting that says how much it may hold.
        setting: &'static str,
        /// How much it holds.
        bytes: u64,
    },
    /// The client's id of this submission belongs to another one of the user's, with other content.
    #[error("the submission's id belongs to another message, of turn {turn}")]
    OtherMessage {
        /// That one's turn.
        turn: TurnId,
    },
    /// The lease is not current: another worker took the turn over, it was parked, or its conversation was deleted.
    /// The holder must stop without a trace.
    #[error("this worker no longer owns the turn")]
    LostLease,
    /// The turn has ended; nothing can be added to it.
    #[error("the turn has ended: {}", .0.as_str())]
    TurnEnded(TurnStatus),
    /// The answer "for this conversation" was not offered for this call: it does several things that are asked about,
    /// or it is not known what it does to what.
    #[error("this call cannot be allowed for the whole conversation")]
    StandingNotOffered,
    /// The answer names a permission mode that the question does not propose, or none where it proposes one.
    #[error("this answer must name one of the permission modes that the question proposes")]
    ModeNotOffered,
    /// The events break a rule of the log, such as one after the turn's last; nothing was stored.
    #[error("these events cannot be appended: {0}")]
    InvalidAppend(&'static str),
    /// A value is over a bound.
    #[error("{what} is over the limit of {limit}")]
    TooLarge {
        /// What was measured, with its unit.
        what: &'static str,
        /// The bound.
        limit: usize,
    },
    /// The user has as many of something as they may.
    #[error("the user has {limit} {what} already")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The bound.
        limit: u32,
    },
    /// There is no room for more of a result: why.
    #[error("no room for more of the result: {}", .0.advice())]
    ResultsFull(ResultCut),
    /// The result is not open, or another writer appended to it.
    #[error("the result has ended")]
    ResultEnded,
    /// The database was written by a newer version of this program.
    #[error("the database has schema version {found}, newer than this program knows; use a newer program")]
    NewerSchema {
        /// The first migration this program lacks.
        found: i64,
    },
    /// A migration that was applied differs from the one in this program.
    #[error("migration {version} of the database differs from this program's; restore the matching program")]
    SchemaMismatch {
        /// The migration.
        version: i64,
    },
    /// A migration failed.
    #[error("the database schema could not be brought up to date")]
    Migration(#[source] Box<MigrateError>),
    /// The file is not a database, or is damaged.
    #[error("the database is damaged or not a database; restore it from a backup or move it away")]
    Corrupt(#[source] Box<sqlx::Error>),
    /// The database's file cannot be opened or made.
    #[error("the database file cannot be opened; check its path, its folder and the permissions of both")]
    CannotOpen(#[source] Box<sqlx::Error>),
    /// The database's file was deleted or replaced while it was open: what is written now would be lost.
    #[error("the database's file was deleted or replaced; stop this program, put the file back, and start it again")]
    FileGone,
    /// The database cannot be written.
    #[error("the database is read-only; check the permissions of its file and folder")]
    ReadOnly(#[source] Box<sqlx::Error>),
    /// No space is left for the database.
    #[error("the disk or the database is full")]
    Full(#[source] Box<sqlx::Error>),
    /// Another process holds the database for too long.
    #[error("the database is locked by another process")]
    Locked(#[source] Box<sqlx::Error>),
    /// Others changed the same rows at the same time, again and again; nothing happened.
    #[error("the database was too busy with conflicting changes")]
    Conflict(#[source] Box<sqlx::Error>),
    /// The database cannot be opened or reached, or failed. When a write was under way, whether it happened is not
    /// known: read the log.
    #[error("the database is unavailable")]
    Unavailable(#[source] Box<sqlx::Error>),
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// The database holds what this program would never write.
    #[error("inconsistent data in {table}: {reason}")]
    Inconsistent {
        /// Where.
        table: &'static str,
        /// What.
        reason: String,
    },
}

impl StoreError {
    pub(crate) fn inconsistent(table: &'static str, reason: impl ToString) -> Self {
        Self::Inconsistent { table, reason: reason.to_string() }
    }
}

/// SQLite's primary result codes. Source: <https://www.sqlite.org/rescode.html>.
mod sqlite_code {
    pub(super) const PERM: i32 = 3;
    pub(super) const BUSY: i32 = 5;
    pub(super) const LOCKED: i32 = 6;
    pub(super) const READONLY: i32 = 8;
    pub(super) const CORRUPT: i32 = 11;
    pub(super) const FULL: i32 = 13;
    pub(super) const CANTOPEN: i32 = 14;
    pub(super) const NOTADB: i32 = 26;
    /// Extended codes hold the primary one in their low byte.
    pub(super) const PRIMARY_MASK: i32 = 0xff;
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if matches!(error, sqlx::Error::PoolClosed) {
            return Self::Closed;
        }
        if matches!(&error, sqlx::Error::Configuration(cause) if cause.is::<FileGone>()) {
            return Self::FileGone;
        }
        let code = error.as_database_error().and_then(|e| e.code().map(std::borrow::Cow::into_owned));
        let is_postgres = error
            .as_database_error()
            .is_some_and(|e| e.try_downcast_ref::<sqlx::postgres::PgDatabaseError>().is_some());
        let error = Box::new(error);
        let Some(code) = code else { return Self::Unavailable(error) };
        if is_postgres {
            // Source: PostgreSQL, appendix A, error codes.
            return match code.as_str() {
                // Serialization failure, deadlock, and a row that another transaction inserted first: all are settled by
                // looking again.
                "40001" | "40P01" | "23505" => Self::Conflict(error),
                "25006" => Self::ReadOnly(error),
                "53100" => Self::Full(error),
                "55P03" => Self::Locked(error),
                "XX001" | "XX002" => Self::Corrupt(error),
                _ => Self::Unavailable(error),
            };
        }
        match code.parse::<i32>().unwrap_or_default() & sqlite_code::PRIMARY_MASK {
            sqlite_code::BUSY | sqlite_code::LOCKED => Self::Locked(error),
            sqlite_code::PERM | sqlite_code::CANTOPEN => Self::CannotOpen(error),
            sqlite_code::READONLY => Self::ReadOnly(error),
            sqlite_code::FULL => Self::Full(error),
            sqlite_code::CORRUPT | sqlite_code::NOTADB => Self::Corrupt(error),
            _ => Self::Unavailable(error),
        }
    }
}

impl From<MigrateError> for StoreError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::VersionMissing(found) => Self::NewerSchema { found },
            MigrateError::VersionMismatch(version) => Self::SchemaMismatch { version },
            MigrateError::Execute(error) => match Self::from(error) {
                Self::Unavailable(error) => Self::Migration(Box::new(MigrateError::Execute(*error))),
                known => known,
            },
            MigrateError::ExecuteMigration(error, version) => match Self::from(error) {
                Self::Unavailable(error) => Self::Migration(Box::new(MigrateError::ExecuteMigration(*error, version))),
                known => known,
            },
            other => Self::Migration(Box::new(other)),
        }
    }
}

/// Whether the database refused a row because what it points to is gone.
pub(crate) fn is_foreign_key_violation(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|e| e.is_foreign_key_violation())
}

/// Times that a transaction is tried which others got in the way of.
pub(crate) const CONFLICT_ATTEMPTS: u32 = 8;
/// Pause before such a try, longer with each: those in the way are done within milliseconds.
const CONFLICT_PAUSE: Duration = Duration::from_millis(5);

/// Waits before a transaction is tried again.
pub(crate) async fn pause_on_conflict(failures: u32) {
    tracing::debug!(failures, "conflicting changes; trying again");
    tokio::time::sleep(CONFLICT_PAUSE * failures).await;
}

/// Runs a transaction, again while it fails because others changed the same rows at the same time. A macro, as a closure
/// that borrows and is awaited on any thread cannot be written yet.
macro_rules! again_on_conflict {
    ($attempt:expr) => {{
        let mut failures = 1;
        loop {
            match $attempt.await {
                Err($crate::error::StoreError::Conflict(_)) if failures < $crate::error::CONFLICT_ATTEMPTS => {
                    $crate::error::pause_on_conflict(failures).await;
                    failures += 1;
                }
                done => break done,
            }
        }
    }};
}
pub(crate) use again_on_conflict;

/// A transaction that was to end with its last statement, and did not.
#[derive(Debug)]
pub(crate) struct NotCommitted {
    pub(crate) error: sqlx::Error,
    /// Whether it is certain that nothing was stored.
    pub(crate) undone: bool,
}

impl From<sqlx::Error> for NotCommitted {
    /// Of a statement's failure.
    fn from(error: sqlx::Error) -> Self {
        Self { error, undone: true }
    }
}
