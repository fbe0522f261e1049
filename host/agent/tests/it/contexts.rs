//! The model's context is kept and extended: whatever the log, asking for it in between changes nothing.

use bricklayer_agent::context::{Context, build};
use bricklayer_domain::{
    Block, Event, EventKind, EventSeq, HistoryRepair, StopReason, ToolCallId, ToolName, ToolOutcome, TurnEnd,
    TurnSettings, Usage,
};
use proptest::prelude::*;
use serde_json::json;

use crate::support::tool_use;

/// A part of a turn.
#[derive(Debug, Clone)]
enum Part {
    /// A message of the model whose calls all end, in an order of their own.
    Step { calls: usize, text: String, thinks: bool, last_first: bool },
    /// The model's API refuses what it was given.
    Repair(HistoryRepair),
}

fn part() -> impl Strategy<Value = Part> {
    let text = prop_oneof![Just(String::new()), "[a-z]{1,9}", Just("long ".repeat(500))];
    let step = (0..4_usize, text, any::<bool>(), any::<bool>());
    let repair = prop_oneof![
        Just(HistoryRepair::EarlierReasoning),
        Just(HistoryRepair::Reasoning),
        Just(HistoryRepair::UnknownBlocks),
        Just(HistoryRepair::LongResults),
        Just(HistoryRepair::PlainText),
        Just(HistoryRepair::Tool { name: ToolName("sql".into()) }),
    ];
    prop_oneof![
        6 => step.prop_map(|(calls, text, thinks, last_first)| Part::Step { calls, text, thinks, last_first }),
        1 => repair.prop_map(Part::Repair),
    ]
}

fn end() -> impl Strategy<Value = (TurnEnd, StopReason)> {
    prop_oneof![
        4 => Just((TurnEnd::Completed, StopReason::EndTurn)),
        1 => Just((TurnEnd::Cancelled, StopReason::EndTurn)),
        1 => Just((TurnEnd::Completed, StopReason::Refusal)),
    ]
}

/// The log, and where the model is asked: after so many events.
fn log_of(turns: Vec<(Vec<Part>, (TurnEnd, StopReason))>) -> (Vec<Event>, Vec<usize>) {
    let (mut log, mut asked) = (Vec::new(), Vec::new());
    for (number, (parts, (end, reason))) in turns.into_iter().enumerate() {
        let message = format!("message {number} {}", "long ".repeat(number % 2 * 500));
        log.push(Event::TurnStarted { message, settings: TurnSettings::default(), rerun_of: None });
        for (step, part) in (0_u32..).zip(parts) {
            asked.push(log.len());
            match part {
                Part::Repair(repair) => log.push(Event::ModelRetry {
                    step,
                    attempt: 1,
                    delay_ms: 0,
                    reason: "refused".into(),
                    repair: Some(repair),
                }),
                Part::Step { calls, text, thinks, last_first } => {
                    let mut blocks = vec![Block::Text { text: text.clone() }];
                    if thinks {
                        blocks.insert(0, Block::Thinking { thinking: "hm".into(), signature: "s".into() });
                        blocks.push(Block::Other { raw: json!({"type": "holo"}) });
                    }
                    let mut ids: Vec<String> = (0..calls).map(|call| format!("c{number}_{step}_{call}")).collect();
                    blocks.extend(ids.iter().map(|id| tool_use(id, "sql", json!({"statement": text}))));
                    let stop_reason = if calls > 0 { StopReason::ToolUse } else { reason.clone() };
                    let usage = Usage::default();
                    log.push(Event::AssistantMessage {
                        step,
                        blocks,
                        stop_reason,
                        usage,
                        model: String::new(),
                        aborted: false,
                        calls: Vec::new(),
                    });
                    if last_first {
                        ids.reverse();
                    }
                    log.extend(ids.into_iter().map(|id| Event::ToolFinished {
                        call: ToolCallId(id),
                        name: ToolName("sql".into()),
                        outcome: ToolOutcome::text(&text),
                        duration_ms: 1,
                    }));
                }
            }
        }
        log.push(Event::TurnFinished { end, usage: Usage::default(), steps: 1, duration_ms: 1 });
    }
    (log, asked)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn asking_in_between_changes_nothing(
        turns in prop::collection::vec((prop::collection::vec(part(), 0..4), end()), 1..25),
    ) {
        let (log, asked) = log_of(turns);
        let mut kept = Context::default();
        let mut taken = 0;
        for length in asked {
            log[taken..length].iter().for_each(|event| kept.take(None, event));
            taken = length;
            prop_assert_eq!(kept.messages(), build(&log[..length]));
        }
    }

    #[test]
    fn a_compacted_log_reads_as_its_tail(
        turns in prop::collection::vec((prop::collection::vec(part(), 0..4), end()), 1..9),
        earlier in 0..3_usize,
        chance in any::<prop::sample::Index>(),
        steps_too in any::<bool>(),
    ) {
        let (mut log, _) = log_of(turns);
        let place = |index: usize| EventSeq(index as i64 + 1);
        let starts: Vec<usize> =
            log.iter().enumerate().filter(|(_, event)| event.kind() == EventKind::TurnStarted).map(|(at, _)| at).collect();
        let last = starts[starts.len() - 1];
        let begins = starts[starts.len().saturating_sub(1 + earlier)];
        // Somewhere in the last turn, after it began.
        let at = last + 1 + chance.index(log.len() - last);
        log.insert(at, Event::ContextCompacted {
            summary: "in short".into(),
            begins: place(begins),
            steps_too,
            usage: Usage::default(),
            model: String::new(),
        });
        let read = |from: usize| {
            let mut context = Context::default();
            log.iter().enumerate().skip(from).for_each(|(index, event)| context.take(Some(place(index)), event));
            context.messages()
        };
        let whole = read(0);
        prop_assert_eq!(&whole, &read(begins));
        let first = format!("{:?}", whole.messages[0].content[0]);
        prop_assert!(first.contains("in short"), "{}", first);
        let told = format!("{:?}", whole.messages);
        for number in 0..starts.len() - 1 - earlier.min(starts.len() - 1) {
            let message = format!("message {number} ");
            prop_assert!(!told.contains(&message), "{}", message);
        }
    }
}
