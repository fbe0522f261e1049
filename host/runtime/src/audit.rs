//! What a call leaves behind for whoever asks later: one record per request and one per call.
//!
//! Records name who, what and how much; they never hold a credential, a query, a body or an argument. What a failed call
//! said is in its record, [bounded](failure_text): a guest's own words may quote what it was given, so that whoever shows
//! them shows them to the caller only.

use std::sync::Arc;
use std::time::Duration;

use bricklayer_domain::{Caller, PluginName, ToolErrorKind};
use chrono::{DateTime, Utc};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// Who called what; all records of a call share one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallIdentity {
    /// Who called.
    pub caller: Caller,
    /// The plugin.
    pub plugin: PluginName,
    /// Its version.
    pub version: String,
    /// SHA-256 of its package, lower-case hex.
    pub digest: String,
    /// The tool, by its short name; as asked and cut at 128 bytes when there is none of that name.
    pub tool: String,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Sent, and answered with [`RequestRecord::status`].
    Answered,
    /// Not sent: no grant, a forbidden spelling, a limit. The text says which.
    Denied(String),
    /// Sent, or tried, and not answered: connection, time, size. The text says which.
    Failed(String),
    /// The call ended before the answer was complete.
    Aborted,
}

/// One outgoing request of a plugin. Never holds a credential, a query or a body.
#[derive(Debug, Clone)]
pub struct RequestRecord {
    /// When it began.
    pub at: DateTime<Utc>,
    /// Who called what.
    pub who: Arc<CallIdentity>,
    /// As the plugin asked, cut at 16 characters.
    pub method: String,
    /// The host it went to; for a denied request the authority as the plugin asked, cut at 256 characters.
    pub host: String,
    /// The path without its query, cut at 1024 characters.
    pub path: String,
    /// Of the last answer.
    pub status: Option<u16>,
    /// Bytes of body sent.
    pub request_bytes: u64,
    /// Bytes of body received.
    pub response_bytes: u64,
    /// Answers that were waited for, beyond the first, because the far end asked to come back later.
    pub retries: u32,
    /// Until the answer was complete.
    pub duration: Duration,
    /// What became of it.
    pub verdict: Verdict,
}

/// One call of a tool, whatever became of it: calls that were refused before the guest ran have a record too.
#[derive(Debug, Clone)]
pub struct CallRecord {
    /// When it was asked for.
    pub at: DateTime<Utc>,
    /// Who called what.
    pub who: Arc<CallIdentity>,
    /// [`argument_digest`] of the arguments.
    pub argument_digest: String,
    /// How it failed; none when it did not.
    pub failure: Option<ToolErrorKind>,
    /// What was said about the failure, as [`failure_text`] makes it; none when the call did not fail, or when nobody
    /// was left to say anything.
    pub failure_text: Option<String>,
    /// From the asking to the outcome, waiting for a slot included.
    pub duration: Duration,
    /// Processor time of the guest and of the host functions that it called.
    pub cpu: Duration,
    /// The most linear memory that it held at once, over all its memories.
    pub memory_peak_bytes: u64,
    /// Requests that it made, refused ones and clean-ups included: as many as there are records of them.
    pub http_requests: u32,
    /// Bytes of bodies that it sent.
    pub bytes_sent: u64,
    /// Bytes of bodies that it received.
    pub bytes_received: u64,
    /// Ids of the powers that it used, in order: HTTP by the requests allowed, the store when it was opened, and the
    /// project's folder when the guest had it, used or not.
    pub powers: Vec<String>,
}

impl CallRecord {
    /// `ok`, or the kind of its failure.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.failure.map_or("ok", ToolErrorKind::as_str)
    }
}

/// Takes audit records; cheap, never blocks.
pub trait AuditSink: Send + Sync {
    /// Keeps the record of one request.
    fn request(&self, record: RequestRecord);

    /// A request that may change something at its far end is let out: any method but GET and HEAD. Said before it is
    /// sent, while its record comes when it is over.
    fn changing(&self) {}

    /// The far end did not know the caller of such a request (401), so that it changed nothing.
    fn unauthenticated(&self) {}

    /// Keeps the record of one call. It comes after those of all the call's requests, and so possibly some
    /// milliseconds (with clean-ups at the far end some seconds) after the call has returned.
    fn call(&self, record: CallRecord) {
        let _ = record;
    }
}

/// Keeps nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoAudit;

impl AuditSink for NoAudit {
    fn request(&self, _record: RequestRecord) {}
}

