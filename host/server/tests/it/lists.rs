//! Lists ask the database as often for many rows as for few.

use axum::body::Body;
use bricklayer_domain::{ProjectId, UserId};
use bricklayer_store::test_support::count_statements;
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::plugins::open;
use crate::support::{Engine, Guest, Server, World, both_engines};

/// What Ann gets at a path, and how many statements it took.
async fn counted(server: &Server, path: &str) -> (Value, usize) {
    let request = Request::get(path)
        .header("host", server.base.trim_start_matches("http://"))
        .header("x-forwarded-email", "ann@example.com")
        .header("x-forwarded-access-token", "canary-token-of-ann")
        .body(Body::empty())
        .unwrap();
    let router = bricklayer_server::api::router(server.app.clone());
    let (response, statements) = count_statements(router.oneshot(request)).await;
    let response = response.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (serde_json::from_slice(&bytes).unwrap(), statements)
}

#[test]
fn conversations_are_listed_with_as_many_statements_as_one() {
    both_engines(async |engine: Engine| {
        let world = World::new(engine).await;
        let server = world.serve().await;
        let ann = server.as_user("ann");
        let project = ann.project("One").await;
        let path = format!("/api/projects/{project}/conversations");
        let (user, id) = (UserId::parse("ann@example.com").unwrap(), ProjectId::from_uuid(project.parse().unwrap()));
        let mut seen = Vec::new();
        for rows in [1, 40, 150] {
            let (list, _) = counted(&server, &path).await;
            for _ in list["conversations"].as_array().unwrap().len()..rows {
                server.app.store().create_conversation(&user, id, None).await.unwrap();
            }
            let (list, statements) = counted(&server, &path).await;
            assert_eq!(list["conversations"].as_array().unwrap().len(), rows);
            seen.push(statements);
        }
        assert!(seen[0] > 0 && seen.iter().all(|statements| *statements == seen[0]), "{seen:?}");
        server.stop().await;
    });
}

#[test]
fn plugins_are_listed_with_as_many_statements_as_one() {
    both_engines(async |engine: Engine| {
        let mut world = World::new(engine).await;
        open(&mut world);
        let server = world.serve().await;
        let ann = server.as_user("ann");
        let (none, first) = counted(&server, "/api/plugins").await;
        for name in ["one", "two", "three"] {
            ann.install(&Guest::new(name, "1.0.0").package(), &[]).await;
        }
        let (three, then) = counted(&server, "/api/plugins").await;
        let count = |list: &Value| list["plugins"].as_array().unwrap().len();
        assert_eq!(count(&three), count(&none) + 3);
        assert!(first > 0);
        assert_eq!(first, then);
        server.stop().await;
    });
}
