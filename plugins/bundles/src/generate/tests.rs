//! The tools against a scripted workspace.

use bricklayer_sdk::testing::Script;
use bricklayer_sdk::{CallContext, Kind};

use super::*;

const JOB: &str = "GET /api/2.2/jobs/get?job_id=7";
const ME: &str = "GET /api/2.0/preview/scim/v2/Me";
const RIGHTS: &str = "GET /api/2.0/permissions/jobs/7";
const SETTINGS: &str = r#"{"job_id":7,"settings":{"name":"Nightly Load","tasks":[
    {"task_key":"a","notebook_task":{"notebook_path":"/Workspace/Users/me@x.com/etl/load","source":"WORKSPACE"}},
    {"task_key":"b","notebook_task":{"notebook_path":"/Users/me@x.com/etl/gone"}}]}}"#;
const GRANTED: &str = r#"{"access_control_list":[{"group_name":"users","all_permissions":[{"permission_level":"CAN_VIEW","inherited":false}]},
    {"group_name":"admins","all_permissions":[{"permission_level":"CAN_MANAGE","inherited":true}]}]}"#;
const NOT_THERE: &str = r#"{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"It doesn't exist."}"#;

fn status(name: &str) -> String {
    format!("GET /api/2.0/workspace/get-status?path=%2FUsers%2Fme%40x.com%2Fetl%2F{name}&return_export_info=true")
}

fn export(name: &str) -> String {
    format!(
        "GET /api/2.0/workspace/export?path=%2FUsers%2Fme%40x.com%2Fetl%2F{name}&format=SOURCE&direct_download=true"
    )
}

/// A workspace with the job, as far as its notebooks.
fn workspace(folder: &std::path::Path) -> Script {
    let notebook = r#"{"object_type":"NOTEBOOK","language":"PYTHON"}"#;
    let host = Some("w.cloud.databricks.com".to_owned());
    let context =
        CallContext { workspace_host: host, time_left: std::time::Duration::from_secs(300), ..CallContext::default() };
    Script::new()
        .project(folder)
        .context(context)
        .on(JOB, 200, SETTINGS)
        .on(RIGHTS, 200, GRANTED)
        .on(ME, 200, r#"{"userName":"me@x.com"}"#)
        .on(&status("gone"), 404, NOT_THERE)
        .on(&status("load"), 200, notebook)
}

fn request() -> types::GenerateBundleFromJobRequest {
    types::GenerateBundleFromJobRequest {
        job_id: 7,
        output_dir: None,
        bundle_name: None,
        target_environment: None,
        follow: None,
        force: None,
    }
}

#[test]
fn a_job_becomes_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let script = workspace(folder.path()).on(&export("load"), 200, "print(1)");
    let made = from_job(&script, request()).unwrap();
    script.done();
    let expected = [".gitignore", "README.md", "databricks.yml", "resources/nightly_load.job.yml", "src/load.py"];
    assert_eq!(made.files, expected.map(|file| format!("nightly_load/{file}")));
    let read = |file: &str| std::fs::read_to_string(folder.path().join("nightly_load").join(file)).unwrap();
    assert_eq!(read("src/load.py"), "print(1)");
    let job = read("resources/nightly_load.job.yml");
    for part in ["notebook_path: ../src/load.py", "notebook_path: /Users/me@x.com/etl/gone", "group_name: users"] {
        assert!(job.contains(part), "{part} is not in\n{job}");
    }
    assert!(!job.contains("admins"), "{job}");
    assert!(read("databricks.yml").contains("host: https://w.cloud.databricks.com"));
    assert!(!made.complete);
    assert!(
        made.skipped[0].what.starts_with("/Users/me@x.com/etl/gone (job nightly_load: tasks[b]"),
        "{:?}",
        made.skipped
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is there");
}

#[test]
fn what_does_not_come_stays_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let script =
        workspace(folder.path()).on(&export("load"), 403, r#"{"error_code":"PERMISSION_DENIED","message":"No."}"#);
    let made = from_job(&script, request()).unwrap();
    assert_eq!(made.file_count, 4);
    assert!(made.skipped.iter().any(|left| left.why.contains("PERMISSION_DENIED")), "{:?}", made.skipped);
    let job = std::fs::read_to_string(folder.path().join("nightly_load/resources/nightly_load.job.yml")).unwrap();
    assert!(job.contains("notebook_path: /Workspace/Users/me@x.com/etl/load"), "{job}");
}

#[test]
fn files_that_are_there_are_refused_before_anything_is_fetched() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("nightly_load")).unwrap();
    std::fs::write(folder.path().join("nightly_load/README.md"), "mine").unwrap();
    let script = workspace(folder.path());
    let failure = from_job(&script, request()).unwrap_err();
    script.done();
    assert_eq!(failure.kind, Kind::InvalidInput);
    assert!(failure.message.starts_with("force: nightly_load/README.md"), "{}", failure.message);
    let script = workspace(folder.path()).on(&export("load"), 200, "print(1)");
    from_job(&script, types::GenerateBundleFromJobRequest { force: Some(true), ..request() }).unwrap();
}

