//! What a model must not be able to break: odd bytes, halves of characters, cut answers. The turn ends with a sentence
//! and the next message works.

use std::sync::Arc;

use bricklayer_agent::TurnExit;
use bricklayer_domain::{Block, EndRemedy, Event, ToolAnnotations, ToolErrorKind, ToolOutcome, TurnEnd};
use serde_json::{Value, json};

use crate::support::*;
use crate::wire::*;

/// An event of a stream as raw text, for what `json!` cannot say.
fn raw(data: &str) -> String {
    format!("data: {data}\n\n")
}

/// A message of one text block whose deltas are these JSON strings, escapes as they stand.
fn text_of(pieces: &[&str]) -> String {
    let mut text = event(json!({"type": "message_start", "message": {}}));
    text += &raw(r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#);
    for piece in pieces {
        text += &raw(&format!(
            r#"{{"type":"content_block_delta","index":0,"delta":{{"type":"text_delta","text":"{piece}"}}}}"#
        ));
    }
    text += &event(json!({"type": "content_block_stop", "index": 0}));
    text + &raw(r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"}}"#) + &raw(r#"{"type":"message_stop"}"#)
}

fn world_of(server: &Server) -> World {
    let tools =
        TableTools::new(vec![spec("look", ToolAnnotations::reads())], |call| ToolOutcome::text(call.input.to_string()));
    World::new(Arc::new(server.retrying(2)), tools)
}

#[tokio::test]
async fn halves_of_characters_are_joined_or_replaced() {
    let cases: &[(&[&str], &str)] = &[
        (&[r"a\ud83d\ude00b"], "a😀b"),
        (&[r"a\ud83d", r"\ude00b"], "a😀b"),
        (&[r"a\ud83d", "", r"\ude00b"], "a😀b"),
        (&[r"\ud83d", r"\ude00"], "😀"),
        (&[r"a\ud83d"], "a\u{fffd}"),
        (&[r"a\ud83db"], "a\u{fffd}b"),
        (&[r"\ude00b"], "\u{fffd}b"),
        (&[r"a\ud83d", "b"], "a\u{fffd}b"),
        (&[r"a\ud83d", r"\ud83d", r"\ude00"], "a\u{fffd}😀"),
    ];
    for (pieces, expected) in cases {
        let server = Server::start(vec![Play::Stream(text_of(pieces))]).await;
        let world = world_of(&server);
        let exit = world.ask("go").await;
        assert!(matches!(exit, TurnExit::Finished(TurnEnd::Completed)), "{pieces:?}: {exit:?}");
        assert_eq!(world.answer(), *expected, "{pieces:?}");
        assert_eq!(server.requests().len(), 1, "{pieces:?}");
    }
}

#[tokio::test]
async fn halves_of_characters_in_arguments_are_replaced() {
    // The arguments are JSON inside JSON: escaped once, and twice.
    for piece in [r#"{\"a\": \"x\ud83d\"}"#, r#"{\"a\": \"x\\ud83d\"}"#] {
        let text = raw(
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"a","name":"mcp__databricks__look","input":{}}}"#,
        ) + &raw(&format!(
            r#"{{"type":"content_block_delta","index":0,"delta":{{"type":"input_json_delta","partial_json":"{piece}"}}}}"#
        )) + &event(json!({"type": "content_block_stop", "index": 0}))
            + &event(json!({"type": "message_stop"}));
        let server = Server::start(vec![Play::Stream(text), Play::Stream(text_of(&["done"]))]).await;
        let world = world_of(&server);
        assert!(matches!(world.ask("go").await, TurnExit::Finished(TurnEnd::Completed)));
        assert_eq!(world.outcome("a").content, "{\"a\":\"x\u{fffd}\"}", "{piece}");
    }
}

#[tokio::test]
async fn a_piece_that_is_no_json_is_asked_for_again() {
    for odd in ["{not json", "\u{1}", "<html>", "{\"type\":", "\"\\ud83d"] {
        let good = text_of(&["fine"]);
        let server = Server::start(vec![Play::Stream(raw(odd)), Play::Stream(good.clone()), Play::Stream(good)]).await;
        let world = world_of(&server);
        assert!(matches!(world.ask("go").await, TurnExit::Finished(TurnEnd::Completed)), "{odd}");
        assert_eq!(world.answer(), "fine", "{odd}");
        let noted = world.log.events().iter().any(|event| matches!(event, Event::ModelRetry { .. }));
        assert!(noted, "{odd}");
    }
}