/// Longest text of a failure in a record, in characters; protects the log from guests that talk.
pub const MAX_FAILURE_CHARS: usize = 300;

/// The words of a failure as a record keeps them: one line of at most [`MAX_FAILURE_CHARS`]. No credential is in it,
/// because a guest has none; the query of an address, which may be one (a link that is signed), is left out.
#[must_use]
pub fn failure_text(message: &str) -> String {
    let mut text = String::new();
    let printed = |c: char| !c.is_control() && !c.is_whitespace();
    for word in message.split(|c| !printed(c)).filter(|word| !word.is_empty()) {
        let word = match word.contains("://").then(|| word.find(['?', '#'])).flatten() {
            Some(end) => word.get(..end).unwrap_or_default(),
            None => word,
        };
        if !text.is_empty() {
            text.push(' ');
        }
        text.extend(word.chars().take(MAX_FAILURE_CHARS + 1));
        if text.chars().count() > MAX_FAILURE_CHARS {
            let end = text.char_indices().nth(MAX_FAILURE_CHARS - 1).map_or(0, |(end, _)| end);
            text.truncate(end);
            text.push('…');
            break;
        }
    }
    text
}

/// SHA-256 of a call's arguments as canonical JSON, lower-case hex: no white space, properties in the order of their
/// names' bytes. Equal arguments have equal digests however a model orders them; a digest gives no argument away.
#[must_use]
pub fn argument_digest(arguments: &Value) -> String {
    digest_of(&canonical(arguments))
}

/// Arguments as canonical JSON.
pub(crate) fn canonical(arguments: &Value) -> String {
    let mut canonical = String::new();
    canonicalise(arguments, &mut canonical);
    canonical
}

/// [`argument_digest`] of arguments that are canonical already.
pub(crate) fn digest_of(canonical: &str) -> String {
    hex::encode(Sha256::digest(canonical))
}

fn canonicalise(value: &Value, out: &mut String) {
    match value {
        Value::Array(values) => {
            out.push('[');
            for (index, value) in values.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                canonicalise(value, out);
            }
            out.push(']');
        }
        Value::Object(object) => {
            let mut names: Vec<_> = object.iter().collect();
            names.sort_unstable_by_key(|(name, _)| *name);
            out.push('{');
            for (index, (name, value)) in names.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&Value::from(name.as_str()).to_string());
                out.push(':');
                canonicalise(value, out);
            }
            out.push('}');
        }
        plain => out.push_str(&plain.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(message: &str, expect: &str) {
        assert_eq!(failure_text(message), expect);
    }

    #[test]
    fn a_failures_text_is_one_bounded_line_without_queries() {
        check("", "");
        check("it  answered\n\t503\u{0}\u{1b}[31m", "it answered 503 [31m");
        check(
            "GET https://a.example/x?sig=s3cret#part failed: https://b.example/#t",
            "GET https://a.example/x failed: https://b.example/",
        );
        // Only addresses have queries.
        check("what? #1 is wrong", "what? #1 is wrong");
        let exact = format!("{} {}", "ä".repeat(149), "b".repeat(150));
        assert_eq!(exact.chars().count(), MAX_FAILURE_CHARS);
        check(&exact, &exact);
        for long in [format!("{exact}c"), format!("{exact} c"), "ä".repeat(10_000), "a ".repeat(10_000)] {
            let text = failure_text(&long);
            assert!(text.chars().count() <= MAX_FAILURE_CHARS, "{}", text.chars().count());
            assert!(text.ends_with('…'), "{text}");
        }
    }

    #[test]
    fn the_digest_is_of_the_meaning_and_not_of_the_order() {
        let one: Value = serde_json::from_str(r#"{"b": [1, {"y": null, "x": "ä"}], "a": 1.5}"#).unwrap();
        let other: Value = serde_json::from_str(r#"{"a":1.5,"b":[1,{"x":"ä","y":null}]}"#).unwrap();
        let mut canonical = String::new();
        canonicalise(&one, &mut canonical);
        assert_eq!(canonical, r#"{"a":1.5,"b":[1,{"x":"ä","y":null}]}"#);
        assert_eq!(argument_digest(&one), argument_digest(&other));
        assert_ne!(argument_digest(&one), argument_digest(&json!({"a": 1.5, "b": [{"x": "ä", "y": null}, 1]})));
        // echo -n '{}' | sha256sum
        let empty = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
        assert_eq!(argument_digest(&json!({})), empty);
    }
}
