//! A no-op plugin call through the whole host path, in this process: schema check, permit, fresh store and instance,
//! call, conversion. What is left out is what a turn adds: log, model, stream.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use bricklayer_runtime::{FairnessLimits, Plugin, Runtime, RuntimeConfig, ToolNamespace};
use futures::future::try_join_all;
use serde_json::json;

use crate::sandbox::context;
use crate::stats::{Table, percentile};

/// Calls of each row, shared among its parallel callers.
const CALLS: usize = 20_000;

pub(crate) async fn measure(table: &mut Table, package: &Path, cache: &Path) -> Result<()> {
    let runtime = Runtime::new(RuntimeConfig { fairness: FairnessLimits::unlimited(), ..RuntimeConfig::new(cache) })?;
    let bytes = std::fs::read(package).with_context(|| format!("read {}", package.display()))?;
    let plugin = runtime.load(bytes, ToolNamespace::databricks()).await?;
    for parallel in [1, 16, 64] {
        let aim = if parallel == 1 { "p50 < 200 us, p99 < 1 ms" } else { ">= 5000 per second" };
        let what = format!("no-op plugin call, {parallel} at once");
        row(table, &what, &runtime, &plugin, (parallel, CALLS), aim).await?;
    }
    runtime.drain().await;
    Ok(())
}

/// Measures `calls` calls of a guest's `noop`, shared among so many `parallel` callers, after a few to warm up.
pub(crate) async fn row(
    table: &mut Table,
    what: &str,
    runtime: &Runtime,
    plugin: &Arc<Plugin>,
    (parallel, calls): (usize, usize),
    aim: &str,
) -> Result<()> {
    run(runtime, plugin, parallel, calls / 10).await?;
    let begun = Instant::now();
    let mut samples = run(runtime, plugin, parallel, calls).await?;
    #[expect(clippy::cast_precision_loss, reason = "a report")]
    let rate = samples.len() as f64 / begun.elapsed().as_secs_f64();
    let [p50, p99] = [0.5, 0.99].map(|share| percentile(&mut samples, share).as_micros());
    table.row(what, format!("p50 {p50} us, p99 {p99} us, {rate:.0} per second"), aim);
    Ok(())
}

async fn run(runtime: &Runtime, plugin: &Arc<Plugin>, parallel: usize, calls: usize) -> Result<Vec<Duration>> {
    let callers = (0..parallel).map(|caller| async move {
        let context = context(&format!("caller{caller}@example.com"))?;
        let mut samples = Vec::with_capacity(calls / parallel);
        for value in 0..calls / parallel {
            let begun = Instant::now();
            let outcome = runtime.call(plugin, "noop", &json!({"value": value}), context.clone()).await;
            samples.push(begun.elapsed());
            if let Some(failure) = outcome.failure {
                bail!("the no-op call failed: {}", failure.message);
            }
        }
        anyhow::Ok(samples)
    });
    Ok(try_join_all(callers).await?.into_iter().flatten().collect())
}
