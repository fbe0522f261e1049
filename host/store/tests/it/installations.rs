//! Versions of installed plugins: installing, taking over, waiting, going back, removing; and what the other cases of
//! plugins begin with.

use std::time::Duration;

use bricklayer_domain::{AuditKind, InstallationId, PackageDigest, PluginName, PluginOwner, ProjectId, UserId};
use bricklayer_store::{
    AuditEntry, GivenPowers, GrantRow, InstallationError, InstallationRow, MAX_INSTALLATIONS_PER_OWNER,
    NewInstallation, Notice, Store, StoreError, StoreUrl, VersionRow,
};
use chrono::DateTime;
use sha2::{Digest as _, Sha256};

use crate::harness::{World, assert_refused, on_both_engines, title, user, within};

on_both_engines!(
    a_plugin_is_installed,
    an_installation_needs_its_package_and_a_free_name,
    an_owner_has_so_many_plugins,
    a_version_takes_over_and_back,
    a_version_waits_for_consent,
    of_racing_hosts_one_wins,
    removing_leaves_nothing,
    state_belongs_to_the_plugin_in_use,
    a_name_begins_empty,
    everybody_hears_of_changes,
    names_keep_their_characters,
);

pub(crate) fn digest(bytes: &[u8]) -> PackageDigest {
    PackageDigest::parse(&hex::encode(Sha256::digest(bytes))).unwrap()
}

pub(crate) fn name(text: &str) -> PluginName {
    PluginName::parse(text).unwrap()
}

pub(crate) fn powers(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|&id| id.to_owned()).collect()
}

/// A version whose package is `bytes`.
pub(crate) fn version(bytes: &[u8], requests: &[&str]) -> VersionRow {
    VersionRow {
        digest: digest(bytes),
        version: "1.0.0".into(),
        manifest: "name = \"weather\"\n".into(),
        requests: powers(requests),
        source: "https://plugins.example/weather.wasm".into(),
        pinned: format!("https://plugins.example/weather.wasm#sha256:{}", digest(bytes)),
        signature: "trusted".into(),
        publisher: Some("acme".into()),
        installed_at: DateTime::from_timestamp(1_750_000_000, 123_456_000).unwrap(),
        installed_by: user("ann@example.com"),
    }
}

pub(crate) fn everywhere(ids: &[&str]) -> GivenPowers {
    GivenPowers { project: None, powers: powers(ids) }
}

pub(crate) fn anns() -> PluginOwner {
    PluginOwner::User(user("ann@example.com"))
}

/// The record of a change, for cases that are not about it.
pub(crate) fn noted() -> AuditEntry {
    AuditEntry {
        at: DateTime::from_timestamp(1_750_000_000, 0).unwrap(),
        user: user("ann@example.com"),
        project: None,
        turn: None,
        plugin: name("weather"),
        installation: None,
        digest: None,
        tool: String::new(),
        outcome: "changed".into(),
        body: AuditKind::Change.into(),
    }
}

/// Stages and installs.
pub(crate) async fn install(store: &Store, owner: PluginOwner, plugin: &str, bytes: &[u8]) -> InstallationRow {
    store.put_package(&digest(bytes), bytes).await.unwrap();
    let new = NewInstallation { owner, name: name(plugin), version: version(bytes, &["state"]), grants: Vec::new() };
    store.install_plugin(new, &noted()).await.unwrap()
}

pub(crate) async fn stage(store: &Store, bytes: &[u8]) {
    store.put_package(&digest(bytes), bytes).await.unwrap();
}

