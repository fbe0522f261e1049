//! Results as rows: killed at every write, left behind, and as the newest turn of their conversation left them. What is in
//! them is tested with the crate that fills them.

use std::os::unix::process::ExitStatusExt as _;

use bricklayer_domain::{
    ColumnType, LaneId, NewResult, ResultColumn, ResultCut, ResultHead, ResultId, ResultOrigin, ResultState, TurnId,
};
use bricklayer_store::{EndedResult, NewPiece, PageRequest, ResultPlace, Store, StoreError, crash_points};

use crate::crash::child;
use crate::harness::{Scene, World, assert_refused, completed, on_both_engines, user, within};

on_both_engines!(
    a_killed_host_leaves_a_partial_result_that_says_so,
    an_open_result_ends_with_its_turn,
    an_open_result_is_left_behind_when_nobody_sees_to_it,
    only_one_writer_appends,
);

const SIGABRT: i32 = 6;

fn new(scene: &Scene, turn: Option<TurnId>) -> NewResult {
    NewResult {
        user: scene.user.clone(),
        project: scene.project.id,
        conversation: scene.conversation.id,
        turn,
        lane: LaneId::MAIN,
        call: None,
        ordinal: 0,
        head: ResultHead::table(vec![ResultColumn { name: "n".into(), kind: ColumnType::Integer, source_type: None }]),
        origin: ResultOrigin::default(),
    }
}

fn piece(body: &[u8]) -> NewPiece {
    NewPiece { units: body.len() as u64, bytes: 8 * body.len() as u64, directory: vec![1; 8], body: body.to_vec() }
}

fn end() -> EndedResult {
    EndedResult { state: ResultState::Complete, cut: None, origin: ResultOrigin::default(), digest: Some("d".into()) }
}

fn place(scene: &Scene, id: ResultId, pieces: u32, units: u64) -> ResultPlace {
    ResultPlace { id, user: scene.user.clone(), conversation: scene.conversation.id, pieces, units }
}

/// What the child of [`a_killed_host_leaves_a_partial_result_that_says_so`] does: a result in three pieces.
pub(crate) async fn write(store: &Store) {
    let ann = user("ann@example.com");
    let project = store.list_projects(&ann, PageRequest::default()).await.unwrap().items.remove(0);
    let conversation =
        store.list_conversations(&ann, project.id, PageRequest::default()).await.unwrap().items.remove(0);
    let scene =
        Scene { store: store.clone(), user: ann, project, conversation, worker: bricklayer_store::WorkerId::new() };
    let id = ResultId::new();
    store.add_result(id, &new(&scene, None), Some(&piece(b"one")), None).await.unwrap();
    store.append_result_piece(&place(&scene, id, 1, 3), &piece(b"four"), None).await.unwrap();
    store.append_result_piece(&place(&scene, id, 2, 7), &piece(b"seven"), Some(&end())).await.unwrap();
}

async fn a_killed_host_leaves_a_partial_result_that_says_so(world: World) {
    let points = crash_points::POINTS.iter().filter(|point| point.contains("_result."));
    let points: Vec<_> = points.collect();
    assert_eq!(points.len(), 10);
    for point in points {
        let world = world.sibling().await;
        let scene = world.scene().await;
        let mut killed = child("result", &world.url, None);
        let output = within("the child's end", async {
            killed.env("BRICKLAYER_CRASH_AT", point);
            tokio::task::spawn_blocking(move || killed.output()).await.unwrap().unwrap()
        })
        .await;
        assert_eq!(output.status.signal(), Some(SIGABRT), "{point}: {output:?}");
        let store = world.store().await;
        let results =
            store.list_results(&scene.user, scene.conversation.id, PageRequest::default()).await.unwrap().items;
        let committed = point.ends_with(".committed");
        let is_append = point.starts_with("store.append");
        if !is_append && !committed {
            assert!(results.is_empty(), "{point}");
            continue;
        }
        let [result] = &results[..] else { panic!("{point}: {results:?}") };
        let rows = if !is_append || !committed { 3 } else { 7 };
        assert_eq!((result.state, result.rows), (ResultState::Open, rows), "{point}");
        let pieces = store.result_pieces(&scene.user, result.id).await.unwrap();
        assert_eq!(pieces.iter().map(|piece| piece.units).sum::<u64>(), rows, "{point}: counts and pieces agree");
        for piece in &pieces {
            let body = store.read_result_piece(&scene.user, result.id, piece.number, 0, 100).await.unwrap();
            assert_eq!(body.len() as u64, piece.size_bytes, "{point}");
        }
        // The child's clock is ahead of this world's.
        world.clock.advance(std::time::Duration::from_secs(100 * 365 * 86_400));
        assert_eq!(store.settle_lost_results().await.unwrap(), 1, "{point}");
        let settled = store.get_result(&scene.user, result.id).await.unwrap();
        assert_eq!((settled.state, settled.cut), (ResultState::Partial, Some(ResultCut::Lost)), "{point}");
        assert_eq!(store.settle_lost_results().await.unwrap(), 0);
    }
}

