//! What results cost: what a small one adds to a turn, and a large one on its way in, out, and by pages.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::client::{User, text};
use crate::host::{FarEnds, Host};
use crate::mib;
use crate::stats::{Table, ms, percentile};

/// Turns before those that are measured.
const WARM_UP: usize = 20;
/// Pages that are read, each at another place.
const PAGES: u64 = 30;
/// Rows of a page.
const PAGE_ROWS: u64 = 100;
/// The driver's users install the plugin with work themselves.
const SETTINGS: [(&str, &str); 1] = [("BRICKLAYER_PLUGINS_INSTALLERS", "everyone")];
const WITHOUT_CACHE: [(&str, &str); 1] = [("BRICKLAYER_RESULTS_COLUMN_CACHE_MIB", "1")];

/// Where hosts are started.
pub(crate) struct Place<'a> {
    pub(crate) binary: &'a Path,
    pub(crate) data_dir: &'a Path,
    pub(crate) far: &'a FarEnds,
    pub(crate) database: Option<&'a str>,
}

impl Place<'_> {
    async fn start(&self, settings: &[(&str, &str)]) -> Result<Host> {
        Host::start_with(self.binary, self.data_dir, self.far, self.database, settings).await
    }

    /// Bytes of the embedded database.
    fn database_bytes(&self) -> Result<u64> {
        let mut bytes = 0;
        for entry in std::fs::read_dir(self.data_dir)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(DATABASE) {
                bytes += entry.metadata()?.len();
            }
        }
        Ok(bytes)
    }
}

/// What the embedded database's files begin with.
const DATABASE: &str = "bricklayer.db";

pub(crate) async fn measure(
    table: &mut Table,
    place: &Place<'_>,
    work: Option<&Path>,
    turns: usize,
    rows: u64,
) -> Result<()> {
    let host = place.start(&SETTINGS).await?;
    match work {
        Some(work) => small(table, &host, work, turns).await?,
        None => eprintln!("a small result: not measured, --work-plugin names no package"),
    }
    let user = User::new(&host.base, "large@example.com").await?;
    let id = large(table, place, &host, &user, rows).await?;
    out(table, &host, &user, &id, rows).await?;
    let kept = pages(&user, &id, rows).await?;
    host.stop().await?;
    let host = place.start(&WITHOUT_CACHE).await?;
    let read = pages(&user.at(&host.base), &id, rows).await?;
    host.stop().await?;
    table.row(&format!("a page of {PAGE_ROWS} of them, sorted, p50"), ms(kept), "");
    table.row("the same with a cache that holds none of their columns", ms(read), "");
    Ok(())
}

/// A turn whose tool makes ten rows, and one whose tool keeps them as well: by turns, so that both meet the same machine.
async fn small(table: &mut Table, host: &Host, work: &Path, turns: usize) -> Result<()> {
    let user = User::new(&host.base, "small@example.com").await?;
    user.install(&std::fs::read(work).with_context(|| format!("read {}", work.display()))?).await?;
    let (mut bare, mut kept) = (Vec::new(), Vec::new());
    for turn in 0..WARM_UP + turns {
        for (message, samples) in [("table bare", &mut bare), ("table kept", &mut kept)] {
            let (took, _) = user.call(message).await?;
            if turn >= WARM_UP {
                samples.push(took);
            }
        }
    }
    let (bare, kept) = (percentile(&mut bare, 0.5), percentile(&mut kept, 0.5));
    table.row("turn with a tool that makes 10 rows, p50", ms(bare), "");
    table.row("the same with the rows kept as a result", ms(kept), "");
    let more = (kept.as_secs_f64() - bare.as_secs_f64()) * 1e3;
    table.row("what the result adds", format!("{more:.3} ms"), "<= 0.3 ms");
    Ok(())
}

/// A statement of many rows, from its message to the end of its turn; its result's id.
async fn large(table: &mut Table, place: &Place<'_>, host: &Host, user: &User, rows: u64) -> Result<String> {
    let before = place.database_bytes()?;
    host.peak_kib()?;
    let (took, outcome) = user.call(&format!("rows {rows}")).await?;
    let peak = host.peak_kib()?;
    let kept = outcome.get("results").and_then(|results| results.get(0)).context("a result")?;
    let id = text(kept, "id").context("its id")?.to_owned();
    let info = user.get(&format!("/api/results/{id}")).await?;
    let columns = info.get("columns").and_then(Value::as_array).map_or(0, Vec::len);
    let what = format!("{} rows of {columns} columns, from the workspace into a result", info["rows"]);
    table.row(&what, format!("{}, peak {:.0} MiB", rate(rows, took), mib(peak)), "flat memory");
    #[expect(clippy::cast_precision_loss, reason = "a report")]
    let per_million = |bytes: u64| bytes as f64 / (rows * columns as u64) as f64;
    let mut grown = format!("{:.1} MB", per_million(info["stored_bytes"].as_u64().unwrap_or_default()));
    if place.database.is_none() {
        let files = per_million(place.database_bytes()?.saturating_sub(before));
        grown = format!("{grown}; its files with the log {files:.1} MB");
    }
    table.row("the database grows by, per million cells", grown, "");
    Ok(id)
}

async fn out(table: &mut Table, host: &Host, user: &User, id: &str, rows: u64) -> Result<()> {
    for format in ["csv", "xlsx", "parquet"] {
        host.peak_kib()?;
        let begun = Instant::now();
        let bytes = user.download(&format!("/api/results/{id}/download?format={format}")).await?;
        let (took, peak) = (begun.elapsed(), host.peak_kib()?);
        let measured = format!("{}, {:.0} MiB, peak {:.0} MiB", rate(rows, took), mib(bytes / 1024), mib(peak));
        table.row(&format!("the same as {format}"), measured, "flat memory");
    }
    Ok(())
}

/// A page in the order of a column, somewhere; the order itself was made before.
async fn pages(user: &User, id: &str, rows: u64) -> Result<Duration> {
    let page = |number: u64| {
        // Far from each other, and the same in each run.
        let offset = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) % rows.saturating_sub(PAGE_ROWS).max(1);
        format!("/api/results/{id}/rows?offset={offset}&limit={PAGE_ROWS}&sort=1:desc")
    };
    user.get(&page(0)).await?;
    let mut samples = Vec::new();
    for number in 1..=PAGES {
        let begun = Instant::now();
        user.get(&page(number)).await?;
        samples.push(begun.elapsed());
    }
    Ok(percentile(&mut samples, 0.5))
}

fn rate(rows: u64, took: Duration) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a report")]
    let rate = rows as f64 / took.as_secs_f64();
    format!("{rate:.0} rows/s")
}
