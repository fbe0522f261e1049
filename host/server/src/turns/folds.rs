//! What was said in conversations that went on lately, as their next turns begin from it: a turn reads what is new in its
//! log, and nothing twice.
//!
//! The log is the truth: a fold is kept with how far it has read, and goes on from there. Events are never changed nor
//! taken out of the middle, so that it equals one that begins at the start.

use std::sync::Arc;

use bricklayer_agent::Fold;
use bricklayer_domain::{ConversationId, EventSeq, LaneId, Turn, UserId};
use bricklayer_results::cache::Cache;
use bricklayer_store::{Detail, MAX_EVENT_PAGE, ReadFrom, Store, StoreError};

/// Memory of all that is kept, in bytes, about.
const MOST_BYTES: usize = 32 * 1024 * 1024;
/// One user has at most one part of so many; a conversation that takes more is read anew for each turn.
const USERS_PART: usize = 2;

/// A fold that has read so far.
#[derive(Debug)]
struct Kept {
    fold: Fold,
    through: EventSeq,
}

/// Folds of lanes.
#[derive(Debug)]
pub(super) struct Folds(Cache<(ConversationId, LaneId), Arc<Kept>>);

impl Default for Folds {
    fn default() -> Self {
        Self(Cache::new(MOST_BYTES, USERS_PART))
    }
}

impl Folds {
    /// What was said in a lane until now, as a turn of its conversation goes on from it.
    pub(super) async fn read(&self, store: &Store, turn: &Turn, from: ReadFrom) -> Result<Fold, StoreError> {
        let key = (turn.conversation, from.lane);
        let kept = self.0.get(&turn.user, &key).filter(|kept| kept.through >= from.after);
        let (mut fold, after) = match &kept {
            Some(kept) => (kept.fold.copy(), kept.through),
            None => (Fold::default(), from.after),
        };
        let through = take_after(&mut fold, store, turn, ReadFrom { after, ..from }).await?;
        fold.prepare();
        self.0.put(&turn.user, key, Arc::new(Kept { fold: fold.copy(), through }), fold.bytes());
        Ok(fold)
    }

    /// Lets go all that is kept of one user's conversations, of which some were deleted.
    pub(super) fn forget(&self, user: &UserId) {
        self.0.forget(user);
    }
}

/// Takes what follows in a lane, page by page; how far it came.
async fn take_after(fold: &mut Fold, store: &Store, turn: &Turn, from: ReadFrom) -> Result<EventSeq, StoreError> {
    let ReadFrom { lane, mut after } = from;
    loop {
        let (user, conversation) = (&turn.user, turn.conversation);
        let page = store.lane_events_after(user, conversation, lane, after, MAX_EVENT_PAGE, Detail::Working).await?;
        page.events.iter().for_each(|stored| fold.take(stored));
        after = page.through;
        if page.complete {
            return Ok(after);
        }
    }
}
