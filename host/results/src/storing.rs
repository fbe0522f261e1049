//! Results that are told of before they are stored: whoever waits for a small one waits for the database otherwise, and
//! what comes of it is as good as sure. Before anything that tells of it is kept itself, it is settled.

use std::time::Duration;

use bricklayer_domain::{ResultId, StoredResult, ToolOutcome, UserId};
use bricklayer_store::StoreError;
use tokio::sync::watch;

use crate::results::Results;
use crate::shared::Shared;
use crate::writer::WrittenResult;

/// Results on their way at once; what comes beyond is told of when it is stored.
pub(crate) const MAX_STORING: usize = 256;

/// How long it is known of one that it was not kept as told; a turn tells of it at once or, when its worker is gone, never.
pub(crate) const SETTLED_WITHIN: Duration = Duration::from_secs(60);

/// What the model is told in the place of a result that was not kept.
const NOT_KEPT: &str = "\n[A result of this call could not be kept: the host's database did not take it. Make the call \
                        again if the user needs it.]";

/// What became of one.
#[derive(Debug, Clone)]
pub(crate) enum Stored {
    /// It is on its way.
    Pending,
    /// As it was told.
    AsTold,
    /// Not all of it: so it is told now.
    Otherwise(WrittenResult),
    /// None of it.
    NotKept,
}

/// One on its way.
#[derive(Debug, Clone)]
pub(crate) struct Storing {
    pub(crate) told: String,
    pub(crate) stored: watch::Receiver<Stored>,
}

impl Storing {
    async fn settled(&mut self) -> Stored {
        // Whoever stored it is gone without a word.
        let gone = |_| Stored::NotKept;
        self.stored
            .wait_for(|stored| !matches!(stored, Stored::Pending))
            .await
            .map_or_else(gone, |stored| stored.clone())
    }
}

async fn settle(shared: &Shared, id: ResultId) -> Option<(String, Stored)> {
    let mut storing = shared.storing().get(&id).cloned()?;
    let stored = storing.settled().await;
    shared.storing().remove(&id);
    Some((storing.told, stored))
}

/// What is stored of a result, when it is on its way: once it has come.
pub(crate) async fn get(shared: &Shared, user: &UserId, id: ResultId) -> Result<StoredResult, StoreError> {
    let storing = shared.storing().get(&id).cloned();
    if let Some(mut storing) = storing {
        storing.settled().await;
    }
    shared.store().get_result(user, id).await
}

impl Results {
    /// Waits until what a call's outcome tells of is stored, and puts right what it says where that came otherwise. Done
    /// before the outcome is kept or shown to anybody but the model.
    pub async fn settle(&self, outcome: &mut ToolOutcome) {
        let mut results = Vec::with_capacity(outcome.results.len());
        for reference in std::mem::take(&mut outcome.results) {
            let (told, written) = match settle(self.shared(), reference.id).await {
                None | Some((_, Stored::AsTold | Stored::Pending)) => {
                    results.push(reference);
                    continue;
                }
                Some((told, Stored::Otherwise(written))) => (told, Some(written)),
                Some((told, Stored::NotKept)) => (told, None),
            };
            let now = written.as_ref().map_or(NOT_KEPT, |written| written.told.as_str());
            outcome.content = outcome.content.replace(&told, now);
            results.extend(written.map(|written| written.reference));
        }
        outcome.results = results;
    }
}
