//! The statement tools against a scripted workspace.

use bricklayer_sdk::TransportError;
use bricklayer_sdk::testing::Script;
use serde_json::json;

use super::*;

const POST: &str = "POST /api/2.0/sql/statements";
const GET: &str = "GET /api/2.0/sql/statements/s1";
const CANCEL: &str = "POST /api/2.0/sql/statements/s1/cancel";
const PENDING: &str = r#"{"statement_id":"s1","status":{"state":"PENDING"}}"#;
const RUNNING: &str = r#"{"statement_id":"s1","status":{"state":"RUNNING"}}"#;
const CANCELED: &str = r#"{"statement_id":"s1","status":{"state":"CANCELED"}}"#;
const TWO_ROWS: &str = r#"{"statement_id":"s1","status":{"state":"SUCCEEDED"},"manifest":{"schema":{"columns":[{"name":"a","type_name":"LONG","type_text":"BIGINT"},{"name":"b","type_name":"STRING","type_text":"STRING"}]},"total_row_count":2},"result":{"data_array":[["1","x"],["2",null]]}}"#;

fn request(statement: &str) -> types::ExecuteSqlRequest {
    types::ExecuteSqlRequest {
        statement: statement.to_owned(),
        parameters: None,
        warehouse_id: Some("w1".to_owned()),
        catalog: None,
        schema: None,
        row_limit: None,
        timeout_seconds: None,
        query_tags: None,
    }
}

