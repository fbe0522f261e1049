//! Running subagents, for the tool that asks them.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bricklayer_domain::{Event, LaneId, ToolCallId, ToolFailure};
use bricklayer_skills::{AgentDefinition, AgentSet};
use bricklayer_tools::Terms;
use tokio_util::sync::CancellationToken;

use super::exit::LaneRun;

/// What a subagent is to do.
#[derive(Debug, Clone)]
pub struct SubagentTask {
    /// The call that asks it: a task of the same call goes on where it stood.
    pub call: ToolCallId,
    /// Which.
    pub agent: Arc<AgentDefinition>,
    /// All that it is told.
    pub prompt: String,
    /// On what terms its calls run.
    pub terms: Terms,
    /// Ends it.
    pub cancel: CancellationToken,
}

/// How a run of a subagent ended.
#[derive(Debug)]
pub struct SubagentRun {
    /// How its lane's did.
    pub lane: LaneRun,
    /// What it, or a subagent of its own, is to ask the user; none was put to them yet.
    pub questions: Vec<(LaneId, Event)>,
}

/// Runs subagents of one lane of a turn.
#[async_trait]
pub trait Subagents: Send + Sync {
    /// Those that there are.
    fn definitions(&self) -> &AgentSet;

    /// Runs a subagent until it ends, waits for the user, or cannot go on here.
    ///
    /// # Errors
    /// When it cannot begin, as the model is told.
    async fn run(&self, task: SubagentTask) -> Result<SubagentRun, ToolFailure>;
}

impl fmt::Debug for dyn Subagents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Subagents")
    }
}
