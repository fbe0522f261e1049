//! Who calls a tool: on whose behalf, in which project, and from where.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{ConversationId, LaneId, McpSessionId, ProjectId, ToolCallId, TurnId, UserId, WorkflowRunId};

/// Whoever calls a tool. The same for every source of tools and every door to them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// On whose behalf.
    pub user: UserId,
    /// In which project.
    pub project: ProjectId,
    /// From where.
    pub site: CallSite,
    /// The call's own id, when whoever makes it has one: joins its records and spans to the caller's own.
    pub tool_call: Option<ToolCallId>,
}

impl Caller {
    /// A caller whose call has no id.
    #[must_use]
    pub const fn new(user: UserId, project: ProjectId, site: CallSite) -> Self {
        Self { user, project, site, tool_call: None }
    }
}

/// The door that a call came in by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CallSite {
    /// The agent, in a turn.
    Turn {
        /// The turn's conversation.
        conversation: ConversationId,
        /// The turn.
        turn: TurnId,
        /// The lane that the call is made in.
        #[serde(default = "main_lane", skip_serializing_if = "LaneId::is_main")]
        lane: LaneId,
    },
    /// An MCP client.
    Mcp {
        /// Its session.
        session: McpSessionId,
    },
    /// A workflow: a plan that runs without a model.
    Workflow {
        /// The run of it.
        run: WorkflowRunId,
    },
    /// The page: somebody looks at something, in no conversation.
    Page,
    /// A program in the sandbox, which a tool call runs.
    Program {
        /// The call that runs it.
        call: ToolCallId,
        /// Where that call came from.
        site: Box<CallSite>,
    },
    /// The host itself: a plugin is started to see whether it starts, or tested by its author.
    Host,
}

/// A default id is a fresh one.
const fn main_lane() -> LaneId {
    LaneId::MAIN
}

impl CallSite {
    /// The site's word: `turn`, `mcp`, `workflow`, `page`, `program`, `host`.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Turn { .. } => "turn",
            Self::Mcp { .. } => "mcp",
            Self::Workflow { .. } => "workflow",
            Self::Page => "page",
            Self::Program { .. } => "program",
            Self::Host => "host",
        }
    }

    /// The door that the first of nested callers came in by: never a program.
    #[must_use]
    pub fn root(&self) -> &Self {
        let mut site = self;
        while let Self::Program { site: outer, .. } = site {
            site = outer;
        }
        site
    }

    /// The turn, when the call belongs to one.
    #[must_use]
    pub fn turn(&self) -> Option<TurnId> {
        match self.root() {
            Self::Turn { turn, .. } => Some(*turn),
            _ => None,
        }
    }

    /// The conversation, when the call belongs to one.
    #[must_use]
    pub fn conversation(&self) -> Option<ConversationId> {
        match self.root() {
            Self::Turn { conversation, .. } => Some(*conversation),
            _ => None,
        }
    }

    /// The lane, when the call belongs to a conversation; else the main one.
    #[must_use]
    pub fn lane(&self) -> LaneId {
        match self.root() {
            Self::Turn { lane, .. } => *lane,
            _ => LaneId::MAIN,
        }
    }

    /// What ties calls together that belong together: the conversation, the session, or the run; the nil UUID for the
    /// calls of the host and the page.
    #[must_use]
    pub fn thread(&self) -> Uuid {
        match self.root() {
            Self::Turn { conversation, .. } => conversation.as_uuid(),
            Self::Mcp { session } => session.as_uuid(),
            Self::Workflow { run } => run.as_uuid(),
            Self::Program { .. } | Self::Page | Self::Host => Uuid::nil(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_belongs_to_what_its_call_belongs_to() {
        let (conversation, turn, lane) = (ConversationId::new(), TurnId::new(), LaneId::new());
        let outer = CallSite::Turn { conversation, turn, lane };
        let within = |site| CallSite::Program { call: ToolCallId("c".to_owned()), site: Box::new(site) };
        let nested = within(within(outer.clone()));
        assert_eq!((nested.root(), nested.turn(), nested.conversation()), (&outer, Some(turn), Some(conversation)));
        assert_eq!((nested.thread(), nested.lane()), (conversation.as_uuid(), lane));
        let session = McpSessionId::new();
        let site = within(CallSite::Mcp { session });
        assert_eq!((site.turn(), site.conversation(), site.thread()), (None, None, session.as_uuid()));
        assert_eq!(site.lane(), LaneId::MAIN);
    }

    #[test]
    fn sites_are_read_as_they_are_written() {
        let in_lane = |lane| CallSite::Turn { conversation: ConversationId::new(), turn: TurnId::new(), lane };
        let turn = in_lane(LaneId::MAIN);
        for (site, word) in [
            (turn.clone(), "turn"),
            (in_lane(LaneId::new()), "turn"),
            (CallSite::Mcp { session: McpSessionId::new() }, "mcp"),
            (CallSite::Workflow { run: WorkflowRunId::new() }, "workflow"),
            (CallSite::Program { call: ToolCallId("c".to_owned()), site: Box::new(turn) }, "program"),
            (CallSite::Page, "page"),
            (CallSite::Host, "host"),
        ] {
            let json = serde_json::to_value(&site).unwrap();
            assert_eq!((json["kind"].as_str(), site.as_str()), (Some(word), word));
            assert_eq!(serde_json::from_value::<CallSite>(json).unwrap(), site);
        }
    }
}
