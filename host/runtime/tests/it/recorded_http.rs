//! Recorded HTTP stands behind every check and changes nothing of what a plugin may do.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bricklayer_domain::ToolErrorKind;
use bricklayer_runtime::{FarAnswer, FarEnd, FarRequest, RuntimeConfig, Unanswered, Verdict};
use bytes::Bytes;
use serde_json::{Value, json};

use crate::support::{Bench, CANARY, failed, hostile};

#[derive(Debug, Default)]
struct Tape {
    answers: Mutex<VecDeque<FarAnswer>>,
    seen: Mutex<Vec<FarRequest>>,
}

#[async_trait]
impl FarEnd for Tape {
    async fn answer(&self, request: FarRequest) -> Result<FarAnswer, Unanswered> {
        let found = self.answers.lock().unwrap().pop_front();
        let missing = Unanswered(format!("nothing is recorded for {} {}", request.method, request.url));
        self.seen.lock().unwrap().push(request);
        found.ok_or(missing)
    }
}

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> FarAnswer {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    FarAnswer { status, headers, body: Bytes::copy_from_slice(body.as_bytes()) }
}

fn request(method: &str, authority: &str, path: &str) -> Value {
    json!({"method": method, "authority": authority, "path": path, "headers": [["x-mine", "1"]], "trailers": [], "body": "ab"})
}

#[tokio::test]
async fn answers_come_from_the_tape_after_every_check() {
    let tape = Arc::new(Tape::default());
    let far_end = Arc::clone(&tape);
    let bench = Bench::configured(hostile(), |config| RuntimeConfig { far_end: Some(far_end), ..config }).await;
    let mut homeless = bench.ctx();
    homeless.workspace = None;

    tape.answers.lock().unwrap().extend([
        answer(429, &[("retry-after", "0")], "later"),
        answer(200, &[("x-own", "yes"), ("set-cookie", "a=b")], CANARY),
        answer(201, &[], "made"),
    ]);
    // Repeated like any answer, and scanned like any answer; the workspace's address is not needed.
    let got = Bench::ok(&bench.call("fetch", request("GET", "workspace", "/api/ok/x?q=1")).await);
    assert_eq!((&got["status"], &got["body"]), (&json!(200), &json!("*".repeat(CANARY.len()))));
    assert_eq!(got["headers"], json!([["x-own", "yes"]]));
    let got = Bench::ok(&bench.call_with("fetch", request("POST", "WORKSPACE:443", "/api/ok/x"), homeless).await);
    assert_eq!(got["status"], 201);

    let seen = tape.seen.lock().unwrap().clone();
    assert_eq!(seen.len(), 3);
    assert_eq!((seen[0].method.as_str(), seen[0].url.as_str()), ("GET", "https://workspace/api/ok/x?q=1"));
    assert_eq!((seen[2].method.as_str(), seen[2].url.as_str()), ("POST", "https://workspace/api/ok/x"));
    assert_eq!((&seen[2].body[..], seen[2].as_caller), (&b"ab"[..], true));
    assert!(seen[2].headers.contains(&("x-mine".to_owned(), "1".to_owned())));
    assert!(!format!("{seen:?}").contains(CANARY) && !format!("{seen:?}").contains("authorization"), "{seen:?}");

    // What is not granted does not reach it, and what it does not know is no answer.
    failed(
        &bench.call("fetch", request("GET", "workspace", "/api/other")).await,
        ToolErrorKind::Denied,
        "no grant allows",
    );
    failed(&bench.call("fetch", request("GET", "10.0.0.1", "/x")).await, ToolErrorKind::Denied, "not a public address");
    assert_eq!(tape.seen.lock().unwrap().len(), 3);
    failed(
        &bench.call("fetch", request("GET", "workspace", "/api/ok/y")).await,
        ToolErrorKind::Upstream,
        "Destination",
    );
    let last = bench.audit().pop().unwrap();
    assert_eq!(last.verdict, Verdict::Failed("nothing is recorded for GET https://workspace/api/ok/y".to_owned()));
    assert!(bench.far_end.seen().is_empty(), "the network was used");
}

/// Listens to the network.
#[derive(Debug, Default)]
struct Ear(Mutex<Vec<(FarRequest, Result<FarAnswer, Unanswered>)>>);

#[async_trait]
impl FarEnd for Ear {
    fn plays(&self, _host: &str) -> bool {
        false
    }

    async fn answer(&self, _request: FarRequest) -> Result<FarAnswer, Unanswered> {
        Err(Unanswered("nothing is played".to_owned()))
    }

    fn listens(&self) -> bool {
        true
    }

    fn heard(&self, request: FarRequest, answer: Result<FarAnswer, Unanswered>) {
        self.0.lock().unwrap().push((request, answer));
    }
}

#[tokio::test]
async fn a_listener_hears_what_the_plugin_sees_and_no_token() {
    let ear = Arc::new(Ear::default());
    let far_end = Arc::clone(&ear);
    let bench = Bench::configured(hostile(), |config| RuntimeConfig { far_end: Some(far_end), ..config }).await;
    for door in ["fetch", "fetch_plain"] {
        ear.0.lock().unwrap().clear();
        let got = Bench::ok(&bench.call(door, request("POST", "workspace", "/api/ok/echo?q=1")).await);
        let other = bench.call(door, request("GET", "workspace", "/api/other")).await;
        failed(&other, ToolErrorKind::Denied, "no grant allows");
        let heard = ear.0.lock().unwrap().clone();
        let [(asked, Ok(answered))] = heard.as_slice() else { panic!("{door}: {heard:?}") };
        assert_eq!((asked.method.as_str(), asked.url.as_str()), ("POST", "https://workspace/api/ok/echo?q=1"));
        assert_eq!((&asked.body[..], asked.as_caller), (&b"ab"[..], true));
        assert_eq!(json!(answered.status), got["status"]);
        assert_eq!(json!(String::from_utf8_lossy(&answered.body)), got["body"]);
        let all = format!("{heard:?}");
        assert!(!all.contains(CANARY) && !asked.headers.iter().any(|(name, _)| name == "authorization"), "{all}");
    }
    let seen = bench.far_end.seen();
    assert!(seen.iter().all(|seen| seen.header("authorization").is_some() && seen.body == "ab"), "{seen:?}");
}
