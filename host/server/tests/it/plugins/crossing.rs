//! Two users of one plugin at once, each with a token of their own: nothing of one reaches the other.

use std::collections::HashSet;

use serde_json::json;

use super::{get, hostile_guest, id, install_all, running};
use crate::process::{Running, log_path};
use crate::shared::far_end::FarEnd;
use crate::support::{Chat, World};

const ROUNDS: usize = 2;
const CALLS_PER_ROUND: usize = 250;

const USERS: [&str; 2] = ["ann", "bob"];

/// Everything that a user does; each result must be theirs.
async fn call_and_compare(world: &World, host: &Running, user: &str, other: &str) -> String {
    let api = host.user(&format!("{user}@example.com"));
    let mut chat = Chat::new(&world.model, &api).await;
    for round in 0..ROUNDS {
        let mark = |number: usize| format!("{user}-mark-{round}-{number}.");
        let call = |number: usize| match number % 5 {
            0 => ("remember", json!({"key": "mine", "value": mark(number)})),
            1 => ("who", json!({})),
            _ => ("fetch", get(&format!("/api/ok/echo?mark={}", mark(number)))),
        };
        let calls: Vec<_> = (0..CALLS_PER_ROUND)
            .map(|number| {
                let (tool, input) = call(number);
                (format!("mcp__hostile__{tool}"), input)
            })
            .collect();
        for (number, result) in chat.calls(&calls).await.iter().enumerate() {
            let text = result.to_string();
            assert_eq!(result["is_error"], false, "{text}");
            let own = if number % 5 == 1 { format!("{user}@example.com") } else { mark(number) };
            assert!(text.contains(&own), "{user} {number}: {text}");
            assert!(!text.contains(&format!("{other}-mark")) && !text.contains(&format!("{other}@")), "{text}");
            assert!(!text.contains("canary"), "{text}");
        }
    }
    chat.project().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_users_of_the_built_program_see_nothing_of_each_other() {
    let world = World::sqlite().await;
    let far_end = FarEnd::start().await;
    let host = running(&world, &far_end, &[]);
    let plugin = id(&install_all(&host.user("ada@example.com"), &hostile_guest(), "everyone").await);
    let [ann, bob] = USERS;
    let (anns, bobs) =
        tokio::join!(call_and_compare(&world, &host, ann, bob), call_and_compare(&world, &host, bob, ann));
    // At the far end each request came with its user's token, on a connection of theirs.
    let mut peers = [HashSet::new(), HashSet::new()];
    for seen in far_end.seen() {
        let index = USERS.iter().position(|user| seen.uri.contains(&format!("mark={user}-mark"))).unwrap();
        let token = format!("Bearer canary-token-of-{}@example.com", USERS[index]);
        assert_eq!(seen.header("authorization"), Some(token.as_str()), "{}", seen.uri);
        peers[index].insert(seen.peer);
    }
    assert!(peers[0].is_disjoint(&peers[1]), "a connection served both");
    // Each sees their own records and use of everyone's plugin, and the other's projects are as unknown as none.
    for (index, (user, foreign)) in [(ann, &bobs), (bob, &anns)].into_iter().enumerate() {
        let api = host.user(&format!("{user}@example.com"));
        let audit = api.get(&format!("/api/plugins/{plugin}/audit?limit=200")).await.ok();
        let records = audit["records"].as_array().unwrap();
        assert_eq!(records.len(), 200);
        assert!(records.iter().all(|record| record["user"] == format!("{user}@example.com")), "{audit}");
        let usage = api.get(&format!("/api/plugins/{plugin}")).await.ok()["usage"].clone();
        assert!(usage["calls"].as_u64().unwrap() <= (ROUNDS * CALLS_PER_ROUND) as u64, "{index}: {usage}");
        let unknown = uuid::Uuid::now_v7().to_string();
        let [theirs, none] = [foreign, &unknown].map(|project| format!("/api/projects/{project}"));
        let [theirs, none] =
            [api.get(&theirs).await.problem(404, "not-found"), api.get(&none).await.problem(404, "not-found")];
        assert_eq!(theirs["detail"].to_string().replace(foreign, ""), none["detail"].to_string().replace(&unknown, ""));
    }
    let log = std::fs::read_to_string(log_path(&world)).unwrap();
    assert!(!log.contains("canary"), "a token is in the log");
    assert!(!log.lines().any(|line| USERS.iter().all(|user| line.contains(&format!("{user}@example.com")))));
}
