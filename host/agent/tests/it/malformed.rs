//! Whatever a model's stream holds, in whatever order, the turn ends and the next message works: streams put together by
//! chance from pieces that are right, odd, broken and out of place.

use std::collections::HashSet;
use std::sync::Arc;

use bricklayer_agent::TurnExit;
use bricklayer_domain::{Event, ToolAnnotations, ToolOutcome, TurnEnd};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::support::*;
use crate::wire::*;

/// Conversations that are tried.
const CASES: usize = 150;

fn start(index: u64, block: Value) -> String {
    event(json!({"type": "content_block_start", "index": index, "content_block": block}))
}

fn piece(index: u64, delta: Value) -> String {
    event(json!({"type": "content_block_delta", "index": index, "delta": delta}))
}

/// One piece of a stream.
fn any_piece() -> impl Strategy<Value = String> {
    let index = 0..4_u64;
    let id = prop::sample::select(vec!["", "a", "a", "b", "odd id:0", "é"]);
    let name =
        prop::sample::select(vec!["mcp__databricks__look", "Read", "Write", "", "no such", "mcp__databricks__look"]);
    let json = prop::sample::select(vec![
        "{}",
        "{",
        "}",
        "[1]",
        "null",
        "\"x\"",
        "{\"a\": 1e999}",
        "{\"a\":\"\u{0}\"}",
        "{\"file_path\": \"a\"}",
        "\\ud83d",
    ]);
    let text = prop::sample::select(vec!["", " ", "word", "\u{0}", "\u{202e}", "\u{fffd}", "ü😀"]);
    let reason = prop::sample::select(vec![
        "end_turn",
        "tool_use",
        "max_tokens",
        "pause_turn",
        "refusal",
        "odd",
        "stop_sequence",
    ]);
    let kinds = prop::sample::select(vec![
        json!({"type": "text", "text": "t"}),
        json!({"type": "text"}),
        json!({"type": "thinking", "thinking": "", "signature": "s"}),
        json!({"type": "thinking"}),
        json!({"type": "redacted_thinking", "data": "x"}),
        json!({"type": "holo", "deep": [[[[1]]]]}),
        json!({"type": 7}),
        json!(null),
        json!([]),
    ]);
    let raw = prop::sample::select(vec![
        "data: {not json\n\n",
        "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"\\ud83d\"}}\n\n",
        "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"\\ude00\"}}\n\n",
        "data: null\n\n",
        "data: 7\n\n",
        "data: [DONE]\n\n",
        ": comment\n\n",
        "event: ping\ndata: {\"type\": \"ping\"}\n\n",
        "data: {\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"messages.1: odd\"}}\n\n",
        "data: {\"type\":\"error\"}\n\n",
        "data: {\"type\":\"brand_new\"}\n\n",
        "\r\n\r\n",
        "junk",
    ]);
    prop_oneof![
        4 => (index.clone(), kinds).prop_map(|(index, block)| start(index, block)),
        4 => (index.clone(), id, name)
            .prop_map(|(index, id, name)| start(index, json!({"type": "tool_use", "id": id, "name": name, "input": {}}))),
        4 => (index.clone(), text).prop_map(|(index, text)| piece(index, json!({"type": "text_delta", "text": text}))),
        4 => (index.clone(), json)
            .prop_map(|(index, json)| piece(index, json!({"type": "input_json_delta", "partial_json": json}))),
        1 => index.clone().prop_map(|index| piece(index, json!({"type": "thinking_delta", "thinking": "hm"}))),
        1 => index.clone().prop_map(|index| piece(index, json!({"type": "signature_delta", "signature": "s"}))),
        4 => index.prop_map(|index| event(json!({"type": "content_block_stop", "index": index}))),
        3 => reason.prop_map(|reason| event(json!({"type": "message_delta", "delta": {"stop_reason": reason}}))),
        2 => Just(event(json!({"type": "message_stop"}))),
        2 => raw.prop_map(str::to_owned),
    ]
}

fn any_stream() -> impl Strategy<Value = String> {
    let tail = event(json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}}));
    let tail = tail + &event(json!({"type": "message_stop"}));
    (prop::collection::vec(any_piece(), 0..14), any::<bool>())
        .prop_map(move |(pieces, ended)| pieces.concat() + if ended { &tail } else { "" })
}

/// What the API asks of a conversation.
fn check_conversation(request: &Value) {
    let messages = request["messages"].as_array().unwrap();
    let mut seen = HashSet::new();
    let mut open: Vec<String> = Vec::new();
    for (at, message) in messages.iter().enumerate() {
        assert_eq!(message["role"], if at % 2 == 0 { "user" } else { "assistant" }, "{request}");
        let content = message["content"].as_array().unwrap();
        assert!(!content.is_empty(), "{request}");
        let results: Vec<String> = content
            .iter()
            .filter(|block| block["type"] == "tool_result")
            .map(|block| block["tool_use_id"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(results, open, "each call is answered in the next message, and nothing else is: {request}");
        open.clear();
        for block in content {
            match block["type"].as_str().unwrap() {
                "text" => assert!(!block["text"].as_str().unwrap().trim().is_empty(), "{request}"),
                "tool_use" => {
                    let id = block["id"].as_str().unwrap().to_owned();
                    assert!(!id.is_empty() && seen.insert((at, id.clone())), "{request}");
                    assert!(!block["name"].as_str().unwrap().is_empty() && block["input"].is_object(), "{request}");
                    open.push(id);
                }
                "thinking" => assert!(!block["signature"].as_str().unwrap().is_empty(), "{request}"),
                _ => {}
            }
        }
        let last = content.last().unwrap()["type"].as_str().unwrap();
        assert!(message["role"] == "user" || !last.contains("thinking"), "{request}");
    }
    // A paused answer with blocks of the provider's own kinds goes back as it came.
    let paused = messages.last().unwrap()["content"].to_string().contains("holo");
    assert!((messages.len() % 2 == 1 || paused) && open.is_empty(), "the user speaks last: {request}");
}

#[tokio::test]
async fn no_stream_put_together_by_chance_ends_a_conversation() {
    let done = || Play::Stream(message(&[text_block(&["done"])], "end_turn"));
    let mut runner = TestRunner::deterministic();
    for case in 0..CASES {
        let streams: Vec<String> = (0..3).map(|_| any_stream().new_tree(&mut runner).unwrap().current()).collect();
        let mut plays: Vec<Play> = streams.iter().cloned().map(Play::Stream).collect();
        plays.extend((0..8).map(|_| done()));
        let server = Server::start(plays).await;
        let tools = TableTools::new(vec![spec("look", ToolAnnotations::reads())], |call| {
            ToolOutcome::text(call.input.to_string())
        });
        let world = World::new(Arc::new(server.model()), tools);
        let exit = tokio::time::timeout(PATIENCE, world.ask("go")).await;
        assert!(matches!(exit, Ok(TurnExit::Finished(_))), "case {case}: {exit:?} after {streams:#?}");
        // The plays that are left may be odd ones: the next message gets a good answer first.
        server.play_next(done());
        let exit = world.ask("next").await;
        assert!(matches!(exit, TurnExit::Finished(TurnEnd::Completed)), "case {case}: {exit:?} after {streams:#?}");
        let requests = server.requests();
        for request in &requests {
            check_conversation(request);
        }
        for event in world.log.events() {
            let text = serde_json::to_string(&event).unwrap();
            assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event);
        }
    }
}
