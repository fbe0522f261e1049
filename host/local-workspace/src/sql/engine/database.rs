//! Opening DuckDB safely, and its pool of connections.
//!
//! **Invariant**: from the moment a statement can run, DuckDB reads and writes only inside the catalogs' folder, loads no
//! extension, and its configuration is locked except for the search path.

use std::{
    cell::Cell,
    fmt,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use duckdb::{Config, Connection};

use super::{canceller::Canceller, failure, loaded, marks};
use crate::sql::language::{
    error::SqlError,
    functions,
    names::{Namespace, READ_ONLY_CATALOGS, catalog_alias, literal, quote},
    parameters::{GROUPS_VARIABLE, USER_VARIABLE},
};

/// Idle connections kept for reuse; more than that only cost memory, as statements are bounded elsewhere.
const IDLE_CONNECTIONS: usize = 16;

/// How the engine is opened.
#[derive(Debug, Clone)]
pub(crate) struct EngineConfig {
    /// Folder of the catalogs' database files; DuckDB may touch nothing else.
    pub(crate) catalogs: PathBuf,
    /// DuckDB's memory limit in MiB.
    pub(crate) memory_mib: u64,
    /// DuckDB's worker threads.
    pub(crate) threads: usize,
}

/// DuckDB with all catalogs attached.
pub(super) struct Database {
    /// Only cloned from, and used for attaching; statements run on pooled connections.
    base: Mutex<Connection>,
    idle: Mutex<Vec<Pooled>>,
    catalogs: PathBuf,
}

struct Pooled {
    connection: Connection,
    namespace: Option<Namespace>,
    /// Whom the connection's variables speak of.
    user: Option<String>,
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").field("catalogs", &self.catalogs).finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Database {
    /// Opens DuckDB without a catalog; [`Self::attach_all`] comes next.
    pub(super) fn open(config: &EngineConfig) -> anyhow::Result<Self> {
        let catalogs = config.catalogs.canonicalize()?;
        let base = Connection::open_in_memory_with_flags(
            Config::default()
                .enable_autoload_extension(false)?
                .with("autoinstall_known_extensions", "false")?
                .with("allow_community_extensions", "false")?
                .max_memory(&format!("{}MiB", config.memory_mib))?
                .threads(i64::try_from(config.threads)?)?,
        )?;
        base.execute_batch(&settings(&catalogs))?;
        base.execute_batch(&functions::definitions())?;
        Ok(Self { base: Mutex::new(base), idle: Mutex::default(), catalogs })
    }

    /// Attaches these catalogs. From here on only the search path may change.
    pub(super) fn attach_all(&self, catalogs: &[String]) -> anyhow::Result<()> {
        for catalog in catalogs {
            self.attach(catalog)?;
        }
        lock(&self.base).execute_batch("SET allowed_configs=['search_path']; SET lock_configuration=true;")?;
        Ok(())
    }

    /// Attaches a catalog's file, making it if it is not there.
    pub(super) fn attach(&self, catalog: &str) -> Result<(), duckdb::Error> {
        let path = file(&self.catalogs, catalog);
        let read_only = READ_ONLY_CATALOGS.contains(&catalog);
        let options = if read_only { " (READ_ONLY)" } else { "" };
        let sql = format!(
            "ATTACH IF NOT EXISTS {} AS {}{options}",
            literal(&path.to_string_lossy()),
            quote(&catalog_alias(catalog))
        );
        let base = lock(&self.base);
        base.execute_batch(&sql)?;
        if !read_only {
            base.execute_batch(&marks::place(catalog))?;
            base.execute_batch(&loaded::place(catalog))?;
        }
        Ok(())
    }

    /// Attaches a catalog anew that DuckDB gave up because a checkpoint of it could not be written; what was committed is
    /// in its log.
    pub(super) fn reattach(&self, catalog: &str) {
        lock(&self.idle).clear();
        let detached = lock(&self.base).execute_batch(&format!("DETACH {}", quote(&catalog_alias(catalog))));
        if let Err(error) = detached.and_then(|()| self.attach(catalog)) {
            tracing::error!(catalog, error = &error as &dyn std::error::Error, "a catalog cannot be attached again");
        }
    }

    /// Detaches a catalog; its file stays.
    pub(super) fn detach(&self, catalog: &str) -> Result<(), SqlError> {
        let detach = format!("DETACH {}", quote(&catalog_alias(catalog)));
        lock(&self.base).execute_batch(&detach).map_err(failure::internal)
    }

    /// Removes the file of a catalog that is not attached; none is fine.
    pub(super) fn remove_file(&self, catalog: &str) -> Result<(), SqlError> {
        let path = file(&self.catalogs, catalog);
        for path in [path.with_extension("duckdb.wal"), path] {
            match std::fs::remove_file(path) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(SqlError::internal(e.to_string())),
                _ => {}
            }
        }
        Ok(())
    }

    /// Looks at the engine's own tables, beside all statements.
    pub(super) fn look<T>(&self, look: impl FnOnce(&Connection) -> duckdb::Result<T>) -> Result<T, SqlError> {
        look(&lock(&self.base)).map_err(failure::internal)
    }

    /// A connection of the pool, with its unqualified names set to a schema.
    pub(super) fn session<'a>(
        &'a self,
        namespace: &Namespace,
        canceller: &'a Canceller,
    ) -> Result<Session<'a>, SqlError> {
        let pooled = match lock(&self.idle).pop() {
            Some(pooled) => pooled,
            None => {
                let connection = lock(&self.base).try_clone().map_err(|e| SqlError::internal(e.to_string()))?;
                Pooled { connection, namespace: None, user: None }
            }
        };
        canceller.attach(Some(pooled.connection.interrupt_handle()));
        let mut session = Session { database: self, pooled: Some(pooled), canceller, left: Cell::new(false) };
        session.enter(namespace);
        Ok(session)
    }

    /// The folder that DuckDB may read and write in.
    pub(super) fn folder(&self) -> &Path {
        &self.catalogs
    }

    pub(super) fn version(&self) -> String {
        lock(&self.base).version().unwrap_or_default()
    }

    /// Writes the logs of these catalogs into their files.
    pub(super) fn checkpoint(&self, catalogs: &[String]) -> anyhow::Result<()> {
        let base = lock(&self.base);
        for catalog in catalogs.iter().filter(|catalog| !READ_ONLY_CATALOGS.contains(&catalog.as_str())) {
            base.execute_batch(&format!("CHECKPOINT {}", quote(&catalog_alias(catalog))))?;
        }
        Ok(())
    }
}

