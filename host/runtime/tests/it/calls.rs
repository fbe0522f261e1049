//! Ordinary calls: conversion, validation, errors, progress, state, context, review, preview.

use bricklayer_domain::{CallEffect, CallPreview, ToolErrorKind};
use serde_json::{Value, json};

use crate::support::{Bench, failed, logs};

pub(crate) fn everything() -> Value {
    json!({
        "flag": true,
        "wide_signed": i64::MIN,
        "wide": u64::MAX,
        "narrow": -128,
        "fraction": 0.1,
        "letter": "ß",
        "words": ["a", "b"],
        "color": "deep-blue",
        "powers": ["read", "write-all"],
        "shape": {"case": "polygon", "value": ["star", 5]},
        "inners": [{"label": "x", "count": 3}, {"label": "y"}],
        "settings": {"deep": [1, {"x": null}], "big": 9_007_199_254_740_993_u64},
        "pair": [7, "seven"],
        "went": {"error": "badly"},
    })
}

#[tokio::test]
async fn every_type_comes_back_as_it_went() {
    let bench = Bench::new().await;
    let outcome = bench.call("echo", everything()).await;
    assert_eq!(Bench::ok(&outcome), everything());
    // The exact digits, which a float would have rounded.
    assert!(outcome.content.contains("18446744073709551615"), "{}", outcome.content);
    assert!(outcome.content.contains("-9223372036854775808"));
    assert!(outcome.content.contains("9007199254740993"));
}

#[tokio::test]
async fn options_may_be_left_out_or_null() {
    let bench = Bench::new().await;
    let mut input = everything();
    input["color"] = Value::Null;
    input.as_object_mut().unwrap().remove("settings");
    let mut expect = input.clone();
    expect.as_object_mut().unwrap().remove("color");
    assert_eq!(Bench::ok(&bench.call("mcp__databricks__echo", input).await), expect);
}

#[tokio::test]
async fn faults_in_arguments_name_their_place_and_the_guest_does_not_run() {
    let bench = Bench::new().await;
    let started = bench.runtime.stats().started;
    let cases: [(&str, Value, &str); 16] = [
        ("/wide", json!(-1), "wide: expected an integer from 0 to 18446744073709551615, got -1"),
        (
            "/wide_signed",
            json!(9_223_372_036_854_775_808_u64),
            "wide_signed: expected an integer from -9223372036854775808",
        ),
        ("/narrow", json!(128), "narrow: expected an integer from -128 to 127, got 128"),
        ("/narrow", json!(1.5), "narrow: expected an integer"),
        ("/narrow", json!("1"), "narrow: expected an integer from -128 to 127, got the string \"1\""),
        ("/letter", json!("ab"), "letter: expected a string of one character"),
        ("/words/1", json!(3), "words[1]: expected a string, got 3"),
        ("/color", json!("blue"), "color: expected one of \"red\", \"deep-blue\", got the string \"blue\""),
        ("/powers/0", json!("fly"), "powers[0]: expected one of"),
        ("/shape/case", json!("square"), "shape.case: expected one of \"point\""),
        ("/shape/value", json!(["star"]), "shape.value: expected an array of 2 values"),
        ("/shape/value/1", json!("five"), "shape.value[1]: expected an integer"),
        ("/inners/0/count", json!(256), "inners[0].count: expected an integer from 0 to 255"),
        ("/inners/0/lable", json!("x"), "inners[0].lable: is not a property here; did you mean `label`?"),
        ("/flag", Value::Null, "flag: expected true or false, got null"),
        ("/went", json!({"ok": 1, "error": "x"}), "went: expected an object with the one property"),
    ];
    for (pointer, value, says) in cases {
        let mut input = everything();
        match input.pointer_mut(pointer) {
            Some(place) => *place = value,
            None => {
                let (parent, name) = pointer.rsplit_once('/').unwrap();
                input.pointer_mut(parent).unwrap()[name] = value;
            }
        }
        failed(&bench.call("echo", input).await, ToolErrorKind::InvalidInput, says);
    }
    let mut input = everything();
    input.as_object_mut().unwrap().remove("wide");
    failed(&bench.call("echo", input).await, ToolErrorKind::InvalidInput, "wide: is required: an integer");
    failed(&bench.call("echo", json!([])).await, ToolErrorKind::InvalidInput, "expected an object");
    failed(&bench.call("ecko", json!({})).await, ToolErrorKind::UnknownTool, "no tool `ecko`");
    assert_eq!(bench.runtime.stats().started, started, "a guest ran on invalid arguments");
}

