//! Whose records of the audit are tied together: one process'.

use std::fmt;

use uuid::Uuid;

/// What one process recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AuditChain(pub(crate) Uuid);

impl AuditChain {
    pub(crate) fn new() -> Self {
        Self(Uuid::now_v7())
    }

    /// The bare value.
    #[must_use]
    pub const fn as_uuid(&self) -> Uuid {
        self.0
    }
}

impl fmt::Display for AuditChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
