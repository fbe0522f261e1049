//! Cases of the family `warehouses`.

use bricklayer_domain::ToolErrorKind::{InvalidInput, NotFound};
use serde_json::{Value, json};

use super::{Case, Stage, answered, fails, works};
use crate::support::eventually;

pub(super) async fn cases(stage: &Stage) -> Vec<Case> {
    let owner = &stage.owner;
    let make = async |name: &str| {
        let body = json!({"name": name, "cluster_size": "Small", "auto_stop_mins": 10, "warehouse_type": "PRO",
            "enable_serverless_compute": true, "max_num_clusters": 1});
        let id = owner.post("/api/2.0/sql/warehouses", body).await["id"].as_str().unwrap().to_owned();
        eventually("a warehouse that runs", async || {
            let found = owner.get(&format!("/api/2.0/sql/warehouses/{id}")).await;
            if found["state"] == "RUNNING" { Ok(()) } else { Err(found["state"].to_string()) }
        })
        .await;
        id
    };
    let (mine, spare, asleep) = (make("mine").await, make("spare").await, make("asleep").await);
    owner.post(&format!("/api/2.0/sql/warehouses/{asleep}/stop"), json!({})).await;
    owner.sql("SELECT 6 * 7 AS the_answer_of_warehouses").await;
    let of = |warehouse: &str| json!({"warehouse_id": warehouse});
    let sized = |warehouse: &str, size: &str| json!({"warehouse_id": warehouse, "settings": {"cluster_size": size}});
    let page = |id: &str, next: Option<&str>| -> Value {
        let query = json!({"query_id": id, "query_text": "SELECT 1", "status": "FINISHED"});
        let body = json!({"res": [query], "has_next_page": next.is_some(), "next_page_token": next});
        answered("GET", "/api/2.0/sql/history/queries", &body)
    };
    vec![
        works("create_warehouse", json!({"name": "new"}), "is made and starts"),
        works("create_warehouse", json!({"name": "mine"}), "is there already").and(&mine).alone(),
        fails("create_warehouse", json!({"name": "x", "settings": {"cluster_size": "Huge"}}), InvalidInput, "Huge"),
        works("modify_warehouse", sized(&mine, "Medium"), "has its new settings; the others stayed"),
        works("modify_warehouse", sized(&mine, "Medium"), "has these settings already").alone(),
        fails("modify_warehouse", of(&mine), InvalidInput, "settings"),
        fails("modify_warehouse", sized("nosuch", "Small"), NotFound, "list_warehouses"),
        works("stop_warehouse", of(&spare), "stops"),
        fails("stop_warehouse", of("nosuch"), NotFound, "list_warehouses"),
        works("start_warehouse", of(&asleep), "starts"),
        works("start_warehouse", of(&mine), "runs already").alone(),
        fails("start_warehouse", of("nosuch"), NotFound, "list_warehouses"),
        works("delete_warehouse", of(&spare), "is deleted for good"),
        fails("delete_warehouse", of(&spare), NotFound, "list_warehouses"),
        works("list_query_history", json!({"limit": 1000}), "the_answer_of_warehouses"),
        works("list_query_history", json!({}), "| one |")
            .and("| two |")
            .under(page("one", Some("t")))
            .under(page("two", None))
            .in_pages("/history/queries", 2),
        fails("list_query_history", json!({"statuses": ["GONE"]}), InvalidInput, "GONE"),
    ]
}
