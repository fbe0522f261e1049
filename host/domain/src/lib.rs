//! The words of Bricklayer as plain data: ids, conversations, turns, events, tools.
//!
//! This crate does no I/O, knows no database, no HTTP framework and no sandbox.
//! Everything else depends on it; it depends on nobody.

mod address;
mod aggregate;
mod arguments;
mod audit;
mod bounds;
mod call_review;
mod caller;
mod chain;
mod clock;
mod conversation;
mod ending;
mod event;
mod ids;
mod lane;
mod message;
mod redact;
mod result;
mod settings;
mod text;
mod tool;
mod turn;
mod unseen;

pub use address::is_public_address;
pub use aggregate::{AggregateFunction, TimeUnit};
pub use arguments::{argument_digest, canonical_json, digest_of_canonical};
pub use audit::{AuditBody, AuditKind, CallAudit, CalledBy, ChangeAudit, RequestAudit};
pub use bounds::{MAX_APPEND_EVENTS, MAX_EVENT_BYTES, MAX_MESSAGE_BLOCKS, MAX_MESSAGE_BYTES};
pub use call_review::{
    CallEffect, CallReview, Operation, PermissionMode, StandingPermission, StandingScope, UNKNOWN_VERB,
};
pub use caller::{CallSite, Caller};
pub use chain::chain;
pub use clock::now;
pub use conversation::{Conversation, NewestTurn, Project, Title, TitleError};
pub use ending::EndRemedy;
pub use event::{
    ApprovalDecision, CleanUp, ContinuingCall, Event, EventKind, HistoryRepair, Piece, Settling, StoredEvent, TurnEnd,
    Voids,
};
pub use ids::{
    ConversationId, EventSeq, IdError, InstallationId, LaneId, McpSessionId, PackageDigest, PluginName, PluginOwner,
    ProjectId, ResultId, StandingPermissionId, ToolCallId, TurnId, UserId, WorkflowRunId,
};
pub use lane::{Lane, LaneParent};
pub use message::{Block, StopReason, Usage};
pub use redact::Redactor;
pub use result::{
    CallAgain, ColumnType, MAX_CALL_RESULTS, MAX_DECIMAL_PRECISION, MAX_REFERENCE_COLUMNS, NewResult, ResultColumn,
    ResultContent, ResultCut, ResultHead, ResultOrigin, ResultRef, ResultState, StoredResult,
};
pub use settings::{MAX_SETTING_CHARS, SettingError, TurnSetting, TurnSettings};
pub use text::{MAX_FAILURE_CHARS, cut, failure_text};
pub use tool::{
    CallDisplay, DEFAULT_CALL_TIME_LIMIT, Detail, Progress, ResultKind, ToolAnnotations, ToolCall, ToolDisplay,
    ToolErrorKind, ToolFailure, ToolName, ToolOutcome, ToolSource, ToolSpec,
};
pub use turn::{Turn, TurnStatus};
pub use unseen::{is_bidi_control, is_unseen};
