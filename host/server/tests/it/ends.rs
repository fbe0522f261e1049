//! Ends: whatever ends the program, the local workspace that it started ends as well.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::support::{eventually, keep_compiled_code};

/// The program without any configuration, in a folder of its own.
fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bricklayer"));
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("RUST_LOG", "info")
        .env("RUST_BACKTRACE", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .current_dir(folder);
    command
}

/// The processes that one started.
fn children(process: u32) -> Vec<u32> {
    let text = std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    text.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok())
        .flat_map(|line| line.split_whitespace().map(|id| id.parse().unwrap()).collect::<Vec<u32>>())
        .collect()
}

/// Whether a process is there and is this program; an id may be another's by now.
fn is_workspace(process: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{process}/comm")).is_ok_and(|name| name.starts_with("bricklayer-work"))
}

fn signal(process: u32, signal: &str) {
    assert!(Command::new("kill").args([signal, &process.to_string()]).status().unwrap().success());
}

/// Sends a signal to the program and waits until it and the workspace that it started are gone.
async fn both_end(mut program: Child, workspace: u32, by: &str) {
    signal(program.id(), by);
    let status = eventually("the end of the program", async || match program.try_wait().unwrap() {
        Some(status) => Ok(status),
        None => Err("it runs".into()),
    })
    .await;
    assert_eq!(status.success(), by != "-KILL", "{by}: {status}");
    eventually(
        "the end of its workspace",
        async || if is_workspace(workspace) { Err("it runs".into()) } else { Ok(()) },
    )
    .await;
}

#[tokio::test]
async fn the_workspace_command_ends_what_it_started_however_it_ends() {
    for by in ["-TERM", "-INT", "-HUP", "-KILL"] {
        let folder = tempfile::tempdir().unwrap();
        let mut running =
            program(folder.path()).args(["workspace", "--listen", "127.0.0.1:0", "--token", "t"]).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(running.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("listening"), "{line}");
        let started = children(running.id());
        let [workspace] = started.as_slice() else { panic!("{started:?}") };
        assert!(is_workspace(*workspace));
        both_end(running, *workspace, by).await;
    }
}

#[tokio::test]
async fn a_host_ends_its_workspace_however_it_ends() {
    for by in ["-TERM", "-HUP", "-KILL"] {
        let folder = tempfile::tempdir().unwrap();
        keep_compiled_code(&folder.path().join("data"));
        let mut running = program(folder.path()).args(["serve", "--listen", "127.0.0.1:0"]).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(running.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("Bricklayer is at"), "{line}");
        let workspace = eventually("the start of the workspace", async || {
            children(running.id()).into_iter().find(|child| is_workspace(*child)).ok_or_else(|| "none".to_owned())
        })
        .await;
        both_end(running, workspace, by).await;
    }
}

#[tokio::test]
async fn the_workspace_command_knows_several_users_and_keeps_nothing_if_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["workspace", "--listen", "127.0.0.1:0", "--token", "admin=first", "--token", "guest=second"];
    let mut running = program(folder.path()).args(arguments).args(["--ephemeral", "--", "--faults"]).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(running.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let listening: serde_json::Value = serde_json::from_str(&line).unwrap();
    let address = format!("http://{}", listening["listening"].as_str().unwrap());
    for (token, user) in [("first", Some("admin")), ("second", Some("guest")), ("third", None)] {
        let me = reqwest::Client::new().get(format!("{address}/api/2.0/preview/scim/v2/Me")).bearer_auth(token);
        let me: serde_json::Value = me.send().await.unwrap().json().await.unwrap();
        assert_eq!(me["userName"].as_str(), user, "{me}");
    }
    let faults = reqwest::Client::new().get(format!("{address}/_faults")).bearer_auth("first").send().await.unwrap();
    assert_ne!(faults.status(), reqwest::StatusCode::NOT_FOUND);
    let started = children(running.id());
    let [workspace] = started.as_slice() else { panic!("{started:?}") };
    let workspace = *workspace;
    signal(running.id(), "-TERM");
    assert!(running.wait().unwrap().success());
    assert!(!is_workspace(workspace));
    let left: Vec<_> = std::fs::read_dir(folder.path().join("data/workspace")).into_iter().flatten().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn a_token_that_would_be_read_as_another_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for token in ["=a", "a=", "a b", "a\nb"] {
        let output =
            program(folder.path()).args(["workspace", "--token", token]).stderr(Stdio::piped()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains("choose another") && said.lines().count() == 1, "{said}");
    }
}

#[tokio::test]
async fn what_users_own_is_closed_to_others() {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folder = tempfile::tempdir().unwrap();
    let start =
        async |folder: &Path| {
            let mut running = program(folder)
                .args(["serve", "--listen", "127.0.0.1:0"])
                .env("BRICKLAYER_PLUGINS_INSTALLERS", "nobody")
                .spawn()
                .unwrap();
            let mut line = String::new();
            BufReader::new(running.stdout.take().unwrap()).read_line(&mut line).unwrap();
            assert!(line.contains("Bricklayer is at"), "{line}");
            let started = children(running.id());
            signal(running.id(), "-KILL");
            running.wait().unwrap();
            for child in started {
                eventually("the end of its workspace", async || {
                    if is_workspace(child) { Err("it runs".into()) } else { Ok(()) }
                })
                .await;
            }
        };
    start(folder.path()).await;
    let data = folder.path().join("data");
    assert_eq!((mode(&data), mode(&data.join("projects"))), (0o700, 0o700));
    // One that an earlier version left open.
    for path in [&data, &data.join("projects")] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    start(folder.path()).await;
    assert_eq!((mode(&data), mode(&data.join("projects"))), (0o700, 0o700));
    // One that is also something else keeps its mode.
    let shared = tempfile::tempdir().unwrap();
    std::fs::create_dir(shared.path().join("data")).unwrap();
    std::fs::set_permissions(shared.path().join("data"), std::fs::Permissions::from_mode(0o755)).unwrap();
    keep_compiled_code(&shared.path().join("data"));
    start(shared.path()).await;
    assert_eq!((mode(&shared.path().join("data")), mode(&shared.path().join("data/projects"))), (0o755, 0o700));
}
