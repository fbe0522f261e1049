//! Which turns this host drives, how many, and how to reach each.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bricklayer_domain::{TurnId, UserId};
use bricklayer_store::Claim;
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
    /// Claimed turns whose user's credential is not here.
    waiting: HashMap<UserId, Vec<(Claim, Slot)>>,
    next_number: u64,
}

#[derive(Debug)]
struct Entry {
    number: u64,
    user: UserId,
    cancel: CancellationToken,
    abandon: CancellationToken,
}

/// A turn that is driven or waits here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Held {
    pub(super) turn: TurnId,
    /// Which of this process's drives it is; absent when it waits.
    number: Option<u64>,
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

    /// Stops a turn for its user, when it runs here and, if a user is named, is theirs.
    pub(super) fn cancel(&self, turn: TurnId, user: Option<&UserId>) {
        let table = self.shared.table();
        if let Some(entry) = table.running.get(&turn)
            && user.is_none_or(|user| *user == entry.user)
        {
            entry.cancel.cancel();
        }
    }

    /// Makes this worker leave a turn.
    pub(super) fn abandon(&self, turn: TurnId) {
        if let Some(entry) = self.shared.table().running.get(&turn) {
            entry.abandon.cancel();
        }
    }

    /// Makes this worker leave a turn that it lost, unless it has taken it up again since.
    pub(super) fn abandon_lost(&self, lost: Held) {
        let table = self.shared.table();
        if let Some(entry) = table.running.get(&lost.turn)
            && Some(entry.number) == lost.number
        {
            entry.abandon.cancel();
        }
    }

    /// The turns that are driven or wait here.
    pub(super) fn held(&self) -> Vec<Held> {
        let table = self.shared.table();
        let waiting = table.waiting.values().flatten().map(|(claim, _)| Held { turn: claim.turn.id, number: None });
        table
            .running
            .iter()
            .map(|(turn, entry)| Held { turn: *turn, number: Some(entry.number) })
            .chain(waiting)
            .collect()
    }

    /// Resolves when none of these turns is driven here.
    pub(super) async fn wait_gone(&self, turns: &[TurnId]) {
        let mut left = self.shared.left.subscribe();
        let gone = || {
            let table = self.shared.table();
            turns.iter().all(|turn| !table.running.contains_key(turn))
        };
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = left.wait_for(|_| gone()).await;
    }

    /// Keeps a claimed turn until its user comes with a credential.
    pub(super) fn keep_waiting(&self, claim: Claim, slot: Slot) {
        self.shared.table().waiting.entry(claim.turn.user.clone()).or_default().push((claim, slot));
    }

    /// The turns that waited for this user.
    pub(super) fn take_waiting(&self, user: &UserId) -> Vec<(Claim, Slot)> {
        let mut table = self.shared.table();
        if table.waiting.is_empty() {
            return Vec::new();
        }
        table.waiting.remove(user).unwrap_or_default()
    }
}

impl Slot {
    /// Enters the turn into the table.
    pub(super) fn begin(self, turn: TurnId) -> Running {
        let (cancel, abandon) = (CancellationToken::new(), CancellationToken::new());
        let mut table = self.shared.table();
        let number = table.next_number;
        table.next_number += 1;
        let entry = Entry { number, user: self.user.clone(), cancel: cancel.clone(), abandon: abandon.clone() };
        table.running.insert(turn, entry);
        drop(table);
        Running { slot: self, turn, number, cancel, abandon }
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
