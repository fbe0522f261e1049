//! What the sandbox costs by itself, in this process: starting with many plugins, waiting calls, large values, being
//! interruptible, requests.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use bricklayer_domain::{CallSite, Caller, ProjectId, ToolOutcome, TurnSetting, UserId};
use bricklayer_runtime::{
    CallContext, FairnessLimits, Grants, Plugin, Runtime, RuntimeConfig, ToolNamespace, WorkspaceTarget, measure,
};
use futures::future::try_join_all;
use serde_json::{Value, json};
use url::Url;

use crate::stats::{Table, ms, percentile};

/// Plugins of the start-up row.
const PLUGINS: usize = 20;
/// Calls that wait at once.
const PARKED: usize = 1000;
/// Calls of each row of values.
const VALUE_CALLS: usize = 50;
/// Statements of the request row.
const STATEMENTS: usize = 2000;
/// Its statement.
const TEN_ROWS: &str = "SELECT * FROM rows(10)";
/// Rounds of the computing guest: about a tenth of a second.
const ROUNDS: u32 = 300_000;

/// Packages that the rows need.
pub(crate) struct Packages<'a> {
    pub(crate) work: &'a Path,
    pub(crate) sql: Option<&'a Path>,
}

pub(crate) async fn measure(table: &mut Table, packages: &Packages<'_>, workspace: &Url, dir: &Path) -> Result<()> {
    let work = std::fs::read(packages.work).with_context(|| format!("read {}", packages.work.display()))?;
    start(table, &work, dir).await?;
    let mut config = RuntimeConfig::new(dir.join("sandbox"));
    config.fairness = FairnessLimits::unlimited();
    config.max_concurrent_calls = 1024;
    let runtime = Runtime::new(config)?;
    let plugin = runtime.load(work.clone(), ToolNamespace::databricks()).await?;
    values(table, &runtime, &plugin).await?;
    parked(table, &runtime, &plugin).await?;
    interruption(table, &work).await?;
    match packages.sql {
        Some(sql) => statements(table, &runtime, sql, workspace).await?,
        None => eprintln!("statements through the sandbox: not measured, no package is named"),
    }
    runtime.drain().await;
    Ok(())
}

/// Twenty different packages: none compiled yet, and all found compiled.
async fn start(table: &mut Table, package: &[u8], dir: &Path) -> Result<()> {
    for (what, aim) in [("cold code cache", ""), ("warm code cache", "< 2 s")] {
        let begun = Instant::now();
        let runtime = Runtime::new(RuntimeConfig::new(dir.join("start")))?;
        for number in 0..PLUGINS {
            runtime.load(numbered(package, number)?, ToolNamespace::databricks()).await?;
        }
        table.row(&format!("{PLUGINS} plugins loaded, {what}"), ms(begun.elapsed()), aim);
    }
    Ok(())
}

/// The same code as another package: a custom section more changes the digest, and so the key of the cache.
fn numbered(package: &[u8], number: usize) -> Result<Vec<u8>> {
    let mut bytes = package.to_vec();
    // Custom section (id 0): length of all that follows, length of the name, name, data.
    bytes.extend_from_slice(&[0, 3, 1, b'n', u8::try_from(number)?]);
    Ok(bytes)
}

