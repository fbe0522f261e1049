//! The operator's hooks: what they are told, and what their answers do.

use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::{Router, routing::post};
use bricklayer_server::config::{HooksConfig, OnFailure};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::support::{Api, Frame, Reply, World, eventually};

type Policy = dyn Fn(&Value) -> (u16, Value) + Send + Sync;

/// An operator's policy service.
#[derive(Clone)]
struct Service {
    url: String,
    asked: Arc<Mutex<Vec<Value>>>,
    policy: Arc<Policy>,
}

impl Service {
    async fn start(policy: impl Fn(&Value) -> (u16, Value) + Send + Sync + 'static) -> (Self, JoinSet<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/policy", listener.local_addr().unwrap());
        let service = Self { url, asked: Arc::default(), policy: Arc::new(policy) };
        let router = Router::new().route("/policy", post(answer)).with_state(service.clone());
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, router).await.unwrap() });
        (service, serving)
    }

    /// What it was asked at a hook.
    fn at(&self, hook: &str) -> Vec<Value> {
        self.asked.lock().unwrap().iter().filter(|event| event["hook"] == hook).cloned().collect()
    }

    /// Configured for these hooks.
    fn hooks(&self, points: &[&str]) -> HooksConfig {
        let at = |point: &str| points.contains(&point).then(|| self.url.parse().unwrap());
        HooksConfig {
            before_tool: at("before_tool"),
            after_tool: at("after_tool"),
            before_prompt: at("before_prompt"),
            turn_end: at("turn_end"),
            secret: Some("the-hooks-secret".into()),
            ..HooksConfig::default()
        }
    }
}

async fn answer(State(service): State<Service>, headers: HeaderMap, body: Bytes) -> (StatusCode, String) {
    assert_eq!(headers["authorization"], "Bearer the-hooks-secret");
    let event: Value = serde_json::from_slice(&body).unwrap();
    service.asked.lock().unwrap().push(event.clone());
    let (status, answer) = (service.policy)(&event);
    (StatusCode::from_u16(status).unwrap(), answer.as_str().map_or_else(|| answer.to_string(), str::to_owned))
}

/// A world whose model writes two files and says so.
async fn world(hooks: HooksConfig) -> World {
    let mut world = World::sqlite().await;
    world.hooks = hooks;
    let write = |id: &str, path: &str| Reply::tool(id, "Write", json!({"file_path": path, "content": "secret"}));
    world.model.script("go", vec![write("w1", "a.txt"), write("w2", "b.txt"), Reply::text("done")]);
    world
}

/// What the call came to, as its frame says.
fn outcome<'a>(frames: &'a [Frame], call: &str) -> &'a Value {
    let of =
        |frame: &&Frame| frame.data.is_object() && frame.kind() == "tool_result" && frame.data["tool_use_id"] == call;
    &frames.iter().find(of).unwrap().data
}

