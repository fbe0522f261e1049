//! Ending calls from outside, and what is left to do at the far end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bricklayer_domain::{CleanUp, ToolErrorKind};
use bricklayer_runtime::CallContext;
use serde_json::{Value, json};

use crate::calls::everything;
use crate::recorded::Kept;
use crate::support::{Bench, CANARY, failed, until};

/// What a cancelled call may still take on a busy machine; it would go on for ever.
const AT_ONCE: Duration = Duration::from_secs(30);

fn hang() -> Value {
    json!({"method": "GET", "authority": "workspace", "path": "/api/ok/hang", "headers": [], "trailers": []})
}

fn leave(then: &str, withdraw: bool) -> Value {
    json!({"cleanup": "/api/ok/statements/7/cancel", "withdraw": withdraw, "then": then})
}

/// Cancels a call once `ready`; the outcome and how long the cancel took.
async fn cancel_when(
    bench: &Bench,
    tool: &str,
    input: Value,
    ready: impl FnMut() -> Result<(), String>,
) -> (bricklayer_domain::ToolOutcome, Duration) {
    let ctx = bench.ctx();
    let cancel = ctx.cancel.clone();
    let stop = async {
        until("the call to be under way", ready).await;
        cancel.cancel();
        Instant::now()
    };
    let call = async {
        let outcome = bench.call_with(tool, input, ctx).await;
        (outcome, Instant::now())
    };
    let (began, (outcome, ended)) = tokio::join!(stop, call);
    (outcome, ended.duration_since(began))
}

#[tokio::test]
async fn cancel_ends_a_waiting_call_and_its_connection() {
    let bench = Bench::new().await;
    let waiting = || if bench.far_end.waiting() == 1 { Ok(()) } else { Err("not waiting".to_owned()) };
    let (outcome, took) = cancel_when(&bench, "fetch", hang(), waiting).await;
    failed(&outcome, ToolErrorKind::Cancelled, "stopped");
    assert!(took < AT_ONCE, "{took:?}");
    until("the connection to close", || match bench.far_end.dropped() {
        1 => Ok(()),
        other => Err(other.to_string()),
    })
    .await;
    assert_eq!(bench.runtime.stats().running, 0);
    bench.neighbour_answers().await;
}

#[tokio::test]
async fn cancel_ends_a_spinning_call() {
    let bench = Bench::new().await;
    let running = || if bench.runtime.stats().running == 1 { Ok(()) } else { Err("not running".to_owned()) };
    let (outcome, took) = cancel_when(&bench, "spin", json!({}), running).await;
    failed(&outcome, ToolErrorKind::Cancelled, "stopped");
    assert!(took < AT_ONCE, "{took:?}");
}

#[tokio::test]
async fn cancel_before_the_start_runs_nothing() {
    let bench = Bench::new().await;
    let ctx = bench.ctx();
    ctx.cancel.cancel();
    failed(&bench.call_with("fetch", hang(), ctx).await, ToolErrorKind::Cancelled, "stopped");
    assert_eq!(bench.runtime.stats().started, 0);
}