fn nested(depth: usize) -> String {
    format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth))
}

#[tokio::test]
async fn odd_calls_are_told_to_the_model_and_the_log_can_be_read() {
    let odd: &[(&str, &str, &str)] = &[
        ("a", "mcp__databricks__look", "[1]"),
        ("b", "mcp__databricks__look", "null"),
        ("c", "mcp__databricks__look", "{\"a\": 1e999}"),
        ("d", "mcp__databricks__look", &nested(100)),
        ("e", "mcp__databricks__look", &nested(100_000)),
        ("f", "", "{}"),
        ("g", &"n".repeat(100_000), "{}"),
        ("h", "no such tool\n`", "{}"),
    ];
    let blocks: Vec<Vec<Value>> = odd.iter().map(|(id, name, input)| tool_block(id, name, &[input])).collect();
    let server = Server::start(vec![
        Play::Stream(message(&blocks, "tool_use")),
        Play::Stream(text_of(&["done"])),
        Play::Stream(text_of(&["next"])),
    ])
    .await;
    let world = world_of(&server);
    assert!(matches!(world.ask("go").await, TurnExit::Finished(TurnEnd::Completed)));
    for (id, ..) in odd {
        let kind = world.outcome(id).failure.map(|failure| failure.kind);
        let expected = matches!(kind, Some(ToolErrorKind::InvalidInput | ToolErrorKind::UnknownTool));
        assert!(expected, "{id}: {kind:?}");
    }
    // What is stored can be read again.
    for event in world.log.events() {
        let text = serde_json::to_string(&event).unwrap();
        assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event);
    }
    assert!(matches!(world.ask("next").await, TurnExit::Finished(TurnEnd::Completed)));
    // What the API takes: names and ids of its own form.
    let history = server.requests().pop().unwrap();
    for block in history["messages"][1]["content"].as_array().unwrap() {
        let name = block["name"].as_str().unwrap();
        assert!((1..=128).contains(&name.len()), "{name}");
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-'), "{name}");
        assert!(block["input"].is_object(), "{block}");
    }
}

