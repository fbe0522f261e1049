//! What one call adds up to, and the record that it leaves when the last part of it is gone.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bricklayer_domain::{ToolErrorKind, ToolFailure, failure_text};
use bricklayer_package::{FilesGrant, Power};
use chrono::{DateTime, Utc};
use tracing::Span;

use crate::audit::{AuditSink, CallIdentity, CallRecord};
use crate::failure::Course;

/// Powers that a record names at most; a manifest has no more rules than this, each with its methods and paths.
const MAX_POWERS: usize = 256;

/// One call's account. Shared by everything that works for the call: its record is written when the last of them is
/// gone, so that no request is missing in it and no path forgets it.
pub(crate) struct Tally {
    pub(crate) identity: Arc<CallIdentity>,
    /// The call's span: requests hang below it wherever they run.
    pub(crate) span: Span,
    /// The most linear memory held at once, in bytes.
    pub(crate) memory_peak: Arc<AtomicUsize>,
    /// What became of its requests.
    pub(crate) course: Course,
    sink: Arc<dyn AuditSink>,
    argument_digest: Arc<str>,
    at: DateTime<Utc>,
    began: Instant,
    end: Mutex<End>,
    requests: AtomicU32,
    sent: AtomicU64,
    received: AtomicU64,
    powers: Mutex<BTreeSet<String>>,
}

impl fmt::Debug for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tally").field("identity", &self.identity).finish_non_exhaustive()
    }
}

/// How the call ended. A call that nobody ended was dropped together with the runtime.
#[derive(Debug)]
struct End {
    failure: Option<ToolErrorKind>,
    failure_text: Option<String>,
    duration: Option<Duration>,
    cpu: Duration,
}

impl Tally {
    /// The account of a call that begins now. Its records go to `sink`; `argument_digest` is that of its arguments.
    pub(crate) fn new(identity: CallIdentity, sink: Arc<dyn AuditSink>, argument_digest: Arc<str>) -> Arc<Self> {
        let caller = &identity.caller;
        let span = tracing::info_span!(
            "tool_call",
            user = %caller.user,
            project.id = %caller.project,
            site = caller.site.as_str(),
            conversation.id = caller.site.conversation().map(tracing::field::display),
            turn.id = caller.site.turn().map(tracing::field::display),
            tool_call.id = caller.tool_call.as_ref().map(|id| id.0.as_str()),
            plugin.name = %identity.plugin,
            plugin.version = identity.version,
            plugin.digest = identity.digest,
            tool = identity.tool,
            outcome = tracing::field::Empty,
            http_requests = tracing::field::Empty,
            cpu_ms = tracing::field::Empty,
            memory_peak_bytes = tracing::field::Empty,
        );
        Arc::new(Self {
            identity: Arc::new(identity),
            span,
            memory_peak: Arc::default(),
            sink,
            argument_digest,
            at: bricklayer_domain::now(),
            began: Instant::now(),
            end: Mutex::new(End {
                failure: Some(ToolErrorKind::Cancelled),
                failure_text: None,
                duration: None,
                cpu: Duration::ZERO,
            }),
            requests: AtomicU32::new(0),
            sent: AtomicU64::new(0),
            received: AtomicU64::new(0),
            powers: Mutex::default(),
            course: Course::default(),
        })
    }

    /// Where the records of the call's requests go.
    pub(crate) fn sink(&self) -> &dyn AuditSink {
        &*self.sink
    }

    /// Counts a request when it begins.
    pub(crate) fn request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a request's bytes when it is over.
    pub(crate) fn bytes(&self, sent: u64, received: u64) {
        self.sent.fetch_add(sent, Ordering::Relaxed);
        self.received.fetch_add(received, Ordering::Relaxed);
    }

    /// Notes that a power was used.
    pub(crate) fn used(&self, power: &Power) {
        let mut powers = self.powers.lock().unwrap_or_else(PoisonError::into_inner);
        if powers.len() < MAX_POWERS {
            powers.insert(power.id());
        }
    }

    /// Notes that the guest has the project's folder.
    pub(crate) fn has_files(&self, files: FilesGrant) {
        if files >= FilesGrant::Read {
            self.used(&Power::ReadFiles);
        }
        if files >= FilesGrant::ReadWrite {
            self.used(&Power::WriteFiles);
        }
    }

    /// Notes the outcome; the first one counts.
    pub(crate) fn ended(&self, failure: Option<&ToolFailure>, cpu: Duration) {
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        if end.duration.is_none() {
            *end = End {
                failure: failure.map(|failure| failure.kind),
                failure_text: failure.map(|failure| failure_text(&failure.message)),
                duration: Some(self.began.elapsed()),
                cpu,
            };
        }
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        let end = self.end.get_mut().unwrap_or_else(PoisonError::into_inner);
        let powers = std::mem::take(self.powers.get_mut().unwrap_or_else(PoisonError::into_inner));
        let record = CallRecord {
            at: self.at,
            who: Arc::clone(&self.identity),
            argument_digest: self.argument_digest.as_ref().to_owned(),
            failure: end.failure,
            failure_text: end.failure_text.take(),
            duration: end.duration.unwrap_or_else(|| self.began.elapsed()),
            cpu: end.cpu,
            memory_peak_bytes: self.memory_peak.load(Ordering::Relaxed) as u64,
            http_requests: *self.requests.get_mut(),
            bytes_sent: *self.sent.get_mut(),
            bytes_received: *self.received.get_mut(),
            powers: powers.into_iter().collect(),
        };
        self.span.record("outcome", record.kind());
        self.span.record("http_requests", record.http_requests);
        self.span.record("cpu_ms", u64::try_from(record.cpu.as_millis()).unwrap_or(u64::MAX));
        self.span.record("memory_peak_bytes", record.memory_peak_bytes);
        self.sink.call(record);
    }
}
