//! Progress of many files: often enough to be seen, rarely enough for the call's budget of reports.

use bricklayer_sdk::Platform;

/// Reports of one call at most.
const MAX_REPORTS: usize = 200;

/// Tells that `done` of `total` are done.
pub fn tell<P: Platform>(platform: &P, message: &str, done: usize, total: usize) {
    if done == total || done.is_multiple_of(total.div_ceil(MAX_REPORTS).max(1)) {
        platform.progress(message, Some(done as f64), Some(total as f64));
    }
}
