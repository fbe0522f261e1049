//! The one place that reads the wall clock.

use chrono::{DateTime, Utc};

/// Now, by this machine's clock.
#[expect(clippy::disallowed_methods, reason = "the one place")]
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now()
}
