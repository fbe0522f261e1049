//! What a small result costs, most of which is the database's: `--release -- measure_small --ignored --nocapture`.

use std::time::{Duration, Instant};

use bricklayer_domain::{ColumnType, ResultContent};
use bricklayer_results::ResultEnd;
use serde_json::json;

use crate::support::Scene;

const COLUMNS: &[(&str, ColumnType)] =
    &[("id", ColumnType::Integer), ("name", ColumnType::String), ("fare", ColumnType::Double)];
const SAMPLES: usize = 2_000;

async fn middle(scene: &Scene) -> Duration {
    let rows: Vec<_> = (0..10).map(|row| json!([row.to_string(), format!("name {row}"), 1.5])).collect();
    let rows = json!(rows).to_string();
    let mut took = Vec::with_capacity(SAMPLES);
    for _ in 0..SAMPLES {
        let begun = Instant::now();
        let mut writer = scene.results.open(scene.of(ResultContent::Table, COLUMNS)).unwrap();
        writer.append_json(rows.as_bytes()).await.unwrap();
        writer.finish_told(ResultEnd::default()).await.unwrap();
        took.push(begun.elapsed());
    }
    took.sort();
    took[SAMPLES / 2]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "prints a table"]
#[allow(clippy::print_stdout, reason = "a table")]
async fn measure_small() {
    for (engine, scene) in [("sqlite", Scene::sqlite().await), ("postgres", Scene::postgres().await)] {
        println!("a result of ten rows, {engine}: p50 {:?}", middle(&scene).await);
    }
}
