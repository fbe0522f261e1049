//! Results in chunks of text, within their limits.

use bytes::Bytes;
use duckdb::arrow::array::ArrayRef;

use super::{
    cells::{Format, append_cell, append_row},
    schema::Column,
};
use crate::sql::language::error::SqlError;

/// Rows of one chunk at most; with the next bound this keeps answers at a few megabytes.
const CHUNK_ROWS: u64 = 10_000;

/// Bytes of one chunk at most (a single row may be larger).
const CHUNK_BYTES: usize = 4 * 1024 * 1024;

/// What bounds a result.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Rows to give; more are cut and the result says so.
    pub(crate) row_limit: Option<u64>,
    /// Bytes to give; more are cut and the result says so.
    pub(crate) byte_limit: Option<u64>,
    /// Bytes that fail the statement when they are exceeded.
    pub(crate) inline_bytes: Option<usize>,
    /// Bytes after which any result is cut.
    pub(crate) total_bytes: usize,
    pub(crate) format: Format,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            row_limit: None,
            byte_limit: None,
            inline_bytes: None,
            total_bytes: 64 * 1024 * 1024,
            format: Format::JsonArray,
        }
    }
}

/// A part of a result.
#[derive(Debug, Clone)]
pub(crate) struct Chunk {
    pub(crate) row_offset: u64,
    pub(crate) row_count: u64,
    /// The rows in the asked form; for JSON a whole array of arrays.
    pub(crate) data: Bytes,
}

/// A result set.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rows {
    pub(crate) columns: Vec<Column>,
    pub(crate) chunks: Vec<Chunk>,
    pub(crate) row_count: u64,
    pub(crate) truncated: bool,
}

/// Puts rows into chunks and watches the limits.
pub(super) struct Collector {
    limits: Limits,
    columns: Vec<Column>,
    chunks: Vec<Chunk>,
    text: String,
    chunk_rows: u64,
    rows: u64,
    bytes: usize,
    truncated: bool,
}

impl Collector {
    pub(super) fn new(columns: Vec<Column>, limits: Limits) -> Self {
        let mut collector = Self {
            limits,
            columns,
            chunks: Vec::new(),
            text: String::new(),
            chunk_rows: 0,
            rows: 0,
            bytes: 0,
            truncated: false,
        };
        if limits.format == Format::Csv {
            for index in 0..collector.columns.len() {
                collector.text.push_str(if index > 0 { "," } else { "" });
                let name = collector.columns.get(index).map(|c| c.name.clone()).unwrap_or_default();
                append_cell(&mut collector.text, Format::Csv, Some(&name));
            }
            collector.text.push_str("\r\n");
        }
        collector
    }

    pub(super) fn push(&mut self, columns: &[ArrayRef], row: usize, longs: &[bool]) -> Result<bool, SqlError> {
        let json = self.limits.format == Format::JsonArray;
        if !self.admits() {
            return Ok(false);
        }
        let start = self.open_row(json);
        append_row(&mut self.text, self.limits.format, columns, row, longs)?;
        self.close_row(start)
    }

    pub(super) fn push_with(
        &mut self,
        append: impl FnOnce(&mut String, Format) -> Result<(), SqlError>,
    ) -> Result<bool, SqlError> {
        let json = self.limits.format == Format::JsonArray;
        if !self.admits() {
            return Ok(false);
        }
        let start = self.open_row(json);
        self.text.push_str(if json { "[" } else { "" });
        append(&mut self.text, self.limits.format)?;
        self.text.push_str(if json { "]" } else { "\r\n" });
        self.close_row(start)
    }

    fn admits(&mut self) -> bool {
        let full = self.limits.row_limit.is_some_and(|limit| self.rows >= limit);
        self.truncated |= full;
        !full
    }

    fn open_row(&mut self, json: bool) -> usize {
        if json && self.chunk_rows > 0 {
            self.text.push(',');
        }
        self.text.len()
    }

    /// Counts the row that was appended at `start`; `false` when it does not fit and nothing more may come.
    fn close_row(&mut self, start: usize) -> Result<bool, SqlError> {
        let bytes = self.bytes + (self.text.len() - start);
        if self.limits.inline_bytes.is_some_and(|limit| bytes > limit) {
            let limit = self.limits.inline_bytes.unwrap_or_default();
            return Err(inline_limit(limit));
        }
        let cut = self.limits.byte_limit.is_some_and(|limit| u64::try_from(bytes).unwrap_or(u64::MAX) > limit);
        if cut || bytes > self.limits.total_bytes {
            self.text.truncate(start);
            if self.text.ends_with(',') && self.chunk_rows > 0 {
                self.text.pop();
            }
            self.truncated = true;
            return Ok(false);
        }
        self.bytes = bytes;
        self.rows += 1;
        self.chunk_rows += 1;
        if self.chunk_rows >= CHUNK_ROWS || self.text.len() >= CHUNK_BYTES {
            self.close_chunk();
        }
        Ok(true)
    }

    fn close_chunk(&mut self) {
        if self.chunk_rows == 0 {
            return;
        }
        let text = std::mem::take(&mut self.text);
        let data = match self.limits.format {
            Format::JsonArray => format!("[{text}]"),
            Format::Csv => text,
        };
        let row_offset = self.rows - self.chunk_rows;
        self.chunks.push(Chunk { row_offset, row_count: self.chunk_rows, data: Bytes::from(data) });
        self.chunk_rows = 0;
    }

    pub(super) fn finish(mut self) -> Rows {
        self.close_chunk();
        Rows { columns: self.columns, chunks: self.chunks, row_count: self.rows, truncated: self.truncated }
    }
}

fn inline_limit(limit: usize) -> SqlError {
    let detail = format!(
        "Inline byte limit exceeded. Statements executed with disposition=INLINE can have a result size of at most {limit} \
         bytes. Please execute the statement with disposition=EXTERNAL_LINKS if you want to download the full result."
    );
    SqlError::new("INLINE_BYTE_LIMIT_EXCEEDED", "54000", detail)
}