#[tokio::test]
async fn text_is_for_the_model_and_the_rest_for_the_page() {
    let bench = Bench::new().await;
    let outcome = bench.call("reported", json!({"rows": 12})).await;
    assert_eq!(outcome.content, "**12** rows");
    assert_eq!(outcome.structured, Some(json!({"rows": 12})));
}

#[tokio::test]
async fn a_familys_error_keeps_its_kind() {
    let bench = Bench::new().await;
    let outcome = bench.call("fails", json!({"message": "slow down", "retryable": true})).await;
    failed(&outcome, ToolErrorKind::RateLimited, "slow down");
    assert!(outcome.failure.unwrap().retryable);
    // Any other error is a plain failure with its text.
    failed(&bench.call("read_file", json!({"path": "none"})).await, ToolErrorKind::Failed, "");
}

#[tokio::test]
async fn progress_is_thinned_and_keeps_the_newest() {
    let bench = Bench::new().await;
    Bench::ok(&bench.call("progress", json!({"count": 500})).await);
    let seen = bench.progress.lock().unwrap().clone();
    assert!(seen.len() >= 2 && seen.len() < 100, "{} reports passed", seen.len());
    assert_eq!(seen.first().unwrap().message, "step 0");
    let last = seen.last().unwrap();
    assert_eq!((last.message.as_str(), last.done, last.total), ("step 499", Some(499.0), Some(500.0)));
}

#[tokio::test]
async fn the_context_is_the_callers_and_holds_no_token() {
    let bench = Bench::new().await;
    let ctx = bench.ctx();
    let (project, conversation) = (ctx.caller.project.to_string(), ctx.caller.site.thread().to_string());
    let seen = Bench::ok(&bench.call_with("who", json!({}), ctx).await);
    let host = bench.far_end.url().authority().to_owned();
    assert_eq!(seen["result"], json!([project, conversation, "true", "ada@example.com", host, "wh-1"]));
}

#[tokio::test]
async fn state_belongs_to_the_project_and_needs_its_grant() {
    let bench = Bench::new().await;
    let set = |key: &str, value: &str| json!({"key": key, "value": value});
    assert_eq!(Bench::ok(&bench.call("remember", set("a", "1")).await), json!({"result": "1"}));
    assert_eq!(Bench::ok(&bench.call("recall", json!({})).await), json!({"result": ["a"]}));

    let mut other = bench.ctx();
    other.caller.project = bricklayer_domain::ProjectId::new();
    assert_eq!(Bench::ok(&bench.call_with("recall", json!({}), other).await), json!({"result": []}));

    let mut refused = bench.ctx();
    refused.grants = std::sync::Arc::default();
    failed(&bench.call_with("remember", set("a", "1"), refused).await, ToolErrorKind::Denied, "Denied");
    failed(&bench.call("remember", set("", "1")).await, ToolErrorKind::Failed, "InvalidKey");
    failed(&bench.call("remember", set("a", &"x".repeat(65_537))).await, ToolErrorKind::Failed, "ValueTooLarge");
    for index in 0..255 {
        Bench::ok(&bench.call("remember", set(&format!("k{index}"), "1")).await);
    }
    failed(&bench.call("remember", set("one-more", "1")).await, ToolErrorKind::Failed, "TooManyKeys");
}

#[tokio::test]
async fn a_review_answers_per_call_and_silence_counts_as_destructive() {
    let bench = Bench::new().await;
    let review = async |tool: &str, input: Value| {
        let review = bench.review(tool, input).await;
        review.map(|review| (review.effect(), review.operations.len()))
    };
    assert_eq!(review("who", json!({})).await, Some((CallEffect::Reads, 1)));
    assert_eq!(review("write_file", json!({"path": "a", "text": "harmless"})).await, Some((CallEffect::Writes, 1)));
    assert_eq!(review("write_file", json!({"path": "a", "text": "rm"})).await, Some((CallEffect::Destroys, 1)));
    assert_eq!(review("crash", json!({"message": "x"})).await, Some((CallEffect::Destroys, 1)));
    assert_eq!(review("spin", json!({})).await, Some((CallEffect::Destroys, 1)));
    // What does not fit fails before the plugin is asked anything.
    assert_eq!(review("write_file", json!({"path": 1})).await, None);
    assert_eq!(review("no_such_tool", json!({})).await, None);
    bench.neighbour_answers().await;
}

