//! Each kind of failure as the user's stream shows it, compared with a fixed table. The runtime's suite has the longer
//! one; this is what comes through the built program.

use serde_json::{Value, json};

use super::{everything, get, hostile_guest, running};
use crate::shared::far_end::FarEnd;
use crate::support::{Chat, World};

/// A line: the tool of the hostile guest, its arguments, and then of the failure its kind, a part of its words, the
/// missing power, a part of the remedy, and the seconds to wait.
type Line = (&'static str, Value, &'static str, &'static str, Option<&'static str>, Option<&'static str>, Option<u32>);

fn status(code: u16) -> Value {
    get(&format!("/api/ok/status-{code}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_kind_of_failure_reaches_the_user_as_the_table_says() {
    const MEMORY: &str = "memory:128MiB";
    const AUTHOR: &str = "its author must add it to plugin.toml";
    let table: [Line; 15] = [
        ("who", json!({"x": 1}), "invalid-input", "x: is not a property here", None, None, None),
        ("nobody", json!({}), "unknown-tool", "there is no tool named `mcp__hostile__nobody`", None, None, None),
        ("fails", json!({"message": "slowly", "retryable": true}), "rate-limited", "slowly", None, None, None),
        ("spin", json!({}), "limit-exceeded", "cpu limit: ", None, None, None),
        ("allocate", json!({"mib": 1000}), "limit-exceeded", "memory limit: ", Some(MEMORY), Some(MEMORY), None),
        ("nap", json!({"millis": 60_000}), "timeout", "time limit: ", None, None, None),
        ("crash", json!({"message": "why"}), "trap", "the plugin crashed: ", None, None, None),
        (
            "fetch_good",
            get("/api/other"),
            "denied",
            "no grant allows GET",
            Some("GET workspace/api/other"),
            Some(AUTHOR),
            None,
        ),
        ("fetch_good", get("/api/ok/../x"), "denied", "dot segments", None, None, None),
        ("fetch_good", status(403), "permission-denied", "403", None, Some("ask whoever owns it"), None),
        ("fetch_good", status(404), "not-found", "404", None, None, None),
        ("fetch_good", status(409), "failed", "409", None, None, None),
        ("fetch_good", status(429), "rate-limited", "429", None, None, Some(3600)),
        ("fetch_good", status(500), "upstream", "500", None, None, None),
        ("fetch_good", status(503), "upstream", "503", None, None, Some(3600)),
    ];
    let world = World::sqlite().await;
    let far_end = FarEnd::start().await;
    let host = running(&world, &far_end, &[]);
    let ann = host.ann();
    // All but the memory.
    let seen = ann.upload(&hostile_guest(), None).await.ok();
    let grants: Vec<_> = everything(&seen).into_iter().filter(|power| power != MEMORY).collect();
    ann.post("/api/plugins", json!({"staged": seen["staged"], "scope": "me", "grants": grants})).await.ok();
    let mut chat = Chat::new(&world.model, &ann).await;
    for (tool, input, kind, says, denied, remedy, seconds) in table {
        let result = chat.call(&format!("mcp__hostile__{tool}"), input.clone()).await;
        let text = |key: &str| result[key].as_str();
        assert_eq!((text("error_kind"), text("denied")), (Some(kind), denied), "{tool} {input}: {result}");
        assert!(text("content").unwrap().contains(says), "{result} does not say {says:?}");
        assert_eq!(result["retry_after_seconds"].as_u64(), seconds.map(u64::from), "{result}");
        match (text("remedy"), remedy) {
            (Some(found), Some(part)) => assert!(found.contains(part), "{result} does not say {part:?}"),
            (found, expected) => assert_eq!(found, expected, "{tool} {input}: {result}"),
        }
    }
}
