//! The main job from end to end: the offline model, the compiled SQL plugin, the real local workspace.

use bricklayer_server::config::{Config, IdentityMode, ModelConfig, WorkspaceConfig};
use serde_json::json;

use crate::support::{Api, Reply, Server, World, eventually};

fn local(world: &World) -> Config {
    Config {
        identity: IdentityMode::Development,
        model: ModelConfig::Offline,
        workspace: WorkspaceConfig::Local { binary: None },
        ..world.config()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_answered_from_real_sql_and_saved_as_a_report() {
    let world = World::sqlite().await;
    let server = Server::start(local(&world)).await;
    let you = Api::new(&server.base);
    // Healthy before the workspace is ready; calls wait for it.
    assert_eq!(you.get("/api/health").await.ok()["workspace"]["kind"], "local");
    let me = you.get("/api/me").await.ok();
    assert_eq!((&me["user"], &me["model"]["offline"]), (&json!("you@localhost"), &json!(true)));
    let project = you.project("Taxis").await;

    let question = "What are the busiest pickup hours in samples.nyctaxi.trips, and what is the average fare in each?";
    let (execution, conversation) = you.ask(&project, question).await;
    let frames = you.frames(&execution).await;
    let result = frames
        .iter()
        .rfind(|frame| frame.kind() == "tool_result" && frame.data["tool_name"] == "mcp__databricks__execute_sql")
        .unwrap_or_else(|| panic!("no statement ran: {frames:#?}"));
    assert_eq!(result.data["is_error"], false, "{result:#?}");
    assert!(result.data["structured"]["rows"].as_array().unwrap().len() >= 5, "{result:#?}");
    let answer = frames.iter().rfind(|frame| frame.kind() == "text").unwrap().data["text"].as_str().unwrap();
    assert!(answer.contains('|'), "a table: {answer}");

    let save = you.say(&project, &conversation, "Save that as report.md").await;
    you.frames(&save).await;
    let files = you.get(&format!("/api/projects/{project}/files")).await.ok();
    assert_eq!(files["files"][0]["path"], "report.md", "{files}");
    let report = you.get(&format!("/api/projects/{project}/files/report.md")).await;
    assert!(report.text.contains('|'), "{report:?}");

    let detail = you.get(&format!("/api/projects/{project}/conversations/{conversation}")).await.ok();
    assert_eq!(detail["messages"].as_array().unwrap().len(), 4);
    let warehouses = you.get("/api/warehouses").await.ok();
    assert!(!warehouses.as_array().unwrap().is_empty());
    let catalogs = you.get("/api/catalogs").await.ok();
    assert!(catalogs.as_array().unwrap().iter().any(|catalog| catalog["name"] == "samples"), "{catalogs}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_that_dies_is_started_again_with_its_data() {
    let world = World::sqlite().await;
    let server = Server::start(local(&world)).await;
    let you = Api::new(&server.base);
    let project = you.project("One").await;
    let sql = async |statement: &str| {
        let command = format!("/execute_sql {}", json!({"statement": statement}));
        let (execution, _) = you.ask(&project, &command).await;
        let mut follow = you.follow(&execution, 0).await;
        let mut result = None;
        while let Some(frame) = follow.next().await {
            if frame.kind() == "approval.requested" {
                let call = frame.data["tool_id"].as_str().unwrap();
                let path = format!("/api/executions/{execution}/approvals/{call}");
                you.post(&path, json!({"decision": "once"})).await.ok();
            }
            if frame.kind() == "tool_result" {
                result = Some(frame.data);
            }
        }
        result.unwrap()
    };
    let made = sql("CREATE TABLE main.default.kept AS SELECT 42 AS answer").await;
    assert_eq!(made["is_error"], false, "{made:#}");
    let child = workspace_of(&world).unwrap();
    assert!(std::process::Command::new("kill").args(["-9", &child.to_string()]).status().unwrap().success());
    eventually("another child", async || match workspace_of(&world) {
        Some(next) if next != child => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    let kept = sql("SELECT answer FROM main.default.kept").await;
    assert_eq!(kept["structured"]["rows"], json!([["42"]]), "{kept:#}");
    server.stop().await;
}

#[tokio::test]
async fn without_its_binary_the_workspace_says_so_and_everything_else_works() {
    let world = World::sqlite().await;
    let missing = world.data_dir().join("no-such-binary");
    let config = Config { workspace: WorkspaceConfig::Local { binary: Some(missing) }, ..local(&world) };
    let server = Server::start(config).await;
    let you = Api::new(&server.base);
    let problem = you.get("/api/warehouses").await.problem(503, "workspace-down");
    assert!(problem["detail"].as_str().unwrap().contains("no-such-binary"), "{problem}");
    assert_eq!(you.get("/api/health").await.ok()["workspace"]["state"], "down");
    let project = you.project("One").await;
    let (execution, _) = you.ask(&project, "/list_warehouses {}").await;
    let frames = you.frames(&execution).await;
    let result = frames.iter().find(|frame| frame.kind() == "tool_result").unwrap();
    assert_eq!(result.data["error_kind"], "upstream", "{result:?}");
    server.stop().await;
}

/// The process of a world's workspace, which names its folder: others of this test's process may have theirs.
fn workspace_of(world: &World) -> Option<u32> {
    let folder = world.data_dir().canonicalize().unwrap().join("workspace");
    std::fs::read_dir("/proc").unwrap().flatten().find_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        // Empty for one that ended and was not waited for yet.
        let arguments = std::fs::read(entry.path().join("cmdline")).ok()?;
        let mut arguments = arguments.split(|byte| *byte == 0);
        let program = arguments.next()?;
        let named = arguments.any(|word| word == folder.as_os_str().as_encoded_bytes());
        (program.ends_with(b"bricklayer-workspace") && named).then_some(pid)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_model_is_told_of_the_local_workspace() {
    let world = World::sqlite().await;
    world.model.script("where are you?", vec![Reply::text("at home")]);
    let server = Server::start(Config { model: world.config().model, ..local(&world) }).await;
    let you = Api::new(&server.base);
    let project = you.project("Home").await;
    let (execution, _) = you.ask(&project, "where are you?").await;
    you.frames(&execution).await;
    let request = world.model.requests().pop().unwrap();
    let told = request["system"][0]["text"].as_str().unwrap();
    assert!(told.contains("the local workspace that comes with Bricklayer"), "{told}");
    assert!(!told.contains("No workspace is configured"), "{told}");
    // What a person is shown is what the model gets.
    let shown = you.get("/api/system_prompt").await.ok();
    assert_eq!(shown["system_prompt"], told);
    server.stop().await;
}

/// A result is made again by the call that made it, as what comes in its place, and its numbers are found in it.
#[tokio::test(flavor = "multi_thread")]
async fn a_result_is_run_again_and_compared() {
    let world = World::sqlite().await;
    let server = Server::start(local(&world)).await;
    let you = Api::new(&server.base);
    let project = you.project("Again").await;
    let made = async |execution: &str| {
        let frames = you.frames(execution).await;
        let ids = frames.iter().filter(|frame| frame.kind() == "tool_result");
        ids.filter_map(|frame| frame.data["results"][0]["id"].as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    let (execution, _) = you.ask(&project, "/sql SELECT count(*) AS trips FROM samples.nyctaxi.trips").await;
    let old = made(&execution).await.remove(0);
    let trips = you.get(&format!("/api/results/{old}/rows")).await.ok()["rows"][0][0].as_str().unwrap().to_owned();
    let asked = serde_json::json!({"numbers": [trips, "31.4159"]});
    let numbers = you.post(&format!("/api/turns/{execution}/numbers"), asked).await.ok();
    let cell = serde_json::json!({"result": old, "row": 0, "column": 0});
    assert_eq!((&numbers["numbers"][0]["found"], &numbers["numbers"][1]["found"]), (&cell, &serde_json::Value::Null));
    let again = you.post(&format!("/api/results/{old}/run_again"), serde_json::json!({})).await.ok();
    let new = made(again["execution_id"].as_str().unwrap()).await.remove(0);
    assert_eq!(you.get(&format!("/api/results/{new}")).await.ok()["origin"]["rerun_of"], old);
    let changes = you.get(&format!("/api/results/{old}/changes?to={new}")).await.ok();
    assert_eq!((&changes["rows"]["same"], &changes["complete"]), (&serde_json::json!(1), &serde_json::json!(true)));
    server.stop().await;
}

/// What each card of the first page starts, and what its answer shows.
const CARDS: &[(&str, &str, &str)] = &[
    ("Busiest pickup hours", "execute_sql", "The busiest pickup hour in"),
    ("Look around", "execute_sql", "trips"),
    ("Trips day by day", "make_chart", "The chart is drawn from [the result](result:"),
    ("Run a statement yourself", "execute_sql", "fare_amount"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_card_of_the_first_page_works_without_a_model() {
    let cards = include_str!("../../../../client/src/features/chat/firstCards.json");
    let cards: Vec<serde_json::Value> = serde_json::from_str(cards).unwrap();
    let titles: Vec<&str> = cards.iter().map(|card| card["title"].as_str().unwrap()).collect();
    assert_eq!(titles, CARDS.iter().map(|(title, ..)| *title).collect::<Vec<_>>(), "each card has its row here");
    let world = World::sqlite().await;
    let server = Server::start(local(&world)).await;
    let you = Api::new(&server.base);
    let project = you.project("First minutes").await;
    for (card, (title, tool, says)) in cards.iter().zip(CARDS) {
        let (execution, _) = you.ask(&project, card["message"].as_str().unwrap()).await;
        let frames = you.frames(&execution).await;
        let results: Vec<_> = frames.iter().filter(|frame| frame.kind() == "tool_result").collect();
        assert!(results.iter().all(|frame| frame.data["is_error"] == false), "{title}: {results:#?}");
        assert!(results.iter().any(|frame| frame.data["tool_name"].as_str().unwrap().ends_with(tool)), "{title}");
        let answer = frames.iter().rfind(|frame| frame.kind() == "text").unwrap().data["text"].as_str().unwrap();
        assert!(answer.contains(says), "{title}: {answer}");
        assert!(frames.iter().all(|frame| frame.kind() != "error"), "{title}: {frames:#?}");
    }
    server.stop().await;
}
