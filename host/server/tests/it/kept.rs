//! Calls that keep what they make for people: told in their events, read by its id, whatever becomes of the call.

use bricklayer_server::config::{Config, IdentityMode, ModelConfig, WorkspaceConfig};
use serde_json::{Value, json};

use crate::process::Running;
use crate::support::{Api, Engine, Frame, LastChunk, Reply, Server, Trouble, World, both_engines, eventually};

fn tool_result(frames: &[Frame]) -> &Value {
    &frames.iter().rfind(|frame| frame.kind() == "tool_result").unwrap_or_else(|| panic!("{frames:#?}")).data
}

#[tokio::test(flavor = "multi_thread")]
async fn all_rows_of_a_statement_are_kept_and_the_model_reads_their_shape() {
    let world = World::sqlite().await;
    let config = Config {
        identity: IdentityMode::Development,
        model: ModelConfig::Offline,
        workspace: WorkspaceConfig::Local { binary: None },
        ..world.config()
    };
    let server = Server::start(config).await;
    let you = Api::new(&server.base);
    let project = you.project("Rows").await;
    let statement = "SELECT id, cast(id AS decimal(20, 2)) AS price, if(id % 4 = 0, NULL, 'x') AS s FROM range(25000)";
    let command = format!("/execute_sql {}", json!({"statement": statement}));
    let (execution, _) = you.ask(&project, &command).await;
    let frames = you.frames(&execution).await;
    let told = tool_result(&frames);
    assert_eq!(told["is_error"], false, "{told:#}");
    let kept = &told["results"][0];
    assert_eq!((&kept["content"], &kept["state"], &kept["rows"]), (&json!("table"), &json!("complete"), &json!(25000)));
    assert_eq!(
        kept["columns"][1],
        json!({"name": "price", "type": "decimal", "precision": 20, "scale": 2, "source_type": "DECIMAL(20,2)"})
    );
    let structured = &told["structured"];
    assert_eq!((structured["rows"].as_array().unwrap().len(), &structured["total_row_count"]), (100, &json!(25000)));
    assert_eq!(structured["result_id"], kept["id"]);
    let text = told["content"].as_str().unwrap();
    let id = kept["id"].as_str().unwrap();
    for said in [
        "showing 100 of 25000 rows; all are kept as a result",
        &format!("[result {id}: table, 25000 rows, 3 columns, whole."),
        "- id BIGINT, 0 to 24999",
        "- price DECIMAL(20,2), 0.00 to 24999.00",
        "- s STRING, 6250 NULL (25.0 %), always \"x\"",
        &format!("[text](result:{id})"),
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let answer = frames.iter().rfind(|frame| frame.kind() == "text").unwrap().data["text"].as_str().unwrap();
    assert_eq!(answer, format!("All rows: [the result](result:{id})"), "people read a link, not what a model is told");
    let whole = you.get(&format!("/api/results/{id}")).await.ok();
    let origin = &whole["origin"];
    assert_eq!((&origin["tool"], &origin["statement"]), (&json!("mcp__databricks__execute_sql"), &json!(statement)));
    assert_eq!((&origin["statement_id"], &origin["rows"]), (&structured["statement_id"], &json!(25000)));
    assert_eq!((&origin["truncated"], &whole["execution_id"]), (&json!(false), &json!(execution)));
    let page = you.get(&format!("/api/results/{id}/rows?offset=24999")).await.ok();
    assert_eq!(page["rows"], json!([["24999", "24999.00", "x"]]));

    // The caller's own limit is no cut of the workspace's.
    let input = json!({"statement": statement, "row_limit": 7});
    let (execution, _) = you.ask(&project, &format!("/execute_sql {input}")).await;
    let frames = you.frames(&execution).await;
    let told = tool_result(&frames);
    let kept = &told["results"][0];
    assert_eq!((&kept["rows"], &kept["state"]), (&json!(7), &json!("complete")), "{told:#}");
    assert_eq!(kept["cut"]["reason"], "row_limit", "{told:#}");
    let text = told["content"].as_str().unwrap();
    for said in [
        "(7 rows: the call asked for no more rows, and there are more",
        "7 rows, 3 columns, not all of it: the call asked for",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }

    // Each statement of a script, and how it is run again by itself.
    let script = "USE samples.nyctaxi; SELECT 1 AS a; SELECT * FROM trips WHERE fare_amount > :f";
    let input = json!({"script": script, "parameters": [{"name": "f", "value": "5", "type": "DOUBLE"}]});
    let (execution, _) = you.ask(&project, &format!("/execute_sql_multi {input}")).await;
    let frames = you.frames(&execution).await;
    let told = tool_result(&frames);
    let kept = told["results"].as_array().unwrap_or_else(|| panic!("{told:#}"));
    assert_eq!(kept.len(), 2, "{told:#}");
    assert_eq!(told["structured"]["steps"][2]["result_id"], kept[1]["id"]);
    let whole = you.get(&format!("/api/results/{}", kept[1]["id"].as_str().unwrap())).await.ok();
    let again = &whole["origin"]["again"];
    assert_eq!(again["tool"], "mcp__databricks__execute_sql", "{whole:#}");
    assert_eq!((&again["input"]["catalog"], &again["input"]["schema"]), (&json!("samples"), &json!("nyctaxi")));
    let (execution, _) = you.ask(&project, &format!("/execute_sql {}", again["input"])).await;
    let frames = you.frames(&execution).await;
    assert_eq!(tool_result(&frames)["results"][0]["rows"], kept[1]["rows"]);
    server.stop().await;
}

#[test]
fn a_call_that_is_stopped_lists_what_came() {
    both_engines(async |engine: Engine| {
        let world = World::new(engine).await;
        world.workspace.trouble(Trouble::LastChunk(LastChunk::Stuck));
        let call = Reply::tool("call_1", "mcp__databricks__execute_sql", json!({"statement": "SELECT 1"}));
        world.model.script("read", vec![call, Reply::text("read")]);
        let server = world.serve().await;
        let ann = server.as_user("ann");
        let project = ann.project("One").await;
        let (execution, _) = ann.ask(&project, "read").await;
        eventually("the last chunk to be asked for", async || {
            match world.workspace.count(http::Method::GET, "/result/chunks/2") {
                0 => Err("not yet".to_owned()),
                _ => Ok(()),
            }
        })
        .await;
        ann.post(&format!("/api/stop_stream/{execution}"), json!({})).await.ok();
        let frames = ann.frames(&execution).await;
        let told = tool_result(&frames);
        let kept = &told["results"][0];
        assert_eq!((&kept["state"], &kept["cut"]["reason"]), (&json!("partial"), &json!("interrupted")), "{told:#}");
        let id = kept["id"].as_str().unwrap().to_owned();
        eventually("what came to be stored", async || {
            let whole = ann.get(&format!("/api/results/{id}")).await.ok();
            if whole["state"] == "partial" { Ok(whole) } else { Err(whole.to_string()) }
        })
        .await;
        let rows = ann.get(&format!("/api/results/{id}/rows?limit=1")).await.ok();
        assert!(rows["total"].as_u64().unwrap() >= 20_000, "{rows}");
        server.stop().await;
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chunk_that_breaks_leaves_what_came_before_it() {
    let world = World::sqlite().await;
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    for last in [LastChunk::Nonsense, LastChunk::CutOff] {
        world.workspace.trouble(Trouble::LastChunk(last));
        let message = format!("read {last:?}");
        let call = Reply::tool("call_1", "mcp__databricks__execute_sql", json!({"statement": "SELECT 1"}));
        world.model.script(&message, vec![call, Reply::text("read")]);
        let (execution, _) = ann.ask(&project, &message).await;
        let frames = ann.frames(&execution).await;
        let told = tool_result(&frames);
        let kept = &told["results"][0];
        assert_eq!((&told["is_error"], &kept["rows"]), (&json!(true), &json!(40_000)), "{last:?}: {told:#}");
        assert_eq!((&kept["state"], &kept["cut"]["reason"]), (&json!("partial"), &json!("interrupted")), "{told:#}");
        let text = told["content"].as_str().unwrap();
        assert!(text.contains("40000 rows, 1 columns, partial: the call ended before it was whole"), "{text}");
        let rows = ann.get(&format!("/api/results/{}/rows?offset=39999", kept["id"].as_str().unwrap())).await.ok();
        assert_eq!(rows["rows"], json!([["39999"]]), "{last:?}");
    }
    server.stop().await;
}

#[test]
fn a_host_that_is_killed_leaves_what_was_stored() {
    both_engines(async |engine: Engine| {
        let world = World::new(engine).await;
        let environment: Vec<_> = world.database_url().map(|url| ("DATABASE_URL", url)).into_iter().collect();
        world.workspace.trouble(Trouble::LastChunk(LastChunk::Stuck));
        let call = Reply::tool("call_1", "mcp__databricks__execute_sql", json!({"statement": "SELECT 1"}));
        world.model.script("read", vec![call, Reply::text("read")]);
        let mut first = Running::start_with(&world, &environment);
        let ann = first.ann();
        let project = ann.project("One").await;
        let (execution, conversation) = ann.ask(&project, "read").await;
        let list = format!("/api/conversations/{conversation}/results");
        eventually("rows to be stored", async || {
            let listed = ann.get(&list).await.ok();
            if listed["results"][0]["rows"].as_u64().is_some_and(|rows| rows >= 32_000) {
                Ok(())
            } else {
                Err(listed.to_string())
            }
        })
        .await;
        first.signal("-KILL");
        first.ended().await;

        world.workspace.trouble(Trouble::None);
        let second = Running::start_with(&world, &environment);
        let ann = second.ann();
        let frames = ann.frames(&execution).await;
        // The read ran once more, and what came before stays, as what it is.
        assert_eq!(tool_result(&frames)["results"][0]["state"], "complete", "{frames:#?}");
        let lost = eventually("the result to be settled", async || {
            let listed = ann.get(&list).await.ok();
            let lost =
                listed["results"].as_array().unwrap().iter().find(|result| result["state"] == "partial").cloned();
            lost.ok_or_else(|| listed.to_string())
        })
        .await;
        assert_eq!((&lost["cut"]["reason"], lost["rows"].as_u64() >= Some(32_000)), (&json!("lost"), true), "{lost:#}");
    });
}
