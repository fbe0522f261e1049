//! Each operation of the OpenAPI document, as its owner, as a stranger, and as nobody. A new operation without a row
//! here fails.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Api, Engine, Reply, World, both_engines};

/// What a stranger gets.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Stranger {
    /// The thing does not exist for them.
    NotFound,
    /// Their own answer, which must not hold anything of the owner's.
    OwnAnswer,
    /// Everybody may see it, nobody included.
    Public,
}

struct Row {
    method: Method,
    /// As in the document.
    path: &'static str,
    /// With the owner's ids in it.
    address: String,
    body: Option<Value>,
    stranger: Stranger,
    /// What the owner gets.
    status: u16,
}

/// The owner's things.
struct Things {
    project: String,
    conversation: String,
    execution: String,
    /// A turn that waits for an answer.
    waiting: String,
    /// Things to delete.
    doomed_project: String,
    doomed_conversation: String,
}

fn table(t: &Things) -> Vec<Row> {
    use Stranger::{NotFound, OwnAnswer, Public};
    let row = |method, path, address: &str, body, stranger, status| Row {
        method,
        path,
        address: address.to_owned(),
        body,
        stranger,
        status,
    };
    let (get, post, patch, delete) = (|| Method::GET, || Method::POST, || Method::PATCH, || Method::DELETE);
    let project = format!("/api/projects/{}", t.project);
    let conversations = format!("{project}/conversations");
    let conversation = format!("{conversations}/{}", t.conversation);
    let (one, list) = ("/api/projects/{project_id}", "/api/projects/{project_id}/conversations");
    let thread = "/api/projects/{project_id}/conversations/{conversation_id}";
    vec![
        row(get(), "/api/health", "/api/health", None, Public, 200),
        row(get(), "/api/me", "/api/me", None, OwnAnswer, 200),
        row(get(), "/api/system_prompt", &format!("/api/system_prompt?project_id={}", t.project), None, NotFound, 200),
        row(get(), "/api/tools", "/api/tools", None, OwnAnswer, 200),
        row(get(), "/api/warehouses", "/api/warehouses", None, OwnAnswer, 200),
        row(get(), "/api/catalogs", "/api/catalogs", None, OwnAnswer, 200),
        row(get(), "/api/catalogs/{catalog}/schemas", "/api/catalogs/samples/schemas", None, OwnAnswer, 200),
        row(get(), "/api/projects", "/api/projects", None, OwnAnswer, 200),
        row(post(), "/api/projects", "/api/projects", Some(json!({"name": "Another"})), OwnAnswer, 201),
        row(get(), one, &project, None, NotFound, 200),
        row(patch(), one, &project, Some(json!({"name": "Renamed"})), NotFound, 200),
        row(get(), "/api/projects/{project_id}/files", &format!("{project}/files"), None, NotFound, 200),
        row(get(), "/api/projects/{project_id}/files/{path}", &format!("{project}/files/a/b.md"), None, NotFound, 200),
        row(get(), list, &conversations, None, NotFound, 200),
        row(post(), list, &conversations, Some(json!({"title": "Another"})), NotFound, 201),
        row(get(), thread, &conversation, None, NotFound, 200),
        row(patch(), thread, &conversation, Some(json!({"title": "Renamed"})), NotFound, 200),
        row(get(), leak(format!("{thread}/executions")), &format!("{conversation}/executions"), None, NotFound, 200),
        row(
            post(),
            "/api/invoke_agent",
            "/api/invoke_agent",
            Some(json!({"project_id": t.project, "conversation_id": t.conversation, "message": "quick"})),
            NotFound,
            202,
        ),
        row(
            get(),
            "/api/stream_progress/{execution_id}",
            &format!("/api/stream_progress/{}", t.execution),
            None,
            NotFound,
            200,
        ),
        row(
            post(),
            "/api/stream_progress/{execution_id}",
            &format!("/api/stream_progress/{}", t.execution),
            Some(json!({})),
            NotFound,
            200,
        ),
        row(
            post(),
            "/api/executions/{execution_id}/approvals/{call_id}",
            &format!("/api/executions/{}/approvals/call_1", t.waiting),
            Some(json!({"decision": "no"})),
            NotFound,
            200,
        ),
        row(post(), "/api/stop_stream/{execution_id}", &format!("/api/stop_stream/{}", t.waiting), None, NotFound, 200),
        row(delete(), thread, &format!("{conversations}/{}", t.doomed_conversation), None, NotFound, 200),
        row(delete(), one, &format!("/api/projects/{}", t.doomed_project), None, NotFound, 200),
    ]
}

