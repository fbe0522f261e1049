//! Progress of a call as its user's stream shows it, and the end of a call that its user stops.

use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use serde_json::json;
use tokio::task::JoinSet;

use super::{hostile_guest, install_all, running};
use crate::shared::far_end::FarEnd;
use crate::support::{Chat, Follow, Gate, World, eventually};

const STEPS: usize = 10;

/// Between a report and its sight, usually; the runtime alone gathers them for 50 ms.
const SOON: Duration = Duration::from_secs(10);

/// Longest that a call may go on after it was stopped, on a machine that is not busy: the quickest of three counts.
const STOP_LIMIT: Duration = Duration::from_secs(20);

/// The message of the next report that is not the last one again: what was shown is shown once more when it is stored.
async fn report(follow: &mut Follow, last: &mut String) -> String {
    loop {
        let frame = follow.until("tool_progress").await;
        let message = frame.data["message"].as_str().unwrap().to_owned();
        if message != *last {
            last.clone_from(&message);
            return message;
        }
    }
}

/// Begins the call whose steps each ask the workspace, and allows it.
async fn begin(chat: &mut Chat<'_>, api: &crate::support::Api, hang_at: Option<u32>) -> (String, Follow) {
    let input = json!({"count": STEPS, "hang_at": hang_at});
    let turn = chat.begin(&[("mcp__hostile__steps".to_owned(), input)]).await;
    let mut follow = api.follow(&turn, 0).await;
    let asked = follow.until("approval.requested").await;
    chat.allow(&turn, &asked).await;
    (turn, follow)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_step_is_shown_before_the_next_is_taken() {
    let world = World::sqlite().await;
    // A workspace that answers a request when it is told to, so that no step is taken before the last one was seen.
    let gate = Gate::new();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let answer = |State((gate, asked)): State<(Gate, std::sync::Arc<std::sync::atomic::AtomicUsize>)>| async move {
        gate.wait(asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1).await;
        "go on"
    };
    let me = axum::routing::get(async || r#"{"userName": "ann@example.com", "id": "77"}"#);
    let router =
        Router::new().route("/api/2.0/preview/scim/v2/Me", me).fallback(answer).with_state((gate.clone(), asked));
    let mut serving = JoinSet::new();
    serving.spawn(async move { axum::serve(listener, router).await });

    let far_end = FarEnd::start().await;
    let host = running(&world, &far_end, &[("DATABRICKS_HOST", &url)]);
    let ann = host.ann();
    install_all(&ann, &hostile_guest(), "me").await;
    let mut chat = Chat::new(&world.model, &ann).await;
    let (_, mut follow) = begin(&mut chat, &ann, None).await;
    let (mut last, mut times) = (String::new(), Vec::new());
    for step in 0..STEPS {
        let began = Instant::now();
        // The call waits for the workspace and so has not ended.
        assert_eq!(report(&mut follow, &mut last).await, format!("step {step}"));
        times.push(began.elapsed());
        gate.open_to(step + 1);
    }
    let result = follow.until("tool_result").await;
    assert_eq!(result.data["is_error"], false, "{result:?}");
    times.sort();
    eprintln!("reports were seen after {times:?}");
    assert!(times[STEPS / 2] < SOON, "{times:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_at_the_third_step_ends_the_call_and_gives_everything_back() {
    let world = World::sqlite().await;
    let far_end = FarEnd::start().await;
    // One call at a time, and none waits: what is not given back is missed at once.
    let one = [
        ("BRICKLAYER_CALLS_PER_USER", "1"),
        ("BRICKLAYER_CALLS_PER_USER_AND_PLUGIN", "1"),
        ("BRICKLAYER_QUEUED_CALLS_PER_USER", "1"),
    ];
    let host = running(&world, &far_end, &one);
    let ann = host.ann();
    install_all(&ann, &hostile_guest(), "me").await;
    let mut times = Vec::new();
    for round in 1..=3 {
        let mut chat = Chat::new(&world.model, &ann).await;
        let (turn, mut follow) = begin(&mut chat, &ann, Some(2)).await;
        let mut last = String::new();
        while report(&mut follow, &mut last).await != "step 2" {}
        eventually("the request without answer", async || match far_end.waiting() {
            waiting if waiting == round => Ok(()),
            other => Err(format!("{other} waited so far")),
        })
        .await;
        let began = Instant::now();
        ann.post(&format!("/api/stop_stream/{turn}"), json!({})).await.ok();
        let result = follow.until("tool_result").await;
        let took = began.elapsed();
        assert_eq!(result.data["error_kind"], "cancelled", "{result:?}");
        times.push(took);
        let rest = follow.follow_to_end().await;
        assert!(rest.iter().all(|frame| frame.kind() != "tool_progress"), "{rest:?}");
        eventually("the end of the connection", async || match far_end.dropped() {
            dropped if dropped == round => Ok(()),
            other => Err(format!("{other} closed so far")),
        })
        .await;
        let mut chat = Chat::new(&world.model, &ann).await;
        let after = chat.call("mcp__hostile__reported", json!({"rows": 7})).await;
        assert_eq!(after["content"], "**7** rows", "{after}");
    }
    assert_eq!(far_end.seen().len(), 9, "nothing was sent after the stops");
    eprintln!("stopping took {times:?}");
    assert!(times.iter().min().is_some_and(|took| *took < STOP_LIMIT), "{times:?}");
}
