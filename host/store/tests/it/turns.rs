use std::collections::HashSet;
use std::time::Duration;

use bricklayer_domain::{Event, EventSeq, ProjectId, TurnEnd, TurnSetting, TurnSettings, TurnStatus};
use bricklayer_store::{Begun, Detail, MAX_EVENT_BYTES, NewTurn, PageRequest, Stop, StoreError, WorkerId};
use uuid::Uuid;

use crate::harness::{
    World, approval_requested, assert_refused, completed, finished, on_both_engines, step_started, title, user,
};

on_both_engines!(
    the_message_is_stored_first,
    a_busy_conversation_refuses,
    many_submits_make_one_turn,
    a_double_submit_is_one_turn,
    the_first_message_of_a_new_chat_is_one_conversation_however_often_it_is_sent,
    a_refused_first_message_leaves_no_conversation,
    every_end_is_final,
    turns_are_listed_and_counted,
    stopping_sets_the_flag,
    stopping_a_parked_turn_makes_it_claimable,
    deleting_takes_the_turn_from_its_worker,
    a_message_to_a_deleted_project_is_refused,
    a_giant_message_is_refused,
);

async fn the_message_is_stored_first(world: World) {
    let scene = world.scene().await;
    let message = NewTurn { message: "nul \u{0} and 🚕".into(), ..scene.message("") };
    let begun = scene.store.begin_turn(&scene.user, scene.worker, message.clone()).await.unwrap();
    let Begun::New { turn, event, .. } = begun else { panic!("{begun:?}") };
    assert_eq!(turn.status, TurnStatus::Running);
    assert_eq!(scene.store.get_turn(&scene.user, turn.id).await.unwrap(), turn);
    assert_eq!(event.seq, EventSeq(1));
    assert_eq!(
        event.event,
        Event::TurnStarted { message: message.message, settings: message.settings, rerun_of: None }
    );
    assert_eq!(scene.events(Detail::All).await, [event]);
}

async fn a_busy_conversation_refuses(world: World) {
    let scene = world.scene().await;
    let (turn, lease) = scene.begin().await;
    let again = scene.store.begin_turn(&scene.user, scene.worker, scene.message("more")).await;
    assert_refused!(again, StoreError::Busy { turn: busy } if busy == turn.id);
    scene.store.append(&lease, vec![approval_requested("a")]).await.unwrap();
    let again = scene.store.begin_turn(&scene.user, scene.worker, scene.message("more")).await;
    assert_refused!(again, StoreError::Busy { turn: busy } if busy == turn.id);
    assert_eq!(scene.events(Detail::All).await.len(), 2);
    // Another conversation is not concerned.
    let other = scene.store.create_conversation(&scene.user, scene.project.id, None).await.unwrap();
    scene.begin_in(other.id).await;
}

async fn many_submits_make_one_turn(world: World) {
    let scene = world.scene().await;
    let second = world.store().await;
    let mut tasks = tokio::task::JoinSet::new();
    for index in 0..16 {
        let store = if index % 2 == 0 { scene.store.clone() } else { second.clone() };
        let (user, message) = (scene.user.clone(), scene.message(&format!("message {index}")));
        tasks.spawn(async move { store.begin_turn(&user, WorkerId::new(), message).await });
    }
    let results = tasks.join_all().await;
    assert_eq!(results.iter().filter(|r| r.is_ok()).count(), 1);
    assert!(results.iter().all(|r| matches!(r, Ok(_) | Err(StoreError::Busy { .. }))), "{results:?}");
    assert_eq!(scene.events(Detail::All).await.len(), 1);
}