#[tokio::test]
async fn a_preview_looks_and_changes_nothing() {
    let bench = Bench::new().await;
    std::fs::write(bench.project.path().join("a"), "there").unwrap();
    let fetch = |method: &str, path: &str| json!({"method": method, "authority": "workspace", "path": path, "headers": [], "trailers": []});
    let file = json!({"path": "/project/a", "text": "x"});
    let pair = json!({"key": "preview", "value": "x"});
    let found = |text: &str| Some(CallPreview::Found(text.to_owned()));
    for (tool, input, expect) in [
        ("read_file", json!({"path": "/project/a"}), found("there")),
        ("fetch", fetch("GET", "/look/ok"), found("200")),
        ("fetch", fetch("POST", "/look/item"), found("200")),
        ("echo", everything(), None),
    ] {
        assert_eq!(bench.preview(tool, input).await, expect, "{tool}");
    }
    // Each of these would change something, or fails.
    for (tool, input, why) in [
        ("write_file", file, ""),
        ("fetch", fetch("POST", "/look/ok"), ""),
        ("fetch", fetch("DELETE", "/look/item"), ""),
        ("crash", json!({"message": "x"}), "the plugin failed while it looked"),
    ] {
        let preview = bench.preview(tool, input).await;
        let Some(CallPreview::Unknown(said)) = &preview else { panic!("{tool}: {preview:?}") };
        assert!(said.contains(why) && !said.contains('\n') && said.len() <= 500, "{tool}: {said}");
    }
    assert!(!bench.project.path().join("preview").exists());
    let sent: Vec<String> = bench.far_end.seen().iter().map(|seen| format!("{} {}", seen.method, seen.uri)).collect();
    assert_eq!(sent, ["GET /api/ok/x", "POST /api/item/1"], "nothing else was sent");
    // What it keeps is gone with it.
    assert!(matches!(bench.preview("remember", pair).await, Some(CallPreview::Found(_))));
    assert_eq!(Bench::ok(&bench.call("recall", json!({})).await)["result"], json!([]));
    // Nobody reads a megabyte before they answer.
    let Some(CallPreview::Found(long)) = bench.preview("who", json!({})).await else { panic!("found") };
    assert!(long.len() < 20_000 && long.ends_with("(more is not shown)"));
    // What does not fit fails when it is called.
    assert_eq!(bench.preview("write_file", json!({"path": 1})).await, None);
    bench.neighbour_answers().await;
}

#[tokio::test]
async fn one_prepared_call_is_judged_and_made_as_often_as_wanted() {
    let bench = Bench::new().await;
    let tool = bench.plugin.tool("mcp__databricks__write_file").unwrap();
    let call = tool.prepare(&json!({"path": "/project/a", "text": "rm"}));
    assert_eq!((call.fault(), call.tool().short_name()), (None, "write_file"));
    for _ in 0..2 {
        let review = bench.runtime.review(&call, bench.ctx()).await.unwrap();
        assert_eq!(review.effect(), CallEffect::Destroys);
        Bench::ok(&bench.runtime.run(&call, bench.ctx()).await);
    }
    assert_eq!(std::fs::read_to_string(bench.project.path().join("a")).unwrap(), "rm");

    // One whose arguments do not fit says so before and fails when it is made, with a record.
    let odd = tool.prepare(&json!({"path": 1}));
    let fault = odd.fault().unwrap().clone();
    assert_eq!((fault.kind, bench.runtime.review(&odd, bench.ctx()).await), (ToolErrorKind::InvalidInput, None));
    assert_eq!(bench.runtime.run(&odd, bench.ctx()).await.failure, Some(fault));
    assert_eq!(bench.last_call(3).await.kind(), "invalid-input");
}

#[tokio::test]
async fn what_a_guest_prints_is_in_the_log_line_by_line() {
    logs();
    let bench = Bench::new().await;
    failed(&bench.call("crash", json!({"message": "told-on-standard-error"})).await, ToolErrorKind::Trap, "crashed");
    failed(&bench.call("print_flood", json!({})).await, ToolErrorKind::LimitExceeded, "output limit: ");
    let text = logs().lock().unwrap().clone();
    let line = |says: &str| text.lines().find(|line| line.contains("bricklayer_plugin: ") && line.contains(says));
    let crash = line("told-on-standard-error").expect("the panic's text");
    assert!(crash.contains("DEBUG") && crash.contains("tool=\"crash\""), "{crash}");
    let flood = line(&"x".repeat(1000)).expect("a printed line");
    assert!(flood.trim_end().ends_with(&format!(": {}", "x".repeat(1000))), "one line is one line");
}
