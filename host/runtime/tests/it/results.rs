//! What calls make for people: kept while they run, told when they end, however they end.

use std::sync::Arc;
use std::time::Duration;

use bricklayer_domain::{ResultContent, ResultCut, ResultState, ToolErrorKind, ToolOutcome};
use bricklayer_runtime::{CallContext, Limits, MemoryResults};
use serde_json::json;

use crate::support::{Bench, failed, hostile, until};

fn keeping(bench: &Bench) -> CallContext {
    CallContext { results: Some(Arc::new(MemoryResults::default())), ..bench.ctx() }
}

async fn keep(bench: &Bench, how: &str) -> ToolOutcome {
    bench.call_with("keep", json!({ "how": how }), keeping(bench)).await
}

#[tokio::test]
async fn what_is_finished_is_told() {
    let bench = Bench::new().await;
    let outcome = keep(&bench, "finish").await;
    let [kept] = outcome.results.as_slice() else { panic!("{outcome:?}") };
    assert_eq!(outcome.content, format!("{} 4", kept.id));
    assert_eq!(
        (kept.head.content, kept.state, kept.cut, kept.rows),
        (ResultContent::Table, ResultState::Complete, None, 4)
    );
    assert_eq!((kept.ordinal, kept.head.title.as_deref(), kept.head.columns.len()), (0, Some("kept"), 2));
    let outcome = keep(&bench, "text").await;
    let [kept] = outcome.results.as_slice() else { panic!("{outcome:?}") };
    assert_eq!((kept.head.content, kept.bytes, kept.rows), (ResultContent::Text, 6, 0));
    let outcome = keep(&bench, "again").await;
    assert!(outcome.failure.is_none(), "{outcome:?}");
}

#[tokio::test]
async fn what_is_left_open_is_partial_however_the_call_ends() {
    let limits = Limits { cpu: Duration::from_millis(300), ..Limits::default() };
    let bench = Bench::with(limits, hostile()).await;
    for (how, kind) in [
        ("leave", None),
        ("break off", None),
        ("trap", Some(ToolErrorKind::Trap)),
        ("spin", Some(ToolErrorKind::LimitExceeded)),
    ] {
        let outcome = keep(&bench, how).await;
        assert_eq!(outcome.failure.as_ref().map(|failure| failure.kind), kind, "{how}: {outcome:?}");
        let [kept] = outcome.results.as_slice() else { panic!("{how}: {outcome:?}") };
        assert_eq!((kept.state, kept.cut), (ResultState::Partial, Some(ResultCut::Interrupted)), "{how}");
        assert_eq!(kept.rows, 2, "{how}");
    }
    // What holds nothing is nothing.
    assert_eq!(keep(&bench, "leave empty").await.results, []);
}

#[tokio::test]
async fn a_call_that_is_stopped_says_what_it_leaves() {
    let bench = Bench::new().await;
    let ctx = keeping(&bench);
    let stop = ctx.cancel.clone();
    let call = bench.call_with("keep", json!({ "how": "wait" }), ctx);
    let stopping = async {
        until("the rows to be kept", || bench.progress.lock().unwrap().pop().ok_or_else(|| "nothing".to_owned())).await;
        stop.cancel();
    };
    let (outcome, ()) = tokio::join!(call, stopping);
    failed(&outcome, ToolErrorKind::Cancelled, "");
    assert_eq!(outcome.results.len(), 1, "{outcome:?}");
}

#[tokio::test]
async fn misuse_is_told_and_ends_nothing() {
    let bench = Bench::new().await;
    for (how, says) in [
        ("after the end", "invalid: the handle is not open"),
        ("twice", "invalid: the handle is not open"),
        ("unknown", "invalid: the handle is not open"),
        ("narrow", "invalid: row 0 has 1 cells, and there are 2 columns"),
        ("short", "invalid: the columns are not of one length"),
        ("nonsense", "invalid: rows must be a JSON array of arrays"),
        ("bytes", "invalid: bytes are for texts, images and files"),
        ("rows", "invalid: rows are for tables"),
        ("many", "too many: a call keeps at most 32 results"),
        ("again by nobody", "invalid: the plugin has no tool `missing`"),
        ("again unfit", "invalid: "),
    ] {
        let outcome = keep(&bench, how).await;
        failed(&outcome, ToolErrorKind::Failed, says);
    }
    bench.neighbour_answers().await;
}

#[tokio::test]
async fn what_is_appended_is_bounded() {
    let limits = Limits { result_bytes: 5 * 1024 * 1024, ..Limits::default() };
    let bench = Bench::with(limits, hostile()).await;
    let outcome = keep(&bench, "endless").await;
    failed(&outcome, ToolErrorKind::Failed, "too many: the call has appended as many bytes");
    assert_eq!(outcome.results[0].rows, 6, "{:?}", outcome.results);
    let outcome = keep(&bench, "huge").await;
    assert!(outcome.failure.is_some(), "{outcome:?}");
    bench.neighbour_answers().await;
}

#[tokio::test]
async fn without_a_conversation_the_tool_is_told() {
    let bench = Bench::new().await;
    let outcome = bench.call("keep", json!({ "how": "finish" })).await;
    failed(&outcome, ToolErrorKind::Failed, "unavailable: this call belongs to no conversation");
}
