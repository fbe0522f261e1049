//! One audit record and one span per request, ended when the answer is complete, or when it never will be.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use bricklayer_domain::cut;
use chrono::{DateTime, Utc};
use tracing::Span;
use tracing::field::Empty;

use crate::audit::{RequestRecord, Verdict};
use crate::tally::Tally;

/// Longest texts of a record; what a guest asks for must not fill the audit log.
const MAX_METHOD_BYTES: usize = 16;
const MAX_HOST_BYTES: usize = 256;
const MAX_PATH_BYTES: usize = 1024;

/// A record in the making; written when it is dropped, so that no path forgets it.
pub(super) struct Recording {
    record: Option<RequestRecord>,
    tally: Arc<Tally>,
    span: Span,
    began: Instant,
    sent: Arc<AtomicU64>,
}

impl Recording {
    pub(super) fn new(tally: &Arc<Tally>, method: &str, host: &str, path: &str) -> Self {
        let at: DateTime<Utc> = bricklayer_domain::now();
        let record = RequestRecord {
            at,
            who: Arc::clone(&tally.identity),
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
        // The parent is named, because requests run in tasks that wasmtime starts.
        let span = tracing::info_span!(
            parent: &tally.span, "http_request", otel.kind = "client", method = record.method, host = Empty,
            path = record.path, status = Empty, request_bytes = Empty, response_bytes = Empty, retries = Empty,
            verdict = Empty,
        );
        tally.request();
        Self { record: Some(record), tally: Arc::clone(tally), span, began: Instant::now(), sent: Arc::default() }
    }

    /// The request's span.
    pub(super) fn span(&self) -> Span {
        self.span.clone()
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

    /// The call that the request belongs to.
    pub(super) fn tally(&self) -> &Tally {
        &self.tally
    }

    fn with(&mut self, change: impl FnOnce(&mut RequestRecord)) {
        if let Some(record) = &mut self.record {
            change(record);
        }
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        let Some(mut record) = self.record.take() else { return };
        record.duration = self.began.elapsed();
        record.request_bytes = self.sent.load(Ordering::Relaxed);
        self.span.record("host", &record.host);
        self.span.record("status", record.status);
        self.span.record("request_bytes", record.request_bytes);
        self.span.record("response_bytes", record.response_bytes);
        self.span.record("retries", record.retries);
        let verdict = match record.verdict {
            Verdict::Answered => "answered",
            Verdict::Denied(_) => "denied",
            Verdict::Failed(_) => "failed",
            Verdict::Aborted => "aborted",
        };
        self.span.record("verdict", verdict);
        self.tally.bytes(record.request_bytes, record.response_bytes);
        self.tally.sink().request(record);
    }
}
