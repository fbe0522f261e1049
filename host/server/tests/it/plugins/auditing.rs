//! The audit of the built program: one record for each call with the totals of its requests, no secret in it, and a
//! record that was changed by hand is found.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{get, hostile_guest, id, install_all, running};
use crate::plugin_cli::plugin;
use crate::process::log_path;
use crate::shared::far_end::FarEnd;
use crate::support::{Api, Chat, World, eventually};
use crate::telemetry::Collector;

const CALLS: usize = 100;

/// What must be in no record, log line or span, besides the token.
const SECRET: &str = "canary-argument";

/// One of five ends, each with the secret among its arguments, and how it ends.
fn call(number: usize) -> (&'static str, Value, &'static str) {
    let with_secret = |path: &str| {
        let mut request = get(&format!("{path}?secret={SECRET}"));
        request["method"] = json!("POST");
        request["headers"] = json!([["x-secret", SECRET]]);
        request["body"] = json!(SECRET);
        request
    };
    match number % 5 {
        0 => ("fetch", with_secret("/api/ok/x"), "ok"),
        1 => ("fetch_good", with_secret("/api/elsewhere"), "denied"),
        2 => ("remember", json!({"key": "k", "value": SECRET}), "ok"),
        3 => ("write_file", json!({"path": "/project/../outside", "text": SECRET}), "failed"),
        _ => ("fetch", json!({"method": SECRET}), "invalid-input"),
    }
}

/// All records of a kind that the API shows.
async fn records(api: &Api, plugin: &str, kind: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut page = String::new();
    loop {
        let path = format!("/api/plugins/{plugin}/audit?kind={kind}&limit=200{page}");
        let answer = api.get(&path).await.ok();
        all.extend(answer["records"].as_array().unwrap().clone());
        match answer["next"].as_str() {
            Some(next) => page = format!("&cursor={next}"),
            None => return all,
        }
    }
}

fn count<'a>(words: impl Iterator<Item = &'a Value>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for word in words {
        *counts.entry(word.as_str().unwrap_or("ok").to_owned()).or_default() += 1;
    }
    counts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_call_has_one_record_and_a_changed_one_is_found() {
    let world = World::sqlite().await;
    let far_end = FarEnd::start().await;
    let collector = Collector::start().await;
    let more = [("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url.as_str()), ("RUST_LOG", "debug")];
    let mut host = running(&world, &far_end, &more);
    let ann = host.ann();
    let installed = id(&install_all(&ann, &hostile_guest(), "me").await);
    let mut chat = Chat::new(&world.model, &ann).await;
    let calls: Vec<_> = (0..CALLS).map(call).map(|(tool, input, _)| (format!("mcp__hostile__{tool}"), input)).collect();
    let results = chat.calls(&calls).await;
    for (number, result) in results.iter().enumerate() {
        let ended = if result["is_error"] == true { result["error_kind"].as_str().unwrap() } else { "ok" };
        assert_eq!(ended, call(number).2, "{number}: {result}");
    }

    // Records are written beside the calls.
    let recorded = eventually("the records", async || {
        let calls = records(&ann, &installed, "call").await;
        if calls.len() >= CALLS { Ok(calls) } else { Err(format!("{} records", calls.len())) }
    })
    .await;
    assert_eq!(recorded.len(), CALLS, "one record for each call");
    assert_eq!(
        count(recorded.iter().map(|record| &record["outcome"])),
        count(results.iter().map(|result| &result["error_kind"]))
    );
    let requests = records(&ann, &installed, "request").await;
    let answered = requests.iter().filter(|record| record["outcome"] == "answered").count();
    assert_eq!(answered, far_end.seen().len(), "one record for each request that arrived");
    assert_eq!(answered, CALLS / 5);
    let total = |records: &[Value], key: &str| records.iter().map(|record| record[key].as_u64().unwrap()).sum::<u64>();
    for key in ["bytes_sent", "bytes_received"] {
        assert_eq!(total(&recorded, key), total(&requests, key), "{key}");
    }
    assert_eq!(total(&requests, "bytes_sent"), (answered * SECRET.len()) as u64);
    let digests: std::collections::BTreeSet<_> =
        recorded.iter().map(|record| record["argument_digest"].to_string()).collect();
    assert_eq!(digests.len(), 5, "one digest for each set of arguments: {digests:?}");
    let usage = ann.get(&format!("/api/plugins/{installed}")).await.ok()["usage"].clone();
    assert_eq!((&usage["calls"], &usage["errors"]), (&json!(CALLS), &json!(CALLS / 5 * 3)), "{usage}");

    host.signal("-TERM");
    assert!(host.ended().await.success());
    let run = |arguments: &[&str]| plugin(&world, &[], arguments);
    // No secret and no token in any of the places.
    let listed = run(&["audit", "--json", "--limit", "10000"]).done("").data();
    let spans = format!("{:?}", collector.spans());
    let log = std::fs::read_to_string(log_path(&world)).unwrap();
    assert!(spans.contains("http_request") && log.contains("tool_call"), "nothing was looked through");
    for (place, text) in [("records", listed.to_string()), ("spans", spans), ("log", log)] {
        if let Some(at) = text.find("canary") {
            panic!("a secret is in the {place}: …{}…", &text[at.saturating_sub(300)..(at + 100).min(text.len())]);
        }
    }

    let intact = run(&["audit", "verify", "--json"]).done("").data();
    assert_eq!((&intact["intact"], &intact["broken"]), (&json!(true), &json!([])));
    // One byte of one record, by hand: another outcome. What SQLite moved leaves its old bytes behind, in no record.
    let file = world.data_dir().join("data/bricklayer.db");
    let bytes = std::fs::read(&file).unwrap();
    let places: Vec<_> =
        bytes.windows(8).enumerate().filter(|(_, window)| window == b"answered").map(|(at, _)| at).collect();
    assert!(places.len() >= answered, "{} places", places.len());
    let changed_at = |place: usize| {
        let mut bytes = bytes.clone();
        bytes[place] = b'A';
        std::fs::write(&file, bytes).unwrap();
        let changed = run(&["audit", "--json", "--limit", "10000"]).done("").data();
        changed["records"].as_array().unwrap().iter().find(|record| record["outcome"] == "Answered").cloned()
    };
    let record = places.into_iter().rev().find_map(changed_at).expect("one of the places is in a record");
    let said = run(&["audit", "verify"]).ended(1, "1 of ");
    let line = format!("chain {}, record {}: ", record["chain"].as_str().unwrap(), record["seq"]);
    assert!(said.out.contains(&line), "{line:?} is not in {}", said.out);
    let data = run(&["audit", "verify", "--json"]).ended(1, "").data();
    assert_eq!((&data["intact"], &data["broken"][0]["seq"]), (&json!(false), &record["seq"]));
    // The host that runs over it next begins a chain of its own, and the fault stays to be seen.
    let host = running(&world, &far_end, &[]);
    host.ann().get("/api/plugins").await.ok();
    run(&["audit", "verify"]).ended(1, &line);
}
