//! The tools for pipelines against a scripted workspace.

use bricklayer_sdk::testing::Script;
use bricklayer_sdk::{CallContext, TransportError};

use super::*;

const NAMED: &str = "GET /api/2.0/pipelines?max_results=100&filter=name%20LIKE%20%27sales%27";
const ALL: &str = "GET /api/2.0/pipelines?max_results=100";
const CREATE: &str = "POST /api/2.0/pipelines";
const GET: &str = "GET /api/2.0/pipelines/p1";
const PUT: &str = "PUT /api/2.0/pipelines/p1";
const SETTINGS: &str = r#"{"catalog":"main","schema":"s","libraries":[{"file":{"path":"/Workspace/a.sql"}}]}"#;
const KNOWN: &str = r#"{"statuses":[{"pipeline_id":"p0","name":"Sales"},{"pipeline_id":"p1","name":"sales"}]}"#;
const READ: &str = r#"{"pipeline_id":"p1","name":"sales","state":"IDLE","health":"HEALTHY","last_modified":7,"creator_user_name":"ann","run_as":{"user_name":"ann"},"parameters":{"day":"1"},"latest_updates":[{"update_id":"u1","state":"COMPLETED","creation_time":"2026-01-01T00:00:00.000Z"}],"spec":{"id":"p1","name":"sales","catalog":"main","target":"old","libraries":[{"glob":{"include":"/a/**"}}],"notifications":[{"alerts":["on-update-failure"]}],"x_future":[1]}}"#;

fn create_request() -> types::CreatePipelineRequest {
    types::CreatePipelineRequest { name: "sales".to_owned(), settings: SETTINGS.to_owned(), allow_duplicate_name: None }
}

fn same() -> types::CreateOrUpdatePipelineRequest {
    types::CreateOrUpdatePipelineRequest { name: "sales".to_owned(), settings: SETTINGS.to_owned() }
}

fn changed(settings: Option<&str>, remove: &[&str]) -> types::UpdatePipelineRequest {
    types::UpdatePipelineRequest {
        pipeline_id: "p1".to_owned(),
        settings: settings.map(str::to_owned),
        fields_to_remove: Some(remove.iter().map(|field| (*field).to_owned()).collect()),
    }
}

