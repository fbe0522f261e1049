use super::*;
use crate::analysis::Mode;

fn facts(sql: &str) -> (Facts, Option<CellError>) {
    let mut facts = Facts::default();
    let error = read(&mut facts, &Source::of_cell(sql), Place { cell: 0, line: 1 });
    (facts, error)
}

#[track_caller]
fn check(sql: &str, reads: &[&str], writes: &[&str]) {
    let (facts, error) = facts(sql);
    let (found, written) = facts.tables();
    let names = |list: &[crate::analysis::TableUse]| list.iter().map(|one| one.name.clone()).collect::<Vec<_>>();
    assert_eq!((names(&found), names(&written), error), (own(reads), own(writes), None), "{sql}");
}

fn own(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn queries_read_what_from_and_join_name() {
    check("SELECT 1", &[], &[]);
    check("SELECT * FROM main.a.b x, c AS y JOIN `d e`.f USING (id) -- FROM g", &["main.a.b", "c", "`d e`.f"], &[]);
    check(
        "WITH q AS (SELECT * FROM a), r (x) AS (SELECT * FROM q) SELECT * FROM q JOIN r ON q.x = r.x, b",
        &["a", "b"],
        &[],
    );
    check("SELECT extract(year FROM d), trim(BOTH ' ' FROM s) FROM t WHERE a IS NOT DISTINCT FROM b", &["t"], &[]);
    check("SELECT (SELECT max(x) FROM u), 'FROM v' FROM t WHERE x IN (SELECT y FROM w)", &["u", "t", "w"], &[]);
    check("SELECT c, d FROM t LATERAL VIEW explode(x) e AS c, d WHERE c > 1", &["t"], &[]);
    check("SELECT * FROM (a JOIN b ON a.x = b.x), VALUES (1, 2), range(10)", &["a", "b"], &[]);
    check("SELECT * FROM a TIMESTAMP AS OF '2024-01-01' UNION ALL SELECT * FROM b VERSION AS OF 3", &["a", "b"], &[]);
    check("SELECT * FROM table_changes('main.a.t', 1) JOIN STREAM(s)", &["main.a.t", "s"], &[]);
    check("SELECT a.from, \"FROM x\" FROM t GROUP BY a, b", &["t"], &[]);
}

#[test]
fn changes_have_targets_and_sources() {
    check("INSERT INTO a.b SELECT * FROM c", &["c"], &["a.b"]);
    check("INSERT OVERWRITE TABLE a TABLE b", &[], &["a"]);
    check("WITH q AS (SELECT 1 FROM z) INSERT INTO a SELECT * FROM q", &["z"], &["a"]);
    check("FROM s INSERT INTO a SELECT x INSERT OVERWRITE b SELECT y", &["s"], &["a", "b"]);
    check(
        "MERGE INTO `t` USING (SELECT * FROM s WHERE x) q ON t.id = q.id WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *",
        &["s"],
        &["t"],
    );
    check(
        "MERGE WITH SCHEMA EVOLUTION INTO t USING main.s.u AS u ON t.a = u.a WHEN MATCHED THEN DELETE",
        &["main.s.u"],
        &["t"],
    );
    check("UPDATE t SET x = 1 WHERE y IN (SELECT y FROM u)", &["u"], &["t"]);
    check(
        "DELETE FROM t WHERE x; TRUNCATE TABLE u; OPTIMIZE v ZORDER BY (x); VACUUM w; DROP TABLE IF EXISTS d",
        &[],
        &["t", "u", "v", "w", "d"],
    );
    check("COPY INTO t FROM '/Volumes/a/b/c' FILEFORMAT = CSV", &[], &["t"]);
    check("CREATE OR REPLACE TABLE a USING delta LOCATION '/mnt/x' AS SELECT * FROM b", &["b"], &["a"]);
    check("CREATE TABLE a SHALLOW CLONE b; CREATE TABLE c LIKE d", &["b", "d"], &["a", "c"]);
    check("CREATE TEMP VIEW v AS SELECT * FROM a; SELECT * FROM v; CREATE VIEW w AS SELECT * FROM v", &["a"], &["w"]);
    check(
        "BEGIN DECLARE x INT; IF x > 1 THEN INSERT INTO a SELECT * FROM b; END IF; DELETE FROM c; END",
        &["b"],
        &["a", "c"],
    );
    check("EXECUTE IMMEDIATE 'INSERT INTO a SELECT * FROM b'", &["b"], &["a"]);
}

#[test]
fn names_are_completed_and_parameters_stay() {
    check("USE CATALOG main; USE SCHEMA s; SELECT * FROM t, a.b, c.d.e", &["main.s.t", "main.a.b", "c.d.e"], &[]);
    check("SELECT * FROM ${cat}.raw_${env}.t, $sch.u", &["{cat}.raw_{env}.t", "{sch}.u"], &[]);
    check("SELECT * FROM IDENTIFIER(:cat || '.s.t') JOIN IDENTIFIER(:whole)", &["{cat}.s.t", "{whole}"], &[]);
    check("SELECT x::int, j:a.b, :day FROM t", &["t"], &[]);
    let (found, _) = facts("SELECT x::int, j:a.b FROM t WHERE d = :day AND e = '${env}' -- ${none}");
    let names: Vec<_> = found.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
    assert_eq!(names, ["day", "env"]);
}

#[test]
fn pipelines_are_datasets_with_inputs() {
    let (facts, error) = facts(
        "CREATE OR REFRESH STREAMING TABLE bronze AS SELECT * FROM STREAM read_files('/Volumes/a/b/c', format => 'json');
         CREATE MATERIALIZED VIEW gold (CONSTRAINT ok EXPECT (id > 0) ON VIOLATION DROP ROW) AS SELECT * FROM LIVE.bronze JOIN main.x.y;
         CREATE STREAMING TABLE target; APPLY CHANGES INTO LIVE.target FROM STREAM(LIVE.bronze) KEYS (id) SEQUENCE BY ts",
    );
    assert_eq!(error, None);
    let shown: Vec<_> =
        facts.datasets.iter().map(|one| format!("{} {:?} {:?}", one.name, one.kind, one.inputs)).collect();
    assert_eq!(
        shown,
        [
            "bronze StreamingTable [\"/Volumes/a/b/c\"]",
            "gold MaterializedView [\"bronze\", \"main.x.y\"]",
            "target StreamingTable [\"bronze\"]"
        ]
    );
    let expectation = &facts.datasets[1].expectations[0];
    assert_eq!(
        (expectation.name.as_str(), expectation.condition.as_str(), expectation.action),
        ("ok", "id > 0", "drop")
    );
    assert!(facts.datasets[2].changes);
    let (reads, writes) = facts.tables();
    assert_eq!((reads.len(), writes.len(), reads[0].name.as_str()), (1, 0, "main.x.y"));
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    for (sql, line, says) in [
        ("SELECT 1;\nSELECT (1 FROM t", 2, "parentheses"),
        ("SELECT 1;\n\nSELECT 'x", 3, "not closed"),
        ("SELEKT 1", 1, "SELEKT"),
    ] {
        let error = facts(sql).1.unwrap();
        assert!(error.line == line && error.message.contains(says), "{error:?}");
    }
    let deep = format!("SELECT {}1{} FROM t", "(".repeat(100_000), ")".repeat(100_000));
    check(&deep, &["t"], &[]);
}

#[test]
fn widgets_and_modes_are_told() {
    let (facts, _) = facts(
        "CREATE WIDGET DROPDOWN env DEFAULT 'dev' CHOICES SELECT * FROM (VALUES ('dev'), ('prod')); INSERT OVERWRITE a SELECT 1; DESCRIBE HISTORY b",
    );
    assert_eq!((facts.parameters[0].default.as_deref(), facts.parameters[0].choices.len()), (Some("dev"), 2));
    let (reads, writes) = facts.tables();
    assert_eq!((reads[0].mode, writes[0].mode), (Mode::Metadata, Mode::Overwrite));
}
