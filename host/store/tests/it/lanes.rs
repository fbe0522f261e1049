use bricklayer_domain::{
    ApprovalDecision, Event, EventSeq, LaneId, LaneParent, StoredEvent, TurnId, TurnSettings, TurnStatus,
};
use bricklayer_store::{
    Begun, ConversationLimits, Detail, Lease, MAX_LANE_DEPTH, NewTurn, ReadFrom, Store, StoreError, StoreOptions,
    TurnPlace, Version,
};

use crate::harness::{
    Scene, World, approval_requested, assert_refused, assistant, call, completed, on_both_engines, step_started,
    text_delta, tool_finished, user,
};

on_both_engines!(
    a_subagents_events_are_a_lane_of_their_own,
    questions_of_subagents_are_answered_where_they_stand,
    a_fork_shows_its_parent_up_to_its_message,
    lanes_hang_in_what_is_there,
    a_turn_reads_from_the_newest_compaction,
    a_compacted_conversation_has_room_again,
    a_compacted_fork_reads_its_own_tail,
    a_message_is_said_in_the_place_of_another,
    a_fork_is_full_by_what_it_reads,
);

fn started(message: &str) -> Event {
    Event::TurnStarted { message: message.into(), settings: TurnSettings::default(), rerun_of: None }
}

fn compacted(begins: EventSeq) -> Event {
    Event::ContextCompacted {
        summary: "in short".into(),
        begins,
        steps_too: false,
        usage: Default::default(),
        model: String::new(),
    }
}

async fn events(scene: &Scene, lane: LaneId, detail: Detail, limit: u32) -> Vec<StoredEvent> {
    let (mut all, mut after) = (Vec::new(), EventSeq::START);
    loop {
        let page = scene
            .store
            .lane_events_after(&scene.user, scene.conversation.id, lane, after, limit, detail)
            .await
            .unwrap();
        all.extend(page.events);
        if page.complete {
            return all;
        }
        after = page.through;
    }
}

async fn seqs(scene: &Scene, lane: LaneId, detail: Detail) -> Vec<i64> {
    let all = events(scene, lane, detail, 1000).await;
    assert_eq!(events(scene, lane, detail, 2).await, all, "pages of any size");
    all.iter().map(|stored| stored.seq.0).collect()
}

async fn open(scene: &Scene, parent: LaneParent) -> Result<LaneId, StoreError> {
    scene.store.open_lane(&scene.user, scene.conversation.id, parent).await.map(|lane| lane.id)
}

async fn in_lane(
    scene: &Scene,
    lease: &Lease,
    lane: LaneId,
    events: Vec<Event>,
) -> Result<Vec<StoredEvent>, StoreError> {
    scene.store.append_to_lanes(lease, events.into_iter().map(|event| (lane, event)).collect()).await
}

async fn begin_in(scene: &Scene, lane: LaneId) -> Lease {
    let new = NewTurn { place: TurnPlace::Lane(lane), ..scene.message("and now") };
    match scene.store.begin_turn(&scene.user, scene.worker, new).await.unwrap() {
        Begun::New { lease, event, .. } => {
            assert_eq!(event.lane, lane);
            lease
        }
        Begun::Repeated { .. } => panic!("a new message made no new turn"),
    }
}