#[test]
fn a_pipeline_is_made_once_and_then_updated() {
    let context = CallContext { workspace_host: Some("w.example".to_owned()), ..CallContext::default() };
    let script = Script::new().context(context).on(NAMED, 200, "{}").on(CREATE, 200, r#"{"pipeline_id":"p1"}"#);
    let made = create_or_update(&script, same()).unwrap();
    assert_eq!((made.pipeline_id.as_str(), made.created), ("p1", true));
    assert!(made.text.starts_with("[Pipeline sales](<https://w.example/pipelines/p1>) was made"), "{}", made.text);
    assert_eq!((&script.body(1)["name"], &script.body(1)["serverless"]), (&json!("sales"), &json!(true)));

    let script = Script::new().on(NAMED, 200, KNOWN).on(GET, 200, READ).on(PUT, 200, "{}");
    let updated = create_or_update(&script, same()).unwrap();
    assert_eq!((updated.pipeline_id.as_str(), updated.created), ("p1", false));
    let body = script.body(2);
    assert_eq!((&body["id"], &body["expected_last_modified"], &body["schema"]), (&json!("p1"), &json!(7), &json!("s")));

    let twice = r#"{"statuses":[{"pipeline_id":"p1","name":"sales"},{"pipeline_id":"p2","name":"sales"}]}"#;
    let failure = create_or_update(&Script::new().on(NAMED, 200, twice), same()).unwrap_err();
    assert!(failure.message.contains("several pipelines are called 'sales': p1, p2"), "{}", failure.message);
    let failure = create(&Script::new().on(NAMED, 200, twice), create_request()).unwrap_err();
    assert!(failure.message.contains("pipeline_id p1; nothing was made"), "{}", failure.message);
}

#[test]
fn a_pipeline_that_may_have_been_made_is_not_made_again_unsaid() {
    let lost = TransportError::Timeout("no answer".to_owned());
    let script = Script::new().on(NAMED, 200, "{}").fail(CREATE, lost);
    let failure = create(&script, create_request()).unwrap_err();
    assert!(!failure.retryable && failure.message.contains("find_pipeline_by_name"), "{failure:?}");
    script.done();
}

#[test]
fn a_change_loses_nothing() {
    let script = Script::new().on(GET, 200, READ).on(PUT, 200, "{}");
    update(&script, changed(Some(r#"{"schema":"new","development":true}"#), &["notifications"])).unwrap();
    let expect = json!({
        "id": "p1", "name": "sales", "catalog": "main", "schema": "new", "development": true,
        "libraries": [{"glob": {"include": "/a/**"}}], "x_future": [1], "run_as": {"user_name": "ann"},
        "parameters": {"day": "1"}, "expected_last_modified": 7,
    });
    assert_eq!(script.body(1), expect);

    let failure = update(&Script::new().on(GET, 200, READ), changed(None, &["notification"])).unwrap_err();
    assert!(failure.message.contains("did you mean 'notifications'?"), "{}", failure.message);
    assert!(update(&Script::new(), changed(None, &[])).unwrap_err().message.starts_with("settings: changes nothing"));
}

#[test]
fn a_pipeline_is_read_with_its_updates() {
    let pipeline =
        get(&Script::new().on(GET, 200, READ), types::GetPipelineRequest { pipeline_id: "p1".to_owned() }).unwrap();
    assert_eq!((pipeline.libraries, pipeline.updates[0].state.as_str()), (vec!["/a/**".to_owned()], "COMPLETED"));
    let settings: Value = serde_json::from_str(&pipeline.settings).unwrap();
    assert_eq!((&settings["x_future"], &settings["parameters"]), (&json!([1]), &json!({"day": "1"})));
    assert!(pipeline.text.contains("publishes to main.old") && pipeline.text.contains("| u1 |"), "{}", pipeline.text);
}

#[test]
fn names_are_found_over_pages_exactly_or_in_part() {
    let first = r#"{"statuses":[{"pipeline_id":"a","name":"other"}],"next_page_token":"t"}"#;
    let second = r#"{"statuses":[{"pipeline_id":"b","name":"Sales EU","state":"RUNNING"}]}"#;
    let pages = || Script::new().on(ALL, 200, first).on(&format!("{ALL}&page_token=t"), 200, second);
    let found =
        list(&pages(), types::ListPipelinesRequest { name_contains: Some("SALES".to_owned()), limit: None }).unwrap();
    assert_eq!((found.pipelines.len(), found.pipelines[0].pipeline_id.as_str(), found.complete), (1, "b", true));
    let script = Script::new().on(NAMED, 200, KNOWN);
    let found = find(&script, types::FindPipelineByNameRequest { name: "sales".to_owned() }).unwrap();
    assert_eq!(found.pipeline_ids, ["p1"]);
    // Quotes and backslashes are any character to the filter.
    let quoted = "GET /api/2.0/pipelines?max_results=100&filter=name%20LIKE%20%27Sales_U%27";
    let script = Script::new().on(quoted, 200, "{}").on(ALL, 200, second);
    let found = find(&script, types::FindPipelineByNameRequest { name: "Sales'U".to_owned() }).unwrap();
    assert_eq!(found.pipeline_id, None);
    assert!(found.text.contains("Names like it: Sales EU"), "{}", found.text);
}

#[test]
fn a_deleted_pipeline_takes_its_tables_with_it_unless_told_otherwise() {
    for (keep, line, says) in [
        (None, "DELETE /api/2.0/pipelines/p1", "deleted with it"),
        (Some(true), "DELETE /api/2.0/pipelines/p1?cascade=false", "tables stay"),
    ] {
        let request = types::DeletePipelineRequest { pipeline_id: "p1".to_owned(), keep_tables: keep };
        assert!(delete(&Script::new().on(line, 200, "{}"), request).unwrap().text.contains(says));
    }
}

/// Each tool's answer to what a workspace refuses, by one row.
#[test]
fn what_the_workspace_refuses_is_told_with_a_way_out() {
    let missing = r#"{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"The specified pipeline p1 was not found."}"#;
    let denied =
        r#"{"error_code":"PERMISSION_DENIED","message":"User bob does not have View permissions on pipeline p1."}"#;
    type Call = fn(&Script) -> Failure;
    let calls: [(&str, Call); 3] = [
        (GET, |s| get(s, types::GetPipelineRequest { pipeline_id: "p1".to_owned() }).unwrap_err()),
        (GET, |s| update(s, changed(Some(SETTINGS), &[])).unwrap_err()),
        ("DELETE /api/2.0/pipelines/p1", |s| {
            delete(s, types::DeletePipelineRequest { pipeline_id: "p1".to_owned(), keep_tables: None }).unwrap_err()
        }),
    ];
    for (line, call) in calls {
        for (status, body, kind, says) in [
            (404, missing, Kind::NotFound, "find_pipeline_by_name"),
            (403, denied, Kind::PermissionDenied, "does not have View permissions"),
        ] {
            let failure = call(&Script::new().on(line, status, body));
            assert_eq!(failure.kind, kind, "{line}: {failure:?}");
            assert!(failure.message.contains(says), "{line}: {}", failure.message);
        }
    }
    let request = types::GetPipelineRequest { pipeline_id: "../x".to_owned() };
    assert!(get(&Script::new(), request).unwrap_err().message.starts_with("pipeline_id: is no id"));
}
