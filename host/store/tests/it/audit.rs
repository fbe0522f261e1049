use std::time::Duration;

use bricklayer_domain::{
    AuditBody, AuditKind, CallAudit, InstallationId, PackageDigest, PluginName, PluginOwner, ProjectId, RequestAudit,
    TurnId, UserId,
};
use bricklayer_store::{
    AuditCursor, AuditEntry, AuditFilter, AuditPageRequest, AuditRecord, Clock as _, MAX_AUDIT_BATCH,
    MAX_AUDIT_BODY_BYTES, PluginFilter, PluginUsage, Store, StoreError, StoreUrl,
};
use chrono::{DateTime, TimeDelta, Utc};

use crate::harness::{World, assert_refused, on_both_engines, user};
use crate::installations::install;

on_both_engines!(
    records_are_kept_and_paged,
    records_are_found_by_every_filter,
    namesakes_have_records_of_their_own,
    old_usage_goes_to_whom_it_was_for,
    anything_can_be_recorded,
    batches_are_bounded,
    usage_adds_up,
    errors_are_listed,
);

fn name(text: &str) -> PluginName {
    PluginName::parse(text).unwrap()
}

/// The installations of these cases, by number.
fn installation(number: u128) -> InstallationId {
    InstallationId::from_uuid(uuid::Uuid::from_u128(number))
}

/// Of most records.
pub(crate) fn weather() -> InstallationId {
    installation(1)
}

pub(crate) fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_750_000_000, 1_000).unwrap()
}

pub(crate) fn entry(index: i64) -> AuditEntry {
    AuditEntry {
        at: start() + TimeDelta::microseconds(index),
        user: user("ann@example.com"),
        project: Some(ProjectId::new()),
        turn: Some(TurnId::new()),
        plugin: name("weather"),
        installation: Some(weather()),
        digest: Some(PackageDigest::parse(&"a".repeat(64)).unwrap()),
        tool: format!("tool-{index}"),
        outcome: "ok".into(),
        body: AuditBody::Call(CallAudit { cpu_ms: 1.5, http_requests: index as u32, ..CallAudit::default() }),
    }
}

pub(crate) async fn all(store: &Store, filter: &AuditFilter, limit: u32) -> Vec<AuditRecord> {
    let mut records = Vec::new();
    let mut after = None;
    loop {
        let page = store.list_audit(filter, AuditPageRequest { after, limit }).await.unwrap();
        assert!(page.records.len() <= limit as usize);
        records.extend(page.records);
        // As it travels through a client.
        let Some(next) = page.next else { return records };
        after = Some(next.to_string().parse::<AuditCursor>().unwrap());
    }
}

async fn records_are_kept_and_paged(world: World) {
    let scene = world.scene().await;
    let store = &scene.store;
    store.append_audit(&[]).await.unwrap();
    // Several share an instant, and one comes late.
    let mut entries: Vec<_> = (0..75).map(|index| entry(index / 3)).collect();
    entries[40].at = start() - TimeDelta::seconds(1);
    entries[7].project = Some(scene.project.id);
    for batch in entries.chunks(32) {
        store.append_audit(batch).await.unwrap();
    }
    // What was done stays known after the project is gone.
    store.delete_project(&scene.user, scene.project.id).await.unwrap();
    for limit in [1, 7, 75, 200] {
        let records = all(store, &AuditFilter::default(), limit).await;
        let mut by_place: Vec<_> = records.iter().map(|record| (record.seq, record.entry.clone())).collect();
        by_place.sort_by_key(|(seq, _)| *seq);
        assert_eq!(by_place.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), (1..=75).collect::<Vec<_>>());
        assert!(by_place.into_iter().map(|(_, entry)| entry).eq(entries.iter().cloned()), "limit {limit}");
        assert!(records.windows(2).all(|pair| pair[0].entry.at >= pair[1].entry.at));
    }
    let report = store.verify_audit().await.unwrap();
    assert!(report.is_intact(), "{report:?}");
    assert_eq!((report.records, report.chains, report.pruned), (75, 1, 0));
    for bad in ["", "1.2", "x.00000000000000000000000000000000.1", "1.00000000000000000000000000000000.1.1"] {
        assert!(bad.parse::<AuditCursor>().is_err(), "{bad}");
    }
}

