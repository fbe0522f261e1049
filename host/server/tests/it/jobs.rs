//! Jobs from end to end: a scripted model, the compiled family of jobs, and a local workspace of the test's own.

use std::path::PathBuf;
use std::process::Stdio;

use base64::Engine as _;
use bricklayer_server::config::{Config, ModelConfig, WorkspaceConfig};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::shared::guests::target_dir;
use crate::support::{Api, Chat, Server, World, eventually};

/// A statement that runs until it is ended.
pub(crate) const ENDLESS: &str =
    "SELECT count(*) FROM range(1000000000) a CROSS JOIN range(1000000000) b WHERE a.id + b.id = -1";

/// The token that the proxy sends for ann.
pub(crate) const TOKEN: &str = "canary-token-of-ann";

/// Bob's token with his name; Ann, who comes first, administers.
const BOB: &str = "canary-token-of-bob=bob@example.com";

/// A local workspace as a process that a test may kill.
pub(crate) struct Local {
    child: Child,
    pub(crate) address: String,
    folder: PathBuf,
    pub(crate) client: Api,
}

impl Local {
    async fn start(folder: PathBuf, listen: &str) -> Self {
        let mut child = Command::new(target_dir().join("debug/bricklayer-workspace"))
            .args(["--listen", listen, "--memory-mib", "256", "--exit-with-parent", "--faults"])
            .args(["--token", &format!("{TOKEN}=ann@example.com"), "--token", BOB, "--data-dir"])
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).await.unwrap();
        let line: Value = serde_json::from_str(&line).unwrap();
        let address = line["listening"].as_str().unwrap().to_owned();
        let client = Api::new(&format!("http://{address}")).with("authorization", &format!("Bearer {TOKEN}"));
        Self { child, address, folder, client }
    }

    /// Dies as on SIGKILL and starts again at the same address.
    async fn die_and_start(mut self) -> Self {
        self.child.kill().await.unwrap();
        Self::start(self.folder, &self.address).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        self.client.post(path, body).await.ok()
    }

    /// A task that runs a statement, with further fields.
    pub(crate) async fn task(&self, key: &str, statement: &str, more: Value) -> Value {
        let warehouses = self.client.get("/api/2.0/sql/warehouses").await.ok();
        let saved = self.post("/api/2.0/sql/queries", json!({"query": {"query_text": statement}})).await;
        let query = json!({"query_id": saved["id"]});
        let mut task =
            json!({"task_key": key, "sql_task": {"warehouse_id": warehouses["warehouses"][0]["id"], "query": query}});
        task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        task
    }

    /// Puts a file, or a notebook where the text says that it is one, into ann's home.
    pub(crate) async fn import(&self, name: &str, text: &str) {
        let content = base64::engine::general_purpose::STANDARD.encode(text);
        let path = format!("/Users/ann@example.com/{name}");
        self.post("/api/2.0/workspace/import", json!({"path": path, "format": "AUTO", "content": content})).await;
    }

    /// A run as the workspace has it, once it is as wanted.
    pub(crate) async fn run_until(&self, run: &Value, wanted: impl Fn(&Value) -> bool) -> Value {
        eventually("the run's state", async || {
            let run = self.client.get(&format!("/api/2.2/jobs/runs/get?run_id={run}")).await.ok();
            if wanted(&run["state"]) { Ok(run) } else { Err(run["state"].to_string()) }
        })
        .await
    }
}

pub(crate) async fn scene() -> (World, Local, Server) {
    let world = World::sqlite().await;
    let local = Local::start(world.data_dir().join("local-workspace"), "127.0.0.1:0").await;
    let server = Server::start(config(&world, &local)).await;
    (world, local, server)
}

pub(crate) fn config(world: &World, local: &Local) -> Config {
    let host = format!("http://{}", local.address).parse().unwrap();
    Config { workspace: WorkspaceConfig::Remote { host, token: None }, ..world.config() }
}

pub(crate) fn tool(name: &str) -> String {
    format!("mcp__databricks__{name}")
}

