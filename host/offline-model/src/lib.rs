//! The offline model: no language model and no key, but a small set of requests understood by rules, answered by
//! driving the real loop and the real tools. It says what it is, and what it does not understand it says so.
//!
//! Like any model it keeps no state: what to do next follows from the messages and the facts alone. It knows no tool by
//! its name: [`find`] looks for one by what it says of itself.

mod act;
mod build;
mod command;
mod find;
mod intent;
#[cfg(test)]
mod names;
mod question;
mod words;
mod work;

use std::sync::Arc;

use bricklayer_domain::{Block, ResultId, StopReason, ToolCallId, ToolErrorKind, ToolName, ToolSpec, Usage};
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use serde_json::Value;

use bricklayer_agent::PromptFacts;
use bricklayer_agent::model::{
    CommandModel, Content, ModelEvent, ModelMessage, ModelProvider, ModelReply, ModelRequest, Role,
};

use intent::Intent;

/// The offline model's id.
pub const OFFLINE_MODEL: &str = "offline";

/// What answers a direct tool command, whatever the model is.
pub const DIRECT_COMMAND: &str = "direct command";

/// Runs one direct tool command, such as `/TOOL {"argument": "value"}`: the same steps as any other turn, and
/// so the same gate and the same questions to the user, without a language model.
#[derive(Debug, Clone, Copy)]
pub struct DirectCommand;

impl CommandModel for DirectCommand {
    /// Whether a message is one: it names a tool, or is a short form of a command.
    fn takes(&self, message: &str, tools: &[Arc<ToolSpec>]) -> bool {
        message.trim().strip_prefix('/').is_some_and(|command| command::names_tool(command, tools))
    }
}

impl ModelProvider for DirectCommand {
    fn summarises(&self) -> bool {
        false
    }

    fn model(&self, _wanted: Option<&str>) -> String {
        DIRECT_COMMAND.to_owned()
    }

    fn stream(&self, request: ModelRequest) -> BoxStream<'static, ModelEvent> {
        let scene = scene(&request);
        let command = scene.message.trim();
        reply(&request, command::act(&scene, command.strip_prefix('/').unwrap_or(command)))
    }
}

/// The provider that needs no key.
#[derive(Debug, Clone, Copy, Default)]
pub struct OfflineModel;

impl ModelProvider for OfflineModel {
    fn summarises(&self) -> bool {
        false
    }

    fn model(&self, _wanted: Option<&str>) -> String {
        OFFLINE_MODEL.to_owned()
    }

    fn stream(&self, request: ModelRequest) -> BoxStream<'static, ModelEvent> {
        reply(&request, next_action(&request))
    }
}

fn reply(request: &ModelRequest, action: Action) -> BoxStream<'static, ModelEvent> {
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

fn count_calls(messages: &[Arc<ModelMessage>]) -> usize {
    messages
        .iter()
        .flat_map(|message| &message.content)
        .filter(|content| matches!(***content, Content::Block(Block::ToolUse { .. })))
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
    /// What kind of failure, when it is one.
    kind: Option<ToolErrorKind>,
    /// What it was called with.
    input: Option<&'a Value>,
    /// What it made for people.
    results: &'a [ResultId],
}

/// What the model sees: the user's last message, and what was done about it so far.
#[derive(Debug)]
struct Scene<'a> {
    message: &'a str,
    done: Vec<Done<'a>>,
    tools: &'a [Arc<ToolSpec>],
    earlier: &'a [Arc<ModelMessage>],
    facts: &'a PromptFacts,
}

/// The tool of this full or short name.
fn find_tool<'a>(tools: &'a [Arc<ToolSpec>], name: &str) -> Option<&'a ToolSpec> {
    let mut all = tools.iter().map(|spec| &**spec);
    let full = all.clone().find(|spec| spec.name.0.eq_ignore_ascii_case(name));
    full.or_else(|| all.find(|spec| spec.name.short().eq_ignore_ascii_case(name)))
}

