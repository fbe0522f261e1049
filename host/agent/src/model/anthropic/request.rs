//! The request's body. The same request gives the same bytes, and a longer conversation only adds to them.

use bricklayer_domain::{Block, ToolCallId, ToolSpec};
use serde_json::{Map, Value, json};

use crate::model::{Content, ModelMessage, ModelRequest, Role};

/// The body as JSON. Cache marks: the end of the tools, the end of the system prompt, the last message of the turns
/// before, and the last message; four is what the API allows.
pub(super) fn body(request: &ModelRequest, thinking: Option<&Value>) -> Vec<u8> {
    let mut body = Map::new();
    body.insert("model".to_owned(), json!(request.model));
    body.insert("max_tokens".to_owned(), json!(request.max_output_tokens));
    body.insert("stream".to_owned(), json!(true));
    if let Some(thinking) = thinking.filter(|_| request.reasoning) {
        body.insert("thinking".to_owned(), thinking.clone());
    }
    if !request.tools.is_empty() {
        let mut tools: Vec<Value> = request.tools.iter().map(|spec| tool(spec)).collect();
        mark(tools.last_mut());
        body.insert("tools".to_owned(), Value::Array(tools));
    }
    let mut system = json!({"type": "text", "text": &*request.system});
    mark(Some(&mut system));
    body.insert("system".to_owned(), json!([system]));
    body.insert("messages".to_owned(), messages(request));
    // A map of JSON values always serialises.
    serde_json::to_vec(&Value::Object(body)).unwrap_or_default()
}

fn mark(block: Option<&mut Value>) {
    if let Some(Value::Object(block)) = block {
        block.insert("cache_control".to_owned(), json!({"type": "ephemeral"}));
    }
}

fn tool(spec: &ToolSpec) -> Value {
    json!({"name": spec.name.0, "description": spec.description, "input_schema": spec.input_schema})
}

fn messages(request: &ModelRequest) -> Value {
    let last = request.messages.len().checked_sub(1);
    let mut out = Vec::with_capacity(request.messages.len());
    for (index, message) in request.messages.iter().enumerate() {
        let mut content: Vec<Value> = message.content.iter().filter_map(|content| block(content)).collect();
        if content.is_empty() {
            continue;
        }
        if Some(index) == last || Some(index) == request.previous_turn_end {
            // Reasoning cannot carry a mark, and a block of a later version is sent back as it came.
            let kinds = ["text", "tool_use", "tool_result"];
            let markable = |block: &&mut Value| {
                block.get("type").and_then(Value::as_str).is_some_and(|kind| kinds.contains(&kind))
            };
            mark(content.iter_mut().rev().find(markable));
        }
        out.push(json!({"role": role(message), "content": content}));
    }
    Value::Array(out)
}

const fn role(message: &ModelMessage) -> &'static str {
    match message.role {
        Role::User => "user",
        Role::Assistant => "assistant",
    }
}

/// A tool's name as the API takes it. The name of a real tool comes back as it is.
fn wire_name(name: &str) -> String {
    let mut fit: String = name.chars().map(fit_char).take(MAX_WIRE_NAME).collect();
    if fit.is_empty() {
        fit.push_str("unnamed");
    }
    fit
}

/// A tool use's id as the API takes it; ids made by the turn's state come back as they are.
fn wire_id(id: &ToolCallId) -> String {
    id.0.chars().map(fit_char).collect()
}

const fn fit_char(c: char) -> char {
    if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c } else { '_' }
}

/// Longest name of a tool, in characters; the API's own limit.
const MAX_WIRE_NAME: usize = 128;

fn block(content: &Content) -> Option<Value> {
    Some(match content {
        Content::Text(text) | Content::Block(Block::Text { text }) => json!({"type": "text", "text": text}),
        // Reasoning without its proof is refused by the API.
        Content::Block(Block::Thinking { signature, .. }) if signature.is_empty() => return None,
        Content::Block(Block::Thinking { thinking, signature }) => {
            json!({"type": "thinking", "thinking": thinking, "signature": signature})
        }
        Content::Block(Block::ToolUse { id, name, input }) => {
            // The API refuses a conversation for ever for one name that it does not take.
            let input = if input.is_object() { input.clone() } else { json!({}) };
            json!({"type": "tool_use", "id": wire_id(id), "name": wire_name(name), "input": input})
        }
        Content::Block(Block::Other { raw }) => raw.clone(),
        Content::ToolResult { id, content, is_error, structured: _, kind: _ } => {
            let mut result = json!({"type": "tool_result", "tool_use_id": wire_id(id), "content": content});
            if *is_error && let Value::Object(fields) = &mut result {
                fields.insert("is_error".to_owned(), json!(true));
            }
            result
        }
    })
}
