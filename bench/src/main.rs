//! Measures the host as its users meet it and prints one table.
//!
//! Both far ends are in this process and answer at once: a scripted model on the Anthropic wire and a minimal
//! workspace. The host is the real release binary, a child process. What is left is the host's own cost. The floor
//! is the same HTTP traffic with no agent between, in the same run, so that ratios hold on any machine.

#![allow(clippy::indexing_slicing, reason = "indexing a JSON value by name gives null where there is nothing")]

mod bundles;
mod calls;
mod client;
mod conversation;
mod fairness;
mod host;
mod languages;
mod local_workspace;
mod model;
mod process;
mod results;
mod sandbox;
mod stats;
mod transfers;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bricklayer_far_ends::{Model, Workspace};
use clap::Parser;
use futures::future::try_join_all;
use serde_json::json;

use crate::client::User;
use crate::host::{FarEnds, Host};
use crate::model::Shared;
use crate::stats::{Table, ms, percentile};

/// Turn latency, throughput, CPU, memory, streaming delay and start-up of the real binary.
#[derive(Debug, Parser)]
struct Options {
    /// Turns of a single user.
    #[arg(long, default_value_t = 200)]
    turns: usize,
    /// Users at once in the throughput run.
    #[arg(long, default_value_t = 20)]
    users: usize,
    /// Turns of each of them.
    #[arg(long, default_value_t = 50)]
    turns_per_user: usize,
    /// Turns that wait for a silent model.
    #[arg(long, default_value_t = 100)]
    silent: usize,
    /// Measure nothing but the start and a conversation that grows.
    #[arg(long)]
    only_conversation: bool,
    /// Rows of the large result.
    #[arg(long, default_value_t = 1_000_000)]
    rows: u64,
    /// Measure nothing but results.
    #[arg(long)]
    only_results: bool,
    /// Measure nothing but the local workspace and transfers into it.
    #[arg(long)]
    only_transfers: bool,
    /// Measure nothing but bundles.
    #[arg(long)]
    only_bundles: bool,
    /// The packed no-op plugin; `cargo xtask bench` builds it and names it here.
    #[arg(long, env = "BENCH_NOOP_PLUGIN")]
    noop_plugin: Option<std::path::PathBuf>,
    /// The same no-op in Python.
    #[arg(long, env = "BENCH_PYTHON_PLUGIN")]
    python_plugin: Option<std::path::PathBuf>,
    /// The same no-op in JavaScript.
    #[arg(long, env = "BENCH_JAVASCRIPT_PLUGIN")]
    javascript_plugin: Option<std::path::PathBuf>,
    /// The packed plugin with work of known size.
    #[arg(long, env = "BENCH_WORK_PLUGIN")]
    work_plugin: Option<std::path::PathBuf>,
    /// The packed SQL family.
    #[arg(long, env = "BENCH_SQL_PLUGIN")]
    sql_plugin: Option<std::path::PathBuf>,
    /// Store of the host: a `postgres://` address; the embedded SQLite when absent.
    #[arg(long, env = "BENCH_DATABASE_URL")]
    database: Option<String>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    // reqwest is built without a TLS provider of its own; all traffic here is plain loopback.
    rustls::crypto::ring::default_provider().install_default().ok();
    let shared = Shared::new();
    let speaking = Arc::clone(&shared);
    let model = Model::deciding(move |asked| Box::pin(std::future::ready(speaking.reply(&asked)))).await;
    let workspace = Workspace::forgetful().await;
    let far = FarEnds { model: model.url.clone(), workspace: workspace.url.clone() };
    let data_dir = std::env::temp_dir().join(format!("bricklayer-bench-{}", std::process::id()));
    std::fs::create_dir_all(&data_dir)?;
    let result = measure(&options, &shared, &far, &data_dir).await;
    std::fs::remove_dir_all(&data_dir).context("remove the bench's data")?;
    result?.print();
    Ok(())
}