async fn a_subagents_events_are_a_lane_of_their_own(world: World) {
    let scene = world.scene().await;
    let (turn, lease) = scene.begin().await;
    let of = |name: &str| LaneParent::Call { lane: LaneId::MAIN, turn: turn.id, call: call(name) };
    let (first, second) = (open(&scene, of("a")).await.unwrap(), open(&scene, of("b")).await.unwrap());
    scene.store.append(&lease, vec![step_started(0), text_delta(0, 0, "main")]).await.unwrap();
    // Two subagents at once: what one says voids nothing of the others.
    let beginning = vec![started("look"), step_started(0), text_delta(0, 0, "first")];
    let stored = in_lane(&scene, &lease, first, beginning.clone()).await.unwrap();
    assert!(stored.iter().all(|stored| stored.lane == first && stored.turn == turn.id), "{stored:?}");
    in_lane(&scene, &lease, second, beginning).await.unwrap();
    in_lane(&scene, &lease, first, vec![assistant(0, "first"), completed()]).await.unwrap();
    // Its end is not the turn's.
    scene.store.append(&lease, vec![tool_finished("a")]).await.unwrap();
    for (lane, all, settled) in [
        (LaneId::MAIN, vec![1, 2, 3, 12], vec![1, 2, 3, 12]),
        (first, vec![4, 5, 6, 10, 11], vec![4, 5, 10, 11]),
        (second, vec![7, 8, 9], vec![7, 8, 9]),
    ] {
        assert_eq!(seqs(&scene, lane, Detail::All).await, all);
        assert_eq!(seqs(&scene, lane, Detail::Settled).await, settled);
    }
    assert_eq!(scene.events(Detail::All).await, events(&scene, LaneId::MAIN, Detail::All, 1000).await);
    // Whoever follows the turn gets all of its lanes, in the log's order.
    for (detail, expected) in [
        (Detail::All, (1..=12).collect::<Vec<_>>()),
        (Detail::Settled, vec![1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12]),
        (Detail::NoDeltas, vec![1, 2, 4, 5, 7, 8, 10, 11, 12]),
    ] {
        for limit in [2, 100] {
            let (mut seen, mut after) = (Vec::new(), EventSeq::START);
            loop {
                let page = scene.store.turn_events_after(&scene.user, turn.id, after, limit, detail).await.unwrap();
                seen.extend(page.events.iter().map(|stored| stored.seq.0));
                after = page.through;
                if page.complete {
                    break;
                }
            }
            assert_eq!(seen, expected, "{detail:?} by {limit}");
        }
    }
    assert_refused!(in_lane(&scene, &lease, LaneId::new(), vec![step_started(0)]).await, StoreError::NotFound("lane"));
    scene.store.append(&lease, vec![completed()]).await.unwrap();
    assert_refused!(in_lane(&scene, &lease, first, vec![step_started(1)]).await, StoreError::TurnEnded(_));
    let known = scene.store.turn_lanes(&scene.user, turn.id).await.unwrap();
    assert_eq!(known, scene.store.list_lanes(&scene.user, scene.conversation.id).await.unwrap());
    assert_refused!(scene.store.turn_lanes(&user("eve"), turn.id).await, StoreError::NotFound("execution"));
    let lanes = scene.store.list_lanes(&scene.user, scene.conversation.id).await.unwrap();
    let mut found: Vec<_> = lanes.into_iter().map(|lane| (lane.id, lane.parent)).collect();
    found.sort_by_key(|(id, _)| *id);
    assert_eq!(found, [(first, of("a")), (second, of("b"))]);
}

