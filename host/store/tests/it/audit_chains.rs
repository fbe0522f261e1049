use bricklayer_store::{AuditFault, AuditFilter, PluginUsage, StoreUrl};
use chrono::TimeDelta;

use crate::audit::{all, entry, start, weather};
use crate::harness::{World, on_both_engines};

on_both_engines!(
    processes_have_chains_of_their_own,
    a_changed_column_is_found,
    moved_records_are_found,
    changed_ends_are_found,
    missing_chains_are_found,
    old_records_are_pruned,
    changes_after_pruning_are_found,
    verifying_goes_on_beside_writing,
);

/// Two handles, as two processes have; each with many tasks.
async fn processes_have_chains_of_their_own(world: World) {
    let stores = [world.store().await, world.store().await];
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..20 {
        let store = stores[task % 2].clone();
        tasks.spawn(async move {
            let entries: Vec<_> = (0..10).map(entry).collect();
            for batch in entries.chunks(3) {
                store.append_audit(batch).await.unwrap();
            }
        });
    }
    tasks.join_all().await;
    let report = stores[0].verify_audit().await.unwrap();
    assert!(report.is_intact(), "{report:?}");
    assert_eq!((report.records, report.chains), (200, 2));
    let again = stores[1].verify_audit().await.unwrap();
    assert_eq!(again.heads, report.heads);
    stores[1].append_audit(&[entry(0)]).await.unwrap();
    assert_ne!(stores[1].verify_audit().await.unwrap().heads, report.heads);
    // A process started later has a third.
    world.store().await.append_audit(&[entry(0)]).await.unwrap();
    assert_eq!(stores[0].verify_audit().await.unwrap().chains, 3);
    assert_eq!(stores[0].plugin_usage(weather(), None, start()).await.unwrap().calls, 202);
}

/// A fresh log of ten records in three batches, tampered with; returns the first fault.
async fn tampered(world: &World, statements: &[String]) -> Option<(i64, AuditFault)> {
    let world = world.sibling().await;
    let store = world.store().await;
    let entries: Vec<_> = (0..10).map(entry).collect();
    for batch in entries.chunks(4) {
        store.append_audit(batch).await.unwrap();
    }
    assert!(store.verify_audit().await.unwrap().is_intact());
    for statement in statements {
        assert!(world.raw(statement).await > 0, "{statement}");
    }
    let report = store.verify_audit().await.unwrap();
    assert_eq!(report.is_intact(), report.broken.is_empty());
    assert!(report.broken.len() <= 1, "{report:?}");
    store.close().await;
    report.broken.into_iter().next().map(|broken| (broken.seq, broken.fault))
}

async fn check(world: &World, statements: &[&str], expected: (i64, AuditFault)) {
    let statements: Vec<_> = statements.iter().map(|&text| text.to_owned()).collect();
    assert_eq!(tampered(world, &statements).await, Some(expected), "{statements:?}");
}

/// 32 bytes that are no record's hash.
fn other_hash(world: &World) -> String {
    match world.url {
        StoreUrl::Sqlite(_) => format!("x'{}'", "ab".repeat(32)),
        StoreUrl::Postgres(_) => format!("'\\x{}'::bytea", "ab".repeat(32)),
    }
}

async fn a_changed_column_is_found(world: World) {
    let hash = other_hash(&world);
    for (change, fault) in [
        ("at = '2025-06-15 15:06:41+00:00'", AuditFault::Changed),
        ("user_id = 'bob@example.com'", AuditFault::Changed),
        ("project_id = null", AuditFault::Changed),
        ("project_id = turn_id", AuditFault::Changed),
        ("turn_id = null", AuditFault::Changed),
        ("kind = 'change'", AuditFault::Changed),
        ("plugin = 'maps'", AuditFault::Changed),
        ("installation_id = null", AuditFault::Changed),
        ("installation_id = turn_id", AuditFault::Changed),
        ("digest = null", AuditFault::Changed),
        ("digest = 'b' || digest", AuditFault::Changed),
        ("tool = 'other'", AuditFault::Changed),
        ("outcome = 'trap'", AuditFault::Changed),
        ("body = body || ' '", AuditFault::Changed),
        ("prev_hash = {hash}", AuditFault::BrokenLink),
        ("hash = {hash}", AuditFault::Changed),
    ] {
        let change = change.replace("{hash}", &hash);
        let places: &[i64] = if change.starts_with("outcome") { &[1, 5, 10] } else { &[5] };
        for &seq in places {
            check(&world, &[&format!("update audit_log set {change} where seq = {seq}")], (seq, fault.clone())).await;
        }
    }
    // Nor does a log that cannot be read stop the reader.
    let short = if matches!(world.url, StoreUrl::Sqlite(_)) { "x'00'" } else { "'\\x00'" };
    let found = tampered(&world, &[format!("update audit_log set hash = {short} where seq = 4")]).await;
    assert!(matches!(found, Some((4, AuditFault::Unreadable(_)))), "{found:?}");
    if matches!(world.url, StoreUrl::Sqlite(_)) {
        let found = tampered(&world, &["update audit_log set at = 'never' where seq = 4".to_owned()]).await;
        assert!(matches!(found, Some((4, AuditFault::Unreadable(_)))), "{found:?}");
    }
}

