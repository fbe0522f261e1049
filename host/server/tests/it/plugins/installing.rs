//! From the first look to the first call, and away again.

use serde_json::json;

use super::{id, open, version_said};
use crate::support::{Engine, Guest, World, both_engines};

#[test]
fn a_plugin_is_installed_used_and_removed() {
    both_engines(async |engine: Engine| {
        let mut world = World::new(engine).await;
        open(&mut world);
        let server = world.serve().await;
        let (ann, bob) = (server.as_user("ann"), server.as_user("bob"));
        let project = ann.project("One").await;
        let package = Guest::new("greeter", "1.0.0").asks_for_files().package();

        let seen = ann.upload(&package, None).await.ok();
        assert_eq!((seen["name"].as_str(), seen["version"].as_str()), (Some("greeter"), Some("1.0.0")));
        assert_eq!((seen["refusals"].clone(), seen["signature"]["status"].clone()), (json!([]), json!("unsigned")));
        assert_eq!(seen["requests"][0]["words"], "Read files of the project");
        assert_eq!(seen["tools"][1]["name"], "mcp__greeter__version");
        assert!(ann.tools(None, "mcp__greeter").await.is_empty(), "looking installs nothing");

        let body = json!({"staged": seen["staged"], "scope": "me", "grants": ["files:read"]});
        let plugin = ann.post("/api/plugins", body).await.ok();
        assert_eq!((plugin["scope"].clone(), plugin["status"].clone()), (json!("mine"), json!("active")));
        assert_eq!(plugin["requests"][0]["given"], "everywhere");
        assert_eq!(ann.tools(Some(&project), "mcp__greeter").await.len(), 2);
        assert!(bob.tools(None, "mcp__greeter").await.is_empty());
        assert_eq!(version_said(&world, &ann, &project, "greeter").await, "1.0.0");

        let path = format!("/api/plugins/{}", id(&plugin));
        bob.get(&path).await.problem(404, "not-found");
        assert_eq!(ann.delete(&path).await.status, 204);
        ann.get(&path).await.problem(404, "not-found");
        assert!(ann.tools(Some(&project), "mcp__greeter").await.is_empty());
        server.stop().await;
    });
}
