//! A conversation that has become long goes on from a summary, made by the model itself.

use std::sync::Arc;

use bricklayer_agent::TurnExit;
use bricklayer_agent::model::{Content, ModelError, ModelErrorKind, ModelEvent, ModelReply, ModelRequest};
use bricklayer_domain::{Block, Event, StopReason, ToolAnnotations, ToolOutcome, TurnEnd, Usage};
use serde_json::json;

use crate::support::*;

/// An answer that its provider counts so many tokens for.
fn counted(blocks: Vec<Block>, stop_reason: StopReason, input_tokens: u64) -> Vec<ModelEvent> {
    let usage = Usage { input_tokens, output_tokens: 1, ..Usage::default() };
    vec![ModelEvent::Finished(ModelReply { blocks, broken_calls: Vec::new(), stop_reason, stop_details: None, usage })]
}

fn words(text: &str, tokens: u64) -> Vec<ModelEvent> {
    counted(vec![Block::Text { text: text.to_owned() }], StopReason::EndTurn, tokens)
}

fn look(id: &str, tokens: u64) -> Vec<ModelEvent> {
    counted(vec![tool_use(id, "mcp__databricks__look", json!({}))], StopReason::ToolUse, tokens)
}

fn world(replies: Vec<Vec<ModelEvent>>) -> (World, Arc<ScriptedModel>) {
    let model = ScriptedModel::new(replies);
    let tools = TableTools::new(vec![spec("look", ToolAnnotations::reads())], |_| ToolOutcome::text("seen: 4711"));
    let mut world = World::new(model.clone(), tools);
    world.limits.compact_above_tokens = Some(1_000);
    (world, model)
}

fn told(request: &ModelRequest) -> String {
    let pieces = request.messages.iter().flat_map(|message| &message.content);
    let text = pieces.map(|piece| match &**piece {
        Content::Text(text) | Content::ToolResult { content: text, .. } => text.clone(),
        Content::Block(block) => format!("{block:?}"),
    });
    text.collect::<Vec<_>>().join("\n")
}

fn compactions(world: &World) -> Vec<(String, bool)> {
    let one = |event| match event {
        Event::ContextCompacted { summary, steps_too, .. } => Some((summary, steps_too)),
        _ => None,
    };
    world.log.events().into_iter().filter_map(one).collect()
}

async fn completed(world: &World, message: &str) {
    let exit = world.ask(message).await;
    assert!(matches!(exit, TurnExit::Finished(TurnEnd::Completed)), "{message}: {exit:?}");
}

#[tokio::test]
async fn a_long_conversation_goes_on_from_a_summary() {
    let (world, model) = world(vec![
        words("first answer", 2_000),
        words("They want TUNA.", 2_100),
        words("second answer", 50),
        words("third", 60),
    ]);
    completed(&world, "one with details").await;
    completed(&world, "two").await;
    assert_eq!(compactions(&world), [("They want TUNA.".to_owned(), false)]);
    assert_eq!(world.answer(), "second answer");
    completed(&world, "three").await;
    let requests = model.requests.lock().unwrap();
    let [first, summary, second, third] = requests.as_slice() else { panic!("{} requests", requests.len()) };
    // The summary is asked for with what comes next, so that what was read is in the cache.
    assert_eq!(summary.messages[..2], second_of(first, &world.log.events()));
    assert!(told(summary).contains("one with details") && told(summary).contains("Write a summary"));
    for later in [second, third] {
        assert!(told(later).contains("They want TUNA."), "{}", told(later));
        assert!(!told(later).contains("one with details") && !told(later).contains("Write a summary"));
    }
    assert!(told(second).ends_with("two"), "{}", told(second));
    assert!(told(third).contains("second answer"));
    // What the summary cost is the turn's.
    let usage = world.log.events().into_iter().filter_map(|event| match event {
        Event::TurnFinished { usage, .. } => Some(usage.input_tokens),
        _ => None,
    });
    assert_eq!(usage.collect::<Vec<_>>(), [2_000, 2_150, 60]);
}

