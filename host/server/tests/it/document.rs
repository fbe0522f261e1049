//! The OpenAPI document.

use serde_json::Value;

use crate::support::World;

#[tokio::test]
async fn the_document_is_served_and_is_what_the_binary_prints() {
    let world = World::sqlite().await;
    let server = world.serve().await;
    let served = server.as_nobody().get("/openapi.json").await.ok();
    let printed = std::process::Command::new(env!("CARGO_BIN_EXE_bricklayer")).arg("openapi").output().unwrap();
    let printed: Value = serde_json::from_slice(&printed.stdout).unwrap();
    assert_eq!(served, printed);
    server.stop().await;
}

#[test]
fn the_clients_copy_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../client/openapi.json");
    let copy: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let document = serde_json::to_value(bricklayer_server::api::open_api()).unwrap();
    assert_eq!(
        copy, document,
        "client/openapi.json is old: run `bricklayer openapi > client/openapi.json`, then `npm run generate-types` there"
    );
}

#[test]
fn every_operation_is_described() {
    let document = serde_json::to_value(bricklayer_server::api::open_api()).unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = format!("{method} {path}");
            assert!(operation["operationId"].is_string(), "{name} has no operation id");
            assert!(operation["summary"].is_string(), "{name} has no summary");
            assert!(operation["tags"].as_array().is_some_and(|tags| tags.len() == 1), "{name} has not one tag");
        }
    }
}

#[tokio::test]
async fn the_interactive_page_needs_nothing_from_elsewhere() {
    let world = World::sqlite().await;
    let server = world.serve().await;
    for (path, content_type) in
        [("/docs", "text/html"), ("/docs/docs.js", "text/javascript"), ("/docs/docs.css", "text/css")]
    {
        let answer = server.as_nobody().get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.headers["content-type"].to_str().unwrap().starts_with(content_type), "{path}");
        assert!(!answer.text.contains("https://"), "{path} names another host");
        assert!(answer.headers["content-security-policy"].to_str().unwrap().contains("default-src 'self'"));
    }
    server.stop().await;
}

/// What a program refuses, its document says before.
#[test]
fn bounds_of_requests_are_documented() {
    let document = serde_json::to_value(bricklayer_server::api::open_api()).unwrap();
    let schemas = &document["components"]["schemas"];
    for (schema, property, bound, value) in [
        ("NamedProject", "name", "minLength", 1),
        ("NamedProject", "name", "maxLength", 200),
        ("TitledConversation", "title", "maxLength", 200),
        ("NewConversation", "title", "maxLength", 200),
        ("Invoke", "message", "minLength", 1),
        ("Invoke", "message", "maxLength", 512 * 1024),
        ("Invoke", "warehouse_id", "maxLength", 500),
        ("InstallPlugin", "staged", "minLength", 64),
        ("ConsentPlugin", "digest", "maxLength", 64),
        ("InspectPlugin", "source", "maxLength", 2048),
        ("StreamStart", "last_event_id", "minimum", 0),
    ] {
        let said = &schemas[schema]["properties"][property];
        assert_eq!(said[bound], value, "{schema}.{property}: {said}");
    }
    for (path, method, parameter, bound, value) in [
        ("/api/stream_progress/{execution_id}", "get", "after", "minimum", 0),
        ("/api/plugins/{plugin_id}/audit", "get", "limit", "maximum", 200),
        ("/api/projects/{project_id}/conversations/{conversation_id}", "get", "turns", "maximum", 200),
        ("/api/projects/{project_id}/conversations/{conversation_id}", "get", "before", "minimum", 1),
    ] {
        let parameters = document["paths"][path][method]["parameters"].as_array().unwrap();
        let said = parameters.iter().find(|said| said["name"] == parameter).unwrap();
        assert_eq!(said["schema"][bound], value, "{path} {parameter}: {said}");
    }
    for (path, method) in [
        ("/api/projects/{project_id}/conversations", "post"),
        ("/api/stream_progress/{execution_id}", "post"),
        ("/api/plugins/{plugin_id}/update", "post"),
    ] {
        assert_ne!(document["paths"][path][method]["requestBody"]["required"], true, "{method} {path}");
    }
}
