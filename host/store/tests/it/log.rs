use std::collections::BTreeMap;
use std::time::Duration;

use bricklayer_domain::{ApprovalDecision, Block, Event, EventSeq, StoredEvent, TurnSettings};
use bricklayer_store::{Detail, MAX_APPEND_EVENTS, MAX_EVENT_BYTES, MAX_EVENT_PAGE, StoreError};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::harness::{
    Scene, World, approval_requested, assert_refused, assistant, call, completed, on_both_engines, step_started,
    text_delta, tool_finished, tool_progress,
};

on_both_engines!(
    appended_events_come_back_as_they_were,
    the_rules_of_the_log_hold,
    an_append_is_all_or_nothing,
    sizes_are_bounded,
    concurrent_appends_keep_their_order,
    readers_never_see_a_gap_that_fills,
    a_turns_events_are_its_own,
    settled_deltas_are_skipped,
    pruning_removes_deltas_of_ended_turns_only,
    pages_and_details_replay_to_the_same,
);

async fn appended_events_come_back_as_they_were(world: World) {
    let scene = world.scene().await;
    let (turn, lease) = scene.begin().await;
    let events = vec![
        step_started(0),
        text_delta(0, 0, "nul \u{0} quote ' \" 🚕 \u{fffd}"),
        assistant(0, ""),
        tool_progress("t"),
        tool_finished("t"),
    ];
    let stored = scene.store.append(&lease, events.clone()).await.unwrap();
    assert_eq!(stored.iter().map(|e| e.event.clone()).collect::<Vec<_>>(), events);
    assert!(stored.iter().all(|e| e.turn == turn.id && e.conversation == scene.conversation.id));
    assert_eq!(stored.iter().map(|e| e.seq.0).collect::<Vec<_>>(), [2, 3, 4, 5, 6]);
    assert_eq!(scene.events(Detail::All).await[1..], stored);
    assert_eq!(scene.store.append(&lease, vec![]).await.unwrap(), []);
}

async fn the_rules_of_the_log_hold(world: World) {
    let scene = world.scene().await;
    let (_, lease) = scene.begin().await;
    let started = Event::TurnStarted { message: "again".into(), settings: TurnSettings::default(), rerun_of: None };
    let answered =
        Event::ApprovalAnswered { call: call("a"), decision: ApprovalDecision::Once, because_of: None, reply: None };
    for bad in [vec![started], vec![answered], vec![completed(), step_started(1)], vec![completed(), completed()]] {
        assert_refused!(scene.store.append(&lease, bad).await, StoreError::InvalidAppend(_));
    }
    scene.store.append(&lease, vec![step_started(0)]).await.unwrap();
    assert_eq!(scene.events(Detail::All).await.len(), 2);
}

async fn an_append_is_all_or_nothing(world: World) {
    let scene = world.scene().await;
    let (_, lease) = scene.begin().await;
    let giant = text_delta(0, 0, &"x".repeat(MAX_EVENT_BYTES));
    let refused = scene.store.append(&lease, vec![step_started(0), giant, completed()]).await;
    assert_refused!(refused, StoreError::TooLarge { .. });
    assert_eq!(scene.events(Detail::All).await.len(), 1);
    scene.store.append(&lease, vec![completed()]).await.unwrap();
}

async fn sizes_are_bounded(world: World) {
    let scene = world.scene().await;
    let (_, lease) = scene.begin().await;
    let flood = (0..=MAX_APPEND_EVENTS).map(|i| step_started(i as u32)).collect();
    assert_refused!(scene.store.append(&lease, flood).await, StoreError::TooLarge { limit: MAX_APPEND_EVENTS, .. });
    for _ in 0..3 {
        let full: Vec<_> = (0..MAX_APPEND_EVENTS).map(|i| step_started(i as u32)).collect();
        assert_eq!(scene.store.append(&lease, full).await.unwrap().len(), MAX_APPEND_EVENTS);
    }
    let read = |limit| {
        let (store, user, id) = (scene.store.clone(), scene.user.clone(), scene.conversation.id);
        async move { store.events_after(&user, id, EventSeq::START, limit, Detail::All).await.unwrap().events.len() }
    };
    assert_eq!(read(u32::MAX).await, MAX_EVENT_PAGE as usize);
    assert_eq!(read(0).await, 1);
}