async fn run(api: &Api, project: &str, message: &str) -> Vec<Frame> {
    let (execution, _) = api.ask(project, message).await;
    api.frames(&execution).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hook_denies_rewrites_and_adds() {
    let (service, _serving) = Service::start(|event| {
        let input = &event["call"]["input"];
        match (event["hook"].as_str().unwrap(), input["file_path"].as_str()) {
            ("before_tool", Some("a.txt")) => (200, json!({"decision": "deny", "reason": "No a."})),
            ("before_tool", Some("b.txt")) => (200, json!({"input": {"file_path": "c.txt", "content": "clean"}})),
            ("after_tool", _) => (200, json!({"context": "Files are kept for a day."})),
            _ => (204, json!("")),
        }
    })
    .await;
    let world = world(service.hooks(&["before_tool", "after_tool", "turn_end"])).await;
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    let frames = run(&ann, &project, "go").await;
    let (denied, rewritten) = (outcome(&frames, "w1"), outcome(&frames, "w2"));
    assert_eq!((&denied["is_error"], &denied["error_kind"]), (&json!(true), &json!("denied")), "{denied}");
    assert!(denied["content"].as_str().unwrap().contains("the operator forbids this call: No a."), "{denied}");
    let told = rewritten["content"].as_str().unwrap();
    assert!(told.contains("ran with") && told.contains("c.txt") && told.contains("kept for a day"), "{told}");
    let folder = world.project_dir(&project);
    assert_eq!(std::fs::read_to_string(folder.join("c.txt")).unwrap(), "clean");
    assert!(!folder.join("a.txt").exists() && !folder.join("b.txt").exists());

    // What it is told: who, where, what, and what came of it.
    let before = service.at("before_tool");
    assert_eq!(before.len(), 2, "{before:#?}");
    assert_eq!((&before[0]["user"], &before[0]["project_id"]), (&json!("ann@example.com"), &json!(project)));
    assert_eq!((&before[0]["door"], &before[0]["call"]["tool"]), (&json!("turn"), &json!("Write")));
    let after = service.at("after_tool");
    assert_eq!((after.len(), &after[0]["call"]["input"]["file_path"]), (1, &json!("c.txt")));
    assert_eq!(after[0]["outcome"]["is_error"], false);
    eventually("the turn's end is told", async || match service.at("turn_end").len() {
        1 => Ok(()),
        told => Err(format!("{told} were told")),
    })
    .await;
    assert_eq!(service.at("turn_end")[0]["end"], json!({"outcome": "completed"}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hook_makes_the_user_be_asked_about_what_then_runs() {
    let (service, _serving) = Service::start(|event| match event["call"]["input"]["file_path"].as_str() {
        Some("a.txt") => {
            (200, json!({"decision": "ask", "reason": "a is dear.", "input": {"file_path": "z.txt", "content": "z"}}))
        }
        _ => (204, json!("")),
    })
    .await;
    let mut world = world(service.hooks(&["before_tool"])).await;
    world.permissions.usual = bricklayer_domain::PermissionMode::RunAll;
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    let (execution, _) = ann.ask(&project, "go").await;
    let question = ann.follow(&execution, 0).await.until("approval.requested").await.data;
    assert!(question["reason"].as_str().unwrap().contains("a is dear."), "{question}");
    assert_eq!(question["tool_input"], json!({"file_path": "z.txt", "content": "z"}), "what runs is what is shown");
    assert_eq!(question["standing"], json!(null), "it is asked each time");
    // A host that starts again runs what was shown.
    server.stop().await;
    let server = world.serve().await;
    let ann = server.as_user("ann");
    ann.post(&format!("/api/executions/{execution}/approvals/w1"), json!({"decision": "once"})).await.ok();
    let frames = ann.frames(&execution).await;
    assert_eq!(outcome(&frames, "w1")["is_error"], false, "{frames:#?}");
    let folder = world.project_dir(&project);
    assert!(folder.join("z.txt").exists() && folder.join("b.txt").exists() && !folder.join("a.txt").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hook_withholds_and_replaces_what_came_back() {
    let (service, _serving) = Service::start(|event| match event["call"]["input"]["file_path"].as_str() {
        Some("a.txt") => (200, json!({"decision": "deny", "reason": "It names people."})),
        _ => (200, json!({"output": "something was written"})),
    })
    .await;
    let world = world(service.hooks(&["after_tool"])).await;
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    let frames = run(&ann, &project, "go").await;
    let content = |call: &str| outcome(&frames, call)["content"].as_str().unwrap().to_owned();
    assert!(content("w1").starts_with("withheld: It names people."), "{}", content("w1"));
    assert!(content("w2").starts_with("something was written"), "{}", content("w2"));
    let read = world.model.requests().last().unwrap().to_string();
    assert!(!read.contains("patch") && read.contains("something was written"), "{read}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hook_refuses_rewrites_and_adds_to_messages() {
    let (service, _serving) = Service::start(|event| match event["message"].as_str() {
        Some("forbidden") => (200, json!({"decision": "deny", "reason": "Not here."})),
        Some("my number is 123") => (200, json!({"message": "my number is ***", "context": "It is Monday."})),
        _ => (204, json!("")),
    })
    .await;
    let world = world(service.hooks(&["before_prompt"])).await;
    world.model.script("my number", vec![Reply::text("fine")]);
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    let body = json!({"project_id": project, "message": "forbidden"});
    let problem = ann.post("/api/invoke_agent", body).await.problem(403, "refused-by-operator");
    assert!(problem["detail"].as_str().unwrap().contains("Not here."), "{problem}");
    assert_eq!(ann.get(&format!("/api/projects/{project}/conversations")).await.ok()["conversations"], json!([]));
    let frames = run(&ann, &project, "my number is 123").await;
    let said = "my number is ***\n\n[The operator adds: It is Monday.]";
    assert_eq!(frames[0].data["message"], said);
    assert!(!world.model.requests().last().unwrap().to_string().contains("123"));
}

/// What a hook that fails answers, and as what kind.
fn failures() -> Vec<(u16, Value)> {
    vec![
        (500, json!({"decision": "continue"})),
        (302, json!("")),
        (200, json!("no JSON")),
        (200, json!({"decison": "continue"})),
        (200, json!({"decision": "perhaps"})),
        (200, json!({"output": "x".repeat(2 << 20)})),
        (200, json!({"input": {"file_path": 5}})),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hook_that_fails_blocks_unless_the_operator_says_otherwise() {
    for (status, answer) in failures() {
        for on_failure in [OnFailure::Block, OnFailure::Continue] {
            let fails = answer.clone();
            let (service, _serving) = Service::start(move |_| (status, fails.clone())).await;
            let world = world(HooksConfig { on_failure, ..service.hooks(&["before_tool"]) }).await;
            let server = world.serve().await;
            let ann = server.as_user("ann");
            let project = ann.project("One").await;
            let frames = run(&ann, &project, "go").await;
            // Arguments that do not fit are the hook's own wish, and no failure to ask it.
            let blocks = on_failure == OnFailure::Block || !answer["input"].is_null();
            assert_eq!(outcome(&frames, "w1")["is_error"], blocks, "{status} {on_failure:?}");
            assert_eq!(world.project_dir(&project).join("a.txt").exists(), !blocks, "{status} {on_failure:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hook_that_is_silent_is_not_waited_for_longer_than_it_may_take() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    let limit = std::time::Duration::from_millis(200);
    let world = world(HooksConfig { before_tool: Some(url), limit, ..HooksConfig::default() }).await;
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    let frames = run(&ann, &project, "go").await;
    let said = outcome(&frames, "w1")["content"].as_str().unwrap();
    assert!(said.contains("cannot be asked right now") && !said.contains("127.0.0.1"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hooks_are_asked_about_the_calls_that_they_are_for() {
    let (service, _serving) = Service::start(|_| (200, json!({"decision": "deny"}))).await;
    let mut rules = bricklayer_domain::RuleSet::default();
    let kind = bricklayer_domain::RuleKind::Ask;
    rules.of_mut(kind).push(bricklayer_domain::PermissionRule::parse(kind, "Write(file_path: b.*)").unwrap());
    let tools = bricklayer_domain::PermissionRules { operator: rules.into(), ..Default::default() };
    let hooks = HooksConfig { tools: Some(tools.into()), ..service.hooks(&["before_tool"]) };
    let world = world(hooks).await;
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    let frames = run(&ann, &project, "go").await;
    let failed = |call: &str| outcome(&frames, call)["is_error"].as_bool().unwrap();
    assert_eq!((failed("w1"), failed("w2"), service.at("before_tool").len()), (false, true, 1));
}
