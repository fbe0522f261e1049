use bricklayer_domain::{EventKind, EventSeq, LaneId, ResultKind, StopReason, ToolErrorKind, ToolFailure};
use serde_json::json;

use super::*;

fn stored(seq: i64, event: Event) -> StoredEvent {
    let id = "01980000-0000-7000-8000-000000000001";
    StoredEvent {
        seq: EventSeq(seq),
        conversation: id.parse().unwrap(),
        lane: LaneId::MAIN,
        turn: id.parse().unwrap(),
        at: "2026-01-02T03:04:05Z".parse().unwrap(),
        event,
        structured_bytes: None,
    }
}

fn delta(seq: i64, step: u32, text: &str) -> StoredEvent {
    stored(seq, Event::TextDelta { step, block: 0, offset: 0, text: text.into() })
}

fn message(seq: i64, step: u32) -> StoredEvent {
    let blocks = vec![
        Block::Thinking { thinking: "hm".into(), signature: "s".into() },
        Block::Text { text: "Hello".into() },
        Block::ToolUse { id: ToolCallId("c1".into()), name: "Read".into(), input: json!({"file_path": "a"}) },
    ];
    let (usage, calls) = (Usage::default(), Vec::new());
    let stop_reason = StopReason::ToolUse;
    stored(
        seq,
        Event::AssistantMessage { step, blocks, stop_reason, usage, model: String::new(), aborted: false, calls },
    )
}

#[track_caller]
fn check(event: StoredEvent, expect: Value) {
    let seen: Vec<_> = frames(&event, None)
        .into_iter()
        .map(|frame| {
            let mut value = serde_json::to_value(frame).unwrap();
            let object = value.as_object_mut().unwrap();
            assert_eq!(object.remove("seq"), Some(json!(event.seq.0)));
            assert_eq!(object.remove("execution_id"), Some(json!(event.turn.to_string())));
            assert_eq!(object.remove("at"), Some(json!("2026-01-02T03:04:05Z")));
            value
        })
        .collect();
    assert_eq!(Value::Array(seen), expect);
}

#[test]
fn a_message_becomes_one_frame_per_block() {
    check(
        message(3, 0),
        json!([
            {"type": "thinking", "step": 0, "block": 0, "thinking": "hm"},
            {"type": "text", "step": 0, "block": 1, "text": "Hello"},
            {"type": "tool_use", "step": 0, "tool_id": "c1", "tool_name": "Read", "tool_input": {"file_path": "a"},
             "title": "Read", "detail": "{\"file_path\":\"a\"}"},
        ]),
    );
}

#[test]
fn a_call_is_shown_as_the_log_says() {
    let mut stored = message(7, 2);
    if let Event::AssistantMessage { calls, .. } = &mut stored.event {
        let (title, detail) = ("Read file".to_owned(), "a".to_owned());
        calls.push(CallDisplay { call: ToolCallId("c1".into()), title, detail, result: Some(ResultKind::Text) });
    }
    let shown = serde_json::to_value(frames(&stored, None).last().unwrap()).unwrap();
    assert_eq!(
        (&shown["title"], &shown["detail"], &shown["result_kind"]),
        (&json!("Read file"), &json!("a"), &json!("text"))
    );
}

#[test]
fn a_failed_call_names_its_kind() {
    let outcome = ToolOutcome::failed(ToolFailure::new(ToolErrorKind::PermissionDenied, "no"));
    let name = ToolName("mcp__databricks__execute_sql".into());
    check(
        stored(1, Event::ToolFinished { call: ToolCallId("c".into()), name, outcome, duration_ms: 5 }),
        json!([{
            "type": "tool_result", "tool_use_id": "c", "tool_name": "mcp__databricks__execute_sql", "content": "no",
            "is_error": true, "error_kind": "permission-denied", "duration_ms": 5
        }]),
    );
}

#[test]
fn a_refused_call_names_the_power_the_remedy_and_the_time_to_come_back() {
    let outcome = ToolOutcome::failed(ToolFailure {
        denied: Some("state".into()),
        remedy: Some("bricklayer plugin grant weather \"state\"".into()),
        retry_after_seconds: Some(7),
        ..ToolFailure::new(ToolErrorKind::Denied, "no")
    });
    let name = ToolName("mcp__weather__now".into());
    check(
        stored(1, Event::ToolFinished { call: ToolCallId("c".into()), name, outcome, duration_ms: 5 }),
        json!([{
            "type": "tool_result", "tool_use_id": "c", "tool_name": "mcp__weather__now",
            "content": "no\nRemedy: bricklayer plugin grant weather \"state\"\nTry again after 7 seconds.",
            "is_error": true, "error_kind": "denied", "denied": "state",
            "remedy": "bricklayer plugin grant weather \"state\"", "retry_after_seconds": 7, "duration_ms": 5
        }]),
    );
}

#[test]
fn a_failed_turn_ends_with_error_result_and_one_terminal_frame() {
    let end = TurnEnd::Failed { code: "model-unreachable".into(), message: "no".into() };
    let usage = Usage { input_tokens: 1, cost_micro_usd: 2_500, ..Usage::default() };
    check(
        stored(9, Event::TurnFinished { end, usage, steps: 2, duration_ms: 7 }),
        json!([
            {"type": "error", "error": "no", "code": "model-unreachable", "remedy": "retry"},
            {"type": "result", "is_error": true, "num_turns": 2, "duration_ms": 7,
             "usage": {"input_tokens": 1, "output_tokens": 0, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
                       "cost_micro_usd": 2500},
             "total_cost_usd": 0.0025, "session_id": "01980000-0000-7000-8000-000000000001"},
            {"type": "stream.completed", "is_error": true, "is_cancelled": false},
        ]),
    );
}

#[test]
fn history_drops_the_pieces_of_what_is_complete() {
    let events = [
        delta(1, 0, "He"),
        message(2, 0),
        delta(3, 1, "x"),
        stored(4, Event::StepDiscarded { step: 1 }),
        delta(5, 1, "y"),
    ];
    let seqs: Vec<_> = fold_history(events.to_vec(), Vec::new()).iter().map(|frame| frame.seq.unwrap()).collect();
    assert_eq!(seqs, [2, 2, 2, 4, 5], "only the running step keeps its pieces");
}

/// Events of every kind as logs have them, with all that each can hold.
const LOG: &str = include_str!("tests/log.jsonl");

#[test]
fn the_frames_of_every_kind_of_event_are_stable() {
    let log: Vec<Event> = LOG.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for kind in EventKind::ALL {
        assert!(log.iter().any(|event| event.kind() == *kind), "{kind:?} is missing in tests/log.jsonl");
    }
    let frames: Vec<String> = log
        .into_iter()
        .zip(1..)
        .flat_map(|(event, seq)| frames(&stored(seq, event), None))
        .map(|frame| serde_json::to_string(&frame).unwrap())
        .collect();
    insta::assert_snapshot!(frames.join("\n"));
}