/// The first turn as the next request has it.
fn second_of(first: &ModelRequest, log: &[Event]) -> Vec<Arc<bricklayer_agent::model::ModelMessage>> {
    let built = bricklayer_agent::context::build(&log[..4]).messages;
    assert_eq!(built[..1], first.messages[..]);
    built[..2].to_vec()
}

#[tokio::test]
async fn a_long_turn_goes_on_from_what_it_did() {
    let (world, model) =
        world(vec![look("c1", 2_000), words("Looked: 4711. Next: answer.", 1), words("it is 4711", 40)]);
    completed(&world, "look at it").await;
    assert_eq!(compactions(&world), [("Looked: 4711. Next: answer.".to_owned(), true)]);
    let requests = model.requests.lock().unwrap();
    let last = told(&requests[2]);
    assert!(last.contains("Next: answer.") && last.ends_with("look at it"), "{last}");
    assert!(!last.contains("seen: 4711"), "{last}");
    assert_eq!(requests.len(), 3, "compacted once");
    drop(requests);
    // A worker that takes the turn over reads the same.
    let next = world.log.fold();
    assert_eq!(next.message(), "look at it");
}

#[tokio::test]
async fn without_a_summary_it_goes_on_as_it_is_and_asks_once() {
    let error = ModelError { kind: ModelErrorKind::Upstream, message: "down".into(), repairs: Vec::new() };
    for bad in [
        vec![ModelEvent::Failed(error)],
        words(" ", 1),
        counted(vec![Block::Text { text: "cut in the mid".into() }], StopReason::MaxTokens, 1),
        look("c9", 1),
    ] {
        let (world, model) = world(vec![look("c1", 2_000), bad, look("c2", 3_000), words("done", 3_100)]);
        completed(&world, "go").await;
        assert_eq!((compactions(&world), world.answer()), (Vec::new(), "done".to_owned()));
        assert_eq!(model.requests.lock().unwrap().len(), 4);
        assert_eq!(world.tools.called(), ["look", "look"], "a call in the place of a summary does not run");
    }
}

#[tokio::test]
async fn a_short_conversation_and_a_message_that_is_long_by_itself_are_left_alone() {
    let (short, _) = world(vec![words("a", 500), words("b", 600)]);
    completed(&short, "one").await;
    completed(&short, "two").await;
    let (long, model) = world(vec![words("read it", 90_000)]);
    completed(&long, &"word ".repeat(40_000)).await;
    assert_eq!((compactions(&short).len(), compactions(&long).len()), (0, 0));
    assert_eq!(model.requests.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn the_user_compacts_when_they_want() {
    let (world, model) = world(vec![words("answer", 50), words("In short.", 60), words("go on", 20)]);
    completed(&world, "/compact").await;
    assert!(world.answer().contains("nothing to summarise"), "{}", world.answer());
    completed(&world, "hello").await;
    completed(&world, "/compact keep the table names").await;
    assert!(world.answer().contains("is summarised"), "{}", world.answer());
    assert_eq!(compactions(&world), [("In short.".to_owned(), false)]);
    completed(&world, "on").await;
    let requests = model.requests.lock().unwrap();
    assert!(told(&requests[1]).contains("keep the table names"));
    assert!(told(&requests[2]).contains("In short.") && !told(&requests[2]).contains("hello"));
}

#[tokio::test]
async fn a_stop_while_it_is_summarised_ends_the_turn_and_leaves_all() {
    let (world, _) = world(vec![words("answer", 5_000), Vec::new()]);
    completed(&world, "one").await;
    world.log.begin("two");
    let cancel = tokio_util::sync::CancellationToken::new();
    let run = world.run_with(cancel.clone());
    let (exit, ()) = tokio::join!(run, async {
        world.log.wait_for(|event| matches!(event, Event::StepStarted { .. })).await;
        cancel.cancel();
    });
    assert!(matches!(exit, TurnExit::Finished(TurnEnd::Cancelled)), "{exit:?}");
    assert_eq!(compactions(&world), []);
}
