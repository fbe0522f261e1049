//! Providers behind the running server: which wire is spoken, and whose token is sent.

use bricklayer_agent::model::databricks::Route;
use bricklayer_server::config::{Config, ModelConfig};
use serde_json::json;

use crate::support::*;

fn ends_well(frames: &[Frame]) -> bool {
    frames.iter().any(|frame| frame.kind() == "stream.completed" && frame.data["is_error"] == false)
}

#[tokio::test]
async fn a_workspaces_model_is_asked_with_the_callers_token_and_on_its_wire() {
    for (route, model, path) in [
        (Route::Serving, "databricks-claude-x", "/serving-endpoints/anthropic/v1/messages"),
        (Route::Serving, "databricks-llama-x", "/serving-endpoints/chat/completions"),
        (Route::Gateway, "system.ai.claude-x", "/ai-gateway/anthropic/v1/messages"),
        (Route::Gateway, "system.ai.gpt-x", "/ai-gateway/mlflow/v1/chat/completions"),
    ] {
        let world = World::sqlite().await;
        world.model.script("ask", vec![Reply::sql("call_1", "SELECT 1"), Reply::text("I see")]);
        let chosen = ModelConfig::Databricks { host: world.model.url.clone(), route, model: model.to_owned() };
        let server = Server::start(Config { model: chosen, ..world.config() }).await;
        for user in ["ann", "bob"] {
            let api = server.as_user(user);
            let project = api.project("One").await;
            let (execution, _) = api.ask(&project, "ask").await;
            let frames = api.frames(&execution).await;
            assert!(ends_well(&frames), "{model}: {frames:?}");
            let text = serde_json::to_string(&frames.iter().map(|frame| &frame.data).collect::<Vec<_>>()).unwrap();
            assert!(text.contains("I see") && !text.contains("canary"), "{text}");
        }
        let sent = |user: &str| (path.to_owned(), format!("Bearer {TOKEN_OF}{user}"));
        assert_eq!(world.model.senders(), [sent("ann"), sent("ann"), sent("bob"), sent("bob")], "{model}");
        assert!(world.model.requests().iter().all(|request| request["model"] == model));
        server.stop().await;
    }
}

#[tokio::test]
async fn a_token_that_the_model_refuses_ends_the_turn_with_what_to_do() {
    let world = World::sqlite().await;
    let refused = json!({"error_code": "UNAUTHENTICATED", "message": "token canary-token-of-ann is over"});
    world.model.script("ask", vec![Reply::Status(401, vec![], refused)]);
    let (route, model) = (Route::Serving, "databricks-llama-x".to_owned());
    let chosen = ModelConfig::Databricks { host: world.model.url.clone(), route, model };
    let server = Server::start(Config { model: chosen, ..world.config() }).await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    let (execution, _) = ann.ask(&project, "ask").await;
    let frames = ann.frames(&execution).await;
    let error = frames.iter().find(|frame| frame.kind() == "error").unwrap();
    assert_eq!(error.data["code"], "model-unauthorized", "{error:?}");
    assert!(error.data["error"].as_str().unwrap().contains("sign in to the workspace again"), "{error:?}");
    assert!(!error.data.to_string().contains("canary"), "{error:?}");
    server.stop().await;
}
