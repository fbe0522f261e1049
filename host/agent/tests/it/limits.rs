//! Bounds of a turn.

use bricklayer_agent::{RepeatBounds, TurnLimits};
use bricklayer_domain::{Event, ToolErrorKind, TurnEnd};
use serde_json::json;

use crate::support::*;
use crate::turns::sql_tools;

/// Why the turn failed.
fn end(world: &World) -> String {
    match world.log.events().pop() {
        Some(Event::TurnFinished { end: TurnEnd::Failed { code, .. }, .. }) => code,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn limits_end_what_does_not_end_by_itself() {
    let look = |id: &str| tool_use(id, "mcp__databricks__look", json!({}));
    let endless = (0..50).map(|_| calls(vec![look("same")])).collect();
    let mut world = World::new(ScriptedModel::new(endless), sql_tools());
    world.limits = TurnLimits { max_steps: 3, max_calls_per_step: 2, ..TurnLimits::default() };
    world.ask("go").await;
    assert_eq!(end(&world), "too-many-steps");
    assert_eq!(world.tools.called().len(), 3);

    // A call of the scripted model takes 15 tokens.
    let endless = (0..50).map(|_| calls(vec![look("same")])).collect();
    let mut world = World::new(ScriptedModel::new(endless), sql_tools());
    world.limits = TurnLimits { max_tokens: Some(31), ..TurnLimits::default() };
    world.ask("go").await;
    assert_eq!(end(&world), "out-of-tokens");
    assert_eq!(world.tools.called().len(), 3);

    let endless = (0..50).map(|_| calls(vec![look("same")])).collect();
    let mut world = World::new(ScriptedModel::new(endless), sql_tools());
    world.limits = TurnLimits { repeats: RepeatBounds { told: 2, ended: 3 }, ..TurnLimits::default() };
    world.ask("go").await;
    assert_eq!(end(&world), "repeating-itself");
    assert_eq!(world.tools.called().len(), 4);
    assert!(!world.outcome("same_2").content.contains("you made this call before"));
    assert!(world.outcome("same_3").content.contains("you made this call before"));

    let mut world = World::new(ScriptedModel::new(vec![calls(vec![look("a"), look("b"), look("c")])]), sql_tools());
    world.limits = TurnLimits { max_calls_per_step: 2, ..TurnLimits::default() };
    world.ask("go").await;
    assert_eq!(kind(&world.outcome("c")), Some(ToolErrorKind::NotRun));
    assert_eq!(world.tools.called().len(), 2);
}
