//! A model or a workspace that fails in every way.

use std::time::Duration;

use bricklayer_server::config::{Config, IdentityMode, PluginsConfig, WorkspaceConfig};
use serde_json::{Value, json};

use crate::support::{Chat, Engine, Frame, Guest, Reply, Server, Trouble, World, both_engines};

#[tokio::test]
async fn the_workspaces_troubles_become_problems() {
    let world = World::sqlite().await;
    let server = world.serve().await;
    let message = json!({"error_code": "X", "message": "said by the workspace"});
    for (index, (trouble, status, code)) in [
        (Trouble::Status(401, vec![], message.clone()), 401, "unauthenticated"),
        (Trouble::Status(403, vec![], message.clone()), 403, "workspace-permission-denied"),
        (Trouble::Status(404, vec![], message.clone()), 404, "workspace-not-found"),
        (Trouble::Status(429, vec![("retry-after", "7")], message.clone()), 429, "workspace-rate-limited"),
        (Trouble::Status(500, vec![], message.clone()), 502, "workspace-failed"),
        (Trouble::Status(302, vec![("location", "https://evil.example")], json!({})), 502, "workspace-failed"),
        (Trouble::Nonsense, 502, "workspace-nonsense"),
    ]
    .into_iter()
    .enumerate()
    {
        world.workspace.trouble(trouble);
        // Each as another user: answers are kept per user for a moment.
        let answer = server.as_user(&format!("user{index}")).get("/api/warehouses").await;
        let problem = answer.problem(status, code);
        if matches!(status, 403 | 404) {
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.starts_with("said by the workspace"), "{detail}");
            assert!(status == 404 || detail.contains("for access"), "{detail}");
        }
        if status == 429 {
            assert_eq!(
                (&problem["retry_after_seconds"], &answer.headers["retry-after"]),
                (&json!(7), &"7".parse().unwrap())
            );
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn the_workspaces_troubles_reach_the_agent_as_errors_it_can_act_on() {
    let world = World::sqlite().await;
    world.model.script("ask", vec![Reply::sql("call_1", "SELECT 1"), Reply::text("I see")]);
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    let message = json!({"error_code": "X", "message": "said by the workspace"});
    for (trouble, kind) in [
        (Trouble::Status(403, vec![], message.clone()), "permission-denied"),
        (Trouble::Status(404, vec![], message.clone()), "not-found"),
        (Trouble::Status(429, vec![("retry-after", "3600")], message.clone()), "rate-limited"),
        (Trouble::Status(500, vec![], message.clone()), "upstream"),
        (Trouble::Nonsense, "upstream"),
    ] {
        world.workspace.trouble(trouble.clone());
        let (execution, _) = ann.ask(&project, "ask").await;
        let frames = ann.frames(&execution).await;
        let result = frames.iter().find(|frame| frame.kind() == "tool_result").unwrap();
        assert_eq!(result.data["error_kind"], kind, "{trouble:?}: {result:?}");
        assert!(ends_well(&frames), "the turn goes on: {frames:?}");
        assert!(!serde_json::to_string(&result.data).unwrap().contains("canary"), "{result:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_workspace_that_hangs_is_given_up_by_the_user() {
    let world = World::sqlite().await;
    world.workspace.trouble(Trouble::Hang);
    world.model.script("ask", vec![Reply::sql("call_1", "SELECT 1"), Reply::text("never")]);
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    let (execution, _) = ann.ask(&project, "ask").await;
    let mut follow = ann.follow(&execution, 0).await;
    follow.until("tool_started").await;
    let began = std::time::Instant::now();
    ann.post(&format!("/api/stop_stream/{execution}"), json!({})).await.ok();
    follow.follow_to_end().await;
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    server.stop().await;
}

#[tokio::test]
async fn only_plugins_that_ask_for_the_workspace_need_it() {
    let world = World::sqlite().await;
    let config = Config {
        workspace: WorkspaceConfig::Local { binary: Some("/nonexistent/workspace".into()) },
        identity: IdentityMode::Development,
        plugins: PluginsConfig::new(IdentityMode::Development),
        ..world.config()
    };
    let server = Server::start(config).await;
    let api = server.as_nobody();
    api.install(&Guest::new("greeter", "1.0.0").package(), &[]).await;
    let mut chat = Chat::new(&world.model, &api).await;
    let greeted = chat.call("mcp__greeter__version", json!({})).await;
    assert_eq!(greeted["is_error"], false, "{greeted}");
    let asked = chat.call("mcp__databricks__execute_sql", json!({"statement": "SELECT 1"})).await;
    assert_eq!(asked["error_kind"], "upstream", "{asked}");
    server.stop().await;
}

fn ends_well(frames: &[Frame]) -> bool {
    frames.iter().any(|frame| frame.kind() == "stream.completed" && frame.data["is_error"] == false)
}

#[tokio::test]
async fn the_models_troubles_end_the_turn_with_a_reason() {
    let world = World::sqlite().await;
    let error = |kind: &str| json!({"type": "error", "error": {"type": kind, "message": "said by the model"}});
    let now = vec![("retry-after-ms", "1"), ("retry-after", "0")];
    world.model.script("unauthenticated", vec![Reply::Status(401, vec![], error("authentication_error"))]);
    world.model.script("forbidden", vec![Reply::Status(403, vec![], error("permission_error"))]);
    world.model.script("missing", vec![Reply::Status(404, vec![], error("not_found_error"))]);
    world.model.script("wrong", vec![Reply::Status(400, vec![], error("invalid_request_error"))]);
    world.model.script("overloaded", vec![Reply::Status(529, now.clone(), error("overloaded_error"))]);
    world.model.script("limited", vec![Reply::Status(429, now, error("rate_limit_error"))]);
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    for message in ["unauthenticated", "forbidden", "missing", "wrong", "overloaded", "limited"] {
        let (execution, conversation) = ann.ask(&project, message).await;
        let frames = ann.frames(&execution).await;
        let failure =
            frames.iter().find(|frame| frame.kind() == "error").unwrap_or_else(|| panic!("{message}: {frames:?}"));
        let (code, text) = (failure.data["code"].as_str().unwrap(), failure.data["error"].as_str().unwrap());
        assert!(code.starts_with("model-") || code.contains("model"), "{message}: {failure:?}");
        assert!(!text.is_empty() && !text.contains("canary"), "{message}: {failure:?}");
        assert_eq!(completed(&frames)["is_error"], true);
        // The message is kept, and the conversation goes on.
        let detail = ann.get(&format!("/api/projects/{project}/conversations/{conversation}")).await.ok();
        assert_eq!(detail["messages"][0]["content"], message);
        assert_eq!(detail["messages"][1]["is_error"], true);
        assert_eq!(detail["active_execution"], json!(null));
    }
    server.stop().await;
}

fn completed(frames: &[Frame]) -> Value {
    let mut ends = frames.iter().filter(|frame| frame.kind() == "stream.completed");
    let end = ends.next().unwrap_or_else(|| panic!("{frames:?}"));
    assert_eq!(ends.next(), None, "one end");
    end.data.clone()
}

#[tokio::test]
async fn a_model_that_breaks_off_or_answers_nonsense_is_asked_again_and_then_given_up() {
    let world = World::sqlite().await;
    world.model.script("cut", vec![Reply::cut()]);
    world.model.script("nonsense", vec![Reply::Nonsense("<html>no</html>")]);
    world.model.script("half", vec![Reply::Nonsense("event: message_start\ndata: {\"type\":\"mess")]);
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    for message in ["cut", "nonsense", "half"] {
        let (execution, _) = ann.ask(&project, message).await;
        let frames = ann.frames(&execution).await;
        assert_eq!(completed(&frames)["is_error"], true, "{message}");
        assert!(frames.iter().any(|frame| frame.kind() == "error"), "{message}: {frames:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_model_that_is_down_is_named() {
    let mut world = World::sqlite().await;
    // A port that was free a moment ago and that nobody listens on.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    world.model.url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    drop(listener);
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    let (execution, _) = ann.ask(&project, "hello").await;
    let frames = ann.frames(&execution).await;
    assert_eq!(completed(&frames)["is_error"], true);
    let failure = frames.iter().find(|frame| frame.kind() == "error").unwrap();
    assert_eq!(failure.data["code"], "model-unreachable", "{failure:?}");
    server.stop().await;
}

#[test]
fn a_conversation_that_the_model_refuses_goes_on() {
    both_engines(async |engine: Engine| {
        let world = World::new(engine).await;
        let odd = json!({"type": "error", "error": {"type": "invalid_request_error",
            "message": "messages.1.content.0: Invalid `signature` in `thinking` block"}});
        world.model.script("first", vec![Reply::sql("odd id:1", "SELECT 1"), Reply::text("one\u{0}")]);
        // Whatever is tried is refused.
        world.model.script("second", vec![Reply::Status(400, vec![], odd)]);
        let server = world.serve().await;
        let ann = server.as_user("ann");
        let project = ann.project("One").await;
        let (execution, conversation) = ann.ask(&project, "first").await;
        ann.frames(&execution).await;
        let second = ann.say(&project, &conversation, "second").await;
        let frames = ann.frames(&second).await;
        assert!(frames.iter().any(|frame| frame.kind() == "model.retry"), "the repair is noted: {frames:#?}");
        let end = frames.iter().find(|frame| frame.kind() == "error").unwrap();
        assert_eq!(
            (&end.data["code"], &end.data["remedy"]),
            (&json!("model-refused-request"), &json!("new_conversation"))
        );
        let asked = world.model.requests().len();
        // Nothing was said in between, so both messages reach the model as one.
        world.model.script("second", vec![Reply::text("three")]);
        let third = ann.say(&project, &conversation, "third").await;
        let frames = ann.frames(&third).await;
        assert!(frames.iter().any(|frame| frame.kind() == "text" && frame.data["text"] == "three"), "{frames:#?}");
        assert_eq!(world.model.requests().len(), asked + 1, "what was refused is not tried again");
        server.stop().await;
    });
}

#[test]
fn an_answer_that_does_not_fit_is_paid_once() {
    both_engines(async |engine: Engine| {
        let world = World::new(engine).await;
        let calls = (0..300).map(|n| (format!("t{n}"), "Read".to_owned(), json!({}))).collect();
        let cases =
            [(Reply::text(&"x".repeat(5 << 20)), "larger than 4 MiB"), (Reply::tools(calls), "more than 256 parts")];
        let server = world.serve().await;
        let ann = server.as_user("ann");
        let project = ann.project("One").await;
        for (n, (reply, says)) in cases.into_iter().enumerate() {
            world.model.script(&format!("case {n}."), vec![reply]);
            let before = world.model.requests().len();
            let (execution, conversation) = ann.ask(&project, &format!("case {n}.")).await;
            let frames = ann.frames(&execution).await;
            let end = frames.iter().find(|frame| frame.kind() == "error").unwrap();
            assert_eq!(end.data["code"], "message-too-large");
            assert!(end.data["error"].as_str().unwrap().contains(says), "{end:?}");
            assert_eq!(world.model.requests().len(), before + 1, "{says}");
            // Nothing was said in between, so both messages reach the model as one.
            world.model.script(&format!("case {n}."), vec![Reply::text("small")]);
            let next = ann.say(&project, &conversation, "and now").await;
            let frames = ann.frames(&next).await;
            assert!(frames.iter().any(|frame| frame.data["text"] == "small"), "{frames:#?}");
        }
        server.stop().await;
    });
}

#[tokio::test]
async fn a_turn_ends_in_its_time() {
    let mut world = World::sqlite().await;
    world.times.turn = Duration::from_secs(1);
    world.model.script("silent", vec![Reply::silence()]);
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    let (execution, _) = ann.ask(&project, "silent").await;
    let frames = ann.frames(&execution).await;
    let end = frames.iter().find(|frame| frame.kind() == "error").unwrap();
    assert_eq!((&end.data["code"], &end.data["remedy"]), (&json!("turn-time-limit"), &json!("continue")));
    assert!(end.data["error"].as_str().unwrap().contains("limits.turn_seconds"), "{end:?}");
    server.stop().await;
}
