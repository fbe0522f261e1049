//! The request's body. The same request gives the same bytes, and a longer conversation only adds to them.
//!
//! What was said is written from where it is kept: between the conversation and the bytes nothing of it is copied.

use std::borrow::Cow;
use std::sync::Arc;

use bricklayer_domain::{Block, ResultId, ToolSpec};
use serde::ser::SerializeSeq as _;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::model::features::{Feature, Features};
use crate::model::found::Wrapped;
use crate::model::names::{told_tools, wire_id, wire_name};
use crate::model::reasoning::for_messages;
use crate::model::{Content, ModelMessage, ModelRequest, NOT_SHOWN, Role, ShownResults};

/// The body as JSON. Cache marks: the end of the tools, the end of the system prompt, the last message of the turns
/// before, and the last message; four is what the API allows.
pub(super) fn body(request: &ModelRequest, thinking: Option<&Value>, used: Features) -> Vec<u8> {
    let marks = used.has(Feature::CacheMarks);
    let body = Body {
        model: &request.model,
        max_tokens: request.max_output_tokens,
        stream: true,
        thinking: thinking.filter(|_| request.reasoning && used.has(Feature::Thinking)),
        tools: Tools(request, marks),
        system: [Part::Text { text: &request.system, cache_control: marks.then_some(MARK) }],
        messages: Messages(request, marks),
    };
    // Nothing in it is a map whose keys are no text, and a vector takes every write.
    serde_json::to_vec(&body).unwrap_or_default()
}

/// The body as the API has it.
#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    max_tokens: u32,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<&'a Value>,
    #[serde(skip_serializing_if = "Tools::is_empty")]
    tools: Tools<'a>,
    system: [Part<'a>; 1],
    messages: Messages<'a>,
}

/// A place up to which the provider keeps what it read.
#[derive(Clone, Copy, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Mark {
    Ephemeral,
}

const MARK: Mark = Mark::Ephemeral;

/// The tools, and whether cache marks are set.
struct Tools<'a>(&'a ModelRequest, bool);

#[derive(Serialize)]
struct Tool<'a> {
    name: &'a str,
    description: &'a str,
    input_schema: &'a Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_control: Option<Mark>,
}

impl Tools<'_> {
    fn is_empty(&self) -> bool {
        self.0.tools.is_empty()
    }
}

impl Serialize for Tools<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(request, marks) = self;
        let told: Vec<&ToolSpec> = told_tools(request).collect();
        let last = told.len().checked_sub(1);
        serializer.collect_seq(told.into_iter().enumerate().map(|(index, spec)| {
            let ToolSpec { name, description, input_schema, .. } = spec;
            Tool {
                name: &name.0,
                description,
                input_schema,
                cache_control: (*marks && Some(index) == last).then_some(MARK),
            }
        }))
    }
}

/// The conversation, and whether cache marks are set.
struct Messages<'a>(&'a ModelRequest, bool);

impl Serialize for Messages<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(request, marks) = self;
        let last = request.messages.len().checked_sub(1);
        let mut out = serializer.serialize_seq(None)?;
        for (index, message) in request.messages.iter().enumerate() {
            let content = &*message.content;
            if content.iter().all(|content| part(content, request).is_none()) {
                continue;
            }
            let is_marked = *marks && (Some(index) == last || Some(index) == request.previous_turn_end);
            let marked = is_marked.then(|| content.iter().rposition(|content| can_be_marked(content))).flatten();
            out.serialize_element(&Message { role: role(message), content: Parts { content, marked, request } })?;
        }
        out.end()
    }
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: Parts<'a>,
}

/// What a message says, and which piece of it has a cache mark.
struct Parts<'a> {
    content: &'a [Arc<Content>],
    marked: Option<usize>,
    request: &'a ModelRequest,
}

impl Serialize for Parts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.content.iter().enumerate().filter_map(|(index, content)| {
            let part = part(content, self.request)?;
            Some(if Some(index) == self.marked { part.marked() } else { part })
        }))
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Part<'a> {
    Text {
        text: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<Mark>,
    },
    Thinking {
        thinking: &'a str,
        signature: &'a str,
    },
    ToolUse {
        id: Cow<'a, str>,
        name: Cow<'a, str>,
        input: Arguments<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<Mark>,
    },
    ToolResult {
        tool_use_id: Cow<'a, str>,
        content: Told<'a>,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        is_error: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<Mark>,
    },
    #[serde(untagged)]
    AsItCame(Cow<'a, Value>),
}

