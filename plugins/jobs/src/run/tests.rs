//! Runs as work, and the tools that bring them to their end, against a scripted workspace.

use bricklayer_sdk::testing::Script;
use bricklayer_sdk::{CallContext, TransportError};

use super::*;
use crate::run_tools::{cancel, get, repair, run_job, submit, wait};

const RUN_NOW: &str = "POST /api/2.2/jobs/run-now";
const GET: &str = "GET /api/2.2/jobs/runs/get?run_id=7";
const CANCEL: &str = "POST /api/2.2/jobs/runs/cancel";
const BEGUN: &str = r#"{"run_id":7,"number_in_job":1}"#;

fn state(life: &str, result: &str) -> String {
    let result = if result.is_empty() { String::new() } else { format!(r#","result_state":"{result}""#) };
    format!(r#""state":{{"life_cycle_state":"{life}"{result}}}"#)
}

/// A run with these tasks: key, life cycle, result.
fn run(life: &str, result: &str, tasks: &[(&str, &str, &str)]) -> String {
    let tasks: Vec<String> = tasks
        .iter()
        .enumerate()
        .map(|(i, (key, life, result))| {
            format!(r#"{{"run_id":{},"task_key":"{key}",{}}}"#, 70 + i, state(life, result))
        })
        .collect();
    let state = state(life, result);
    format!(
        r#"{{"run_id":7,"job_id":1,"run_name":"nightly","run_page_url":"https://w/run/7","start_time":1000,"end_time":6000,{state},"tasks":[{}]}}"#,
        tasks.join(",")
    )
}

fn going() -> String {
    run("RUNNING", "", &[("load", "TERMINATED", "SUCCESS"), ("report", "RUNNING", "")])
}

fn succeeded() -> String {
    run("TERMINATED", "SUCCESS", &[("load", "TERMINATED", "SUCCESS"), ("report", "TERMINATED", "SUCCESS")])
}

fn request(wait: u32) -> types::RunJobRequest {
    types::RunJobRequest {
        job_id: 1,
        parameters: None,
        notebook_params: None,
        only: None,
        wait_seconds: Some(wait),
        idempotency_token: None,
    }
}

#[test]
fn a_run_that_is_not_waited_for_is_not_tied_to_the_call() {
    let script = Script::new().on(RUN_NOW, 200, BEGUN).on(GET, 200, &going());
    let answer = run_job(&script, request(0)).unwrap();
    assert_eq!((answer.run_id, answer.job_id, answer.ended), (7, Some(1), false));
    assert!(answer.text.contains("wait_for_run (run_id 7)"), "{}", answer.text);
    assert_eq!(script.handed_back(), [r#"wait_for_run {"run_id":7,"wait_seconds":600} (1)"#]);
    assert_eq!((script.cleanups().len(), script.continuations().len()), (0, 0));
    assert_eq!(script.state_keys(), [""; 0], "what was answered is forgotten");
    assert!(script.body(0)["idempotency_token"].as_str().is_some_and(|token| token.len() == 32));
    script.done();
}

#[test]
fn a_run_that_is_waited_for_shows_its_tasks_and_ends_with_the_call() {
    let script = Script::new()
        .on(RUN_NOW, 200, BEGUN)
        .slow(GET, Duration::from_secs(2), 200, &going())
        .on(GET, 200, &going())
        .on(GET, 200, &succeeded());
    let answer = run_job(&script, request(60)).unwrap();
    assert_eq!((answer.result.as_deref(), answer.tasks.len()), (Some("SUCCESS"), 2));
    assert!(answer.text.starts_with("[Run 7 (nightly)](<https://w/run/7>): SUCCESS after 5 s."), "{}", answer.text);
    assert_eq!(script.continuations(), [r#"wait_for_run {"run_id":7,"wait_seconds":600}"#]);
    assert_eq!((script.registered(), script.cleanups().len()), (1, 0));
    let told = script.progress_messages();
    assert!(told[0].starts_with("Run running: 1 of 2 tasks ended; running: report, "), "{told:?}");
    assert!(told[0].ends_with("[load:StepState::Succeeded report:StepState::Running]"), "{told:?}");
    script.done();
}

#[test]
fn when_time_is_over_the_run_goes_on_and_is_handed_back() {
    let script = Script::new().on(RUN_NOW, 200, BEGUN).always(GET, 200, &going());
    let answer = run_job(&script, request(20)).unwrap();
    assert!(!answer.ended && answer.text.contains("continue with wait_for_run (run_id 7)"), "{}", answer.text);
    assert_eq!((script.registered(), script.cleanups().len()), (1, 0), "what is handed back is not ended");
    // The call's own end comes first when it is nearer.
    let context = CallContext { time_left: Duration::from_secs(15), ..CallContext::default() };
    let script = Script::new().context(context).on(RUN_NOW, 200, BEGUN).always(GET, 200, &going());
    assert!(!run_job(&script, request(600)).unwrap().ended);
    assert!(script.now() < Duration::from_secs(12));
}

#[test]
fn a_lost_answer_starts_no_second_run() {
    let lost = || TransportError::Timeout("no answer".to_owned());
    let script = Script::new().fail(RUN_NOW, lost()).on(RUN_NOW, 200, BEGUN).on(GET, 200, &going());
    run_job(&script, request(0)).unwrap();
    assert_eq!(script.body(0), script.body(1));
    // Lost twice: the same call later has the same token.
    let script =
        Script::new().fail(RUN_NOW, lost()).fail(RUN_NOW, lost()).on(RUN_NOW, 200, BEGUN).on(GET, 200, &going());
    let failure = run_job(&script, request(0)).unwrap_err();
    assert!(failure.message.contains("starts no second one"), "{}", failure.message);
    run_job(&script, request(0)).unwrap();
    assert_eq!(script.body(0), script.body(2));
    script.done();
}

#[test]
fn a_failed_run_is_told_with_what_its_tasks_said() {
    let failed = run(
        "INTERNAL_ERROR",
        "FAILED",
        &[("load", "TERMINATED", "FAILED"), ("report", "SKIPPED", "UPSTREAM_FAILED"), ("other", "SKIPPED", "EXCLUDED")],
    );
    let output = r#"{"error":"ValueError: boom","error_trace":"Traceback\n  line 3\nValueError: boom"}"#;
    let script = Script::new().on(GET, 200, &failed).on("GET /api/2.2/jobs/runs/get-output?run_id=70", 200, output);
    let failure = wait(&script, types::WaitForRunRequest { run_id: 7, wait_seconds: None }).unwrap_err();
    assert_eq!(failure.kind, Kind::Failed);
    for part in [
        "[Run 7 (nightly)](<https://w/run/7>): FAILED after 5 s",
        "load: FAILED\nValueError: boom",
        "line 3",
        "Not run because of that: report.",
        "repair_run",
    ] {
        assert!(failure.message.contains(part), "{part}: {}", failure.message);
    }
    assert!(!failure.message.contains("other:"), "{}", failure.message);
    assert_eq!((script.registered(), script.continuations().len()), (0, 0), "who only waits ends nothing");
    script.done();
    // Whatever became of it, reading it is no failure.
    let script = Script::new().on(GET, 200, &failed);
    assert_eq!(get(&script, types::GetRunRequest { run_id: 7 }).unwrap().result.as_deref(), Some("FAILED"));
}

#[test]
fn tasks_of_all_pages_are_there() {
    let first = succeeded().replace(r#"{"run_id":7,"#, r#"{"next_page_token":"t","run_id":7,"#);
    let second = run("TERMINATED", "SUCCESS", &[("last", "TERMINATED", "SUCCESS")]);
    let script = Script::new().on(GET, 200, &first).on(&format!("{GET}&page_token=t"), 200, &second);
    assert_eq!(get(&script, types::GetRunRequest { run_id: 7 }).unwrap().tasks.len(), 3);
    script.done();
}

#[test]
fn tasks_are_submitted_and_checked_first() {
    let tasks = r#"[{"task_key":"a","sql_task":{"warehouse_id":"w","query":{"query_id":"q"}}}]"#;
    let request = |tasks: &str| types::SubmitRunRequest {
        tasks: tasks.to_owned(),
        run_name: Some("once".to_owned()),
        settings: Some(r#"{"timeout_seconds":60}"#.to_owned()),
        wait_seconds: None,
        idempotency_token: Some("mine".to_owned()),
    };
    let script = Script::new().on("POST /api/2.2/jobs/runs/submit", 200, BEGUN).on(GET, 200, &going());
    submit(&script, request(tasks)).unwrap();
    let body = script.body(0);
    assert_eq!(
        (&body["run_name"], &body["timeout_seconds"], &body["idempotency_token"]),
        (&json!("once"), &json!(60), &json!("mine"))
    );
    for (tasks, begins) in
        [("[]", "tasks: must hold"), ("{}", "tasks: must be a list"), (r#"[{"task_key":"a"}]"#, "tasks[0]: has no")]
    {
        let failure = submit(&Script::new(), request(tasks)).unwrap_err();
        assert!(failure.message.starts_with(begins), "{}", failure.message);
    }
}

#[test]
fn a_run_is_ended_once_and_one_that_has_ended_stays() {
    let canceled = run("TERMINATED", "CANCELED", &[("load", "TERMINATED", "CANCELED")]);
    let script = Script::new().on(GET, 200, &going()).on(CANCEL, 200, "{}").on(GET, 200, &canceled);
    let answer = cancel(&script, types::CancelRunRequest { run_id: 7 }).unwrap();
    assert_eq!((answer.result.as_deref(), script.body(1)), (Some("CANCELED"), json!({"run_id": 7})));
    script.done();
    let script = Script::new().on(GET, 200, &succeeded());
    let answer = cancel(&script, types::CancelRunRequest { run_id: 7 }).unwrap();
    assert!(answer.text.contains("nothing was changed"), "{}", answer.text);
    script.done();
}

#[test]
fn a_repair_names_the_one_before_it() {
    let failed = run("INTERNAL_ERROR", "FAILED", &[("load", "TERMINATED", "FAILED")])
        .replace(r#""tasks":"#, r#""repair_history":[{"type":"ORIGINAL"},{"type":"REPAIR","id":5}],"tasks":"#);
    let request = |keys: Option<&str>| types::RepairRunRequest {
        run_id: 7,
        task_keys: keys.map(|key| vec![key.to_owned()]),
        with_dependents: None,
        parameters: None,
        wait_seconds: Some(30),
    };
    let script = Script::new()
        .on(GET, 200, &failed)
        .on("POST /api/2.2/jobs/runs/repair", 200, r#"{"repair_id":6}"#)
        .on(GET, 200, &succeeded());
    assert_eq!(repair(&script, request(None)).unwrap().result.as_deref(), Some("SUCCESS"));
    assert_eq!(
        script.body(1),
        json!({"run_id": 7, "rerun_all_failed_tasks": true, "rerun_dependent_tasks": true, "latest_repair_id": 5})
    );
    for (answer, keys, says) in [
        (going(), None, "run_id: this run goes on"),
        (succeeded(), None, "run_id: every task of this run succeeded"),
        (failed.clone(), Some("laod"), "task_keys: the run has no task 'laod'; it has load"),
    ] {
        let failure = repair(&Script::new().on(GET, 200, &answer), request(keys)).unwrap_err();
        assert!(failure.message.starts_with(says), "{}", failure.message);
    }
}

#[test]
fn what_the_workspace_refuses_is_told_with_a_way_out() {
    let missing = r#"{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"Run 7 does not exist."}"#;
    let busy = r#"{"error_code":"REQUEST_LIMIT_EXCEEDED","message":"slow down"}"#;
    type Call = fn(&Script) -> Failure;
    let calls: [(&str, Call); 3] = [
        (GET, |s| get(s, types::GetRunRequest { run_id: 7 }).unwrap_err()),
        (GET, |s| wait(s, types::WaitForRunRequest { run_id: 7, wait_seconds: None }).unwrap_err()),
        (GET, |s| cancel(s, types::CancelRunRequest { run_id: 7 }).unwrap_err()),
    ];
    for (line, call) in calls {
        let failure = call(&Script::new().on(line, 404, missing));
        assert_eq!(failure.kind, Kind::NotFound);
        assert!(failure.message.contains("list_runs"), "{}", failure.message);
        let failure = call(&Script::new().always(line, 429, busy));
        assert_eq!(failure.kind, Kind::RateLimited);
    }
    let no_job = r#"{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"Job 1 does not exist."}"#;
    let script = Script::new().on(RUN_NOW, 404, no_job);
    let failure = run_job(&script, request(0)).unwrap_err();
    assert!(failure.message.contains("find_job_by_name"), "{}", failure.message);
    assert_eq!(script.state_keys(), [""; 0], "a refused start is no lost one");
}
