//! How fast results are written and read, in how much memory: a million rows in and out again, and small ones.
//!
//! `cargo run --workspace --release --example rates -- [ROWS] [DATABASE URL]`; without an address a fresh SQLite file.

#![allow(clippy::print_stdout, reason = "the figures are the output of this program")]

use std::error::Error;
use std::time::{Duration, Instant};

use bricklayer_domain::{
    ColumnType, LaneId, NewResult, ResultColumn, ResultHead, ResultId, ResultOrigin, Title, UserId,
};
use bricklayer_results::{
    DownloadRequest, Format, ResultEnd, Results, ResultsSettings, RowsRequest, TextChoices, ViewRequest,
};
use bricklayer_store::{Store, StoreOptions, StoreUrl};
use futures::TryStreamExt as _;

type Done<T> = Result<T, Box<dyn Error>>;

/// Rows that are handed over at once, as a page of the workspace's answer has.
const ROWS_AT_ONCE: u64 = 5_000;
/// Small results that are written one after the other.
const SMALL: u32 = 500;

fn columns() -> Vec<ResultColumn> {
    [
        ("id", ColumnType::Integer),
        ("fare", ColumnType::Decimal { precision: 12, scale: 2 }),
        ("tip", ColumnType::Double),
        ("pickup", ColumnType::Timestamp),
        ("day", ColumnType::Date),
        ("zone", ColumnType::String),
        ("note", ColumnType::String),
        ("paid", ColumnType::Boolean),
        ("hour", ColumnType::Integer),
        ("tags", ColumnType::Json),
    ]
    .into_iter()
    .map(|(name, kind)| ResultColumn { name: name.into(), kind, source_type: None })
    .collect()
}

fn rows(from: u64, count: u64) -> Vec<u8> {
    let mut text = String::from("[");
    for row in from..from + count {
        let mix = row.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
        let comma = if row == from { "" } else { "," };
        let (cents, second, minute) = (mix % 20_000, mix % 60, mix / 60 % 60);
        let (hour, day) = (mix / 3_600 % 24, 1 + mix % 28);
        text.push_str(&format!(
            "{comma}[\"{row}\",\"{}.{:02}\",\"{}\",\"2024-03-{day:02}T{hour:02}:{minute:02}:{second:02}.000Z\",\
             \"2024-03-{day:02}\",\"zone {}\",{},\"{}\",\"{hour}\",\"[{},{}]\"]",
            cents / 100,
            cents % 100,
            mix as f64 / 1e6,
            mix % 265,
            if mix % 7 == 0 { "null".to_owned() } else { format!("\"trip {mix}\"") },
            mix % 2 == 0,
            mix % 5,
            mix % 11,
        ));
    }
    text.push(']');
    text.into_bytes()
}

/// The most memory since this was asked last, in MiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok()).unwrap_or_default();
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    kib / 1024
}

fn tell(what: &str, rows: u64, took: Duration, more: &str) {
    let rate = rows as f64 / took.as_secs_f64();
    println!("{what}: {:.2} s, {rate:.0} rows/s, peak {} MiB{more}", took.as_secs_f64(), peak());
}