async fn questions_of_subagents_are_answered_where_they_stand(world: World) {
    let scene = world.scene().await;
    let (turn, lease) = scene.begin().await;
    let of = |name: &str| LaneParent::Call { lane: LaneId::MAIN, turn: turn.id, call: call(name) };
    let (first, second) = (open(&scene, of("a")).await.unwrap(), open(&scene, of("b")).await.unwrap());
    let ask = |questions: &[(LaneId, &str)]| {
        let events = questions.iter().map(|(lane, id)| (*lane, approval_requested(id))).collect();
        scene.store.append_to_lanes(&lease, events)
    };
    // Ids of calls are unique in their turn: an answer names nothing else.
    assert_refused!(ask(&[(first, "q"), (second, "q")]).await, StoreError::InvalidAppend(_));
    let answered =
        Event::ApprovalAnswered { call: call("q"), decision: ApprovalDecision::Once, because_of: None, reply: None };
    assert_refused!(in_lane(&scene, &lease, first, vec![answered]).await, StoreError::InvalidAppend(_));
    assert_refused!(ask(&[(LaneId::new(), "q")]).await, StoreError::NotFound("lane"));
    assert!(scene.store.open_approvals(&scene.user, turn.id).await.unwrap().is_empty(), "nothing was asked");
    // All questions at once; they park the turn.
    let asked = ask(&[(first, "q1"), (second, "q2"), (first, "q3")]).await.unwrap();
    assert_eq!(asked.iter().map(|stored| stored.lane).collect::<Vec<_>>(), [first, second, first]);
    assert_eq!(scene.store.get_turn(&scene.user, turn.id).await.unwrap().status, TurnStatus::Waiting);
    assert_refused!(in_lane(&scene, &lease, second, vec![step_started(0)]).await, StoreError::LostLease);
    let (once, no) = (ApprovalDecision::Once, ApprovalDecision::No);
    for (whose, id) in [(user("eve"), "q1"), (scene.user.clone(), "q4")] {
        let answer = scene.store.answer_approval(&whose, turn.id, &call(id), once).await;
        assert_refused!(answer, StoreError::NotFound(_));
    }
    for (id, decision, lane, resumed) in
        [("q2", no, second, false), ("q1", once, first, false), ("q3", once, first, true)]
    {
        let answer = scene.store.answer_approval(&scene.user, turn.id, &call(id), decision).await.unwrap();
        assert_eq!((answer.decision, answer.resumed), (decision, resumed));
        let [event] = answer.events.try_into().unwrap();
        assert_eq!((event.lane, event.turn), (lane, turn.id));
    }
    let late = scene.store.answer_approval(&scene.user, turn.id, &call("q2"), once).await.unwrap();
    assert_eq!((late.decision, late.events), (no, Vec::new()));
    let claim = scene.store.claim_turn(turn.id, scene.worker).await.unwrap().unwrap();
    // What is asked again in another lane later is a question of that lane.
    let again = scene.store.append_to_lanes(&claim.lease, vec![(second, approval_requested("q1"))]).await.unwrap();
    let answer = scene.store.answer_approval(&scene.user, turn.id, &call("q1"), ApprovalDecision::Stop).await.unwrap();
    assert_eq!((again[0].lane, answer.events[0].lane, answer.resumed), (second, second, true));
    let refused = scene.store.answer_approval(&scene.user, turn.id, &call("q3"), no).await.unwrap();
    assert_eq!(refused.decision, once, "the first answer counts");
    let claim = scene.store.claim_turn(turn.id, scene.worker).await.unwrap().unwrap();
    assert!(claim.stop_requested);
    scene.store.append(&claim.lease, vec![completed()]).await.unwrap();
}

async fn a_fork_shows_its_parent_up_to_its_message(world: World) {
    let scene = world.scene().await;
    for answer in ["one", "two", "three"] {
        let (_, lease) = scene.begin().await;
        scene.store.append(&lease, vec![assistant(0, answer), completed()]).await.unwrap();
    }
    let at = |lane, through| LaneParent::Message { lane, through: EventSeq(through) };
    let fork = open(&scene, at(LaneId::MAIN, 6)).await.unwrap();
    assert_eq!(seqs(&scene, fork, Detail::All).await, [1, 2, 3, 4, 5, 6], "a fork goes on from what was said");
    let lease = begin_in(&scene, fork).await;
    let stored = scene.store.append(&lease, vec![step_started(0), assistant(0, "else"), completed()]).await.unwrap();
    assert!(stored.iter().all(|stored| stored.lane == fork), "a turn's events are in its lane: {stored:?}");
    assert_eq!(seqs(&scene, fork, Detail::All).await, [1, 2, 3, 4, 5, 6, 10, 11, 12, 13]);
    assert_eq!(seqs(&scene, LaneId::MAIN, Detail::All).await, [1, 2, 3, 4, 5, 6, 7, 8, 9], "its parent stays");
    // The main lane goes on; neither sees the other.
    let lease = begin_in(&scene, LaneId::MAIN).await;
    scene.store.append(&lease, vec![completed()]).await.unwrap();
    assert_eq!(seqs(&scene, LaneId::MAIN, Detail::Settled).await, [1, 2, 3, 4, 5, 6, 7, 8, 9, 14, 15]);
    for lane in [LaneId::MAIN, fork] {
        let (shown, mut pages) = (events(&scene, lane, Detail::Settled, 1000).await, Vec::new());
        for turns in [1, 2, 30] {
            let (mut before, mut parts) = (Some(EventSeq(i64::MAX)), 0);
            while let Some(end) = before {
                let (id, user) = (scene.conversation.id, &scene.user);
                let page = scene.store.history_before(user, id, Some(lane), end, turns).await.unwrap();
                before = page.earlier;
                pages.splice(0..0, page.events);
                parts += 1;
            }
            assert_eq!(pages, shown, "by {turns}, as its reader sees it");
            assert!(turns < 30 || parts == 1);
            pages.clear();
        }
    }
    // Forks of the fork: at its own message, and at one that it has from its parent.
    let (later, earlier) = (open(&scene, at(fork, 12)).await.unwrap(), open(&scene, at(fork, 3)).await.unwrap());
    assert_eq!(seqs(&scene, later, Detail::All).await, [1, 2, 3, 4, 5, 6, 10, 11, 12]);
    assert_eq!(seqs(&scene, earlier, Detail::All).await, [1, 2, 3]);
}

