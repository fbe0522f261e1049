//! Bounds of a turn.

use std::sync::Arc;

use bricklayer_agent::model::Prices;
use bricklayer_agent::{RepeatBounds, TurnLimits};
use bricklayer_domain::{Budget, Event, ToolErrorKind, TurnEnd};
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
    world.limits = TurnLimits { budget: Budget { tokens: Some(31), micro_usd: None }, ..TurnLimits::default() };
    world.ask("go").await;
    assert_eq!(end(&world), "out-of-tokens");
    assert_eq!(world.tools.called().len(), 3);

    // And with these prices 0.02 dollars.
    let endless = (0..50).map(|_| calls(vec![look("same")])).collect();
    let mut world = World::new(ScriptedModel::new(endless), sql_tools());
    world.prices = Arc::new(Prices::parse("scripted 1000 2000").unwrap());
    world.limits =
        TurnLimits { budget: Budget { tokens: Some(1_000), micro_usd: Some(50_000) }, ..TurnLimits::default() };
    world.ask("go").await;
    assert_eq!(end(&world), "out-of-money");
    assert_eq!(world.tools.called().len(), 3);
    let Some(Event::TurnFinished { usage, .. }) = world.log.events().pop() else { panic!("no end") };
    assert_eq!((usage.total(), usage.cost_micro_usd), (45, 60_000));

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