async fn a_plugin_is_installed(world: World) {
    let scene = world.scene().await;
    let store = &scene.store;
    stage(store, b"one").await;
    let before = store.plugin_generation().await.unwrap();
    let new = NewInstallation {
        owner: anns(),
        name: name("weather"),
        version: version(b"one", &["state", "files:read", "state"]),
        grants: vec![
            GivenPowers { project: Some(scene.project.id), powers: powers(&["files:read"]) },
            everywhere(&["state", "state"]),
        ],
    };
    let row = store.install_plugin(new.clone(), &noted()).await.unwrap();
    let given_by = scene.user.clone();
    let at = row.created_at;
    let expected = InstallationRow {
        id: row.id,
        owner: anns(),
        name: name("weather"),
        enabled: true,
        active: VersionRow { requests: powers(&["files:read", "state"]), ..new.version },
        previous: None,
        pending: None,
        last_problem: None,
        grants: vec![
            GrantRow { project: None, powers: powers(&["state"]), given_by: given_by.clone(), at },
            GrantRow { project: Some(scene.project.id), powers: powers(&["files:read"]), given_by, at },
        ],
        switches: Vec::new(),
        revision: 1,
        created_at: at,
        updated_at: at,
    };
    assert_eq!(row, expected);
    assert_eq!(store.get_installation(row.id).await.unwrap(), Some(expected.clone()));
    assert_eq!(store.get_installation(InstallationId::new()).await.unwrap(), None);
    assert_eq!(store.list_installations().await.unwrap(), std::slice::from_ref(&expected));
    let snapshot = store.plugin_snapshot().await.unwrap();
    assert_eq!((snapshot.generation, snapshot.installations), (before + 1, vec![expected]));
    let disabled = store.set_plugin_enabled(row.id, false, &noted()).await.unwrap();
    assert!(!disabled.enabled);
    assert_eq!(disabled.revision, 1, "only versions are counted");
    assert_refused!(store.set_plugin_enabled(InstallationId::new(), true, &noted()).await, InstallationError::NotFound);
}

async fn an_installation_needs_its_package_and_a_free_name(world: World) {
    let store = world.store().await;
    let new = |owner: PluginOwner, bytes: &[u8]| NewInstallation {
        owner,
        name: name("weather"),
        version: version(bytes, &[]),
        grants: Vec::new(),
    };
    assert_refused!(store.install_plugin(new(anns(), b"one"), &noted()).await, InstallationError::UnknownPackage);
    install(&store, anns(), "weather", b"one").await;
    let generation = store.plugin_generation().await.unwrap();
    assert_refused!(store.install_plugin(new(anns(), b"one"), &noted()).await, InstallationError::NameTaken);
    assert_eq!(store.plugin_generation().await.unwrap(), generation, "a refusal changes nothing");
    // Others' names are theirs, whatever they call themselves.
    for owner in [
        PluginOwner::Everyone,
        PluginOwner::User(user("everyone")),
        PluginOwner::User(user("user:ann@example.com")),
        PluginOwner::User(user("bob@example.com")),
    ] {
        let row = store.install_plugin(new(owner.clone(), b"one"), &noted()).await.unwrap();
        assert_eq!(row.owner, owner);
    }
    let owners: Vec<_> = store.list_installations().await.unwrap().into_iter().map(|row| row.owner).collect();
    assert_eq!(owners.len(), 5);
    assert_eq!(owners[0], PluginOwner::Everyone);
}

async fn an_owner_has_so_many_plugins(world: World) {
    let store = world.store().await;
    let mut first = None;
    for index in 0..MAX_INSTALLATIONS_PER_OWNER {
        let row = install(&store, anns(), &format!("p{index}"), b"one").await;
        first.get_or_insert(row.id);
    }
    let more = |owner| NewInstallation { owner, name: name("more"), version: version(b"one", &[]), grants: Vec::new() };
    assert_refused!(store.install_plugin(more(anns()), &noted()).await, InstallationError::TooMany);
    store.install_plugin(more(PluginOwner::Everyone), &noted()).await.unwrap();
    store.remove_plugin(first.unwrap(), &noted()).await.unwrap();
    store.install_plugin(more(anns()), &noted()).await.unwrap();
}

