//! Scripts against a scripted workspace.

use bricklayer_sdk::testing::Script;

use super::*;

const POST: &str = "POST /api/2.0/sql/statements";

fn request(script: &str) -> types::ExecuteSqlMultiRequest {
    types::ExecuteSqlMultiRequest {
        script: script.to_owned(),
        parameters: None,
        warehouse_id: Some("w1".to_owned()),
        catalog: None,
        schema: None,
        row_limit: None,
        timeout_seconds: None,
        max_parallel: None,
        query_tags: None,
    }
}

fn pending(id: &str) -> String {
    format!(r#"{{"statement_id":"{id}","status":{{"state":"PENDING"}}}}"#)
}

fn done(id: &str) -> String {
    format!(
        r#"{{"statement_id":"{id}","status":{{"state":"SUCCEEDED"}},"manifest":{{"schema":{{"columns":[{{"name":"n"}}]}},"total_row_count":1}},"result":{{"data_array":[["{id}"]]}}}}"#
    )
}

fn failed(id: &str) -> String {
    format!(
        r#"{{"statement_id":"{id}","status":{{"state":"FAILED","error":{{"error_code":"BAD_REQUEST","message":"[DIVIDE_BY_ZERO] no"}}}}}}"#
    )
}

fn get(id: &str) -> String {
    format!("GET /api/2.0/sql/statements/{id}")
}

fn statuses(result: &types::ScriptResult) -> Vec<types::StepStatus> {
    result.steps.iter().map(|step| step.status).collect()
}

#[test]
fn changes_run_in_order_and_only_reads_that_follow_each_other_run_side_by_side() {
    // The order of the requests is the proof: drop ends before create starts, both reads start before one is asked for.
    let script = Script::new()
        .on(POST, 200, &pending("1"))
        .on(&get("1"), 200, &done("1"))
        .on(POST, 200, &pending("2"))
        .on(&get("2"), 200, &done("2"))
        .on(POST, 200, &pending("3"))
        .on(POST, 200, &pending("4"))
        .on(&get("3"), 200, &pending("3"))
        .on(&get("4"), 200, &done("4"))
        .on(&get("3"), 200, &done("3"))
        .on(POST, 200, &pending("5"))
        .on(&get("5"), 200, &done("5"));
    let text = "drop table if exists t; create table t as select ';' as a;\nselect 1 from t; select 2 from t;\ninsert into t values (1)";
    let result = execute(&script, request(text)).unwrap();
    script.done();
    assert!(result.succeeded && result.text.starts_with("5 of 5 statements succeeded ("), "{}", result.text);
    assert_eq!(result.steps.iter().map(|step| step.line).collect::<Vec<_>>(), [1, 1, 2, 2, 3]);
    assert_eq!(result.steps[2].rows, [[Some("3".to_owned())]]);
    let sent: Vec<_> = script.sent().iter().filter_map(|r| r.body.clone()).collect();
    assert!(sent[1].contains("create table t as select ';' as a") && !sent[1].contains(r#"";""#));
}

#[test]
fn the_first_error_stops_and_what_was_skipped_is_said() {
    let script = Script::new().on(POST, 200, &done("1")).on(POST, 200, &failed("2"));
    let result =
        execute(&script, request("create table a (n int); insert into a select 1/0; select * from a; drop table a"))
            .unwrap();
    script.done();
    use types::StepStatus::{Failed, Skipped, Succeeded};
    assert_eq!(statuses(&result), [Succeeded, Failed, Skipped, Skipped]);
    assert!(!result.succeeded);
    assert!(
        result.text.starts_with("1 of 4 statements succeeded; failed: 2; skipped, not sent: 3, 4 ("),
        "{}",
        result.text
    );
    assert!(result.steps[1].error.as_deref().unwrap().contains("try_divide"));
}

#[test]
fn of_reads_side_by_side_the_running_ones_are_brought_to_their_end() {
    let script = Script::new()
        .on(POST, 200, &pending("1"))
        .on(POST, 200, &pending("2"))
        .on(&get("1"), 200, &failed("1"))
        .on(&get("2"), 200, &pending("2"))
        .on(&get("2"), 200, &done("2"));
    let result = execute(
        &script,
        types::ExecuteSqlMultiRequest { max_parallel: Some(2), ..request("select 1/0; select 2; select 3") },
    )
    .unwrap();
    script.done();
    use types::StepStatus::{Failed, Skipped, Succeeded};
    assert_eq!(statuses(&result), [Failed, Succeeded, Skipped]);
}

#[test]
fn use_applies_to_the_statements_after_it() {
    let script = Script::new()
        .on(POST, 200, &done("1"))
        .on(POST, 200, &done("2"))
        .on(POST, 200, &done("3"))
        .on(POST, 200, &done("4"))
        .on(POST, 200, &done("5"));
    execute(&script, request("select 1; use catalog main; use `my schema`; use a.b; select 2")).unwrap();
    let names: Vec<_> = (0..5).map(|n| (script.body(n)["catalog"].clone(), script.body(n)["schema"].clone())).collect();
    let text = |s: &str| serde_json::Value::String(s.to_owned());
    let none = serde_json::Value::Null;
    assert_eq!(names[1], (none.clone(), none.clone()));
    assert_eq!(names[2], (text("main"), none));
    assert_eq!(names[3], (text("main"), text("my schema")));
    assert_eq!(names[4], (text("a"), text("b")));
}

#[test]
fn each_statement_gets_the_parameters_it_mentions() {
    let script = Script::new().on(POST, 200, &done("1")).on(POST, 200, &done("2"));
    let parameter = |name: &str| types::Parameter { name: name.to_owned(), value: Some("1".to_owned()), type_: None };
    let request = types::ExecuteSqlMultiRequest {
        parameters: Some(vec![parameter("a"), parameter("b")]),
        max_parallel: Some(1),
        ..request("select :a; select x:b, ':b', :b")
    };
    execute(&script, request).unwrap();
    assert_eq!(script.body(0)["parameters"][0]["name"], "a");
    assert_eq!(script.body(0)["parameters"].as_array().unwrap().len(), 1);
    assert_eq!(script.body(1)["parameters"][0]["name"], "b");
}

#[test]
fn when_the_time_is_over_the_rest_is_skipped_and_the_running_one_handed_back() {
    let script = Script::new().on(POST, 200, &pending("1")).always(&get("1"), 200, &pending("1"));
    let result = execute(&script, request("insert into t values (1); select 1")).unwrap();
    assert_eq!(statuses(&result), [types::StepStatus::Running, types::StepStatus::Skipped]);
    assert!(result.text.contains("get_statement (statement_id 1)"), "{}", result.text);
    assert!(script.cleanups().is_empty());
}

#[test]
fn bad_scripts_are_refused_before_anything_is_sent() {
    #[track_caller]
    fn check(request: types::ExecuteSqlMultiRequest, begins: &str) {
        let failure = execute(&Script::new(), request).unwrap_err();
        assert!(failure.message.starts_with(begins), "{}", failure.message);
    }
    check(request("-- only words"), "script: holds no SQL");
    check(request(&"select 1;".repeat(101)), "script: holds 101 statements");
    check(request("select 1;\nuse identifier(:x)"), "script: line 2: USE needs a plain name");
    check(types::ExecuteSqlMultiRequest { max_parallel: Some(9), ..request("select 1") }, "max_parallel");
}

/// The offers of a script in their order: the id that each one names, and `withdrawn`.
fn offers(script: &Script) -> Vec<String> {
    let offers = script.continuations().into_iter();
    offers
        .map(|offer| match offer.split_once(' ') {
            Some((tool, input)) => {
                assert_eq!(tool, "get_statement");
                let input: serde_json::Value = serde_json::from_str(input).unwrap();
                input["statement_id"].as_str().unwrap().to_owned()
            }
            None => offer,
        })
        .collect()
}

#[test]
fn each_change_of_a_script_is_offered_until_the_next_one_is_sent() {
    let script = Script::new()
        .on(POST, 200, &pending("1"))
        .on(&get("1"), 200, &done("1"))
        .on(POST, 200, &pending("2"))
        .on(&get("2"), 200, &done("2"))
        .on(POST, 200, &pending("3"))
        .on(&get("3"), 200, &done("3"))
        .on(POST, 200, &done("4"))
        .on(POST, 200, &pending("5"))
        .on(&get("5"), 200, &done("5"));
    let text = "select 1; insert into t values (1); select 2; drop table t; select 3";
    let result = execute(&script, request(text)).unwrap();
    script.done();
    assert!(result.succeeded);
    assert_eq!(script.state_keys(), [""; 0], "what has ended is forgotten");
    // A read behind a change leaves the change's offer as it is: it can be sent again.
    assert_eq!(offers(&script), ["1", "withdrawn", "2", "withdrawn", "4", "withdrawn"]);
}

#[test]
fn a_script_that_only_reads_is_sent_again_and_not_offered() {
    let script = Script::new().on(POST, 200, &done("1")).on(POST, 200, &done("2"));
    execute(&script, request("select 1; select 2")).unwrap();
    assert_eq!(offers(&script), [""; 0]);
}

#[test]
fn a_failed_change_is_the_last_that_was_offered() {
    let script = Script::new()
        .on(POST, 200, &pending("1"))
        .on(&get("1"), 200, &done("1"))
        .on(POST, 200, &pending("2"))
        .on(&get("2"), 200, &failed("2"));
    execute(&script, request("insert into t values (1); insert into t values (1/0); drop table t")).unwrap();
    script.done();
    assert_eq!(offers(&script), ["1", "withdrawn", "2", "withdrawn"]);
    assert_eq!(script.state_keys(), [""; 0]);
}

#[test]
fn whoever_continues_a_statement_of_a_script_says_what_became_of_the_rest() {
    let ask = || types::GetStatementRequest { statement_id: "2".to_owned(), wait_seconds: Some(20), row_limit: None };
    // Left while its second statement ran.
    let left =
        Script::new().on(POST, 200, &done("1")).on(POST, 200, &pending("2")).always(&get("2"), 200, &pending("2"));
    execute(&left, request("insert into t values (1); insert into t values (2); select 1; select 2")).unwrap();
    assert_eq!(offers(&left), ["1", "withdrawn", "2"], "what goes on stays offered");
    let key = left.state_keys().pop().unwrap();
    let kept = left.state_get(&key).unwrap();

    let script = Script::new().state(&key, &kept).on(&get("2"), 200, &done("2"));
    let result = crate::statement::get(&script, ask()).unwrap();
    let said = "It is statement 2 of 4 of a script. Before it these succeeded, each with its statement_id, by which \
                get_statement fetches its rows: 1 (1). The 2 after it changed nothing; send them if they are still wanted.";
    assert!(result.text.ends_with(said), "{}", result.text);
    assert_eq!(script.state_keys(), [""; 0]);
    let script = Script::new().state(&key, &kept).on(&get("2"), 200, &failed("2"));
    let failure = crate::statement::get(&script, ask()).unwrap_err();
    assert!(failure.message.contains("DIVIDE_BY_ZERO") && failure.message.contains(said), "{}", failure.message);
}
