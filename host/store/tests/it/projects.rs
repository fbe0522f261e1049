use std::time::Duration;

use bricklayer_domain::{ConversationId, ProjectId, TurnSetting, TurnSettings};
use bricklayer_store::{Cursor, DEFAULT_CONVERSATION_TITLE, PageRequest, StoreError};

use crate::harness::{World, assert_refused, completed, on_both_engines, title, user};

on_both_engines!(
    projects_are_made_read_renamed_and_deleted,
    conversations_are_made_read_renamed_and_deleted,
    unknown_ids_are_not_found,
    settings_are_remembered,
    the_first_message_names_the_conversation,
    a_chosen_title_stays,
    pages_list_everything_once,
    strange_names_survive,
);

async fn projects_are_made_read_renamed_and_deleted(world: World) {
    let store = world.store().await;
    let ann = user("ann@example.com");
    let made = store.create_project(&ann, &title("one")).await.unwrap();
    assert_eq!(store.get_project(&ann, made.id).await.unwrap(), made);
    let renamed = store.rename_project(&ann, made.id, &title("two")).await.unwrap();
    assert_eq!((renamed.name.as_str(), renamed.created_at), ("two", made.created_at));
    store.create_conversation(&ann, made.id, None).await.unwrap();
    assert_eq!(store.get_project(&ann, made.id).await.unwrap().conversation_count, 1);
    assert_eq!(store.delete_project(&ann, made.id).await.unwrap(), []);
    assert_refused!(store.get_project(&ann, made.id).await, StoreError::NotFound("project"));
    assert_refused!(store.delete_project(&ann, made.id).await, StoreError::NotFound("project"));
    assert!(store.list_projects(&ann, PageRequest::default()).await.unwrap().items.is_empty());
}

async fn conversations_are_made_read_renamed_and_deleted(world: World) {
    let scene = world.scene().await;
    let (store, ann) = (&scene.store, &scene.user);
    let made = scene.conversation.clone();
    assert_eq!(made.title, DEFAULT_CONVERSATION_TITLE);
    assert_eq!(store.get_conversation(ann, made.id).await.unwrap(), made);
    let renamed = store.rename_conversation(ann, made.id, &title("fares")).await.unwrap();
    assert_eq!(renamed.title, "fares");
    let (_, lease) = scene.begin().await;
    assert_eq!(store.get_conversation(ann, made.id).await.unwrap().turn_count, 1);
    store.append(&lease, vec![completed()]).await.unwrap();
    assert_eq!(store.delete_conversation(ann, made.id).await.unwrap(), None);
    assert_refused!(store.get_conversation(ann, made.id).await, StoreError::NotFound("conversation"));
    assert_refused!(store.delete_conversation(ann, made.id).await, StoreError::NotFound("conversation"));
    assert!(store.list_conversations(ann, scene.project.id, PageRequest::default()).await.unwrap().items.is_empty());
}

async fn unknown_ids_are_not_found(world: World) {
    let store = world.store().await;
    let ann = user("ann@example.com");
    let (project, conversation) = (ProjectId::new(), ConversationId::new());
    assert_refused!(store.get_project(&ann, project).await, StoreError::NotFound("project"));
    assert_refused!(store.create_conversation(&ann, project, None).await, StoreError::NotFound("project"));
    assert_refused!(
        store.list_conversations(&ann, project, PageRequest::default()).await,
        StoreError::NotFound("project")
    );
    assert_refused!(store.get_conversation(&ann, conversation).await, StoreError::NotFound("conversation"));
    assert_refused!(
        store.list_turns(&ann, conversation, PageRequest::default()).await,
        StoreError::NotFound("conversation")
    );
}

async fn settings_are_remembered(world: World) {
    let scene = world.scene().await;
    let settings = TurnSettings {
        warehouse_id: TurnSetting::parse("abc").unwrap(),
        model: TurnSetting::parse("m").unwrap(),
        ..Default::default()
    };
    let set = scene.store.set_conversation_settings(&scene.user, scene.conversation.id, &settings).await.unwrap();
    assert_eq!(set.settings, settings);
    let other = TurnSettings { default_catalog: TurnSetting::parse("main").unwrap(), ..Default::default() };
    let message = bricklayer_store::NewTurn { settings: other.clone(), ..scene.message("hi") };
    world.clock.advance(Duration::from_secs(60));
    scene.store.begin_turn(&scene.user, scene.worker, message).await.unwrap();
    let after = scene.store.get_conversation(&scene.user, scene.conversation.id).await.unwrap();
    assert_eq!(after.settings, other);
    assert_eq!(after.updated_at - after.created_at, chrono::TimeDelta::seconds(60));
}

async fn the_first_message_names_the_conversation(world: World) {
    let scene = world.scene().await;
    let message = scene.message("What are the busiest\npickup hours in samples.nyctaxi.trips?");
    scene.store.begin_turn(&scene.user, scene.worker, message).await.unwrap();
    let named = scene.store.get_conversation(&scene.user, scene.conversation.id).await.unwrap();
    assert_eq!(named.title, "What are the busiest pickup hours in…");
}

async fn a_chosen_title_stays(world: World) {
    let scene = world.scene().await;
    scene.store.rename_conversation(&scene.user, scene.conversation.id, &title("fares")).await.unwrap();
    scene.begin().await;
    let named = scene.store.get_conversation(&scene.user, scene.conversation.id).await.unwrap();
    assert_eq!(named.title, "fares");
}

/// Several items share an instant, so that the id has to decide.
async fn pages_list_everything_once(world: World) {
    let scene = world.scene().await;
    let mut made = vec![scene.conversation.id];
    for index in 0..24 {
        if index % 5 == 0 {
            world.clock.advance(Duration::from_millis(1));
        }
        made.push(scene.store.create_conversation(&scene.user, scene.project.id, None).await.unwrap().id);
    }
    for limit in [1, 4, 25, 200] {
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let request = PageRequest { after, limit };
            let page = scene.store.list_conversations(&scene.user, scene.project.id, request).await.unwrap();
            assert!(page.items.len() <= limit as usize);
            assert!(page.items.windows(2).all(|pair| pair[0].updated_at >= pair[1].updated_at));
            seen.extend(page.items.into_iter().map(|c| c.id));
            // As it travels through a client.
            let Some(next) = page.next else { break };
            after = Some(next.to_string().parse::<Cursor>().unwrap());
        }
        let mut sorted = seen.clone();
        sorted.sort();
        assert_eq!(sorted, made, "limit {limit}");
    }
    for bad in ["", "x", "1.2", "9999999999999999999.00000000000000000000000000000000", ".", "1"] {
        assert!(bad.parse::<Cursor>().is_err(), "{bad}");
    }
}

async fn strange_names_survive(world: World) {
    let store = world.store().await;
    let ann = user("ånn+'quote\"@example.com");
    for name in ["'; drop table projects; --", "naïve 数据 🚕", "$1 ?1 {x}", "\u{5e9}\u{5dc}\u{5d5}\u{5dd}"] {
        let made = store.create_project(&ann, &title(name)).await.unwrap();
        assert_eq!(store.get_project(&ann, made.id).await.unwrap().name, name);
    }
    assert_eq!(store.list_projects(&ann, PageRequest::default()).await.unwrap().items.len(), 4);
}
