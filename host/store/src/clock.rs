//! Time as an argument: leases and timestamps come from a clock that tests can move.

use std::fmt;

use chrono::{DateTime, SubsecRound, Utc};

/// Tells the time.
pub trait Clock: Send + Sync + fmt::Debug {
    /// Now.
    fn now(&self) -> DateTime<Utc>;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        bricklayer_domain::now()
    }
}

/// Now, in the resolution that both engines keep: microseconds. What is returned to a caller and what is read back
/// later are thus the same.
pub(crate) fn now(clock: &dyn Clock) -> DateTime<Utc> {
    clock.now().trunc_subsecs(6)
}
