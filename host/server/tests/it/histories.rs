//! Long conversations: their history in pages, their large results apart, and their bound.

use std::time::Duration;

use bricklayer_domain::{
    Block, ConversationId, Event, EventSeq, ProjectId, StopReason, Title, ToolCallId, ToolName, ToolOutcome, TurnEnd,
    TurnSettings, Usage, UserId,
};
use bricklayer_store::{Begun, ConversationLimits, Lease, NewTurn, Store, StoreOptions, StoreUrl, TurnPlace, WorkerId};
use serde_json::{Value, json};

use crate::process::Running;
use crate::support::{Engine, Gate, Reply, Server, World, both_engines, eventually};

/// Begins a turn as a host does that drives it, so that a test says what is in its log.
async fn begin(store: &Store, user: &str, project: &str, conversation: &str) -> Lease {
    let new = NewTurn {
        project: ProjectId::from_uuid(project.parse().unwrap()),
        conversation: Some(ConversationId::from_uuid(conversation.parse().unwrap())),
        place: TurnPlace::Next,
        message: "look".into(),
        settings: TurnSettings::default(),
        client_message_id: None,
        rerun_of: None,
    };
    let user = UserId::parse(&format!("{user}@example.com")).unwrap();
    match store.begin_turn(&user, WorkerId::new(), new).await.unwrap() {
        Begun::New { lease, .. } => lease,
        Begun::Repeated { .. } => panic!("a new message made no new turn"),
    }
}

/// One whole turn; its id.
async fn turn(server: &Server, project: &str, conversation: &str, mut events: Vec<Event>) -> String {
    let lease = begin(server.app.store(), "ann", project, conversation).await;
    let end = TurnEnd::Completed;
    events.push(Event::TurnFinished { end, usage: Usage::default(), steps: 1, duration_ms: 1 });
    server.app.store().append(&lease, events).await.unwrap();
    lease.turn.to_string()
}

fn said(text: &str) -> Event {
    Event::AssistantMessage {
        step: 0,
        blocks: vec![Block::Text { text: text.into() }],
        stop_reason: StopReason::EndTurn,
        usage: Usage::default(),
        model: String::new(),
        aborted: false,
        calls: Vec::new(),
    }
}

fn finished(call: &str, structured: &Value) -> Event {
    let outcome =
        ToolOutcome { content: "rows".into(), structured: Some(structured.clone()), ..ToolOutcome::default() };
    Event::ToolFinished { call: ToolCallId(call.into()), name: ToolName("sql".into()), outcome, duration_ms: 1 }
}

fn seqs(detail: &Value) -> Vec<i64> {
    let mut seqs: Vec<i64> =
        detail["events"].as_array().unwrap().iter().map(|event| event["seq"].as_i64().unwrap()).collect();
    seqs.dedup();
    seqs
}

