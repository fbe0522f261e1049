//! Writers that are dropped, bounds, retention, strangers, damage.

use bricklayer_domain::{
    ColumnType, ResultContent, ResultCut, ResultId, ResultOrigin, ResultState, StoredResult, ToolOutcome,
};
use bricklayer_results::{
    Appended, Format, MAX_PIECE_ROWS, ResultEnd, Results, ResultsError, ResultsSettings, RowsError, ViewRequest,
};
use bricklayer_store::{EndedResult, NewPiece, PageRequest, ResultLimits, Store, StoreError, StoreOptions};
use futures::TryStreamExt as _;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::support::{Scene, on_both_engines, user};

on_both_engines!(
    a_dropped_writer_leaves_what_it_had,
    bounds_keep_what_fits_and_say_so,
    results_go_with_their_conversation,
    the_same_rows_take_room_once,
    what_is_told_early_is_stored_when_it_is_settled,
    what_was_told_early_and_not_kept_is_put_right,
    a_stranger_finds_nothing,
    results_are_kept_as_long_as_they_may,
);

const N: &[(&str, ColumnType)] = &[("n", ColumnType::Integer), ("t", ColumnType::String)];

fn rows(from: usize, count: usize) -> Vec<Vec<Value>> {
    (from..from + count).map(|row| vec![json!(row.to_string()), json!(format!("row {row}"))]).collect()
}

fn bytes(rows: &[Vec<Value>]) -> Vec<u8> {
    json!(rows).to_string().into_bytes()
}

async fn only(scene: &Scene) -> Option<StoredResult> {
    let page = scene.results.list(&scene.user, scene.conversation.id, PageRequest::default()).await.unwrap();
    assert!(page.items.len() <= 1, "{page:?}");
    page.items.into_iter().next()
}

async fn a_dropped_writer_leaves_what_it_had(scene: Scene) {
    // Nothing.
    drop(scene.results.open(scene.of(ResultContent::Table, N)).unwrap());
    let mut writer = scene.results.open(scene.of(ResultContent::Table, N)).unwrap();
    writer.append_json(&bytes(&rows(0, MAX_PIECE_ROWS + 3))).await.unwrap();
    let open = only(&scene).await.unwrap();
    assert_eq!((open.state, open.rows), (ResultState::Open, MAX_PIECE_ROWS as u64), "what is there can be read");
    assert_eq!(scene.rows(open.id, &ViewRequest::default(), 1_000).await.unwrap().len(), MAX_PIECE_ROWS);
    drop(writer);
    // What it leaves is stored before the host leaves.
    let leave = CancellationToken::new();
    leave.cancel();
    scene.results.clone().run(leave).await;
    let left = only(&scene).await.unwrap();
    assert_eq!((left.state, left.cut), (ResultState::Partial, Some(ResultCut::Interrupted)));
    assert_eq!(left.rows, MAX_PIECE_ROWS as u64 + 3);
    assert_eq!(scene.rows(left.id, &ViewRequest::default(), 1_000).await.unwrap(), rows(0, MAX_PIECE_ROWS + 3));
    assert!(left.digest.is_some());
}

