use bricklayer_domain::{PluginName, ProjectId, TurnId};
use bricklayer_store::{
    AuditRecord, MAX_STATE_KEY_BYTES, MAX_STATE_KEYS, MAX_STATE_VALUE_BYTES, PageRequest, PluginStateError, StoreError,
};
use chrono::DateTime;

use crate::harness::{World, assert_refused, on_both_engines, user};

on_both_engines!(
    state_is_kept_per_project_and_plugin,
    state_is_bounded,
    state_goes_with_its_project,
    audit_is_kept_and_paged,
    audit_takes_anything,
);

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

fn record(project: ProjectId, path: &str) -> AuditRecord {
    AuditRecord {
        at: DateTime::from_timestamp(1_750_000_000, 1_000).unwrap(),
        user: user("ann@example.com"),
        project,
        turn: Some(TurnId::new()),
        plugin: plugin("sql"),
        tool: "execute_sql".into(),
        method: "POST".into(),
        host: "example.cloud.databricks.com".into(),
        path: path.into(),
        decision: "allowed".into(),
        status: Some(200),
        bytes_sent: 10,
        bytes_received: u64::MAX,
        duration_ms: 3,
    }
}

async fn audit_is_kept_and_paged(world: World) {
    let scene = world.scene().await;
    let here = scene.project.id;
    let records: Vec<_> = (0..5).map(|i| record(here, &format!("/{i}"))).collect();
    scene.store.append_audit(&[]).await.unwrap();
    scene.store.append_audit(&records).await.unwrap();
    scene.store.append_audit(&[record(ProjectId::new(), "/elsewhere")]).await.unwrap();
    // What was done stays known after the project is gone.
    scene.store.delete_project(&scene.user, here).await.unwrap();
    let mut paths = Vec::new();
    let mut after = None;
    loop {
        let page = scene.store.list_audit(&scene.user, here, PageRequest { after, limit: 2 }).await.unwrap();
        paths.extend(page.items.into_iter().map(|r| r.path));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(paths, ["/4", "/3", "/2", "/1", "/0"]);
}

async fn audit_takes_anything(world: World) {
    let scene = world.scene().await;
    let strange = AuditRecord {
        turn: None,
        status: None,
        method: "\u{0}".into(),
        path: format!("/{}", "é".repeat(5000)),
        ..record(scene.project.id, "")
    };
    scene.store.append_audit(std::slice::from_ref(&strange)).await.unwrap();
    let page = scene.store.list_audit(&scene.user, scene.project.id, PageRequest::default()).await.unwrap();
    let [stored] = page.items.as_slice() else { panic!("{page:?}") };
    assert!(stored.path.len() <= 2048 && strange.path.starts_with(&stored.path));
    assert_eq!(stored.bytes_received, i64::MAX as u64);
    let expected = AuditRecord {
        path: stored.path.clone(),
        method: "\u{fffd}".into(),
        bytes_received: i64::MAX as u64,
        ..strange
    };
    assert_eq!(*stored, expected);
}