/// Many turns append at once through two stores; each turn's own appends stay in order and whole.
async fn concurrent_appends_keep_their_order(world: World) {
    let scene = world.scene().await;
    let second = world.store().await;
    let mut tasks = tokio::task::JoinSet::new();
    for index in 0..12 {
        let conversation = scene.store.create_conversation(&scene.user, scene.project.id, None).await.unwrap().id;
        let (_, lease) = scene.begin_in(conversation).await;
        let store = if index % 2 == 0 { scene.store.clone() } else { second.clone() };
        let user = scene.user.clone();
        tasks.spawn(async move {
            let mut expected = Vec::new();
            for round in 0..10 {
                let events: Vec<_> = (0..=round % 4).map(|i| step_started(round * 10 + i)).collect();
                expected.extend(store.append(&lease, events).await.unwrap());
            }
            let stored = store.events_after(&user, conversation, EventSeq(1), 1000, Detail::All).await.unwrap().events;
            assert_eq!(stored, expected);
        });
    }
    tasks.join_all().await;

    // Appends of one turn that are sent side by side: in some order, each whole.
    let (_, lease) = scene.begin().await;
    let mut tasks = tokio::task::JoinSet::new();
    for index in 0..20_u32 {
        let (store, lease) = (scene.store.clone(), lease.clone());
        tasks.spawn(async move { store.append(&lease, vec![step_started(index), step_started(index)]).await.unwrap() });
    }
    tasks.join_all().await;
    let stored = scene.events(Detail::All).await;
    assert_eq!(stored.iter().map(|e| e.seq.0).collect::<Vec<_>>(), (1..=41).collect::<Vec<_>>());
    assert!(stored[1..].chunks(2).all(|pair| pair[0].event == pair[1].event));
}

async fn readers_never_see_a_gap_that_fills(world: World) {
    let scene = world.scene().await;
    let reader = world.store().await;
    let (_, lease) = scene.begin().await;
    let writing = async {
        for step in 0..150 {
            scene.store.append(&lease, vec![step_started(step), text_delta(step, 0, "x")]).await.unwrap();
        }
        scene.store.append(&lease, vec![completed()]).await.unwrap();
    };
    let reading = async {
        let mut seen: Vec<StoredEvent> = Vec::new();
        while !matches!(seen.last(), Some(StoredEvent { event: Event::TurnFinished { .. }, .. })) {
            let after = seen.last().map_or(EventSeq::START, |e| e.seq);
            let next =
                reader.events_after(&scene.user, scene.conversation.id, after, 7, Detail::All).await.unwrap().events;
            seen.extend(next);
            tokio::task::yield_now().await;
        }
        seen
    };
    let ((), seen) = tokio::join!(writing, reading);
    assert_eq!(seen, scene.events(Detail::All).await);
    assert_eq!(seen.len(), 302);
}

async fn a_turns_events_are_its_own(world: World) {
    let scene = world.scene().await;
    let (first, lease) = scene.begin().await;
    scene.store.append(&lease, vec![step_started(0), completed()]).await.unwrap();
    let (second, lease) = scene.begin().await;
    scene.store.append(&lease, vec![step_started(0), text_delta(0, 0, "x")]).await.unwrap();
    let of = |turn, after, limit| {
        let (store, user) = (scene.store.clone(), scene.user.clone());
        async move {
            let events =
                store.turn_events_after(&user, turn, EventSeq(after), limit, Detail::All).await.unwrap().events;
            assert!(events.iter().all(|e| e.turn == turn));
            events.iter().map(|e| e.seq.0).collect::<Vec<_>>()
        }
    };
    assert_eq!(of(first.id, 0, 100).await, [1, 2, 3]);
    assert_eq!(of(first.id, 3, 100).await, [] as [i64; 0]);
    assert_eq!(of(second.id, 0, 2).await, [4, 5]);
    assert_eq!(of(second.id, 5, 2).await, [6]);
}

