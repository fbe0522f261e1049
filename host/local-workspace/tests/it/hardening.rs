//! What statements must not reach: files, settings, DuckDB's insides, other databases. Each attempt ends in an error of
//! the statement, and the service goes on.

use serde_json::json;

use crate::harness::Lab;

#[tokio::test(flavor = "multi_thread")]
async fn statements_stay_inside_the_catalogs() {
    let lab = Lab::start().await;
    lab.sql("CREATE TABLE t AS SELECT 1 AS a").await;
    for statement in [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_blob('/etc/passwd')",
        "SELECT * FROM read_parquet('/x.parquet')",
        "SELECT * FROM read_json_auto('/x.json')",
        "SELECT * FROM parquet_scan('/x.parquet')",
        "SELECT * FROM system.main.read_text('/etc/passwd')",
        "SELECT * FROM \"read_text\"('/etc/passwd')",
        "SELECT * FROM `read_text`('/etc/passwd')",
        "SELECT * FROM LATERAL read_text('/etc/passwd') AS x(y)",
        "SELECT * FROM t LATERAL VIEW read_text('/etc/passwd') x AS y",
        "SELECT * FROM t, LATERAL (SELECT * FROM read_text('/etc/passwd'))",
        "SELECT (SELECT content FROM read_text('/etc/passwd'))",
        "WITH x AS (SELECT * FROM read_text('/etc/passwd')) SELECT * FROM x",
        "INSERT INTO t SELECT 1 FROM read_text('/etc/passwd')",
        "CREATE TABLE u AS SELECT * FROM read_text('/etc/passwd')",
        "CREATE VIEW v AS SELECT * FROM read_text('/etc/passwd')",
        "CREATE FUNCTION f() RETURNS STRING RETURN (SELECT content FROM read_text('/etc/passwd'))",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM `/etc/passwd`",
        "SELECT * FROM csv.`/etc/passwd`",
        "SELECT * FROM glob('/*')",
        "SELECT * FROM query('SELECT 1')",
        "SELECT * FROM query_table('t')",
        "SELECT * FROM duckdb_settings()",
        "SELECT * FROM duckdb_settings",
        "SELECT * FROM pragma_database_list()",
        "SELECT * FROM sqlite_master",
        "SELECT * FROM pg_catalog.pg_tables",
        "SELECT * FROM memory.main.duckdb_tables",
        "SELECT current_setting('memory_limit')",
        "SELECT getvariable('x')",
        "SELECT getenv('HOME')",
        "SELECT nextval('x')",
        "SELECT json_execute_serialized_sql('{}')",
        "SELECT * FROM json_execute_serialized_sql('{}')",
        "SELECT * FROM arrow_scan(1, 2, 3)",
        "COPY t TO '/tmp/bricklayer-leak.csv'",
        "COPY INTO t FROM '/etc/passwd'",
        "EXPORT DATABASE '/tmp/bricklayer-leak'",
        "ATTACH '/tmp/bricklayer-leak.duckdb' AS leak",
        "DETACH uc_main",
        "INSTALL httpfs",
        "LOAD httpfs",
        "PRAGMA database_list",
        "SET enable_external_access = true",
        "SET memory_limit = '100GB'",
        "RESET memory_limit",
        "CHECKPOINT",
        "CALL pragma_version()",
        "BEGIN TRANSACTION",
        "SELECT 1; COPY t TO '/tmp/bricklayer-leak.csv'",
        "SELECT 1 -- \n; ATTACH '/tmp/x' AS y",
        "EXPLAIN SELECT * FROM read_text('/etc/passwd')",
        "DESCRIBE SELECT * FROM read_text('/etc/passwd')",
        "MERGE INTO t USING (SELECT 1 AS a FROM read_text('/etc/passwd')) s ON t.a = s.a WHEN MATCHED THEN DELETE",
        "DELETE FROM t WHERE a IN (SELECT 1 FROM read_text('/etc/passwd'))",
        "UPDATE t SET a = (SELECT 1 FROM read_text('/etc/passwd'))",
        "CREATE CATALOG `../escape`",
        "CREATE CATALOG `a/b`",
        "CREATE CATALOG system",
        "DROP CATALOG samples CASCADE",
        "INSERT INTO samples.nyctaxi.trips SELECT * FROM samples.nyctaxi.trips",
        "UPDATE samples.nyctaxi.trips SET fare_amount = 0",
        "DELETE FROM samples.nyctaxi.trips",
        "CREATE TABLE samples.nyctaxi.x AS SELECT 1 AS a",
        "CREATE SCHEMA samples.x",
        "ALTER TABLE samples.nyctaxi.trips RENAME TO x",
        "TRUNCATE TABLE samples.nyctaxi.trips",
        "COMMENT ON TABLE samples.nyctaxi.trips IS 'x'",
    ] {
        let message = lab.sql_error(statement).await;
        assert!(message.starts_with('['), "{statement}: {message}");
        assert!(!message.contains("INTERNAL_ERROR") && !message.contains("root:"), "{statement}: {message}");
    }
    assert!(!std::path::Path::new("/tmp/bricklayer-leak.csv").exists());
    assert_eq!(lab.sql("SELECT count(*) FROM t").await, json!([["1"]]));
    lab.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn values_larger_than_memory_are_refused_before_they_are_made() {
    let lab = Lab::start().await;
    for statement in [
        "SELECT repeat('x', 2000000000)",
        "SELECT length(repeat(repeat('x', 20000), 20000))",
        "SELECT space(2000000000)",
        "SELECT lpad('a', 2000000000, 'b')",
        "SELECT rpad('a', 2000000000)",
        "SELECT size(array_repeat(1, 2000000000))",
        "SELECT size(sequence(1, 2000000000))",
    ] {
        let said = lab.sql_error(statement).await;
        assert!(said.contains("OUT_OF_MEMORY") && said.contains("smaller"), "{statement}: {said}");
    }
    let small = lab.sql("SELECT length(repeat('ab', 3)), size(array_repeat(1, 3)), lpad('7', 3, '0')").await;
    assert_eq!(small, json!([["6", "3", "007"]]));
}

#[tokio::test(flavor = "multi_thread")]
async fn strange_statements_end_in_errors() {
    let lab = Lab::start().await;
    let deep = format!("SELECT {}1{}", "(".repeat(3_000), ")".repeat(3_000));
    let wide = format!("SELECT {}", vec!["1"; 20_000].join("+"));
    for statement in [
        deep.as_str(),
        wide.as_str(),
        "\0",
        "SELECT \u{0}",
        "'",
        "`",
        "/*",
        "--",
        ";;;",
        "SELECT",
        "💥",
        ")",
        "CREATE",
        "ALTER TABLE",
        "SHOW",
        "DESCRIBE",
        "GRANT",
        "MERGE INTO",
        "INSERT INTO",
    ] {
        let answer = lab.submit(statement, json!({})).await;
        let state = answer["status"]["state"].as_str().unwrap();
        let message = answer["status"]["error"]["message"].as_str().unwrap_or_default();
        assert!(matches!(state, "FAILED" | "SUCCEEDED"), "{answer}");
        assert!(!message.contains("INTERNAL_ERROR"), "{:.60}: {message:.200}", statement);
    }
    assert_eq!(lab.sql("SELECT 1").await, json!([["1"]]));
    lab.stop().await;
}
