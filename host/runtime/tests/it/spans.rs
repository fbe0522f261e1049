//! Turn, tool call and request are one trace, although guests and their requests run on threads and tasks of their own.

use bricklayer_domain::ToolErrorKind;
use serde_json::{Value, json};
use tracing::Instrument as _;

use crate::support::{Bench, failed, logs, until};

fn get(path: &str) -> Value {
    json!({"method": "GET", "authority": "workspace", "path": path, "headers": [], "trailers": []})
}

/// The log line of the request that ended below the turn of that mark, with all its spans.
async fn request_below(mark: &str, verdict: &str) -> String {
    let turn = format!("turn{{mark=\"{mark}\"}}:tool_call{{");
    until("the request's span to end", || {
        let text = logs().lock().unwrap();
        let found = text.lines().find(|line| {
            line.contains(&turn) && line.contains("}:http_request{") && line.contains("close") && line.contains(verdict)
        });
        found.map(str::to_owned).ok_or_else(|| format!("no span below {turn}"))
    })
    .await
}

#[tokio::test]
async fn requests_hang_below_their_call_and_calls_below_their_turn() {
    let bench = Bench::new().await;
    for (door, mark) in [("fetch", "mark-stream"), ("fetch_plain", "mark-plain")] {
        let call = bench.call(door, get("/api/ok/echo?secret=in-the-query"));
        Bench::ok(&call.instrument(tracing::info_span!("turn", mark)).await);
        let line = request_below(mark, "verdict=\"answered\"").await;
        let host = format!("host=\"{}\"", bench.far_end.url().authority());
        let fields = [
            "user=ada@example.com",
            "tool_call.id=\"call-1\"",
            "plugin.name=test-hostile",
            &format!("tool=\"{door}\""),
            &format!("plugin.digest=\"{}\"", bench.plugin.digest()),
            "turn.id=",
            "conversation.id=",
            "project.id=",
            "method=\"GET\"",
            &host,
            "path=\"/api/ok/echo\"",
            "status=200",
            "response_bytes=",
        ];
        for field in fields {
            assert!(line.contains(field), "no {field} in {line}");
        }
        assert!(!line.contains("in-the-query"), "{line}");

        let mark = format!("{mark}-denied");
        let call = bench.call(door, get("/api/other"));
        let outcome = call.instrument(tracing::info_span!("turn", mark)).await;
        failed(&outcome, ToolErrorKind::Denied, "no grant");
        assert!(request_below(&mark, "verdict=\"denied\"").await.contains("path=\"/api/other\""));
    }
    // The call's own span tells its outcome when it ends.
    let call = bench.call("crash", json!({"message": "x"}));
    assert!(call.instrument(tracing::info_span!("turn", mark = "mark-crash")).await.is_error());
    until("the call's span to end", || {
        let text = logs().lock().unwrap();
        let mut lines = text.lines().filter(|line| line.contains("turn{mark=\"mark-crash\"}:tool_call{"));
        match lines.find(|line| line.contains("close") && line.contains("outcome=\"trap\"")) {
            Some(line) if line.contains("cpu_ms=") && line.contains("memory_peak_bytes=") => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
}