#[track_caller]
pub(crate) fn well(answer: &Value) -> &Value {
    assert_eq!(answer["is_error"], false, "{answer:#}");
    &answer["structured"]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_made_once_run_read_mended_and_repaired() {
    let (world, local, server) = scene().await;
    let ann = server.as_user("ann");
    let mut chat = Chat::new(&world.model, &ann).await;
    let load = local.task("load", "SELECT city, n FROM main.default.cities", json!({})).await;
    let check = json!({"task_key": "check", "depends_on": [{"task_key": "load"}],
        "condition_task": {"op": "GREATER_THAN", "left": "{{tasks.load.output.first_row.n}}", "right": "{{job.parameters.least}}"}});
    let report = json!({"depends_on": [{"task_key": "check", "outcome": "true"}]});
    let report = local.task("report", "SELECT :least AS least", report).await;
    let settings =
        json!({"name": "cities", "parameters": [{"name": "least", "default": "5"}], "tasks": [load, check, report]});
    let make = json!({"name": "cities", "settings": settings});
    let made = chat.call(&tool("create_or_update_job"), make.clone()).await;
    assert_eq!(well(&made)["created"], true);
    let again = chat.call(&tool("create_or_update_job"), make).await;
    let job = well(&made)["job_id"].clone();
    assert_eq!((&well(&again)["created"], &well(&again)["job_id"]), (&json!(false), &job));
    let listed = chat.call(&tool("list_jobs"), json!({"name_contains": "CIT"})).await;
    assert_eq!((well(&listed)["jobs"].as_array().unwrap().len(), &well(&listed)["complete"]), (1, &json!(true)));

    // The table that it reads is not there.
    let run = json!({"job_id": job, "parameters": [{"name": "least", "value": "1"}], "wait_seconds": 60});
    let failed = chat.call(&tool("run_job"), run).await;
    assert_eq!((&failed["is_error"], &failed["error_kind"]), (&json!(true), &json!("failed")));
    let said = failed["content"].as_str().unwrap();
    for part in ["load: FAILED", "[TABLE_OR_VIEW_NOT_FOUND]", "Not run because of that: check, report", "repair_run"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let listed = chat.call(&tool("list_runs"), json!({"job_id": job, "completed_only": true})).await;
    let run_id = well(&listed)["runs"][0]["run_id"].clone();

    let statement = json!({"statement": "CREATE TABLE main.default.cities AS SELECT 'Zug' AS city, 3 AS n"});
    well(&chat.call(&tool("execute_sql"), statement).await);
    let repaired = chat.call(&tool("repair_run"), json!({"run_id": run_id, "wait_seconds": 60})).await;
    let repaired = well(&repaired);
    assert_eq!((&repaired["result"], &repaired["run_id"]), (&json!("SUCCESS"), &run_id), "{repaired:#}");
    let output = chat.call(&tool("get_run_output"), json!({"run_id": run_id, "task_keys": ["report"]})).await;
    let statement = well(&output)["outputs"][0]["statement_ids"][0].clone();
    let rows = chat.call(&tool("get_statement"), json!({"statement_id": statement})).await;
    assert_eq!(well(&rows)["rows"], json!([["1"]]));

    // Names of parameters are checked before anything starts, and a job that is gone is named.
    let wrong = json!({"job_id": job, "parameters": [{"name": "leats", "value": "1"}]});
    let refused = chat.call(&tool("run_job"), wrong).await;
    assert!(refused["content"].as_str().unwrap().contains("did you mean 'least'?"), "{refused}");
    well(&chat.call(&tool("delete_job"), json!({"job_id": job})).await);
    let gone = chat.call(&tool("get_job"), json!({"job_id": job})).await;
    assert_eq!(gone["error_kind"], "not-found", "{gone}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_are_canceled_by_their_tool_and_by_stopping_the_call_that_waits() {
    let (world, local, server) = scene().await;
    let ann = server.as_user("ann");
    let mut chat = Chat::new(&world.model, &ann).await;
    let endless = local.task("endless", ENDLESS, json!({})).await;
    let submit = |wait: u32| json!({"tasks": [endless], "run_name": "long", "wait_seconds": wait});
    let begun = chat.call(&tool("submit_run"), submit(0)).await;
    let run = well(&begun)["run_id"].clone();
    assert_eq!(well(&begun)["ended"], false);
    local.run_until(&run, |state| state["life_cycle_state"] == "RUNNING").await;
    let canceled = chat.call(&tool("cancel_run"), json!({"run_id": run})).await;
    assert_eq!(well(&canceled)["result"], "CANCELED", "{canceled:#}");

    // The call waits for its run, shows how far it is, and takes it along when the user stops.
    let turn = chat.begin(&[(tool("submit_run"), submit(300))]).await;
    let mut follow = ann.follow(&turn, 0).await;
    let asked = follow.until("approval.requested").await;
    chat.allow(&turn, &asked).await;
    let shown = follow.until("tool_progress").await;
    assert!(shown.data["message"].as_str().unwrap().contains("running: endless"), "{shown:?}");
    let step = &shown.data["steps"][0];
    assert_eq!((&step["key"], &step["state"]), (&json!("endless"), &json!("running")), "{shown:?}");
    let active = local.client.get("/api/2.2/jobs/runs/list?active_only=true").await.ok();
    let run = active["runs"][0]["run_id"].clone();
    ann.post(&format!("/api/stop_stream/{turn}"), json!({})).await.ok();
    let ended = local.run_until(&run, |state| !state["result_state"].is_null()).await;
    assert_eq!(ended["state"]["result_state"], "CANCELED", "{ended:#}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_workspace_was_killed_says_so() {
    let (world, local, server) = scene().await;
    let ann = server.as_user("ann");
    let mut chat = Chat::new(&world.model, &ann).await;
    let endless = local.task("endless", ENDLESS, json!({})).await;
    let settings = json!({"tasks": [endless], "queue": {"enabled": true}});
    let made = chat.call(&tool("create_job"), json!({"name": "long", "settings": settings})).await;
    let job = well(&made)["job_id"].clone();
    let first = chat.call(&tool("run_job"), json!({"job_id": job})).await;
    let first = well(&first)["run_id"].clone();
    local.run_until(&first, |state| state["life_cycle_state"] == "RUNNING").await;
    let queued = chat.call(&tool("run_job"), json!({"job_id": job})).await;
    let queued = well(&queued)["run_id"].clone();
    local.run_until(&queued, |state| state["life_cycle_state"] == "QUEUED").await;

    let local = local.die_and_start().await;
    let waited = chat.call(&tool("wait_for_run"), json!({"run_id": first})).await;
    let said = waited["content"].as_str().unwrap();
    assert!(waited["is_error"] == true && said.contains("was stopped while this run was under way"), "{waited}");
    // What waited for its place has it now.
    local.run_until(&queued, |state| state["life_cycle_state"] == "RUNNING").await;
    well(&chat.call(&tool("cancel_run"), json!({"run_id": queued})).await);
    let read = local.client.request(Method::GET, "/api/2.2/jobs/runs/list");
    assert_eq!(local.client.send(read).await.ok()["runs"].as_array().unwrap().len(), 2);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn python_runs_as_a_task_and_tells_why_it_fails() {
    if !std::process::Command::new("python3").arg("--version").output().is_ok_and(|it| it.status.success()) {
        println!("NOT RUN: no python3 on this machine, the test of Python tasks checked nothing");
        return;
    }
    let (world, local, server) = scene().await;
    let ann = server.as_user("ann");
    let mut chat = Chat::new(&world.model, &ann).await;
    local.import("hello.py", "import sys\nprint('hello', sys.argv[1])\n").await;
    local.import("boom.py", "print('before')\nraise ValueError('boom')\n").await;
    let notebook = "# Databricks notebook source\n\
                    n = spark.sql('SELECT count(*) FROM samples.nyctaxi.trips').collect()[0][0]\n\
                    dbutils.notebook.exit(n > 0)\n";
    local.import("count.py", notebook).await;
    let file =
        |name: &str| json!({"python_file": format!("/Workspace/Users/ann@example.com/{name}"), "parameters": ["Zug"]});
    let tasks = json!([
        {"task_key": "hello", "spark_python_task": file("hello.py")},
        {"task_key": "count", "notebook_task": {"notebook_path": "/Users/ann@example.com/count"}},
    ]);
    let ran = chat.call(&tool("submit_run"), json!({"tasks": tasks, "wait_seconds": 120})).await;
    assert_eq!(well(&ran)["result"], "SUCCESS", "{ran:#}");
    let output = chat.call(&tool("get_run_output"), json!({"run_id": well(&ran)["run_id"]})).await;
    let outputs = well(&output)["outputs"].as_array().unwrap();
    assert_eq!(outputs[0]["logs"].as_str().unwrap().trim(), "hello Zug", "{output:#}");
    assert_eq!(outputs[1]["notebook_result"], "True", "{output:#}");

    let tasks = json!([{"task_key": "boom", "spark_python_task": file("boom.py")}]);
    let failed = chat.call(&tool("submit_run"), json!({"tasks": tasks, "wait_seconds": 120})).await;
    let said = failed["content"].as_str().unwrap();
    assert!(failed["is_error"] == true, "{failed}");
    for part in ["boom: FAILED", "ValueError: boom", "boom.py\", line 2"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    server.stop().await;
}

/// A host that leaves lets go of the run that a call waits for, and the next one waits on.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_outlives_the_host_whose_call_waits_for_it() {
    let (world, local, server) = scene().await;
    let ann = server.as_user("ann");
    let mut chat = Chat::new(&world.model, &ann).await;
    let endless = local.task("endless", ENDLESS, json!({})).await;
    let turn = chat.begin(&[(tool("submit_run"), json!({"tasks": [endless], "wait_seconds": 300}))]).await;
    let mut follow = ann.follow(&turn, 0).await;
    let asked = follow.until("approval.requested").await;
    chat.allow(&turn, &asked).await;
    follow.until("tool_progress").await;
    let active = local.client.get("/api/2.2/jobs/runs/list?active_only=true").await.ok();
    let run = active["runs"][0]["run_id"].clone();
    server.stop().await;
    local.run_until(&run, |state| state["life_cycle_state"] == "RUNNING").await;

    let server = Server::start(config(&world, &local)).await;
    let ann = server.as_user("ann");
    let mut follow = ann.follow(&turn, 0).await;
    local.post("/api/2.2/jobs/runs/cancel", json!({"run_id": run})).await;
    let result = follow.until("tool_result").await;
    let said = result.data["content"].as_str().unwrap();
    assert!(said.contains(&run.to_string()) && said.contains("CANCELED"), "{said}");
    let all = local.client.get("/api/2.2/jobs/runs/list").await.ok();
    assert_eq!(all["runs"].as_array().unwrap().len(), 1, "nothing ran twice");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_and_runs_are_shown_without_a_model() {
    let (world, local, server) = scene().await;
    server.stop().await;
    let server = Server::start(Config { model: ModelConfig::Offline, ..config(&world, &local) }).await;
    let job = local.post("/api/2.2/jobs/create", json!({"name": "nightly"})).await;
    local.post("/api/2.2/jobs/run-now", json!({"job_id": job["job_id"]})).await;
    let ann = server.as_user("ann");
    let project = ann.project("Jobs").await;
    for (message, list, says) in [
        ("show my jobs", "list_jobs", "nightly"),
        ("show the runs", "list_runs", "nightly"),
        ("show the failed runs", "list_runs", "No run fits"),
    ] {
        let (execution, _) = ann.ask(&project, message).await;
        let frames = ann.frames(&execution).await;
        let result = frames.iter().find(|frame| frame.kind() == "tool_result").unwrap_or_else(|| panic!("{frames:#?}"));
        assert_eq!(
            (&result.data["tool_name"], &result.data["is_error"]),
            (&json!(tool(list)), &json!(false)),
            "{message}"
        );
        assert!(result.data["content"].as_str().unwrap().contains(says), "{result:#?}");
    }
    server.stop().await;
}