#[tokio::main]
async fn main() -> Done<()> {
    let mut arguments = std::env::args().skip(1);
    let count: u64 = arguments.next().map_or(Ok(1_000_000), |count| count.parse())?;
    let folder = std::env::temp_dir().join(format!("bricklayer-rates-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let file = folder.join("store.db");
    let url = arguments.next().map_or_else(|| Ok(StoreUrl::sqlite(&file)), |url| url.parse())?;
    let store = Store::connect(&url, StoreOptions::default()).await?;
    let measured = measure(&store, count, &file).await;
    store.close().await;
    std::fs::remove_dir_all(&folder)?;
    measured
}

async fn measure(store: &Store, count: u64, file: &std::path::Path) -> Done<()> {
    let user = UserId::parse("ann@example.com")?;
    let project = store.create_project(&user, &Title::parse("rates")?).await?;
    let conversation = store.create_conversation(&user, project.id, None).await?;
    let results = Results::new(store.clone(), ResultsSettings::default());
    let new = || NewResult {
        user: user.clone(),
        project: project.id,
        conversation: conversation.id,
        turn: None,
        lane: LaneId::MAIN,
        call: None,
        ordinal: 0,
        head: ResultHead::table(columns()),
        origin: ResultOrigin::default(),
    };
    let small = rows(0, 10);
    let mut samples = Vec::new();
    for _ in 0..SMALL {
        let begun = Instant::now();
        let mut writer = results.open(new())?;
        writer.append_json(&small).await?;
        writer.finish(ResultEnd::default()).await?;
        samples.push(begun.elapsed());
    }
    samples.sort_unstable();
    let at = |part: usize| samples.get(samples.len() * part / 100).copied().unwrap_or_default();
    println!("a result of 10 rows, 10 columns: p50 {:?}, p99 {:?}", at(50), at(99));
    let size = || {
        ["", "-wal"]
            .iter()
            .map(|end| std::fs::metadata(format!("{}{end}", file.display())).map_or(0, |file| file.len()))
            .sum::<u64>()
    };
    println!("database: {} bytes per small result", size() / u64::from(SMALL));

    let before = size();
    let resident = peak();
    println!("resident before: {resident} MiB");
    let begun = Instant::now();
    let mut making = Duration::ZERO;
    let mut writer = results.open(new())?;
    for from in (0..count).step_by(usize::try_from(ROWS_AT_ONCE)?) {
        let made = Instant::now();
        let rows = rows(from, ROWS_AT_ONCE.min(count - from));
        making += made.elapsed();
        writer.append_json(&rows).await?;
    }
    let stored = writer.finish(ResultEnd::default()).await?;
    let packed = format!(", {} MiB packed in {} pieces", stored.stored_bytes >> 20, stored.pieces);
    tell("in, from JSON", count, begun.elapsed() - making, &packed);
    let grown = size().saturating_sub(before) as f64 / (count * 10) as f64;
    println!("database: {:.1} MB per million cells (with the write-ahead log)", grown);

    page(&results, &user, stored.id, count).await?;
    for format in Format::ALL {
        let begun = Instant::now();
        let request =
            DownloadRequest { format, columns: None, view: ViewRequest::default(), choices: TextChoices::default() };
        let download = results.download(&user, stored.id, &request).await?;
        let bytes = download.stream.try_fold(0, |sum, bytes| async move { Ok(sum + bytes.len()) }).await?;
        tell(format.extension(), count, begun.elapsed(), &format!(", {} MiB", bytes >> 20));
    }
    Ok(())
}

async fn page(results: &Results, user: &UserId, id: ResultId, count: u64) -> Done<()> {
    let filter = r#"{"and": [{"column": 5, "op": "eq", "value": "zone 7"}, {"column": 1, "op": "ge", "value": "50"}]}"#;
    for (what, sort, filter) in [
        ("100 rows in the middle", None, None),
        ("the same, sorted by a number", Some("1:desc"), None),
        ("the same, sorted by a text", Some("6"), None),
        ("the same again", Some("6"), None),
        ("the same, filtered by two columns", None, Some(filter)),
    ] {
        let begun = Instant::now();
        let view = ViewRequest { sort: sort.map(str::to_owned), filter: filter.map(str::to_owned) };
        let offset = if filter.is_some() { 0 } else { count / 2 };
        let page = results.rows(user, id, &RowsRequest { offset, limit: 100, columns: None, view }).await?;
        println!("{what}: {:?} of {} rows, peak {} MiB", begun.elapsed(), page.total, peak());
    }
    let begun = Instant::now();
    results.summary(user, id, 1, None).await?;
    println!("a summary of a column: {:?}", begun.elapsed());
    let begun = Instant::now();
    results.distinct(user, id, 5, 100, None, None).await?;
    println!("different values of a column: {:?}", begun.elapsed());
    let begun = Instant::now();
    results.histogram(user, id, 1, 20, None).await?;
    println!("a histogram: {:?}", begun.elapsed());
    Ok(())
}