async fn records_are_found_by_every_filter(world: World) {
    let store = world.store().await;
    let project = ProjectId::new();
    let mut entries = Vec::new();
    for (index, user_name) in ["ann@example.com", "bob@example.com"].into_iter().enumerate() {
        for (project, plugin, kind) in [
            (Some(project), "weather", AuditKind::Call),
            (Some(project), "maps", AuditKind::Request),
            (None, "weather", AuditKind::Change),
            (None, "maps", AuditKind::Call),
        ] {
            let base = entry(entries.len() as i64 + index as i64);
            entries.push(AuditEntry {
                user: user(user_name),
                project,
                plugin: name(plugin),
                body: kind.into(),
                ..base
            });
        }
    }
    store.append_audit(&entries).await.unwrap();
    let users = [None, Some("ann@example.com"), Some("eve@example.com")];
    for user_name in users {
        for project in [None, Some(project), Some(ProjectId::new())] {
            for plugin in [None, Some("weather"), Some("none")] {
                for kind in [None, Some(AuditKind::Call), Some(AuditKind::Change)] {
                    let plugin = plugin.map(|plugin| PluginFilter::Named(name(plugin)));
                    let filter = AuditFilter { user: user_name.map(user), project, plugin, kind };
                    let mut expected: Vec<_> = entries
                        .iter()
                        .filter(|entry| filter.user.as_ref().is_none_or(|user| *user == entry.user))
                        .filter(|entry| project.is_none() || project == entry.project)
                        .filter(|entry| match &filter.plugin {
                            Some(PluginFilter::Named(plugin)) => *plugin == entry.plugin,
                            _ => true,
                        })
                        .filter(|entry| kind.is_none_or(|kind| kind == entry.kind()))
                        .cloned()
                        .collect();
                    expected.reverse();
                    let found: Vec<_> = all(&store, &filter, 2).await.into_iter().map(|record| record.entry).collect();
                    assert_eq!(found, expected, "{filter:?}");
                }
            }
        }
    }
}

async fn namesakes_have_records_of_their_own(world: World) {
    let store = world.store().await;
    let mut entries = Vec::new();
    for (index, id) in [Some(weather()), Some(installation(2)), None].into_iter().cycle().take(12).enumerate() {
        let kind = if index % 2 == 0 { AuditKind::Call } else { AuditKind::Change };
        let plugin = name(if index < 9 { "weather" } else { "maps" });
        entries.push(AuditEntry { installation: id, body: kind.into(), plugin, ..entry(index as i64) });
    }
    store.append_audit(&entries).await.unwrap();
    for id in [weather(), installation(2), installation(3)] {
        for kind in [None, Some(AuditKind::Call)] {
            let plugin = Some(PluginFilter::Installed(id, name("weather")));
            let found = all(&store, &AuditFilter { plugin, kind, ..AuditFilter::default() }, 2).await;
            let expected = entries.iter().rev().filter(|entry| {
                entry.plugin == name("weather")
                    && entry.installation.is_none_or(|of| of == id)
                    && kind.is_none_or(|kind| kind == entry.kind())
            });
            assert!(found.iter().map(|record| &record.entry).eq(expected), "{id} {kind:?}");
        }
    }
    // Records with and without an id make one chain.
    let report = store.verify_audit().await.unwrap();
    assert!(report.is_intact(), "{report:?}");
    assert_eq!(report.records, 12);
}

