//! Flows that write into streaming tables which are defined beside them.

use serde_json::json;

use super::{flows, is};
use crate::harness::Lab;

impl Lab {
    /// What an update of a pipeline with this SQL says that must fail.
    async fn refused_update(&self, name: &str, sql: &str) -> String {
        let id = self.sql_pipeline(name, sql).await;
        let (update, state) = self.updated(&id, json!({})).await;
        assert_eq!(state, "FAILED", "{sql}");
        self.events(&id, &update, "level='ERROR'").await[0]["message"].as_str().unwrap().to_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn flows_append_to_a_streaming_table() {
    let lab = Lab::start().await;
    lab.sql("CREATE TABLE main.default.west (id INT, name STRING)").await;
    lab.sql("CREATE TABLE main.default.east (name STRING, id INT, extra STRING)").await;
    lab.sql("INSERT INTO main.default.west VALUES (1, 'a'), (2, 'b')").await;
    lab.sql("INSERT INTO main.default.east VALUES ('c', 3, 'x'), ('d', -4, 'y')").await;
    let sql = "CREATE OR REFRESH STREAMING TABLE everywhere (CONSTRAINT positive EXPECT (id > 0) ON VIOLATION DROP ROW) \
               COMMENT 'both'; \
               CREATE FLOW of_west AS INSERT INTO everywhere BY NAME SELECT * FROM STREAM(main.default.west); \
               CREATE FLOW of_east COMMENT 'once' AS INSERT INTO ONCE main.lab.everywhere BY NAME SELECT * FROM near; \
               CREATE TEMPORARY VIEW near AS SELECT * FROM STREAM main.default.east; \
               CREATE STREAMING TABLE wide (id BIGINT, name STRING, extra STRING); \
               CREATE FLOW narrow AS INSERT INTO wide BY NAME SELECT name, id FROM STREAM(main.default.west); \
               CREATE STREAMING TABLE own AS SELECT id FROM STREAM(everywhere); \
               CREATE FLOW more AS INSERT INTO LIVE.own BY NAME SELECT 9 AS id";
    let id = lab.sql_pipeline("append", sql).await;
    let update = lab.completed(&id, json!({})).await;
    assert_eq!(
        lab.sql("SELECT id, name, extra FROM main.lab.everywhere ORDER BY id").await,
        json!([["1", "a", null], ["2", "b", null], ["3", "c", "x"]])
    );
    assert_eq!(lab.sql("SELECT id FROM main.lab.own ORDER BY id").await, json!([["1"], ["2"], ["3"], ["9"]]));
    assert_eq!(lab.sql("SELECT id, name, extra FROM main.lab.wide WHERE id = 1").await, json!([["1", "a", null]]));
    let events = lab.all_events(&id, &update).await;
    let all = ["near", "of_west", "of_east", "narrow", "own", "more"].map(|name| (name, "COMPLETED"));
    assert_eq!(flows(&events), is(&all));
    let all = events.as_array().unwrap().iter();
    let edges = all.filter(|event| event["event_type"] == "flow_definition").map(|event| {
        let read = &event["details"]["flow_definition"]["input_datasets"];
        json!([event["origin"]["flow_name"], event["origin"]["dataset_name"], read])
    });
    let edges: Vec<_> = edges.collect();
    assert!(edges.contains(&json!(["main.lab.of_east", "main.lab.everywhere", ["main.lab.near"]])), "{edges:?}");
    assert!(edges.contains(&json!(["main.lab.more", "main.lab.own", ["main.lab.everywhere"]])), "{edges:?}");

    for (at, (sql, says)) in [
        ("CREATE STREAMING TABLE t", "PIPELINE_DATASET_WITHOUT_FLOW"),
        ("CREATE FLOW f AS INSERT INTO t BY NAME SELECT 1 AS i", "main.lab.t, which the pipeline does not define"),
        (
            "CREATE MATERIALIZED VIEW t AS SELECT 1 AS i; CREATE FLOW f AS INSERT INTO t BY NAME SELECT 1 AS i",
            "which is no streaming table",
        ),
        (
            "CREATE STREAMING TABLE t; CREATE FLOW f AS INSERT INTO t BY NAME SELECT 1 AS i; \
             CREATE FLOW F AS INSERT INTO t BY NAME SELECT 2 AS i",
            "The flow main.lab.f is defined more than once",
        ),
        (
            "CREATE STREAMING TABLE t; CREATE FLOW f AS INSERT INTO t BY NAME SELECT * FROM t",
            "main.lab.t -> main.lab.t",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let said = lab.refused_update(&format!("refused_{at}"), sql).await;
        assert!(said.contains(says), "{sql}: {said}");
    }
    lab.stop().await;
}

/// What an address book was told, in no order: keys, sequence, what was done.
const TOLD: &str = "
    (1, 'ann', 'rome', 1, 'I'), (1, NULL, 'oslo', 3, 'U'), (1, 'ann', 'rome', 2, 'U'), (2, 'bob', 'lima', 1, 'I'),
    (2, NULL, NULL, 5, 'D'), (2, 'bob', 'lima', 4, 'U'), (3, 'eve', 'bonn', 6, 'I'), (3, 'eve', 'bonn', 2, 'D'),
    (4, 'kim', 'kyiv', 1, 'I'), (4, NULL, NULL, 2, 'D'), (4, NULL, 'riga', 3, 'I'), (4, NULL, 'riga', 3, 'I')";

#[tokio::test(flavor = "multi_thread")]
async fn changes_become_tables_of_what_is_and_of_what_was() {
    let lab = Lab::start().await;
    lab.sql("CREATE TABLE main.default.told (id INT, name STRING, city STRING, at INT, op STRING)").await;
    lab.sql(&format!("INSERT INTO main.default.told VALUES {TOLD}")).await;
    let head = "FROM STREAM(main.default.told) KEYS (id)";
    let tail = "APPLY AS DELETE WHEN op = 'D' SEQUENCE BY at COLUMNS * EXCEPT (op, at)";
    let sql = format!(
        "CREATE STREAMING TABLE now; CREATE FLOW a AS AUTO CDC INTO now {head} {tail}; \
         CREATE STREAMING TABLE kept; APPLY CHANGES INTO LIVE.kept {head} IGNORE NULL UPDATES {tail} STORED AS SCD TYPE 1; \
         CREATE STREAMING TABLE was (id INT, name STRING, city STRING, __START_AT INT, __END_AT INT); \
         CREATE FLOW c AS AUTO CDC INTO was {head} {tail} STORED AS SCD TYPE 2; \
         CREATE STREAMING TABLE moved; CREATE FLOW d AS AUTO CDC INTO moved {head} IGNORE NULL UPDATES \
         APPLY AS DELETE WHEN op = 'D' SEQUENCE BY STRUCT(at, op) COLUMNS (name, city) STORED AS SCD TYPE 2 TRACK HISTORY ON * EXCEPT (name); \
         CREATE STREAMING TABLE emptied; CREATE FLOW e AS AUTO CDC INTO emptied {head} \
         APPLY AS TRUNCATE WHEN op = 'D' AND at = 2 SEQUENCE BY at COLUMNS id, at; \
         CREATE MATERIALIZED VIEW after AS SELECT city, __END_AT IS NULL AS holds FROM was"
    );
    let id = lab.sql_pipeline("changes", &sql).await;
    lab.completed(&id, json!({"validate_only": true})).await;
    let update = lab.completed(&id, json!({})).await;
    let now = json!([["1", null, "oslo"], ["3", "eve", "bonn"], ["4", null, "riga"]]);
    assert_eq!(lab.sql("SELECT * FROM main.lab.now ORDER BY id").await, now);
    let kept = json!([["1", "ann", "oslo"], ["3", "eve", "bonn"], ["4", null, "riga"]]);
    assert_eq!(lab.sql("SELECT * FROM main.lab.kept ORDER BY id").await, kept);
    let was = json!([
        ["1", "ann", "rome", "1", "3"],
        ["1", null, "oslo", "3", null],
        ["2", "bob", "lima", "1", "5"],
        ["3", "eve", "bonn", "6", null],
        ["4", "kim", "kyiv", "1", "2"],
        ["4", null, "riga", "3", null],
    ]);
    assert_eq!(lab.sql("SELECT * FROM main.lab.was ORDER BY id, __START_AT").await, was);
    let moved = json!([["ann", "rome", "1", "3"], ["ann", "oslo", "3", null], ["bob", "lima", "1", "5"]]);
    let query =
        "SELECT name, city, __START_AT.at, __END_AT.at FROM main.lab.moved WHERE name IN ('ann', 'bob') ORDER BY 1, 3";
    assert_eq!(lab.sql(query).await, moved);
    let emptied = json!([["1", "3"], ["2", "5"], ["3", "6"], ["4", "3"]]);
    assert_eq!(lab.sql("SELECT * FROM main.lab.emptied ORDER BY id").await, emptied);
    assert_eq!(lab.sql("SELECT count_if(holds), count(*) FROM main.lab.after").await, json!([["3", "6"]]));
    let events = lab.all_events(&id, &update).await;
    let all = ["a", "kept", "c", "d", "e", "after"].map(|name| (name, "COMPLETED"));
    assert_eq!(flows(&events), is(&all));

    // What comes late changes what was, and what came later wins; what has no place fails the flow.
    lab.sql("INSERT INTO main.default.told VALUES (1, 'ann', 'bari', 2, 'U'), (3, 'eve', 'graz', 1, 'I')").await;
    lab.completed(&id, json!({})).await;
    assert_eq!(lab.sql("SELECT * FROM main.lab.now ORDER BY id").await, now);
    let query = "SELECT * EXCEPT (name) FROM main.lab.was WHERE id = 3 ORDER BY __START_AT";
    assert_eq!(lab.sql(query).await, json!([["3", "graz", "1", "2"], ["3", "bonn", "6", null]]));
    lab.sql("INSERT INTO main.default.told VALUES (1, 'ann', 'bari', NULL, 'U')").await;
    let (update, state) = lab.updated(&id, json!({"refresh_selection": ["now"]})).await;
    let said = lab.events(&id, &update, "level='ERROR'").await[0]["message"].as_str().unwrap().to_owned();
    assert!(state == "FAILED" && said.contains("SEQUENCE BY gives NULL"), "{said}");

    let flow = |sql: &str| format!("CREATE STREAMING TABLE t; CREATE FLOW f AS AUTO CDC INTO t {head} {sql}");
    for (at, (sql, says)) in [
        (flow("SEQUENCE BY nosuch"), "Failed to resolve flow 'main.lab.t'"),
        (flow("SEQUENCE BY at; CREATE FLOW g AS INSERT INTO t BY NAME SELECT 1 AS id"), "AUTO CDC and another flow"),
        (flow("SEQUENCE BY at STORED AS SCD TYPE 2").replace("TABLE t", "TABLE t (id INT)"), "no column __START_AT"),
        (flow("SEQUENCE BY at").replace("KEYS (id)", "KEYS (nosuch)"), "nosuch"),
    ]
    .into_iter()
    .enumerate()
    {
        let said = lab.refused_update(&format!("refused_{at}"), &sql).await;
        assert!(said.contains(says), "{sql}: {said}");
    }
    lab.stop().await;
}
