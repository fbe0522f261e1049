use std::collections::HashSet;
use std::time::Duration;

use bricklayer_store::{Detail, Orphaned, StoreError, WorkerId};

use crate::harness::{World, approval_requested, assert_refused, completed, on_both_engines, step_started, user};

on_both_engines!(
    a_stale_lease_is_refused,
    a_live_lease_is_not_taken,
    appending_renews,
    renewing_keeps_and_reports,
    two_workers_race_for_a_turn,
    orphans_go_to_one_worker_each,
    released_turns_are_free_at_once,
    one_released_turn_is_free_at_once,
    a_lone_host_takes_its_old_turns_at_once,
    a_parked_turn_is_no_orphan,
    orphans_wait_for_who_has_their_user,
    a_stopped_orphan_is_anybodys,
    a_stopped_turn_is_taken_from_a_holder_that_does_not_end_it,
    a_refreshed_lease_replaces_the_old_one,
);

async fn a_stale_lease_is_refused(world: World) {
    let scene = world.scene().await;
    let (turn, stale) = scene.begin().await;
    world.clock.advance(scene.store.lease_duration());
    // Expired but not taken over: still its own.
    scene.store.append(&stale, vec![step_started(0)]).await.unwrap();
    world.clock.advance(scene.store.lease_duration());
    let claim = scene.store.claim_turn(turn.id, WorkerId::new()).await.unwrap().unwrap();
    assert_eq!((claim.turn.id, claim.stop_requested), (turn.id, false));
    assert_refused!(scene.store.append(&stale, vec![step_started(1)]).await, StoreError::LostLease);
    assert_refused!(scene.store.append(&stale, vec![completed()]).await, StoreError::LostLease);
    scene.store.append(&claim.lease, vec![step_started(1)]).await.unwrap();
    assert_eq!(scene.events(Detail::All).await.len(), 3);
    assert!(scene.store.renew_leases(scene.worker).await.unwrap().is_empty());
}

async fn a_live_lease_is_not_taken(world: World) {
    let scene = world.scene().await;
    let (turn, _) = scene.begin().await;
    world.clock.advance(scene.store.lease_duration() - Duration::from_millis(1));
    assert!(scene.store.claim_turn(turn.id, WorkerId::new()).await.unwrap().is_none());
    assert!(scene.store.claim_orphans_of(&scene.user, WorkerId::new(), 10).await.unwrap().is_empty());
}

async fn appending_renews(world: World) {
    let scene = world.scene().await;
    let (turn, lease) = scene.begin().await;
    for step in 0..3 {
        world.clock.advance(scene.store.lease_duration() - Duration::from_secs(1));
        assert!(scene.store.claim_turn(turn.id, WorkerId::new()).await.unwrap().is_none());
        scene.store.append(&lease, vec![step_started(step)]).await.unwrap();
    }
}

async fn renewing_keeps_and_reports(world: World) {
    let scene = world.scene().await;
    let (turn, lease) = scene.begin().await;
    world.clock.advance(scene.store.lease_duration() - Duration::from_secs(1));
    let held = scene.store.renew_leases(scene.worker).await.unwrap();
    assert_eq!(held.iter().map(|h| &h.lease).collect::<Vec<_>>(), [&lease]);
    world.clock.advance(Duration::from_secs(2));
    assert!(scene.store.claim_turn(turn.id, WorkerId::new()).await.unwrap().is_none());
    assert!(scene.store.renew_leases(WorkerId::new()).await.unwrap().is_empty());
    scene.store.append(&lease, vec![completed()]).await.unwrap();
    assert!(scene.store.renew_leases(scene.worker).await.unwrap().is_empty());
}

async fn two_workers_race_for_a_turn(world: World) {
    let scene = world.scene().await;
    let second = world.store().await;
    let (turn, _) = scene.begin().await;
    for round in 0..10 {
        world.clock.advance(scene.store.lease_duration());
        let mut tasks = tokio::task::JoinSet::new();
        for index in 0..8 {
            let store = if index % 2 == 0 { scene.store.clone() } else { second.clone() };
            tasks.spawn(async move { store.claim_turn(turn.id, WorkerId::new()).await.unwrap() });
        }
        let claims: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
        assert_eq!(claims.len(), 1, "round {round}");
        second.append(&claims[0].lease, vec![step_started(round)]).await.unwrap();
    }
}

async fn orphans_go_to_one_worker_each(world: World) {
    let scene = world.scene().await;
    let second = world.store().await;
    let mut begun = HashSet::new();
    for _ in 0..20 {
        let conversation = scene.store.create_conversation(&scene.user, scene.project.id, None).await.unwrap();
        begun.insert(scene.begin_in(conversation.id).await.0.id);
    }
    world.clock.advance(scene.store.lease_duration());
    let mut tasks = tokio::task::JoinSet::new();
    for store in [scene.store.clone(), second, scene.store.clone()] {
        let user = scene.user.clone();
        tasks.spawn(async move {
            let worker = WorkerId::new();
            let mut mine = Vec::new();
            loop {
                let claims = store.claim_orphans_of(&user, worker, 3).await.unwrap();
                assert!(claims.len() <= 3);
                if claims.is_empty() {
                    return mine;
                }
                mine.extend(claims);
            }
        });
    }
    let claims: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
    assert_eq!(claims.len(), begun.len(), "each turn is taken once");
    assert_eq!(claims.iter().map(|c| c.turn.id).collect::<HashSet<_>>(), begun);
    for claim in claims {
        scene.store.append(&claim.lease, vec![completed()]).await.unwrap();
    }
}

