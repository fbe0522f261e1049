use std::time::Duration;

use bricklayer_domain::{McpSessionId, ProjectId};
use bricklayer_store::{MAX_CLIENT_BYTES, MAX_FOLDER_BYTES, MAX_MCP_SESSIONS, McpSession, PageRequest, StoreError};
use tokio::task::JoinSet;

use crate::harness::{World, assert_refused, on_both_engines, title, user};

on_both_engines!(
    a_session_is_its_users_and_goes_with_its_project,
    sessions_are_bounded_and_forgotten,
    a_folder_has_one_project,
    hosts_share_a_key,
);

fn session(project: ProjectId) -> McpSession {
    McpSession { id: McpSessionId::new(), project, client: r#"{"name":"x"}"#.to_owned() }
}

async fn a_session_is_its_users_and_goes_with_its_project(world: World) {
    let scene = world.scene().await;
    let (store, ann, bob) = (&scene.store, &scene.user, user("bob@example.com"));
    let one = session(scene.project.id);
    assert_refused!(store.begin_mcp_session(&bob, &one).await, StoreError::NotFound("project"));
    store.begin_mcp_session(ann, &one).await.unwrap();
    assert_eq!(store.find_mcp_session(ann, one.id).await.unwrap().as_ref(), Some(&one));
    assert_eq!(store.find_mcp_session(&bob, one.id).await.unwrap(), None);
    store.end_mcp_session(&bob, one.id).await.unwrap();
    assert_eq!(store.find_mcp_session(ann, one.id).await.unwrap().as_ref(), Some(&one));
    store.end_mcp_session(ann, one.id).await.unwrap();
    assert_eq!(store.find_mcp_session(ann, one.id).await.unwrap(), None);
    let other = session(scene.project.id);
    store.begin_mcp_session(ann, &other).await.unwrap();
    store.delete_project(ann, scene.project.id).await.unwrap();
    assert_eq!(store.find_mcp_session(ann, other.id).await.unwrap(), None);
    let large = McpSession { client: "x".repeat(MAX_CLIENT_BYTES + 1), ..session(scene.project.id) };
    assert_refused!(store.begin_mcp_session(ann, &large).await, StoreError::TooLarge { .. });
}

async fn sessions_are_bounded_and_forgotten(world: World) {
    let scene = world.scene().await;
    let (store, ann) = (&scene.store, &scene.user);
    let sessions: Vec<_> = (0..=MAX_MCP_SESSIONS).map(|_| session(scene.project.id)).collect();
    for (place, one) in sessions.iter().enumerate() {
        world.clock.advance(Duration::from_secs(1));
        // The first is in use.
        if place == MAX_MCP_SESSIONS {
            store.find_mcp_session(ann, sessions[0].id).await.unwrap().unwrap();
        }
        store.begin_mcp_session(ann, one).await.unwrap();
    }
    assert!(store.find_mcp_session(ann, sessions[0].id).await.unwrap().is_some());
    assert_eq!(store.find_mcp_session(ann, sessions[1].id).await.unwrap(), None);
    assert!(store.find_mcp_session(ann, sessions[2].id).await.unwrap().is_some());
    world.clock.advance(Duration::from_secs(8 * 86_400));
    assert_eq!(store.find_mcp_session(ann, sessions[0].id).await.unwrap(), None);
    let bob = user("bob@example.com");
    let project = store.create_project(&bob, &title("bob")).await.unwrap();
    for _ in 0..3 {
        store.begin_mcp_session(&bob, &session(project.id)).await.unwrap();
    }
    assert_eq!(world.raw("delete from mcp_sessions where user_id = 'ann@example.com'").await, 0);
}

async fn a_folder_has_one_project(world: World) {
    let store = world.store().await;
    let (ann, bob) = (user("ann@example.com"), user("bob@example.com"));
    let mut many = JoinSet::new();
    for _ in 0..8 {
        let (store, ann) = (store.clone(), ann.clone());
        many.spawn(async move { store.mcp_project(&ann, "", &title("MCP")).await.unwrap() });
    }
    let made = many.join_all().await;
    assert!(made.iter().all(|(id, _)| *id == made[0].0), "{made:?}");
    assert_eq!(made.iter().filter(|(_, new)| *new).count(), 1, "{made:?}");
    let listed = store.list_projects(&ann, PageRequest::default()).await.unwrap().items;
    assert_eq!(listed.iter().map(|project| (project.id, &*project.name)).collect::<Vec<_>>(), [(made[0].0, "MCP")]);
    let (work, new) = store.mcp_project(&ann, "/home/ann/work", &title("work")).await.unwrap();
    assert!(new && work != made[0].0);
    assert_ne!(store.mcp_project(&bob, "", &title("MCP")).await.unwrap().0, made[0].0);
    // One that was deleted is made anew.
    store.delete_project(&ann, work).await.unwrap();
    assert!(store.mcp_project(&ann, "/home/ann/work", &title("work")).await.unwrap().1);
    let long = "x".repeat(MAX_FOLDER_BYTES + 1);
    assert_refused!(store.mcp_project(&ann, &long, &title("x")).await, StoreError::TooLarge { .. });
}

async fn hosts_share_a_key(world: World) {
    let (one, other) = (world.store().await, world.store().await);
    assert_eq!(one.host_key("mcp", &[1; 32]).await.unwrap(), [1; 32]);
    assert_eq!(other.host_key("mcp", &[2; 32]).await.unwrap(), [1; 32]);
    assert_eq!(other.host_key("other", &[2; 32]).await.unwrap(), [2; 32]);
}
