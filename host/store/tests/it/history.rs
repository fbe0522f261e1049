//! Typed results apart from their events, pages bounded by bytes, and the bound of a conversation.

use bricklayer_domain::{Event, EventSeq, LaneId, ToolName, ToolOutcome, TurnId};
use bricklayer_store::{
    ConversationLimits, Detail, HistoryPage, MAX_EVENT_PAGE_BYTES, MAX_HISTORY_BYTES, MAX_HISTORY_EVENTS,
    MAX_INLINE_STRUCTURED_BYTES, Store, StoreError, StoreOptions, StoreUrl,
};
use serde_json::{Value, json};

use crate::harness::{Scene, World, assert_refused, assistant, call, completed, on_both_engines, step_started, user};

on_both_engines!(
    large_typed_results_stand_apart,
    typed_results_of_old_rows_are_read,
    pages_are_bounded_by_bytes,
    histories_come_in_whole_turns,
    one_huge_turn_comes_in_parts,
    a_long_log_opens_at_its_end,
    a_full_conversation_takes_no_more_turns,
);

fn finished_with(id: &str, structured: Value) -> Event {
    let outcome = ToolOutcome { content: "| table |".into(), structured: Some(structured), ..ToolOutcome::default() };
    Event::ToolFinished { call: call(id), name: ToolName("sql".into()), outcome, duration_ms: 1 }
}

/// A table whose JSON has about so many bytes.
fn table(bytes: usize) -> Value {
    json!({"rows": [["\u{0} 🚕 ' \" ", "x".repeat(bytes)]], "big": 12_345_678_901_234_567_890_u64, "f": 1.0})
}

fn structured(event: &Event) -> Option<&Value> {
    match event {
        Event::ToolFinished { outcome, .. } => outcome.structured.as_ref(),
        _ => None,
    }
}

