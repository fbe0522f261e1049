//! A change of installed plugins and its audit record are one: both or neither, whatever is refused, and however many
//! append to the chain meanwhile.

use bricklayer_domain::{AuditKind, PluginOwner};
use bricklayer_store::{
    AuditEntry, AuditFilter, AuditPageRequest, InstallationError, NewInstallation, Store, StoreUrl,
};
use tokio::task::JoinSet;

use crate::harness::{World, assert_refused, on_both_engines, user};
use crate::installations::{anns, digest, install, name, noted, powers, version};

on_both_engines!(
    a_refused_change_leaves_no_record,
    what_cannot_be_written_down_is_not_done,
    changes_and_calls_share_a_chain,
);

async fn outcomes(store: &Store) -> Vec<String> {
    let page = store.list_audit(&AuditFilter::default(), AuditPageRequest::default()).await.unwrap();
    assert!(page.next.is_none());
    let mut records = page.records;
    records.sort_by_key(|record| record.seq);
    records.into_iter().map(|record| record.entry.outcome).collect()
}

fn outcome(word: &str) -> AuditEntry {
    AuditEntry { outcome: word.into(), ..noted() }
}

async fn a_refused_change_leaves_no_record(world: World) {
    let store = world.store().await;
    let (ann, bob) = (user("ann@example.com"), user("bob@example.com"));
    let row = install(&store, anns(), "weather", b"one").await;
    let bobs = store.create_project(&bob, &crate::harness::title("taxi")).await.unwrap().id;
    let refused = outcome("refused");
    let again =
        || NewInstallation { owner: anns(), name: name("weather"), version: version(b"one", &[]), grants: vec![] };
    assert_refused!(store.install_plugin(again(), &refused).await, InstallationError::NameTaken);
    let gone = NewInstallation { name: name("other"), version: version(b"gone", &[]), ..again() };
    assert_refused!(store.install_plugin(gone, &refused).await, InstallationError::UnknownPackage);
    let one = version(b"one", &[]);
    assert_refused!(store.activate_version(row.id, 7, &one, None, &ann, &refused).await, InstallationError::Changed);
    assert_refused!(store.set_pending_version(row.id, 7, None, &refused).await, InstallationError::Changed);
    assert_refused!(
        store.roll_back_plugin(row.id, &digest(b"one"), "it trapped", &refused).await,
        InstallationError::NoPrevious
    );
    assert_refused!(
        store.set_plugin_grants(row.id, Some(bobs), &powers(&["state"]), &ann, &refused).await,
        InstallationError::Store(_)
    );
    assert_refused!(
        store.set_plugin_switch(&ann, row.id, bobs, Some(false), &refused).await,
        InstallationError::Store(_)
    );
    assert_refused!(
        store.set_shipped_plugin_switch(&ann, &name("sql"), bobs, Some(false), &refused).await,
        InstallationError::Store(_)
    );
    let strange = bricklayer_domain::InstallationId::new();
    assert_refused!(store.set_plugin_enabled(strange, false, &refused).await, InstallationError::NotFound);
    assert_refused!(store.remove_plugin(strange, &refused).await, InstallationError::NotFound);
    assert_eq!(outcomes(&store).await, ["changed"]);
    // The chain goes on where the last change that was made left it.
    store.set_plugin_enabled(row.id, false, &outcome("disabled")).await.unwrap();
    assert_eq!(outcomes(&store).await, ["changed", "disabled"]);
    let report = store.verify_audit().await.unwrap();
    assert!(report.is_intact(), "{report:?}");
    assert_eq!(report.records, 2);
}

async fn what_cannot_be_written_down_is_not_done(world: World) {
    let store = world.store().await;
    let row = install(&store, anns(), "weather", b"one").await;
    let before = store.plugin_snapshot().await.unwrap();
    let short = match world.url {
        StoreUrl::Sqlite(_) => "x'00'",
        StoreUrl::Postgres(_) => "'\\x00'::bytea",
    };
    world.raw(&format!("update audit_chains set last_hash = {short}")).await;
    assert_refused!(store.set_plugin_enabled(row.id, false, &outcome("disabled")).await, InstallationError::Store(_));
    assert_refused!(store.remove_plugin(row.id, &outcome("removed")).await, InstallationError::Store(_));
    assert_eq!(store.plugin_snapshot().await.unwrap(), before);
    assert_eq!(outcomes(&store).await, ["changed"]);
}

async fn changes_and_calls_share_a_chain(world: World) {
    const ROUNDS: usize = 20;
    let (one, two) = (world.store().await, world.store().await);
    let row = install(&one, PluginOwner::Everyone, "weather", b"one").await;
    let mut tasks = JoinSet::new();
    for store in [&one, &two] {
        // Two that record calls, one that changes, and one whose changes are refused after they locked the chain's
        // place in the queue.
        for _ in 0..2 {
            let store = store.clone();
            tasks.spawn(async move {
                for _ in 0..ROUNDS {
                    let call = AuditEntry { body: AuditKind::Call.into(), ..outcome("ok") };
                    store.append_audit(&[call.clone(), call]).await.unwrap();
                }
            });
        }
        let changing = store.clone();
        tasks.spawn(async move {
            for round in 0..ROUNDS {
                changing.set_plugin_enabled(row.id, round % 2 == 0, &outcome("switched")).await.unwrap();
            }
        });
        let refused = store.clone();
        tasks.spawn(async move {
            for _ in 0..ROUNDS {
                let result = refused.roll_back_plugin(row.id, &digest(b"one"), "", &outcome("refused")).await;
                assert_refused!(result, InstallationError::NoPrevious);
            }
        });
    }
    tasks.join_all().await;
    let report = one.verify_audit().await.unwrap();
    assert!(report.is_intact(), "{report:?}");
    // The installation, and of each store four records and a change per round.
    assert_eq!((report.chains, report.records), (2, 1 + 2 * (ROUNDS as u64) * 5));
    assert_eq!(one.plugin_generation().await.unwrap(), 1 + 2 * ROUNDS as i64);
}
