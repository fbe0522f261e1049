//! Providers behind the running server: which wire is spoken, and whose token is sent.

use bricklayer_agent::model::databricks::Route;
use bricklayer_server::config::{Config, ModelConfig};
use serde_json::{Value, json};

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

/// The models that a user may choose, by provider: what is wrong, and ids with why they cannot be used.
async fn choices(api: &Api) -> Vec<(String, Value, Vec<(String, bool)>)> {
    let all = api.get("/api/models").await.ok();
    let model = |model: &Value| (model["id"].as_str().unwrap().to_owned(), model["unavailable"].is_null());
    let part = |part: &Value| {
        let models = part["models"].as_array().unwrap().iter().map(model).collect();
        (part["provider"].as_str().unwrap().to_owned(), part["problem"].clone(), models)
    };
    all["providers"].as_array().unwrap().iter().map(part).collect()
}

fn part(provider: &str, problem: Value, models: &[(&str, bool)]) -> (String, Value, Vec<(String, bool)>) {
    let models = models.iter().map(|(id, usable)| ((*id).to_owned(), *usable)).collect();
    (provider.to_owned(), problem, models)
}

#[tokio::test]
async fn a_workspaces_models_are_listed_with_the_callers_token_for_them_alone() {
    let world = World::sqlite().await;
    let list = |name: &str, ready: &str| {
        let [chat, other] = ["llm/v1/chat", "llm/v1/embeddings"];
        json!({"endpoints": [{"name": name, "task": chat, "state": {"ready": ready}}, {"name": "e", "task": other}]})
    };
    let (route, model) = (Route::Serving, "databricks-claude-x".to_owned());
    let chosen = ModelConfig::Databricks { host: world.model.url.clone(), route, model };
    let server = Server::start(Config { model: chosen, ..world.config() }).await;
    let offline = || part("offline", json!(null), &[("offline", true)]);
    let (ann, bob) = (server.as_user("ann"), server.as_user("bob"));
    world.model.list(200, list("for-ann", "READY"));
    let anns = part("databricks", json!(null), &[("databricks-claude-x", true), ("for-ann", true)]);
    assert_eq!(choices(&ann).await, [anns.clone(), offline()]);
    world.model.list(200, list("for-bob", "NOT_READY"));
    let bobs = part("databricks", json!(null), &[("databricks-claude-x", true), ("for-bob", false)]);
    assert_eq!(choices(&bob).await, [bobs, offline()]);
    // Kept for a while, for her.
    assert_eq!(choices(&ann).await, [anns, offline()]);
    let sent = |user: &str| ("/api/2.0/serving-endpoints".to_owned(), format!("Bearer {TOKEN_OF}{user}"));
    assert_eq!(world.model.senders(), [sent("ann"), sent("bob")]);
    // What refuses her says so, and costs nobody the page.
    world.model.list(403, json!({"error_code": "PERMISSION_DENIED", "message": "canary"}));
    let refused = part("databricks", json!("the provider refused the credential"), &[("databricks-claude-x", false)]);
    assert_eq!(choices(&server.as_user("eve")).await, [refused, offline()]);
    server.stop().await;
}

#[tokio::test]
async fn models_are_listed_from_the_provider_and_any_of_them_answers() {
    let world = World::sqlite().await;
    world.model.list(200, json!({"data": [{"id": "claude-sonnet-4-5", "display_name": "Sonnet", "max_tokens": 7}]}));
    world.model.script("ask", vec![Reply::text("I see")]);
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let all = ann.get("/api/models").await.ok();
    assert_eq!(all["default"], "scripted");
    assert_eq!(all["providers"][0]["models"][0]["context_tokens"], Value::Null);
    let sonnet = &all["providers"][0]["models"][1];
    let told = [&sonnet["name"], &sonnet["context_tokens"], &sonnet["max_output_tokens"], &sonnet["pictures"]];
    assert_eq!(json!(told), json!(["Sonnet", 200_000, 7, true]));
    // The operator's list is everybody's: asked for once.
    server.as_user("bob").get("/api/models").await.ok();
    let sent = |path: &str| (path.to_owned(), "Bearer canary-model-token".to_owned());
    assert_eq!(world.model.senders(), [sent("/v1/models")]);
    let project = ann.project("One").await;
    for (model, answer) in [("claude-sonnet-4-5", "I see"), ("offline", "offline")] {
        let body = json!({"project_id": project, "message": "ask", "model": model});
        let begun = ann.post("/api/invoke_agent", body).await.ok();
        let frames = ann.frames(begun["execution_id"].as_str().unwrap()).await;
        let text = serde_json::to_string(&frames.iter().map(|frame| &frame.data).collect::<Vec<_>>()).unwrap();
        assert!(ends_well(&frames) && text.contains(answer), "{text}");
    }
    assert_eq!(
        world.model.requests().iter().map(|request| &request["model"]).collect::<Vec<_>>(),
        ["claude-sonnet-4-5"]
    );
    server.stop().await;
}

#[tokio::test]
async fn a_provider_that_does_not_list_its_models_says_so() {
    let world = World::sqlite().await;
    for (status, body, problem) in [
        (404, json!({}), "the provider has no list of its models"),
        (500, json!({}), "the provider answered with status 500"),
        (200, json!({"data": "canary"}), "the provider's list is not understood"),
    ] {
        world.model.list(status, body);
        let server = world.serve().await;
        let known = part("anthropic", json!(problem), &[("scripted", true)]);
        assert_eq!(choices(&server.as_user("ann")).await[0], known);
        server.stop().await;
    }
}
