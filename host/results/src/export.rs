//! Writing rows out as files: piece by piece, so that a table of any size takes the memory of one piece.

mod csv;
mod jsonl;
mod parquet;
mod xlsx;
mod zip;

use std::collections::HashSet;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use bricklayer_domain::ResultColumn;

use crate::column::Rows;
use crate::error::ResultsError;

/// A kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// RFC 4180.
    Csv,
    /// Values between tabs.
    Tsv,
    /// An object per line.
    JsonLines,
    /// A workbook.
    Xlsx,
    /// Apache Parquet.
    Parquet,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 5] = [Self::Csv, Self::Tsv, Self::JsonLines, Self::Xlsx, Self::Parquet];

    /// The end of its files' names, and its word in the API.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::JsonLines => "jsonl",
            Self::Xlsx => "xlsx",
            Self::Parquet => "parquet",
        }
    }

    /// The media type of its files.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Tsv => "text/tab-separated-values; charset=utf-8",
            Self::JsonLines => "application/jsonl; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }
}

/// Choices for files of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextChoices {
    /// Whether the first line has the columns' names.
    pub header: bool,
    /// Whether text that a spreadsheet would run as a formula is made harmless, and so no longer exact.
    pub escape_formulas: bool,
}

impl Default for TextChoices {
    fn default() -> Self {
        Self { header: true, escape_formulas: false }
    }
}

/// Makes a file of rows that come in pieces.
pub(crate) trait Exporter: Send {
    /// More rows; the file's bytes that are done go to `out`.
    fn rows(&mut self, rows: &Rows, out: &mut Vec<u8>) -> Result<(), ResultsError>;
    /// The file's end.
    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), ResultsError>;
}

/// An exporter and the file's beginning.
pub(crate) fn begin(
    format: Format,
    columns: &[ResultColumn],
    choices: TextChoices,
    out: &mut Vec<u8>,
) -> Result<Box<dyn Exporter>, ResultsError> {
    Ok(match format {
        Format::Csv => Box::new(csv::Separated::csv(columns, choices, out)),
        Format::Tsv => Box::new(csv::Separated::tsv(columns, choices, out)),
        Format::JsonLines => Box::new(jsonl::JsonLines::new(columns)),
        Format::Xlsx => Box::new(xlsx::Workbook::new(columns)?),
        Format::Parquet => Box::new(parquet::Parquet::new(columns)?),
    })
}

/// The columns' names, each once.
fn unique_names(columns: &[ResultColumn]) -> Vec<String> {
    let mut taken = HashSet::new();
    let mut names = Vec::with_capacity(columns.len());
    for column in columns {
        let mut name = column.name.clone();
        let mut count = 2;
        while !taken.insert(name.clone()) {
            name = format!("{}_{count}", column.name);
            count += 1;
        }
        names.push(name);
    }
    names
}

/// Where writers of whole files write to, and others take from.
#[derive(Debug, Clone, Default)]
struct Outlet(Arc<Mutex<Vec<u8>>>);

impl Outlet {
    fn take(&self, out: &mut Vec<u8>) {
        out.append(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl io::Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
