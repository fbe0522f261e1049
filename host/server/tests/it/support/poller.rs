//! Whether the server answers meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::Api;

/// Asks for the health of a server until told to stop.
#[derive(Debug)]
pub(crate) struct Poller {
    stop: Arc<AtomicBool>,
    task: tokio::task::JoinSet<Vec<Duration>>,
}

impl Poller {
    pub(crate) fn start(api: Api) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut task = tokio::task::JoinSet::new();
        let seen = Arc::clone(&stop);
        task.spawn(async move {
            let mut times = Vec::new();
            while !seen.load(Ordering::Relaxed) {
                let began = Instant::now();
                api.get("/api/health").await.ok();
                times.push(began.elapsed());
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            times
        });
        Self { stop, task }
    }

    /// How many there were; the 50th, the 99th of a hundred, and the worst.
    pub(crate) async fn times(mut self) -> (usize, Duration, Duration, Duration) {
        self.stop.store(true, Ordering::Relaxed);
        let mut times = self.task.join_next().await.unwrap().unwrap();
        times.sort();
        let at = |part: usize| times[(times.len() - 1) * part / 100];
        (times.len(), at(50), at(99), at(100))
    }
}