async fn a_double_submit_is_one_turn(world: World) {
    let scene = world.scene().await;
    let message = NewTurn { client_message_id: Some(Uuid::new_v4()), ..scene.message("once") };
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (store, user, worker, message) = (scene.store.clone(), scene.user.clone(), scene.worker, message.clone());
        tasks.spawn(async move { store.begin_turn(&user, worker, message).await.unwrap() });
    }
    let begun = tasks.join_all().await;
    let ids: HashSet<_> = begun
        .iter()
        .map(|b| match b {
            Begun::New { turn, .. } | Begun::Repeated { turn } => turn.id,
        })
        .collect();
    assert_eq!(ids.len(), 1);
    let new: Vec<_> = begun
        .iter()
        .filter_map(|b| match b {
            Begun::New { lease, .. } => Some(lease),
            Begun::Repeated { .. } => None,
        })
        .collect();
    assert_eq!(new.len(), 1);
    // Long after, with the turn ended and another begun, the same submission is still the same turn.
    scene.store.append(new[0], vec![completed()]).await.unwrap();
    let (other, _) = scene.begin().await;
    let again = scene.store.begin_turn(&scene.user, scene.worker, message.clone()).await.unwrap();
    let Begun::Repeated { turn } = again else { panic!("{again:?}") };
    assert!(ids.contains(&turn.id) && turn.id != other.id && turn.status == TurnStatus::Completed);
    // Also where it is not said which conversation it began.
    let unnamed = NewTurn { conversation: None, ..message.clone() };
    assert!(matches!(
        scene.store.begin_turn(&scene.user, scene.worker, unnamed).await.unwrap(),
        Begun::Repeated { turn } if ids.contains(&turn.id)
    ));
    // Another message under the same id is a mistake of the client's.
    let elsewhere = scene.store.create_conversation(&scene.user, scene.project.id, None).await.unwrap();
    let other_project = scene.store.create_project(&scene.user, &title("other")).await.unwrap();
    let settings = TurnSettings { model: TurnSetting::parse("another").unwrap(), ..TurnSettings::default() };
    for other in [
        NewTurn { message: "something else".into(), ..message.clone() },
        NewTurn { conversation: Some(elsewhere.id), ..message.clone() },
        NewTurn { project: other_project.id, conversation: None, ..message.clone() },
        NewTurn { settings, ..message.clone() },
    ] {
        let refused = scene.store.begin_turn(&scene.user, scene.worker, other).await;
        assert_refused!(refused, StoreError::OtherMessage { turn } if ids.contains(&turn));
    }
    // Another user's id is another id.
    let bob = user("bob@example.com");
    let project = scene.store.create_project(&bob, &title("bob's")).await.unwrap().id;
    let message = NewTurn { project, conversation: None, ..message };
    let begun = scene.store.begin_turn(&bob, scene.worker, message).await.unwrap();
    assert!(matches!(begun, Begun::New { .. }));
}

async fn the_first_message_of_a_new_chat_is_one_conversation_however_often_it_is_sent(world: World) {
    let scene = world.scene().await;
    let second = world.store().await;
    for _ in 0..5 {
        let message =
            NewTurn { conversation: None, client_message_id: Some(Uuid::new_v4()), ..scene.message("first words") };
        let mut tasks = tokio::task::JoinSet::new();
        for index in 0..12 {
            let store = if index % 2 == 0 { scene.store.clone() } else { second.clone() };
            let (user, message) = (scene.user.clone(), message.clone());
            tasks.spawn(async move { store.begin_turn(&user, WorkerId::new(), message).await.unwrap() });
        }
        let begun = tasks.join_all().await;
        assert_eq!(begun.iter().filter(|begun| matches!(begun, Begun::New { .. })).count(), 1);
        let turns: HashSet<_> = begun
            .iter()
            .map(|begun| match begun {
                Begun::New { turn, .. } | Begun::Repeated { turn } => (turn.id, turn.conversation),
            })
            .collect();
        assert_eq!(turns.len(), 1);
    }
    // One of the scene's own, one of each round, none that nobody knows.
    let page = PageRequest::default();
    let made = scene.store.list_conversations(&scene.user, scene.project.id, page).await.unwrap();
    assert_eq!(made.items.len(), 6);
    assert!(made.items.iter().filter(|made| made.title == "first words").count() == 5, "{made:?}");
}

async fn a_refused_first_message_leaves_no_conversation(world: World) {
    let scene = world.scene().await;
    let message = NewTurn { conversation: None, ..scene.message(&"x".repeat(MAX_EVENT_BYTES)) };
    assert_refused!(scene.store.begin_turn(&scene.user, scene.worker, message).await, StoreError::TooLarge { .. });
    let message = NewTurn { conversation: None, project: ProjectId::new(), ..scene.message("hi") };
    assert_refused!(scene.store.begin_turn(&scene.user, scene.worker, message).await, StoreError::NotFound("project"));
    let made = scene.store.list_conversations(&scene.user, scene.project.id, PageRequest::default()).await.unwrap();
    assert_eq!(made.items.len(), 1, "the scene's own");
}

async fn every_end_is_final(world: World) {
    let scene = world.scene().await;
    let failed = TurnEnd::Failed { code: "model-unreachable".into(), message: "try later".into() };
    for (end, status) in [
        (TurnEnd::Completed, TurnStatus::Completed),
        (failed, TurnStatus::Failed),
        (TurnEnd::Cancelled, TurnStatus::Cancelled),
    ] {
        let (turn, lease) = scene.begin().await;
        world.clock.advance(Duration::from_secs(1));
        scene.store.append(&lease, vec![step_started(0), finished(end)]).await.unwrap();
        let ended = scene.store.get_turn(&scene.user, turn.id).await.unwrap();
        assert_eq!(ended.status, status);
        assert_eq!(ended.updated_at - turn.updated_at, chrono::TimeDelta::seconds(1));
        assert_refused!(scene.store.append(&lease, vec![step_started(1)]).await, StoreError::TurnEnded(s) if s == status);
        assert_eq!(scene.store.request_stop(&scene.user, turn.id).await.unwrap(), Stop::Ended(status));
        assert!(scene.store.claim_turn(turn.id, WorkerId::new()).await.unwrap().is_none());
    }
    let seqs: Vec<i64> = scene.events(Detail::All).await.iter().map(|e| e.seq.0).collect();
    assert_eq!(seqs, (1..=9).collect::<Vec<_>>());
}

