//! Having others work in the lane of a call, for the tools that ask them.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bricklayer_domain::{Event, LaneId, ToolCallId, ToolFailure};
use bricklayer_skills::{AgentDefinition, AgentSet};
use bricklayer_tools::Terms;
use tokio_util::sync::CancellationToken;

use super::exit::LaneRun;
use crate::model::ModelProvider;

/// Who works in a lane for a call.
#[derive(Debug, Clone)]
pub enum Worker {
    /// A subagent, which asks a language model.
    Agent(Arc<AgentDefinition>),
    /// A workflow: its next calls follow from what those before came to, and no language model is asked.
    Workflow {
        /// What says which calls come next.
        plan: Arc<dyn ModelProvider>,
        /// The short names of all tools that it calls; it has no others.
        tools: Arc<[String]>,
    },
}

/// What is to be done.
#[derive(Debug, Clone)]
pub struct SubagentTask {
    /// The call that asks for it: a task of the same call goes on where it stood.
    pub call: ToolCallId,
    /// Who does it.
    pub worker: Worker,
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
