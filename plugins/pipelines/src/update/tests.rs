//! Updates as work, and the tools that bring them to their end, against a scripted workspace.

use bricklayer_sdk::TransportError;
use bricklayer_sdk::testing::Script;

use super::*;
use crate::update_tools::{get, start, stop, wait};

const START: &str = "POST /api/2.0/pipelines/p/updates";
const GET: &str = "GET /api/2.0/pipelines/p/updates/u";
const STOP: &str = "POST /api/2.0/pipelines/p/stop";
const PIPELINE: &str = "GET /api/2.0/pipelines/p";
const ERRORS: &str = "GET /api/2.0/pipelines/p/events?max_results=100&filter=update_id%20%3D%20%27u%27%20AND%20level%20in%20%28%27ERROR%27%29";
const BEGUN: &str = r#"{"update_id":"u"}"#;

fn update(state: &str) -> String {
    format!(r#"{{"update":{{"pipeline_id":"p","update_id":"u","state":"{state}","creation_time":5}}}}"#)
}

fn request(wait: u32) -> types::StartUpdateRequest {
    types::StartUpdateRequest {
        pipeline_id: "p".to_owned(),
        full_refresh: None,
        refresh_selection: None,
        full_refresh_selection: None,
        validate_only: None,
        wait_seconds: Some(wait),
    }
}

fn watched() -> types::WaitForUpdateRequest {
    types::WaitForUpdateRequest { pipeline_id: "p".to_owned(), update_id: "u".to_owned(), wait_seconds: None }
}

#[test]
fn an_update_that_is_not_waited_for_is_not_tied_to_the_call() {
    let script = Script::new().on(START, 200, BEGUN).on(GET, 200, &update("QUEUED"));
    let answer = start(&script, request(0)).unwrap();
    assert_eq!((answer.update_id.as_str(), answer.ended, answer.created_ms), ("u", false, Some(5)));
    assert!(answer.text.contains("wait_for_update (pipeline_id p, update_id u)"), "{}", answer.text);
    assert_eq!((script.registered(), script.continuations().len()), (0, 0));
    script.done();
}

#[test]
fn an_update_that_is_waited_for_ends_with_the_call_and_outlives_the_host() {
    let script = Script::new()
        .on(START, 200, BEGUN)
        .slow(GET, Duration::from_secs(2), 200, &update("INITIALIZING"))
        .on(GET, 200, &update("RUNNING"))
        .on(GET, 200, &update("COMPLETED"));
    let answer = start(&script, request(60)).unwrap();
    assert_eq!((answer.state.as_str(), answer.ended), ("COMPLETED", true));
    assert_eq!(script.continuations(), [r#"wait_for_update {"pipeline_id":"p","update_id":"u","wait_seconds":600}"#]);
    assert_eq!((script.registered(), script.cleanups().len()), (1, 0));
    let told = script.progress_messages();
    assert!(told[0].starts_with("The update reads the pipeline's code, "), "{told:?}");
    script.done();
}

#[test]
fn when_time_is_over_the_update_goes_on_and_is_handed_back() {
    let script = Script::new().on(START, 200, BEGUN).always(GET, 200, &update("RUNNING"));
    let answer = start(&script, request(20)).unwrap();
    assert!(!answer.ended && answer.text.contains("continue with wait_for_update"), "{}", answer.text);
    assert_eq!((script.registered(), script.cleanups().len()), (1, 0), "what is handed back is not ended");
}

#[test]
fn a_failed_update_is_told_with_what_its_datasets_said() {
    let event = |dataset: &str, message: &str, update: &str| {
        format!(
            r#"{{"id":"e","level":"ERROR","message":"m","origin":{{"update_id":"{update}"{dataset}}},"error":{{"exceptions":[{{"class_name":"C","message":"{message}"}}]}}}}"#
        )
    };
    let flow = r#","dataset_name":"main.s.t""#;
    let events = [
        event("", "Failed to start or complete flows", "u"),
        event(flow, "[DIVIDE_BY_ZERO] x", "u"),
        event(flow, "another's", "other"),
    ];
    let events = format!(r#"{{"events":[{}]}}"#, events.join(","));
    let script = Script::new().on(GET, 200, &update("FAILED")).on(ERRORS, 200, &events);
    let failure = wait(&script, watched()).unwrap_err();
    assert_eq!(failure.kind, Kind::Failed);
    assert!(failure.message.starts_with("Update u: FAILED.\n\nmain.s.t: [DIVIDE_BY_ZERO] x\n"), "{}", failure.message);
    assert!(failure.message.contains("validate_only") && !failure.message.contains("another's"), "{}", failure.message);

    // Reading one tells the same and is no failure; without a dataset the update's own words stand.
    let own = format!(r#"{{"events":[{}]}}"#, event("", "[TABLE_OR_VIEW_NOT_FOUND] y", "u"));
    let script = Script::new().on(GET, 200, &update("FAILED")).on(ERRORS, 200, &own);
    let read =
        get(&script, types::GetUpdateRequest { pipeline_id: "p".to_owned(), update_id: "u".to_owned() }).unwrap();
    assert!(read.text.contains("[TABLE_OR_VIEW_NOT_FOUND] y"), "{}", read.text);
    let script = Script::new().on(GET, 200, &update("CANCELED"));
    assert!(wait(&script, watched()).unwrap_err().message.contains("was stopped"));
}

#[test]
fn a_start_that_was_refused_or_lost_says_what_to_do() {
    let active = r#"{"error_code":"RESOURCE_CONFLICT","message":"An active update u0 already exists."}"#;
    let failure = start(&Script::new().on(START, 409, active), request(0)).unwrap_err();
    assert!(failure.message.contains("u0") && failure.message.contains("stop_pipeline"), "{}", failure.message);
    let lost = TransportError::Timeout("no answer".to_owned());
    let failure = start(&Script::new().fail(START, lost), request(0)).unwrap_err();
    assert!(!failure.retryable && failure.message.contains("get_pipeline shows"), "{failure:?}");
}

#[test]
fn parameters_are_checked_before_anything_starts() {
    let list = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    for (request, begins) in [
        (types::StartUpdateRequest { wait_seconds: Some(601), ..request(0) }, "wait_seconds"),
        (types::StartUpdateRequest { pipeline_id: "a b".to_owned(), ..request(0) }, "pipeline_id: is no id"),
        (
            types::StartUpdateRequest { full_refresh: Some(true), refresh_selection: list(&["t"]), ..request(0) },
            "refresh_selection: cannot be given together with full_refresh",
        ),
        (
            types::StartUpdateRequest {
                refresh_selection: list(&["t"]),
                full_refresh_selection: list(&["t"]),
                ..request(0)
            },
            "refresh_selection: 't' stands in",
        ),
        (types::StartUpdateRequest { refresh_selection: list(&["t", "t"]), ..request(0) }, "refresh_selection[1]: 't'"),
        (types::StartUpdateRequest { full_refresh_selection: list(&[" "]), ..request(0) }, "full_refresh_selection[0]"),
        (
            types::StartUpdateRequest { validate_only: Some(true), full_refresh: Some(true), ..request(0) },
            "validate_only",
        ),
    ] {
        let failure = start(&Script::new(), request).unwrap_err();
        assert!(failure.message.starts_with(begins), "{}", failure.message);
    }
    let script = Script::new().on(START, 200, BEGUN).on(GET, 200, &update("QUEUED"));
    let asked = types::StartUpdateRequest {
        refresh_selection: list(&["a"]),
        full_refresh_selection: list(&["b"]),
        ..request(0)
    };
    start(&script, asked).unwrap();
    assert_eq!(script.body(0), json!({"refresh_selection": ["a"], "full_refresh_selection": ["b"]}));
}

#[test]
fn a_pipeline_is_stopped_when_something_goes_on() {
    let pipeline = |state: &str| format!(r#"{{"pipeline_id":"p","name":"n","state":"{state}"}}"#);
    let request = || types::StopPipelineRequest { pipeline_id: "p".to_owned() };
    let idle = stop(&Script::new().on(PIPELINE, 200, &pipeline("IDLE")), request()).unwrap();
    assert!(idle.text.contains("nothing was changed"), "{}", idle.text);
    let script = Script::new()
        .on(PIPELINE, 200, &pipeline("RUNNING"))
        .on(STOP, 200, "{}")
        .on(PIPELINE, 200, &pipeline("STOPPING"))
        .on(PIPELINE, 200, &pipeline("IDLE"));
    assert!(stop(&script, request()).unwrap().text.contains("was stopped"));
    script.done();
    let script = Script::new().on(PIPELINE, 200, &pipeline("RUNNING")).on(STOP, 200, "{}").always(
        PIPELINE,
        200,
        &pipeline("STOPPING"),
    );
    assert!(stop(&script, request()).unwrap().text.contains("is stopping"));
}
