//! A workflow in the place of a lane's model.

use std::fmt;
use std::sync::Arc;

use bricklayer_agent::model::{ModelEvent, ModelMessage, ModelProvider, ModelReply, ModelRequest};
use bricklayer_domain::{Block, StopReason, ToolCallId, ToolSpec, Usage};
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};

use crate::replay::{Pending, Replay};
use crate::workflow::{Report, Workflow};

/// What stands for a model in the log.
const WORKFLOW: &str = "workflow";

/// Says which call comes next.
#[derive(Clone)]
pub(crate) struct Plan(pub(crate) Arc<dyn Workflow>);

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Plan")
    }
}

impl Plan {
    /// What the workflow came to; none when one of its calls is not at its end.
    pub(crate) fn report(&self, messages: &[Arc<ModelMessage>]) -> Option<Report> {
        self.0.run(&mut Replay::of(messages)).ok()
    }
}

impl ModelProvider for Plan {
    fn model(&self, _wanted: Option<&str>) -> String {
        WORKFLOW.to_owned()
    }

    fn summarises(&self) -> bool {
        false
    }

    fn stream(&self, request: ModelRequest) -> BoxStream<'static, ModelEvent> {
        let (text, next) = match self.0.run(&mut Replay::of(&request.messages)) {
            Ok(report) => (report.text, None),
            Err(Pending { say, call, number }) => (say, Some((call, number))),
        };
        let stop_reason = if next.is_none() { StopReason::EndTurn } else { StopReason::ToolUse };
        let mut events = vec![ModelEvent::TextDelta { block: 0, text: text.clone() }];
        let mut blocks = vec![Block::Text { text }];
        blocks.extend(next.map(|(call, number)| Block::ToolUse {
            id: ToolCallId(format!("step_{number}")),
            name: full_name(&request.tools, call.tool),
            input: call.input,
        }));
        events.push(ModelEvent::Finished(ModelReply {
            blocks,
            broken_calls: Vec::new(),
            stop_reason,
            stop_details: None,
            usage: Usage::default(),
        }));
        stream::iter(events).boxed()
    }
}

/// The tool's full name here; a project that has no such tool is told so by the gate.
fn full_name(tools: &[Arc<ToolSpec>], short: &str) -> String {
    tools.iter().find(|spec| spec.name.short() == short).map_or_else(|| short.to_owned(), |spec| spec.name.0.clone())
}
