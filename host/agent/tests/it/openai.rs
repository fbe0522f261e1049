//! Chat completions against a scripted server on loopback: the wire, how servers differ, its errors, and its cuts.

use std::sync::Arc;

use bricklayer_agent::TurnExit;
use bricklayer_agent::model::{
    CallerToken, ModelAuth, ModelErrorKind, ModelEvent, ModelReply, anthropic, http_client, openai,
};
use bricklayer_domain::{Block, StopReason, ToolAnnotations, ToolOutcome, TurnEnd, Usage};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::anthropic::{collect, request};
use crate::support::*;
use crate::wire::*;

fn chunk(data: &Value) -> String {
    format!("data: {data}\n\n")
}

fn delta(delta: Value) -> String {
    chunk(
        &json!({"id": "c", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": null}]}),
    )
}

fn end(reason: &str) -> String {
    chunk(&json!({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}))
        + &chunk(&json!({"choices": [], "usage": {"prompt_tokens": 112, "completion_tokens": 42,
            "prompt_tokens_details": {"cached_tokens": 100}}}))
        + "data: [DONE]\n\n"
}

fn piece(index: u64, id: Option<&str>, name: Option<&str>, arguments: &str) -> Value {
    let mut function = json!({"arguments": arguments});
    if let Some(name) = name {
        function["name"] = json!(name);
    }
    let mut call = json!({"index": index, "function": function});
    if let Some(id) = id {
        call["id"] = json!(id);
        call["type"] = json!("function");
    }
    call
}

const LOOK: &str = "mcp__databricks__look";

fn recorded() -> String {
    delta(json!({"role": "assistant", "content": ""}))
        + &delta(json!({"content": "I look "}))
        + &delta(json!({"content": "at größe."}))
        + &delta(json!({"tool_calls": [piece(0, Some("call_1"), Some(LOOK), "")]}))
        + &delta(json!({"tool_calls": [piece(0, None, None, "{\"a\":")]}))
        + &delta(json!({"tool_calls": [piece(1, Some("call_2"), Some(LOOK), "{"), piece(0, None, None, " [1, 2]}")]}))
        + &delta(json!({"tool_calls": [piece(1, None, None, "}")]}))
        + &end("tool_calls")
}

async fn answer_to(stream: &str) -> (Vec<ModelEvent>, ModelReply) {
    let server = Server::start(vec![Play::Stream(stream.to_owned())]).await;
    let (events, reply) = collect(&server.chat()).await;
    (events, reply.unwrap_or_else(|error| panic!("{error}: {stream}")))
}

#[tokio::test]
async fn chunks_become_blocks_deltas_and_usage() {
    for text in [recorded(), recorded().replace('\n', "\r\n"), recorded().replace("data: {", ": alive\n\ndata: {")] {
        let (events, reply) = answer_to(&text).await;
        let expected = [
            Block::Text { text: "I look at größe.".into() },
            tool_use("call_1", LOOK, json!({"a": [1, 2]})),
            tool_use("call_2", LOOK, json!({})),
        ];
        assert_eq!(reply.blocks, expected);
        assert_eq!((reply.stop_reason, reply.broken_calls), (StopReason::ToolUse, Vec::new()));
        let usage = Usage { input_tokens: 12, output_tokens: 42, cache_read_input_tokens: 100, ..Usage::default() };
        assert_eq!(reply.usage, usage);
        assert_eq!(events[0], ModelEvent::TextDelta { block: 0, text: "I look ".into() });
    }
}

#[tokio::test]
async fn a_stream_cut_at_any_byte_has_a_typed_end() {
    let text = recorded();
    let cuts: Vec<Play> =
        (0..=text.len()).flat_map(|end| [Play::Cut(text.clone(), end), Play::End(text.clone(), end)]).collect();
    let count = cuts.len();
    let server = Server::start(cuts).await;
    let model = server.chat();
    let mut complete = 0;
    for _ in 0..count {
        match collect(&model).await.1 {
            Ok(reply) => {
                assert_eq!((reply.blocks.len(), reply.broken_calls.len()), (3, 0));
                complete += 1;
            }
            Err(error) => assert_eq!(error.kind, ModelErrorKind::Unreachable, "{error}"),
        }
    }
    // Whole from the chunk on that says why it ended.
    let rest = text.len() - text.find("\"tool_calls\"}").unwrap();
    assert!(complete >= 2 && complete <= 2 * rest, "{complete} of {count}");
}

#[tokio::test]
async fn servers_differ_in_how_they_send_calls() {
    let whole = |id: &str, arguments: Value| json!({"id": id, "type": "function", "function": {"name": LOOK, "arguments": arguments}});
    let indexed = |index: u64, mut call: Value| {
        call["index"] = json!(index);
        call
    };
    let two = [tool_use("a", LOOK, json!({"n": 1})), tool_use("b", LOOK, json!({"n": 2}))];
    let calls = [whole("a", json!("{\"n\": 1}")), whole("b", json!("{\"n\": 2}"))];
    let cases = [
        // Both in one chunk, without an index.
        delta(json!({"tool_calls": calls})),
        // One after the other, without an index, in pieces.
        delta(json!({"tool_calls": [whole("a", json!("{\"n\":"))]}))
            + &delta(json!({"tool_calls": [{"function": {"arguments": " 1}"}}]}))
            + &delta(json!({"tool_calls": [calls[1]]})),
        // All with the first index.
        delta(json!({"tool_calls": [indexed(0, calls[0].clone())]}))
            + &delta(json!({"tool_calls": [indexed(0, calls[1].clone())]})),
        // Arguments as an object, and the id again with each piece.
        delta(json!({"tool_calls": [indexed(0, whole("a", json!("{\"n\"")))]}))
            + &delta(json!({"tool_calls": [indexed(0, whole("a", json!(": 1}")))]}))
            + &delta(json!({"tool_calls": [indexed(1, whole("b", json!({"n": 2})))]})),
    ];
    for stream in cases {
        for reason in ["tool_calls", "stop"] {
            let (_, reply) = answer_to(&(stream.clone() + &end(reason))).await;
            assert_eq!((&reply.blocks[..], reply.stop_reason), (&two[..], StopReason::ToolUse), "{stream}");
        }
    }
}

#[tokio::test]
async fn reasons_for_the_end_are_told_apart() {
    let cut = delta(json!({"tool_calls": [piece(0, Some("a"), Some(LOOK), "{\"n\": ")]}));
    let (_, reply) = answer_to(&(cut + &end("length"))).await;
    assert_eq!(reply.stop_reason, StopReason::MaxTokens);
    assert!(reply.broken_calls[0].reason.contains("output limit"), "{:?}", reply.broken_calls);
    let text = || delta(json!({"content": "so"}));
    for (stream, expected) in [
        (text() + &end("stop"), StopReason::EndTurn),
        (text() + &end("length"), StopReason::MaxTokens),
        (text() + &end("content_filter"), StopReason::Refusal),
        (delta(json!({"refusal": "I must not."})) + &end("stop"), StopReason::Refusal),
        (text() + &end("odd"), StopReason::Unknown("odd".into())),
    ] {
        assert_eq!(answer_to(&stream).await.1.stop_reason, expected, "{stream}");
    }
}

/// Databricks' list form.
fn reasoned(text: &str) -> String {
    let reasoning = |part: Value| delta(json!({"content": [{"type": "reasoning", "summary": [part]}]}));
    reasoning(json!({"type": "summary_text", "text": "Hm, ", "signature": ""}))
        + &reasoning(json!({"type": "summary_text", "text": "größe", "signature": ""}))
        + &reasoning(json!({"type": "summary_text", "text": "", "signature": "c2ln"}))
        + &delta(json!({"content": [{"type": "text", "text": text}]}))
}

fn chat_world(server: &Server) -> World {
    let tools = TableTools::new(vec![spec("look", ToolAnnotations::reads())], |call| {
        ToolOutcome::text(format!("saw {}", call.id))
    });
    World::new(Arc::new(server.chat()), tools)
}

#[tokio::test]
async fn reasoning_goes_back_in_the_list_in_which_it_came() {
    let calls =
        json!({"tool_calls": [piece(0, Some("a"), Some(LOOK), "{}"), piece(1, Some("b"), Some(LOOK), "{\"x\": 1}")]});
    let server = Server::start(vec![
        Play::Stream(reasoned("I look.") + &delta(calls) + &end("tool_calls")),
        Play::Stream(delta(json!({"content": "done"})) + &end("stop")),
    ])
    .await;
    let world = chat_world(&server);
    assert!(matches!(world.ask("look twice").await, TurnExit::Finished(TurnEnd::Completed)));
    assert_eq!(world.answer(), "done");
    let requests = server.requests();
    let messages = requests[1]["messages"].as_array().unwrap();
    assert_eq!(messages[0]["role"], "system");
    assert_eq!(messages[1], json!({"role": "user", "content": "look twice"}));
    let call = |id: &str, arguments: &str| json!({"id": id, "type": "function", "function": {"name": LOOK, "arguments": arguments}});
    assert_eq!(
        messages[2],
        json!({"role": "assistant", "content": [
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm, größe", "signature": "c2ln"}]},
            {"type": "text", "text": "I look."},
        ], "tool_calls": [call("a", "{}"), call("b", "{\"x\":1}")]})
    );
    assert_eq!(messages[3], json!({"role": "tool", "tool_call_id": "a", "content": "saw a"}));
    assert_eq!(messages[4], json!({"role": "tool", "tool_call_id": "b", "content": "saw b"}));
    let tool = requests[0]["tools"].as_array().unwrap().iter().find(|tool| tool["function"]["name"] == LOOK).unwrap();
    assert_eq!(tool["type"], "function");
    assert_eq!(requests[0]["stream_options"], json!({"include_usage": true}));
    // A longer conversation only adds.
    let (before, after) = (requests[0]["messages"].to_string(), requests[1]["messages"].to_string());
    assert!(after.starts_with(before.trim_end_matches(']')), "{before}\n{after}");
}

#[tokio::test]
async fn reasoning_as_text_is_shown_and_not_sent_back() {
    for field in ["reasoning", "reasoning_content"] {
        let (events, reply) =
            answer_to(&(delta(json!({field: "Hm"})) + &delta(json!({"content": "so"})) + &end("stop"))).await;
        assert_eq!(events[0], ModelEvent::ThinkingDelta { block: 0, text: "Hm".into() });
        assert_eq!(reply.blocks[0], Block::Thinking { thinking: "Hm".into(), signature: String::new() });
    }
}

#[tokio::test]
async fn halves_of_characters_and_bad_pieces_do_not_end_the_turn() {
    let raw = |content: &str| format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{content}\"}}}}]}}\n\n");
    for (pieces, expected) in
        [(&[r"a\ud83d", r"\ude00b"][..], "a😀b"), (&[r"a\ud83d", "b"], "a\u{fffd}b"), (&[r"a\ud83d"], "a\u{fffd}")]
    {
        let stream: String = pieces.iter().map(|piece| raw(piece)).collect();
        let (_, reply) = answer_to(&(stream + &end("stop"))).await;
        assert_eq!(reply.blocks, [Block::Text { text: expected.into() }]);
    }
    for odd in ["data: {not json\n\n", "data: [DONE]\n\n"] {
        let server = Server::start(vec![Play::Stream(odd.to_owned())]).await;
        let error = collect(&server.chat()).await.1.expect_err("no answer");
        assert!(matches!(error.kind, ModelErrorKind::BadResponse | ModelErrorKind::Unreachable), "{error}");
    }
}

#[tokio::test]
async fn errors_of_databricks_openai_and_small_servers_are_read() {
    use ModelErrorKind::*;
    let databricks = |code: &str, message: &str| json!({"error_code": code, "message": message}).to_string();
    let openai = |message: &str| json!({"error": {"message": message, "type": "x", "code": null}}).to_string();
    for (status, body, kind, says) in [
        (403, databricks("PERMISSION_DENIED", "no query"), Forbidden, "no query"),
        (404, databricks("ENDPOINT_NOT_FOUND", "no endpoint"), NotFound, "no endpoint"),
        (429, databricks("REQUEST_LIMIT_EXCEEDED", "QPH"), RateLimited, "Too many"),
        (401, openai(&format!("Incorrect API key {CANARY}")), Unauthorized, "the test's key"),
        (400, openai("odd"), BadRequest, "It says: odd"),
        (400, openai("This model's maximum context length is 10 tokens"), TooLarge, "new conversation"),
        (404, "{\"error\":\"model not found\"}".to_owned(), NotFound, "model not found"),
    ] {
        let server = Server::start(vec![Play::Plain(status, vec![], body)]).await;
        let error = collect(&server.chat()).await.1.expect_err("an error");
        assert_eq!(error.kind, kind, "{status}: {error}");
        assert!(error.message.contains(says), "{error}");
    }
    for (event, kind) in [
        (json!({"error": {"message": "slow down", "type": "rate_limit_exceeded"}}), RateLimited),
        (json!({"error": {"message": "slow down", "code": 429}}), RateLimited),
        (json!({"error_code": "PERMISSION_DENIED", "message": "no"}), Forbidden),
        (json!({"error": "it broke"}), Upstream),
    ] {
        let server = Server::start(vec![Play::Stream(delta(json!({"content": "so"})) + &chunk(&event))]).await;
        assert_eq!(collect(&server.chat()).await.1.expect_err("an error").kind, kind, "{event}");
    }
}

#[tokio::test]
async fn the_field_of_the_output_limit_and_its_value_are_learnt() {
    let refused = |text: &str| Play::Plain(400, vec![], json!({"error": {"message": text}}).to_string());
    let server = Server::start(vec![
        refused("Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."),
        refused("max_tokens is too large: 100. This model supports at most 64 completion tokens"),
        Play::Stream(delta(json!({"content": "so"})) + &end("stop")),
    ])
    .await;
    collect(&server.chat()).await.1.unwrap();
    let requests = server.requests();
    let fields =
        |at: usize| (requests[at].get("max_tokens").cloned(), requests[at].get("max_completion_tokens").cloned());
    assert_eq!(fields(0), (Some(json!(request().max_output_tokens)), None));
    assert_eq!(fields(1), (None, Some(json!(100))));
    assert_eq!(fields(2), (None, Some(json!(64))));
}

#[derive(Debug)]
struct Token(&'static str);

impl CallerToken for Token {
    fn token(&self) -> SecretString {
        self.0.to_owned().into()
    }
}

#[tokio::test]
async fn the_callers_token_is_sent_and_no_other_in_its_place() {
    let far = Server::start(vec![
        Play::Stream(delta(json!({"content": "so"})) + &end("stop")),
        Play::Plain(401, vec![], json!({"message": "dapi-ann is over"}).to_string()),
        Play::Stream(message(&[text_block(&["so"])], "end_turn")),
    ])
    .await;
    let mut settings = far.settings();
    settings.auth = ModelAuth::Caller(None);
    let chat = openai::model(http_client().unwrap(), settings.clone()).unwrap();
    let messages = anthropic::model(http_client().unwrap(), settings).unwrap();
    for nobody in [chat.clone(), chat.for_caller(Arc::new(Token(""))), chat.for_caller(Arc::new(Token("a\nb")))] {
        let error = collect(&nobody).await.1.expect_err("no token");
        assert_eq!(error.kind, ModelErrorKind::Unauthorized, "{error}");
        assert!(error.message.contains("the test's key") && !error.message.contains("a\nb"), "{error}");
    }
    assert!(far.requests().is_empty(), "nothing was asked without a token");
    let ann = chat.for_caller(Arc::new(Token("dapi-ann")));
    collect(&ann).await.1.unwrap();
    let error = collect(&ann).await.1.expect_err("refused");
    assert!(!error.message.contains("dapi-ann"), "{error}");
    collect(&messages.for_caller(Arc::new(Token("dapi-bob")))).await.1.unwrap();
    let seen = far.far.seen.lock().unwrap();
    let sent: Vec<&str> = seen.iter().map(|(headers, _)| headers["authorization"].to_str().unwrap()).collect();
    assert_eq!(sent, ["Bearer dapi-ann", "Bearer dapi-ann", "Bearer dapi-bob"]);
}
