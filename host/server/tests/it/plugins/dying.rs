//! The real host, killed at every write of an installation, an update and a removal: what is there afterwards is the
//! old state or the new one, whole, and it serves.

use bricklayer_store::crash_points;
use serde_json::{Value, json};

use super::{id, open, version_said};
use crate::process::Running;
use crate::support::{Api, Engine, Guest, World, both_engines};

fn first() -> Vec<u8> {
    Guest::new("greeter", "1.0.0").asks_for_files().package()
}

fn second() -> Vec<u8> {
    Guest::new("greeter", "1.1.0").asks_for_files().asks_for_host("api.weather.example").package()
}

#[derive(Debug, Clone, Copy)]
enum Operation {
    Install,
    Update,
    Remove,
}

impl Operation {
    fn of(point: &str) -> Option<Self> {
        match point.split('.').nth(1)? {
            "stage" | "install" => Some(Self::Install),
            "activate" => Some(Self::Update),
            "remove" => Some(Self::Remove),
            _ => None,
        }
    }

    /// Makes what it needs, on a host that lives: the plugin and, to agree to, its update that waits.
    async fn prepare(self, api: &Api) -> Option<Value> {
        match self {
            Self::Install => None,
            Self::Remove => Some(api.install(&first(), &["files:read"]).await),
            Self::Update => {
                let plugin = id(&api.install(&first(), &["files:read"]).await);
                Some(api.update(&plugin, &second()).await.ok()["plugin"].clone())
            }
        }
    }

    /// Sends it to a host that dies of it.
    async fn send(self, api: &Api, prepared: Option<&Value>) {
        let path = prepared.map(|plugin| format!("/api/plugins/{}", id(plugin))).unwrap_or_default();
        let _ = match self {
            Self::Install => {
                let Some(seen) = try_upload(api, &first()).await else { return };
                let body = json!({"staged": seen["staged"], "scope": "me", "grants": ["files:read"]});
                api.request(reqwest::Method::POST, "/api/plugins").json(&body).send().await
            }
            Self::Update => {
                let digest = prepared.map(|plugin| plugin["pending"]["digest"].clone());
                let body = json!({"digest": digest, "grants": ["GET https://api.weather.example/v1/*"]});
                api.request(reqwest::Method::POST, &format!("{path}/consent")).json(&body).send().await
            }
            Self::Remove => api.request(reqwest::Method::DELETE, &path).send().await,
        };
    }
}

/// Looks at a package; none when the host died of it.
async fn try_upload(api: &Api, package: &[u8]) -> Option<Value> {
    let answer = api.upload_request(package, None).send().await.ok()?;
    Some(answer.json().await.unwrap())
}

fn greeters(list: &Value) -> Vec<Value> {
    let plugins = list["plugins"].as_array().unwrap();
    plugins.iter().filter(|plugin| plugin["name"] == "greeter").cloned().collect()
}

#[test]
fn a_host_killed_at_any_write_leaves_the_old_state_or_the_new() {
    both_engines(async |engine: Engine| {
        let mut world = World::new(engine).await;
        open(&mut world);
        let points = crash_points::POINTS.iter().filter_map(|point| Some((*point, Operation::of(point)?)));
        // Each write on SQLite; on PostgreSQL, whose transactions the store's own suite kills at every write, the ends.
        let chosen: Vec<_> = points
            .filter(|(point, _)| {
                engine == Engine::Sqlite || point.ends_with(".commit") || point.ends_with(".committed")
            })
            .collect();
        assert!(chosen.len() >= 7, "{chosen:?}");
        // The host that looks after one death prepares the next.
        let mut server = world.serve().await;
        for (point, operation) in chosen {
            let ann = server.as_user("ann");
            let project = ann.project("One").await;
            let prepared = operation.prepare(&ann).await;
            server.stop().await;

            let mut environment = vec![("BRICKLAYER_PLUGINS_INSTALLERS", "everyone"), ("BRICKLAYER_CRASH_AT", point)];
            environment.extend(world.database_url().map(|url| ("DATABASE_URL", url)));
            let mut host = Running::start_in(&world, ".", &environment);
            eprintln!("{engine:?}: {point}");
            operation.send(&host.ann(), prepared.as_ref()).await;
            assert!(!host.ended().await.success(), "{point} was not reached");

            server = world.serve().await;
            let ann = server.as_user("ann");
            let found = greeters(&ann.get("/api/plugins").await.ok());
            let committed = point.ends_with(".committed") && !point.contains(".stage.");
            let expect = match (operation, committed) {
                (Operation::Install, false) | (Operation::Remove, true) => None,
                (Operation::Install, true) | (Operation::Update | Operation::Remove, false) => Some("1.0.0"),
                (Operation::Update, true) => Some("1.1.0"),
            };
            let versions: Vec<_> = found.iter().map(|plugin| plugin["version"].as_str().unwrap()).collect();
            assert_eq!(versions, Vec::from_iter(expect), "{point}");
            if let (Some(version), Some(plugin)) = (expect, found.first()) {
                let waits = matches!(operation, Operation::Update) && !committed;
                assert_eq!(plugin["status"], if waits { "update-waiting" } else { "active" }, "{point}");
                let given: Vec<_> = plugin["requests"].as_array().unwrap().iter().map(|r| r["given"].clone()).collect();
                assert!(given.iter().all(|given| given == "everywhere"), "{point}: {given:?}");
                assert_eq!(version_said(&world, &ann, &project, "greeter").await, version, "{point}");
                ann.delete(&format!("/api/plugins/{}", id(plugin))).await;
            }
            // Nothing stands in the way of doing it again.
            let again = id(&ann.install(&first(), &[]).await);
            assert_eq!(ann.delete(&format!("/api/plugins/{again}")).await.status, 204, "{point}");
        }
        server.stop().await;
    });
}
