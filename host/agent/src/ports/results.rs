//! What the built-in tools ask about results.

use std::fmt;

use async_trait::async_trait;
use bricklayer_domain::{AggregateFunction, ResultId, StoredResult, TimeUnit};
use serde_json::Value;

/// Why a result was not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// There is none of that id here: none at all, or another user's, or another project's.
    #[error("there is no such result in this project")]
    NotFound,
    /// A part of the question is wrong.
    #[error("`{field}` {message}")]
    Question {
        /// Which part, with the path within it.
        field: String,
        /// What is wrong with it, and what is expected.
        message: String,
    },
    /// The database failed, or what is in it is broken.
    #[error("the result cannot be read")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A column to sort by, by its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SortBy {
    /// Which.
    pub column: usize,
    /// The largest first.
    pub descending: bool,
}

/// What makes a group of a column's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupPart {
    /// Each value.
    Value,
    /// Each unit of time.
    Unit(TimeUnit),
    /// So many bins of equal width.
    Bins(u32),
}

/// A column to group by, by its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupBy {
    /// Which.
    pub column: usize,
    /// What makes a group.
    pub part: GroupPart,
}

/// What is said about groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measure {
    /// What.
    pub function: AggregateFunction,
    /// Of which column; of the rows without one.
    pub column: Option<usize>,
}

/// A question about a table.
#[derive(Debug, Clone, PartialEq)]
pub struct ResultQuestion {
    /// What of it.
    pub part: QuestionPart,
    /// Of the rows that this condition lets through, as the API writes it; of all without one.
    pub filter: Option<Value>,
    /// Rows, groups or values at most.
    pub limit: u32,
}

/// What of a table.
#[derive(Debug, Clone, PartialEq)]
pub enum QuestionPart {
    /// Rows.
    Rows {
        /// Rows to leave out before.
        offset: u64,
        /// The places of their columns.
        columns: Vec<usize>,
        /// In this order; in the result's own without one.
        sort: Vec<SortBy>,
    },
    /// Groups of rows.
    Groups {
        /// Of these columns' values; all rows without one.
        by: Vec<GroupBy>,
        /// What is said about them.
        measures: Vec<Measure>,
        /// By places in the answer's columns.
        sort: Vec<SortBy>,
    },
    /// The most frequent values of a column.
    Values {
        /// Its place.
        column: usize,
    },
}

/// What a table answers.
#[derive(Debug, Clone, PartialEq)]
pub struct ResultAnswer {
    /// The names of its columns.
    pub columns: Vec<String>,
    /// A list of cells for each row, as the API writes them.
    pub rows: Vec<Vec<Value>>,
    /// The rows' places in the result, where they are rows of it.
    pub row_numbers: Vec<u64>,
    /// How many there are in all.
    pub total: u64,
    /// Whether all rows of the result were counted.
    pub complete: bool,
}

/// The results that a caller may read: their own, of the project they work in.
#[async_trait]
pub trait ResultReader: Send + Sync {
    /// What a result is.
    ///
    /// # Errors
    /// [`ReadError`].
    async fn describe(&self, id: ResultId) -> Result<StoredResult, ReadError>;

    /// Asks a table.
    ///
    /// # Errors
    /// [`ReadError`].
    async fn ask(&self, id: ResultId, question: ResultQuestion) -> Result<ResultAnswer, ReadError>;

    /// Bytes of a text or file, from a place on; at most as many as are asked.
    ///
    /// # Errors
    /// [`ReadError`].
    async fn bytes(&self, id: ResultId, offset: u64, length: usize) -> Result<Vec<u8>, ReadError>;
}

impl fmt::Debug for dyn ResultReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResultReader")
    }
}
