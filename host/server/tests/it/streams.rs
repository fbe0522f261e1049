//! Following a turn, cut anywhere.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Engine, Frame, Gate, Reply, World, both_engines};

/// What a page shows of a turn: the text of each block, and everything that is no delta.
#[derive(Debug, Default, PartialEq)]
struct Page {
    texts: BTreeMap<(u64, u64), String>,
    others: Vec<Value>,
    last: i64,
}

impl Page {
    fn apply(&mut self, frame: &Frame) {
        if let Some(id) = frame.id {
            assert!(id > self.last, "event {id} came after {}", self.last);
            self.last = id;
        }
        let data = &frame.data;
        let block = || (data["step"].as_u64().unwrap(), data["block"].as_u64().unwrap());
        match frame.kind() {
            "text_delta" => {
                let text = self.texts.entry(block()).or_default();
                let offset = data["offset"].as_u64().unwrap() as usize;
                assert!(offset <= text.chars().count(), "a gap before {data}");
                *text = text.chars().take(offset).chain(data["text"].as_str().unwrap().chars()).collect();
            }
            "text" => {
                self.texts.insert(block(), data["text"].as_str().unwrap().to_owned());
            }
            "keepalive" | "stream.reconnect" => {}
            _ => self.others.push(data.clone()),
        }
    }
}

#[test]
fn a_stream_continues_after_every_event() {
    both_engines(async |engine: Engine| {
        let world = World::new(engine).await;
        world.model.script(
            "hours",
            vec![
                Reply::tools(vec![
                    ("a".into(), "mcp__databricks__execute_sql".into(), json!({"statement": "SELECT 1"})),
                    ("b".into(), "mcp__databricks__list_warehouses".into(), json!({})),
                ]),
                Reply::text("done"),
            ],
        );
        let server = world.serve().await;
        let ann = server.as_user("ann");
        let project = ann.project("One").await;
        let (execution, _) = ann.ask(&project, "hours").await;
        let full = ann.frames(&execution).await;
        // The turn may have been followed live; what is stored is what a later reader gets.
        let stored = ann.frames(&execution).await;
        assert_eq!(live_only_removed(&full), live_only_removed(&stored));
        assert_eq!(stored.iter().filter(|frame| frame.kind() == "stream.completed").count(), 1);
        let ids: Vec<i64> = stored.iter().filter_map(|frame| frame.id).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "{ids:?}");
        for id in std::iter::once(0).chain(ids) {
            let place = stored.iter().position(|frame| frame.id == Some(id)).map_or(0, |at| at + 1);
            let rest = &stored[place..];
            assert_eq!(ann.follow(&execution, id).await.follow_to_end().await, rest, "after {id}, by query");
            let header = ann.clone().with("last-event-id", &id.to_string());
            assert_eq!(header.frames(&execution).await, rest, "after {id}, by header");
            let request = ann.request(Method::POST, &format!("/api/stream_progress/{execution}"));
            let body = json!({"last_event_id": id, "last_event_timestamp": 1.5});
            let response = request.json(&body).send().await.unwrap();
            assert_eq!(crate::support::Follow::new(response).follow_to_end().await, rest, "after {id}, by POST");
        }
        server.stop().await;
    });
}

fn live_only_removed(frames: &[Frame]) -> Vec<Frame> {
    frames.iter().filter(|frame| !frame.kind().ends_with("_delta") && !frame.data["type"].is_null()).cloned().collect()
}