#[test]
fn bad_arguments_ask_for_nothing() {
    for (request, begins) in [
        (types::GenerateBundleFromJobRequest { bundle_name: Some("a b".to_owned()), ..request() }, "bundle_name:"),
        (types::GenerateBundleFromJobRequest { output_dir: Some("../x".to_owned()), ..request() }, "output_dir:"),
        (
            types::GenerateBundleFromJobRequest { target_environment: Some("test".to_owned()), ..request() },
            "target_environment:",
        ),
    ] {
        let failure = from_job(&Script::new(), request).unwrap_err();
        assert!(failure.message.starts_with(begins), "{}", failure.message);
    }
}

#[test]
fn a_job_that_is_not_there_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let script = Script::new().project(folder.path()).on(JOB, 404, NOT_THERE);
    let failure = from_job(&script, request()).unwrap_err();
    assert_eq!(failure.kind, Kind::NotFound);
    assert!(failure.message.contains("reading job 7"), "{}", failure.message);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn jobs_and_pipelines_that_it_runs_come_along() {
    let folder = tempfile::tempdir().unwrap();
    let outer = r#"{"job_id":7,"settings":{"name":"outer","tasks":[{"task_key":"a","run_job_task":{"job_id":8}},
        {"task_key":"b","pipeline_task":{"pipeline_id":"p"}},{"task_key":"c","run_job_task":{"job_id":9}}]}}"#;
    let inner = r#"{"job_id":8,"settings":{"name":"inner","tasks":[{"task_key":"a","run_job_task":{"job_id":7}}]}}"#;
    let script = Script::new()
        .project(folder.path())
        .on(JOB, 200, outer)
        .on("GET /api/2.0/pipelines/p", 200, r#"{"spec":{"id":"p","name":"flow","catalog":"main","schema":"s"}}"#)
        .on("GET /api/2.2/jobs/get?job_id=8", 200, inner)
        .on("GET /api/2.2/jobs/get?job_id=9", 404, NOT_THERE)
        .on(RIGHTS, 200, "{}")
        .on("GET /api/2.0/permissions/jobs/8", 200, "{}")
        .on("GET /api/2.0/permissions/pipelines/p", 200, "{}")
        .on(ME, 200, r#"{"userName":"0000-sp"}"#);
    let made = from_job(&script, request()).unwrap();
    script.done();
    let keys: Vec<_> = made.resources.iter().map(|resource| resource.key.as_str()).collect();
    assert_eq!(keys, ["outer", "inner", "flow"]);
    assert_eq!(made.skipped[0].what, "job 9");
    let job = std::fs::read_to_string(folder.path().join("outer/resources/outer.job.yml")).unwrap();
    for part in ["${resources.jobs.inner.id}", "${resources.pipelines.flow.id}", "job_id: 9"] {
        assert!(job.contains(part), "{part} is not in\n{job}");
    }
}
