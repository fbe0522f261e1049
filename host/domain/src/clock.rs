//! The wall clock: for what is shown and recorded, never for how long something took.

use chrono::{DateTime, Utc};

/// Now, by this machine's clock. The one place that reads it (clippy.toml): whoever must agree with others about the
/// time, as leases must, asks the store; what decides by the time alone is given one.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place")]
pub fn now() -> DateTime<Utc> {
    Utc::now()
}
