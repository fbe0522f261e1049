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
mod grounds;
mod ids;
mod lane;
mod message;
mod operation;
mod origin;
mod question;
mod redact;
mod reply;
mod result;
mod rule;
mod settings;
mod spending;
mod text;
mod tool;
mod tracked;
mod turn;
mod unseen;

pub use address::is_public_address;
pub use aggregate::{AggregateFunction, TimeUnit};
pub use arguments::{argument_digest, canonical_json, digest_of_canonical};
pub use audit::{AuditBody, AuditKind, CallAudit, CalledBy, ChangeAudit, RequestAudit};
pub use bounds::{MAX_APPEND_EVENTS, MAX_EVENT_BYTES, MAX_MESSAGE_BLOCKS, MAX_MESSAGE_BYTES};
pub use call_review::{
    CallEffect, CallPreview, CallReview, Operation, PermissionMode, StandingPermission, StandingScope, UNKNOWN_VERB,
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
pub use grounds::CallGrounds;
pub use ids::{
    ConversationId, EventSeq, IdError, InstallationId, LaneId, McpSessionId, OperationId, PackageDigest, PluginName,
    PluginOwner, ProjectId, ResultId, StandingPermissionId, ToolCallId, TrackedResourceId, TurnId, UserId,
    WorkflowRunId,
};
pub use lane::{Lane, LaneParent};
pub use message::{Block, StopReason, Usage, spoken};
pub use operation::{MAX_CALL_OPERATIONS, OperationOrigin, OperationState, RemoteOperation};
pub use origin::ContentOrigin;
pub use question::{MAX_PLAN_CHARS, ModeProposal, QuestionOption, UserAsk, UserQuestion};
pub use redact::Redactor;
pub use reply::{
    ApprovalReply, MAX_CHOICE_CHARS, MAX_CHOSEN, MAX_REPLY_ANSWERS, MAX_REPLY_CHARS, QuestionAnswer, ReplyError,
};
pub use result::{
    CallAgain, ColumnType, MAX_CALL_RESULTS, MAX_DECIMAL_PRECISION, MAX_REFERENCE_COLUMNS, NewResult, ResultColumn,
    ResultContent, ResultCut, ResultHead, ResultOrigin, ResultRef, ResultState, StoredResult,
};
pub use rule::{
    MAX_RULE_CHARS, MAX_RULES, PermissionRule, PermissionRules, ProjectPermissions, RuleAuthor, RuleError, RuleHit,
    RuleKind, RuleSet, RuledCall, Ruling,
};
pub use settings::{MAX_SETTING_CHARS, SettingError, TurnSetting, TurnSettings};
pub use spending::{Budget, ContextTokens, DayUsage, ModelUsage, Overspent, day_of};
pub use text::{MAX_FAILURE_CHARS, cut, failure_text};
pub use tool::{
    Attachment, AttachmentType, CallDisplay, CallValues, Creates, DEFAULT_CALL_TIME_LIMIT, Deletes, Detail,
    MAX_PROGRESS_STEPS, MadeResource, Progress, ProgressStep, RenamedResource, Renames, ResourceChange, ResourceType,
    ResultKind, StepState, Template, ToldType, ToolAnnotations, ToolCall, ToolChoice, ToolDisplay, ToolErrorKind,
    ToolFailure, ToolName, ToolOutcome, ToolResources, ToolSource, ToolSpec,
};
pub use tracked::TrackedResource;
pub use turn::{Spent, Turn, TurnStatus};
pub use unseen::{is_bidi_control, is_unseen};
