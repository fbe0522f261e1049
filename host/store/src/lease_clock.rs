//! The clock of leases. Several hosts compare and set the same leases, and their own clocks need not agree: one that is
//! wrong would take turns that others drive, or lose its own. So with PostgreSQL the database's clock counts, within the
//! statement that asks; a SQLite file has one host, and that host's clock.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::postgres::types::PgInterval;

/// A moment on the clock of leases: so long from now, whatever that clock says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LeaseMoment {
    host: DateTime<Utc>,
    from_now: TimeDelta,
}

impl LeaseMoment {
    /// Now, for a host whose own clock says so.
    pub(crate) const fn now(host: DateTime<Utc>) -> Self {
        Self { host, from_now: TimeDelta::zero() }
    }

    /// When a lease of this length ends that is taken or renewed now.
    pub(crate) fn in_future(host: DateTime<Utc>, lease: Duration) -> Self {
        Self { host, from_now: TimeDelta::from_std(lease).unwrap_or(TimeDelta::MAX) }
    }

    /// A time past on the clock of leases.
    pub(crate) fn ago(host: DateTime<Utc>, by: Duration) -> Self {
        Self { host, from_now: -TimeDelta::from_std(by).unwrap_or_default() }
    }

    /// By the host's clock: what SQLite binds.
    pub(crate) fn on_host(self) -> DateTime<Utc> {
        self.host.checked_add_signed(self.from_now).unwrap_or(self.host)
    }

    /// What PostgreSQL adds to its own clock.
    pub(crate) fn offset_from_database(self) -> PgInterval {
        PgInterval { months: 0, days: 0, microseconds: self.from_now.num_microseconds().unwrap_or(i64::MAX / 4) }
    }
}
