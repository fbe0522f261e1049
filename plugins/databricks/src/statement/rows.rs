//! The rows of a statement that ended well: all of them into a result, a head of them into the answer.

use std::time::Duration;

use bricklayer_sdk::results::{self, Appended, OpenResult, Origin};
use bricklayer_sdk::{
    Errand, Failure, Kind, LogLevel, Method, Platform, Request, Response, TransportError, api_failure,
};

use super::path;
use super::wire::{Answer, Chunk, Column, HEAD_ROWS, Link, MAX_CELL_BYTES, Manifest, Row, head, row_bytes};

/// Chunks that are asked for before the one that is read has come: the next is on its way while one is stored. The guest
/// holds one whole chunk at a time.
const CHUNKS_AHEAD: usize = 3;

/// Links that are asked for before their rows are fetched: they are good for some minutes only.
const LINKS_AT_ONCE: u64 = 16;

/// Time of the call that is left alone: what has come by then is kept as partial, and the answer can still be given.
const END_MARGIN: Duration = Duration::from_secs(4);

/// The rows of a statement that ended well.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rows {
    /// The columns, in order.
    pub columns: Vec<Column>,
    /// The first rows.
    pub rows: Vec<Row>,
    /// Rows of the whole result, when the workspace counted them without a limit of ours.
    pub total: Option<u64>,
    /// Whether there are more rows than these.
    pub truncated: bool,
    /// Where all of them are kept.
    pub kept: Option<Kept>,
}

/// A result that holds a statement's rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its id.
    pub id: String,
    /// Rows in it.
    pub rows: u64,
    /// Why it is not all that there was.
    pub cut: Option<String>,
}

/// What is fetched.
pub(super) struct Fetch<'a> {
    pub(super) id: &'a str,
    pub(super) answer: Answer,
    /// Rows of the answer where they are kept nowhere else.
    pub(super) keep_rows: usize,
    /// Rows that the caller let the workspace give at most.
    pub(super) asked: Option<u32>,
    /// Where the rows come from and how they are made again, when they are kept whole.
    pub(super) keep: Option<(Origin, Option<(String, String)>)>,
}

/// Fetches the rows, chunk by chunk.
///
/// # Errors
/// When a chunk does not come; what came before is kept as partial.
pub(super) fn fetch<P: Platform>(platform: &P, fetch: Fetch<'_>) -> Result<Rows, Failure> {
    let Fetch { id, answer, keep_rows, asked, keep } = fetch;
    let manifest = answer.manifest.unwrap_or_default();
    let first = answer.result.unwrap_or_default();
    let kept = keep.filter(|_| !manifest.schema.columns.is_empty()).and_then(|(origin, again)| {
        let result = open(platform, &manifest, origin.clone(), again)?;
        Some((result, origin))
    });
    let keep_rows = if kept.is_some() { keep_rows.min(HEAD_ROWS) } else { keep_rows };
    let (result, origin) = kept.unzip();
    let counted = manifest.total_row_count;
    // What is cut is counted as far as it came, which says nothing about the whole.
    let total = counted.filter(|_| !manifest.truncated);
    let asked = asked.map(u64::from).filter(|asked| counted == Some(*asked));
    let rows = Rows { columns: manifest.schema.columns, truncated: manifest.truncated, ..Rows::default() };
    let mut taking =
        Taking { platform, result, keep_rows, rows, bytes: 0, came: 0, total: counted, full: None, broken: false };
    let fetched = taking.all(id, first, manifest.total_chunk_count);
    let Taking { result, mut rows, full, broken, .. } = taking;
    if let Some(result) = result {
        let origin =
            Origin { rows: total.or(asked), truncated: Some(manifest.truncated), ..origin.unwrap_or_default() };
        let id = result.id().to_owned();
        let ended = match &fetched {
            Ok(true) if !broken => result.finish_with(&origin),
            Ok(_) | Err(_) => result.break_off(Some(&origin)),
        };
        match ended {
            Ok(ended) => rows.kept = Some(Kept { id, rows: ended.rows, cut: ended.cut.or(full) }),
            Err(error) => platform.log(LogLevel::Warn, &format!("the rows were not kept: {error}")),
        }
    }
    fetched?;
    rows.total = total.or((!rows.truncated).then_some(rows.rows.len() as u64));
    rows.truncated |= rows.total.is_some_and(|total| total > rows.rows.len() as u64);
    Ok(rows)
}

