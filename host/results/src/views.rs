//! Orders of rows that sorting and filtering made, kept for the next page.

use std::sync::Arc;

use bricklayer_domain::{ResultId, UserId};

use crate::cache::Cache;

/// Part of the room that one user may take.
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

/// The orders.
#[derive(Debug)]
pub(crate) struct Views(Cache<ViewKey, Arc<Vec<u32>>>);

impl Views {
    pub(crate) fn new(most_bytes: usize) -> Self {
        Self(Cache::new(most_bytes, USERS_PART))
    }

    pub(crate) fn get(&self, user: &UserId, key: &ViewKey) -> Option<Arc<Vec<u32>>> {
        self.0.get(user, key)
    }

    pub(crate) fn put(&self, user: &UserId, key: ViewKey, order: &Arc<Vec<u32>>) {
        let bytes = order.capacity() * size_of::<u32>() + key.sort.len() + key.filter.len();
        self.0.put(user, key, Arc::clone(order), bytes);
    }
}
