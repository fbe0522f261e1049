//! Turns that outlive their process.

use std::time::{Duration, Instant};

use bricklayer_server::lifecycle::Shutdown;
use reqwest::Method;
use serde_json::json;

use crate::process::Running;
use crate::support::{Engine, Frame, Gate, Reply, Trouble, World, both_engines, eventually};

#[test]
fn an_approval_survives_a_restart() {
    both_engines(async |engine: Engine| {
        let world = World::new(engine).await;
        let statement = "DROP TABLE main.default.precious";
        world.model.script("danger", vec![Reply::sql("call_1", statement), Reply::text("gone")]);
        let server = world.serve().await;
        let ann = server.as_user("ann");
        let project = ann.project("One").await;
        let (execution, conversation) = ann.ask(&project, "danger").await;
        ann.follow(&execution, 0).await.until("approval.requested").await;
        server.stop().await;

        let server = world.serve().await;
        let ann = server.as_user("ann");
        let path = format!("/api/projects/{project}/conversations/{conversation}");
        let detail = ann.get(&path).await.ok();
        assert_eq!(detail["active_execution"]["status"], "waiting");
        let mut follow = ann.follow(&execution, detail["last_seq"].as_i64().unwrap()).await;
        ann.post(&format!("/api/executions/{execution}/approvals/call_1"), json!({"decision": "once"})).await.ok();
        let rest = follow.follow_to_end().await;
        // Whether the text is seen as it streams depends on who is faster.
        let kinds: Vec<_> = rest.iter().map(|frame| frame.kind()).filter(|kind| *kind != "text_delta").collect();
        assert_eq!(
            kinds,
            [
                "approval.answered",
                "tool_started",
                "tool_result",
                "system",
                "text",
                "result",
                "stream.completed",
                "[DONE]",
            ]
        );
        assert_eq!(world.workspace.asked_for().len(), 1);
        server.stop().await;
    });
}

#[test]
fn a_turn_whose_process_dies_goes_on_in_the_next_when_its_user_is_there() {
    both_engines(async |engine: Engine| {
        let mut world = World::new(engine).await;
        // With PostgreSQL other hosts may live, so only a lease that ran out frees a turn.
        world.lease = Duration::from_secs(2);
        let gate = Gate::new();
        let pieces: Vec<String> = vec!["one ".into(), "two ".into(), "three".into()];
        world.model.script("work", vec![Reply::sql("call_1", "SELECT 1"), Reply::gated(pieces, &gate)]);
        let server = world.serve().await;
        let ann = server.as_user("ann");
        let project = ann.project("One").await;
        let (execution, _) = ann.ask(&project, "work").await;
        let mut follow = ann.follow(&execution, 0).await;
        follow.until("tool_result").await;
        gate.open_to(1);
        let last_preview = follow.until("text_delta").await;
        assert_eq!(last_preview.data["text"], "one ");
        server.kill().await;

        gate.open_to(4);
        let server = world.serve().await;
        let ann = server.as_user("ann");
        // The turn needs its user's token, which died with the process; their request brings it.
        let frames = ann.frames_once_taken_over(&execution).await;
        let texts: Vec<_> = frames.iter().filter(|f| f.kind() == "text").map(|f| f.data["text"].clone()).collect();
        assert_eq!(texts, [json!("one two three")]);
        assert_eq!(frames.iter().filter(|frame| frame.kind() == "stream.completed").count(), 1);
        // What was finished is reused: the statement ran once.
        assert_eq!(world.workspace.asked_for().len(), 1);
        server.stop().await;
    });
}

