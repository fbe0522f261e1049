//! Workflows of bundles from end to end: no model, the compiled families, and a local workspace of the test's own. They are
//! asked for by direct commands; their steps are events of a lane.

use serde_json::{Value, json};

use crate::jobs::{Local, config, scene};
use crate::support::{Api, Frame, Server, World};

/// A turn with one direct command; its frames.
async fn command(api: &Api, project: &str, tool: &str, input: Value) -> Vec<Frame> {
    let (execution, _) = api.ask(project, &format!("/{tool} {input}")).await;
    api.frames(&execution).await
}

fn in_lane(frame: &&Frame) -> bool {
    frame.data["lane"]["parent"]["tool_id"].is_string()
}

/// The short names of the tools that steps called, in order.
fn steps(frames: &[Frame]) -> Vec<&str> {
    let started = frames.iter().filter(in_lane).filter(|frame| frame.kind() == "tool_use");
    started.map(|frame| frame.data["tool_name"].as_str().unwrap().rsplit("__").next().unwrap()).collect()
}

/// What the workflow came to.
#[track_caller]
fn outcome(frames: &[Frame]) -> &Value {
    let ended = |frame: &&Frame| frame.kind() == "tool_result" && !in_lane(frame);
    &frames.iter().find(ended).unwrap_or_else(|| panic!("{frames:#?}")).data
}

#[track_caller]
fn well(frames: &[Frame]) -> &Value {
    let outcome = outcome(frames);
    assert_eq!(outcome["is_error"], false, "{outcome:#}");
    &outcome["structured"]
}

/// A job of three tasks, of which two run notebooks.
async fn job(local: &Local) -> Value {
    local.import("load.py", "# Databricks notebook source\nspark.sql('SELECT 1')\n").await;
    local.import("report.py", "# Databricks notebook source\nprint(1)\n").await;
    let notebook = |key: &str| json!({"task_key": key, "notebook_task": {"notebook_path": format!("/Users/ann@example.com/{key}")}});
    let query = local.task("query", "SELECT 1", json!({"depends_on": [{"task_key": "load"}]})).await;
    let settings = json!({"name": "Nightly", "tasks": [notebook("load"), notebook("report"), query]});
    local.post("/api/2.2/jobs/create", settings).await["job_id"].clone()
}

