//! Cases of the family `jobs`.

use bricklayer_domain::ToolErrorKind::{Failed, InvalidInput, NotFound, PermissionDenied};
use serde_json::json;

use super::{Case, ENDLESS, Stage, fails, stopped, works};
use crate::support::eventually;

/// Jobs: more than one page of their list.
const MANY: usize = 120;

/// A number that no job and no run has.
const NOBODYS: u64 = 9_007_199_254_740_991;

pub(super) async fn cases(stage: &Stage) -> Vec<Case> {
    let owner = &stage.owner;
    let good = owner.task("good", "SELECT 6 * 7 AS answer").await;
    let bad = owner.task("bad", "SELECT * FROM main.default.nosuch_of_jobs").await;
    let endless = owner.task("endless", ENDLESS).await;
    for n in 0..MANY {
        owner.post("/api/2.2/jobs/create", json!({"name": format!("many {n}")})).await;
    }
    let make = async |name: &str, task: &serde_json::Value| {
        owner.post("/api/2.2/jobs/create", json!({"name": name, "tasks": [task]})).await["job_id"].clone()
    };
    let (job, spare) = (make("nightly", &good).await, make("spare", &good).await);
    let submit = async |task: &serde_json::Value| {
        owner.post("/api/2.2/jobs/runs/submit", json!({"run_name": "once", "tasks": [task]})).await["run_id"].clone()
    };
    let ended = async |run: &serde_json::Value| {
        eventually("the end of a run", async || {
            let run = owner.get(&format!("/api/2.2/jobs/runs/get?run_id={run}")).await;
            if run["state"]["result_state"].is_null() { Err(run["state"].to_string()) } else { Ok(()) }
        })
        .await;
    };
    let notebook = owner.import("page.sql", "-- Databricks notebook source\nSELECT 6 * 7 AS answer").await;
    let notebook = json!({"notebook_path": notebook.trim_end_matches(".sql")});
    let page = submit(&json!({"task_key": "page", "notebook_task": notebook})).await;
    let (done, failed, running) = (submit(&good).await, submit(&bad).await, submit(&endless).await);
    for run in [&page, &done, &failed] {
        ended(run).await;
    }
    let named = |name: &str| json!({"name": name, "settings": {"tasks": [good]}});
    let of_job = json!({"job_id": job});
    let of_run = |run: &serde_json::Value| json!({"run_id": run});
    let (no_job, no_run) = (json!({"job_id": NOBODYS}), json!({"run_id": NOBODYS}));
    let number = NOBODYS.to_string();
    vec![
        works("create_job", named("new"), "new"),
        fails("create_job", named("nightly"), InvalidInput, "nightly"),
        works("create_job", json!({"name": "x", "settings": {"taks": []}}), "did you mean `tags`?").alone(),
        works("create_or_update_job", named("nightly"), "nightly"),
        fails("create_or_update_job", json!({"name": "nightly"}), InvalidInput, "settings"),
        works("get_job", of_job.clone(), "nightly"),
        fails("get_job", of_job.clone(), PermissionDenied, "PERMISSION_DENIED").by_stranger(),
        fails("get_job", no_job.clone(), NotFound, &number),
        works("list_jobs", json!({"name_contains": "many", "limit": 200}), "many 119")
            .in_pages("/jobs/list", 2)
            .alone(),
        works("list_jobs", json!({"name": "nightly"}), "nightly"),
        fails("list_jobs", json!({"limit": "all"}), InvalidInput, "limit"),
        works("find_job_by_name", json!({"name": "nightly"}), &job.to_string()),
        fails("find_job_by_name", json!({}), InvalidInput, "name"),
        works("update_job", json!({"job_id": spare, "settings": {"max_concurrent_runs": 2}}), &spare.to_string()),
        fails("update_job", json!({"job_id": spare, "settings": {"name": "x"}}), PermissionDenied, "PERMISSION_DENIED")
            .by_stranger(),
        works("reset_job", json!({"job_id": spare, "settings": {"name": "spare", "tasks": [good]}}), "spare"),
        fails("reset_job", json!({"job_id": spare, "settings": {"name": "x"}}), PermissionDenied, "PERMISSION_DENIED")
            .by_stranger(),
        works("run_job", json!({"job_id": job, "wait_seconds": 30}), "SUCCESS"),
        fails("run_job", of_job.clone(), PermissionDenied, "PERMISSION_DENIED").by_stranger(),
        fails(
            "run_job",
            json!({"job_id": job, "parameters": [{"name": "x", "value": "1"}]}),
            InvalidInput,
            "no parameters of its own",
        ),
        works("submit_run", json!({"tasks": [good], "wait_seconds": 30}), "SUCCESS"),
        fails("submit_run", json!({"tasks": [bad], "wait_seconds": 30}), Failed, "[TABLE_OR_VIEW_NOT_FOUND]"),
        stopped("submit_run", json!({"tasks": [endless], "wait_seconds": 60}), "/jobs/runs/get", "/jobs/runs/cancel"),
        works("get_run", of_run(&done), "SUCCESS"),
        fails("get_run", of_run(&done), PermissionDenied, "PERMISSION_DENIED").by_stranger(),
        fails("get_run", no_run.clone(), NotFound, &number),
        works("wait_for_run", of_run(&done), "SUCCESS"),
        works("wait_for_run", json!({"run_id": running, "wait_seconds": 1}), "wait_for_run").alone(),
        fails("wait_for_run", of_run(&done), PermissionDenied, "PERMISSION_DENIED").by_stranger(),
        works("get_run_output", of_run(&done), "good"),
        fails("get_run_output", of_run(&done), PermissionDenied, "PERMISSION_DENIED").by_stranger(),
        fails("cancel_run", of_run(&running), PermissionDenied, "PERMISSION_DENIED").by_stranger(),
        works("cancel_run", of_run(&running), "CANCELED"),
        fails("cancel_run", no_run.clone(), NotFound, &number),
        fails("repair_run", of_run(&failed), PermissionDenied, "PERMISSION_DENIED").by_stranger(),
        fails("repair_run", json!({"run_id": failed, "wait_seconds": 30}), Failed, "[TABLE_OR_VIEW_NOT_FOUND]"),
        works("repair_run", json!({"run_id": done, "task_keys": ["good"], "wait_seconds": 30}), "SUCCESS"),
        works("list_runs", json!({"job_id": job}), "SUCCESS"),
        fails("list_runs", json!({"job_id": "all"}), InvalidInput, "job_id"),
        works("export_run", json!({"run_id": page, "local_folder": "pages", "overwrite": true}), "pages/page.html"),
        // A call from outside of a conversation has nowhere else.
        fails("export_run", of_run(&page), InvalidInput, "Give local_folder"),
        fails("export_run", of_run(&done), InvalidInput, "Only runs of notebook tasks"),
        fails("export_run", of_run(&done), PermissionDenied, "PERMISSION_DENIED").by_stranger(),
        fails("delete_job", of_job, PermissionDenied, "PERMISSION_DENIED").by_stranger(),
        works("delete_job", json!({"job_id": spare}), &spare.to_string()),
        fails("delete_job", no_job, NotFound, &number),
    ]
}
