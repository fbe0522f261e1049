//! Which turns this host drives, how many, and how to reach each.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bricklayer_domain::{TurnId, UserId};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// The bounds, and what runs; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Slots {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    table: Mutex<Table>,
    /// Changes whenever a turn leaves.
    left: watch::Sender<u64>,
    limit: usize,
    limit_per_user: usize,
}

#[derive(Debug, Default)]
struct Table {
    running: HashMap<TurnId, Entry>,
    per_user: HashMap<UserId, usize>,
    taken: usize,
    next_number: u64,
}

#[derive(Debug)]
struct Entry {
    number: u64,
    user: UserId,
    appending: Appending,
    cancel: CancellationToken,
    abandon: CancellationToken,
}

/// Since when a turn waits for the store to take what it appends.
#[derive(Debug, Clone, Default)]
pub(super) struct Appending(Arc<Mutex<Option<Instant>>>);

impl Appending {
    /// Notes that an append began or came back.
    pub(super) fn set(&self, since: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }

    fn waits_longer_than(&self, limit: Duration) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|since| since.elapsed() > limit)
    }
}

/// A turn that is driven here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Held {
    pub(super) turn: TurnId,
    /// Which of this process's drives it is.
    number: u64,
}

/// No more turns may run.
#[derive(Debug)]
pub(super) struct NoSlot {
    /// Whether it is the user's own bound.
    pub(super) of_user: bool,
}

/// The right to run one turn; given back when dropped.
#[derive(Debug)]
pub(super) struct Slot {
    shared: Arc<Shared>,
    user: UserId,
}

/// A turn in the table; leaves it when dropped.
#[derive(Debug)]
pub(super) struct Running {
    slot: Slot,
    turn: TurnId,
    number: u64,
    /// The user's stop.
    pub(super) cancel: CancellationToken,
    /// This worker must leave the turn without a trace.
    pub(super) abandon: CancellationToken,
    /// Told by the log.
    pub(super) appending: Appending,
}

impl Shared {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slots {
    pub(super) fn new(limit: usize, limit_per_user: usize) -> Self {
        let shared = Shared { table: Mutex::default(), left: watch::Sender::new(0), limit, limit_per_user };
        Self { shared: Arc::new(shared) }
    }

    /// A slot for a new turn, within the bounds.
    pub(super) fn reserve(&self, user: &UserId) -> Result<Slot, NoSlot> {
        let table = self.shared.table();
        if table.per_user.get(user).copied().unwrap_or_default() >= self.shared.limit_per_user {
            return Err(NoSlot { of_user: true });
        }
        if table.taken >= self.shared.limit {
            return Err(NoSlot { of_user: false });
        }
        drop(table);
        Ok(self.force(user))
    }

    /// A slot for a turn that exists already and must go on: bounds hold where turns begin.
    pub(super) fn force(&self, user: &UserId) -> Slot {
        let mut table = self.shared.table();
        table.taken += 1;
        *table.per_user.entry(user.clone()).or_default() += 1;
        Slot { shared: Arc::clone(&self.shared), user: user.clone() }
    }

    /// Slots that are free for turns taken over.
    pub(super) fn free(&self) -> usize {
        self.shared.limit.saturating_sub(self.shared.table().taken)
    }

    /// Turns that are driven.
    pub(super) fn running(&self) -> usize {
        self.shared.table().running.len()
    }

    /// Stops a turn for its user, when it runs here and, if a user is named, is theirs; says whether it was told now
    /// for the first time.
    pub(super) fn cancel(&self, turn: TurnId, user: Option<&UserId>) -> bool {
        let table = self.shared.table();
        let Some(entry) = table.running.get(&turn).filter(|entry| user.is_none_or(|user| *user == entry.user)) else {
            return false;
        };
        let first = !entry.cancel.is_cancelled();
        entry.cancel.cancel();
        first
    }

    /// Makes this worker leave a turn.
    pub(super) fn abandon(&self, turn: TurnId) {
        if let Some(entry) = self.shared.table().running.get(&turn) {
            entry.abandon.cancel();
        }
    }

    /// Makes this worker leave the turns whose appends do not come back within a limit; says which.
    pub(super) fn abandon_stuck(&self, limit: Duration) -> Vec<TurnId> {
        let table = self.shared.table();
        let stuck = table.running.iter().filter(|(_, entry)| entry.appending.waits_longer_than(limit));
        stuck
            .map(|(turn, entry)| {
                entry.abandon.cancel();
                *turn
            })
            .collect()
    }