#[test]
fn a_history_comes_in_pages_the_newest_first() {
    both_engines(async |engine: Engine| {
        let server_world = World::new(engine).await;
        let server = server_world.serve().await;
        let ann = server.as_user("ann");
        let project = ann.project("Long").await;
        let path = format!("/api/projects/{project}/conversations");
        let conversation = ann.post(&path, json!({})).await.ok()["id"].as_str().unwrap().to_owned();
        let path = format!("{path}/{conversation}");
        let empty = ann.get(&path).await.ok();
        assert_eq!((&empty["events"], &empty["earlier"], &empty["last_seq"]), (&json!([]), &json!(null), &json!(0)));
        for number in 0..33 {
            turn(&server, &project, &conversation, vec![said(&format!("answer {number}"))]).await;
        }
        let newest = ann.get(&path).await.ok();
        assert_eq!(seqs(&newest), (10..=99).collect::<Vec<_>>(), "30 turns of three events");
        assert_eq!((&newest["earlier"], &newest["last_seq"]), (&json!(10), &json!(99)));
        assert_eq!(newest["messages"].as_array().unwrap().len(), 60);
        let earlier = ann.get(&format!("{path}?before=10&turns=2")).await.ok();
        assert_eq!((seqs(&earlier), &earlier["earlier"]), ((4..=9).collect(), &json!(4)));
        assert_eq!(earlier["messages"][1]["content"], "answer 1");
        let first = ann.get(&format!("{path}?before=4&turns=200")).await.ok();
        assert_eq!((seqs(&first), &first["earlier"]), ((1..=3).collect(), &json!(null)));
        for (query, field) in
            [("turns=0", "turns"), ("turns=201", "turns"), ("before=0", "before"), ("before=-1", "before")]
        {
            let problem = ann.get(&format!("{path}?{query}")).await.problem(422, "invalid-request");
            assert_eq!(problem["errors"][0]["field"], field, "{query}");
        }
        for query in ["turns=x", "turns=-1", "before=1.5", "befor=1", "turns=99999999999999999999"] {
            ann.get(&format!("{path}?{query}")).await.problem(422, "invalid-request");
        }
        server.as_user("eve").get(&path).await.problem(404, "not-found");
        server.stop().await;
    });
}

#[test]
fn large_results_are_fetched_by_themselves() {
    both_engines(async |engine: Engine| {
        let world = World::new(engine).await;
        let server = world.serve().await;
        let ann = server.as_user("ann");
        let project = ann.project("Large").await;
        let path = format!("/api/projects/{project}/conversations");
        let conversation = ann.post(&path, json!({})).await.ok()["id"].as_str().unwrap().to_owned();
        let (small, large) = (json!({"rows": [["1"]]}), json!({"rows": [["🚕".repeat(40_000)]]}));
        let bytes = large.to_string().len();
        let events = vec![finished("small", &small), finished("the/large one", &large), said("done")];
        let execution = turn(&server, &project, &conversation, events).await;
        let detail = ann.get(&format!("{path}/{conversation}")).await.ok();
        let streamed: Vec<Value> = ann.frames(&execution).await.into_iter().map(|frame| frame.data).collect();
        for events in [detail["events"].as_array().unwrap(), &streamed] {
            let results: Vec<_> = events.iter().filter(|event| event["type"] == "tool_result").collect();
            assert_eq!((&results[0]["structured"], &results[0]["structured_bytes"]), (&small, &json!(null)));
            assert_eq!((&results[1]["structured"], &results[1]["structured_bytes"]), (&json!(null), &json!(bytes)));
        }
        let calls = format!("/api/executions/{execution}/calls");
        for (call, value) in [("small", &small), ("the%2Flarge%20one", &large)] {
            let answer = ann.get(&format!("{calls}/{call}/structured")).await;
            assert_eq!(&answer.ok(), value);
            assert!(answer.headers["cache-control"].to_str().unwrap().contains("private"), "{answer:?}");
        }
        let packed =
            ann.clone().with("accept-encoding", "gzip").get(&format!("{calls}/the%2Flarge%20one/structured")).await;
        assert_eq!((packed.status.as_u16(), &packed.headers["content-encoding"]), (200, &"gzip".parse().unwrap()));
        ann.get(&format!("{calls}/other/structured")).await.problem(404, "not-found");
        ann.get("/api/executions/0/calls/small/structured").await.problem(404, "not-found");
        let eve = server.as_user("eve");
        eve.get(&format!("{calls}/small/structured")).await.problem(404, "not-found");
        server.as_nobody().get(&format!("{calls}/small/structured")).await.problem(401, "unauthenticated");
        server.stop().await;
    });
}