/// The database of the release before, with what it counted by name.
async fn old_usage_goes_to_whom_it_was_for(world: World) {
    let store = world.store().await;
    let (ann, bob) = (user("ann@example.com"), user("bob@example.com"));
    let everyone = install(&store, PluginOwner::Everyone, "weather", b"one").await.id;
    let own = install(&store, PluginOwner::User(ann.clone()), "weather", b"one").await.id;
    let private = install(&store, PluginOwner::User(bob.clone()), "maps", b"one").await.id;
    world.raw("delete from audit_log").await;
    world.raw("delete from audit_chains").await;
    store.append_audit(&[AuditEntry { installation: None, ..entry(0) }]).await.unwrap();
    store.close().await;
    let installed = world.clock.now().timestamp() / 86_400;
    world.raw("drop table installation_usage").await;
    world.raw("alter table audit_log drop column installation_id").await;
    world.raw("delete from _sqlx_migrations where version = 12").await;
    let (chain, at) = match world.url {
        StoreUrl::Sqlite(_) => ("x'00000000000000000000000000000001'", "'2025-06-15 15:06:41+00:00'"),
        StoreUrl::Postgres(_) => ("'00000000-0000-0000-0000-000000000001'", "'2025-06-15 15:06:41+00:00'"),
    };
    // Each with calls of its own, so that a sum tells which were added.
    for (plugin, user, day, calls) in [
        ("weather", "ann@example.com", installed - 1, 1),
        ("weather", "ann@example.com", installed, 10),
        ("weather", "bob@example.com", installed, 100),
        ("maps", "bob@example.com", installed, 1_000),
        ("maps", "ann@example.com", installed, 10_000),
        ("sql", "ann@example.com", installed, 100_000),
    ] {
        let row = format!("'{plugin}', '{user}', {day}, {chain}, {calls}, 0, 0, 0, 0, 0, {at}");
        assert_eq!(world.raw(&format!("insert into plugin_usage values ({row})")).await, 1);
    }
    let store = world.store().await;
    let since = world.clock.now() - TimeDelta::days(10);
    let calls = async |id, user| store.plugin_usage(id, user, since).await.unwrap().calls;
    assert_eq!(calls(everyone, None).await, 101);
    assert_eq!(calls(own, None).await, 10);
    assert_eq!(calls(private, Some(&bob)).await, 1_000);
    // A family that ships with the host takes its name's, once; what a host of the release before adds is added.
    let shipped = installation(7);
    let late =
        format!("insert into plugin_usage values ('sql', '{ann}', {installed}, {chain}, 7, 0, 0, 0, 0, 0, {at})");
    for (statement, expected) in [(None, 100_000), (None, 100_000), (Some(&late), 100_007)] {
        if let Some(statement) = statement {
            world.raw(statement).await;
        }
        store.adopt_named_usage(&[(name("sql"), shipped)]).await.unwrap();
        assert_eq!(calls(shipped, Some(&ann)).await, expected);
    }
    let report = store.verify_audit().await.unwrap();
    assert!(report.is_intact(), "{report:?}");
}

async fn anything_can_be_recorded(world: World) {
    let store = world.store().await;
    let strange = AuditEntry {
        at: start() + TimeDelta::nanoseconds(999),
        project: None,
        turn: None,
        digest: None,
        tool: format!("\0{}", "é".repeat(5000)),
        outcome: "'; drop table audit_log; --".into(),
        body: AuditBody::Call(CallAudit {
            failure: Some("a\0b".to_owned()),
            bytes_sent: u64::MAX,
            cpu_ms: -1e300,
            duration_ms: 0.1,
            ..CallAudit::default()
        }),
        ..entry(0)
    };
    let failure = Some("x".repeat(MAX_AUDIT_BODY_BYTES));
    let body = AuditBody::Call(CallAudit { failure, ..CallAudit::default() });
    let omitted = AuditBody::Omitted { kind: AuditKind::Call, omitted_bytes: body.to_json().len() as u64 };
    let large = AuditEntry { body, ..entry(1) };
    let request = RequestAudit { path: "a\0b".to_owned(), bytes_sent: u64::MAX, ..RequestAudit::default() };
    let requests = AuditEntry { body: AuditBody::Request(request), ..strange.clone() };
    store.append_audit(&[strange.clone(), large, requests.clone(), requests]).await.unwrap();
    let mut records = all(&store, &AuditFilter::default(), 10).await;
    records.sort_by_key(|record| record.seq);
    let kept = &records[0].entry;
    assert_eq!(kept.at, start());
    assert!(kept.tool.len() <= 2048 + 2 && kept.tool.starts_with("\u{fffd}éé"));
    assert_eq!((&kept.outcome, &kept.body), (&strange.outcome, &strange.body));
    assert_eq!((kept.project, kept.turn, &kept.digest), (None, None, &None));
    assert_eq!(records[1].entry.body, omitted);
    assert!(store.verify_audit().await.unwrap().is_intact());
    let usage = store.plugin_usage(weather(), None, start()).await.unwrap();
    assert_eq!((usage.calls, usage.requests, usage.cpu_ms), (2, 2, 0));
}

async fn batches_are_bounded(world: World) {
    let store = world.store().await;
    let many = vec![entry(0); MAX_AUDIT_BATCH + 1];
    assert_refused!(store.append_audit(&many).await, StoreError::TooLarge { .. });
    store.append_audit(&many[1..]).await.unwrap();
    assert_eq!(store.verify_audit().await.unwrap().records, MAX_AUDIT_BATCH as u64);
}

