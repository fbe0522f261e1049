//! Powers and switches: what is given counts, where it is given, from the moment it is given.

use serde_json::{Value, json};

use super::{call, id, open, sql_guest, version_said};
use crate::support::{Api, Engine, Guest, World, both_engines, eventually};

const STATEMENTS: &str = "POST workspace/api/2.0/sql/statements as-caller";
const WAREHOUSES: [&str; 2] =
    ["GET workspace/api/2.0/sql/warehouses as-caller", "GET workspace/api/2.0/sql/warehouses/{id} as-caller"];

async fn select(world: &World, api: &Api, project: &str) -> Value {
    call(world, api, project, "mcp__warehouse__execute_sql", json!({"statement": "SELECT 1"})).await
}

async fn give(api: &Api, plugin: &str, project: Option<&str>, grants: &[&str]) -> Value {
    let body = json!({"project_id": project, "grants": grants});
    api.put(&format!("/api/plugins/{plugin}/grants"), body).await.ok()
}

#[test]
fn a_missing_power_is_named_and_its_remedy_helps() {
    both_engines(async |engine: Engine| {
        let mut world = World::new(engine).await;
        open(&mut world);
        let server = world.serve().await;
        let ann = server.as_user("ann");
        let project = ann.project("One").await;
        let plugin = id(&ann.install(&sql_guest("warehouse"), &WAREHOUSES).await);

        let refused = select(&world, &ann, &project).await;
        assert_eq!(
            (refused["is_error"].clone(), refused["error_kind"].clone()),
            (json!(true), json!("denied")),
            "{refused}"
        );
        assert_eq!(refused["denied"], STATEMENTS, "{refused}");
        let remedy = refused["remedy"].as_str().unwrap();
        assert_eq!(remedy, format!("bricklayer plugin grant warehouse \"{STATEMENTS}\""));
        assert_eq!(world.workspace.count(reqwest::Method::POST, "/sql/statements"), 0);

        give(&ann, &plugin, None, &[&[remedy.split('"').nth(1).unwrap()], &WAREHOUSES[..]].concat()).await;
        let allowed = select(&world, &ann, &project).await;
        assert_eq!(allowed["is_error"], false, "{allowed}");

        // Taken back, it is gone for the next call.
        give(&ann, &plugin, None, &WAREHOUSES).await;
        assert_eq!(select(&world, &ann, &project).await["error_kind"], "denied");

        // What was used is written down in the background.
        let usage = eventually("the usage", async || {
            let usage = ann.get(&format!("/api/plugins/{plugin}")).await.ok();
            if usage["usage"]["calls"] == 3 { Ok(usage) } else { Err(usage["usage"].to_string()) }
        })
        .await;
        assert_eq!(usage["usage"]["errors"], 2, "{usage}");
        assert_eq!(usage["last_errors"][0]["kind"], "denied");
        let said = usage["last_errors"][0]["message"].as_str().unwrap();
        assert!(said.contains("/api/2.0/sql/statements") && said.chars().count() <= 300, "{said}");
        let audit = ann.get(&format!("/api/plugins/{plugin}/audit?kind=request&limit=200")).await.ok();
        let denied: Vec<_> = audit["records"].as_array().unwrap().iter().filter(|r| r["outcome"] == "denied").collect();
        assert_eq!((denied.len(), denied[0]["method"].clone()), (2, json!("POST")), "{audit}");
        let changes = ann.get(&format!("/api/plugins/{plugin}/audit?kind=change")).await.ok();
        let said: Vec<_> = changes["records"].as_array().unwrap().iter().map(|r| r["outcome"].clone()).collect();
        assert_eq!(said, ["granted", "granted", "installed"]);
        assert!(!audit.to_string().contains("canary"), "no token in the audit");
        server.stop().await;
    });
}

