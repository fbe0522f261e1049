//! Stopping, approving, limits, deleting under a turn.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use crate::support::{Engine, Reply, Trouble, World, both_engines, eventually};

/// Half a second on an idle machine; the statement itself never ends.
const STOP_LIMIT: Duration = Duration::from_secs(30);

#[test]
fn stop_ends_a_running_statement() {
    both_engines(async |engine: Engine| {
        let world = World::new(engine).await;
        world.workspace.trouble(Trouble::SlowStatements);
        world.model.script("slow", vec![Reply::sql("call_1", "SELECT slow()"), Reply::text("never")]);
        let server = world.serve().await;
        let ann = server.as_user("ann");
        let project = ann.project("One").await;
        let (execution, _) = ann.ask(&project, "slow").await;
        let mut follow = ann.follow(&execution, 0).await;
        follow.until("tool_started").await;
        eventually("the statement", async || match world.workspace.count(Method::POST, "/sql/statements") {
            1 => Ok(()),
            count => Err(format!("{count} statements")),
        })
        .await;
        let began = Instant::now();
        let stopped = ann.post(&format!("/api/stop_stream/{execution}"), json!({})).await.ok();
        assert_eq!((&stopped["success"], &stopped["state"]), (&json!(true), &json!("stopped")));
        let rest = follow.follow_to_end().await;
        let took = began.elapsed();
        assert!(took < STOP_LIMIT, "stopping took {took:?}");
        let kinds: Vec<_> = rest.iter().map(|frame| frame.kind()).collect();
        assert_eq!(kinds, ["tool_result", "cancelled", "result", "stream.completed", "[DONE]"]);
        assert_eq!(rest[0].data["error_kind"], "cancelled");
        assert_eq!(rest[3].data["is_cancelled"], true);
        eventually("the statement's cancel", async || match world.workspace.count(Method::POST, "/cancel") {
            0 => Err("no cancel".into()),
            _ => Ok(()),
        })
        .await;
        let again = ann.post(&format!("/api/stop_stream/{execution}"), json!({})).await.ok();
        assert_eq!((&again["success"], &again["message"]), (&json!(false), &json!("Stream already complete")));
        server.stop().await;
    });
}

/// Between a statement's submission and the answer that names it, nobody could say what to cancel.
#[tokio::test]
async fn stop_ends_a_statement_whose_id_was_still_on_its_way() {
    let world = World::sqlite().await;
    let gate = crate::support::Gate::new();
    world.workspace.trouble(Trouble::LateAnswers(gate.clone()));
    world.model.script("slow", vec![Reply::sql("call_1", "SELECT slow()"), Reply::text("never")]);
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    let (execution, _) = ann.ask(&project, "slow").await;
    eventually("the statement", async || match world.workspace.count(Method::POST, "/sql/statements") {
        1 => Ok(()),
        count => Err(format!("{count} statements")),
    })
    .await;
    let stopped = ann.post(&format!("/api/stop_stream/{execution}"), json!({})).await.ok();
    assert_eq!((&stopped["success"], &stopped["state"]), (&json!(true), &json!("stopped")));
    assert_eq!(world.workspace.count(Method::POST, "/cancel"), 0);
    gate.open_to(1);
    eventually("the statement's cancel", async || match world.workspace.count(Method::POST, "/cancel") {
        0 => Err("no cancel".into()),
        _ => Ok(()),
    })
    .await;
    server.stop().await;
}

#[tokio::test]
async fn stop_keeps_the_text_so_far() {
    let world = World::sqlite().await;
    let gate = crate::support::Gate::new();
    world.model.script("stream", vec![Reply::gated(vec!["so far".into(), "never".into()], &gate)]);
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    let (execution, conversation) = ann.ask(&project, "stream").await;
    let mut follow = ann.follow(&execution, 0).await;
    gate.open_to(1);
    follow.until("text_delta").await;
    ann.post(&format!("/api/stop_stream/{execution}"), json!({})).await.ok();
    let rest = follow.follow_to_end().await;
    assert!(
        rest.iter().any(|f| f.kind() == "text" && f.data["text"] == "so far" && f.data["aborted"] == true),
        "{rest:?}"
    );
    let detail = ann.get(&format!("/api/projects/{project}/conversations/{conversation}")).await.ok();
    assert_eq!(detail["messages"][1]["content"], "so far");
    // The conversation goes on.
    world.model.script("go on", vec![Reply::text("here we are")]);
    let next = ann.say(&project, &conversation, "go on").await;
    ann.frames(&next).await;
    server.stop().await;
}

fn drop_table() -> Reply {
    Reply::sql("call_1", "DROP TABLE main.default.precious")
}

