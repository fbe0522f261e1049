//! Volumes and their files in SQL: statements on volumes, files in the place of tables, COPY INTO, and what may not be
//! reached from there.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    grants,
    harness::{ANN, BOB, Lab},
};

const ROOT: &str = "/Volumes/main/default/lab";

/// A workspace with the volume `main.default.lab`.
async fn lab() -> Lab {
    let lab = Lab::start().await;
    lab.sql("CREATE VOLUME lab COMMENT 'files'").await;
    lab
}

async fn put(lab: &Lab, name: &str, content: impl Into<Vec<u8>>) {
    let path = format!("/api/2.0/fs/files{ROOT}/{name}");
    let response = lab.request(ANN, Method::PUT, &path).body(content.into()).send().await.unwrap();
    assert!(response.status().is_success(), "{name}: {}", response.status());
}

/// The class of a statement that must fail.
async fn class(lab: &Lab, statement: &str) -> String {
    let message = lab.sql_error(statement).await;
    assert!(!message.contains("/linked/") && !message.contains("bl_source"), "{message}");
    message.split(['[', ']']).nth(1).unwrap_or_default().to_owned()
}

async fn as_bob(lab: &Lab, statement: &str) -> Value {
    let body = json!({"statement": statement, "warehouse_id": lab.warehouse, "wait_timeout": "50s"});
    lab.call(Some(BOB), Method::POST, "/api/2.0/sql/statements", Some(body)).await.1
}

