//! What each user's results take, as this process knows it.
//!
//! Adding a user's conversations up takes longer the more there are, and every first result of a conversation has to
//! know the sum. So it is asked of the database now and then, and what is added here is counted on. Of what other hosts
//! add in between nothing is known for [`HEARD_FOR`]: by so much a user may get beyond the limit.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use bricklayer_domain::UserId;
use chrono::{DateTime, TimeDelta, Utc};

/// How long a sum is believed.
const HEARD_FOR: TimeDelta = TimeDelta::seconds(30);
/// Users whose sums are known at a time; past it all are asked anew.
const MAX_USERS: usize = 10_000;

/// The sums.
#[derive(Debug, Default)]
pub(crate) struct UserTotals {
    known: Mutex<HashMap<UserId, Known>>,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    bytes: i64,
    heard: DateTime<Utc>,
}

impl UserTotals {
    /// Counts bytes that a user's results are about to take, and says how many they take then; none when that has to be
    /// asked.
    pub(crate) fn add(&self, user: &UserId, bytes: i64, now: DateTime<Utc>) -> Option<i64> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let total = known.get_mut(user)?;
        total.bytes = total.bytes.saturating_add(bytes);
        (now.signed_duration_since(total.heard).abs() < HEARD_FOR).then_some(total.bytes)
    }

    /// Notes what the database says.
    pub(crate) fn heard(&self, user: &UserId, bytes: i64, now: DateTime<Utc>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_USERS && !known.contains_key(user) {
            known.clear();
        }
        known.insert(user.clone(), Known { bytes, heard: now });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_is_counted_on_and_believed_for_a_while() {
        let (totals, user, now) =
            (UserTotals::default(), UserId::parse("ann@example.com").unwrap(), DateTime::UNIX_EPOCH);
        assert_eq!(totals.add(&user, 5, now), None, "never heard of");
        totals.heard(&user, 100, now);
        assert_eq!(totals.add(&user, 5, now), Some(105));
        assert_eq!(totals.add(&user, 1, now + HEARD_FOR), None);
        assert_eq!(totals.add(&user, 1, now - HEARD_FOR), None, "a clock that went back");
        assert_eq!(totals.add(&UserId::parse("bob@example.com").unwrap(), 5, now), None);
    }
}
