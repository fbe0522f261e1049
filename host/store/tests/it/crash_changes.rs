//! A process dies at every write of every change of installed plugins. What is found afterwards is the old state
//! without a record of the change, or the new one with it, whole, and the change can be made again.

use std::os::unix::process::ExitStatusExt as _;

use bricklayer_domain::PackageDigest;
use bricklayer_store::{
    AuditEntry, AuditFilter, AuditPageRequest, GivenPowers, InstallationRow, NewInstallation, PageRequest,
    PluginSnapshot, Store, crash_points,
};

use crate::crash::child;
use crate::harness::{World, on_both_engines, user, within};
use crate::installations::{anns, digest, everywhere, install, name, noted, powers, version};

on_both_engines!(
    dying_while_staging,
    dying_while_installing,
    dying_while_activating,
    dying_while_a_version_waits,
    dying_while_rolling_back,
    dying_while_granting,
    dying_while_enabling,
    dying_while_switching,
    dying_while_removing,
);

const SIGABRT: i32 = 6;

/// Packages by their bytes: those of the installation, and what changes bring.
const PACKAGES: [&[u8]; 6] = [b"one", b"two", b"three", b"new", b"fresh", b"gone"];

async fn dying_while_staging(world: World) {
    die_everywhere(world, "stage").await;
}

async fn dying_while_installing(world: World) {
    die_everywhere(world, "install").await;
}

async fn dying_while_activating(world: World) {
    die_everywhere(world, "activate").await;
}

async fn dying_while_a_version_waits(world: World) {
    die_everywhere(world, "pending").await;
}

async fn dying_while_rolling_back(world: World) {
    die_everywhere(world, "roll_back").await;
}

async fn dying_while_granting(world: World) {
    die_everywhere(world, "grants").await;
}

async fn dying_while_enabling(world: World) {
    die_everywhere(world, "enabled").await;
}

async fn dying_while_switching(world: World) {
    die_everywhere(world, "switch").await;
}

async fn dying_while_removing(world: World) {
    die_everywhere(world, "remove").await;
}

/// Ann's plugin with a version in each slot, grants, a switch and state; `new` is staged.
async fn prepare(store: &Store) {
    let ann = user("ann@example.com");
    let project = store.create_project(&ann, &crate::harness::title("taxi")).await.unwrap().id;
    let row = install(store, anns(), "weather", b"one").await;
    for bytes in [b"two".as_slice(), b"three", b"new"] {
        store.put_package(&digest(bytes), bytes).await.unwrap();
    }
    store.activate_version(row.id, 1, &version(b"two", &[]), None, &ann, &noted()).await.unwrap();
    store.set_pending_version(row.id, 2, Some(&version(b"three", &["files:read"])), &noted()).await.unwrap();
    store.set_plugin_grants(row.id, None, &powers(&["state"]), &ann, &noted()).await.unwrap();
    store.set_plugin_grants(row.id, Some(project), &powers(&["files:write"]), &ann, &noted()).await.unwrap();
    store.set_plugin_switch(&ann, row.id, project, Some(false), &noted()).await.unwrap();
    for plugin in ["weather", "other"] {
        store.set_plugin_state(&ann, project, &name(plugin), "k", "v").await.unwrap();
    }
}

async fn weather(store: &Store) -> InstallationRow {
    store.list_installations().await.unwrap().into_iter().find(|row| row.name == name("weather")).unwrap()
}

/// Makes a change; the child dies in it, then this process makes it.
pub(crate) async fn make(store: &Store, change: &str) {
    let ann = user("ann@example.com");
    let project = store.list_projects(&ann, PageRequest::default()).await.unwrap().items.remove(0).id;
    if change == "stage" {
        return store.put_package(&digest(b"fresh"), b"fresh").await.unwrap();
    }
    let row = weather(store).await;
    let record = AuditEntry { outcome: change.into(), ..noted() };
    match change {
        "install" => {
            let here = GivenPowers { project: Some(project), powers: powers(&["files:read"]) };
            let grants = vec![everywhere(&["state"]), here];
            let new = NewInstallation { owner: anns(), name: name("other"), version: version(b"new", &[]), grants };
            store.install_plugin(new, &record).await
        }
        "activate" => {
            let three = row.pending.unwrap();
            store
                .activate_version(row.id, row.revision, &three, Some(&everywhere(&["files:read"])), &ann, &record)
                .await
        }
        "pending" => store.set_pending_version(row.id, row.revision, Some(&version(b"new", &[])), &record).await,
        "roll_back" => store.roll_back_plugin(row.id, &digest(b"two"), "it trapped", &record).await,
        "grants" => store.set_plugin_grants(row.id, Some(project), &powers(&["files:read"]), &ann, &record).await,
        "revoke" => store.set_plugin_grants(row.id, Some(project), &[], &ann, &record).await,
        "enabled" => store.set_plugin_enabled(row.id, false, &record).await,
        "switch" => store.set_plugin_switch(&ann, row.id, project, Some(true), &record).await,
        "remove" => store.remove_plugin(row.id, &record).await,
        other => panic!("unknown change {other}"),
    }
    .unwrap();
}

/// Everything that a change may touch.
#[derive(Debug, Clone, PartialEq)]
struct Seen {
    snapshot: PluginSnapshot,
    packages: Vec<&'static [u8]>,
    state: Vec<Option<String>>,
}

