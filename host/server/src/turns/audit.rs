//! The audit trail: every request of a plugin, written in the background.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bricklayer_runtime::{AuditRecord, AuditSink, Verdict};
use bricklayer_store::Store;
use tokio::sync::mpsc;

use crate::lifecycle::Lifecycle;

/// Records that wait for the database at most; about a kilobyte each.
const QUEUE: usize = 10_000;
/// Records of one transaction.
const BATCH: usize = 200;

/// Takes records without blocking; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct AuditTrail {
    sender: mpsc::Sender<AuditRecord>,
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
                write(&store, &mut batch).await;
            }
        });
        Self { sender, dropped: Arc::default() }
    }
}

async fn write(store: &Store, batch: &mut Vec<AuditRecord>) {
    let records: Vec<_> = batch.drain(..).map(stored).collect();
    if let Err(error) = store.append_audit(&records).await {
        tracing::error!(%error, records = records.len(), "audit records were lost");
    }
}

fn stored(record: AuditRecord) -> bricklayer_store::AuditRecord {
    let decision = match record.verdict {
        Verdict::Answered => "allowed".to_owned(),
        Verdict::Denied(reason) => format!("denied: {reason}"),
        Verdict::Failed(reason) => format!("failed: {reason}"),
        Verdict::Aborted => "aborted".to_owned(),
    };
    bricklayer_store::AuditRecord {
        at: record.at,
        user: record.user,
        project: record.project,
        turn: Some(record.turn),
        plugin: record.plugin,
        tool: record.tool,
        method: record.method,
        host: record.host,
        path: record.path,
        decision,
        status: record.status,
        bytes_sent: record.request_bytes,
        bytes_received: record.response_bytes,
        duration_ms: u64::try_from(record.duration.as_millis()).unwrap_or(u64::MAX),
    }
}

impl AuditSink for AuditTrail {
    fn record(&self, record: AuditRecord) {
        if self.sender.try_send(record).is_err() {
            let dropped = self.dropped.fetch_add(1, Ordering::Relaxed) + 1;
            tracing::error!(dropped, "an audit record was dropped: the database does not keep up");
        }
    }
}
