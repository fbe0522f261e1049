use bricklayer_sdk::CallContext;
use bricklayer_sdk::testing::Script;

use super::*;

const ME: &str = "GET /api/2.0/preview/scim/v2/Me";
const ANN: &str = r#"{"userName":"ann@x"}"#;
const IMPORT: &str = "POST /api/2.0/workspace/import";
const SUBMIT: &str = "POST /api/2.2/jobs/runs/submit";
const GET: &str = "GET /api/2.2/jobs/runs/get?run_id=7";
const OUTPUT: &str = "GET /api/2.2/jobs/runs/get-output?run_id=8";
const DELETE: &str = "POST /api/2.0/workspace/delete";
const CONTEXT: &str = "POST /api/1.2/contexts/create";
const SEVEN: &str = r#"{"run_id":7}"#;
const PENDING: &str = r#"{"run_id":7,"state":{"life_cycle_state":"PENDING"},"tasks":[{"run_id":8,"state":{"life_cycle_state":"PENDING"}}]}"#;
const RUNNING: &str = r#"{"run_id":7,"state":{"life_cycle_state":"RUNNING"},"tasks":[{"run_id":8,"state":{"life_cycle_state":"RUNNING"}}]}"#;

fn ended(result: &str) -> String {
    format!(
        r#"{{"run_id":7,"run_page_url":"https://x/run/7","state":{{"life_cycle_state":"TERMINATED","result_state":"{result}"}},"tasks":[{{"run_id":8,"state":{{"state_message":"told"}}}}]}}"#
    )
}

fn left(out: &str) -> String {
    let exit = serde_json::json!({"out": out, "cut": false, "tables": [], "error": null}).to_string();
    serde_json::json!({"notebook_output": {"result": exit, "truncated": false}}).to_string()
}

fn request(code: &str) -> types::ExecuteCodeRequest {
    types::ExecuteCodeRequest {
        code: Some(code.to_owned()),
        file_path: None,
        language: None,
        compute: None,
        cluster_id: None,
        timeout_seconds: None,
    }
}

fn begun() -> Script {
    Script::new().on(ME, 200, ANN).on(IMPORT, 200, "").on(SUBMIT, 200, SEVEN)
}

