//! Whether the server says truly that it can work, and what it does when its database is gone or its folder is another's.

use bricklayer_server::app::App;
use bricklayer_server::config::DatabaseConfig;
use bricklayer_server::front::Front;
use bricklayer_server::lifecycle::Lifecycle;
use bricklayer_store::test_support::Proxy;
use serde_json::json;
use tokio::net::TcpListener;

use crate::support::{Api, Engine, World, eventually};

async fn becomes(api: &Api, status: u16) -> serde_json::Value {
    eventually(&format!("health {status}"), async || {
        let answer = api.get("/api/health").await;
        if answer.status == status { Ok(answer.json()) } else { Err(format!("{answer:?}")) }
    })
    .await
}

#[tokio::test]
async fn a_deleted_database_is_noticed_and_takes_no_more() {
    let world = World::sqlite().await;
    let server = world.serve().await;
    let (ann, nobody) = (server.as_user("ann"), server.as_nobody());
    let project = ann.project("One").await;
    nobody.get("/api/health").await.ok();
    let (file, aside) = (world.data_dir().join("bricklayer.db"), world.data_dir().join("aside.db"));
    std::fs::rename(&file, &aside).unwrap();
    let problem = ann.post("/api/projects", json!({"name": "Two"})).await.problem(503, "storage-lost");
    assert!(problem["detail"].as_str().unwrap().contains("deleted or replaced"), "{problem}");
    let message = json!({"project_id": project, "message": "hello"});
    ann.post("/api/invoke_agent", message.clone()).await.problem(503, "storage-lost");
    let health = becomes(&nobody, 503).await;
    assert!(health["detail"].as_str().unwrap().contains("deleted or replaced"), "{health}");
    assert!(!health.to_string().contains("bricklayer.db"), "where it is concerns nobody: {health}");
    nobody.get("/api/health/ready").await.problem(503, "not-ready");
    assert_eq!(nobody.get("/api/health/live").await.ok()["status"], "alive");
    // Another file in its place is not the one that is open.
    std::fs::write(&file, "").unwrap();
    ann.post("/api/projects", json!({"name": "Two"})).await.problem(503, "storage-lost");
    // The very file back in its place: nothing was lost.
    std::fs::rename(&aside, &file).unwrap();
    becomes(&nobody, 200).await;
    ann.project("Two").await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_does_not_answer_makes_the_server_not_ready() {
    let world = World::new(Engine::Postgres).await;
    let proxy = Proxy::start(world.database_url().unwrap()).await.unwrap();
    let through = proxy.url().to_owned();
    let server =
        world.serve_beside_with("a", |config| config.database = DatabaseConfig::Postgres(through.into())).await;
    let nobody = server.as_nobody();
    becomes(&nobody, 200).await;
    proxy.cut();
    let problem = becomes(&nobody, 503).await;
    assert_eq!(problem["type"], "https://bricklayer.dev/problems/not-ready");
    assert_eq!(nobody.get("/api/health/live").await.ok()["status"], "alive");
    proxy.mend();
    becomes(&nobody, 200).await;
    server.as_user("ann").project("One").await;
    server.stop().await;
}

#[tokio::test]
async fn a_second_host_on_the_same_folder_is_refused_by_name() {
    let world = World::sqlite().await;
    let server = world.serve().await;
    let refused = App::build(world.config(), Lifecycle::new()).await.unwrap_err().to_string();
    let folder = world.data_dir().canonicalize().unwrap();
    for expect in [folder.to_str().unwrap(), &format!("process {}", std::process::id()), "--data-dir"] {
        assert!(refused.contains(expect), "{refused:?} does not say {expect:?}");
    }
    // The first one's files are as they were, and the folder is free when it has left.
    assert!(world.data_dir().join("cache/skills").read_dir().unwrap().next().is_some());
    server.as_user("ann").project("One").await;
    server.stop().await;
    world.serve().await.stop().await;
}

#[tokio::test]
async fn a_server_that_starts_says_so() {
    let world = World::sqlite().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let api = Api::new(&format!("http://{}", listener.local_addr().unwrap()));
    let lifecycle = Lifecycle::new();
    let front = Front::start(listener, &lifecycle);
    for path in ["/api/health", "/api/health/ready", "/api/me", "/"] {
        let problem = api.get(path).await;
        assert_eq!((problem.status.as_u16(), &problem.json()["title"]), (503, &json!("starting")), "{problem:?}");
        assert_eq!(problem.json()["retry_after_seconds"], 1);
    }
    let app = App::build(world.config(), lifecycle.clone()).await.unwrap();
    let (_, ()) = tokio::join!(app.serve_behind(front), async {
        becomes(&api, 200).await;
        lifecycle.begin_shutdown();
    });
}
