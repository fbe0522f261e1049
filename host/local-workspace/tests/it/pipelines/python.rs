//! Pipelines whose datasets Python defines.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::json;

use super::{HOME, flows, is, last_of};
use crate::harness::{ANN, Lab};

/// Libraries in Python and SQL that read each other's datasets, with expectations, settings and temporary views.
const PYTHON: &str = r#"
import dlt
from pyspark import pipelines as dp
from pyspark.sql import functions as F

@dlt.table(comment="all that came", table_properties={"quality": "bronze"})
@dlt.expect_or_drop("positive", "n > 0")
@dlt.expect_all({"small": "n < 3", "there": "n IS NOT NULL"})
def bronze():
    return spark.createDataFrame([(1, "a"), (-1, "b"), (5, "a"), (2, "c")], "n int, s string")

@dlt.view
def named():
    return spark.readStream.table("LIVE.bronze").join(spark.table("letters"), "s")

@dp.materialized_view(name="gold", schema="word string, total bigint")
def total_by_word():
    least = int(spark.conf.get("least"))
    return spark.sql("SELECT word, n FROM named").groupBy("word").agg(F.sum("n").alias("total")).filter(F.col("total") >= least)

@dlt.table
def at_once():
    return spark.read.csv("/Volumes/main/lab/v/a.csv", header=True, inferSchema=True)

@dp.table
def arriving():
    return spark.readStream.format("cloudFiles").option("cloudFiles.format", "csv").option("header", "true").load("/Volumes/main/lab/v/")

@dp.table
def streamed():
    return spark.readStream.table("main.lab.bronze").withColumn("double", F.col("n") * 2)
"#;

#[tokio::test(flavor = "multi_thread")]
async fn python_defines_datasets_beside_sql() {
    let lab = Lab::start().await;
    lab.import("code.py", PYTHON).await;
    let sql = "CREATE TEMPORARY VIEW letters AS SELECT * FROM VALUES ('a', 'first'), ('c', 'third') AS v(s, word); \
               CREATE MATERIALIZED VIEW after AS SELECT count(*) AS n FROM LIVE.gold; \
               CREATE STREAMING TABLE files AS SELECT id FROM STREAM read_files('/Volumes/main/lab/v/', format => 'csv', header => true)";
    lab.import("more.sql", sql).await;
    let files = ["code.py", "more.sql"].map(|file| json!({"file": {"path": format!("{HOME}/{file}")}}));
    let spec = json!({
        "name": "both", "catalog": "main", "schema": "lab", "libraries": files, "configuration": {"least": "3"},
    });
    let id = lab.create_pipeline(spec).await;
    lab.sql("CREATE SCHEMA main.lab").await;
    lab.sql("CREATE VOLUME main.lab.v").await;
    let file = lab.request(ANN, Method::PUT, "/api/2.0/fs/files/Volumes/main/lab/v/a.csv").body("id,name\n1,x\n2,y\n");
    assert!(file.send().await.unwrap().status().is_success());
    // Validated before any table is there, made, and made again.
    for request in [json!({"validate_only": true}), json!({}), json!({"full_refresh": true})] {
        lab.completed(&id, request).await;
    }
    let rows = async |query: &str| lab.sql(query).await;
    assert_eq!(rows("SELECT word, total FROM main.lab.gold").await, json!([["first", "6"]]));
    assert_eq!(rows("SELECT n FROM main.lab.after").await, json!([["1"]]));
    assert_eq!(
        rows("SELECT n, double FROM main.lab.streamed ORDER BY n").await,
        json!([["1", "2"], ["2", "4"], ["5", "10"]])
    );
    assert_eq!(rows("SELECT * FROM main.lab.at_once ORDER BY id").await, json!([["1", "x"], ["2", "y"]]));
    assert_eq!(
        rows("SELECT count(*), max(name), count(_rescued_data) FROM main.lab.arriving").await,
        json!([["2", "y", "0"]])
    );
    assert_eq!(rows("SELECT count(id) FROM main.lab.files").await, json!([["2"]]));
    let update = lab.completed(&id, json!({})).await;
    let events = lab.all_events(&id, &update).await;
    let wanted = [("bronze", "COMPLETED"), ("named", "COMPLETED"), ("letters", "COMPLETED"), ("gold", "COMPLETED")];
    let flows = flows(&events);
    for (name, status) in is(&wanted) {
        assert_eq!(flows.get(&name), Some(&status), "{flows:?}");
    }
    let counted = &last_of(&events, "bronze")["details"]["flow_progress"]["data_quality"]["expectations"];
    let counted = counted
        .as_array()
        .unwrap()
        .iter()
        .map(|e| (e["name"].as_str().unwrap(), e["failed_records"].as_u64().unwrap()));
    assert_eq!(counted.collect::<BTreeMap<_, _>>(), BTreeMap::from([("positive", 1), ("small", 1), ("there", 0)]));

    for (code, says) in [
        (
            "import dlt\n@dlt.table\ndef a():\n    return dlt.read('b')\n@dlt.table\ndef b():\n    return dlt.read('a')\n",
            "circle: a -> b -> a",
        ),
        ("import dlt\n@dlt.table\ndef a():\n    return 1\n", "needs a DataFrame"),
        ("import dlt\n@dlt.table\ndef a():\n    return spark.table('nosuch')\n", "TABLE_OR_VIEW_NOT_FOUND"),
        ("import dlt\n@dlt.table(name='letters')\ndef a():\n    return spark.range(1)\n", "defined more than once"),
        ("import dlt\ndlt.apply_changes_from_snapshot(target='a')\n", "apply_changes_from_snapshot is not supported"),
        ("import dlt\ndlt.create_streaming_table('a')\n", "PIPELINE_DATASET_WITHOUT_FLOW"),
        ("import dlt\ndlt.create_streaming_table('a', path='/x')\n", "path of a dataset is not supported"),
        (
            "import dlt\ndlt.apply_changes(target='a', source='b', keys=['i'], sequence_by='t', stored_as_scd_type=3)\n",
            "stored_as_scd_type must be 1 or 2",
        ),
        (
            "import dlt\ndlt.create_streaming_table('a')\n@dlt.append_flow(target='a')\ndef f():\n    return dlt.read('a')\n",
            "circle: a -> a",
        ),
        ("import dlt\nraise ValueError('boom')\n", "ValueError: boom"),
    ] {
        lab.import("code.py", code).await;
        let (update, state) = lab.updated(&id, json!({})).await;
        let errors = lab.events(&id, &update, "level='ERROR'").await;
        assert!(state == "FAILED" && errors[0]["message"].as_str().unwrap().contains(says), "{says}: {errors:#}");
    }
    lab.stop().await;
}

