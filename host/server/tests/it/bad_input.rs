//! What is wrong with a request, named.

use reqwest::Method;
use serde_json::json;

use crate::support::{Gate, Reply, World};

#[tokio::test]
async fn bodies_are_checked_before_anything_happens() {
    let world = World::sqlite().await;
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    let raw = async |content_type: Option<&str>, body: String| {
        let mut request = ann.request(Method::POST, "/api/invoke_agent").body(body);
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        ann.send(request).await
    };
    let json_type = Some("application/json");

    raw(None, "{}".into()).await.problem(415, "unsupported-media-type");
    raw(Some("text/plain"), "{}".into()).await.problem(415, "unsupported-media-type");
    raw(Some("application/x-www-form-urlencoded"), "a=b".into()).await.problem(415, "unsupported-media-type");
    raw(json_type, "{".into()).await.problem(400, "invalid-json");
    raw(json_type, "[1] 2".into()).await.problem(400, "invalid-json");
    raw(json_type, String::new()).await.problem(400, "invalid-json");
    raw(json_type, " ".repeat(2 << 20)).await.problem(413, "body-too-large");
    raw(json_type, "[".repeat(100_000)).await.problem(400, "invalid-json");

    let field = async |body: serde_json::Value, field: &str| {
        let problem = ann.post("/api/invoke_agent", body).await.problem(422, "invalid-request");
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    };
    field(json!({"message": "x"}), "project_id").await;
    field(json!({"project_id": project}), "message").await;
    field(json!({"project_id": "nonsense", "message": "x"}), "project_id").await;
    field(json!({"project_id": project, "message": 1}), "message").await;
    field(json!({"project_id": project, "message": " \n"}), "message").await;
    field(json!({"project_id": project, "message": "a\u{0}b"}), "message").await;
    field(json!({"project_id": project, "message": "x".repeat(600 * 1024)}), "message").await;
    field(json!({"project_id": project, "message": "x", "warehouse_id": "a\nb"}), "warehouse_id").await;
    field(json!({"project_id": project, "message": "x", "workspace_folder": "x".repeat(501)}), "workspace_folder")
        .await;
    field(json!({"project_id": project, "message": "x", "conversation": "y"}), "conversation").await;
    field(json!({"project_id": project, "message": "x", "client_message_id": "y"}), "client_message_id").await;
    field(json!([]), "body").await;
    field(json!([project, "x"]), "body").await;
    field(json!("x"), "body").await;

    for name in ["", " ", "a\nb", "\u{202e}ixat", "\u{200b}", &"x".repeat(201)] {
        let problem = ann.post("/api/projects", json!({"name": name})).await.problem(422, "invalid-request");
        assert_eq!(problem["errors"][0]["field"], "name");
    }
    assert_eq!(ann.get("/api/projects").await.ok()["projects"].as_array().unwrap().len(), 1, "nothing else was made");
    assert!(world.model.requests().is_empty(), "and no model was asked");
    server.stop().await;
}

#[tokio::test]
async fn addresses_and_queries_are_checked() {
    let world = World::sqlite().await;
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let unknown = "00000000-0000-0000-0000-000000000000";
    for path in [
        format!("/api/projects/{unknown}"),
        "/api/projects/nonsense".into(),
        "/api/projects/%00".into(),
        format!("/api/projects/{unknown}/conversations/{unknown}"),
        format!("/api/stream_progress/{unknown}"),
        "/api/stream_progress/nonsense".into(),
        format!("/api/system_prompt?project_id={unknown}"),
    ] {
        ann.get(&path).await.problem(404, "not-found");
    }
    ann.get("/api/nothing/here").await.problem(404, "unknown-route");
    ann.delete("/api/projects").await.problem(405, "method-not-allowed");
    ann.send(ann.request(Method::PUT, "/api/me")).await.problem(405, "method-not-allowed");
    ann.get("/missing.js").await.problem(404, "not-found");
    let problem = ann.get("/api/system_prompt?project_id=nonsense").await.problem(422, "invalid-request");
    assert_eq!(problem["errors"][0]["field"], "project_id", "{problem}");
    let problem = ann.get(&format!("/api/stream_progress/{unknown}?after=x")).await.problem(422, "invalid-request");
    assert_eq!(problem["errors"][0]["field"], "after", "{problem}");
    ann.get(&format!("/api/stream_progress/{unknown}?after=-1")).await.problem(422, "invalid-request");
    let strange = ann.clone().with("last-event-id", "x");
    strange.get(&format!("/api/stream_progress/{unknown}")).await.problem(422, "invalid-request");
    let body = json!({"project_id": unknown, "message": "x"});
    ann.post("/api/invoke_agent", body).await.problem(404, "not-found");
    server.stop().await;
}