async fn a_version_takes_over_and_back(world: World) {
    let store = world.store().await;
    let row = install(&store, anns(), "weather", b"one").await;
    let ann = user("ann@example.com");
    let two = version(b"two", &["state"]);
    assert_refused!(
        store.activate_version(row.id, row.revision, &two, None, &ann, &noted()).await,
        InstallationError::UnknownPackage
    );
    assert_eq!(store.get_installation(row.id).await.unwrap(), Some(row.clone()));
    stage(&store, b"two").await;
    world.clock.advance(Duration::from_secs(1));
    let updated = store.activate_version(row.id, row.revision, &two, None, &ann, &noted()).await.unwrap();
    assert_eq!((&updated.active, updated.previous.as_ref(), updated.revision), (&two, Some(&row.active), 2));
    assert!(updated.updated_at > row.updated_at);
    assert_refused!(store.activate_version(row.id, 1, &two, None, &ann, &noted()).await, InstallationError::Changed);

    // Back, once.
    assert_refused!(
        store.roll_back_plugin(row.id, &row.active.digest, "trap", &noted()).await,
        InstallationError::Changed
    );
    let back = store.roll_back_plugin(row.id, &two.digest, "it trapped\0three times", &noted()).await.unwrap();
    assert_eq!((&back.active, back.previous.as_ref(), back.revision), (&row.active, None, 3));
    assert_eq!(back.last_problem.as_deref(), Some("it trapped\u{fffd}three times"));
    assert_eq!(store.get_package(&two.digest).await.unwrap(), None, "nothing refers to the bad one");
    assert_refused!(store.roll_back_plugin(row.id, &two.digest, "again", &noted()).await, InstallationError::Changed);
    assert_refused!(
        store.roll_back_plugin(row.id, &row.active.digest, "more", &noted()).await,
        InstallationError::NoPrevious
    );
    assert_eq!(store.get_installation(row.id).await.unwrap(), Some(back), "a refusal changes nothing");

    // A later version leaves the problem behind, and the one before the previous goes with its package.
    for (revision, bytes) in [(3, b"three"), (4, b"four_")] {
        stage(&store, bytes).await;
        let row = store.activate_version(row.id, revision, &version(bytes, &[]), None, &ann, &noted()).await.unwrap();
        assert_eq!(row.last_problem, None);
    }
    assert_eq!(store.get_package(&row.active.digest).await.unwrap(), None);
    assert!(store.get_package(&digest(b"three")).await.unwrap().is_some());
    assert_refused!(
        store.roll_back_plugin(InstallationId::new(), &two.digest, "", &noted()).await,
        InstallationError::NotFound
    );
    assert_refused!(
        store.activate_version(InstallationId::new(), 1, &version(b"three", &[]), None, &ann, &noted()).await,
        InstallationError::NotFound
    );
}

async fn a_version_waits_for_consent(world: World) {
    let scene = world.scene().await;
    let store = &scene.store;
    let row = install(store, anns(), "weather", b"one").await;
    store.set_plugin_grants(row.id, None, &powers(&["state"]), &scene.user, &noted()).await.unwrap();
    stage(store, b"two").await;
    let two = version(b"two", &["files:read", "state"]);
    let waiting = store.set_pending_version(row.id, 1, Some(&two), &noted()).await.unwrap();
    assert_eq!((&waiting.active, waiting.pending.as_ref(), waiting.revision), (&row.active, Some(&two), 2));
    assert_refused!(store.set_pending_version(row.id, 1, None, &noted()).await, InstallationError::Changed);
    // Replaced by a newer one; the first is gone.
    stage(store, b"three").await;
    let three = version(b"three", &["files:read"]);
    let waiting = store.set_pending_version(row.id, 2, Some(&three), &noted()).await.unwrap();
    assert_eq!(waiting.pending.as_ref(), Some(&three));
    assert_eq!(store.get_package(&two.digest).await.unwrap(), None);
    // Consent: version and grant at once. What was given stays.
    let given = everywhere(&["files:read"]);
    let done = store.activate_version(row.id, 3, &three, Some(&given), &scene.user, &noted()).await.unwrap();
    assert_eq!((&done.active, done.pending), (&three, None));
    assert_eq!(done.grants[0].powers, powers(&["files:read", "state"]));
    // A grant that is refused takes the version with it.
    stage(store, b"four").await;
    let foreign = GivenPowers { project: Some(ProjectId::new()), powers: powers(&["state"]) };
    assert_refused!(
        store.activate_version(row.id, 4, &version(b"four", &[]), Some(&foreign), &scene.user, &noted()).await,
        InstallationError::Store(StoreError::NotFound("project"))
    );
    assert_eq!(store.get_installation(row.id).await.unwrap().unwrap().active, three);
    // Declined.
    let four = version(b"four", &["files:write"]);
    store.set_pending_version(row.id, 4, Some(&four), &noted()).await.unwrap();
    let declined = store.set_pending_version(row.id, 5, None, &noted()).await.unwrap();
    assert_eq!((declined.pending, declined.active), (None, three));
    assert_eq!(store.get_package(&four.digest).await.unwrap(), None);
}

