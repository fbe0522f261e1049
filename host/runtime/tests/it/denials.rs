//! A refusal explains the failure that passes it on, and no other; by both doors.

use std::sync::Arc;
use std::time::Duration;

use bricklayer_domain::{ToolErrorKind as Kind, ToolOutcome};
use bricklayer_runtime::{Grants, Limits};
use serde_json::{Value, json};

use crate::support::{Bench, hostile};

const DOORS: [&str; 2] = ["wasi", "plain"];

const AUTHOR: &str = "the plugin does not ask for this; its author must add it to plugin.toml";

fn get(path: &str) -> Value {
    json!({"method": "GET", "authority": "workspace", "path": path, "headers": [], "trailers": []})
}

/// What a failed call tells beside its message.
#[track_caller]
fn told(outcome: &ToolOutcome) -> (Kind, Option<&str>, Option<&str>) {
    let failure = outcome.failure.as_ref().unwrap_or_else(|| panic!("{outcome:?}"));
    (failure.kind, failure.denied.as_deref(), failure.remedy.as_deref())
}

#[track_caller]
fn once(outcome: &ToolOutcome, words: &str) {
    assert_eq!(outcome.content.matches(words).count(), 1, "{}", outcome.content);
}

#[tokio::test]
async fn a_refusal_that_is_passed_on_is_told_once() {
    let bench = Bench::new().await;
    for door in DOORS {
        for (tool, how) in [("struggle", "pass 0"), ("struggle_said", "pass 0 denied")] {
            let input = json!({"door": door, "requests": [get("/api/other")], "how": how});
            let outcome = bench.call(tool, input).await;
            assert_eq!(told(&outcome), (Kind::Denied, Some("GET workspace/api/other"), Some(AUTHOR)), "{door} {tool}");
            once(&outcome, "no grant allows GET /api/other at workspace");
        }
        // A guest that crashes with it passes it on too.
        let input = json!({"door": door, "requests": [get("/api/other")], "how": "crash 0"});
        let outcome = bench.call("struggle", input).await;
        assert_eq!(told(&outcome), (Kind::Trap, Some("GET workspace/api/other"), Some(AUTHOR)), "{door}");
        once(&outcome, "no grant allows GET /api/other at workspace");
    }
}

#[tokio::test]
async fn a_refusal_that_was_got_over_explains_nothing() {
    let bench = Bench::new().await;
    for door in DOORS {
        // Another request went well after it.
        let requests = json!([get("/api/other"), get("/api/ok/x")]);
        for (tool, how, kind) in [
            ("struggle", "line 3 has no comma", Kind::Failed),
            ("struggle_said", "line 3 has no comma upstream", Kind::Upstream),
        ] {
            let input = json!({"door": door, "requests": requests, "how": how});
            let outcome = bench.call(tool, input).await;
            assert_eq!(told(&outcome), (kind, None, None), "{door}");
            assert_eq!(outcome.content, "line 3 has no comma");
        }

        // It was the last request; the guest says of itself what it failed of.
        let input = json!({"door": door, "requests": [get("/api/other")], "how": "line 3 has no comma upstream"});
        let outcome = bench.call("struggle_said", input).await;
        assert_eq!(told(&outcome), (Kind::Upstream, None, None), "{door}");
        assert_eq!(outcome.content, "line 3 has no comma");

        // It was the last request, and the error leaves open what it is about: told as what happened before, no cause.
        for (tool, how) in [("struggle", "line 3 has no comma"), ("struggle_said", "line 3 has no comma failed")] {
            let outcome = bench.call(tool, json!({"door": door, "requests": [get("/api/other")], "how": how})).await;
            assert_eq!(told(&outcome), (Kind::Failed, None, None), "{door}");
            assert_eq!(
                outcome.content,
                "line 3 has no comma\nbefore that, the host refused a request of the plugin: no grant allows GET \
                 /api/other at workspace"
            );
        }
    }
}

#[tokio::test]
async fn what_was_refused_before_says_what_would_allow_it() {
    let bench = Bench::new().await;
    let mut ctx = bench.ctx();
    ctx.grants = Arc::new(Grants::default());
    let input = json!({"door": "wasi", "requests": [get("/api/ok/x")], "how": "no weather today"});
    let outcome = bench.call_with("struggle", input, ctx).await;
    assert_eq!(told(&outcome), (Kind::Failed, None, None));
    let way_out = "bricklayer plugin grant test-hostile \"GET workspace/api/ok/** as-caller\"";
    assert!(outcome.content.ends_with(way_out), "{}", outcome.content);
}

#[tokio::test]
async fn of_two_refusals_the_one_passed_on_counts() {
    let bench = Bench::new().await;
    let requests = json!([get("/api/one"), get("/api/two"), get("/api/ok/x")]);
    for (door, how, denied) in [
        // By the words of `http`; by the code of `wasi:http` and the path; by the code alone the latest.
        ("plain", "pass 0", "GET workspace/api/one"),
        ("plain", "pass 1", "GET workspace/api/two"),
        ("wasi", "name 0", "GET workspace/api/one"),
        ("wasi", "name 1", "GET workspace/api/two"),
        ("wasi", "pass 1", "GET workspace/api/two"),
    ] {
        let outcome = bench.call("struggle", json!({"door": door, "requests": requests, "how": how})).await;
        assert_eq!(told(&outcome), (Kind::Denied, Some(denied), Some(AUTHOR)), "{door} {how}");
    }
}

#[tokio::test]
async fn a_limit_is_not_explained_by_an_earlier_refusal() {
    let bench = Bench::with(Limits { cpu: Duration::from_millis(300), ..Limits::default() }, hostile()).await;
    for door in DOORS {
        let input = json!({"door": door, "requests": [get("/api/other")], "how": "spin 0"});
        let outcome = bench.call("struggle", input).await;
        assert_eq!(told(&outcome), (Kind::LimitExceeded, None, None), "{door}");
        assert!(outcome.content.starts_with("cpu limit: ") && !outcome.content.contains("refused"), "{outcome:?}");
    }
}
