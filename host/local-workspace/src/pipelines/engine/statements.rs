//! The statements of an update, one after the other, until somebody stops it.

use std::collections::BTreeMap;

use tokio_util::sync::CancellationToken;

use super::ended::{Ended, of_sql};
use crate::sql::{
    engine::{Limits, Rows},
    language::error::SqlError,
    session::Session,
};

/// Runs statements as the update's user.
#[derive(Debug)]
pub(super) struct Statements<'a> {
    session: Session,
    cancel: &'a CancellationToken,
}

/// Why a statement has no rows.
#[derive(Debug)]
pub(super) enum NoRows {
    Canceled,
    Failed(SqlError),
}

impl From<NoRows> for Ended {
    fn from(no_rows: NoRows) -> Self {
        match no_rows {
            NoRows::Canceled => Self::Canceled,
            NoRows::Failed(error) => Self::Failed(of_sql(&error)),
        }
    }
}

impl<'a> Statements<'a> {
    pub(super) fn new(session: Session, cancel: &'a CancellationToken) -> Self {
        Self { session, cancel }
    }

    /// Whose statements they are, and where unqualified names belong.
    pub(super) fn session(&self) -> &Session {
        &self.session
    }

    /// Whoever stops the update cancels it.
    pub(super) fn cancel(&self) -> &CancellationToken {
        self.cancel
    }

    /// Runs a statement; who stops the update interrupts it.
    pub(super) async fn run(&self, text: String) -> Result<Rows, NoRows> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(NoRows::Canceled),
            ran = self.session.run(text, BTreeMap::new(), Limits::default()) => ran.map_err(NoRows::Failed),
        }
    }

    /// Runs a statement whether or not the update was stopped.
    pub(super) async fn run_to_its_end(&self, text: String) -> Result<Rows, SqlError> {
        self.session.run(text, BTreeMap::new(), Limits::default()).await
    }

    /// The numbers of a query's only row.
    pub(super) async fn numbers(&self, text: String) -> Result<Vec<u64>, NoRows> {
        let rows = self.run(text).await?;
        let cells =
            rows.chunks.first().and_then(|chunk| serde_json::from_slice::<Vec<Vec<Option<String>>>>(&chunk.data).ok());
        let row = cells.and_then(|mut rows| rows.pop()).unwrap_or_default();
        Ok(row.into_iter().map(|cell| cell.and_then(|cell| cell.parse().ok()).unwrap_or(0)).collect())
    }

    /// Whether there is such a table or view.
    pub(super) async fn exists(&self, name: &str) -> Result<bool, NoRows> {
        match self.run(format!("DESCRIBE TABLE {name}")).await {
            Ok(_) => Ok(true),
            Err(NoRows::Failed(error)) if MISSING.contains(&error.class) => Ok(false),
            Err(no_rows) => Err(no_rows),
        }
    }
}

/// Classes of errors of what is not there.
const MISSING: [&str; 3] = ["TABLE_OR_VIEW_NOT_FOUND", "SCHEMA_NOT_FOUND", "NO_SUCH_CATALOG_EXCEPTION"];
