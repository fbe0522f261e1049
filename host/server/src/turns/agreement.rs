//! Whoever reads a log agrees on which streamed text is void: the store's settled page, live readers, the page's fold
//! and the model's.

use std::collections::BTreeMap;

use bricklayer_agent::Fold;
use bricklayer_domain::{
    Block, Event, EventKind, EventSeq, LaneId, Piece, Progress, StopReason, StoredEvent, Title, ToolCallId, ToolName,
    ToolOutcome, TurnEnd, TurnSettings, Usage, UserId,
};
use bricklayer_store::{
    Begun, Detail, Lease, MAX_EVENT_PAGE, NewTurn, Store, StoreOptions, StoreUrl, TurnPlace, WorkerId,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::hub::Hubs;
use crate::events::{WireBody, fold_history};

/// Text that is not void, by block; reasoning apart.
type Live = BTreeMap<(bool, u32), String>;

/// What happens next: a kind and, for a piece of text, its block.
fn happening() -> impl Strategy<Value = (EventKind, u32)> {
    let piece = prop::sample::select(vec![EventKind::TextDelta, EventKind::ThinkingDelta, EventKind::ToolProgress]);
    prop_oneof![3 => piece, 2 => prop::sample::select(EventKind::ALL)].prop_flat_map(|kind| (Just(kind), 0..3_u32))
}

/// An event of a kind; none for those that come about otherwise than by an append, or that end this worker's turn.
fn event_of(kind: EventKind, block: u32, live: &Live) -> Option<Event> {
    let call = ToolCallId(format!("c{block}"));
    let name = ToolName("t".into());
    let text = format!("{}.{block} ", live.len());
    let offset = |thinking| live.get(&(thinking, block)).map_or(0, |text: &String| text.chars().count() as u64);
    Some(match kind {
        EventKind::TurnStarted | EventKind::ApprovalRequested | EventKind::ApprovalAnswered => return None,
        EventKind::NotesRead => Event::NotesRead { file: "PROJECT.md".into(), text, seen: None },
        EventKind::StepStarted => Event::StepStarted { step: 0, model: "m".into(), context: None },
        EventKind::TextDelta => Event::TextDelta { step: 0, block, offset: offset(false), text },
        EventKind::ThinkingDelta => Event::ThinkingDelta { step: 0, block, offset: offset(true), text },
        EventKind::ModelRetry => {
            Event::ModelRetry { step: 0, attempt: 1, delay_ms: 0, reason: "busy".into(), repair: None }
        }
        EventKind::StepDiscarded => Event::StepDiscarded { step: 0 },
        EventKind::AssistantMessage => Event::AssistantMessage {
            step: 0,
            blocks: vec![Block::Text { text }],
            stop_reason: StopReason::EndTurn,
            usage: Usage::default(),
            model: String::new(),
            aborted: false,
            calls: Vec::new(),
        },
        EventKind::ToolStarted => Event::ToolStarted { call, name, input: serde_json::json!({}), why: None },
        EventKind::ToolContinuation => Event::ToolContinuation { call, by: None },
        EventKind::ToolProgress => {
            Event::ToolProgress { call, progress: Progress { message: text, ..Progress::default() } }
        }
        EventKind::ToolFinished => Event::ToolFinished { call, name, outcome: ToolOutcome::text("ok"), duration_ms: 1 },
        EventKind::ContextCompacted => Event::ContextCompacted {
            summary: text,
            begins: EventSeq(1),
            steps_too: false,
            usage: Usage::default(),
            model: String::new(),
        },
        EventKind::TurnFinished => {
            Event::TurnFinished { end: TurnEnd::Completed, usage: Usage::default(), steps: 1, duration_ms: 1 }
        }
    })
}

/// What readers see of the streamed text once the void is gone.
fn live(events: &[StoredEvent]) -> Live {
    let mut live = Live::new();
    for stored in events {
        match &stored.event {
            Event::TextDelta { block, text, .. } => live.entry((false, *block)).or_default().push_str(text),
            Event::ThinkingDelta { block, text, .. } => live.entry((true, *block)).or_default().push_str(text),
            _ => {}
        }
    }
    live
}

struct World {
    store: Store,
    user: UserId,
    new: NewTurn,
}

impl World {
    async fn at(folder: &std::path::Path) -> Self {
        let url = StoreUrl::sqlite(folder.join("store.db"));
        let store = Store::connect(&url, StoreOptions::default()).await.unwrap();
        let user = UserId::parse("ann@example.com").unwrap();
        let project = store.create_project(&user, &Title::parse("p").unwrap()).await.unwrap().id;
        let settings = TurnSettings::default();
        let new = NewTurn {
            project,
            conversation: None,
            place: TurnPlace::Next,
            message: "go".into(),
            settings,
            client_message_id: None,
            rerun_of: None,
        };
        Self { store, user, new }
    }

    async fn begin(&self, new: NewTurn) -> (StoredEvent, Lease) {
        match self.store.begin_turn(&self.user, WorkerId::new(), new).await.unwrap() {
            Begun::New { event, lease, .. } => (event, lease),
            Begun::Repeated { .. } => panic!("a new message"),
        }
    }

    /// Tells a whole history to everyone, then asks them.
    async fn check(&self, happenings: Vec<(EventKind, u32)>) {
        let (first, mut lease) = self.begin(self.new.clone()).await;
        let conversation = first.conversation;
        let mut hub = Hubs::default().get(lease.turn);
        hub.publish(std::slice::from_ref(&first));
        let mut log = vec![first];
        let mut expected = Live::new();
        for (kind, block) in happenings {
            let Some(event) = event_of(kind, block, &expected) else { continue };
            if kind.piece().is_some() {
                hub.preview(conversation, LaneId::MAIN, &event);
            }
            let stored = self.store.append(&lease, vec![event]).await.unwrap();
            // What live readers hold is what is not stored yet: here, all that streamed.
            if kind.piece().is_none() {
                hub.publish(&stored);
            }
            log.extend(stored);
            if kind.voids().all_of(Piece::Text) {
                expected.clear();
            }
            let last = &log[log.len() - 1..];
            for (place, text) in live(last) {
                expected.entry(place).or_default().push_str(&text);
            }
            if kind == EventKind::TurnFinished {
                let (first, again) = self.begin(NewTurn { conversation: Some(conversation), ..self.new.clone() }).await;
                hub = Hubs::default().get(again.turn);
                (lease, expected) = (again, Live::new());
                log.push(first);
            }
        }

        let page = self
            .store
            .events_after(&self.user, conversation, EventSeq::START, MAX_EVENT_PAGE, Detail::Settled)
            .await
            .unwrap();
        assert!(page.complete);
        assert_eq!(live(&page.events), expected, "the store's settled page: {log:#?}");

        let mut framed = Live::new();
        let frames = fold_history(log.clone(), Vec::new());
        assert_eq!(
            frames,
            fold_history(page.events.clone(), Vec::new()),
            "the page's fold of the log and of the settled log"
        );
        for frame in &frames {
            match &frame.body {
                WireBody::TextDelta { block, text, .. } => framed.entry((false, *block)).or_default().push_str(text),
                WireBody::ThinkingDelta { block, text, .. } => framed.entry((true, *block)).or_default().push_str(text),
                _ => {}
            }
        }
        assert_eq!(framed, expected, "the page's fold: {log:#?}");
        assert_eq!(hub.unstored(), expected, "live readers: {log:#?}");

        let prose: Vec<Block> = expected
            .iter()
            .filter(|((thinking, _), _)| !thinking)
            .map(|(_, text)| Block::Text { text: text.clone() })
            .collect();
        assert_eq!(log.iter().collect::<Fold>().half_said(), prose, "the model's fold: {log:#?}");
        assert_eq!(page.events.iter().collect::<Fold>().half_said(), prose, "the model's fold of the settled log");
    }
}

#[test]
fn whoever_reads_a_log_agrees_on_what_is_void() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let world = runtime.block_on(World::at(folder.path()));
    let mut runner = TestRunner::new(Config { cases: 64, failure_persistence: None, ..Config::default() });
    let histories = prop::collection::vec(happening(), 1..40);
    let checked = runner.run(&histories, |happenings| {
        runtime.block_on(world.check(happenings));
        Ok(())
    });
    if let Err(error) = checked {
        panic!("{error}");
    }
}
