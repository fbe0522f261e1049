//! What the lanes of a turn have taken of its bounds, while they run side by side.
//!
//! A lane's own log tells what it took, and the outcome of a call tells what its subagent did; between the two, those that
//! run now know of each other by this. A bound may be passed by the steps that begin in the same moment.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bricklayer_domain::Spent;

#[derive(Debug, Default)]
struct Account {
    next: u64,
    lanes: HashMap<u64, Spent>,
}

/// One lane's part of its turn's account; goes when the last clone is dropped.
#[derive(Debug, Clone, Default)]
pub struct AccountEntry(Arc<Entry>);

#[derive(Debug, Default)]
struct Entry {
    account: Arc<Mutex<Account>>,
    number: u64,
}

impl Entry {
    fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.account().lanes.remove(&self.number);
    }
}

impl AccountEntry {
    /// Another lane of the same turn.
    #[must_use]
    pub fn beside(&self) -> Self {
        let number = {
            let mut account = self.0.account();
            account.next = account.next.saturating_add(1);
            account.next
        };
        Self(Arc::new(Entry { account: Arc::clone(&self.0.account), number }))
    }

    /// What the other lanes that run now have taken.
    pub(crate) fn others(&self) -> Spent {
        let account = self.0.account();
        let mut sum = Spent::default();
        account.lanes.iter().filter(|(number, _)| **number != self.0.number).for_each(|(_, spent)| sum.add(*spent));
        sum
    }

    /// What this lane has taken.
    pub(crate) fn set(&self, spent: Spent) {
        self.0.account().lanes.insert(self.0.number, spent);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_know_of_each_other_while_they_run() {
        let steps = |steps| Spent { steps, ..Spent::default() };
        let agent = AccountEntry::default();
        agent.set(steps(2));
        let (one, two) = (agent.beside(), agent.beside());
        one.set(steps(3));
        one.set(steps(4));
        two.set(steps(5));
        assert_eq!([agent.others(), one.others(), two.others()].map(|spent| spent.steps), [9, 7, 6]);
        drop(one);
        assert_eq!([agent.others(), two.others()].map(|spent| spent.steps), [5, 2]);
    }
}
