//! Which tables are made of which. Ann administers; Bob sees what he was given.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{ANN, BOB, Lab};

const PATH: &str = "/api/2.0/lineage-tracking/table-lineage";

/// What stands before names in these tests.
const HERE: &str = "main.default.";

async fn ask(lab: &Lab, token: &str, table: &str) -> (StatusCode, Value) {
    let path = format!("{PATH}?table_name={HERE}{table}&include_entity_lineage=true");
    lab.call(Some(token), Method::GET, &path, None).await
}

/// The names of a direction's neighbours, in their order; `?` is one without a name.
fn names(answer: &Value, direction: &str) -> String {
    let entries = answer[direction].as_array().unwrap();
    let mut names: Vec<_> = entries
        .iter()
        .map(|entry| match (&entry["tableInfo"], &entry["fileInfo"]["path"]) {
            (Value::Null, Value::Null) => "?".to_owned(),
            (Value::Null, path) => path.as_str().unwrap().to_owned(),
            (table, _) => ["catalog_name", "schema_name", "name"].map(|part| table[part].as_str().unwrap()).join("."),
        })
        .map(|name| name.replace(HERE, ""))
        .collect();
    names.sort();
    names.join(" ")
}

/// What a table was made of, and what of it.
async fn beside(lab: &Lab, token: &str, table: &str) -> (String, String) {
    let (status, answer) = ask(lab, token, table).await;
    assert_eq!(status, StatusCode::OK, "{table}: {answer}");
    (names(&answer, "upstreams"), names(&answer, "downstreams"))
}

