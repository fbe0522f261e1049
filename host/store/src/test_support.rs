//! A PostgreSQL of the tests' own, and a count of what is sent to a database (feature `test-support`).
//!
//! [`postgres_url`] starts one server per test process on first use and gives every call a fresh, empty database:
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let url = bricklayer_store::test_support::postgres_url().await?.parse()?;
//! let store = bricklayer_store::Store::connect(&url, bricklayer_store::StoreOptions::default()).await?;
//! # Ok(())
//! # }
//! ```
//!
//! The programs are the machine's own PostgreSQL when it has one, else the npm package that
//! `host/store/tests/postgres/package.json` names (or always, with `BRICKLAYER_TEST_POSTGRES=npm`). The server listens
//! on a socket in a folder of its own and nowhere else, without waiting for the disk. A small shell owns it: when the
//! test process ends, by whatever cause, its pipe to that shell closes, and the shell stops the server and removes the
//! folder. PostgreSQL refuses to run as root, so root runs it as `postgres` or `nobody`.

use std::cell::Cell;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use uuid::Uuid;

mod binaries;
mod proxy;

tokio::task_local! {
    static STATEMENTS: Cell<usize>;
}

/// What a future came to, and how many statements it sent to a database while it was polled here: those of tasks that
/// it started are not counted.
pub async fn count_statements<T>(future: impl Future<Output = T>) -> (T, usize) {
    let counted = async {
        let value = future.await;
        (value, STATEMENTS.with(Cell::get))
    };
    STATEMENTS.scope(Cell::new(0), counted).await
}

/// One more.
pub(crate) fn count_statement() {
    let _ = STATEMENTS.try_with(|count| count.set(count.get() + 1));
}

pub use proxy::Proxy;

/// Why there is no PostgreSQL.
#[derive(Debug, Clone, thiserror::Error)]
#[error("no PostgreSQL for the tests: {0}")]
pub struct TestPostgresError(String);

fn failed(what: &str, error: impl std::fmt::Display) -> TestPostgresError {
    TestPostgresError(format!("{what}: {error}"))
}

/// The running server. Never dropped: the end of the process closes the pipe.
struct Server {
    folder: PathBuf,
    _shell: Child,
    _alive: ChildStdin,
}

static SERVER: OnceLock<Result<Server, TestPostgresError>> = OnceLock::new();

/// The address of a fresh, empty database of the test process's own server.
///
/// # Errors
/// When the machine has no PostgreSQL and npm could not bring one, or it does not start; the text says which.
pub async fn postgres_url() -> Result<String, TestPostgresError> {
    let started = tokio::task::spawn_blocking(|| SERVER.get_or_init(start).as_ref().map_err(Clone::clone));
    let server = started.await.map_err(|e| failed("starting", e))??;
    let address = |database: &str| {
        format!("postgres://postgres@localhost/{database}?host={}", server.folder.join("socket").display())
    };
    let mut admin = PgConnection::connect(&address("postgres")).await.map_err(|e| failed("connecting", e))?;
    let name = format!("test_{}", Uuid::new_v4().simple());
    sqlx::raw_sql(AssertSqlSafe(format!("create database {name}")))
        .execute(&mut admin)
        .await
        .map_err(|e| failed("creating a database", e))?;
    admin.close().await.map_err(|e| failed("closing", e))?;
    Ok(address(&name))
}

/// Arguments: the programs' folder, the server's folder.
const SUPERVISOR: &str = r#"
bin=$1; cd "$2" || exit 1
# The test process may die while the server starts: then nobody hears "ready", and cleaning up is due all the same.
trap '' PIPE
"$bin/initdb" -D data -U postgres -A trust -E UTF8 --locale=C --no-sync >log 2>&1 </dev/null &&
"$bin/pg_ctl" -D data -l server.log -w -t 60 -o "-c listen_addresses= -k $2/socket -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=400 -c shared_buffers=64MB" start >>log 2>&1 </dev/null
status=$?
if [ $status = 0 ]; then echo ready 2>/dev/null; else tail -n 20 log server.log | tr '\n' ' '; echo; fi
read -r _
if [ $status = 0 ]; then "$bin/pg_ctl" -D data -m immediate -w -t 20 stop >/dev/null 2>&1 </dev/null; fi
cd /; rm -rf "$2"
"#;

fn start() -> Result<Server, TestPostgresError> {
    let folder = tempfile::Builder::new()
        .prefix("bricklayer-pg-")
        .tempdir()
        .map_err(|e| failed("making a folder", e))?
        // The shell removes it.
        .keep();
    let account = account(&folder)?;
    let binaries = binaries::find(account, &folder)?;
    std::fs::create_dir(folder.join("socket")).map_err(|e| failed("making a folder", e))?;
    if let Some((uid, gid)) = account {
        for path in [folder.clone(), folder.join("socket")] {
            std::os::unix::fs::chown(path, Some(uid), Some(gid)).map_err(|e| failed("changing owner", e))?;
        }
    }
    let mut shell = as_account(Command::new("sh"), account);
    shell.args(["-c", SUPERVISOR, "postgres-for-tests"]).arg(&binaries).arg(&folder);
    // Its own group, so that Ctrl-C in the terminal leaves it alive to clean up.
    shell.process_group(0).current_dir("/").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = shell.spawn().map_err(|e| failed("starting a shell", e))?;
    let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(TestPostgresError("the shell has no pipes".into()));
    };
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line).map_err(|e| failed("waiting for the server", e))?;
    if line.trim() == "ready" {
        Ok(Server { folder, _shell: child, _alive: stdin })
    } else {
        drop(stdin);
        child.wait().map_err(|e| failed("ending the shell", e))?;
        Err(TestPostgresError(format!("the programs in {} failed: {}", binaries.display(), line.trim())))
    }
}

/// The user and group to run as; `None` when this process is not root.
fn account(ours: &Path) -> Result<Option<(u32, u32)>, TestPostgresError> {
    let metadata = std::fs::metadata(ours).map_err(|e| failed("reading the folder", e))?;
    if metadata.uid() != 0 {
        return Ok(None);
    }
    let passwd = std::fs::read_to_string("/etc/passwd").map_err(|e| failed("reading /etc/passwd", e))?;
    for name in ["postgres", "nobody"] {
        for line in passwd.lines() {
            let mut fields = line.split(':');
            if fields.next() == Some(name) {
                let ids: Vec<u32> = fields.skip(1).take(2).filter_map(|id| id.parse().ok()).collect();
                if let [uid, gid] = ids.as_slice() {
                    return Ok(Some((*uid, *gid)));
                }
            }
        }
    }
    Err(TestPostgresError("PostgreSQL refuses to run as root, and there is no user postgres or nobody".into()))
}

fn as_account(mut command: Command, account: Option<(u32, u32)>) -> Command {
    if let Some((uid, gid)) = account {
        command.uid(uid).gid(gid);
    }
    command
}
