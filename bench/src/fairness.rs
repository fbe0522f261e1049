//! What five hundred calls of one user, waiting or computing, are to another user's quick ones.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bricklayer_runtime::{CallContext, Limits, Plugin, Runtime, RuntimeConfig, ToolNamespace};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::sandbox::{check, context};
use crate::stats::{Table, percentile};

/// Calls of the heavy user, all at once.
const SLOW_CALLS: usize = 500;
/// Calls of the other one in each round. All rounds together stay below what a user may call in a minute.
const QUICK_CALLS: usize = 500;
/// Alone and beside take turns, so that what else the machine does falls on both.
const ROUNDS: usize = 5;

pub(crate) async fn measure(table: &mut Table, quick: &Path, slow: &Path, dir: &Path) -> Result<()> {
    for (what, tool, input) in [
        ("waiting", "park", json!({"millis": 30_000})),
        // More than a call may compute: each is stopped at the end of its round.
        ("computing", "burn", json!({"rounds": u32::MAX})),
    ] {
        // The shares of a fresh host, as it comes.
        let mut config = RuntimeConfig::new(dir.join("fairness"));
        config.limits = Limits { cpu: Duration::from_secs(300), ..config.limits };
        let runtime = Arc::new(Runtime::new(config)?);
        let load = async |path: &Path| {
            let bytes = std::fs::read(path).with_context(|| format!("read {}", path.display()))?;
            anyhow::Ok(runtime.load(bytes, ToolNamespace::databricks()).await?)
        };
        let (quick, slow) = (load(quick).await?, load(slow).await?);
        let (mut alone, mut beside) = (Vec::new(), Vec::new());
        quick_calls(&runtime, &quick).await?;
        for _ in 0..ROUNDS {
            alone.extend(quick_calls(&runtime, &quick).await?);
            beside.extend(beside_slow_calls(&runtime, &quick, &slow, tool, &input).await?);
        }
        runtime.drain().await;
        let [alone, beside] = [&mut alone, &mut beside].map(|samples| percentile(samples, 0.95));
        let more = (beside.as_secs_f64() / alone.as_secs_f64() - 1.0) * 100.0;
        table.row(
            &format!("a user's call beside {SLOW_CALLS} {what} ones of another, p95"),
            format!("{} us, {more:+.0} % of alone ({} us)", beside.as_micros(), alone.as_micros()),
            "< +25 %",
        );
    }
    Ok(())
}

async fn beside_slow_calls(
    runtime: &Arc<Runtime>,
    quick: &Arc<Plugin>,
    slow: &Arc<Plugin>,
    tool: &'static str,
    input: &Value,
) -> Result<Vec<Duration>> {
    let stop = CancellationToken::new();
    let heavy = CallContext { cancel: stop.clone(), ..context("heavy@example.com")? };
    // Tasks of their own, as connections have. Most are refused at once, which is part of what nobody else may feel.
    let mut calls = JoinSet::new();
    for _ in 0..SLOW_CALLS {
        let (runtime, slow, input, heavy) = (Arc::clone(runtime), Arc::clone(slow), input.clone(), heavy.clone());
        calls.spawn(async move { runtime.call(&slow, tool, &input, heavy).await });
    }
    let samples = quick_calls(runtime, quick).await;
    stop.cancel();
    calls.join_all().await;
    samples
}

async fn quick_calls(runtime: &Runtime, plugin: &Arc<Plugin>) -> Result<Vec<Duration>> {
    let light = context("light@example.com")?;
    let mut samples = Vec::with_capacity(QUICK_CALLS);
    for value in 0..QUICK_CALLS {
        let begun = Instant::now();
        check(runtime.call(plugin, "noop", &json!({"value": value}), light.clone()).await)?;
        samples.push(begun.elapsed());
    }
    Ok(samples)
}