/// Tables without queries, and what writes into them and reads them, in Python and in SQL.
const FLOWS: &str = r#"
import dlt
from pyspark import pipelines as dp
from pyspark.sql.functions import col, expr

dp.create_streaming_table("everywhere", comment="both", expect_all_or_drop={"positive": "id > 0"})

@dp.append_flow(target="everywhere")
def west():
    return spark.readStream.table("main.default.west")

@dlt.append_flow(target="everywhere", name="east", once=True)
def of_east():
    return spark.readStream.table("main.default.west").select((col("id") + 10).alias("id"), "name")

@dlt.append_flow(target="of_sql")
def into_sql():
    return spark.readStream.table("everywhere").select("id")

@dlt.view
def told():
    return spark.readStream.table("main.default.told")

dlt.create_streaming_table(name="now", schema="id INT, city STRING")
dlt.apply_changes(target="now", source="told", keys=["id"], sequence_by="at", apply_as_deletes=expr("op = 'D'"),
                  except_column_list=["op", "at"])
dp.create_streaming_table("was")
dp.create_auto_cdc_flow(name="history", target="was", source="main.default.told", keys=[col("id")], sequence_by=col("at"),
                        ignore_null_updates=True, apply_as_deletes=col("op") == "D", column_list=["id", "city"],
                        stored_as_scd_type="2", track_history_column_list=["city"])

@dp.materialized_view
def after():
    spark.table("streamed").columns
    return spark.read.table("was").filter(col("__END_AT").isNull()).join(spark.read.table("now"), "id").select("id", "__START_AT")
"#;

#[tokio::test(flavor = "multi_thread")]
async fn python_defines_flows_and_reads_what_they_write() {
    let lab = Lab::start().await;
    lab.sql("CREATE TABLE main.default.west AS SELECT * FROM VALUES (1, 'a'), (-2, 'b') AS v(id, name)").await;
    let told = "(1, 'rome', 1, 'I'), (1, 'oslo', 3, 'U'), (1, NULL, 4, 'U'), (2, 'lima', 1, 'I'), (2, NULL, 5, 'D')";
    lab.sql(&format!("CREATE TABLE main.default.told AS SELECT * FROM VALUES {told} AS v(id, city, at, op)")).await;
    lab.import("flows.py", FLOWS).await;
    let sql = "CREATE STREAMING TABLE of_sql; CREATE FLOW one AS INSERT INTO of_sql BY NAME SELECT 100 AS id; \
               CREATE FLOW two AS INSERT INTO everywhere BY NAME SELECT 50 AS id; \
               CREATE STREAMING TABLE streamed AS SELECT id FROM STREAM(main.default.west) w JOIN STREAM main.default.told USING (id)";
    lab.import("flows.sql", sql).await;
    let files = ["flows.py", "flows.sql"].map(|file| json!({"file": {"path": format!("{HOME}/{file}")}}));
    let spec = json!({"name": "flows", "catalog": "main", "schema": "lab", "libraries": files});
    let id = lab.create_pipeline(spec).await;
    for request in [json!({"validate_only": true}), json!({}), json!({"full_refresh": true})] {
        lab.completed(&id, request).await;
    }
    for (query, rows) in [
        ("SELECT * FROM main.lab.everywhere ORDER BY id", json!([["1", "a"], ["8", "b"], ["11", "a"], ["50", null]])),
        ("SELECT id FROM main.lab.of_sql ORDER BY id", json!([["1"], ["8"], ["11"], ["50"], ["100"]])),
        ("SELECT * FROM main.lab.now", json!([["1", null]])),
        (
            "SELECT * FROM main.lab.was ORDER BY id, __START_AT",
            json!([["1", "rome", "1", "3"], ["1", "oslo", "3", null], ["2", "lima", "1", "5"]]),
        ),
        ("SELECT * FROM main.lab.after", json!([["1", "3"]])),
    ] {
        assert_eq!(lab.sql(query).await, rows, "{query}");
    }
    lab.stop().await;
}