async fn look(store: &Store) -> Seen {
    let ann = user("ann@example.com");
    let project = store.list_projects(&ann, PageRequest::default()).await.unwrap().items.remove(0).id;
    let mut packages = Vec::new();
    for bytes in PACKAGES {
        if let Some(found) = store.get_package(&digest(bytes)).await.unwrap() {
            assert_eq!(found, bytes);
            packages.push(bytes);
        }
    }
    let mut state = Vec::new();
    for plugin in ["weather", "other"] {
        state.push(store.get_plugin_state(&ann, project, &name(plugin), "k").await.unwrap());
    }
    Seen { snapshot: store.plugin_snapshot().await.unwrap(), packages, state }
}

/// Whether what is seen is what the change brings about.
fn is_done(change: &str, before: &Seen, now: &Seen) -> bool {
    let find =
        |seen: &Seen, plugin: &str| seen.snapshot.installations.iter().find(|row| row.name == name(plugin)).cloned();
    let old = find(before, "weather").unwrap();
    let row = find(now, "weather");
    let v = Some("v".to_owned());
    let untouched = now.state == [v.clone(), v.clone()];
    let has = |bytes: &'static [u8]| now.packages.contains(&bytes);
    match (change, row) {
        ("stage", Some(row)) => row == old && has(b"fresh") && untouched,
        ("install", Some(row)) => {
            let other = find(now, "other");
            row == old
                && other.is_some_and(|other| other.active.digest == digest(b"new") && other.grants.len() == 2)
                && now.state == [v, None]
        }
        ("activate", Some(row)) => {
            (row.active.digest, row.previous, row.pending) == (digest(b"three"), Some(old.active), None)
                && row.grants[0].powers == powers(&["files:read", "state"])
                && !has(b"one")
                && untouched
        }
        ("pending", Some(row)) => {
            row.pending.unwrap().digest == digest(b"new") && row.active == old.active && !has(b"three") && untouched
        }
        ("roll_back", Some(row)) => {
            (row.active.digest, row.previous, row.pending) == (digest(b"one"), None, old.pending)
                && row.last_problem.as_deref() == Some("it trapped")
                && !has(b"two")
                && untouched
        }
        ("grants", Some(row)) => {
            row.grants.iter().map(|grant| grant.powers.clone()).collect::<Vec<_>>()
                == [powers(&["state"]), powers(&["files:read"])]
                && untouched
        }
        ("revoke", Some(row)) => row.grants.len() == 1 && row.grants[0].project.is_none() && untouched,
        ("enabled", Some(row)) => !row.enabled && row.active == old.active && untouched,
        ("switch", Some(row)) => row.switches.len() == 1 && row.switches[0].1 && untouched,
        ("remove", None) => now.packages == [b"new"] && now.state == [None, v],
        _ => false,
    }
}

async fn die_everywhere(world: World, change: &str) {
    let prefix = format!("store.{change}.");
    let mut died = 0;
    for point in crash_points::POINTS {
        let Some(step) = point.strip_prefix(&prefix) else { continue };
        // Taking back is the other half of giving.
        let change = if step == "drop_grants" { "revoke" } else { change };
        die_at(world.sibling().await, change, point, step == "committed").await;
        died += 1;
    }
    assert!(died > 3, "{prefix} has {died} points");
}

async fn die_at(world: World, change: &str, point: &str, committed: bool) {
    let store = world.store().await;
    prepare(&store).await;
    let before = look(&store).await;
    store.close().await;

    let mut command = child(&format!("change {change}"), &world.url, None);
    command.env("BRICKLAYER_CRASH_AT", point);
    let output = within("the child's end", tokio::task::spawn_blocking(move || command.output().unwrap())).await;
    let output = output.unwrap();
    assert_eq!(output.status.signal(), Some(SIGABRT), "{point}: {}", String::from_utf8_lossy(&output.stdout));

    let store = world.store().await;
    let after = look(&store).await;
    whole(&store, &after).await;
    // Staging changes nothing that is installed.
    let written = usize::from(change != "stage");
    if committed {
        assert!(is_done(change, &before, &after), "{point}: {after:?}");
        assert_eq!(records(&store, change).await, written, "{point}");
    } else {
        assert_eq!(after, before, "{point}");
        assert_eq!(records(&store, change).await, 0, "{point}");
        make(&store, change).await;
        let done = look(&store).await;
        whole(&store, &done).await;
        assert!(is_done(change, &before, &done), "{point} again: {done:?}");
        assert_eq!(records(&store, change).await, written, "{point} again");
    }
    // What was staged and left goes; what is installed stays.
    store.sweep_packages(chrono::DateTime::from_timestamp(4_000_000_000, 0).unwrap()).await.unwrap();
    let installed = whole(&store, &look(&store).await).await;
    assert_eq!(world.raw("delete from plugin_package_pieces").await, installed as u64, "{point}");
    store.close().await;
}

/// How often the change is written down, in a log that verifies.
async fn records(store: &Store, change: &str) -> usize {
    let report = store.verify_audit().await.unwrap();
    assert!(report.is_intact(), "{report:?}");
    let page = store.list_audit(&AuditFilter::default(), AuditPageRequest::default()).await.unwrap();
    assert!(page.next.is_none());
    page.records.iter().filter(|record| record.entry.outcome == change).count()
}

/// Every version has its package; says how many packages that are.
async fn whole(store: &Store, seen: &Seen) -> usize {
    let mut digests: Vec<PackageDigest> = Vec::new();
    for row in &seen.snapshot.installations {
        let versions = [Some(&row.active), row.previous.as_ref(), row.pending.as_ref()];
        digests.extend(versions.into_iter().flatten().map(|version| version.digest.clone()));
    }
    digests.sort();
    digests.dedup();
    for digest in &digests {
        assert!(store.get_package(digest).await.unwrap().is_some());
    }
    digests.len()
}
