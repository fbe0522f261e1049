use bricklayer_domain::{ApprovalDecision, Event, TurnEnd, TurnStatus};
use bricklayer_store::{Detail, StoreError};

use crate::harness::{
    World, approval_requested, assert_refused, assistant, call, completed, finished, on_both_engines, step_started,
};

on_both_engines!(
    a_request_parks_the_turn,
    all_answers_are_needed_to_go_on,
    the_first_answer_counts,
    a_waiting_turn_survives_a_restart,
    unknown_approvals_are_not_found,
    a_stopped_turn_takes_no_answer,
    strange_call_ids_survive,
    a_call_asked_twice_waits_twice,
);

async fn a_request_parks_the_turn(world: World) {
    let scene = world.scene().await;
    let (turn, lease) = scene.begin().await;
    scene.store.append(&lease, vec![step_started(0), assistant(0, "may I?"), approval_requested("a")]).await.unwrap();
    assert_eq!(scene.store.get_turn(&scene.user, turn.id).await.unwrap().status, TurnStatus::Waiting);
    assert_refused!(scene.store.append(&lease, vec![step_started(1)]).await, StoreError::LostLease);
    let answered = scene.store.answer_approval(&scene.user, turn.id, &call("a"), ApprovalDecision::Once).await.unwrap();
    assert!(answered.resumed);
    let event = answered.event.unwrap();
    assert_eq!(
        event.event,
        Event::ApprovalAnswered { call: call("a"), decision: ApprovalDecision::Once, because_of: None }
    );
    assert_eq!(scene.events(Detail::All).await.last(), Some(&event));
    assert_eq!(scene.store.get_turn(&scene.user, turn.id).await.unwrap().status, TurnStatus::Running);
    let claim = scene.store.claim_turn(turn.id, scene.worker).await.unwrap().unwrap();
    scene.store.append(&claim.lease, vec![completed()]).await.unwrap();
}

async fn all_answers_are_needed_to_go_on(world: World) {
    let scene = world.scene().await;
    let (turn, lease) = scene.begin().await;
    let requests = ["a", "b", "c"].map(approval_requested);
    scene.store.append(&lease, requests.to_vec()).await.unwrap();
    let open = scene.store.open_approvals(&scene.user, turn.id).await.unwrap();
    assert_eq!(open, ["a", "b", "c"].map(call));
    let decisions = [("b", ApprovalDecision::Conversation), ("a", ApprovalDecision::No), ("c", ApprovalDecision::Once)];
    for (index, (id, decision)) in decisions.into_iter().enumerate() {
        let answered = scene.store.answer_approval(&scene.user, turn.id, &call(id), decision).await.unwrap();
        assert_eq!((answered.decision, answered.resumed), (decision, index == 2));
    }
    assert!(scene.store.open_approvals(&scene.user, turn.id).await.unwrap().is_empty());
    let claim = scene.store.claim_turn(turn.id, scene.worker).await.unwrap().unwrap();
    // A later step asks again.
    scene.store.append(&claim.lease, vec![approval_requested("d")]).await.unwrap();
    let answered = scene.store.answer_approval(&scene.user, turn.id, &call("d"), ApprovalDecision::No).await.unwrap();
    assert!(answered.resumed);
}

/// Two tabs answer differently at once: both learn the same answer, and the log has one.
async fn the_first_answer_counts(world: World) {
    let scene = world.scene().await;
    let (turn, lease) = scene.begin().await;
    scene.store.append(&lease, vec![approval_requested("a")]).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for index in 0..8 {
        let (store, user) = (scene.store.clone(), scene.user.clone());
        let decision = if index % 2 == 0 { ApprovalDecision::Once } else { ApprovalDecision::No };
        tasks.spawn(async move { store.answer_approval(&user, turn.id, &call("a"), decision).await.unwrap() });
    }
    let answers = tasks.join_all().await;
    let first = answers.iter().find(|a| a.event.is_some()).unwrap().decision;
    assert!(answers.iter().all(|a| a.decision == first));
    assert_eq!(answers.iter().filter(|a| a.event.is_some()).count(), 1);
    assert_eq!(answers.iter().filter(|a| a.resumed).count(), 1);
    let logged = scene.events(Detail::All).await;
    assert_eq!(logged.iter().filter(|e| matches!(e.event, Event::ApprovalAnswered { .. })).count(), 1);
    // Also after the turn has gone on and ended.
    let claim = scene.store.claim_turn(turn.id, scene.worker).await.unwrap().unwrap();
    scene.store.append(&claim.lease, vec![completed()]).await.unwrap();
    let late = scene.store.answer_approval(&scene.user, turn.id, &call("a"), ApprovalDecision::No).await.unwrap();
    assert_eq!((late.decision, late.event, late.resumed), (first, None, false));
}