#[test]
fn code_runs_without_a_cluster_and_leaves_no_notebook() {
    let script = begun()
        .on(GET, 200, PENDING)
        .on(GET, 200, RUNNING)
        .on(GET, 200, &ended("SUCCESS"))
        .on(OUTPUT, 200, &left("hello\n"))
        .on(DELETE, 200, "{}");
    let result =
        code(&script, types::ExecuteCodeRequest { timeout_seconds: Some(60), ..request("print('hello')") }).unwrap();
    script.done();
    assert_eq!(
        (result.text.as_str(), result.state, result.compute),
        ("hello", CommandState::Finished, ComputeKind::Serverless)
    );
    assert_eq!((result.run_id, result.run_page_url.as_deref()), (Some(7), Some("https://x/run/7")));
    let sent = script.sent();
    let submitted: serde_json::Value = sent
        .iter()
        .find_map(|it| it.path.ends_with("submit").then(|| serde_json::from_str(it.body.as_deref()?).ok())?)
        .unwrap();
    let path = submitted["tasks"][0]["notebook_task"]["notebook_path"].as_str().unwrap();
    assert!(path.starts_with("/Users/ann@x/.bricklayer-run-"), "{path}");
    assert_eq!(submitted["timeout_seconds"], 60);
    let deleted = sent.last().unwrap().body.clone().unwrap();
    assert!(deleted.contains(path), "{deleted}");
    let (line, body) = script.uploaded().remove(0);
    let body = String::from_utf8(body).unwrap();
    assert!(line == IMPORT && body.contains(path) && body.contains(r#"CODE = "print('hello')""#), "{body}");
    assert_eq!((script.registered(), script.cleanups().len(), script.state_keys().len()), (2, 0, 0));
    assert_eq!(script.continuations()[0], r#"get_code_run {"run_id":7,"wait_seconds":100}"#);
}

/// However it ends, the notebook is removed.
#[test]
fn what_fails_says_why_and_leaves_no_notebook() {
    let failed = r#"{"error":"ValueError: boom","error_trace":"Traceback\nValueError: boom"}"#;
    for (state, output, kind, says) in [
        ("FAILED", failed, Kind::Failed, "ValueError: boom\n\n```\nTraceback"),
        ("FAILED", "{}", Kind::Failed, "told"),
        ("CANCELED", "{}", Kind::Failed, "was canceled"),
        ("TIMEDOUT", "{}", Kind::Timeout, "longer than its timeout_seconds"),
    ] {
        let script = begun().on(GET, 200, &ended(state)).on(OUTPUT, 200, output).on(DELETE, 200, "{}");
        let failure = code(&script, request("1")).unwrap_err();
        script.done();
        assert_eq!(failure.kind, kind, "{state}");
        assert!(failure.message.contains(says), "{}", failure.message);
        assert_eq!((script.cleanups().len(), script.state_keys().len()), (0, 0));
    }
    let denied = r#"{"error_code":"PERMISSION_DENIED","message":"no serverless"}"#;
    let serverless = |code: &str| types::ExecuteCodeRequest { compute: Some(ComputeKind::Serverless), ..request(code) };
    for (status, body, kind) in [(403, denied, Kind::PermissionDenied), (429, "", Kind::RateLimited)] {
        let script = Script::new().on(ME, 200, ANN).on(IMPORT, 200, "").on(SUBMIT, status, body).on(DELETE, 200, "{}");
        let failure = code(&script, serverless("1")).unwrap_err();
        script.done();
        assert_eq!(failure.kind, kind);
        assert_eq!((script.cleanups().len(), script.state_keys().len()), (0, 0));
    }
    // A start whose answer is lost is tried once more with the same token, and no third time.
    let script =
        Script::new().on(ME, 200, ANN).on(IMPORT, 200, "").on(SUBMIT, 504, "").on(SUBMIT, 504, "").on(DELETE, 200, "");
    let failure = code(&script, serverless("1")).unwrap_err();
    assert!(!failure.retryable && failure.message.contains("is not known"), "{failure:?}");
    let tokens: Vec<_> = script.sent().into_iter().filter(|it| it.path.ends_with("submit")).map(|it| it.body).collect();
    assert_eq!(tokens[0], tokens[1]);
    // A home that takes no file.
    let script = Script::new().on(ME, 200, ANN).on(IMPORT, 403, denied).on(DELETE, 404, "");
    assert!(code(&script, request("1")).unwrap_err().message.contains("could not be brought"));
    assert_eq!(script.state_keys().len(), 0);
}

#[test]
fn a_notebook_that_cannot_be_removed_is_by_a_later_call() {
    let script = begun()
        .on(GET, 200, &ended("SUCCESS"))
        .on(OUTPUT, 200, &left("1"))
        .on(DELETE, 500, "")
        // The next call looks after it first.
        .on(GET, 200, &ended("SUCCESS"))
        .on(DELETE, 200, "{}")
        .on(ME, 403, "");
    code(&script, request("1")).unwrap();
    assert_eq!(script.state_keys().len(), 1);
    code(&script, request("1")).unwrap_err();
    assert_eq!(script.state_keys().len(), 0);
    script.done();
}

#[test]
fn long_code_is_handed_back_and_continued() {
    let script = begun().always(GET, 200, RUNNING).on(OUTPUT, 200, &left("at last\n")).on(DELETE, 200, "{}");
    let result = code(&script, request("sleep")).unwrap();
    assert_eq!((result.state, result.run_id), (CommandState::Running, Some(7)));
    assert!(result.text.contains("get_code_run (run_id 7)"), "{}", result.text);
    assert_eq!((script.cleanups().len(), script.state_keys().len()), (0, 1), "what was handed back is not ended");
    let (key, kept) = script.state_keys().pop().and_then(|key| Some((key.clone(), script.state_get(&key)?))).unwrap();
    let script = Script::new()
        .state(&key, &kept)
        .on(GET, 200, RUNNING)
        .on(GET, 200, &ended("SUCCESS"))
        .on(OUTPUT, 200, &left("at last\n"))
        .on(DELETE, 200, "{}");
    let again = types::GetCodeRunRequest { run_id: 7, wait_seconds: None };
    assert_eq!(wait(&script, again).unwrap().text, "at last");
    assert_eq!((script.state_keys().len(), script.registered()), (0, 0), "who only watches ends nothing");
    script.done();
    let far = types::GetCodeRunRequest { run_id: 7, wait_seconds: Some(101) };
    assert_eq!(wait(&Script::new(), far).unwrap_err().kind, Kind::InvalidInput);
    let gone = types::GetCodeRunRequest { run_id: 7, wait_seconds: Some(0) };
    let failure = wait(&Script::new().on(GET, 404, ""), gone).unwrap_err();
    assert!(failure.message.contains("knows no such run"), "{}", failure.message);
}

fn with_cluster(script: Script) -> Script {
    let status = r#"{"id":"9","status":"Finished","results":{"resultType":"text","data":"42"}}"#;
    script
        .on(CONTEXT, 200, r#"{"id":"x"}"#)
        .on("GET /api/1.2/contexts/status?clusterId=c&contextId=x", 200, r#"{"status":"Running"}"#)
        .on("POST /api/1.2/commands/execute", 200, r#"{"id":"9"}"#)
        .on("GET /api/1.2/commands/status?clusterId=c&contextId=x&commandId=9", 200, status)
}

#[test]
fn it_runs_where_it_is_asked_to_or_can() {
    let context =
        || CallContext { cluster: Some("c".to_owned()), time_left: Duration::from_secs(120), ..CallContext::default() };
    let named = types::ExecuteCodeRequest { cluster_id: Some("c".to_owned()), ..request("42") };
    let asked = types::ExecuteCodeRequest { compute: Some(ComputeKind::Cluster), ..request("42") };
    for request in [named, asked] {
        let script = with_cluster(Script::new().context(context()));
        let result = code(&script, request).unwrap();
        script.done();
        assert_eq!(
            (result.text.as_str(), result.compute, result.command_id.as_deref()),
            ("42", ComputeKind::Cluster, Some("9"))
        );
    }
    let disabled = r#"{"error_code":"INVALID_PARAMETER_VALUE","message":"Serverless is not enabled."}"#;
    let script = Script::new().context(context()).on(ME, 200, ANN).on(IMPORT, 200, "").on(SUBMIT, 400, disabled);
    let script = with_cluster(script.on(DELETE, 200, "{}"));
    let result = code(&script, request("42")).unwrap();
    script.done();
    assert_eq!(result.compute, ComputeKind::Cluster);
    assert!(result.text.contains("Serverless is not enabled."), "{}", result.text);
}

#[test]
fn arguments_that_do_not_fit_are_named() {
    let folder = std::env::temp_dir().join(format!("bricklayer-execute-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("a.sql"), "SELECT 1").unwrap();
    std::fs::write(folder.join("a.txt"), "1").unwrap();
    let file = |path: &str| types::ExecuteCodeRequest { code: None, file_path: Some(path.to_owned()), ..request("") };
    let script = Script::new().project(&folder);
    assert_eq!(what(&script, &file("a.sql")).unwrap(), ("SELECT 1".to_owned(), "sql"));
    let python = types::ExecuteCodeRequest { language: Some(CodeLanguage::Python), ..file("a.txt") };
    assert_eq!(what(&script, &python).unwrap(), ("1".to_owned(), "python"));
    for (wrong, field) in [
        (request(" "), "code"),
        (types::ExecuteCodeRequest { file_path: Some("a.sql".to_owned()), ..request("1") }, "file_path"),
        (file("a.txt"), "file_path"),
        (file("../a.sql"), "file_path"),
        (types::ExecuteCodeRequest { timeout_seconds: Some(0), ..request("1") }, "timeout_seconds"),
        (
            types::ExecuteCodeRequest {
                cluster_id: Some("c".to_owned()),
                compute: Some(ComputeKind::Serverless),
                ..request("1")
            },
            "cluster_id",
        ),
    ] {
        let failure = code(&script, wrong).unwrap_err();
        assert!(failure.kind == Kind::InvalidInput && failure.message.starts_with(field), "{}", failure.message);
    }
    std::fs::remove_dir_all(folder).unwrap();
}
