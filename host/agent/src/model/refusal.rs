//! Which repair a refused request asks for, read from what the API says. Sources: the API's own error texts, as its
//! reference and public reports have them; gateways wrap them into texts of their own, so only words are looked for.

use bricklayer_domain::{HistoryRepair, ToolSpec};

/// One kind of refusal: words of which one must be there, and what is tried, in this order.
struct Rule {
    words: &'static [&'static str],
    repairs: &'static [HistoryRepair],
}

use HistoryRepair::{EarlierReasoning, LongResults, PlainText, Reasoning, UnknownBlocks};

/// The first rule that fits counts.
const RULES: &[Rule] = &[
    Rule {
        words: &["too long", "too large", "exceed context", "exceeds the context", "context window", "maximum context"],
        repairs: &[LongResults, PlainText],
    },
    // Reasoning of the turn that runs: `the latest assistant message cannot be modified`, `must start with thinking`.
    Rule {
        words: &["thinking` blocks in the latest", "must start with a thinking", "expected `thinking`", "final block"],
        repairs: &[Reasoning, PlainText],
    },
    Rule { words: &["thinking", "signature"], repairs: &[EarlierReasoning, Reasoning, PlainText] },
    Rule {
        words: &[
            "image",
            "document",
            "pdf",
            "media_type",
            "input tag",
            "expected tags",
            "server_tool_use",
            "citations",
            "cache_control",
            "container",
        ],
        repairs: &[UnknownBlocks, PlainText],
    },
    Rule {
        words: &[
            "tool_use",
            "tool_result",
            "messages",
            "message ",
            "content block",
            "non-empty",
            "whitespace",
            "prefill",
            "roles",
            "blocks",
        ],
        repairs: &[PlainText],
    },
];

/// What may make the API take the request, in the order in which it is tried; nothing when the request is not refused
/// for what the conversation holds.
pub(super) fn repairs(status: u16, text: &str, tools: &[&ToolSpec]) -> Vec<HistoryRepair> {
    if !matches!(status, 400 | 413 | 422) {
        return Vec::new();
    }
    let text = text.to_lowercase();
    if let Some(tool) = refused_tool(&text, tools) {
        return vec![HistoryRepair::Tool { name: tool.name.clone() }];
    }
    if status == 413 || text.is_empty() {
        return vec![LongResults, PlainText];
    }
    let rule = RULES.iter().find(|rule| rule.words.iter().any(|word| text.contains(word)));
    rule.map(|rule| rule.repairs.to_vec()).unwrap_or_default()
}

/// `tools.3.custom.name: String should match pattern …`, `Invalid 'tools[3].function.name'`: the request's own order
/// tells which tool it is.
fn refused_tool<'a>(text: &str, tools: &[&'a ToolSpec]) -> Option<&'a ToolSpec> {
    let (_, rest) = text.split_once("tools.").or_else(|| text.split_once("tools["))?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    tools.get(digits.parse::<usize>().ok()?).copied()
}

/// The model's own limit, when it refuses a larger one: `max_tokens: 32000 > 8192, which is the maximum …`,
/// `max_tokens is too large: 32000. This model supports at most 16384 completion tokens`, and servers with a small
/// context: `(32000 > 8192 - 120)`.
pub(super) fn output_limit(text: &str) -> Option<u32> {
    let (_, rest) = text.split_once("max_tokens").or_else(|| text.split_once("max_completion_tokens"))?;
    let (_, limit) = rest.split_once('>').or_else(|| rest.split_once("at most"))?;
    let (most, rest) = leading_number(limit)?;
    let less = rest.trim_start().strip_prefix('-').and_then(leading_number).map_or(0, |(less, _)| less);
    most.checked_sub(less).filter(|limit| *limit > 0)
}