async fn large_typed_results_stand_apart(world: World) {
    let scene = world.scene().await;
    let (turn, lease) = scene.begin().await;
    let (tiny, small, large) = (json!({"digest": "d"}), table(20_000), table(MAX_INLINE_STRUCTURED_BYTES));
    let results = [("tiny", &tiny), ("small", &small), ("large", &large)];
    let events = results.map(|(id, value)| finished_with(id, value.clone())).to_vec();
    let stored = scene.store.append(&lease, events).await.unwrap();
    let size = |value: &Value| Some(value.to_string().len() as u64);
    // Which come with their event, and what is said of those that do not.
    for (detail, came, apart) in [
        (Detail::All, [Some(&tiny), Some(&small), None], [None, None, size(&large)]),
        (Detail::Settled, [Some(&tiny), Some(&small), None], [None, None, size(&large)]),
        (Detail::Working, [Some(&tiny), None, None], [None, size(&small), size(&large)]),
    ] {
        let read = scene.events(detail).await;
        assert_eq!(read[1..].iter().map(|e| structured(&e.event)).collect::<Vec<_>>(), came, "{detail:?}");
        assert_eq!(read[1..].iter().map(|e| e.structured_bytes).collect::<Vec<_>>(), apart, "{detail:?}");
    }
    assert_eq!(stored, scene.events(Detail::All).await[1..], "live readers are told the same");
    for (id, value) in results {
        let text = scene.store.structured_result(&scene.user, turn.id, &call(id)).await.unwrap().unwrap();
        assert_eq!(&serde_json::from_str::<Value>(&text).unwrap(), value);
    }
    assert_eq!(scene.store.structured_result(&scene.user, turn.id, &call("other")).await.unwrap(), None);
    let strange = scene.store.structured_result(&user("eve@example.com"), turn.id, &call("large")).await;
    assert_refused!(strange, StoreError::NotFound("execution"));
    // A call that ended again has its last result.
    scene.store.append(&lease, vec![finished_with("tiny", json!({"digest": "e"}))]).await.unwrap();
    let again = scene.store.structured_result(&scene.user, turn.id, &call("tiny")).await.unwrap();
    assert_eq!(again.as_deref(), Some(r#"{"digest":"e"}"#));
}

/// Writes a row as programs did that kept the typed result in the event.
async fn insert_old(world: &World, scene: &Scene, turn: TurnId, seq: i64, event: &Event) {
    let id = |id: String| match &world.url {
        StoreUrl::Sqlite(_) => format!("x'{}'", id.replace('-', "")),
        StoreUrl::Postgres(_) => format!("'{id}'"),
    };
    let body = serde_json::to_string(event).unwrap().replace('\'', "''");
    let (conversation, turn) = (id(scene.conversation.id.to_string()), id(turn.to_string()));
    let insert = format!(
        "insert into events (conversation_id, seq, turn_id, kind, body, at)
        select conversation_id, {seq}, turn_id, 'tool_finished', '{body}', at
        from events where conversation_id = {conversation} and seq = 1"
    );
    assert_eq!(world.raw(&insert).await, 1);
    assert_eq!(world.raw(&format!("update turns set last_seq = {seq} where id = {turn}")).await, 1);
}

async fn typed_results_of_old_rows_are_read(world: World) {
    let scene = world.scene().await;
    let (turn, _) = scene.begin().await;
    let (small, large) = (table(100), table(MAX_INLINE_STRUCTURED_BYTES));
    insert_old(&world, &scene, turn.id, 2, &finished_with("it's \"small\"", small.clone())).await;
    insert_old(&world, &scene, turn.id, 3, &finished_with("large", large.clone())).await;
    let read = scene.events(Detail::Settled).await;
    assert_eq!(structured(&read[1].event), Some(&small));
    assert_eq!(structured(&read[2].event), None);
    assert_eq!(read[2].structured_bytes, Some(large.to_string().len() as u64));
    for (id, value) in [("it's \"small\"", &small), ("large", &large)] {
        let text = scene.store.structured_result(&scene.user, turn.id, &call(id)).await.unwrap().unwrap();
        assert_eq!(&serde_json::from_str::<Value>(&text).unwrap(), value);
    }
    assert_eq!(scene.store.structured_result(&scene.user, turn.id, &call("x")).await.unwrap(), None);
}

async fn pages_are_bounded_by_bytes(world: World) {
    let scene = world.scene().await;
    let (turn, lease) = scene.begin().await;
    let half = MAX_EVENT_PAGE_BYTES as usize / 2;
    // One that alone is more than a page, between others.
    for bytes in [half, half / 2, half, 3 * half, 10, 10] {
        scene.store.append(&lease, vec![assistant(0, &"x".repeat(bytes))]).await.unwrap();
    }
    let mut after = EventSeq::START;
    let mut pages = Vec::new();
    loop {
        let page = scene.store.turn_events_after(&scene.user, turn.id, after, 1000, Detail::Settled).await.unwrap();
        pages.push(page.events.iter().map(|e| e.seq.0).collect::<Vec<_>>());
        after = page.through;
        if page.complete {
            break;
        }
    }
    assert_eq!(pages, [vec![1, 2, 3], vec![4], vec![5], vec![6, 7]]);
    // Who claims to be past the end stands at the end.
    let past = scene.store.turn_events_after(&scene.user, turn.id, EventSeq(99), 10, Detail::Settled).await.unwrap();
    assert_eq!((past.events.len(), past.through, past.complete), (0, EventSeq(7), true));
}

async fn history(scene: &Scene, before: i64, turns: u32) -> HistoryPage {
    scene.store.history_before(&scene.user, scene.conversation.id, None, EventSeq(before), turns).await.unwrap()
}

fn seqs(page: &HistoryPage) -> Vec<i64> {
    page.events.iter().map(|e| e.seq.0).collect()
}

async fn histories_come_in_whole_turns(world: World) {
    let scene = world.scene().await;
    assert_eq!(
        history(&scene, i64::MAX, 30).await,
        HistoryPage { lane: LaneId::MAIN, newest: LaneId::MAIN, events: vec![], earlier: None, of_calls: vec![] }
    );
    for _ in 0..5 {
        let (_, lease) = scene.begin().await;
        scene.store.append(&lease, vec![assistant(0, "answer"), completed()]).await.unwrap();
    }
    let newest = history(&scene, i64::MAX, 2).await;
    assert_eq!((seqs(&newest), newest.earlier), ((10..=15).collect(), Some(EventSeq(10))));
    let earlier = history(&scene, 10, 2).await;
    assert_eq!((seqs(&earlier), earlier.earlier), ((4..=9).collect(), Some(EventSeq(4))));
    let first = history(&scene, 4, 2).await;
    assert_eq!((seqs(&first), first.earlier), (vec![1, 2, 3], None));
    assert_eq!(
        (history(&scene, 1, 2).await, history(&scene, i64::MAX, 30).await.events.len()),
        (HistoryPage { lane: LaneId::MAIN, newest: LaneId::MAIN, events: vec![], earlier: None, of_calls: vec![] }, 15)
    );
    // Fewer turns when more would be too much.
    let (_, lease) = scene.begin().await;
    let big = assistant(0, &"x".repeat(MAX_HISTORY_BYTES as usize - 2000));
    scene.store.append(&lease, vec![big, completed()]).await.unwrap();
    let cut = history(&scene, i64::MAX, 30).await;
    assert_eq!((cut.events.last().unwrap().seq, cut.earlier.unwrap().0 % 3), (EventSeq(18), 1), "{:?}", seqs(&cut));
    assert!(cut.earlier > Some(EventSeq(1)), "{:?}", cut.earlier);
    let strange =
        scene.store.history_before(&user("eve@example.com"), scene.conversation.id, None, EventSeq(9), 5).await;
    assert_refused!(strange, StoreError::NotFound("conversation"));
}

async fn one_huge_turn_comes_in_parts(world: World) {
    let scene = world.scene().await;
    let (_, lease) = scene.begin().await;
    let third = assistant(0, &"x".repeat(MAX_HISTORY_BYTES as usize / 3));
    scene.store.append(&lease, vec![third.clone(), third.clone(), third.clone(), third, completed()]).await.unwrap();
    let newest = history(&scene, i64::MAX, 30).await;
    assert_eq!((seqs(&newest), newest.earlier), (vec![4, 5, 6], Some(EventSeq(4))));
    let rest = history(&scene, 4, 30).await;
    assert_eq!((seqs(&rest), rest.earlier), (vec![1, 2, 3], None));
}

async fn a_long_log_opens_at_its_end(world: World) {
    const EVENTS: i64 = 100_000;
    let scene = world.scene().await;
    let (turn, _) = scene.begin().await;
    let body = serde_json::to_string(&step_started(0)).unwrap();
    let numbers = match &world.url {
        StoreUrl::Sqlite(_) => format!(
            "with recursive n(seq) as (select 2 union all select seq + 1 from n where seq < {EVENTS}) \
             insert into events (conversation_id, seq, turn_id, kind, body, at) \
             select conversation_id, n.seq, turn_id, 'step_started', '{body}', at from events, n where events.seq = 1"
        ),
        StoreUrl::Postgres(_) => format!(
            "insert into events (conversation_id, seq, turn_id, kind, body, at) \
             select conversation_id, n, turn_id, 'step_started', '{body}', at \
             from events, generate_series(2, {EVENTS}) as n where seq = 1"
        ),
    };
    assert_eq!(world.raw(&numbers).await, EVENTS as u64 - 1);
    world.raw(&format!("update turns set last_seq = {EVENTS}")).await;
    let newest = history(&scene, i64::MAX, 30).await;
    assert_eq!(newest.events.last().unwrap().seq, EventSeq(EVENTS));
    assert_eq!(newest.events.len(), MAX_HISTORY_EVENTS as usize);
    // And a turn reads all of it, page by page.
    let (mut after, mut count) = (EventSeq::START, 0);
    loop {
        let page =
            scene.store.events_after(&scene.user, turn.conversation, after, 1000, Detail::Working).await.unwrap();
        count += page.events.len();
        after = page.through;
        if page.complete {
            break;
        }
    }
    assert_eq!(count, EVENTS as usize);
}

async fn a_full_conversation_takes_no_more_turns(world: World) {
    let limits = ConversationLimits { log_bytes: 10_000, structured_bytes: 100_000 };
    let options = StoreOptions { conversation_limits: limits, ..world.options() };
    let scene = Scene { store: Store::connect(&world.url, options).await.unwrap(), ..world.scene().await };
    let begin = || scene.store.begin_turn(&scene.user, scene.worker, scene.message("more"));
    for (event, what) in
        [(finished_with("a", table(100_000)), "results"), (assistant(0, &"x".repeat(10_000)), "messages and calls")]
    {
        let other = scene.store.create_conversation(&scene.user, scene.project.id, None).await.unwrap().id;
        let (_, lease) = scene.begin_in(other).await;
        // Deltas do not count: they go.
        let delta = crate::harness::text_delta(0, 0, &"x".repeat(20_000));
        scene.store.append(&lease, vec![delta, completed()]).await.unwrap();
        let (_, lease) = scene.begin_in(other).await;
        scene.store.append(&lease, vec![event, completed()]).await.unwrap();
        let new = bricklayer_store::NewTurn { conversation: Some(other), ..scene.message("more") };
        let refused = scene.store.begin_turn(&scene.user, scene.worker, new).await;
        assert_refused!(refused, StoreError::ConversationFull { what: full_of, .. } if full_of == what);
    }
    begin().await.unwrap();
}
