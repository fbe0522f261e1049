//! Turns through the driver.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bricklayer_agent::model::{BrokenCall, Content, ModelError, ModelErrorKind, ModelEvent, ModelReply, Role};
use bricklayer_agent::{LogError, TurnExit};
use bricklayer_domain::{
    ApprovalDecision, Block, CleanUp, Event, PermissionMode, StopReason, ToolAnnotations, ToolCallId, ToolErrorKind,
    ToolFailure, ToolOutcome, TurnEnd, Usage,
};
use bricklayer_offline_model::OfflineModel;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::support::*;

/// The kinds of events in order, deltas and progress left out.
fn outline(events: &[Event]) -> Vec<String> {
    events
        .iter()
        .filter_map(|event| {
            let value = serde_json::to_value(event).unwrap();
            let kind = value["type"].as_str().unwrap().to_owned();
            let noise = matches!(kind.as_str(), "text_delta" | "thinking_delta" | "tool_progress");
            let detail = match event {
                Event::ToolStarted { call, .. }
                | Event::ToolFinished { call, .. }
                | Event::ApprovalRequested { call, .. } => format!(" {call}"),
                Event::TurnFinished { end, .. } => match end {
                    TurnEnd::Completed => " completed".to_owned(),
                    TurnEnd::Failed { code, .. } => format!(" {code}"),
                    TurnEnd::Cancelled => " cancelled".to_owned(),
                },
                _ => String::new(),
            };
            (!noise).then(|| kind + &detail)
        })
        .collect()
}

fn reader(name: &str) -> bricklayer_domain::ToolSpec {
    spec(name, ToolAnnotations::reads())
}

