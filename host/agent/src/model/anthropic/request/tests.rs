//! The bytes are those of a body that is made as JSON first, and making them copies nothing of the conversation.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use bricklayer_domain::{
    Event, PluginName, StopReason, ToolAnnotations, ToolCallId, ToolDisplay, ToolName, ToolOutcome, ToolSource,
    TurnEnd, TurnSettings, Usage,
};
use bricklayer_tools::Offer;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::context::Context;
use crate::model::names::MAX_WIRE_NAME;
use crate::prompt::{PromptFacts, WorkspaceFact};

/// The body by way of JSON values: the form in which this module was first written, kept as its measure.
mod by_value {
    use super::*;

    pub(super) fn body(request: &ModelRequest, thinking: Option<&Value>) -> Vec<u8> {
        let mut body = Map::new();
        body.insert("model".to_owned(), json!(request.model));
        body.insert("max_tokens".to_owned(), json!(request.max_output_tokens));
        body.insert("stream".to_owned(), json!(true));
        if let Some(thinking) = thinking.filter(|_| request.reasoning) {
            body.insert("thinking".to_owned(), thinking.clone());
        }
        if !request.tools.is_empty() {
            let tool = |spec: &Arc<ToolSpec>| json!({"name": spec.name.0, "description": spec.description, "input_schema": spec.input_schema});
            let mut tools: Vec<Value> = request.tools.iter().map(tool).collect();
            mark(tools.last_mut());
            body.insert("tools".to_owned(), Value::Array(tools));
        }
        let mut system = json!({"type": "text", "text": &*request.system});
        mark(Some(&mut system));
        body.insert("system".to_owned(), json!([system]));
        body.insert("messages".to_owned(), messages(request));
        serde_json::to_vec(&Value::Object(body)).unwrap()
    }

    fn mark(block: Option<&mut Value>) {
        if let Some(Value::Object(block)) = block {
            block.insert("cache_control".to_owned(), json!({"type": "ephemeral"}));
        }
    }