fn answer(rows: &str, total: usize, next: Option<u32>) -> String {
    let next = next.map(|n| format!(r#","next_chunk_index":{n}"#)).unwrap_or_default();
    format!(
        r#"{{"statement_id":"s1","status":{{"state":"SUCCEEDED"}},"manifest":{{"schema":{{"columns":[{{"name":"a"}}]}},"total_row_count":{total}}},"result":{{"data_array":{rows}{next}}}}}"#
    )
}

#[test]
fn a_quick_statement_costs_two_requests_and_no_cleanup_stays() {
    let script = Script::new().on(POST, 200, PENDING).on(GET, 200, TWO_ROWS);
    let result = execute(&script, request("select a, b from t -- all\n;")).unwrap();
    assert_eq!(
        script.body(0),
        json!({"statement": "select a, b from t", "warehouse_id": "w1", "wait_timeout": "0s", "disposition": "INLINE", "format": "JSON_ARRAY"})
    );
    assert_eq!(result.text, "| a | b |\n| --- | --- |\n| 1 | x |\n| 2 |  |\n\n(2 rows)");
    assert_eq!(result.rows, [[Some("1".to_owned()), Some("x".to_owned())], [Some("2".to_owned()), None]]);
    assert_eq!(result.columns[0].type_text, "BIGINT");
    assert_eq!(
        (result.total_row_count, result.truncated, result.state),
        (Some(2), false, types::StatementState::Succeeded)
    );
    assert_eq!((script.registered(), script.cleanups().len()), (1, 0));
    script.done();
}

#[test]
fn a_statement_says_how_it_is_continued_as_soon_as_its_id_is_known() {
    let continued = |statement: &str, polls: &[&str]| {
        let script =
            polls.iter().fold(Script::new().on(POST, 200, PENDING), |script, answer| script.on(GET, 200, answer));
        execute(&script, request(statement)).unwrap();
        script.done();
        assert_eq!(script.state_keys(), [""; 0], "what has ended is forgotten");
        script.continuations().len()
    };
    assert_eq!(continued("insert into t values (1)", &[TWO_ROWS]), 1);
    // What reads can be sent again.
    assert_eq!(continued("select 1", &[RUNNING, TWO_ROWS]), 0);

    let script = Script::new().on(POST, 200, PENDING).on(GET, 200, TWO_ROWS);
    let request = types::ExecuteSqlRequest { row_limit: Some(7), ..request("insert into t values (1)") };
    execute(&script, request).unwrap();
    let offered = script.continuations().remove(0);
    let (tool, input) = offered.split_once(' ').unwrap();
    let input: serde_json::Value = serde_json::from_str(input).unwrap();
    assert_eq!((tool, input), ("get_statement", json!({"statement_id": "s1", "wait_seconds": 100, "row_limit": 7})));
}

#[test]
fn parameters_are_bound_and_never_pasted() {
    let script = Script::new().on(POST, 200, TWO_ROWS);
    let parameter = |name: &str, value: Option<&str>, kind: Option<&str>| types::Parameter {
        name: name.to_owned(),
        value: value.map(str::to_owned),
        type_: kind.map(str::to_owned),
    };
    let request = types::ExecuteSqlRequest {
        parameters: Some(vec![parameter("city", Some("x' or 1=1 --"), None), parameter(":day", None, Some("DATE"))]),
        query_tags: Some(vec![types::QueryTag { key: "team".to_owned(), value: None }]),
        ..request("select * from t where city = :city and day = :day")
    };
    execute(&script, request).unwrap();
    let body = script.body(0);
    assert_eq!(body["statement"], "select * from t where city = :city and day = :day");
    assert_eq!(body["parameters"], json!([{"name": "city", "value": "x' or 1=1 --"}, {"name": "day", "type": "DATE"}]));
    assert_eq!(body["query_tags"], json!([{"key": "team"}]));
}

#[test]
fn bad_arguments_name_their_field_and_send_nothing() {
    #[track_caller]
    fn check(request: types::ExecuteSqlRequest, begins: &str) {
        let failure = execute(&Script::new(), request).unwrap_err();
        assert_eq!(failure.kind, Kind::InvalidInput);
        assert!(failure.message.starts_with(begins), "{}", failure.message);
    }
    check(request(" -- nothing"), "statement: holds no SQL");
    check(request("select 1; select 2"), "statement: holds 2 statements");
    check(types::ExecuteSqlRequest { row_limit: Some(0), ..request("select 1") }, "row_limit: must be 1 to 5000000");
    check(types::ExecuteSqlRequest { timeout_seconds: Some(0), ..request("select 1") }, "timeout_seconds");
    let twice = || types::Parameter { name: "a".to_owned(), value: None, type_: None };
    check(
        types::ExecuteSqlRequest { parameters: Some(vec![twice(), twice()]), ..request("select 1") },
        "parameters[1].name",
    );
}

#[test]
fn every_chunk_is_followed() {
    let script = Script::new()
        .on(POST, 200, &answer(r#"[["1"],["2"]]"#, 5, Some(1)))
        .on(
            "GET /api/2.0/sql/statements/s1/result/chunks/1",
            200,
            r#"{"chunk_index":1,"data_array":[["3"],["4"]],"next_chunk_index":2}"#,
        )
        .on("GET /api/2.0/sql/statements/s1/result/chunks/2", 200, r#"{"chunk_index":2,"data_array":[["5"]]}"#);
    let result = execute(&script, request("select a from t")).unwrap();
    assert_eq!((result.rows.len(), result.truncated), (5, false));
    assert!(result.text.ends_with("(5 rows)"));
    script.done();
}

#[test]
fn all_rows_are_kept_and_the_answer_has_a_head_of_them() {
    let rows = format!("[{}]", vec![r#"["x"]"#; 150].join(","));
    let script = Script::new()
        .with_results()
        .on(POST, 200, &answer(&rows, 302, Some(1)).replace("\"total_row", "\"total_chunk_count\":3,\"total_row"))
        .on(
            "GET /api/2.0/sql/statements/s1/result/chunks/1",
            200,
            &format!(r#"{{"chunk_index":1,"row_count":150,"data_array":{rows},"next_chunk_index":2}}"#),
        )
        .on("GET /api/2.0/sql/statements/s1/result/chunks/2", 200, r#"{"data_array":[["y"],[null]],"chunk_index":2}"#);
    let parameters = vec![types::Parameter { name: "a".to_owned(), value: Some("1".to_owned()), type_: None }];
    let request = types::ExecuteSqlRequest {
        parameters: Some(parameters),
        catalog: Some("main".to_owned()),
        ..request("select a from t where a = :a")
    };
    let result = execute(&script, request).unwrap();
    script.done();
    assert_eq!((result.rows.len(), result.truncated, result.total_row_count), (100, true, Some(302)));
    assert!(result.text.contains("showing 100 of 302 rows; all are kept as a result"), "{}", result.text);
    assert_eq!(result.result_id.as_deref(), Some("result-0"));
    let kept = &script.results()[0];
    // As the workspace wrote them.
    assert_eq!(kept.parts, [rows.as_str(), &rows, r#"[["y"],[null]]"#]);
    let (whole, origin) = kept.ended.clone().unwrap();
    let origin = origin.unwrap();
    assert!(whole);
    assert_eq!(
        (origin.statement.as_deref(), origin.statement_id.as_deref()),
        (Some("select a from t where a = :a"), Some("s1"))
    );
    assert_eq!(origin.parameters.as_deref(), Some(r#"[{"name":"a","value":"1"}]"#));
    assert_eq!(
        (origin.warehouse.as_deref(), origin.catalog.as_deref(), origin.schema),
        (Some("w1"), Some("main"), None)
    );
    assert_eq!((origin.rows, origin.truncated), (Some(302), Some(false)));
    assert!(origin.started.is_some() && origin.took.is_some());
}

#[test]
fn links_are_followed_in_parts() {
    let link = |index: u32, next: &str| {
        format!(r#"{{"external_links":[{{"external_link":"https://bucket.example/{index}","row_count":1{next}}}]}}"#)
    };
    let first = format!(
        r#"{{"statement_id":"s1","status":{{"state":"SUCCEEDED"}},"manifest":{{"schema":{{"columns":[{{"name":"a","type_text":"STRING"}}]}},"total_row_count":3,"total_chunk_count":3}},"result":{}}}"#,
        link(0, r#","next_chunk_index":1"#)
    );
    let script = Script::new()
        .with_results()
        .on(POST, 200, &first)
        .on("FOLLOW https://bucket.example/0", 200, r#"[["0"]]"#)
        .on("GET /api/2.0/sql/statements/s1/result/chunks/1", 200, &link(1, r#","next_chunk_index":2"#))
        .on("GET /api/2.0/sql/statements/s1/result/chunks/2", 200, &link(2, ""))
        .on("FOLLOW https://bucket.example/1", 200, r#"[["1"]]"#)
        .on("FOLLOW https://bucket.example/2", 200, r#"[["2"]]"#);
    let result = execute(&script, request("select a from t")).unwrap();
    script.done();
    assert_eq!((result.rows.len(), result.truncated), (3, false));
    assert_eq!(script.results()[0].parts, [r#"[["0"]]"#, r#"[["1"]]"#, r#"[["2"]]"#]);
}

#[test]
fn what_breaks_off_is_kept_as_partial_and_what_is_full_ends_early() {
    let script = Script::new().with_results().on(POST, 200, &answer(r#"[["1"],["2"]]"#, 5, Some(1))).on(
        "GET /api/2.0/sql/statements/s1/result/chunks/1",
        500,
        r#"{"error_code":"INTERNAL_ERROR","message":"no"}"#,
    );
    let failure = execute(&script, request("select a from t")).unwrap_err();
    assert!(failure.message.contains("get_statement with s1 fetches its rows again"), "{}", failure.message);
    let kept = &script.results()[0];
    assert_eq!((kept.parts.len(), kept.ended.as_ref().map(|(whole, _)| *whole)), (1, Some(false)));

    let script = Script::new().with_small_results(5).on(POST, 200, &answer(r#"[["1"],["2"]]"#, 5, Some(1)));
    let result = execute(&script, request("select a from t")).unwrap();
    script.done();
    assert!(
        result.text.contains("showing 2 of 5 rows; 2 are kept as a result: a result has at most"),
        "{}",
        result.text
    );
    assert!(result.truncated && script.results()[0].ended.as_ref().unwrap().0);
}

#[test]
fn chunks_end_at_the_row_limit_and_truncation_is_said() {
    let rows = format!("[{}]", vec![r#"["x"]"#; 1000].join(","));
    let script = Script::new().on(POST, 200, &answer(&rows, 25_000, Some(1)));
    let result = execute(&script, request("select a from t")).unwrap();
    assert_eq!((result.rows.len(), result.truncated, result.total_row_count), (1000, true, Some(25_000)));
    assert!(result.text.contains("showing 100 of 25000 rows; truncated: 1000 were fetched"), "{}", result.text);
    script.done();
}

#[test]
fn a_row_limit_goes_to_the_workspace_which_then_knows_no_total() {
    let limited = r#"{"statement_id":"s1","status":{"state":"SUCCEEDED"},"manifest":{"schema":{"columns":[{"name":"a"}]},"total_row_count":2,"truncated":true},"result":{"data_array":[["1"],["2"]]}}"#;
    let script = Script::new().on(POST, 200, limited);
    let result =
        execute(&script, types::ExecuteSqlRequest { row_limit: Some(2), ..request("select a from t") }).unwrap();
    assert_eq!(script.body(0)["row_limit"], 2);
    assert_eq!((result.truncated, result.total_row_count), (true, None));
    assert!(result.text.contains("the result has more"), "{}", result.text);

    // The host is told of the limit by the count that ends there, and of every other cut by none.
    for (asked, rows) in [(Some(2), Some(2)), (Some(3), None), (None, None)] {
        let script = Script::new().with_results().on(POST, 200, limited);
        execute(&script, types::ExecuteSqlRequest { row_limit: asked, ..request("select a from t") }).unwrap();
        let (_, origin) = script.results()[0].ended.clone().unwrap();
        let origin = origin.unwrap();
        assert_eq!((origin.rows, origin.truncated), (rows, Some(true)), "{asked:?}");
    }
}

#[test]
fn a_read_too_large_for_inline_delivery_runs_again_for_links() {
    let too_large = r#"{"statement_id":"s1","status":{"state":"FAILED","error":{"error_code":"BAD_REQUEST","message":"Inline byte limit exceeded. Statements executed with disposition=INLINE can have a result size of at most 26214400 bytes."}}}"#;
    let script = Script::new().on(POST, 200, PENDING).on(GET, 200, too_large).on(POST, 200, TWO_ROWS);
    execute(&script, request("select * from wide")).unwrap();
    assert_eq!(
        (&script.body(2)["row_limit"], &script.body(2)["disposition"]),
        (&json!(null), &json!("EXTERNAL_LINKS"))
    );
    assert!(script.cleanups().is_empty());
    script.done();

    // Where the workspace's storage is out of reach, what fits without links is better than nothing.
    let linked = r#"{"statement_id":"s1","status":{"state":"SUCCEEDED"},"manifest":{"schema":{"columns":[{"name":"a"}]},"total_row_count":9,"total_chunk_count":1},"result":{"external_links":[{"external_link":"https://bucket.example/0"}]}}"#;
    let script = Script::new()
        .on(POST, 200, PENDING)
        .on(GET, 200, too_large)
        .on(POST, 200, linked)
        .fail("FOLLOW https://bucket.example/0", TransportError::Denied("no".to_owned()))
        .on(POST, 200, TWO_ROWS);
    execute(&script, request("select * from wide")).unwrap();
    let last = script.body(3);
    assert_eq!((&last["row_limit"], &last["disposition"]), (&json!(1000), &json!("INLINE")));
    script.done();

    // The same when the answer is larger than the call may read.
    let script = Script::new()
        .on(POST, 200, PENDING)
        .fail(GET, TransportError::TooLarge { limit_bytes: 1 })
        .on(POST, 200, TWO_ROWS);
    execute(&script, request("select * from wide")).unwrap();
    script.done();

    // Not so a change: it must not run twice.
    let script = Script::new().on(POST, 200, PENDING).on(GET, 200, too_large);
    let failure = execute(&script, request("insert into t select 1")).unwrap_err();
    assert!(failure.message.contains("too large to be delivered"), "{}", failure.message);
    script.done();
}

#[test]
fn a_statement_over_its_limit_is_canceled_and_named() {
    let script = Script::new()
        .on(POST, 200, PENDING)
        .always(GET, 200, RUNNING)
        .on(CANCEL, 200, "")
        .on(GET, 200, RUNNING)
        .on(GET, 200, CANCELED);
    let failure =
        execute(&script, types::ExecuteSqlRequest { timeout_seconds: Some(30), ..request("select 1") }).unwrap_err();
    assert_eq!(failure.kind, Kind::Timeout);
    assert!(
        failure.message.starts_with("the statement s1 did not end within 30 s and was canceled"),
        "{}",
        failure.message
    );
    assert!(script.now() < Duration::from_millis(30_100) && script.cleanups().is_empty(), "{:?}", script.now());
    assert!(script.progress_messages().iter().any(|message| message.starts_with("Statement running, ")));
    script.done();
}

#[test]
fn a_statement_that_ends_while_being_canceled_keeps_its_rows() {
    let script =
        Script::new().on(POST, 200, PENDING).always(GET, 200, RUNNING).on(CANCEL, 200, "").on(GET, 200, TWO_ROWS);
    let result =
        execute(&script, types::ExecuteSqlRequest { timeout_seconds: Some(1), ..request("select 1") }).unwrap();
    assert_eq!(result.rows.len(), 2);
}

#[test]
fn a_statement_still_running_is_handed_back_and_continued() {
    let script = Script::new().on(POST, 200, PENDING).always(GET, 200, RUNNING);
    let result =
        execute(&script, types::ExecuteSqlRequest { timeout_seconds: Some(600), ..request("select 1") }).unwrap();
    assert_eq!(result.state, types::StatementState::Running);
    assert_eq!(script.now(), Duration::from_secs(115), "five seconds before the host ends the call");
    assert!(result.text.contains("get_statement (statement_id s1)"), "{}", result.text);
    assert!(script.cleanups().is_empty(), "handed back, so it must not be canceled");
    let key = script.state_keys().pop().unwrap();
    let kept = script.state_get(&key).unwrap();

    let ask = || types::GetStatementRequest { statement_id: "s1".to_owned(), wait_seconds: Some(20), row_limit: None };
    let script = Script::new().with_results().state(&key, &kept).on(GET, 200, RUNNING).on(GET, 200, TWO_ROWS);
    let result = get(&script, ask()).unwrap();
    let results = script.results();
    let origin = results[0].ended.clone().unwrap().1.unwrap();
    assert_eq!((origin.statement.as_deref(), origin.warehouse.as_deref()), (Some("select 1"), Some("w1")));
    assert!(origin.started.is_some() && origin.took.is_some());
    let (tool, input) = results[0].about.again.clone().unwrap();
    let input: serde_json::Value = serde_json::from_str(&input).unwrap();
    assert_eq!(
        (tool.as_str(), &input["statement"], &input["warehouse_id"]),
        ("execute_sql", &json!("select 1"), &json!("w1"))
    );
    assert_eq!((result.rows.len(), result.warehouse.unwrap().id.as_str()), (2, "w1"));
    assert_eq!(script.registered(), 1, "cut off while continuing, it is canceled like at first");
    assert!(script.cleanups().is_empty() && script.state_keys().is_empty());

    // Its limit still holds.
    let script = Script::new().state(&key, &kept).always(GET, 200, RUNNING).on(CANCEL, 200, "").on(GET, 200, CANCELED);
    script.sleep(Duration::from_secs(600));
    assert_eq!(get(&script, ask()).unwrap_err().kind, Kind::Timeout);
}

#[test]
fn a_statement_of_somebody_else_is_not_canceled_by_looking_at_it() {
    let script = Script::new().always(GET, 200, RUNNING);
    let ask = types::GetStatementRequest { statement_id: "s1".to_owned(), wait_seconds: Some(0), row_limit: None };
    assert_eq!(get(&script, ask).unwrap().state, types::StatementState::Running);
    assert_eq!((script.registered(), script.sent().len()), (0, 1));
}

#[test]
fn polls_that_fail_are_repeated_but_not_for_ever() {
    let busy = r#"{"error_code":"REQUEST_LIMIT_EXCEEDED","message":"slow down"}"#;
    let script = Script::new().on(POST, 200, PENDING).on(GET, 429, busy).on(GET, 503, "").on(GET, 200, TWO_ROWS);
    assert_eq!(execute(&script, request("select 1")).unwrap().rows.len(), 2);

    let script = Script::new().on(POST, 200, PENDING).always(GET, 500, "");
    let failure = execute(&script, request("select 1")).unwrap_err();
    assert!(failure.message.contains("continue with get_statement"), "{}", failure.message);
    assert_eq!(script.sent().len(), 9);
}

#[test]
fn an_answer_that_was_lost_is_unknown_for_a_change_and_retryable_for_a_read() {
    let lost = || Script::new().fail(POST, TransportError::Broken("connection reset".to_owned()));
    let failure = execute(&lost(), request("insert into t values (1)")).unwrap_err();
    assert!(!failure.retryable && failure.message.contains("is not known"), "{}", failure.message);
    let failure = execute(&lost(), request("select 1")).unwrap_err();
    assert!(failure.retryable);
}

#[test]
fn a_failed_statement_is_an_error_with_advice() {
    let failed = r#"{"statement_id":"s1","status":{"state":"FAILED","error":{"error_code":"BAD_REQUEST","message":"[PARSE_SYNTAX_ERROR] Syntax error at or near 'form'."}}}"#;
    let script = Script::new().on(POST, 200, PENDING).on(GET, 200, failed);
    let failure = execute(&script, request("select 1 form t")).unwrap_err();
    assert_eq!(failure.kind, Kind::Failed);
    assert!(
        failure.message.starts_with("[PARSE_SYNTAX_ERROR]") && failure.message.ends_with("select 1 form t"),
        "{}",
        failure.message
    );
    assert!(script.cleanups().is_empty());
}

#[test]
fn the_projects_defaults_fill_in_what_was_left_out() {
    let context = CallContext {
        catalog: Some("main".to_owned()),
        schema: Some("sales".to_owned()),
        warehouse: Some("w9".to_owned()),
        time_left: Duration::from_secs(60),
        ..CallContext::default()
    };
    let script = Script::new().context(context.clone()).on(POST, 200, TWO_ROWS);
    let result = execute(&script, types::ExecuteSqlRequest { warehouse_id: None, ..request("select 1") }).unwrap();
    let body = script.body(0);
    assert_eq!(
        (&body["warehouse_id"], &body["catalog"], &body["schema"]),
        (&json!("w9"), &json!("main"), &json!("sales"))
    );
    assert_eq!(result.warehouse.unwrap().reason, "the project's default");
    // Another catalog does not have the default schema.
    assert_eq!(namespace(&context, Some("samples".to_owned()), None), (Some("samples".to_owned()), None));
    assert_eq!(namespace(&context, None, Some("x".to_owned())), (Some("main".to_owned()), Some("x".to_owned())));
}

#[test]
fn a_warehouse_chosen_automatically_is_named() {
    let script = Script::new()
        .on("GET /api/2.0/sql/warehouses/default", 404, "")
        .on(
            "GET /api/2.0/sql/warehouses?skip_cannot_use=true",
            200,
            r#"{"warehouses":[{"id":"w2","name":"Local","state":"RUNNING"}]}"#,
        )
        .on(POST, 200, TWO_ROWS);
    let result = execute(&script, types::ExecuteSqlRequest { warehouse_id: None, ..request("select 1") }).unwrap();
    assert!(result.text.ends_with("Warehouse: Local (w2), chosen automatically: running."), "{}", result.text);
}

#[test]
fn cancel_says_what_became_of_it() {
    let ask = || types::CancelStatementRequest { statement_id: "s1".to_owned() };
    let script = Script::new().on(CANCEL, 200, "{}").on(GET, 200, CANCELED);
    assert_eq!(cancel(&script, ask()).unwrap().text, "The statement s1 is canceled.");
    let script = Script::new().on(CANCEL, 200, "{}").on(GET, 200, TWO_ROWS);
    assert_eq!(cancel(&script, ask()).unwrap().state, types::StatementState::Succeeded);
    let failure =
        cancel(&Script::new(), types::CancelStatementRequest { statement_id: "../x".to_owned() }).unwrap_err();
    assert_eq!(failure.kind, Kind::InvalidInput);
}
