//! Who works in a lane of a turn.

use std::sync::Arc;

use bricklayer_domain::LaneId;
use bricklayer_skills::{AgentDefinition, AgentSet};

/// The agent that the user talks to, or a subagent that a call of it asks.
#[derive(Debug, Clone)]
pub enum Actor {
    /// The agent, and the subagents that it may ask.
    Agent(AgentSet),
    /// A subagent.
    Subagent {
        /// What it is.
        definition: Arc<AgentDefinition>,
        /// Where it works.
        lane: LaneId,
        /// Whether whoever asked it has read what comes from outside the user's words, which may be in what it is asked.
        outside: bool,
    },
    /// A workflow, which a call asks.
    Workflow {
        /// Where it works.
        lane: LaneId,
        /// Whether whoever asked it has read what comes from outside the user's words.
        outside: bool,
    },
}

impl Default for Actor {
    fn default() -> Self {
        Self::Agent(AgentSet::default())
    }
}

impl Actor {
    /// Whether it begins with content from outside.
    pub(crate) const fn outside(&self) -> bool {
        match self {
            Self::Agent(_) => false,
            Self::Subagent { outside, .. } | Self::Workflow { outside, .. } => *outside,
        }
    }

    /// Whether what it is told of the project makes a difference to it.
    pub(crate) const fn reads_notes(&self) -> bool {
        !self.decides_by_values()
    }

    /// Whether it goes on by what calls came to as values, and not by what they say.
    pub(crate) const fn decides_by_values(&self) -> bool {
        matches!(self, Self::Workflow { .. })
    }

    /// What ends the ids of its calls: an answer names a turn and a call, so that they are unique in the whole turn.
    pub(crate) fn call_suffix(&self) -> String {
        match self {
            Self::Agent(_) => String::new(),
            // The last half of the id is chance; its first is the time.
            Self::Subagent { lane, .. } | Self::Workflow { lane, .. } => {
                format!("_{:08x}", lane.as_uuid().as_u128() as u32)
            }
        }
    }
}
