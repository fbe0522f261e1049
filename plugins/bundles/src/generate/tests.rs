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
    let notebook = r#"{"path":"/x","object_type":"NOTEBOOK","language":"PYTHON"}"#;
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

fn list(paths: &[&str]) -> types::GenerateBundleRequest {
    types::GenerateBundleRequest {
        bundle_name: "sales".to_owned(),
        file_paths: Some(paths.iter().map(|path| (*path).to_owned()).collect()),
        notebook_paths: None,
        job_ids: None,
        pipeline_ids: None,
        analysis_results: None,
        target_environment: None,
        output_path: None,
        force: None,
    }
}

#[test]
fn a_folder_of_the_workspace_becomes_a_job_in_its_order() {
    let folder = tempfile::tempdir().unwrap();
    let here = "GET /api/2.0/workspace/get-status?path=%2FUsers%2Fme%40x.com%2Fetl&return_export_info=true";
    let listed = r#"{"objects":[{"path":"/Users/me@x.com/etl/a_report","object_type":"NOTEBOOK","language":"PYTHON"},
        {"path":"/Users/me@x.com/etl/load","object_type":"NOTEBOOK","language":"PYTHON"},
        {"path":"/Users/me@x.com/etl/notes.md","object_type":"FILE"}]}"#;
    let notebook = r#"{"path":"/x","object_type":"NOTEBOOK","language":"PYTHON"}"#;
    let report = "# Databricks notebook source\ndisplay(spark.table('main.s.t'))";
    let load =
        "# Databricks notebook source\ndbutils.widgets.text('day', '1')\nspark.range(1).write.saveAsTable('main.s.t')";
    let script = Script::new()
        .project(folder.path())
        .on(here, 200, r#"{"path":"/Users/me@x.com/etl","object_type":"DIRECTORY"}"#)
        .on("GET /api/2.0/workspace/list?path=%2FUsers%2Fme%40x.com%2Fetl", 200, listed)
        .on(&status("a_report"), 200, notebook)
        .on(&status("load"), 200, notebook)
        .on(&export("a_report"), 200, report)
        .on(&export("load"), 200, load)
        .on(ME, 200, r#"{"userName":"me@x.com"}"#);
    let made = from_list(&script, list(&["/Workspace/Users/me@x.com/etl/"])).unwrap();
    script.done();
    assert!(made.complete, "{:?}", made.skipped);
    let job = std::fs::read_to_string(folder.path().join("sales/resources/sales.job.yml")).unwrap();
    let order =
        ["task_key: load", "# reads main.s.t, which load writes", "notebook_path: ../src/a_report.py", "name: day"];
    let places: Vec<_> =
        order.iter().map(|part| job.find(part).unwrap_or_else(|| panic!("{part} is not in\n{job}"))).collect();
    assert!(places.is_sorted(), "{job}");
}

#[test]
fn files_of_the_project_become_a_bundle_without_the_workspace() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("etl/lib")).unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join("etl").join(name), text).unwrap();
    write("load.py", "# Databricks notebook source\n# MAGIC %run ./lib/setup\n");
    write("lib/setup.py", "# Databricks notebook source\nx = 1");
    write("main.py", "import great_expectations\nprint(1)");
    write("broken.py", "# Databricks notebook source\ndef (:");
    let script = Script::new().project(folder.path()).on(ME, 200, r#"{"userName":"me@x.com"}"#);
    let made = from_list(&script, list(&["etl"])).unwrap();
    script.done();
    let sources: Vec<_> = made.files.iter().filter(|file| file.contains("/src/")).collect();
    assert_eq!(sources, ["sales/src/broken.py", "sales/src/lib/setup.py", "sales/src/load.py", "sales/src/main.py"]);
    assert!(made.notes.iter().any(|note| note.contains("broken") && note.contains("in part only")), "{:?}", made.notes);
    let job = std::fs::read_to_string(folder.path().join("sales/resources/sales.job.yml")).unwrap();
    assert!(!job.contains("setup") && job.contains("- great") && job.contains("python_file: ../src/main.py"), "{job}");
}

#[test]
fn what_makes_no_bundle_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("data.csv"), "1").unwrap();
    let none = types::GenerateBundleRequest { file_paths: None, ..list(&[]) };
    for (request, kind, says) in [
        (none, Kind::InvalidInput, "file_paths:"),
        (list(&["nosuch.py"]), Kind::NotFound, "nosuch.py"),
        (list(&["../x"]), Kind::InvalidInput, "file_paths:"),
        (
            types::GenerateBundleRequest { bundle_name: "1".to_owned(), ..list(&["x"]) },
            Kind::InvalidInput,
            "bundle_name:",
        ),
    ] {
        let failure = from_list(&Script::new().project(folder.path()), request).unwrap_err();
        assert!(failure.kind == kind && failure.message.contains(says), "{failure:?}");
    }
    let script = Script::new().project(folder.path()).on(ME, 200, r#"{"userName":"me@x.com"}"#);
    let failure = from_list(&script, list(&["data.csv"])).unwrap_err();
    assert!(failure.message.contains("nothing to make a bundle of"), "{}", failure.message);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is there");
}
