//! New versions: in place, waiting, refused, taken back.

use std::sync::Arc;

use bricklayer_domain::{CallSite, Caller, ProjectId, ToolErrorKind, ToolName, UserId};
use bricklayer_plugins::BoundCall;
use bricklayer_runtime::{AuditSink, CallContext, CallRecord, RequestRecord};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{call, id, open, version_said};
use crate::support::{Api, Engine, Guest, World, both_engines, eventually};

fn greeter(version: &str) -> Guest {
    Guest::new("greeter", version)
}

async fn shown(api: &Api, plugin: &str) -> Value {
    api.get(&format!("/api/plugins/{plugin}")).await.ok()
}

#[test]
fn an_update_is_judged_by_what_it_asks_for() {
    both_engines(async |engine: Engine| {
        let mut world = World::new(engine).await;
        open(&mut world);
        let server = world.serve().await;
        let ann = server.as_user("ann");
        let project = ann.project("One").await;
        let plugin = id(&ann.install(&greeter("1.0.0").asks_for_files().package(), &["files:read"]).await);
        let said = async || version_said(&world, &ann, &project, "greeter").await;

        // The same one.
        let answer = ann.update(&plugin, &greeter("1.0.0").asks_for_files().package()).await.ok();
        assert_eq!(answer["outcome"], "unchanged");
        // Equal, then less: in place.
        assert_eq!(ann.update(&plugin, &greeter("1.1.0").asks_for_files().package()).await.ok()["outcome"], "swapped");
        assert_eq!(said().await, "1.1.0");
        let answer = ann.update(&plugin, &greeter("1.2.0").package()).await.ok();
        assert_eq!(
            (answer["outcome"].clone(), answer["plugin"]["previous"]["version"].clone()),
            (json!("swapped"), json!("1.1.0"))
        );
        // More, compared with the version that serves: waits, and the old one goes on.
        let more = greeter("2.0.0").asks_for_files().asks_for_host("api.weather.example");
        let waiting = ann.update(&plugin, &more.package()).await.ok();
        assert_eq!(
            (waiting["outcome"].clone(), waiting["plugin"]["status"].clone()),
            (json!("waiting"), json!("update-waiting"))
        );
        let added: Vec<_> =
            waiting["plugin"]["pending"]["added"].as_array().unwrap().iter().map(|r| r["words"].clone()).collect();
        assert_eq!(added, ["GET api.weather.example/v1/*", "Read files of the project"]);
        assert_eq!(said().await, "1.2.0");
        // A consent is to what was seen.
        let consent = |digest: &Value, grants: Value| json!({"digest": digest, "grants": grants});
        let path = format!("/api/plugins/{plugin}/consent");
        let seen = waiting["plugin"]["digest"].clone();
        ann.post(&path, consent(&seen, json!([]))).await.problem(409, "plugin-pending-changed");
        let pending = &waiting["plugin"]["pending"]["digest"];
        ann.post(&path, consent(pending, json!(["state"]))).await.problem(422, "invalid-request");
        let after = ann.post(&path, consent(pending, json!(["GET https://api.weather.example/v1/*"]))).await.ok();
        assert_eq!((after["version"].clone(), after["pending"].clone()), (json!("2.0.0"), Value::Null));
        assert_eq!(said().await, "2.0.0");
        ann.post(&path, consent(pending, json!([]))).await.problem(409, "plugin-nothing-pending");
        // Refused, nothing of it stays.
        let even_more = greeter("3.0.0").asks_for_files().asks_for_host("evil.example");
        assert_eq!(ann.update(&plugin, &even_more.package()).await.ok()["outcome"], "waiting");
        assert_eq!(ann.delete(&format!("/api/plugins/{plugin}/pending")).await.ok()["pending"], Value::Null);
        // By hand back, once.
        let back = ann.post(&format!("/api/plugins/{plugin}/rollback"), json!({})).await.ok();
        assert_eq!((back["version"].clone(), back["status"].clone()), (json!("1.2.0"), json!("active")));
        assert_eq!(said().await, "1.2.0");
        ann.post(&format!("/api/plugins/{plugin}/rollback"), json!({})).await.problem(409, "plugin-nothing-before");
        server.stop().await;
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_drops_a_question_waits() {
    let mut world = World::sqlite().await;
    open(&mut world);
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let plugin = id(&ann.install(&greeter("1.0.0").package(), &[]).await);
    let bold = greeter("1.1.0").says_of_crash("ask = false\ndestructive = true\n");
    let answer = ann.update(&plugin, &bold.package()).await.ok();
    assert_eq!(answer["outcome"], "waiting");
    assert_eq!(answer["plugin"]["pending"]["tools_less_careful"], json!(["crash"]));
    server.stop().await;
}

#[test]
fn a_broken_version_is_refused_and_the_last_good_one_stays() {
    both_engines(async |engine: Engine| {
        let mut world = World::new(engine).await;
        open(&mut world);
        let server = world.serve().await;
        let ann = server.as_user("ann");
        let project = ann.project("One").await;
        let plugin = id(&ann.install(&greeter("1.0.0").package(), &[]).await);
        for (package, code) in [
            (greeter("2.0.0").with_start("unreachable").package(), "plugin-broken"),
            (greeter("2.0.0").with_start("(loop (br 0))").package(), "plugin-broken"),
            (greeter("2.0.0").with_strange_import().package(), "plugin-refused"),
            (Guest::new("other", "2.0.0").package(), "plugin-other"),
        ] {
            ann.update(&plugin, &package).await.problem(422, code);
            let after = shown(&ann, &plugin).await;
            assert_eq!((after["version"].clone(), after["status"].clone()), (json!("1.0.0"), json!("active")));
        }
        assert_eq!(version_said(&world, &ann, &project, "greeter").await, "1.0.0");
        // Nor is a broken one installed.
        let staged = ann.stage(&Guest::new("fresh", "1.0.0").with_start("unreachable").package()).await;
        let body = json!({"staged": staged, "scope": "me", "grants": []});
        ann.post("/api/plugins", body).await.problem(422, "plugin-broken");
        assert_eq!(ann.tools(None, "mcp__fresh").await.len(), 0);
        server.stop().await;
    });
}

#[test]
fn a_version_that_keeps_crashing_goes_back_by_itself() {
    both_engines(async |engine: Engine| {
        let mut world = World::new(engine).await;
        open(&mut world);
        let server = world.serve().await;
        let ann = server.as_user("ann");
        let project = ann.project("One").await;
        let plugin = id(&ann.install(&greeter("1.0.0").package(), &[]).await);
        assert_eq!(version_said(&world, &ann, &project, "greeter").await, "1.0.0");
        assert_eq!(ann.update(&plugin, &greeter("2.0.0").that_traps().package()).await.ok()["outcome"], "swapped");
        for turn in 1..=3 {
            assert_eq!(shown(&ann, &plugin).await["version"], "2.0.0", "before call {turn}");
            let result = call(&world, &ann, &project, "mcp__greeter__version", json!({})).await;
            assert_eq!(result["error_kind"], "trap");
        }
        let after = eventually("the version before", async || {
            let after = shown(&ann, &plugin).await;
            if after["version"] == "1.0.0" { Ok(after) } else { Err(after.to_string()) }
        })
        .await;
        assert!(after["problem"].as_str().unwrap().contains("2.0.0 crashed 3 times in a row"), "{after}");
        assert_eq!(version_said(&world, &ann, &project, "greeter").await, "1.0.0");
        let changes = ann.get(&format!("/api/plugins/{plugin}/audit?kind=change")).await.ok();
        assert_eq!(changes["records"][0]["outcome"], "rolled-back-by-itself", "{changes}");
        server.stop().await;
    });
}

/// Takes the records of calls.
struct Records(mpsc::UnboundedSender<CallRecord>);

impl AuditSink for Records {
    fn request(&self, _record: RequestRecord) {}

    fn call(&self, record: CallRecord) {
        self.0.send(record).unwrap();
    }
}

#[tokio::test]
async fn a_prepared_call_keeps_its_version_and_not_its_powers() {
    let mut world = World::sqlite().await;
    open(&mut world);
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    let guest = |version: &str| Guest::new("greeter", version).asks_for_files().package();
    let plugin = id(&ann.install(&guest("1.0.0"), &["files:read"]).await);
    let service = server.app.turns().environment().plugins.service();
    let user = UserId::parse("ann@example.com").unwrap();
    let of_project = ProjectId::from_uuid(project.parse().unwrap());
    let name = ToolName("mcp__greeter__version".to_owned());
    let prepare = || service.tool(&user, of_project, &name).unwrap().prepare(&json!({}));
    let (sender, mut records) = mpsc::unbounded_channel();
    let folder = tempfile::tempdir().unwrap();
    let mut made = async |call: &BoundCall| {
        let context = CallContext {
            project_dir: Some(folder.path().to_owned()),
            audit: Arc::new(Records(sender.clone())),
            ..CallContext::new(Caller::new(user.clone(), of_project, CallSite::Host))
        };
        let outcome = service.call(call, context).await;
        assert!(outcome.failure.is_none(), "{outcome:?}");
        (outcome.content, records.recv().await.unwrap().powers)
    };
    let read = vec!["files:read".to_owned()];

    let old = prepare();
    assert_eq!(made(&old).await, ("1.0.0".to_owned(), read.clone()));
    assert_eq!(ann.update(&plugin, &guest("1.0.1")).await.ok()["outcome"], "swapped");
    assert_eq!(made(&prepare()).await, ("1.0.1".to_owned(), read.clone()));
    assert_eq!(made(&old).await, ("1.0.0".to_owned(), read));
    ann.put(&format!("/api/plugins/{plugin}/grants"), json!({"grants": []})).await.ok();
    assert_eq!(made(&old).await, ("1.0.0".to_owned(), Vec::new()));

    // What may not be called any more is not called, whoever holds it.
    let gone = async || {
        let context = CallContext::new(Caller::new(user.clone(), of_project, CallSite::Host));
        service.call(&old, context).await.failure.unwrap().kind
    };
    let switch = format!("/api/plugins/{plugin}/projects/{project}");
    ann.put(&switch, json!({"enabled": false})).await.ok();
    assert_eq!(gone().await, ToolErrorKind::UnknownTool);
    ann.put(&switch, json!({"enabled": true})).await.ok();
    assert_eq!(made(&old).await.0, "1.0.0");
    assert_eq!(ann.delete(&format!("/api/plugins/{plugin}")).await.status, 204);
    assert_eq!(gone().await, ToolErrorKind::UnknownTool);
    server.stop().await;
}