async fn measure(options: &Options, shared: &Shared, far: &FarEnds, data_dir: &std::path::Path) -> Result<Table> {
    let binary = host::binary()?;
    let mut table = Table::default();
    let database = options.database.as_deref();
    let place = results::Place { binary: &binary, data_dir, far, database };
    let work = options.work_plugin.as_deref();
    if options.only_results {
        results::measure(&mut table, &place, work, options.turns, options.rows).await?;
        return Ok(table);
    }
    if options.only_bundles {
        bundles::measure(&mut table, &binary, data_dir, &far.model).await?;
        return Ok(table);
    }
    if options.only_transfers {
        transfers::measure(&mut table, &binary, data_dir, &far.model).await?;
        return Ok(table);
    }

    let first = Host::start(&binary, data_dir, far, database).await?;
    table.row("first start to healthy (plugins compiled)", ms(first.start_up), "");
    first.stop().await?;
    let host = Host::start(&binary, data_dir, far, database).await?;
    table.row("warm start to healthy", ms(host.start_up), "< 1 s");
    table.row("idle host, resident", format!("{:.1} MiB", mib(host.rss_kib()?)), "< 120 MiB");

    let floor = floor(far, options.turns).await?;
    table.row("HTTP floor, one user, p50", ms(floor), "");

    conversation::measure(&mut table, &host).await?;
    if options.only_conversation {
        host.stop().await?;
        return Ok(table);
    }
    one_user(&mut table, &host, options, floor).await?;
    many_users(&mut table, &host, options).await?;
    deltas(&mut table, &host, shared).await?;
    silent(&mut table, &host, shared, options).await?;
    table.row("host after the runs, resident", format!("{:.1} MiB", mib(host.rss_kib()?)), "");
    host.stop().await?;
    results::measure(&mut table, &place, work, options.turns, options.rows).await?;
    transfers::measure(&mut table, &binary, data_dir, &far.model).await?;
    bundles::measure(&mut table, &binary, data_dir, &far.model).await?;
    match &options.noop_plugin {
        Some(package) => calls::measure(&mut table, package, &data_dir.join("bench-cache")).await?,
        None => eprintln!("no-op plugin calls: not measured, --noop-plugin names no package"),
    }
    for (language, package) in
        [("Rust", &options.noop_plugin), ("JavaScript", &options.javascript_plugin), ("Python", &options.python_plugin)]
    {
        match package {
            Some(package) => {
                let cache = data_dir.join(format!("bench-{language}"));
                languages::measure(&mut table, language, package, &cache).await?;
            }
            None => eprintln!("the no-op in {language}: not measured, no package is named"),
        }
    }
    match (&options.noop_plugin, &options.work_plugin) {
        (Some(quick), Some(slow)) => fairness::measure(&mut table, quick, slow, data_dir).await?,
        _ => eprintln!("fairness: not measured, a package is not named"),
    }
    match &options.work_plugin {
        Some(work) => {
            let packages = sandbox::Packages { work, sql: options.sql_plugin.as_deref() };
            sandbox::measure(&mut table, &packages, &far.workspace, data_dir).await?;
        }
        None => eprintln!("the sandbox by itself: not measured, --work-plugin names no package"),
    }
    Ok(table)
}

#[expect(clippy::cast_precision_loss, reason = "a report")]
pub(crate) fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

/// The traffic of one turn with nothing between: model, statement, model.
async fn floor(far: &FarEnds, turns: usize) -> Result<Duration> {
    let http = reqwest::Client::builder().no_proxy().build()?;
    let model = format!("{}v1/messages", far.model);
    let sql = format!("{}api/2.0/sql/statements", far.workspace);
    let ask = json!({"messages": [{"role": "user", "content": "turn"}]});
    let answer = json!({"messages": [{"role": "user", "content": [{"type": "tool_result", "content": "1"}]}]});
    let mut samples = Vec::with_capacity(turns);
    for _ in 0..turns {
        let begun = Instant::now();
        http.post(&model).json(&ask).send().await?.bytes().await?;
        http.post(&sql).json(&json!({"statement": "SELECT 1"})).send().await?.bytes().await?;
        http.post(&model).json(&answer).send().await?.bytes().await?;
        samples.push(begun.elapsed());
    }
    Ok(percentile(&mut samples, 0.5))
}

async fn one_user(table: &mut Table, host: &Host, options: &Options, floor: Duration) -> Result<()> {
    let user = User::new(&host.base, "one@example.com").await?;
    for _ in 0..20 {
        user.turn("turn").await?;
    }
    let cpu = host.cpu()?;
    let mut samples = Vec::with_capacity(options.turns);
    for _ in 0..options.turns {
        samples.push(user.turn("turn").await?);
    }
    let cpu = (host.cpu()? - cpu) / u32::try_from(options.turns)?;
    let p50 = percentile(&mut samples, 0.5);
    table.row("turn with one execute_sql, one user, p50", ms(p50), "< 8 ms");
    table.row("the same, p99", ms(percentile(&mut samples, 0.99)), "");
    table.row("the same, times the floor", format!("{:.1}", p50.as_secs_f64() / floor.as_secs_f64()), "");
    table.row("CPU per turn, one user", ms(cpu), "< 5 ms");
    Ok(())
}