#[tokio::test(flavor = "multi_thread")]
async fn each_statement_that_writes_tells_what_it_read() {
    let lab = Lab::start().await;
    for name in ["a", "b", "c"] {
        lab.sql(&format!("CREATE TABLE {name} AS SELECT 1 AS id, 'x' AS word")).await;
    }
    lab.sql("CREATE VOLUME landing").await;
    let file = "/api/2.0/fs/files/Volumes/main/default/landing/in/one.csv";
    assert!(lab.request(ANN, Method::PUT, file).body("id,word\n5,e\n").send().await.unwrap().status().is_success());
    for (number, (statement, upstreams)) in [
        ("CREATE TABLE {} AS SELECT a.id FROM a JOIN b USING (id)", "a b"),
        ("CREATE TABLE {} AS WITH a AS (SELECT * FROM c) SELECT * FROM a", "c"),
        ("CREATE OR REPLACE TABLE {} AS SELECT (SELECT max(id) FROM b) AS m", "b"),
        ("CREATE TABLE {} DEEP CLONE a", "a"),
        ("CREATE TABLE {} LIKE a", ""),
        ("CREATE TABLE {} AS SELECT 1 AS id", ""),
        ("CREATE VIEW {} AS SELECT * FROM a WHERE id IN (SELECT id FROM b)", "a b"),
        ("CREATE VIEW {} AS SELECT * FROM a; ALTER VIEW {} AS SELECT * FROM c", "a c"),
        ("CREATE TABLE {} LIKE a; INSERT INTO {} SELECT * FROM b", "b"),
        ("CREATE TABLE {} LIKE a; INSERT INTO {} SELECT * FROM {} UNION ALL SELECT * FROM c", "c"),
        ("CREATE TABLE {} LIKE a; INSERT INTO {} VALUES (1, 'y')", ""),
        ("CREATE TABLE {} LIKE a; INSERT OVERWRITE {} SELECT * FROM c", "c"),
        ("CREATE TABLE {} LIKE a; UPDATE {} SET id = (SELECT max(id) FROM c)", "c"),
        ("CREATE TABLE {} LIKE a; DELETE FROM {} WHERE id IN (SELECT id FROM c)", "c"),
        (
            "CREATE TABLE {} LIKE a; MERGE INTO {} t USING b ON t.id = b.id WHEN NOT MATCHED THEN INSERT *",
            "b",
        ),
        (
            "CREATE TABLE {} LIKE a; COPY INTO {} FROM '/Volumes/main/default/landing/in' FILEFORMAT = CSV \
             FORMAT_OPTIONS ('header' = 'true', 'inferSchema' = 'true')",
            "/Volumes/main/default/landing/in",
        ),
        (
            "CREATE TABLE {} AS SELECT f.id FROM read_files('/Volumes/main/default/landing/*/one.csv') f JOIN a USING (id)",
            "/Volumes/main/default/landing/*/one.csv a",
        ),
        ("CREATE TABLE {} LIKE a; CREATE TABLE IF NOT EXISTS {} AS SELECT * FROM b", ""),
        ("CREATE TABLE {} AS SELECT * FROM samples.nyctaxi.trips", "samples.nyctaxi.trips"),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("made{number}");
        for statement in statement.replace("{}", &name).split("; ") {
            lab.sql(statement).await;
        }
        assert_eq!(beside(&lab, ANN, &name).await, (upstreams.to_owned(), String::new()), "{statement}");
    }
    // What failed made nothing.
    lab.sql_error("INSERT INTO a SELECT word, id FROM b WHERE assert_true(false) IS NULL").await;
    let (upstreams, downstreams) = beside(&lab, ANN, "a").await;
    assert_eq!((upstreams, downstreams.contains("made0 ")), (String::new(), true), "{downstreams}");
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_served_as_databricks_does_and_lasts() {
    let lab = Lab::start().await;
    for statement in [
        "CREATE TABLE a AS SELECT 1 AS id",
        "CREATE VIEW v AS SELECT * FROM a",
        "CREATE TABLE t AS SELECT * FROM v",
        "CREATE TABLE u AS SELECT * FROM t",
    ] {
        lab.sql(statement).await;
    }
    let (_, answer) = ask(&lab, ANN, "t").await;
    let up = &answer["upstreams"][0]["tableInfo"];
    assert_eq!((&up["name"], &up["table_type"]), (&json!("v"), &json!("PERSISTED_VIEW")), "{answer}");
    assert_eq!(answer["downstreams"][0]["tableInfo"]["table_type"], "TABLE", "{answer}");
    let time = up["lineage_timestamp"].as_str().unwrap();
    assert!(chrono::NaiveDateTime::parse_from_str(time, "%Y-%m-%d %H:%M:%S%.f").is_ok(), "{time}");

    // As the documentation shows it, and what is asked wrongly.
    let asked = |body: Value| lab.call(Some(ANN), Method::GET, PATH, Some(body));
    let body = json!({"table_name": "main.default.t", "include_entity_lineage": true});
    assert_eq!(asked(body).await, (StatusCode::OK, answer));
    for (table, status, code) in [
        ("", 400, "INVALID_PARAMETER_VALUE"),
        ("main.default", 400, "INVALID_PARAMETER_VALUE"),
        ("main.default.nosuch", 404, "TABLE_DOES_NOT_EXIST"),
    ] {
        let (found, answer) = asked(json!({"table_name": table})).await;
        assert_eq!((found.as_u16(), answer["error_code"].as_str().unwrap()), (status, code), "{table}: {answer}");
    }

    // A rename goes along, a restart keeps it, and what is dropped is forgotten.
    lab.sql("ALTER TABLE t RENAME TO renamed").await;
    assert_eq!(beside(&lab, ANN, "renamed").await, ("v".to_owned(), "u".to_owned()));
    let lab = Lab::start_in(lab.stop().await).await;
    assert_eq!(beside(&lab, ANN, "u").await, ("renamed".to_owned(), String::new()));
    lab.sql("DROP TABLE renamed").await;
    assert_eq!(beside(&lab, ANN, "u").await, (String::new(), String::new()));
    assert_eq!(beside(&lab, ANN, "v").await, ("a".to_owned(), String::new()));
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn neighbours_that_one_may_not_see_have_no_name() {
    let lab = Lab::start().await;
    for statement in [
        "CREATE SCHEMA closed",
        "CREATE VOLUME closed.files",
        "CREATE TABLE closed.source AS SELECT 1 AS id",
        "CREATE TABLE open AS SELECT id FROM closed.source",
        "CREATE TABLE closed.made AS SELECT * FROM open",
        "CREATE TABLE shown AS SELECT * FROM open",
        "GRANT SELECT ON TABLE shown TO `bob@example.com`",
    ] {
        lab.sql(statement).await;
    }
    let file = "/api/2.0/fs/files/Volumes/main/closed/files/one.csv";
    assert!(lab.request(ANN, Method::PUT, file).body("1\n").send().await.unwrap().status().is_success());
    lab.sql("COPY INTO open FROM (SELECT CAST(_c0 AS INT) AS id FROM '/Volumes/main/closed/files/one.csv') FILEFORMAT = CSV")
        .await;
    let (status, answer) = ask(&lab, BOB, "open").await;
    assert_eq!((status, &answer["error_code"]), (StatusCode::FORBIDDEN, &json!("PERMISSION_DENIED")), "{answer}");

    lab.sql("GRANT BROWSE ON TABLE open TO `bob@example.com`").await;
    assert_eq!(beside(&lab, BOB, "open").await, ("? ?".to_owned(), "? shown".to_owned()));
    assert!(!ask(&lab, BOB, "open").await.1.to_string().contains("closed"));
    lab.sql("GRANT BROWSE ON SCHEMA closed TO `bob@example.com`").await;
    let everything =
        ("/Volumes/main/closed/files/one.csv main.closed.source".to_owned(), "main.closed.made shown".to_owned());
    assert_eq!(beside(&lab, BOB, "open").await, everything);
    assert_eq!(beside(&lab, ANN, "open").await, everything);
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipelines_datasets_tell_what_they_read() {
    let lab = Lab::start().await;
    lab.sql("CREATE TABLE raw AS SELECT 1 AS id").await;
    let code = "CREATE STREAMING TABLE first AS SELECT * FROM STREAM(main.default.raw);
                CREATE TEMPORARY VIEW between AS SELECT * FROM first;
                CREATE MATERIALIZED VIEW checked (CONSTRAINT good EXPECT (id > 0) ON VIOLATION DROP ROW)
                  AS SELECT * FROM between;
                CREATE VIEW last AS SELECT * FROM checked";
    let pipeline = lab.sql_pipeline("lineage", code).await;
    lab.completed(&pipeline, json!({})).await;
    for (table, upstreams) in [("first", "raw"), ("checked", "main.lab.first"), ("last", "main.lab.checked")] {
        let (_, answer) = lab.call(Some(ANN), Method::GET, &format!("{PATH}?table_name=main.lab.{table}"), None).await;
        assert_eq!(names(&answer, "upstreams"), upstreams, "{table}: {answer}");
    }
    lab.stop().await;
}
