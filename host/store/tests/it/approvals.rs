use bricklayer_domain::{
    ApprovalDecision, ApprovalReply, CallEffect, CallReview, Event, Operation, StandingPermissionId, StandingScope,
    TurnEnd, TurnStatus, UserId,
};
use bricklayer_store::{ApprovalAnswer, Detail, MAX_STANDING_PERMISSIONS, StoreError};

use crate::harness::{
    World, approval_requested, assert_refused, assistant, call, completed, finished, on_both_engines, step_started,
};

on_both_engines!(
    a_request_parks_the_turn,
    what_is_said_beside_the_first_answer_counts,
    all_answers_are_needed_to_go_on,
    the_first_answer_counts,
    a_waiting_turn_survives_a_restart,
    unknown_approvals_are_not_found,
    a_stopped_turn_takes_no_answer,
    strange_call_ids_survive,
    a_call_asked_twice_waits_twice,
    a_standing_answer_covers_what_was_offered,
    a_standing_answer_that_was_not_offered_is_refused,
    standing_permissions_are_their_users_and_can_be_taken_back,
    standing_permissions_are_bounded_and_not_doubled,
    a_refusal_settles_what_would_have_followed,
    a_stop_makes_the_turn_run_to_its_end,
);

async fn a_request_parks_the_turn(world: World) {
    let scene = world.scene().await;
    let (turn, lease) = scene.begin().await;
    scene.store.append(&lease, vec![step_started(0), assistant(0, "may I?"), approval_requested("a")]).await.unwrap();
    assert_eq!(scene.store.get_turn(&scene.user, turn.id).await.unwrap().status, TurnStatus::Waiting);
    assert_refused!(scene.store.append(&lease, vec![step_started(1)]).await, StoreError::LostLease);
    let answered = scene.store.answer_approval(&scene.user, turn.id, &call("a"), ApprovalDecision::Once).await.unwrap();
    assert!(answered.resumed);
    let [event] = answered.events.try_into().unwrap();
    assert_eq!(
        event.event,
        Event::ApprovalAnswered { call: call("a"), decision: ApprovalDecision::Once, because_of: None, reply: None }
    );
    assert_eq!(scene.events(Detail::All).await.last(), Some(&event));
    assert_eq!(scene.store.get_turn(&scene.user, turn.id).await.unwrap().status, TurnStatus::Running);
    let claim = scene.store.claim_turn(turn.id, scene.worker).await.unwrap().unwrap();
    scene.store.append(&claim.lease, vec![completed()]).await.unwrap();
}

async fn what_is_said_beside_the_first_answer_counts(world: World) {
    let scene = world.scene().await;
    let (turn, lease) = scene.begin().await;
    scene.store.append(&lease, vec![approval_requested("a")]).await.unwrap();
    let said = |words: &str| ApprovalAnswer {
        decision: ApprovalDecision::No,
        reply: ApprovalReply::parse(Some(words.to_owned()), Vec::new(), None).unwrap(),
    };
    let answer = async |answer: ApprovalAnswer| {
        scene.store.answer_approval(&scene.user, turn.id, &call("a"), answer).await.unwrap()
    };
    let first = answer(said("the other table")).await;
    assert_eq!((first.reply, first.events.len()), (said("the other table").reply, 1));
    let Some(Event::ApprovalAnswered { reply, .. }) = scene.events(Detail::All).await.pop().map(|stored| stored.event)
    else {
        panic!("answered last")
    };
    assert_eq!(reply, said("the other table").reply);
    for later in [said("neither"), said("the other table"), ApprovalDecision::No.into()] {
        let later = answer(later).await;
        assert_eq!((later.reply, later.events), (said("the other table").reply, vec![]));
    }
}

