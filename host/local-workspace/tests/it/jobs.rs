//! Jobs and their runs.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    harness::{ANN, BOB, Lab},
    runs::{ENDLESS, LOOKS, is, results, tasks_of},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_job_read_is_the_job_written() {
    let lab = Lab::start().await;
    let task =
        lab.sql_task("a", "SELECT 1", json!({"max_retries": 2, "libraries": [{"pypi": {"package": "x"}}]})).await;
    let settings = json!({
        "name": "Nightly", "description": "d", "tags": {"team": "x"}, "tasks": [task], "max_concurrent_runs": 3,
        "parameters": [{"name": "day", "default": "1"}], "future_field": {"deep": [1, null, "z"]},
        "schedule": {"quartz_cron_expression": "0 0 5 * * ?", "timezone_id": "Europe/Rome", "pause_status": "PAUSED"},
    });
    let id = lab.create_job(settings.clone()).await;
    assert!(id < 1 << 53);
    for version in ["2.2", "2.1", "2.0"] {
        let job = lab.get(&format!("/api/{version}/jobs/get?job_id={id}")).await;
        assert_eq!((&job["job_id"], &job["creator_user_name"]), (&json!(id), &json!("ann@example.com")));
        for (field, value) in settings.as_object().unwrap() {
            if field == "tasks" {
                for (name, value) in value[0].as_object().unwrap() {
                    assert_eq!(&job["settings"]["tasks"][0][name], value, "{name}");
                }
            } else if field != "future_field" {
                assert_eq!(&job["settings"][field], value, "{field}");
            }
        }
        assert_eq!(job["settings"]["future_field"]["deep"][2], "z");
        assert_eq!(job["settings"]["tasks"][0]["run_if"], "ALL_SUCCESS");
    }

    let change = json!({"job_id": id, "new_settings": {"name": "Daily", "tasks": [
        {"task_key": "b", "sql_task": task["sql_task"], "depends_on": [{"task_key": "a"}]}]}, "fields_to_remove": ["tags"]});
    assert_eq!(lab.post("/api/2.2/jobs/update", change).await.0, StatusCode::OK);
    let job = lab.get(&format!("/api/2.2/jobs/get?job_id={id}")).await;
    let keys: Vec<_> = job["settings"]["tasks"].as_array().unwrap().iter().map(|t| t["task_key"].clone()).collect();
    assert_eq!(
        (keys, &job["settings"]["name"], &job["settings"]["tags"]),
        (vec![json!("a"), json!("b")], &json!("Daily"), &Value::Null)
    );
    // A change that would leave a task without what it depends on changes nothing.
    let broken = json!({"job_id": id, "new_settings": {"name": "Broken"}, "fields_to_remove": ["tasks/a"]});
    lab.refused("/api/2.2/jobs/update", broken, 400, "which does not exist").await;
    assert_eq!(lab.get(&format!("/api/2.2/jobs/get?job_id={id}")).await["settings"]["name"], "Daily");
    let reset = json!({"job_id": id, "new_settings": {"name": "Other"}});
    assert_eq!(lab.post("/api/2.2/jobs/reset", reset).await.0, StatusCode::OK);
    let job = lab.get(&format!("/api/2.2/jobs/get?job_id={id}")).await;
    assert_eq!((&job["settings"]["name"], &job["settings"]["tasks"]), (&json!("Other"), &Value::Null));
    assert_eq!(lab.post("/api/2.2/jobs/delete", json!({"job_id": id})).await.0, StatusCode::OK);
    lab.refused("/api/2.2/jobs/delete", json!({"job_id": id}), 404, "does not exist").await;
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_listed_and_read_by_pages() {
    let lab = Lab::start().await;
    let one = lab.sql_task("t0", "SELECT 1", json!({})).await;
    let many: Vec<Value> =
        (0..250).map(|i| json!({"task_key": format!("t{i}"), "sql_task": one["sql_task"]})).collect();
    let wide = lab.create_job(json!({"name": "wide", "tasks": many})).await;
    for i in 0..4 {
        lab.create_job(json!({"name": format!("job {}", i % 2)})).await;
    }
    let (mut token, mut keys) = (String::new(), Vec::new());
    for _ in 0..3 {
        let page = lab.get(&format!("/api/2.2/jobs/get?job_id={wide}&page_token={token}")).await;
        let tasks = page["settings"]["tasks"].as_array().unwrap();
        assert!(tasks.len() <= 100);
        keys.extend(tasks.iter().map(|task| task["task_key"].as_str().unwrap().to_owned()));
        token = page["next_page_token"].as_str().unwrap_or_default().to_owned();
    }
    assert_eq!((keys.len(), token.as_str(), keys[249].as_str()), (250, "", "t249"));

    let (mut token, mut names) = (String::new(), Vec::new());
    loop {
        let page = lab.get(&format!("/api/2.2/jobs/list?limit=2&page_token={token}")).await;
        names.extend(page["jobs"].as_array().unwrap().iter().map(|job| job["settings"]["name"].clone()));
        assert!(page["jobs"][0]["settings"].get("tasks").is_none());
        match page["next_page_token"].as_str() {
            Some(next) => token = next.to_owned(),
            None => break assert_eq!(page["has_more"], false),
        }
    }
    assert_eq!(names, ["job 1", "job 0", "job 1", "job 0", "wide"]);
    let named = lab.get("/api/2.2/jobs/list?name=JOB%201").await;
    assert_eq!(named["jobs"].as_array().unwrap().len(), 2);
    let expanded = lab.get("/api/2.2/jobs/list?name=wide&expand_tasks=true").await;
    assert_eq!(
        (expanded["jobs"][0]["settings"]["tasks"].as_array().unwrap().len(), &expanded["jobs"][0]["has_more"]),
        (100, &json!(true))
    );
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_refused_in_databricks_words() {
    let lab = Lab::start().await;
    let task = lab.sql_task("a", "SELECT 1", json!({})).await;
    let job =
        lab.create_job(json!({"name": "n", "tasks": [task], "parameters": [{"name": "p", "default": "1"}]})).await;
    let run = lab.run_now(job, json!({})).await;
    lab.ended(run).await;
    for (path, body, status, says) in [
        ("/api/2.2/jobs/create", json!({"tasks": [task, task]}), 400, "Duplicate task key: a."),
        ("/api/2.2/jobs/create", json!({"name": "x", "run_as": {"user_name": "bob@example.com"}}), 403, "run_as"),
        (
            "/api/2.2/jobs/create",
            json!({"schedule": {"quartz_cron_expression": "0 0 0 30 2 ?", "timezone_id": "UTC"}}),
            400,
            "no such moment",
        ),
        ("/api/2.2/jobs/create", json!({"description": "x".repeat(1 << 20)}), 400, "larger than"),
        ("/api/2.2/jobs/create", json!({"access_control_list": []}), 400, "does not support access_control_list"),
        ("/api/2.2/jobs/create", json!({"tasks": "x"}), 400, "tasks: invalid type"),
        ("/api/2.2/jobs/run-now", json!({"job_id": "x"}), 400, "Could not parse request object"),
        (
            "/api/2.2/jobs/run-now",
            json!({"job_id": job, "job_parameters": {"p": {"deep": 1}}}),
            400,
            "must be a string",
        ),
        ("/api/2.2/jobs/run-now", json!({"job_id": 12}), 404, "Job 12 does not exist."),
        (
            "/api/2.2/jobs/run-now",
            json!({"job_id": job, "job_parameters": {"q": "1"}}),
            400,
            "The job has no parameter q; it has: p.",
        ),
        ("/api/2.2/jobs/run-now", json!({"job_id": job, "only": ["b"]}), 400, "the job has no task b"),
        (
            "/api/2.2/jobs/run-now",
            json!({"job_id": job, "job_parameters": {"p": "1"}, "notebook_params": {"p": "2"}}),
            400,
            "cannot be given together",
        ),
        ("/api/2.2/jobs/run-now", json!({"job_id": job, "idempotency_token": "x".repeat(65)}), 400, "more than 64"),
        ("/api/2.2/jobs/runs/submit", json!({"run_name": "n"}), 400, "at least one task"),
        ("/api/2.2/jobs/runs/repair", json!({"run_id": run, "rerun_all_failed_tasks": true}), 400, "nothing to repair"),
        ("/api/2.2/jobs/runs/repair", json!({"run_id": run}), 400, "Either rerun_tasks or"),
        ("/api/2.2/jobs/runs/cancel", json!({"run_id": 12}), 404, "Run 12 does not exist."),
    ] {
        lab.refused(path, body, status, says).await;
    }
    // Another user finds none of it.
    let (_, others) = lab.call(Some(BOB), Method::GET, "/api/2.2/jobs/list", None).await;
    assert_eq!(others["jobs"], Value::Null);
    for (method, path, body) in [
        (Method::GET, format!("/api/2.2/jobs/get?job_id={job}"), None),
        (Method::POST, "/api/2.2/jobs/run-now".to_owned(), Some(json!({"job_id": job}))),
        (
            Method::POST,
            "/api/2.2/jobs/update".to_owned(),
            Some(json!({"job_id": job, "new_settings": {"name": "his"}})),
        ),
        (Method::POST, "/api/2.2/jobs/delete".to_owned(), Some(json!({"job_id": job}))),
        (Method::GET, format!("/api/2.2/jobs/runs/get?run_id={run}"), None),
        (Method::GET, format!("/api/2.2/jobs/runs/get-output?run_id={run}"), None),
        (Method::POST, "/api/2.2/jobs/runs/cancel".to_owned(), Some(json!({"run_id": run}))),
    ] {
        let (status, answer) = lab.call(Some(BOB), method, &path, body).await;
        assert_eq!((status.as_u16(), &answer["error_code"]), (403, &json!("PERMISSION_DENIED")), "{path}: {answer}");
    }
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_run_in_order_and_hand_values_on() {
    let lab = Lab::start().await;
    let load = lab.sql_task("load", "CREATE TABLE main.default.cities AS SELECT 'Zug' AS city UNION ALL SELECT 'Ancona'; SELECT city, count(*) AS n FROM main.default.cities GROUP BY city ORDER BY city", json!({})).await;
    let check = json!({"task_key": "check", "depends_on": [{"task_key": "load"}],
        "condition_task": {"op": "GREATER_THAN", "left": "{{tasks.load.output.first_row.n}}", "right": "{{job.parameters.least}}"}});
    let yes =
        lab.sql_task("yes", "SELECT 'yes'", json!({"depends_on": [{"task_key": "check", "outcome": "true"}]})).await;
    let no =
        lab.sql_task("no", "SELECT 'no'", json!({"depends_on": [{"task_key": "check", "outcome": "false"}]})).await;
    let each_query = lab.query("INSERT INTO main.default.seen VALUES (:city)").await;
    let make = lab.sql_task("make", "CREATE TABLE main.default.seen (city STRING)", json!({})).await;
    let each = json!({"task_key": "each", "depends_on": [{"task_key": "load"}, {"task_key": "make"}], "for_each_task": {
        "inputs": "{{tasks.load.output.rows}}", "concurrency": 2, "task": {"task_key": "one", "sql_task": {
            "warehouse_id": lab.warehouse, "query": {"query_id": each_query}, "parameters": {"city": "{{input.city}}"}}}}});
    let last = lab
        .sql_task(
            "last",
            "SELECT :least AS least",
            json!({"depends_on": [{"task_key": "yes"}, {"task_key": "no"}], "run_if": "AT_LEAST_ONE_SUCCESS"}),
        )
        .await;
    let job = lab
        .create_job(json!({"name": "flow", "parameters": [{"name": "least", "default": "5"}],
        "tasks": [last, each, make, no, yes, check, load]}))
        .await;
    let run = lab.run_now(job, json!({"job_parameters": {"least": "0"}})).await;
    let ended = lab.ended(run).await;
    let expected = [
        ("check", "SUCCESS"),
        ("each", "SUCCESS"),
        ("last", "SUCCESS"),
        ("load", "SUCCESS"),
        ("make", "SUCCESS"),
        ("no", "EXCLUDED"),
        ("yes", "SUCCESS"),
    ];
    assert_eq!(results(&ended), is(&expected), "{ended:#}");
    assert_eq!(
        (&ended["state"]["life_cycle_state"], &ended["state"]["result_state"]),
        (&json!("TERMINATED"), &json!("SUCCESS"))
    );
    assert_eq!(
        (&ended["status"]["state"], &ended["status"]["termination_details"]["code"]),
        (&json!("TERMINATED"), &json!("SUCCESS"))
    );
    assert_eq!(ended["job_parameters"], json!([{"name": "least", "default": "5", "value": "0"}]));
    let all = tasks_of(&ended);
    assert_eq!(
        (&all["no"]["state"]["life_cycle_state"], &all["check"]["condition_task"]["outcome"]),
        (&json!("SKIPPED"), &json!("true"))
    );
    assert_eq!(all["check"]["condition_task"]["left"], "1");
    assert_eq!(all["each"]["for_each_task"]["stats"]["task_run_stats"]["succeeded_iterations"], 2);
    assert!(all["check"]["start_time"].as_i64() >= all["load"]["end_time"].as_i64());
    assert_eq!(lab.sql("SELECT city FROM main.default.seen ORDER BY city").await, json!([["Ancona"], ["Zug"]]));
    let iterations = lab.get_run(all["each"]["run_id"].as_i64().unwrap()).await;
    assert_eq!((iterations["iterations"].as_array().unwrap().len(), &iterations["job_run_id"]), (2, &json!(run)));
    // The rows of a task are those of its statement.
    let output = lab.get(&format!("/api/2.2/jobs/runs/get-output?run_id={}", all["last"]["run_id"])).await;
    let statement = output["sql_output"]["query_output"]["sql_statements"][0]["lookup_key"].as_str().unwrap();
    let rows = lab.get(&format!("/api/2.0/sql/statements/{statement}")).await;
    assert_eq!(lab.rows(&rows), json!([["0"]]));
    let (status, refused) =
        lab.call(Some(ANN), Method::GET, &format!("/api/2.2/jobs/runs/get-output?run_id={run}"), None).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(refused["message"].as_str().unwrap().starts_with("Retrieving the output of runs with multiple tasks"));
    // The other branch, by the parameter's default.
    let run = lab.run_now(job, json!({"only": ["+yes", "no"]})).await;
    let ended = lab.ended(run).await;
    assert_eq!(results(&ended)["load"], "FAILED", "the table is there already: {ended:#}");
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_told_retried_and_repaired() {
    let lab = Lab::start().await;
    let first = lab.sql_task("first", "SELECT * FROM main.default.later", json!({"max_retries": 1})).await;
    let second = lab.sql_task("second", "SELECT 2", json!({"depends_on": [{"task_key": "first"}]})).await;
    let other = lab.sql_task("other", "SELECT 3", json!({})).await;
    let job = lab.create_job(json!({"name": "repairable", "tasks": [first, second, other]})).await;
    let run = lab.run_now(job, json!({"idempotency_token": "once"})).await;
    assert_eq!(lab.run_now(job, json!({"idempotency_token": "once"})).await, run);
    let failed = lab.ended(run).await;
    assert_eq!(results(&failed), is(&[("first", "FAILED"), ("second", "UPSTREAM_FAILED"), ("other", "SUCCESS")]));
    assert_eq!(
        (&failed["state"]["life_cycle_state"], &failed["state"]["result_state"]),
        (&json!("INTERNAL_ERROR"), &json!("FAILED"))
    );
    assert_eq!(
        failed["state"]["state_message"],
        "Task first failed with message: Workload failed, see run output for details. This caused all downstream tasks to get skipped."
    );
    assert_eq!(failed["status"]["termination_details"]["code"], "RUN_EXECUTION_ERROR");
    let attempts: Vec<_> = failed["tasks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|t| t["task_key"] == "first")
        .map(|t| &t["attempt_number"])
        .collect();
    assert_eq!(attempts, [0, 1]);
    let output =
        lab.get(&format!("/api/2.2/jobs/runs/get-output?run_id={}", tasks_of(&failed)["first"]["run_id"])).await;
    assert!(output["error"].as_str().unwrap().starts_with("[TABLE_OR_VIEW_NOT_FOUND]"), "{output}");

    lab.sql("CREATE TABLE main.default.later AS SELECT 1 AS n").await;
    let (status, repaired) =
        lab.post("/api/2.2/jobs/runs/repair", json!({"run_id": run, "rerun_all_failed_tasks": true})).await;
    assert_eq!(status, StatusCode::OK, "{repaired}");
    let ended = lab.ended(run).await;
    assert_eq!(results(&ended), is(&[("first", "SUCCESS"), ("second", "SUCCESS"), ("other", "SUCCESS")]), "{ended:#}");
    let history: Vec<_> = ended["repair_history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| (r["type"].clone(), r["state"]["result_state"].clone()))
        .collect();
    assert_eq!(history, [(json!("ORIGINAL"), json!("FAILED")), (json!("REPAIR"), json!("SUCCESS"))]);
    assert_eq!(ended["repair_history"][1]["id"], repaired["repair_id"]);
    lab.refused(
        "/api/2.2/jobs/runs/repair",
        json!({"run_id": run, "rerun_tasks": ["other"]}),
        400,
        "latest_repair_id must be",
    )
    .await;
    let again = json!({"run_id": run, "rerun_tasks": ["other"], "latest_repair_id": repaired["repair_id"]});
    assert_eq!(lab.post("/api/2.2/jobs/runs/repair", again).await.0, StatusCode::OK);
    assert_eq!(lab.ended(run).await["repair_history"].as_array().unwrap().len(), 3);
    assert_eq!(lab.post("/api/2.2/jobs/runs/delete", json!({"run_id": run})).await.0, StatusCode::OK);
    let (status, _) = lab.call(Some(ANN), Method::GET, &format!("/api/2.2/jobs/runs/get?run_id={run}"), None).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_on_is_canceled_timed_out_queued_or_skipped() {
    let lab = Lab::start().await;
    let endless = lab.sql_task("endless", ENDLESS, json!({})).await;
    let after =
        lab.sql_task("after", "SELECT 1", json!({"depends_on": [{"task_key": "endless"}], "run_if": "ALL_DONE"})).await;
    let job = lab.create_job(json!({"name": "long", "tasks": [endless, after], "queue": {"enabled": true}})).await;
    let first = lab.run_now(job, json!({})).await;
    lab.run_until(first, |run| run["tasks"][0]["state"]["life_cycle_state"] == "RUNNING").await;
    let queued = lab.run_now(job, json!({})).await;
    let skipped = lab.run_now(job, json!({"queue": {"enabled": false}})).await;
    let skipped = lab.get_run(skipped).await;
    assert_eq!(
        (&skipped["state"]["life_cycle_state"], &skipped["state"]["result_state"]),
        (&json!("SKIPPED"), &json!("MAXIMUM_CONCURRENT_RUNS_REACHED"))
    );
    let seen = lab.get_run(queued).await;
    assert_eq!((&seen["state"]["life_cycle_state"], &seen["status"]["state"]), (&json!("QUEUED"), &json!("QUEUED")));
    lab.refused("/api/2.2/jobs/runs/delete", json!({"run_id": first}), 400, "under way").await;
    let active = lab.get(&format!("/api/2.2/jobs/runs/list?job_id={job}&active_only=true")).await;
    assert_eq!(active["runs"].as_array().unwrap().len(), 2);

    assert_eq!(lab.post("/api/2.2/jobs/runs/cancel", json!({"run_id": first})).await.0, StatusCode::OK);
    let ended = lab.ended(first).await;
    assert_eq!(
        (&ended["state"]["life_cycle_state"], &ended["state"]["result_state"]),
        (&json!("TERMINATED"), &json!("CANCELED"))
    );
    assert_eq!(results(&ended), is(&[("endless", "CANCELED"), ("after", "CANCELED")]));
    // Its place goes to the one that waited.
    lab.run_until(queued, |run| run["state"]["life_cycle_state"] == "RUNNING").await;
    assert_eq!(lab.post("/api/2.2/jobs/runs/cancel-all", json!({"job_id": job})).await.0, StatusCode::OK);
    lab.ended(queued).await;

    let limited = lab.run_of(json!([lab.sql_task("slow", ENDLESS, json!({"timeout_seconds": 1})).await])).await;
    assert_eq!(results(&limited), is(&[("slow", "TIMEDOUT")]));
    let (_, begun) = lab.post("/api/2.2/jobs/runs/submit", json!({"timeout_seconds": 1, "tasks": [endless]})).await;
    let limited = lab.ended(begun["run_id"].as_i64().unwrap()).await;
    assert_eq!(limited["state"]["result_state"], "TIMEDOUT");
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_run_jobs_and_what_cannot_run_says_so() {
    let lab = Lab::start().await;
    let inner = lab.sql_task("inner", "SELECT :who", json!({})).await;
    let inner = lab
        .create_job(json!({"name": "inner", "tasks": [inner], "parameters": [{"name": "who", "default": "x"}]}))
        .await;
    let outer =
        json!({"task_key": "outer", "run_job_task": {"job_id": inner, "job_parameters": {"who": "{{task.name}}"}}});
    let ended = lab.run_of(json!([outer])).await;
    assert_eq!(ended["state"]["result_state"], "SUCCESS", "{ended:#}");
    let output = lab.get(&format!("/api/2.2/jobs/runs/get-output?run_id={}", ended["run_id"])).await;
    let child = lab.get_run(output["run_job_output"]["run_id"].as_i64().unwrap()).await;
    assert_eq!((&child["trigger"], &child["job_parameters"][0]["value"]), (&json!("RUN_JOB_TASK"), &json!("outer")));

    // A job that runs itself ends.
    let own = lab.create_job(json!({"name": "own", "max_concurrent_runs": 10})).await;
    let itself =
        json!({"job_id": own, "new_settings": {"tasks": [{"task_key": "itself", "run_job_task": {"job_id": own}}]}});
    assert_eq!(lab.post("/api/2.2/jobs/update", itself).await.0, StatusCode::OK);
    let run = lab.run_now(own, json!({})).await;
    assert_eq!(lab.ended(run).await["state"]["result_state"], "FAILED");

    for (task, says) in [
        (json!({"pipeline_task": {"pipeline_id": "p"}}), "The specified pipeline p was not found."),
        (json!({"python_wheel_task": {"package_name": "p", "entry_point": "e"}}), "has no wheel"),
        (json!({"dbt_task": {"commands": ["dbt run"]}}), "cannot run a dbt_task"),
        (json!({"run_job_task": {"job_id": 12}}), "Job 12 does not exist."),
        (json!({"sql_task": {"warehouse_id": "w", "query": {"query_id": "q"}}}), "The query q does not exist."),
        (json!({"condition_task": {"op": "LESS_THAN", "left": "a", "right": "1"}}), "cannot be compared as numbers"),
        (
            json!({"condition_task": {"op": "EQUAL_TO", "left": "{{job.parameters.x}}", "right": "1"}}),
            "names something that is not there",
        ),
        (json!({"for_each_task": {"inputs": "[1", "task": {"task_key": "i", "dbt_task": {}}}}), "no JSON array"),
        (
            json!({"for_each_task": {"inputs": "[1]", "task": {"task_key": "i", "dbt_task": {}}}}),
            "1 of 1 iterations failed",
        ),
    ] {
        let mut whole = json!({"task_key": "t"});
        whole.as_object_mut().unwrap().extend(task.as_object().unwrap().clone());
        let ended = lab.run_of(json!([whole])).await;
        assert_eq!(ended["state"]["result_state"], "FAILED", "{task}: {ended}");
        let output = lab.get(&format!("/api/2.2/jobs/runs/get-output?run_id={}", ended["run_id"])).await;
        assert!(output["error"].as_str().unwrap().contains(says), "{task}: {output}");
    }
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn schedules_start_runs_unless_they_are_paused() {
    let lab = Lab::start().await;
    let task = lab.sql_task("a", "SELECT '{{x}}'", json!({})).await;
    let schedule =
        |status: &str| json!({"quartz_cron_expression": "* * * * * ?", "timezone_id": "UTC", "pause_status": status});
    let paused = lab.create_job(json!({"name": "paused", "tasks": [task], "schedule": schedule("PAUSED")})).await;
    let job = lab.create_job(json!({"name": "each second", "tasks": [task], "schedule": schedule("UNPAUSED")})).await;
    let mut runs = Value::Null;
    for _ in 0..LOOKS {
        runs = lab.get(&format!("/api/2.2/jobs/runs/list?job_id={job}")).await;
        if runs["runs"].is_array() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(runs["runs"][0]["trigger"], "PERIODIC", "{runs}");
    assert_eq!(lab.get(&format!("/api/2.2/jobs/runs/list?job_id={paused}")).await["runs"], Value::Null);
    lab.stop().await;
}

/// A run that was under way ends with its process and says so; one that waited begins in the next.
#[tokio::test(flavor = "multi_thread")]
async fn runs_survive_their_process_as_what_they_are() {
    let lab = Lab::start().await;
    let endless = lab.sql_task("endless", ENDLESS, json!({})).await;
    let done = lab.run_of(json!([lab.sql_task("quick", "SELECT 1", json!({})).await])).await;
    let job = lab.create_job(json!({"name": "long", "tasks": [endless], "queue": {"enabled": true}})).await;
    let first = lab.run_now(job, json!({})).await;
    lab.run_until(first, |run| run["tasks"][0]["state"]["life_cycle_state"] == "RUNNING").await;
    let queued = lab.run_now(job, json!({})).await;
    let folder = lab.stop().await;

    let lab = Lab::start_in(folder).await;
    let interrupted = lab.get_run(first).await;
    assert_eq!(
        (&interrupted["state"]["life_cycle_state"], &interrupted["state"]["result_state"]),
        (&json!("INTERNAL_ERROR"), &json!("FAILED"))
    );
    assert_eq!(interrupted["state"]["state_message"], "The local workspace was stopped while this run was under way.");
    assert_eq!(interrupted["status"]["termination_details"]["code"], "INTERNAL_ERROR");
    assert_eq!(results(&interrupted), is(&[("endless", "FAILED")]));
    lab.run_until(queued, |run| run["state"]["life_cycle_state"] == "RUNNING").await;
    lab.post("/api/2.2/jobs/runs/cancel", json!({"run_id": queued})).await;
    lab.ended(queued).await;
    assert_eq!(lab.get_run(done["run_id"].as_i64().unwrap()).await["state"], done["state"]);
    lab.stop().await;
}

const HOME: &str = "/Workspace/Users/ann@example.com";

/// Whether this machine has a Python that programs can run in; a test without says that it checked nothing.
pub(crate) fn has_python() -> bool {
    let found = std::process::Command::new("python3").arg("--version").output().is_ok_and(|it| it.status.success());
    if !found {
        println!("NOT RUN: no python3 on this machine, the test of programs checked nothing");
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn notebooks_and_python_files_run_and_hand_values_on() {
    if !has_python() {
        return;
    }
    let lab = Lab::start().await;
    lab.import(
        "count.py",
        "# Databricks notebook source\n\
         n = spark.sql('SELECT count(*) AS n FROM samples.nyctaxi.trips').collect()[0][0]\n\
         dbutils.jobs.taskValues.set(key='n', value=n)\n\
         # COMMAND ----------\n\
         other = dbutils.notebook.run('/Users/ann@example.com/other', 60, {'who': 'Zug'})\n\
         dbutils.notebook.exit(dbutils.widgets.get('day') + ' ' + other)\n",
    )
    .await;
    lab.import(
        "other.py",
        "# Databricks notebook source\ndbutils.notebook.exit('hello ' + dbutils.widgets.get('who'))\n",
    )
    .await;
    lab.import("args.py", "import sys\nprint('given', *sys.argv[1:])\n").await;
    lab.import("boom.py", "print('before')\ndef f():\n    raise ValueError('boom')\nf()\n").await;
    lab.import("rows.sql", "-- Databricks notebook source\nSELECT 1;\n-- COMMAND ----------\nSELECT 2\n").await;
    lab.import("plain.sql", "USE samples.nyctaxi;\nSELECT count(*) AS n FROM trips").await;
    let file = |key: &str, name: &str, more: Value| {
        let mut task = json!({"task_key": key, "spark_python_task": {"python_file": format!("{HOME}/{name}")}});
        task["spark_python_task"].as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        task
    };
    let tasks = json!([
        {"task_key": "count", "notebook_task": {"notebook_path": format!("{HOME}/count"), "base_parameters": {"day": "never"}}},
        {"task_key": "args", "depends_on": [{"task_key": "count"}], "spark_python_task": {
            "python_file": format!("{HOME}/args.py"), "parameters": ["{{tasks.count.values.n}}", "{{job.parameters.day}}"]}},
        {"task_key": "sql_notebook", "notebook_task": {"notebook_path": format!("{HOME}/rows")}},
        {"task_key": "sql_file", "sql_task": {"warehouse_id": lab.warehouse, "file": {"path": format!("{HOME}/plain.sql")}}},
    ]);
    let job = lab
        .create_job(json!({"name": "code", "tasks": tasks, "parameters": [{"name": "day", "default": "Monday"}]}))
        .await;
    let run = lab.run_now(job, json!({})).await;
    let ended = lab.ended(run).await;
    assert_eq!(ended["state"]["result_state"], "SUCCESS", "{ended:#}");
    let all = tasks_of(&ended);
    let output = lab.output(&all["count"]).await;
    assert_eq!(output["notebook_output"], json!({"result": "Monday hello Zug", "truncated": false}), "{output:#}");
    let trips = lab.sql("SELECT count(*) FROM samples.nyctaxi.trips").await;
    let logs = lab.output(&all["args"]).await["logs"].as_str().unwrap().to_owned();
    assert_eq!(logs.trim(), format!("given {} Monday", trips[0][0].as_str().unwrap()));

    let failed = lab.run_of(json!([file("boom", "boom.py", json!({})), file("gone", "gone.py", json!({}))])).await;
    assert_eq!(results(&failed), is(&[("boom", "FAILED"), ("gone", "FAILED")]));
    let all = tasks_of(&failed);
    let output = lab.output(&all["boom"]).await;
    assert_eq!((&output["error"], output["logs"].as_str().unwrap().trim()), (&json!("ValueError: boom"), "before"));
    let trace = output["error_trace"].as_str().unwrap();
    assert!(trace.contains("boom.py") && trace.contains("in f"), "{trace}");
    assert!(lab.output(&all["gone"]).await["error"].as_str().unwrap().contains("doesn't exist"));

    lab.import("endless.py", "while True:\n    pass\n").await;
    let (_, begun) =
        lab.post("/api/2.2/jobs/runs/submit", json!({"tasks": [file("endless", "endless.py", json!({}))]})).await;
    let run = begun["run_id"].as_i64().unwrap();
    lab.run_until(run, |run| run["tasks"][0]["state"]["life_cycle_state"] == "RUNNING").await;
    lab.post("/api/2.2/jobs/runs/cancel", json!({"run_id": run})).await;
    assert_eq!(lab.ended(run).await["state"]["result_state"], "CANCELED");
    lab.stop().await;
}
