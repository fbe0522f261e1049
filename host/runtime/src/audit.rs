//! What a call leaves behind for whoever asks later: one record per request and one per call.
//!
//! Records name who, what and how much; they never hold a credential, a query, a body or an argument. What a failed call
//! said is in its record, [bounded](bricklayer_domain::failure_text): a guest's own words may quote what it was given, so that whoever shows
//! them shows them to the caller only.

use std::sync::Arc;
use std::time::Duration;

use bricklayer_domain::{Caller, PluginName, ToolErrorKind};
use chrono::{DateTime, Utc};

/// Who called what; all records of a call share one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallIdentity {
    /// Who called.
    pub caller: Caller,
    /// The plugin.
    pub plugin: PluginName,
    /// Its version.
    pub version: String,
    /// SHA-256 of its package, lower-case hex.
    pub digest: String,
    /// The tool, by its short name; as asked and cut at 128 bytes when there is none of that name.
    pub tool: String,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Sent, and answered with [`RequestRecord::status`].
    Answered,
    /// Not sent: no grant, a forbidden spelling, a limit. The text says which.
    Denied(String),
    /// Sent, or tried, and not answered: connection, time, size. The text says which.
    Failed(String),
    /// The call ended before the answer was complete.
    Aborted,
}

/// One outgoing request of a plugin. Never holds a credential, a query or a body.
#[derive(Debug, Clone)]
pub struct RequestRecord {
    /// When it began.
    pub at: DateTime<Utc>,
    /// Who called what.
    pub who: Arc<CallIdentity>,
    /// As the plugin asked, cut at 16 characters.
    pub method: String,
    /// The host it went to; for a denied request the authority as the plugin asked, cut at 256 characters.
    pub host: String,
    /// The path without its query, cut at 1024 characters.
    pub path: String,
    /// Of the last answer.
    pub status: Option<u16>,
    /// Bytes of body sent.
    pub request_bytes: u64,
    /// Bytes of body received.
    pub response_bytes: u64,
    /// Answers that were waited for, beyond the first, because the far end asked to come back later.
    pub retries: u32,
    /// Until the answer was complete.
    pub duration: Duration,
    /// What became of it.
    pub verdict: Verdict,
}

/// One call of a tool, whatever became of it: calls that were refused before the guest ran have a record too.
#[derive(Debug, Clone)]
pub struct CallRecord {
    /// When it was asked for.
    pub at: DateTime<Utc>,
    /// Who called what.
    pub who: Arc<CallIdentity>,
    /// [`argument_digest`](bricklayer_domain::argument_digest) of the arguments.
    pub argument_digest: String,
    /// How it failed; none when it did not.
    pub failure: Option<ToolErrorKind>,
    /// What was said about the failure, as [`failure_text`](bricklayer_domain::failure_text) makes it; none when the call did not fail, or when nobody
    /// was left to say anything.
    pub failure_text: Option<String>,
    /// From the asking to the outcome, waiting for a slot included.
    pub duration: Duration,
    /// Processor time of the guest and of the host functions that it called.
    pub cpu: Duration,
    /// The most linear memory that it held at once, over all its memories.
    pub memory_peak_bytes: u64,
    /// Requests that it made, refused ones and clean-ups included: as many as there are records of them.
    pub http_requests: u32,
    /// Bytes of bodies that it sent.
    pub bytes_sent: u64,
    /// Bytes of bodies that it received.
    pub bytes_received: u64,
    /// Ids of the powers that it used, in order: HTTP by the requests allowed, the store when it was opened, and the
    /// project's folder when the guest had it, used or not.
    pub powers: Vec<String>,
}

impl CallRecord {
    /// `ok`, or the kind of its failure.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.failure.map_or("ok", ToolErrorKind::as_str)
    }
}

/// Takes audit records; cheap, never blocks.
pub trait AuditSink: Send + Sync {
    /// Keeps the record of one request.
    fn request(&self, record: RequestRecord);

    /// A request that may change something at its far end is let out: any method but GET and HEAD. Said before it is
    /// sent, while its record comes when it is over.
    fn changing(&self) {}

    /// The far end did not know the caller of such a request (401), so that it changed nothing.
    fn unauthenticated(&self) {}

    /// The workspace did not know the caller although the request, of any method, carried their credential.
    fn unknown_caller(&self) {}

    /// Keeps the record of one call. It comes after those of all the call's requests, and so possibly some
    /// milliseconds (with clean-ups at the far end some seconds) after the call has returned.
    fn call(&self, record: CallRecord) {
        let _ = record;
    }
}

/// Keeps nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoAudit;

impl AuditSink for NoAudit {
    fn request(&self, _record: RequestRecord) {}
}
