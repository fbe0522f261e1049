//! `bricklayer mcp`: one and several on a data folder.

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::support::{World, keep_compiled_code};

/// One that was started; its errors are in a file.
struct Running {
    child: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
}

fn command(world: &World, data: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bricklayer"));
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("DATABRICKS_HOST", world.workspace.url.as_str())
        .env("DATABRICKS_TOKEN", "canary-developer-token")
        .current_dir(world.data_dir())
        .args(["mcp", "--data-dir", data]);
    command
}

impl Running {
    fn start(world: &World, project: &str, log: &str) -> Self {
        keep_compiled_code(&world.data_dir().join("data"));
        let errors = std::fs::File::create(world.data_dir().join(log)).unwrap();
        let mut child = command(world, "data")
            .args(["--project", project])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()).lines());
        let mut one = Self { child, input, output };
        let params =
            json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
        let hello = one.ask("initialize", params);
        assert_eq!(hello["result"]["serverInfo"]["name"], "bricklayer", "{hello}");
        one.say(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        one
    }

    fn say(&mut self, message: &Value) {
        writeln!(self.input.as_mut().unwrap(), "{message}").unwrap();
    }

    /// Every line of standard output is a message.
    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.say(&json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}));
        let line = self.output.next().expect("an answer").unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    fn call(&mut self, tool: &str, arguments: Value) -> Value {
        self.ask("tools/call", json!({"name": tool, "arguments": arguments}))["result"].clone()
    }

    fn end(mut self) {
        drop(self.input.take());
        assert!(self.child.wait().unwrap().success());
        assert!(self.output.next().is_none());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn folder(world: &World, name: &str) -> String {
    let path = world.data_dir().join(name);
    std::fs::create_dir_all(&path).unwrap();
    path.to_str().unwrap().to_owned()
}

fn log(world: &World, name: &str) -> String {
    std::fs::read_to_string(Path::new(world.data_dir()).join(name)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn many_clients_work_on_one_data_folder() {
    let world = World::sqlite().await;
    let (one, other) = (folder(&world, "one"), folder(&world, "other"));
    let work = tokio::task::spawn_blocking(move || {
        let write = json!({"file_path": "a.md", "content": "kumquat"});
        let mut first = Running::start(&world, &one, "first.log");
        assert_eq!(first.call("Write", write)["isError"], false);
        // The second passes on to the first; the same folder is the same project, another one is not.
        let mut second = Running::start(&world, &one, "second.log");
        assert!(second.call("Read", json!({"file_path": "a.md"})).to_string().contains("kumquat"));
        let mut third = Running::start(&world, &other, "third.log");
        assert_eq!(third.call("Read", json!({"file_path": "a.md"}))["isError"], true);
        third.end();
        // The first stays as long as others need it.
        drop(first.input.take());
        assert_eq!(second.call("Read", json!({"file_path": "a.md"}))["isError"], false);
        second.end();
        assert!(first.child.wait().unwrap().success());
        // Afterwards the folder's project is there again.
        let mut again = Running::start(&world, &one, "again.log");
        assert!(again.call("Read", json!({"file_path": "a.md"})).to_string().contains("kumquat"));
        again.end();
        let told = log(&world, "first.log");
        assert!(told.contains("answering MCP") && told.contains("leaving"), "{told}");
        assert!(!told.contains("canary-developer-token"), "{told}");
        assert_eq!(log(&world, "second.log"), "");
    });
    work.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_said_on_standard_error() {
    let world = World::sqlite().await;
    let work = tokio::task::spawn_blocking(move || {
        let unknown = uuid::Uuid::now_v7().to_string();
        keep_compiled_code(&world.data_dir().join("data"));
        for (project, environment, says) in [
            ("no/such/folder", ("A", "b"), "is no project's id and no folder"),
            (&*unknown, ("A", "b"), "there is no such project of yours"),
            (".", ("DATABRICKS_APP_NAME", "app"), "connect to /mcp"),
        ] {
            let mut command = command(&world, "data");
            if environment.0 != "A" {
                command.env_remove("DATABRICKS_TOKEN");
            }
            let ended = command.args(["--project", project]).env(environment.0, environment.1).stdin(Stdio::null());
            let ended = ended.output().unwrap();
            let said = String::from_utf8(ended.stderr).unwrap();
            assert!(!ended.status.success() && ended.stdout.is_empty() && said.contains(says), "{said}");
        }
    });
    work.await.unwrap();
}