    fn messages(request: &ModelRequest) -> Value {
        let last = request.messages.len().checked_sub(1);
        let mut out = Vec::new();
        for (index, message) in request.messages.iter().enumerate() {
            let mut content: Vec<Value> = message.content.iter().filter_map(|content| block(content)).collect();
            if content.is_empty() {
                continue;
            }
            if Some(index) == last || Some(index) == request.previous_turn_end {
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

    fn block(content: &Content) -> Option<Value> {
        Some(match content {
            Content::Text(text) | Content::Block(Block::Text { text }) => json!({"type": "text", "text": text}),
            Content::Block(Block::Thinking { signature, .. }) if signature.is_empty() => return None,
            Content::Block(Block::Thinking { thinking, signature }) => {
                json!({"type": "thinking", "thinking": thinking, "signature": signature})
            }
            Content::Block(Block::ToolUse { id, name, input }) => {
                let input = if input.is_object() { input.clone() } else { json!({}) };
                json!({"type": "tool_use", "id": fit(&id.0), "name": fit_name(name), "input": input})
            }
            Content::Block(Block::Other { raw }) => raw.clone(),
            Content::ToolResult { id, content, is_error, structured: _, kind: _, results: _ } => {
                let mut result = json!({"type": "tool_result", "tool_use_id": fit(&id.0), "content": content});
                if *is_error && let Value::Object(fields) = &mut result {
                    fields.insert("is_error".to_owned(), json!(true));
                }
                result
            }
        })
    }

    fn fit_name(name: &str) -> String {
        let fit: String = fit(name).chars().take(MAX_WIRE_NAME).collect();
        if fit.is_empty() { "unnamed".to_owned() } else { fit }
    }

    fn fit(text: &str) -> String {
        text.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c } else { '_' }).collect()
    }
}

fn spec(name: &str) -> ToolSpec {
    ToolSpec {
        name: ToolName(name.into()),
        source: ToolSource::BuiltIn,
        description: format!("Does \"{name}\"\n."),
        input_schema: json!({"type": "object", "properties": {"b": {}, "a": {"enum": [1, 2.5, null]}}}),
        output_schema: None,
        annotations: ToolAnnotations::default(),
        display: ToolDisplay::default(),
        resources: Default::default(),
    }
}

fn request(messages: Vec<Arc<ModelMessage>>, previous_turn_end: Option<usize>) -> ModelRequest {
    let facts = PromptFacts { workspace: WorkspaceFact::None, settings: TurnSettings::default() };
    ModelRequest {
        model: "claude-test".into(),
        system: "You \u{1f600} are \"it\".".into(),
        facts: Arc::new(facts),
        tools: Arc::new([]),
        offer: Offer::default(),
        messages,
        shown: Default::default(),
        previous_turn_end,
        max_output_tokens: 1_000,
        reasoning: true,
    }
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![".{0,12}", Just("\"\\\u{0}\n\u{7f}\u{2028}é\u{1f600}".to_owned()), Just("x".repeat(200))]
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((any_text(), inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn content() -> impl Strategy<Value = Content> {
    let kind = prop_oneof![Just("text"), Just("tool_result"), Just("tool_use"), Just("holo"), Just("thinking")];
    prop_oneof![
        any_text().prop_map(Content::Text),
        any_text().prop_map(|text| Content::Block(Block::Text { text })),
        (any_text(), prop_oneof![Just(String::new()), any_text()])
            .prop_map(|(thinking, signature)| Content::Block(Block::Thinking { thinking, signature })),
        (any_text(), any_text(), json_value()).prop_map(|(id, name, input)| Content::Block(Block::ToolUse {
            id: ToolCallId(id),
            name,
            input
        })),
        (kind, json_value())
            .prop_map(|(kind, more)| Content::Block(Block::Other { raw: json!({"type": kind, "more": more}) })),
        json_value().prop_map(|raw| Content::Block(Block::Other { raw })),
        (any_text(), any_text(), any::<bool>()).prop_map(|(id, content, is_error)| Content::ToolResult {
            id: ToolCallId(id),
            content,
            structured: None,
            is_error,
            kind: None,
            results: Vec::new(),
        }),
    ]
}

proptest! {
    #[test]
    fn the_bytes_are_those_of_the_body_made_as_json(
        said in prop::collection::vec((any::<bool>(), prop::collection::vec(content(), 0..6)), 0..8),
        previous_turn_end in prop::option::of(0..8_usize),
        (tools, reasoning, thinks) in (0..3_usize, any::<bool>(), any::<bool>()),
    ) {
        let message = |(of_user, content): (bool, Vec<Content>)| {
            let role = if of_user { Role::User } else { Role::Assistant };
            Arc::new(ModelMessage { role, content: content.into_iter().map(Arc::new).collect() })
        };
        let mut request = request(said.into_iter().map(message).collect(), previous_turn_end);
        request.reasoning = reasoning;
        request.tools = ["sql", "Read"].into_iter().take(tools).map(|name| Arc::new(spec(name))).collect();
        let thinking = json!({"type": "adaptive"});
        let thinking = thinks.then_some(&thinking);
        let (bytes, expected) = (body(&request, thinking, Features::default()), by_value::body(&request, thinking));
        prop_assert_eq!(String::from_utf8(bytes).unwrap(), String::from_utf8(expected).unwrap());
    }
}

/// Counts what this thread allocates; what grows in its place is not counted anew.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

#[expect(unsafe_code, reason = "there is no other way to see what is allocated; it only counts and passes on")]
// SAFETY: everything is the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: as the caller promised.
        unsafe { System.realloc(at, layout, new_size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A turn with a call and an answer.
fn take_turn(context: &mut Context, number: usize) {
    let usage = Usage::default();
    let (call, name) = (ToolCallId(format!("c{number}")), ToolName("sql".into()));
    let input = json!({"statement": "select 1", "rows": [1, 2, 3]});
    let message = |blocks, stop_reason| Event::AssistantMessage {
        step: 0,
        blocks,
        stop_reason,
        usage,
        model: String::new(),
        aborted: false,
        calls: Vec::new(),
    };
    let events = [
        Event::TurnStarted { message: "count".into(), settings: TurnSettings::default(), rerun_of: None },
        message(vec![Block::ToolUse { id: call.clone(), name: name.0.clone(), input }], StopReason::ToolUse),
        Event::ToolFinished { call, name, outcome: ToolOutcome::text("1"), duration_ms: 1 },
        message(vec![Block::Text { text: "one".into() }], StopReason::EndTurn),
        Event::TurnFinished { end: TurnEnd::Completed, usage, steps: 2, duration_ms: 1 },
    ];
    for event in &events {
        context.take(None, event);
    }
}

#[test]
fn what_a_step_allocates_does_not_grow_with_the_conversation() {
    let mut context = Context::default();
    let mut counts = Vec::new();
    for number in 0..1_000 {
        take_turn(&mut context, number);
        // What the turn added is put into its place, and the request before shared with.
        let _ = context.messages();
        if [9, 99, 999].contains(&number) {
            let before = ALLOCATIONS.get();
            let messages = context.messages();
            let request = request(messages.messages, messages.previous_turn_end);
            let bytes = body(&request, None, Features::default());
            counts.push(ALLOCATIONS.get() - before);
            assert!(bytes.len() > 100 * number, "the whole conversation is in it");
        }
    }
    assert!(counts.windows(2).all(|pair| pair[0] == pair[1]), "allocations after 10, 100 and 1,000 turns: {counts:?}");
    assert!(counts[0] < 20, "{counts:?}");
}

/// More tools than are told at once, of which none is the core.
fn many() -> Vec<Arc<ToolSpec>> {
    let source = ToolSource::Plugin { plugin: PluginName::parse("jobs").unwrap() };
    let name = |n| ToolName(format!("mcp__jobs__thing_{n}"));
    let description = "x".repeat(600);
    (0..60)
        .map(|n| {
            Arc::new(ToolSpec { name: name(n), source: source.clone(), description: description.clone(), ..spec("") })
        })
        .collect()
}

#[test]
fn what_is_to_be_found_is_not_sent_and_called_by_one_word() {
    let tools = many();
    let call = |name: &str| {
        let input = json!({"job_id": 9_007_199_254_740_993_u64});
        Arc::new(Content::Block(Block::ToolUse { id: ToolCallId(name.to_owned()), name: name.to_owned(), input }))
    };
    let said = ModelMessage { role: Role::Assistant, content: vec![call("mcp__jobs__thing_7"), call("Read")] };
    let request = ModelRequest {
        offer: Offer::of(&tools, &Default::default()),
        tools: tools.into(),
        ..request(vec![said.into()], None)
    };
    let sent = body(&request, None, Features::default());
    let sent: Value = serde_json::from_slice(&sent).unwrap();
    let names: Vec<_> = sent["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["call_tool"], "the gate lists the tool that finds them");
    assert_eq!(sent["tools"][0]["cache_control"], json!({"type": "ephemeral"}));
    let [found, own] = [0, 1].map(|n| &sent["messages"][0]["content"][n]);
    assert_eq!(found["name"], "call_tool");
    let wrapped = json!({"name": "mcp__jobs__thing_7", "arguments": {"job_id": 9_007_199_254_740_993_u64}});
    assert_eq!((&found["input"], &found["id"]), (&wrapped, &json!("mcp__jobs__thing_7")));
    assert_eq!((&own["name"], &own["input"]), (&json!("Read"), &json!({"job_id": 9_007_199_254_740_993_u64})));
}
