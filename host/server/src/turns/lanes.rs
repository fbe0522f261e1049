//! The lanes that a turn's readers were told of, or can be told of without a look into the store.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bricklayer_domain::{Event, Lane, LaneId, StoredEvent};

use crate::events::WireLane;

/// A lane as its events tell it; none is the main one.
pub(super) type ToldLane = Option<Arc<WireLane>>;

/// Lanes beside the main one.
#[derive(Debug, Default)]
pub(super) struct KnownLanes(Mutex<HashMap<LaneId, Arc<WireLane>>>);

impl KnownLanes {
    /// How events of a lane tell it; none when it has to be looked up first.
    pub(super) fn find(&self, lane: LaneId) -> Option<ToldLane> {
        if lane == LaneId::MAIN {
            return Some(None);
        }
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&lane).cloned().map(Some)
    }

    pub(super) fn learn(&self, lanes: Vec<Lane>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.extend(lanes.into_iter().map(|lane| (lane.id, Arc::new(lane.into()))));
    }
}

/// Whether an event is the last of its turn: a subagent's end is not.
pub(super) fn ends_turn(stored: &StoredEvent, lane: &ToldLane) -> bool {
    matches!(stored.event, Event::TurnFinished { .. }) && !lane.as_ref().is_some_and(|lane| lane.is_of_a_call())
}
