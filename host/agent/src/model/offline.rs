//! The offline model: no language model and no key, but a small set of requests understood by rules, answered by
//! driving the real loop and the real tools. It says what it is, and what it does not understand it says so.
//!
//! Like any model it keeps no state: what to do next follows from the messages alone.

mod act;
mod build;
mod command;
mod intent;
mod question;
mod words;

use bricklayer_domain::{Block, StopReason, ToolCallId, ToolName, ToolSpec, Usage};
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use serde_json::Value;

use super::{Content, ModelEvent, ModelMessage, ModelProvider, ModelReply, ModelRequest, Role};

/// The offline model's id.
pub const OFFLINE_MODEL: &str = "offline";

/// The provider that needs no key.
#[derive(Debug, Clone, Copy, Default)]
pub struct OfflineModel;

impl ModelProvider for OfflineModel {
    fn model(&self, _wanted: Option<&str>) -> String {
        OFFLINE_MODEL.to_owned()
    }

    fn stream(&self, request: ModelRequest) -> BoxStream<'static, ModelEvent> {
        let action = next_action(&request);
        let (text, call) = match action {
            Action::Say(text) => (text, None),
            Action::Call { say, name, input } => (say, Some((name, input))),
        };
        let mut events: Vec<ModelEvent> =
            text.split_inclusive(' ').map(|word| ModelEvent::TextDelta { block: 0, text: word.to_owned() }).collect();
        let mut blocks = Vec::new();
        if !text.is_empty() {
            blocks.push(Block::Text { text });
        }
        let stop_reason = if call.is_some() { StopReason::ToolUse } else { StopReason::EndTurn };
        if let Some((name, input)) = call {
            let id = ToolCallId(format!("offline_{}", count_calls(&request.messages)));
            blocks.push(Block::ToolUse { id, name: name.0, input });
        }
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

fn count_calls(messages: &[ModelMessage]) -> usize {
    messages
        .iter()
        .flat_map(|message| &message.content)
        .filter(|content| matches!(content, Content::Block(Block::ToolUse { .. })))
        .count()
}

/// What the model does next.
#[derive(Debug, Clone, PartialEq)]
enum Action {
    /// Answer, and so end the turn.
    Say(String),
    /// Call a tool, with a few words before it.
    Call { say: String, name: ToolName, input: Value },
}

/// A call of this turn and its result.
#[derive(Debug, Clone)]
struct Done<'a> {
    name: ToolName,
    content: &'a str,
    structured: Option<&'a Value>,
    is_error: bool,
    /// The call was a DESCRIBE.
    looked_up: bool,
}

/// What the model sees: the user's last message, and what was done about it so far.
#[derive(Debug)]
struct Scene<'a> {
    message: &'a str,
    done: Vec<Done<'a>>,
    tools: &'a [ToolSpec],
    earlier: &'a [ModelMessage],
    system: &'a str,
}

impl Scene<'_> {
    /// The tool of this short or full name.
    fn tool(&self, name: &str) -> Option<&ToolSpec> {
        self.tools
            .iter()
            .find(|spec| spec.name.0.eq_ignore_ascii_case(name))
            .or_else(|| self.tools.iter().find(|spec| spec.name.short().eq_ignore_ascii_case(name)))
    }

    /// The warehouse that the user chose, which the system prompt names.
    fn chosen_warehouse(&self) -> Option<String> {
        let (_, rest) = self.system.split_once(crate::prompt::CHOSEN_WAREHOUSE)?;
        let (id, _) = rest.strip_prefix('`')?.split_once('`')?;
        Some(id.to_owned())
    }

    /// The text of the last answer before this message.
    fn last_answer(&self) -> Option<&str> {
        self.earlier.iter().rev().filter(|message| message.role == Role::Assistant).find_map(|message| {
            message.content.iter().rev().find_map(|content| match content {
                Content::Block(Block::Text { text }) if !text.starts_with(act::SAVED) => Some(text.as_str()),
                Content::Block(_) | Content::Text(_) | Content::ToolResult { .. } => None,
            })
        })
    }
}

fn scene(request: &ModelRequest) -> Scene<'_> {
    let is_text = |content: &&Content| matches!(content, Content::Text(_));
    let start = request
        .messages
        .iter()
        .rposition(|message| message.role == Role::User && message.content.iter().any(|c| is_text(&c)))
        .unwrap_or(0);
    let (earlier, current) = request.messages.split_at_checked(start).unwrap_or((&[], &[]));
    let message = current
        .first()
        .and_then(|message| {
            message.content.iter().rev().find_map(|content| match content {
                Content::Text(text) => Some(text.as_str()),
                Content::Block(_) | Content::ToolResult { .. } => None,
            })
        })
        .unwrap_or("");
    let mut names = std::collections::HashMap::new();
    let mut done = Vec::new();
    for content in current.iter().skip(1).flat_map(|message| &message.content) {
        match content {
            Content::Block(Block::ToolUse { id, name, input }) => {
                names.insert(id, (name, input));
            }
            Content::ToolResult { id, content, structured, is_error } => {
                let (name, input) = names.get(id).copied().unzip();
                let statement = input.and_then(|input| input.get("statement")).and_then(Value::as_str);
                done.push(Done {
                    name: ToolName(name.cloned().unwrap_or_default()),
                    content,
                    structured: structured.as_ref(),
                    is_error: *is_error,
                    looked_up: statement.is_some_and(|sql| sql.starts_with("DESCRIBE TABLE ")),
                });
            }
            Content::Block(_) | Content::Text(_) => {}
        }
    }
    Scene { message, done, tools: &request.tools, earlier, system: &request.system }
}

fn next_action(request: &ModelRequest) -> Action {
    let scene = scene(request);
    let message = scene.message.trim();
    if let Some(command) = message.strip_prefix('/') {
        return command::act(&scene, command);
    }
    match intent::parse(message) {
        Some(intent) => act::next(&scene, &intent),
        None if is_greeting(message) => Action::Say(command::help(&scene)),
        None => Action::Say(format!("I did not understand that.\n\n{}", command::help(&scene))),
    }
}

fn is_greeting(message: &str) -> bool {
    let word = message.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    matches!(word.as_str(), "" | "hello" | "hi" | "hey" | "help" | "what can you do" | "who are you")
}