async fn many_users(table: &mut Table, host: &Host, options: &Options) -> Result<()> {
    let users = try_join_all(
        (0..options.users).map(|n| async move { User::new(&host.base, &format!("u{n}@example.com")).await }),
    )
    .await?;
    let (cpu, begun) = (host.cpu()?, Instant::now());
    let runs = users.iter().map(|user| async move {
        let mut samples = Vec::with_capacity(options.turns_per_user);
        for _ in 0..options.turns_per_user {
            samples.push(user.turn("turn").await?);
        }
        anyhow::Ok(samples)
    });
    let mut samples: Vec<Duration> = try_join_all(runs).await?.into_iter().flatten().collect();
    let elapsed = begun.elapsed();
    let cpu = (host.cpu()? - cpu) / u32::try_from(samples.len())?;
    let name = format!("{} users", options.users);
    #[expect(clippy::cast_precision_loss, reason = "a report")]
    let rate = samples.len() as f64 / elapsed.as_secs_f64();
    table.row(&format!("turns per second, {name}"), format!("{rate:.0}"), ">= 300");
    table.row(&format!("turn p50, {name}"), ms(percentile(&mut samples, 0.5)), "");
    table.row(&format!("turn p99, {name}"), ms(percentile(&mut samples, 0.99)), "");
    table.row(&format!("CPU per turn, {name}"), ms(cpu), "< 5 ms");
    table.row(&format!("host during {name}, resident"), format!("{:.1} MiB", mib(host.rss_kib()?)), "");
    Ok(())
}

/// From the model's write of a delta to the client's read of it; both clocks are this process's.
async fn deltas(table: &mut Table, host: &Host, shared: &Shared) -> Result<()> {
    let user = User::new(&host.base, "deltas@example.com").await?;
    let mut samples = Vec::new();
    let mut shown = 0_u64;
    // What was sent before the stream was open arrives with it, in one piece, and measures the connection.
    let mut opened = None;
    let execution = user.invoke("deltas 500").await?;
    user.follow(&execution, |event| {
        // A stored delta repeats what its previews showed; the offset says how much is new.
        let (Some(offset), Some(text)) = (event["offset"].as_u64(), event["text"].as_str()) else { return };
        if event["type"] != "text_delta" || offset < shown {
            return;
        }
        shown = offset + text.chars().count() as u64;
        let now = shared.now_us();
        let opened = *opened.get_or_insert(now);
        let stamps = text.split_whitespace().filter_map(|word| word.strip_prefix('t')?.parse::<u64>().ok());
        samples
            .extend(stamps.filter(|sent| *sent >= opened).map(|sent| Duration::from_micros(now.saturating_sub(sent))));
    })
    .await?;
    table.row(&format!("delta to client, p50 of {}", samples.len()), ms(percentile(&mut samples, 0.5)), "< 2 ms");
    table.row("delta to client, p99", ms(percentile(&mut samples, 0.99)), "");
    Ok(())
}

/// Turns that wait for a model that says nothing: what each costs, and what they cost a quick turn beside them.
async fn silent(table: &mut Table, host: &Host, shared: &Shared, options: &Options) -> Result<()> {
    let quick = User::new(&host.base, "quick@example.com").await?;
    let mut alone = Vec::new();
    for _ in 0..100 {
        alone.push(quick.turn("turn").await?);
    }
    let waiting =
        try_join_all((0..10).map(|n| async move { User::new(&host.base, &format!("silent{n}@example.com")).await }))
            .await?;
    let before = host.rss_kib()?;
    let mut executions = Vec::new();
    for n in 0..options.silent {
        let user = waiting.get(n % waiting.len()).context("a user")?;
        executions.push((user.clone(), user.invoke("silent").await?));
    }
    let deadline = Instant::now() + Duration::from_secs(30);
    while shared.silent() < options.silent && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let after = host.rss_kib()?;
    let per_turn = after.saturating_sub(before) / u64::try_from(options.silent.max(1))?;
    table.row(
        &format!("a waiting turn, resident ({} at once)", shared.silent()),
        format!("{per_turn} KiB"),
        "< 256 KiB",
    );
    let mut beside = Vec::new();
    for _ in 0..100 {
        beside.push(quick.turn("turn").await?);
    }
    let (alone, beside) = (percentile(&mut alone, 0.5), percentile(&mut beside, 0.5));
    let ratio = beside.as_secs_f64() / alone.as_secs_f64();
    table.row("quick turn beside them, times alone, p50", format!("{ratio:.2}"), "1.0");
    shared.release();
    for (user, execution) in executions {
        user.follow(&execution, |_| ()).await?;
    }
    Ok(())
}
