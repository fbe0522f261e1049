//! Guests of every released version of the contract, as they were recorded: they load and run on this host, and guests
//! of versions that it does not have are refused by name. Recorded files are never edited.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use bricklayer_domain::{CallEffect, CallPreview, Operation, ToolErrorKind, ToolOutcome};
use bricklayer_package::CONTRACT_VERSIONS;
use bricklayer_runtime::{CallContext, Continuation, Handover, LoadError, MemoryResults, ToolNamespace};
use serde_json::json;

use crate::support::{Bench, failed, logs, package_with, until};

const GRANTS: &str = "
[grants]
state = true
[[grants.http]]
audience = \"workspace\"
methods = [\"GET\", \"POST\"]
paths = [\"/api/ok/**\"]
credential = true
";

fn folder(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recorded").join(version)
}

fn recorded(version: &str, interface: &str) -> String {
    std::fs::read_to_string(folder(version).join(interface).with_extension("wat")).unwrap()
}

fn package(component: &str, run: &str) -> Vec<u8> {
    package_with(component, &format!("package test:wat; world w {{ export run: {run}; }}"), GRANTS)
}

async fn bench(version: &str, interface: &str) -> Bench {
    let run = match interface {
        "errors" => "func() -> result<string>",
        "review" | "operations" | "previews" => "func(text: string) -> string",
        _ => "func() -> string",
    };
    Bench::with(bricklayer_runtime::Limits::default(), package(&recorded(version, interface), run)).await
}

async fn run(bench: &Bench) -> ToolOutcome {
    bench.call("run", json!({})).await
}

#[tokio::test]
async fn every_interface_of_every_released_version_has_a_guest() {
    let contract = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit/host.wit")).unwrap();
    let newest = CONTRACT_VERSIONS.last().unwrap();
    assert!(contract.contains(&format!("package bricklayer:host@{newest};")), "the contract is {newest}");
    let place = |version: &str| CONTRACT_VERSIONS.iter().position(|own| *own == version).unwrap();
    let mut since = None;
    let mut interfaces = 0;
    for line in contract.lines() {
        if let Some(version) = line.strip_prefix("@since(version = ") {
            since = Some(place(version.trim_end_matches(')')));
        } else if let Some(name) = line.strip_prefix("interface ") {
            let name = name.trim_end_matches(" {");
            interfaces += 1;
            for version in &CONTRACT_VERSIONS[since.take().unwrap_or_else(|| panic!("{name} has no @since"))..] {
                let guest = recorded(version, name);
                let names_it = format!("\"bricklayer:host/{name}@{version}\"");
                assert!(guest.contains(&names_it), "the recorded guest {version}/{name} does not use {names_it}");
            }
        }
    }
    assert!(interfaces >= 8, "{interfaces}");
}

#[tokio::test]
async fn progress_runs() {
    for version in CONTRACT_VERSIONS {
        let bench = bench(version, "progress").await;
        assert_eq!(run(&bench).await.content, "half way", "{version}");
        let seen = bench.progress.lock().unwrap().clone();
        assert_eq!((seen[0].message.as_str(), seen[0].done, seen[0].total), ("half way", Some(1.0), Some(2.0)));
    }
}

#[tokio::test]
async fn log_runs() {
    for version in CONTRACT_VERSIONS {
        assert_eq!(run(&bench(version, "log").await).await.content, "from a recorded guest", "{version}");
    }
    let text = logs().lock().unwrap().clone();
    assert!(text.contains("bricklayer_plugin: from a recorded guest"), "the line is in the log");
}

#[tokio::test]
async fn state_runs() {
    for version in CONTRACT_VERSIONS {
        assert_eq!(run(&bench(version, "state").await).await.content, "value", "{version}");
    }
}

#[tokio::test]
async fn context_runs() {
    for version in CONTRACT_VERSIONS {
        let bench = bench(version, "context").await;
        assert_eq!(run(&bench).await.content, bench.ctx().caller.project.to_string(), "{version}");
    }
}

#[tokio::test]
async fn cleanup_runs() {
    for version in CONTRACT_VERSIONS {
        let bench = bench(version, "cleanup").await;
        failed(&run(&bench).await, ToolErrorKind::Trap, "unreachable");
        let seen =
            until("the clean-up to arrive", || bench.far_end.seen().pop().ok_or_else(|| "none".to_owned())).await;
        assert_eq!(
            (seen.method.as_str(), seen.uri.as_str(), seen.body.as_str()),
            ("POST", "/api/ok/first/cancel", "{}")
        );
        assert_eq!(bench.far_end.seen().len(), 1, "{version}: what was withdrawn is not sent");
    }
}

#[tokio::test]
async fn errors_run() {
    for version in CONTRACT_VERSIONS {
        let outcome = run(&bench(version, "errors").await).await;
        failed(&outcome, ToolErrorKind::NotFound, "it is gone");
        assert!(outcome.failure.unwrap().retryable, "{version}");
    }
}

#[tokio::test]
async fn review_runs() {
    for version in CONTRACT_VERSIONS {
        let bench = bench(version, "review").await;
        assert_eq!(bench.call("run", json!({"text": "x"})).await.content, "reviewed", "{version}");
        let short = bench.review("run", json!({"text": "x"})).await.unwrap();
        assert_eq!(short.effect(), CallEffect::Writes, "{version}: {short:?}");
        let long = json!({"text": "x".repeat(40)});
        let long = bench.review("run", long).await.unwrap();
        assert_eq!(long.effect(), CallEffect::Reads, "{version}: {long:?}");
    }
}

#[tokio::test]
async fn http_runs() {
    for version in &CONTRACT_VERSIONS[1..] {
        let bench = bench(version, "http").await;
        assert_eq!(run(&bench).await.content, "ok", "{version}");
        let seen = bench.far_end.seen().pop().unwrap();
        assert_eq!((seen.method.as_str(), seen.uri.as_str(), seen.body.as_str()), ("POST", "/api/ok/x", "{}"));
        assert_eq!(seen.header("content-type"), Some("application/json"));
    }
}

#[tokio::test]
async fn operations_run() {
    for version in &CONTRACT_VERSIONS[2..] {
        let bench = bench(version, "operations").await;
        assert_eq!(bench.call("run", json!({"text": "x"})).await.content, "reviewed", "{version}");
        let review = async |text: String| {
            let input = json!({ "text": text });
            bench.review("run", input).await.unwrap().operations
        };
        let expected = |effect| Operation {
            effect,
            verb: "GRANT".to_owned(),
            objects: vec!["main.t".to_owned()],
            text: Some("grant all".to_owned()),
            detail: None,
        };
        assert_eq!(review("x".to_owned()).await, [expected(CallEffect::Shares)], "{version}");
        assert_eq!(review("x".repeat(40)).await, [expected(CallEffect::Reads)], "{version}");
    }
}

#[tokio::test]
async fn previews_run() {
    for version in &CONTRACT_VERSIONS[4..] {
        let bench = bench(version, "previews").await;
        assert_eq!(bench.call("run", json!({"text": "x"})).await.content, "reviewed", "{version}");
        let short = bench.preview("run", json!({"text": "x"})).await;
        assert_eq!(short, Some(CallPreview::Found("3 rows".to_owned())), "{version}");
        let long = bench.preview("run", json!({"text": "x".repeat(40)})).await;
        assert_eq!(long, Some(CallPreview::Unknown("no answer".to_owned())), "{version}");
    }
}

#[tokio::test]
async fn continuation_runs() {
    for version in &CONTRACT_VERSIONS[2..] {
        let manifest = "
            [tools.run]
            read-only = true
            destructive = false
            idempotent = true
            ask = false
        ";
        let wit = "package test:wat; world w { export run: func() -> string; }";
        let package = package_with(&recorded(version, "continuation"), wit, manifest);
        let bench = Bench::with(bricklayer_runtime::Limits::default(), package).await;
        let kept = Arc::new(Kept::default());
        let ctx = CallContext { handover: Some(Arc::clone(&kept) as _), ..bench.ctx() };
        assert_eq!(bench.call_with("run", json!({}), ctx).await.content, "continued", "{version}");
        let offer = Some(Continuation { tool: "run".to_owned(), input: json!({}), clean_up: Vec::new() });
        assert_eq!(*kept.offers.lock().unwrap(), [offer.clone(), None, offer.clone()], "{version}");
        // Who drives the call now goes on by the offer, so this one does not go on without it.
        let kept = Arc::new(Kept { takes_nothing_back: true, ..Kept::default() });
        let ctx = CallContext { handover: Some(Arc::clone(&kept) as _), ..bench.ctx() };
        failed(&bench.call_with("run", json!({}), ctx).await, ToolErrorKind::Trap, "was not taken back");
        assert_eq!(*kept.offers.lock().unwrap(), [offer], "{version}");
        // Without anybody who would continue it, the guest is told so.
        failed(&run(&bench).await, ToolErrorKind::Trap, "unreachable");
    }
}

/// What a turn was told of continuations.
#[derive(Default)]
pub(crate) struct Kept {
    pub(crate) offers: Mutex<Vec<Option<Continuation>>>,
    pub(crate) is_leaving: bool,
    /// What is kept is told only as this permits; at once without it.
    pub(crate) telling: Option<Arc<tokio::sync::Semaphore>>,
    /// Whether the log refuses that an offer is taken back.
    pub(crate) takes_nothing_back: bool,
}

#[async_trait::async_trait]
impl Handover for Kept {
    async fn keep(&self, continuation: Option<Continuation>) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        if continuation.is_none() && self.takes_nothing_back {
            return Err("the turn is another worker's".into());
        }
        self.offers.lock().unwrap().push(continuation);
        if let Some(telling) = &self.telling {
            telling.acquire().await?.forget();
        }
        Ok(())
    }

    fn is_leaving(&self) -> bool {
        self.is_leaving
    }
}

#[tokio::test]
async fn results_run() {
    for version in &CONTRACT_VERSIONS[3..] {
        let bench = bench(version, "results").await;
        let ctx = CallContext { results: Some(Arc::new(MemoryResults::default())), ..bench.ctx() };
        let outcome = bench.call_with("run", json!({}), ctx).await;
        assert_eq!(outcome.results.len(), 1, "{version}: {outcome:?}");
        assert_eq!((outcome.content, outcome.results[0].rows), (outcome.results[0].id.to_string(), 2), "{version}");
    }
}

#[tokio::test]
async fn versions_that_this_host_does_not_have_are_refused_with_both_named() {
    let bench = Bench::new().await;
    let newest = CONTRACT_VERSIONS.last().unwrap();
    for (interface, run) in [("progress", "func() -> string"), ("review", "func(text: string) -> string")] {
        for version in ["0.1.9", "0.2.0", "1.0.0"] {
            let guest = recorded("0.1.0", interface).replace("@0.1.0\"", &format!("@{version}\""));
            let error = bench.runtime.load(package(&guest, run), ToolNamespace::databricks()).await.unwrap_err();
            let LoadError::Import(text) = &error else { panic!("{interface} {version}: {error}") };
            assert!(text.contains(version) && text.contains(newest) && text.contains("update Bricklayer"), "{text}");
        }
    }
    // A function that the interface of its version never had.
    let odd = recorded("0.1.0", "progress").replace("\"report\"", "\"shout\"");
    let error = bench.runtime.load(package(&odd, "func() -> string"), ToolNamespace::databricks()).await.unwrap_err();
    assert!(matches!(&error, LoadError::Import(text) if text.contains("shout")), "{error}");
}