async fn moved_records_are_found(world: World) {
    let copy = |from: i64, to: i64| {
        format!(
            "insert into audit_log
            select chain, {to}, at, user_id, project_id, turn_id, kind, plugin, digest, tool, outcome, body,
                prev_hash, hash, installation_id
            from audit_log where seq = {from}"
        )
    };
    // Removed.
    check(&world, &["delete from audit_log where seq = 5"], (6, AuditFault::Missing)).await;
    check(&world, &["delete from audit_log where seq = 1"], (2, AuditFault::Missing)).await;
    check(
        &world,
        &[
            "delete from audit_log where seq = 5",
            "update audit_log set seq = -seq where seq > 5",
            "update audit_log set seq = -seq - 1 where seq < 0",
            "update audit_chains set last_seq = 9",
        ],
        (5, AuditFault::BrokenLink),
    )
    .await;
    // Swapped.
    check(
        &world,
        &[
            "update audit_log set seq = -3 where seq = 3",
            "update audit_log set seq = 3 where seq = 4",
            "update audit_log set seq = 4 where seq = -3",
        ],
        (3, AuditFault::BrokenLink),
    )
    .await;
    // Inserted: before the first, after the last, between.
    check(&world, &[&copy(1, 0)], (0, AuditFault::Unexpected)).await;
    check(&world, &[&copy(10, 11)], (11, AuditFault::Unexpected)).await;
    check(&world, &[&copy(10, 11), "update audit_chains set last_seq = 11"], (11, AuditFault::BrokenLink)).await;
    check(
        &world,
        &[
            "update audit_log set seq = -seq where seq >= 5",
            "update audit_log set seq = 1 - seq where seq < 0",
            &copy(4, 5),
            "update audit_chains set last_seq = 11",
        ],
        (5, AuditFault::BrokenLink),
    )
    .await;
}

async fn changed_ends_are_found(world: World) {
    let hash = other_hash(&world);
    check(&world, &["delete from audit_log where seq = 10"], (10, AuditFault::TailMissing)).await;
    check(&world, &["delete from audit_log where seq > 3"], (10, AuditFault::TailMissing)).await;
    check(&world, &["delete from audit_log"], (10, AuditFault::TailMissing)).await;
    check(
        &world,
        &["delete from audit_log where seq = 10", "update audit_chains set last_seq = 9"],
        (9, AuditFault::HeadDiffers),
    )
    .await;
    check(&world, &["update audit_chains set last_seq = 11"], (11, AuditFault::TailMissing)).await;
    check(&world, &["update audit_chains set last_seq = 9"], (10, AuditFault::Unexpected)).await;
    let last = format!("update audit_chains set last_hash = {hash}");
    check(&world, &[&last], (10, AuditFault::HeadDiffers)).await;
    // The beginning: it looks pruned, but the anchor does not fit.
    let begun = "update audit_chains set first_seq = 4";
    check(&world, &["delete from audit_log where seq < 4", begun], (4, AuditFault::BrokenLink)).await;
    check(&world, &[begun], (1, AuditFault::Unexpected)).await;
    let anchor = format!("update audit_chains set anchor_hash = {hash}");
    check(&world, &[&anchor], (0, AuditFault::ChainChanged)).await;
    let genesis = format!("update audit_chains set genesis = {hash}");
    check(&world, &[&genesis], (0, AuditFault::ChainChanged)).await;
    check(&world, &["update audit_chains set number = 2"], (0, AuditFault::ChainMissing)).await;
    check(&world, &["update audit_chains set opened_at = '2025-01-01 00:00:00+00:00'"], (0, AuditFault::ChainChanged))
        .await;
    check(&world, &["delete from audit_chains"], (1, AuditFault::ChainUnknown)).await;
}