async fn all_answers_are_needed_to_go_on(world: World) {
    let scene = world.scene().await;
    let (turn, lease) = scene.begin().await;
    let requests = ["a", "b", "c"].map(approval_requested);
    scene.store.append(&lease, requests.to_vec()).await.unwrap();
    let open = scene.store.open_approvals(&scene.user, turn.id).await.unwrap();
    assert_eq!(open, ["a", "b", "c"].map(call));
    let decisions = [("b", ApprovalDecision::Once), ("a", ApprovalDecision::No), ("c", ApprovalDecision::Once)];
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
    let first = answers.iter().find(|a| !a.events.is_empty()).unwrap().decision;
    assert!(answers.iter().all(|a| a.decision == first));
    assert_eq!(answers.iter().filter(|a| !a.events.is_empty()).count(), 1);
    assert_eq!(answers.iter().filter(|a| a.resumed).count(), 1);
    let logged = scene.events(Detail::All).await;
    assert_eq!(logged.iter().filter(|e| matches!(e.event, Event::ApprovalAnswered { .. })).count(), 1);
    // Also after the turn has gone on and ended.
    let claim = scene.store.claim_turn(turn.id, scene.worker).await.unwrap().unwrap();
    scene.store.append(&claim.lease, vec![completed()]).await.unwrap();
    let late = scene.store.answer_approval(&scene.user, turn.id, &call("a"), ApprovalDecision::No).await.unwrap();
    assert_eq!((late.decision, late.events, late.resumed), (first, vec![], false));
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

/// A question about dropping one table, to which "for this conversation" is offered.
fn drop_requested(id: &str, table: &str) -> Event {
    let operation = Operation {
        effect: CallEffect::Destroys,
        verb: "DROP TABLE".into(),
        objects: vec![table.into()],
        text: Some(format!("DROP TABLE {table}")),
        detail: None,
    };
    let Event::ApprovalRequested { call, name, input, reason, .. } = approval_requested(id) else { unreachable!() };
    let standing = StandingScope::of(&operation);
    let review = CallReview::one(operation);
    Event::ApprovalRequested {
        call,
        name,
        input,
        reason,
        review,
        standing,
        later_changes: Vec::new(),
        questions: Vec::new(),
        proposal: None,
    }
}

async fn a_standing_answer_covers_what_was_offered(world: World) {
    let scene = world.scene().await;
    let (turn, lease) = scene.begin().await;
    let (user, conversation) = (&scene.user, turn.conversation);
    scene.store.append(&lease, vec![drop_requested("a", "t")]).await.unwrap();
    scene.store.answer_approval(user, turn.id, &call("a"), ApprovalDecision::Conversation).await.unwrap();
    let [given] = scene.store.standing_permissions(user, conversation).await.unwrap().try_into().unwrap();
    assert_eq!((given.tool.0.as_str(), given.effect), ("drop", CallEffect::Destroys));
    assert_eq!(given.scope, StandingScope { verb: "DROP TABLE".into(), objects: vec!["t".into()] });
    // It survives a restart, and goes with its conversation.
    scene.store.close().await;
    let store = world.store().await;
    assert_eq!(store.standing_permissions(user, conversation).await.unwrap(), [given]);
    store.delete_conversation(user, conversation).await.unwrap();
    assert_eq!(store.standing_permissions(user, conversation).await.unwrap(), []);
}

async fn a_standing_answer_that_was_not_offered_is_refused(world: World) {
    let scene = world.scene().await;
    let (turn, lease) = scene.begin().await;
    scene.store.append(&lease, vec![approval_requested("a")]).await.unwrap();
    let id = call("a");
    let answer = |decision| scene.store.answer_approval(&scene.user, turn.id, &id, decision);
    assert_refused!(answer(ApprovalDecision::Conversation).await, StoreError::StandingNotOffered);
    assert_eq!(scene.store.standing_permissions(&scene.user, turn.conversation).await.unwrap(), []);
    // Nothing was decided by it.
    assert!(answer(ApprovalDecision::Once).await.unwrap().resumed);
}

async fn standing_permissions_are_their_users_and_can_be_taken_back(world: World) {
    let scene = world.scene().await;
    let (turn, lease) = scene.begin().await;
    scene.store.append(&lease, vec![drop_requested("a", "t")]).await.unwrap();
    scene.store.answer_approval(&scene.user, turn.id, &call("a"), ApprovalDecision::Conversation).await.unwrap();
    let conversation = turn.conversation;
    let id = scene.store.standing_permissions(&scene.user, conversation).await.unwrap()[0].id;
    let stranger = UserId::parse("stranger").unwrap();
    assert_eq!(scene.store.standing_permissions(&stranger, conversation).await.unwrap(), []);
    let revoke = |user, id| scene.store.revoke_standing_permission(user, conversation, id);
    assert_refused!(revoke(&stranger, id).await, StoreError::NotFound("standing permission"));
    let other = StandingPermissionId::new();
    assert_refused!(revoke(&scene.user, other).await, StoreError::NotFound("standing permission"));
    revoke(&scene.user, id).await.unwrap();
    assert_eq!(scene.store.standing_permissions(&scene.user, conversation).await.unwrap(), []);
    assert_refused!(revoke(&scene.user, id).await, StoreError::NotFound("standing permission"));
}

async fn standing_permissions_are_bounded_and_not_doubled(world: World) {
    let scene = world.scene().await;
    let (turn, mut lease) = scene.begin().await;
    for index in 0..=MAX_STANDING_PERMISSIONS {
        // Each is given twice: the second takes the place of the first.
        for id in ["a", "b"] {
            scene.store.append(&lease, vec![drop_requested(id, &format!("t{index}"))]).await.unwrap();
            let decision = ApprovalDecision::Conversation;
            let answered = scene.store.answer_approval(&scene.user, turn.id, &call(id), decision).await;
            if index == MAX_STANDING_PERMISSIONS {
                assert_refused!(answered, StoreError::TooLarge { .. });
                return;
            }
            answered.unwrap();
            lease = scene.store.claim_turn(turn.id, scene.worker).await.unwrap().unwrap().lease;
        }
        let given = scene.store.standing_permissions(&scene.user, turn.conversation).await.unwrap();
        assert_eq!(given.len(), index + 1);
    }
}

async fn a_refusal_settles_what_would_have_followed(world: World) {
    let scene = world.scene().await;
    let (turn, lease) = scene.begin().await;
    let Event::ApprovalRequested { call: first, name, input, reason, review, standing, .. } = approval_requested("a")
    else {
        unreachable!()
    };
    let later_changes = vec![call("b"), call("not asked"), call("c")];
    let asked = Event::ApprovalRequested {
        call: first,
        name,
        input,
        reason,
        review,
        standing,
        later_changes,
        questions: Vec::new(),
        proposal: None,
    };
    let earlier = approval_requested("z");
    let requests = vec![earlier, asked, approval_requested("b"), approval_requested("c")];
    scene.store.append(&lease, requests).await.unwrap();
    let answer = |id: &'static str, decision| {
        let (store, user) = (scene.store.clone(), scene.user.clone());
        async move { store.answer_approval(&user, turn.id, &call(id), decision).await.unwrap() }
    };
    // A later call was allowed first: its answer stays what it is.
    answer("c", ApprovalDecision::Once).await;
    let answered = answer("a", ApprovalDecision::No).await;
    let settled: Vec<_> = answered.events.iter().map(|stored| stored.event.clone()).collect();
    let no = ApprovalDecision::No;
    let because_of = Some(call("a"));
    assert_eq!(
        settled,
        [
            Event::ApprovalAnswered { call: call("a"), decision: no, because_of: None, reply: None },
            Event::ApprovalAnswered { call: call("b"), decision: no, because_of, reply: None },
        ]
    );
    assert!(scene.events(Detail::All).await.ends_with(&answered.events));
    assert!(!answered.resumed);
    assert_eq!(answer("b", ApprovalDecision::Once).await.decision, no);
    // What stands before it is still open.
    assert_eq!(scene.store.open_approvals(&scene.user, turn.id).await.unwrap(), [call("z")]);
    assert!(answer("z", ApprovalDecision::Once).await.resumed);
}

async fn a_stop_makes_the_turn_run_to_its_end(world: World) {
    let scene = world.scene().await;
    let (turn, lease) = scene.begin().await;
    scene.store.append(&lease, ["a", "b"].map(approval_requested).to_vec()).await.unwrap();
    let answer = |id: &'static str, decision| {
        let (store, user) = (scene.store.clone(), scene.user.clone());
        async move { store.answer_approval(&user, turn.id, &call(id), decision).await }
    };
    assert!(answer("b", ApprovalDecision::Stop).await.unwrap().resumed);
    assert_eq!(answer("b", ApprovalDecision::Once).await.unwrap().decision, ApprovalDecision::Stop);
    assert_refused!(answer("a", ApprovalDecision::Once).await, StoreError::TurnEnded(TurnStatus::Cancelled));
    // Whoever takes it needs nobody's credential: it only ends.
    let claim = scene.store.claim_turn(turn.id, scene.worker).await.unwrap().unwrap();
    assert!(claim.stop_requested);
    scene.store.append(&claim.lease, vec![finished(TurnEnd::Cancelled)]).await.unwrap();
}