#[tokio::test]
async fn a_full_conversation_says_so_before_a_turn_begins() {
    let mut world = World::sqlite().await;
    world.conversation_limits = ConversationLimits { log_bytes: 2 << 20, structured_bytes: 1 << 20 };
    world.model.script("again", vec![Reply::text("here")]);
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("Full").await;
    let path = format!("/api/projects/{project}/conversations");
    for (event, sentence) in [
        (said(&"x".repeat(2 << 20)), "2 MiB of messages and calls"),
        (finished("c", &json!("x".repeat(1 << 20))), "1 MiB of results"),
    ] {
        let conversation = ann.post(&path, json!({})).await.ok()["id"].as_str().unwrap().to_owned();
        turn(&server, &project, &conversation, vec![event]).await;
        let body = json!({"project_id": project, "conversation_id": conversation, "message": "again"});
        let problem = ann.post("/api/invoke_agent", body).await.problem(409, "conversation-full");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(sentence) && detail.ends_with("start a new one"), "{detail}");
        // Nothing began, it can still be read, and a new one works.
        let shown = ann.get(&format!("{path}/{conversation}")).await.ok();
        assert_eq!((&shown["active_execution"], &shown["turn_count"]), (&json!(null), &json!(1)));
    }
    let (execution, _) = ann.ask(&project, "again").await;
    assert!(ann.frames(&execution).await.iter().any(|frame| frame.data["text"] == "here"));
    server.stop().await;
}

#[tokio::test]
async fn a_reader_past_the_end_gets_what_is_still_to_come() {
    let mut world = World::sqlite().await;
    world.stream_keep_alive = Duration::from_millis(100);
    let gate = Gate::new();
    world.model.script("stream", vec![Reply::gated(vec!["a".into()], &gate)]);
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    let (execution, _) = ann.ask(&project, "stream").await;
    ann.follow(&execution, 0).await.until("system").await;
    let mut past = ann.follow(&execution, i64::MAX).await;
    let mut header = ann.clone().with("last-event-id", "4000000000").follow(&execution, 0).await;
    // They stand at the log's end before it moves.
    for stream in [&mut past, &mut header] {
        stream.until("keepalive").await;
    }
    gate.open_to(1);
    for stream in [&mut past, &mut header] {
        let frames = stream.follow_to_end().await;
        assert!(frames.iter().any(|frame| frame.kind() == "stream.completed"), "{frames:?}");
    }
    // Whoever claims to have more than there ever was is told that it is over.
    let frames = ann.follow(&execution, i64::MAX).await.follow_to_end().await;
    assert_eq!(frames.len(), 1, "{frames:?}");
    server.stop().await;
}

/// Turns of a conversation of 100,000 events, and the events of each.
const TURNS: i64 = 200;
const TURN_EVENTS: i64 = 500;

