//! Tools: what the model or an MCP client can call, and what comes back.

mod braces;
mod choice;
mod display;
mod renames;
mod resource;
mod told;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{ContentOrigin, OperationId, PluginName, ResultId, ResultRef, Spent, ToolCallId};

pub use choice::ToolChoice;
pub use display::{CallDisplay, Detail, ResultKind, ToolDisplay};
pub use renames::{RenamedResource, Renames};
pub use resource::{Creates, Deletes, MadeResource, ResourceChange, ToolResources};
pub use told::{CallValues, ResourceType, Template, ToldType};

/// A tool's name as models and MCP clients see it: `Read`, `mcp__databricks__execute_sql`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ToolName(pub String);

impl ToolName {
    /// The name without the prefix that tells its source: `execute_sql`.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.rsplit("__").next().unwrap_or(&self.0)
    }
}

impl std::fmt::Display for ToolName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a tool comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ToolSource {
    /// Part of the host: files, skills.
    BuiltIn,
    /// A function of a plugin.
    Plugin {
        /// The plugin.
        plugin: PluginName,
    },
}

impl ToolSource {
    /// What a source is called: a plugin's name, or `built-in`.
    #[must_use]
    pub fn family(&self) -> &str {
        match self {
            Self::BuiltIn => "built-in",
            Self::Plugin { plugin } => plugin.as_str(),
        }
    }
}

/// What a tool's author says about it. The default is the careful one: a tool without annotations changes things,
/// may destroy, and asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ToolAnnotations {
    /// Changes nothing; may run side by side with others and be run again.
    pub read_only: bool,
    /// May destroy what exists.
    pub destructive: bool,
    /// Running it twice with the same arguments is the same as once.
    pub idempotent: bool,
    /// Whether the user is asked before each call.
    pub ask: bool,
    /// Wall-clock limit for one call in seconds; the host's default when absent.
    pub time_limit_seconds: Option<u32>,
    /// Whether a model is told of it at once, however many tools there are; of the others it is then told when it looks
    /// for them.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub core: bool,
}

impl Default for ToolAnnotations {
    fn default() -> Self {
        Self {
            read_only: false,
            destructive: true,
            idempotent: false,
            ask: true,
            time_limit_seconds: None,
            core: false,
        }
    }
}

impl ToolAnnotations {
    /// A tool that only reads.
    #[must_use]
    pub const fn reads() -> Self {
        Self {
            read_only: true,
            destructive: false,
            idempotent: true,
            ask: false,
            time_limit_seconds: None,
            core: false,
        }
    }

    /// A tool that changes things it was asked to change, without asking again.
    #[must_use]
    pub const fn writes() -> Self {
        Self {
            read_only: false,
            destructive: false,
            idempotent: false,
            ask: false,
            time_limit_seconds: None,
            core: false,
        }
    }
}

/// A tool as the catalogue lists it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolSpec {
    /// Unique in a project.
    pub name: ToolName,
    /// Where it comes from.
    pub source: ToolSource,
    /// For the model; the WIT documentation of a plugin's function.
    pub description: String,
    /// JSON Schema 2020-12 of the arguments; always an object.
    pub input_schema: Value,
    /// JSON Schema of `structured` in a successful outcome, when the tool has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<Value>,
    /// What its author says about it.
    pub annotations: ToolAnnotations,
    /// How it wants to be shown.
    #[serde(default)]
    pub display: ToolDisplay,
    /// What its calls make and delete at the far end.
    #[serde(default, skip_serializing_if = "ToolResources::is_empty")]
    pub resources: ToolResources,
}

/// One call that the model asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The model's id for it.
    pub id: ToolCallId,
    /// The tool.
    pub name: ToolName,
    /// Arguments as the model gave them, not yet validated.
    pub input: Value,
}

/// What went wrong with a call, by what the caller would do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ToolErrorKind {
    /// The arguments do not fit the schema or make no sense: correct and call again.
    InvalidInput,
    /// No tool of that name.
    UnknownTool,
    /// The user, a rule or a missing grant said no.
    Denied,
    /// The thing named does not exist.
    NotFound,
    /// It was not begun, for a reason outside the call itself: too many in one message, say.
    NotRun,
    /// A limit of the sandbox was reached: memory, CPU, output, requests; the message names it.
    LimitExceeded,
    /// The time limit passed.
    Timeout,
    /// Stopped by the user.
    Cancelled,
    /// The credential was refused by the far end.
    Unauthenticated,
    /// The far end refused the user.
    PermissionDenied,
    /// The far end asks to slow down.
    RateLimited,
    /// The far end failed or could not be reached.
    Upstream,
    /// The tool ran and reports that the work failed (a statement with an error, say).
    Failed,
    /// The plugin crashed; other calls go on.
    Trap,
    /// The host restarted in the middle of a call that must not be repeated: nobody knows whether it took effect.
    OutcomeUnknown,
}

impl ToolErrorKind {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::InvalidInput,
        Self::UnknownTool,
        Self::Denied,
        Self::NotFound,
        Self::NotRun,
        Self::LimitExceeded,
        Self::Timeout,
        Self::Cancelled,
        Self::Unauthenticated,
        Self::PermissionDenied,
        Self::RateLimited,
        Self::Upstream,
        Self::Failed,
        Self::Trap,
        Self::OutcomeUnknown,
    ];

    /// The inverse of [`ToolErrorKind::as_str`].
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// The kind's word, as everywhere outside: `invalid-input`, `limit-exceeded`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidInput => "invalid-input",
            Self::UnknownTool => "unknown-tool",
            Self::Denied => "denied",
            Self::NotFound => "not-found",
            Self::NotRun => "not-run",
            Self::LimitExceeded => "limit-exceeded",
            Self::Timeout => "timeout",
            Self::Cancelled => "cancelled",
            Self::Unauthenticated => "unauthenticated",
            Self::PermissionDenied => "permission-denied",
            Self::RateLimited => "rate-limited",
            Self::Upstream => "upstream",
            Self::Failed => "failed",
            Self::Trap => "trap",
            Self::OutcomeUnknown => "outcome-unknown",
        }
    }
}

