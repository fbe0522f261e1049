//! Turns through the driver.

use std::sync::Arc;

use bricklayer_agent::TurnExit;
use bricklayer_agent::model::offline::OfflineModel;
use bricklayer_domain::{Event, ToolAnnotations, ToolOutcome, TurnEnd};
use serde_json::json;

use crate::support::*;

/// The kinds of events in order, deltas and progress left out.
fn outline(events: &[Event]) -> Vec<String> {
    events
        .iter()
        .filter_map(|event| {
            let value = serde_json::to_value(event).unwrap();
            let kind = value["type"].as_str().unwrap().to_owned();
            let noise = matches!(kind.as_str(), "text_delta" | "thinking_delta" | "tool_progress");
            let detail = match event {
                Event::ToolStarted { call, .. }
                | Event::ToolFinished { call, .. }
                | Event::ApprovalRequested { call, .. } => format!(" {call}"),
                Event::TurnFinished { end, .. } => match end {
                    TurnEnd::Completed => " completed".to_owned(),
                    TurnEnd::Failed { code, .. } => format!(" {code}"),
                    TurnEnd::Cancelled => " cancelled".to_owned(),
                },
                _ => String::new(),
            };
            (!noise).then(|| kind + &detail)
        })
        .collect()
}

fn reader(name: &str) -> bricklayer_domain::ToolSpec {
    spec(name, ToolAnnotations::reads())
}

#[tokio::test]
async fn a_turn_with_a_tool_runs_to_its_one_end() {
    let model =
        ScriptedModel::new(vec![calls(vec![tool_use("a", "mcp__databricks__look", json!({}))]), say("found 42")]);
    let world = World::new(model.clone(), TableTools::new(vec![reader("look")], |_| ToolOutcome::text("42")));
    let exit = world.ask("how many?").await;
    assert!(matches!(exit, TurnExit::Finished(TurnEnd::Completed)), "{exit:?}");
    let expected = [
        "turn_started",
        "step_started",
        "assistant_message",
        "tool_started a",
        "tool_finished a",
        "step_started",
        "assistant_message",
        "turn_finished completed",
    ];
    assert_eq!(outline(&world.log.events()), expected);
    let Some(Event::TurnFinished { usage, steps, .. }) = world.log.events().pop() else { panic!("the end is last") };
    assert_eq!((usage.input_tokens, usage.output_tokens, steps), (20, 10, 2));
    // A finished turn is not run again.
    assert!(matches!(world.run().await, TurnExit::Finished(TurnEnd::Completed)));
    assert_eq!(world.log.events().len(), world.log.history().len());
    assert_eq!(model.requests.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn the_offline_model_writes_and_reads_files_by_command() {
    let world = World::new(Arc::new(OfflineModel), TableTools::none());
    world.ask(r#"/Write {"file_path": "notes/a.md", "content": "one\ntwo\n"}"#).await;
    assert_eq!(std::fs::read_to_string(world.dir.path().join("notes/a.md")).unwrap(), "one\ntwo\n");
    world.ask("/read notes/a.md").await;
    assert_eq!(world.answer(), "     1\tone\n     2\ttwo");
    world.ask("/read nothing.md").await;
    assert!(world.answer().contains("does not exist"), "{}", world.answer());
}
