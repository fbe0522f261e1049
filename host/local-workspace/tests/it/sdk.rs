//! The official Python SDK against the workspace: installed from PyPI into a virtual environment that is kept between
//! runs. Where there is no python3 the test says so and checks nothing.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::Duration,
};

use crate::harness::{ANN, Lab, ROBOT};

/// The SDK's version, part of the environment's folder name so that a change makes a new one.
const SDK: &str = "databricks-sdk==0.156.0";

/// How long the script may take; installing is not counted.
const SCRIPT_LIMIT: Duration = Duration::from_secs(180);

fn output(command: &mut Command) -> Option<Output> {
    command.stdin(Stdio::null()).output().ok()
}

fn works(command: &mut Command) -> bool {
    output(command).is_some_and(|o| o.status.success())
}

/// The interpreter of the environment, made at first use.
fn environment() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(SDK.replace("==", "-"));
    let python = folder.join("bin/python");
    let ready = folder.join("ready");
    if !ready.exists() {
        let made = output(Command::new("python3").args(["-m", "venv"]).arg(&folder)).unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", SDK];
        let installed = output(Command::new(&python).args(pip)).unwrap();
        assert!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));
        std::fs::write(&ready, SDK).unwrap();
    }
    python
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_sdk_works_unchanged() {
    if !works(Command::new("python3").args(["-c", "import venv, ensurepip"])) {
        println!("NOT RUN: no python3 with venv on this machine, the SDK test checked nothing");
        return;
    }
    let lab = Lab::start().await;
    let python = tokio::task::spawn_blocking(environment).await.unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/sdk.py");
    let mut command = tokio::process::Command::new(python);
    // Nothing of the machine's own Databricks configuration may leak in.
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("HOME", lab.folder()).env("LAB_HOST", lab.url("")).env("LAB_TOKEN", ANN);
    command.env("LAB_ROBOT", format!("{}={}", ROBOT.0, ROBOT.1));
    let ran = tokio::time::timeout(SCRIPT_LIMIT, command.arg(script).kill_on_drop(true).output()).await;
    let ran = ran.expect("the script ends in time").unwrap();
    let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{out}\n{err}");
    assert!(out.contains("the SDK is content"), "{out}");
    lab.stop().await;
}