/// A failed call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolFailure {
    /// What kind.
    pub kind: ToolErrorKind,
    /// What happened and what to do next, for the model and the user.
    pub message: String,
    /// Whether the same call may succeed later.
    #[serde(default)]
    pub retryable: bool,
    /// The power that was missing, by its id, when the host refused something for the want of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denied: Option<String>,
    /// What a person does so that the call succeeds: a command, or where to click.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// Seconds after which the same call may be tried again, when somebody said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u32>,
}

impl ToolFailure {
    /// A failure that the same call would meet again.
    #[must_use]
    pub fn new(kind: ToolErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), retryable: false, denied: None, remedy: None, retry_after_seconds: None }
    }
}

/// What came back from a call.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ToolOutcome {
    /// What the model reads; cut to the host's limit with a note when it was longer. For a failure, its message.
    pub content: String,
    /// The typed result, for clients that show more than text; absent for plain text tools and failures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub structured: Option<Value>,
    /// Set when the call failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<ToolFailure>,
    /// What the call made for people and left in the store of results, whole or as far as it came; at most
    /// [`MAX_CALL_RESULTS`](crate::MAX_CALL_RESULTS), in the order in which they were begun.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<ResultRef>,
    /// Those of the results that the model is shown as they are: pictures and documents that it asked to see.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shown: Vec<ResultId>,
    /// What goes on at the far end although the call has returned: the handles by which it is asked for. At most
    /// [`MAX_CALL_OPERATIONS`](crate::MAX_CALL_OPERATIONS).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub operations: Vec<OperationId>,
    /// What it made at the far end that stays there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub made: Vec<MadeResource>,
    /// Whose words it holds; the gate says it, whatever the source said.
    #[serde(default, skip_serializing_if = "ContentOrigin::is_outside")]
    pub origin: ContentOrigin,
    /// What others took of the turn's bounds that worked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spent: Option<Spent>,
    /// What the model is to see, on its way to the gate, which keeps it as results.
    #[serde(skip)]
    pub attachments: Vec<Attachment>,
    /// What the host tells the model of these results, on its way to the gate, which puts it behind the content.
    #[serde(skip)]
    pub told: String,
}

/// A picture or a document that a call read for the model to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// What it is.
    pub media_type: AttachmentType,
    /// What a person reads above it.
    pub title: String,
    /// All of it.
    pub bytes: Vec<u8>,
}

/// What models are shown as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AttachmentType {
    /// A picture.
    Png,
    /// A picture.
    Jpeg,
    /// A picture.
    Gif,
    /// A picture.
    Webp,
    /// A document.
    Pdf,
}

impl AttachmentType {
    /// Every type.
    pub const ALL: [Self; 5] = [Self::Png, Self::Jpeg, Self::Gif, Self::Webp, Self::Pdf];

    /// Its media type.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Gif => "image/gif",
            Self::Webp => "image/webp",
            Self::Pdf => "application/pdf",
        }
    }

    /// The type of a media type.
    #[must_use]
    pub fn of(media_type: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == media_type)
    }

    /// Whether it is a picture.
    #[must_use]
    pub const fn is_picture(self) -> bool {
        !matches!(self, Self::Pdf)
    }
}

impl ToolOutcome {
    /// A plain text result.
    #[must_use]
    pub fn text(content: impl Into<String>) -> Self {
        Self { content: content.into(), ..Self::default() }
    }

    /// A failure; the model reads its message, what a person could do about it, and when to come back.
    #[must_use]
    pub fn failed(failure: ToolFailure) -> Self {
        let mut content = failure.message.clone();
        if let Some(remedy) = &failure.remedy {
            content.push_str("\nRemedy: ");
            content.push_str(remedy);
        }
        if let Some(seconds) = failure.retry_after_seconds {
            content.push_str(&format!("\nTry again after {seconds} seconds."));
        }
        Self { content, failure: Some(failure), ..Self::default() }
    }

    /// Whether the call failed.
    #[must_use]
    pub const fn is_error(&self) -> bool {
        self.failure.is_some()
    }
}

/// How far a running call is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// In words.
    pub message: String,
    /// Units done, when the tool counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<f64>,
    /// Units in all, when the tool knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<f64>,
    /// The steps of the work, when it has any; at most [`MAX_PROGRESS_STEPS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<ProgressStep>,
}

/// Most steps that one report shows; more is no picture any more.
pub const MAX_PROGRESS_STEPS: usize = 100;

/// Where a step of a call's work stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepState {
    /// It has not begun.
    Waiting,
    /// It goes on.
    Running,
    /// It came to a good end.
    Succeeded,
    /// It failed.
    Failed,
    /// It does not run.
    Skipped,
}

/// A step of a call's work, such as a task of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgressStep {
    /// What tells it from the others.
    pub key: String,
    /// Where it stands.
    pub state: StepState,
    /// Where a person sees it: an address of the web.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// The keys of the steps that come before it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<String>,
}

/// The host's wall-clock limit for a call whose tool names none.
pub const DEFAULT_CALL_TIME_LIMIT: Duration = Duration::from_secs(60);
