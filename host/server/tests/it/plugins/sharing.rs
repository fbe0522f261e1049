//! One user's many slow calls through the built program: what is beyond their share is told when to come back, another
//! user is served, and after the end of all everything is there again.

use std::time::{Duration, Instant};

use futures::stream::{FuturesUnordered, StreamExt as _};
use serde_json::{Value, json};

use super::{hostile_guest, install_all, running};
use crate::shared::far_end::FarEnd;
use crate::support::{Api, Chat, Follow, World, eventually};

const AT_ONCE: usize = 4;
const IN_QUEUE: usize = 4;
const TURNS: usize = 20;

/// Generous: the machine is shared. What it holds off is a user who waits for another's calls, which never end.
const QUICK: Duration = Duration::from_secs(5);

/// Turns of a conversation each, whose one call waits for an answer that does not come. All are allowed together: what a
/// call would do is asked of the plugin itself, which has to wait as well.
async fn slow_turns(world: &World, api: &Api, count: usize) -> Vec<(String, Follow)> {
    let mut asked = Vec::new();
    for _ in 0..count {
        let mut chat = Chat::new(&world.model, api).await;
        let turn = chat.begin(&[("mcp__hostile__steps".to_owned(), json!({"count": 1, "hang_at": 0}))]).await;
        let mut follow = api.follow(&turn, 0).await;
        let question = follow.until("approval.requested").await;
        asked.push((chat, turn, follow, question));
    }
    let mut turns = Vec::new();
    for (chat, turn, follow, question) in asked {
        chat.allow(&turn, &question).await;
        turns.push((turn, follow));
    }
    turns
}

async fn reached(far_end: &FarEnd, expected: usize) {
    eventually("slow calls at the far end", async || match far_end.waiting() {
        waiting if waiting == expected => Ok(()),
        other => Err(format!("{other} and not {expected}")),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beyond_ones_share_one_is_told_when_to_come_back_and_others_are_served() {
    let world = World::sqlite().await;
    let far_end = FarEnd::start().await;
    let limits =
        [("CALLS_PER_USER", AT_ONCE), ("CALLS_PER_USER_AND_PLUGIN", AT_ONCE), ("QUEUED_CALLS_PER_USER", IN_QUEUE)];
    let limits = limits.map(|(name, limit)| (format!("BRICKLAYER_{name}"), limit.to_string()));
    let limits: Vec<_> = limits.iter().map(|(name, limit)| (name.as_str(), limit.as_str())).collect();
    let host = running(&world, &far_end, &limits);
    install_all(&host.user("ada@example.com"), &hostile_guest(), "everyone").await;
    let (ann, bob) = (host.ann(), host.user("bob@example.com"));
    for _ in 0..2 {
        let before = far_end.waiting();
        let turns = slow_turns(&world, &ann, TURNS).await;
        let names: Vec<String> = turns.iter().map(|(turn, _)| turn.clone()).collect();
        let mut ends: FuturesUnordered<_> =
            turns.into_iter().map(|(_, mut follow)| async move { follow.until("tool_result").await.data }).collect();
        for _ in 0..TURNS - AT_ONCE - IN_QUEUE {
            let refused: Value = ends.next().await.unwrap();
            assert_eq!(refused["error_kind"], "limit-exceeded", "{refused}");
            assert!(refused["retry_after_seconds"].as_u64().is_some_and(|seconds| seconds > 0), "{refused}");
        }
        reached(&far_end, before + AT_ONCE).await;
        let began = Instant::now();
        let mut chat = Chat::new(&world.model, &bob).await;
        assert_eq!(chat.call("mcp__hostile__reported", json!({"rows": 7})).await["content"], "**7** rows");
        assert!(began.elapsed() < QUICK, "{:?}", began.elapsed());
        for turn in &names {
            ann.post(&format!("/api/stop_stream/{turn}"), json!({})).await.ok();
        }
        while let Some(ended) = ends.next().await {
            assert_eq!(ended["error_kind"], "cancelled", "{ended}");
        }
        eventually("the end of all connections", async || match far_end.dropped() {
            dropped if dropped == far_end.waiting() => Ok(()),
            other => Err(format!("{other} of {} were closed", far_end.waiting())),
        })
        .await;
        // One that waited may come to run in the moment between the stop of another and its own; no more than those.
        let ran = far_end.waiting() - before;
        assert!((AT_ONCE..=AT_ONCE + IN_QUEUE).contains(&ran), "{ran} came to run");
    }
}
