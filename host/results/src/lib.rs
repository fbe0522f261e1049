//! Results: tables, texts, images and files that tools produced for people, kept whole and exact.
//!
//! A table is typed columns in pieces (`piece`); whoever reads one never holds more than some pieces. Writing is
//! [`ResultWriter`], reading and writing out is [`Results`]; docs/RESULTS.md is the contract.
//!
//! Only this crate names Arrow, Parquet and what makes workbooks. It knows the store and no HTTP.

mod builder;
mod column;
mod digest;
mod download;
mod error;
mod export;
mod filter;
mod parse;
mod piece;
mod query;
mod reader;
mod results;
mod scan;
mod shared;
mod sort;
mod views;
mod write;
mod writer;

pub use builder::{MAX_PIECE_ROWS, PIECE_VALUE_BYTES};
pub use download::{Download, DownloadRequest};
pub use error::{Broken, ResultsError, RowsError};
pub use export::{Format, TextChoices};
pub use filter::MAX_FILTER_BYTES;
pub use query::{
    CutCell, MAX_BINS, MAX_CELL_BYTES, MAX_PAGE_BYTES, MAX_PAGE_ROWS, MAX_VALUES, RowsPage, RowsRequest, ViewRequest,
    WholeCell,
};
pub use results::{MAX_COLUMNS, MAX_NAME_BYTES, Results, ResultsSettings};
pub use scan::{Distinct, Histogram, MAX_DISTINCT, Summary};
pub use writer::{Appended, ResultEnd, ResultWriter};