    /// Makes this worker leave a turn that it lost, unless it has taken it up again since.
    pub(super) fn abandon_lost(&self, lost: Held) {
        let table = self.shared.table();
        if let Some(entry) = table.running.get(&lost.turn)
            && entry.number == lost.number
        {
            entry.abandon.cancel();
        }
    }

    /// The turns that are driven here.
    pub(super) fn held(&self) -> Vec<Held> {
        let table = self.shared.table();
        table.running.iter().map(|(turn, entry)| Held { turn: *turn, number: entry.number }).collect()
    }

    /// Resolves when none of these turns is driven here.
    pub(super) async fn wait_gone(&self, turns: &[TurnId]) {
        self.wait_for(|running| turns.iter().all(|turn| !running.contains_key(turn))).await;
    }

    /// Resolves when no turn is driven here.
    pub(super) async fn wait_idle(&self) {
        self.wait_for(HashMap::is_empty).await;
    }

    async fn wait_for(&self, settled: impl Fn(&HashMap<TurnId, Entry>) -> bool) {
        let mut left = self.shared.left.subscribe();
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = left.wait_for(|_| settled(&self.shared.table().running)).await;
    }
}

impl Slot {
    /// Enters the turn into the table.
    pub(super) fn begin(self, turn: TurnId) -> Running {
        let (cancel, abandon, appending) = (CancellationToken::new(), CancellationToken::new(), Appending::default());
        let mut table = self.shared.table();
        let number = table.next_number;
        table.next_number += 1;
        let entry = Entry {
            number,
            user: self.user.clone(),
            appending: appending.clone(),
            cancel: cancel.clone(),
            abandon: abandon.clone(),
        };
        // Whoever drove it here before lost it, or it could not have been claimed again.
        if let Some(before) = table.running.insert(turn, entry) {
            before.abandon.cancel();
        }
        drop(table);
        Running { slot: self, turn, number, cancel, abandon, appending }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut table = self.shared.table();
        table.taken = table.taken.saturating_sub(1);
        if let Some(count) = table.per_user.get_mut(&self.user) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                table.per_user.remove(&self.user);
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut table = self.slot.shared.table();
        // An answered approval may have brought the turn back already, under a new number.
        if table.running.get(&self.turn).is_some_and(|entry| entry.number == self.number) {
            table.running.remove(&self.turn);
        }
        drop(table);
        self.slot.shared.left.send_modify(|count| *count = count.wrapping_add(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_bounded_and_come_back() {
        let slots = Slots::new(3, 2);
        let (ann, bob) = (UserId::parse("ann").unwrap(), UserId::parse("bob").unwrap());
        let first = slots.reserve(&ann).unwrap();
        let _second = slots.reserve(&ann).unwrap();
        assert!(slots.reserve(&ann).unwrap_err().of_user);
        let _third = slots.reserve(&bob).unwrap();
        assert!(!slots.reserve(&bob).unwrap_err().of_user);
        drop(first);
        assert!(slots.reserve(&ann).is_ok());
    }

    #[test]
    fn a_turn_whose_append_does_not_come_back_is_left() {
        let slots = Slots::new(2, 2);
        let ann = UserId::parse("ann").unwrap();
        let (stuck, fine) = (TurnId::new(), TurnId::new());
        let running = slots.reserve(&ann).unwrap().begin(stuck);
        let other = slots.reserve(&ann).unwrap().begin(fine);
        running.appending.set(Instant::now().checked_sub(Duration::from_secs(9)));
        other.appending.set(Some(Instant::now()));
        assert_eq!(slots.abandon_stuck(Duration::from_secs(8)), [stuck]);
        assert!(running.abandon.is_cancelled() && !other.abandon.is_cancelled());
        running.appending.set(None);
        assert!(slots.abandon_stuck(Duration::from_secs(8)).is_empty());
    }

    #[test]
    fn only_the_owner_cancels() {
        let slots = Slots::new(1, 1);
        let (ann, bob) = (UserId::parse("ann").unwrap(), UserId::parse("bob").unwrap());
        let turn = TurnId::new();
        let running = slots.reserve(&ann).unwrap().begin(turn);
        slots.cancel(turn, Some(&bob));
        assert!(!running.cancel.is_cancelled());
        slots.cancel(turn, Some(&ann));
        assert!(running.cancel.is_cancelled());
        drop(running);
        assert_eq!(slots.running(), 0);
    }
}