async fn lanes_hang_in_what_is_there(world: World) {
    let scene = world.scene().await;
    let (turn, lease) = scene.begin().await;
    scene.store.append(&lease, vec![completed()]).await.unwrap();
    let at = |lane, through| LaneParent::Message { lane, through: EventSeq(through) };
    let fork = open(&scene, at(LaneId::MAIN, 1)).await.unwrap();
    for parent in [
        at(LaneId::MAIN, 3),
        at(fork, 2),
        at(LaneId::new(), 1),
        LaneParent::Call { lane: LaneId::MAIN, turn: TurnId::new(), call: call("a") },
        LaneParent::Call { lane: LaneId::new(), turn: turn.id, call: call("a") },
    ] {
        assert_refused!(open(&scene, parent).await, StoreError::NotFound("lane" | "place in that lane"));
    }
    let mut deep = fork;
    for _ in 1..MAX_LANE_DEPTH {
        deep = open(&scene, at(deep, 1)).await.unwrap();
    }
    assert_eq!(seqs(&scene, deep, Detail::All).await, [1]);
    assert_refused!(open(&scene, at(deep, 1)).await, StoreError::TooMany { .. });
    let new = NewTurn { place: TurnPlace::Lane(LaneId::new()), ..scene.message("hi") };
    assert_refused!(scene.store.begin_turn(&scene.user, scene.worker, new).await, StoreError::NotFound("lane"));
    let (eve, id) = (user("eve@example.com"), scene.conversation.id);
    assert_refused!(scene.store.open_lane(&eve, id, at(LaneId::MAIN, 1)).await, StoreError::NotFound("conversation"));
    assert_refused!(scene.store.list_lanes(&eve, id).await, StoreError::NotFound("conversation"));
    let strange = scene.store.lane_events_after(&eve, id, fork, EventSeq::START, 9, Detail::All).await;
    assert_refused!(strange, StoreError::NotFound("conversation"));
    assert_refused!(scene.store.read_from(&eve, turn.id).await, StoreError::NotFound("execution"));
    scene.store.delete_conversation(&scene.user, id).await.unwrap();
    assert_eq!(world.raw("delete from lanes").await, 0, "lanes go with their conversation");
}

async fn a_turn_reads_from_the_newest_compaction(world: World) {
    let scene = world.scene().await;
    let read_from = async |lease: &Lease| scene.store.read_from(&scene.user, lease.turn).await.unwrap();
    let main = |after| ReadFrom { lane: LaneId::MAIN, after: EventSeq(after) };
    for _ in 0..3 {
        let (_, lease) = scene.begin().await;
        assert_eq!(read_from(&lease).await, main(0));
        scene.store.append(&lease, vec![assistant(0, "x"), completed()]).await.unwrap();
    }
    // From the second turn on.
    let (_, lease) = scene.begin().await;
    scene.store.append(&lease, vec![compacted(EventSeq(4)), completed()]).await.unwrap();
    let (_, lease) = scene.begin().await;
    assert_eq!(read_from(&lease).await, main(3));
    // A newer one counts; one that would leave its own turn out is one of its turn.
    scene.store.append(&lease, vec![compacted(EventSeq(i64::MAX))]).await.unwrap();
    assert_eq!(read_from(&lease).await, main(12));
    let read = scene.store.events_after(&scene.user, scene.conversation.id, EventSeq(12), 9, Detail::Working).await;
    let read = read.unwrap().events;
    assert!(matches!(read[0].event, Event::TurnStarted { .. }), "{read:?}");
    assert_eq!(seqs(&scene, LaneId::MAIN, Detail::All).await.len(), 14, "nothing is gone");
}