fn leak(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

async fn things(world: &World, owner: &Api) -> Things {
    world.model.script("quick", vec![Reply::text("done")]);
    let destructive = json!({"statement": "DROP TABLE main.default.precious"});
    world.model.script(
        "danger",
        vec![Reply::tool("call_1", "mcp__databricks__execute_sql", destructive), Reply::text("as you like")],
    );
    let project = owner.project("Ann's secret project").await;
    let (execution, conversation) = owner.ask(&project, "quick: Ann's secret question").await;
    owner.frames(&execution).await;
    let (waiting, _) = owner.ask(&project, "danger").await;
    owner.follow(&waiting, 0).await.until("approval.requested").await;
    let folder = world.project_dir(&project);
    std::fs::create_dir_all(folder.join("a")).unwrap();
    std::fs::write(folder.join("a/b.md"), "Ann's secret file").unwrap();
    let doomed_project = owner.project("Doomed").await;
    let path = format!("/api/projects/{project}/conversations");
    let doomed_conversation = owner.post(&path, json!({})).await.ok()["id"].as_str().unwrap().to_owned();
    Things { project, conversation, execution, waiting, doomed_project, doomed_conversation }
}

async fn send(api: &Api, row: &Row) -> crate::support::Answer {
    let mut request = api.request(row.method.clone(), &row.address);
    if let Some(body) = &row.body {
        request = request.json(body);
    }
    api.send(request).await
}

#[test]
fn every_operation_refuses_strangers() {
    both_engines(async |engine: Engine| {
        let world = World::new(engine).await;
        let server = world.serve().await;
        let (ann, bob, nobody) = (server.as_user("ann"), server.as_user("bob"), server.as_nobody());
        let things = things(&world, &ann).await;
        let rows = table(&things);

        let document = serde_json::to_value(bricklayer_server::api::open_api()).unwrap();
        let mut missing: BTreeSet<String> = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            missing.extend(item.as_object().unwrap().keys().map(|method| format!("{} {path}", method.to_uppercase())));
        }
        for row in &rows {
            assert!(
                missing.remove(&format!("{} {}", row.method, row.path)),
                "no operation {} {}",
                row.method,
                row.path
            );
        }
        assert!(missing.is_empty(), "operations without a row in this table: {missing:?}");

        for row in &rows {
            let name = format!("{} {}", row.method, row.path);
            let anonymous = send(&nobody, row).await;
            let stranger = send(&bob, row).await;
            match row.stranger {
                Stranger::Public => assert_eq!(anonymous.status, 200, "{name}"),
                Stranger::NotFound | Stranger::OwnAnswer => {
                    anonymous.problem(401, "unauthenticated");
                }
            }
            if row.stranger == Stranger::NotFound {
                stranger.problem(404, "not-found");
            }
            for secret in ["secret", &things.project, &things.conversation, &things.execution] {
                assert!(!stranger.text.contains(secret), "{name} shows a stranger {secret:?}: {stranger:?}");
                assert!(!anonymous.text.contains(secret), "{name} shows nobody {secret:?}: {anonymous:?}");
            }
            let owner = send(&ann, row).await;
            assert_eq!(owner.status.as_u16(), row.status, "{name} as its owner: {owner:?}");
        }
        server.stop().await;
    });
}

#[tokio::test]
async fn a_conversation_is_only_found_in_its_own_project() {
    let world = World::sqlite().await;
    world.model.script("quick", vec![Reply::text("done")]);
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let (one, two) = (ann.project("One").await, ann.project("Two").await);
    let (execution, conversation) = ann.ask(&one, "quick").await;
    ann.frames(&execution).await;
    ann.get(&format!("/api/projects/{two}/conversations/{conversation}")).await.problem(404, "not-found");
    ann.delete(&format!("/api/projects/{two}/conversations/{conversation}")).await.problem(404, "not-found");
    let body = json!({"project_id": two, "conversation_id": conversation, "message": "quick"});
    ann.post("/api/invoke_agent", body).await.problem(404, "not-found");
    server.stop().await;
}
