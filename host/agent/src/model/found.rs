//! Tools that a model found ([`Offer`]) are called by one word that is always among its definitions, with the tool's name
//! and arguments: so the definitions at a request's beginning stay as they are, and stay cached. Everywhere else such a
//! call is the tool's own, in the log, for permissions and on the page.

use std::sync::LazyLock;

use bricklayer_domain::{Block, ToolAnnotations, ToolName, ToolSource, ToolSpec};
use serde_json::{Value, json};

use super::{BrokenCall, ModelReply};

/// The word.
const CALL: &str = "call_tool";

/// Its definition.
pub(super) static CALL_SPEC: LazyLock<ToolSpec> = LazyLock::new(|| ToolSpec {
    name: ToolName(CALL.to_owned()),
    source: ToolSource::BuiltIn,
    description: "Calls a tool that search_tools found.".to_owned(),
    input_schema: json!({
        "type": "object",
        "properties": {
            "name": { "type": "string", "description": "The tool's name, as search_tools told it." },
            "arguments": { "type": "object", "description": "Its arguments, as its schema says." }
        },
        "required": ["name", "arguments"],
        "additionalProperties": false
    }),
    output_schema: None,
    annotations: ToolAnnotations::default(),
    display: Default::default(),
    resources: Default::default(),
});

/// A call of a found tool as the model made it.
#[derive(Debug, serde::Serialize)]
pub(super) struct Wrapped<'a> {
    name: &'a str,
    arguments: &'a Value,
}

impl<'a> Wrapped<'a> {
    /// The word that calls it.
    pub(super) const NAME: &'static str = CALL;

    pub(super) const fn new(name: &'a str, arguments: &'a Value) -> Self {
        Self { name, arguments }
    }
}

/// Makes calls by the word calls of the tools themselves.
pub(crate) fn unwrap(reply: &mut ModelReply) {
    for (index, block) in reply.blocks.iter_mut().enumerate() {
        let Block::ToolUse { name, input, .. } = block else { continue };
        if name != CALL || reply.broken_calls.iter().any(|broken| broken.block == index) {
            continue;
        }
        let called = input.get("name").and_then(Value::as_str).filter(|name| !name.is_empty()).map(str::to_owned);
        // Models leave out empty arguments, or write them as text.
        let arguments = match input.get("arguments") {
            None | Some(Value::Null) => Some(json!({})),
            Some(Value::String(text)) => serde_json::from_str(text).ok().filter(Value::is_object),
            Some(arguments) => Some(arguments.clone()).filter(Value::is_object),
        };
        if let (Some(called), Some(arguments)) = (called, arguments) {
            (*name, *input) = (called, arguments);
        } else {
            let reason = "call_tool takes the `name` of a tool that search_tools found, and its `arguments`, an object";
            reply.broken_calls.push(BrokenCall { block: index, reason: reason.to_owned() });
        }
    }
}

#[cfg(test)]
mod tests {
    use bricklayer_domain::{StopReason, ToolCallId, Usage};

    use super::*;

    /// What becomes of a call with this input: name and input, or none when it is broken.
    fn unwrapped(name: &str, input: Value) -> Option<(String, Value)> {
        let mut reply = ModelReply {
            blocks: vec![Block::ToolUse { id: ToolCallId("c".into()), name: name.into(), input }],
            broken_calls: Vec::new(),
            stop_reason: StopReason::ToolUse,
            stop_details: None,
            usage: Usage::default(),
        };
        unwrap(&mut reply);
        match (reply.blocks.pop(), reply.broken_calls.pop()) {
            (Some(Block::ToolUse { name, input, .. }), None) => Some((name, input)),
            _ => None,
        }
    }

    #[test]
    fn a_call_by_the_word_is_the_tools_own() {
        let own = |input| Some(("run_job".to_owned(), input));
        for (input, expected) in [
            (
                json!({"name": "run_job", "arguments": {"job_id": 9007199254740993_u64}}),
                own(json!({"job_id": 9007199254740993_u64})),
            ),
            (json!({"name": "run_job"}), own(json!({}))),
            (json!({"name": "run_job", "arguments": "{\"a\": 1}"}), own(json!({"a": 1}))),
            (json!({"name": "run_job", "arguments": [1]}), None),
            (json!({"name": "run_job", "arguments": "a"}), None),
            (json!({"name": "", "arguments": {}}), None),
            (json!({"arguments": {}}), None),
            (json!({}), None),
        ] {
            assert_eq!(unwrapped(CALL, input.clone()), expected, "{input}");
        }
        assert_eq!(unwrapped("run_job", json!({"name": "a"})), own(json!({"name": "a"})));
    }
}
