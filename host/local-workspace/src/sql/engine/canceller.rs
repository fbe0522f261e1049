//! Ending a running statement from another thread.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use duckdb::InterruptHandle;

use crate::sql::language::error::SqlError;

/// Ends a running statement from another thread.
#[derive(Default)]
pub(crate) struct Canceller {
    cancelled: AtomicBool,
    interrupt: Mutex<Option<Arc<InterruptHandle>>>,
}

impl fmt::Debug for Canceller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canceller").field("cancelled", &self.cancelled).finish_non_exhaustive()
    }
}

impl Canceller {
    /// Asks the statement to end. It must be called again while the statement runs: DuckDB forgets an interrupt that
    /// comes just before a query starts.
    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Ordering::SeqCst);
        if let Some(handle) = self.interrupt().as_ref() {
            handle.interrupt();
        }
    }

    pub(crate) fn check(&self) -> Result<(), SqlError> {
        if self.is_cancelled() { Err(SqlError::cancelled()) } else { Ok(()) }
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::SeqCst)
    }

    /// Where the statement can be interrupted while it runs.
    pub(super) fn attach(&self, handle: Option<Arc<InterruptHandle>>) {
        *self.interrupt() = handle;
    }

    fn interrupt(&self) -> MutexGuard<'_, Option<Arc<InterruptHandle>>> {
        self.interrupt.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