async fn settled_deltas_are_skipped(world: World) {
    let scene = world.scene().await;
    let (_, lease) = scene.begin().await;
    let events = vec![
        step_started(0),
        text_delta(0, 0, "void"),
        Event::ModelRetry { step: 0, attempt: 1, delay_ms: 1, reason: "busy".into(), repair: None },
        text_delta(0, 0, "done"),
        assistant(0, "done"),
        tool_progress("a"),
        tool_finished("a"),
        step_started(1),
        text_delta(1, 0, "live"),
    ];
    scene.store.append(&lease, events).await.unwrap();
    let seqs = |events: Vec<StoredEvent>| events.iter().map(|e| e.seq.0).collect::<Vec<_>>();
    assert_eq!(seqs(scene.events(Detail::All).await), (1..=10).collect::<Vec<_>>());
    assert_eq!(seqs(scene.events(Detail::Settled).await), [1, 2, 4, 6, 8, 9, 10]);
    assert_eq!(seqs(scene.events(Detail::NoDeltas).await), [1, 2, 4, 6, 8, 9]);
    scene.store.append(&lease, vec![assistant(1, "live"), tool_progress("b")]).await.unwrap();
    assert_eq!(seqs(scene.events(Detail::Settled).await), [1, 2, 4, 6, 8, 9, 11, 12]);
    scene.store.append(&lease, vec![completed()]).await.unwrap();
    assert_eq!(seqs(scene.events(Detail::Settled).await), [1, 2, 4, 6, 8, 9, 11, 13]);
}

async fn pruning_removes_deltas_of_ended_turns_only(world: World) {
    let scene = world.scene().await;
    let (_, lease) = scene.begin().await;
    let step = vec![step_started(0), text_delta(0, 0, "a"), text_delta(0, 1, "b"), assistant(0, "ab"), completed()];
    scene.store.append(&lease, step).await.unwrap();
    let (_, lease) = scene.begin().await;
    scene.store.append(&lease, vec![step_started(0), text_delta(0, 0, "live")]).await.unwrap();
    let settled = scene.events(Detail::Settled).await;
    let prune = |ended_before| {
        let store = scene.store.clone();
        async move { store.prune_deltas(ended_before, 1).await.unwrap() }
    };
    let ended_at = settled[0].at;
    assert_eq!(prune(ended_at).await, 0, "it ended later");
    let later = ended_at + Duration::from_secs(1);
    assert_eq!((prune(later).await, prune(later).await), (1, 0));
    assert_eq!(scene.events(Detail::All).await, settled);
    // Numbers are not reused.
    let more = scene.store.append(&lease, vec![completed()]).await.unwrap();
    assert_eq!(more[0].seq, EventSeq(10));
}

/// What a page shows: each step's text, from its message or from what streamed so far.
fn shown(events: &[StoredEvent]) -> BTreeMap<(EventSeq, u32), String> {
    let mut turn = EventSeq::START;
    let mut texts = BTreeMap::new();
    for stored in events {
        match &stored.event {
            Event::TurnStarted { .. } => turn = stored.seq,
            Event::TextDelta { step, offset, text, .. } => {
                let so_far: &mut String = texts.entry((turn, *step)).or_default();
                let kept: String = so_far.chars().take(usize::try_from(*offset).unwrap()).collect();
                *so_far = kept + text;
            }
            Event::ModelRetry { step, .. } | Event::StepDiscarded { step } => {
                texts.remove(&(turn, *step));
            }
            Event::AssistantMessage { step, blocks, .. } => {
                let text = blocks.iter().filter_map(|b| match b {
                    Block::Text { text } => Some(text.as_str()),
                    _ => None,
                });
                texts.insert((turn, *step), text.collect());
            }
            _ => {}
        }
    }
    texts
}

#[derive(Debug, Clone)]
enum Action {
    Stream(String),
    Retry,
    EndStep,
    Tool,
    EndTurn,
    Ask,
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        4 => "[a-z🚕]{1,6}".prop_map(Action::Stream),
        1 => Just(Action::Retry),
        2 => Just(Action::EndStep),
        1 => Just(Action::Tool),
        1 => Just(Action::EndTurn),
        1 => Just(Action::Ask),
    ]
}