async fn turns_are_listed_and_counted(world: World) {
    let scene = world.scene().await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        let (turn, lease) = scene.begin().await;
        ids.insert(0, turn.id);
        assert_eq!(scene.store.count_turns_in_progress(&scene.user).await.unwrap(), 1);
        scene.store.append(&lease, vec![completed()]).await.unwrap();
        world.clock.advance(Duration::from_millis(1));
    }
    assert_eq!(scene.store.count_turns_in_progress(&scene.user).await.unwrap(), 0);
    let request = PageRequest { after: None, limit: 3 };
    let first = scene.store.list_turns(&scene.user, scene.conversation.id, request).await.unwrap();
    let request = PageRequest { after: first.next, limit: 3 };
    let second = scene.store.list_turns(&scene.user, scene.conversation.id, request).await.unwrap();
    assert_eq!(second.next, None);
    let listed: Vec<_> = first.items.iter().chain(&second.items).map(|t| t.id).collect();
    assert_eq!(listed, ids);
}

async fn stopping_sets_the_flag(world: World) {
    let scene = world.scene().await;
    let (turn, lease) = scene.begin().await;
    assert!(scene.store.renew_leases(scene.worker).await.unwrap().iter().all(|held| !held.stop_requested));
    for _ in 0..2 {
        let stop = scene.store.request_stop(&scene.user, turn.id).await.unwrap();
        assert_eq!(stop, Stop::Requested { claimable: false });
    }
    let held = scene.store.renew_leases(scene.worker).await.unwrap();
    assert!(held.len() == 1 && held[0].stop_requested && held[0].lease == lease);
    // The worker may still say what it did.
    scene.store.append(&lease, vec![finished(TurnEnd::Cancelled)]).await.unwrap();
    assert_eq!(scene.store.get_turn(&scene.user, turn.id).await.unwrap().status, TurnStatus::Cancelled);
}

async fn stopping_a_parked_turn_makes_it_claimable(world: World) {
    let scene = world.scene().await;
    let (turn, lease) = scene.begin().await;
    scene.store.append(&lease, vec![approval_requested("a")]).await.unwrap();
    assert!(scene.store.claim_turn(turn.id, scene.worker).await.unwrap().is_none());
    let stop = scene.store.request_stop(&scene.user, turn.id).await.unwrap();
    assert_eq!(stop, Stop::Requested { claimable: true });
    let claim = scene.store.claim_turn(turn.id, scene.worker).await.unwrap().unwrap();
    assert!(claim.stop_requested);
    scene.store.append(&claim.lease, vec![finished(TurnEnd::Cancelled)]).await.unwrap();
    scene.begin().await;
}

async fn deleting_takes_the_turn_from_its_worker(world: World) {
    let scene = world.scene().await;
    let (turn, lease) = scene.begin().await;
    assert_eq!(scene.store.delete_conversation(&scene.user, scene.conversation.id).await.unwrap(), Some(turn.id));
    assert_refused!(scene.store.append(&lease, vec![step_started(0)]).await, StoreError::LostLease);
    assert!(scene.store.renew_leases(scene.worker).await.unwrap().is_empty());

    let other = scene.store.create_conversation(&scene.user, scene.project.id, None).await.unwrap();
    let (turn, lease) = scene.begin_in(other.id).await;
    assert_eq!(scene.store.delete_project(&scene.user, scene.project.id).await.unwrap(), [turn.id]);
    assert_refused!(scene.store.append(&lease, vec![step_started(0)]).await, StoreError::LostLease);
    assert_refused!(scene.store.get_turn(&scene.user, turn.id).await, StoreError::NotFound("execution"));
}

async fn a_message_to_a_deleted_project_is_refused(world: World) {
    let scene = world.scene().await;
    let elsewhere = NewTurn { project: ProjectId::new(), ..scene.message("hi") };
    let refused = scene.store.begin_turn(&scene.user, scene.worker, elsewhere).await;
    assert_refused!(refused, StoreError::NotFound("conversation"));
    scene.store.delete_project(&scene.user, scene.project.id).await.unwrap();
    let refused = scene.store.begin_turn(&scene.user, scene.worker, scene.message("hi")).await;
    assert_refused!(refused, StoreError::NotFound("conversation"));
}

async fn a_giant_message_is_refused(world: World) {
    let scene = world.scene().await;
    let giant = scene.message(&"x".repeat(MAX_EVENT_BYTES));
    let refused = scene.store.begin_turn(&scene.user, scene.worker, giant).await;
    assert_refused!(refused, StoreError::TooLarge { limit: MAX_EVENT_BYTES, .. });
    // Nothing was begun, and a large one fits.
    let large = scene.message(&"y".repeat(MAX_EVENT_BYTES / 2));
    assert!(matches!(scene.store.begin_turn(&scene.user, scene.worker, large).await, Ok(Begun::New { .. })));
}
