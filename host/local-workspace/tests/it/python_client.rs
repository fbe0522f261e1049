//! Clients from PyPI, unchanged: installed into a virtual environment that is kept between runs, and driven by a script.
//! Where there is no python3 the test says so and checks nothing.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::Duration,
};

use crate::harness::{ANN, Lab, ROBOT};

/// How long a script may take; installing is not counted.
const SCRIPT_LIMIT: Duration = Duration::from_secs(180);

fn output(command: &mut Command) -> Option<Output> {
    command.stdin(Stdio::null()).output().ok()
}

fn works(command: &mut Command) -> bool {
    output(command).is_some_and(|o| o.status.success())
}

/// The interpreter of a package's environment, made at first use; the version is part of its folder's name, so that
/// another one makes a new environment.
fn environment(package: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(package.replace("==", "-"));
    let python = folder.join("bin/python");
    let ready = folder.join("ready");
    if !ready.exists() {
        let made = output(Command::new("python3").args(["-m", "venv"]).arg(&folder)).unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", package];
        let installed = output(Command::new(&python).args(pip)).unwrap();
        assert!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));
        std::fs::write(&ready, package).unwrap();
    }
    python
}

/// Runs a script of this folder with a package (`name==version`) against a workspace of its own; it must say this.
pub(crate) async fn run(package: &'static str, script: &str, says: &str) {
    if !works(Command::new("python3").args(["-c", "import venv, ensurepip"])) {
        println!("NOT RUN: no python3 with venv on this machine, the test of {package} checked nothing");
        return;
    }
    let lab = Lab::start().await;
    let python = tokio::task::spawn_blocking(|| environment(package)).await.unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it").join(script);
    let mut command = tokio::process::Command::new(python);
    // Nothing of the machine's own Databricks configuration may leak in.
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("HOME", lab.folder()).env("LAB_HOST", lab.url("")).env("LAB_TOKEN", ANN);
    command.env("LAB_ROBOT", format!("{}={}", ROBOT.0, ROBOT.1));
    let ran = tokio::time::timeout(SCRIPT_LIMIT, command.arg(script).kill_on_drop(true).output()).await;
    let ran = ran.expect("the script ends in time").unwrap();
    let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{out}\n{err}");
    assert!(out.contains(says), "{out}");
    lab.stop().await;
}
