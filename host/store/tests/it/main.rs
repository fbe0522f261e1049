//! The store's suite: every case runs on SQLite and on PostgreSQL.

use bricklayer_domain::*;
use bricklayer_store::*;

#[tokio::test]
async fn smoke() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::connect(&StoreUrl::sqlite(dir.path().join("a.db")), StoreOptions::default()).await.unwrap();
    let user = UserId::parse("ann@example.com").unwrap();
    let worker = WorkerId::new();
    let p = store.create_project(&user, &Title::parse("p").unwrap()).await.unwrap();
    let c = store.create_conversation(&user, p.id, None).await.unwrap();
    assert_eq!(store.list_conversations(&user, p.id, PageRequest::default()).await.unwrap().items.len(), 1);
    let new = NewTurn {
        project: p.id,
        conversation: c.id,
        message: "hi there".into(),
        settings: TurnSettings::default(),
        client_message_id: None,
    };
    let Begun::New { lease, turn, .. } = store.begin_turn(&user, worker, new.clone()).await.unwrap() else { panic!() };
    assert!(matches!(store.begin_turn(&user, worker, new.clone()).await, Err(StoreError::Busy { .. })));
    let call = ToolCallId("x".into());
    store
        .append(
            &lease,
            vec![
                Event::StepStarted { step: 0, model: "m".into() },
                Event::TextDelta { step: 0, block: 0, offset: 0, text: "a".into() },
                Event::ApprovalRequested {
                    call: call.clone(),
                    name: ToolName("t".into()),
                    input: serde_json::json!({}),
                    reason: "r".into(),
                },
            ],
        )
        .await
        .unwrap();
    assert!(matches!(store.append(&lease, vec![Event::StepDiscarded { step: 0 }]).await, Err(StoreError::LostLease)));
    let a = store.answer_approval(&user, turn.id, &call, ApprovalDecision::No).await.unwrap();
    assert!(a.resumed);
    let claim = store.claim_turn(turn.id, worker).await.unwrap().unwrap();
    store
        .append(
            &claim.lease,
            vec![Event::TurnFinished { end: TurnEnd::Completed, usage: Usage::default(), steps: 1, duration_ms: 1 }],
        )
        .await
        .unwrap();
    let all = store.events_after(&user, c.id, EventSeq::START, 100, Detail::All).await.unwrap();
    assert_eq!(all.len(), 6);
    assert_eq!(store.turn_events_after(&user, turn.id, EventSeq::START, 100, Detail::Settled).await.unwrap().len(), 5);
    assert_eq!(store.prune_deltas(chrono::Utc::now(), 10).await.unwrap(), 1);
    assert_eq!(store.get_conversation(&user, c.id).await.unwrap().title, "hi there");
    assert_eq!(store.request_stop(&user, turn.id).await.unwrap(), Stop::Ended(TurnStatus::Completed));
    let plugin = PluginName::parse("sql").unwrap();
    store.set_plugin_state(&user, p.id, &plugin, "k", "v").await.unwrap();
    assert_eq!(store.list_plugin_state_keys(&user, p.id, &plugin).await.unwrap(), ["k"]);
    store.delete_project(&user, p.id).await.unwrap();
    store.close().await;
    assert!(matches!(store.ping().await, Err(StoreError::Closed)));
}
