//! The official conformance suite, in both revisions, against the fixture. What it asks for and tools of a gate do not
//! have is in `tests/conformance/*.yml`, each line with its reason; the suite fails on anything else, and on a line
//! that is not needed any more. Installed from npm into a folder that is kept between runs; where there is no npm the
//! test says so and checks nothing.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::fixture::Host;

/// The suite, both revisions together, takes a minute on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance")
}

async fn works(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).output().await.is_ok_and(|output| output.status.success())
}

/// The folder of the suite, installed at first use; made anew when its lock is another.
async fn installed() -> PathBuf {
    let lock = std::fs::read(sources().join("package-lock.json")).unwrap();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mcp-conformance");
    let ready = folder.join("ready");
    if std::fs::read(&ready).ok() != Some(lock.clone()) {
        std::fs::create_dir_all(&folder).unwrap();
        for file in ["package.json", "package-lock.json"] {
            std::fs::copy(sources().join(file), folder.join(file)).unwrap();
        }
        let mut npm = Command::new("npm");
        npm.current_dir(&folder).args(["install", "--no-audit", "--no-fund", "--loglevel=error"]);
        let done = npm.stdin(Stdio::null()).output().await.unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        std::fs::write(&ready, lock).unwrap();
    }
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_suite_is_content() {
    if !works(Command::new("npm").arg("--version")).await {
        println!("NOT RUN: no npm on this machine, the conformance suite checked nothing");
        return;
    }
    let folder = installed().await;
    for revision in ["2026-07-28", "2025-11-25"] {
        let host = Host::start().await;
        let mut suite = Command::new(folder.join("node_modules/.bin/node"));
        suite.current_dir(&folder).arg("node_modules/@modelcontextprotocol/conformance/dist/index.js");
        suite.args(["server", "--url", &host.address, "--requirements", revision]);
        suite.arg("--expected-failures").arg(sources().join(format!("{revision}.yml")));
        let ran = suite.stdin(Stdio::null()).kill_on_drop(true).output();
        let ran = tokio::time::timeout(PATIENCE, ran).await.expect("the suite ends in time").unwrap();
        let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        assert!(ran.status.success(), "{revision}\n{out}\n{err}");
    }
}