#[test]
fn powers_and_switches_hold_in_their_project_only() {
    both_engines(async |engine: Engine| {
        let mut world = World::new(engine).await;
        open(&mut world);
        let server = world.serve().await;
        let (ann, bob) = (server.as_user("ann"), server.as_user("bob"));
        let (one, two) = (ann.project("One").await, ann.project("Two").await);
        let plugin = id(&ann.install(&sql_guest("warehouse"), &WAREHOUSES).await);

        let shown = give(&ann, &plugin, Some(&one), &[STATEMENTS]).await;
        let given = |shown: &Value| {
            let requests = shown["requests"].as_array().unwrap().clone();
            requests.into_iter().find(|request| request["id"] == STATEMENTS).unwrap()["given"].clone()
        };
        assert_eq!(given(&shown), "project");
        assert_eq!(given(&ann.get(&format!("/api/plugins/{plugin}?project_id={two}")).await.ok()), "no");
        assert_eq!(select(&world, &ann, &one).await["is_error"], false);
        assert_eq!(select(&world, &ann, &two).await["error_kind"], "denied");

        let switch = |project: &str| format!("/api/plugins/{plugin}/projects/{project}");
        let off = ann.put(&switch(&one), json!({"enabled": false})).await.ok();
        assert_eq!(off["project_enabled"], false);
        assert!(ann.tools(Some(&one), "mcp__warehouse").await.is_empty());
        assert!(!ann.tools(Some(&two), "mcp__warehouse").await.is_empty());
        ann.put(&switch(&one), json!({"enabled": true})).await.ok();
        assert_eq!(select(&world, &ann, &one).await["is_error"], false);

        // Another's project, and another's plugin, are unknown.
        let bobs = bob.project("Bob's").await;
        ann.put(&switch(&bobs), json!({"enabled": false})).await.problem(404, "not-found");
        let body = json!({"project_id": bobs, "grants": [STATEMENTS]});
        ann.put(&format!("/api/plugins/{plugin}/grants"), body.clone()).await.problem(404, "not-found");
        bob.put(&format!("/api/plugins/{plugin}/grants"), body).await.problem(404, "not-found");
        bob.put(&switch(&bobs), json!({"enabled": false})).await.problem(404, "not-found");

        // Only what is asked for can be given.
        for (grants, field) in [(json!(["GET https://evil.example/v1/x"]), "grants"), (json!(["everything"]), "grants")]
        {
            let answer = ann.put(&format!("/api/plugins/{plugin}/grants"), json!({"grants": grants})).await;
            assert_eq!(answer.problem(422, "invalid-request")["errors"][0]["field"], field);
        }
        // Disabled, it is nowhere.
        ann.patch(&format!("/api/plugins/{plugin}"), json!({"enabled": false})).await.ok();
        assert!(ann.tools(Some(&two), "mcp__warehouse").await.is_empty());
        server.stop().await;
    });
}

#[test]
fn what_ships_with_the_host_can_be_switched_off_and_nothing_else() {
    both_engines(async |engine: Engine| {
        let mut world = World::new(engine).await;
        open(&mut world);
        let server = world.serve().await;
        let (ann, ada) = (server.as_user("ann"), server.as_user("ada"));
        let (one, two) = (ann.project("One").await, ann.project("Two").await);
        let list = ada.get("/api/plugins").await.ok();
        let shipped = list["plugins"].as_array().unwrap().iter().find(|p| p["scope"] == "shipped").unwrap().clone();
        assert_eq!((shipped["can_manage"].clone(), shipped["status"].clone()), (json!(false), json!("active")));
        assert!(shipped["requests"].as_array().unwrap().iter().all(|request| request["given"] == "everywhere"));
        let path = format!("/api/plugins/{}", id(&shipped));
        let own: Vec<_> = shipped["tools"].as_array().unwrap().iter().map(|tool| &tool["name"]).collect();
        // Of the families' tools, how many are this one's, and how many the others'.
        let tools = async |api: &Api, project: &str| {
            let all = api.tools(Some(project), "mcp__databricks").await;
            let ours = all.iter().filter(|name| own.iter().any(|own| *own == name.as_str())).count();
            (ours, all.len() - ours)
        };
        let (ours, others) = tools(&ann, &two).await;
        assert!(ours == own.len() && others > 0, "{ours} of {own:?}, {others} others");
        ann.put(&format!("{path}/projects/{one}"), json!({"enabled": false})).await.ok();
        assert_eq!(tools(&ann, &one).await, (0, others));
        assert_eq!(tools(&ann, &two).await, (ours, others));
        for answer in [
            ada.delete(&path).await,
            ada.patch(&path, json!({"enabled": false})).await,
            ada.put(&format!("{path}/grants"), json!({"grants": []})).await,
            ada.post(&format!("{path}/update"), json!({})).await,
            ada.post(&format!("{path}/rollback"), json!({})).await,
        ] {
            answer.problem(409, "plugin-shipped");
        }
        server.stop().await;
        // It outlives the host.
        let server = world.serve().await;
        assert_eq!(tools(&server.as_user("ann"), &one).await, (0, others));
        server.stop().await;
    });
}

