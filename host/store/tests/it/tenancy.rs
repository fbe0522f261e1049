//! Another user's ids look like ids that do not exist, in every function that takes a user.

use bricklayer_domain::{
    ApprovalDecision, AuditKind, EventSeq, InstallationId, PluginName, TurnSetting, TurnSettings, TurnStatus,
};
use bricklayer_store::{
    AuditEntry, AuditFilter, AuditPageRequest, Detail, PageRequest, PluginStateError, StoreError, WorkerId,
};

use crate::harness::{World, approval_requested, assert_refused, call, on_both_engines, title, user};

on_both_engines!(a_strangers_ids_do_not_exist);

async fn a_strangers_ids_do_not_exist(world: World) {
    let scene = world.scene().await;
    let (store, ann) = (&scene.store, &scene.user);
    let (project, conversation) = (scene.project.id, scene.conversation.id);
    let (turn, lease) = scene.begin().await;
    store.append(&lease, vec![approval_requested("a")]).await.unwrap();
    let plugin = PluginName::parse("sql").unwrap();
    store.set_plugin_state(ann, project, &plugin, "k", "v").await.unwrap();
    let installation = InstallationId::new();
    let record = AuditEntry {
        at: turn.created_at,
        user: ann.clone(),
        project: Some(project),
        turn: Some(turn.id),
        plugin: plugin.clone(),
        installation: Some(installation),
        digest: None,
        tool: "t".into(),
        outcome: "trap".into(),
        body: AuditKind::Call.into(),
    };
    store.append_audit(&[record]).await.unwrap();
    let before = (store.get_project(ann, project).await.unwrap(), scene.events(Detail::All).await);

    let eve = user("eve@example.com");
    let own = store.create_project(&eve, &title("hers")).await.unwrap().id;
    let page = PageRequest::default();

    assert_eq!(store.list_projects(&eve, page).await.unwrap().items.iter().map(|p| p.id).collect::<Vec<_>>(), [own]);
    assert_refused!(store.get_project(&eve, project).await, StoreError::NotFound("project"));
    assert_refused!(store.rename_project(&eve, project, &title("x")).await, StoreError::NotFound("project"));
    assert_refused!(store.delete_project(&eve, project).await, StoreError::NotFound("project"));

    assert_refused!(store.create_conversation(&eve, project, None).await, StoreError::NotFound("project"));
    assert_refused!(store.list_conversations(&eve, project, page).await, StoreError::NotFound("project"));
    assert_refused!(store.get_conversation(&eve, conversation).await, StoreError::NotFound("conversation"));
    assert_refused!(
        store.rename_conversation(&eve, conversation, &title("x")).await,
        StoreError::NotFound("conversation")
    );
    let settings = TurnSettings { model: TurnSetting::parse("x").unwrap(), ..TurnSettings::default() };
    assert_refused!(
        store.set_conversation_settings(&eve, conversation, &settings).await,
        StoreError::NotFound("conversation")
    );
    assert_refused!(store.delete_conversation(&eve, conversation).await, StoreError::NotFound("conversation"));

    for project in [project, own] {
        let message = bricklayer_store::NewTurn { project, ..scene.message("hi") };
        let begun = store.begin_turn(&eve, WorkerId::new(), message).await;
        assert_refused!(begun, StoreError::NotFound("conversation"));
    }
    assert_refused!(store.get_turn(&eve, turn.id).await, StoreError::NotFound("execution"));
    assert_refused!(store.list_turns(&eve, conversation, page).await, StoreError::NotFound("conversation"));
    assert_eq!(store.count_turns_in_progress(&eve).await.unwrap(), 0);
    assert_refused!(store.request_stop(&eve, turn.id).await, StoreError::NotFound("execution"));
    assert_refused!(
        store.answer_approval(&eve, turn.id, &call("a"), ApprovalDecision::Once).await,
        StoreError::NotFound("execution")
    );
    assert_refused!(store.open_approvals(&eve, turn.id).await, StoreError::NotFound("execution"));

    for detail in [Detail::All, Detail::Settled, Detail::NoDeltas] {
        let read = store.events_after(&eve, conversation, EventSeq::START, 10, detail).await;
        assert_refused!(read, StoreError::NotFound("conversation"));
        let read = store.turn_events_after(&eve, turn.id, EventSeq::START, 10, detail).await;
        assert_refused!(read, StoreError::NotFound("execution"));
    }

    assert_eq!(store.get_plugin_state(&eve, project, &plugin, "k").await.unwrap(), None);
    assert!(store.list_plugin_state_keys(&eve, project, &plugin).await.unwrap().is_empty());
    assert_refused!(
        store.set_plugin_state(&eve, project, &plugin, "k", "x").await,
        PluginStateError::Store(StoreError::NotFound("project"))
    );
    store.delete_plugin_state(&eve, project, &plugin, "k").await.unwrap();
    let filter = AuditFilter { user: Some(eve.clone()), project: Some(project), ..Default::default() };
    assert!(store.list_audit(&filter, AuditPageRequest::default()).await.unwrap().records.is_empty());
    assert!(store.last_plugin_errors(installation, &plugin, Some(&eve), 10).await.unwrap().is_empty());
    assert_eq!(store.plugin_usage(installation, Some(&eve), turn.created_at).await.unwrap(), Default::default());

    // And nothing of it left a trace.
    assert_eq!((store.get_project(ann, project).await.unwrap(), scene.events(Detail::All).await), before);
    assert_eq!(store.get_conversation(ann, conversation).await.unwrap().settings, TurnSettings::default());
    assert_eq!(store.get_plugin_state(ann, project, &plugin, "k").await.unwrap().as_deref(), Some("v"));
    assert_eq!(store.get_turn(ann, turn.id).await.unwrap().status, TurnStatus::Waiting);
    assert_eq!(store.open_approvals(ann, turn.id).await.unwrap(), [call("a")]);
}