/// The bundles in a project's list of what was made.
async fn bundles(api: &Api, project: &str) -> Vec<String> {
    let made = api.get(&format!("/api/projects/{project}/resources")).await.ok();
    let of_bundles = made["resources"].as_array().unwrap().iter().filter(|one| one["type"] == "bundle");
    of_bundles.map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

fn of_job(job: &Value) -> Value {
    json!({"source_type": "job", "source_identifier": job.to_string()})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_becomes_a_bundle_in_three_steps() {
    let (world, local, server) = scene().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    let job = job(&local).await;
    let frames = command(&ann, &project, "orchestrate_bundle_creation", of_job(&job)).await;
    let made = well(&frames);
    assert_eq!(steps(&frames), ["get_job", "generate_bundle_from_job", "validate_bundle"]);
    assert_eq!((&made["status"], &made["bundle"]["name"]), (&json!("done"), &json!("nightly")), "{made:#}");
    assert_eq!((&made["validation"]["errors"], &made["validation"]["warnings"]), (&json!(0), &json!(0)), "{made:#}");
    assert!(world.project_dir(&project).join("nightly/databricks.yml").exists());
    assert_eq!(world.model.requests().len(), 0, "no model was asked");
    assert_eq!(bundles(&ann, &project).await, ["nightly"]);
    // The same of the specialist, in a folder of its own.
    let details = json!({"source_type": "job", "source_identifier": job, "output_path": "again", "target_env": "prod"});
    let input = json!({"task_type": "bundle_generation", "task_details": details});
    let frames = command(&ann, &project, "delegate_to_specialist", input).await;
    assert_eq!((&well(&frames)["bundle"]["folder"], &well(&frames)["target"]), (&json!("again"), &json!("prod")));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_or_not_meant_ends_it_by_name() {
    let (_world, _local, server) = scene().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    let frames = command(&ann, &project, "orchestrate_bundle_creation", of_job(&json!(4711))).await;
    assert_eq!((steps(&frames), &outcome(&frames)["error_kind"]), (vec!["get_job"], &json!("not-found")));
    assert!(bundles(&ann, &project).await.is_empty());
    let created = |more: Value| ("orchestrate_bundle_creation", more);
    let delegated =
        |task: &str, details: Value| ("delegate_to_specialist", json!({"task_type": task, "task_details": details}));
    for ((tool, input), kind, says) in [
        (delegated("painting", json!({})), "invalid-input", "`bundle_generation` or `deployment`"),
        (delegated("deployment", json!({"bundle": "x"})), "invalid-input", "bundle_path"),
        (delegated("deployment", json!({"bundle_path": "nosuch"})), "not-found", "nosuch"),
        (created(json!({"source_type": "job", "source_identifier": "Nightly"})), "invalid-input", "list_jobs"),
        (created(json!({"source_type": "cluster", "source_identifier": "x"})), "invalid-input", "workspace_path"),
        (
            created(json!({"source_type": "notebook", "source_identifier": "/Users/ann@example.com/y"})),
            "not-found",
            "com/y",
        ),
        (created(json!({"source_type": "workspace_path", "source_identifier": "/nosuch"})), "not-found", "/nosuch"),
    ] {
        let frames = command(&ann, &project, tool, input.clone()).await;
        let outcome = outcome(&frames);
        assert_eq!(outcome["error_kind"], kind, "{input}: {outcome:#}");
        assert!(outcome["content"].as_str().unwrap().contains(says), "{says}: {outcome:#}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_becomes_a_bundle_without_what_cannot_be_read() {
    let (world, local, server) = scene().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    local.post("/api/2.0/workspace/mkdirs", json!({"path": "/Users/ann@example.com/etl/deep"})).await;
    for (name, code) in [
        ("raw", "spark.range(3).write.saveAsTable('main.default.raw')"),
        ("clean", "spark.table('main.default.raw').write.saveAsTable('main.default.clean')"),
        ("deep/report", "spark.table('main.default.clean').count()"),
        ("side", "print(1)"),
        ("locked", "print(2)"),
    ] {
        local.import(&format!("etl/{name}.py"), &format!("# Databricks notebook source\n{code}\n")).await;
    }
    let refused = json!({"path": "/api/2.0/workspace/export", "times": 1,
        "outcome": {"answer": {"status": 403, "error_code": "PERMISSION_DENIED", "message": "Locked."}}});
    local.post("/_faults", refused).await;
    let input = json!({"source_type": "workspace_path", "source_identifier": "/Users/ann@example.com/etl"});
    let frames = command(&ann, &project, "orchestrate_bundle_creation", input).await;
    let made = well(&frames);
    assert_eq!(steps(&frames), ["analyze_notebooks", "generate_bundle", "validate_bundle"]);
    assert_eq!(made["status"], "partial", "{made:#}");
    let warnings = made["warnings"].as_array().unwrap();
    assert!(warnings.len() == 1 && warnings[0].as_str().unwrap().contains("Locked."), "{warnings:?}");
    assert_eq!(made["validation"]["ok"], true, "{made:#}");
    // Whatever was left out, what reads a table comes after what writes it.
    let text = std::fs::read_to_string(world.project_dir(&project).join("etl/resources/etl.job.yml")).unwrap();
    let tasks = text.matches("task_key: ").count() - text.matches("- task_key: ").count();
    assert!(text.contains("depends_on") && tasks < 5, "{text}");
    server.stop().await;
}

const BUNDLE: &str = "\
bundle: {name: nightly}
targets: {dev: {mode: development, default: true}}
resources:
  jobs:
    report:
      name: report
      max_concurent_runs: 2
      tasks: [{task_key: q, sql_task: {warehouse_id: WAREHOUSE, file: {path: q.sql}}}]
";

/// A project with a bundle whose one mistake can be mended by rule.
async fn with_bundle(world: &World, local: &Local, ann: &Api) -> String {
    let project = ann.project("One").await;
    let folder = world.project_dir(&project).join("nightly");
    std::fs::create_dir_all(&folder).unwrap();
    let warehouses = local.client.get("/api/2.0/sql/warehouses").await.ok();
    let bundle = BUNDLE.replace("WAREHOUSE", warehouses["warehouses"][0]["id"].as_str().unwrap());
    std::fs::write(folder.join("databricks.yml"), bundle).unwrap();
    std::fs::write(folder.join("q.sql"), "SELECT 1").unwrap();
    project
}

fn deployment(more: Value) -> String {
    let mut details = json!({"bundle_path": "nightly"});
    details.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    format!("/delegate_to_specialist {}", json!({"task_type": "deployment", "task_details": details}))
}

/// Begins a deploy and waits for its question.
async fn until_asked(api: &Api, project: &str, message: &str) -> (String, Value) {
    let (execution, _) = api.ask(project, message).await;
    let asked = api.follow(&execution, 0).await.until("approval.requested").await.data;
    (execution, asked)
}

async fn answer(api: &Api, execution: &str, asked: &Value, decision: &str) {
    let path = format!("/api/executions/{execution}/approvals/{}", asked["tool_id"].as_str().unwrap());
    api.post(&path, json!({"decision": decision})).await.ok();
}

/// How many requests the workspace got that make or change a job.
async fn writes(local: &Local) -> usize {
    let seen = local.client.get("/_faults/requests?after=0").await.ok();
    let of_jobs = |one: &&Value| {
        let path = one["path"].as_str().unwrap();
        one["method"] == "POST"
            && (path.contains("/jobs/create") || path.contains("/jobs/reset") || path.contains("import-file"))
    };
    seen["requests"].as_array().unwrap().iter().filter(of_jobs).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deploy_mends_plans_asks_and_runs_and_goes_on_after_a_restart() {
    let (world, local, server) = scene().await;
    let ann = server.as_user("ann");
    let project = with_bundle(&world, &local, &ann).await;
    // The user says no: nothing was written to the workspace.
    let (execution, asked) = until_asked(&ann, &project, &deployment(json!({}))).await;
    assert!(asked["review"]["preview"].to_string().contains("jobs.report"), "the plan is shown: {asked:#}");
    answer(&ann, &execution, &asked, "no").await;
    let frames = ann.frames(&execution).await;
    let mended = ["validate_bundle", "repair_bundle", "validate_bundle", "plan_bundle", "deploy_bundle"];
    assert_eq!(steps(&frames), mended);
    assert_eq!((&outcome(&frames)["error_kind"], writes(&local).await), (&json!("denied"), 0), "{frames:#?}");
    // Asked again, with the mistake mended, and the host goes while it waits.
    let (execution, asked) = until_asked(&ann, &project, &deployment(json!({"run": "report"}))).await;
    server.stop().await;
    let server = Server::start(config(&world, &local)).await;
    let ann = server.as_user("ann");
    answer(&ann, &execution, &asked, "once").await;
    let mut follow = ann.follow(&execution, 0).await;
    let run = loop {
        let asked = follow.until("approval.requested").await.data;
        if asked["tool_name"].as_str().unwrap().ends_with("run_bundle") {
            break asked;
        }
    };
    answer(&ann, &execution, &run, "once").await;
    let frames = ann.frames(&execution).await;
    assert_eq!(steps(&frames), ["validate_bundle", "plan_bundle", "deploy_bundle", "run_bundle"], "{frames:#?}");
    let deployed = well(&frames);
    assert_eq!(
        (&deployed["deployment"]["done"], &deployed["run"]["state"]),
        (&json!(1), &json!("SUCCESS")),
        "{deployed:#}"
    );
    let made = ann.get(&format!("/api/projects/{project}/resources")).await.ok();
    let history: Vec<_> =
        made["resources"].as_array().unwrap().iter().filter(|one| one["type"] == "bundle_deployment").collect();
    assert_eq!((history.len(), &history[0]["name"]), (1, &json!("nightly to dev, deploy 1")), "{made:#}");
    assert_eq!(history[0]["execution_id"], execution.as_str());
    let jobs = local.client.get("/api/2.2/jobs/list").await.ok();
    assert_eq!(jobs["jobs"].as_array().unwrap().len(), 1, "no second create: {jobs:#}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_that_no_rule_mends_is_not_deployed() {
    let (world, local, server) = scene().await;
    let ann = server.as_user("ann");
    let project = with_bundle(&world, &local, &ann).await;
    std::fs::remove_file(world.project_dir(&project).join("nightly/q.sql")).unwrap();
    let (execution, _) = ann.ask(&project, &deployment(json!({}))).await;
    let frames = ann.frames(&execution).await;
    assert_eq!(steps(&frames), ["validate_bundle", "repair_bundle", "validate_bundle"]);
    let said = outcome(&frames)["content"].as_str().unwrap();
    assert!(said.contains("q.sql") && said.contains("nothing was deployed"), "{said}");
    assert_eq!(writes(&local).await, 0);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_users_at_once_each_see_their_own() {
    let (world, local, server) = scene().await;
    let (ann, bob) = (server.as_user("ann"), server.as_user("bob"));
    let (of_ann, of_bob) = (ann.project("One").await, bob.project("Two").await);
    let job = job(&local).await;
    let input = of_job(&job);
    let (first, second) = tokio::join!(
        command(&ann, &of_ann, "orchestrate_bundle_creation", input.clone()),
        command(&bob, &of_bob, "orchestrate_bundle_creation", input.clone()),
    );
    assert_eq!(well(&first)["bundle"]["name"], "nightly");
    assert_eq!(outcome(&second)["error_kind"], "permission-denied", "{second:#?}");
    assert!(!world.project_dir(&of_bob).join("nightly").exists());
    server.stop().await;
}