async fn an_open_result_ends_with_its_turn(world: World) {
    let scene = world.scene().await;
    let (turn, lease) = scene.begin().await;
    let id = ResultId::new();
    scene.store.add_result(id, &new(&scene, Some(turn.id)), Some(&piece(b"one")), None).await.unwrap();
    let state = async || {
        let result = scene.store.get_result(&scene.user, id).await.unwrap();
        (result.state, result.cut)
    };
    assert_eq!(scene.store.settle_lost_results().await.unwrap(), 0);
    assert_eq!(state().await, (ResultState::Open, None));
    scene.store.append(&lease, vec![completed()]).await.unwrap();
    assert_eq!(state().await, (ResultState::Partial, Some(ResultCut::Lost)), "before anybody swept");
    assert_eq!(scene.store.settle_lost_results().await.unwrap(), 1);
    assert_eq!(state().await, (ResultState::Partial, Some(ResultCut::Lost)));
    let late = scene.store.append_result_piece(&place(&scene, id, 1, 3), &piece(b"x"), None).await;
    assert_refused!(late, StoreError::ResultEnded);
}

async fn an_open_result_is_left_behind_when_nobody_sees_to_it(world: World) {
    let scene = world.scene().await;
    let id = ResultId::new();
    scene.store.add_result(id, &new(&scene, None), None, None).await.unwrap();
    for _ in 0..3 {
        world.clock.advance(std::time::Duration::from_secs(500));
        scene.store.touch_results(&[id]).await.unwrap();
        assert_eq!(scene.store.settle_lost_results().await.unwrap(), 0);
    }
    world.clock.advance(std::time::Duration::from_secs(601));
    assert_eq!(scene.store.settle_lost_results().await.unwrap(), 1);
}

async fn only_one_writer_appends(world: World) {
    let scene = world.scene().await;
    let id = ResultId::new();
    scene.store.add_result(id, &new(&scene, None), Some(&piece(b"one")), None).await.unwrap();
    let at = place(&scene, id, 1, 3);
    scene.store.append_result_piece(&at, &piece(b"two"), None).await.unwrap();
    assert_refused!(scene.store.append_result_piece(&at, &piece(b"two"), None).await, StoreError::ResultEnded);
    let eves = ResultPlace { user: user("eve@example.com"), ..place(&scene, id, 2, 6) };
    assert_refused!(scene.store.append_result_piece(&eves, &piece(b"x"), None).await, StoreError::NotFound(_));
    scene.store.end_result(&place(&scene, id, 2, 6), &end()).await.unwrap();
    assert_refused!(scene.store.end_result(&place(&scene, id, 2, 6), &end()).await, StoreError::ResultEnded);
    let result = scene.store.get_result(&scene.user, id).await.unwrap();
    assert_eq!((result.rows, result.pieces, result.state), (6, 2, ResultState::Complete));
    // A small one is one row.
    let blobs = world.raw("update result_blobs set digest = digest").await;
    let small = ResultId::new();
    scene.store.add_result(small, &new(&scene, None), Some(&piece(b"small")), Some(&end())).await.unwrap();
    assert_eq!(world.raw("update result_blobs set digest = digest").await, blobs);
    assert_eq!(scene.store.result_pieces(&scene.user, small).await.unwrap().len(), 1);
    assert_eq!(scene.store.read_result_piece(&scene.user, small, 0, 1, 3).await.unwrap(), b"mal");
}
