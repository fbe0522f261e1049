//! The official Python clients of both wires drive the scripted model that our providers are tested against: what it
//! says is what those APIs say. Installed into an environment that is kept between runs; where there is no python3 the
//! test says so and checks nothing.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use bricklayer_far_ends::Step;
use serde_json::json;

use crate::support::*;

const PACKAGES: [&str; 2] = ["anthropic==2.15.0", "openai==3.57.0"];

fn works(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).output().is_ok_and(|output| output.status.success())
}

/// The interpreter of an environment with the clients, made at first use; their versions are part of its folder's name.
fn environment() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(PACKAGES.join("-").replace("==", "-"));
    let (python, ready) = (folder.join("bin/python"), folder.join("ready"));
    if !ready.exists() {
        assert!(works(Command::new("python3").args(["-m", "venv"]).arg(&folder)), "no environment was made");
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
        let installed = Command::new(&python).args(pip).args(PACKAGES).stdin(Stdio::null()).output().unwrap();
        assert!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));
        std::fs::write(&ready, PACKAGES.join(" ")).unwrap();
    }
    python
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_clients_understand_the_scripted_model() {
    if !works(Command::new("python3").args(["-c", "import venv, ensurepip"])) {
        println!("NOT RUN: no python3 with venv on this machine, the test of the models' clients checked nothing");
        return;
    }
    let model = Model::start().await;
    let say = |text: &str| Step::Say(text.to_owned());
    let call = |n: u32| Step::Call {
        id: format!("call_{n}"),
        name: "mcp__databricks__execute_sql".to_owned(),
        input: json!({"statement": format!("SELECT {n}")}),
    };
    let thought = [Step::Think("Hm, ".to_owned()), Step::Think("größe".to_owned())];
    let [hm, size] = thought;
    model.script("ask", vec![Reply::Steps(vec![hm, size, say("I look "), say("☃"), call(1)]), Reply::text("I see")]);
    model.script("plain", vec![Reply::Steps(vec![say("I look "), say("☃"), call(1), call(2)]), Reply::text("I see")]);
    let slow = json!({"type": "error", "error": {"type": "rate_limit_error", "message": "slow down"}});
    model.script("limit", vec![Reply::Status(429, vec![], slow)]);
    let python = tokio::task::spawn_blocking(environment).await.unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/model_sdks.py");
    let mut command = tokio::process::Command::new(python);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("MODEL_ROOT", model.url.as_str());
    let ran = tokio::time::timeout(PATIENCE, command.arg(script).kill_on_drop(true).output()).await;
    let ran = ran.expect("the script ends in time").unwrap();
    let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success() && out.contains("the clients are content"), "{out}\n{err}");
}
