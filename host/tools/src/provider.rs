//! What a source of tools is to the gate.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bricklayer_domain::{
    CallPreview, CallReview, Caller, CleanUp, ContentOrigin, DEFAULT_CALL_TIME_LIMIT, ToolName, ToolOutcome, ToolSpec,
    UserAsk,
};
use serde_json::Value;

use crate::catalogue::ToolList;
use crate::link::CallLink;

/// A source of tools: the host's own, plugins, later remote MCP servers and workflows. One value serves one user in one
/// project; what its calls need beside their arguments (a folder, a credential, a sandbox) is its own.
pub trait Provider: Send + Sync {
    /// Its tools, in an order that changes only with them.
    fn list(&self) -> ToolList;

    /// The call with its tool, found now, and its arguments read: whatever is updated or removed meanwhile, this is what
    /// is judged and what runs. Arguments that do not fit are told when it is run. None when it has no such tool, or
    /// serves somebody else.
    fn resolve(&self, caller: &Caller, name: &ToolName, input: &Value) -> Option<Box<dyn ProviderCall>>;
}

/// A call that a source of tools holds ready.
#[async_trait]
pub trait ProviderCall: Send + Sync {
    /// The tool.
    fn spec(&self) -> &Arc<ToolSpec>;

    /// What this very call would do, when the tool can tell (a statement that drops a table, say); none leaves the
    /// decision to the tool's annotations. Without side effects: it is asked again when a turn is taken up after a
    /// restart. Its time is bounded by the gate.
    async fn review(&self) -> Option<CallReview> {
        None
    }

    /// What this very call would meet, found out by looking, where its source can: for the user who is about to be asked
    /// about it. Changes nothing. Its time is bounded by the gate.
    async fn preview(&self) -> Option<CallPreview> {
        None
    }

    /// What only the user can give, when that is what the call is for: it is put to them whatever the mode and the rules
    /// that allow, and their answer is in the link. Only the host's own sources may ask; what they ask is shown as the
    /// host's.
    fn asks(&self) -> Option<UserAsk> {
        None
    }

    /// Whether it has others do the work, whose own logs tell how far they are: begun a second time it goes on where it
    /// stood, and does nothing again. It changes nothing by itself. Only the host's own sources may say so.
    fn resumes(&self) -> bool {
        false
    }

    /// Runs the call to its end. Never panics; every fault is a failed outcome. When the link's token fires it returns
    /// within 500 ms and has ended the remote work it could end.
    async fn run(&self, link: CallLink) -> ToolOutcome;

    /// Ends what an earlier run of this call began at the far end and nobody runs any more, by the requests that it left
    /// for this. Whether the far end took them. Its time is bounded by whoever asks.
    async fn clean_up(&self, requests: Vec<CleanUp>) -> bool {
        drop(requests);
        false
    }

    /// How long the gate lets it run; none when its source bounds it itself.
    fn time_limit(&self) -> Option<Duration> {
        let seconds = self.spec().annotations.time_limit_seconds;
        Some(seconds.map_or(DEFAULT_CALL_TIME_LIMIT, |seconds| Duration::from_secs(seconds.into())))
    }

    /// Whose words it gives back. Only the host's own sources may say something else.
    fn origin(&self) -> ContentOrigin {
        ContentOrigin::Outside
    }

    /// Whether its source leaves the record of a call that runs, so that the gate does not.
    fn is_recorded(&self) -> bool {
        false
    }
}

impl fmt::Debug for dyn Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Provider")
    }
}
