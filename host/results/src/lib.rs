//! Results: tables, texts, images and files that tools produced for people, kept whole and exact.
//!
//! A table is typed columns in pieces (`piece`); whoever reads one never holds more than some pieces. Writing is
//! [`ResultWriter`], reading and writing out is [`Results`]; docs/RESULTS.md is the contract.
//!
//! Only this crate names Arrow, Parquet and what makes workbooks. It knows the store and no HTTP.

mod aggregate;
mod bins;
mod builder;
pub mod cache;
mod changes;
mod column;
mod columns;
mod digest;
mod download;
mod error;
mod export;
mod filter;
mod numbers;
mod page;
mod parse;
mod piece;
mod profile;
mod query;
mod reader;
mod results;
mod scan;
mod settle;
mod shape;
mod shared;
mod sort;
mod storing;
mod views;
mod workers;
mod write;
mod writer;

pub use aggregate::{Aggregate, AggregateRequest, MAX_GROUP_COLUMNS, MAX_GROUPS, MAX_MEASURES, MAX_SHOWN_GROUPS};
pub use builder::{MAX_PIECE_ROWS, PIECE_VALUE_BYTES};
pub use changes::{ChangedColumn, ChangedRow, Changes};
pub use download::{Download, DownloadRequest};
pub use error::{Broken, ResultsError, RowsError};
pub use export::{Format, TextChoices};
pub use filter::MAX_FILTER_BYTES;
pub use numbers::{FoundNumbers, MAX_SEARCHED_CELLS, NumberPlace, WrittenNumber, numbers_in_text};
pub use page::{CutCell, MAX_CELL_BYTES, MAX_PAGE_BYTES, RowsPage};
#[cfg(feature = "test-support")]
pub use piece::unpack_any;
pub use profile::{Distinct, Histogram, MAX_DISTINCT, Summary};
pub use query::{
    MAX_BINS, MAX_PAGE_ROWS, MAX_SAMPLE_ROWS, MAX_VALUES, RowsRequest, SampleRequest, ViewRequest, WholeCell,
};
pub use results::{MAX_COLUMNS, MAX_NAME_BYTES, Results, ResultsSettings};
pub use storing::WrittenResult;
pub use writer::{Appended, ResultEnd, ResultWriter};
