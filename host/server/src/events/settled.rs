//! What of a log still stands.

use bricklayer_domain::{Settling, StoredEvent};

/// A log without the pieces of what is complete.
pub(super) fn settled(events: Vec<StoredEvent>) -> Vec<StoredEvent> {
    // From the end, because what follows an event decides whether it is void.
    let mut settling = Settling::default();
    let mut shown: Vec<StoredEvent> =
        events.into_iter().rev().filter(|stored| !settling.is_void(&stored.event)).collect();
    shown.reverse();
    shown
}
