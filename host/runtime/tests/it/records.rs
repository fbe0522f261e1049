//! What a call leaves behind: one record each, with the totals of its requests; and what it may use by its grants.

use std::sync::Arc;
use std::time::Duration;

use bricklayer_domain::{MAX_FAILURE_CHARS, ToolCallId, ToolErrorKind, argument_digest};
use bricklayer_runtime::{Ceilings, Grants, Limits, Powers, RuntimeConfig};
use serde_json::{Value, json};

use crate::support::{Bench, failed, hostile, until};

fn fetch(method: &str, path: &str, body: Option<&str>) -> Value {
    json!({"method": method, "authority": "workspace", "path": path, "headers": [], "trailers": [], "body": body})
}

#[tokio::test]
async fn a_call_leaves_one_record_with_the_totals_of_its_requests() {
    let bench = Bench::new().await;
    let ctx = bench.ctx();
    let caller = ctx.caller.clone();
    let input = fetch("POST", "/api/ok/echo", Some("twelve bytes"));
    Bench::ok(&bench.call_with("mcp__databricks__fetch", input.clone(), ctx).await);
    let record = bench.last_call(1).await;
    let who = record.who;
    assert_eq!(who.caller, caller);
    assert_eq!((caller.user.as_str(), caller.tool_call), ("ada@example.com", Some(ToolCallId("call-1".to_owned()))));
    assert_eq!((who.plugin.as_str(), who.tool.as_str()), ("test-hostile", "fetch"));
    assert_eq!((who.version.as_str(), who.digest.as_str()), ("0.1.0", bench.plugin.digest()));
    assert_eq!((record.argument_digest, record.failure), (argument_digest(&input), None));
    assert_eq!((record.http_requests, record.bytes_sent), (1, 12));
    assert_eq!(record.bytes_received, bench.audit()[0].response_bytes);
    assert_eq!(record.powers, ["POST workspace/api/ok/** as-caller", "files:read", "files:write"]);
    assert!(record.cpu > Duration::ZERO && record.cpu < record.duration, "{:?} of {:?}", record.cpu, record.duration);
    assert!((1..64 << 20).contains(&record.memory_peak_bytes), "{}", record.memory_peak_bytes);
    assert_eq!(bench.audit()[0].who, who);

    let mut calls = 1;
    let mut next = async |tool: &str, input: Value| {
        bench.call(tool, input).await;
        calls += 1;
        let record = bench.last_call(calls).await;
        assert_eq!(record.failure.is_some(), record.failure_text.is_some());
        (record.kind(), record.http_requests, record.memory_peak_bytes >> 20)
    };
    assert_eq!(next("fetch_flood", json!({"path": "/api/ok/x", "count": 3})).await.1, 3);
    // Refused requests count as well: there is a record of each.
    assert_eq!((next("fetch", fetch("GET", "/api/other", None)).await.1, bench.audit().len()), (1, 5));
    let (_, _, mib) = next("allocate", json!({"mib": 40})).await;
    assert!((40..64).contains(&mib), "{mib} MiB");
    // Calls that no guest ran for have a record too.
    assert_eq!(next("fetch", json!({})).await.0, "invalid-input");
    assert_eq!(next("no-such", json!({})).await.0, "unknown-tool");
    assert_eq!(next("crash", json!({"message": "x"})).await.0, "trap");
    assert_eq!(next("spin", json!({})).await.0, "limit-exceeded");
    assert_eq!(next("remember", json!({"key": "k", "value": "v"})).await.0, "ok");
    assert!(bench.last_call(calls).await.powers.contains(&"state".to_owned()));
}

#[tokio::test]
async fn the_words_of_a_failure_are_one_bounded_line_of_its_record() {
    let bench = Bench::new().await;
    for (calls, (tool, input)) in (1..).zip([
        ("fetch", json!({})),
        ("no-such", json!({})),
        ("crash", json!({"message": "one\ntwo https://a.example/x?sig=s3cret ".to_owned() + &"x".repeat(2000)})),
        ("fetch", fetch("GET", "/api/other", None)),
    ]) {
        let outcome = bench.call(tool, input).await;
        let record = bench.last_call(calls).await;
        let (said, text) = (outcome.failure.map(|failure| failure.message), record.failure_text);
        let (Some(said), Some(text)) = (said, text) else {
            // A refused request is an answer for the guest, and this guest takes it.
            assert!(record.failure.is_none() && tool == "fetch", "{tool}");
            continue;
        };
        assert_eq!(text, bricklayer_domain::failure_text(&said), "{tool}");
        assert!(text.chars().count() <= MAX_FAILURE_CHARS && !text.contains(['\n', '?']), "{text}");
    }
}

#[tokio::test]
async fn a_call_that_nobody_waits_for_has_a_record_after_those_of_its_requests() {
    let bench = Bench::new().await;
    {
        let call = bench.call("fetch", fetch("GET", "/api/ok/hang", None));
        tokio::pin!(call);
        let waiting = until("the call to wait", || {
            if bench.far_end.waiting() == 1 { Ok(()) } else { Err("not waiting".to_owned()) }
        });
        tokio::select! {
            outcome = &mut call => panic!("it ended: {outcome:?}"),
            () = waiting => {}
        }
    }
    let record = bench.last_call(1).await;
    assert_eq!((record.kind(), record.http_requests, bench.audit().len()), ("cancelled", 1, 1));
}

fn with_powers(bench: &Bench, ids: &[&str]) -> bricklayer_runtime::CallContext {
    let mut ctx = bench.ctx();
    ctx.grants = Arc::new(Grants::from_powers(&Powers::parse(ids).unwrap()));
    ctx
}

#[tokio::test]
async fn grants_raise_memory_and_cpu_up_to_the_ceilings() {
    let ceilings = Ceilings { memory_bytes: 128 << 20, cpu: Duration::from_millis(1500), ..Ceilings::default() };
    let limits = Limits { cpu: Duration::from_millis(100), ..Limits::default() };
    let bench = Bench::configured(hostile(), |config| RuntimeConfig { limits, ceilings, ..config }).await;
    let allocate = |mib: u32| json!({"mib": mib});
    let limit = ToolErrorKind::LimitExceeded;
    failed(&bench.call_with("allocate", allocate(100), with_powers(&bench, &[])).await, limit, "more than 64 MiB");
    let outcome = bench.call_with("allocate", allocate(100), with_powers(&bench, &["memory:128MiB", "cpu:1s"])).await;
    assert_eq!(Bench::ok(&outcome), json!({"result": 100 << 20}));
    // Given more than the operator lets anybody have.
    let ctx = with_powers(&bench, &["memory:256MiB", "cpu:60s"]);
    failed(&bench.call_with("allocate", allocate(150), ctx.clone()).await, limit, "more than 128 MiB");
    failed(&bench.call_with("spin", json!({}), ctx).await, limit, "more than 1.5 seconds");
    failed(&bench.call_with("spin", json!({}), with_powers(&bench, &["cpu:1s"])).await, limit, "more than 1 seconds");
    failed(&bench.call_with("spin", json!({}), with_powers(&bench, &[])).await, limit, "more than 0.1 seconds");

    let ceilings = Ceilings { wall: Duration::from_millis(200), ..Ceilings::default() };
    let bench = Bench::configured(hostile(), |config| RuntimeConfig { ceilings, ..config }).await;
    failed(&bench.call("nap", json!({"millis": 60_000})).await, ToolErrorKind::Timeout, "longer than 0.2 seconds");
}
