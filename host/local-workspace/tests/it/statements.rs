//! The statement execution API: parameters, waiting, chunks, limits, links, cancel, isolation of users.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{ANN, BOB, Lab};

/// What an end may take on a busy machine; without it, the query would run for ever.
const AT_ONCE: Duration = Duration::from_secs(30);

/// A query that runs until it is interrupted.
const ENDLESS: &str = "SELECT count(*) FROM range(1000000000) a CROSS JOIN range(1000000000) b WHERE a.id + b.id = -1";

#[tokio::test(flavor = "multi_thread")]
async fn the_sample_trips_answer_a_query() {
    let lab = Lab::start().await;
    let rows = lab.sql("SELECT count(*) FROM samples.nyctaxi.trips").await;
    assert_eq!(rows, json!([["21932"]]));
    let hours = lab
        .sql(
            "SELECT hour(tpep_pickup_datetime) AS h, count(*) AS n, round(avg(fare_amount), 2) AS fare
             FROM samples.nyctaxi.trips GROUP BY h ORDER BY n DESC",
        )
        .await;
    let hours = hours.as_array().unwrap();
    assert_eq!(hours.len(), 24);
    let first: u32 = hours[0][0].as_str().unwrap().parse().unwrap();
    assert!((17..=20).contains(&first), "the busiest hour is in the evening, not {first}");
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_manifest_describes_every_type() {
    let lab = Lab::start().await;
    let answer = lab
        .submit(
            "SELECT CAST(1 AS TINYINT) a, CAST(1 AS SMALLINT) b, 1 c, 1L d, CAST(1 AS FLOAT) e, 1D f, 1.50 g, 'x' h, TRUE i,
             DATE '2024-02-29' j, TIMESTAMP '2024-01-01 12:30:00' k, CAST('x' AS BINARY) l, array(1) m, map('k', 1) n,
             named_struct('p', 1) o, NULL q, sum(id) r FROM range(3)",
            json!({}),
        )
        .await;
    let columns = answer["manifest"]["schema"]["columns"].as_array().unwrap();
    let types: Vec<_> =
        columns.iter().map(|c| (c["type_name"].as_str().unwrap(), c["type_text"].as_str().unwrap())).collect();
    assert_eq!(
        types,
        [
            ("BYTE", "TINYINT"),
            ("SHORT", "SMALLINT"),
            ("INT", "INT"),
            ("LONG", "BIGINT"),
            ("FLOAT", "FLOAT"),
            ("DOUBLE", "DOUBLE"),
            ("DECIMAL", "DECIMAL(3,2)"),
            ("STRING", "STRING"),
            ("BOOLEAN", "BOOLEAN"),
            ("DATE", "DATE"),
            ("TIMESTAMP", "TIMESTAMP"),
            ("BINARY", "BINARY"),
            ("ARRAY", "ARRAY<INT>"),
            ("MAP", "MAP<STRING, INT>"),
            ("STRUCT", "STRUCT<p: INT>"),
            ("INT", "INT"),
            ("LONG", "BIGINT"),
        ]
    );
    assert_eq!(columns[6]["type_precision"], 3);
    assert_eq!(columns[6]["type_scale"], 2);
    let expect = json!([[
        "1",
        "1",
        "1",
        "1",
        "1.0",
        "1.0",
        "1.50",
        "x",
        "true",
        "2024-02-29",
        "2024-01-01T12:30:00.000Z",
        "eA==",
        "[1]",
        "{\"k\":1}",
        "{\"p\":1}",
        null,
        "3"
    ]]);
    assert_eq!(lab.rows(&answer), expect);
    let empty = lab.submit("SELECT 1 AS a WHERE FALSE", json!({})).await;
    assert_eq!(empty["manifest"]["total_chunk_count"], 0);
    assert_eq!(empty["result"], json!({}));
    assert_eq!(empty["manifest"]["schema"]["column_count"], 1);
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_are_bound_and_never_spliced() {
    let lab = Lab::start().await;
    let run =
        async |statement: &str, parameters: Value| lab.submit(statement, json!({ "parameters": parameters })).await;
    let hostile = "x' OR 1=1; DROP TABLE t; --";
    let answer =
        run("SELECT :a AS a, :a = :b AS same", json!([{"name": "a", "value": hostile}, {"name": "b", "value": "y"}]))
            .await;
    assert_eq!(lab.rows(&answer), json!([[hostile, "false"]]));
    let typed = json!([
        {"name": "i", "value": "41", "type": "INT"}, {"name": "d", "value": "2024-02-28", "type": "DATE"},
        {"name": "n", "type": "INT"}, {"name": "m", "value": "1.25", "type": "DECIMAL(5,2)"},
        {"name": "t", "value": "true", "type": "BOOLEAN"},
    ]);
    let answer = run("SELECT :i + 1, date_add(:d, 1), :n IS NULL, :m * 2, NOT :t", typed).await;
    assert_eq!(lab.rows(&answer), json!([["42", "2024-02-29", "true", "2.50", "false"]]));
    let answer = run("SELECT id FROM range(10) LIMIT :n", json!([{"name": "n", "value": "2", "type": "INT"}])).await;
    assert_eq!(lab.rows(&answer), json!([["0"], ["1"]]));
    // The same text with other values and types comes from the plan cache.
    for (value, kind, expect) in [("1", "INT", "int"), ("1", "STRING", "string"), ("2", "BIGINT", "bigint")] {
        let answer = run("SELECT :v, typeof(:v)", json!([{"name": "v", "value": value, "type": kind}])).await;
        assert_eq!(lab.rows(&answer), json!([[value, expect]]));
    }
    let table = json!([{"name": "t", "value": "samples.nyctaxi.trips"}]);
    let answer = run("SELECT count(*) FROM IDENTIFIER(:t)", table).await;
    assert_eq!(lab.rows(&answer), json!([["21932"]]));
    let hostile = json!([{"name": "t", "value": "samples.nyctaxi.trips; DROP TABLE x"}]);
    let answer = run("SELECT count(*) FROM IDENTIFIER(:t)", hostile).await;
    assert_eq!(answer["status"]["state"], "FAILED", "{answer}");
    let answer = run("SELECT :i", json!([{"name": "i", "value": "abc", "type": "INT"}])).await;
    assert!(answer["status"]["error"]["message"].as_str().unwrap().contains("CAST_INVALID_INPUT"), "{answer}");
    run("CREATE TABLE made AS SELECT :a AS a", json!([{"name": "a", "value": "v"}])).await;
    assert_eq!(lab.sql("SELECT a FROM made").await, json!([["v"]]));
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_request_says_what_is_wrong() {
    let lab = Lab::start().await;
    let ok = json!({"statement": "SELECT 1", "warehouse_id": lab.warehouse});
    for (change, status, code) in [
        (json!({"statement": ""}), 400, "INVALID_PARAMETER_VALUE"),
        (json!({"warehouse_id": ""}), 400, "INVALID_PARAMETER_VALUE"),
        (json!({"warehouse_id": "nosuch"}), 404, "RESOURCE_DOES_NOT_EXIST"),
        (json!({"wait_timeout": "4s"}), 400, "INVALID_PARAMETER_VALUE"),
        (json!({"wait_timeout": "51s"}), 400, "INVALID_PARAMETER_VALUE"),
        (json!({"wait_timeout": "soon"}), 400, "INVALID_PARAMETER_VALUE"),
        (json!({"format": "ARROW_STREAM"}), 400, "INVALID_PARAMETER_VALUE"),
        (json!({"format": "CSV"}), 400, "INVALID_PARAMETER_VALUE"),
        (json!({"format": "XML"}), 400, "MALFORMED_REQUEST"),
        (json!({"row_limit": 0}), 400, "INVALID_PARAMETER_VALUE"),
        (json!({"parameters": [{"name": "a b", "value": "1"}]}), 400, "INVALID_PARAMETER_VALUE"),
        (json!({"parameters": [{"name": "a", "value": "1", "type": "ARRAY<INT>"}]}), 400, "INVALID_PARAMETER_VALUE"),
        (json!({"parameters": [{"name": "a", "value": "1", "type": "WHAT"}]}), 400, "INVALID_PARAMETER_VALUE"),
        (
            json!({"parameters": [{"name": "a", "value": "1"}, {"name": "a", "value": "2"}]}),
            400,
            "INVALID_PARAMETER_VALUE",
        ),
    ] {
        let mut body = ok.clone();
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let (got, answer) = lab.post("/api/2.0/sql/statements", body).await;
        assert_eq!((got.as_u16(), answer["error_code"].as_str()), (status, Some(code)), "{change}: {answer}");
        assert!(!answer["message"].as_str().unwrap().is_empty());
    }
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn large_results_come_in_chunks() {
    let lab = Lab::start().await;
    let answer = lab.submit("SELECT id, id * 2 AS twice FROM range(25000)", json!({})).await;
    let id = answer["statement_id"].as_str().unwrap();
    assert_eq!(answer["manifest"]["total_row_count"], 25_000);
    assert_eq!(answer["manifest"]["total_chunk_count"], 3);
    let mut chunk = answer["result"].clone();
    let mut seen = 0_u64;
    loop {
        assert_eq!(chunk["row_offset"], seen);
        for row in chunk["data_array"].as_array().unwrap() {
            assert_eq!(row, &json!([seen.to_string(), (seen * 2).to_string()]));
            seen += 1;
        }
        match chunk["next_chunk_internal_link"].as_str() {
            Some(link) => chunk = lab.get(link).await,
            None => break,
        }
    }
    assert_eq!(seen, 25_000);
    let (status, answer) =
        lab.call(Some(ANN), Method::GET, &format!("/api/2.0/sql/statements/{id}/result/chunks/9"), None).await;
    assert_eq!((status.as_u16(), answer["error_code"].as_str()), (400, Some("INVALID_PARAMETER_VALUE")));
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_cut_results_and_say_so() {
    let lab = Lab::start().await;
    let answer = lab.submit("SELECT id FROM range(100)", json!({"row_limit": 7})).await;
    assert_eq!(answer["manifest"]["truncated"], true);
    assert_eq!(lab.rows(&answer).as_array().unwrap().len(), 7);
    let answer = lab.submit("SELECT id FROM range(100)", json!({"row_limit": 100})).await;
    assert_eq!(answer["manifest"]["truncated"], false);
    let answer = lab.submit("SELECT id FROM range(100)", json!({"byte_limit": 30})).await;
    assert_eq!(answer["manifest"]["truncated"], true);
    let rows = lab.rows(&answer).as_array().unwrap().len();
    assert!((1..10).contains(&rows), "{rows}");
    let answer = lab.submit("SELECT repeat('x', 1000) FROM range(30000)", json!({})).await;
    assert_eq!(answer["status"]["state"], "FAILED");
    let message = answer["status"]["error"]["message"].as_str().unwrap();
    assert!(message.contains("Inline byte limit exceeded"), "{message}");
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn external_links_need_no_token_but_their_signature() {
    let lab = Lab::start().await;
    let external = json!({"disposition": "EXTERNAL_LINKS"});
    let answer = lab.submit("SELECT id, 'a,b' AS t, NULL AS n FROM range(15000)", external).await;
    let link = &answer["result"]["external_links"][0];
    let address = link["external_link"].as_str().unwrap();
    let path = address.split_once("/_results").map(|(_, rest)| format!("/_results{rest}")).unwrap();
    let (status, rows) = lab.call(None, Method::GET, &path, None).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(rows.as_array().unwrap().len(), 10_000);
    assert_eq!(rows[0], json!(["0", "a,b", null]));
    let next = lab.get(link["next_chunk_internal_link"].as_str().unwrap()).await;
    assert_eq!(next["external_links"][0]["row_offset"], 10_000);
    for forged in
        [path.replace("/0?", "/1?"), path.replace("signature=", "signature=0"), path.replace("expires=", "expires=9")]
    {
        let (status, _) = lab.call(None, Method::GET, &forged, None).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{forged}");
    }
    let csv = json!({"disposition": "EXTERNAL_LINKS", "format": "CSV"});
    let answer = lab.submit("SELECT 1 AS a, 'x,\"y\"' AS b, NULL AS c", csv).await;
    let address = answer["result"]["external_links"][0]["external_link"].as_str().unwrap();
    let path = address.split_once("/_results").map(|(_, rest)| format!("/_results{rest}")).unwrap();
    let (_, text) = lab.call(None, Method::GET, &path, None).await;
    assert_eq!(text, json!("a,b,c\r\n1,\"x,\"\"y\"\"\",null\r\n"));
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_polling_and_cancelling() {
    let lab = Lab::start().await;
    // wait_timeout 0s answers PENDING at once, however quick the statement is.
    let answer = lab.submit("SELECT 1", json!({"wait_timeout": "0s"})).await;
    assert_eq!(answer["status"]["state"], "PENDING");
    let ended = lab.wait(answer["statement_id"].as_str().unwrap()).await;
    assert_eq!(lab.rows(&ended), json!([["1"]]));

    let answer = lab.submit(ENDLESS, json!({"wait_timeout": "0s"})).await;
    let id = answer["statement_id"].as_str().unwrap().to_owned();
    let started = Instant::now();
    let (status, body) = lab.post(&format!("/api/2.0/sql/statements/{id}/cancel"), json!({})).await;
    assert_eq!((status, body), (StatusCode::OK, json!({})));
    let ended = lab.wait(&id).await;
    assert_eq!(ended["status"]["state"], "CANCELED");
    assert!(started.elapsed() < AT_ONCE, "{:?}", started.elapsed());
    // Cancelling what has ended is no error.
    let (status, _) = lab.post(&format!("/api/2.0/sql/statements/{id}/cancel"), json!({})).await;
    assert_eq!(status, StatusCode::OK);

    let answer = lab.submit(ENDLESS, json!({"wait_timeout": "5s", "on_wait_timeout": "CANCEL"})).await;
    assert_eq!(answer["status"]["state"], "CANCELED");
    // The engine is free again.
    assert_eq!(lab.sql("SELECT 2").await, json!([["2"]]));
    let history = lab.get("/api/2.0/sql/history/queries?filter_by.statuses=CANCELED").await;
    assert_eq!(history["res"].as_array().unwrap().len(), 2);
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn quick_statements_pass_slow_ones_up_to_a_bound() {
    let lab = Lab::start().await;
    let mut slow = Vec::new();
    for _ in 0..3 {
        let answer = lab.submit(ENDLESS, json!({"wait_timeout": "0s"})).await;
        slow.push(answer["statement_id"].as_str().unwrap().to_owned());
    }
    assert_eq!(lab.sql("SELECT 'quick'").await, json!([["quick"]]));
    // Shutdown ends what still runs.
    let started = Instant::now();
    lab.stop().await;
    assert!(started.elapsed() < AT_ONCE, "{:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_is_its_users_own() {
    let lab = Lab::start().await;
    let answer = lab.submit("SELECT 'secret'", json!({})).await;
    let id = answer["statement_id"].as_str().unwrap();
    for (method, path) in [
        (Method::GET, format!("/api/2.0/sql/statements/{id}")),
        (Method::GET, format!("/api/2.0/sql/statements/{id}/result/chunks/0")),
        (Method::POST, format!("/api/2.0/sql/statements/{id}/cancel")),
    ] {
        let (status, answer) = lab.call(Some(BOB), method, &path, None).await;
        assert_eq!((status.as_u16(), answer["error_code"].as_str()), (404, Some("RESOURCE_DOES_NOT_EXIST")), "{path}");
    }
    let (_, history) = lab.call(Some(BOB), Method::GET, "/api/2.0/sql/history/queries", None).await;
    assert_eq!(history["res"], json!([]));
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_overwrite_changes_nothing() {
    let lab = Lab::start().await;
    lab.sql("CREATE TABLE kept AS SELECT 1 AS a").await;
    let message = lab.sql_error("INSERT OVERWRITE kept SELECT CAST('x' AS INT)").await;
    assert!(message.contains("CAST_INVALID_INPUT"), "{message}");
    assert_eq!(lab.sql("SELECT * FROM kept").await, json!([["1"]]));
    lab.sql_error("CREATE OR REPLACE TABLE kept AS SELECT 1 / 0 AS b").await;
    assert_eq!(lab.sql("SELECT * FROM kept").await, json!([["1"]]));
    lab.stop().await;
}
