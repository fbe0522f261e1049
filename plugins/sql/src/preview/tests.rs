//! Looks before a question, against a scripted workspace.

use bricklayer_sdk::testing::Script;
use serde_json::json;

use super::*;

const POST: &str = "POST /api/2.0/sql/statements";
const GET: &str = "GET /api/2.0/sql/statements/s1";
const WAREHOUSE: &str = "GET /api/2.0/sql/warehouses/w1";
const RUNS: &str = r#"{"id":"w1","name":"Shared","state":"RUNNING"}"#;

fn found(rows: &str) -> String {
    format!(
        r#"{{"statement_id":"s1","status":{{"state":"SUCCEEDED"}},"manifest":{{"schema":{{"columns":[{{"name":"a"}},{{"name":"b"}},{{"name":"c"}}]}},"total_row_count":1}},"result":{{"data_array":{rows}}}}}"#
    )
}

#[track_caller]
fn check(statement: &str, rows: &str, expect: &str) {
    let script = Script::new().on(WAREHOUSE, 200, RUNS).on(POST, 200, &found(rows));
    let input = json!({"statement": statement, "warehouse_id": "w1", "catalog": "main", "schema": "s"}).to_string();
    assert_eq!(preview(&script, "execute_sql", &input).unwrap().as_deref(), Some(expect), "{statement}");
    script.done();
}

#[test]
fn what_a_statement_would_meet_is_said() {
    check("delete from t where a = 1", r#"[["12","310"]]"#, "DELETE FROM main.s.t: 12 of 310 rows");
    check("delete from t", r#"[["310","310"]]"#, "DELETE FROM main.s.t: all 310 rows");
    check("delete from t", r#"[["1","1"]]"#, "DELETE FROM main.s.t: the only row");
    check("update t set a = 1 where b", r#"[["0","1"]]"#, "UPDATE main.s.t: none of 1 row");
    check(
        "merge into t using u on t.a = u.a when matched then delete",
        r#"[["4","310"]]"#,
        "MERGE INTO main.s.t: 4 rows of the source match one of 310 rows",
    );
    check("drop table t", r#"[["310"]]"#, "DROP TABLE main.s.t: 310 rows");
    check(
        "drop schema x cascade",
        r#"[["x","a","false"],["x","b","false"]]"#,
        "DROP SCHEMA CASCADE main.x: 2 tables and views in it: a, b",
    );
    check("drop schema x cascade", "[]", "DROP SCHEMA CASCADE main.x: nothing in it");
}

#[test]
fn nothing_is_sent_where_there_is_nothing_to_count() {
    for statement in ["select 1", "insert into t values (1)", "grant select on t to `x`", "create table t (a int)"] {
        let input = json!({"statement": statement}).to_string();
        assert_eq!(preview(&Script::new(), "execute_sql", &input).unwrap(), None, "{statement}");
    }
    assert_eq!(preview(&Script::new(), "get_statement", "{}").unwrap(), None);
    assert_eq!(preview(&Script::new(), "execute_sql", "nonsense").unwrap(), None);
    // Its text holds more than reading.
    let input = json!({"statement": "delete from t where http_request(conn => 'c', path => '/') is null"}).to_string();
    assert_eq!(preview(&Script::new(), "execute_sql", &input).unwrap(), None);
}

#[test]
fn a_warehouse_is_not_started_to_look() {
    for state in ["STOPPED", "STARTING", "DELETED"] {
        let script = Script::new().on(WAREHOUSE, 200, &format!(r#"{{"id":"w1","state":"{state}"}}"#));
        let failure =
            preview(&script, "execute_sql", r#"{"statement":"delete from t","warehouse_id":"w1"}"#).unwrap_err();
        assert_eq!(failure.message, "the warehouse w1 does not run, and is not started to look");
        script.done();
    }
}

#[test]
fn a_count_that_fails_says_so_beside_the_others() {
    let fails = r#"{"statement_id":"s1","status":{"state":"FAILED","error":{"error_code":"BAD_REQUEST","message":"[TABLE_OR_VIEW_NOT_FOUND] no t"}}}"#;
    let script = Script::new().on(WAREHOUSE, 200, RUNS).on(POST, 200, fails).on(POST, 200, &found(r#"[["1","2"]]"#));
    let input =
        json!({"script": "use b; drop table t; select 1; delete from u where x", "warehouse_id": "w1", "catalog": "a"});
    let told = preview(&script, "execute_sql_multi", &input.to_string()).unwrap().unwrap();
    let lines: Vec<&str> = told.lines().collect();
    assert!(lines[0].starts_with("DROP TABLE a.b.t: could not be counted: "), "{told}");
    assert_eq!(lines[1], "DELETE FROM a.b.u: 1 of 2 rows");
    assert_eq!(script.body(1)["schema"], "b");
}

#[test]
fn long_scripts_are_looked_at_as_far_as_a_user_waits() {
    let script = (0..MAX_LOOKED)
        .fold(Script::new().on(WAREHOUSE, 200, RUNS), |script, _| script.on(POST, 200, &found(r#"[["1"]]"#)));
    let input = json!({"script": "truncate table t;".repeat(MAX_LOOKED + 3), "warehouse_id": "w1"}).to_string();
    let told = preview(&script, "execute_sql_multi", &input).unwrap().unwrap();
    assert!(told.ends_with("\n3 further statements were not looked at"), "{told}");
    script.done();
}

#[test]
fn only_parameters_that_a_count_uses_go_with_it() {
    let script = Script::new().on(WAREHOUSE, 200, RUNS).on(POST, 200, &found(r#"[["1","2"]]"#));
    let input = json!({
        "statement": "update t set a = :new where b = :old", "warehouse_id": "w1",
        "parameters": [{"name": "new", "value": "1", "type": "INT"}, {"name": ":old", "value": "2"}]
    });
    preview(&script, "execute_sql", &input.to_string()).unwrap();
    assert_eq!(script.body(1)["parameters"], json!([{"name": "old", "value": "2"}]));
}

#[test]
fn a_slow_count_is_given_up() {
    let pending = r#"{"statement_id":"s1","status":{"state":"PENDING"}}"#;
    let cancel = "POST /api/2.0/sql/statements/s1/cancel";
    let script = Script::new().on(WAREHOUSE, 200, RUNS).on(POST, 200, pending).always(GET, 200, pending);
    let script = script.on(cancel, 200, "{}").on(GET, 200, r#"{"statement_id":"s1","status":{"state":"CANCELED"}}"#);
    let told =
        preview(&script, "execute_sql", r#"{"statement":"delete from t","warehouse_id":"w1"}"#).unwrap().unwrap();
    assert!(told.contains("could not be counted: the statement s1 did not end within 10 s"), "{told}");
}