async fn a_compacted_conversation_has_room_again(world: World) {
    let conversation_limits = ConversationLimits { log_bytes: 10_000, structured_bytes: 100_000 };
    let options = StoreOptions { conversation_limits, ..world.options() };
    let scene = Scene { store: Store::connect(&world.url, options).await.unwrap(), ..world.scene().await };
    let (_, lease) = scene.begin().await;
    scene.store.append(&lease, vec![assistant(0, &"x".repeat(8_000)), completed()]).await.unwrap();
    let (_, lease) = scene.begin().await;
    scene
        .store
        .append(&lease, vec![assistant(0, &"x".repeat(4_000)), compacted(EventSeq(4)), completed()])
        .await
        .unwrap();
    let (_, lease) = scene.begin().await;
    scene.store.append(&lease, vec![assistant(0, &"x".repeat(8_000)), completed()]).await.unwrap();
    let refused = scene.store.begin_turn(&scene.user, scene.worker, scene.message("more")).await;
    assert_refused!(refused, StoreError::ConversationFull { .. });
}

async fn a_compacted_fork_reads_its_own_tail(world: World) {
    let scene = world.scene().await;
    let (_, lease) = scene.begin().await;
    scene.store.append(&lease, vec![completed()]).await.unwrap();
    let (_, lease) = scene.begin().await;
    scene.store.append(&lease, vec![compacted(EventSeq(3)), completed()]).await.unwrap();
    let at = |through| LaneParent::Message { lane: LaneId::MAIN, through: EventSeq(through) };
    // One fork from before the compaction, one from after it.
    for (through, after) in [(2, 0), (5, 2)] {
        let fork = open(&scene, at(through)).await.unwrap();
        let lease = begin_in(&scene, fork).await;
        let read_from = async || scene.store.read_from(&scene.user, lease.turn).await.unwrap();
        assert_eq!(read_from().await, ReadFrom { lane: fork, after: EventSeq(after) });
        let stored = scene.store.append(&lease, vec![compacted(EventSeq(i64::MAX))]).await.unwrap();
        assert_eq!(read_from().await, ReadFrom { lane: fork, after: EventSeq(stored[0].seq.0 - 2) });
        scene.store.append(&lease, vec![completed()]).await.unwrap();
    }
}

async fn said_at(scene: &Scene, place: TurnPlace) -> TurnId {
    let new = NewTurn { place, ..scene.message("else") };
    let Begun::New { turn, lease, .. } = scene.store.begin_turn(&scene.user, scene.worker, new).await.unwrap() else {
        panic!("a new message made no new turn")
    };
    scene.store.append(&lease, vec![completed()]).await.unwrap();
    turn.id
}

