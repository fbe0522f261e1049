use std::collections::HashSet;
use std::time::Duration;

use bricklayer_domain::TurnId;
use bricklayer_store::{Detail, Lease, Orphaned, Stop, Store, StoreError, StoreOptions, WorkerId};

use crate::harness::{
    Scene, World, approval_requested, assert_refused, completed, on_both_engines, step_started, user,
};

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
    a_host_whose_clock_is_wrong_neither_takes_nor_loses_turns,
);

async fn a_stale_lease_is_refused(world: World) {
    let scene = world.scene().await;
    let (turn, stale) = scene.begin().await;
    world.pass(scene.store.lease_duration()).await;
    // Expired but not taken over: still its own.
    scene.store.append(&stale, vec![step_started(0)]).await.unwrap();
    world.pass(scene.store.lease_duration()).await;
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
    world.pass(scene.store.lease_duration() / 2).await;
    assert!(scene.store.claim_turn(turn.id, WorkerId::new()).await.unwrap().is_none());
    assert!(scene.store.claim_orphans_of(&scene.user, WorkerId::new(), 10).await.unwrap().is_empty());
}

async fn appending_renews(world: World) {
    let scene = world.scene().await;
    let (turn, lease) = scene.begin().await;
    for step in 0..3 {
        world.pass(scene.store.lease_duration() * 3 / 4).await;
        assert!(scene.store.claim_turn(turn.id, WorkerId::new()).await.unwrap().is_none());
        scene.store.append(&lease, vec![step_started(step)]).await.unwrap();
    }
}

async fn renewing_keeps_and_reports(world: World) {
    let scene = world.scene().await;
    let (turn, lease) = scene.begin().await;
    world.pass(scene.store.lease_duration() * 3 / 4).await;
    let held = scene.store.renew_leases(scene.worker).await.unwrap();
    assert_eq!(held.iter().map(|h| &h.lease).collect::<Vec<_>>(), [&lease]);
    world.pass(scene.store.lease_duration() / 2).await;
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
        world.pass(scene.store.lease_duration()).await;
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
    world.pass(scene.store.lease_duration()).await;
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
    world.pass(Duration::from_secs(86_400)).await;
    assert!(scene.store.claim_orphans_of(&scene.user, WorkerId::new(), 10).await.unwrap().is_empty());
    assert_eq!(scene.store.void_leases_of_others(WorkerId::new()).await.unwrap(), 0);
}

async fn orphans_wait_for_who_has_their_user(world: World) {
    let scene = world.scene().await;
    let (turn, _) = scene.begin().await;
    assert!(scene.store.users_with_orphans(10).await.unwrap().is_empty(), "a held turn is no orphan");
    world.pass(scene.store.lease_duration()).await;
    let orphaned = Orphaned { user: scene.user.clone(), stop_requested: false };
    assert_eq!(scene.store.users_with_orphans(10).await.unwrap(), [orphaned]);
    let bob = user("bob@example.com");
    assert!(scene.store.claim_orphans_of(&bob, WorkerId::new(), 10).await.unwrap().is_empty());
    assert!(scene.store.claim_stopped_orphans(WorkerId::new(), 10, Duration::ZERO).await.unwrap().is_empty());
    let claims = scene.store.claim_orphans_of(&scene.user, WorkerId::new(), 10).await.unwrap();
    assert_eq!(claims.iter().map(|c| c.turn.id).collect::<Vec<_>>(), [turn.id]);
    assert!(scene.store.users_with_orphans(10).await.unwrap().is_empty());
}

async fn a_stopped_orphan_is_anybodys(world: World) {
    let scene = world.scene().await;
    let (turn, _) = scene.begin().await;
    scene.store.request_stop(&scene.user, turn.id).await.unwrap();
    assert!(
        scene.store.claim_stopped_orphans(WorkerId::new(), 10, Duration::ZERO).await.unwrap().is_empty(),
        "its holder ends it"
    );
    world.pass(scene.store.lease_duration()).await;
    let hour = Duration::from_secs(3600);
    assert!(scene.store.claim_stopped_orphans(WorkerId::new(), 10, hour).await.unwrap().is_empty(), "not yet");
    world.pass(hour).await;
    let claims = scene.store.claim_stopped_orphans(WorkerId::new(), 10, hour).await.unwrap();
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

/// Hosts share PostgreSQL's clock; a SQLite file has one host, and that host's clock may be off as it likes.
async fn a_host_whose_clock_is_wrong_neither_takes_nor_loses_turns(world: World) {
    let scene = world.scene().await;
    for clock in [world.clock_off_by(86_400), world.clock_off_by(-86_400)] {
        let options = StoreOptions { clock, ..world.options() };
        let wrong = Store::connect(&world.url, options).await.unwrap();
        let (user, project, conversation) = (scene.user.clone(), scene.project.clone(), scene.conversation.clone());
        let wrong = Scene { store: wrong, user, project, conversation, worker: WorkerId::new() };
        // Only the hosts of PostgreSQL are several.
        let several = wrong.store.engine_name() == "postgres";
        let (mine, theirs) = (fresh(&scene).await, fresh(&wrong).await);
        if several {
            for (store, turn) in [(&wrong.store, mine.0), (&scene.store, theirs.0)] {
                assert!(store.claim_turn(turn, WorkerId::new()).await.unwrap().is_none());
                assert!(store.users_with_orphans(10).await.unwrap().is_empty());
                assert!(store.claim_orphans_of(&scene.user, WorkerId::new(), 10).await.unwrap().is_empty());
            }
        }
        // What it renews, appends to, takes anew and is asked to stop stays its own.
        assert_eq!(wrong.store.renew_leases(wrong.worker).await.unwrap().len(), 1);
        wrong.store.append(&theirs.1, vec![step_started(0)]).await.unwrap();
        let lease = wrong.store.refresh_lease(&theirs.1).await.unwrap().unwrap().lease;
        let stop = scene.store.request_stop(&scene.user, theirs.0).await.unwrap();
        if several {
            assert_eq!(stop, Stop::Requested { claimable: false });
            assert!(scene.store.claim_turn(theirs.0, WorkerId::new()).await.unwrap().is_none());
        }
        // What it lets go is free at once, and what ran out is its to take.
        assert!(wrong.store.release_lease(&lease).await.unwrap());
        let claim = wrong.store.claim_turn(theirs.0, wrong.worker).await.unwrap().unwrap();
        wrong.store.append(&claim.lease, vec![completed()]).await.unwrap();
        if several {
            world.pass(scene.store.lease_duration()).await;
            let claim = wrong.store.claim_turn(mine.0, wrong.worker).await.unwrap().unwrap();
            wrong.store.append(&claim.lease, vec![completed()]).await.unwrap();
        } else {
            scene.store.append(&mine.1, vec![completed()]).await.unwrap();
        }
    }
}

/// A turn in a conversation of its own.
async fn fresh(scene: &Scene) -> (TurnId, Lease) {
    let conversation = scene.store.create_conversation(&scene.user, scene.project.id, None).await.unwrap();
    let (turn, lease) = scene.begin_in(conversation.id).await;
    (turn.id, lease)
}
