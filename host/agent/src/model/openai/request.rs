//! The request's body. The same request gives the same bytes, and a longer conversation only adds to them.

use std::borrow::Cow;

use bricklayer_domain::Block;
use bricklayer_tools::Offer;
use serde::Serialize;
use serde_json::Value;

use crate::model::features::{Feature, Features};
use crate::model::found::Wrapped;
use crate::model::names::{told_tools, wire_id, wire_name};
use crate::model::reasoning::for_chat;
use crate::model::{Content, ModelMessage, ModelRequest, Role, ShownResults};

/// What stands for pictures and documents of a result.
const WORDS_ONLY: &str = "[This result has a picture or document, which you cannot be shown.]";

/// The body as JSON.
pub(super) fn body(request: &ModelRequest, thinking: Option<&Value>, used: Features) -> Vec<u8> {
    let limit = Some(request.max_output_tokens);
    let (max_tokens, max_completion_tokens) = if used.has(Feature::MaxTokens) { (limit, None) } else { (None, limit) };
    let reasoning = request.reasoning && used.has(Feature::ReasoningBack);
    let mut messages = vec![Message {
        role: "system",
        content: Some(Said::Text(Cow::Borrowed(&request.system))),
        ..Message::of("system")
    }];
    for message in &request.messages {
        match message.role {
            Role::User => user(message, &request.shown, &mut messages),
            Role::Assistant => messages.extend(assistant(message, &request.offer, reasoning)),
        }
    }
    let body = Body {
        model: &request.model,
        messages,
        tools: told_tools(request).map(|spec| Tool::of(&spec.name.0, &spec.description, &spec.input_schema)).collect(),
        max_tokens,
        max_completion_tokens,
        thinking: thinking.filter(|_| request.reasoning && used.has(Feature::Thinking)),
        stream: true,
        stream_options: used.has(Feature::UsageChunk).then_some(StreamOptions { include_usage: true }),
    };
    // Nothing in it is a map whose keys are no text, and a vector takes every write.
    serde_json::to_vec(&body).unwrap_or_default()
}

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: Vec<Message<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<&'a Value>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Serialize)]
struct Tool<'a> {
    r#type: &'static str,
    function: Definition<'a>,
}

#[derive(Serialize)]
struct Definition<'a> {
    name: &'a str,
    description: &'a str,
    parameters: &'a Value,
}

impl<'a> Tool<'a> {
    const fn of(name: &'a str, description: &'a str, parameters: &'a Value) -> Self {
        Self { r#type: "function", function: Definition { name, description, parameters } }
    }
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<Cow<'a, str>>,
    content: Option<Said<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<Call<'a>>,
}

impl Message<'_> {
    const fn of(role: &'static str) -> Self {
        Self { role, tool_call_id: None, content: None, tool_calls: Vec::new() }
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum Said<'a> {
    Text(Cow<'a, str>),
    List(Vec<Part<'a>>),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Part<'a> {
    Reasoning { summary: [Summary<'a>; 1] },
    Text { text: &'a str },
}

#[derive(Serialize)]
struct Summary<'a> {
    r#type: &'static str,
    text: &'a str,
    signature: &'a str,
}

#[derive(Serialize)]
struct Call<'a> {
    id: Cow<'a, str>,
    r#type: &'static str,
    function: Called<'a>,
}

#[derive(Serialize)]
struct Called<'a> {
    name: Cow<'a, str>,
    /// JSON in a string.
    arguments: String,
}

/// Results of tools, each a message of its own right after the calls, then what the user said.
fn user<'a>(message: &'a ModelMessage, shown: &ShownResults, messages: &mut Vec<Message<'a>>) {
    let mut said: Vec<&str> = Vec::new();
    for content in &message.content {
        match &**content {
            Content::ToolResult { id, content, structured: _, is_error: _, kind: _, results } => {
                // The message of a tool holds words only.
                let unseen = results.iter().any(|result| shown.contains_key(result));
                let content = if unseen {
                    Cow::Owned(format!("{content}\n{WORDS_ONLY}"))
                } else {
                    Cow::Borrowed(content.as_str())
                };
                messages.push(Message {
                    tool_call_id: Some(wire_id(id)),
                    content: Some(Said::Text(content)),
                    ..Message::of("tool")
                });
            }
            Content::Text(text) | Content::Block(Block::Text { text }) => said.push(text),
            Content::Block(Block::Thinking { .. } | Block::ToolUse { .. } | Block::Other { .. }) => {}
        }
    }
    if let Some(content) = joined(&said) {
        messages.push(Message { content: Some(content), ..Message::of("user") });
    }
}

/// What the model said; none when the API would refuse what is left of it.
fn assistant<'a>(message: &'a ModelMessage, offer: &Offer, reasoning: bool) -> Option<Message<'a>> {
    let (mut said, mut thoughts, mut tool_calls) = (Vec::new(), Vec::new(), Vec::new());
    for content in &message.content {
        match &**content {
            Content::Text(text) | Content::Block(Block::Text { text }) => said.push(text.as_str()),
            Content::Block(Block::Thinking { thinking, signature }) => {
                if let Some(signature) = for_chat(signature).filter(|_| reasoning) {
                    let summary = Summary { r#type: "summary_text", text: thinking, signature };
                    thoughts.push(Part::Reasoning { summary: [summary] });
                }
            }
            Content::Block(Block::ToolUse { id, name, input }) => {
                let (name, arguments) = if offer.is_found(name) {
                    (Cow::Borrowed(Wrapped::NAME), serde_json::to_string(&Wrapped::new(name, input)))
                } else {
                    (wire_name(name), Ok(object(input)))
                };
                let function = Called { name, arguments: arguments.unwrap_or_default() };
                tool_calls.push(Call { id: wire_id(id), r#type: "function", function });
            }
            // A block of another API's means nothing here.
            Content::Block(Block::Other { .. }) | Content::ToolResult { .. } => {}
        }
    }
    if said.is_empty() && tool_calls.is_empty() {
        return None;
    }
    let content = if thoughts.is_empty() {
        joined(&said)
    } else {
        thoughts.extend(said.into_iter().map(|text| Part::Text { text }));
        Some(Said::List(thoughts))
    };
    Some(Message { content, tool_calls, ..Message::of("assistant") })
}

/// Arguments that are no object are refused for ever.
fn object(input: &Value) -> String {
    if input.is_object() { input.to_string() } else { "{}".to_owned() }
}

fn joined<'a>(said: &[&'a str]) -> Option<Said<'a>> {
    match said {
        [] => None,
        [text] => Some(Said::Text(Cow::Borrowed(text))),
        texts => Some(Said::Text(Cow::Owned(texts.join("\n\n")))),
    }
}
