//! The bounds of calls, each with what it protects.

use std::borrow::Cow;
use std::time::Duration;

use bricklayer_domain::{ResultRef, ToolOutcome, cut};
use serde_json::Value;

/// Bounds of the calls that come in by one door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateLimits {
    /// Read-only calls that run side by side.
    pub max_concurrent_reads: usize,
    /// Bytes of a tool's text that the model is given; what is longer is cut with a note.
    pub max_result_bytes: usize,
    /// Bytes of a tool's typed result that is kept; a larger one is left out with a note.
    pub max_structured_bytes: usize,
    /// How long a tool may take to say what a call would do; it must not hold up its caller.
    pub review_time: Duration,
    /// How long a tool may look for what a call would meet, before its user is asked about it.
    pub preview_time: Duration,
}

impl Default for GateLimits {
    fn default() -> Self {
        Self {
            max_concurrent_reads: MAX_CONCURRENT_READS,
            max_result_bytes: MAX_RESULT_BYTES,
            max_structured_bytes: MAX_STRUCTURED_BYTES,
            review_time: REVIEW_TIME,
            preview_time: PREVIEW_TIME,
        }
    }
}

/// The number coding agents use; more would only queue at the workspace.
const MAX_CONCURRENT_READS: usize = 10;

/// About 25,000 tokens: one result must not fill the model's context.
const MAX_RESULT_BYTES: usize = 100 * 1024;

/// A result table of some ten thousand rows; protects the log and the page.
const MAX_STRUCTURED_BYTES: usize = 4 * 1024 * 1024;

const REVIEW_TIME: Duration = Duration::from_secs(2);

/// A little more than a plugin has for it, so that what it says of its end is heard.
const PREVIEW_TIME: Duration = Duration::from_secs(17);

/// How long a call that is told to end may take for it; whoever stops a turn is answered within half a second.
pub const STOP_GRACE: Duration = Duration::from_millis(350);

/// How deep JSON that a model or a tool gives may nest: far more than arguments need, and less than what a reader of
/// the log takes (128, with what the log puts around it). What nests deeper could be stored and never be read again.
pub const MAX_JSON_DEPTH: usize = 64;

/// Whether JSON nests no deeper than [`MAX_JSON_DEPTH`].
#[must_use]
pub fn fits_depth(value: &Value) -> bool {
    fn within(value: &Value, left: usize) -> bool {
        match value {
            Value::Array(items) => left > 0 && items.iter().all(|item| within(item, left - 1)),
            Value::Object(fields) => left > 0 && fields.values().all(|field| within(field, left - 1)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
        }
    }
    within(value, MAX_JSON_DEPTH)
}

/// The media types of what is kept whole.
pub(crate) const PLAIN_TEXT: &str = "text/plain";
pub(crate) const JSON: &str = "application/json";

/// Bytes of what the host tells the model of a call's results; what is more is in their list.
const MAX_TOLD_BYTES: usize = 16 * 1024;

impl GateLimits {
    /// What of an outcome is too large for a model or a log, with its media type.
    pub(crate) fn too_large<'a>(&self, outcome: &'a ToolOutcome) -> Vec<(&'static str, Cow<'a, str>)> {
        let mut large = Vec::new();
        if outcome.content.len() > self.max_result_bytes {
            large.push((PLAIN_TEXT, Cow::Borrowed(outcome.content.as_str())));
        }
        let structured = outcome.structured.as_ref().map(Value::to_string);
        large.extend(structured.filter(|json| json.len() > self.max_structured_bytes).map(|json| (JSON, json.into())));
        large
    }

    /// Cuts an outcome to what a model and a log may hold, and says where the whole is `kept`.
    pub(crate) fn bound(&self, mut outcome: ToolOutcome, kept: &[(&'static str, ResultRef)]) -> ToolOutcome {
        let too_deep = outcome.structured.as_ref().is_some_and(|value| !fits_depth(value));
        let dropped = too_deep
            || outcome.structured.as_ref().is_some_and(|value| {
                serde_json::to_string(value).is_ok_and(|text| text.len() > self.max_structured_bytes)
            });
        if dropped {
            outcome.structured = None;
        }
        let whole = |media_type: &str| kept.iter().find(|(kind, _)| *kind == media_type).map(|(_, result)| result.id);
        let size = outcome.content.len();
        if size > self.max_result_bytes {
            let end = cut(&outcome.content, self.max_result_bytes).len();
            outcome.content.truncate(end);
            let rest = match whole(PLAIN_TEXT) {
                Some(id) => format!(
                    "the whole text is the result {id}, which the user sees and read_result reads on in; cite it as \
                     [text](result:{id})."
                ),
                None => {
                    let seen = if outcome.structured.is_some() { "the user sees the whole result. " } else { "" };
                    format!("{seen}Ask for less: fewer rows, fewer columns, a filter.")
                }
            };
            outcome.content.push_str(&format!("\n[CUT: the first {end} of {size} bytes are shown; {rest}]"));
        } else if dropped {
            let why = if too_deep { "nested too deep" } else { "was too large" };
            let rest = whole(JSON).map(|id| format!("; it is the result {id}")).unwrap_or_default();
            outcome.content.push_str(&format!("\n[The typed result {why} to keep{rest}.]"));
        }
        let told = std::mem::take(&mut outcome.told);
        outcome.content.push_str(cut(&told, MAX_TOLD_BYTES));
        if told.len() > MAX_TOLD_BYTES {
            outcome.content.push_str("\n[The call made more results than are told here.]");
        }
        outcome
    }
}
