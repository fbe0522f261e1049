//! What is shown of a plugin's use: figures, failed calls, records.

use bricklayer_domain::{AuditBody, CallSite, ToolErrorKind, UserId};
use bricklayer_store::{AuditEntry, AuditRecord, PluginUsage as Usage};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// What a plugin was used for.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct PluginUsage {
    /// Calls.
    calls: u64,
    /// Calls that failed.
    errors: u64,
    /// Processor time, in milliseconds.
    cpu_ms: u64,
    /// HTTP requests.
    requests: u64,
    /// Bytes of bodies sent.
    bytes_sent: u64,
    /// Bytes of bodies received.
    bytes_received: u64,
    /// The last call.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<DateTime<Utc>>,
}

/// A call that failed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PluginFault {
    /// When.
    at: DateTime<Utc>,
    /// The tool, by its short name.
    tool: String,
    /// The kind of failure, as in a tool's result.
    kind: String,
    /// What happened: for the caller's own calls what was said, one line of at most 300 characters; else the kind in
    /// words, as what was said may quote what another person asked.
    message: String,
}

/// A page of records.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PluginAudit {
    /// The newest first.
    pub(in crate::api::plugins) records: Vec<PluginRecord>,
    /// Where the next page begins; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::api::plugins) next: Option<String>,
}

/// One call, one request or one change.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct PluginRecord {
    /// When.
    at: DateTime<Utc>,
    /// `call`, `request` or `change`.
    kind: &'static str,
    /// On whose behalf.
    user: String,
    /// In which project.
    #[serde(skip_serializing_if = "Option::is_none")]
    project_id: Option<Uuid>,
    /// In which turn.
    #[serde(skip_serializing_if = "Option::is_none")]
    turn_id: Option<Uuid>,
    /// Where a call, or the call of a request, came from: `turn`, `mcp`, `workflow`, `program` or `host`; absent in
    /// records from before there was more than one, and for a change.
    #[serde(skip_serializing_if = "Option::is_none")]
    site: Option<&'static str>,
    /// The tool, by its short name; empty for a change.
    tool: String,
    /// How it ended: of a call `ok` or the kind of failure, of a request `answered`, `denied`, `failed` or `aborted`, of
    /// a change what was done.
    outcome: String,
    /// The package.
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    /// Of a request.
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    /// Of a request.
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    /// Of a request, without its query.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// Of the answer to a request.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    /// Why a request was refused or failed, or what a change was about.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Powers that a call used or that a change gave.
    powers: Vec<String>,
    /// Bytes of bodies sent.
    bytes_sent: u64,
    /// Bytes of bodies received.
    bytes_received: u64,
    /// How long it took, in milliseconds.
    duration_ms: f64,
    /// Processor time of a call, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu_ms: Option<f64>,
    /// The most memory that a call held.
    #[serde(skip_serializing_if = "Option::is_none")]
    memory_peak_bytes: Option<u64>,
    /// SHA-256 of a call's arguments.
    #[serde(skip_serializing_if = "Option::is_none")]
    argument_digest: Option<String>,
}

impl From<Usage> for PluginUsage {
    fn from(usage: Usage) -> Self {
        let Usage { calls, errors, cpu_ms, requests, bytes_sent, bytes_received, last_used_at } = usage;
        Self { calls, errors, cpu_ms, requests, bytes_sent, bytes_received, last_used_at }
    }
}

impl PluginFault {
    /// A failed call as this user may see it.
    pub(in crate::api::plugins) fn seen_by(user: &UserId, record: AuditRecord) -> Self {
        let entry = record.entry;
        let said = match &entry.body {
            AuditBody::Call(call) => call.failure.as_deref().filter(|said| !said.is_empty()),
            _ => None,
        };
        let words = words(ToolErrorKind::parse(&entry.outcome));
        let message = said.filter(|_| entry.user == *user).unwrap_or(words).to_owned();
        Self { at: entry.at, tool: entry.tool, kind: entry.outcome, message }
    }
}

/// A kind of failure in words.
const fn words(kind: Option<ToolErrorKind>) -> &'static str {
    use ToolErrorKind as Kind;
    match kind {
        Some(Kind::Trap) => "the plugin crashed",
        Some(Kind::Denied) => "a power that it needs was not given",
        Some(Kind::LimitExceeded) => "it reached a limit of the sandbox",
        Some(Kind::Timeout) => "it took too long",
        Some(Kind::Cancelled) => "it was stopped",
        Some(Kind::InvalidInput) => "the arguments did not fit",
        Some(Kind::Upstream) => "the far end failed or could not be reached",
        Some(Kind::Unauthenticated) => "the far end refused the credential",
        Some(Kind::PermissionDenied) => "the far end refused the user",
        Some(Kind::NotFound) => "the far end did not find it",
        Some(Kind::RateLimited) => "too much was asked at once",
        Some(Kind::UnknownTool) => "there is no such tool",
        Some(Kind::Failed | Kind::NotRun | Kind::OutcomeUnknown) | None => "the tool reports a failure",
    }
}

impl From<AuditRecord> for PluginRecord {
    fn from(record: AuditRecord) -> Self {
        let kind = record.entry.kind();
        let AuditEntry { at, user, project, turn, digest, tool, outcome, body, .. } = record.entry;
        let shown = Self {
            at,
            kind: kind.as_str(),
            user: user.to_string(),
            project_id: project.map(|project| project.as_uuid()),
            turn_id: turn.map(|turn| turn.as_uuid()),
            tool,
            outcome,
            digest: digest.map(|digest| digest.to_string()),
            ..Self::default()
        };
        match body {
            AuditBody::Call(call) => Self {
                site: call.by.site.as_ref().map(CallSite::as_str),
                powers: call.powers,
                bytes_sent: call.bytes_sent,
                bytes_received: call.bytes_received,
                duration_ms: call.duration_ms,
                cpu_ms: Some(call.cpu_ms),
                memory_peak_bytes: Some(call.memory_peak_bytes),
                argument_digest: Some(call.argument_digest),
                ..shown
            },
            AuditBody::Request(request) => Self {
                site: request.by.site.as_ref().map(CallSite::as_str),
                method: Some(request.method),
                host: Some(request.host),
                path: Some(request.path),
                status: request.status,
                reason: request.reason,
                bytes_sent: request.bytes_sent,
                bytes_received: request.bytes_received,
                duration_ms: request.duration_ms,
                ..shown
            },
            AuditBody::Change(change) => Self { reason: change.problem, powers: change.powers, ..shown },
            AuditBody::Omitted { .. } => shown,
        }
    }
}
