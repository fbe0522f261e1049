//! Table descriptions against a scripted workspace.

use bricklayer_sdk::testing::Script;

use super::*;

const POST: &str = "POST /api/2.0/sql/statements";
const LIST: &str = "GET /api/2.1/unity-catalog/tables?catalog_name=samples&schema_name=nyctaxi&max_results=50";
const TRIPS: &str = r#"{"name":"trips","table_type":"MANAGED","data_source_format":"DELTA","comment":"Taxi trips","owner":"me","columns":[
    {"name":"fare","type_text":"double","nullable":true,"comment":"in dollars"},{"name":"zip`x","type_text":"int"},{"name":"tags","type_text":"array<string>"}]}"#;

fn request(names: &[&str], level: types::StatLevel) -> types::GetTableStatsAndSchemaRequest {
    types::GetTableStatsAndSchemaRequest {
        catalog: "samples".to_owned(),
        schema: "nyctaxi".to_owned(),
        table_names: Some(names.iter().map(|name| (*name).to_owned()).collect()),
        table_stat_level: Some(level),
        warehouse_id: Some("w1".to_owned()),
    }
}

fn rows(columns: &[&str], rows: &str) -> String {
    let columns: Vec<_> = columns.iter().map(|name| format!(r#"{{"name":"{name}"}}"#)).collect();
    format!(
        r#"{{"statement_id":"s","status":{{"state":"SUCCEEDED"}},"manifest":{{"schema":{{"columns":[{}]}}}},"result":{{"data_array":{rows}}}}}"#,
        columns.join(",")
    )
}

#[test]
fn level_none_needs_no_warehouse_and_no_sql() {
    let script = Script::new().on("GET /api/2.1/unity-catalog/tables/samples.nyctaxi.trips", 200, TRIPS);
    let found = describe(&script, request(&["samples.nyctaxi.trips"], types::StatLevel::None)).unwrap();
    script.done();
    assert!(found.warehouse.is_none());
    let expect = "## samples.nyctaxi.trips\nMANAGED, DELTA, owner me\nTaxi trips\n\n| column | type | comment |\n| --- | --- | --- |\n| fare | double | in dollars |\n| zip`x | int |  |\n| tags | array<string> |  |";
    assert_eq!(found.text, expect);
}

#[test]
fn statistics_are_measured_by_one_aggregate_and_one_sample() {
    let aggregate = rows(
        &["n", "n0", "d0", "lo0", "hi0", "avg0", "n1", "d1", "lo1", "hi1", "avg1", "n2"],
        r#"[["100","90","40","0.5","99.0","12.25","100","3","1","3","2.0","100"]]"#,
    );
    let sample = rows(&["fare", "zip`x", "tags"], r#"[["1.5","1","[]"],["1.5","2",null]]"#);
    let script = Script::new()
        .on("GET /api/2.1/unity-catalog/tables/samples.nyctaxi.trips", 200, TRIPS)
        .on(POST, 200, &aggregate)
        .on(POST, 200, &sample);
    let found = describe(&script, request(&["trips"], types::StatLevel::Simple)).unwrap();
    script.done();
    let sql = script.body(1)["statement"].as_str().unwrap().to_owned();
    assert!(
        sql.contains("APPROX_COUNT_DISTINCT(`zip``x`) AS d1") && sql.ends_with("FROM `samples`.`nyctaxi`.`trips`"),
        "{sql}"
    );
    assert!(!sql.contains("MIN(`tags`)"), "an array has no smallest value: {sql}");
    let table = &found.tables[0];
    assert_eq!(table.row_count, Some(100));
    assert_eq!(
        (table.columns[0].null_count, table.columns[0].distinct_count, table.columns[0].mean),
        (Some(10), Some(40), Some(12.25))
    );
    assert_eq!(table.columns[1].samples, ["1", "2"]);
    assert!(table.sample_rows.is_empty(), "only at level detailed");
}

#[test]
fn detailed_counts_the_values_of_categories() {
    let aggregate = rows(
        &["n", "n0", "d0", "lo0", "hi0", "avg0", "sd0", "q1_0", "q2_0", "q3_0", "n1", "d1", "n2"],
        r#"[["100","90","400","0.5","99.0","12.25","2","1","2","3","100","3","100"]]"#,
    );
    let script = Script::new()
        .on("GET /api/2.1/unity-catalog/tables/samples.nyctaxi.trips", 200, TRIPS)
        .on(POST, 200, &aggregate)
        .on(POST, 200, &rows(&["fare"], r#"[["1.5"]]"#))
        .on(POST, 200, &rows(&["c", "v", "n"], r#"[["1","7","60"],["1",null,"40"]]"#));
    let found = describe(&script, request(&["trips"], types::StatLevel::Detailed)).unwrap();
    script.done();
    let sql = script.body(3)["statement"].as_str().unwrap().to_owned();
    assert!(sql.starts_with("SELECT 1 AS c, CAST(`zip``x` AS STRING)") && !sql.contains("UNION"), "{sql}");
    let table = &found.tables[0];
    assert_eq!(table.columns[0].median, Some(2.0));
    assert_eq!(table.columns[1].frequent_values.iter().map(|v| v.count).collect::<Vec<_>>(), [60, 40]);
    assert_eq!(table.sample_rows.len(), 1);
    assert!(found.text.contains("7 (60), NULL (40)"), "{}", found.text);
}

#[test]
fn patterns_choose_and_what_fails_for_one_table_is_said_there() {
    let list = r#"{"tables":[{"name":"trips","columns":[{"name":"a","type_text":"int"}]},{"name":"zones"},{"name":"Trip_2"}]}"#;
    let failed = r#"{"statement_id":"s","status":{"state":"FAILED","error":{"error_code":"BAD_REQUEST","message":"[DIVIDE_BY_ZERO] no\nmore"}}}"#;
    let script = Script::new()
        .on(LIST, 200, list)
        .on(POST, 200, failed)
        .on(POST, 200, &rows(&["a"], r#"[["1"]]"#))
        .on(POST, 200, &rows(&["n"], r#"[["5"]]"#))
        .on(POST, 200, &rows(&[], "[]"));
    let found = describe(&script, request(&["TRIP*"], types::StatLevel::Simple)).unwrap();
    script.done();
    let names: Vec<_> = found.tables.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(names, ["samples.nyctaxi.trips", "samples.nyctaxi.Trip_2"]);
    assert_eq!(found.tables[0].problem.as_deref(), Some("statistics could not be read: [DIVIDE_BY_ZERO] no"));
    assert_eq!(found.tables[1].row_count, Some(5));
}

#[test]
fn a_table_that_is_not_there_does_not_spoil_the_others() {
    let script = Script::new()
        .on(
            "GET /api/2.1/unity-catalog/tables/samples.nyctaxi.nope",
            404,
            r#"{"error_code":"TABLE_DOES_NOT_EXIST","message":"no table"}"#,
        )
        .on("GET /api/2.1/unity-catalog/tables/samples.nyctaxi.trips", 200, TRIPS);
    let found = describe(&script, request(&["nope", "trips"], types::StatLevel::None)).unwrap();
    assert!(found.tables[0].problem.as_deref().unwrap().starts_with("TABLE_DOES_NOT_EXIST"));
    assert_eq!(found.tables[1].columns.len(), 3);
}

#[test]
fn tables_of_which_none_can_be_read_are_a_failure() {
    let denied = r#"{"error_code":"PERMISSION_DENIED","message":"no USE SCHEMA"}"#;
    let gone = r#"{"error_code":"TABLE_DOES_NOT_EXIST","message":"no table"}"#;
    let a = "GET /api/2.1/unity-catalog/tables/samples.nyctaxi.a";
    let script = Script::new().on(a, 403, denied);
    let failure = describe(&script, request(&["a"], types::StatLevel::None)).unwrap_err();
    assert!(failure.kind == Kind::PermissionDenied && failure.message.starts_with("PERMISSION_DENIED"), "{failure:?}");
    let script = Script::new().on(a, 403, denied).on("GET /api/2.1/unity-catalog/tables/samples.nyctaxi.b", 404, gone);
    let failure = describe(&script, request(&["a", "b"], types::StatLevel::Simple)).unwrap_err();
    assert!(failure.message.starts_with("'a' cannot be read, and none of the 1 others: "), "{failure:?}");
}

#[test]
fn a_large_schema_is_listed_and_not_described_whole() {
    let tables: Vec<_> = (0..25).map(|n| format!(r#"{{"name":"t{n}"}}"#)).collect();
    let script = Script::new().on(LIST, 200, &format!(r#"{{"tables":[{}]}}"#, tables.join(",")));
    let found = describe(&script, request(&[], types::StatLevel::None)).unwrap();
    assert_eq!((found.tables.len(), found.not_described.len()), (20, 5));
    assert!(found.text.contains("5 further tables were not described: t20, t21"), "{}", found.text);
}

#[test]
fn patterns_match_like_a_shell() {
    for (pattern, name, expect) in [
        ("*", "", true),
        ("a*c", "abbc", true),
        ("a?c", "abbc", false),
        ("a?c", "aBc", true),
        ("*x*", "a", false),
        ("trips", "trips", true),
        ("", "a", false),
    ] {
        assert_eq!(matches(pattern, name), expect, "{pattern} {name}");
    }
}

#[test]
fn an_answer_stays_within_what_the_host_takes() {
    let columns: Vec<_> =
        (0..1000).map(|n| format!(r#"{{"name":"c{n}","type_text":"int","comment":"{}"}}"#, "x".repeat(100))).collect();
    let table = |name: &str| format!(r#"{{"name":"{name}","columns":[{}]}}"#, columns.join(","));
    let script =
        Script::new().on(LIST, 200, &format!(r#"{{"tables":[{},{},{}]}}"#, table("a"), table("b"), table("c")));
    let found = describe(&script, request(&[], types::StatLevel::None)).unwrap();
    assert_eq!(found.tables.len(), 1);
    assert_eq!(found.not_described, ["b", "c"]);
}
