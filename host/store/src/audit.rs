//! The audit log: what plugins did on a user's behalf, in chains of hashes that show a change.
//!
//! Every process appends to a chain of its own, so that no two ever wait for each other. A record's hash covers all of
//! its columns and the hash of the record before; the chain's row holds the hash of the last one, and of the one
//! before the first once older ones were pruned. What this shows: a record changed, removed, inserted or moved by
//! somebody who can write the database but does not also rewrite everything after it. Who can do that leaves no trace
//! here; against them keep copies of [`AuditReport::heads`] elsewhere.

use bricklayer_domain::{AuditBody, AuditKind, InstallationId, PackageDigest, PluginName, ProjectId, TurnId, UserId};
use chrono::{DateTime, Utc};

use crate::audit_chain::AuditChain;

mod append;
mod chain;
mod list;
mod prune;
mod usage;
mod verify;

pub use append::{MAX_AUDIT_BATCH, MAX_AUDIT_BODY_BYTES};
pub use list::{AuditCursor, AuditFilter, AuditPage, AuditPageRequest, PluginFilter};
pub use usage::{MAX_USAGE_WINDOW, PluginUsage};
pub use verify::{AuditFault, AuditReport, BrokenChain};

/// The outcome of a call that went well; any other is an error.
const OK: &str = "ok";

/// Something to record.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// When it happened; kept in microseconds.
    pub at: DateTime<Utc>,
    /// For whom.
    pub user: UserId,
    /// In which project, when in one.
    pub project: Option<ProjectId>,
    /// In which turn, when in one.
    pub turn: Option<TurnId>,
    /// By or to which plugin.
    pub plugin: PluginName,
    /// Which installation of it; several may have the name. Absent in records from before there were ids in them, and
    /// when nobody installed it. Usage is counted by it.
    pub installation: Option<InstallationId>,
    /// Which package of it.
    pub digest: Option<PackageDigest>,
    /// By which tool; empty when by none.
    pub tool: String,
    /// How it ended: a word. For a call `ok` or the kind of the error.
    pub outcome: String,
    /// The rest, by what the record is about. Usage is counted from it.
    pub body: AuditBody,
}

impl AuditEntry {
    /// What the record is about.
    #[must_use]
    pub const fn kind(&self) -> AuditKind {
        self.body.kind()
    }
}

/// A record, and where it is.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditRecord {
    /// Of which process.
    pub chain: AuditChain,
    /// Which of it, from 1.
    pub seq: i64,
    /// What was recorded.
    pub entry: AuditEntry,
}
