//! Every task the server starts, and how they end.
//!
//! Shutdown has stages. The **soft** token says: begin nothing new, come to a safe point, leave. When the grace is over
//! the **hard** token says: leave now. Then what calls that were cut off still owe to their workspaces is sent. What the
//! others stood on (the local workspace, the audit trail) is told last, by the **ground** token. A task that still does not leave is abandoned and the exit code says so.

use std::future::Future;
use std::time::Duration;

use bricklayer_domain::chain;
use tokio::signal;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

/// Time for turns to reach a safe point and for streams to say goodbye. With the three below it keeps the promise to be
/// gone within 10 seconds of a signal, which is what process supervisors grant before they kill.
const SOFT_GRACE: Duration = Duration::from_secs(5);
/// Time for tasks to unwind once they were told to leave at once.
const HARD_GRACE: Duration = Duration::from_secs(1);
/// Time for what calls that were cut off owe to their workspaces: the requests that end what they started there.
const OWED_GRACE: Duration = Duration::from_secs(2);
/// Time for the ground tasks to end what they own.
const GROUND_GRACE: Duration = Duration::from_millis(1_500);

/// Owner of all tasks; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Lifecycle {
    soft: CancellationToken,
    hard: CancellationToken,
    tasks: TaskTracker,
    ground: CancellationToken,
    ground_tasks: TaskTracker,
}

/// Whether every task left in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shutdown {
    /// All tasks ended by themselves.
    Clean,
    /// Some were told to leave at once and did.
    Forced,
    /// Some did not leave; the process exits under them.
    Abandoned,
}

impl Lifecycle {
    /// A running server's lifecycle.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Fires when nothing new should begin.
    #[must_use]
    pub const fn soft(&self) -> &CancellationToken {
        &self.soft
    }

    /// Fires when tasks must leave at once.
    #[must_use]
    pub const fn hard(&self) -> &CancellationToken {
        &self.hard
    }

    /// Starts a task under a name; shutdown waits for it. The future must watch [`Lifecycle::soft`] or end by itself;
    /// it is dropped at its next await when the hard token fires.
    pub fn spawn<F>(&self, name: &'static str, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let hard = self.hard.clone();
        let span = tracing::info_span!("task", task.name = name);
        self.tasks.spawn(
            async move {
                tokio::select! {
                    () = future => {}
                    () = hard.cancelled() => tracing::warn!(task = name, "told to leave at once"),
                }
            }
            .instrument(span),
        );
    }

    /// Starts a task that others stand on: it is told to leave by the token it gets, when all others have left.
    pub fn spawn_ground<F>(&self, name: &'static str, task: impl FnOnce(CancellationToken) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let span = tracing::info_span!("task", task.name = name);
        self.ground_tasks.spawn(task(self.ground.clone()).instrument(span));
    }

    /// Says that nothing new should begin. Idempotent.
    pub fn begin_shutdown(&self) {
        self.soft.cancel();
    }

    /// Ends all tasks in stages; at most 9.5 seconds.
    pub async fn shutdown(&self) -> Shutdown {
        self.shutdown_after(std::future::ready(())).await
    }

    /// The same, and waits for what is owed when the tasks have ended, before what it stands on ends.
    pub async fn shutdown_after(&self, owed: impl Future<Output = ()>) -> Shutdown {
        self.shutdown_within(SOFT_GRACE, owed).await
    }

    async fn shutdown_within(&self, soft_grace: Duration, owed: impl Future<Output = ()>) -> Shutdown {
        let outcome = self.end_tasks(soft_grace).await;
        if tokio::time::timeout(OWED_GRACE, owed).await.is_err() {
            tracing::warn!("not all that calls had started at their workspaces was told to end; it may go on there");
        }
        self.ground.cancel();
        self.ground_tasks.close();
        if tokio::time::timeout(GROUND_GRACE, self.ground_tasks.wait()).await.is_err() {
            tracing::error!(tasks = self.ground_tasks.len(), "ground tasks did not leave in time");
            return Shutdown::Abandoned;
        }
        outcome
    }

    async fn end_tasks(&self, soft_grace: Duration) -> Shutdown {
        self.soft.cancel();
        self.tasks.close();
        if tokio::time::timeout(soft_grace, self.tasks.wait()).await.is_ok() {
            return Shutdown::Clean;
        }
        self.hard.cancel();
        if tokio::time::timeout(HARD_GRACE, self.tasks.wait()).await.is_ok() {
            return Shutdown::Forced;
        }
        tracing::error!(tasks = self.tasks.len(), "tasks did not leave in time");
        Shutdown::Abandoned
    }

    /// Drops every task where it stands, as the death of the process would; for tests of exactly that.
    pub async fn die(&self) {
        self.hard.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.ground.cancel();
        self.ground_tasks.close();
        self.ground_tasks.wait().await;
    }

    /// How many tasks run now.
    #[must_use]
    pub fn task_count(&self) -> usize {
        self.tasks.len()
    }
}

/// Listens from this call on; the future ends at the first SIGTERM, SIGINT or SIGHUP (Ctrl-C where there are no signals).
pub fn stop_signal() -> impl Future<Output = ()> + Send {
    #[cfg(unix)]
    let signals = {
        use signal::unix::{SignalKind, signal};
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()), signal(SignalKind::hangup()))
    };
    async move {
        #[cfg(unix)]
        match signals {
            (Ok(mut terminate), Ok(mut interrupt), Ok(mut hangup)) => {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                    _ = hangup.recv() => {}
                }
                return;
            }
            (Err(error), ..) | (_, Err(error), _) | (.., Err(error)) => {
                tracing::warn!(error = chain(&error), "cannot listen for signals to stop")
            }
        }
        let _ = signal::ctrl_c().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn tasks_that_watch_the_soft_token_leave_cleanly() {
        let lifecycle = Lifecycle::new();
        let soft = lifecycle.soft().clone();
        lifecycle.spawn("polite", async move { soft.cancelled().await });
        assert_eq!(lifecycle.shutdown().await, Shutdown::Clean);
        assert_eq!(lifecycle.task_count(), 0);
    }

    #[tokio::test]
    async fn a_task_that_ignores_the_soft_token_is_dropped_by_the_hard_one() {
        let lifecycle = Lifecycle::new();
        lifecycle.spawn("stubborn", std::future::pending());
        assert_eq!(lifecycle.shutdown_within(Duration::ZERO, std::future::ready(())).await, Shutdown::Forced);
        assert_eq!(lifecycle.task_count(), 0);
    }

    #[tokio::test]
    async fn the_ground_stays_until_the_others_have_left() {
        let lifecycle = Lifecycle::new();
        let (say, mut said) = tokio::sync::mpsc::unbounded_channel();
        let (last, soft) = (say.clone(), lifecycle.soft().clone());
        lifecycle.spawn_ground("ground", |leave| async move {
            leave.cancelled().await;
            let _ = last.send("ground");
        });
        lifecycle.spawn("task", async move {
            soft.cancelled().await;
            // Gives the ground every chance to leave too early.
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            let _ = say.send("task");
        });
        assert_eq!(lifecycle.shutdown().await, Shutdown::Clean);
        assert_eq!((said.recv().await, said.recv().await), (Some("task"), Some("ground")));
    }
}
