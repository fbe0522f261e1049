//! What a plugin's author sees and arranges of his own host (`bricklayer plugin dev`): each call and request as it
//! happens, and recorded answers for services that are not there. A host that serves others has none of it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bricklayer_domain::{ToolCall, ToolOutcome};
use bricklayer_runtime::{AuditSink, CallRecord, FarEnd, RequestRecord};
use tokio::sync::mpsc;

/// What happens that an author has not been shown yet; more is dropped, as showing must never hold up a call.
const UNSEEN: usize = 1_000;

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Seen {
    /// A request of a plugin ended.
    Request(RequestRecord),
    /// A call of a plugin's tool ended.
    Call {
        /// As the model asked for it.
        call: ToolCall,
        /// What came of it.
        outcome: Box<ToolOutcome>,
        /// From the asking to the outcome.
        took: Duration,
    },
}

/// Shows an author what happens.
#[derive(Debug, Clone)]
pub struct Spectator(mpsc::Sender<Seen>);

impl Spectator {
    /// A spectator, and where it tells what it sees.
    #[must_use]
    pub fn new() -> (Self, mpsc::Receiver<Seen>) {
        let (sender, receiver) = mpsc::channel(UNSEEN);
        (Self(sender), receiver)
    }

    /// A call ended.
    pub(crate) fn called(&self, call: &ToolCall, outcome: &ToolOutcome, took: Duration) {
        let _ = self.0.try_send(Seen::Call { call: call.clone(), outcome: Box::new(outcome.clone()), took });
    }

    /// Looks at what passes on its way to an audit sink.
    pub(crate) fn over(&self, sink: Arc<dyn AuditSink>) -> Arc<dyn AuditSink> {
        Arc::new(Watched { spectator: self.clone(), sink })
    }
}

struct Watched {
    spectator: Spectator,
    sink: Arc<dyn AuditSink>,
}

impl AuditSink for Watched {
    fn request(&self, record: RequestRecord) {
        let _ = self.spectator.0.try_send(Seen::Request(record.clone()));
        self.sink.request(record);
    }

    fn call(&self, record: CallRecord) {
        self.sink.call(record);
    }
}

/// What an author arranges.
#[derive(Debug, Clone, Default)]
pub struct AuthorHooks {
    /// Answers in the place of the network, for the hosts that it plays.
    pub far_end: Option<Arc<dyn FarEnd>>,
    /// Sees calls and requests.
    pub spectator: Option<Spectator>,
    /// Machine code is kept in this folder, which all of an author's commands share.
    pub code_cache: Option<PathBuf>,
}