#[tokio::test]
async fn a_second_message_is_refused_while_a_turn_runs() {
    let world = World::sqlite().await;
    let gate = Gate::new();
    world.model.script("slow", vec![Reply::gated(vec!["done".into()], &gate)]);
    world.model.script("again", vec![Reply::text("again")]);
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    let (execution, conversation) = ann.ask(&project, "slow").await;
    let second = json!({"project_id": project, "conversation_id": conversation, "message": "again"});
    let problem = ann.post("/api/invoke_agent", second.clone()).await.problem(409, "turn-in-progress");
    assert_eq!(problem["execution_id"], execution);
    gate.open_to(1);
    ann.frames(&execution).await;
    ann.post("/api/invoke_agent", second).await.ok();
    server.stop().await;
}

#[tokio::test]
async fn a_message_that_is_sent_twice_makes_one_turn() {
    let world = World::sqlite().await;
    world.model.script("quick", vec![Reply::text("done")]);
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    let id = "3b3b3b3b-0000-4000-8000-000000000001";
    let body = json!({"project_id": project, "message": "quick", "client_message_id": id});
    let send = || ann.post("/api/invoke_agent", body.clone());
    let (one, two, three) = tokio::join!(send(), send(), send());
    assert_eq!(one.ok(), two.ok());
    assert_eq!(one.ok(), three.ok());
    let conversations = ann.get(&format!("/api/projects/{project}/conversations")).await.ok();
    assert_eq!(conversations["conversations"].as_array().unwrap().len(), 1);
    ann.frames(one.ok()["execution_id"].as_str().unwrap()).await;
    assert_eq!(send().await.ok(), one.ok(), "even after it ended");
    assert_eq!(world.model.requests().len(), 1);
    server.stop().await;
}

#[tokio::test]
async fn a_message_to_a_deleted_project_is_refused() {
    let world = World::sqlite().await;
    world.model.script("quick", vec![Reply::text("done")]);
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    let (execution, conversation) = ann.ask(&project, "quick").await;
    ann.frames(&execution).await;
    ann.delete(&format!("/api/projects/{project}")).await.ok();
    for body in [
        json!({"project_id": project, "message": "quick"}),
        json!({"project_id": project, "conversation_id": conversation, "message": "quick"}),
    ] {
        ann.post("/api/invoke_agent", body).await.problem(404, "not-found");
    }
    server.stop().await;
}

#[tokio::test]
async fn the_shapes_of_problems_are_stable() {
    let world = World::sqlite().await;
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let shape = async |answer: crate::support::Answer| {
        let mut body = answer.json();
        let id = body["request_id"].take();
        assert!(id.as_str().is_some_and(|id| id.parse::<uuid::Uuid>().is_ok()), "{id}");
        body["request_id"] = "[id]".into();
        body
    };
    let many = [
        shape(ann.get("/api/projects/nonsense").await).await,
        shape(ann.post("/api/projects", json!({})).await).await,
        shape(ann.post("/api/projects", json!({"name": ""})).await).await,
        shape(ann.get("/api/nothing").await).await,
        shape(server.as_nobody().get("/api/me").await).await,
    ];
    insta::assert_json_snapshot!(many);
    server.stop().await;
}

#[tokio::test]
async fn a_header_that_decides_comes_once() {
    let world = World::sqlite().await;
    let server = world.serve().await;
    let ann = server.as_user("ann");
    for name in ["host", "origin", "x-forwarded-host"] {
        let twice = ann.clone().with(name, "a.example").with(name, "b.example");
        let problem = twice.get("/api/projects").await.problem(400, "ambiguous-request");
        assert!(problem["detail"].as_str().unwrap().contains(name), "{problem}");
    }
    ann.get("/api/projects").await.ok();
    server.stop().await;
}

#[tokio::test]
async fn a_body_that_may_be_missing_may_be_null() {
    let world = World::sqlite().await;
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let path = format!("/api/projects/{}/conversations", ann.project("One").await);
    let with_json =
        |body: &'static str| ann.request(Method::POST, &path).header("content-type", "application/json").body(body);
    for request in [ann.request(Method::POST, &path), with_json("null"), with_json(" null\n"), with_json("{}")] {
        assert_eq!(ann.send(request).await.status, 201);
    }
    ann.send(with_json("nul")).await.problem(400, "invalid-json");
    ann.send(with_json("[]")).await.problem(422, "invalid-request");
    ann.send(with_json("")).await.problem(400, "invalid-json");
    server.stop().await;
}
