//! What lists show, and the stream that keeps them true.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Api, Engine, Follow, Reply, World, both_engines};

async fn watch(api: &Api, project: &str) -> Follow {
    let request = api.request(reqwest::Method::GET, &format!("/api/projects/{project}/changes"));
    let mut follow = Follow::new(request.send().await.unwrap());
    assert_eq!(follow.next().await.unwrap().data, json!({}), "`ready` comes first");
    follow
}

/// Reads until a frame about this conversation fits; what it said.
async fn until(follow: &mut Follow, fits: impl Fn(&Value) -> bool) -> Value {
    let mut seen = Vec::new();
    while let Some(frame) = follow.next().await {
        if fits(&frame.data) {
            return frame.data;
        }
        seen.push(frame.data);
    }
    panic!("the stream ended: {seen:#?}");
}

#[test]
fn changes_are_told_as_they_happen_on_whatever_host() {
    both_engines(async |engine: Engine| {
        let world = World::new(engine).await;
        world.model.script("danger", vec![Reply::sql("c1", "DROP TABLE main.default.t"), Reply::text("done")]);
        world.model.script("broken", vec![Reply::Status(400, vec![], json!({"error": {"message": "no"}}))]);
        let server = world.serve().await;
        // SQLite has one host.
        let other = if engine == Engine::Postgres { Some(world.serve_beside("other").await) } else { None };
        let (ann, there) = (server.as_user("ann"), other.as_ref().unwrap_or(&server).as_user("ann"));
        let project = ann.project("One").await;
        let path = format!("/api/projects/{project}/conversations");
        let mut changes = watch(&there, &project).await;
        let state = |word: &'static str| move |change: &Value| change["state"] == word;

        let made = ann.post(&path, json!({"title": "Mine"})).await.ok();
        let id = made["id"].as_str().unwrap().to_owned();
        let change = until(&mut changes, state("idle")).await;
        assert_eq!((&change["id"], &change["title"], &change["deleted"]), (&made["id"], &json!("Mine"), &json!(false)));
        assert_eq!(change["last_seq"], 0);
        ann.patch(&format!("{path}/{id}"), json!({"title": "Ours"})).await.ok();
        until(&mut changes, |change| change["title"] == "Ours").await;

        let turn = ann.say(&project, &id, "danger").await;
        let waiting = until(&mut changes, state("waiting")).await;
        assert_eq!(waiting["active_execution_id"], turn.as_str());
        let counts = |of: Value| (of["running_count"].clone(), of["waiting_count"].clone());
        let shown = ann.get(&format!("/api/projects/{project}")).await.ok();
        assert_eq!(counts(shown), (json!(0), json!(1)));
        assert_eq!(counts(ann.get("/api/projects").await.ok()["projects"][0].clone()), (json!(0), json!(1)));
        ann.post(&format!("/api/executions/{turn}/approvals/c1"), json!({"decision": "no"})).await.ok();
        let idle = until(&mut changes, state("idle")).await;
        assert_eq!(idle["active_execution_id"], json!(null));
        let detail = ann.get(&format!("{path}/{id}")).await.ok();
        assert_eq!((&detail["last_seq"], &detail["state"]), (&idle["last_seq"], &json!("idle")));
        let listed = ann.get(&path).await.ok()["conversations"][0].clone();
        assert_eq!(listed["last_seq"], idle["last_seq"]);
        let shown = ann.get(&format!("/api/projects/{project}")).await.ok();
        assert_eq!(shown["updated_at"], listed["updated_at"]);
        assert_eq!(counts(shown), (json!(0), json!(0)));

        ann.say(&project, &id, "broken").await;
        until(&mut changes, state("failed")).await;
        ann.delete(&format!("{path}/{id}")).await.ok();
        let gone = until(&mut changes, |change| change["deleted"] == true).await;
        assert_eq!(gone, json!({"id": id, "project_id": project, "deleted": true}));

        // Another project's changes are none of its; its own end ends it.
        let two = ann.project("Two").await;
        ann.post(&format!("/api/projects/{two}/conversations"), json!({"title": "Elsewhere"})).await.ok();
        ann.delete(&format!("/api/projects/{project}")).await.ok();
        while let Some(frame) = changes.next().await {
            assert_eq!(frame.data["id"], id.as_str(), "{frame:?}");
        }
        server.stop().await;
        if let Some(other) = other {
            other.stop().await;
        }
    });
}

#[tokio::test]
async fn streams_of_changes_are_bounded_and_have_a_window() {
    let mut world = World::sqlite().await;
    world.stream_window = Duration::from_secs(30);
    let server = world.serve().await;
    let (ann, bob) = (server.as_user("ann"), server.as_user("bob"));
    let project = ann.project("One").await;
    let path = format!("/api/projects/{project}/changes");
    bob.get(&path).await.problem(404, "not-found");
    server.as_nobody().get(&path).await.problem(401, "unauthenticated");
    let mut open = Vec::new();
    for _ in 0..32 {
        open.push(watch(&ann, &project).await);
    }
    let refused = ann.get(&path).await.problem(429, "too-many-streams");
    assert_eq!(refused["retry_after_seconds"], 30);
    // Another user's are their own.
    let bobs = bob.project("Two").await;
    drop(watch(&bob, &bobs).await);
    // A server that leaves ends them all.
    let mut stopping = tokio::task::JoinSet::new();
    stopping.spawn(server.stop());
    for mut follow in open {
        assert!(follow.next().await.is_none());
    }
    stopping.join_next().await.unwrap().unwrap();
}

#[tokio::test]
async fn a_window_that_is_over_ends_the_stream() {
    let mut world = World::sqlite().await;
    (world.stream_window, world.stream_keep_alive) = (Duration::from_secs(2), Duration::from_millis(50));
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    let text = ann.get(&format!("/api/projects/{project}/changes")).await.text;
    assert!(text.starts_with("retry: 1000\n\nevent: ready\ndata: {}\n\n"), "{text}");
    assert!(text.contains(": keepalive\n\n"), "{text}");
    server.stop().await;
}