#[tokio::test]
async fn ids_are_made_fit_and_unique() {
    let ids = ["", "", "same", "same", "functions.look:0", &"x".repeat(10_000)];
    let blocks: Vec<Vec<Value>> = ids.iter().map(|id| tool_block(id, "mcp__databricks__look", &["{}"])).collect();
    let server = Server::start(vec![
        Play::Stream(message(&blocks, "tool_use")),
        Play::Stream(message(&blocks, "tool_use")),
        Play::Stream(text_of(&["done"])),
    ])
    .await;
    let world = world_of(&server);
    assert!(matches!(world.ask("go").await, TurnExit::Finished(TurnEnd::Completed)));
    assert_eq!(world.tools.called().len(), 2 * ids.len());
    let history = server.requests().pop().unwrap();
    let mut seen = std::collections::HashSet::new();
    for message in history["messages"].as_array().unwrap() {
        for block in message["content"].as_array().unwrap().iter().filter(|block| block["type"] == "tool_use") {
            let id = block["id"].as_str().unwrap().to_owned();
            assert!(!id.is_empty() && id.len() <= 64, "{id}");
            assert!(id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-'), "{id}");
            assert!(seen.insert(id.clone()), "{id} twice");
        }
    }
    assert_eq!(seen.len(), 2 * ids.len());
}

#[tokio::test]
async fn a_broken_call_is_not_run_in_place_of_its_twin() {
    let twins = [
        tool_block("a", "mcp__databricks__look", &["{\"n\": "]),
        tool_block("a", "mcp__databricks__look", &["{\"n\": 2}"]),
    ];
    let server = Server::start(vec![Play::Stream(message(&twins, "tool_use")), Play::Stream(text_of(&["done"]))]).await;
    let world = world_of(&server);
    world.ask("go").await;
    assert_eq!(world.outcome("a").failure.unwrap().kind, ToolErrorKind::InvalidInput);
    assert_eq!(world.outcome("a_2").content, "{\"n\":2}");
}

/// Every answer the same; how the turn ends, and after how many answers.
async fn always(answer: &[Vec<Value>], stop_reason: &str) -> (TurnEnd, usize) {
    let server = Server::start(vec![Play::Stream(message(answer, stop_reason)); 110]).await;
    let world = world_of(&server);
    let TurnExit::Finished(end) = world.ask("go").await else { panic!("{:#?}", world.log.events()) };
    let asked = server.requests().len();
    // The next message is answered as far as the model answers at all.
    server.play_next(Play::Stream(text_of(&["here"])));
    assert!(matches!(world.ask("continue").await, TurnExit::Finished(TurnEnd::Completed)));
    assert_eq!(world.answer(), "here");
    (end, asked)
}

#[tokio::test]
async fn a_model_that_gets_nowhere_is_stopped_after_a_few_answers() {
    let cut = [tool_block("a", "Write", &["{\"file_path\": \"a\", \"content\": \"lo"])];
    let unknown = [tool_block("a", "nothing", &["{}"])];
    let broken = [tool_block("a", "Read", &["{]"])];
    let cases: [(&[Vec<Value>], &str, &str, usize); 3] = [
        (&cut, "max_tokens", "output-limit", 3),
        (&unknown, "tool_use", "no-progress", 8),
        (&broken, "tool_use", "no-progress", 8),
    ];
    for (answer, stop_reason, expected, most) in cases {
        let (end, asked) = always(answer, stop_reason).await;
        let TurnEnd::Failed { code, message } = end else { panic!("{expected}: {end:?}") };
        assert_eq!(code, expected);
        assert!(message.contains("say \"continue\""), "{message}");
        assert_eq!(asked, most, "{expected}");
    }
}

#[tokio::test]
async fn blocks_without_a_kind_or_end_are_left_out() {
    let stream = event(json!({"type": "content_block_start", "index": 0, "content_block": null}))
        + &event(json!({"type": "content_block_start", "index": 1}))
        + &event(json!({"type": "content_block_start", "index": 2, "content_block": {"type": 7}}))
        + &event(
            json!({"type": "content_block_start", "index": 3, "content_block": {"type": "text", "text": "a\u{0}b"}}),
        )
        + &event(json!({"type": "content_block_delta", "index": 9, "delta": {"type": "text_delta", "text": "lost"}}))
        + &event(json!({"type": "content_block_stop", "index": 77}))
        + &event(json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}}))
        + &event(json!({"type": "message_stop"}));
    let server = Server::start(vec![Play::Stream(stream)]).await;
    let world = world_of(&server);
    assert!(matches!(world.ask("go").await, TurnExit::Finished(TurnEnd::Completed)));
    let message = world.log.events().into_iter().find_map(|event| match event {
        Event::AssistantMessage { blocks, .. } => Some(blocks),
        _ => None,
    });
    assert_eq!(message.unwrap(), [Block::Text { text: "a\u{0}b".into() }]);
}

/// The end of a turn whose first answer is this, and how often the model was asked.
async fn first_answer(play: Play) -> (TurnEnd, usize) {
    let server = Server::start(vec![play; 4]).await;
    let world = world_of(&server);
    let TurnExit::Finished(end) = world.ask("go").await else { panic!("{:#?}", world.log.events()) };
    let asked = server.requests().len();
    server.play_next(Play::Stream(text_of(&["here"])));
    assert!(matches!(world.ask("next").await, TurnExit::Finished(TurnEnd::Completed)));
    (end, asked)
}

#[tokio::test]
async fn an_answer_larger_than_a_message_is_refused_once() {
    let piece = "x".repeat(1024 * 1024);
    let pieces = vec![piece.as_str(); 5];
    let escapes = vec![r"\u0001".repeat(160 * 1024); 5];
    let escapes: Vec<&str> = escapes.iter().map(String::as_str).collect();
    let arguments = format!("{{\"content\": \"{}\"}}", "y".repeat(5 * 1024 * 1024));
    let many: Vec<Vec<Value>> = (0..300).map(|n| tool_block(&format!("t{n}"), "Read", &["{}"])).collect();
    let cases = [
        (text_of(&pieces), "larger than 4 MiB"),
        (text_of(&escapes), "larger than 4 MiB"),
        (message(&[tool_block("a", "Write", &[&arguments])], "tool_use"), "larger than 4 MiB"),
        (raw(&"z".repeat(9 * 1024 * 1024)), "larger than 4 MiB"),
        (message(&many, "tool_use"), "more than 256 parts"),
    ];
    for (stream, says) in cases {
        let (end, asked) = first_answer(Play::Stream(stream)).await;
        let TurnEnd::Failed { code, message } = end else { panic!("{says}: {end:?}") };
        assert_eq!((code.as_str(), asked), ("message-too-large", 1), "{message}");
        assert!(message.contains(says), "{message}");
    }
}

