//! How much results may take.

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
