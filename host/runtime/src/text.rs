//! Durations for people.

use std::time::Duration;

/// A duration in words.
pub(crate) fn seconds(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds >= 10.0 { format!("{seconds:.0} seconds") } else { format!("{seconds} seconds") }
}

/// Rounded up, so that nobody comes back too early, and never 0: what was refused is not there yet.
pub(crate) fn whole_seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_nanos().div_ceil(1_000_000_000)).unwrap_or(u32::MAX).max(1)
}