#[tokio::test]
async fn the_largest_message_fits_the_log_and_the_tools() {
    let content = "\u{1}\n\"é".repeat(300_000);
    let arguments = json!({"file_path": "a.txt", "content": content}).to_string();
    assert!(arguments.len() < 4 * 1024 * 1024, "{}", arguments.len());
    let server = Server::start(vec![
        Play::Stream(message(&[tool_block("a", "Write", &[&arguments])], "tool_use")),
        Play::Stream(text_of(&["done"])),
    ])
    .await;
    let world = world_of(&server);
    assert!(matches!(world.ask("go").await, TurnExit::Finished(TurnEnd::Completed)));
    assert_eq!(std::fs::read_to_string(world.dir.path().join("a.txt")).unwrap(), content);
    for event in world.log.events() {
        assert!(serde_json::to_string(&event).unwrap().len() <= bricklayer_domain::MAX_EVENT_BYTES);
    }
}

#[tokio::test]
async fn a_turn_and_each_of_its_model_calls_end_in_time() {
    use std::time::Duration;
    let begun = message(&[text_block(&["so far"])], "end_turn");
    let begun = begun.split("event: content_block_stop").next().unwrap().to_owned();
    // A turn's time, a model call's time, and the code of the end; the answer begins long before.
    let cases = [(2_000, 60_000, "turn-time-limit"), (60_000, 2_000, "model-time-limit")];
    for (turn, model_call, expected) in cases {
        let server = Server::start(vec![Play::Hang(begun.clone()), Play::Stream(text_of(&["here"]))]).await;
        let mut settings = server.settings();
        settings.idle_timeout = Duration::from_secs(60);
        let mut world = world_of(&server);
        world.model = Arc::new(
            bricklayer_agent::model::anthropic::model(bricklayer_agent::model::http_client().unwrap(), settings)
                .unwrap(),
        );
        world.limits.max_turn_time = Duration::from_millis(turn);
        world.limits.max_model_call_time = Duration::from_millis(model_call);
        let TurnExit::Finished(TurnEnd::Failed { code, message }) = world.ask("go").await else { panic!("{expected}") };
        assert_eq!(code, expected);
        assert!(message.contains("say \"continue\"") && message.contains("limits."), "{message}");
        assert_eq!(world.answer(), "so far", "what was said is kept");
        assert!(matches!(world.ask("continue").await, TurnExit::Finished(TurnEnd::Completed)));
    }
}

#[tokio::test]
async fn signs_of_life_are_no_progress() {
    use std::time::Duration;
    for sign in [event(json!({"type": "ping"})), ": keep-alive\n\n".to_owned()] {
        let server = Server::start(vec![Play::Repeat(sign)]).await;
        let mut settings = server.settings();
        settings.pings_only_timeout = Duration::from_millis(400);
        let model =
            bricklayer_agent::model::anthropic::model(bricklayer_agent::model::http_client().unwrap(), settings);
        let world = World::new(Arc::new(model.unwrap()), TableTools::none());
        let TurnExit::Finished(TurnEnd::Failed { code, message }) = world.ask("go").await else { panic!("no end") };
        assert_eq!(code, "model-timeout", "{message}");
        assert!(message.contains("signs of life"), "{message}");
    }
}

#[tokio::test]
async fn an_end_without_an_answer_or_for_an_unknown_reason_has_a_sentence() {
    let look = [tool_block("a", "mcp__databricks__look", &["{}"])];
    let empty = || Play::Stream(message(&[], "end_turn"));
    let cases = [
        (vec![empty()], "empty-answer", "answered with nothing", EndRemedy::Retry),
        (vec![Play::Stream(message(&[text_block(&[" "])], "end_turn"))], "empty-answer", "", EndRemedy::Retry),
        (vec![Play::Stream(message(&look, "tool_use")), empty()], "no-final-answer", "continue", EndRemedy::Continue),
        (
            vec![Play::Stream(message(&[text_block(&["x"])], "odd_reason"))],
            "model-stopped",
            "`odd_reason`",
            EndRemedy::Continue,
        ),
    ];
    for (plays, expected, says, remedy) in cases {
        let server = Server::start(plays).await;
        let world = world_of(&server);
        let TurnExit::Finished(end) = world.ask("go").await else { panic!("{expected}") };
        assert_eq!(end.remedy(), Some(remedy), "{end:?}");
        let TurnEnd::Failed { code, message } = end else { panic!("{expected}: {end:?}") };
        assert_eq!(code, expected);
        assert!(message.contains(says), "{message}");
    }
}
