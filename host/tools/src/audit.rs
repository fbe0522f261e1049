//! What the gate tells of calls that nobody else records: those that it refused, those whose user said no, and those of
//! sources that keep no records.

use std::time::Duration;

use bricklayer_domain::{Caller, ToolErrorKind, ToolName, ToolOutcome, ToolSource, ToolSpec, failure_text};
use chrono::{DateTime, Utc};

/// How a call ended. Holds no argument: a digest gives none away.
#[derive(Debug, Clone, PartialEq)]
pub struct CallEnd {
    /// When it ended.
    pub at: DateTime<Utc>,
    /// Who called.
    pub caller: Caller,
    /// The tool, as it was asked for.
    pub tool: ToolName,
    /// Where the tool comes from; none when there is no such tool.
    pub source: Option<ToolSource>,
    /// SHA-256 of the arguments as canonical JSON.
    pub argument_digest: String,
    /// How it failed; none when it did not.
    pub failure: Option<ToolErrorKind>,
    /// What was said about the failure, in one bounded line.
    pub failure_text: Option<String>,
    /// How long it took, the wait for an answer included.
    pub duration: Duration,
}

impl CallEnd {
    pub(crate) fn new(
        caller: &Caller,
        tool: &ToolName,
        spec: Option<&std::sync::Arc<ToolSpec>>,
        argument_digest: &str,
        outcome: &ToolOutcome,
        duration: Duration,
    ) -> Self {
        let failure = outcome.failure.as_ref();
        Self {
            at: bricklayer_domain::now(),
            caller: caller.clone(),
            tool: tool.clone(),
            source: spec.map(|spec| spec.source.clone()),
            argument_digest: argument_digest.to_owned(),
            failure: failure.map(|failure| failure.kind),
            failure_text: failure.map(|failure| failure_text(&failure.message)),
            duration,
        }
    }
}

/// Takes what the gate tells; cheap, never blocks.
pub trait GateAudit: Send + Sync {
    /// A call ended that no other record tells of.
    fn ended(&self, end: CallEnd);
}
