use bricklayer_sdk::CallContext;
use bricklayer_sdk::testing::Script;

use super::*;
use crate::types::{CommandState, OutputKind};

const CREATE: &str = "POST /api/1.2/contexts/create";
const CONTEXT: &str = "GET /api/1.2/contexts/status?clusterId=c&contextId=x";
const EXECUTE: &str = "POST /api/1.2/commands/execute";
const STATUS: &str = "GET /api/1.2/commands/status?clusterId=c&contextId=x&commandId=7";
const CANCEL: &str = "POST /api/1.2/commands/cancel";
const DESTROY: &str = "POST /api/1.2/contexts/destroy";
const X: &str = r#"{"id":"x"}"#;
const READY: &str = r#"{"id":"x","status":"Running"}"#;
const SEVEN: &str = r#"{"id":"7"}"#;
const GOING: &str = r#"{"id":"7","status":"Running"}"#;
const GONE: &str = r#"{"error":"ContextNotFound: gone"}"#;

fn done(results: &str) -> String {
    format!(r#"{{"id":"7","status":"Finished","results":{results}}}"#)
}

fn text(data: &str) -> String {
    done(&format!(r#"{{"resultType":"text","data":"{data}"}}"#))
}

fn script() -> Script {
    let context = CallContext {
        cluster: Some("c".to_owned()),
        conversation: "v".to_owned(),
        time_left: Duration::from_secs(120),
        ..CallContext::default()
    };
    Script::new().context(context)
}

fn with_context() -> Script {
    script().state("context/v/c/python", r#""x""#)
}

fn request(code: &str) -> types::ExecuteDatabricksCommandRequest {
    types::ExecuteDatabricksCommandRequest {
        code: code.to_owned(),
        language: None,
        cluster_id: None,
        context_id: None,
        timeout_seconds: None,
        destroy_context_on_completion: None,
    }
}

#[test]
fn the_context_of_a_conversation_is_made_once() {
    let script = script()
        .on(CREATE, 200, X)
        .on(CONTEXT, 200, r#"{"id":"x","status":"Pending"}"#)
        .on(CONTEXT, 200, READY)
        .on(EXECUTE, 200, SEVEN)
        .on(STATUS, 200, GOING)
        .on(STATUS, 200, &text("hello"))
        .on(EXECUTE, 200, SEVEN)
        .on(STATUS, 200, &text(""));
    let result = command(&script, request("print('hello')")).unwrap();
    assert_eq!(
        (result.text.as_str(), result.output, result.state),
        ("hello", OutputKind::Text, CommandState::Finished)
    );
    assert_eq!((result.context_id.as_str(), result.command_id.as_str()), ("x", "7"));
    let result = command(&script, request("x = 1")).unwrap();
    assert_eq!(result.text, "Done; the code printed nothing.");
    script.done();
    assert_eq!(script.cleanups().len(), 0);
    assert_eq!(
        script.continuations()[0],
        r#"get_command {"cluster_id":"c","command_id":"7","context_id":"x","wait_seconds":100}"#
    );
}

#[test]
fn a_context_that_is_gone_is_made_anew_and_said() {
    let script = with_context()
        .on(EXECUTE, 400, GONE)
        .on(CREATE, 200, r#"{"id":"x"}"#)
        .on(CONTEXT, 200, READY)
        .on(EXECUTE, 200, SEVEN)
        .on(STATUS, 200, &text("1"));
    let result = command(&script, request("1")).unwrap();
    assert!(result.text.starts_with("1\nThe context of earlier commands was gone"), "{}", result.text);
    script.done();
    let script = script_asked();
    let asked = types::ExecuteDatabricksCommandRequest { context_id: Some("x".to_owned()), ..request("1") };
    let failure = command(&script, asked).unwrap_err();
    assert!(failure.message.contains("Leave out context_id"), "{}", failure.message);
}

fn script_asked() -> Script {
    script().on(EXECUTE, 400, GONE)
}

#[test]
fn results_are_told_apart_and_kept() {
    let table = done(
        r#"{"resultType":"table","data":[[9007199254740993,"1.50",null]],"schema":[{"name":"n","type":"\"long\""},{"name":"d","type":"\"decimal(5,2)\""},{"name":"z","type":"\"void\""}],"truncated":false}"#,
    );
    let script = with_context().with_results().on(EXECUTE, 200, SEVEN).on(STATUS, 200, &table);
    let result = command(&script, request("display(df)")).unwrap();
    assert_eq!((result.output, result.result_id.as_deref()), (OutputKind::Table, Some("result-0")));
    assert!(
        result.text.contains("| 9007199254740993 | 1.50 |  |") && result.text.ends_with("(1 row)"),
        "{}",
        result.text
    );
    let kept = &script.results()[0];
    assert_eq!(kept.about.columns[1].type_text, "DECIMAL(5,2)");
    assert_eq!(kept.parts, [r#"[["9007199254740993","1.50",null]]"#]);

    let image = done(r#"{"resultType":"image","fileName":"data:image/png;base64,YWJj"}"#);
    let script = with_context().with_results().on(EXECUTE, 200, SEVEN).on(STATUS, 200, &image);
    let result = command(&script, request("plot()")).unwrap();
    assert_eq!(
        (result.output, result.text.as_str()),
        (OutputKind::Image, "The code showed a picture; the user sees it.")
    );
    assert_eq!(script.results()[0].parts, ["abc"]);
    let script = with_context().on(EXECUTE, 200, SEVEN).on(
        STATUS,
        200,
        &done(r#"{"resultType":"image","fileName":"/plots/1.png"}"#),
    );
    assert!(command(&script, request("plot()")).unwrap().text.contains("only the workspace itself"));
}

#[test]
fn errors_of_code_carry_their_trace() {
    let error =
        done(r#"{"resultType":"error","summary":"ValueError: boom","cause":"Traceback\n  line 1\nValueError: boom"}"#);
    let script = with_context().on(EXECUTE, 200, SEVEN).on(STATUS, 200, &error);
    let failure = command(&script, request("raise")).unwrap_err();
    assert_eq!(failure.kind, Kind::Failed);
    assert_eq!(failure.message, "ValueError: boom\n\n```\nTraceback\n  line 1\nValueError: boom\n```");
    let died = r#"{"id":"7","status":"Error","results":{"resultType":"error","summary":"Fatal error"}}"#;
    let script = with_context().on(EXECUTE, 200, SEVEN).on(STATUS, 200, died);
    assert_eq!(command(&script, request("die")).unwrap_err().kind, Kind::Upstream);
}

#[test]
fn what_cannot_run_says_why() {
    let stopped = r#"{"error_code":"INVALID_STATE","message":"Cluster c is in unexpected state Terminated."}"#;
    let failure = command(&script().on(CREATE, 400, stopped), request("1")).unwrap_err();
    assert!(failure.message.contains("start_cluster"), "{}", failure.message);
    let throttled = r#"{"error_code":"REQUEST_LIMIT_EXCEEDED","message":"slow down"}"#;
    let failure = command(&with_context().on(EXECUTE, 429, throttled), request("1")).unwrap_err();
    assert_eq!(failure.kind, Kind::RateLimited);
    let failure = command(&with_context().on(EXECUTE, 504, ""), request("1")).unwrap_err();
    assert!(!failure.retryable && failure.message.contains("is not known"), "{failure:?}");
    assert_eq!(command(&script(), request(" ")).unwrap_err().kind, Kind::InvalidInput);
    let long = types::ExecuteDatabricksCommandRequest { timeout_seconds: Some(0), ..request("1") };
    assert_eq!(command(&script(), long).unwrap_err().kind, Kind::InvalidInput);
}

#[test]
fn long_commands_are_handed_back_and_continued() {
    let script = with_context().on(EXECUTE, 200, SEVEN).always(STATUS, 200, GOING);
    let result = command(&script, request("sleep")).unwrap();
    assert_eq!((result.state, result.output), (CommandState::Running, OutputKind::None));
    assert!(result.text.contains("command_id 7"), "{}", result.text);
    assert_eq!(script.cleanups().len(), 0, "what was handed back is not cancelled");
    let again = types::GetCommandRequest {
        cluster_id: "c".to_owned(),
        context_id: "x".to_owned(),
        command_id: "7".to_owned(),
        wait_seconds: None,
    };
    let script = with_context().on(STATUS, 200, GOING).on(STATUS, 200, &text("at last"));
    assert_eq!(wait(&script, again).unwrap().text, "at last");
}

#[test]
fn a_limit_cancels_at_the_cluster() {
    let ended = r#"{"id":"7","status":"Cancelled","results":{"resultType":"error","summary":"x"}}"#;
    let script =
        with_context().on(EXECUTE, 200, SEVEN).always(STATUS, 200, GOING).on(CANCEL, 200, SEVEN).on(STATUS, 200, ended);
    let limited = types::ExecuteDatabricksCommandRequest { timeout_seconds: Some(10), ..request("sleep") };
    let failure = command(&script, limited).unwrap_err();
    assert_eq!(failure.kind, Kind::Timeout);
    assert!(failure.message.contains("was cancelled"), "{}", failure.message);
    script.done();
}

#[test]
fn a_context_for_one_command_is_ended_with_it() {
    let script = with_context().on(EXECUTE, 200, SEVEN).on(STATUS, 200, &text("1")).on(DESTROY, 200, X);
    let once = types::ExecuteDatabricksCommandRequest { destroy_context_on_completion: Some(true), ..request("1") };
    let result = command(&script, once).unwrap();
    assert!(result.text.contains("The context was ended"), "{}", result.text);
    assert_eq!((script.registered(), script.cleanups().len()), (2, 0));
    assert_eq!(script.state_get("context/v/c/python"), None);
    script.done();
}

#[test]
fn files_are_of_the_project_and_of_python() {
    let folder = std::env::temp_dir().join(format!("bricklayer-compute-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("jobs.py")).unwrap();
    std::fs::write(folder.join("report.py"), "\u{feff}print(1)").unwrap();
    std::fs::write(folder.join("bad.py"), [0xff]).unwrap();
    assert_eq!(read(&folder, "./report.py").unwrap(), "print(1)");
    for (path, kind) in [
        ("../report.py", Kind::InvalidInput),
        ("/etc/passwd.py", Kind::InvalidInput),
        ("", Kind::InvalidInput),
        ("report.txt", Kind::InvalidInput),
        ("jobs.py", Kind::InvalidInput),
        ("bad.py", Kind::InvalidInput),
        ("nosuch.py", Kind::NotFound),
    ] {
        assert_eq!(read(&folder, path).unwrap_err().kind, kind, "{path}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}