/// The file of a catalog; names are checked before they come here.
pub(super) fn file(folder: &Path, catalog: &str) -> PathBuf {
    folder.join(format!("{catalog}.duckdb"))
}

/// Settings of the instance, the order is of importance: directories are allowed before access is switched off.
fn settings(catalogs: &Path) -> String {
    let folder = catalogs.to_string_lossy();
    let temp = catalogs.join("tmp");
    format!(
        "SET allowed_directories=[{}];
         SET temp_directory={};
         SET home_directory={};
         SET secret_directory={};
         SET extension_directory={};
         SET enable_external_access=false;
         SET TimeZone='UTC';
         SET default_null_order='NULLS_FIRST_ON_ASC_LAST_ON_DESC';
         SET lambda_syntax='ENABLE_SINGLE_ARROW';
         SET preserve_insertion_order=true;",
        literal(&folder),
        literal(&temp.to_string_lossy()),
        literal(&folder),
        literal(&temp.to_string_lossy()),
        literal(&temp.to_string_lossy()),
    )
}

/// A connection in use; it goes back to the pool when dropped.
pub(super) struct Session<'a> {
    database: &'a Database,
    pooled: Option<Pooled>,
    canceller: &'a Canceller,
    /// Whether the search path no longer is the one that the pool knows.
    left: Cell<bool>,
}

impl fmt::Debug for Session<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

