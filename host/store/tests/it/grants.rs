//! What is given to installed plugins, and where they are on.

use std::time::Duration;

use bricklayer_domain::{InstallationId, PluginOwner, ProjectId};
use bricklayer_store::{GivenPowers, InstallationError, NewInstallation, StoreError, VersionRow};

use crate::harness::{World, assert_refused, on_both_engines, title, user};
use crate::installations::{anns, install, name, noted, powers, version};

on_both_engines!(
    grants_are_given_and_taken,
    plugins_are_switched_per_project,
    a_strangers_project_is_unknown,
    a_deleted_project_takes_its_grants,
);

async fn grants_are_given_and_taken(world: World) {
    let scene = world.scene().await;
    let (store, ann, here) = (&scene.store, &scene.user, scene.project.id);
    let id = install(store, PluginOwner::Everyone, "weather", b"one").await.id;
    store.set_plugin_grants(id, None, &powers(&["state"]), &user("admin"), &noted()).await.unwrap();
    world.clock.advance(Duration::from_secs(1));
    let row = store.set_plugin_grants(id, Some(here), &powers(&["b", "a", "b"]), ann, &noted()).await.unwrap();
    assert_eq!(row.grants.len(), 2);
    assert_eq!((&row.grants[0].given_by, row.grants[0].project), (&user("admin"), None));
    assert_eq!((&row.grants[1].given_by, row.grants[1].project), (ann, Some(here)));
    assert_eq!(row.grants[1].powers, powers(&["a", "b"]));
    assert!(row.grants[1].at > row.grants[0].at);
    let row = store.set_plugin_grants(id, Some(here), &powers(&["c"]), ann, &noted()).await.unwrap();
    assert_eq!(row.grants[1].powers, powers(&["c"]));
    let row = store.set_plugin_grants(id, None, &[], ann, &noted()).await.unwrap();
    assert_eq!(row.grants.iter().map(|grant| grant.project).collect::<Vec<_>>(), [Some(here)]);
    let row = store.set_plugin_grants(id, Some(here), &[], ann, &noted()).await.unwrap();
    assert_eq!((row.grants, row.revision), (Vec::new(), 1));
    let many: Vec<String> = (0..2000).map(|i| format!("GET x.example/{i}")).collect();
    assert_refused!(
        store.set_plugin_grants(id, None, &many, ann, &noted()).await,
        InstallationError::Store(StoreError::TooLarge { .. })
    );
    let missing = InstallationId::new();
    assert_refused!(store.set_plugin_grants(missing, None, &[], ann, &noted()).await, InstallationError::NotFound);
}

async fn plugins_are_switched_per_project(world: World) {
    let scene = world.scene().await;
    let (store, ann, here) = (&scene.store, &scene.user, scene.project.id);
    let id = install(store, PluginOwner::Everyone, "weather", b"one").await.id;
    for enabled in [false, true] {
        let row = store.set_plugin_switch(ann, id, here, Some(enabled), &noted()).await.unwrap();
        assert_eq!(row.switches, [(here, enabled)]);
    }
    let row = store.set_plugin_switch(ann, id, here, None, &noted()).await.unwrap();
    assert_eq!(row.switches, []);
    // Those that come with the host go by name.
    store.set_shipped_plugin_switch(ann, &name("sql"), here, Some(false), &noted()).await.unwrap();
    store.set_shipped_plugin_switch(ann, &name("jobs"), here, Some(true), &noted()).await.unwrap();
    let snapshot = store.plugin_snapshot().await.unwrap();
    assert_eq!(snapshot.shipped_switches, [(here, name("jobs"), true), (here, name("sql"), false)]);
    store.set_shipped_plugin_switch(ann, &name("sql"), here, None, &noted()).await.unwrap();
    store.delete_project(ann, here).await.unwrap();
    assert_eq!(store.plugin_snapshot().await.unwrap().shipped_switches, []);
}

async fn a_strangers_project_is_unknown(world: World) {
    let scene = world.scene().await;
    let (store, here) = (&scene.store, scene.project.id);
    let bob = user("bob@example.com");
    let id = install(store, PluginOwner::Everyone, "weather", b"one").await.id;
    for project in [here, ProjectId::new()] {
        let state = powers(&["state"]);
        assert_refused!(
            store.set_plugin_grants(id, Some(project), &state, &bob, &noted()).await,
            InstallationError::Store(StoreError::NotFound("project"))
        );
        assert_refused!(
            store.set_plugin_switch(&bob, id, project, Some(true), &noted()).await,
            InstallationError::Store(StoreError::NotFound("project"))
        );
        assert_refused!(
            store.set_shipped_plugin_switch(&bob, &name("sql"), project, Some(true), &noted()).await,
            InstallationError::Store(StoreError::NotFound("project"))
        );
        let new = NewInstallation {
            owner: PluginOwner::User(bob.clone()),
            name: name("mine"),
            version: VersionRow { installed_by: bob.clone(), ..version(b"one", &[]) },
            grants: vec![GivenPowers { project: Some(project), powers: state }],
        };
        assert_refused!(
            store.install_plugin(new, &noted()).await,
            InstallationError::Store(StoreError::NotFound("project"))
        );
    }
    assert_eq!(store.list_installations().await.unwrap().len(), 1);
    // Another user's own plugin has no business in one's project.
    let bobs = store.create_project(&bob, &title("bob's")).await.unwrap().id;
    let anns = install(store, anns(), "weather", b"one").await.id;
    assert_refused!(store.set_plugin_grants(anns, Some(bobs), &[], &bob, &noted()).await, InstallationError::NotFound);
    assert_refused!(store.set_plugin_switch(&bob, anns, bobs, Some(true), &noted()).await, InstallationError::NotFound);
}

async fn a_deleted_project_takes_its_grants(world: World) {
    let scene = world.scene().await;
    let (store, ann, here) = (&scene.store, &scene.user, scene.project.id);
    let id = install(store, anns(), "weather", b"one").await.id;
    store.set_plugin_grants(id, None, &powers(&["state"]), ann, &noted()).await.unwrap();
    store.set_plugin_grants(id, Some(here), &powers(&["state"]), ann, &noted()).await.unwrap();
    store.set_plugin_switch(ann, id, here, Some(false), &noted()).await.unwrap();
    store.delete_project(ann, here).await.unwrap();
    let row = store.get_installation(id).await.unwrap().unwrap();
    assert_eq!((row.grants.len(), row.grants[0].project, row.switches), (1, None, Vec::new()));
}
