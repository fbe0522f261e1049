//! How a door asks its user.

use async_trait::async_trait;
use bricklayer_domain::{ApprovalDecision, CallReview, StandingPermission, StandingScope, ToolCallId, ToolName};
use serde_json::Value;

/// What the user is asked before a call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Question<'a> {
    /// The call.
    pub call: &'a ToolCallId,
    /// The tool.
    pub name: &'a ToolName,
    /// Its arguments.
    pub input: &'a Value,
    /// Why it is asked.
    pub reason: &'a str,
    /// What the call would do; none when only its tool's annotations are known.
    pub review: Option<&'a CallReview>,
    /// What a standing yes would cover, where one is offered.
    pub standing: Option<&'a StandingScope>,
}

/// Who is asked about calls of a door that can wait for the answer. A turn does not: its questions are events of its
/// log, and it is parked until an answer is there.
#[async_trait]
pub trait Approvals: Send + Sync {
    /// What the user allowed for good, as it stands now.
    async fn standing(&self) -> Vec<StandingPermission>;

    /// Why the user cannot be asked this, and what they do to allow it all the same; none where they can. It is what the
    /// call is refused with.
    fn cannot_ask(&self, _question: &Question<'_>) -> Option<String> {
        None
    }

    /// Whether the user is put a question now, so that it is worth looking for what the call would meet.
    fn asks_now(&self) -> bool {
        true
    }

    /// The answer. Where nobody can be asked it is no.
    async fn ask(&self, question: Question<'_>) -> ApprovalDecision;
}

/// Where nobody can be asked: what must be asked about is declined.
#[derive(Debug, Clone, Copy, Default)]
pub struct NobodyToAsk;

#[async_trait]
impl Approvals for NobodyToAsk {
    async fn standing(&self) -> Vec<StandingPermission> {
        Vec::new()
    }

    fn asks_now(&self) -> bool {
        false
    }

    async fn ask(&self, _question: Question<'_>) -> ApprovalDecision {
        ApprovalDecision::No
    }
}