async fn values(table: &mut Table, runtime: &Runtime, plugin: &Arc<Plugin>) -> Result<()> {
    let payload: Value = (0..23_500).map(|n| json!({"id": n, "name": format!("row {n}"), "amount": 0.25})).collect();
    let parcel = json!({"payload": payload});
    let size = parcel.to_string().len();
    let rows: Value = (0..10_000).map(|n| json!({"id": n, "name": format!("row {n}"), "amount": 0.25})).collect();
    for (what, tool, input) in [
        (format!("call with a JSON argument of {:.2} MiB", mib(size)), "weigh", parcel),
        ("call with 10,000 typed rows as argument".to_owned(), "count_rows", json!({"rows": rows})),
        ("call with 10,000 typed rows as result".to_owned(), "list_rows", json!({"count": 10_000})),
    ] {
        let mut samples = Vec::with_capacity(VALUE_CALLS);
        for _ in 0..VALUE_CALLS {
            let begun = Instant::now();
            check(runtime.call(plugin, tool, &input, context("bench@example.com")?).await)?;
            samples.push(begun.elapsed());
        }
        table.row(&format!("{what}, p50"), ms(percentile(&mut samples, 0.5)), "");
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a report")]
fn mib(bytes: usize) -> f64 {
    bytes as f64 / (1024.0 * 1024.0)
}

/// Calls that wait in the host: what each keeps resident. Many users, because one may not have that many.
async fn parked(table: &mut Table, runtime: &Runtime, plugin: &Arc<Plugin>) -> Result<()> {
    let before = resident_kib()?;
    let contexts: Vec<_> = (0..PARKED).map(|n| context(&format!("u{n}@example.com"))).collect::<Result<_>>()?;
    let input = json!({"millis": 3000});
    let calls = contexts.iter().map(|context| runtime.call(plugin, "park", &input, context.clone()));
    let looking = async {
        let deadline = Instant::now() + Duration::from_secs(3);
        while runtime.stats().running < PARKED && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        (runtime.stats().running, resident_kib())
    };
    let (outcomes, (running, after)) = tokio::join!(futures::future::join_all(calls), looking);
    for outcome in outcomes {
        check(outcome)?;
    }
    let each = after?.saturating_sub(before) / u64::try_from(running.max(1))?;
    table.row(&format!("a waiting plugin call, resident ({running} at once)"), format!("{each} KiB"), "");
    Ok(())
}

async fn interruption(table: &mut Table, package: &[u8]) -> Result<()> {
    let package = package.to_vec();
    let work = move || measure::interruption(&package, "test:bench/tools@0.1.0", "burn", ROUNDS);
    let [plain, interruptible] = tokio::task::spawn_blocking(work).await?.map_err(anyhow::Error::msg)?;
    let more = (interruptible.as_secs_f64() / plain.as_secs_f64() - 1.0) * 100.0;
    table.row("being interruptible, CPU of a computing guest", format!("{more:+.1} %"), "");
    Ok(())
}

/// An `execute_sql` against a workspace that answers at once, and the bare requests of one.
async fn statements(table: &mut Table, runtime: &Runtime, package: &Path, workspace: &Url) -> Result<()> {
    let plugin = runtime.load(std::fs::read(package)?, ToolNamespace::databricks()).await?;
    let http = reqwest::Client::builder().no_proxy().build()?;
    let url = format!("{workspace}api/2.0/sql/statements");
    for parallel in [1, 8, 32] {
        let bare = (0..parallel).map(|_| async {
            let mut samples = Vec::with_capacity(STATEMENTS / parallel);
            for _ in 0..STATEMENTS / parallel {
                let begun = Instant::now();
                http.post(&url).json(&json!({"statement": TEN_ROWS})).send().await?.bytes().await?;
                samples.push(begun.elapsed());
            }
            anyhow::Ok(samples)
        });
        let begun = Instant::now();
        let mut bare: Vec<Duration> = try_join_all(bare).await?.into_iter().flatten().collect();
        let floor = rate(begun.elapsed());
        let calls = (0..parallel).map(|n| {
            let plugin = &plugin;
            async move {
                let mut context = context(&format!("s{n}@example.com"))?;
                context.grants = Arc::new(Grants::from_request(plugin.manifest()));
                context.settings.warehouse_id = TurnSetting::parse("w1")?;
                context.workspace = Some(WorkspaceTarget::named(workspace.clone(), "bench".into()));
                let mut samples = Vec::with_capacity(STATEMENTS / parallel);
                for _ in 0..STATEMENTS / parallel {
                    let begun = Instant::now();
                    let input = json!({"statement": TEN_ROWS});
                    check(runtime.call(plugin, "execute_sql", &input, context.clone()).await)?;
                    samples.push(begun.elapsed());
                }
                anyhow::Ok(samples)
            }
        });
        let begun = Instant::now();
        let mut calls: Vec<Duration> = try_join_all(calls).await?.into_iter().flatten().collect();
        let measured = rate(begun.elapsed());
        let told = |samples: &mut [Duration]| {
            format!("p50 {}, p99 {}", ms(percentile(samples, 0.5)), ms(percentile(samples, 0.99)))
        };
        let (of_calls, of_bare) = (told(&mut calls), told(&mut bare));
        table.row(
            &format!("execute_sql calls per second, {parallel} at once"),
            format!("{measured:.0}, {of_calls} ({:.2} of bare requests: {floor:.0}, {of_bare})", measured / floor),
            "0.4 of bare requests",
        );
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a report")]
fn rate(elapsed: Duration) -> f64 {
    STATEMENTS as f64 / elapsed.as_secs_f64()
}

pub(crate) fn check(outcome: ToolOutcome) -> Result<()> {
    match outcome.failure {
        Some(failure) => bail!("a call failed: {}", failure.message),
        None => Ok(()),
    }
}

fn resident_kib() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

pub(crate) fn context(user: &str) -> Result<CallContext> {
    Ok(CallContext::new(Caller::new(UserId::parse(user)?, ProjectId::new(), CallSite::Host)))
}
