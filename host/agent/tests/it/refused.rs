//! A conversation that the model's API refuses is repaired once, noted in the log, and goes on.

use std::sync::Arc;

use bricklayer_agent::{BuiltInTools, TurnExit};
use bricklayer_domain::{Event, HistoryRepair, ToolAnnotations, ToolName, ToolOutcome, TurnEnd};
use bricklayer_skills::{AgentSet, SkillSet};
use serde_json::{Value, json};

use crate::support::*;
use crate::wire::*;

fn refusal(text: &str) -> Play {
    let body = json!({"type": "error", "error": {"type": "invalid_request_error", "message": text}});
    Play::Plain(400, vec![], body.to_string())
}

fn said(text: &str) -> Play {
    Play::Stream(message(&[text_block(&[text])], "end_turn"))
}

/// A message with everything that may be refused later: reasoning, a block of another kind, a call.
fn rich(id: &str) -> Play {
    let blocks = [
        thinking_block("hm", "c2ln"),
        vec![json!({"type": "content_block_start", "content_block": {"type": "redacted_thinking", "data": "opaque"}})],
        vec![json!({"type": "content_block_start", "content_block": {"type": "holo", "data": "x"}})],
        text_block(&["I look."]),
        tool_block(id, "mcp__databricks__look", &[&json!({"what": "w".repeat(5000)}).to_string()]),
    ];
    Play::Stream(message(&blocks, "tool_use"))
}

fn world_of(server: &Server) -> World {
    let tools =
        TableTools::new(vec![spec("look", ToolAnnotations::reads()), spec("odd", ToolAnnotations::reads())], |_| {
            ToolOutcome::text("r".repeat(5000))
        });
    World::new(Arc::new(server.model()), tools)
}

fn notes(world: &World) -> Vec<HistoryRepair> {
    let note = |event| match event {
        Event::ModelRetry { repair, .. } => repair,
        _ => None,
    };
    world.log.events().into_iter().filter_map(note).collect()
}

fn kinds(request: &Value) -> Vec<String> {
    let messages = request["messages"].as_array().unwrap();
    let content = messages.iter().flat_map(|message| message["content"].as_array().unwrap());
    content.map(|block| block["type"].as_str().unwrap().to_owned()).collect()
}

/// The API's rules that a repaired request must keep.
fn check_form(request: &Value) {
    let messages = request["messages"].as_array().unwrap();
    assert_eq!(messages[0]["role"], "user");
    assert_eq!(messages.last().unwrap()["role"], "user");
    for pair in messages.windows(2) {
        assert_ne!(pair[0]["role"], pair[1]["role"], "{request}");
    }
    for message in messages {
        let content = message["content"].as_array().unwrap();
        assert!(!content.is_empty());
        for block in content.iter().filter(|block| block["type"] == "text") {
            assert!(!block["text"].as_str().unwrap().trim().is_empty(), "{request}");
        }
    }
}

/// One turn with a call, then a message that is refused until it is repaired so.
async fn refused(text: &str, times: usize) -> (World, Server) {
    let mut plays = vec![rich("toolu_1"), said("first"), rich("toolu_2")];
    plays.extend(std::iter::repeat_n(refusal(text), times));
    plays.extend([said("second"), said("third")]);
    let server = Server::start(plays).await;
    let world = world_of(&server);
    assert!(matches!(world.ask("one").await, TurnExit::Finished(TurnEnd::Completed)));
    // In the middle of a tool loop, where most of it is needed.
    assert!(
        matches!(world.ask("two").await, TurnExit::Finished(TurnEnd::Completed)),
        "{text}: {:#?}",
        world.log.events().last()
    );
    assert_eq!(world.answer(), "second", "{text}");
    assert!(matches!(world.ask("three").await, TurnExit::Finished(TurnEnd::Completed)), "{text}");
    assert_eq!(world.answer(), "third", "{text}");
    for request in server.requests() {
        check_form(&request);
    }
    (world, server)
}

#[tokio::test]
async fn refused_reasoning_of_earlier_turns_is_left_out_from_then_on() {
    let (world, server) = refused("messages.1.content.0: Invalid `signature` in `thinking` block", 1).await;
    assert_eq!(notes(&world), [HistoryRepair::EarlierReasoning]);
    let requests = server.requests();
    let count = |at: usize| kinds(&requests[at]).iter().filter(|kind| kind.contains("thinking")).count();
    assert_eq!([2, 3, 4, 5].map(count), [2, 4, 2, 2], "two turns, one repaired, and nothing asked twice later");
}

