use bricklayer_domain::{ApprovalDecision, ConversationId, EventSeq, ProjectId, Title};
use bricklayer_store::{Notice, Notices};
use sqlx::Connection as _;

use crate::harness::{World, approval_requested, call, completed, on_both_engines, step_started, within};

on_both_engines!(every_append_is_noticed, what_lists_show_is_told, stops_are_noticed, closing_ends_the_notices);

async fn next(notices: &mut Notices) -> Notice {
    loop {
        match within("a notice", notices.recv()).await.unwrap() {
            Notice::ProjectChanged { .. } => {}
            other => return other,
        }
    }
}

/// What lists show of a project.
async fn next_change(notices: &mut Notices) -> (ProjectId, Option<ConversationId>) {
    loop {
        if let Notice::ProjectChanged { project, conversation } = within("a change", notices.recv()).await.unwrap() {
            return (project, conversation);
        }
    }
}

async fn what_lists_show_is_told(world: World) {
    let scene = world.scene().await;
    let mut notices = scene.store.subscribe();
    let (store, user, project) = (&scene.store, &scene.user, scene.project.id);
    let told = async |notices: &mut Notices, conversation| {
        assert_eq!(next_change(notices).await, (project, conversation));
    };
    let made = store.create_conversation(user, project, None).await.unwrap().id;
    told(&mut notices, Some(made)).await;
    store.rename_conversation(user, made, &Title::parse("x").unwrap()).await.unwrap();
    told(&mut notices, Some(made)).await;
    let begun = Some(scene.conversation.id);
    let (turn, lease) = scene.begin().await;
    told(&mut notices, begun).await;
    // What runs on changes no list; waiting, going on and the end do.
    store.append(&lease, vec![step_started(0)]).await.unwrap();
    store.append(&lease, vec![approval_requested("a")]).await.unwrap();
    told(&mut notices, begun).await;
    store.answer_approval(user, turn.id, &call("a"), ApprovalDecision::No).await.unwrap();
    told(&mut notices, begun).await;
    let claim = store.claim_turn(turn.id, scene.worker).await.unwrap().unwrap();
    store.append(&claim.lease, vec![completed()]).await.unwrap();
    told(&mut notices, begun).await;
    store.delete_conversation(user, made).await.unwrap();
    told(&mut notices, Some(made)).await;
    store.delete_project(user, project).await.unwrap();
    told(&mut notices, None).await;
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
