//! How much may be kept when nobody chose otherwise.

/// Most bytes of staged packages together ([`StoreOptions::staged_bytes`](crate::StoreOptions::staged_bytes)):
/// twice what one person can keep others from by looking at the largest packages.
pub const DEFAULT_STAGED_BYTES: u64 = 1024 * 1024 * 1024;

/// How much one conversation may hold before no further turn begins in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConversationLimits {
    /// What was said and done since the newest compaction begins, in bytes: every turn reads it again, so it bounds the
    /// memory of each.
    pub log_bytes: u64,
    /// The typed results of its calls, in bytes: they are loaded only to be shown.
    pub structured_bytes: u64,
}

impl Default for ConversationLimits {
    fn default() -> Self {
        const MIB: u64 = 1024 * 1024;
        Self { log_bytes: 64 * MIB, structured_bytes: 512 * MIB }
    }
}

/// How much results may take in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResultLimits {
    /// One result, in bytes.
    pub result_bytes: u64,
    /// Rows of one table.
    pub result_rows: u64,
    /// All results of a conversation, in bytes.
    pub conversation_bytes: u64,
    /// All results of a user, in bytes.
    pub user_bytes: u64,
}

impl Default for ResultLimits {
    fn default() -> Self {
        const MIB: u64 = 1024 * 1024;
        Self {
            result_bytes: 512 * MIB,
            result_rows: 5_000_000,
            conversation_bytes: 2_048 * MIB,
            user_bytes: 16_384 * MIB,
        }
    }
}
