//! Where calls keep their results: what the runtime needs of a store of them, in its own terms.

use std::error::Error;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use bricklayer_domain::{ResultContent, ResultCut, ResultHead, ResultId, ResultOrigin, ResultRef, ResultState};
use serde_json::Value;

/// A result that a call begins.
#[derive(Debug, Clone, PartialEq)]
pub struct CallResult {
    /// What it is.
    pub head: ResultHead,
    /// Where it comes from, as far as the guest knows: neither the tool nor the workspace.
    pub origin: ResultOrigin,
}

/// Whether a result takes more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appending {
    /// It was taken.
    Taken,
    /// A bound is reached: what fits is kept.
    Full(ResultCut),
}

/// How a result ends.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CallResultEnd {
    /// Whether it has all that it was to have.
    pub whole: bool,
    /// What is known of where it came from; what was said at its beginning when absent.
    pub origin: Option<ResultOrigin>,
}

/// A result that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptResult {
    /// What the outcome of its call says.
    pub reference: ResultRef,
    /// What the model is told of it, in lines; may be empty.
    pub told: String,
}

/// Why a result takes nothing.
#[derive(Debug, thiserror::Error)]
pub enum ResultFault {
    /// What was given does not fit; says what.
    #[error("{0}")]
    Invalid(String),
    /// It cannot be kept now.
    #[error("results cannot be kept now")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
}

/// Where the results of one call are kept. Implemented by the server over its database.
pub trait ResultStore: Send + Sync {
    /// Begins a result.
    ///
    /// # Errors
    /// [`ResultFault`].
    fn open(&self, result: CallResult) -> Result<Box<dyn OpenResult>, ResultFault>;
}

/// A result that takes content. Dropping it keeps what it has as partial.
#[async_trait]
pub trait OpenResult: Send {
    /// Its id.
    fn id(&self) -> ResultId;

    /// How it stands, as partial; none when there is nothing of it.
    fn so_far(&self) -> Option<KeptResult>;

    /// Takes a JSON array of rows. Waits while the store is behind.
    ///
    /// # Errors
    /// [`ResultFault`]; the rows before a wrong one were taken.
    async fn append_rows(&mut self, rows: &[u8]) -> Result<Appending, ResultFault>;

    /// Takes bytes. Waits while the store is behind.
    ///
    /// # Errors
    /// [`ResultFault`].
    async fn append_bytes(&mut self, bytes: &[u8]) -> Result<Appending, ResultFault>;

    /// Ends it.
    ///
    /// # Errors
    /// [`ResultFault`]; what was stored before stays, as partial.
    async fn finish(self: Box<Self>, end: CallResultEnd) -> Result<KeptResult, ResultFault>;
}

/// Results of calls without a database: their shapes are kept and what is in them is counted. For authors' tests.
#[derive(Debug, Default)]
pub struct MemoryResults {
    opened: Mutex<u32>,
}

impl ResultStore for MemoryResults {
    fn open(&self, result: CallResult) -> Result<Box<dyn OpenResult>, ResultFault> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let reference = ResultRef {
            id: ResultId::new(),
            ordinal: *opened,
            head: result.head,
            state: ResultState::Partial,
            cut: Some(ResultCut::Interrupted),
            rows: 0,
            bytes: 0,
        };
        *opened += 1;
        Ok(Box::new(Counted(reference)))
    }
}

/// A result of which only the shape is kept.
struct Counted(ResultRef);

impl Counted {
    fn kept(&self, end: Option<CallResultEnd>) -> KeptResult {
        let mut reference = self.0.clone();
        if end.is_some_and(|end| end.whole) {
            (reference.state, reference.cut) = (ResultState::Complete, None);
        }
        KeptResult { reference, told: String::new() }
    }
}

#[async_trait]
impl OpenResult for Counted {
    fn id(&self) -> ResultId {
        self.0.id
    }

    fn so_far(&self) -> Option<KeptResult> {
        (self.0.bytes > 0).then(|| self.kept(None))
    }

    async fn append_rows(&mut self, rows: &[u8]) -> Result<Appending, ResultFault> {
        if self.0.head.content != ResultContent::Table {
            return Err(ResultFault::Invalid("rows are for tables".to_owned()));
        }
        let shape = |error: &dyn std::fmt::Display| {
            ResultFault::Invalid(format!("rows must be a JSON array of arrays of cells: {error}"))
        };
        let parsed: Vec<Vec<Value>> = serde_json::from_slice(rows).map_err(|error| shape(&error))?;
        let expected = self.0.head.columns.len();
        if let Some((row, cells)) = parsed.iter().enumerate().find(|(_, cells)| cells.len() != expected) {
            let found = cells.len();
            return Err(ResultFault::Invalid(format!("row {row} has {found} cells, and there are {expected} columns")));
        }
        self.0.rows += parsed.len() as u64;
        self.0.bytes += rows.len() as u64;
        Ok(Appending::Taken)
    }

    async fn append_bytes(&mut self, bytes: &[u8]) -> Result<Appending, ResultFault> {
        if self.0.head.content == ResultContent::Table {
            return Err(ResultFault::Invalid("bytes are for texts, images and files".to_owned()));
        }
        self.0.bytes += bytes.len() as u64;
        Ok(Appending::Taken)
    }

    async fn finish(self: Box<Self>, end: CallResultEnd) -> Result<KeptResult, ResultFault> {
        Ok(self.kept(Some(end)))
    }
}