#[tokio::test]
async fn a_turn_with_a_tool_runs_to_its_one_end() {
    let model =
        ScriptedModel::new(vec![calls(vec![tool_use("a", "mcp__databricks__look", json!({}))]), say("found 42")]);
    let world = World::new(model.clone(), TableTools::new(vec![reader("look")], |_| ToolOutcome::text("42")));
    let exit = world.ask("how many?").await;
    assert!(matches!(exit, TurnExit::Finished(TurnEnd::Completed)), "{exit:?}");
    let expected = [
        "turn_started",
        "step_started",
        "assistant_message",
        "tool_started a",
        "tool_finished a",
        "step_started",
        "assistant_message",
        "turn_finished completed",
    ];
    assert_eq!(outline(&world.log.events()), expected);
    let Some(Event::TurnFinished { usage, steps, .. }) = world.log.events().pop() else { panic!("the end is last") };
    assert_eq!((usage.input_tokens, usage.output_tokens, steps), (20, 10, 2));
    // A finished turn is not run again.
    assert!(matches!(world.run().await, TurnExit::Finished(TurnEnd::Completed)));
    assert_eq!(world.log.events().len(), world.log.history().len());
    assert_eq!(model.requests.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn the_offline_model_writes_and_reads_files_by_command() {
    let world = World::new(Arc::new(OfflineModel), TableTools::none());
    world.ask(r#"/Write {"file_path": "notes/a.md", "content": "one\ntwo\n"}"#).await;
    assert_eq!(std::fs::read_to_string(world.dir.path().join("notes/a.md")).unwrap(), "one\ntwo\n");
    world.ask("/read notes/a.md").await;
    assert_eq!(world.answer(), "     1\tone\n     2\ttwo");
    world.ask("/read nothing.md").await;
    assert!(world.answer().contains("does not exist"), "{}", world.answer());
}

fn sql(id: &str, statement: &str) -> Block {
    tool_use(id, "mcp__databricks__execute_sql", json!({"statement": statement}))
}

pub(crate) fn sql_tools() -> TableTools {
    TableTools::new(vec![spec("execute_sql", ToolAnnotations::default()), reader("look")], |call| {
        ToolOutcome::text(format!("ran {}", call.input))
    })
}

fn answer_approval(world: &World, call: &str, decision: ApprovalDecision) {
    world.log.push(vec![Event::ApprovalAnswered {
        call: ToolCallId(call.into()),
        decision,
        because_of: None,
        reply: None,
    }]);
}

#[tokio::test]
async fn a_destructive_call_parks_the_turn_until_the_user_answers() {
    let drop_twice = || vec![calls(vec![sql("a", "DROP TABLE t")]), calls(vec![sql("b", "DROP TABLE u")]), say("done")];
    // Once: this call runs, the next one asks again.
    let world = World::new(ScriptedModel::new(drop_twice()), sql_tools());
    assert!(matches!(world.ask("drop them").await, TurnExit::Parked));
    assert_eq!(world.tools.called(), Vec::<String>::new());
    let Some(Event::ApprovalRequested { input, reason, .. }) = world.log.events().pop() else { panic!("asked last") };
    assert_eq!(input, json!({"statement": "DROP TABLE t"}));
    assert!(reason.contains("destroys"), "{reason}");
    // Taken up without an answer (a restart): parked again, and not asked twice.
    let before = world.log.events().len();
    assert!(matches!(world.run().await, TurnExit::Parked));
    assert_eq!(world.log.events().len(), before);
    answer_approval(&world, "a", ApprovalDecision::Once);
    // The first answer counts.
    answer_approval(&world, "a", ApprovalDecision::No);
    assert!(matches!(world.run().await, TurnExit::Parked));
    assert_eq!(world.tools.called(), ["execute_sql"]);
    answer_approval(&world, "b", ApprovalDecision::No);
    assert!(matches!(world.run().await, TurnExit::Finished(TurnEnd::Completed)));
    assert_eq!(world.tools.called(), ["execute_sql"]);
    assert_eq!(kind(&world.outcome("b")), Some(ToolErrorKind::Denied));
}

#[tokio::test]
async fn modes_and_effects_decide_who_is_asked() {
    let cases = [
        (PermissionMode::Ask, "SELECT 1", None),
        (PermissionMode::Ask, "INSERT INTO t", None),
        (PermissionMode::ReadOnly, "SELECT 1", None),
        (PermissionMode::ReadOnly, "INSERT INTO t", Some(ToolErrorKind::Denied)),
        (PermissionMode::RunAll, "DROP TABLE t", None),
    ];
    for (mode, statement, expected) in cases {
        let mut world = World::new(ScriptedModel::new(vec![calls(vec![sql("a", statement)])]), sql_tools());
        world.mode = mode;
        assert!(matches!(world.ask("go").await, TurnExit::Finished(TurnEnd::Completed)), "{mode:?} {statement}");
        assert_eq!(kind(&world.outcome("a")), expected, "{mode:?} {statement}");
    }
    // Without an effect the annotations decide; the default is the careful one.
    let tools = TableTools::new(vec![spec("unmarked", ToolAnnotations::default())], |_| ToolOutcome::text(""));
    let script = vec![calls(vec![tool_use("a", "mcp__databricks__unmarked", json!({}))])];
    let world = World::new(ScriptedModel::new(script), tools);
    assert!(matches!(world.ask("go").await, TurnExit::Parked));
}

#[tokio::test]
async fn a_waiting_call_holds_back_what_comes_after_it() {
    let look = |id: &str| tool_use(id, "mcp__databricks__look", json!({}));
    let script = vec![calls(vec![look("a"), sql("b", "DROP TABLE t"), look("c")]), say("done")];
    let world = World::new(ScriptedModel::new(script), sql_tools());
    assert!(matches!(world.ask("go").await, TurnExit::Parked));
    assert_eq!(world.tools.called(), ["look"]);
    answer_approval(&world, "b", ApprovalDecision::Once);
    assert!(matches!(world.run().await, TurnExit::Finished(TurnEnd::Completed)));
    assert_eq!(world.tools.called(), ["look", "execute_sql", "look"]);
}

#[tokio::test]
async fn a_call_interrupted_by_a_restart_is_repeated_only_when_that_is_safe() {
    for (statement, repeated) in [("SELECT 1", true), ("INSERT INTO t", false)] {
        let world = World::new(ScriptedModel::new(vec![calls(vec![sql("a", statement)]), say("done")]), sql_tools());
        // The worker dies after the call began: its outcome is never stored.
        world.log.die_after(2);
        let exit = world.ask("go").await;
        assert!(matches!(exit, TurnExit::Interrupted(LogError::LostLease)), "{exit:?}");
        world.log.die_after(usize::MAX);
        assert!(matches!(world.run().await, TurnExit::Finished(TurnEnd::Completed)));
        assert_eq!(world.tools.called().len(), if repeated { 2 } else { 1 }, "{statement}");
        let expected = if repeated { None } else { Some(ToolErrorKind::OutcomeUnknown) };
        assert_eq!(kind(&world.outcome("a")), expected, "{statement}");
    }
}

#[tokio::test]
async fn a_call_that_another_continues_is_left_and_continued() {
    let mut tools = sql_tools();
    (tools.hang, tools.continued) = (Some("execute_sql"), true);
    let world = World::new(ScriptedModel::new(vec![calls(vec![sql("a", "INSERT INTO t")]), say("done")]), tools);
    world.log.begin("go");
    let (exit, ()) = tokio::join!(world.run(), async {
        world.log.wait_for(|event| matches!(event, Event::ToolContinuation { by: Some(_), .. })).await;
        world.leaving.cancel();
    });
    assert!(matches!(exit, TurnExit::Interrupted(LogError::LostLease)), "{exit:?}");

    // Whoever takes the turn over waits for what was started, under the id and the name of the call.
    let next = World { leaving: CancellationToken::new(), ..world };
    assert!(matches!(next.run().await, TurnExit::Finished(TurnEnd::Completed)));
    let seen: Vec<_> =
        next.tools.calls.lock().unwrap().iter().map(|call| (call.id.0.clone(), call.input.clone())).collect();
    assert_eq!(next.tools.called(), ["execute_sql", "look"]);
    assert_eq!(seen[1], ("a".to_owned(), json!({"id": "s1"})));
    assert_eq!(kind(&next.outcome("a")), None);
}

#[tokio::test]
async fn what_continues_a_call_and_cannot_say_how_it_ended_leaves_that_unknown() {
    for (said, expected) in [
        (ToolErrorKind::NotFound, ToolErrorKind::OutcomeUnknown),
        (ToolErrorKind::Upstream, ToolErrorKind::OutcomeUnknown),
        (ToolErrorKind::Failed, ToolErrorKind::Failed),
    ] {
        let specs = vec![spec("execute_sql", ToolAnnotations::default()), reader("look")];
        let mut tools = TableTools::new(specs, move |_| ToolOutcome::failed(ToolFailure::new(said, "no such thing")));
        (tools.hang, tools.continued) = (Some("execute_sql"), true);
        let world = World::new(ScriptedModel::new(vec![calls(vec![sql("a", "INSERT INTO t")]), say("done")]), tools);
        world.log.begin("go");
        tokio::join!(world.run(), async {
            world.log.wait_for(|event| matches!(event, Event::ToolContinuation { by: Some(_), .. })).await;
            world.leaving.cancel();
        });
        let next = World { leaving: CancellationToken::new(), ..world };
        assert!(matches!(next.run().await, TurnExit::Finished(TurnEnd::Completed)));
        let outcome = next.outcome("a");
        assert_eq!(kind(&outcome), Some(expected), "{said:?}");
        assert!(outcome.failure.unwrap().message.contains("no such thing"));
    }
}

#[tokio::test]
async fn what_a_dead_worker_left_running_is_ended_by_a_stop() {
    let cancel_request = CleanUp { method: "POST".into(), path: "/statements/s1/cancel".into(), body: None };
    for told in [true, false] {
        let mut tools = sql_tools();
        (tools.hang, tools.continued, tools.cannot_clean_up) = (Some("execute_sql"), true, !told);
        tools.clean_up = vec![cancel_request.clone()];
        let world = World::new(ScriptedModel::new(vec![calls(vec![sql("a", "INSERT INTO t")]), say("done")]), tools);
        world.log.begin("go");
        tokio::join!(world.run(), async {
            world.log.wait_for(|event| matches!(event, Event::ToolContinuation { by: Some(_), .. })).await;
            world.leaving.cancel();
        });
        assert!(world.tools.cleaned_up.lock().unwrap().is_empty(), "a host that leaves ends nothing");

        let next = World { leaving: CancellationToken::new(), ..world };
        let cancel = CancellationToken::new();
        cancel.cancel();
        let exit = next.run_with(cancel).await;
        assert!(matches!(exit, TurnExit::Finished(TurnEnd::Cancelled)), "{exit:?}");
        assert_eq!(*next.tools.cleaned_up.lock().unwrap(), [("a".to_owned(), vec![cancel_request.clone()])]);
        assert_eq!(next.tools.called(), ["execute_sql"], "nothing else ran");
        let failure = next.outcome("a").failure.unwrap();
        assert_eq!(failure.kind, ToolErrorKind::OutcomeUnknown);
        assert_eq!(failure.message.contains("was told to end"), told, "{failure:?}");
    }
}

#[tokio::test]
async fn a_call_that_kills_its_worker_is_given_up_in_the_end() {
    let world = World::new(ScriptedModel::new(vec![calls(vec![sql("a", "SELECT 1")]), say("done")]), sql_tools());
    world.log.begin("go");
    world.log.die_after(2);
    for _ in 0..3 {
        assert!(matches!(world.run().await, TurnExit::Interrupted(_)));
        world.log.die_after(1);
    }
    world.log.die_after(usize::MAX);
    assert!(matches!(world.run().await, TurnExit::Finished(TurnEnd::Completed)));
    assert_eq!(kind(&world.outcome("a")), Some(ToolErrorKind::OutcomeUnknown));
    assert_eq!(world.tools.called().len(), 3);
}

#[tokio::test]
async fn a_step_whose_worker_died_is_discarded_and_runs_again() {
    let world = World::new(ScriptedModel::new(vec![say("second try")]), sql_tools());
    world.log.begin("go");
    world.log.push(vec![
        Event::StepStarted { step: 0, model: "scripted".into(), context: None },
        Event::TextDelta { step: 0, block: 0, offset: 0, text: "half an ans".into() },
    ]);
    assert!(matches!(world.run().await, TurnExit::Finished(TurnEnd::Completed)));
    let expected = ["turn_started", "step_started", "step_discarded", "step_started", "assistant_message"];
    assert_eq!(outline(&world.log.events())[..5], expected);
    assert_eq!(world.answer(), "second try");

    // A turn that dies each time ends at last.
    let world = World::new(ScriptedModel::new(vec![]), sql_tools());
    world.log.begin("go");
    for _ in 0..20 {
        world.log.die_after(1);
        if matches!(world.run().await, TurnExit::Finished(_)) {
            break;
        }
    }
    let end = outline(&world.log.events()).pop().unwrap();
    assert_eq!(end, "turn_finished restarted-too-often");
}

#[tokio::test]
async fn a_stop_in_mid_answer_keeps_what_was_shown() {
    let open = vec![
        ModelEvent::ThinkingDelta { block: 0, text: "hm".into() },
        ModelEvent::Usage(Usage { input_tokens: 7, ..Usage::default() }),
        ModelEvent::TextDelta { block: 1, text: "half an ".into() },
        ModelEvent::TextDelta { block: 1, text: "answer".into() },
    ];
    let model = ScriptedModel::new(vec![open, say("next")]);
    let world = World::new(model.clone(), sql_tools());
    world.log.begin("go");
    let cancel = CancellationToken::new();
    let run = world.run_with(cancel.clone());
    let stop = async {
        world.log.wait_for(|event| matches!(event, Event::TextDelta { text, .. } if text == "answer")).await;
        cancel.cancel();
        Instant::now()
    };
    let (exit, stopped_at) = tokio::join!(run, stop);
    assert!(stopped_at.elapsed() < AT_ONCE);
    assert!(matches!(exit, TurnExit::Finished(TurnEnd::Cancelled)), "{exit:?}");
    let events = world.log.events();
    let aborted = events.iter().find_map(|event| match event {
        Event::AssistantMessage { blocks, aborted: true, usage, .. } => Some((blocks.clone(), usage.input_tokens)),
        _ => None,
    });
    assert_eq!(aborted, Some((vec![Block::Text { text: "half an answer".into() }], 7)));
    // The next turn sees what was said, and that it was stopped.
    world.ask("go on").await;
    let request = model.requests.lock().unwrap().pop().unwrap();
    let roles: Vec<Role> = request.messages.iter().map(|message| message.role).collect();
    assert_eq!(roles, [Role::User, Role::Assistant, Role::User]);
    let Content::Text(note) = &*request.messages[2].content[0] else { panic!("a note") };
    assert!(note.contains("stopped"), "{note}");
}

#[tokio::test]
async fn a_stop_cancels_running_tools_even_deaf_ones() {
    for deaf in [false, true] {
        let mut tools = sql_tools();
        tools.hang = Some("execute_sql");
        tools.deaf = deaf;
        let script = vec![calls(vec![sql("a", "INSERT INTO t"), sql("b", "INSERT INTO u")]), say("next")];
        let model = ScriptedModel::new(script);
        let world = World::new(model.clone(), tools);
        world.log.begin("go");
        let cancel = CancellationToken::new();
        let run = world.run_with(cancel.clone());
        let stop = async {
            world.log.wait_for(|event| matches!(event, Event::ToolProgress { .. })).await;
            cancel.cancel();
            Instant::now()
        };
        let (exit, stopped_at) = tokio::join!(run, stop);
        assert!(stopped_at.elapsed() < AT_ONCE, "{:?}", stopped_at.elapsed());
        assert!(matches!(exit, TurnExit::Finished(TurnEnd::Cancelled)), "{exit:?}");
        for id in ["a", "b"] {
            assert_eq!(kind(&world.outcome(id)), Some(ToolErrorKind::Cancelled), "{id}");
        }
        assert_eq!(outline(&world.log.events()).last().unwrap(), "turn_finished cancelled");
    }
}

#[tokio::test]
async fn a_parked_turn_is_stopped_by_running_it_cancelled() {
    let world = World::new(ScriptedModel::new(vec![calls(vec![sql("a", "DROP TABLE t")])]), sql_tools());
    assert!(matches!(world.ask("go").await, TurnExit::Parked));
    let cancel = CancellationToken::new();
    cancel.cancel();
    let exit = world.run_with(cancel.clone()).await;
    assert!(matches!(exit, TurnExit::Finished(TurnEnd::Cancelled)));
    assert_eq!(kind(&world.outcome("a")), Some(ToolErrorKind::Cancelled));
    // A late second stop changes nothing.
    let before = world.log.events().len();
    assert!(matches!(world.run_with(cancel).await, TurnExit::Finished(TurnEnd::Cancelled)));
    assert_eq!(world.log.events().len(), before);
}

#[tokio::test]
async fn long_results_are_cut_for_the_model_and_kept_for_the_user() {
    let tools = TableTools::new(vec![reader("look")], |_| ToolOutcome {
        content: "é".repeat(100_000),
        structured: Some(json!({"rows": [["x"]]})),
        ..ToolOutcome::default()
    });
    let script = vec![calls(vec![tool_use("a", "mcp__databricks__look", json!({}))])];
    let mut world = World::new(ScriptedModel::new(script.clone()), tools);
    world.gate_limits.max_result_bytes = 1001;
    world.ask("go").await;
    let outcome = world.outcome("a");
    assert!(outcome.content.starts_with(&"é".repeat(500)) && outcome.content.len() < 1300);
    assert!(outcome.content.contains("[CUT: the first 1000 of 200000 bytes"), "{}", &outcome.content[1000..]);
    assert_eq!(outcome.structured, Some(json!({"rows": [["x"]]})));

    let tools = TableTools::new(vec![reader("look")], |_| ToolOutcome {
        content: "short".into(),
        structured: Some(json!({"rows": "x".repeat(2000)})),
        ..ToolOutcome::default()
    });
    let mut world = World::new(ScriptedModel::new(script), tools);
    world.gate_limits.max_structured_bytes = 1000;
    world.ask("go").await;
    let outcome = world.outcome("a");
    assert_eq!(outcome.structured, None);
    assert!(outcome.content.contains("too large to keep"), "{}", outcome.content);
}

#[tokio::test]
async fn every_stop_reason_has_its_end() {
    let text = |reason| reply(vec![Block::Text { text: "so".into() }], reason);
    let cases = [
        (StopReason::EndTurn, "completed"),
        (StopReason::StopSequence, "completed"),
        (StopReason::Unknown("later".into()), "model-stopped"),
        (StopReason::MaxTokens, "output-limit"),
        (StopReason::Refusal, "model-refused"),
        (StopReason::ContextWindowExceeded, "conversation-too-long"),
    ];
    for (reason, expected) in cases {
        let world = World::new(ScriptedModel::new(vec![text(reason.clone())]), sql_tools());
        world.ask("go").await;
        let end = outline(&world.log.events()).pop().unwrap();
        assert_eq!(end, format!("turn_finished {expected}"), "{reason:?}");
    }
    // A pause of the provider's own tools goes on with the same content.
    let paused = Block::Other { raw: json!({"type": "server_tool_use", "id": "s", "name": "search", "input": {}}) };
    let paused = reply(vec![Block::Text { text: "so".into() }, paused], StopReason::PauseTurn);
    let model = ScriptedModel::new(vec![paused, say("end")]);
    let world = World::new(model.clone(), sql_tools());
    world.ask("go").await;
    let request = model.requests.lock().unwrap().pop().unwrap();
    assert_eq!(request.messages.last().unwrap().role, Role::Assistant);
    assert_eq!(world.answer(), "end");
    // What was refused is taken back, and the model does not see that turn again.
    let model = ScriptedModel::new(vec![text(StopReason::Refusal), say("fine")]);
    let world = World::new(model.clone(), sql_tools());
    world.ask("bad words").await;
    assert_eq!(world.answer(), "");
    world.ask("good words").await;
    let request = model.requests.lock().unwrap().pop().unwrap();
    assert_eq!(request.messages.len(), 1);
    assert_eq!(request.messages[0].content, [Content::Text("good words".into()).into()]);
}

#[tokio::test]
async fn calls_that_cannot_run_are_answered_with_what_to_do() {
    let broken = vec![ModelEvent::Finished(ModelReply {
        blocks: vec![
            tool_use("a", "mcp__databricks__look", json!({})),
            tool_use("b", "mcp__databricks__look", json!({})),
            tool_use("c", "nothing", json!({})),
            tool_use("", "Read", json!({"file_path": 7})),
        ],
        broken_calls: vec![BrokenCall { block: 1, reason: "your output limit was reached".into() }],
        stop_reason: StopReason::MaxTokens,
        stop_details: None,
        usage: Usage::default(),
    })];
    let world = World::new(ScriptedModel::new(vec![broken, say("ok")]), sql_tools());
    assert!(matches!(world.ask("go").await, TurnExit::Finished(TurnEnd::Completed)));
    assert_eq!(kind(&world.outcome("a")), None);
    assert!(world.outcome("b").content.contains("output limit"));
    let unknown = world.outcome("c");
    assert_eq!(kind(&unknown), Some(ToolErrorKind::UnknownTool));
    assert!(unknown.content.contains("mcp__databricks__look") && unknown.content.contains("Grep"));
    let invalid = world.outcome("call");
    assert_eq!(kind(&invalid), Some(ToolErrorKind::InvalidInput));
    assert!(invalid.content.contains("`file_path` must be a string"), "{}", invalid.content);
}

#[tokio::test]
async fn a_failed_model_call_ends_the_turn_and_keeps_the_text() {
    let script = vec![vec![
        ModelEvent::TextDelta { block: 0, text: "first try".into() },
        ModelEvent::Retry { attempt: 1, delay: Duration::from_millis(5), reason: "broke".into() },
        ModelEvent::TextDelta { block: 0, text: "second".into() },
        ModelEvent::Failed(ModelError {
            kind: ModelErrorKind::Unreachable,
            message: "cannot be reached".into(),
            repairs: vec![],
        }),
    ]];
    let world = World::new(ScriptedModel::new(script), sql_tools());
    let exit = world.ask("go").await;
    let TurnExit::Finished(TurnEnd::Failed { code, message }) = exit else { panic!("{exit:?}") };
    assert_eq!((code.as_str(), message.as_str()), ("model-unreachable", "cannot be reached"));
    let kinds = outline(&world.log.events());
    assert_eq!(
        kinds,
        ["turn_started", "step_started", "model_retry", "assistant_message", "turn_finished model-unreachable"]
    );
    assert_eq!(world.answer(), "second");
}

#[tokio::test]
async fn reading_calls_run_side_by_side_and_writing_ones_in_order() {
    // Two readers that wait for each other end only when they run side by side.
    let barrier = Arc::new(std::sync::Barrier::new(2));
    let tools = TableTools::new(vec![reader("look"), spec("change", ToolAnnotations::writes())], move |call| {
        if call.name.short() == "look" {
            tokio::task::block_in_place(|| barrier.wait());
        }
        ToolOutcome::text("ok")
    });
    let uses = vec![
        tool_use("a", "mcp__databricks__look", json!({})),
        tool_use("b", "mcp__databricks__look", json!({})),
        tool_use("c", "mcp__databricks__change", json!({})),
        tool_use("d", "mcp__databricks__change", json!({})),
    ];
    let world = World::new(ScriptedModel::new(vec![calls(uses), say("done")]), tools);
    let runtime = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(3).enable_all().build().unwrap();
        runtime.block_on(async {
            world.ask("go").await;
        });
        (outline(&world.log.events()), runtime)
    });
    let (kinds, runtime) = runtime.await.unwrap();
    runtime.shutdown_background();
    let at = |text: &str| kinds.iter().position(|kind| kind == text).unwrap();
    assert!(at("tool_started b") < at("tool_finished a").min(at("tool_finished b")));
    assert!(at("tool_started c") > at("tool_finished a").max(at("tool_finished b")));
    assert!(at("tool_started d") > at("tool_finished c"));
}

#[tokio::test]
async fn the_prompt_and_the_messages_are_a_stable_prefix() {
    let model = ScriptedModel::new(vec![calls(vec![sql("a", "SELECT 1")]), say("one"), say("two")]);
    let world = World::new(model.clone(), sql_tools());
    world.ask("first").await;
    world.ask("second").await;
    let requests = model.requests.lock().unwrap();
    for pair in requests.windows(2) {
        assert_eq!(pair[0].system, pair[1].system);
        assert_eq!(pair[0].tools, pair[1].tools);
        assert_eq!(pair[0].messages, pair[1].messages[..pair[0].messages.len()]);
    }
    assert_eq!(requests.iter().map(|request| request.previous_turn_end).collect::<Vec<_>>(), [None, None, Some(3)]);
    let Value::Array(_) = serde_json::to_value(&*requests[0].tools).unwrap() else { panic!() };
}

#[tokio::test]
async fn a_long_answer_is_stored_in_groups_and_survives_its_worker() {
    let pieces = (0..100).map(|n| ModelEvent::TextDelta { block: 0, text: format!("{n:0>99}é") });
    let world = World::new(ScriptedModel::new(vec![pieces.collect()]), sql_tools());
    world.log.begin("go");
    {
        let run = world.run();
        tokio::pin!(run);
        let all_stored = async {
            while world.stored_text().chars().count() < 10_000 {
                tokio::time::timeout(PATIENCE, world.log.grown()).await.expect("the rest is stored");
            }
        };
        tokio::select! {
            _ = &mut run => panic!("the answer is still open"),
            () = all_stored => {}
        }
        // The worker dies here: its future is dropped.
    }
    let groups = world.log.events().iter().filter(|event| matches!(event, Event::TextDelta { .. })).count();
    assert!((2..=5).contains(&groups), "{groups} groups of 4 KiB for 10 kB");
    assert_eq!(world.log.previews.lock().unwrap().len(), 100);
    let expected: String = (0..100).map(|n| format!("{n:0>99}é")).collect();
    assert_eq!(world.stored_text(), expected);
    // The user stops the turn before another worker took it: what was shown stays.
    let cancel = CancellationToken::new();
    cancel.cancel();
    world.run_with(cancel).await;
    assert_eq!(world.answer(), expected);
}

#[tokio::test]
async fn a_tool_is_found_once_for_all_that_happens_to_its_call() {
    let script = vec![calls(vec![sql("a", "SELECT 1"), sql("b", "INSERT INTO t")]), say("done")];
    let world = World::new(ScriptedModel::new(script), sql_tools());
    world.ask("go").await;
    assert_eq!(world.tools.called().len(), 2);
    assert_eq!(*world.tools.resolved.lock().unwrap(), ["a", "b"]);
}