#[test]
fn a_destructive_statement_waits_for_the_user() {
    both_engines(async |engine: Engine| {
        let world = World::new(engine).await;
        world.model.script("danger", vec![drop_table(), Reply::text("as you like")]);
        let server = world.serve().await;
        let ann = server.as_user("ann");
        let project = ann.project("One").await;
        for (decision, runs) in [("no", 0), ("once", 1), ("once", 2)] {
            let (execution, _) = ann.ask(&project, "danger").await;
            let mut follow = ann.follow(&execution, 0).await;
            let asked = follow.until("approval.requested").await;
            assert_eq!(asked.data["tool_id"], "call_1");
            assert_eq!(asked.data["tool_input"]["statement"], "DROP TABLE main.default.precious");
            eventually("a parked turn costs no task", async || match server.app.turns().running() {
                0 => Ok(()),
                count => Err(format!("{count} running")),
            })
            .await;
            let path = format!("/api/executions/{execution}/approvals/call_1");
            let wrong = ann.post(&path, json!({"decision": "maybe"})).await.problem(422, "invalid-request");
            assert_eq!(wrong["errors"][0]["field"], "decision");
            ann.post(&format!("/api/executions/{execution}/approvals/other"), json!({"decision": "once"}))
                .await
                .problem(404, "not-found");
            let answered = ann.post(&path, json!({"decision": decision})).await.ok();
            assert_eq!(answered, json!({"success": true, "decision": decision}));
            // The first answer counts.
            let later = ann.post(&path, json!({"decision": if runs == 0 { "once" } else { "no" }})).await;
            later.problem(409, "already-answered");
            let rest = follow.follow_to_end().await;
            let result = rest.iter().find(|frame| frame.kind() == "tool_result").unwrap();
            assert_eq!(result.data["is_error"], runs == 0, "{result:?}");
            assert_eq!(world.workspace.asked_for().len(), runs);
        }
        server.stop().await;
    });
}

#[tokio::test]
async fn a_waiting_turn_can_be_stopped_and_blocks_a_second_message() {
    let world = World::sqlite().await;
    world.model.script("danger", vec![drop_table(), Reply::text("never")]);
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    let (execution, conversation) = ann.ask(&project, "danger").await;
    let mut follow = ann.follow(&execution, 0).await;
    follow.until("approval.requested").await;
    let path = format!("/api/projects/{project}/conversations/{conversation}");
    eventually("the turn to wait", async || {
        let status = ann.get(&path).await.ok()["active_execution"]["status"].clone();
        if status == "waiting" { Ok(()) } else { Err(status.to_string()) }
    })
    .await;
    let second = json!({"project_id": project, "conversation_id": conversation, "message": "x"});
    ann.post("/api/invoke_agent", second).await.problem(409, "turn-in-progress");
    ann.post(&format!("/api/stop_stream/{execution}"), json!({})).await.ok();
    let rest = follow.follow_to_end().await;
    assert_eq!(rest[rest.len() - 2].data["is_cancelled"], true, "{rest:?}");
    let late = ann.post(&format!("/api/executions/{execution}/approvals/call_1"), json!({"decision": "once"})).await;
    late.problem(409, "turn-ended");
    assert_eq!(world.workspace.asked_for().len(), 0);
    server.stop().await;
}

#[tokio::test]
async fn running_turns_are_bounded_per_user_and_in_all() {
    let mut world = World::sqlite().await;
    (world.running_turns, world.running_turns_per_user) = (3, 2);
    world.model.script("slow", vec![Reply::silence()]);
    let server = world.serve().await;
    let (ann, bob) = (server.as_user("ann"), server.as_user("bob"));
    let (of_ann, of_bob) = (ann.project("One").await, bob.project("Two").await);
    let (first, _) = ann.ask(&of_ann, "slow").await;
    ann.ask(&of_ann, "slow").await;
    let body = json!({"project_id": of_ann, "message": "slow"});
    let refused = ann.post("/api/invoke_agent", body.clone()).await;
    let problem = refused.problem(429, "too-many-turns");
    assert!(problem["detail"].as_str().unwrap().starts_with("you have"), "{problem}");
    assert_eq!(refused.headers["retry-after"], "2");
    let conversations = ann.get(&format!("/api/projects/{of_ann}/conversations")).await.ok();
    assert_eq!(conversations["conversations"].as_array().unwrap().len(), 2, "a refused message leaves no conversation");
    bob.ask(&of_bob, "slow").await;
    let full = bob.post("/api/invoke_agent", json!({"project_id": of_bob, "message": "slow"})).await;
    assert!(full.problem(429, "too-many-turns")["detail"].as_str().unwrap().starts_with("the server has"));
    ann.post(&format!("/api/stop_stream/{first}"), json!({})).await.ok();
    ann.frames(&first).await;
    eventually("a free place", async || {
        let answer = ann.post("/api/invoke_agent", body.clone()).await;
        if answer.status == 202 { Ok(()) } else { Err(answer.text) }
    })
    .await;
    server.stop().await;
}

#[tokio::test]
async fn deleting_a_project_stops_its_turns_first() {
    let world = World::sqlite().await;
    world.workspace.trouble(Trouble::SlowStatements);
    world.model.script("slow", vec![Reply::sql("call_1", "SELECT slow()")]);
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    let (execution, _) = ann.ask(&project, "slow").await;
    ann.follow(&execution, 0).await.until("tool_started").await;
    ann.delete(&format!("/api/projects/{project}")).await.ok();
    assert_eq!(server.app.turns().running(), 0);
    assert!(!world.project_dir(&project).exists());
    server.stop().await;
}

#[tokio::test]
async fn silent_models_do_not_hold_up_anybody() {
    let world = World::sqlite().await;
    world.model.script("silent", vec![Reply::silence()]);
    world.model.script("quick", vec![Reply::text("done")]);
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    for _ in 0..20 {
        ann.ask(&project, "silent").await;
    }
    eventually("silence", async || match world.model.silent() {
        20 => Ok(()),
        count => Err(format!("{count} silent")),
    })
    .await;
    let (execution, _) = ann.ask(&project, "quick").await;
    let frames = ann.frames(&execution).await;
    assert!(frames.iter().any(|frame| frame.kind() == "text" && frame.data["text"] == "done"));
    server.stop().await;
    assert_eq!(world.model.silent(), 0, "nothing is left behind");
}
