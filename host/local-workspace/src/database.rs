//! The database of objects: everything that is no table data, for all areas, in one SQLite file with transactions.
//!
//! A committed change survives the death of the process at any moment. The machine's own failure can take the last
//! moments' changes, whole ones.

use std::{fmt, fs::OpenOptions, io, path::Path, time::Duration};

use sqlx::{
    ConnectOptions as _, SqlStr, Sqlite, SqlitePool, Transaction,
    migrate::{Migration, MigrationType, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

include!(concat!(env!("OUT_DIR"), "/migrations.rs"));

/// Name of the file in the data folder.
const FILE: &str = "objects.sqlite";

/// Connections for reading. A read takes microseconds; each costs a thread.
const READERS: u32 = 2;

/// How long a request waits for a connection before it fails.
const WAIT_LIMIT: Duration = Duration::from_secs(30);

/// Pages of 4 KiB after which SQLite's log goes into the file, so that the log stays below a megabyte.
const LOG_PAGES: &str = "200";

/// Why objects cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("the database of objects failed")]
    Database(#[from] sqlx::Error),
    #[error("an object in the database of objects is damaged")]
    Document(#[from] serde_json::Error),
}

pub(crate) type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Whether the disk takes no more.
    pub(crate) fn is_disk_full(&self) -> bool {
        // Primary result codes of SQLite: 10 is IOERR, with the reason in the upper bits, 13 is FULL.
        const WRITE_FAILED: [&str; 5] = ["13", "778", "1034", "1546", "4874"];
        match self {
            Self::Database(sqlx::Error::Database(e)) => e.code().is_some_and(|code| WRITE_FAILED.contains(&&*code)),
            _ => false,
        }
    }
}

/// Makes the file, and keeps it from everybody but its owner: secrets lie in it. The files that SQLite makes beside it
/// have its mode.
fn make_private(file: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(file)?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    #[cfg(not(unix))]
    drop(file);
    Ok(())
}

/// What brings the tables to their present form.
fn migrator() -> Migrator {
    let migration = |&(number, description, sql): &(i64, &'static str, &'static str)| {
        Migration::new(number, description.into(), MigrationType::Simple, SqlStr::from_static(sql), false)
    };
    Migrator::with_migrations(MIGRATIONS.iter().map(migration).collect())
}

/// The open database; cheap to clone.
#[derive(Clone)]
pub(crate) struct Database {
    readers: SqlitePool,
    /// One connection: changes come one after the other instead of failing on each other.
    writer: SqlitePool,
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").finish_non_exhaustive()
    }
}

impl Database {
    /// Opens the file, making it if it is not there, and brings its tables to the present form.
    ///
    /// # Errors
    /// A file that cannot be opened, is not ours, or was written by a newer version.
    pub(crate) async fn open(folder: &Path) -> anyhow::Result<Self> {
        let file = folder.join(FILE);
        make_private(&file)?;
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .foreign_keys(true)
            .pragma("wal_autocheckpoint", LOG_PAGES)
            .disable_statement_logging();
        let pool = |connections| {
            SqlitePoolOptions::new().min_connections(1).max_connections(connections).acquire_timeout(WAIT_LIMIT)
        };
        let writer = pool(1).connect_with(options.clone()).await?;
        migrator().run(&writer).await?;
        let readers = pool(READERS).connect_with(options.read_only(true)).await?;
        Ok(Self { readers, writer })
    }

    /// For reading.
    pub(crate) fn read(&self) -> &SqlitePool {
        &self.readers
    }

    /// Begins a change; it is kept when it is committed.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub(crate) async fn change(&self) -> Result<Transaction<'static, Sqlite>> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }

    /// Writes everything into the one file.
    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}
