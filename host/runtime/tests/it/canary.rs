//! The caller's token is at the far end's `authorization` and nowhere else, however a guest looks for it.

use serde_json::json;

use crate::support::{Bench, CANARY, logs};

/// What hides the token from the guest's own memory; the guest knows it.
const MASK: u8 = 85;

#[tokio::test]
async fn a_guest_that_shows_everything_it_can_see_shows_no_token() {
    let bench = Bench::new().await;
    std::fs::write(bench.project.path().join("notes.txt"), "of the project").unwrap();
    let needle = |text: &str| text.bytes().map(|byte| byte ^ MASK).collect::<Vec<u8>>();
    let dump = |path: &str, text: &str| {
        let request = json!({"method": "GET", "authority": "workspace", "path": path, "headers": [], "trailers": []});
        json!({"request": request, "needle": needle(text)})
    };
    // The scan finds what is there: the far end's answer holds the request's own path.
    let outcome = bench.call("dump", dump("/api/ok/echo?mark=find-me-here", "find-me-here")).await;
    let seen = Bench::ok(&outcome)["result"].as_array().unwrap().clone();
    assert!(seen.last().unwrap().as_str().unwrap().parse::<u32>().unwrap() > 0, "the scan sees nothing");
    assert!(outcome.content.contains("of the project") && outcome.content.contains("preopen /project"), "{seen:?}");

    let paths = ["echo", "drip", "redirect", "status-401", "status-500", "gzip"].map(|word| format!("/api/ok/{word}"));
    for path in paths.iter().map(String::as_str).chain(["/api/other", "/api/plain/echo"]) {
        let outcome = bench.call("dump", dump(path, CANARY)).await;
        let seen = Bench::ok(&outcome)["result"].as_array().unwrap().clone();
        assert_eq!(seen.last().unwrap(), "0", "the token is in the guest's memory: {path}");
    }
    // `call` has looked for the token in results, logs (spans included), progress, context and both kinds of records.
    let arrived = bench.far_end.seen();
    assert!(arrived.len() >= 14, "{}", arrived.len());
    for seen in &arrived {
        let token = (!seen.uri.starts_with("/api/plain")).then(|| format!("Bearer {CANARY}"));
        assert_eq!(seen.header("authorization"), token.as_deref(), "{seen:?}");
        let elsewhere = seen.headers.iter().filter(|(name, _)| name != "authorization");
        assert!(!format!("{:?}{}{}", elsewhere.collect::<Vec<_>>(), seen.uri, seen.body).contains(CANARY));
    }
    // The spans are in the logs, and so were looked through.
    let text = logs().lock().unwrap().clone();
    assert!(text.contains("tool_call{") && text.contains("http_request{") && text.contains("turn.id="), "no spans");
}
