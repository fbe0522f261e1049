//! What can go wrong with results.

use bricklayer_store::StoreError;

/// A piece does not hold what was written into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a piece of the result is broken: {0}")]
pub struct Broken(pub(crate) &'static str);

/// A cell is not of its column's type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowsError {
    /// The text is no list of rows.
    #[error("rows must be a JSON array of arrays of cells: {0}")]
    Shape(String),
    /// A row has not as many cells as there are columns.
    #[error("row {row} has {found} cells, and there are {expected} columns")]
    Width {
        /// Which row of those that were given.
        row: usize,
        /// Its cells.
        found: usize,
        /// Columns.
        expected: usize,
    },
    /// A cell is wrong.
    #[error("row {row}, column {column} (`{name}`): expected {expected}, got {found}")]
    Cell {
        /// Which row of those that were given.
        row: usize,
        /// Which column.
        column: usize,
        /// Its name.
        name: String,
        /// What it should be.
        expected: &'static str,
        /// The beginning of what it is.
        found: String,
    },
}

/// Why a result is refused or cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ResultsError {
    /// The database's failure, or no such result.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The rows cannot be taken.
    #[error(transparent)]
    Rows(#[from] RowsError),
    /// What is asked cannot be answered: which parameter, and why.
    #[error("`{field}` {message}")]
    Query {
        /// The parameter, with the path within it.
        field: String,
        /// What is wrong and what is expected.
        message: String,
    },
    /// What is stored is not what was written.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// A file of the format cannot be made of this.
    #[error("{0}")]
    Format(String),
    /// Work that takes long failed, or the host leaves.
    #[error("the work on the result was broken off")]
    BrokenOff,
}

impl ResultsError {
    pub(crate) fn query(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Query { field: field.into(), message: message.into() }
    }
}
