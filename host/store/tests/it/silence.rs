//! PostgreSQL behind a network that goes silent without a reset: whatever was under way comes back within its limit, and
//! what comes then works.

use std::time::Duration;

use bricklayer_store::test_support::Proxy;
use bricklayer_store::{Begun, Detail, NewTurn, Notice, Store, StoreError, StoreOptions, WorkerId};

use crate::harness::{World, completed, step_started, text_delta, within};

/// Short, so that the test is; the tests' machine answers in far less.
const LIMIT: Duration = Duration::from_secs(2);

async fn behind(world: &World) -> (Proxy, Store) {
    let proxy = Proxy::start(&world.postgres_address()).await.unwrap();
    let options = StoreOptions { statement_limit: Some(LIMIT), postgres_connections: 8, ..StoreOptions::default() };
    let store = Store::connect(&proxy.url().parse().unwrap(), options).await.unwrap();
    (proxy, store)
}

/// What every host does now and then, from one that the network did not leave.
fn reap(store: &Store) -> tokio::task::JoinSet<()> {
    let (mut task, store) = (tokio::task::JoinSet::new(), store.clone());
    task.spawn(async move {
        loop {
            let _ = store.end_silent_sessions().await;
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    });
    task
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_turn_goes_on_after_the_network_went_silent() {
    let world = World::postgres().await;
    let scene = world.scene().await;
    let (proxy, store) = behind(&world).await;
    let _reaper = reap(&scene.store);
    let worker = WorkerId::new();
    let mut leases = Vec::new();
    for _ in 0..16 {
        let new = NewTurn { conversation: None, ..scene.message("hi") };
        let Begun::New { lease, .. } = store.begin_turn(&scene.user, worker, new).await.unwrap() else { panic!() };
        leases.push(lease);
    }
    // Writers are in the middle of statements when the network goes.
    let began = std::sync::Arc::new(tokio::sync::Barrier::new(leases.len() + 1));
    let silent = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let mut busy = tokio::task::JoinSet::new();
    for lease in leases {
        let (store, began, silent) = (store.clone(), std::sync::Arc::clone(&began), std::sync::Arc::clone(&silent));
        busy.spawn(async move {
            let mut lease = lease;
            store.append(&lease, vec![step_started(0)]).await.unwrap();
            began.wait().await;
            // A writer that happened to use a new connection has nothing to notice.
            let mut after = 0;
            while after < 100 {
                match store.append(&lease, vec![step_started(0), text_delta(0, 0, "words")]).await {
                    Ok(_) => after += u32::from(silent.load(std::sync::atomic::Ordering::SeqCst)),
                    Err(StoreError::Unavailable(_) | StoreError::Locked(_)) => break,
                    Err(error) => panic!("{error:?}"),
                }
            }
            // What may have been written is settled by a new token, and then the turn goes on.
            let claim = loop {
                match store.refresh_lease(&lease).await {
                    Ok(claim) => break claim.expect("the lease is still held"),
                    Err(StoreError::Unavailable(_) | StoreError::Locked(_)) => {}
                    Err(error) => panic!("{error:?}"),
                }
            };
            lease = claim.lease;
            store.append(&lease, vec![completed()]).await.unwrap();
        });
    }
    began.wait().await;
    proxy.silence();
    silent.store(true, std::sync::atomic::Ordering::SeqCst);
    within("the end of all turns", busy.join_all()).await;
    assert_eq!(scene.store.count_turns_in_progress(&scene.user).await.unwrap(), 0);
    within("closing", store.close()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_were_idle_are_tested_and_notices_are_heard_again() {
    let world = World::postgres().await;
    let scene = world.scene().await;
    let (proxy, store) = behind(&world).await;
    // Fills the pool with connections that will be idle.
    let mut reads = tokio::task::JoinSet::new();
    for _ in 0..32 {
        let (store, user, id) = (store.clone(), scene.user.clone(), scene.conversation.id);
        reads.spawn(async move { store.get_conversation(&user, id).await.unwrap() });
    }
    reads.join_all().await;
    proxy.silence();
    let mut notices = store.subscribe();
    // Longer than a connection is trusted without a test.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    for _ in 0..16 {
        within("a read", store.get_conversation(&scene.user, scene.conversation.id)).await.unwrap();
    }
    within("the listener's new connection", async { while notices.recv().await != Some(Notice::Resync) {} }).await;
    let (turn, _) = scene.begin().await;
    within("a notice of another host", async {
        loop {
            if let Some(Notice::Appended { turn: told, .. }) = notices.recv().await
                && told == turn.id
            {
                return;
            }
        }
    })
    .await;
    within("closing", store.close()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_a_silent_host_held_are_free_for_others() {
    let world = World::postgres().await;
    let scene = world.scene().await;
    let (proxy, store) = behind(&world).await;
    let _reaper = reap(&scene.store);
    let new = NewTurn { conversation: None, ..scene.message("hi") };
    let Begun::New { turn, lease, .. } = store.begin_turn(&scene.user, WorkerId::new(), new).await.unwrap() else {
        panic!()
    };
    let mut busy = tokio::task::JoinSet::new();
    busy.spawn(async move { while store.append(&lease, vec![step_started(0)]).await.is_ok() {} });
    tokio::task::yield_now().await;
    proxy.silence();
    scene.store.request_stop(&scene.user, turn.id).await.unwrap();
    let claim = within("the turn", async {
        loop {
            if let Ok(Some(claim)) = scene.store.seize_stopped_turn(turn.id, WorkerId::new()).await {
                return claim;
            }
        }
    })
    .await;
    scene.store.append(&claim.lease, vec![completed()]).await.unwrap();
    let events = scene
        .store
        .events_after(&scene.user, turn.conversation, bricklayer_domain::EventSeq::START, 1000, Detail::All)
        .await
        .unwrap();
    assert_eq!(
        events.events.iter().map(|stored| stored.seq.0).collect::<Vec<_>>(),
        (1..=events.events.len() as i64).collect::<Vec<_>>()
    );
}