#[test]
fn a_statement_that_may_have_run_is_not_run_again() {
    both_engines(async |engine: Engine| {
        let mut world = World::new(engine).await;
        world.lease = Duration::from_secs(2);
        // Its id never becomes known, so nobody can ask for it.
        world.workspace.trouble(Trouble::LostAnswers);
        world.model.script(
            "write",
            vec![
                Reply::sql("call_1", "INSERT INTO main.default.t VALUES (1)"),
                Reply::text("I do not know whether it ran"),
            ],
        );
        let server = world.serve().await;
        let ann = server.as_user("ann");
        let project = ann.project("One").await;
        let (execution, _) = ann.ask(&project, "write").await;
        ann.follow(&execution, 0).await.until("tool_started").await;
        eventually("the statement", async || match world.workspace.count(Method::POST, "/sql/statements") {
            1 => Ok(()),
            count => Err(format!("{count} statements")),
        })
        .await;
        server.kill().await;

        world.workspace.trouble(Trouble::None);
        let server = world.serve().await;
        let ann = server.as_user("ann");
        let result = eventually("the result", async || {
            let mut follow = ann.follow(&execution, 0).await;
            while let Some(frame) = tokio::time::timeout(Duration::from_secs(8), follow.next()).await.ok().flatten() {
                if frame.kind() == "tool_result" {
                    return Ok(frame);
                }
            }
            Err("no result".into())
        })
        .await;
        assert_eq!(result.data["error_kind"], "outcome-unknown", "{result:?}");
        assert_eq!(world.workspace.count(Method::POST, "/sql/statements"), 1);
        server.stop().await;
    });
}

/// How a host goes away in the middle of a statement.
#[derive(Clone, Copy)]
enum Leaving {
    Planned,
    Killed,
}

/// Asks for an INSERT that runs long, and lets the host go when the statement is known; the execution's id.
async fn insert_and_leave(world: &World, how: Leaving) -> String {
    world.workspace.trouble(Trouble::SlowStatements);
    let insert = "INSERT INTO main.default.t VALUES (1)";
    world.model.script("write", vec![Reply::sql("call_1", insert), Reply::text("it is there")]);
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    let (execution, _) = ann.ask(&project, "write").await;
    polled(world, 1).await;
    match how {
        Leaving::Planned => assert_eq!(server.stop().await, Shutdown::Clean),
        Leaving::Killed => server.kill().await,
    }
    execution
}

/// Until the first statement was asked for so often.
pub(crate) async fn polled(world: &World, times: usize) {
    polled_of(world, 0, times).await;
}

/// Until a statement was asked for so often.
pub(crate) async fn polled_of(world: &World, number: usize, times: usize) {
    let id = &format!("/sql/statements/01ef0000-0000-1000-8000-{number:012}");
    eventually("the statement", async || match world.workspace.count(Method::GET, id) {
        count if count >= times => Ok(()),
        count => Err(format!("asked {count} times")),
    })
    .await;
}

#[test]
fn a_statement_whose_id_is_known_outlives_its_host() {
    both_engines(async |engine: Engine| {
        for how in [Leaving::Planned, Leaving::Killed] {
            let mut world = World::new(engine).await;
            world.lease = Duration::from_secs(2);
            let execution = insert_and_leave(&world, how).await;

            world.workspace.trouble(Trouble::None);
            let server = world.serve().await;
            let ann = server.as_user("ann");
            let frames = eventually("the end of the turn", async || {
                let mut follow = ann.follow(&execution, 0).await;
                let mut frames = Vec::new();
                while let Some(frame) = tokio::time::timeout(Duration::from_secs(8), follow.next()).await.ok().flatten()
                {
                    frames.push(frame);
                }
                if frames.last().is_some_and(|frame| frame.is_done()) { Ok(frames) } else { Err(format!("{frames:?}")) }
            })
            .await;
            let results: Vec<_> = frames.iter().filter(|frame| frame.kind() == "tool_result").collect();
            assert_eq!(results.len(), 1, "{frames:?}");
            assert!(results[0].data["error_kind"].is_null(), "{results:?}");
            assert_eq!(world.workspace.count(Method::POST, "/sql/statements"), 1, "it ran once");
            // A host that is killed within this process cannot help sending what a dead one would not.
            if matches!(how, Leaving::Planned) {
                assert_eq!(world.workspace.count(Method::POST, "/cancel"), 0, "nobody ended it");
            }
            server.stop().await;
        }
    });
}

