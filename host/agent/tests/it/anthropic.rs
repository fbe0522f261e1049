//! The Anthropic provider against a scripted server on loopback: the wire, its errors, and its cuts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bricklayer_agent::TurnExit;
use bricklayer_agent::model::{
    Content, HttpModel, ModelAuth, ModelError, ModelErrorKind, ModelEvent, ModelMessage, ModelProvider, ModelReply,
    ModelRequest, Role, anthropic, http_client,
};
use bricklayer_domain::{Block, StopReason, ToolAnnotations, ToolErrorKind, ToolOutcome, TurnEnd, Usage};
use bricklayer_tools::Offer;
use futures::StreamExt as _;
use serde_json::{Value, json};
use url::Url;

use crate::support::*;
use crate::wire::*;

fn recorded() -> String {
    message(
        &[
            thinking_block("Überlegen ☃", "c2lnbmF0dXJl=="),
            vec![
                json!({"type": "content_block_start", "content_block": {"type": "redacted_thinking", "data": "opaque"}}),
            ],
            text_block(&["I look ", "at größe.", ""]),
            tool_block("toolu_1", "mcp__databricks__look", &["{\"a\":", " [1, 2", "]}"]),
            tool_block("toolu_2", "mcp__databricks__look", &[]),
        ],
        "tool_use",
    )
}

pub(crate) fn request() -> ModelRequest {
    ModelRequest {
        model: "claude-test".into(),
        system: "system".into(),
        facts: Default::default(),
        tools: Vec::new().into(),
        offer: Offer::default(),
        messages: vec![ModelMessage { role: Role::User, content: vec![Content::Text("hello".into()).into()] }.into()],
        shown: Default::default(),
        previous_turn_end: None,
        max_output_tokens: 100,
        reasoning: true,
    }
}

pub(crate) async fn collect(model: &HttpModel) -> (Vec<ModelEvent>, Result<ModelReply, ModelError>) {
    let mut events: Vec<ModelEvent> =
        tokio::time::timeout(Duration::from_secs(120), model.stream(request()).collect()).await.expect("an end");
    match events.pop() {
        Some(ModelEvent::Finished(reply)) => (events, Ok(reply)),
        Some(ModelEvent::Failed(error)) => {
            assert!(!error.message.contains(CANARY), "{}", error.message);
            (events, Err(error))
        }
        other => panic!("the last event is an end: {other:?}"),
    }
}

#[tokio::test]
async fn a_stream_becomes_blocks_deltas_and_usage() {
    for text in [recorded(), recorded().replace('\n', "\r\n"), recorded().replace("event: ", "id: 1\nevent: ")] {
        let server = Server::start(vec![Play::Stream(text)]).await;
        let (events, reply) = collect(&server.model()).await;
        let reply = reply.unwrap();
        let expected = [
            Block::Thinking { thinking: "Überlegen ☃".into(), signature: "c2lnbmF0dXJl==".into() },
            Block::Other { raw: json!({"type": "redacted_thinking", "data": "opaque"}) },
            Block::Text { text: "I look at größe.".into() },
            tool_use("toolu_1", "mcp__databricks__look", json!({"a": [1, 2]})),
            tool_use("toolu_2", "mcp__databricks__look", json!({})),
        ];
        assert_eq!(reply.blocks, expected);
        assert_eq!((reply.stop_reason, reply.broken_calls), (StopReason::ToolUse, Vec::new()));
        let usage = Usage { input_tokens: 12, output_tokens: 42, cache_read_input_tokens: 100, ..Usage::default() };
        assert_eq!(reply.usage, usage);
        let texts: Vec<&ModelEvent> = events.iter().filter(|event| !matches!(event, ModelEvent::Usage(_))).collect();
        assert_eq!(texts.len(), 3, "{texts:?}");
        assert_eq!(texts[1], &ModelEvent::TextDelta { block: 2, text: "I look ".into() });
    }
}

