use bricklayer_sdk::testing::Script;
use tempfile::TempDir;

use super::*;
use crate::testing::{GONE, deployed, project, script, state_file};

const GET: &str = "GET /api/2.2/jobs/get?job_id=17";
const JOB: &str = r#"{"job_id":17,"settings":{"name":"j","parameters":[{"name":"day","default":"now"}],
    "tasks":[{"task_key":"a"}]}}"#;
const PLAIN: &str = r#"{"job_id":17,"settings":{"name":"j","tasks":[{"task_key":"a"}]}}"#;
const RUN_NOW: &str = "POST /api/2.2/jobs/run-now";
const LOOK: &str = "GET /api/2.2/jobs/runs/get?run_id=5";
const DONE: &str = r#"{"run_id":5,"run_page_url":"https://w.example/run/5","state":{"life_cycle_state":"TERMINATED",
    "result_state":"SUCCESS"},"tasks":[{"run_id":6,"task_key":"a","state":{"life_cycle_state":"TERMINATED","result_state":"SUCCESS"}}]}"#;

fn asked(key: &str) -> types::RunBundleRequest {
    types::RunBundleRequest {
        bundle_path: None,
        target: None,
        variables: None,
        key: key.to_owned(),
        parameters: None,
        task_parameters: None,
        only: None,
        full_refresh: None,
        refresh_selection: None,
        full_refresh_selection: None,
        validate_only: None,
        wait_seconds: None,
    }
}

fn value(name: &str, value: &str) -> Option<Vec<types::NamedValue>> {
    Some(vec![types::NamedValue { name: name.to_owned(), value: value.to_owned() }])
}

fn ready(project: &TempDir, job: &str) -> Script {
    deployed(script(project)).on(GET, 200, job)
}