#[test]
fn everyones_plugins_are_the_administrators() {
    both_engines(async |engine: Engine| {
        let mut world = World::new(engine).await;
        open(&mut world);
        let server = world.serve().await;
        let (ann, ada) = (server.as_user("ann"), server.as_user("ada"));
        let project = ann.project("One").await;
        let package = Guest::new("greeter", "1.0.0").asks_for_files().package();
        let body = |staged: String| json!({"staged": staged, "scope": "everyone", "grants": []});
        ann.post("/api/plugins", body(ann.stage(&package).await)).await.problem(403, "plugin-forbidden");
        let plugin = id(&ada.post("/api/plugins", body(ada.stage(&package).await)).await.ok());
        assert_eq!(version_said(&world, &ann, &project, "greeter").await, "1.0.0");

        let path = format!("/api/plugins/{plugin}");
        let seen = ann.get(&path).await.ok();
        assert_eq!((seen["scope"].clone(), seen["can_manage"].clone()), (json!("everyone"), json!(false)));
        for answer in [
            ann.delete(&path).await,
            ann.patch(&path, json!({"enabled": false})).await,
            ann.put(&format!("{path}/grants"), json!({"grants": ["files:read"]})).await,
            ann.post(&format!("{path}/update"), json!({})).await,
            ann.post(&format!("{path}/rollback"), json!({})).await,
            ann.delete(&format!("{path}/pending")).await,
        ] {
            let problem = answer.problem(403, "plugin-forbidden");
            assert!(problem["detail"].as_str().unwrap().contains("administrator"), "{problem}");
        }
        // In a project of one's own one may give and switch.
        let body = json!({"project_id": project, "grants": ["files:read"]});
        assert_eq!(ann.put(&format!("{path}/grants"), body).await.ok()["requests"][0]["given"], "project");
        assert_eq!(ada.get(&path).await.ok()["requests"][0]["given"], "no");

        // One's own of the same name comes first, in one's own view only.
        ann.install(&Guest::new("greeter", "2.0.0").package(), &[]).await;
        assert_eq!(version_said(&world, &ann, &project, "greeter").await, "2.0.0");
        let adas = ada.project("Ada's").await;
        assert_eq!(version_said(&world, &ada, &adas, "greeter").await, "1.0.0");
        server.stop().await;
    });
}

/// A private plugin and everyone's of the same name: each has its own figures, faults and records, for a user of both.
#[test]
fn namesakes_have_figures_of_their_own() {
    both_engines(async |engine: Engine| {
        let mut world = World::new(engine).await;
        open(&mut world);
        let server = world.serve().await;
        let (ada, ann) = (server.as_user("ada"), server.as_user("ann"));
        let project = ann.project("One").await;
        let staged = ada.stage(&sql_guest("warehouse")).await;
        let body = json!({"staged": staged, "scope": "everyone", "grants": WAREHOUSES});
        let everyones = id(&ada.post("/api/plugins", body).await.ok());
        assert_eq!(select(&world, &ann, &project).await["error_kind"], "denied");
        let own = Guest::new("warehouse", "1.0.0").package();
        let own = id(&ann.install(&own, &[]).await);
        for _ in 0..2 {
            assert_eq!(version_said(&world, &ann, &project, "warehouse").await, "1.0.0");
        }

        let shown = async |api: &Api, plugin: &str, calls: u64| {
            eventually("the usage", async || {
                let shown = api.get(&format!("/api/plugins/{plugin}")).await.ok();
                if shown["usage"]["calls"] == calls { Ok(shown) } else { Err(shown["usage"].to_string()) }
            })
            .await
        };
        let own_shown = shown(&ann, &own, 2).await;
        assert_eq!((own_shown["usage"]["errors"].clone(), own_shown["last_errors"].clone()), (json!(0), json!([])));
        let everyones_shown = shown(&ann, &everyones, 1).await;
        assert!(everyones_shown["last_errors"][0]["message"].as_str().unwrap().contains("/sql/statements"));
        // Who manages everyone's plugin sees that a call failed, and not what was said to another person.
        let managed = shown(&ada, &everyones, 1).await;
        assert_eq!(managed["last_errors"][0]["message"], "a power that it needs was not given");

        let outcomes = async |plugin: &str| {
            let audit = ann.get(&format!("/api/plugins/{plugin}/audit?kind=call")).await.ok();
            audit["records"].as_array().unwrap().iter().map(|record| record["outcome"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(outcomes(&own).await, ["ok", "ok"]);
        assert_eq!(outcomes(&everyones).await, ["denied"]);
        server.stop().await;
    });
}