/// What a tool's result tells: words, or words with what the model is shown.
#[derive(Serialize)]
#[serde(untagged)]
enum Told<'a> {
    Words(&'a str),
    Parts(Vec<ToldPart<'a>>),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ToldPart<'a> {
    Text { text: &'a str },
    Image { source: Source<'a> },
    Document { source: Source<'a> },
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Source<'a> {
    Base64 { media_type: &'static str, data: &'a str },
}

fn told<'a>(words: &'a str, results: &[ResultId], shown: &'a ShownResults) -> Told<'a> {
    let mut parts: Vec<ToldPart<'a>> = results
        .iter()
        .filter_map(|id| shown.get(id))
        .map(|shown| {
            let Some(shown) = shown else { return ToldPart::Text { text: NOT_SHOWN } };
            let source = Source::Base64 { media_type: shown.media_type.as_str(), data: &shown.base64 };
            if shown.media_type.is_picture() { ToldPart::Image { source } } else { ToldPart::Document { source } }
        })
        .collect();
    if parts.is_empty() {
        return Told::Words(words);
    }
    parts.insert(0, ToldPart::Text { text: words });
    Told::Parts(parts)
}

/// The arguments of a call, as the model wrote it.
#[derive(Serialize)]
#[serde(untagged)]
enum Arguments<'a> {
    Own(Object<'a>),
    OfFound(Wrapped<'a>),
}

/// The arguments of a call. The API refuses a conversation for ever for arguments that are no object.
struct Object<'a>(&'a Value);

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(fields) => fields.serialize(serializer),
            _ => Map::new().serialize(serializer),
        }
    }
}

impl Part<'_> {
    /// With a cache mark, where one can stand.
    fn marked(mut self) -> Self {
        match &mut self {
            Self::Text { cache_control, .. }
            | Self::ToolUse { cache_control, .. }
            | Self::ToolResult { cache_control, .. } => *cache_control = Some(MARK),
            Self::AsItCame(raw) => {
                if let Some(fields) = raw.to_mut().as_object_mut() {
                    fields.insert("cache_control".to_owned(), serde_json::json!(MARK));
                }
            }
            Self::Thinking { .. } => {}
        }
        self
    }
}

/// Reasoning cannot carry a mark, and a block of a later version is sent back as it came.
fn can_be_marked(content: &Content) -> bool {
    match content {
        Content::Text(_) | Content::ToolResult { .. } | Content::Block(Block::Text { .. } | Block::ToolUse { .. }) => {
            true
        }
        Content::Block(Block::Thinking { .. }) => false,
        Content::Block(Block::Other { raw }) => {
            let kind = raw.get("type").and_then(Value::as_str);
            kind.is_some_and(|kind| ["text", "tool_use", "tool_result"].contains(&kind))
        }
    }
}

/// A piece as the API takes it; none when the API would refuse it.
fn part<'a>(content: &'a Content, request: &'a ModelRequest) -> Option<Part<'a>> {
    let offer = &request.offer;
    Some(match content {
        Content::Text(text) | Content::Block(Block::Text { text }) => Part::Text { text, cache_control: None },
        // Reasoning without its proof, or with another API's, is refused by the API.
        Content::Block(Block::Thinking { thinking, signature }) => {
            Part::Thinking { thinking, signature: for_messages(signature)? }
        }
        Content::Block(Block::ToolUse { id, name, input }) => {
            let (name, input) = match offer.is_found(name) {
                true => (Cow::Borrowed(Wrapped::NAME), Arguments::OfFound(Wrapped::new(name, input))),
                false => (wire_name(name), Arguments::Own(Object(input))),
            };
            Part::ToolUse { id: wire_id(id), name, input, cache_control: None }
        }
        Content::Block(Block::Other { raw }) => Part::AsItCame(Cow::Borrowed(raw)),
        Content::ToolResult { id, content, is_error, structured: _, kind: _, results } => Part::ToolResult {
            tool_use_id: wire_id(id),
            content: told(content, results, &request.shown),
            is_error: *is_error,
            cache_control: None,
        },
    })
}

const fn role(message: &ModelMessage) -> &'static str {
    match message.role {
        Role::User => "user",
        Role::Assistant => "assistant",
    }
}

#[cfg(test)]
mod tests;
