//! Threads for work on values, so that those that wait for the network and the database go on.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::error::ResultsError;

/// Work on values, beside the threads that wait for the network and the database: as many at once as there are permits.
#[derive(Debug, Clone)]
pub(crate) struct Workers(Arc<Semaphore>);

impl Workers {
    pub(crate) fn new(count: usize) -> Self {
        Self(Arc::new(Semaphore::new(count)))
    }

    /// Runs work on a thread of its own.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, ResultsError> + Send + 'static,
    ) -> Result<T, ResultsError> {
        let permit = Arc::clone(&self.0).acquire_owned().await.map_err(|_| ResultsError::BrokenOff)?;
        let done = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work()
        });
        // A panic of a library costs this request.
        done.await.map_err(|_| ResultsError::BrokenOff)?
    }
}