/// Names of the links that are left when no statement runs.
fn links(lab: &Lab) -> usize {
    std::fs::read_dir(lab.folder().join("catalogs/linked")).map_or(0, Iterator::count)
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_and_the_files_api_have_the_same_volumes() {
    let lab = lab().await;
    lab.sql("CREATE VOLUME IF NOT EXISTS main.default.lab").await;
    assert_eq!(class(&lab, "CREATE VOLUME lab").await, "VOLUME_ALREADY_EXISTS");
    assert_eq!(class(&lab, "CREATE VOLUME main.nosuch.v").await, "SCHEMA_NOT_FOUND");
    assert_eq!(class(&lab, "CREATE VOLUME `a b`").await, "INVALID_PARAMETER_VALUE");
    assert_eq!(class(&lab, "CREATE EXTERNAL VOLUME v LOCATION 's3://b'").await, "UNSUPPORTED_FEATURE");
    assert_eq!(lab.get("/api/2.1/unity-catalog/volumes/main.default.lab").await["comment"], "files");
    assert_eq!(lab.sql("SHOW VOLUMES").await, json!([["default", "lab"]]));
    assert_eq!(lab.sql("SHOW VOLUMES IN main.default LIKE 'x*'").await, json!([]));
    assert_eq!(
        lab.sql("DESCRIBE VOLUME lab").await,
        json!([["lab", "main", "default", "ann@example.com", null, "MANAGED", "files"]])
    );
    put(&lab, "in/a.txt", "abc").await;
    put(&lab, "b.txt", "").await;
    let listed = lab.sql(&format!("LIST '{ROOT}'")).await;
    let named: Vec<_> = listed.as_array().unwrap().iter().map(|row| (&row[0], &row[1], &row[2])).collect();
    assert_eq!(json!(named), json!([[format!("{ROOT}/b.txt"), "b.txt", "0"], [format!("{ROOT}/in/"), "in/", "0"]]));
    assert_eq!(lab.sql(&format!("LIST '{ROOT}/in' LIMIT 0")).await, json!([]));
    assert_eq!(class(&lab, &format!("LIST '{ROOT}/nosuch'")).await, "PATH_NOT_FOUND");
    lab.sql("DROP VOLUME lab").await;
    lab.sql("DROP VOLUME IF EXISTS lab").await;
    assert_eq!(class(&lab, "DROP VOLUME lab").await, "VOLUME_NOT_FOUND");
    assert_eq!(class(&lab, "DESCRIBE VOLUME lab").await, "VOLUME_NOT_FOUND");
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_have_the_columns_that_databricks_gives_them() {
    let lab = lab().await;
    let csv = "id,price,name,ok,day,seen,empty\n1,1.5,ann,true,2024-01-02,2024-01-02T03:04:05Z,\n\
               2,2,\"b, o\"\"b\",false,2024-02-03,2024-02-03 04:05:06,\n";
    put(&lab, "t/a.csv", csv).await;
    put(&lab, "t/deep/b.csv", "id,price,name,ok,day,seen,empty\n3,,x,,,,\n").await;
    put(&lab, "t/_hidden.csv", "no").await;
    put(&lab, "j/a.json", "{\"b\": 1, \"a\": {\"y\": \"2024-01-01\", \"x\": [1]}}\n{\"b\": 2.5}\n").await;
    put(&lab, "lines.txt", "one\r\n\nthree\n").await;
    let types = lab.sql(&format!("DESCRIBE QUERY SELECT * FROM read_files('{ROOT}/t/a.csv', format => 'csv')")).await;
    let types: Vec<_> = types.as_array().unwrap().iter().map(|row| (row[0].clone(), row[1].clone())).collect();
    assert_eq!(
        json!(types),
        json!([
            ["id", "bigint"],
            ["price", "double"],
            ["name", "string"],
            ["ok", "boolean"],
            ["day", "date"],
            ["seen", "timestamp"],
            ["empty", "string"],
            ["_rescued_data", "string"],
        ])
    );
    for (query, expect) in [
        // Everything below the folder, hidden files left out.
        (
            format!("SELECT id, name, seen FROM read_files('{ROOT}/t') ORDER BY id"),
            json!([
                ["1", "ann", "2024-01-02T03:04:05.000Z"],
                ["2", "b, o\"b", "2024-02-03T04:05:06.000Z"],
                ["3", "x", null],
            ]),
        ),
        (format!("SELECT count(*) FROM read_files('{ROOT}/t/*.csv', format => 'csv')"), json!([["2"]])),
        (format!("SELECT count(*) FROM read_files('{ROOT}/{{t,j}}/a.csv', format => 'csv')"), json!([["2"]])),
        // A path as a table has neither names nor types of its own.
        (format!("SELECT _c0, _c2 FROM csv.`{ROOT}/t/a.csv` LIMIT 2"), json!([["id", "name"], ["1", "ann"]])),
        (
            format!("SELECT * FROM json.`{ROOT}/j` ORDER BY b"),
            json!([["{\"x\":[1],\"y\":\"2024-01-01\"}", "1.0"], [null, "2.5"],]),
        ),
        (format!("SELECT * FROM text.`{ROOT}/lines.txt`"), json!([["one"], [""], ["three"]])),
        // Columns by position; what does not fit is NULL.
        (
            format!(
                "SELECT * FROM read_files('{ROOT}/t/a.csv', format => 'csv', header => true, schema => 'n INT, p INT, s STRING')"
            ),
            json!([["1", null, "ann"], ["2", "2", "b, o\"b"]]),
        ),
        (
            format!(
                "WITH f AS (SELECT * FROM read_files('{ROOT}/t', header => true)) SELECT a.id FROM f a JOIN f b ON a.id = b.id + 1 ORDER BY 1"
            ),
            json!([["2"], ["3"]]),
        ),
    ] {
        assert_eq!(lab.sql(&query).await, expect, "{query}");
    }
    lab.sql(&format!("CREATE TABLE t AS SELECT id, price FROM read_files('{ROOT}/t')")).await;
    lab.sql(&format!("INSERT INTO t SELECT id + 10, price FROM read_files('{ROOT}/t')")).await;
    assert_eq!(lab.sql("SELECT count(*), sum(id) FROM t").await, json!([["6", "42"]]));
    // The same text again reads what is there now.
    let count = format!("SELECT count(*) FROM read_files('{ROOT}/t')");
    assert_eq!(lab.sql(&count).await, json!([["3"]]));
    put(&lab, "t/c.csv", "id,price,name,ok,day,seen,empty\n4,,,,,,\n").await;
    assert_eq!(lab.sql(&count).await, json!([["4"]]));
    assert_eq!(links(&lab), 0, "links are gone with their statements");
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_databricks_own_and_name_no_place_of_this_machine() {
    let lab = lab().await;
    put(&lab, "a.csv", "x\n1\n").await;
    put(&lab, "bad.json", "{\"a\": 1}\n{\"a\": \n").await;
    put(&lab, "bad.parquet", "no parquet").await;
    put(&lab, "y=1/p.csv", "x\n1\n").await;
    let made = lab.request(ANN, Method::PUT, &format!("/api/2.0/fs/directories{ROOT}/empty")).send().await.unwrap();
    assert!(made.status().is_success());
    for (query, expect) in [
        (format!("SELECT * FROM read_files('{ROOT}/nosuch.csv')"), "PATH_NOT_FOUND"),
        (format!("SELECT * FROM csv.`{ROOT}/nosuch`"), "PATH_NOT_FOUND"),
        (format!("SELECT * FROM csv.`{ROOT}/*.nosuch`"), "PATH_NOT_FOUND"),
        ("SELECT * FROM read_files('/Volumes/main/default/nosuch/x')".to_owned(), "PATH_NOT_FOUND"),
        (format!("SELECT * FROM read_files('{ROOT}/empty', format => 'csv')"), "CF_EMPTY_DIR_FOR_SCHEMA_INFERENCE"),
        (format!("SELECT * FROM csv.`{ROOT}/empty`"), "UNABLE_TO_INFER_SCHEMA"),
        (format!("SELECT * FROM json.`{ROOT}/bad.json`"), "MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION"),
        (format!("SELECT * FROM parquet.`{ROOT}/bad.parquet`"), "MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION"),
        (format!("SELECT nosuch FROM csv.`{ROOT}/a.csv`"), "UNRESOLVED_COLUMN.WITH_SUGGESTION"),
        // A folder whose name holds a column.
        (format!("SELECT * FROM read_files('{ROOT}', format => 'csv')"), "UNSUPPORTED_FEATURE"),
        (format!("EXPLAIN SELECT * FROM csv.`{ROOT}/a.csv`"), "UNSUPPORTED_FEATURE"),
    ] {
        assert_eq!(class(&lab, &query).await, expect, "{query}");
    }
    let empty = format!("SELECT * FROM read_files('{ROOT}/empty', format => 'csv', schema => 'a INT')");
    assert_eq!(lab.sql(&empty).await, json!([]));
    assert_eq!(links(&lab), 0);
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_files_of_volumes_is_read() {
    let lab = lab().await;
    put(&lab, "a.csv", "x\n1\n").await;
    let secret = lab.folder().join("secret.csv");
    std::fs::write(&secret, "s\nbeyond\n").unwrap();
    let secret = secret.to_str().unwrap();
    for path in [
        "/etc/passwd",
        secret,
        "file:///etc/passwd",
        "s3://bucket/x.csv",
        "http://127.0.0.1:1/x.csv",
        "/Volumes/main/default/lab/../../../etc/passwd",
        "/Volumes/main/default/lab/a.csv/../../../../../etc/passwd",
        "/Volumes/../etc/passwd",
    ] {
        for query in [
            format!("SELECT * FROM read_files('{path}', format => 'csv')"),
            format!("SELECT * FROM csv.`{path}`"),
            format!("SELECT * FROM text.`{path}`"),
            format!("COPY INTO main.default.t FROM '{path}' FILEFORMAT = CSV"),
            format!("LIST '{path}'"),
        ] {
            let class = class(&lab, &query).await;
            assert!(["UNSUPPORTED_FEATURE", "INVALID_PARAMETER_VALUE"].contains(&class.as_str()), "{query}: {class}");
        }
    }
    // DuckDB's own ways to files stay closed.
    for query in [
        format!("SELECT * FROM read_csv('{secret}')"),
        format!("SELECT * FROM read_text('{secret}')"),
        format!("SELECT * FROM '{secret}'"),
        format!("SELECT * FROM `{secret}`"),
        format!("SELECT * FROM glob('{ROOT}/*')"),
    ] {
        class(&lab, &query).await;
    }
    #[cfg(unix)]
    {
        let info = lab.get("/api/2.1/unity-catalog/volumes/main.default.lab").await;
        let folder = lab.folder().join("volumes").join(info["volume_id"].as_str().unwrap());
        std::fs::create_dir(folder.join("l")).unwrap();
        for (link, target) in [("l/file.csv", secret), ("l/up", "../../.."), ("l/loop", "loop"), ("l/etc", "/etc")] {
            std::os::unix::fs::symlink(target, folder.join(link)).unwrap();
        }
        for path in ["l/file.csv", "l/up/secret.csv", "l/loop", "l/etc/passwd", "l/u*/secret.csv", "l/*"] {
            let found = class(&lab, &format!("SELECT * FROM csv.`{ROOT}/{path}`")).await;
            assert_eq!(found, "PATH_NOT_FOUND", "{path}");
        }
        let all = lab.sql(&format!("SELECT count(*) FROM read_files('{ROOT}', format => 'csv')")).await;
        assert_eq!(all, json!([["1"]]), "links are left out of a folder");
    }
    // What stands for files in a statement cannot be written by its author: literals and options keep their text.
    put(&lab, "q.csv", "a;'b\"c\n").await;
    let odd = format!(
        "SELECT 'bl_source_', _c0, _c1 FROM read_files('{ROOT}/q.csv', format => 'csv', header => false, sep => ';', nullValue => ''') FROM x --')"
    );
    let answer = lab.submit(&odd, json!({})).await;
    assert!(!answer.to_string().contains("INTERNAL_ERROR"), "{answer}");
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn globs_of_very_many_files_are_refused_by_name() {
    let lab = lab().await;
    put(&lab, "many/a.csv", "x\n1\n").await;
    let info = lab.get("/api/2.1/unity-catalog/volumes/main.default.lab").await;
    let folder = lab.folder().join("volumes").join(info["volume_id"].as_str().unwrap()).join("many");
    for index in 0..10_001 {
        std::fs::write(folder.join(format!("{index}.csv")), "").unwrap();
    }
    let message = lab.sql_error(&format!("SELECT count(*) FROM csv.`{ROOT}/many/*`")).await;
    assert!(message.contains("more than 10000 files"), "{message}");
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn copy_into_loads_each_file_once() {
    let lab = lab().await;
    put(&lab, "in/a.csv", "id,name\n1,a\n2,b\n").await;
    lab.sql("CREATE TABLE t (id INT, name STRING)").await;
    let copy = format!(
        "COPY INTO t FROM '{ROOT}/in' FILEFORMAT = CSV FORMAT_OPTIONS ('header' = 'true', 'inferSchema' = 'true')"
    );
    assert_eq!(lab.sql(&copy).await, json!([["2", "2", "0"]]));
    assert_eq!(lab.sql(&copy).await, json!([["0", "0", "0"]]), "files that were loaded are left out");
    put(&lab, "in/b.csv", "name,id\nc,3\n").await;
    put(&lab, "in/other.txt", "no\n").await;
    let pattern = copy.replace("FILEFORMAT = CSV", "FILEFORMAT = CSV PATTERN = '*.csv'");
    assert_eq!(lab.sql(&pattern).await, json!([["1", "1", "0"]]), "columns go by their names");
    assert_eq!(lab.sql("SELECT * FROM t ORDER BY id").await, json!([["1", "a"], ["2", "b"], ["3", "c"]]));
    let force = format!("{pattern} COPY_OPTIONS ('force' = 'true')");
    assert_eq!(lab.sql(&force).await, json!([["3", "3", "0"]]));
    let one = copy.replace("FILEFORMAT = CSV", "FILEFORMAT = CSV FILES = ('a.csv')");
    assert_eq!(lab.sql(&format!("{one} COPY_OPTIONS ('force' = 'true')")).await, json!([["2", "2", "0"]]));

    // A query over the files, and a table that begins anew with its name.
    lab.sql("CREATE TABLE u (id BIGINT, twice BIGINT)").await;
    let query = format!(
        "COPY INTO u FROM (SELECT id::BIGINT AS id, id::BIGINT * 2 AS twice FROM '{ROOT}/in/a.csv') FILEFORMAT = CSV \
         FORMAT_OPTIONS ('header' = 'true')"
    );
    assert_eq!(lab.sql(&query).await, json!([["2", "2", "0"]]));
    assert_eq!(lab.sql("SELECT sum(twice) FROM u").await, json!([["6"]]));
    lab.sql("DROP TABLE u").await;
    lab.sql("CREATE TABLE u (id BIGINT, twice BIGINT)").await;
    assert_eq!(lab.sql(&query).await, json!([["2", "2", "0"]]));

    for (statement, expect) in [
        (copy.replace(", 'inferSchema' = 'true'", "").replace("INTO t", "INTO u"), "DELTA_METADATA_MISMATCH"),
        (
            copy.replace("INTO t", "INTO u").replace("FILEFORMAT = CSV", "FILEFORMAT = CSV FILES = ('b.csv')"),
            "DELTA_METADATA_MISMATCH",
        ),
        (
            format!(
                "COPY INTO u BY POSITION FROM '{ROOT}/in/b.csv' FILEFORMAT = CSV FORMAT_OPTIONS ('header' = 'true')"
            ),
            "DELTA_FAILED_TO_MERGE_FIELDS",
        ),
        (copy.replace("INTO t", "INTO nosuch"), "TABLE_OR_VIEW_NOT_FOUND"),
        (copy.replace("INTO t", "INTO samples.nyctaxi.trips"), "INSUFFICIENT_PERMISSIONS"),
        (copy.replace("/in'", "/nosuch'"), "PATH_NOT_FOUND"),
        (copy.replace("FILEFORMAT = CSV", "FILEFORMAT = AVRO"), "UNSUPPORTED_FEATURE"),
        (copy.replace("FILEFORMAT = CSV", ""), "PARSE_SYNTAX_ERROR"),
        (format!("{copy} COPY_OPTIONS ('mergeSchema' = 'true')"), "UNSUPPORTED_FEATURE"),
    ] {
        assert_eq!(class(&lab, &statement).await, expect, "{statement}");
    }
    // Loaded files are remembered beyond a restart.
    let folder = lab.stop().await;
    let lab = Lab::start_in(folder).await;
    assert_eq!(lab.sql(&pattern).await, json!([["0", "0", "0"]]));
    assert_eq!(links(&lab), 0);
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_volumes_are_read_by_those_who_may() {
    let lab = lab().await;
    put(&lab, "a.csv", "x\n1\n").await;
    let read = format!("SELECT * FROM csv.`{ROOT}/a.csv`");
    for statement in [read.as_str(), &format!("SELECT * FROM read_files('{ROOT}')"), &format!("LIST '{ROOT}'")] {
        let answer = as_bob(&lab, statement).await;
        let message = answer["status"]["error"]["message"].as_str().unwrap_or_default();
        assert!(message.contains("INSUFFICIENT_PERMISSIONS") && message.contains("READ VOLUME"), "{answer}");
    }
    lab.sql("GRANT READ VOLUME ON VOLUME main.default.lab TO `bob@example.com`").await;
    lab.sql("CREATE SCHEMA main.own").await;
    for statement in ["DROP VOLUME main.default.lab", "CREATE VOLUME main.own.v"] {
        let answer = as_bob(&lab, statement).await;
        let message = answer["status"]["error"]["message"].as_str().unwrap_or_default();
        assert!(message.contains("INSUFFICIENT_PERMISSIONS"), "{answer}");
    }
    assert_eq!(as_bob(&lab, "SHOW VOLUMES IN main.default").await["result"]["data_array"], json!([["default", "lab"]]));
    assert_eq!(as_bob(&lab, &read).await["result"]["data_array"], json!([["x"], ["1"]]));
    lab.stop().await;
}

/// Of a view over files or information_schema the engine keeps the columns only.
#[tokio::test(flavor = "multi_thread")]
async fn views_over_files_and_information_schema_are_read_as_queries() {
    let lab = lab().await;
    put(&lab, "a.csv", "x,y\n1,a\n2,b\n").await;
    for statement in [
        format!("CREATE VIEW main.default.papers AS SELECT * FROM read_files('{ROOT}/a.csv', format => 'csv', header => true)"),
        "USE main.default".to_owned(),
        "CREATE VIEW main.default.counted (k, n) AS SELECT y, count(*) FROM main.default.papers GROUP BY y".to_owned(),
        "CREATE VIEW main.default.mine AS SELECT table_name FROM information_schema.tables WHERE table_schema = 'default'".to_owned(),
        "CREATE TABLE main.default.annas (id INT)".to_owned(),
        "GRANT SELECT ON VIEW main.default.counted TO `account users`".to_owned(),
        "GRANT SELECT ON VIEW main.default.mine TO `account users`".to_owned(),
    ] {
        lab.sql(&statement).await;
    }
    put(&lab, "a.csv", "x,y\n1,a\n2,b\n3,b\n").await;
    let lab = Lab::start_in(lab.stop().await).await;
    for (token, statement, expected) in [
        (ANN, "SELECT x, y FROM main.default.papers WHERE x > 1 ORDER BY x", json!([["2", "b"], ["3", "b"]])),
        // The files are the view's owner's to read.
        (BOB, "SELECT c.k, n FROM main.default.counted AS c ORDER BY k", json!([["a", "1"], ["b", "2"]])),
        (
            BOB,
            "SELECT p.n FROM main.default.counted p JOIN main.default.counted q USING (k) ORDER BY 1",
            json!([["1"], ["2"]]),
        ),
        // What there is to know depends on who asks.
        (ANN, "SELECT * FROM main.default.mine ORDER BY 1", json!([["annas"], ["counted"], ["mine"], ["papers"]])),
        (BOB, "SELECT * FROM main.default.mine ORDER BY 1", json!([["counted"], ["mine"]])),
        (ANN, "DESCRIBE main.default.counted", json!([["k", "string", null], ["n", "bigint", null]])),
    ] {
        let answer = grants::run(&lab, token, statement).await;
        assert_eq!(lab.rows(&answer), expected, "{statement}");
    }
    for (statement, expect) in [
        ("SELECT * FROM main.default.counted WHERE nosuch = 1", "UNRESOLVED_COLUMN.WITH_SUGGESTION"),
        ("EXPLAIN SELECT * FROM main.default.counted", "UNSUPPORTED_FEATURE"),
        (
            "CREATE VIEW main.default.bad (a, b, c) AS SELECT * FROM main.default.counted",
            "CREATE_VIEW_COLUMN_ARITY_MISMATCH.NOT_ENOUGH_DATA_COLUMNS",
        ),
    ] {
        assert_eq!(class(&lab, statement).await, expect, "{statement}");
    }
    let gone = lab.request(ANN, Method::DELETE, &format!("/api/2.0/fs/files{ROOT}/a.csv")).send().await.unwrap();
    assert!(gone.status().is_success());
    assert_eq!(class(&lab, "SELECT * FROM main.default.counted").await, "PATH_NOT_FOUND");
    assert_eq!(links(&lab), 0);
    lab.stop().await;
}