fn leading_number(text: &str) -> Option<(u32, &str)> {
    let text = text.trim_start();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end)?;
    Some((digits.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bricklayer_domain::{ToolAnnotations, ToolName, ToolSource};

    #[track_caller]
    fn check(status: u16, text: &str, expected: &[HistoryRepair]) {
        assert_eq!(repairs(status, text, &[]), expected, "{text}");
    }

    #[test]
    fn known_refusals_have_their_repair() {
        let reasoning = [EarlierReasoning, Reasoning, PlainText];
        check(400, "messages.1.content.0: Invalid `signature` in `thinking` block", &reasoning);
        check(400, r#"{"message":"messages.1.content.0: Invalid `signature` in `thinking` block"}"#, &reasoning);
        check(
            400,
            "messages.3.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`. When \
             `thinking` is enabled, a final `assistant` message must start with a thinking block",
            &[Reasoning, PlainText],
        );
        check(
            400,
            "messages.5.content.1: `thinking` or `redacted_thinking` blocks in the latest assistant message cannot be \
             modified. These blocks must remain as they were in the original response.",
            &[Reasoning, PlainText],
        );
        check(
            400,
            "messages.1: The final block in an assistant message cannot be `thinking`.",
            &[Reasoning, PlainText],
        );
        check(400, "prompt is too long: 210000 tokens > 200000 maximum", &[LongResults, PlainText]);
        check(413, "", &[LongResults, PlainText]);
        check(
            400,
            "messages.2: `tool_use` ids were found without `tool_result` blocks immediately after: toolu_1",
            &[PlainText],
        );
        check(400, "messages.4.content.0: unexpected `tool_use_id` found in `tool_result` blocks: x", &[PlainText]);
        check(400, "messages: `tool_use` ids must be unique", &[PlainText]);
        check(400, "messages: text content blocks must be non-empty", &[PlainText]);
        check(400, "messages: at least one message is required", &[PlainText]);
        check(400, "messages: roles must alternate between \"user\" and \"assistant\"", &[PlainText]);
        check(400, "final assistant content cannot end with trailing whitespace", &[PlainText]);
        check(400, "This model does not support assistant message prefill.", &[PlainText]);
        check(400, "messages.1.content.0.image.source.base64: image exceeds 5 MB maximum", &[UnknownBlocks, PlainText]);
        check(
            400,
            "messages.1.content.0: Input tag 'holo' found using 'type' does not match any of the expected tags",
            &[UnknownBlocks, PlainText],
        );
        check(400, "A maximum of 4 blocks with cache_control may be provided. Found 5.", &[UnknownBlocks, PlainText]);
    }

    #[test]
    fn refusals_for_other_reasons_have_none() {
        check(400, "Your credit balance is too low to access the Anthropic API.", &[]);
        check(400, "max_tokens: 32000 > 8192, which is the maximum allowed number of output tokens", &[]);
        check(401, "messages", &[]);
        check(500, "messages.1: thinking", &[]);
    }

    #[test]
    fn a_refused_tool_is_found_by_its_place() {
        let spec = |name: &str| ToolSpec {
            name: ToolName(name.to_owned()),
            source: ToolSource::BuiltIn,
            description: String::new(),
            input_schema: serde_json::json!({}),
            output_schema: None,
            annotations: ToolAnnotations::reads(),
            display: Default::default(),
            resources: Default::default(),
        };
        let tools = [&spec("Read"), &spec("odd")];
        let text = "tools.1.custom.input_schema: JSON schema is invalid. It must match JSON Schema draft 2020-12";
        assert_eq!(repairs(400, text, &tools), [HistoryRepair::Tool { name: ToolName("odd".into()) }]);
        let text = "Invalid 'tools[1].function.name': string too long";
        assert_eq!(repairs(400, text, &tools), [HistoryRepair::Tool { name: ToolName("odd".into()) }]);
        assert_eq!(repairs(400, "tools.7.name: too odd", &tools), []);
    }

    #[test]
    fn the_models_output_limit_is_read() {
        assert_eq!(output_limit("max_tokens: 32000 > 8192, which is the maximum"), Some(8192));
        assert_eq!(output_limit("max_tokens: must be positive"), None);
        let text = "max_tokens is too large: 32000. This model supports at most 16384 completion tokens";
        assert_eq!(output_limit(text), Some(16384));
        let text = "'max_tokens' or 'max_completion_tokens' is too large: 32000. This model's maximum context length is \
                    8192 tokens and your request has 120 input tokens (32000 > 8192 - 120).";
        assert_eq!(output_limit(text), Some(8072));
        assert_eq!(output_limit("prompt is too long: 9 > 8"), None);
    }
}
