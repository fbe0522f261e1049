//! Warehouses, what ran on them, and folders of volumes from end to end: a scripted model, the compiled families, and a
//! local workspace of the test's own.

use reqwest::Method;
use serde_json::json;

use crate::jobs::{scene, tool, well};
use crate::support::Chat;

#[tokio::test(flavor = "multi_thread")]
async fn a_warehouse_is_made_once_changed_whole_and_ended() {
    let (world, local, server) = scene().await;
    let ann = server.as_user("ann");
    let mut chat = Chat::new(&world.model, &ann).await;
    let tags = json!({"custom_tags": [{"key": "team", "value": "data"}]});
    let settings = json!({"cluster_size": "Small", "further": {"tags": tags}});
    let make = json!({"name": "lab", "settings": settings});
    let made = chat.call(&tool("create_warehouse"), make.clone()).await;
    let id = well(&made)["warehouse_id"].as_str().unwrap().to_owned();
    let again = chat.call(&tool("create_warehouse"), make).await;
    assert_eq!((&well(&again)["warehouse_id"], &well(&again)["changed"]), (&json!(id), &json!(false)));
    let found = async || local.client.get(&format!("/api/2.0/sql/warehouses/{id}")).await.ok();
    assert_eq!(found().await["auto_stop_mins"], 10);

    let change = json!({"warehouse_id": id, "settings": {"max_num_clusters": 3}});
    assert_eq!(well(&chat.call(&tool("modify_warehouse"), change).await)["changed"], true);
    let kept = found().await;
    assert_eq!((&kept["cluster_size"], &kept["max_num_clusters"], &kept["tags"]), (&json!("Small"), &json!(3), &tags));
    for (name, state) in [("stop_warehouse", "STOPPED"), ("start_warehouse", "RUNNING"), ("start_warehouse", "RUNNING")]
    {
        well(&chat.call(&tool(name), json!({"warehouse_id": id})).await);
        assert_eq!(found().await["state"], state, "{name}");
    }
    let wrong = json!({"warehouse_id": id, "settings": {"cluster_size": "Huge"}});
    assert_eq!(chat.call(&tool("modify_warehouse"), wrong).await["error_kind"], "invalid-input");

    let statement = json!({"statement": "SELECT 40 + 2 AS answer", "warehouse_id": id});
    well(&chat.call(&tool("execute_sql"), statement).await);
    let failed = json!({"statement": "SELECT nosuch", "warehouse_id": id});
    assert_eq!(chat.call(&tool("execute_sql"), failed).await["is_error"], true);
    let asked = json!({"warehouse_ids": [id], "statuses": ["FAILED"], "within_minutes": 5});
    let history = chat.call(&tool("list_query_history"), asked).await;
    let queries = well(&history)["queries"].as_array().unwrap();
    assert_eq!((queries.len(), &well(&history)["more"]), (1, &json!(false)), "{history:#}");
    assert!(queries[0]["error_message"].as_str().unwrap().contains("nosuch"), "{history:#}");
    let newest = chat.call(&tool("list_query_history"), json!({"warehouse_ids": [id], "limit": 1})).await;
    assert_eq!(well(&newest)["more"], true, "{newest:#}");

    assert_eq!(well(&chat.call(&tool("delete_warehouse"), json!({"warehouse_id": id})).await)["state"], "DELETED");
    let gone = chat.call(&tool("start_warehouse"), json!({"warehouse_id": id})).await;
    assert_eq!(gone["error_kind"], "not-found", "{gone}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_a_volume_are_counted_queried_and_copied() {
    let (world, local, server) = scene().await;
    let ann = server.as_user("ann");
    let mut chat = Chat::new(&world.model, &ann).await;
    let run = |statement: &str| json!({"statement": statement});
    well(&chat.call(&tool("execute_sql"), run("CREATE VOLUME main.default.landing")).await);
    for (name, content) in [("a.csv", "city,n\nZug,1\n"), ("deep/b.csv", "city,n\nBern,2\n"), ("c.txt", "text")] {
        let path = format!("/api/2.0/fs/files/Volumes/main/default/landing/{name}");
        let sent = local.client.request(Method::PUT, &path).body(content).send().await.unwrap();
        assert!(sent.status().is_success(), "{path}");
    }
    let path = json!({"path": "/Volumes/main/default/landing"});
    let told = chat.call(&tool("get_volume_folder_details"), path).await;
    let counted = well(&told);
    assert_eq!((&counted["total_files"], &counted["complete"]), (&json!(3), &json!(true)), "{counted:#}");
    let said = told["content"].as_str().unwrap();
    let describe = said.lines().find_map(|line| line.strip_prefix("Columns: ")).unwrap_or_default();
    let columns = chat.call(&tool("execute_sql"), run(describe)).await;
    assert_eq!(well(&columns)["rows"][1], json!(["n", "bigint", null]), "{columns:#}");
    let query = "SELECT city FROM read_files('/Volumes/main/default/landing', format => 'csv', \
                 fileNamePattern => '*.csv') ORDER BY n";
    assert_eq!(well(&chat.call(&tool("execute_sql"), run(query)).await)["rows"], json!([["Zug"], ["Bern"]]));
    well(&chat.call(&tool("execute_sql"), run(&format!("CREATE TABLE main.default.landed AS {query}"))).await);
    well(
        &chat
            .call(&tool("execute_sql"), run("CREATE VIEW main.default.seen AS SELECT * FROM main.default.landed"))
            .await,
    );
    for (table, direction, neighbour) in [("landed", "downstreams", "seen"), ("seen", "upstreams", "landed")] {
        let named = json!({"table_name": format!("main.default.{table}")});
        let lineage = chat.call(&tool("describe_table_lineage"), named).await;
        assert_eq!(well(&lineage)[direction], json!([format!("main.default.{neighbour}")]), "{lineage:#}");
    }
    server.stop().await;
}