async fn missing_chains_are_found(world: World) {
    for _ in 0..4 {
        let store = world.store().await;
        store.append_audit(&[entry(0), entry(1)]).await.unwrap();
        store.close().await;
    }
    let store = world.store().await;
    assert!(store.verify_audit().await.unwrap().is_intact());
    world.raw("delete from audit_log where chain = (select chain from audit_chains where number = 2)").await;
    assert_eq!(store.verify_audit().await.unwrap().broken[0].fault, AuditFault::TailMissing);
    world.raw("delete from audit_chains where number = 2").await;
    let report = store.verify_audit().await.unwrap();
    assert_eq!((report.broken_chains, &report.broken[0].fault), (1, &AuditFault::ChainMissing));
    // Numbered again, the beginnings do not follow each other.
    world.raw("update audit_chains set number = -number where number > 2").await;
    world.raw("update audit_chains set number = -number - 1 where number < 0").await;
    let report = store.verify_audit().await.unwrap();
    assert_eq!(report.broken[0].fault, AuditFault::ChainChanged);
    // Others are looked at all the same.
    assert_eq!(report.chains, 3);
    assert!(report.records >= 2, "{report:?}");
}

async fn old_records_are_pruned(world: World) {
    let (one, two) = (world.store().await, world.store().await);
    let entries: Vec<_> = (0..2500).map(entry).collect();
    for batch in entries.chunks(1000) {
        one.append_audit(batch).await.unwrap();
    }
    two.append_audit(&entries[..10]).await.unwrap();
    assert_eq!(one.prune_audit(start()).await.unwrap(), 0);
    assert_eq!(one.prune_audit(start() + TimeDelta::microseconds(2400)).await.unwrap(), 2410);
    let report = one.verify_audit().await.unwrap();
    assert!(report.is_intact(), "{report:?}");
    assert_eq!((report.records, report.chains, report.pruned), (100, 2, 2410));
    assert_eq!(all(&one, &AuditFilter::default(), 200).await.len(), 100);
    // Both chains go on.
    for store in [&one, &two] {
        store.append_audit(&[entry(9999)]).await.unwrap();
    }
    assert!(one.verify_audit().await.unwrap().is_intact());
    assert_eq!(one.prune_audit(start() + TimeDelta::days(2)).await.unwrap(), 102);
    let report = one.verify_audit().await.unwrap();
    assert!(report.is_intact(), "{report:?}");
    assert_eq!((report.records, report.pruned), (0, 2512));
    let usage = one.plugin_usage(weather(), None, start()).await.unwrap();
    assert_eq!(usage, PluginUsage::default(), "it goes with the records");
}

async fn changes_after_pruning_are_found(world: World) {
    let hash = other_hash(&world);
    for (statement, expected) in [
        ("update audit_log set outcome = 'trap' where seq = 8", (8, AuditFault::Changed)),
        ("update audit_chains set anchor_hash = {hash}", (6, AuditFault::BrokenLink)),
        ("delete from audit_log where seq = 6", (7, AuditFault::Missing)),
        ("update audit_chains set first_seq = 5", (6, AuditFault::Missing)),
        ("delete from audit_log where seq = 10", (10, AuditFault::TailMissing)),
    ] {
        let world = world.sibling().await;
        let store = world.store().await;
        store.append_audit(&(0..10).map(entry).collect::<Vec<_>>()).await.unwrap();
        assert_eq!(store.prune_audit(start() + TimeDelta::microseconds(5)).await.unwrap(), 5);
        assert!(store.verify_audit().await.unwrap().is_intact());
        world.raw(&statement.replace("{hash}", &hash)).await;
        let report = store.verify_audit().await.unwrap();
        assert_eq!((report.broken[0].seq, report.broken[0].fault.clone()), expected, "{statement}");
        // Pruning does not wipe the trace away: what is left still does not fit.
        store.close().await;
    }
    // All pruned: the anchor is the end.
    let store = world.store().await;
    store.append_audit(&[entry(0)]).await.unwrap();
    store.prune_audit(start() + TimeDelta::days(1)).await.unwrap();
    world.raw(&format!("update audit_chains set anchor_hash = {hash}")).await;
    assert_eq!(store.verify_audit().await.unwrap().broken[0].fault, AuditFault::HeadDiffers);
}

async fn verifying_goes_on_beside_writing(world: World) {
    let (writer, reader) = (world.store().await, world.store().await);
    writer.append_audit(&(0..1000).map(entry).collect::<Vec<_>>()).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move {
        for round in 1..=20 {
            writer.append_audit(&(0..100).map(|i| entry(1000 * round + i)).collect::<Vec<_>>()).await.unwrap();
            writer.prune_audit(start() + TimeDelta::microseconds(1000 * round - 500)).await.unwrap();
        }
    });
    let mut rounds = 0;
    while !tasks.is_empty() || rounds < 3 {
        let report = reader.verify_audit().await.unwrap();
        assert!(report.is_intact(), "{report:?}");
        rounds += 1;
        tasks.try_join_next().transpose().unwrap();
    }
}