#[tokio::test]
async fn refused_reasoning_of_this_turn_is_left_out_with_all_other() {
    let (world, server) = refused("messages.1.content.0: Invalid `signature` in `thinking` block", 2).await;
    assert_eq!(notes(&world), [HistoryRepair::EarlierReasoning, HistoryRepair::Reasoning]);
    let requests = server.requests();
    assert!(!kinds(&requests[5]).iter().any(|kind| kind.contains("thinking")), "{:?}", requests[5]);
}

#[tokio::test]
async fn each_known_refusal_has_its_repair() {
    use HistoryRepair::{EarlierReasoning, LongResults, PlainText, Reasoning, UnknownBlocks};
    // Its place in the request: behind the built-in ones and one of its own source.
    let odd = BuiltInTools::default().list(&SkillSet::default(), &AgentSet::default()).len() + 1;
    let odd = format!("tools.{odd}.custom.name: String should match pattern");
    let cases: Vec<(&str, Vec<HistoryRepair>)> = vec![
        ("Expected `thinking` or `redacted_thinking`, but found `tool_use`", vec![Reasoning]),
        ("messages.1.content.2: Input tag 'holo' does not match any of the expected tags", vec![UnknownBlocks]),
        ("prompt is too long: 210000 tokens > 200000 maximum", vec![LongResults]),
        ("messages.2: `tool_use` ids were found without `tool_result` blocks", vec![PlainText]),
        ("messages: text content blocks must be non-empty", vec![PlainText]),
        (&odd, vec![HistoryRepair::Tool { name: ToolName("mcp__databricks__odd".into()) }]),
    ];
    for (text, expected) in cases {
        let (world, server) = refused(text, 1).await;
        assert_eq!(notes(&world), expected, "{text}");
        let repaired = &server.requests()[4];
        match expected.last().unwrap() {
            UnknownBlocks => assert!(!kinds(repaired).contains(&"holo".to_owned())),
            LongResults => {
                let size = repaired["messages"].to_string().len();
                assert!(size < 10_000, "{size}");
            }
            PlainText => assert!(kinds(repaired).iter().all(|kind| kind == "text"), "{repaired}"),
            HistoryRepair::Tool { .. } => assert!(!repaired["tools"].to_string().contains("mcp__databricks__odd")),
            EarlierReasoning | Reasoning => {}
        }
    }
}

#[tokio::test]
async fn what_no_repair_mends_ends_with_a_way_out_and_the_next_message_works() {
    for text in
        ["messages.1.content.0: Invalid `signature` in `thinking` block", "prompt is too long: 9 > 8", "messages: odd"]
    {
        let mut plays = vec![rich("toolu_1"), said("first")];
        plays.extend(vec![refusal(text); 4]);
        let server = Server::start(plays).await;
        let world = world_of(&server);
        world.ask("one").await;
        let long = "long ".repeat(2000);
        let TurnExit::Finished(TurnEnd::Failed { message, .. }) = world.ask(&long).await else { panic!("{text}") };
        assert!(message.contains("new conversation"), "{message}");
        // Refused requests do not pile up: what was tried once is not tried again.
        let asked = server.requests().len();
        assert!(asked <= 2 + 4, "{asked}");
        server.play_next(said("again"));
        assert!(matches!(world.ask("again").await, TurnExit::Finished(TurnEnd::Completed)));
        let last = server.requests().pop().unwrap();
        check_form(&last);
        assert!(!last.to_string().contains(&long), "the long message is cut");
    }
}

#[tokio::test]
async fn a_refusal_for_another_reason_changes_nothing() {
    let server =
        Server::start(vec![rich("toolu_1"), said("first"), refusal("Your credit balance is too low"), said("ok")])
            .await;
    let world = world_of(&server);
    world.ask("one").await;
    assert!(matches!(world.ask("two").await, TurnExit::Finished(TurnEnd::Failed { .. })));
    assert_eq!(notes(&world), []);
    world.ask("three").await;
    assert!(kinds(&server.requests()[3]).contains(&"thinking".to_owned()));
}

#[tokio::test]
async fn the_models_own_output_limit_is_learnt() {
    let limit =
        refusal("max_tokens: 32000 > 8192, which is the maximum allowed number of output tokens for claude-test");
    let server = Server::start(vec![limit, said("first"), said("second")]).await;
    let world = world_of(&server);
    world.ask("one").await;
    world.ask("two").await;
    assert_eq!(world.answer(), "second");
    let asked: Vec<Value> = server.requests().iter().map(|request| request["max_tokens"].clone()).collect();
    assert_eq!(asked, [32_000, 8192, 8192]);
}
