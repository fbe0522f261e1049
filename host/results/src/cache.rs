//! What was read or made once and is asked for again, in bounded memory: what was used longest ago goes first, and
//! nobody pushes out what others look at.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use bricklayer_domain::UserId;

/// What an entry takes besides its value, about.
const ENTRY_BYTES: usize = 256;

#[derive(Debug)]
struct Entry<V> {
    user: UserId,
    value: V,
    bytes: usize,
    used: u64,
}

/// What one user has in it.
#[derive(Debug)]
struct Part<K> {
    bytes: usize,
    /// By when it was used, the oldest first.
    keys: BTreeMap<u64, K>,
}

#[derive(Debug)]
struct Inner<K, V> {
    entries: HashMap<K, Entry<V>>,
    parts: HashMap<UserId, Part<K>>,
    bytes: usize,
    uses: u64,
}

/// Values of many users by their keys; a value is its user's alone.
#[derive(Debug)]
pub struct Cache<K, V> {
    inner: Mutex<Inner<K, V>>,
    most_bytes: usize,
    /// Of one user.
    share_bytes: usize,
}

impl<K: Clone + Eq + Hash, V: Clone> Cache<K, V> {
    /// Of so many bytes, of which one user has at most one part of `users_part`.
    #[must_use]
    pub fn new(most_bytes: usize, users_part: usize) -> Self {
        let inner = Inner { entries: HashMap::new(), parts: HashMap::new(), bytes: 0, uses: 0 };
        Self { inner: Mutex::new(inner), most_bytes, share_bytes: most_bytes / users_part.max(1) }
    }

    /// What one user may have in it.
    pub(crate) const fn share_bytes(&self) -> usize {
        self.share_bytes
    }

    /// What is kept for this user under a key.
    pub fn get(&self, user: &UserId, key: &K) -> Option<V> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let inner = &mut *inner;
        let entry = inner.entries.get_mut(key).filter(|entry| entry.user == *user)?;
        inner.uses += 1;
        let before = std::mem::replace(&mut entry.used, inner.uses);
        if let Some(part) = inner.parts.get_mut(user)
            && let Some(key) = part.keys.remove(&before)
        {
            part.keys.insert(inner.uses, key);
        }
        Some(entry.value.clone())
    }

    /// Lets go all that is one user's.
    pub fn forget(&self, user: &UserId) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        while inner.remove_oldest(Some(user)) {}
    }

    /// Keeps a value of so many bytes, unless it is larger than a user's share.
    pub fn put(&self, user: &UserId, key: K, value: V, bytes: usize) {
        let bytes = bytes.saturating_add(ENTRY_BYTES);
        if bytes > self.share_bytes {
            return;
        }
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.remove(&key);
        inner.uses += 1;
        let used = inner.uses;
        let part = inner.parts.entry(user.clone()).or_insert_with(|| Part { bytes: 0, keys: BTreeMap::new() });
        part.bytes += bytes;
        part.keys.insert(used, key.clone());
        inner.bytes += bytes;
        inner.entries.insert(key, Entry { user: user.clone(), value, bytes, used });
        while inner.parts.get(user).is_some_and(|part| part.bytes > self.share_bytes) && inner.remove_oldest(Some(user))
        {
        }
        while inner.bytes > self.most_bytes && inner.remove_oldest(None) {}
    }
}

impl<K: Clone + Eq + Hash, V> Inner<K, V> {
    fn remove(&mut self, key: &K) {
        let Some(entry) = self.entries.remove(key) else { return };
        self.bytes = self.bytes.saturating_sub(entry.bytes);
        if let Some(part) = self.parts.get_mut(&entry.user) {
            part.bytes = part.bytes.saturating_sub(entry.bytes);
            part.keys.remove(&entry.used);
            if part.keys.is_empty() {
                self.parts.remove(&entry.user);
            }
        }
    }

    /// Lets go what was used longest ago, of one user or of anybody; whether there was anything.
    fn remove_oldest(&mut self, user: Option<&UserId>) -> bool {
        let parts = self.parts.iter().filter(|(name, _)| user.is_none_or(|user| *name == user));
        let oldest = parts.filter_map(|(_, part)| part.keys.first_key_value()).min_by_key(|(used, _)| **used);
        let Some(key) = oldest.map(|(_, key)| key.clone()) else { return false };
        self.remove(&key);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str) -> UserId {
        UserId::parse(name).unwrap()
    }

    #[test]
    fn one_user_does_not_push_others_out() {
        const BYTES: usize = 1_000 - ENTRY_BYTES;
        let cache = Cache::new(8_000, 4);
        cache.put(&user("ann"), 0, "ann's", BYTES);
        for key in 1..=20 {
            cache.put(&user("eve"), key, "eve's", BYTES);
        }
        assert_eq!(cache.get(&user("ann"), &0), Some("ann's"));
        assert_eq!(cache.get(&user("eve"), &0), None, "a value is its user's");
        let kept: Vec<i32> = (1..=20).filter(|key| cache.get(&user("eve"), key).is_some()).collect();
        assert_eq!(kept, [19, 20], "a quarter of the room");
    }

    #[test]
    fn what_is_one_users_is_forgotten_and_nothing_else() {
        let cache = Cache::new(8_000, 1);
        for (name, key) in [("ann", 1), ("eve", 2), ("ann", 3)] {
            cache.put(&user(name), key, key, 10);
        }
        cache.forget(&user("ann"));
        let kept = [("ann", 1), ("eve", 2), ("ann", 3)].map(|(name, key)| cache.get(&user(name), &key));
        assert_eq!(kept, [None, Some(2), None]);
    }

    #[test]
    fn what_was_used_last_stays_and_the_whole_is_bounded() {
        let cache = Cache::new(4_000, 1);
        for (key, name) in [(1, "ann"), (2, "bob"), (3, "cid"), (4, "dan")] {
            cache.put(&user(name), key, key, 1_000 - ENTRY_BYTES);
        }
        assert_eq!(cache.get(&user("ann"), &1), Some(1));
        cache.put(&user("eve"), 5, 5, 1_000 - ENTRY_BYTES);
        assert_eq!((cache.get(&user("bob"), &2), cache.get(&user("ann"), &1)), (None, Some(1)));
        // The same key again takes the place of the one before.
        cache.put(&user("eve"), 5, 6, 0);
        assert_eq!((cache.get(&user("eve"), &5), cache.inner.lock().unwrap().bytes), (Some(6), 3_000 + ENTRY_BYTES));
        cache.put(&user("eve"), 7, 7, 5_000);
        assert_eq!(cache.get(&user("eve"), &7), None, "larger than a share");
    }
}