#[test]
fn a_job_of_the_bundle_runs_to_its_end() {
    let project = project();
    let script = ready(&project, JOB).on(RUN_NOW, 200, r#"{"run_id":5}"#).on(LOOK, 200, DONE);
    let request =
        types::RunBundleRequest { parameters: value("day", "monday"), only: Some(vec!["+a".to_owned()]), ..asked("j") };
    let run = run(&script, request).unwrap();
    script.done();
    let body = script.sent().iter().position(|sent| sent.path.ends_with("run-now")).map(|at| script.body(at)).unwrap();
    assert_eq!(
        (&body["job_id"], &body["job_parameters"], &body["only"]),
        (&json!(17), &json!({"day": "monday"}), &json!(["+a"]))
    );
    assert!(body["idempotency_token"].as_str().is_some_and(|token| token.len() == 32));
    assert_eq!((run.run.as_str(), run.state.as_str(), run.ended, run.tasks.len()), ("5", "SUCCESS", true, 1));
    assert!(run.text.starts_with("[The run 5](<https://w.example/run/5>) is SUCCESS."), "{}", run.text);
    assert!(script.state_keys().is_empty());
}

#[test]
fn parameters_that_do_not_fit_are_refused_before_anything_runs() {
    let project = project();
    for (job, request, part) in [
        (
            JOB,
            types::RunBundleRequest { parameters: value("nosuch", "1"), ..asked("j") },
            "parameters: the job has no parameter `nosuch`",
        ),
        (PLAIN, types::RunBundleRequest { parameters: value("day", "1"), ..asked("j") }, "declares no parameters"),
        (
            JOB,
            types::RunBundleRequest { task_parameters: Some(r#"{"notebook_params":{}}"#.to_owned()), ..asked("j") },
            "task_parameters: the job declares parameters",
        ),
        (
            PLAIN,
            types::RunBundleRequest { task_parameters: Some(r#"{"nosuch":{}}"#.to_owned()), ..asked("j") },
            "task_parameters: has no `nosuch`",
        ),
        (
            PLAIN,
            types::RunBundleRequest {
                task_parameters: Some(r#"{"pipeline_params":{"x":1}}"#.to_owned()),
                ..asked("j")
            },
            "knows full_refresh",
        ),
        (
            JOB,
            types::RunBundleRequest { only: Some(vec!["b+".to_owned()]), ..asked("j") },
            "only: the job has no task `b`",
        ),
    ] {
        let script = ready(&project, job);
        let failure = run(&script, request).unwrap_err();
        assert!(failure.kind == Kind::InvalidInput && failure.message.contains(part), "{failure:?}");
        script.done();
    }
    let of_pipelines = types::RunBundleRequest { full_refresh: Some(true), ..asked("j") };
    assert!(run(&deployed(script(&project)), of_pipelines).unwrap_err().message.contains("is for pipelines"));
    for (key, part) in [("k", "no job or pipeline `k`; it has j"), ("pipelines.j", "no job or pipeline `pipelines.j`")]
    {
        assert!(run(&script(&project), asked(key)).unwrap_err().message.contains(part));
    }
    let new =
        script(&project).on(&state_file("resources.json"), 404, GONE).on(&state_file("terraform.tfstate"), 404, GONE);
    let failure = run(&new, asked("j")).unwrap_err();
    assert!(failure.kind == Kind::NotFound && failure.message.contains("not deployed"), "{failure:?}");
}

#[test]
fn a_run_that_fails_says_why() {
    let project = project();
    let failed = DONE.replace("\"SUCCESS\"", "\"FAILED\"");
    let script = ready(&project, JOB).on(RUN_NOW, 200, r#"{"run_id":5}"#).on(LOOK, 200, &failed).on(
        "GET /api/2.2/jobs/runs/get-output?run_id=6",
        200,
        r#"{"error":"ValueError: boom","error_trace":"line 1"}"#,
    );
    let failure = run(&script, asked("j")).unwrap_err();
    script.done();
    assert!(failure.kind == Kind::Failed && failure.message.contains("ValueError: boom"), "{failure:?}");
}

#[test]
fn a_long_run_is_handed_back_and_waited_for() {
    let project = project();
    let running = r#"{"run_id":5,"state":{"life_cycle_state":"RUNNING"}}"#;
    let script = ready(&project, JOB).on(RUN_NOW, 200, r#"{"run_id":5}"#).always(LOOK, 200, running);
    let request = types::RunBundleRequest { wait_seconds: Some(2), ..asked("j") };
    let run = run(&script, request).unwrap();
    assert!(!run.ended && run.text.contains("continue with wait_for_bundle_run"), "{}", run.text);
    assert_eq!(script.handed_back(), [r#"wait_for_bundle_run {"run":"5","wait_seconds":600} (1)"#]);
    assert!(script.cleanups().is_empty());
    let watch = |run: &str| types::WaitForBundleRunRequest { run: run.to_owned(), wait_seconds: None };
    let script = Script::new().on(LOOK, 200, running).on(LOOK, 200, DONE);
    assert!(wait(&script, watch("5")).unwrap().ended);
    for bad in ["", "x", "a/b/c", "../5"] {
        assert!(wait(&Script::new(), watch(bad)).unwrap_err().message.starts_with("run: is no run"), "{bad}");
    }
    let updates = "GET /api/2.0/pipelines/p-1/updates/u-2";
    let script = Script::new()
        .on(updates, 200, r#"{"update":{"state":"FAILED"}}"#)
        .on(
            "GET /api/2.0/pipelines/p-1/events?max_results=100&filter=update_id%20%3D%20%27u-2%27%20AND%20level%20in%20%28%27ERROR%27%29",
            200,
            r#"{"events":[{"origin":{"update_id":"u-2"},"message":"table x failed"},{"origin":{"update_id":"u-1"},"message":"old"}]}"#,
        );
    let failure = wait(&script, watch("p-1/u-2")).unwrap_err();
    assert!(failure.message.contains("table x failed") && !failure.message.contains("old"), "{failure:?}");
}
