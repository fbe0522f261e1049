//! Hostile guests: each ends by the name of its limit while a neighbour keeps answering.

use std::time::{Duration, Instant};

use bricklayer_domain::{ToolErrorKind, ToolOutcome};
use bricklayer_runtime::Limits;
use serde_json::{Value, json};

use crate::support::{Bench, failed, hostile};

/// Runs a hostile call with neighbours beside it.
async fn hostile_call(bench: &Bench, tool: &str, input: Value) -> ToolOutcome {
    let neighbours = async {
        for _ in 0..5 {
            bench.neighbour_answers().await;
        }
    };
    let (outcome, ()) = tokio::join!(bench.call(tool, input), neighbours);
    bench.neighbour_answers().await;
    outcome
}

fn small() -> Limits {
    Limits { cpu: Duration::from_millis(200), ..Limits::default() }
}

#[tokio::test]
async fn an_endless_loop_ends_at_the_cpu_limit() {
    let bench = Bench::with(small(), hostile()).await;
    let began = Instant::now();
    let outcome = hostile_call(&bench, "spin", json!({})).await;
    failed(&outcome, ToolErrorKind::LimitExceeded, "cpu limit: the call used more than 0.2 seconds");
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
}

#[tokio::test]
async fn more_spinners_than_threads_starve_nobody() {
    let bench = Bench::with(Limits { cpu: Duration::from_millis(600), ..Limits::default() }, hostile()).await;
    let spinners = async {
        tokio::join!(
            bench.call("spin", json!({})),
            bench.call("spin", json!({})),
            bench.call("spin", json!({})),
            bench.call("spin", json!({})),
        )
    };
    let neighbour = async {
        let began = Instant::now();
        bench.neighbour_answers().await;
        began.elapsed()
    };
    let ((a, b, c, d), took) = tokio::join!(spinners, neighbour);
    for outcome in [a, b, c, d] {
        failed(&outcome, ToolErrorKind::LimitExceeded, "cpu limit");
    }
    assert!(took < Duration::from_secs(30), "the neighbour waited {took:?}");
}

#[tokio::test]
async fn waiting_costs_no_cpu_but_wall_time() {
    let bench = Bench::with(Limits { cpu: Duration::from_millis(50), ..Limits::default() }, hostile()).await;
    Bench::ok(&bench.call("nap", json!({"millis": 300})).await);
    let outcome = bench.call("nap", json!({"millis": 60_000})).await;
    failed(&outcome, ToolErrorKind::Timeout, "time limit: the call took longer than 1 seconds");
    assert!(outcome.failure.unwrap().retryable);
}

#[tokio::test]
async fn memory_is_refused_by_name() {
    let bench = Bench::new().await;
    Bench::ok(&bench.call("allocate", json!({"mib": 16})).await);
    let outcome = hostile_call(&bench, "allocate", json!({"mib": 1024})).await;
    failed(&outcome, ToolErrorKind::LimitExceeded, "memory limit: the call asked for more than 64 MiB");
}

#[tokio::test]
async fn a_crash_brings_its_message() {
    let bench = Bench::new().await;
    let outcome = hostile_call(&bench, "crash", json!({"message": "what I did wrong"})).await;
    failed(&outcome, ToolErrorKind::Trap, "the plugin crashed");
    failed(&outcome, ToolErrorKind::Trap, "what I did wrong");
}

#[tokio::test]
async fn recursion_with_locals_overruns_the_guests_own_stack() {
    // Rust keeps what has an address in a stack of its own in linear memory, which ends before the machine's does;
    // `wat_guests` meets the machine's.
    let bench = Bench::new().await;
    let outcome = hostile_call(&bench, "recurse", json!({"depth": 0})).await;
    failed(&outcome, ToolErrorKind::Trap, "out of bounds memory access");
}

#[tokio::test]
async fn floods_are_cut_off() {
    let bench = Bench::with(Limits { cpu: Duration::from_secs(20), ..Limits::default() }, hostile()).await;
    let outcome = hostile_call(&bench, "print_flood", json!({})).await;
    failed(&outcome, ToolErrorKind::LimitExceeded, "output limit: the call wrote more than 1048576 bytes");
    let outcome = hostile_call(&bench, "report_flood", json!({})).await;
    failed(
        &outcome,
        ToolErrorKind::LimitExceeded,
        "host-call limit: the call used the host's functions more than 10000",
    );
    assert!(bench.progress.lock().unwrap().len() < 1000);
}

#[tokio::test]
async fn output_has_a_limit_and_its_own_error() {
    let bench = Bench::new().await;
    assert_eq!(bench.call("big_output", json!({"bytes": 1_000_000})).await.content.len(), 1_000_000);
    let outcome = bench.call("big_output", json!({"bytes": 2_000_000})).await;
    failed(&outcome, ToolErrorKind::LimitExceeded, "output limit: the result has more than 1048576 bytes");
    // Beyond what may cross at all, the host does not even copy it.
    let outcome = hostile_call(&bench, "big_output", json!({"bytes": 30_000_000})).await;
    failed(&outcome, ToolErrorKind::LimitExceeded, "host-call limit: one call carried more than 16777216 bytes");
}

#[tokio::test]
async fn handles_random_bytes_and_headers_are_bounded() {
    let bench = Bench::new().await;
    Bench::ok(&bench.call("hoard", json!({"count": 100})).await);
    let outcome = hostile_call(&bench, "hoard", json!({"count": 100_000})).await;
    failed(&outcome, ToolErrorKind::LimitExceeded, "handle limit");
    Bench::ok(&bench.call("random", json!({"bytes": 1024})).await);
    let outcome = bench.call("random", json!({"bytes": 10_000_000})).await;
    failed(&outcome, ToolErrorKind::LimitExceeded, "random limit: more than 65536 random bytes");
    Bench::ok(&bench.call("big_header", json!({"bytes": 1000})).await);
    let outcome = bench.call("big_header", json!({"bytes": 100_000})).await;
    failed(&outcome, ToolErrorKind::LimitExceeded, "header limit: one set of headers had more than 32768 bytes");
}

#[tokio::test]
async fn calls_beyond_the_slots_wait_their_turn() {
    let bench = Bench::new().await;
    let calls = (0..40).map(|_| bench.call("nap", json!({"millis": 20})));
    for outcome in futures::future::join_all(calls).await {
        Bench::ok(&outcome);
    }
    let stats = bench.runtime.stats();
    assert_eq!((stats.running, stats.free_slots), (0, 8), "every slot came back");
}
