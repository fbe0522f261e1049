//! Which Python this machine has, and how a process of it is started.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use serde::Deserialize;
use tokio::process::Command;

use super::{
    confined::Confined,
    folder::{Folders, RunFolder},
};

/// How long the interpreter may take to say what it is.
const LOOK_LIMIT: Duration = Duration::from_secs(20);

/// The oldest version that the guest's code is written for.
const OLDEST: (u32, u32) = (3, 9);

/// Asks an interpreter what it is: wrappers and links lead elsewhere, and the walls need the real places.
const QUESTION: &str = "import json, sys; print(json.dumps({'program': sys.executable, 'version': sys.version_info[:2], \
                        'paths': [sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix, *sys.path]}))";

/// What of the system every program reads: its libraries, time zones, and what it is told of itself.
const SYSTEM: [&str; 11] = [
    "/usr",
    "/lib",
    "/lib64",
    "/bin",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/fonts",
    "/proc/self",
    "/proc/meminfo",
    "/sys/devices/system/cpu",
];

/// What a workspace sets.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The program that becomes the interpreter: `bricklayer-workspace` itself. Without it no Python runs.
    pub(crate) launcher: Option<PathBuf>,
    /// The interpreter; `python3` of the search path when absent.
    pub(crate) interpreter: Option<PathBuf>,
    /// Folder for what interpreters need and write.
    pub(crate) folder: PathBuf,
    /// Memory of one interpreter in MiB.
    pub(crate) memory_mib: u64,
}

/// The Python of this machine.
#[derive(Debug)]
pub(super) struct Machine {
    launcher: PathBuf,
    program: PathBuf,
    /// What it is made of.
    paths: Vec<PathBuf>,
}

#[derive(Deserialize)]
struct Answer {
    program: PathBuf,
    version: (u32, u32),
    paths: Vec<PathBuf>,
}

/// Looks for an interpreter that can be used; otherwise says why there is none, for the user.
pub(super) async fn look(settings: &Settings) -> Result<Machine, String> {
    let launcher = settings.launcher.clone().ok_or("this program was started without a way to hold Python programs")?;
    let asked = settings.interpreter.clone().unwrap_or_else(|| "python3".into());
    let mut question = Command::new(&asked);
    question.args(["-I", "-c", QUESTION]).stdin(Stdio::null()).kill_on_drop(true);
    let shown = asked.display();
    let advice =
        "Install Python 3 (python3 on the search path) and start the local workspace again; SQL works without it.";
    let output = match tokio::time::timeout(LOOK_LIMIT, question.output()).await {
        Ok(Ok(output)) if output.status.success() => output,
        Ok(Ok(output)) => return Err(format!("{shown} does not work ({}). {advice}", output.status)),
        Ok(Err(error)) => return Err(format!("{shown} was not found on this machine ({error}). {advice}")),
        Err(_) => return Err(format!("{shown} did not answer. {advice}")),
    };
    let answer: Answer =
        serde_json::from_slice(&output.stdout).map_err(|_| format!("{shown} is no Python 3. {advice}"))?;
    if answer.version < OLDEST {
        let ((major, minor), (_, oldest)) = (answer.version, OLDEST);
        return Err(format!("{shown} is Python {major}.{minor}; Python 3.{oldest} or newer is needed. {advice}"));
    }
    let mut paths: Vec<PathBuf> = answer.paths.into_iter().filter(|path| is_own(path)).collect();
    paths.sort();
    paths.dedup();
    Ok(Machine { launcher, program: answer.program, paths })
}

/// Whether a path is a part of an interpreter, and not the root of everything.
fn is_own(path: &Path) -> bool {
    path.is_absolute() && path.parent().is_some() && path.exists()
}

impl Machine {
    /// The command that starts a process of it.
    pub(super) fn command(&self, folders: &Folders, folder: &RunFolder, memory_mib: u64) -> Command {
        let system = SYSTEM.iter().map(PathBuf::from).filter(|path| path.exists());
        let read = system.chain(self.paths.iter().cloned()).chain([folders.guest().to_owned()]).collect();
        let main = folders.guest().join("main.py");
        let confined = Confined {
            parent: std::process::id(),
            memory_mib,
            read,
            write: vec![folder.path().to_owned()],
            // Isolated from the user's own settings and folders, without files of compiled code.
            command: vec![
                self.program.clone().into(),
                "-I".into(),
                "-B".into(),
                "-X".into(),
                "utf8".into(),
                main.into(),
            ],
        };
        let mut command = Command::new(&self.launcher);
        command
            .args(confined.arguments())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", folder.path())
            .env("TMPDIR", folder.path())
            .env("LANG", "C.UTF-8")
            .env("TZ", "UTC")
            .env("MPLBACKEND", "Agg")
            .env("DATABRICKS_RUNTIME_VERSION", "15.4")
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        // A terminal's interrupt is the workspace's to hear.
        #[cfg(unix)]
        command.process_group(0);
        command
    }
}
