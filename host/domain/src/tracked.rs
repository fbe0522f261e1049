//! Tracked resources: what a project's calls made at the workspace and have not deleted since.

use chrono::{DateTime, Utc};

use crate::{ConversationId, MadeResource, ProjectId, ToolCallId, ToolName, TrackedResourceId, TurnId};

/// A resource in a project's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackedResource {
    /// Its id in the list.
    pub id: TrackedResourceId,
    /// The project.
    pub project: ProjectId,
    /// What it is.
    pub made: MadeResource,
    /// The tool that made it, by its full name.
    pub tool: ToolName,
    /// The conversation that the call was made in, when it was made in one.
    pub conversation: Option<ConversationId>,
    /// The turn, likewise.
    pub turn: Option<TurnId>,
    /// The call, when it had an id.
    pub call: Option<ToolCallId>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}
