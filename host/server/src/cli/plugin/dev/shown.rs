//! Calls and requests as lines.

use bricklayer_domain::{ToolCall, ToolOutcome};
use bricklayer_runtime::{RequestRecord, Verdict};
use serde_json::Value;
use std::time::Duration;
use tokio::sync::mpsc;

use crate::author::Seen;

/// Longest shown arguments, and longest shown outcome.
const ARGUMENTS_CHARS: usize = 160;
const OUTCOME_CHARS: usize = 200;

/// Shows what happens until nothing more can.
pub(super) async fn show(mut seen: mpsc::Receiver<Seen>) {
    while let Some(seen) = seen.recv().await {
        super::say(&line(seen));
    }
}

fn line(seen: Seen) -> String {
    let line = match seen {
        Seen::Request(record) => request(&record),
        Seen::Call { call, outcome, took } => self::call(&call, &outcome, took),
    };
    super::super::harmless(&line)
}

fn request(record: &RequestRecord) -> String {
    let line = format!("      {} {}{}", record.method, record.host, record.path);
    match (&record.verdict, record.status) {
        (Verdict::Answered, Some(status)) => {
            format!("{line}: {status}, {} bytes, {} ms", record.response_bytes, record.duration.as_millis())
        }
        (Verdict::Answered, None) => line,
        (Verdict::Denied(why), _) => format!("{line}: REFUSED, {why}"),
        (Verdict::Failed(why), _) => format!("{line}: failed, {why}"),
        (Verdict::Aborted, _) => format!("{line}: broken off"),
    }
}

fn call(call: &ToolCall, outcome: &ToolOutcome, took: Duration) -> String {
    let line = format!("call  {} {}", call.name.short(), shortened(&arguments(&call.input), ARGUMENTS_CHARS));
    let took = took.as_millis();
    let Some(failure) = &outcome.failure else {
        let text = outcome.content.split_whitespace().collect::<Vec<_>>().join(" ");
        return format!("{line}: ok in {took} ms: {}", shortened(&text, OUTCOME_CHARS));
    };
    let mut text =
        format!("{line}: {} in {took} ms\n      {}", failure.kind.as_str(), failure.message.replace('\n', "\n      "));
    if let Some(remedy) = &failure.remedy {
        text.push_str(&format!("\n      {remedy}"));
    }
    text
}

fn arguments(input: &Value) -> String {
    input.to_string()
}

fn shortened(text: &str, chars: usize) -> String {
    let mut shown: String = text.chars().take(chars).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use bricklayer_domain::{ToolCallId, ToolErrorKind, ToolFailure, ToolName};
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_that_a_plugin_says_acts_on_the_terminal() {
        let asked = ToolCall {
            id: ToolCallId("1".to_owned()),
            name: ToolName("mcp__weather__get_forecast".to_owned()),
            input: json!({"city": "\u{9b}31m"}),
        };
        for outcome in [
            ToolOutcome::text("\u{1b}[31mred\u{7}"),
            ToolOutcome::failed(ToolFailure::new(ToolErrorKind::Failed, "\u{1b}]0;title\u{7}\r")),
        ] {
            let line =
                line(Seen::Call { call: asked.clone(), outcome: Box::new(outcome), took: Duration::from_millis(7) });
            assert!(line.chars().all(|c| !c.is_control() || c == '\n'), "{line:?}");
        }
    }

    #[test]
    fn long_arguments_are_cut_and_line_breaks_are_gone() {
        let asked = ToolCall {
            id: ToolCallId("1".to_owned()),
            name: ToolName("mcp__weather__get_forecast".to_owned()),
            input: json!({"city": "x".repeat(500)}),
        };
        let line = call(&asked, &ToolOutcome::text("a\n\nb"), Duration::from_millis(7));
        assert!(line.starts_with("call  get_forecast {\"city\":\"xxx"), "{line}");
        assert!(line.ends_with("…: ok in 7 ms: a b"), "{line}");
    }
}