/// The built program, as an operator and a crash end it.
#[test]
fn a_statement_whose_id_is_known_outlives_the_program() {
    both_engines(async |engine: Engine| {
        for signal in ["-TERM", "-KILL"] {
            let world = World::new(engine).await;
            let environment: Vec<_> = world.database_url().map(|url| ("DATABASE_URL", url)).into_iter().collect();
            world.workspace.trouble(Trouble::SlowStatements);
            let insert = "INSERT INTO main.default.t VALUES (1)";
            world.model.script("write", vec![Reply::sql("call_1", insert), Reply::text("it is there")]);
            let mut first = Running::start_with(&world, &environment);
            let ann = first.ann();
            let project = ann.project("One").await;
            let (execution, conversation) = ann.ask(&project, "write").await;
            polled(&world, 1).await;
            first.signal(signal);
            assert_eq!(first.ended().await.success(), signal == "-TERM");

            world.workspace.trouble(Trouble::None);
            let second = Running::start_with(&world, &environment);
            let ann = second.ann();
            let path = format!("/api/projects/{project}/conversations/{conversation}");
            eventually("the end of the turn", async || {
                let detail = ann.get(&path).await.ok();
                if detail["active_execution"].is_null() { Ok(()) } else { Err(detail["active_execution"].to_string()) }
            })
            .await;
            let frames = ann.frames(&execution).await;
            let results: Vec<_> = frames.iter().filter(|frame| frame.kind() == "tool_result").collect();
            assert_eq!(results.len(), 1, "{signal}: {frames:?}");
            assert_eq!(results[0].data["is_error"], false, "{signal}: {results:?}");
            assert!(frames.iter().any(|frame| frame.data["text"] == "it is there"), "{signal}: {frames:?}");
            assert_eq!(world.workspace.count(Method::POST, "/sql/statements"), 1, "{signal}: it ran once");
            assert_eq!(world.workspace.count(Method::POST, "/cancel"), 0, "{signal}: nobody ended it");
        }
    });
}

/// A script that changes something, with a slow statement in its middle.
pub(crate) fn script() -> Reply {
    let script = "INSERT INTO main.default.t VALUES (1); INSERT INTO main.default.t VALUES ('slow'); SELECT 3";
    Reply::tool("call_1", "mcp__databricks__execute_sql_multi", json!({"script": script}))
}

/// What the user sees of a script whose host went in the middle of its second statement: that one's end, where the rows
/// of the first are, and what was not sent. Each statement reached the workspace once, and nobody ended one.
#[track_caller]
pub(crate) fn assert_script_went_on(world: &World, frames: &[Frame], how: &str) {
    let results: Vec<_> = frames.iter().filter(|frame| frame.kind() == "tool_result").collect();
    assert_eq!(results.len(), 1, "{how}: {frames:?}");
    assert_eq!(results[0].data["is_error"], false, "{how}: {results:?}");
    let text = results[0].data["content"].as_str().unwrap();
    for said in [
        "statement 2 of 3",
        "1 (01ef0000-0000-1000-8000-000000000000)",
        "The one after it changed nothing; send it if it is still wanted.",
    ] {
        assert!(text.contains(said), "{how}: {text}");
    }
    assert!(frames.iter().any(|frame| frame.data["text"] == "it is there"), "{how}: {frames:?}");
    let sent = ["INSERT INTO main.default.t VALUES (1)", "INSERT INTO main.default.t VALUES ('slow')"];
    assert_eq!(world.workspace.texts(), sent, "{how}: each ran once");
    assert_eq!(world.workspace.count(Method::POST, "/cancel"), 0, "{how}: nobody ended one");
}

/// The host goes in the middle of a script, and the next one in the middle of what continues it.
#[test]
fn a_script_outlives_the_program_and_the_next_one() {
    both_engines(async |engine: Engine| {
        for signal in ["-TERM", "-KILL"] {
            let world = World::new(engine).await;
            let environment: Vec<_> = world.database_url().map(|url| ("DATABASE_URL", url)).into_iter().collect();
            world.workspace.trouble(Trouble::SlowOnes);
            world.model.script("write", vec![script(), Reply::text("it is there")]);
            let mut host = Running::start_with(&world, &environment);
            let ann = host.ann();
            let project = ann.project("One").await;
            let (execution, conversation) = ann.ask(&project, "write").await;
            polled_of(&world, 1, 1).await;
            for _ in 0..2 {
                host.signal(signal);
                assert_eq!(host.ended().await.success(), signal == "-TERM");
                let before = world.workspace.count(Method::GET, "/sql/statements/01ef0000-0000-1000-8000-000000000001");
                host = Running::start_with(&world, &environment);
                let ann = host.ann();
                // A host goes on with the turns of users that it sees.
                let _here = ann.follow(&execution, 0).await;
                polled_of(&world, 1, before + 1).await;
            }
            world.workspace.trouble(Trouble::None);
            let ann = host.ann();
            let path = format!("/api/projects/{project}/conversations/{conversation}");
            eventually("the end of the turn", async || {
                let detail = ann.get(&path).await.ok();
                if detail["active_execution"].is_null() { Ok(()) } else { Err(detail["active_execution"].to_string()) }
            })
            .await;
            assert_script_went_on(&world, &ann.frames(&execution).await, signal);
        }
    });
}

