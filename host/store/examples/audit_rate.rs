//! What the audit log and packages cost: `cargo run --release -p bricklayer-store --example audit_rate [postgres://…]`.
#![allow(clippy::print_stdout, reason = "it is its purpose")]
//!
//! Prints records per second in batches as the server makes them (by 1,000 users, 20 plugins), the time to verify, to
//! list and to add up usage, and how long single writes of others wait while a package of 32 MiB is stored and read.

use std::time::{Duration, Instant};

use bricklayer_domain::{
    AuditBody, CallAudit, CallSite, CalledBy, ConversationId, InstallationId, LaneId, PackageDigest, PluginName,
    ProjectId, RequestAudit, Title, ToolCallId, TurnId, UserId,
};
use bricklayer_store::{
    AuditEntry, AuditFilter, AuditPageRequest, MAX_PACKAGE_BYTES, PluginFilter, Store, StoreOptions, StoreUrl,
};
use sha2::{Digest as _, Sha256};

type Failure = Box<dyn std::error::Error + Send + Sync>;

const BATCHES: usize = 200;
const BATCH: usize = 200;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    let url = match std::env::args().nth(1) {
        Some(address) => address.parse()?,
        None => StoreUrl::sqlite(folder.path().join("store.db")),
    };
    let store = Store::connect(&url, StoreOptions::default()).await?;
    println!("{}", store.engine_name());
    let projects: Vec<ProjectId> = (0..1000).map(|_| ProjectId::new()).collect();
    let mut spent = Duration::ZERO;
    for batch in 0..BATCHES {
        let entries = (0..BATCH).map(|index| entry(batch * BATCH + index, &projects)).collect::<Result<Vec<_>, _>>()?;
        let begun = Instant::now();
        store.append_audit(&entries).await?;
        spent += begun.elapsed();
    }
    let records = BATCHES * BATCH;
    println!(
        "{records} records in batches of {BATCH}: {:.0} records/s, {:.1} us each",
        records as f64 / spent.as_secs_f64(),
        spent.as_secs_f64() * 1e6 / records as f64
    );
    let plugin = PluginName::parse("plugin-7")?;
    let user = UserId::parse("user7@example.com")?;
    let since = bricklayer_domain::now() - chrono::TimeDelta::days(30);
    timed("usage of one plugin, all users", store.plugin_usage(installation(7), None, since)).await?;
    timed("usage of one plugin, one user", store.plugin_usage(installation(7), Some(&user), since)).await?;
    timed("last errors", store.last_plugin_errors(installation(7), &plugin, None, 10)).await?;
    let page = AuditPageRequest { after: None, limit: 50 };
    timed("newest 50", store.list_audit(&AuditFilter::default(), page)).await?;
    let filter = AuditFilter {
        user: Some(user),
        plugin: Some(PluginFilter::Installed(installation(7), plugin)),
        ..AuditFilter::default()
    };
    timed("newest 50 of a user and plugin", store.list_audit(&filter, page)).await?;
    let report = timed("verify", store.verify_audit()).await?;
    println!("intact: {}", report.is_intact());
    package(&store).await
}

fn installation(plugin: usize) -> InstallationId {
    InstallationId::from_uuid(uuid::Uuid::from_u128(plugin as u128))
}

fn entry(index: usize, projects: &[ProjectId]) -> Result<AuditEntry, Failure> {
    let user = index * 7 % 1000;
    let (conversation, turn) = (ConversationId::new(), TurnId::new());
    let by = CalledBy {
        version: "1.0.0".into(),
        site: Some(CallSite::Turn { conversation, turn, lane: LaneId::MAIN }),
        conversation_id: Some(conversation),
        tool_call_id: Some(ToolCallId("toolu_0123456789".into())),
    };
    Ok(AuditEntry {
        at: bricklayer_domain::now(),
        user: UserId::parse(&format!("user{user}@example.com"))?,
        project: projects.get(user).copied(),
        turn: Some(turn),
        plugin: PluginName::parse(&format!("plugin-{}", index % 20))?,
        installation: Some(installation(index % 20)),
        digest: Some(PackageDigest::parse(&"ab".repeat(32))?),
        tool: "execute_sql".into(),
        outcome: if index.is_multiple_of(50) { "trap".into() } else { "ok".into() },
        body: if index.is_multiple_of(3) {
            AuditBody::Call(CallAudit { by, duration_ms: 210.5, cpu_ms: 1.25, ..CallAudit::default() })
        } else {
            AuditBody::Request(RequestAudit {
                by,
                method: "POST".into(),
                host: "example.cloud.databricks.com".into(),
                path: "/api/2.0/sql/statements".into(),
                status: Some(200),
                bytes_sent: 512,
                bytes_received: 40_000,
                duration_ms: 210.5,
                ..RequestAudit::default()
            })
        },
    })
}

async fn timed<T, E>(what: &str, future: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let begun = Instant::now();
    let result = future.await?;
    println!("{what}: {:.2} ms", begun.elapsed().as_secs_f64() * 1e3);
    Ok(result)
}

/// Stores and reads the largest package while somebody else writes all the time.
async fn package(store: &Store) -> Result<(), Failure> {
    let bytes: Vec<u8> = (0..MAX_PACKAGE_BYTES).map(|index| (index % 251) as u8).collect();
    let digest = PackageDigest::parse(&hex::encode(Sha256::digest(&bytes)))?;
    waits("nothing", store, tokio::time::sleep(Duration::from_secs(2))).await?;
    waits("storing 32 MiB", store, timed("stored", store.put_package(&digest, &bytes))).await??;
    waits("reading 32 MiB", store, timed("read", store.get_package(&digest))).await??;
    waits("sweeping 32 MiB", store, timed("swept", store.sweep_packages(bricklayer_domain::now()))).await??;
    Ok(())
}

/// The slowest and the median of small writes while a future runs.
async fn waits<T>(what: &str, store: &Store, future: impl Future<Output = T>) -> Result<T, Failure> {
    let user = UserId::parse("ann@example.com")?;
    let title = Title::parse("taxi").map_err(|e| e.to_string())?;
    let mut times = Vec::new();
    tokio::pin!(future);
    let result = loop {
        let begun = Instant::now();
        let mut write = std::pin::pin!(store.create_project(&user, &title));
        let mut done = None;
        loop {
            tokio::select! {
                made = &mut write => {
                    made?;
                    break;
                }
                result = &mut future, if done.is_none() => done = Some(result),
            }
        }
        times.push(begun.elapsed());
        if let Some(result) = done {
            break result;
        }
    };
    times.sort();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    let slowest = times.last().copied().unwrap_or_default();
    println!("beside {what}: {} writes, median {median:.2?}, slowest {slowest:.2?}", times.len());
    Ok(result)
}
