//! Judges from PyPI, unchanged, in environments of their own that are kept between runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

pub(crate) fn output(command: &mut Command) -> Option<Output> {
    command.stdin(Stdio::null()).output().ok()
}

/// The interpreter of an environment with these packages (`name==version`), made at first use. Where there is no python3
/// it says so: then nothing is checked.
pub(crate) fn environment(name: &str, packages: &[&str]) -> Option<PathBuf> {
    if !output(Command::new("python3").args(["-c", "import venv, ensurepip"])).is_some_and(|o| o.status.success()) {
        println!("NOT RUN: no python3 with venv on this machine, {packages:?} checked nothing");
        return None;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let (python, ready, wanted) = (folder.join("bin/python"), folder.join("ready"), packages.join(" "));
    if fs::read_to_string(&ready).ok().as_deref() != Some(&*wanted) {
        let made = output(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder)).unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
        let installed = output(Command::new(&python).args(pip).args(packages)).unwrap();
        assert!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));
        fs::write(&ready, wanted).unwrap();
    }
    Some(python)
}
