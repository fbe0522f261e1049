//! What a far end waits for until the test lets it go on.

use std::sync::Arc;

use tokio::sync::watch;

/// Counts up; whoever waits for a count goes on when it is reached. Cheap to clone, all clones are one gate.
#[derive(Debug, Clone)]
pub struct Gate(Arc<watch::Sender<usize>>);

impl Default for Gate {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }
}

impl Gate {
    /// A gate at nought.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets those go on who wait for this count or less; counts back as well.
    pub fn open_to(&self, count: usize) {
        self.0.send_replace(count);
    }

    /// Waits until it has counted so far.
    pub async fn wait(&self, count: usize) {
        let _ = self.0.subscribe().wait_for(|now| *now >= count).await;
    }
}
