//! Orders of rows that sorting and filtering made, kept for the next page.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bricklayer_domain::{ResultId, UserId};

/// Part of the room that one user may take, so that nobody pushes out what others look at.
const USERS_PART: usize = 4;

/// What an order is of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ViewKey {
    pub(crate) result: ResultId,
    /// A result that is being written grows.
    pub(crate) rows: u64,
    pub(crate) sort: String,
    pub(crate) filter: String,
}

#[derive(Debug)]
struct Entry {
    user: UserId,
    order: Arc<Vec<u32>>,
    used: u64,
}

impl Entry {
    fn bytes(&self) -> usize {
        self.order.capacity() * size_of::<u32>()
    }
}

#[derive(Debug, Default)]
struct Inner {
    entries: HashMap<ViewKey, Entry>,
    uses: u64,
}

/// The orders; the ones that were used longest ago go first.
#[derive(Debug)]
pub(crate) struct Views {
    inner: Mutex<Inner>,
    most_bytes: usize,
}

impl Views {
    pub(crate) fn new(most_bytes: usize) -> Self {
        Self { inner: Mutex::default(), most_bytes }
    }

    pub(crate) fn get(&self, user: &UserId, key: &ViewKey) -> Option<Arc<Vec<u32>>> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.uses += 1;
        let uses = inner.uses;
        let entry = inner.entries.get_mut(key).filter(|entry| entry.user == *user)?;
        entry.used = uses;
        Some(Arc::clone(&entry.order))
    }

    pub(crate) fn put(&self, user: &UserId, key: ViewKey, order: &Arc<Vec<u32>>) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.uses += 1;
        let entry = Entry { user: user.clone(), order: Arc::clone(order), used: inner.uses };
        inner.entries.insert(key, entry);
        inner.shrink(Some(user), self.most_bytes / USERS_PART);
        inner.shrink(None, self.most_bytes);
    }
}

impl Inner {
    /// Lets orders go, of one user or of anybody, until so many bytes are left.
    fn shrink(&mut self, user: Option<&UserId>, most_bytes: usize) {
        let theirs = |entry: &Entry| user.is_none_or(|user| entry.user == *user);
        let mut bytes: usize = self.entries.values().filter(|entry| theirs(entry)).map(Entry::bytes).sum();
        while bytes > most_bytes {
            let oldest = self.entries.iter().filter(|(_, entry)| theirs(entry)).min_by_key(|(_, entry)| entry.used);
            let Some(key) = oldest.map(|(key, _)| key.clone()) else { return };
            bytes -= self.entries.remove(&key).map_or(0, |entry| entry.bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_user_does_not_push_others_out() {
        let user = |name: &str| UserId::parse(name).unwrap();
        let key = |result| ViewKey { result, rows: 1, sort: String::new(), filter: String::new() };
        let (anns, order) = (ResultId::new(), Arc::new(vec![0_u32; 100]));
        let views = Views::new(8 * order.capacity() * 4);
        views.put(&user("ann"), key(anns), &order);
        let eves: Vec<_> = (0..20).map(|_| ResultId::new()).collect();
        for result in &eves {
            views.put(&user("eve"), key(*result), &order);
        }
        assert!(views.get(&user("ann"), &key(anns)).is_some());
        assert!(views.get(&user("eve"), &key(anns)).is_none(), "an order is its user's");
        let kept = eves.iter().filter(|result| views.get(&user("eve"), &key(**result)).is_some()).count();
        assert_eq!(kept, 2, "a quarter of the room");
    }
}
