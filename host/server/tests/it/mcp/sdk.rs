//! The official Python client of the protocol, over both transports: the release that speaks revision 2025-11-25, and the
//! one that speaks 2026-07-28. Installed into an environment that is kept between
//! runs; where there is no python3 the test says so and checks nothing.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::*;

/// Each with its script.
const CLIENTS: [(&str, &str); 2] = [("mcp==1.30.0", "sdk.py"), ("mcp==2.3.0", "sdk_modern.py")];

fn works(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).output().is_ok_and(|output| output.status.success())
}

/// The interpreter of an environment with a client, made at first use; its version is part of its folder's name.
fn environment(package: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(package.replace("==", "-"));
    let (python, ready) = (folder.join("bin/python"), folder.join("ready"));
    if !ready.exists() {
        assert!(works(Command::new("python3").args(["-m", "venv"]).arg(&folder)), "no environment was made");
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", package];
        let installed = Command::new(&python).args(pip).stdin(Stdio::null()).output().unwrap();
        assert!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));
        std::fs::write(&ready, package).unwrap();
    }
    python
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_client_is_content_with_both_transports() {
    if !works(Command::new("python3").args(["-c", "import venv, ensurepip"])) {
        println!("NOT RUN: no python3 with venv on this machine, the test of the protocol's client checked nothing");
        return;
    }
    for (package, script) in CLIENTS {
        let python = tokio::task::spawn_blocking(move || environment(package)).await.unwrap();
        let world = World::sqlite().await;
        let server = world.serve().await;
        keep_compiled_code(&world.data_dir().join("data"));
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/mcp").join(script);
        let mut command = tokio::process::Command::new(python);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).current_dir(world.data_dir());
        command.args([script.as_os_str(), format!("{}/mcp", server.base).as_ref()]);
        command.args([env!("CARGO_BIN_EXE_bricklayer"), world.workspace.url.as_str()]);
        let ran = tokio::time::timeout(PATIENCE, command.kill_on_drop(true).output()).await;
        let ran = ran.expect("the script ends in time").unwrap();
        let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        assert!(ran.status.success() && out.contains("the client is content"), "{package}\n{out}\n{err}");
        server.stop().await;
    }
}