async fn released_turns_are_free_at_once(world: World) {
    let scene = world.scene().await;
    let (turn, lease) = scene.begin().await;
    assert_eq!(scene.store.release_leases(scene.worker).await.unwrap(), 1);
    assert_refused!(scene.store.append(&lease, vec![step_started(0)]).await, StoreError::LostLease);
    let claims = scene.store.claim_orphans_of(&scene.user, WorkerId::new(), 10).await.unwrap();
    assert_eq!(claims.iter().map(|c| c.turn.id).collect::<Vec<_>>(), [turn.id]);
}

async fn one_released_turn_is_free_at_once(world: World) {
    let scene = world.scene().await;
    let (turn, lease) = scene.begin().await;
    assert!(scene.store.release_lease(&lease).await.unwrap());
    assert!(!scene.store.release_lease(&lease).await.unwrap(), "a lease that was let go is not current");
    assert_refused!(scene.store.append(&lease, vec![step_started(0)]).await, StoreError::LostLease);
    let claim = scene.store.claim_turn(turn.id, WorkerId::new()).await.unwrap();
    assert_eq!(claim.map(|claim| claim.turn.id), Some(turn.id));
}

async fn a_lone_host_takes_its_old_turns_at_once(world: World) {
    let scene = world.scene().await;
    let (turn, old) = scene.begin().await;
    assert_eq!(scene.store.void_leases_of_others(scene.worker).await.unwrap(), 0);
    let restarted = WorkerId::new();
    assert_eq!(scene.store.void_leases_of_others(restarted).await.unwrap(), 1);
    assert_refused!(scene.store.append(&old, vec![step_started(0)]).await, StoreError::LostLease);
    let claims = scene.store.claim_orphans_of(&scene.user, restarted, 10).await.unwrap();
    assert_eq!(claims.iter().map(|c| c.turn.id).collect::<Vec<_>>(), [turn.id]);
}

async fn a_parked_turn_is_no_orphan(world: World) {
    let scene = world.scene().await;
    let (_, lease) = scene.begin().await;
    scene.store.append(&lease, vec![approval_requested("a")]).await.unwrap();
    world.clock.advance(Duration::from_secs(86_400));
    assert!(scene.store.claim_orphans_of(&scene.user, WorkerId::new(), 10).await.unwrap().is_empty());
    assert_eq!(scene.store.void_leases_of_others(WorkerId::new()).await.unwrap(), 0);
}

async fn orphans_wait_for_who_has_their_user(world: World) {
    let scene = world.scene().await;
    let (turn, _) = scene.begin().await;
    assert!(scene.store.users_with_orphans(10).await.unwrap().is_empty(), "a held turn is no orphan");
    world.clock.advance(scene.store.lease_duration());
    let orphaned = Orphaned { user: scene.user.clone(), stop_requested: false };
    assert_eq!(scene.store.users_with_orphans(10).await.unwrap(), [orphaned]);
    let bob = user("bob@example.com");
    assert!(scene.store.claim_orphans_of(&bob, WorkerId::new(), 10).await.unwrap().is_empty());
    assert!(scene.store.claim_stopped_orphans(WorkerId::new(), 10).await.unwrap().is_empty());
    let claims = scene.store.claim_orphans_of(&scene.user, WorkerId::new(), 10).await.unwrap();
    assert_eq!(claims.iter().map(|c| c.turn.id).collect::<Vec<_>>(), [turn.id]);
    assert!(scene.store.users_with_orphans(10).await.unwrap().is_empty());
}

async fn a_stopped_orphan_is_anybodys(world: World) {
    let scene = world.scene().await;
    let (turn, _) = scene.begin().await;
    scene.store.request_stop(&scene.user, turn.id).await.unwrap();
    assert!(scene.store.claim_stopped_orphans(WorkerId::new(), 10).await.unwrap().is_empty(), "its holder ends it");
    world.clock.advance(scene.store.lease_duration());
    let claims = scene.store.claim_stopped_orphans(WorkerId::new(), 10).await.unwrap();
    assert_eq!(claims.iter().map(|c| (c.turn.id, c.stop_requested)).collect::<Vec<_>>(), [(turn.id, true)]);
}

async fn a_stopped_turn_is_taken_from_a_holder_that_does_not_end_it(world: World) {
    let scene = world.scene().await;
    let (turn, lease) = scene.begin().await;
    let other = WorkerId::new();
    assert!(scene.store.seize_stopped_turn(turn.id, other).await.unwrap().is_none(), "nobody asked to stop it");
    scene.store.request_stop(&scene.user, turn.id).await.unwrap();
    assert!(scene.store.seize_stopped_turn(turn.id, scene.worker).await.unwrap().is_none(), "not from itself");
    let claim = scene.store.seize_stopped_turn(turn.id, other).await.unwrap().unwrap();
    assert!(claim.stop_requested);
    assert_refused!(scene.store.append(&lease, vec![completed()]).await, StoreError::LostLease);
    scene.store.append(&claim.lease, vec![completed()]).await.unwrap();
    assert!(scene.store.seize_stopped_turn(turn.id, WorkerId::new()).await.unwrap().is_none(), "it has ended");
}

async fn a_refreshed_lease_replaces_the_old_one(world: World) {
    let scene = world.scene().await;
    let (turn, old) = scene.begin().await;
    let fresh = scene.store.refresh_lease(&old).await.unwrap().unwrap();
    assert_eq!(fresh.turn.id, turn.id);
    assert_refused!(scene.store.append(&old, vec![step_started(0)]).await, StoreError::LostLease);
    assert!(scene.store.refresh_lease(&old).await.unwrap().is_none());
    scene.store.append(&fresh.lease, vec![completed()]).await.unwrap();
    assert!(scene.store.refresh_lease(&fresh.lease).await.unwrap().is_none());
}
