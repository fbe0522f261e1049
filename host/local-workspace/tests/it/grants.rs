//! What SQL lets whom do. Ann administers; Bob was given this and that; Eve has what everybody has.

use std::time::Duration;

use base64::Engine as _;
use bricklayer_local_workspace::Token;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    harness::{ANN, BOB, Lab},
    runs::{LOOKS, is, results, tasks_of},
};

pub(crate) const EVE: &str = "token-of-eve";

/// What Ann makes and gives, one statement a line.
const GROUND: &str = "
CREATE CATALOG hidden
CREATE SCHEMA hidden.s
CREATE TABLE hidden.s.t AS SELECT 1 AS id
CREATE CATALOG lab
CREATE SCHEMA lab.closed
CREATE TABLE lab.closed.t AS SELECT 1 AS id
CREATE SCHEMA lab.open
CREATE TABLE lab.open.t AS SELECT 1 AS id, 'a' AS name
CREATE TABLE lab.open.secret AS SELECT 7 AS id, 'x' AS name
CREATE TABLE lab.open.m (id INT, name STRING)
CREATE TABLE lab.open.sm AS SELECT 1 AS id, 'a' AS name
CREATE TABLE lab.open.mine AS SELECT 1 AS id, 'a' AS name
CREATE TABLE lab.open.mg AS SELECT 1 AS id
CREATE TABLE lab.open.browsed AS SELECT 1 AS id
CREATE VIEW lab.open.v AS SELECT id FROM lab.open.secret
CREATE VIEW lab.open.w AS SELECT id FROM lab.open.secret
CREATE FUNCTION lab.open.f(x INT) RETURNS INT RETURN x + 1
CREATE FUNCTION lab.open.g(x INT) RETURNS INT RETURN x + 1
CREATE FUNCTION lab.open.peek() RETURNS INT RETURN (SELECT max(id) FROM lab.open.secret)
CREATE VOLUME lab.open.files
CREATE VOLUME lab.open.papers
CREATE SCHEMA lab.made
CREATE SCHEMA lab.managed
CREATE TABLE lab.managed.t AS SELECT 1 AS id
CREATE TABLE main.default.anns AS SELECT 1 AS id
CREATE FUNCTION main.default.annsf() RETURNS INT RETURN 1
GRANT USE CATALOG ON CATALOG lab TO `account users`
GRANT USE SCHEMA ON SCHEMA lab.open TO `account users`
GRANT USE SCHEMA ON SCHEMA lab.made TO `bob@example.com`
GRANT CREATE TABLE ON SCHEMA lab.made TO `bob@example.com`
GRANT CREATE FUNCTION ON SCHEMA lab.made TO `bob@example.com`
GRANT CREATE VOLUME ON SCHEMA lab.made TO `bob@example.com`
GRANT USE SCHEMA ON SCHEMA lab.managed TO `bob@example.com`
GRANT MANAGE ON SCHEMA lab.managed TO `bob@example.com`
GRANT SELECT ON TABLE lab.open.t TO `bob@example.com`
GRANT MODIFY ON TABLE lab.open.m TO `bob@example.com`
GRANT SELECT, MODIFY ON TABLE lab.open.sm TO `bob@example.com`
GRANT MANAGE ON TABLE lab.open.mg TO `bob@example.com`
GRANT BROWSE ON TABLE lab.open.browsed TO `bob@example.com`
GRANT SELECT ON TABLE lab.closed.t TO `bob@example.com`
GRANT SELECT ON TABLE hidden.s.t TO `bob@example.com`
GRANT SELECT ON VIEW lab.open.v TO `bob@example.com`
GRANT EXECUTE ON FUNCTION lab.open.f TO `bob@example.com`
GRANT EXECUTE ON FUNCTION lab.open.peek TO `bob@example.com`
GRANT READ VOLUME ON VOLUME lab.open.files TO `bob@example.com`
ALTER TABLE lab.open.mine OWNER TO `bob@example.com`
";

pub(crate) async fn ground() -> Lab {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::start_with(folder, |config| config.tokens.push(Token::new(EVE, "eve@example.com"))).await;
    for statement in GROUND.lines().filter(|line| !line.is_empty()) {
        lab.sql(statement).await;
    }
    for volume in ["files", "papers"] {
        let path = format!("/api/2.0/fs/files/Volumes/lab/open/{volume}/a.csv");
        let put = lab.request(ANN, Method::PUT, &path).body("id,name\n5,e\n").send().await.unwrap();
        assert!(put.status().is_success());
    }
    lab
}

pub(crate) async fn run(lab: &Lab, token: &str, statement: &str) -> Value {
    let body = json!({"statement": statement, "warehouse_id": lab.warehouse, "wait_timeout": "50s"});
    lab.call(Some(token), Method::POST, "/api/2.0/sql/statements", Some(body)).await.1
}