fn open<'a, P: Platform>(
    platform: &'a P,
    manifest: &Manifest,
    origin: Origin,
    again: Option<(String, String)>,
) -> Option<OpenResult<'a, P>> {
    let columns = manifest.schema.columns.iter().map(|column| {
        let kind = if column.type_text.is_empty() { &column.type_name } else { &column.type_text };
        (column.name.clone(), kind.clone())
    });
    let mut about = results::table(columns).origin(origin);
    about.again = again;
    match about.open(platform) {
        Ok(result) => Some(result),
        Err(error) => {
            platform.log(LogLevel::Debug, &format!("the rows are not kept whole: {error}"));
            None
        }
    }
}

/// Rows on their way.
struct Taking<'a, P> {
    platform: &'a P,
    result: Option<OpenResult<'a, P>>,
    keep_rows: usize,
    rows: Rows,
    /// Bytes of the cells of the answer.
    bytes: usize,
    /// Rows that have come.
    came: u64,
    total: Option<u64>,
    /// Why the result takes no more.
    full: Option<String>,
    /// Whether it takes no more because something in it could not be kept.
    broken: bool,
}

impl<P: Platform> Taking<'_, P> {
    /// Takes all chunks; whether all that is wanted came.
    fn all(&mut self, id: &str, first: Chunk, chunks: Option<u64>) -> Result<bool, Failure> {
        if first.external_links.is_empty() {
            return self.all_inline(id, first, chunks);
        }
        let mut links = first.external_links;
        loop {
            let next = links.last().and_then(|link| link.next_chunk_index);
            let in_time = self.follow(std::mem::take(&mut links))?;
            let Some(from) = next else { return Ok(in_time) };
            if !in_time || !self.wants_more() {
                self.rows.truncated = true;
                return Ok(in_time);
            }
            let to = chunks.unwrap_or(from + 1).clamp(from + 1, from + LINKS_AT_ONCE);
            let mut failed = None;
            self.platform.run_each(&mut chunk_requests(id, from, to), CHUNKS_AHEAD, &mut |answer| {
                match chunk(answer) {
                    Ok(chunk) => links.extend(chunk.external_links),
                    Err(failure) => failed = Some(failure),
                }
                failed.is_none()
            });
            if let Some(failure) = failed {
                return Err(failure);
            }
        }
    }

    fn all_inline(&mut self, id: &str, first: Chunk, chunks: Option<u64>) -> Result<bool, Failure> {
        let mut next = first.next_chunk_index;
        self.take(first)?;
        let mut in_time = true;
        while let Some(from) = next.filter(|_| in_time && self.wants_more()) {
            let platform = self.platform;
            let mut failed = None;
            // Where their number is not known each answer names the next.
            let to = chunks.unwrap_or(from + 1).max(from + 1);
            platform.run_each(&mut chunk_requests(id, from, to), CHUNKS_AHEAD, &mut |answer| {
                match chunk(answer).and_then(|chunk| {
                    next = chunk.next_chunk_index;
                    self.take(chunk)
                }) {
                    Ok(()) => in_time = next.is_none() || self.has_time(),
                    Err(failure) => failed = Some(failure),
                }
                failed.is_none() && in_time && self.wants_more()
            });
            if let Some(failure) = failed {
                return Err(failure);
            }
        }
        self.rows.truncated |= next.is_some();
        Ok(in_time)
    }

    /// Takes the rows that some links lead to; whether there was time for all that is wanted.
    fn follow(&mut self, links: Vec<Link>) -> Result<bool, Failure> {
        let mut counts =
            links.iter().map(|link| (link.row_count, link.next_chunk_index.is_some())).collect::<Vec<_>>().into_iter();
        let mut errands = links.into_iter().map(|link| Errand::Follow {
            url: link.external_link,
            headers: link.http_headers.unwrap_or_default().into_iter().collect(),
        });
        let (platform, mut failed, mut in_time) = (self.platform, None, true);
        platform.run_each(&mut errands, CHUNKS_AHEAD, &mut |answer| {
            let (count, more) = counts.next().unwrap_or_default();
            match whole(answer).and_then(|rows| self.take_rows(&rows, count, more)) {
                Ok(()) => in_time = !more || self.has_time(),
                Err(failure) => failed = Some(failure),
            }
            failed.is_none() && in_time && self.wants_more()
        });
        failed.map_or(Ok(in_time), Err)
    }

    /// Whether another chunk has its use.
    fn wants_more(&self) -> bool {
        match &self.result {
            Some(_) => self.full.is_none(),
            None => self.rows.rows.len() < self.keep_rows && self.bytes <= MAX_CELL_BYTES,
        }
    }

    fn has_time(&self) -> bool {
        self.platform.context().time_left > END_MARGIN
    }

    fn take(&mut self, chunk: Chunk) -> Result<(), Failure> {
        let Some(data) = chunk.data_array else { return Ok(()) };
        self.take_rows(data.get().as_bytes(), chunk.row_count, chunk.next_chunk_index.is_some())
    }

    fn take_rows(&mut self, data: &[u8], count: Option<u64>, more: bool) -> Result<(), Failure> {
        let wanted = self.keep_rows.saturating_sub(self.rows.rows.len());
        if wanted > 0 && self.bytes <= MAX_CELL_BYTES {
            let head = head(data, wanted).map_err(|error| odd(&error))?;
            self.rows.truncated |= head.capped;
            for row in head.rows {
                self.bytes = self.bytes.saturating_add(row_bytes(&row));
                if self.bytes > MAX_CELL_BYTES && !self.rows.rows.is_empty() {
                    self.rows.truncated = true;
                    break;
                }
                self.rows.rows.push(row);
            }
        } else {
            self.rows.truncated = true;
        }
        if let (Some(result), None) = (&mut self.result, &self.full) {
            match result.append_json(data) {
                Ok(Appended::Taken) => {}
                Ok(Appended::Full(why)) => self.full = Some(why),
                Err(error) => {
                    self.platform.log(LogLevel::Warn, &format!("rows were not kept: {error}"));
                    (self.full, self.broken) = (Some(error.to_string()), true);
                }
            }
        }
        self.came += count.unwrap_or(0);
        if let Some(total) = self.total.filter(|_| more) {
            let came = self.came;
            self.platform.progress(&format!("Fetching rows: {came} of {total}"), Some(came as f64), Some(total as f64));
        }
        Ok(())
    }
}

fn chunk_requests(id: &str, from: u64, to: u64) -> impl Iterator<Item = Errand> {
    let id = id.to_owned();
    (from..to).map(move |index| {
        let path = path(&id, &format!("/result/chunks/{index}"));
        Errand::Send(Request { method: Method::Get, path, body: None })
    })
}

fn whole(answer: Result<Response, TransportError>) -> Result<Vec<u8>, Failure> {
    let response = answer?;
    if response.is_success() { Ok(response.body) } else { Err(api_failure(&response)) }
}

fn chunk(answer: Result<Response, TransportError>) -> Result<Chunk, Failure> {
    serde_json::from_slice(&whole(answer)?).map_err(|error| odd(&error))
}

fn odd(error: &serde_json::Error) -> Failure {
    Failure::new(Kind::Upstream, format!("the workspace's rows have an unknown shape: {error}"))
}
