//! What writers and readers of results have in common.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bricklayer_domain::{ResultId, StoredResult, UserId};
use bricklayer_store::{Store, StoreError};
use tokio_util::task::TaskTracker;

use crate::storing::{Stored, Storing};
use crate::workers::Workers;

/// Cheap to clone; all clones are one.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Inner>);

struct Inner {
    store: Store,
    workers: Workers,
    live: Mutex<HashSet<ResultId>>,
    /// Those that were told of and are not stored yet.
    storing: Mutex<HashMap<ResultId, Storing>>,
    /// What stores them; it holds what a writer holds, and is waited for like one.
    tasks: TaskTracker,
    /// Held by each writer.
    writers: Arc<()>,
}

impl Shared {
    pub(crate) fn new(store: Store, workers: Workers) -> Self {
        Self(Arc::new(Inner {
            store,
            workers,
            live: Mutex::default(),
            storing: Mutex::default(),
            tasks: TaskTracker::new(),
            writers: Arc::default(),
        }))
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }

    pub(crate) fn workers(&self) -> &Workers {
        &self.0.workers
    }

    pub(crate) fn tasks(&self) -> &TaskTracker {
        &self.0.tasks
    }

    /// What a writer holds as long as it lives.
    pub(crate) fn hold(&self) -> Arc<()> {
        Arc::clone(&self.0.writers)
    }

    /// Whether a writer lives.
    pub(crate) fn is_held(&self) -> bool {
        Arc::strong_count(&self.0.writers) > 1
    }

    /// The results that this host writes and that are stored already.
    pub(crate) fn live(&self) -> MutexGuard<'_, HashSet<ResultId>> {
        self.0.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The results that were told of before they are stored.
    pub(crate) fn storing(&self) -> MutexGuard<'_, HashMap<ResultId, Storing>> {
        self.0.storing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is stored of a result; of one that is on its way, once it has come.
    pub(crate) async fn stored(&self, user: &UserId, id: ResultId) -> Result<StoredResult, StoreError> {
        let storing = self.storing().get(&id).cloned();
        if let Some(mut storing) = storing {
            storing.settled().await;
        }
        self.store().get_result(user, id).await
    }

    /// What was told of a result before it was stored, and what became of it; none when it was stored before.
    pub(crate) async fn settled(&self, id: ResultId) -> Option<(String, Stored)> {
        let mut storing = self.storing().get(&id).cloned()?;
        let stored = storing.settled().await;
        self.storing().remove(&id);
        Some((storing.told, stored))
    }

    pub(crate) fn note_live(&self, id: ResultId) {
        self.live().insert(id);
    }

    pub(crate) fn note_ended(&self, id: ResultId) {
        self.live().remove(&id);
    }
}
