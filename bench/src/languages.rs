//! The same no-op in each language that has a template: how large it is, how long it takes to be there, to start, to
//! answer. A call includes a fresh instance, as every call does.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use bricklayer_runtime::{FairnessLimits, Runtime, RuntimeConfig, ToolNamespace};

use crate::calls;
use crate::stats::{Table, ms, percentile};

/// Bare starts.
const STARTS: usize = 500;
/// Calls of each row, shared among its parallel callers.
const CALLS: usize = 4_000;

/// All rows of one guest.
pub(crate) async fn measure(table: &mut Table, language: &str, package: &Path, cache: &Path) -> Result<()> {
    let bytes = std::fs::read(package).with_context(|| format!("read {}", package.display()))?;
    table.row(&format!("no-op in {language}, package"), format!("{} KiB", bytes.len() / 1024), "");
    for what in ["compiled", "found compiled"] {
        let runtime = Runtime::new(RuntimeConfig::new(cache))?;
        let begun = Instant::now();
        runtime.load(bytes.clone(), ToolNamespace::databricks()).await?;
        table.row(&format!("no-op in {language}, {what}"), ms(begun.elapsed()), "");
        runtime.drain().await;
    }
    let config = RuntimeConfig { fairness: FairnessLimits::unlimited(), ..RuntimeConfig::new(cache) };
    let runtime = Runtime::new(config)?;
    let plugin = runtime.load(bytes, ToolNamespace::databricks()).await?;
    let mut starts = Vec::with_capacity(STARTS);
    for _ in 0..STARTS {
        let begun = Instant::now();
        runtime.dry_run(&plugin).await?;
        starts.push(begun.elapsed());
    }
    let [p50, p99] = [0.5, 0.99].map(|share| percentile(&mut starts, share).as_micros());
    table.row(&format!("no-op in {language}, instance started"), format!("p50 {p50} us, p99 {p99} us"), "");
    for parallel in [1, 16] {
        let what = format!("no-op in {language}, {parallel} at once");
        calls::row(table, &what, &runtime, &plugin, (parallel, CALLS), "").await?;
    }
    runtime.drain().await;
    Ok(())
}