#[tokio::test]
async fn a_statement_that_outlived_its_host_is_still_ended_by_a_stop() {
    let mut world = World::sqlite().await;
    world.lease = Duration::from_secs(2);
    let execution = insert_and_leave(&world, Leaving::Planned).await;
    let before = world.workspace.count(Method::GET, "/sql/statements/01ef0000-0000-1000-8000-000000000000");
    let server = world.serve().await;
    let ann = server.as_user("ann");
    // A host goes on with the turns of users that it sees.
    let here = ann.follow(&execution, 0).await;
    polled(&world, before + 1).await;
    ann.post(&format!("/api/stop_stream/{execution}"), json!({})).await.ok();
    eventually("the cancel", async || match world.workspace.count(Method::POST, "/cancel") {
        1 => Ok(()),
        count => Err(format!("{count} cancels")),
    })
    .await;
    assert_eq!(world.workspace.count(Method::POST, "/sql/statements"), 1);
    drop(here);
    server.stop().await;
}

#[tokio::test]
async fn leaving_takes_less_than_ten_seconds_and_loses_nothing() {
    let world = World::sqlite().await;
    world.model.script("silent", vec![Reply::silence()]);
    world.model.script("quick", vec![Reply::text("done")]);
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    let (execution, conversation) = ann.ask(&project, "silent").await;
    let mut follow = ann.follow(&execution, 0).await;
    follow.until("system").await;
    let began = Instant::now();
    let stopping = tokio::join!(server.stop(), async {
        let goodbye = follow.until("stream.reconnect").await;
        assert!(goodbye.data["last_event_id"].as_i64().unwrap() >= 2);
        assert_eq!(follow.next().await, None);
        assert!(began.elapsed() < Duration::from_secs(8), "readers are told at once");
    });
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    // The model said nothing for the whole grace, so the turn had to be told; it is not lost.
    assert_eq!(stopping.0, Shutdown::Forced);
    world.model.script("silent", vec![Reply::text("back")]);
    let server = world.serve().await;
    let ann = server.as_user("ann");
    ann.get("/api/me").await.ok();
    let frames = eventually("the end of the turn", async || {
        let detail = ann.get(&format!("/api/projects/{project}/conversations/{conversation}")).await.ok();
        if detail["active_execution"].is_null() { Ok(ann.frames(&execution).await) } else { Err(detail.to_string()) }
    })
    .await;
    assert!(frames.iter().any(|frame| frame.kind() == "text" && frame.data["text"] == "back"), "{frames:?}");
    assert_eq!(server.stop().await, Shutdown::Clean);
}

#[tokio::test]
async fn a_turn_between_steps_is_handed_over_cleanly() {
    let world = World::sqlite().await;
    world.workspace.trouble(Trouble::SlowStatements);
    world.model.script("read", vec![Reply::sql("call_1", "SELECT 1"), Reply::text("done")]);
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    let (execution, _) = ann.ask(&project, "read").await;
    ann.follow(&execution, 0).await.until("tool_started").await;
    let (shutdown, ()) = tokio::join!(server.stop(), async {
        // The statement ends while the server leaves: its result is kept, and the turn stops there.
        world.workspace.trouble(Trouble::None);
    });
    assert_eq!(shutdown, Shutdown::Clean);
    let server = world.serve().await;
    let ann = server.as_user("ann");
    ann.get("/api/me").await.ok();
    let frames = eventually("the end of the turn", async || {
        let mut follow = ann.follow(&execution, 0).await;
        let mut frames = Vec::new();
        while let Some(frame) = tokio::time::timeout(Duration::from_secs(8), follow.next()).await.ok().flatten() {
            frames.push(frame);
        }
        if frames.last().is_some_and(|frame| frame.is_done()) { Ok(frames) } else { Err(format!("{frames:?}")) }
    })
    .await;
    assert_eq!(frames.iter().filter(|frame| frame.kind() == "tool_result").count(), 1);
    assert_eq!(world.workspace.count(Method::POST, "/sql/statements"), 1, "the finished call was reused");
    server.stop().await;
}
