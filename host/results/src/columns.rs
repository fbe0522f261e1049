//! Columns of pieces as they were read and unpacked, kept for the next page: rows that were sorted lie in all pieces.

use arrow_array::{Array as _, ArrayRef};
use bricklayer_domain::{ResultId, UserId};

use crate::cache::Cache;

/// Part of the room that one user may take.
const USERS_PART: usize = 2;

/// Which column of which piece. What a piece holds never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ColumnKey {
    pub(crate) result: ResultId,
    pub(crate) piece: u32,
    pub(crate) column: usize,
}

/// The columns.
#[derive(Debug)]
pub(crate) struct Columns(Cache<ColumnKey, ArrayRef>);

impl Columns {
    pub(crate) fn new(most_bytes: usize) -> Self {
        Self(Cache::new(most_bytes, USERS_PART))
    }

    /// Whether so many bytes of columns could stay together; more would push each other out before they are used again.
    pub(crate) const fn has_room_for(&self, bytes: u64) -> bool {
        bytes <= self.0.share_bytes() as u64
    }

    pub(crate) fn get(&self, user: &UserId, key: ColumnKey) -> Option<ArrayRef> {
        self.0.get(user, &key)
    }

    pub(crate) fn put(&self, user: &UserId, key: ColumnKey, column: &ArrayRef) {
        self.0.put(user, key, column.clone(), column.get_array_memory_size());
    }
}
