//! The tools for jobs against a scripted workspace.

use bricklayer_sdk::testing::Script;
use bricklayer_sdk::{CallContext, TransportError};

use super::*;

const LIST: &str = "GET /api/2.2/jobs/list?limit=100";
const NAMED: &str = "GET /api/2.2/jobs/list?limit=100&name=nightly";
const CREATE: &str = "POST /api/2.2/jobs/create";
const RESET: &str = "POST /api/2.2/jobs/reset";
const SETTINGS: &str = r#"{"tasks":[{"task_key":"a","notebook_task":{"notebook_path":"/n"}}]}"#;

fn create_request() -> types::CreateJobRequest {
    types::CreateJobRequest { name: "nightly".to_owned(), settings: SETTINGS.to_owned(), allow_duplicate_name: None }
}

fn same() -> types::CreateOrUpdateJobRequest {
    types::CreateOrUpdateJobRequest { name: "nightly".to_owned(), settings: SETTINGS.to_owned() }
}

#[test]
fn a_job_is_made_once_and_then_updated() {
    let context = CallContext { workspace_host: Some("w.example".to_owned()), ..CallContext::default() };
    let script = Script::new().context(context).on(NAMED, 200, "{}").on(CREATE, 200, r#"{"job_id":9007199254740993}"#);
    let made = create_or_update(&script, same()).unwrap();
    assert_eq!((made.job_id, made.created), (9_007_199_254_740_993, true));
    assert!(
        made.text.starts_with("[Job nightly](<https://w.example/jobs/9007199254740993>) was made"),
        "{}",
        made.text
    );
    assert_eq!((&script.body(1)["name"], &script.body(1)["tasks"][0]["task_key"]), (&json!("nightly"), &json!("a")));

    // The workspace's filter passes over letter case; the name is what it is.
    let known = r#"{"jobs":[{"job_id":1,"settings":{"name":"Nightly"}},{"job_id":2,"settings":{"name":"nightly"}}]}"#;
    let script = Script::new().on(NAMED, 200, known).on(RESET, 200, "{}");
    let updated = create_or_update(&script, same()).unwrap();
    assert_eq!((updated.job_id, updated.created), (2, false));
    assert_eq!(script.body(1)["job_id"], 2);

    let twice = r#"{"jobs":[{"job_id":1,"settings":{"name":"nightly"}},{"job_id":2,"settings":{"name":"nightly"}}]}"#;
    let failure = create_or_update(&Script::new().on(NAMED, 200, twice), same()).unwrap_err();
    assert!(failure.message.contains("several jobs are called 'nightly': 1, 2"), "{}", failure.message);
    let failure = create(&Script::new().on(NAMED, 200, twice), create_request()).unwrap_err();
    assert!(failure.message.contains("job_id 1; nothing was made"), "{}", failure.message);
}

#[test]
fn a_job_that_may_have_been_made_is_not_made_again_unsaid() {
    let lost = || TransportError::Timeout("no answer".to_owned());
    let script = Script::new().on(NAMED, 200, "{}").fail(CREATE, lost());
    let failure = create(&script, create_request()).unwrap_err();
    assert!(!failure.retryable && failure.message.contains("find_job_by_name"), "{failure:?}");
    script.done();
}

#[test]
fn bad_settings_send_nothing() {
    for (settings, begins) in [
        ("nonsense", "settings: is no JSON"),
        (r#"{"name":"other"}"#, "settings.name: is another name than 'n'"),
        (r#"{"tasks":[{"task_key":"a"}]}"#, "settings.tasks[0]: has no notebook_task"),
    ] {
        let request = types::CreateJobRequest {
            name: "n".to_owned(),
            settings: settings.to_owned(),
            allow_duplicate_name: Some(true),
        };
        let failure = create(&Script::new(), request).unwrap_err();
        assert!(failure.message.starts_with(begins), "{}", failure.message);
    }
    let nothing = types::UpdateJobRequest { job_id: 1, settings: None, fields_to_remove: None };
    assert!(update(&Script::new(), nothing).unwrap_err().message.starts_with("settings: changes nothing"));
}

#[test]
fn all_pages_of_a_job_are_joined() {
    let get_page = "GET /api/2.2/jobs/get?job_id=5";
    let task =
        |key: &str| format!(r#"{{"task_key":"{key}","sql_task":{{"warehouse_id":"w","query":{{"query_id":"q"}}}}}}"#);
    let first = format!(
        r#"{{"job_id":5,"creator_user_name":"ann","settings":{{"name":"wide","x_future":[1],"tasks":[{}],"job_clusters":[{{"job_cluster_key":"c"}}]}},"next_page_token":"t"}}"#,
        task("a")
    );
    let second = format!(r#"{{"job_id":5,"settings":{{"name":"wide","tasks":[{}]}}}}"#, task("b"));
    let runs = r#"{"runs":[{"run_id":7,"job_id":5,"run_name":"wide","start_time":0,"end_time":3000,"state":{"life_cycle_state":"TERMINATED","result_state":"SUCCESS"}}]}"#;
    let script = Script::new().on(get_page, 200, &first).on(&format!("{get_page}&page_token=t"), 200, &second).on(
        "GET /api/2.2/jobs/runs/list?limit=25&job_id=5",
        200,
        runs,
    );
    let job = get(&script, types::GetJobRequest { job_id: 5, runs: Some(3) }).unwrap();
    script.done();
    assert_eq!(job.tasks.iter().map(|task| task.task_key.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    let settings: Value = serde_json::from_str(&job.settings).unwrap();
    assert_eq!((&settings["x_future"], settings["job_clusters"].as_array().unwrap().len()), (&json!([1]), 1));
    assert_eq!((job.runs.len(), job.runs[0].seconds), (1, Some(3)));
    assert!(job.text.contains("| a | sql_task | q |") && job.text.contains("Latest runs"), "{}", job.text);
}

#[test]
fn names_are_found_over_pages_exactly_or_in_part() {
    let page = |ids: std::ops::Range<u32>, name: &str, next: &str| {
        let jobs: Vec<_> = ids.map(|id| format!(r#"{{"job_id":{id},"settings":{{"name":"{name} {id}"}}}}"#)).collect();
        format!(r#"{{"jobs":[{}]{next}}}"#, jobs.join(","))
    };
    let request =
        |limit| types::ListJobsRequest { name_contains: Some("NIGHT".to_owned()), name: None, limit: Some(limit) };
    let script = Script::new().on(LIST, 200, &page(0..100, "other", r#","next_page_token":"t""#)).on(
        &format!("{LIST}&page_token=t"),
        200,
        &page(100..103, "Nightly", ""),
    );
    let found = list(&script, request(10)).unwrap();
    assert_eq!((found.jobs.len(), found.complete), (3, true));
    let script = Script::new().on(LIST, 200, &page(0..100, "nightly", r#","next_page_token":"t""#));
    let found = list(&script, request(10)).unwrap();
    assert_eq!((found.jobs.len(), found.complete), (10, false));

    let script = Script::new().on("GET /api/2.2/jobs/list?limit=100&name=nightly%2010", 200, "{}").on(
        LIST,
        200,
        &page(100..103, "nightly", ""),
    );
    let found = find(&script, types::FindJobByNameRequest { name: "nightly 10".to_owned() }).unwrap();
    assert_eq!(found.job_id, None);
    assert!(found.text.contains("Names like it: nightly 100"), "{}", found.text);
}

/// Each tool's answer to what a workspace refuses, by one row.
#[test]
fn what_the_workspace_refuses_is_told_with_a_way_out() {
    let missing = r#"{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"Job 5 does not exist."}"#;
    let old_missing = r#"{"error_code":"INVALID_PARAMETER_VALUE","message":"Job 5 does not exist."}"#;
    let denied = r#"{"error_code":"PERMISSION_DENIED","message":"User bob does not have Owner permissions on job 5."}"#;
    let busy = r#"{"error_code":"REQUEST_LIMIT_EXCEEDED","message":"slow down"}"#;
    type Call = fn(&Script) -> Failure;
    let calls: [(&str, Call); 4] = [
        ("GET /api/2.2/jobs/get?job_id=5", |s| get(s, types::GetJobRequest { job_id: 5, runs: None }).unwrap_err()),
        ("POST /api/2.2/jobs/delete", |s| delete(s, types::DeleteJobRequest { job_id: 5 }).unwrap_err()),
        ("POST /api/2.2/jobs/update", |s| {
            let request =
                types::UpdateJobRequest { job_id: 5, settings: Some(SETTINGS.to_owned()), fields_to_remove: None };
            update(s, request).unwrap_err()
        }),
        (RESET, |s| {
            reset(s, types::ResetJobRequest { job_id: 5, settings: r#"{"name":"n"}"#.to_owned() }).unwrap_err()
        }),
    ];
    for (line, call) in calls {
        for (status, body, kind, says) in [
            (404, missing, Kind::NotFound, "find_job_by_name"),
            (400, old_missing, Kind::NotFound, "find_job_by_name"),
            (403, denied, Kind::PermissionDenied, "does not have Owner permissions"),
            (429, busy, Kind::RateLimited, "slow down"),
        ] {
            let failure = call(&Script::new().on(line, status, body));
            assert_eq!(failure.kind, kind, "{line}: {failure:?}");
            assert!(failure.message.contains(says), "{line}: {}", failure.message);
        }
    }
}
