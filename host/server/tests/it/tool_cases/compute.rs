//! Cases of the family `compute`.

use bricklayer_domain::ToolErrorKind::{Failed, InvalidInput, NotFound, PermissionDenied};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{Case, Stage, fails, stopped, works};
use crate::support::eventually;

pub(super) async fn cases(stage: &Stage) -> Vec<Case> {
    let owner = &stage.owner;
    let until = async |cluster: &serde_json::Value, state: &str| {
        let path = format!("/api/2.1/clusters/get?cluster_id={}", cluster.as_str().unwrap());
        eventually("a cluster's state", async || match owner.get(&path).await["state"].as_str() {
            Some(found) if found == state => Ok(()),
            other => Err(format!("{other:?}")),
        })
        .await;
    };
    let make = async |name: &str| {
        let body = json!({"cluster_name": name, "spark_version": "17.3.x-scala2.13", "node_type_id": "i3.xlarge",
            "num_workers": 1});
        let cluster = owner.post("/api/2.1/clusters/create", body).await["cluster_id"].clone();
        until(&cluster, "RUNNING").await;
        cluster
    };
    let (cluster, spare, asleep) = (make("mine").await, make("spare").await, make("asleep").await);
    owner.post("/api/2.1/clusters/delete", json!({"cluster_id": asleep})).await;
    until(&asleep, "TERMINATED").await;
    owner.write("report.py", "print('report', 6 * 7)\n");
    let context = json!({"clusterId": cluster, "language": "sql"});
    let context = owner.post("/api/1.2/contexts/create", context).await["id"].clone();
    let command = json!({"clusterId": cluster, "contextId": context, "language": "sql", "command": "SELECT 6 * 7"});
    let command = owner.post("/api/1.2/commands/execute", command).await["id"].clone();
    let of = |cluster: &serde_json::Value| json!({"cluster_id": cluster});
    let nosuch = json!({"cluster_id": "nosuch"});
    let sql = |code: &str| json!({"code": code, "language": "sql", "cluster_id": cluster});
    let serverless = |code: &str| json!({"code": code, "language": "sql", "compute": "serverless"});
    let ran = owner.call(0, "execute_code", &serverless("SELECT 6 * 7 AS answer"), CancellationToken::new()).await;
    let run = ran.structured.unwrap()["run_id"].clone();
    vec![
        works("list_clusters", json!({"name": "mine"}), "mine"),
        fails("list_clusters", json!({"limit": "all"}), InvalidInput, "limit"),
        works("get_cluster", of(&cluster), "mine"),
        fails("get_cluster", nosuch.clone(), NotFound, "nosuch"),
        works("get_best_cluster", json!({}), "Shared Local Cluster"),
        fails("get_best_cluster", json!({"x": 1}), InvalidInput, "x"),
        works("create_cluster", json!({"cluster_name": "new"}), "new"),
        fails("create_cluster", json!({"cluster_name": "x", "settings": []}), InvalidInput, "settings"),
        works("modify_cluster", json!({"cluster_id": spare, "cluster_name": "spare 2"}), "spare"),
        fails("modify_cluster", json!({"cluster_id": "nosuch", "num_workers": 2}), NotFound, "nosuch"),
        works("list_node_types", json!({}), "i3.xlarge"),
        fails("list_node_types", json!({"x": 1}), InvalidInput, "x"),
        works("list_spark_versions", json!({}), "17.3"),
        fails("list_spark_versions", json!({"x": 1}), InvalidInput, "x"),
        works("execute_databricks_command", sql("SELECT 6 * 7 AS answer"), "42"),
        fails("execute_databricks_command", sql("SELECT * FROM nosuch"), Failed, "TABLE_OR_VIEW_NOT_FOUND"),
        stopped("execute_databricks_command", sql(super::ENDLESS), "/commands/status", "/commands/cancel"),
        works("run_python_file_on_databricks", json!({"file_path": "report.py", "cluster_id": cluster}), "report 42"),
        fails("run_python_file_on_databricks", json!({"file_path": "nosuch.py"}), NotFound, "nosuch.py"),
        works("get_command", json!({"cluster_id": cluster, "context_id": context, "command_id": command}), "42"),
        fails(
            "get_command",
            json!({"cluster_id": cluster, "context_id": "nosuch", "command_id": "nosuch"}),
            InvalidInput,
            "ContextNotFound",
        ),
        works("execute_code", serverless("SELECT 6 * 7 AS answer"), "42"),
        works("execute_code", sql("SELECT 6 * 7 AS answer"), "42"),
        fails("execute_code", serverless("SELECT * FROM nosuch"), Failed, "TABLE_OR_VIEW_NOT_FOUND"),
        stopped("execute_code", serverless(super::ENDLESS), "/jobs/runs/get", "/jobs/runs/cancel"),
        works("get_code_run", json!({"run_id": run}), "42"),
        fails("get_code_run", json!({"run_id": run}), PermissionDenied, "PERMISSION_DENIED").by_stranger(),
        fails("get_code_run", json!({"run_id": 9_007_199_254_740_991_u64}), NotFound, "9007199254740991"),
        works("terminate_cluster", of(&spare), "spare"),
        fails("terminate_cluster", nosuch.clone(), NotFound, "nosuch"),
        works("start_cluster", of(&asleep), "asleep"),
        fails("start_cluster", nosuch.clone(), NotFound, "nosuch"),
        works("delete_cluster", of(&spare), "spare"),
        fails("delete_cluster", nosuch, NotFound, "nosuch"),
    ]
}
