//! One audit record per request, written when the answer is complete, or when it never will be.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use bricklayer_domain::{ConversationId, PluginName, ProjectId, TurnId, UserId};
use chrono::{DateTime, Utc};

use crate::context::{AuditRecord, AuditSink, CallContext, Verdict};
use crate::host::cut;

/// Longest texts of a record; what a guest asks for must not fill the audit log.
const MAX_METHOD_BYTES: usize = 16;
const MAX_HOST_BYTES: usize = 256;
const MAX_PATH_BYTES: usize = 1024;

/// Who asked.
pub(super) struct Who {
    pub(super) user: UserId,
    project: ProjectId,
    conversation: ConversationId,
    turn: TurnId,
    pub(super) plugin: PluginName,
    tool: String,
}

impl Who {
    pub(super) fn new(ctx: &CallContext, plugin: &PluginName, tool: &str) -> Self {
        Self {
            user: ctx.user.clone(),
            project: ctx.project,
            conversation: ctx.conversation,
            turn: ctx.turn,
            plugin: plugin.clone(),
            tool: tool.to_owned(),
        }
    }
}

/// A record in the making; written when it is dropped, so that no path forgets it.
pub(super) struct Recording {
    record: Option<AuditRecord>,
    sink: Arc<dyn AuditSink>,
    began: Instant,
    sent: Arc<AtomicU64>,
}

impl Recording {
    pub(super) fn new(who: &Who, sink: &Arc<dyn AuditSink>, method: &str, host: &str, path: &str) -> Self {
        let at: DateTime<Utc> = Utc::now();
        let record = AuditRecord {
            at,
            user: who.user.clone(),
            project: who.project,
            conversation: who.conversation,
            turn: who.turn,
            plugin: who.plugin.clone(),
            tool: who.tool.clone(),
            method: cut(method, MAX_METHOD_BYTES).to_owned(),
            host: cut(host, MAX_HOST_BYTES).to_owned(),
            path: cut(path, MAX_PATH_BYTES).to_owned(),
            status: None,
            request_bytes: 0,
            response_bytes: 0,
            retries: 0,
            duration: std::time::Duration::ZERO,
            verdict: Verdict::Aborted,
        };
        Self { record: Some(record), sink: Arc::clone(sink), began: Instant::now(), sent: Arc::default() }
    }

    /// Where the request's body counts its bytes.
    pub(super) fn sent(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.sent)
    }

    pub(super) fn host(&mut self, host: &str) {
        self.with(|record| record.host = cut(host, MAX_HOST_BYTES).to_owned());
    }

    pub(super) fn status(&mut self, status: u16) {
        self.with(|record| record.status = Some(status));
    }

    pub(super) fn retried(&mut self) {
        self.with(|record| record.retries += 1);
    }

    pub(super) fn received(&mut self, bytes: u64) {
        self.with(|record| record.response_bytes += bytes);
    }

    pub(super) fn verdict(&mut self, verdict: Verdict) {
        self.with(|record| record.verdict = verdict);
    }

    fn with(&mut self, change: impl FnOnce(&mut AuditRecord)) {
        if let Some(record) = &mut self.record {
            change(record);
        }
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        if let Some(mut record) = self.record.take() {
            record.duration = self.began.elapsed();
            record.request_bytes = self.sent.load(Ordering::Relaxed);
            self.sink.record(record);
        }
    }
}