impl Session<'_> {
    /// Names without parts are looked up in this schema. A schema that does not exist leaves only the macros' schema.
    fn enter(&mut self, namespace: &Namespace) {
        let Some(pooled) = &mut self.pooled else {
            return;
        };
        if pooled.namespace.as_ref() == Some(namespace) {
            return;
        }
        let path = format!("{}.{},memory.main", quote(&catalog_alias(&namespace.catalog)), quote(&namespace.schema));
        let set = format!("SET search_path={}", literal(&path));
        pooled.namespace = match pooled.connection.execute_batch(&set) {
            Ok(()) => Some(namespace.clone()),
            Err(_) => {
                let _ = pooled.connection.execute_batch("SET search_path='memory.main'");
                None
            }
        };
    }

    /// Says who runs the statements of this session.
    pub(super) fn identify(&mut self, user: &str, groups: &[&str]) -> Result<(), duckdb::Error> {
        let Some(pooled) = &mut self.pooled else { return Ok(()) };
        if pooled.user.as_deref() == Some(user) {
            return Ok(());
        }
        pooled.user = None;
        let groups: Vec<_> = groups.iter().map(|group| literal(group)).collect();
        let set = format!(
            "SET VARIABLE {USER_VARIABLE} = {}; SET VARIABLE {GROUPS_VARIABLE} = [{}];",
            literal(user),
            groups.join(", ")
        );
        pooled.connection.execute_batch(&set)?;
        pooled.user = Some(user.to_owned());
        Ok(())
    }

    /// Points the search path away from all catalogs, before one of their schemas goes.
    pub(super) fn leave(&self) -> Result<(), duckdb::Error> {
        self.left.set(true);
        self.execute("SET search_path='memory.main'")
    }

    /// The connection; present until the session is dropped.
    pub(super) fn connection(&self) -> Result<&Connection, SqlError> {
        self.pooled.as_ref().map(|p| &p.connection).ok_or_else(|| SqlError::internal("the connection is gone"))
    }

    /// Runs statements without results.
    pub(super) fn execute(&self, sql: &str) -> Result<(), duckdb::Error> {
        match &self.pooled {
            Some(pooled) => pooled.connection.execute_batch(sql),
            None => Ok(()),
        }
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        self.canceller.attach(None);
        let Some(mut pooled) = self.pooled.take() else {
            return;
        };
        if self.left.get() {
            pooled.namespace = None;
        }
        // A statement that was stopped may leave its transaction aborted, and then whoever comes next is refused. Where
        // there is none, this is refused itself.
        let _ = pooled.connection.execute_batch("ROLLBACK");
        let mut idle = lock(&self.database.idle);
        if idle.len() < IDLE_CONNECTIONS {
            idle.push(pooled);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Crate version 1.1MMPP.x speaks to library 1.M.P; three places must agree.
    #[test]
    fn crate_package_and_library_are_of_one_version() {
        let library = Connection::open_in_memory().unwrap().version().unwrap();
        let package: serde_json::Value = serde_json::from_str(include_str!("../../../engine/package.json")).unwrap();
        let manifest = include_str!("../../../../../Cargo.toml");
        let (_, rest) = manifest.split_once("duckdb = { version = \"=1.1").unwrap();
        let digits: String = rest.chars().take(4).collect();
        let (minor, patch) = digits.split_at(2);
        let wanted = format!("1.{}.{}", minor.parse::<u8>().unwrap(), patch.parse::<u8>().unwrap());
        assert_eq!(library, format!("v{wanted}"));
        assert!(package.to_string().contains(&format!("\"{wanted}-")), "{package}");
    }

    /// Even a statement that passed all checks of the front end could do no harm.
    #[test]
    fn duckdb_itself_is_locked() {
        let folder = tempfile::tempdir().unwrap();
        let config = EngineConfig { catalogs: folder.path().join("catalogs"), memory_mib: 256, threads: 1 };
        std::fs::create_dir_all(&config.catalogs).unwrap();
        let database = Database::open(&config).unwrap();
        database.attach_all(&["main".to_owned()]).unwrap();
        let canceller = Canceller::default();
        let namespace = Namespace { catalog: "main".to_owned(), schema: "default".to_owned() };
        let session = database.session(&namespace, &canceller).unwrap();
        for sql in [
            "SELECT * FROM read_text('/etc/passwd')",
            "SELECT * FROM '/etc/passwd.csv'",
            "COPY (SELECT 1) TO '/tmp/bricklayer-leak.csv'",
            "ATTACH '/tmp/bricklayer-leak.duckdb' AS leak",
            "INSTALL httpfs",
            "LOAD httpfs",
            "SET enable_external_access=true",
            "SET memory_limit='100GB'",
            "SET lock_configuration=false",
            "SET allowed_directories=['/']",
            "EXPORT DATABASE '/tmp/bricklayer-leak'",
        ] {
            assert!(session.execute(sql).is_err(), "{sql}");
        }
        session.execute("SELECT hour('2024-01-01 10:00:00')").unwrap();
    }
}
