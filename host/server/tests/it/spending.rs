//! What models cost, and budgets.

use std::sync::Arc;

use bricklayer_agent::model::Prices;
use bricklayer_domain::Budget;
use serde_json::{Value, json};

use crate::support::{Api, Engine, Frame, Reply, World, both_engines};

/// A dollar for each token that is written; what is read costs nothing.
fn prices() -> Arc<Prices> {
    Arc::new(Prices::parse("scripted 0 10000").unwrap())
}

fn glob(id: &str) -> Reply {
    Reply::tool(id, "Glob", json!({"pattern": "*"}))
}

/// The turn's own end.
fn end(frames: &[Frame]) -> &Value {
    let own = |frame: &&Frame| frame.data.is_object() && frame.kind() == "result" && frame.data["lane"].is_null();
    &frames.iter().find(own).unwrap().data
}

async fn spent(api: &Api, project: &str, conversation: &str) -> Value {
    api.get(&format!("/api/projects/{project}/conversations/{conversation}/usage")).await.ok()
}

#[test]
fn what_models_took_is_told_by_conversation_and_by_day() {
    both_engines(async |engine: Engine| {
        let mut world = World::new(engine).await;
        world.spending.prices = prices();
        let task = json!({"subagent_type": "data-explorer", "description": "count", "prompt": "count them"});
        world.model.script("how many", vec![Reply::tool("t1", "Task", task), Reply::text("none")]);
        world.model.script("count them", vec![glob("g1"), Reply::text("none at all")]);
        let server = world.serve().await;
        let (ann, bob) = (server.as_user("ann"), server.as_user("bob"));
        let project = ann.project("One").await;
        let (execution, conversation) = ann.ask(&project, "how many").await;
        let frames = ann.frames(&execution).await;
        let of_turn = &end(&frames)["usage"];
        assert!(of_turn["output_tokens"].as_u64().unwrap() > 3, "{of_turn}");
        let dollars = of_turn["output_tokens"].as_u64().unwrap() * 10_000;
        assert_eq!(of_turn["cost_micro_usd"], dollars);

        // Its subagents are among it.
        let told = spent(&ann, &project, &conversation).await;
        assert_eq!(told["total"], *of_turn, "{told}");
        assert_eq!(told["today"], *of_turn, "{told}");
        let model = &told["models"][0];
        assert_eq!((&model["model"], &model["calls"], &model["priced"]), (&json!("scripted"), &json!(4), &json!(true)));
        assert_eq!(told["budget"], json!({"tokens": null, "micro_usd": null}));

        // Nobody else's, and not by another project.
        let path = format!("/api/projects/{project}/conversations/{conversation}/usage");
        bob.get(&path).await.problem(404, "not-found");
        let other = ann.project("Two").await;
        ann.get(&path.replace(&project, &other)).await.problem(404, "not-found");

        // What was spent stays spent when the conversation is gone.
        ann.delete(&format!("/api/projects/{project}/conversations/{conversation}")).await;
        let days = ann.get("/api/usage?days=2").await.ok();
        assert_eq!((&days["days"][0]["usage"], &days["days"][0]["calls"]), (of_turn, &json!(4)), "{days}");
        assert_eq!(bob.get("/api/usage").await.ok()["days"], json!([]));
        for days in ["0", "367", "x"] {
            ann.get(&format!("/api/usage?days={days}")).await.problem(422, "invalid-request");
        }
    });
}

/// Sends a message that is refused because a budget is used up; what is said.
async fn refused(api: &Api, project: &str, conversation: Option<&str>, code: &str) -> String {
    let body = json!({"project_id": project, "conversation_id": conversation, "message": "again"});
    let problem = api.post("/api/invoke_agent", body).await.problem(409, code);
    problem["detail"].as_str().unwrap().to_owned()
}

#[test]
fn a_conversations_budget_ends_its_turn_and_refuses_the_next() {
    both_engines(async |engine: Engine| {
        let mut world = World::new(engine).await;
        world.spending.prices = prices();
        world.spending.conversation = Budget { tokens: None, micro_usd: Some(20_000) };
        world.model.script("go", vec![glob("a"), glob("b"), glob("c"), glob("d"), Reply::text("never said")]);
        world.model.script("hello", vec![Reply::text("hi")]);
        let server = world.serve().await;
        let ann = server.as_user("ann");
        let project = ann.project("One").await;
        let (execution, conversation) = ann.ask(&project, "go").await;
        let frames = ann.frames(&execution).await;
        let end = end(&frames);
        let error = frames.iter().find(|frame| frame.data.is_object() && frame.kind() == "error").unwrap();
        assert_eq!(
            (&error.data["code"], &error.data["remedy"]),
            (&json!("conversation-budget-used-up"), &json!("new_conversation"))
        );
        assert!(end["usage"]["cost_micro_usd"].as_u64().unwrap() >= 20_000);
        assert!(!frames.iter().any(|frame| frame.data.to_string().contains("never said")));
        let said = refused(&ann, &project, Some(&conversation), "conversation-budget-used-up").await;
        assert!(said.contains("limits.conversation_usd") && said.contains("may cost $0.02"), "{said}");
        // Another conversation has its own.
        let (execution, _) = ann.ask(&project, "hello").await;
        assert_eq!(crate::spending::end(&ann.frames(&execution).await)["is_error"], false);
    });
}

#[test]
fn a_days_budget_is_one_users_in_all_conversations() {
    both_engines(async |engine: Engine| {
        let mut world = World::new(engine).await;
        world.spending.user_day = Budget { tokens: Some(5), micro_usd: None };
        world.model.script("hello", vec![Reply::text("hi"), Reply::text("hi"), Reply::text("hi")]);
        let server = world.serve().await;
        let (ann, bob) = (server.as_user("ann"), server.as_user("bob"));
        let project = ann.project("One").await;
        let body = json!({
            "project_id": project, "message": "hello", "client_message_id": "0198f000-0000-7000-8000-000000000001",
        });
        let first = ann.post("/api/invoke_agent", body.clone()).await.ok();
        let execution = first["execution_id"].as_str().unwrap();
        assert_eq!(end(&ann.frames(execution).await)["is_error"], false);
        // The same submission is the turn that it began, and no new one.
        assert_eq!(ann.post("/api/invoke_agent", body).await.ok()["execution_id"], first["execution_id"]);
        let said = refused(&ann, &project, None, "day-budget-used-up").await;
        assert!(said.contains("limits.user_day_tokens") && said.contains("may take 5"), "{said}");
        ann.delete(&format!("/api/projects/{project}")).await;
        let project = ann.project("Two").await;
        refused(&ann, &project, None, "day-budget-used-up").await;
        let bobs = bob.project("Bob's").await;
        let (execution, _) = bob.ask(&bobs, "hello").await;
        assert_eq!(end(&bob.frames(&execution).await)["is_error"], false);
    });
}
