//! Shares: what one user's calls, however many and however heavy, are to another.

use std::time::{Duration, Instant};

use bricklayer_domain::{Caller, ToolErrorKind, ToolOutcome, UserId};
use bricklayer_runtime::{CallContext, FairnessLimits, Limits, RuntimeConfig};
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::all_came_back;
use crate::support::{Bench, hostile, until};

fn of(bench: &Bench, user: &str) -> CallContext {
    let ctx = bench.ctx();
    let user = UserId::parse(&format!("{user}@example.com")).unwrap();
    CallContext { caller: Caller { user, ..ctx.caller }, ..ctx }
}

async fn with(fairness: FairnessLimits, max_concurrent_calls: usize, heavy_calls: usize) -> Bench {
    let limits = Limits { cpu: Duration::from_secs(60), ..Limits::default() };
    Bench::configured(hostile(), |config| RuntimeConfig {
        limits,
        fairness,
        max_concurrent_calls,
        heavy_calls,
        threads: 2,
        ..config
    })
    .await
}

/// The 50th and the 95th of a hundred times of a call that does next to nothing.
async fn quick_calls(bench: &Bench, ctx: &CallContext) -> (Duration, Duration) {
    let mut times = Vec::new();
    for _ in 0..100 {
        let began = Instant::now();
        let outcome = bench.runtime.call(&bench.plugin, "reported", &json!({"rows": 1}), ctx.clone()).await;
        assert!(outcome.failure.is_none(), "{outcome:?}");
        times.push(began.elapsed());
    }
    times.sort();
    (times[49], times[94])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixteen_spinning_guests_of_one_user_leave_another_his_time() {
    // Without turns for those that compute, and with them; the figures are for reading, the bound is generous.
    for (name, heavy_calls) in [("without turns", 64), ("with turns", 1)] {
        let fairness = FairnessLimits { user_plugin_calls: 16, ..FairnessLimits::default() };
        let bench = with(fairness, 64, heavy_calls).await;
        let bob = of(&bench, "bob");
        let alone = quick_calls(&bench, &bob).await;
        let stop = CancellationToken::new();
        let ada = CallContext { cancel: stop.clone(), ..of(&bench, "ada") };
        let input = json!({});
        let spinning =
            futures::future::join_all((0..16).map(|_| bench.runtime.call(&bench.plugin, "spin", &input, ada.clone())));
        let measured = async {
            until("the spinners to run", || match bench.runtime.stats().running {
                16 => Ok(()),
                other => Err(other.to_string()),
            })
            .await;
            let beside = quick_calls(&bench, &bob).await;
            stop.cancel();
            beside
        };
        let (ended, beside) = tokio::join!(spinning, measured);
        eprintln!("{name}: p50 and p95 {alone:?} alone, {beside:?} beside 16 spinning guests");
        assert!(ended.iter().all(|outcome| outcome.failure.as_ref().unwrap().kind == ToolErrorKind::Cancelled));
        assert!(beside.1 < Duration::from_secs(30), "{beside:?}");
        until("the slots", || match bench.runtime.stats().heavy {
            0 => Ok(()),
            other => Err(other.to_string()),
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_slow_calls_of_one_user_do_not_slow_another() {
    let bench = with(FairnessLimits::default(), 64, 1).await;
    let bob = of(&bench, "bob");
    quick_calls(&bench, &bob).await;
    let alone = quick_calls(&bench, &bob).await;
    let stop = CancellationToken::new();
    let ada = CallContext { cancel: stop.clone(), ..of(&bench, "ada") };
    let hang =
        json!({"method": "GET", "authority": "workspace", "path": "/api/ok/hang", "headers": [], "trailers": []});
    let mut slow: FuturesUnordered<_> =
        (0..500).map(|_| bench.runtime.call(&bench.plugin, "fetch", &hang, ada.clone())).collect();
    let mut refused: Vec<ToolOutcome> = Vec::new();
    // Eight run, sixty-four wait, and all others hear at once that they are too many, and when to come back.
    while refused.len() < 500 - 8 - 64 {
        refused.push(slow.next().await.unwrap());
    }
    for outcome in &refused {
        let failure = outcome.failure.as_ref().unwrap();
        assert_eq!(failure.kind, ToolErrorKind::LimitExceeded);
        assert!(failure.message.starts_with("queue limit: you have 64 calls waiting"), "{}", failure.message);
        assert!(failure.retryable && failure.retry_after_seconds.is_some());
    }
    let stats = bench.runtime.stats();
    assert_eq!((stats.admitted, stats.waiting, stats.active_users, stats.refused), (8, 64, 1, 428));
    let beside = quick_calls(&bench, &bob).await;
    eprintln!("p50 and p95 {alone:?} alone, {beside:?} beside 500 slow calls");
    assert!(beside.1 < Duration::from_secs(30), "{beside:?}");
    // A few are cancelled, the rest vanish with their client.
    stop.cancel();
    for _ in 0..10 {
        assert!(slow.next().await.unwrap().is_error());
    }
    drop(slow);
    until("everything to come back", || {
        let stats = bench.runtime.stats();
        let left = [stats.running, stats.admitted, stats.waiting, stats.active_users, stats.active_user_plugins];
        if left == [0; 5] { Ok(()) } else { Err(format!("{stats:?}")) }
    })
    .await;
    let bench_stats = bench.runtime.stats();
    assert_eq!(bench_stats.free_slots, 64);
}

#[tokio::test]
async fn each_share_refuses_by_its_name() {
    let fairness = FairnessLimits {
        user_plugin_calls_per_minute: 3,
        user_egress_bytes_per_minute: 4096,
        ..FairnessLimits::default()
    };
    let bench = with(fairness, 8, 1).await;
    let get =
        |path: &str| json!({"method": "GET", "authority": "workspace", "path": path, "headers": [], "trailers": []});
    for user in ["ada", "bob"] {
        let call = async |path: &str| {
            let input = get(path);
            bench.runtime.call(&bench.plugin, "fetch", &input, of(&bench, user)).await
        };
        assert!(call("/api/ok/x").await.failure.is_none());
        // Three mebibytes of answer: the user's minute ends in the middle of it.
        for _ in 0..2 {
            let failure = call("/api/ok/huge").await.failure.unwrap();
            assert!(failure.message.contains("egress limit: your plugins carried 4096 bytes"), "{}", failure.message);
            assert!(failure.retryable && failure.retry_after_seconds.is_some_and(|seconds| seconds > 0), "{failure:?}");
        }
        let failure = call("/api/ok/x").await.failure.unwrap();
        assert_eq!(failure.kind, ToolErrorKind::LimitExceeded);
        assert!(failure.message.contains("rate limit: a user may call one plugin 3 times a minute"), "{failure:?}");
        assert!(failure.retry_after_seconds.is_some_and(|seconds| (1..=20).contains(&seconds)), "{failure:?}");
    }
    all_came_back(&bench).await;
}

#[tokio::test]
async fn every_way_to_end_gives_its_share_back() {
    let bench = with(FairnessLimits { user_plugin_calls: 1, ..FairnessLimits::default() }, 8, 1).await;
    for (tool, input) in [
        ("reported", json!({"rows": 1})),
        ("crash", json!({"message": "x"})),
        ("allocate", json!({"mib": 1024})),
        ("leave", json!({"code": 1})),
        ("nap", json!({"millis": 60_000})),
    ] {
        bench.call(tool, input).await;
        all_came_back(&bench).await;
    }
    // Cancelled while it computes with a slot for that.
    let stop = CancellationToken::new();
    let ctx = CallContext { cancel: stop.clone(), ..bench.ctx() };
    let input = json!({});
    let spin = bench.runtime.call(&bench.plugin, "spin", &input, ctx);
    let heavy = async {
        until("the call to be heavy", || match bench.runtime.stats().heavy {
            1 => Ok(()),
            other => Err(other.to_string()),
        })
        .await;
        stop.cancel();
    };
    tokio::join!(spin, heavy);
    all_came_back(&bench).await;
}
