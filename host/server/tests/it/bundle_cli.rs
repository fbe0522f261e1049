//! `bricklayer bundle`: a bundle's life at the command line, at a local workspace of the test's own.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::jobs::{Local, TOKEN, scene};
use crate::plugin_cli::Said;
use crate::shared::guests::target_dir;

const BUNDLE: &str = "\
bundle: {name: nightly}
variables: {greeting: {default: hello}}
targets:
  dev: {mode: development, default: true}
  prod: {workspace: {root_path: /Workspace/Users/ann@example.com/prod}}
resources:
  jobs:
    report:
      name: report
      tasks:
        - task_key: say
          spark_python_task: {python_file: ./say.py, parameters: [\"${var.greeting}\"]}
          environment_key: default
      environments: [{environment_key: default, spec: {environment_version: '2'}}]
";

/// A folder with a bundle, and a terminal beside it.
struct Terminal {
    folder: tempfile::TempDir,
    home: tempfile::TempDir,
    variables: Vec<(&'static str, String)>,
}

impl Terminal {
    fn new(variables: Vec<(&'static str, String)>) -> Self {
        let (folder, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (cache, kept) = (home.path().join(".cache/bricklayer"), target_dir().join("guests/compiled"));
        fs::create_dir_all(&cache).unwrap();
        fs::create_dir_all(&kept).unwrap();
        std::os::unix::fs::symlink(kept, cache.join("code")).unwrap();
        fs::write(folder.path().join("databricks.yml"), BUNDLE).unwrap();
        fs::write(folder.path().join("say.py"), "import sys\nprint('it says', sys.argv[1])\n").unwrap();
        Self { folder, home, variables }
    }

    fn at(local: &Local) -> Self {
        let host = format!("http://{}", local.address);
        Self::new(vec![("DATABRICKS_HOST", host), ("DATABRICKS_TOKEN", TOKEN.to_owned())])
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn run(&self, arguments: &[&str]) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bricklayer"));
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", self.home.path());
        command.envs(self.variables.iter().map(|(name, value)| (name, value))).current_dir(self.path());
        Said::of(command.arg("bundle").args(arguments).stdin(Stdio::null()).output().unwrap())
    }

    /// The typed answer of a command that ends well.
    fn json(&self, arguments: &[&str]) -> Value {
        self.run(&[arguments, &["--output", "json"]].concat()).done("").data()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_is_checked_deployed_run_and_destroyed() {
    let (_world, local, server) = scene().await;
    let terminal = Terminal::at(&local);
    terminal.run(&["validate"]).done("target `dev` can be deployed");
    terminal.run(&["validate", "--var", "other=1"]).ended(1, "other");
    let plan = terminal.json(&["plan"]);
    assert_eq!((&plan["ok"], &plan["resources"][0]["action"]), (&json!(true), &json!("create")), "{plan:#}");
    // A plan that nobody looked at is not carried out.
    terminal.run(&["deploy"]).ended(1, "use --auto-approve");
    assert_eq!(terminal.json(&["plan"])["plan_id"], plan["plan_id"], "nothing was done");
    let deployed = terminal.json(&["deploy", "--auto-approve"]);
    assert_eq!((&deployed["ok"], deployed["done"].as_array().unwrap().len()), (&json!(true), 1), "{deployed:#}");
    let job = deployed["done"][0]["id"].as_str().unwrap().to_owned();
    let found = local.client.get(&format!("/api/2.2/jobs/get?job_id={job}")).await.ok();
    assert_eq!(found["settings"]["name"], "[dev ann] report");
    // Again: nothing to do, and nothing done.
    assert_eq!(terminal.json(&["deploy", "--auto-approve"])["unchanged"], 1);
    terminal.run(&["summary"]).done(&job);
    terminal.run(&["run", "report"]).done("SUCCESS");
    terminal.run(&["run", "nosuch"]).ended(1, "nosuch");
    // What somebody else changed is shown, and not overwritten unsaid.
    let change = json!({"job_id": job.parse::<u64>().unwrap(), "new_settings": {"name": "theirs"}});
    local.client.post("/api/2.2/jobs/update", change).await.ok();
    let drifted = terminal.json(&["plan"]);
    assert!(drifted["resources"][0]["drift"].as_array().unwrap().contains(&json!("name")), "{drifted:#}");
    assert_eq!(terminal.json(&["plan", "--destroy"])["resources"][0]["action"], "delete");
    terminal.json(&["destroy", "--auto-approve"]);
    let gone = local.client.get(&format!("/api/2.2/jobs/get?job_id={job}")).await;
    assert!(!gone.status.is_success(), "{gone:?}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_gives_variables_their_values() {
    let (_world, local, server) = scene().await;
    let mut terminal = Terminal::at(&local);
    // The second is meant for another bundle.
    let given = [("BUNDLE_VAR_greeting", "hi"), ("BUNDLE_VAR_elsewhere", "x")];
    terminal.variables.extend(given.map(|(name, value)| (name, value.to_owned())));
    for (further, greets) in [(&[][..], "hi"), (&["--var", "greeting=yo"], "yo")] {
        let deployed = terminal.json(&[&["deploy", "--auto-approve"], further].concat());
        let job = deployed["done"][0]["id"].as_str().unwrap();
        let found = local.client.get(&format!("/api/2.2/jobs/get?job_id={job}")).await.ok();
        let task = &found["settings"]["tasks"][0]["spark_python_task"];
        assert_eq!(task["parameters"], json!([greets]), "{deployed:#}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_is_made_of_a_job_and_a_notebook_is_analysed() {
    let (_world, local, server) = scene().await;
    let terminal = Terminal::at(&local);
    let job = local.task("load", "SELECT 1", json!({})).await;
    let made = local.client.post("/api/2.2/jobs/create", json!({"name": "Nightly", "tasks": [job]})).await.ok();
    let id = made["job_id"].to_string();
    terminal.run(&["generate", "--job", &id, "--to", "made"]).done("made/resources/nightly.job.yml");
    assert!(terminal.path().join("made/databricks.yml").exists());
    terminal.run(&["validate", "--bundle", "made"]).done("can be deployed");
    terminal.run(&["generate", "--job", "1", "--to", "other"]).ended(1, "1");
    terminal.run(&["generate", "say.py"]).ended(1, "--name");
    terminal.run(&["generate", "say.py", "--name", "several", "--job", &id]).done("several/resources/nightly.job.yml");
    terminal.run(&["validate", "--bundle", "several"]).done("can be deployed");
    fs::write(terminal.path().join("n.py"), "# Databricks notebook source\nspark.table('main.a.b')\n").unwrap();
    let analysed = terminal.json(&["analyze", "n.py"]);
    assert!(analysed.to_string().contains("main.a.b"), "{analysed:#}");
    let all = terminal.json(&["analyze", "--short", "."]);
    assert_eq!(all["notebooks"].as_array().unwrap().len(), 3, "{all:#}");
    server.stop().await;
}

#[test]
fn what_cannot_be_done_says_what_to_do() {
    let nowhere = Terminal::new(Vec::new());
    nowhere.run(&["validate"]).ended(1, "set DATABRICKS_HOST");
    nowhere.run(&["analyze", "say.py"]).done("argv[1]");
    nowhere.run(&["plan", "--dir", "nosuch"]).ended(1, "is no folder");
    nowhere.run(&["plan", "--var"]).ended(2, "NAME=VALUE");
    nowhere.run(&["nosuch"]).ended(2, "nosuch");
    let far = Terminal::new(vec![
        ("DATABRICKS_HOST", "http://127.0.0.1:1".to_owned()),
        ("DATABRICKS_TOKEN", "dapi-canary".to_owned()),
    ]);
    far.run(&["summary"]).ended(1, "");
    far.run(&["plan", "--var", "x"]).ended(1, "is not of the form NAME=VALUE");
}