/// Each decision is made at once by several hosts.
async fn of_racing_hosts_one_wins(world: World) {
    let (one, two) = (world.store().await, world.store().await);
    let row = install(&one, anns(), "weather", b"one").await;
    for bytes in [b"two".as_slice(), b"three"] {
        stage(&one, bytes).await;
    }
    let ann = user("ann@example.com");
    let race = |revision: i64| {
        let mut tasks = tokio::task::JoinSet::new();
        for index in 0..12 {
            let (store, ann, id) = (if index % 2 == 0 { one.clone() } else { two.clone() }, ann.clone(), row.id);
            tasks.spawn(async move {
                match index % 3 {
                    0 => {
                        store
                            .activate_version(
                                id,
                                revision,
                                &version(b"two", &[]),
                                Some(&everywhere(&["state"])),
                                &ann,
                                &noted(),
                            )
                            .await
                    }
                    1 => store.set_pending_version(id, revision, Some(&version(b"three", &[])), &noted()).await,
                    _ => store.set_pending_version(id, revision, None, &noted()).await,
                }
            });
        }
        tasks.join_all()
    };
    for revision in 1..=5 {
        for bytes in [b"two".as_slice(), b"three"] {
            stage(&one, bytes).await;
        }
        let results = race(revision).await;
        let won = results.iter().filter(|result| result.is_ok()).count();
        let lost = results.iter().filter(|result| matches!(result, Err(InstallationError::Changed))).count();
        assert_eq!((won, lost), (1, 11), "{results:?}");
    }
    // Rolling back: each host saw the same traps.
    stage(&one, b"bad").await;
    let bad = one.activate_version(row.id, 6, &version(b"bad", &[]), None, &ann, &noted()).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for index in 0..10 {
        let (store, id, digest) =
            (if index % 2 == 0 { one.clone() } else { two.clone() }, row.id, bad.active.digest.clone());
        tasks.spawn(async move { store.roll_back_plugin(id, &digest, "it trapped", &noted()).await });
    }
    let results = tasks.join_all().await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
    assert_eq!(one.get_installation(row.id).await.unwrap().unwrap().active, bad.previous.unwrap());

    // One name, one installation.
    let mut tasks = tokio::task::JoinSet::new();
    for index in 0..10 {
        let store = if index % 2 == 0 { one.clone() } else { two.clone() };
        let new =
            NewInstallation { owner: anns(), name: name("other"), version: version(b"two", &[]), grants: Vec::new() };
        stage(&store, b"two").await;
        tasks.spawn(async move { store.install_plugin(new, &noted()).await });
    }
    let results = tasks.join_all().await;
    let taken = results.iter().filter(|result| matches!(result, Err(InstallationError::NameTaken))).count();
    assert_eq!(taken, 9, "{results:?}");
    // Removing and updating: the package of the winner is there, that of the loser is not half there.
    let id = results.into_iter().find_map(Result::ok).unwrap().id;
    let (removed, updated) = tokio::join!(async { one.remove_plugin(id, &noted()).await }, async {
        stage(&two, b"six").await;
        two.activate_version(id, 1, &version(b"six", &[]), None, &ann, &noted()).await
    });
    removed.unwrap();
    assert!(matches!(updated, Ok(_) | Err(InstallationError::NotFound)), "{updated:?}");
    assert_eq!(one.get_installation(id).await.unwrap(), None);
}

