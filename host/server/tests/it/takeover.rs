//! Several hosts on one PostgreSQL: turns of a host that dies or leaves go on where their user is, and stop where the
//! user says so.

use std::time::{Duration, Instant};

use bricklayer_server::config::DatabaseConfig;
use bricklayer_server::lifecycle::Shutdown;
use reqwest::Method;
use serde_json::json;

use crate::process::Running;
use crate::restart::{assert_script_went_on, polled, polled_of, script};
use crate::support::{Anywhere, Api, Engine, Follow, Frame, Gate, Reply, Server, Trouble, World, eventually};

/// Short, so that a test need not wait long for a dead host; long enough for a busy machine.
const LEASE: Duration = Duration::from_secs(3);

async fn world(lease: Duration) -> World {
    let mut world = World::new(Engine::Postgres).await;
    world.lease = lease;
    world
}

/// A turn that streams until its gate opens, seen to run.
async fn gated(world: &World, ann: &Api, message: &str) -> (Gate, String, Follow) {
    let gate = Gate::new();
    world.model.script(message, vec![Reply::gated(vec!["one ".into(), "two".into()], &gate)]);
    let project = ann.project(message).await;
    let (execution, _) = ann.ask(&project, message).await;
    let mut follow = ann.follow(&execution, 0).await;
    gate.open_to(1);
    follow.until("text_delta").await;
    (gate, execution, follow)
}

async fn stop(api: &Api, execution: &str) -> serde_json::Value {
    api.post(&format!("/api/stop_stream/{execution}"), json!({})).await.ok()
}