/// Any history, cut into any appends and read in pages of any size, comes back whole and in order, and every detail
/// shows the same texts.
async fn pages_and_details_replay_to_the_same(world: World) {
    let scene = world.scene().await;
    let cases = if scene.store.engine_name() == "sqlite" { 48 } else { 16 };
    let runtime = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || {
        let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
        let history = prop::collection::vec(action(), 1..40);
        let checked = runner.run(&(history, 1..6_usize, 1..12_u32), |(history, batch, page)| {
            runtime.block_on(replay(&scene, history, batch, page));
            Ok(())
        });
        if let Err(error) = checked {
            panic!("{error}");
        }
    })
    .await
    .unwrap();
}

async fn replay(scene: &Scene, history: Vec<Action>, batch: usize, page: u32) {
    let id = scene.store.create_conversation(&scene.user, scene.project.id, None).await.unwrap().id;
    let mut expected = Vec::new();
    let mut open: Option<(bricklayer_domain::TurnId, bricklayer_store::Lease)> = None;
    let mut pending: Vec<Event> = Vec::new();
    let (mut step, mut text) = (0, String::new());
    for action in history {
        if open.is_none() {
            let (turn, lease) = scene.begin_in(id).await;
            expected.extend(
                scene
                    .store
                    .turn_events_after(&scene.user, turn.id, EventSeq::START, 1, Detail::All)
                    .await
                    .unwrap()
                    .events,
            );
            open = Some((turn.id, lease));
            pending.push(step_started(0));
            (step, text) = (0, String::new());
        }
        let (turn, lease) = open.clone().unwrap();
        let mut flush = pending.len() >= batch;
        match action {
            Action::Stream(piece) => {
                pending.push(text_delta(step, text.chars().count() as u64, &piece));
                text += &piece;
            }
            Action::Retry => {
                pending.push(Event::StepDiscarded { step });
                text.clear();
            }
            Action::EndStep => {
                pending.extend([assistant(step, &text), step_started(step + 1)]);
                (step, text) = (step + 1, String::new());
            }
            Action::Tool => pending.extend([tool_progress("t"), tool_finished("t")]),
            Action::EndTurn => {
                pending.extend([assistant(step, &text), completed()]);
                open = None;
                flush = true;
            }
            Action::Ask => {
                let id = step.to_string();
                pending.push(approval_requested(&id));
                expected.extend(scene.store.append(&lease, std::mem::take(&mut pending)).await.unwrap());
                let decision = ApprovalDecision::No;
                let answered = scene.store.answer_approval(&scene.user, turn, &call(&id), decision).await.unwrap();
                expected.extend(answered.events);
                open = Some((turn, scene.store.claim_turn(turn, scene.worker).await.unwrap().unwrap().lease));
            }
        }
        if flush {
            expected.extend(scene.store.append(&lease, std::mem::take(&mut pending)).await.unwrap());
        }
    }
    let read = async |detail| {
        let mut all: Vec<StoredEvent> = Vec::new();
        loop {
            let after = all.last().map_or(EventSeq::START, |e| e.seq);
            let next = scene.store.events_after(&scene.user, id, after, page, detail).await.unwrap();
            let last = next.complete;
            all.extend(next.events);
            if last {
                return all;
            }
        }
    };
    let all = read(Detail::All).await;
    assert_eq!(all, expected);
    assert!(all.windows(2).all(|pair| pair[0].seq < pair[1].seq));
    let settled = read(Detail::Settled).await;
    assert_eq!(shown(&settled), shown(&all));
    let bare = read(Detail::NoDeltas).await;
    let is_delta = |e: &&StoredEvent| {
        !matches!(e.event, Event::TextDelta { .. } | Event::ThinkingDelta { .. } | Event::ToolProgress { .. })
    };
    assert_eq!(bare, all.iter().filter(is_delta).cloned().collect::<Vec<_>>());
}
