//! A rate: so many per minute, as many at once when nothing was taken for a minute.

use std::time::Duration;

use tokio::time::Instant;

const MINUTE: u128 = 60_000_000_000;

/// Units left, refilled as time passes.
#[derive(Debug, Clone)]
pub(super) struct Bucket {
    per_minute: u64,
    left: u64,
    /// Up to when `left` counts.
    at: Instant,
}

impl Bucket {
    pub(super) const fn new(per_minute: u64, now: Instant) -> Self {
        Self { per_minute, left: per_minute, at: now }
    }

    /// Takes so many, or says how long until there are.
    pub(super) fn take(&mut self, units: u64, now: Instant) -> Result<(), Duration> {
        if self.per_minute == u64::MAX || self.per_minute == u64::from(u32::MAX) {
            return Ok(());
        }
        self.refill(now);
        match self.left.checked_sub(units) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => {
                let missing = units.min(self.per_minute).saturating_sub(self.left);
                let nanos = u128::from(missing) * MINUTE / u128::from(self.per_minute.max(1));
                Err(Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)))
            }
        }
    }

    pub(super) fn is_full(&mut self, now: Instant) -> bool {
        self.refill(now);
        self.left >= self.per_minute
    }

    fn refill(&mut self, now: Instant) {
        let rate = u128::from(self.per_minute.max(1));
        let passed = now.saturating_duration_since(self.at).as_nanos();
        // Whole units only: the time that made no unit is kept for the next one.
        let units = passed.saturating_mul(rate) / MINUTE;
        let counted = u64::try_from(units.saturating_mul(MINUTE) / rate).unwrap_or(u64::MAX);
        self.at += Duration::from_nanos(counted);
        self.left = self.left.saturating_add(u64::try_from(units).unwrap_or(u64::MAX)).min(self.per_minute);
    }
}
