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
        ("import dlt\ndlt.apply_changes(target='a')\n", "apply_changes is not supported"),
        ("import dlt\nraise ValueError('boom')\n", "ValueError: boom"),
    ] {
        lab.import("code.py", code).await;
        let (update, state) = lab.updated(&id, json!({})).await;
        let errors = lab.events(&id, &update, "level='ERROR'").await;
        assert!(state == "FAILED" && errors[0]["message"].as_str().unwrap().contains(says), "{says}: {errors:#}");
    }
    lab.stop().await;
}