async fn bounds_keep_what_fits_and_say_so(scene: Scene) {
    let limits = ResultLimits { result_rows: 10, ..ResultLimits::default() };
    let scene = scene.within(limits).await;
    let mut writer = scene.results.open(scene.of(ResultContent::Table, N)).unwrap();
    assert_eq!(writer.append_json(&bytes(&rows(0, 10))).await.unwrap(), Appended::Taken);
    assert_eq!(writer.append_json(&bytes(&rows(10, 10))).await.unwrap(), Appended::Full(ResultCut::ResultLimit));
    let stored = writer.finish(ResultEnd::default()).await.unwrap();
    assert_eq!((stored.rows, stored.state, stored.cut), (10, ResultState::Complete, Some(ResultCut::ResultLimit)));
    assert_eq!(scene.rows(stored.id, &ViewRequest::default(), 5).await.unwrap(), rows(0, 10));

    let used = stored.stored_bytes;
    for (limits, cut) in [
        (ResultLimits { result_bytes: 100_000, ..ResultLimits::default() }, ResultCut::ResultLimit),
        (ResultLimits { conversation_bytes: used + 100_000, ..ResultLimits::default() }, ResultCut::ConversationLimit),
        (ResultLimits { user_bytes: (2 << 20) + 100_000, ..ResultLimits::default() }, ResultCut::UserLimit),
    ] {
        let conversation = scene.store.create_conversation(&scene.user, scene.project.id, None).await.unwrap();
        let scene = Scene::within(Scene { conversation, ..Scene::sibling(&scene).await }, limits).await;
        let mut writer = scene.results.open(scene.of(ResultContent::File, &[])).unwrap();
        let noise: Vec<u8> = (0..5_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        assert_eq!(writer.append_bytes(&noise).await.unwrap(), Appended::Full(cut), "{cut:?}");
        let stored = writer.finish(ResultEnd::default()).await.unwrap();
        assert_eq!((stored.cut, stored.state), (Some(cut), ResultState::Complete));
        assert!(stored.bytes < 3 << 20, "{stored:?}");
        scene.store.delete_conversation(&scene.user, scene.conversation.id).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_leaves_a_partial_result_that_says_so() {
    // 4 MiB for all of it, as a disk that is full then.
    let scene = Scene::sqlite().await;
    let options = StoreOptions { sqlite_max_pages: Some(1_024), ..StoreOptions::default() };
    let store = Store::connect(&scene.url, options).await.unwrap();
    let scene = Scene { results: Results::new(store.clone(), ResultsSettings::default()), store, ..scene };
    let mut writer = scene.results.open(scene.of(ResultContent::File, &[])).unwrap();
    let noise: Vec<u8> = (0..8_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    assert_eq!(writer.append_bytes(&noise).await.unwrap(), Appended::Full(ResultCut::StorageFull));
    let stored = writer.finish(ResultEnd::default()).await.unwrap();
    assert_eq!((stored.state, stored.cut), (ResultState::Partial, Some(ResultCut::StorageFull)));
    assert!(ResultCut::StorageFull.advice().contains("tell the operator"));
    // What was kept before is there, and can be read.
    let kept = usize::try_from(stored.bytes).unwrap();
    assert!((1 << 20..4 << 20).contains(&kept), "{kept}");
    let content = scene.results.content(&scene.user, stored.id, 0, None).await.unwrap();
    let content: Vec<_> = content.stream.try_collect().await.unwrap();
    assert_eq!(content.concat(), noise[..kept]);
    // Room that comes back is used again.
    scene.store.delete_conversation(&scene.user, scene.conversation.id).await.unwrap();
    let conversation = scene.store.create_conversation(&scene.user, scene.project.id, None).await.unwrap();
    let scene = Scene { conversation, ..scene };
    scene.write(N, &rows(0, 100)).await;
}

/// A small result told of before it is stored, and the outcome that tells of it, settled.
async fn told_early(scene: &Scene) -> (ResultId, ToolOutcome) {
    let mut writer = scene.results.open(scene.of(ResultContent::Table, N)).unwrap();
    let id = writer.id();
    writer.append_json(&bytes(&rows(0, 3))).await.unwrap();
    let written = writer.finish_early(ResultEnd::default()).await.unwrap();
    assert_eq!((written.reference.rows, written.reference.state), (3, ResultState::Complete));
    let mut outcome =
        ToolOutcome { results: vec![written.reference], ..ToolOutcome::text(format!("Done.{}", written.told)) };
    scene.results.settle(&mut outcome).await;
    (id, outcome)
}

async fn what_is_told_early_is_stored_when_it_is_settled(scene: Scene) {
    for _ in 0..20 {
        let (id, outcome) = told_early(&scene).await;
        let stored = scene.results.describe(&scene.user, id).await.unwrap();
        let [told] = outcome.results.as_slice() else { panic!("one result: {outcome:?}") };
        assert_eq!(
            (told.rows, told.bytes, told.state, told.cut),
            (stored.rows, stored.bytes, stored.state, stored.cut)
        );
        assert!(outcome.content.contains(", 3 rows, 2 columns, whole."), "{outcome:?}");
        assert_eq!(scene.rows(id, &ViewRequest::default(), 9).await.unwrap(), rows(0, 3));
    }
    // Whoever reads it before it is settled waits for it.
    for _ in 0..20 {
        let mut writer = scene.results.open(scene.of(ResultContent::Text, &[])).unwrap();
        writer.append_bytes(b"small").await.unwrap();
        let id = writer.finish_early(ResultEnd::default()).await.unwrap().reference.id;
        assert_eq!(scene.results.describe(&scene.user, id).await.unwrap().bytes, 5);
    }
    // One that is long, and stored in part already, is told of when it is stored.
    let mut writer = scene.results.open(scene.of(ResultContent::Table, N)).unwrap();
    writer.append_json(&bytes(&rows(0, MAX_PIECE_ROWS + 3))).await.unwrap();
    let written = writer.finish_early(ResultEnd::default()).await.unwrap();
    let stored = scene.results.describe(&scene.user, written.reference.id).await.unwrap();
    assert_eq!((stored.rows, stored.state), (MAX_PIECE_ROWS as u64 + 3, ResultState::Complete));
}

async fn what_was_told_early_and_not_kept_is_put_right(scene: Scene) {
    let full = scene.within(ResultLimits { conversation_bytes: 1, ..ResultLimits::default() }).await;
    let (id, outcome) = told_early(&full).await;
    let [told] = outcome.results.as_slice() else { panic!("one result: {outcome:?}") };
    assert_eq!((told.id, told.rows, told.cut), (id, 0, Some(ResultCut::ConversationLimit)));
    assert!(outcome.content.contains("not all of it") && !outcome.content.contains("whole"), "{outcome:?}");
    full.store.delete_conversation(&full.user, full.conversation.id).await.unwrap();
    let (id, outcome) = told_early(&full).await;
    assert_eq!(outcome.results, []);
    assert!(outcome.content.starts_with("Done.") && outcome.content.contains("could not be kept"), "{outcome:?}");
    assert!(!outcome.content.contains(&id.to_string()));
    // A picture that the model was to see, told of in other words.
    let mut writer = full.results.open(full.of(ResultContent::Image, &[])).unwrap();
    writer.append_bytes(b"picture").await.unwrap();
    let reference = writer.finish_early(ResultEnd::default()).await.unwrap().reference;
    let shown = vec![reference.id];
    let mut outcome = ToolOutcome { results: vec![reference], shown, ..ToolOutcome::text("[a.png: shown.]") };
    full.results.settle(&mut outcome).await;
    assert_eq!((outcome.results.len(), outcome.shown.len()), (0, 0));
    assert!(outcome.content.starts_with("[a.png: shown.]") && outcome.content.contains("could not be kept"));
}

async fn results_go_with_their_conversation(scene: Scene) {
    let id = scene.write(N, &rows(0, MAX_PIECE_ROWS + 1)).await;
    let small = scene.write(N, &rows(0, 3)).await;
    let page =
        scene.results.list(&scene.user, scene.conversation.id, PageRequest { after: None, limit: 1 }).await.unwrap();
    assert_eq!((page.items[0].id, page.next.is_some()), (small, true), "the newest first");
    scene.store.delete_conversation(&scene.user, scene.conversation.id).await.unwrap();
    for id in [id, small] {
        let gone = scene.results.describe(&scene.user, id).await;
        assert!(matches!(gone, Err(ResultsError::Store(StoreError::NotFound("result")))), "{gone:?}");
        assert!(scene.file(id, Format::Csv).await.is_err());
    }
    // A writer that is still at it is told.
    let mut writer = scene.results.open(scene.of(ResultContent::Table, N)).unwrap();
    let gone = writer.append_json(&bytes(&rows(0, MAX_PIECE_ROWS))).await;
    assert!(matches!(gone, Err(ResultsError::Store(StoreError::NotFound("conversation")))), "{gone:?}");
}

async fn the_same_rows_take_room_once(scene: Scene) {
    let all = rows(0, MAX_PIECE_ROWS);
    let first = scene.write(N, &all).await;
    let second = scene.write(N, &all).await;
    let digest = async |id| scene.results.describe(&scene.user, id).await.unwrap().digest;
    assert_eq!(digest(first).await, digest(second).await);
    // One goes, the other keeps its bytes; the second goes with them.
    scene.store.delete_result(&scene.user, first).await.unwrap();
    assert_eq!(scene.rows(second, &ViewRequest::default(), 1_000).await.unwrap(), all);
    scene.store.delete_result(&scene.user, second).await.unwrap();
    assert!(only(&scene).await.is_none());
    let again = scene.write(N, &all).await;
    assert_eq!(scene.rows(again, &ViewRequest::default(), 1_000).await.unwrap(), all);
}

async fn a_stranger_finds_nothing(scene: Scene) {
    let id = scene.write(N, &rows(0, MAX_PIECE_ROWS)).await;
    let eve = Scene { user: user("eve@example.com"), ..Scene::sibling(&scene).await };
    let not_found = |error: Option<ResultsError>| {
        assert!(matches!(error, Some(ResultsError::Store(StoreError::NotFound(_)))), "{error:?}");
    };
    not_found(eve.results.describe(&eve.user, id).await.err());
    not_found(eve.rows(id, &ViewRequest::default(), 10).await.err());
    not_found(eve.file(id, Format::Csv).await.err());
    not_found(eve.results.cell(&eve.user, id, 0, 0).await.err());
    not_found(eve.results.summary(&eve.user, id, 0, None).await.err());
    not_found(eve.results.content(&eve.user, id, 0, None).await.err());
    not_found(eve.results.list(&eve.user, scene.conversation.id, PageRequest::default()).await.err());
    not_found(eve.store.read_result_piece(&eve.user, id, 0, 0, 10).await.err().map(Into::into));
    not_found(eve.store.result_pieces(&eve.user, id).await.err().map(Into::into));
    not_found(eve.store.delete_result(&eve.user, id).await.err().map(Into::into));
    // Nor does she write into another's conversation.
    let mut writer = eve.results.open(eve.of(ResultContent::Table, N)).unwrap();
    writer.append_json(&bytes(&rows(0, 1))).await.unwrap();
    not_found(writer.finish(ResultEnd::default()).await.err());
}

async fn results_are_kept_as_long_as_they_may(scene: Scene) {
    let id = scene.write(N, &rows(0, 3)).await;
    let keeping = |days| {
        let settings = ResultsSettings { retention_days: Some(days), ..ResultsSettings::default() };
        let results = Results::new(scene.store.clone(), settings);
        async move { results.sweep().await }
    };
    keeping(1).await;
    assert!(scene.results.describe(&scene.user, id).await.is_ok());
    assert_eq!(scene.store.expire_results(bricklayer_domain::now() + chrono::TimeDelta::seconds(5)).await.unwrap(), 1);
    assert!(scene.results.describe(&scene.user, id).await.is_err());
}

/// Each byte of a small piece, turned: what was written, or a refusal; never something else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_piece_that_is_damaged_is_refused_whole() {
    let scene = Scene::sqlite().await;
    let id = scene.write(N, &rows(0, 3)).await;
    let piece = scene.store.result_pieces(&scene.user, id).await.unwrap().remove(0);
    let body = scene.store.read_result_piece(&scene.user, id, 0, 0, piece.size_bytes).await.unwrap();
    let end = EndedResult { state: ResultState::Complete, cut: None, origin: ResultOrigin::default(), digest: None };
    for at in 0..body.len() + piece.directory.len() {
        let mut damaged =
            NewPiece { units: 3, bytes: piece.bytes, directory: piece.directory.clone(), body: body.clone() };
        let byte = if at < body.len() { &mut damaged.body[at] } else { &mut damaged.directory[at - body.len()] };
        *byte ^= 0x10;
        let (id, new) = (ResultId::new(), scene.of(ResultContent::Table, N));
        scene.store.add_result(id, &new, Some(&damaged), Some(&end)).await.unwrap();
        let read = scene.rows(id, &ViewRequest::default(), 10).await;
        assert!(matches!(read, Err(ResultsError::Broken(_))), "byte {at}: {read:?}");
        assert!(matches!(scene.file(id, Format::Csv).await, Err(ResultsError::Broken(_))), "byte {at}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_cell_is_named_and_its_row_is_not_taken() {
    let scene = Scene::sqlite().await;
    let mut writer = scene.results.open(scene.of(ResultContent::Table, N)).unwrap();
    let wrong = writer.append_json(br#"[["1", "a"], ["2", "b"], ["x", "c"]]"#).await;
    let Err(ResultsError::Rows(error @ RowsError::Cell { row: 2, column: 0, .. })) = wrong else { panic!("{wrong:?}") };
    assert!(error.to_string().contains("column 0 (`n`): expected a whole number"), "{error}");
    for wrong in ["{", "[1]", "[[\"1\"]]", "[[\"1\", \"a\", null]]"] {
        assert!(writer.append_json(wrong.as_bytes()).await.is_err(), "{wrong}");
    }
    let stored = writer.finish(ResultEnd::default()).await.unwrap();
    let expected = [vec![json!("1"), json!("a")], vec![json!("2"), json!("b")]];
    assert_eq!(scene.rows(stored.id, &ViewRequest::default(), 10).await.unwrap(), expected);
}
