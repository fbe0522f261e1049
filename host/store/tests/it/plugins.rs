use bricklayer_domain::PluginName;
use bricklayer_store::{MAX_STATE_KEY_BYTES, MAX_STATE_KEYS, MAX_STATE_VALUE_BYTES, PluginStateError, StoreError};

use crate::harness::{World, assert_refused, on_both_engines};

on_both_engines!(state_is_kept_per_project_and_plugin, state_is_bounded, state_goes_with_its_project,);

fn plugin(name: &str) -> PluginName {
    PluginName::parse(name).unwrap()
}

async fn state_is_kept_per_project_and_plugin(world: World) {
    let scene = world.scene().await;
    let (store, ann, sql) = (&scene.store, &scene.user, plugin("sql"));
    let other = store.create_project(ann, &crate::harness::title("other")).await.unwrap().id;
    let here = scene.project.id;
    store.set_plugin_state(ann, here, &sql, "k", "one").await.unwrap();
    store.set_plugin_state(ann, here, &sql, "k", "two \u{0}").await.unwrap();
    assert_eq!(store.get_plugin_state(ann, here, &sql, "k").await.unwrap().as_deref(), Some("two \u{0}"));
    assert_eq!(store.get_plugin_state(ann, here, &sql, "K").await.unwrap(), None);
    assert_eq!(store.get_plugin_state(ann, here, &plugin("jobs"), "k").await.unwrap(), None);
    assert_eq!(store.get_plugin_state(ann, other, &sql, "k").await.unwrap(), None);
    for key in ["b", "é", "B", "a", "\u{0}", "z"] {
        store.set_plugin_state(ann, here, &sql, key, "").await.unwrap();
    }
    let keys = store.list_plugin_state_keys(ann, here, &sql).await.unwrap();
    assert_eq!(keys, ["\u{0}", "B", "a", "b", "k", "z", "é"]);
    store.delete_plugin_state(ann, here, &sql, "k").await.unwrap();
    store.delete_plugin_state(ann, here, &sql, "k").await.unwrap();
    assert_eq!(store.get_plugin_state(ann, here, &sql, "k").await.unwrap(), None);
}

async fn state_is_bounded(world: World) {
    let scene = world.scene().await;
    let (store, ann, sql, here) = (&scene.store, &scene.user, plugin("sql"), scene.project.id);
    let long = "k".repeat(MAX_STATE_KEY_BYTES + 1);
    for key in ["", &long] {
        assert_refused!(store.set_plugin_state(ann, here, &sql, key, "v").await, PluginStateError::InvalidKey);
        assert_refused!(store.get_plugin_state(ann, here, &sql, key).await, PluginStateError::InvalidKey);
        assert_refused!(store.delete_plugin_state(ann, here, &sql, key).await, PluginStateError::InvalidKey);
    }
    let large = "v".repeat(MAX_STATE_VALUE_BYTES);
    store.set_plugin_state(ann, here, &sql, "large", &large).await.unwrap();
    let larger = format!("{large}v");
    assert_refused!(store.set_plugin_state(ann, here, &sql, "k", &larger).await, PluginStateError::ValueTooLarge);
    // All keys at once: the last ones over the bound are refused, however they race.
    let mut tasks = tokio::task::JoinSet::new();
    for index in 0..MAX_STATE_KEYS + 8 {
        let (store, ann, sql) = (store.clone(), ann.clone(), sql.clone());
        tasks.spawn(async move { store.set_plugin_state(&ann, here, &sql, &format!("{index}"), "v").await });
    }
    let results = tasks.join_all().await;
    assert_eq!(results.iter().filter(|r| r.is_ok()).count(), MAX_STATE_KEYS - 1);
    assert!(results.iter().all(|r| matches!(r, Ok(()) | Err(PluginStateError::TooManyKeys))), "{results:?}");
    store.set_plugin_state(ann, here, &sql, "large", "replaced").await.unwrap();
    store.set_plugin_state(ann, here, &plugin("jobs"), "k", "v").await.unwrap();
    store.delete_plugin_state(ann, here, &sql, "large").await.unwrap();
    store.set_plugin_state(ann, here, &sql, "new", "v").await.unwrap();
}

async fn state_goes_with_its_project(world: World) {
    let scene = world.scene().await;
    let (store, ann, sql, here) = (&scene.store, &scene.user, plugin("sql"), scene.project.id);
    store.set_plugin_state(ann, here, &sql, "k", "v").await.unwrap();
    store.delete_project(ann, here).await.unwrap();
    assert_eq!(store.get_plugin_state(ann, here, &sql, "k").await.unwrap(), None);
    assert_refused!(
        store.set_plugin_state(ann, here, &sql, "k", "v").await,
        PluginStateError::Store(StoreError::NotFound("project"))
    );
}