#[test]
fn a_conversation_of_100_000_events_opens_and_goes_on() {
    both_engines(async |engine: Engine| {
        let mut world = World::new(engine).await;
        world.compact_above_tokens = u64::MAX;
        world.model.script("go on", vec![Reply::text("here")]);
        let server = world.serve().await;
        let ann = server.as_user("ann");
        let project = ann.project("Long").await;
        let path = format!("/api/projects/{project}/conversations");
        let conversation = ann.post(&path, json!({})).await.ok()["id"].as_str().unwrap().to_owned();
        for number in 0..TURNS {
            let steps = (0..TURN_EVENTS - 2).map(|step| match step % 2 {
                0 => Event::StepStarted { step: 0, model: "scripted".into(), context: None },
                _ => said(&format!("answer {number}.{step}")),
            });
            turn(&server, &project, &conversation, steps.collect()).await;
        }
        // It opens at its end, and what came before comes on demand, each in an answer of a bounded size.
        let path = format!("{path}/{conversation}");
        let (mut next, mut answers) = (TURNS * TURN_EVENTS, 0);
        let mut before = String::new();
        loop {
            let answer = ann.get(&format!("{path}?turns=200{before}")).await;
            let page = answer.ok();
            assert!(answer.text.len() < 8 << 20, "{} bytes", answer.text.len());
            let shown = seqs(&page);
            assert_eq!((shown[shown.len() - 1], shown.len() as i64), (next, next - shown[0] + 1), "no gap");
            (next, answers) = (shown[0] - 1, answers + 1);
            match page["earlier"].as_i64() {
                Some(earlier) => before = format!("&before={earlier}"),
                None => break,
            }
        }
        assert_eq!(next, 0, "down to the first event");
        assert!(answers > 10, "{answers}");
        // It goes on, and the model reads all of it.
        let execution = ann.say(&project, &conversation, "go on").await;
        let frames = ann.frames(&execution).await;
        assert!(frames.iter().any(|frame| frame.data["text"] == "here"), "{frames:?}");
        let request = world.model.requests().pop().unwrap().to_string();
        assert!(request.contains("answer 0.1") && request.contains(&format!("answer {}.1", TURNS - 1)));
        // Compacted, it reads the summary and the last turns alone; the page still shows everything.
        let begins = EventSeq((TURNS - 1) * TURN_EVENTS + 1);
        turn(
            &server,
            &project,
            &conversation,
            vec![Event::ContextCompacted {
                summary: "in short".into(),
                begins,
                steps_too: false,
                usage: Default::default(),
                model: String::new(),
            }],
        )
        .await;
        let execution = ann.say(&project, &conversation, "go on").await;
        let frames = ann.frames(&execution).await;
        assert!(frames.iter().any(|frame| frame.data["text"] == "here"), "{frames:?}");
        let request = world.model.requests().pop().unwrap().to_string();
        assert!(request.contains("in short") && request.contains(&format!("answer {}.1", TURNS - 1)), "{request}");
        assert!(!request.contains(&format!("answer {}.1\"", TURNS - 2)), "{request}");
        let first = ann.get(&format!("{path}?turns=1&before={}", TURN_EVENTS + 1)).await.ok();
        assert_eq!(seqs(&first)[0], 1);
        server.stop().await;
    });
}

/// A conversation that has become long goes on from a summary, also on a host that reads it anew; the page shows all.
#[test]
fn a_long_conversation_is_summarised_by_itself() {
    both_engines(async |engine: Engine| {
        let mut world = World::new(engine).await;
        world.compact_above_tokens = 1_000;
        world.model.script("first", vec![Reply::text("the first answer")]);
        world.model.script("Write a summary", vec![Reply::text("They said it at length.")]);
        world.model.script("second", vec![Reply::text("the second answer")]);
        world.model.script("third", vec![Reply::text("the third answer")]);
        let server = world.serve().await;
        let ann = server.as_user("ann");
        let project = ann.project("Long").await;
        let (execution, conversation) = ann.ask(&project, &format!("first {}", "long ".repeat(2_000))).await;
        ann.frames(&execution).await;
        let execution = ann.say(&project, &conversation, "second").await;
        let frames = ann.frames(&execution).await;
        let compacted: Vec<_> = frames.iter().filter(|frame| frame.kind() == "context.compacted").collect();
        let [compacted] = compacted.as_slice() else { panic!("one boundary: {frames:?}") };
        assert_eq!(compacted.data["summary"], "They said it at length.");
        assert!(frames.iter().any(|frame| frame.data["text"] == "the second answer"), "{frames:?}");
        server.stop().await;
        // Nothing is kept in memory here.
        let server = world.serve().await;
        let ann = server.as_user("ann");
        let execution = ann.say(&project, &conversation, "third").await;
        ann.frames(&execution).await;
        let request = world.model.requests().pop().unwrap()["messages"].to_string();
        assert!(request.contains("They said it at length.") && request.contains("the second answer"), "{request}");
        assert!(!request.contains("long long"), "{request}");
        let shown = ann.get(&format!("/api/projects/{project}/conversations/{conversation}")).await;
        assert!(shown.text.contains("long long") && shown.text.contains("context.compacted"));
        server.stop().await;
    });
}