async fn a_waiting_turn_survives_a_restart(world: World) {
    let scene = world.scene().await;
    let (turn, lease) = scene.begin().await;
    scene.store.append(&lease, vec![approval_requested("a")]).await.unwrap();
    scene.store.close().await;
    let store = world.store().await;
    assert_eq!(store.open_approvals(&scene.user, turn.id).await.unwrap(), [call("a")]);
    let answered = store.answer_approval(&scene.user, turn.id, &call("a"), ApprovalDecision::Once).await.unwrap();
    assert!(answered.resumed);
    // Should the answering process die here, the turn is an orphan.
    assert_eq!(store.claim_orphans_of(&scene.user, scene.worker, 10).await.unwrap().len(), 1);
}

async fn unknown_approvals_are_not_found(world: World) {
    let scene = world.scene().await;
    let (turn, lease) = scene.begin().await;
    let answer = |id: &'static str| {
        let (store, user) = (scene.store.clone(), scene.user.clone());
        async move { store.answer_approval(&user, turn.id, &call(id), ApprovalDecision::Once).await }
    };
    assert_refused!(answer("a").await, StoreError::NotFound("approval"));
    scene.store.append(&lease, vec![approval_requested("a")]).await.unwrap();
    assert_refused!(answer("b").await, StoreError::NotFound("approval"));
    assert_refused!(answer("").await, StoreError::NotFound("approval"));
}

async fn a_stopped_turn_takes_no_answer(world: World) {
    let scene = world.scene().await;
    let (turn, lease) = scene.begin().await;
    scene.store.append(&lease, vec![approval_requested("a")]).await.unwrap();
    scene.store.request_stop(&scene.user, turn.id).await.unwrap();
    let answer = scene.store.answer_approval(&scene.user, turn.id, &call("a"), ApprovalDecision::Once).await;
    assert_refused!(answer, StoreError::TurnEnded(TurnStatus::Cancelled));
    let claim = scene.store.claim_turn(turn.id, scene.worker).await.unwrap().unwrap();
    scene.store.append(&claim.lease, vec![finished(TurnEnd::Cancelled)]).await.unwrap();
    let answer = scene.store.answer_approval(&scene.user, turn.id, &call("a"), ApprovalDecision::Once).await;
    assert_refused!(answer, StoreError::TurnEnded(TurnStatus::Cancelled));
}

async fn strange_call_ids_survive(world: World) {
    let scene = world.scene().await;
    let (turn, lease) = scene.begin().await;
    let ids = ["", "nul \u{0}", "'quote", "数据"];
    scene.store.append(&lease, ids.map(approval_requested).to_vec()).await.unwrap();
    assert_eq!(scene.store.open_approvals(&scene.user, turn.id).await.unwrap(), ids.map(call));
    for id in ids {
        scene.store.answer_approval(&scene.user, turn.id, &call(id), ApprovalDecision::No).await.unwrap();
    }
    assert!(scene.store.claim_turn(turn.id, scene.worker).await.unwrap().is_some());
}

async fn a_call_asked_twice_waits_twice(world: World) {
    let scene = world.scene().await;
    let (turn, mut lease) = scene.begin().await;
    for decision in [ApprovalDecision::Once, ApprovalDecision::No] {
        scene.store.append(&lease, vec![approval_requested("a")]).await.unwrap();
        let answered = scene.store.answer_approval(&scene.user, turn.id, &call("a"), decision).await.unwrap();
        assert_eq!((answered.decision, answered.resumed), (decision, true));
        lease = scene.store.claim_turn(turn.id, scene.worker).await.unwrap().unwrap().lease;
    }
}
