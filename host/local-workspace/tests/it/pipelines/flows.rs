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
