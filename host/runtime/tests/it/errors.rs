//! The contract of failures: each kind forced, and compared with a fixed table.

use std::sync::Arc;
use std::time::Duration;

use bricklayer_domain::{ToolErrorKind as Kind, ToolFailure};
use bricklayer_runtime::{CallContext, Grants, Limits, Power, Powers, RuntimeConfig};
use serde_json::{Value, json};

use crate::support::{Bench, hostile, until};

/// A line of the table.
struct Expect {
    kind: Kind,
    retryable: bool,
    denied: Option<&'static str>,
    remedy: Option<&'static str>,
    retry_after: Option<u32>,
    says: &'static str,
}

const fn plain(kind: Kind, retryable: bool, says: &'static str) -> Expect {
    Expect { kind, retryable, denied: None, remedy: None, retry_after: None, says }
}

const fn denied(denied: &'static str, remedy: &'static str, says: &'static str) -> Expect {
    let (denied, remedy) = (Some(denied), Some(remedy));
    Expect { kind: Kind::Denied, retryable: false, denied, remedy, retry_after: None, says }
}

#[track_caller]
fn check(failure: &ToolFailure, content: &str, expect: &Expect) {
    let ToolFailure { kind, message, retryable, denied, remedy, retry_after_seconds } = failure;
    let found = (*kind, *retryable, denied.as_deref(), remedy.as_deref(), *retry_after_seconds);
    let wanted = (expect.kind, expect.retryable, expect.denied, expect.remedy, expect.retry_after);
    assert_eq!(found, wanted, "{message}");
    assert!(message.contains(expect.says), "{message:?} does not say {:?}", expect.says);
    assert!(content.starts_with(message.as_str()));
    if let Some(remedy) = expect.remedy {
        assert!(content.contains(remedy), "the model does not see the remedy: {content}");
    }
}

fn request(method: &str, authority: &str, path: &str) -> Value {
    json!({"method": method, "authority": authority, "path": path, "headers": [], "trailers": []})
}

fn get(path: &str) -> Value {
    request("GET", "workspace", path)
}

const AUTHOR: &str = "the plugin does not ask for this; its author must add it to plugin.toml";

fn given(bench: &Bench, ids: &[&str]) -> CallContext {
    let mut ctx = bench.ctx();
    ctx.grants = Arc::new(Grants::from_powers(&Powers::parse(ids).unwrap()));
    ctx
}

#[tokio::test]
async fn every_failure_says_its_kind_and_the_way_out() {
    let limits = Limits { cpu: Duration::from_millis(300), http_requests: 5, ..Limits::default() };
    let bench = Bench::with(limits, hostile()).await;
    let exceeded = |says| plain(Kind::LimitExceeded, false, says);
    let upstream = |kind, retryable, says| plain(kind, retryable, says);
    let table = [
        // Arguments and names.
        ("who", json!({"x": 1}), plain(Kind::InvalidInput, false, "x: is not a property here; there are none")),
        ("nobody", json!({}), plain(Kind::UnknownTool, false, "the plugin test-hostile has no tool `nobody`")),
        // What the guest says itself.
        ("fails", json!({"message": "slowly", "retryable": true}), plain(Kind::RateLimited, true, "slowly")),
        // Limits, each by its name.
        ("spin", json!({}), exceeded("cpu limit: ")),
        (
            "allocate",
            json!({"mib": 1000}),
            Expect {
                denied: Some("memory:128MiB"),
                remedy: Some("bricklayer plugin grant test-hostile \"memory:128MiB\""),
                ..exceeded("memory limit: ")
            },
        ),
        ("print_flood", json!({}), exceeded("output limit: ")),
        ("report_flood", json!({}), exceeded("host-call limit: ")),
        ("big_output", json!({"bytes": 2_000_000}), exceeded("output limit: ")),
        ("big_output", json!({"bytes": 30_000_000}), exceeded("host-call limit: ")),
        ("hoard", json!({"count": 100_000}), exceeded("handle limit: ")),
        ("random", json!({"bytes": 1_000_000}), exceeded("random limit: ")),
        ("big_header", json!({"bytes": 100_000}), exceeded("header limit: ")),
        ("fetch_flood", json!({"path": "/api/ok/x", "count": 9}), exceeded("request limit: ")),
        ("nap", json!({"millis": 60_000}), plain(Kind::Timeout, true, "time limit: ")),
        ("crash", json!({"message": "why"}), plain(Kind::Trap, false, "the plugin crashed: ")),
        // What nobody asked for, and what no grant could allow.
        ("fetch_good", get("/api/other"), denied("GET workspace/api/other", AUTHOR, "no grant allows GET /api/other")),
        (
            "fetch_good",
            request("POST", "api.example.com", "/v1/x"),
            denied("POST https://api.example.com/v1/x", AUTHOR, "no grant allows POST"),
        ),
        ("fetch_good", get("/api/ok/../x"), plain(Kind::Denied, false, "dot segments")),
        ("fetch_good", request("GET", "10.0.0.1", "/x"), plain(Kind::Denied, false, "not a public address")),
        // The far end, through a guest that only says that it failed.
        (
            "fetch_good",
            get("/api/ok/status-401"),
            Expect {
                remedy: Some("sign in to the workspace again: it refused the credential"),
                ..upstream(Kind::Unauthenticated, false, "the answer was 401")
            },
        ),
        // A rule without the credential: the plugin's fault, and not the user's.
        (
            "fetch_good",
            get("/api/plain/status-401"),
            Expect {
                denied: Some("GET workspace/api/plain/status-401 as-caller"),
                remedy: Some("the plugin's author must add `credential = true` to the rule in plugin.toml"),
                ..plain(Kind::Denied, false, "attaches none. Signing in again does not help")
            },
        ),
        ("fetch_good", get("/api/ok/status-403"), upstream(Kind::PermissionDenied, false, "the answer was 403")),
        ("fetch_good", get("/api/ok/status-404"), upstream(Kind::NotFound, false, "the answer was 404")),
        ("fetch_good", get("/api/ok/status-409"), upstream(Kind::Failed, false, "the answer was 409")),
        (
            "fetch_good",
            get("/api/ok/status-429"),
            Expect { retry_after: Some(3600), ..upstream(Kind::RateLimited, true, "the answer was 429") },
        ),
        ("fetch_good", get("/api/ok/status-500"), upstream(Kind::Upstream, true, "the answer was 500")),
        (
            "fetch_good",
            get("/api/ok/status-503"),
            Expect { retry_after: Some(3600), ..upstream(Kind::Upstream, true, "the answer was 503") },
        ),
    ];
    for (tool, input, expect) in table {
        let outcome = bench.call(tool, input.clone()).await;
        let failure = outcome.failure.as_ref().unwrap_or_else(|| panic!("{tool} {input} succeeded"));
        check(failure, &outcome.content, &expect);
    }

    // Nobody there: a port that was just given back.
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut ctx = bench.ctx();
    let url: url::Url = format!("http://{gone}").parse().unwrap();
    ctx.workspace.as_mut().unwrap().base_url = url;
    let outcome = bench.call_with("fetch_good", get("/api/ok/x"), ctx).await;
    check(outcome.failure.as_ref().unwrap(), &outcome.content, &plain(Kind::Upstream, true, "ConnectionRefused"));

    let mut ctx = bench.ctx();
    ctx.workspace = None;
    let outcome = bench.call_with("fetch_good", get("/api/ok/x"), ctx).await;
    let expect = Expect {
        remedy: Some("connect a Databricks workspace, then call again"),
        ..plain(Kind::Denied, false, "no workspace is connected")
    };
    check(outcome.failure.as_ref().unwrap(), &outcome.content, &expect);

    let ctx = bench.ctx();
    ctx.cancel.cancel();
    let outcome = bench.call_with("who", json!({}), ctx).await;
    check(outcome.failure.as_ref().unwrap(), &outcome.content, &plain(Kind::Cancelled, false, "the call was stopped"));
}

