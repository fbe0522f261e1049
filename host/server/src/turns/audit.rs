//! The audit trail: every call and every request of a plugin, written in the background.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bricklayer_domain::{
    AuditBody, AuditKind, CallAudit, CalledBy, InstallationId, PackageDigest, PluginName, RequestAudit, ToolErrorKind,
    ToolSource, chain,
};
use bricklayer_runtime::{AuditSink, CallIdentity, CallRecord, RequestRecord, Verdict};
use bricklayer_store::{AuditEntry, Store};
use bricklayer_tools::{CallEnd, GateAudit};
use chrono::{DateTime, Utc};
use tokio::sync::mpsc;

use crate::lifecycle::Lifecycle;

/// Records that wait for the database at most; about a kilobyte each.
const QUEUE: usize = 10_000;
/// Records of one transaction.
const BATCH: usize = 200;
/// Longest wait of a record for others. A commit costs one record as much as two hundred, and right after a call it
/// would cost the turn that waits for the database itself; a host that is killed loses this much of its log.
const LINGER: Duration = Duration::from_millis(100);

/// Takes records without blocking; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct AuditTrail {
    sender: mpsc::Sender<AuditEntry>,
    dropped: Arc<AtomicU64>,
}

impl AuditTrail {
    /// Starts the writer. Turns come to their safe points while the server leaves, and what they do is recorded, so it
    /// leaves after them.
    pub(crate) fn start(lifecycle: &Lifecycle, store: Store) -> Self {
        let (sender, mut receiver) = mpsc::channel(QUEUE);
        lifecycle.spawn_ground("audit", |leave| async move {
            let mut batch = Vec::with_capacity(BATCH);
            loop {
                tokio::select! {
                    biased;
                    count = receiver.recv_many(&mut batch, BATCH) => {
                        if count == 0 {
                            return;
                        }
                    }
                    () = leave.cancelled() => return,
                }
                let more = async {
                    while let room @ 1.. = BATCH - batch.len() {
                        if receiver.recv_many(&mut batch, room).await == 0 {
                            break;
                        }
                    }
                };
                tokio::select! {
                    () = more => {}
                    () = tokio::time::sleep(LINGER) => {}
                    () = leave.cancelled() => {}
                }
                write(&store, &mut batch).await;
            }
        });
        Self { sender, dropped: Arc::default() }
    }
}

async fn write(store: &Store, batch: &mut Vec<AuditEntry>) {
    if let Err(error) = store.append_audit(batch).await {
        tracing::error!(error = chain(&error), records = batch.len(), "audit records were lost");
    }
    batch.clear();
}

fn request(record: RequestRecord, installation: InstallationId) -> AuditEntry {
    let (outcome, reason) = match record.verdict {
        Verdict::Answered => ("answered", None),
        Verdict::Denied(reason) => ("denied", Some(reason)),
        Verdict::Failed(reason) => ("failed", Some(reason)),
        Verdict::Aborted => ("aborted", None),
    };
    let who = &record.who;
    AuditEntry {
        outcome: outcome.to_owned(),
        body: AuditBody::Request(RequestAudit {
            by: CalledBy::new(&who.version, &who.caller),
            method: record.method,
            host: record.host,
            path: record.path,
            status: record.status,
            reason,
            retries: record.retries,
            bytes_sent: record.request_bytes,
            bytes_received: record.response_bytes,
            duration_ms: milliseconds(record.duration),
        }),
        ..entry(AuditKind::Request, record.at, who, installation)
    }
}

fn call(record: CallRecord, installation: InstallationId) -> AuditEntry {
    let outcome = record.kind().to_owned();
    let who = &record.who;
    AuditEntry {
        outcome,
        body: AuditBody::Call(CallAudit {
            by: CalledBy::new(&who.version, &who.caller),
            argument_digest: record.argument_digest,
            http_requests: record.http_requests,
            bytes_sent: record.bytes_sent,
            bytes_received: record.bytes_received,
            duration_ms: milliseconds(record.duration),
            cpu_ms: milliseconds(record.cpu),
            memory_peak_bytes: record.memory_peak_bytes,
            powers: record.powers,
            failure: record.failure_text,
        }),
        ..entry(AuditKind::Call, record.at, who, installation)
    }
}

/// What all records of a call say alike.
fn entry(kind: AuditKind, at: DateTime<Utc>, who: &CallIdentity, installation: InstallationId) -> AuditEntry {
    AuditEntry {
        at,
        user: who.caller.user.clone(),
        project: Some(who.caller.project),
        turn: who.caller.site.turn(),
        plugin: who.plugin.clone(),
        installation: Some(installation),
        digest: PackageDigest::parse(&who.digest).ok(),
        tool: who.tool.clone(),
        outcome: String::new(),
        body: kind.into(),
    }
}

/// Of a call that no sandbox recorded: one that was refused, or of a tool of the host's own.
fn gate_call(end: CallEnd) -> AuditEntry {
    let CallEnd { at, caller, tool, source, argument_digest, failure, failure_text, duration } = end;
    let (plugin, tool) = match source {
        Some(ToolSource::Plugin { plugin }) => (plugin, tool.short().to_owned()),
        // The host answered.
        Some(ToolSource::BuiltIn) | None => (PluginName::built_in(), tool.0),
    };
    AuditEntry {
        at,
        project: Some(caller.project),
        turn: caller.site.turn(),
        plugin,
        installation: None,
        digest: None,
        tool,
        outcome: failure.map_or("ok", ToolErrorKind::as_str).to_owned(),
        body: AuditBody::Call(CallAudit {
            by: CalledBy::new("", &caller),
            argument_digest,
            duration_ms: milliseconds(duration),
            failure: failure_text,
            ..CallAudit::default()
        }),
        user: caller.user,
    }
}

impl GateAudit for AuditTrail {
    fn ended(&self, end: CallEnd) {
        self.keep(gate_call(end));
    }
}

/// With three decimals: most calls take less than a millisecond of processor time.
fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1_000_000.0).round() / 1000.0
}

impl AuditTrail {
    /// A sink for one call: the sandbox knows plugins by name and package, and which installation it is for is known
    /// here.
    pub(crate) fn of(&self, installation: InstallationId) -> impl AuditSink + use<> {
        TrailOf { trail: self.clone(), installation }
    }

    fn keep(&self, entry: AuditEntry) {
        if self.sender.try_send(entry).is_err() {
            let dropped = self.dropped.fetch_add(1, Ordering::Relaxed) + 1;
            tracing::error!(dropped, "an audit record was dropped: the database does not keep up");
        }
    }
}

/// What one installation does.
#[derive(Debug)]
struct TrailOf {
    trail: AuditTrail,
    installation: InstallationId,
}

impl AuditSink for TrailOf {
    fn request(&self, record: RequestRecord) {
        self.trail.keep(request(record, self.installation));
    }

    fn call(&self, record: CallRecord) {
        self.trail.keep(call(record, self.installation));
    }
}