#[tokio::test]
async fn a_cancelled_call_ends_its_remote_work() {
    let bench = Bench::new().await;
    let waiting = || if bench.far_end.waiting() == 1 { Ok(()) } else { Err("not waiting".to_owned()) };
    let (outcome, took) = cancel_when(&bench, "leave_behind", leave("/api/ok/hang", false), waiting).await;
    failed(&outcome, ToolErrorKind::Cancelled, "stopped");
    assert!(took < AT_ONCE, "{took:?}");
    let cleanup = until("the clean-up to arrive", || {
        let seen = bench.far_end.seen();
        seen.into_iter().find(|seen| seen.uri == "/api/ok/statements/7/cancel").ok_or_else(|| "no clean-up".to_owned())
    })
    .await;
    assert_eq!((cleanup.method.as_str(), cleanup.body.as_str()), ("POST", "{}"));
    assert_eq!(cleanup.header("authorization"), Some(format!("Bearer {CANARY}").as_str()));
    assert_eq!(cleanup.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn a_dropped_call_ends_its_remote_work_too() {
    let bench = Bench::new().await;
    {
        let call = bench.call("leave_behind", leave("/api/ok/hang", false));
        tokio::pin!(call);
        let waiting = until("the call to wait", || {
            if bench.far_end.waiting() == 1 { Ok(()) } else { Err("not waiting".to_owned()) }
        });
        tokio::select! {
            outcome = &mut call => panic!("it ended: {outcome:?}"),
            () = waiting => {}
        }
    }
    until("the clean-up to arrive", || {
        let seen = bench.far_end.seen();
        if seen.iter().any(|seen| seen.uri.ends_with("/cancel")) { Ok(()) } else { Err(format!("{seen:?}")) }
    })
    .await;
    until("the slot to come back", || match bench.runtime.stats().free_slots {
        8 => Ok(()),
        other => Err(other.to_string()),
    })
    .await;
}

#[tokio::test]
async fn crashes_and_limits_clean_up_and_good_ends_do_not() {
    let bench = Bench::new().await;
    let cleanups = || bench.far_end.seen().iter().filter(|seen| seen.uri.ends_with("/cancel")).count();
    Bench::ok(&bench.call("leave_behind", leave("end", false)).await);
    assert_eq!(cleanups(), 0, "a call that ends well sends nothing");
    failed(&bench.call("leave_behind", leave("crash", true)).await, ToolErrorKind::Trap, "after registering");
    assert_eq!(cleanups(), 0, "what was withdrawn is not sent");
    failed(&bench.call("leave_behind", leave("crash", false)).await, ToolErrorKind::Trap, "after registering");
    assert_eq!(cleanups(), 1);
    failed(&bench.call("leave_behind", leave("spin", false)).await, ToolErrorKind::LimitExceeded, "cpu limit");
    assert_eq!(cleanups(), 2);
}

#[tokio::test]
async fn a_clean_up_needs_a_grant_like_any_request() {
    let bench = Bench::new().await;
    for path in ["/api/other/cancel", "/api/ok/../other", "api/ok/x", "https://evil.example/api/ok/x"] {
        let input = json!({"cleanup": path, "withdraw": false, "then": "end"});
        assert!(bench.call("leave_behind", input).await.is_error(), "{path}");
    }
    assert!(bench.far_end.seen().is_empty());
}

#[tokio::test]
async fn ten_steps_are_told_in_order_and_the_third_can_be_the_last() {
    let bench = Bench::new().await;
    Bench::ok(&bench.call("steps", json!({"count": 10, "hang_at": null})).await);
    let told = || bench.progress.lock().unwrap().iter().map(|report| report.message.clone()).collect::<Vec<_>>();
    assert_eq!(told(), (0..10).map(|step| format!("step {step}")).collect::<Vec<_>>());

    bench.progress.lock().unwrap().clear();
    let third = || match (told().len(), bench.far_end.waiting()) {
        (3, 1) => Ok(()),
        other => Err(format!("{other:?}")),
    };
    let (outcome, took) = cancel_when(&bench, "steps", json!({"count": 10, "hang_at": 2}), third).await;
    failed(&outcome, ToolErrorKind::Cancelled, "stopped");
    assert!(took < AT_ONCE, "{took:?}");
    assert_eq!(told(), ["step 0", "step 1", "step 2"]);
    until("the connection to close", || match bench.far_end.dropped() {
        1 => Ok(()),
        other => Err(other.to_string()),
    })
    .await;
    let stats = bench.runtime.stats();
    assert_eq!((stats.running, stats.free_slots), (0, 8), "every permit came back");
    let record = bench.last_call(2).await;
    assert_eq!((record.kind(), record.http_requests), ("cancelled", 3));
    assert_eq!(bench.far_end.seen().len(), 13, "nothing was sent after the cancel");
}

#[tokio::test]
async fn a_host_that_leaves_ends_only_what_nobody_continues() {
    for (is_leaving, ended) in [(true, &["8"][..]), (false, &["8", "7"])] {
        let bench = Bench::new().await;
        let kept = Arc::new(Kept { is_leaving, ..Kept::default() });
        let ctx = CallContext { handover: Some(Arc::clone(&kept) as _), ..bench.ctx() };
        {
            // Registers the end of 7, offers, registers the end of 8, and waits.
            let call = bench.call_with("leave_behind", leave(&format!("offer {}", everything()), false), ctx);
            tokio::pin!(call);
            let waiting = until("the call to wait", || {
                if bench.far_end.waiting() == 1 { Ok(()) } else { Err("not waiting".to_owned()) }
            });
            tokio::select! {
                outcome = &mut call => panic!("it ended: {outcome:?}"),
                () = waiting => {}
            }
        }
        bench.runtime.drain().await;
        let seen =
            bench.far_end.seen().into_iter().filter_map(|seen| {
                Some(seen.uri.strip_prefix("/api/ok/statements/")?.strip_suffix("/cancel")?.to_owned())
            });
        assert_eq!(seen.collect::<Vec<_>>(), ended, "leaving: {is_leaving}");
    }
}

#[tokio::test]
async fn what_is_kept_in_the_moment_of_leaving_is_not_ended() {
    let bench = Bench::new().await;
    let telling = Arc::new(tokio::sync::Semaphore::new(0));
    let kept = Arc::new(Kept { is_leaving: true, telling: Some(Arc::clone(&telling)), ..Kept::default() });
    let ctx = CallContext { handover: Some(Arc::clone(&kept) as _), ..bench.ctx() };
    {
        // Registers the end of 7 and offers; the offer is kept, and the host leaves before the call hears of it.
        let call = bench.call_with("leave_behind", leave(&format!("offer {}", everything()), false), ctx);
        tokio::pin!(call);
        let offered = until("the offer", || match kept.offers.lock().unwrap().len() {
            1 => Ok(()),
            other => Err(format!("{other} offers")),
        });
        tokio::select! {
            outcome = &mut call => panic!("it ended: {outcome:?}"),
            () = offered => {}
        }
    }
    telling.add_permits(1);
    bench.runtime.drain().await;
    let ended: Vec<_> = bench.far_end.seen().into_iter().filter(|seen| seen.uri.ends_with("/cancel")).collect();
    assert!(ended.is_empty(), "{ended:?}");
}

#[tokio::test]
async fn what_ends_remote_work_is_kept_with_what_continues_it() {
    let bench = Bench::new().await;
    let kept = Arc::new(Kept::default());
    let ctx = CallContext { handover: Some(Arc::clone(&kept) as _), ..bench.ctx() };
    // Registers, offers, and withdraws what it registered.
    Bench::ok(&bench.call_with("leave_behind", leave(&everything().to_string(), false), ctx).await);
    let request = CleanUp {
        method: "POST".to_owned(),
        path: "/api/ok/statements/7/cancel".to_owned(),
        body: Some("{}".to_owned()),
    };
    let seen: Vec<_> = kept.offers.lock().unwrap().iter().map(|kept| kept.as_ref().unwrap().clean_up.clone()).collect();
    assert_eq!(seen, [vec![request.clone()], vec![]]);

    // Whoever ends the work later sends it as the caller, and only as far as the grants go then.
    let sent = || bench.far_end.seen().into_iter().filter(|seen| seen.uri.ends_with("/cancel")).collect::<Vec<_>>();
    let call = bench.plugin.tool("leave_behind").unwrap().prepare(&leave("end", false));
    let clean_up = |request: CleanUp, ctx| bench.runtime.clean_up(&call, vec![request], ctx);
    assert!(clean_up(request.clone(), bench.ctx()).await);
    assert_eq!(sent().len(), 1);
    assert_eq!(sent()[0].header("authorization"), Some(format!("Bearer {CANARY}").as_str()));
    let powerless = CallContext { grants: Arc::default(), ..bench.ctx() };
    assert!(!clean_up(request.clone(), powerless).await);
    let elsewhere = CleanUp { path: "/api/other/cancel".to_owned(), ..request };
    assert!(!clean_up(elsewhere, bench.ctx()).await);
    assert_eq!(sent().len(), 1);
}
