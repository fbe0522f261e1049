//! The binary: configuration, signals, a taken port, death in mid-turn.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Api, Gate, Reply, World, eventually, keep_compiled_code};

/// The program, with the environment of a host behind a proxy.
pub(crate) fn bricklayer(world: &World) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bricklayer"));
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("DATABRICKS_APP_NAME", "test")
        .env("DATABRICKS_HOST", world.workspace.url.as_str())
        .env("ANTHROPIC_BASE_URL", world.model.url.as_str())
        .env("ANTHROPIC_AUTH_TOKEN", "canary-model-token")
        .env("RUST_LOG", "info")
        .current_dir(world.data_dir());
    command
}

/// Where the programs of a world write their logs, one after the other.
pub(crate) fn log_path(world: &World) -> PathBuf {
    world.data_dir().join("log")
}

fn log(world: &World) -> File {
    File::options().create(true).append(true).open(log_path(world)).unwrap()
}

/// A running `bricklayer serve`, killed when dropped.
pub(crate) struct Running {
    child: Child,
    base: String,
}

impl Running {
    fn start(world: &World) -> Self {
        Self::start_with(world, &[])
    }

    /// With further environment variables.
    pub(crate) fn start_with(world: &World, environment: &[(&str, &str)]) -> Self {
        Self::start_in(world, "data", environment)
    }

    pub(crate) fn base(&self) -> String {
        self.base.clone()
    }

    /// With its data in a folder below the world's.
    pub(crate) fn start_in(world: &World, data_dir: &str, environment: &[(&str, &str)]) -> Self {
        keep_compiled_code(&world.data_dir().join(data_dir));
        let mut child = bricklayer(world)
            .envs(environment.iter().copied())
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir", data_dir])
            .stdout(Stdio::piped())
            .stderr(log(world))
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let base = line.trim().strip_prefix("Bricklayer is at ").unwrap_or_else(|| panic!("{line:?}")).to_owned();
        Self { child, base }
    }

    pub(crate) fn ann(&self) -> Api {
        self.user("ann@example.com")
    }

    pub(crate) fn user(&self, email: &str) -> Api {
        self.nobody()
            .with("x-forwarded-email", email)
            .with("x-forwarded-access-token", &format!("canary-token-of-{email}"))
    }

    /// Without headers: nobody behind a proxy, the developer in development.
    pub(crate) fn nobody(&self) -> Api {
        Api::new(&self.base)
    }

    /// The most memory that it ever held.
    pub(crate) fn memory_peak_kib(&self) -> u64 {
        self.memory_kib("VmHWM")
    }

    /// The memory that it holds.
    pub(crate) fn memory_now_kib(&self) -> u64 {
        self.memory_kib("VmRSS")
    }

    fn memory_kib(&self, what: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(what)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    pub(crate) fn signal(&self, signal: &str) {
        let status = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    pub(crate) async fn ended(&mut self) -> std::process::ExitStatus {
        eventually("the end of the process", async || match self.child.try_wait().unwrap() {
            Some(status) => Ok(status),
            None => Err("it runs".into()),
        })
        .await
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn a_killed_process_loses_no_message_and_the_next_one_goes_on() {
    let world = World::sqlite().await;
    let gate = Gate::new();
    world
        .model
        .script("work", vec![Reply::sql("call_1", "SELECT 1"), Reply::gated(vec!["a".into(), "b".into()], &gate)]);
    let mut first = Running::start(&world);
    let ann = first.ann();
    let project = ann.project("One").await;
    let (execution, conversation) = ann.ask(&project, "work").await;
    let mut follow = ann.follow(&execution, 0).await;
    gate.open_to(1);
    follow.until("text_delta").await;
    first.signal("-KILL");
    first.ended().await;

    gate.open_to(3);
    let mut second = Running::start(&world);
    let ann = second.ann();
    let path = format!("/api/projects/{project}/conversations/{conversation}");
    let detail = eventually("the end of the turn", async || {
        let detail = ann.get(&path).await.ok();
        if detail["active_execution"].is_null() { Ok(detail) } else { Err(detail.to_string()) }
    })
    .await;
    assert_eq!(detail["messages"][0]["content"], "work");
    assert_eq!(detail["messages"][1]["content"], "ab");
    let began = Instant::now();
    second.signal("-TERM");
    assert!(second.ended().await.success());
    assert!(began.elapsed() < Duration::from_secs(30));
}

#[tokio::test]
async fn wrong_starts_say_what_to_do() {
    let world = World::sqlite().await;
    let refused = |command: &mut Command, expect: &str| {
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{said}");
        assert!(said.contains(expect), "{said:?} does not say {expect:?}");
        assert!(!said.contains("canary"), "{said}");
    };
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    refused(bricklayer(&world).args(["serve", "--listen", &address]), "choose another address with --listen");
    refused(bricklayer(&world).args(["serve", "--listen", "nonsense"]), "command line: `listen` must be an address");
    refused(
        bricklayer(&world).args(["serve", "--identity", "development", "--listen", "0.0.0.0:0"]),
        "other machines can reach",
    );
    refused(bricklayer(&world).arg("serve").env("BRICKLAYER_DATA_DRI", "x"), "did you mean `BRICKLAYER_DATA_DIR`?");
    refused(bricklayer(&world).arg("serve").env("DATABASE_URL", "mysql://u:canary@h"), "must begin with postgres://");
    refused(bricklayer(&world).args(["serve", "--log", "a=b=c"]), "no log filter");

    std::fs::write(world.data_dir().join("config.yaml"), "listn: 127.0.0.1:0\n").unwrap();
    refused(bricklayer(&world).arg("serve"), "unknown setting `listn`, did you mean `listen`?");
    std::fs::remove_file(world.data_dir().join("config.yaml")).unwrap();

    std::fs::write(world.data_dir().join("file"), "").unwrap();
    refused(
        bricklayer(&world).args(["serve", "--listen", "127.0.0.1:0", "--data-dir", "file"]),
        "choose another with --data-dir",
    );
    std::fs::create_dir(world.data_dir().join("damaged")).unwrap();
    std::fs::write(world.data_dir().join("damaged/bricklayer.db"), "this is no database".repeat(100)).unwrap();
    refused(bricklayer(&world).args(["serve", "--listen", "127.0.0.1:0", "--data-dir", "damaged"]), "damaged");
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_says_what_is_configured_and_hides_secrets() {
    let world = World::sqlite().await;
    let output = bricklayer(&world)
        .args(["doctor", "--listen", "127.0.0.1:0"])
        .env("BRICKLAYER_IDENTITY", "development")
        .env("DATABRICKS_TOKEN", "canary-developer-token")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}");
    for expect in ["databricks.token = (set)", "knows you as Dana@Example.com", "is free to listen on", "will be made"]
    {
        assert!(said.contains(expect), "{said} does not say {expect:?}");
    }
    assert!(!said.contains("canary"), "{said}");
}

#[test]
fn the_version_names_the_engine_and_where_each_advisory_stands() {
    let output = Command::new(env!("CARGO_BIN_EXE_bricklayer")).args(["version", "--advisories"]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    let lock = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.lock")).unwrap();
    let (_, engine) = lock.split_once("name = \"wasmtime\"\nversion = \"").unwrap();
    let version = engine.split('"').next().unwrap();
    assert!(said.contains(&format!("engine wasmtime {version}, supported until 20")), "{said}");
    let advisories = said.lines().filter(|line| line.contains("a guest could")).count();
    assert!(advisories > 0 && !said.contains("OPEN"), "{said}");
}