async fn a_message_is_said_in_the_place_of_another(world: World) {
    let scene = world.scene().await;
    let id = scene.conversation.id;
    let shown = async |lane: Option<LaneId>| {
        let page = scene.store.history_before(&scene.user, id, lane, EventSeq(i64::MAX), 30).await.unwrap();
        let mut turns: Vec<TurnId> = page.events.iter().map(|stored| stored.turn).collect();
        turns.dedup();
        (turns, page.lane)
    };
    let versions = async |lane: LaneId| {
        let found = scene.store.versions(&scene.user, id, lane).await.unwrap();
        found.into_iter().map(|place| (place.shown, place.all)).collect::<Vec<_>>()
    };
    let (a, b, c) = (
        said_at(&scene, TurnPlace::Next).await,
        said_at(&scene, TurnPlace::Next).await,
        said_at(&scene, TurnPlace::Next).await,
    );
    assert_eq!((shown(None).await, versions(LaneId::MAIN).await), ((vec![a, b, c], LaneId::MAIN), vec![]));
    // The second, twice: versions of one turn are beside one another.
    let b2 = said_at(&scene, TurnPlace::InsteadOf(b)).await;
    let (turns, second) = shown(None).await;
    assert_eq!(turns, [a, b2]);
    let b3 = said_at(&scene, TurnPlace::InsteadOf(b2)).await;
    let d = said_at(&scene, TurnPlace::Next).await;
    let (turns, third) = shown(None).await;
    assert_eq!(turns, [a, b3, d], "it goes on where it went on last");
    let of = |turn, lane| Version { turn, lane };
    let all_b = vec![of(b, LaneId::MAIN), of(b2, second), of(b3, third)];
    for (lane, of_b) in [(LaneId::MAIN, b), (second, b2), (third, b3)] {
        assert_eq!(versions(lane).await, [(of_b, all_b.clone())]);
    }
    // The very first; and after a turn, as if nothing had followed.
    let a2 = said_at(&scene, TurnPlace::InsteadOf(a)).await;
    let (turns, first) = shown(None).await;
    assert_eq!((turns, versions(first).await), (vec![a2], vec![(a2, vec![of(a, third), of(a2, first)])]));
    let d2 = said_at(&scene, TurnPlace::After(b3)).await;
    let (turns, fourth) = shown(None).await;
    assert_eq!(turns, [a, b3, d2]);
    let found = versions(fourth).await;
    assert_eq!(found.iter().map(|(shown, _)| *shown).collect::<Vec<_>>(), [a, b3, d2]);
    assert_eq!(found[1].1[2], of(b3, fourth), "the lane that went on last");
    assert_eq!(found[2].1, [of(d, third), of(d2, fourth)]);
    // After the last of a lane no other one is needed.
    let e = said_at(&scene, TurnPlace::After(c)).await;
    assert_eq!(shown(None).await, (vec![a, b, c, e], LaneId::MAIN));
    assert_eq!(shown(Some(second)).await, (vec![a, b2], second), "all of them stay");
    let eve = user("eve@example.com");
    assert_refused!(scene.store.versions(&eve, id, second).await, StoreError::NotFound("conversation"));
    assert_refused!(scene.store.versions(&scene.user, id, LaneId::new()).await, StoreError::NotFound("lane"));
    // Nothing is said to a subagent, nor at a turn that is not there, nor at another conversation's.
    let other = scene.store.create_conversation(&scene.user, scene.project.id, None).await.unwrap().id;
    let call = open(&scene, LaneParent::Call { lane: LaneId::MAIN, turn: a, call: call("t") }).await.unwrap();
    for (conversation, place) in [
        (id, TurnPlace::Lane(call)),
        (id, TurnPlace::InsteadOf(TurnId::new())),
        (id, TurnPlace::After(TurnId::new())),
        (other, TurnPlace::InsteadOf(a)),
        (other, TurnPlace::Lane(second)),
    ] {
        let new = NewTurn { place, conversation: Some(conversation), ..scene.message("hi") };
        assert_refused!(scene.store.begin_turn(&scene.user, scene.worker, new).await, StoreError::NotFound(_));
    }
}

async fn a_fork_is_full_by_what_it_reads(world: World) {
    let limits = ConversationLimits { log_bytes: 20_000, structured_bytes: 100_000 };
    let options = StoreOptions { conversation_limits: limits, ..world.options() };
    let scene = Scene { store: Store::connect(&world.url, options).await.unwrap(), ..world.scene().await };
    let begin = async |place| {
        let new = NewTurn { place, ..scene.message("more") };
        scene.store.begin_turn(&scene.user, scene.worker, new).await
    };
    let first = said_at(&scene, TurnPlace::Next).await;
    // Each version is long; a new one reads none of the others.
    for _ in 0..4 {
        let Begun::New { lease, .. } = begin(TurnPlace::InsteadOf(first)).await.unwrap() else { panic!("not new") };
        scene.store.append(&lease, vec![assistant(0, &"x".repeat(12_000)), completed()]).await.unwrap();
    }
    let Begun::New { lease, .. } = begin(TurnPlace::Next).await.unwrap() else { panic!("not new") };
    scene.store.append(&lease, vec![assistant(0, &"x".repeat(12_000)), completed()]).await.unwrap();
    assert_refused!(begin(TurnPlace::Next).await, StoreError::ConversationFull { .. });
    begin(TurnPlace::After(first)).await.unwrap();
}
