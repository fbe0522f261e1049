//! Task: has a subagent do a piece of work. It runs as the turn itself does, in a lane of its own, so that whatever becomes
//! of this host, the next one goes on with it.

use std::sync::Arc;

use bricklayer_domain::{ToolCallId, ToolErrorKind, ToolFailure, ToolOutcome};
use bricklayer_skills::AgentSet;
use bricklayer_tools::CallLink;
use serde_json::{Value, json};

use super::ToolResult;
use super::args::{Args, invalid};
use crate::lane_call::run_in_lane;
use crate::ports::{SubagentTask, Subagents, Worker};

/// What a person reads of it on its card.
const MAX_DESCRIPTION_CHARS: usize = 200;

/// Characters of what a subagent is told: as long as a long message of a user.
const MAX_PROMPT_CHARS: usize = 100_000;

pub(super) fn describe(agents: &AgentSet) -> (String, Value) {
    let description = "Has a subagent, listed in the system prompt, do a piece of work by itself. It reads nothing of \
        this conversation but `prompt`, and you read nothing of its work but its last message; so tell it all that it needs \
        (names, ids, paths, what was decided) and what to report. Use it for work that reads much and of which you need the \
        conclusion. Several calls in one message run side by side. What it wants to change is asked about as if you had \
        called the tool.";
    let schema = json!({
        "type": "object",
        "properties": {
            "subagent_type": {"type": "string", "enum": agents.names(), "description": "The subagent."},
            "description": {"type": "string", "description": "The work in three to six words, for the user."},
            "prompt": {"type": "string", "description": "All that it is told."}
        },
        "required": ["subagent_type", "description", "prompt"],
        "additionalProperties": false
    });
    (description.to_owned(), schema)
}

pub(super) async fn run(
    subagents: Option<&Arc<dyn Subagents>>,
    call: Option<&ToolCallId>,
    input: &Value,
    link: &CallLink,
) -> ToolResult {
    let args = Args::parse(input, &["subagent_type", "description", "prompt"])?;
    let (name, description, prompt) = (args.str("subagent_type")?, args.str("description")?, args.str("prompt")?);
    for (field, text, longest) in
        [("description", description, MAX_DESCRIPTION_CHARS), ("prompt", prompt, MAX_PROMPT_CHARS)]
    {
        if text.trim().is_empty() || text.chars().count() > longest {
            return Err(invalid(format!("`{field}` must be a text of 1 to {longest} characters")));
        }
    }
    let (Some(subagents), Some(call), Some(terms)) = (subagents, call, link.terms) else {
        return Err(ToolFailure::new(ToolErrorKind::NotFound, "there are no subagents here; do the work yourself"));
    };
    let Some(agent) = subagents.definitions().get(name) else {
        let known = subagents.definitions().names().join(", ");
        return Err(ToolFailure::new(ToolErrorKind::NotFound, format!("no subagent `{name}`; there are: {known}")));
    };
    let task = SubagentTask {
        call: call.clone(),
        worker: Worker::Agent(Arc::clone(agent)),
        prompt: prompt.to_owned(),
        terms,
        cancel: link.cancel.clone(),
    };
    Ok(match run_in_lane(&**subagents, task, link).await {
        Ok(work) => ToolOutcome { spent: Some(work.spent), ..ToolOutcome::text(work.said) },
        Err(outcome) => outcome,
    })
}