async fn removing_leaves_nothing(world: World) {
    let scene = world.scene().await;
    let (store, ann, here) = (&scene.store, &scene.user, scene.project.id);
    let row = install(store, anns(), "weather", b"one").await;
    let other = install(store, PluginOwner::Everyone, "other", b"shared").await;
    for (revision, bytes) in [(1, b"shared".as_slice()), (2, b"two")] {
        stage(store, bytes).await;
        store.activate_version(row.id, revision, &version(bytes, &[]), None, ann, &noted()).await.unwrap();
    }
    stage(store, b"pending").await;
    store.set_pending_version(row.id, 3, Some(&version(b"pending", &[])), &noted()).await.unwrap();
    store.set_plugin_grants(row.id, Some(here), &powers(&["state"]), ann, &noted()).await.unwrap();
    store.set_plugin_grants(row.id, None, &powers(&["state"]), ann, &noted()).await.unwrap();
    store.set_plugin_switch(ann, row.id, here, Some(false), &noted()).await.unwrap();
    store.set_plugin_state(ann, here, &name("weather"), "k", "v").await.unwrap();
    store.set_plugin_state(ann, here, &name("other"), "k", "v").await.unwrap();
    let removed = store.remove_plugin(row.id, &noted()).await.unwrap();
    assert_eq!((removed.id, removed.active.digest), (row.id, digest(b"two")));
    assert_refused!(store.remove_plugin(row.id, &noted()).await, InstallationError::NotFound);
    assert_eq!(store.list_installations().await.unwrap(), [other]);
    assert_eq!(store.get_plugin_state(ann, here, &name("weather"), "k").await.unwrap(), None);
    assert!(store.get_plugin_state(ann, here, &name("other"), "k").await.unwrap().is_some());
    for (bytes, there) in [(b"one".as_slice(), false), (b"two", false), (b"pending", false), (b"shared", true)] {
        assert_eq!(store.get_package(&digest(bytes)).await.unwrap().is_some(), there, "{bytes:?}");
    }
    // One version of the other plugin, and its package.
    for (table, rows) in [
        ("plugin_versions", 1),
        ("plugin_package_pieces", 1),
        ("plugin_packages", 1),
        ("plugin_grants", 0),
        ("plugin_switches", 0),
    ] {
        assert_eq!(world.raw(&format!("delete from {table}")).await, rows, "{table}");
    }
}

async fn state_belongs_to_the_plugin_in_use(world: World) {
    let scene = world.scene().await;
    let (store, ann, anns_project) = (&scene.store, &scene.user, scene.project.id);
    let bob = user("bob@example.com");
    let bobs_project = store.create_project(&bob, &title("bob's")).await.unwrap().id;
    let weather = name("weather");
    let fill = async || {
        store.set_plugin_state(ann, anns_project, &weather, "k", "v").await.unwrap();
        store.set_plugin_state(&bob, bobs_project, &weather, "k", "v").await.unwrap();
    };
    let there = async || {
        let has = async |user: &UserId, project| {
            store.get_plugin_state(user, project, &weather, "k").await.unwrap().is_some()
        };
        (has(ann, anns_project).await, has(&bob, bobs_project).await)
    };
    let everyones = install(store, PluginOwner::Everyone, "weather", b"one").await.id;
    let own = install(store, anns(), "weather", b"one").await.id;
    fill().await;
    store.remove_plugin(everyones, &noted()).await.unwrap();
    assert_eq!(there().await, (true, false), "ann uses her own");
    fill().await;
    store.remove_plugin(own, &noted()).await.unwrap();
    assert_eq!(there().await, (false, true), "her own has nothing with bob");
}