/// Windows that open a conversation at once.
const WINDOWS: usize = 20;
/// Events of the long one.
const EVENTS: u32 = 100_000;

/// What a person has after a month, and what it may cost the host: the events of many calls, and the large tables that
/// some of them gave. Printed, because the figures say more than their bounds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_conversations_cost_little_memory_and_give_it_back() {
    const MIB: u64 = 1024;
    let mut world = World::sqlite().await;
    crate::plugins::open(&mut world);
    world.model.script("go on", vec![Reply::text("here")]);
    let folder = world.data_dir().join("data");
    std::fs::create_dir(&folder).unwrap();
    let store = Store::connect(&StoreUrl::sqlite(folder.join("bricklayer.db")), StoreOptions::default()).await.unwrap();
    let ann = UserId::parse("ann@example.com").unwrap();
    let project = store.create_project(&ann, &Title::parse("Long").unwrap()).await.unwrap().id;
    let make = async || store.create_conversation(&ann, project, None).await.unwrap().id.to_string();
    let (long, wide) = (make().await, make().await);
    let end = || Event::TurnFinished { end: TurnEnd::Completed, usage: Usage::default(), steps: 1, duration_ms: 1 };
    let lease = begin(&store, "ann", &project.to_string(), &long).await;
    for first in (0..EVENTS).step_by(500) {
        let events = (first..first + 500)
            .map(|step| Event::StepStarted { step, model: "scripted".into(), context: None })
            .collect();
        store.append(&lease, events).await.unwrap();
    }
    store.append(&lease, vec![said("all of it"), end()]).await.unwrap();
    let table =
        json!({"rows": (0..8_000).map(|row| json!([row.to_string(), "a city with a name"])).collect::<Vec<_>>()});
    for _ in 0..4 {
        let lease = begin(&store, "ann", &project.to_string(), &wide).await;
        for call in 0..32 {
            store.append(&lease, vec![finished(&format!("call_{call}"), &table)]).await.unwrap();
        }
        store.append(&lease, vec![said("32 tables"), end()]).await.unwrap();
    }
    store.close().await;

    let mut host = Running::start_with(&world, &[]);
    let api = host
        .nobody()
        .with("x-forwarded-email", "ann@example.com")
        .with("x-forwarded-access-token", "canary-token-of-ann");
    api.get("/api/projects").await.ok();
    let before = host.memory_now_kib();
    let mut lines = vec![format!("{:<40} {:>8} MiB", "before", before / MIB)];
    for (what, conversation) in [("100,000 events in 20 windows", &long), ("128 tables in 20 windows", &wide)] {
        let path = format!("/api/projects/{project}/conversations/{conversation}");
        let opened = futures::future::join_all((0..WINDOWS).map(|_| api.get(&path))).await;
        for answer in opened {
            let shown = answer.ok();
            assert!(answer.text.len() < 4 << 20 && !shown["events"].as_array().unwrap().is_empty());
        }
        lines.push(format!("{what:<40} {:>8} MiB, peak {}", host.memory_now_kib() / MIB, host.memory_peak_kib() / MIB));
    }
    for conversation in [&long, &wide] {
        let execution = api.say(&project.to_string(), conversation, "go on").await;
        api.frames(&execution).await;
    }
    lines.push(format!(
        "{:<40} {:>8} MiB, peak {}",
        "a turn in each",
        host.memory_now_kib() / MIB,
        host.memory_peak_kib() / MIB
    ));
    println!("{}", lines.join("\n"));
    assert!(host.memory_peak_kib() < before + 256 * MIB, "{lines:#?}");
    eventually("memory given back", async || match host.memory_now_kib() {
        now if now < before + 96 * MIB => Ok(()),
        now => Err(format!("{} MiB, {lines:#?}", now / MIB)),
    })
    .await;
    host.signal("-TERM");
    host.ended().await;
}
