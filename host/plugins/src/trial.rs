//! New versions on trial: traps in a row that send a version back.

use std::sync::atomic::{AtomicU32, Ordering};

use bricklayer_domain::{ToolErrorKind, ToolOutcome};
use chrono::{DateTime, TimeDelta, Utc};

/// Traps in a row after which a new version is rolled back: one may be a bad input, three are a bad version.
pub(crate) const TRAPS_IN_A_ROW: u32 = 3;

/// Successful calls after which a version is no longer on trial: from then on traps are told, and a user who makes a
/// tool trap on purpose cannot bring an old version back.
const PROVEN_BY_CALLS: u32 = 100;

/// Age after which a version is no longer on trial, for the same reason and across restarts of the host.
const PROVEN_BY_AGE: TimeDelta = TimeDelta::days(7);

/// The calls of one version on this host since it was loaded.
#[derive(Debug, Default)]
pub(crate) struct Trial {
    traps: AtomicU32,
    successes: AtomicU32,
}

impl Trial {
    /// Counts one call's end; tells whether it is the one that sends a version of that age back.
    pub(crate) fn note(&self, outcome: &ToolOutcome, activated_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        match outcome.failure.as_ref().map(|failure| failure.kind) {
            Some(ToolErrorKind::Trap) => {
                let traps = self.traps.fetch_add(1, Ordering::AcqRel) + 1;
                // From the third on, each one asks again: the one before may have met a database that was down.
                traps >= TRAPS_IN_A_ROW
                    && self.successes.load(Ordering::Acquire) < PROVEN_BY_CALLS
                    && now.signed_duration_since(activated_at) < PROVEN_BY_AGE
            }
            // A call that was stopped or never began says nothing about the version.
            Some(ToolErrorKind::Cancelled | ToolErrorKind::InvalidInput | ToolErrorKind::UnknownTool) => false,
            Some(_) => {
                self.traps.store(0, Ordering::Release);
                false
            }
            None => {
                self.traps.store(0, Ordering::Release);
                self.successes.fetch_add(1, Ordering::AcqRel);
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bricklayer_domain::ToolFailure;

    use super::*;

    fn ended(kind: Option<ToolErrorKind>) -> ToolOutcome {
        kind.map_or_else(|| ToolOutcome::text("well"), |kind| ToolOutcome::failed(ToolFailure::new(kind, "badly")))
    }

    /// `t` is a trap, `s` a success, `f` a failed statement, `c` a cancel.
    #[track_caller]
    fn check(calls: &str, age: TimeDelta, expect: bool) {
        let trial = Trial::default();
        let now = bricklayer_domain::now();
        let mut back = false;
        for call in calls.chars() {
            let outcome = ended(match call {
                't' => Some(ToolErrorKind::Trap),
                'f' => Some(ToolErrorKind::Failed),
                'c' => Some(ToolErrorKind::Cancelled),
                _ => None,
            });
            back = trial.note(&outcome, now - age, now);
        }
        assert_eq!(back, expect, "{calls}");
    }

    #[test]
    fn three_traps_in_a_row_send_a_young_version_back() {
        let young = TimeDelta::minutes(1);
        check("tt", young, false);
        check("ttt", young, true);
        check("sttt", young, true);
        check("tcttc", young, false);
        check("tctct", young, true);
        check("ttstt", young, false);
        check("ttftt", young, false);
        check("ttt", TimeDelta::days(8), false);
        check(&format!("{}ttt", "s".repeat(100)), young, false);
    }
}