/// Runs each statement as its user and compares what is refused: nothing, what the user lacks, or another error's class.
pub(crate) async fn check(lab: &Lab, cases: &[(&str, &str, &str)]) {
    let mut wrong = Vec::new();
    for (token, statement, lacking) in cases {
        let answer = run(lab, token, statement).await;
        let message = answer["status"]["error"]["message"].as_str().unwrap_or_default();
        let as_expected = match *lacking {
            "" => answer["status"]["state"] == "SUCCEEDED",
            class if class.starts_with('[') => message.starts_with(class),
            lacking => {
                message
                    == format!(
                        "[INSUFFICIENT_PERMISSIONS] Insufficient privileges: User does not have {lacking}. SQLSTATE: 42501"
                    )
            }
        };
        if !as_expected {
            wrong.push(format!("{token}: {statement}\n  expected {lacking:?}, got {answer}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const SECRET: &str = "SELECT on Table 'lab.open.secret'";
const CLOSED: &str = "USE SCHEMA on Schema 'lab.closed'";
const HIDDEN: &str = "USE CATALOG on Catalog 'hidden'";

#[tokio::test(flavor = "multi_thread")]
async fn reading_needs_select_and_the_way_there() {
    let lab = ground().await;
    check(
        &lab,
        &[
            (ANN, "SELECT * FROM lab.open.secret", ""),
            (BOB, "SELECT * FROM lab.open.t", ""),
            (EVE, "SELECT * FROM lab.open.t", "SELECT on Table 'lab.open.t'"),
            (BOB, "SELECT * FROM lab.open.secret", SECRET),
            (BOB, "SELECT * FROM LAB.Open.`SECRET`", SECRET),
            (BOB, "TABLE lab.open.secret", SECRET),
            (BOB, "FROM lab.open.secret SELECT id", SECRET),
            (BOB, "SELECT (SELECT max(id) FROM lab.open.secret)", SECRET),
            (BOB, "SELECT * FROM lab.open.t WHERE id IN (SELECT id FROM lab.open.secret)", SECRET),
            (BOB, "SELECT * FROM lab.open.t WHERE EXISTS (SELECT 1 FROM lab.open.secret)", SECRET),
            (BOB, "SELECT * FROM lab.open.t a JOIN lab.open.secret b ON a.id = b.id", SECRET),
            (BOB, "SELECT * FROM lab.open.t, lab.open.secret", SECRET),
            (BOB, "SELECT id FROM lab.open.t UNION ALL SELECT id FROM lab.open.secret", SECRET),
            (BOB, "WITH c AS (SELECT * FROM lab.open.secret) SELECT * FROM c", SECRET),
            (BOB, "SELECT * FROM (SELECT * FROM (SELECT id FROM lab.open.secret))", SECRET),
            (BOB, "SELECT * FROM IDENTIFIER('lab.open.' || 'secret')", SECRET),
            (BOB, "EXPLAIN SELECT * FROM lab.open.secret", SECRET),
            (BOB, "DESCRIBE QUERY SELECT * FROM lab.open.secret", SECRET),
            (BOB, "SELECT * FROM lab.open.t ORDER BY (SELECT max(id) FROM lab.open.secret)", SECRET),
            (BOB, "SELECT max(id) FROM lab.open.t HAVING max(id) < (SELECT max(id) FROM lab.open.secret)", SECRET),
            (
                BOB,
                "SELECT * FROM lab.open.t LATERAL VIEW explode(array((SELECT max(id) FROM lab.open.secret))) e AS x",
                SECRET,
            ),
            // The way to it comes first.
            (BOB, "SELECT * FROM lab.closed.t", CLOSED),
            (BOB, "SELECT * FROM lab.closed.nosuch", CLOSED),
            (BOB, "SELECT * FROM hidden.s.t", HIDDEN),
            (BOB, "SELECT * FROM hidden.nosuch.t", HIDDEN),
            (BOB, "SELECT * FROM lab.open.nosuch", "[TABLE_OR_VIEW_NOT_FOUND]"),
            (BOB, "SELECT * FROM nosuch.s.t", "[TABLE_OR_VIEW_NOT_FOUND]"),
            // The workspace's own places are everybody's, what others made there is theirs.
            (EVE, "SELECT count(*) FROM samples.nyctaxi.trips", ""),
            (EVE, "CREATE TABLE eves AS SELECT 1 AS id", ""),
            (EVE, "SELECT * FROM eves", ""),
            (EVE, "INSERT INTO eves VALUES (2)", ""),
            (BOB, "SELECT * FROM eves", "SELECT on Table 'main.default.eves'"),
            (BOB, "SELECT * FROM anns", "SELECT on Table 'main.default.anns'"),
            (EVE, "DROP TABLE eves", ""),
            // A view reads as its owner, a function too.
            (BOB, "SELECT * FROM lab.open.v", ""),
            (BOB, "SELECT * FROM lab.open.w", "SELECT on Table 'lab.open.w'"),
            (BOB, "SELECT lab.open.peek()", ""),
            (BOB, "SELECT lab.open.f(1)", ""),
            (BOB, "SELECT lab.open.g(1)", "EXECUTE on Routine or Model 'lab.open.g'"),
            (BOB, "SELECT max(lab.open.g(id)) FROM lab.open.t", "EXECUTE on Routine or Model 'lab.open.g'"),
            (BOB, "SELECT 1 + AnnsF()", "EXECUTE on Routine or Model 'main.default.annsf'"),
            (EVE, "SELECT lab.open.peek()", "EXECUTE on Routine or Model 'lab.open.peek'"),
            // A name that a common table expression has elsewhere is a table's here.
            (EVE, "CREATE TABLE eves AS SELECT 1 AS id", ""),
            (BOB, "SELECT * FROM (WITH eves AS (SELECT 1) SELECT * FROM eves) a, eves b", "[TABLE_OR_VIEW_NOT_FOUND]"),
            (BOB, "WITH eves AS (SELECT 5 AS id) SELECT eves.id FROM eves WHERE Eves.id > 1", ""),
            (BOB, "WITH RECURSIVE r(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT * FROM r", ""),
        ],
    )
    .await;
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changing_rows_needs_modify() {
    let lab = ground().await;
    let (m, t) = ("MODIFY on Table 'lab.open.secret'", "MODIFY on Table 'lab.open.t'");
    check(
        &lab,
        &[
            (BOB, "INSERT INTO lab.open.m VALUES (1, 'a')", ""),
            (BOB, "INSERT INTO lab.open.m SELECT * FROM lab.open.t", ""),
            (BOB, "INSERT INTO lab.open.m SELECT * FROM lab.open.secret", SECRET),
            (BOB, "INSERT INTO lab.open.secret VALUES (1, 'a')", m),
            (BOB, "INSERT OVERWRITE lab.open.secret SELECT * FROM lab.open.t", m),
            (BOB, "INSERT INTO lab.open.t REPLACE WHERE id = 1 SELECT 1, 'b'", t),
            (EVE, "INSERT INTO lab.open.m VALUES (1, 'a')", "MODIFY on Table 'lab.open.m'"),
            (BOB, "SELECT * FROM lab.open.m", "SELECT on Table 'lab.open.m'"),
            (BOB, "UPDATE lab.open.sm SET name = 'b' WHERE id = 1", ""),
            (BOB, "UPDATE lab.open.m SET name = 'b' WHERE id = 1", "SELECT on Table 'lab.open.m'"),
            (BOB, "UPDATE lab.open.t SET name = 'b'", t),
            (BOB, "UPDATE lab.open.sm SET id = (SELECT max(id) FROM lab.open.secret)", SECRET),
            (BOB, "UPDATE lab.open.sm SET id = 1 WHERE id IN (SELECT id FROM lab.open.secret)", SECRET),
            (BOB, "UPDATE lab.open.sm SET id = s.id FROM lab.open.secret s", SECRET),
            (BOB, "UPDATE lab.open.sm, lab.open.secret SET id = 1", "["),
            (BOB, "DELETE FROM lab.open.sm WHERE id = 9", ""),
            (BOB, "DELETE FROM lab.open.t", t),
            (BOB, "DELETE FROM lab.open.sm WHERE EXISTS (SELECT 1 FROM lab.open.secret)", SECRET),
            (BOB, "DELETE FROM lab.open.sm USING lab.open.secret s WHERE true", "[PARSE_SYNTAX_ERROR]"),
            (BOB, "DELETE FROM lab.open.sm USING anns WHERE true", "[UNSUPPORTED_FEATURE]"),
            (BOB, "MERGE INTO lab.open.sm USING lab.open.t s ON sm.id = s.id WHEN MATCHED THEN UPDATE SET name = s.name", ""),
            (BOB, "MERGE INTO lab.open.sm USING lab.open.secret s ON sm.id = s.id WHEN MATCHED THEN DELETE", SECRET),
            (BOB, "MERGE INTO lab.open.t USING lab.open.sm s ON t.id = s.id WHEN MATCHED THEN DELETE", t),
            (
                BOB,
                "MERGE INTO lab.open.m USING lab.open.t s ON m.id = s.id WHEN MATCHED THEN DELETE",
                "SELECT on Table 'lab.open.m'",
            ),
            (BOB, "TRUNCATE TABLE lab.open.t", t),
            (BOB, "OPTIMIZE lab.open.t", t),
            (BOB, "VACUUM lab.open.m", ""),
            (BOB, "COPY INTO lab.open.m FROM '/Volumes/lab/open/files' FILEFORMAT = CSV FORMAT_OPTIONS ('header' = 'true', 'inferSchema' = 'true')", ""),
            (BOB, "COPY INTO lab.open.t FROM '/Volumes/lab/open/files' FILEFORMAT = CSV", t),
            (BOB, "COPY INTO lab.open.m FROM '/Volumes/lab/open/papers' FILEFORMAT = CSV", "READ VOLUME on Volume 'lab.open.papers'"),
            (BOB, "SELECT * FROM read_files('/Volumes/lab/open/files/a.csv')", ""),
            (BOB, "SELECT * FROM csv.`/Volumes/lab/open/papers/a.csv`", "READ VOLUME on Volume 'lab.open.papers'"),
            (BOB, "LIST '/Volumes/lab/open/papers'", "READ VOLUME on Volume 'lab.open.papers'"),
            (EVE, "LIST '/Volumes/lab/open/files'", "READ VOLUME on Volume 'lab.open.files'"),
            (BOB, "INSERT INTO samples.nyctaxi.trips SELECT * FROM samples.nyctaxi.trips", "["),
        ],
    )
    .await;
    assert_eq!(lab.sql("SELECT count(*) FROM lab.open.t").await, json!([["1"]]));
    assert_eq!(lab.sql("SELECT count(*) FROM lab.open.secret").await, json!([["1"]]));
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn making_needs_the_right_to_make() {
    let lab = ground().await;
    let table = "CREATE TABLE on Schema 'lab.open'";
    check(
        &lab,
        &[
            (BOB, "CREATE CATALOG bobs", "CREATE CATALOG on Metastore 'metastore'"),
            (BOB, "CREATE SCHEMA lab.bobs", "CREATE SCHEMA on Catalog 'lab'"),
            (BOB, "CREATE SCHEMA hidden.bobs", HIDDEN),
            (BOB, "CREATE TABLE lab.open.new (id INT)", table),
            (BOB, "CREATE TABLE lab.open.new AS SELECT 1 AS id", table),
            (BOB, "CREATE TABLE IF NOT EXISTS lab.open.t (id INT)", table),
            (BOB, "CREATE VIEW lab.open.new AS SELECT 1 AS id", table),
            (BOB, "CREATE TABLE lab.closed.new (id INT)", CLOSED),
            (BOB, "CREATE FUNCTION lab.open.new() RETURNS INT RETURN 1", "CREATE FUNCTION on Schema 'lab.open'"),
            (BOB, "CREATE VOLUME lab.open.new", "CREATE VOLUME on Schema 'lab.open'"),
            (BOB, "CREATE TABLE lab.made.t AS SELECT * FROM lab.open.t", ""),
            (BOB, "CREATE TABLE lab.made.x AS SELECT * FROM lab.open.secret", SECRET),
            (BOB, "CREATE TABLE lab.made.x LIKE lab.open.secret", SECRET),
            (BOB, "CREATE TABLE lab.made.x SHALLOW CLONE lab.open.secret", SECRET),
            (BOB, "CREATE VIEW lab.made.x AS SELECT * FROM lab.open.secret", SECRET),
            (BOB, "CREATE FUNCTION lab.made.x() RETURNS INT RETURN (SELECT max(id) FROM lab.open.secret)", SECRET),
            (
                BOB,
                "CREATE FUNCTION lab.made.x(i INT) RETURNS INT RETURN lab.open.g(i)",
                "EXECUTE on Routine or Model 'lab.open.g'",
            ),
            (BOB, "CREATE VIEW lab.made.v AS SELECT * FROM lab.open.v", ""),
            (BOB, "SELECT * FROM lab.made.v", ""),
            (BOB, "CREATE FUNCTION lab.made.f(i INT) RETURNS INT RETURN lab.open.f(i)", ""),
            (BOB, "CREATE VOLUME lab.made.files", ""),
            (BOB, "CREATE OR REPLACE TABLE lab.made.t AS SELECT 1 AS id", ""),
            (ANN, "CREATE TABLE lab.made.anns AS SELECT 1 AS id", ""),
            (BOB, "CREATE OR REPLACE TABLE lab.made.anns AS SELECT 2 AS id", "MANAGE on Table 'lab.made.anns'"),
            (BOB, "CREATE TABLE lab.made.`with t` (id INT)", "[INVALID_SCHEMA_OR_RELATION_NAME]"),
            // What one made is one's own; others need to be let in.
            (EVE, "SELECT * FROM lab.made.t", "USE SCHEMA on Schema 'lab.made'"),
            (BOB, "GRANT SELECT ON TABLE lab.made.t TO `eve@example.com`", ""),
            (BOB, "GRANT USE SCHEMA ON SCHEMA lab.made TO `eve@example.com`", "MANAGE on Schema 'lab.made'"),
            (ANN, "GRANT USE SCHEMA ON SCHEMA lab.made TO `eve@example.com`", ""),
            (EVE, "SELECT * FROM lab.made.t", ""),
            (BOB, "REVOKE SELECT ON TABLE lab.made.t FROM `eve@example.com`", ""),
            (EVE, "SELECT * FROM lab.made.t", "SELECT on Table 'lab.made.t'"),
            // A view shows nothing when its owner may not read it any more.
            (ANN, "GRANT SELECT ON TABLE lab.made.v TO `eve@example.com`", ""),
            (BOB, "GRANT SELECT ON TABLE lab.made.v TO `eve@example.com`", ""),
            (EVE, "SELECT * FROM lab.made.v", ""),
            (ANN, "REVOKE SELECT ON VIEW lab.open.v FROM `bob@example.com`", ""),
            (
                EVE,
                "SELECT * FROM lab.made.v",
                "[INSUFFICIENT_PERMISSIONS] Insufficient privileges: the owner 'bob@example.com'",
            ),
        ],
    )
    .await;
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changing_objects_needs_manage_or_their_ownership() {
    let lab = ground().await;
    let t = "MANAGE on Table 'lab.open.t'";
    check(
        &lab,
        &[
            (BOB, "DROP TABLE lab.open.t", t),
            (BOB, "DROP TABLE IF EXISTS lab.open.t", t),
            (BOB, "DROP TABLE IF EXISTS lab.open.nosuch", ""),
            (BOB, "DROP VIEW lab.open.v", "MANAGE on Table 'lab.open.v'"),
            (BOB, "DROP FUNCTION lab.open.f", "MANAGE on Routine or Model 'lab.open.f'"),
            (BOB, "DROP VOLUME lab.open.files", "MANAGE on Volume 'lab.open.files'"),
            (BOB, "DROP SCHEMA lab.open CASCADE", "MANAGE on Schema 'lab.open'"),
            (BOB, "DROP CATALOG lab CASCADE", "MANAGE on Catalog 'lab'"),
            (BOB, "DROP CATALOG hidden CASCADE", "MANAGE on Catalog 'hidden'"),
            (BOB, "ALTER TABLE lab.open.t RENAME TO lab.open.u", t),
            (BOB, "ALTER TABLE lab.open.t ADD COLUMN x INT", "MODIFY on Table 'lab.open.t'"),
            (BOB, "ALTER TABLE lab.open.m ADD COLUMN x INT", ""),
            (BOB, "ALTER TABLE lab.open.mg ADD COLUMN x INT", ""),
            (BOB, "ALTER TABLE lab.open.t SET TBLPROPERTIES ('a' = 'b')", "MODIFY on Table 'lab.open.t'"),
            (BOB, "ALTER TABLE lab.open.t OWNER TO `bob@example.com`", t),
            (BOB, "ALTER SCHEMA lab.open OWNER TO `bob@example.com`", "MANAGE on Schema 'lab.open'"),
            (BOB, "ALTER CATALOG lab OWNER TO `bob@example.com`", "MANAGE on Catalog 'lab'"),
            (BOB, "ALTER VIEW lab.open.v AS SELECT 1 AS id", "MANAGE on Table 'lab.open.v'"),
            (BOB, "COMMENT ON TABLE lab.open.t IS 'x'", "MODIFY on Table 'lab.open.t'"),
            (BOB, "COMMENT ON SCHEMA lab.open IS 'x'", "MANAGE on Schema 'lab.open'"),
            (BOB, "COMMENT ON COLUMN lab.open.t.id IS 'x'", "MODIFY on Table 'lab.open.t'"),
            (BOB, "COMMENT ON VOLUME lab.open.files IS 'x'", "MANAGE on Volume 'lab.open.files'"),
            (BOB, "ALTER TABLE lab.open.t SET TAGS ('a' = 'b')", "APPLY TAG on Table 'lab.open.t'"),
            (BOB, "ALTER TABLE lab.open.t ALTER COLUMN id UNSET TAGS ('a')", "APPLY TAG on Table 'lab.open.t'"),
            (BOB, "ALTER SCHEMA lab.open SET TAGS ('a' = 'b')", "APPLY TAG on Schema 'lab.open'"),
            (BOB, "SET TAG ON CATALOG lab a = b", "APPLY TAG on Catalog 'lab'"),
            (BOB, "ALTER VOLUME lab.open.files SET TAGS ('a' = 'b')", "APPLY TAG on Volume 'lab.open.files'"),
            (BOB, "ALTER VOLUME lab.open.files OWNER TO `bob@example.com`", "MANAGE on Volume 'lab.open.files'"),
            (ANN, "GRANT APPLY TAG ON TABLE lab.open.t TO `bob@example.com`", ""),
            (BOB, "ALTER TABLE lab.open.t SET TAGS ('a' = 'b')", ""),
            (BOB, "ALTER TABLE lab.open.mine ALTER COLUMN id SET TAGS ('a')", ""),
            (BOB, "GRANT SELECT ON TABLE lab.open.secret TO `bob@example.com`", "MANAGE on Table 'lab.open.secret'"),
            (BOB, "GRANT ALL PRIVILEGES ON CATALOG hidden TO `bob@example.com`", "MANAGE on Catalog 'hidden'"),
            (BOB, "REVOKE SELECT ON TABLE lab.open.t FROM `bob@example.com`", t),
            (BOB, "GRANT SELECT ON TABLE lab.open.mg TO `bob@example.com`", ""),
            (BOB, "SELECT * FROM lab.open.mg", ""),
            (BOB, "DROP TABLE lab.open.mg", ""),
            (BOB, "DROP TABLE lab.managed.t", ""),
            (BOB, "DROP SCHEMA lab.managed", ""),
            (BOB, "ALTER TABLE lab.open.mine RENAME TO lab.open.bobs", ""),
            (BOB, "COMMENT ON TABLE lab.open.bobs IS 'mine'", ""),
            (BOB, "DROP TABLE lab.open.bobs", ""),
            (BOB, "USE CATALOG hidden", HIDDEN),
            (BOB, "USE SCHEMA lab.closed", CLOSED),
            (BOB, "USE lab.open", ""),
        ],
    )
    .await;
    assert_eq!(lab.sql("SELECT count(*) FROM lab.open.t").await, json!([["1"]]));
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_and_descriptions_show_what_one_may_know() {
    let lab = ground().await;
    check(
        &lab,
        &[
            (BOB, "DESCRIBE TABLE lab.open.t", ""),
            (BOB, "DESCRIBE TABLE lab.open.browsed", ""),
            (BOB, "DESCRIBE TABLE lab.open.secret", SECRET),
            (BOB, "DESCRIBE TABLE EXTENDED lab.closed.t", CLOSED),
            (BOB, "DESCRIBE TABLE lab.open.nosuch", "[TABLE_OR_VIEW_NOT_FOUND]"),
            (BOB, "DESCRIBE HISTORY lab.open.browsed", "SELECT on Table 'lab.open.browsed'"),
            (BOB, "DESCRIBE HISTORY lab.open.t", ""),
            (BOB, "DESCRIBE DETAIL lab.open.secret", SECRET),
            (BOB, "DESCRIBE SCHEMA lab.closed", CLOSED),
            (BOB, "DESCRIBE CATALOG hidden", HIDDEN),
            (BOB, "DESCRIBE FUNCTION lab.open.f", ""),
            (BOB, "DESCRIBE FUNCTION lab.open.g", "EXECUTE on Routine or Model 'lab.open.g'"),
            (BOB, "DESCRIBE VOLUME lab.open.papers", "READ VOLUME on Volume 'lab.open.papers'"),
            (BOB, "SHOW COLUMNS IN lab.open.secret", SECRET),
            (BOB, "SHOW CREATE TABLE lab.open.secret", SECRET),
            (BOB, "SHOW TBLPROPERTIES lab.open.secret", SECRET),
            (BOB, "SHOW SCHEMAS IN hidden", HIDDEN),
            (BOB, "SHOW TABLES IN lab.closed", CLOSED),
            (BOB, "SHOW GRANTS ON TABLE lab.open.secret", SECRET),
            (
                BOB,
                "CREATE FUNCTION lab.made.n() RETURNS BIGINT RETURN (SELECT count(*) FROM lab.information_schema.tables)",
                "[UNSUPPORTED_FEATURE]",
            ),
            (BOB, "SELECT * FROM lab.information_schema.nosuch", "[TABLE_OR_VIEW_NOT_FOUND]"),
            (BOB, "SELECT * FROM nosuch.information_schema.tables", "[TABLE_OR_VIEW_NOT_FOUND]"),
        ],
    )
    .await;
    for (token, statement, expected) in [
        (BOB, "SHOW CATALOGS", json!([["lab"], ["main"], ["samples"]])),
        (EVE, "SHOW SCHEMAS IN lab", json!([["information_schema"], ["open"]])),
        (BOB, "SHOW TABLES IN lab.open", json!(["browsed", "m", "mg", "mine", "sm", "t", "v"])),
        (EVE, "SHOW TABLES IN lab.open", json!([])),
        (BOB, "SHOW VIEWS IN lab.open", json!(["v"])),
        (BOB, "SHOW VOLUMES IN lab.open", json!(["files"])),
        (BOB, "SHOW USER FUNCTIONS IN lab.open", json!([["lab.open.f"], ["lab.open.peek"]])),
        (BOB, "SHOW GRANTS ON TABLE lab.open.t", json!([["bob@example.com", "SELECT", "TABLE", "lab.open.t"]])),
        (BOB, "SHOW GRANTS ON SCHEMA lab.open", json!([["account users", "USE SCHEMA", "SCHEMA", "lab.open"]])),
        (
            BOB,
            "SELECT catalog_name FROM system.information_schema.catalogs ORDER BY 1",
            json!([["lab"], ["main"], ["samples"]]),
        ),
        (EVE, "SELECT catalog_name FROM hidden.information_schema.catalogs", json!([])),
        (
            EVE,
            "SELECT schema_name FROM lab.information_schema.schemata ORDER BY 1",
            json!([["information_schema"], ["open"]]),
        ),
        (EVE, "SELECT table_name FROM lab.information_schema.tables", json!([])),
        (
            BOB,
            "SELECT t.table_name FROM lab.information_schema.tables t WHERE table_owner = 'bob@example.com'",
            json!([["mine"]]),
        ),
        (BOB, "SELECT table_name FROM lab.information_schema.views", json!([["v"]])),
        (BOB, "SELECT count(*) FROM system.information_schema.columns WHERE table_name = 'secret'", json!([["0"]])),
        (ANN, "SELECT count(*) FROM system.information_schema.columns WHERE table_name = 'secret'", json!([["2"]])),
        (
            BOB,
            "SELECT column_name, data_type FROM lab.information_schema.columns WHERE table_name = 't' AND table_schema = 'open' ORDER BY ordinal_position",
            json!([["id", "INT"], ["name", "STRING"]]),
        ),
        (BOB, "SELECT volume_name FROM lab.information_schema.volumes", json!([["files"]])),
    ] {
        let answer = run(&lab, token, statement).await;
        let mut rows = lab.rows(&answer);
        if rows[0].as_array().is_some_and(|row| row.len() > 1) && expected[0].is_string() {
            rows = rows.as_array().unwrap().iter().map(|row| row[1].clone()).collect();
        }
        assert_eq!(rows, expected, "{token}: {statement}");
    }
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_of_sql_and_of_rest_are_the_same() {
    let lab = ground().await;
    for statement in [
        "ALTER CATALOG lab SET TAGS ('cost' = 'A 1')",
        "ALTER SCHEMA lab.open SET TAGS ('cost' = 'b', 'tier')",
        "ALTER TABLE lab.open.secret SET TAGS ('pii' = 'yes', 'cost' = 'x')",
        "ALTER TABLE lab.open.secret UNSET TAGS ('cost', 'nosuch')",
        "ALTER TABLE lab.open.t ALTER COLUMN Name SET TAGS ('pii' = 'no')",
        "ALTER TABLE lab.open.t ALTER COLUMN name SET TAGS ('pii' = 'name')",
        "SET TAG ON COLUMN lab.open.t.id `key` = number",
        "ALTER VIEW lab.open.v SET TAGS ('shown')",
        "SET TAG ON VOLUME lab.open.files kind = papers",
        "SET TAG ON TABLE lab.open.m gone",
        "UNSET TAG ON TABLE lab.open.m gone",
    ] {
        lab.sql(statement).await;
    }
    for (statement, class) in [
        ("ALTER TABLE lab.open.nosuch SET TAGS ('a')", "[TABLE_OR_VIEW_NOT_FOUND]"),
        ("ALTER TABLE lab.open.t ALTER COLUMN nosuch SET TAGS ('a')", "[UNRESOLVED_COLUMN"),
        ("ALTER TABLE lab.open.t SET TAGS ('a.b' = 'x')", "[INVALID_PARAMETER_VALUE]"),
        ("ALTER TABLE lab.open.t SET TAGS ()", "[PARSE_SYNTAX_ERROR]"),
        ("ALTER CATALOG samples SET TAGS ('a')", "[INSUFFICIENT_PERMISSIONS]"),
    ] {
        let message = lab.sql_error(statement).await;
        assert!(message.starts_with(class), "{statement}: {message}");
    }
    let rest = "/api/2.1/unity-catalog/entity-tag-assignments";
    let tag = json!({"entity_type": "tables", "entity_name": "lab.open.sm", "tag_key": "by", "tag_value": "rest"});
    assert_eq!(lab.post(rest, tag).await.0, 200);
    let found = lab.get(&format!("{rest}/columns/lab.open.t.name/tags")).await;
    assert_eq!(found["tag_assignments"][0]["tag_value"], "name");

    let of = |view: &str| format!("SELECT * FROM lab.information_schema.{view} ORDER BY ALL");
    for (token, view, expected) in [
        (ANN, "catalog_tags", json!([["lab", "cost", "A 1"]])),
        (ANN, "schema_tags", json!([["lab", "open", "cost", "b"], ["lab", "open", "tier", ""]])),
        (
            ANN,
            "table_tags",
            json!([
                ["lab", "open", "secret", "pii", "yes"],
                ["lab", "open", "sm", "by", "rest"],
                ["lab", "open", "v", "shown", ""],
            ]),
        ),
        (
            ANN,
            "column_tags",
            json!([["lab", "open", "t", "id", "key", "number"], ["lab", "open", "t", "name", "pii", "name"]]),
        ),
        (ANN, "volume_tags", json!([["lab", "open", "files", "kind", "papers"]])),
        // Whoever may not know of an object may not know of its tags.
        (BOB, "table_tags", json!([["lab", "open", "sm", "by", "rest"], ["lab", "open", "v", "shown", ""]])),
        (EVE, "column_tags", json!([])),
        (EVE, "volume_tags", json!([])),
    ] {
        let answer = run(&lab, token, &of(view)).await;
        assert_eq!(lab.rows(&answer), expected, "{token}: {view}");
    }
    // They go along with columns and tables.
    lab.sql("ALTER TABLE lab.open.t RENAME COLUMN name TO title").await;
    lab.sql("ALTER TABLE lab.open.t RENAME TO lab.open.u").await;
    assert_eq!(
        lab.sql("SELECT table_name, column_name FROM system.information_schema.column_tags ORDER BY ALL").await,
        json!([["u", "id"], ["u", "title"]])
    );
    lab.sql("ALTER TABLE lab.open.u DROP COLUMN title").await;
    lab.sql("DROP TABLE lab.open.secret").await;
    assert_eq!(lab.sql("SELECT count(*) FROM lab.information_schema.column_tags").await, json!([["1"]]));
    assert_eq!(lab.sql(&of("table_tags")).await.as_array().unwrap().len(), 2);
    lab.stop().await;
}

const HOME: &str = "/Users/bob@example.com";

/// Does something as Bob that must succeed.
async fn bob(lab: &Lab, method: Method, path: &str, body: Value) -> Value {
    let body = (method != Method::GET).then_some(body);
    let (status, answer) = lab.call(Some(BOB), method, path, body).await;
    assert_eq!(status, 200, "{path}: {answer}");
    answer
}

/// Looks as Bob until what is there is as wanted.
async fn bob_sees(lab: &Lab, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..LOOKS {
        let seen = bob(lab, Method::GET, path, Value::Null).await;
        if wanted(&seen) {
            return seen;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{path} did not come so far");
}

async fn bob_imports(lab: &Lab, name: &str, text: &str) {
    let content = base64::engine::general_purpose::STANDARD.encode(text);
    let body = json!({"path": format!("{HOME}/{name}"), "format": "AUTO", "content": content, "overwrite": true});
    bob(lab, Method::POST, "/api/2.0/workspace/import", body).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn code_runs_with_the_rights_of_its_user() {
    let lab = ground().await;
    let mut tasks = Vec::new();
    for (key, table) in [("may", "lab.open.t"), ("may_not", "lab.open.secret")] {
        bob_imports(&lab, &format!("{key}.sql"), &format!("SELECT max(id) FROM {table}")).await;
        bob_imports(&lab, &format!("{key}.py"), &format!("print(spark.sql('SELECT id FROM {table}').collect()[0][0])"))
            .await;
        let sql = json!({"warehouse_id": lab.warehouse, "file": {"path": format!("{HOME}/{key}.sql")}});
        tasks.push(json!({"task_key": format!("sql_{key}"), "sql_task": sql}));
        let python = json!({"python_file": format!("{HOME}/{key}.py")});
        tasks.push(json!({"task_key": format!("python_{key}"), "spark_python_task": python}));
    }
    let begun = bob(&lab, Method::POST, "/api/2.2/jobs/runs/submit", json!({"tasks": tasks})).await;
    let path = format!("/api/2.2/jobs/runs/get?run_id={}", begun["run_id"]);
    let ended = bob_sees(&lab, &path, |run| !run["state"]["result_state"].is_null()).await;
    let expected =
        [("python_may", "SUCCESS"), ("python_may_not", "FAILED"), ("sql_may", "SUCCESS"), ("sql_may_not", "FAILED")];
    assert_eq!(results(&ended), is(&expected));
    for (key, task) in tasks_of(&ended).iter().filter(|(key, _)| key.ends_with("_not")) {
        let path = format!("/api/2.2/jobs/runs/get-output?run_id={}", task["run_id"]);
        let error = bob(&lab, Method::GET, &path, Value::Null).await["error"].to_string();
        assert!(error.contains("[INSUFFICIENT_PERMISSIONS]") && error.contains(SECRET), "{key}: {error}");
    }

    for (name, table, expected) in [("may", "lab.open.t", "COMPLETED"), ("may_not", "lab.open.secret", "FAILED")] {
        let sql = format!("CREATE OR REFRESH MATERIALIZED VIEW {name} AS SELECT id FROM {table}");
        bob_imports(&lab, &format!("pipeline_{name}.sql"), &sql).await;
        let libraries = json!([{"file": {"path": format!("{HOME}/pipeline_{name}.sql")}}]);
        let spec = json!({"name": name, "catalog": "lab", "schema": "made", "libraries": libraries});
        let made = bob(&lab, Method::POST, "/api/2.0/pipelines", spec).await;
        let pipeline = format!("/api/2.0/pipelines/{}", made["pipeline_id"].as_str().unwrap());
        let begun = bob(&lab, Method::POST, &format!("{pipeline}/updates"), json!({})).await;
        let update = format!("{pipeline}/updates/{}", begun["update_id"].as_str().unwrap());
        let over =
            |seen: &Value| ["COMPLETED", "FAILED", "CANCELED"].contains(&seen["update"]["state"].as_str().unwrap());
        let ended = bob_sees(&lab, &update, over).await;
        let events = bob(&lab, Method::GET, &format!("{pipeline}/events?filter=level%3D'ERROR'"), Value::Null).await;
        assert_eq!(ended["update"]["state"], expected, "{events:#}");
        assert_eq!(events.to_string().contains(SECRET), expected == "FAILED", "{events:#}");
    }
    lab.stop().await;
}
