//! What readers of a turn read from the store, shared by all that stand at the same place: many readers of one turn cost
//! little more than one.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bricklayer_domain::{EventSeq, TurnId, UserId};
use bricklayer_store::{Detail, Store, StoreError};
use bytes::Bytes;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::hub::stored_frames;
use super::lanes::{KnownLanes, ends_turn};

/// Events of one read of the store.
const REPLAY_PAGE: u32 = 500;
/// Pages that are kept for the next reader; each has about a megabyte at most.
const KEPT_PAGES: usize = 4;
/// How long the end of a log is taken for its end, when nothing was heard of more.
const END_AGE: Duration = Duration::from_secs(1);

/// A part of a turn's log, ready to send.
#[derive(Debug, Clone)]
pub(crate) struct ReplayPage {
    after: EventSeq,
    /// Its frames.
    pub(crate) frames: Bytes,
    /// Where the next part begins.
    pub(crate) through: EventSeq,
    /// Whether there is no more now.
    pub(crate) complete: bool,
    /// Whether it ends with the turn's last event.
    pub(crate) terminal: bool,
    read_at: Instant,
    version: u64,
}

/// The pages of one turn that were read last.
#[derive(Debug, Default)]
pub(super) struct Replays {
    pages: Mutex<VecDeque<ReplayPage>>,
    /// Grows with everything that is heard of the turn.
    version: AtomicU64,
}

impl Replays {
    /// Something happened in the turn: what was its end may be so no more. Called before readers are told.
    pub(super) fn changed(&self) {
        self.version.fetch_add(1, Ordering::SeqCst);
    }

    /// What follows an event. Readers of the same turn wait for each other, and mostly find the page read.
    pub(super) async fn after(
        &self,
        store: &Store,
        user: &UserId,
        turn: TurnId,
        lanes: &KnownLanes,
        after: EventSeq,
    ) -> Result<ReplayPage, StoreError> {
        let mut pages = self.pages.lock().await;
        let version = self.version.load(Ordering::SeqCst);
        // What lies between two events of a log does not change; only its end moves.
        pages.retain(|page| !page.complete || (page.version == version && page.read_at.elapsed() < END_AGE));
        if let Some(page) = pages.iter().find(|page| page.after == after) {
            return Ok(page.clone());
        }
        let read_at = Instant::now();
        let read = store.turn_events_after(user, turn, after, REPLAY_PAGE, Detail::Settled).await?;
        if read.events.iter().any(|stored| lanes.find(stored.lane).is_none()) {
            lanes.learn(store.turn_lanes(user, turn).await?);
        }
        let mut frames = Vec::new();
        let mut terminal = false;
        for stored in &read.events {
            let Some(lane) = lanes.find(stored.lane) else {
                tracing::error!(lane.id = %stored.lane, "an event is of a lane that its conversation does not have");
                continue;
            };
            frames.extend_from_slice(&stored_frames(stored, &lane));
            terminal = ends_turn(stored, &lane);
        }
        let (through, complete) = (read.through, read.complete);
        let page = ReplayPage { after, frames: frames.into(), through, complete, terminal, read_at, version };
        pages.push_back(page.clone());
        if pages.len() > KEPT_PAGES {
            pages.pop_front();
        }
        Ok(page)
    }
}
