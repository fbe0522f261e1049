//! Two hosts on one PostgreSQL have the same plugins.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{id, open, version_said};
use crate::support::{Engine, Guest, World, eventually};

/// How long a change may take to reach the other host.
const SECONDS: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_host_changes_the_other_has_within_seconds() {
    let mut world = World::new(Engine::Postgres).await;
    open(&mut world);
    let (here, there) = (world.serve().await, world.serve_beside("there").await);
    let (ann, ann_there) = (here.as_user("ann"), there.as_user("ann"));
    let project = ann.project("One").await;
    // The other host must not learn of it by being asked about this very plugin.
    let tools_there = async |expect: &str, count: usize| {
        let since = Instant::now();
        eventually(expect, async || {
            let tools = ann_there.tools(Some(&project), "mcp__greeter").await;
            if tools.len() == count { Ok(()) } else { Err(format!("{tools:?}")) }
        })
        .await;
        assert!(since.elapsed() < SECONDS, "{expect}: {:?}", since.elapsed());
    };
    let plugin = id(&ann.install(&Guest::new("greeter", "1.0.0").asks_for_files().package(), &[]).await);
    tools_there("the installation", 2).await;
    assert_eq!(version_said(&world, &ann_there, &project, "greeter").await, "1.0.0");

    let update = Guest::new("greeter", "1.1.0").package();
    assert_eq!(ann.update(&plugin, &update).await.ok()["outcome"], "swapped");
    let since = Instant::now();
    eventually("the new version", async || {
        match version_said(&world, &ann_there, &project, "greeter").await.as_str() {
            "1.1.0" => Ok(()),
            other => Err(other.to_owned()),
        }
    })
    .await;
    assert!(since.elapsed() < SECONDS, "{:?}", since.elapsed());

    // Both may change it; each sees what the other did.
    let switch = format!("/api/plugins/{plugin}/projects/{project}");
    ann_there.put(&switch, json!({"enabled": false})).await.ok();
    let since = Instant::now();
    eventually("the switch", async || {
        let tools = ann.tools(Some(&project), "mcp__greeter").await;
        if tools.is_empty() { Ok(()) } else { Err(format!("{tools:?}")) }
    })
    .await;
    assert!(since.elapsed() < SECONDS, "{:?}", since.elapsed());
    ann.put(&switch, json!({"enabled": true})).await.ok();
    tools_there("the switch back", 2).await;

    assert_eq!(ann.delete(&format!("/api/plugins/{plugin}")).await.status, 204);
    tools_there("the removal", 0).await;
    ann_there.get(&format!("/api/plugins/{plugin}")).await.problem(404, "not-found");
    here.stop().await;
    there.stop().await;
}
