//! The part of the official conformance suite that is about the server: names that lead here. The rest is run against
//! the protocol's fixture, in `host/mcp/tests/it/conformance.rs`, whose installation this takes.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use crate::identity::development;
use crate::support::{PATIENCE, Server, World};

/// The folder of the suite, installed at first use.
async fn installed() -> PathBuf {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mcp/tests/conformance");
    let lock = std::fs::read(sources.join("package-lock.json")).unwrap();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mcp-conformance-server");
    let ready = folder.join("ready");
    if std::fs::read(&ready).ok() != Some(lock.clone()) {
        std::fs::create_dir_all(&folder).unwrap();
        for file in ["package.json", "package-lock.json"] {
            std::fs::copy(sources.join(file), folder.join(file)).unwrap();
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
async fn the_official_suite_is_content_with_the_server() {
    if !Command::new("npm").arg("--version").stdin(Stdio::null()).output().await.is_ok_and(|ran| ran.status.success()) {
        println!("NOT RUN: no npm on this machine, the conformance suite checked nothing");
        return;
    }
    let folder = installed().await;
    let world = World::sqlite().await;
    let server = Server::start(development(&world)).await;
    for (revision, scenarios) in [
        ("2026-07-28", ["dns-rebinding-protection", "tools-list", "resources-list", "prompts-list", "caching"]),
        (
            "2025-11-25",
            ["dns-rebinding-protection", "tools-list", "resources-list", "prompts-list", "server-initialize"],
        ),
    ] {
        for scenario in scenarios {
            let mut suite = Command::new(folder.join("node_modules/.bin/node"));
            suite.current_dir(&folder).arg("node_modules/@modelcontextprotocol/conformance/dist/index.js");
            suite.args(["server", "--url", &format!("{}/mcp", server.base), "--scenario", scenario]);
            suite.args(["--spec-version", revision]);
            let ran = suite.stdin(Stdio::null()).kill_on_drop(true).output();
            let ran = tokio::time::timeout(PATIENCE, ran).await.expect("the suite ends in time").unwrap();
            let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
            assert!(ran.status.success(), "{revision} {scenario}\n{out}\n{err}");
        }
    }
    server.stop().await;
}
