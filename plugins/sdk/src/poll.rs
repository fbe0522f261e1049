//! Waiting for remote work: deadlines on a clock that only goes forward, and pauses that grow.

use std::time::Duration;

use crate::Platform;

/// A point on the platform's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Duration);

impl Deadline {
    /// That long from now.
    #[must_use]
    pub fn after(platform: &impl Platform, wait: Duration) -> Self {
        Self(platform.now().saturating_add(wait))
    }

    /// Time left, zero when past.
    #[must_use]
    pub fn left(self, platform: &impl Platform) -> Duration {
        self.0.saturating_sub(platform.now())
    }

    /// Whether it has passed.
    #[must_use]
    pub fn passed(self, platform: &impl Platform) -> bool {
        self.left(platform).is_zero()
    }
}

/// Pauses between polls: each `factor` times the last, from `first` up to `most`.
///
/// Quick work is seen at once, long work costs few requests: with the default a statement of 5 ms is seen after 6 ms,
/// one of ten minutes is asked about every 3 s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    next: Duration,
    most: Duration,
}

impl Backoff {
    /// Pauses from `first` to `most`.
    #[must_use]
    pub const fn new(first: Duration, most: Duration) -> Self {
        Self { next: first, most }
    }

    /// Waits the next pause, but not past the deadline.
    pub fn pause(&mut self, platform: &impl Platform, deadline: Deadline) {
        let pause = self.next.min(deadline.left(platform));
        if !pause.is_zero() {
            platform.sleep(pause);
        }
        self.next = self.next.saturating_mul(2).min(self.most);
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new(Duration::from_millis(2), Duration::from_secs(3))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Script;

    #[test]
    fn pauses_grow_and_end_at_the_deadline() {
        let script = Script::new();
        let deadline = Deadline::after(&script, Duration::from_secs(10));
        let mut backoff = Backoff::default();
        while !deadline.passed(&script) {
            backoff.pause(&script, deadline);
        }
        assert_eq!(script.now(), Duration::from_secs(10));
        let sleeps = script.sleeps();
        assert_eq!(sleeps.first(), Some(&Duration::from_millis(2)));
        assert!(sleeps.len() < 15, "{sleeps:?}");
        assert!(sleeps.iter().all(|pause| *pause <= Duration::from_secs(3)));
    }
}
