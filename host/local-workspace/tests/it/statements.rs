//! The statement execution API.

use serde_json::json;

use crate::harness::Lab;

#[tokio::test(flavor = "multi_thread")]
async fn the_sample_trips_answer_a_query() {
    let lab = Lab::start().await;
    let rows = lab.sql("SELECT count(*) FROM samples.nyctaxi.trips").await;
    assert_eq!(rows, json!([["21932"]]));
    lab.stop().await;
}