#[track_caller]
fn assert_ended_once(frames: &[Frame]) {
    let count = |kind: &str| frames.iter().filter(|frame| frame.kind() == kind).count();
    assert_eq!(count("stream.completed"), 1, "{frames:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_hosts_turns_go_on_where_their_user_is_in_the_same_stream() {
    let world = world(LEASE).await;
    let (a, b, c) = (world.serve_beside("a").await, world.serve_beside("b").await, world.serve_beside("c").await);
    let mut turns = Vec::new();
    for n in 0..4 {
        turns.push(gated(&world, &a.as_user("ann"), &format!("turn {n}")).await);
    }
    // Ann's page is on the third host. Somebody else keeps the second one busy; ann was never there.
    let (there, bob) = (c.as_user("ann"), b.as_user("bob"));
    let (bobs_gate, bobs, mut bobs_stream) = gated(&world, &bob, "bob").await;
    let mut streams = Vec::new();
    for (_, execution, _) in &turns {
        streams.push(there.follow(execution, 0).await);
    }
    a.kill().await;
    turns.iter().for_each(|(gate, ..)| gate.open_to(3));
    for mut stream in streams {
        // To its end: nobody had to connect again.
        assert_ended_once(&stream.follow_to_end().await);
    }
    bobs_gate.open_to(3);
    assert_ended_once(&bobs_stream.follow_to_end().await);
    assert_eq!(bob.follow(&bobs, 0).await.follow_to_end().await.last().map(Frame::is_done), Some(true));
    b.stop().await;
    c.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_without_a_stream_bring_a_turn_back_too() {
    let world = world(LEASE).await;
    let (a, b, c) = (world.serve_beside("a").await, world.serve_beside("b").await, world.serve_beside("c").await);
    let ann = a.as_user("ann");
    let project = ann.project("One").await;
    let gate = Gate::new();
    world.model.script("work", vec![Reply::gated(vec!["done".into()], &gate)]);
    let (execution, conversation) = ann.ask(&project, "work").await;
    a.kill().await;
    gate.open_to(2);
    let (there, bob) = (c.as_user("ann"), b.as_user("bob"));
    let path = format!("/api/projects/{project}/conversations/{conversation}");
    eventually("the end of the turn", async || {
        bob.get("/api/me").await.ok();
        let detail = there.get(&path).await.ok();
        if detail["active_execution"].is_null() { Ok(()) } else { Err(detail["active_execution"].to_string()) }
    })
    .await;
    assert_ended_once(&there.frames(&execution).await);
    b.stop().await;
    c.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_leaves_hands_its_turns_to_the_host_where_their_user_goes() {
    // A lease that never runs out here: only a turn that was let go can be taken over.
    let world = world(Duration::from_secs(600)).await;
    let (a, b) = (world.serve_beside("a").await, world.serve_beside("b").await);
    let ann = a.as_user("ann");
    world.workspace.trouble(Trouble::SlowStatements);
    world.model.script("read", vec![Reply::sql("call_1", "SELECT 1"), Reply::text("done")]);
    let project = ann.project("One").await;
    let (execution, _) = ann.ask(&project, "read").await;
    let mut follow = ann.follow(&execution, 0).await;
    follow.until("tool_started").await;
    let (_, rest) = tokio::join!(a.stop(), async {
        follow.until("stream.reconnect").await;
        world.workspace.trouble(Trouble::None);
        b.as_user("ann").frames(&execution).await
    });
    assert_ended_once(&rest);
    assert_eq!(world.workspace.count(Method::POST, "/sql/statements"), 1, "the finished call was reused");
    b.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_goes_on_where_its_user_goes_while_its_host_leaves() {
    let world = world(Duration::from_secs(600)).await;
    let (a, b) = (world.serve_beside("a").await, world.serve_beside("b").await);
    world.workspace.trouble(Trouble::SlowOnes);
    world.model.script("write", vec![script(), Reply::text("it is there")]);
    let ann = a.as_user("ann");
    let project = ann.project("One").await;
    let (execution, _) = ann.ask(&project, "write").await;
    let mut there = b.as_user("ann").follow(&execution, 0).await;
    polled_of(&world, 1, 1).await;
    let (shutdown, rest) = tokio::join!(a.stop(), async {
        // The other host waits for the statement before it ends.
        let before = world.workspace.count(Method::GET, "/sql/statements/01ef0000-0000-1000-8000-000000000001");
        polled_of(&world, 1, before + 2).await;
        world.workspace.trouble(Trouble::None);
        there.follow_to_end().await
    });
    assert_eq!(shutdown, Shutdown::Clean);
    assert_script_went_on(&world, &rest, "planned");
    b.stop().await;
}

/// The host leaves between a statement's submission and the answer with its id. While it may wait for that answer it
/// does, and hands the statement on; the statement of a host whose time is up is ended, and neither is sent again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_leaves_in_mid_submission_hands_the_statement_on_or_ends_it() {
    for in_time in [true, false] {
        let world = world(Duration::from_secs(600)).await;
        let (a, b) = (world.serve_beside("a").await, world.serve_beside("b").await);
        let gate = Gate::new();
        world.workspace.trouble(Trouble::LateAnswers(gate.clone()));
        let insert = Reply::sql("call_1", "INSERT INTO main.default.t VALUES (1)");
        world.model.script("write", vec![insert, Reply::text("it is there")]);
        let ann = a.as_user("ann");
        let project = ann.project("One").await;
        let (execution, _) = ann.ask(&project, "write").await;
        let mut there = b.as_user("ann").follow(&execution, 0).await;
        eventually("the submission", async || match world.workspace.texts().len() {
            1 => Ok(()),
            other => Err(format!("{other} statements")),
        })
        .await;
        let mut here = ann.follow(&execution, 0).await;
        let tasks_ended = a.tasks_ended();
        let answered = async {
            here.until("stream.reconnect").await;
            if !in_time {
                // The turn is not driven any more; only its call settles.
                tasks_ended.await;
            }
            gate.open_to(1);
        };
        let (shutdown, ()) = tokio::join!(a.stop(), answered);
        assert_eq!(shutdown, if in_time { Shutdown::Clean } else { Shutdown::Forced });
        world.workspace.trouble(Trouble::None);
        let frames = there.follow_to_end().await;
        assert_ended_once(&frames);
        let result = frames.iter().find(|frame| frame.kind() == "tool_result").unwrap();
        let expected = if in_time { json!(null) } else { json!("outcome-unknown") };
        assert_eq!(result.data["error_kind"], expected, "{result:?}");
        assert_eq!(world.workspace.count(Method::POST, "/sql/statements"), 1, "sent once");
        assert_eq!(world.workspace.count(Method::POST, "/cancel"), usize::from(!in_time));
        b.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stop_stops_what_runs_on_another_host() {
    let world = world(Duration::from_secs(600)).await;
    let (a, b) = (world.serve_beside("a").await, world.serve_beside("b").await);
    let (_gate, execution, mut follow) = gated(&world, &a.as_user("ann"), "work").await;
    let stopped = stop(&b.as_user("ann"), &execution).await;
    assert_eq!((&stopped["success"], &stopped["state"]), (&json!(true), &json!("stopped")));
    let rest = follow.follow_to_end().await;
    assert!(rest.iter().any(|frame| frame.kind() == "stream.completed" && frame.data["is_cancelled"] == true));
    a.stop().await;
    b.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stop_stops_what_a_dead_host_held_long_before_its_lease_runs_out() {
    let world = world(Duration::from_secs(600)).await;
    let (a, b) = (world.serve_beside("a").await, world.serve_beside("b").await);
    let (_gate, execution, _) = gated(&world, &a.as_user("ann"), "work").await;
    a.kill().await;
    let ann = b.as_user("ann");
    let stopped = stop(&ann, &execution).await;
    assert_eq!((&stopped["success"], &stopped["state"]), (&json!(true), &json!("stopped")));
    let frames = ann.frames(&execution).await;
    assert_ended_once(&frames);
    assert!(frames.iter().any(|frame| frame.kind() == "stream.completed" && frame.data["is_cancelled"] == true));
    let again = stop(&ann, &execution).await;
    assert_eq!((&again["success"], &again["state"]), (&json!(false), &json!("stopped")));
    b.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stop_ends_the_statement_that_a_dead_host_left_running() {
    let world = world(Duration::from_secs(600)).await;
    let url = world.database_url().unwrap().to_owned();
    // A program of its own: a host that dies within this one still sends what it has registered.
    let mut a = Running::start_in(&world, "a", &[("DATABASE_URL", &url)]);
    let b = world.serve_beside("b").await;
    world.workspace.trouble(Trouble::SlowStatements);
    let insert = Reply::sql("call_1", "INSERT INTO main.default.t VALUES (1)");
    world.model.script("write", vec![insert, Reply::text("never")]);
    let there = a.ann();
    let project = there.project("One").await;
    let (execution, _) = there.ask(&project, "write").await;
    polled(&world, 1).await;
    a.signal("-KILL");
    a.ended().await;
    assert_eq!(world.workspace.count(Method::POST, "/cancel"), 0);
    let ann = b.as_user("ann");
    let stopped = stop(&ann, &execution).await;
    assert_eq!((&stopped["success"], &stopped["state"]), (&json!(true), &json!("stopped")));
    // As the user who stopped it, and once.
    let cancels: Vec<_> = world.workspace.seen().into_iter().filter(|seen| seen.path.ends_with("/cancel")).collect();
    let tokens: Vec<_> = cancels.iter().map(|seen| seen.authorization.as_str()).collect();
    assert_eq!(tokens, ["Bearer canary-token-of-ann"]);
    let frames = ann.frames(&execution).await;
    assert_ended_once(&frames);
    let result = frames.iter().find(|frame| frame.kind() == "tool_result").unwrap();
    assert_eq!(result.data["error_kind"], "outcome-unknown", "{result:?}");
    assert!(result.data["content"].as_str().unwrap().contains("was told to end"), "{result:?}");
    assert_eq!(world.workspace.count(Method::POST, "/sql/statements"), 1);
    b.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stop_stops_what_waits_for_an_answer_on_any_host() {
    let world = world(Duration::from_secs(600)).await;
    let (a, b) = (world.serve_beside("a").await, world.serve_beside("b").await);
    let ann = a.as_user("ann");
    world.model.script("danger", vec![Reply::sql("call_1", "DROP TABLE t"), Reply::text("never")]);
    let project = ann.project("One").await;
    let (execution, _) = ann.ask(&project, "danger").await;
    ann.follow(&execution, 0).await.until("approval.requested").await;
    let stopped = stop(&b.as_user("ann"), &execution).await;
    assert_eq!((&stopped["success"], &stopped["state"]), (&json!(true), &json!("stopped")));
    assert_ended_once(&ann.frames(&execution).await);
    assert_eq!(world.workspace.asked_for().len(), 0);
    a.stop().await;
    b.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_that_nobody_carried_out_is_carried_out_by_any_host() {
    let world = world(LEASE).await;
    let (a, b) = (world.serve_beside("a").await, world.serve_beside("b").await);
    let (_gate, execution, _) = gated(&world, &a.as_user("ann"), "work").await;
    let (user, turn) = {
        let user = bricklayer_domain::UserId::parse("ann@example.com").unwrap();
        (user, bricklayer_domain::TurnId::from_uuid(execution.parse().unwrap()))
    };
    let store = b.app.store().clone();
    a.kill().await;
    // The host that took the wish died with it; ann is away.
    store.request_stop(&user, turn).await.unwrap();
    eventually("the end of the turn", async || {
        let status = store.get_turn(&user, turn).await.unwrap().status;
        if status == bricklayer_domain::TurnStatus::Cancelled { Ok(()) } else { Err(status.as_str().to_owned()) }
    })
    .await;
    b.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_is_sent_again_after_its_host_died_is_the_same_turn() {
    let world = world(LEASE).await;
    let (a, b) = (world.serve_beside("a").await, world.serve_beside("b").await);
    let statement = || vec![Reply::sql("call_1", "INSERT INTO t VALUES (1)"), Reply::text("done")];
    world.model.script("first words", statement());
    let ann = a.as_user("ann");
    let project = ann.project("One").await;
    let id = uuid::Uuid::new_v4();
    let message = json!({"project_id": project, "message": "first words", "client_message_id": id});
    let first = ann.post("/api/invoke_agent", message.clone()).await;
    assert_eq!(first.status, 202);
    a.kill().await;
    let there = b.as_user("ann");
    let again = there.post("/api/invoke_agent", message.clone()).await;
    assert_eq!((again.status.as_u16(), again.json()), (202, first.json()));
    let execution = first.json()["execution_id"].as_str().unwrap().to_owned();
    assert_ended_once(&there.frames(&execution).await);
    let conversations = there.get(&format!("/api/projects/{project}/conversations")).await.ok();
    assert_eq!(conversations["conversations"].as_array().unwrap().len(), 1, "{conversations}");
    assert!(world.workspace.count(Method::POST, "/sql/statements") <= 1);
    let mut other = message;
    other["message"] = json!("other words");
    let problem = there.post("/api/invoke_agent", other).await.problem(409, "client-message-reused");
    assert_eq!(problem["execution_id"], json!(execution));
    b.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn turns_end_and_new_ones_work_after_the_network_to_the_database_went_silent() {
    let world = world(Duration::from_secs(6)).await;
    let proxy = bricklayer_store::test_support::Proxy::start(world.database_url().unwrap()).await.unwrap();
    let through: secrecy::SecretString = proxy.url().to_owned().into();
    let server = world.serve_beside_with("a", |config| config.database = DatabaseConfig::Postgres(through)).await;
    let ann = server.as_user("ann");
    let mut turns = Vec::new();
    for n in 0..6 {
        turns.push(gated(&world, &ann, &format!("turn {n}")).await);
    }
    proxy.silence();
    turns.iter().for_each(|(gate, ..)| gate.open_to(3));
    for (_, execution, _) in &turns {
        eventually("the end of the turn", async || {
            let stream = ann.request(Method::GET, &format!("/api/stream_progress/{execution}?after=0")).send().await;
            let response = stream.map_err(|error| error.to_string())?;
            if response.status() != 200 {
                return Err(response.status().to_string());
            }
            let (mut follow, mut frames) = (Follow::new(response), Vec::new());
            while let Some(frame) = follow.next().await {
                frames.push(frame);
            }
            if !frames.last().is_some_and(Frame::is_done) {
                return Err(format!("{:?}", frames.last()));
            }
            assert_ended_once(&frames);
            assert!(frames.iter().any(|frame| frame.kind() == "text" && frame.data["text"] == "one two"), "{frames:?}");
            Ok(())
        })
        .await;
    }
    world.model.script("new", vec![Reply::text("here")]);
    for _ in 0..8 {
        let project = ann.project("New").await;
        let (execution, _) = ann.ask(&project, "new").await;
        assert_ended_once(&ann.frames(&execution).await);
    }
    server.stop().await;
}

/// Users whose requests go to any of three hosts that restart one after the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rolling_restarts_lose_no_turn_and_repeat_no_statement() {
    const USERS: usize = 6;
    const TURNS: usize = 4;
    let world = std::sync::Arc::new(world(LEASE).await);
    world.model.script("work", vec![Reply::sql("call_1", "INSERT INTO t VALUES (1)"), Reply::text("done")]);
    let names = ["a", "b", "c"];
    let bases = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let mut hosts: Vec<Option<Server>> = Vec::new();
    for name in names {
        let host = world.serve_beside(name).await;
        bases.lock().unwrap().push(host.base.clone());
        hosts.push(Some(host));
    }
    let users = futures::future::join_all((0..USERS).map(|user| {
        let anywhere = Anywhere::new(std::sync::Arc::clone(&bases), &format!("user{user}"), user);
        async move {
            let project = anywhere.project("One").await;
            for turn in 0..TURNS {
                anywhere.turn(&project, &format!("work {user} {turn}")).await;
            }
        }
    }));
    let mut users = std::pin::pin!(users);
    let mut done = false;
    let mut restarts = 0;
    while !done || restarts < names.len() {
        let n = restarts % names.len();
        let restart = async {
            hosts[n].take().unwrap().stop().await;
            let host = world.serve_beside(names[n]).await;
            bases.lock().unwrap()[n] = host.base.clone();
            hosts[n] = Some(host);
        };
        let mut restart = std::pin::pin!(restart);
        tokio::select! {
            () = &mut restart => {}
            _ = &mut users, if !done => {
                done = true;
                restart.await;
            }
        }
        restarts += 1;
    }
    // A statement under way when its host left may be unknown, but none ran twice.
    assert!(world.workspace.count(Method::POST, "/sql/statements") <= USERS * TURNS);
    for host in hosts.into_iter().flatten() {
        host.stop().await;
    }
}

/// Measures how long turns of a killed host stand still, with everything at its default: `-- --ignored --nocapture`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes; prints a table"]
async fn measure_take_over() {
    const KILLS: usize = 20;
    let world = world(LEASE).await;
    let url = world.database_url().unwrap().to_owned();
    let environment = [("DATABASE_URL", url.as_str())];
    let start = |name: &str| Running::start_in(&world, name, &environment);
    let names = ["a", "b", "c"];
    let mut hosts: Vec<Running> = names.iter().map(|name| start(name)).collect();
    let mut times = Vec::new();
    for kill in 0..KILLS {
        let (dying, seen) = (kill % names.len(), (kill + 1) % names.len());
        let ann = hosts[dying].ann();
        let (gate, execution, _) = gated(&world, &ann, &format!("kill {kill}.")).await;
        let mut stream = hosts[seen].ann().follow(&execution, 0).await;
        stream.until("system").await;
        let began = Instant::now();
        hosts[dying].signal("-KILL");
        gate.open_to(3);
        assert_ended_once(&stream.follow_to_end().await);
        times.push(began.elapsed());
        hosts[dying].ended().await;
        hosts[dying] = start(names[dying]);
    }
    times.sort();
    let at = |part: usize| times[(times.len() - 1) * part / 100];
    println!("{KILLS} kills, from the kill to the turn's end: p50 {:?}, p95 {:?}, worst {:?}", at(50), at(95), at(100));
    assert!(at(100) < Duration::from_secs(10));
}

/// One turn as its user saw it.
struct Seen {
    began: Instant,
    took: Duration,
    /// What happened on the way, and when.
    steps: Vec<(Instant, String)>,
    frames: Vec<Frame>,
}

impl Seen {
    fn result(&self) -> Option<&Frame> {
        self.frames.iter().find(|frame| frame.kind() == "tool_result")
    }

    /// The longest that nothing happened, what was before it and what after.
    fn standstill(&self) -> (Duration, &str, &str) {
        let gaps = self.steps.windows(2).map(|pair| (pair[1].0 - pair[0].0, pair[0].1.as_str(), pair[1].1.as_str()));
        gaps.max().unwrap_or((self.took, "the message", "the end"))
    }
}

/// Three hosts that restart one after the other, again and again, under users whose requests go anywhere. Runs for
/// `BRICKLAYER_MEASURE_SECONDS`; prints what became of the turns, and of each that took long where it stood still.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes as long as it is told; prints a table"]
async fn measure_rolling_restarts() {
    const USERS: usize = 20;
    const LATE: Duration = Duration::from_secs(10);
    let seconds = std::env::var("BRICKLAYER_MEASURE_SECONDS").map_or(20, |seconds| seconds.parse().unwrap());
    let world = &std::sync::Arc::new(world(LEASE).await);
    // Starting blocks the thread that it is on, and must not hold up the users.
    let start = async |name: &'static str| {
        let world = std::sync::Arc::clone(world);
        let start = move || Running::start_in(&world, name, &[("DATABASE_URL", world.database_url().unwrap())]);
        tokio::task::spawn_blocking(start).await.unwrap()
    };
    let names = ["a", "b", "c"];
    let mut hosts = Vec::new();
    for name in names {
        hosts.push(start(name).await);
    }
    let bases = std::sync::Arc::new(std::sync::Mutex::new(hosts.iter().map(Running::base).collect::<Vec<_>>()));
    let seen = std::sync::Mutex::new(Vec::new());
    let one_turn = async |anywhere: &Anywhere, project: &str, message: &str| {
        let insert = format!("INSERT INTO t VALUES ('{message}')");
        world.model.script(message, vec![Reply::sql("call_1", &insert), Reply::text("done")]);
        let steps = std::sync::Mutex::new(Vec::new());
        let began = Instant::now();
        let tell = |what: &str| {
            let mut steps = steps.lock().unwrap();
            if steps.last().is_none_or(|(_, last): &(_, String)| last != what) {
                steps.push((Instant::now(), what.to_owned()));
            }
        };
        tell("the message");
        let frames = anywhere.turn_told(project, message, tell).await;
        let (took, steps) = (began.elapsed(), steps.into_inner().unwrap());
        world.model.forget(message);
        seen.lock().unwrap().push(Seen { began, took, steps, frames });
    };
    // Before the clock starts, each host has the plugins' code.
    let all = bases.lock().unwrap().clone();
    for (n, base) in all.into_iter().enumerate() {
        let alone = std::sync::Arc::new(std::sync::Mutex::new(vec![base]));
        let warm = Anywhere::new(alone, "warm", 0);
        let project = warm.project("Warm").await;
        one_turn(&warm, &project, &format!("warm {n}.")).await;
    }
    seen.lock().unwrap().clear();
    let began = Instant::now();
    let over = || began.elapsed() >= Duration::from_secs(seconds);
    let users = futures::future::join_all((0..USERS).map(|user| {
        let anywhere = Anywhere::new(std::sync::Arc::clone(&bases), &format!("user{user}"), user);
        let (one_turn, over) = (&one_turn, &over);
        async move {
            let project = anywhere.project("One").await;
            for turn in 0.. {
                if over() {
                    break;
                }
                one_turn(&anywhere, &project, &format!("work {user}.{turn}.")).await;
            }
        }
    }));
    let restarts = async {
        let mut restarts = Vec::new();
        while !over() {
            let n = restarts.len() % names.len();
            let told = Instant::now();
            hosts[n].signal("-TERM");
            hosts[n].ended().await;
            let left = told.elapsed();
            hosts[n] = start(names[n]).await;
            bases.lock().unwrap()[n] = hosts[n].base();
            restarts.push((names[n], told, left, told.elapsed()));
        }
        restarts
    };
    let (_, restarts) = tokio::join!(users, restarts);
    let mut seen = seen.into_inner().unwrap();
    seen.sort_by_key(|seen| seen.took);
    let at = |part: usize| seen[(seen.len() - 1) * part / 100].took;
    let late: Vec<_> = seen.iter().filter(|seen| seen.took > LATE).collect();
    let unknown = seen.iter().filter_map(Seen::result).filter(|result| !result.data["error_kind"].is_null()).count();
    let texts = world.workspace.texts();
    let repeated = texts.len() - texts.iter().collect::<std::collections::HashSet<_>>().len();
    println!(
        "{} restarts in {:.0?} under {USERS} users: {} turns, 0 lost, {unknown} with a statement of unknown outcome, \
         {repeated} statements repeated, {} turns later than {LATE:?}; p50 {:?}, p95 {:?}, p99 {:?}, worst {:?}; \
         load {}",
        restarts.len(),
        began.elapsed(),
        seen.len(),
        late.len(),
        at(50),
        at(95),
        at(99),
        at(100),
        std::fs::read_to_string("/proc/loadavg").unwrap().trim()
    );
    let mut times: Vec<_> = restarts.iter().map(|(_, _, left, back)| (*left, *back)).collect();
    times.sort();
    println!(
        "a restart: left after {:?} (median), back after {:?}; longest {:?}",
        times[times.len() / 2].0,
        times[times.len() / 2].1,
        times.last()
    );
    let log = std::fs::read_to_string(crate::process::log_path(world)).unwrap();
    for seen in seen.iter().rev().take(late.len().clamp(5, 20)) {
        let (gap, before, after) = seen.standstill();
        println!("{:?}: stood still for {gap:?} between {before:?} and {after:?}", seen.took);
        for (name, told, left, back) in &restarts {
            if *told < seen.began + seen.took && seen.began < *told + *back {
                println!(
                    "  {name} was told to leave {:?} after the message, left in {left:?}, was back after {back:?}",
                    told.saturating_duration_since(seen.began)
                );
            }
        }
        let execution = seen.steps.iter().find_map(|(_, step)| step.strip_prefix("taken as ")).unwrap_or("none");
        log.lines().filter(|line| line.contains(execution)).for_each(|line| println!("  {line}"));
    }
    assert_eq!(repeated, 0);
}
