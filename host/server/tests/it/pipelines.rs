//! Pipelines from end to end: a scripted model, the compiled family of pipelines, and a local workspace of the test's own.

use serde_json::{Value, json};

use crate::jobs::{Local, config, scene, tool, well};
use crate::support::{Chat, Server, eventually};

/// A query that runs until it is ended.
const ENDLESS: &str =
    "SELECT count(*) AS n FROM range(1000000000) a CROSS JOIN range(1000000000) b WHERE a.id + b.id = -1";

const HOME: &str = "/Users/ann@example.com";

/// Puts the SQL of a pipeline into ann's home; the arguments that make the pipeline.
async fn pipeline(local: &Local, name: &str, sql: &str) -> Value {
    local.import(&format!("{name}.sql"), sql).await;
    let libraries = json!([{"file": {"path": format!("{HOME}/{name}.sql")}}]);
    json!({"name": name, "settings": {"catalog": "main", "schema": "lab", "libraries": libraries}})
}

/// The state of a pipeline's newest update, once it is as wanted.
async fn state_until(local: &Local, id: &str, wanted: &str) {
    eventually("the update's state", async || {
        let pipeline = local.client.get(&format!("/api/2.0/pipelines/{id}")).await.ok();
        let state = pipeline["latest_updates"][0]["state"].clone();
        if state == wanted { Ok(()) } else { Err(state.to_string()) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipeline_is_made_once_and_its_tables_can_be_queried() {
    let (world, local, server) = scene().await;
    let ann = server.as_user("ann");
    let mut chat = Chat::new(&world.model, &ann).await;
    let sql = "CREATE MATERIALIZED VIEW numbers (CONSTRAINT small EXPECT (id < 3) ON VIOLATION DROP ROW) AS SELECT id FROM \
               range(5); CREATE MATERIALIZED VIEW total AS SELECT sum(id) AS n FROM numbers";
    let make = pipeline(&local, "sales", sql).await;
    let made = chat.call(&tool("create_or_update_pipeline"), make.clone()).await;
    assert_eq!(well(&made)["created"], true);
    let again = chat.call(&tool("create_or_update_pipeline"), make).await;
    let id = well(&made)["pipeline_id"].as_str().unwrap().to_owned();
    assert_eq!((&well(&again)["created"], &well(&again)["pipeline_id"]), (&json!(false), &json!(id)));
    let listed = chat.call(&tool("list_pipelines"), json!({"name_contains": "SAL"})).await;
    assert_eq!((well(&listed)["pipelines"].as_array().unwrap().len(), &well(&listed)["complete"]), (1, &json!(true)));

    let update = chat.call(&tool("start_update"), json!({"pipeline_id": id, "wait_seconds": 60})).await;
    assert_eq!((&well(&update)["state"], &well(&update)["ended"]), (&json!("COMPLETED"), &json!(true)));
    let rows = chat.call(&tool("execute_sql"), json!({"statement": "SELECT n FROM main.lab.total"})).await;
    assert!(rows["content"].as_str().unwrap().contains("| 3 |"), "{rows:#}");

    // What is not named in a change stays.
    let change = json!({"pipeline_id": id, "settings": {"configuration": {"day": "1"}}});
    well(&chat.call(&tool("update_pipeline"), change).await);
    let read = chat.call(&tool("get_pipeline"), json!({"pipeline_id": id})).await;
    let settings = &well(&read)["settings"];
    let settings: Value =
        settings.as_str().map_or_else(|| settings.clone(), |text| serde_json::from_str(text).unwrap());
    assert_eq!((&settings["schema"], &settings["configuration"]), (&json!("lab"), &json!({"day": "1"})));
    let found = chat.call(&tool("find_pipeline_by_name"), json!({"name": "sales"})).await;
    assert_eq!(well(&found)["pipeline_ids"], json!([id]));
    well(&chat.call(&tool("delete_pipeline"), json!({"pipeline_id": id})).await);
    let gone = chat.call(&tool("get_pipeline"), json!({"pipeline_id": id})).await;
    assert_eq!((&gone["is_error"], &gone["error_kind"]), (&json!(true), &json!("not-found")), "{gone:#}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_update_names_its_dataset_and_the_error_of_sql() {
    let (world, local, server) = scene().await;
    let ann = server.as_user("ann");
    let mut chat = Chat::new(&world.model, &ann).await;
    let sql = "CREATE MATERIALIZED VIEW bad AS SELECT 1 / id AS n FROM range(2); CREATE MATERIALIZED VIEW after AS SELECT * FROM bad";
    let made = chat.call(&tool("create_pipeline"), pipeline(&local, "broken", sql).await).await;
    let id = well(&made)["pipeline_id"].clone();
    let failed = chat.call(&tool("start_update"), json!({"pipeline_id": id, "wait_seconds": 60})).await;
    assert_eq!((&failed["is_error"], &failed["error_kind"]), (&json!(true), &json!("failed")));
    let said = failed["content"].as_str().unwrap();
    for part in ["FAILED", "main.lab.bad: [DIVIDE_BY_ZERO]", "validate_only"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let events = chat.call(&tool("get_pipeline_events"), json!({"pipeline_id": id})).await;
    let events = well(&events)["events"].clone();
    assert_eq!((&events[0]["level"], &events[1]["level"]), (&json!("ERROR"), &json!("ERROR")));
    let bad = events.as_array().unwrap().iter().find(|event| event["dataset"] == "main.lab.bad").unwrap();
    assert!(bad["causes"][0].as_str().unwrap().contains("[DIVIDE_BY_ZERO]"), "{bad:#}");
    let skipped = events.as_array().unwrap().iter().find(|event| event["dataset"] == "main.lab.after").unwrap();
    assert_eq!(skipped["level"], "WARN");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_that_takes_long_is_handed_over_and_stopped() {
    let (world, local, server) = scene().await;
    let ann = server.as_user("ann");
    let mut chat = Chat::new(&world.model, &ann).await;
    let made = chat
        .call(
            &tool("create_pipeline"),
            pipeline(&local, "slow", &format!("CREATE MATERIALIZED VIEW slow AS {ENDLESS}")).await,
        )
        .await;
    let id = well(&made)["pipeline_id"].as_str().unwrap().to_owned();
    let begun = chat.call(&tool("start_update"), json!({"pipeline_id": id, "wait_seconds": 1})).await;
    let update = well(&begun)["update_id"].clone();
    assert_eq!(well(&begun)["ended"], false);
    let said = begun["content"].as_str().unwrap();
    assert!(said.contains("continue with wait_for_update"), "{said}");
    let waited = json!({"pipeline_id": id, "update_id": update, "wait_seconds": 1});
    assert_eq!(well(&chat.call(&tool("wait_for_update"), waited.clone()).await)["ended"], false);
    let stopped = chat.call(&tool("stop_pipeline"), json!({"pipeline_id": id})).await;
    assert!(stopped["content"].as_str().unwrap().contains("was stopped"), "{stopped:#}");
    let ended = chat.call(&tool("wait_for_update"), waited).await;
    assert!(ended["content"].as_str().unwrap().contains("CANCELED"), "{ended:#}");

    // A host that leaves lets go of the update that a call waits for, and the next one waits on.
    let turn = chat.begin(&[(tool("start_update"), json!({"pipeline_id": id, "wait_seconds": 300}))]).await;
    let mut follow = ann.follow(&turn, 0).await;
    let asked = follow.until("approval.requested").await;
    chat.allow(&turn, &asked).await;
    follow.until("tool_progress").await;
    server.stop().await;
    state_until(&local, &id, "RUNNING").await;
    let server = Server::start(config(&world, &local)).await;
    let ann = server.as_user("ann");
    let mut follow = ann.follow(&turn, 0).await;
    local.post(&format!("/api/2.0/pipelines/{id}/stop"), json!({})).await;
    let result = follow.until("tool_result").await;
    assert!(result.data["content"].as_str().unwrap().contains("CANCELED"), "{result:#?}");
    let all = local.client.get(&format!("/api/2.0/pipelines/{id}/updates")).await.ok();
    assert_eq!(all["updates"].as_array().unwrap().len(), 2, "nothing ran twice");
    server.stop().await;
}