#[tokio::test]
async fn a_session_has_ended_only_where_the_callers_own_credential_was_refused() {
    let bench = Bench::new().await;
    for (path, unknown) in [("/api/ok/status-403", 0), ("/api/plain/status-401", 0), ("/api/ok/status-401", 1)] {
        bench.call("fetch", get(path)).await;
        assert_eq!(bench.audit.unknown_callers(), unknown, "{path}");
    }
}

#[tokio::test]
async fn a_full_house_says_when_to_come_back() {
    let bench = Bench::configured(hostile(), |config| RuntimeConfig {
        max_concurrent_calls: 1,
        queue_wait: Duration::from_millis(20),
        ..config
    })
    .await;
    let ctx = bench.ctx();
    let cancel = ctx.cancel.clone();
    let parked = bench.call_with("fetch", get("/api/ok/hang"), ctx);
    let refused = async {
        until("the slot to be taken", || match bench.far_end.waiting() {
            1 => Ok(()),
            other => Err(other.to_string()),
        })
        .await;
        let outcome = bench.call("who", json!({})).await;
        cancel.cancel();
        outcome
    };
    let (_, outcome) = tokio::join!(parked, refused);
    let failure = outcome.failure.unwrap();
    assert_eq!((failure.kind, failure.retryable), (Kind::LimitExceeded, true), "{}", failure.message);
    assert!(failure.retry_after_seconds.is_some_and(|seconds| seconds > 0), "{failure:?}");
}

#[tokio::test]
async fn the_remedy_makes_the_call_succeed() {
    let bench = Bench::new().await;
    std::fs::write(bench.project.path().join("a.txt"), "inside").unwrap();
    let cases = [
        ("fetch_good", get("/api/ok/x"), vec![], "GET workspace/api/ok/** as-caller", Kind::Denied),
        ("fetch_good", get("/api/plain/x"), vec!["state"], "GET workspace/api/plain/*", Kind::Denied),
        ("remember", json!({"key": "k", "value": "v"}), vec![], "state", Kind::Denied),
        ("read_file", json!({"path": "/project/a.txt"}), vec![], "files:read", Kind::Failed),
        ("write_file", json!({"path": "/project/b.txt", "text": "x"}), vec!["files:read"], "files:write", Kind::Failed),
        ("allocate", json!({"mib": 90}), vec!["cpu:10s"], "memory:128MiB", Kind::LimitExceeded),
    ];
    for (tool, input, mut has, id, kind) in cases {
        let outcome = bench.call_with(tool, input.clone(), given(&bench, &has)).await;
        let failure = outcome.failure.unwrap();
        let remedy = failure.remedy.unwrap_or_else(|| panic!("{tool}: no remedy: {}", failure.message));
        assert_eq!((failure.kind, failure.denied.as_deref()), (kind, Some(id)));
        assert_eq!(remedy, format!("bricklayer plugin grant test-hostile \"{id}\""));
        // What the command's last word says is given; then the same call goes well.
        let word = remedy.split('"').nth(1).unwrap();
        Power::parse(word).unwrap();
        has.push(word);
        let outcome = bench.call_with(tool, input, given(&bench, &has)).await;
        assert!(outcome.failure.is_none(), "{tool} with {has:?}: {outcome:?}");
    }
}
