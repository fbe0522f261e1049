//! A small bundle and the calls that its plan and deploy make, for tests.

use std::fs;

use bricklayer_sdk::CallContext;
use bricklayer_sdk::testing::Script;
use tempfile::TempDir;

pub(crate) const ME: &str = "GET /api/2.0/preview/scim/v2/Me";
pub(crate) const ANN: &str = r#"{"id":"7","userName":"ann@x.y","displayName":"Ann","active":true}"#;
pub(crate) const GONE: &str = r#"{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"no"}"#;

/// Where the bundle lies, in paths and in queries.
pub(crate) const ROOT: &str = "/Workspace/Users/ann%40x.y/.bundle/b/dev";
pub(crate) const ROOT_QUERY: &str = "%2FWorkspace%2FUsers%2Fann%40x.y%2F.bundle%2Fb%2Fdev";

pub(crate) const BUNDLE: &str = "\
bundle: {name: b}
targets: {dev: {mode: development}}
resources:
  jobs:
    j: {name: j, parameters: [{name: day, default: now}], tasks: [{task_key: a, notebook_task: {notebook_path: n.py}}]}
";

/// A project with the bundle.
pub(crate) fn project() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("databricks.yml"), BUNDLE).unwrap();
    fs::write(folder.path().join("n.py"), "# Databricks notebook source\n").unwrap();
    fs::write(folder.path().join(".gitignore"), ".databricks\n").unwrap();
    folder
}

/// The line that reads a file of the bundle's state.
pub(crate) fn state_file(name: &str) -> String {
    format!("GET /api/2.0/workspace-files{ROOT}/state/{name}")
}

/// The line that writes a file of the bundle.
pub(crate) fn put(path: &str) -> String {
    format!("POST /api/2.0/workspace-files/import-file{ROOT}/{path}?overwrite=true")
}

/// A script that begins as all tools do.
pub(crate) fn script(project: &TempDir) -> Script {
    let context = CallContext {
        workspace_host: Some("w.example".to_owned()),
        time_left: std::time::Duration::from_secs(600),
        ..CallContext::default()
    };
    Script::new().project(project.path()).context(context).on(ME, 200, ANN)
}

/// The calls of a plan of a bundle that was never deployed.
pub(crate) fn planned(script: Script) -> Script {
    script
        .on(&state_file("resources.json"), 404, GONE)
        .on(&state_file("terraform.tfstate"), 404, GONE)
        .on("GET /api/2.2/jobs/list?name=%5Bdev%20ann%5D%20j", 200, "{}")
        .on(&state_file("deployment.json"), 404, GONE)
        .on(&format!("GET /api/2.0/workspace/list?path={ROOT_QUERY}%2Ffiles"), 404, GONE)
}

/// A state with the job.
pub(crate) const STATE: &str = r#"{"state_version":2,"lineage":"l","serial":1,"state":{
    "resources.jobs.j":{"__id__":"17","state":{"name":"[dev ann] j"}}}}"#;

/// The calls that read a state with the job.
pub(crate) fn deployed(script: Script) -> Script {
    script.on(&state_file("resources.json"), 200, STATE).on(&state_file("terraform.tfstate"), 404, GONE)
}
