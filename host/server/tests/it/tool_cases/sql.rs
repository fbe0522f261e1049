//! Cases of the family `sql`.

use bricklayer_domain::ToolErrorKind::{InvalidInput, NotFound, Timeout};
use serde_json::json;

use super::{Case, ENDLESS, Stage, fails, stopped, works};

pub(super) async fn cases(stage: &Stage) -> Vec<Case> {
    let owner = &stage.owner;
    let done = owner.sql("SELECT 6 * 7 AS answer").await;
    let body = json!({"statement": ENDLESS, "warehouse_id": owner.warehouse().await, "wait_timeout": "0s"});
    let running = owner.post("/api/2.0/sql/statements", body).await["statement_id"].clone();
    vec![
        works("execute_sql", json!({"statement": "SELECT 6 * 7 AS answer"}), "42"),
        works("execute_sql", json!({"statement": "SELECT id FROM range(30000)"}), "| id |").alone(),
        fails("execute_sql", json!({"statement": ENDLESS, "timeout_seconds": 1}), Timeout, "did not end within 1 s"),
        fails("execute_sql", json!({"statement": "SELECT * FROM nosuch"}), NotFound, "[TABLE_OR_VIEW_NOT_FOUND]"),
        fails("execute_sql", json!({"statement": "SELECT 1", "warehouse_id": "nosuch"}), NotFound, "nosuch"),
        fails("execute_sql", json!({}), InvalidInput, "statement"),
        stopped("execute_sql", json!({"statement": ENDLESS}), "/sql/statements", "/cancel"),
        works("execute_sql_multi", json!({"script": "SELECT 1 AS a; SELECT 2 AS b"}), "2").alone(),
        works("execute_sql_multi", json!({"script": "SELECT 1; SELECT 'open"}), "never closed").alone(),
        fails("execute_sql_multi", json!({}), InvalidInput, "script"),
        works("get_statement", json!({"statement_id": done}), "42"),
        works("get_statement", json!({"statement_id": running, "wait_seconds": 1}), "still running").alone(),
        fails("get_statement", json!({"statement_id": done}), NotFound, "").by_stranger(),
        fails("get_statement", json!({"statement_id": "nosuch"}), NotFound, "nosuch"),
        fails("cancel_statement", json!({"statement_id": running}), NotFound, "").by_stranger(),
        works("cancel_statement", json!({"statement_id": running}), "cancel"),
        fails("cancel_statement", json!({"statement_id": "nosuch"}), NotFound, "nosuch"),
        works("list_warehouses", json!({}), "Local Warehouse"),
        fails("list_warehouses", json!({"limit": "many"}), InvalidInput, "limit"),
        works("get_best_warehouse", json!({"ignore_default": true}), "running"),
        fails("get_best_warehouse", json!({"ignore_default": 7}), InvalidInput, "ignore_default"),
    ]
}
