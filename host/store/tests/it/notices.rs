use bricklayer_domain::{ApprovalDecision, EventSeq};
use bricklayer_store::{Notice, Notices};
use sqlx::Connection as _;

use crate::harness::{World, approval_requested, call, on_both_engines, step_started, within};

on_both_engines!(every_append_is_noticed, stops_are_noticed, closing_ends_the_notices);

async fn next(notices: &mut Notices) -> Notice {
    within("a notice", notices.recv()).await.unwrap()
}

async fn every_append_is_noticed(world: World) {
    let scene = world.scene().await;
    let mut notices = scene.store.subscribe();
    let (turn, lease) = scene.begin().await;
    scene.store.append(&lease, vec![step_started(0), approval_requested("a")]).await.unwrap();
    scene.store.answer_approval(&scene.user, turn.id, &call("a"), ApprovalDecision::No).await.unwrap();
    for seq in [1, 3, 4] {
        let expected =
            Notice::Appended { conversation: scene.conversation.id, turn: turn.id, seq: EventSeq(seq), local: true };
        assert_eq!(next(&mut notices).await, expected);
    }
}

async fn stops_are_noticed(world: World) {
    let scene = world.scene().await;
    let mut notices = scene.store.subscribe();
    let (turn, _) = scene.begin().await;
    scene.store.request_stop(&scene.user, turn.id).await.unwrap();
    scene.store.delete_conversation(&scene.user, scene.conversation.id).await.unwrap();
    assert!(matches!(next(&mut notices).await, Notice::Appended { .. }));
    for _ in 0..2 {
        assert_eq!(next(&mut notices).await, Notice::StopRequested { turn: turn.id });
    }
}

async fn closing_ends_the_notices(world: World) {
    let store = world.store().await;
    let mut notices = store.subscribe();
    store.close().await;
    drop(store);
    assert_eq!(within("the end", notices.recv()).await, None);
}

/// Another host hears of everything, also after its connection was cut.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hosts_hear_each_other() {
    let world = World::postgres().await;
    let scene = world.scene().await;
    let other = world.store().await;
    let mut notices = other.subscribe();
    let (turn, lease) = scene.begin().await;
    scene.store.append(&lease, vec![step_started(0)]).await.unwrap();
    let appended =
        |seq| Notice::Appended { conversation: scene.conversation.id, turn: turn.id, seq: EventSeq(seq), local: false };
    assert_eq!(next(&mut notices).await, appended(1));
    assert_eq!(next(&mut notices).await, appended(2));
    scene.store.request_stop(&scene.user, turn.id).await.unwrap();
    assert_eq!(next(&mut notices).await, Notice::StopRequested { turn: turn.id });

    let mut admin = sqlx::PgConnection::connect(&world.postgres_address()).await.unwrap();
    sqlx::query(
        "select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and query ilike 'listen%'",
    )
    .execute(&mut admin)
    .await
    .unwrap();
    assert_eq!(next(&mut notices).await, Notice::Resync);
    // It listens again; what is appended from now on is heard.
    let mut step = 1;
    loop {
        scene.store.append(&lease, vec![step_started(step)]).await.unwrap();
        step += 1;
        let heard = tokio::time::timeout(std::time::Duration::from_millis(200), notices.recv()).await;
        match heard {
            Ok(Some(Notice::Appended { local: false, .. })) => break,
            Ok(Some(Notice::Resync)) | Err(_) => assert!(step < 100, "it never listened again"),
            other => panic!("{other:?}"),
        }
    }
}
