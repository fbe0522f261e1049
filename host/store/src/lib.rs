//! The store: projects, conversations, turns and the event log, in SQLite (embedded, one host) or PostgreSQL (many
//! hosts), behind one interface.
//!
//! [`Store`] is a cheap handle; every function that reads or changes what a user owns takes that user and answers
//! [`StoreError::NotFound`] for anybody else's ids. What the functions promise:
//!
//! - **One decision, one transaction.** What a function reports as done is committed; an error means that nothing
//!   happened, except [`StoreError::Unavailable`], after which the caller reads the log to learn what did.
//! - **One writer per turn.** A [`Lease`] with a fencing token names it; a stale holder's append fails with
//!   [`StoreError::LostLease`].
//! - **The log is in order.** Sequence numbers of a conversation grow, and an event becomes visible only when every
//!   event before it is.
//!
//! Only this crate names the database driver. Statements are written once where the dialects agree and side by side
//! where they differ; one suite runs on both engines.

mod append;
mod approvals;
mod audit;
mod audit_chain;
mod clock;
mod connect;
mod conversations;
pub mod crash_points;
mod engine;
mod error;
mod events;
mod fencing;
mod file;
mod history;
mod installations;
mod lanes;
mod lease;
mod lease_clock;
mod lease_sql;
mod limits;
mod mcp;
mod migrations;
mod model_usage;
mod multi_insert;
mod notices;
mod operations;
mod packages;
mod page;
mod paid;
mod permission_rules;
mod places;
mod plugin_state;
mod postgres;
mod project_skills;
mod projects;
mod resources;
mod result_totals;
mod results;
mod rows;
mod sqlite_writer;
mod stagings;
mod standing;
mod store;
#[cfg(all(feature = "test-support", unix))]
pub mod test_support;
mod tool_choices;
mod turns;
mod versions;
mod writer;

pub use approvals::{Answered, ApprovalAnswer};
pub use audit::{
    AuditCursor, AuditEntry, AuditFault, AuditFilter, AuditPage, AuditPageRequest, AuditRecord, AuditReport,
    BrokenChain, MAX_AUDIT_BATCH, MAX_AUDIT_BODY_BYTES, MAX_USAGE_WINDOW, PluginFilter, PluginUsage,
};
pub use audit_chain::AuditChain;
pub use clock::{Clock, SystemClock};
pub use connect::{DEFAULT_PROJECTS_PER_USER, StoreOptions, StoreUrl, StoreUrlError};
pub use conversations::DEFAULT_CONVERSATION_TITLE;
pub use error::StoreError;
pub use events::{Detail, EventPage, MAX_EVENT_PAGE, MAX_EVENT_PAGE_BYTES};
pub use fencing::{Lease, WorkerId};
pub use history::{CallLane, HistoryPage, MAX_HISTORY_BYTES, MAX_HISTORY_EVENTS, MAX_HISTORY_TURNS, ReadFrom};
pub use installations::{
    GivenPowers, GrantRow, InstallationError, InstallationRow, MAX_GRANT_POWERS, MAX_INSTALLATIONS_PER_OWNER,
    MAX_VERSION_BYTES, NewInstallation, PluginSnapshot, VersionRow,
};
pub use lanes::{MAX_LANE_DEPTH, MAX_LANES};
pub use lease::{Claim, HeldLease, Orphaned};
pub use limits::{ConversationLimits, DEFAULT_STAGED_BYTES, ResultLimits};
pub use mcp::{HOST_KEY_BYTES, MAX_CLIENT_BYTES, MAX_FOLDER_BYTES, MAX_MCP_SESSIONS, McpSession};
pub use model_usage::Spending;
pub use notices::{Notice, Notices};
pub use operations::{MAX_OPERATIONS, MAX_OUTCOME_BYTES};
pub use packages::{MAX_PACKAGE_BYTES, MAX_STAGED_PACKAGES};
pub use page::{Cursor, CursorError, MAX_PAGE, Page, PageRequest};
pub use places::TurnPlace;
pub use plugin_state::{MAX_STATE_KEY_BYTES, MAX_STATE_KEYS, MAX_STATE_VALUE_BYTES, PluginStateError};
pub use project_skills::{MAX_ENABLED_SKILLS, MAX_SKILL_NAME_BYTES, ProjectSkills};
pub use resources::MAX_RESOURCES;
pub use results::{EndedResult, MAX_INLINE_PIECE_BYTES, MAX_PIECE_BYTES, NewPiece, PieceInfo, ResultPlace};
pub use standing::MAX_STANDING_PERMISSIONS;
pub use store::Store;
pub use tool_choices::{MAX_CHOSEN_NAME_BYTES, MAX_CHOSEN_TOOLS};
pub use turns::{Begun, NewTurn, Stop};
pub use versions::{Version, Versions};
pub use writer::{MAX_APPEND_EVENTS, MAX_EVENT_BYTES, MAX_INLINE_STRUCTURED_BYTES};
