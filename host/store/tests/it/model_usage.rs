//! What models took, added up.

use std::time::Duration;

use bricklayer_domain::{Event, Usage, day_of};
use bricklayer_store::{PageRequest, Spending};

use crate::harness::{World, assistant, completed, on_both_engines, step_started, user};

on_both_engines!(what_calls_took_is_added_up_by_model_and_day, what_was_spent_outlives_its_conversation);

fn usage(input_tokens: u64, cost_micro_usd: u64) -> Usage {
    Usage { input_tokens, output_tokens: 1, cost_micro_usd, ..Usage::default() }
}

/// The end of a call.
fn paid(model: &str, usage: Usage) -> Event {
    let mut event = assistant(0, "hi");
    if let Event::AssistantMessage { model: of, usage: took, .. } = &mut event {
        (*of, *took) = (model.into(), usage);
    }
    event
}

fn summarised(model: &str, usage: Usage) -> Event {
    let begins = bricklayer_domain::EventSeq(1);
    Event::ContextCompacted { summary: "short".into(), begins, steps_too: false, usage, model: model.into() }
}

fn sum(usages: &[Usage]) -> Usage {
    let mut sum = Usage::default();
    usages.iter().for_each(|usage| sum.add(*usage));
    sum
}

async fn what_calls_took_is_added_up_by_model_and_day(world: World) {
    let scene = world.scene().await;
    let store = &scene.store;
    let (turn, lease) = scene.begin().await;
    let conversation = turn.conversation;
    store.append(&lease, vec![step_started(0), paid("dear", usage(1, 500))]).await.unwrap();
    store.append(&lease, vec![summarised("dear", usage(2, 50)), paid("cheap", usage(30, 0))]).await.unwrap();
    world.clock.advance(Duration::from_secs(24 * 3600));
    // A call that took nothing is none, and a number beyond all bounds breaks no sum.
    store.append(&lease, vec![paid("dear", Usage::default()), paid("cheap", usage(u64::MAX, 7))]).await.unwrap();
    store.append(&lease, vec![completed()]).await.unwrap();

    let ann = &scene.user;
    let models = store.conversation_usage(ann, conversation).await.unwrap();
    let told: Vec<_> = models.iter().map(|of| (of.model.as_str(), of.calls, of.usage)).collect();
    let huge = 1 << 40;
    let dear = sum(&[usage(1, 500), usage(2, 50)]);
    let cheap = sum(&[usage(30, 0), usage(huge, 7)]);
    assert_eq!(told, [("dear", 2, dear), ("cheap", 2, cheap)]);

    let today = day_of(bricklayer_store::Clock::now(&*world.clock));
    let days = store.daily_usage(ann, today - 1).await.unwrap();
    let told: Vec<_> = days.iter().map(|of| (today - of.day, of.of.model.as_str(), of.of.calls)).collect();
    assert_eq!(told, [(0, "cheap", 1), (1, "dear", 2), (1, "cheap", 1)]);
    assert_eq!(store.daily_usage(ann, today).await.unwrap().len(), 1);
    let spent = store.spending(ann, Some(conversation)).await.unwrap();
    assert_eq!(spent, Spending { conversation: sum(&[dear, cheap]), today: usage(huge, 7) });

    // Nobody else's.
    let bob = &user("bob");
    assert_eq!(store.conversation_usage(bob, conversation).await.unwrap(), []);
    assert_eq!(store.daily_usage(bob, 0).await.unwrap(), []);
    assert_eq!(store.spending(bob, Some(conversation)).await.unwrap(), Spending::default());

    assert_eq!(store.prune_model_usage(today).await.unwrap(), 2);
    assert_eq!(store.daily_usage(ann, 0).await.unwrap().len(), 1);
}

async fn what_was_spent_outlives_its_conversation(world: World) {
    let scene = world.scene().await;
    let store = &scene.store;
    let (turn, lease) = scene.begin().await;
    store.append(&lease, vec![step_started(0), paid("m", usage(1, 500)), completed()]).await.unwrap();
    store.delete_conversation(&scene.user, turn.conversation).await.unwrap();
    let left = store.list_conversations(&scene.user, scene.project.id, PageRequest::default()).await.unwrap();
    assert_eq!(left.items.len(), 0);
    assert_eq!(store.spending(&scene.user, None).await.unwrap().today, usage(1, 500));
}