#[tokio::test]
async fn a_stream_cut_at_any_byte_has_a_typed_end() {
    let text = recorded();
    let cut = (0..=text.len()).map(|end| Play::Cut(text.clone(), end));
    // A clean end in the middle is the same to the parser; every few bytes and the last ones are enough.
    let ended = (0..=text.len()).filter(|end| end % 7 == 0 || end + 40 > text.len());
    let cuts: Vec<Play> = cut.chain(ended.map(|end| Play::End(text.clone(), end))).collect();
    let count = cuts.len();
    let server = Server::start(cuts).await;
    let model = server.model();
    let mut complete = 0;
    for _ in 0..count {
        match collect(&model).await.1 {
            Ok(reply) => {
                assert_eq!(reply.blocks.len(), 5);
                complete += 1;
            }
            Err(error) => assert_eq!(error.kind, ModelErrorKind::Unreachable, "{error}"),
        }
    }
    // Only a stream that lacks nothing but its last event counts as whole.
    let last_event = event(json!({"type": "message_stop"})).len();
    assert!(complete >= 2 && complete <= 2 * (last_event + 1), "{complete}");
}

#[tokio::test]
async fn http_errors_say_what_to_do_and_are_retried_by_the_rules() {
    let error = |kind: &str, text: &str| json!({"type": "error", "error": {"type": kind, "message": text}}).to_string();
    use ModelErrorKind::*;
    type Case = (u16, Vec<(&'static str, String)>, String, ModelErrorKind, bool, &'static str);
    let cases: Vec<Case> = vec![
        (
            401,
            vec![],
            error("authentication_error", &format!("bad key {CANARY}")),
            Unauthorized,
            false,
            "the test's key",
        ),
        (403, vec![], error("permission_error", "no"), Forbidden, false, "may not use the model `claude-test`"),
        (404, vec![], error("not_found_error", "model: claude-test"), NotFound, false, "Choose another model"),
        (404, vec![], "{\"error_code\":\"X\",\"message\":\"no endpoint\"}".into(), NotFound, false, "no endpoint"),
        (400, vec![], error("invalid_request_error", &format!("odd {CANARY}")), BadRequest, false, "It says: odd ***"),
        (400, vec![], error("invalid_request_error", "prompt is too long: 9 > 8"), TooLarge, false, "new conversation"),
        (413, vec![], String::new(), TooLarge, false, "new conversation"),
        (302, vec![("location", "http://evil.example/".into())], String::new(), BadResponse, false, "redirect"),
        (429, vec![("retry-after-ms", "1".into())], error("rate_limit_error", "slow"), RateLimited, true, "Too many"),
        (429, vec![("retry-after", "600".into())], String::new(), RateLimited, false, "in 600 seconds"),
        (429, vec![("x-should-retry", "false".into())], String::new(), RateLimited, false, "Too many"),
        (
            400,
            vec![("x-should-retry", "true".into()), ("retry-after-ms", "1".into())],
            String::new(),
            BadRequest,
            true,
            "",
        ),
        (529, vec![("retry-after-ms", "1".into())], error("overloaded_error", "x"), Upstream, true, "overloaded"),
        (500, vec![("retry-after-ms", "1".into())], "<html>".into(), Upstream, true, "status 500"),
        (408, vec![("retry-after-ms", "1".into())], String::new(), Timeout, true, "too long"),
        (
            200,
            vec![("content-type", "text/html".into())],
            "<html>".into(),
            BadResponse,
            false,
            "not as the Messages API",
        ),
        (418, vec![], "x".repeat(1_000_000), BadRequest, false, "status 418"),
    ];
    for (status, headers, body, kind, retried, says) in cases {
        let plain = Play::Plain(status, headers.clone(), body);
        let server = Server::start(vec![plain.clone(), plain.clone(), plain]).await;
        let (events, reply) = collect(&server.retrying(2)).await;
        let error = reply.expect_err("an error");
        assert_eq!(error.kind, kind, "{status}: {error}");
        assert!(error.message.contains(says), "{status}: {error}");
        let retries = events.iter().filter(|event| matches!(event, ModelEvent::Retry { .. })).count();
        assert_eq!(retries, if retried { 2 } else { 0 }, "{status} {headers:?}");
        assert_eq!(server.requests().len(), retries + 1);
    }
}

#[tokio::test]
async fn a_retry_takes_back_what_was_shown_and_then_succeeds() {
    let overloaded = event(json!({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}));
    let half = recorded();
    let half = half.split("event: content_block_stop").next().unwrap().to_owned() + &overloaded;
    let server = Server::start(vec![
        Play::Plain(529, vec![("retry-after-ms", "1".into())], String::new()),
        Play::Stream(half),
        Play::Stream(message(&[text_block(&["fine"])], "end_turn")),
    ])
    .await;
    let (events, reply) = collect(&server.retrying(2)).await;
    assert_eq!(reply.unwrap().blocks, [Block::Text { text: "fine".into() }]);
    let outline: Vec<String> = events
        .iter()
        .filter_map(|event| match event {
            ModelEvent::Retry { attempt, .. } => Some(format!("retry {attempt}")),
            ModelEvent::TextDelta { text, .. } | ModelEvent::ThinkingDelta { text, .. } => Some(text.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(outline, ["retry 1", "Überlegen ☃", "retry 2", "fine"]);
    let seen = server.far.seen.lock().unwrap();
    let header = |at: usize, name: &str| seen[at].0.get(name).unwrap().to_str().unwrap().to_owned();
    assert_eq!(header(0, "x-api-key"), CANARY);
    assert_eq!(header(0, "anthropic-version"), "2023-06-01");
    assert_eq!([0, 1, 2].map(|at| header(at, "x-stainless-retry-count")), ["0", "1", "2"]);
    assert_eq!(header(0, "idempotency-key"), header(2, "idempotency-key"));
    assert_eq!(seen[0].1, seen[2].1);
}

#[tokio::test]
async fn silence_is_noticed_before_and_within_an_answer() {
    let begun = recorded().split("event: content_block_stop").next().unwrap().to_owned();
    for play in [Play::Silence, Play::Hang(String::new()), Play::Hang(begun)] {
        let server = Server::start(vec![play]).await;
        let error = collect(&server.impatient_model()).await.1.expect_err("a time-out");
        assert_eq!(error.kind, ModelErrorKind::Timeout, "{error}");
    }
    // An answer whose connection stays open is not waited for.
    let server = Server::start(vec![Play::Hang(recorded())]).await;
    let started = Instant::now();
    collect(&server.model()).await.1.unwrap();
    assert!(started.elapsed() < AT_ONCE);
}

#[tokio::test]
async fn a_model_that_is_down_is_named_without_its_credential() {
    let server = Server::start(vec![]).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut settings = server.settings();
    settings.base_url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    drop(listener);
    let model = anthropic::model(http_client().unwrap(), settings).unwrap();
    let error = collect(&model).await.1.expect_err("nobody listens");
    assert_eq!(error.kind, ModelErrorKind::Unreachable);
    assert!(error.message.contains("127.0.0.1 cannot be reached"), "{error}");
    assert!(!format!("{model:?}").contains(CANARY));
}

#[tokio::test]
async fn nonsense_in_a_stream_is_refused_and_the_unknown_is_kept() {
    let stream = |text: &str| Play::Stream(text.to_owned());
    for text in ["data: {not json\n\n", "data: \u{1}\n\n"] {
        let server = Server::start(vec![stream(text)]).await;
        let error = collect(&server.model()).await.1.expect_err("nonsense");
        assert_eq!(error.kind, ModelErrorKind::BadResponse, "{error}");
    }
    let unknown = json!({"type": "holo_block", "shape": {"deep": [1]}});
    let odd = [
        vec![json!({"type": "content_block_start", "content_block": unknown}), delta(json!({"type": "holo_delta"}))],
        vec![
            json!({"type": "content_block_start", "content_block": {"type": "server_tool_use", "id": "s", "input": {}}}),
            delta(json!({"type": "input_json_delta", "partial_json": "{\"q\": 1}"})),
        ],
        text_block(&["ok"]),
    ];
    let text = event(json!({"type": "surprise", "x": 1})) + &message(&odd, "brand_new_reason");
    let server = Server::start(vec![stream(&text)]).await;
    let reply = collect(&server.model()).await.1.unwrap();
    assert_eq!(reply.blocks[0], Block::Other { raw: unknown });
    assert_eq!(reply.blocks[1], Block::Other { raw: json!({"type": "server_tool_use", "id": "s", "input": {"q": 1}}) });
    assert_eq!(reply.stop_reason, StopReason::Unknown("brand_new_reason".into()));
}

fn world(server: &Server) -> World {
    let tools = TableTools::new(vec![spec("look", ToolAnnotations::reads())], |call| {
        ToolOutcome::text(format!("saw {}", call.id))
    });
    World::new(Arc::new(server.model()), tools)
}

#[tokio::test]
async fn parallel_calls_are_answered_together_and_blocks_come_back_unchanged() {
    let server = Server::start(vec![
        Play::Stream(recorded()),
        Play::Stream(message(&[text_block(&["done"])], "end_turn")),
        Play::Stream(message(&[text_block(&["again"])], "end_turn")),
    ])
    .await;
    let world = world(&server);
    assert!(matches!(world.ask("look twice").await, TurnExit::Finished(TurnEnd::Completed)));
    world.ask("and now?").await;
    let requests = server.requests();
    let mut echoed = requests[1]["messages"][1].clone();
    let expected = json!([
        {"type": "thinking", "thinking": "Überlegen ☃", "signature": "c2lnbmF0dXJl=="},
        {"type": "redacted_thinking", "data": "opaque"},
        {"type": "text", "text": "I look at größe."},
        {"type": "tool_use", "id": "toolu_1", "name": "mcp__databricks__look", "input": {"a": [1, 2]}},
        {"type": "tool_use", "id": "toolu_2", "name": "mcp__databricks__look", "input": {}},
    ]);
    assert_eq!(echoed["content"].take(), expected);
    assert_eq!(
        requests[1]["messages"][2]["content"],
        json!([
            {"type": "tool_result", "tool_use_id": "toolu_1", "content": "saw toolu_1"},
            {"type": "tool_result", "tool_use_id": "toolu_2", "content": "saw toolu_2",
             "cache_control": {"type": "ephemeral"}},
        ])
    );
    // The prefix is the same bytes in every request once the moving marks are taken off, and four marks are set.
    let unmarked = |value: &Value| {
        let text = value.to_string().replace(",\"cache_control\":{\"type\":\"ephemeral\"}", "");
        (text, value.to_string().matches("cache_control").count())
    };
    for pair in requests.windows(2) {
        assert_eq!(pair[0]["system"].to_string(), pair[1]["system"].to_string());
        assert_eq!(pair[0]["tools"].to_string(), pair[1]["tools"].to_string());
        let (before, after) = (unmarked(&pair[0]["messages"]).0, unmarked(&pair[1]["messages"]).0);
        assert!(after.starts_with(before.trim_end_matches(']')), "{before}\n{after}");
    }
    assert_eq!(requests.iter().map(|request| unmarked(request).1).collect::<Vec<_>>(), [3, 3, 4]);
    assert_eq!(requests[0]["stream"], true);
}

#[tokio::test]
async fn a_call_cut_by_the_output_limit_is_told_to_the_model() {
    let cut = message(&[tool_block("toolu_1", "Write", &["{\"file_path\": \"a\", \"content\": \"lo"])], "max_tokens");
    let server =
        Server::start(vec![Play::Stream(cut), Play::Stream(message(&[text_block(&["smaller"])], "end_turn"))]).await;
    let world = world(&server);
    assert!(matches!(world.ask("write").await, TurnExit::Finished(TurnEnd::Completed)));
    let outcome = world.outcome("toolu_1");
    assert_eq!(outcome.failure.unwrap().kind, ToolErrorKind::InvalidInput);
    assert!(outcome.content.contains("output limit"), "{}", outcome.content);
    assert_eq!(server.requests()[1]["messages"][2]["content"][0]["is_error"], true);
    assert_eq!(std::fs::read_dir(world.dir.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn bearer_tokens_and_gateway_paths_are_used_as_configured() {
    let server = Server::start(vec![Play::Stream(message(&[text_block(&["x"])], "end_turn"))]).await;
    let mut settings = server.settings();
    settings.auth = ModelAuth::Bearer(CANARY.to_owned().into());
    settings.base_url = Url::parse(&format!("{}v1/", server.base)).unwrap();
    settings.extra_headers = vec![("x-databricks-use-coding-agent-mode".into(), "true".into())];
    settings.thinking = Some(json!({"type": "adaptive"}));
    let model = anthropic::model(http_client().unwrap(), settings.clone()).unwrap();
    collect(&model).await.1.unwrap();
    let seen = server.far.seen.lock().unwrap();
    assert_eq!(seen[0].0["authorization"], format!("Bearer {CANARY}").as_str());
    assert!(!seen[0].0.contains_key("x-api-key"));
    assert_eq!(seen[0].0["x-databricks-use-coding-agent-mode"], "true");
    assert_eq!(seen[0].1["thinking"], json!({"type": "adaptive"}));
    settings.auth = ModelAuth::Bearer("bad\nkey".to_owned().into());
    let error = anthropic::model(http_client().unwrap(), settings).expect_err("no header");
    assert!(!error.to_string().contains("bad"), "{error}");
}

#[tokio::test]
async fn what_a_gateway_refuses_is_left_out_told_once_and_remembered() {
    let refused = |text: &str| {
        let body = json!({"type": "error", "error": {"type": "invalid_request_error", "message": text}});
        Play::Plain(400, vec![], body.to_string())
    };
    let fine = || Play::Stream(message(&[text_block(&["fine"])], "end_turn"));
    let server = Server::start(vec![
        refused("system.0.cache_control: Extra inputs are not permitted"),
        refused("thinking: Extra inputs are not permitted"),
        fine(),
        fine(),
        refused("thinking: Extra inputs are not permitted"),
    ])
    .await;
    let mut settings = server.settings();
    settings.thinking = Some(json!({"type": "adaptive"}));
    let model = anthropic::model(http_client().unwrap(), settings).unwrap();
    let told = |events: &[ModelEvent]| events.iter().filter(|event| matches!(event, ModelEvent::Retry { .. })).count();
    let (events, reply) = collect(&model).await;
    assert_eq!((reply.unwrap().blocks, told(&events)), (vec![Block::Text { text: "fine".into() }], 2));
    let (events, reply) = collect(&model).await;
    assert_eq!((reply.is_ok(), told(&events)), (true, 0));
    let requests = server.requests();
    let has = |at: usize, field: &str| requests[at].to_string().contains(field);
    assert!(has(0, "cache_control") && has(0, "adaptive") && !has(1, "cache_control") && has(1, "adaptive"));
    assert!([2, 3].into_iter().all(|at| !has(at, "cache_control") && !has(at, "adaptive")), "{requests:?}");
    // What is not sent cannot be what is refused.
    let (events, reply) = collect(&model).await;
    assert_eq!((reply.unwrap_err().kind, told(&events)), (ModelErrorKind::BadRequest, 0));
}
