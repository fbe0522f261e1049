//! Results that are told of before they are stored: whoever waits for a small one waits for the database otherwise, and
//! what comes of it is as good as sure. Before anything that tells of it is kept itself, it is settled.

use std::time::Duration;

use bricklayer_domain::ResultRef;
use tokio::sync::watch;

/// Results on their way at once; what comes beyond is told of when it is stored.
pub(crate) const MAX_STORING: usize = 256;

/// How long it is known of one that it was not kept as told; a turn tells of it at once or, when its worker is gone, never.
pub(crate) const SETTLED_WITHIN: Duration = Duration::from_secs(60);

/// A result as its writer knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenResult {
    /// What the outcome of its call says.
    pub reference: ResultRef,
    /// What a model is told of it, in lines: its id, its shape, how to read on in it and how to cite it. Bounded.
    pub told: String,
}

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
    /// What became of it, once that is known.
    pub(crate) async fn settled(&mut self) -> Stored {
        // Whoever stored it is gone without a word.
        let gone = |_| Stored::NotKept;
        self.stored
            .wait_for(|stored| !matches!(stored, Stored::Pending))
            .await
            .map_or_else(gone, |stored| stored.clone())
    }
}
