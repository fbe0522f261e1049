//! What of a log still stands when a conversation is drawn from it.

use std::sync::Arc;

use bricklayer_domain::{Settling, StoredEvent};
use bricklayer_store::CallLane;

use super::{WireEvent, WireLane, into_frames};

/// The log of a version of a conversation as a client needs it to draw the page, with what subagents did in it: without
/// the pieces of what is complete, of which each lane tells by itself.
#[must_use]
pub fn fold_history(events: Vec<StoredEvent>, of_calls: Vec<CallLane>) -> Vec<WireEvent> {
    let mut told = frames_of(events, None);
    for CallLane { lane, events } in of_calls {
        told.extend(frames_of(events, Some(&Arc::new(lane.into()))));
    }
    // Frames of one event stay in their order.
    told.sort_by_key(|frame| frame.seq);
    told
}

fn frames_of(events: Vec<StoredEvent>, lane: Option<&Arc<WireLane>>) -> Vec<WireEvent> {
    settled(events).into_iter().flat_map(|stored| into_frames(stored, lane)).collect()
}

/// A log without the pieces of what is complete.
fn settled(events: Vec<StoredEvent>) -> Vec<StoredEvent> {
    // From the end, because what follows an event decides whether it is void.
    let mut settling = Settling::default();
    let mut shown: Vec<StoredEvent> =
        events.into_iter().rev().filter(|stored| !settling.is_void(&stored.event)).collect();
    shown.reverse();
    shown
}
