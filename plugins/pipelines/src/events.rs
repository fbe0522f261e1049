//! get_pipeline_events.

use bricklayer_databricks::arguments::limit;
use bricklayer_databricks::show::end_of;
use bricklayer_sdk::{Failure, Platform, cut_text};

use crate::types;
use crate::wire::{self, Event, check_id, filter};

/// Events read when the caller names no number, and at most.
const DEFAULT_READ: u32 = 50;
const MAX_READ: u32 = 500;

/// Events that the text shows; all are in the answer.
const SHOWN: usize = 60;

/// Characters of a message and of a cause.
const MESSAGE_CHARS: usize = 600;
const CAUSE_CHARS: usize = 1_500;

/// Bytes of the text.
const TEXT_BYTES: usize = 24 * 1024;

/// Reads events: the errors, and then the others.
///
/// # Errors
/// Bad arguments, no such pipeline, or a workspace that cannot be asked.
pub(crate) fn get(
    platform: &impl Platform,
    request: types::GetPipelineEventsRequest,
) -> Result<types::EventList, Failure> {
    check_id(&request.pipeline_id, "pipeline_id")?;
    let update = request.update_id.as_deref().filter(|id| !id.is_empty());
    if let Some(id) = update {
        check_id(id, "update_id")?;
    }
    let most = limit(request.limit, DEFAULT_READ, MAX_READ)?;
    let others: &[&str] = match request.level.unwrap_or(types::Level::Warn) {
        types::Level::Error => &[],
        types::Level::Warn => &["WARN"],
        types::Level::Info => &["WARN", "INFO", "METRICS"],
    };
    let mut found: Vec<Event> = Vec::new();
    let mut complete = true;
    for levels in [&["ERROR"][..], others] {
        let left = most - found.len();
        if levels.is_empty() {
            continue;
        }
        if left == 0 {
            complete = false;
            break;
        }
        let wanted = filter(update, levels);
        let (events, all) = wire::events(platform, &request.pipeline_id, Some(&wanted), left)?;
        // A workspace that passes over a part of the filter has nothing to hide: what does not fit is left out here.
        let fits = |event: &Event| update.is_none_or(|id| event.origin.update_id.as_deref() == Some(id));
        found.extend(events.into_iter().filter(fits));
        complete &= all;
    }
    let text = text(&found, complete);
    Ok(types::EventList { text, events: found.iter().map(event).collect(), complete })
}

fn text(found: &[Event], complete: bool) -> String {
    if found.is_empty() {
        return "No event fits.".to_owned();
    }
    let mut text = String::new();
    let mut shown = 0;
    for event in found.iter().take(SHOWN) {
        let about = event.dataset().map(|dataset| format!(" {dataset}")).unwrap_or_default();
        let message = cut_text(&event.message, MESSAGE_CHARS);
        let mut line = format!("- {} {} {}{about}: {message}\n", event.timestamp, event.level, event.event_type);
        // Often the message repeats what its cause says.
        let told = |said: &str| !said.is_empty() && event.message.contains(said);
        for exception in event.error.exceptions.iter().filter(|exception| !told(&exception.message)) {
            line.push_str(&format!("  caused by {}\n", cause(exception)));
        }
        if text.len() + line.len() > TEXT_BYTES {
            break;
        }
        text.push_str(&line);
        shown += 1;
    }
    let said = if complete { "all that fit" } else { "there are more: raise limit or narrow it down" };
    let cut = if shown < found.len() { format!("showing {shown} of ") } else { String::new() };
    format!("{text}\n({cut}{} events; {said})", found.len())
}

fn cause(exception: &wire::Exception) -> String {
    let said = end_of(&exception.message, CAUSE_CHARS);
    if exception.class_name.is_empty() { said } else { format!("{}: {said}", exception.class_name) }
}

fn event(event: &Event) -> types::Event {
    types::Event {
        id: event.id.clone(),
        timestamp: event.timestamp.clone(),
        level: event.level.clone(),
        event_type: event.event_type.clone(),
        dataset: event.dataset().map(str::to_owned),
        update_id: event.origin.update_id.clone(),
        message: event.message.clone(),
        causes: event.error.exceptions.iter().map(cause).collect(),
    }
}

#[cfg(test)]
mod tests {
    use bricklayer_sdk::testing::Script;

    use super::*;

    const EVENTS: &str = "GET /api/2.0/pipelines/p/events?max_results=100&filter=";

    fn request(level: Option<types::Level>, limit: Option<u32>) -> types::GetPipelineEventsRequest {
        types::GetPipelineEventsRequest { pipeline_id: "p".to_owned(), update_id: Some("u".to_owned()), level, limit }
    }

    fn line(levels: &str) -> String {
        format!("{EVENTS}update_id%20%3D%20%27u%27%20AND%20level%20in%20%28{levels}%29")
    }

    const ERROR: &str = r#"{"events":[{"id":"1","timestamp":"2026-01-01T00:00:02.000Z","level":"ERROR","event_type":"flow_progress","message":"Flow 'm.s.t' has FAILED.","origin":{"update_id":"u","dataset_name":"m.s.t"},"error":{"exceptions":[{"class_name":"SparkException","message":"[DIVIDE_BY_ZERO] Division by zero."}]}},{"id":"x","level":"ERROR","origin":{"update_id":"other"}}]}"#;

    #[test]
    fn errors_come_first_with_their_causes() {
        let warn = r#"{"events":[{"id":"2","level":"WARN","event_type":"flow_progress","message":"skipped: told","origin":{"update_id":"u"},"error":{"exceptions":[{"class_name":"C","message":"told"}]}}],"next_page_token":"t"}"#;
        let script = Script::new().on(&line("%27ERROR%27"), 200, ERROR).on(&line("%27WARN%27"), 200, warn).on(
            &format!("{}&page_token=t", line("%27WARN%27")),
            200,
            "{}",
        );
        let found = get(&script, request(None, None)).unwrap();
        script.done();
        assert_eq!(found.events.iter().map(|event| event.id.as_str()).collect::<Vec<_>>(), ["1", "2"]);
        assert!(found.complete);
        assert!(found.text.contains("caused by SparkException: [DIVIDE_BY_ZERO] Division by zero."), "{}", found.text);
        assert!(!found.text.contains("caused by C: told"), "{}", found.text);
        assert_eq!(found.events[0].causes, ["SparkException: [DIVIDE_BY_ZERO] Division by zero."]);
    }

    #[test]
    fn a_bound_and_a_level_hold() {
        let script = Script::new().on(&line("%27ERROR%27"), 200, ERROR);
        let found = get(&script, request(Some(types::Level::Error), Some(1))).unwrap();
        assert_eq!((found.events.len(), found.complete), (1, false));
        assert!(found.text.contains("there are more"), "{}", found.text);
        let script = Script::new().on(&line("%27ERROR%27"), 200, "{}");
        assert_eq!(get(&script, request(Some(types::Level::Error), None)).unwrap().text, "No event fits.");
        for (id, limit, begins) in [("a/b", None, "pipeline_id: is no id"), ("p", Some(0), "limit: must be 1 to 500")] {
            let request = types::GetPipelineEventsRequest { pipeline_id: id.to_owned(), limit, ..request(None, None) };
            assert!(get(&Script::new(), request).unwrap_err().message.starts_with(begins));
        }
    }
}