#[test]
fn readers_who_come_and_go_see_the_same_page() {
    both_engines(async |engine: Engine| {
        let world = World::new(engine).await;
        let pieces: Vec<String> = (0..40).map(|index| format!("pïece {index} ")).collect();
        let gate = Gate::new();
        world.model.script("stream", vec![Reply::gated(pieces.clone(), &gate)]);
        let server = world.serve().await;
        let ann = server.as_user("ann");
        let project = ann.project("One").await;
        let (execution, conversation) = ann.ask(&project, "stream").await;

        let mut steady = ann.follow(&execution, 0).await;
        let mut page = Page::default();
        let mut flighty = Page::default();
        // The last piece is for the end, so that the turn still runs when the page is reloaded.
        for count in 1..pieces.len() {
            gate.open_to(count);
            let expect = pieces[..count].concat();
            // One reader stays.
            while page.texts.get(&(0, 0)) != Some(&expect) {
                page.apply(&steady.next().await.unwrap());
            }
            // One comes anew for each piece, with what it knows, and gets to the same text.
            let mut visit = ann.follow(&execution, flighty.last).await;
            while flighty.texts.get(&(0, 0)) != Some(&expect) {
                flighty.apply(&visit.next().await.unwrap());
            }
        }
        // A reload in the middle: the page is drawn from the history and goes on from its last event.
        let detail = ann.get(&format!("/api/projects/{project}/conversations/{conversation}")).await.ok();
        assert_eq!(detail["active_execution"]["id"], execution.as_str());
        let mut reloaded = Page { last: detail["last_seq"].as_i64().unwrap(), ..Page::default() };
        for event in detail["events"].as_array().unwrap() {
            reloaded.apply(&Frame { id: None, data: event.clone() });
        }
        let mut follow = ann.follow(&execution, reloaded.last).await;
        let mut visit = ann.follow(&execution, flighty.last).await;
        gate.open_to(pieces.len());
        for (page, stream) in [(&mut page, &mut steady), (&mut reloaded, &mut follow), (&mut flighty, &mut visit)] {
            for frame in stream.follow_to_end().await {
                page.apply(&frame);
            }
        }
        assert_eq!(page.texts[&(0, 0)], pieces.concat());
        assert_eq!(page, reloaded, "a reload loses nothing and shows nothing twice");
        assert_eq!(page, flighty);
        server.stop().await;
    });
}

#[tokio::test]
async fn a_stream_greets_and_previews_carry_no_id() {
    let world = World::sqlite().await;
    let gate = Gate::new();
    world.model.script("stream", vec![Reply::gated(vec!["a".into(), "b".into()], &gate)]);
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    let (execution, _) = ann.ask(&project, "stream").await;
    let mut follow = ann.follow(&execution, 0).await;
    let created = follow.until("conversation.created").await;
    assert_eq!((created.id, &created.data["seq"]), (Some(1), &json!(1)));
    assert_eq!(created.data["message"], "stream");
    gate.open_to(1);
    let preview = follow.until("text_delta").await;
    assert_eq!((preview.id, &preview.data["seq"]), (None, &json!(null)));
    assert_eq!(preview.data["execution_id"], execution.as_str());
    gate.open_to(2);
    follow.follow_to_end().await;
    server.stop().await;
}

#[tokio::test]
async fn a_silent_stream_shows_life_and_asks_to_reconnect() {
    let mut world = World::sqlite().await;
    (world.stream_window, world.stream_keep_alive) = (Duration::from_secs(3), Duration::from_secs(1));
    world.model.script("slow", vec![Reply::silence()]);
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    let (execution, _) = ann.ask(&project, "slow").await;
    let mut follow = ann.follow(&execution, 0).await;
    let last = follow.until("system").await;
    let alive = follow.until("keepalive").await;
    assert!(alive.id.is_none() && alive.data["elapsed_since_last_event"].as_f64().unwrap() >= 0.9, "{alive:?}");
    let goodbye = follow.until("stream.reconnect").await;
    assert_eq!((goodbye.id, goodbye.data["last_event_id"].as_i64()), (None, last.id));
    assert_eq!(follow.next().await, None);
    server.stop().await;
}

#[tokio::test]
async fn a_stream_ends_when_its_conversation_is_deleted() {
    let world = World::sqlite().await;
    world.model.script("slow", vec![Reply::silence()]);
    let server = world.serve().await;
    let ann = server.as_user("ann");
    let project = ann.project("One").await;
    let (execution, conversation) = ann.ask(&project, "slow").await;
    let mut follow = ann.follow(&execution, 0).await;
    follow.until("system").await;
    ann.delete(&format!("/api/projects/{project}/conversations/{conversation}")).await.ok();
    assert_eq!(follow.next().await, None);
    assert_eq!(server.app.turns().running(), 0);
    server.stop().await;
}

#[test]
fn a_turn_of_another_host_is_followed() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let world = World::new(Engine::Postgres).await;
        let gate = Gate::new();
        world.model.script("stream", vec![Reply::gated(vec!["a".into(), "b".into()], &gate)]);
        let (here, there) = (world.serve().await, world.serve_beside("there").await);
        let project = here.as_user("ann").project("One").await;
        let (execution, _) = here.as_user("ann").ask(&project, "stream").await;
        let mut follow = there.as_user("ann").follow(&execution, 0).await;
        follow.until("system").await;
        gate.open_to(3);
        let frames = follow.follow_to_end().await;
        assert!(frames.iter().any(|frame| frame.kind() == "text" && frame.data["text"] == "ab"), "{frames:?}");
        here.stop().await;
        there.stop().await;
    });
}