async fn a_name_begins_empty(world: World) {
    let scene = world.scene().await;
    let (store, ann, here) = (&scene.store, &scene.user, scene.project.id);
    // What a call wrote that ended after the plugin was removed.
    store.set_plugin_state(ann, here, &name("weather"), "token", "old").await.unwrap();
    install(store, anns(), "weather", b"other people's").await;
    assert_eq!(store.get_plugin_state(ann, here, &name("weather"), "token").await.unwrap(), None);
    // Beside an everyone's plugin the state is that one's.
    install(store, PluginOwner::Everyone, "maps", b"one").await;
    store.set_plugin_state(ann, here, &name("maps"), "k", "v").await.unwrap();
    install(store, anns(), "maps", b"one").await;
    assert!(store.get_plugin_state(ann, here, &name("maps"), "k").await.unwrap().is_some());
}

async fn everybody_hears_of_changes(world: World) {
    let scene = world.scene().await;
    let (store, ann, here) = (&scene.store, &scene.user, scene.project.id);
    let other = world.store().await;
    let mut local = store.subscribe();
    let mut remote = other.subscribe();
    let mut generation = store.plugin_generation().await.unwrap();
    let mut heard = async || {
        assert_eq!(within("a local notice", local.recv()).await, Some(Notice::PluginsChanged));
        if matches!(world.url, StoreUrl::Postgres(_)) {
            assert_eq!(within("a notice", remote.recv()).await, Some(Notice::PluginsChanged));
        }
        let now = other.plugin_generation().await.unwrap();
        assert_eq!(now, generation + 1);
        generation = now;
    };
    let id = install(store, anns(), "weather", b"one").await.id;
    heard().await;
    stage(store, b"two").await;
    store.set_pending_version(id, 1, Some(&version(b"two", &[])), &noted()).await.unwrap();
    heard().await;
    store.activate_version(id, 2, &version(b"two", &[]), None, ann, &noted()).await.unwrap();
    heard().await;
    store.roll_back_plugin(id, &digest(b"two"), "trap", &noted()).await.unwrap();
    heard().await;
    store.set_plugin_grants(id, None, &powers(&["state"]), ann, &noted()).await.unwrap();
    heard().await;
    store.set_plugin_enabled(id, false, &noted()).await.unwrap();
    heard().await;
    store.set_plugin_switch(ann, id, here, Some(true), &noted()).await.unwrap();
    heard().await;
    store.set_shipped_plugin_switch(ann, &name("sql"), here, Some(true), &noted()).await.unwrap();
    heard().await;
    store.remove_plugin(id, &noted()).await.unwrap();
    heard().await;
}

async fn names_keep_their_characters(world: World) {
    let store = world.store().await;
    let strange = "'; drop table plugin_versions; --\n🚕\u{202e}";
    stage(&store, b"one").await;
    let version = VersionRow {
        manifest: strange.into(),
        source: strange.into(),
        publisher: None,
        requests: vec![strange.into(), "a\0b".into()],
        ..version(b"one", &[])
    };
    let owner = PluginOwner::User(user("%_ånn'\"@example.com"));
    let new = NewInstallation { owner, name: name("weather"), version, grants: vec![everywhere(&[strange])] };
    let row = store.install_plugin(new.clone(), &noted()).await.unwrap();
    assert_eq!(
        (&row.owner, &row.active.manifest, &row.active.source),
        (&new.owner, &new.version.manifest, &new.version.source)
    );
    assert_eq!(row.active.publisher, None);
    assert_eq!(row.grants[0].powers, powers(&[strange]));
    assert!(row.active.requests.contains(&"a\0b".to_owned()));
}
