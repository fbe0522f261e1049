//! Whether the server can do its work now: ready, or what is in the way.

use std::time::Duration;

use bricklayer_domain::chain;
use bricklayer_store::{Store, StoreError};
use tokio::sync::Mutex;
use tokio::time::Instant;

/// Longest that the database may take to take a write before the server counts as not ready: whoever asks decides
/// within seconds where to send users.
const PROBE_LIMIT: Duration = Duration::from_secs(2);
/// How long an answer is good for: whoever asks, and however often, the database is asked once in that time.
const PROBE_LASTS: Duration = Duration::from_secs(1);

/// Asks the database now and then.
#[derive(Debug, Default)]
pub(crate) struct HealthCheck {
    last: Mutex<Option<(Instant, Option<&'static str>)>>,
}

impl HealthCheck {
    /// What is wrong with the database, in a sentence; `None` when nothing is.
    pub(crate) async fn database(&self, store: &Store) -> Option<&'static str> {
        // Those who ask meanwhile wait for the same answer.
        let mut last = self.last.lock().await;
        if let Some((_, problem)) = last.filter(|(at, _)| at.elapsed() < PROBE_LASTS) {
            return problem;
        }
        let problem = match tokio::time::timeout(PROBE_LIMIT, store.probe()).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => {
                tracing::warn!(error = chain(&error), "the database takes no writes");
                Some(words(&error))
            }
            Err(_) => {
                tracing::warn!("the database did not answer in time");
                Some("the database does not answer")
            }
        };
        *last = Some((Instant::now(), problem));
        problem
    }
}

/// For anybody: which kind of trouble, and nothing of where the database is.
const fn words(error: &StoreError) -> &'static str {
    match error {
        StoreError::FileGone => "the database's file was deleted or replaced",
        StoreError::Full(_) => "the disk or the database is full",
        StoreError::ReadOnly(_) => "the database is read-only",
        StoreError::Locked(_) | StoreError::Conflict(_) => "the database is locked by another process",
        StoreError::Corrupt(_) => "the database is damaged",
        _ => "the database cannot be reached",
    }
}