async fn usage_adds_up(world: World) {
    let store = world.store().await;
    let now = world.clock.now();
    let call = |user_name: &str, outcome: &str| AuditEntry {
        user: user(user_name),
        outcome: outcome.into(),
        at: now,
        ..entry(0)
    };
    let request = |user_name: &str| AuditEntry {
        body: AuditBody::Request(RequestAudit { bytes_sent: 10, bytes_received: 1_000_000, ..RequestAudit::default() }),
        ..call(user_name, "answered")
    };
    let change = AuditEntry { body: AuditKind::Change.into(), ..call("ann@example.com", "installed") };
    let old = AuditEntry { at: now - TimeDelta::days(3), ..call("ann@example.com", "ok") };
    // Another one of the same name.
    let other = AuditEntry { installation: Some(installation(2)), ..call("ann@example.com", "ok") };
    let nobodys = AuditEntry { installation: None, ..call("ann@example.com", "ok") };
    for _ in 0..2 {
        store
            .append_audit(&[
                call("ann@example.com", "ok"),
                call("ann@example.com", "trap"),
                call("bob@example.com", "denied"),
                request("ann@example.com"),
                request("bob@example.com"),
                change.clone(),
                old.clone(),
                other.clone(),
                nobodys.clone(),
            ])
            .await
            .unwrap();
    }
    let usage = async |user: Option<&UserId>, since| store.plugin_usage(weather(), user, since).await.unwrap();
    let last_used_at = Some(chrono::SubsecRound::trunc_subsecs(now, 6));
    let expected = PluginUsage {
        calls: 4,
        errors: 2,
        cpu_ms: 6,
        requests: 2,
        bytes_sent: 20,
        bytes_received: 2_000_000,
        last_used_at,
    };
    let ann = user("ann@example.com");
    assert_eq!(usage(Some(&ann), now - TimeDelta::hours(1)).await, expected);
    let both = PluginUsage {
        calls: 6,
        errors: 4,
        cpu_ms: 9,
        requests: 4,
        bytes_sent: 40,
        bytes_received: 4_000_000,
        last_used_at,
    };
    assert_eq!(usage(None, now - TimeDelta::hours(1)).await, both);
    let others = store.plugin_usage(installation(2), Some(&ann), now - TimeDelta::hours(1)).await.unwrap();
    assert_eq!((others.calls, others.errors), (2, 0));
    assert_eq!(usage(Some(&ann), now - TimeDelta::days(10)).await.calls, 6);
    assert_eq!(usage(Some(&user("eve@example.com")), now - TimeDelta::days(10)).await, PluginUsage::default());
    // Bounded: what is older than the window is not counted.
    world.clock.advance(Duration::from_secs(89 * 86_400));
    assert_eq!(usage(Some(&ann), DateTime::UNIX_EPOCH).await.calls, 4);
    world.clock.advance(Duration::from_secs(2 * 86_400));
    assert_eq!(usage(Some(&ann), DateTime::UNIX_EPOCH).await.calls, 0);
}

async fn errors_are_listed(world: World) {
    let store = world.store().await;
    let entries: Vec<_> = (0..30)
        .map(|index| AuditEntry {
            user: user(if index % 2 == 0 { "ann@example.com" } else { "bob@example.com" }),
            outcome: if index % 3 == 0 { "ok".into() } else { "trap".into() },
            body: if index % 5 == 0 { AuditKind::Request } else { AuditKind::Call }.into(),
            ..entry(index)
        })
        .collect();
    store.append_audit(&entries).await.unwrap();
    let expected = |user_name: Option<&str>| -> Vec<String> {
        (0..30)
            .rev()
            .filter(|index| index % 3 != 0 && index % 5 != 0)
            .filter(|index| user_name.is_none_or(|name| (name == "ann@example.com") == (index % 2 == 0)))
            .map(|index| format!("tool-{index}"))
            .collect()
    };
    for user_name in [None, Some("ann@example.com"), Some("bob@example.com")] {
        for limit in [3, 1000] {
            let errors = store
                .last_plugin_errors(weather(), &name("weather"), user_name.map(user).as_ref(), limit)
                .await
                .unwrap();
            let tools: Vec<_> = errors.into_iter().map(|record| record.entry.tool).collect();
            let mut expected = expected(user_name);
            expected.truncate(limit as usize);
            assert_eq!(tools, expected, "{user_name:?}");
        }
    }
    // Another installation of the name has none; what was recorded before there were ids is shown with either.
    assert!(store.last_plugin_errors(installation(2), &name("weather"), None, 10).await.unwrap().is_empty());
    let old = AuditEntry { installation: None, outcome: "trap".into(), tool: "old".into(), ..entry(40) };
    store.append_audit(&[old]).await.unwrap();
    for id in [weather(), installation(2)] {
        let errors = store.last_plugin_errors(id, &name("weather"), None, 1).await.unwrap();
        assert_eq!(errors[0].entry.tool, "old");
    }
    assert!(store.last_plugin_errors(weather(), &name("maps"), None, 10).await.unwrap().is_empty());
}
