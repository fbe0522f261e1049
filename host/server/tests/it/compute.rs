//! Clusters and commands from end to end: a scripted model, the compiled family, and a local workspace of the test's own.

use serde_json::{Value, json};

use crate::jobs::{scene, tool, well};
use crate::support::Chat;

pub(crate) fn has_python() -> bool {
    let found = std::process::Command::new("python3").arg("--version").output().is_ok_and(|it| it.status.success());
    if !found {
        println!("NOT RUN: no python3 on this machine, this test of commands checked nothing");
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn code_keeps_its_variables_between_calls_of_a_conversation() {
    if !has_python() {
        return;
    }
    let (world, _local, server) = scene().await;
    let ann = server.as_user("ann");
    let mut chat = Chat::new(&world.model, &ann).await;
    let listed = chat.call(&tool("list_clusters"), json!({})).await;
    let cluster = well(&listed)["clusters"][0]["cluster_id"].clone();
    let run = |code: &str| json!({"code": code});
    let execute = tool("execute_databricks_command");
    let first = chat.call(&execute, run("x = 20\nprint('hello')")).await;
    assert!(first["content"].as_str().unwrap().starts_with("hello"), "{first}");
    assert_eq!(well(&first)["cluster_id"], cluster);
    let failed = chat.call(&execute, run("x = 21\nraise ValueError('boom')")).await;
    assert_eq!((&failed["is_error"], &failed["error_kind"]), (&json!(true), &json!("failed")));
    assert!(failed["content"].as_str().unwrap().contains("line 2"), "{failed}");
    let kept = chat.call(&execute, run("x * 2")).await;
    assert!(kept["content"].as_str().unwrap().starts_with("42"), "{kept}");
    assert_eq!(well(&kept)["context_id"], well(&first)["context_id"]);

    let table = "display(spark.sql('SELECT CAST(9007199254740993 AS BIGINT) AS n, CAST(1.50 AS DECIMAL(5,2)) AS d'))";
    let table = chat.call(&execute, run(table)).await;
    assert_eq!(well(&table)["output"], "table");
    assert!(table["content"].as_str().unwrap().contains("| 9007199254740993 | 1.50 |"), "{table}");
    assert!(well(&table)["result_id"].is_string(), "{table}");
    let image = "class P:\n  def _repr_png_(self):\n    import zlib, struct\n    part = lambda kind, data: struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))\n    return b'\\x89PNG\\r\\n\\x1a\\n' + part(b'IHDR', struct.pack('>IIBBBBB', 1, 1, 8, 0, 0, 0, 0)) + part(b'IDAT', zlib.compress(b'\\0\\0')) + part(b'IEND', b'')\ndisplay(P())";
    let image = chat.call(&execute, run(image)).await;
    assert_eq!(well(&image)["output"], "image");
    assert!(well(&image)["result_id"].is_string(), "{image}");

    let text = json!({"file_path": "jobs/report.py", "content": "print('report', 6 * 7, __name__)\n"});
    assert_eq!(chat.call("Write", text).await["is_error"], false);
    let report = chat.call(&tool("run_python_file_on_databricks"), json!({"file_path": "jobs/report.py"})).await;
    assert!(report["content"].as_str().unwrap().starts_with("report 42 __main__"), "{report}");

    // Another conversation has variables of its own.
    let mut other = Chat::new(&world.model, &ann).await;
    let own = other.call(&execute, run("'x' in dir()")).await;
    assert!(own["content"].as_str().unwrap().starts_with("False"), "{own}");
    let sql = json!({"code": "SELECT 1 AS a", "language": "sql"});
    assert_eq!(well(&chat.call(&execute, sql).await)["output"], "table");
    let refused = chat.call(&execute, json!({"code": "1", "language": "scala"})).await;
    assert!(refused["content"].as_str().unwrap().contains("does not support the language scala"), "{refused}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_cancels_the_command_and_clusters_are_changed_whole() {
    if !has_python() {
        return;
    }
    let (world, local, server) = scene().await;
    let ann = server.as_user("ann");
    let mut chat = Chat::new(&world.model, &ann).await;
    let more = json!({"custom_tags": {"team": "data"}, "init_scripts": [{"workspace": {"destination": "/x"}}]});
    let made = chat.call(&tool("create_cluster"), json!({"cluster_name": "mine", "settings": more})).await;
    let cluster = well(&made)["cluster_id"].as_str().unwrap().to_owned();
    let state = async |wanted: &str| {
        crate::support::eventually("the cluster's state", async || {
            let path = format!("/api/2.1/clusters/get?cluster_id={cluster}");
            let found: Value = local.client.get(&path).await.ok();
            if found["state"] == wanted { Ok(found) } else { Err(found["state"].to_string()) }
        })
        .await
    };
    let found = state("RUNNING").await;
    assert_eq!(found["spark_version"], "17.3.x-scala2.13", "the newest with long-term support");
    let changed = chat.call(&tool("modify_cluster"), json!({"cluster_id": cluster, "num_workers": 3})).await;
    assert_eq!(well(&changed)["state"], "RESTARTING");
    let found = state("RUNNING").await;
    assert_eq!((found["num_workers"].as_i64(), &found["custom_tags"]), (Some(3), &json!({"team": "data"})));
    assert_eq!(found["init_scripts"], json!([{"workspace": {"destination": "/x"}}]));

    // Interrupted code leaves a mark, so that its end at the workspace can be seen.
    let code = "import time\ntry:\n  time.sleep(600)\nexcept KeyboardInterrupt:\n  spark.sql('CREATE TABLE main.default.stopped AS SELECT 1 AS a')";
    let input = json!({"code": code, "cluster_id": cluster});
    let turn = chat.begin(&[(tool("execute_databricks_command"), input)]).await;
    let mut follow = ann.follow(&turn, 0).await;
    let asked = follow.until("approval.requested").await;
    chat.allow(&turn, &asked).await;
    follow.until("tool_progress").await;
    ann.post(&format!("/api/stop_stream/{turn}"), json!({})).await.ok();
    let mut again = Chat::new(&world.model, &ann).await;
    crate::support::eventually("the mark of the interrupted code", async || {
        let path = "/api/2.1/unity-catalog/tables/main.default.stopped/exists";
        let found: Value = local.client.get(path).await.ok();
        if found["table_exists"] == true { Ok(()) } else { Err(found.to_string()) }
    })
    .await;

    well(&again.call(&tool("terminate_cluster"), json!({"cluster_id": cluster})).await);
    state("TERMINATED").await;
    let input = json!({"code": "1", "cluster_id": cluster});
    let refused = again.call(&tool("execute_databricks_command"), input).await;
    assert!(refused["content"].as_str().unwrap().contains("start_cluster"), "{refused}");
    well(&again.call(&tool("delete_cluster"), json!({"cluster_id": cluster})).await);
    let gone = again.call(&tool("get_cluster"), json!({"cluster_id": cluster})).await;
    assert_eq!(gone["error_kind"], "not-found", "{gone}");
    server.stop().await;
}

/// What a call of execute_code leaves in the user's home.
async fn left_in_home(local: &crate::jobs::Local) -> Vec<Value> {
    let list = local.client.get("/api/2.0/workspace/list?path=/Users/ann@example.com").await.ok();
    list["objects"].as_array().cloned().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn code_runs_serverless_and_leaves_no_file() {
    if !has_python() {
        return;
    }
    let (world, local, server) = scene().await;
    let ann = server.as_user("ann");
    let mut chat = Chat::new(&world.model, &ann).await;
    let execute = tool("execute_code");
    let code = "print('hello ü')\ndisplay(spark.sql('SELECT CAST(9007199254740993 AS BIGINT) AS n'))";
    let ran = chat.call(&execute, json!({"code": code})).await;
    assert_eq!((&well(&ran)["compute"], &well(&ran)["output"]), (&json!("serverless"), &json!("table")), "{ran:#}");
    let said = ran["content"].as_str().unwrap();
    assert!(said.starts_with("hello ü\n\n| n |") && said.contains("9007199254740993"), "{said}");
    assert!(well(&ran)["result_id"].is_string() && well(&ran)["run_page_url"].is_string(), "{ran:#}");
    let script = "CREATE TABLE main.default.s AS SELECT 1 AS a; -- not; here\nSELECT a + 1 AS b FROM main.default.s;";
    let sql = chat.call(&execute, json!({"code": script, "language": "sql"})).await;
    assert!(sql["content"].as_str().unwrap().starts_with("| b |"), "{sql}");
    let failed =
        chat.call(&execute, json!({"code": "def f():\n    raise ValueError('boom')\nprint('before')\nf()"})).await;
    assert_eq!((&failed["is_error"], &failed["error_kind"]), (&json!(true), &json!("failed")));
    let said = failed["content"].as_str().unwrap();
    assert!(said.contains("ValueError: boom") && said.contains("line 2, in f") && said.contains("before"), "{said}");
    let late = json!({"code": "import time\ntime.sleep(600)", "timeout_seconds": 2});
    let late = chat.call(&execute, late).await;
    assert_eq!(late["error_kind"], "timeout", "{late}");
    assert_eq!(left_in_home(&local).await, Vec::<Value>::new());

    // A stop cancels the run and removes its notebook.
    let turn = chat.begin(&[(execute, json!({"code": "import time\ntime.sleep(600)"}))]).await;
    let mut follow = ann.follow(&turn, 0).await;
    let asked = follow.until("approval.requested").await;
    chat.allow(&turn, &asked).await;
    follow.until("tool_progress").await;
    assert_eq!(left_in_home(&local).await.len(), 1);
    ann.post(&format!("/api/stop_stream/{turn}"), json!({})).await.ok();
    crate::support::eventually("the end of the run and its notebook", async || {
        let runs: Value = local.client.get("/api/2.2/jobs/runs/list?active_only=true").await.ok();
        let left = left_in_home(&local).await;
        if runs["runs"].is_null() && left.is_empty() { Ok(()) } else { Err(format!("{runs} {left:?}")) }
    })
    .await;
    server.stop().await;
}