impl Scene<'_> {
    /// The tool of this short or full name.
    fn tool(&self, name: &str) -> Option<&ToolSpec> {
        find_tool(self.tools, name)
    }

    /// The text of the last answer before this message.
    fn last_answer(&self) -> Option<&str> {
        self.earlier.iter().rev().filter(|message| message.role == Role::Assistant).find_map(|message| {
            message.content.iter().rev().find_map(|content| match &**content {
                Content::Block(Block::Text { text }) if !text.starts_with(act::SAVED) => Some(text.as_str()),
                Content::Block(_) | Content::Text(_) | Content::ToolResult { .. } => None,
            })
        })
    }

    /// The file that the user named last before this message.
    fn last_file(&self) -> Option<String> {
        let said = self.earlier.iter().rev().filter(|message| message.role == Role::User);
        let texts = said.flat_map(|message| message.content.iter().rev()).filter_map(|content| match &**content {
            Content::Text(text) => Some(text.as_str()),
            Content::Block(_) | Content::ToolResult { .. } => None,
        });
        texts.filter_map(|text| words::file(&words::words(text)).map(str::to_owned)).next()
    }

    /// The last result before this message.
    fn last_result(&self) -> Option<ResultId> {
        let contents = self.earlier.iter().rev().flat_map(|message| message.content.iter().rev());
        contents
            .filter_map(|content| match &**content {
                Content::ToolResult { results, .. } => results.last().copied(),
                Content::Text(_) | Content::Block(_) => None,
            })
            .next()
    }
}

fn scene(request: &ModelRequest) -> Scene<'_> {
    let is_text = |content: &Arc<Content>| matches!(**content, Content::Text(_));
    let start = request
        .messages
        .iter()
        .rposition(|message| message.role == Role::User && message.content.iter().any(is_text))
        .unwrap_or(0);
    let (earlier, current) = request.messages.split_at_checked(start).unwrap_or((&[], &[]));
    let message = current
        .first()
        .and_then(|message| {
            message.content.iter().rev().find_map(|content| match &**content {
                Content::Text(text) => Some(text.as_str()),
                Content::Block(_) | Content::ToolResult { .. } => None,
            })
        })
        .unwrap_or("");
    let mut names = std::collections::HashMap::new();
    let mut done = Vec::new();
    for content in current.iter().skip(1).flat_map(|message| &message.content) {
        match &**content {
            Content::Block(Block::ToolUse { id, name, input }) => {
                names.insert(id, (name, input));
            }
            Content::ToolResult { id, content, structured, is_error, kind, results } => {
                let (name, input) = names.get(id).copied().unzip();
                done.push(Done {
                    name: ToolName(name.cloned().unwrap_or_default()),
                    content,
                    structured: structured.as_ref(),
                    is_error: *is_error,
                    kind: *kind,
                    input,
                    results,
                });
            }
            Content::Block(_) | Content::Text(_) => {}
        }
    }
    Scene { message, done, tools: &request.tools, earlier, facts: &request.facts }
}

fn next_action(request: &ModelRequest) -> Action {
    let scene = scene(request);
    let message = scene.message.trim();
    if let Some(command) = message.strip_prefix('/') {
        return command::act(&scene, command);
    }
    match intent::parse(message) {
        _ if is_greeting(message) => Action::Say(format!("Hello! {}", command::help(&scene))),
        Some(Intent::Unfinished(advice)) => Action::Say(advice),
        Some(intent) => act::next(&scene, &intent),
        None => match find::list_asked_for(&request.tools, message) {
            Some((tool, things)) => act::list(&scene, tool, &things, message),
            None => Action::Say(format!("I did not understand that.\n\n{}", command::help(&scene))),
        },
    }
}

/// A greeting, or a question about what this is, with or without a few polite words around it.
fn is_greeting(message: &str) -> bool {
    const SMALL_WORDS: [&str; 12] =
        ["there", "bricklayer", "please", "you", "all", "everyone", "again", "so", "and", "me", "now", "agent"];
    const GREETINGS: [&str; 18] = [
        "",
        "hello",
        "hi",
        "hey",
        "hallo",
        "good morning",
        "good afternoon",
        "good evening",
        "help",
        "what can do",
        "who are",
        "what are",
        "what is this",
        "how does this work",
        "how do i start",
        "where do i start",
        "what should i do",
        "thanks",
    ];
    let cleaned = message.to_lowercase().replace("what's", "what is").replace("can i ask", "can do");
    let words: Vec<&str> = cleaned
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty() && !SMALL_WORDS.contains(word))
        .collect();
    let words = words.join(" ");
    let rest = ["hello ", "hi ", "hey "].iter().find_map(|start| words.strip_prefix(start)).unwrap_or(&words);
    GREETINGS.contains(&words.as_str()) || GREETINGS.contains(&rest)
}
