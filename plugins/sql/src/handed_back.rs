//! Statements that another call brings to their end: handed back to the caller, or left when the host went.

use std::time::Duration;

use bricklayer_sdk::Platform;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::warehouse::Choice;

/// How long a statement is remembered, in seconds: as long as the workspace answers for its id.
const KEPT_SECONDS: u64 = 12 * 3_600;

/// What begins the keys of remembered statements: `handed-back/<until>/<id>`.
const KEYS: &str = "handed-back/";

/// How long the call that continues a statement waits, in seconds; the most that get_statement takes.
const CONTINUED_WAIT_SECONDS: u32 = 100;

/// What is remembered of a statement.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct HandedBack {
    /// When its limit passes, in seconds since 1970.
    pub(crate) deadline: Option<u64>,
    pub(crate) choice: Choice,
}

/// How a statement is continued by another call.
#[derive(Debug, Clone)]
pub(crate) struct Continued {
    /// The warehouse it runs on; none when it is remembered already.
    pub(crate) choice: Option<Choice>,
    /// Most rows to fetch.
    pub(crate) row_limit: u32,
}

impl Continued {
    /// Remembers the statement and tells the host which call continues it. The key it is remembered by, when it is new.
    pub(crate) fn offer(&self, platform: &impl Platform, id: &str, limit: Option<Duration>) -> Option<String> {
        let key = self.choice.as_ref().and_then(|choice| remember(platform, id, limit, choice));
        let input = json!({
            "statement_id": id,
            "wait_seconds": CONTINUED_WAIT_SECONDS,
            "row_limit": self.row_limit,
        });
        platform.offer_continuation("get_statement", &input.to_string());
        key
    }
}

/// Remembers a statement for the call that continues it, and forgets those whose ids the workspace no longer knows.
pub(crate) fn remember(
    platform: &impl Platform,
    id: &str,
    limit_left: Option<Duration>,
    choice: &Choice,
) -> Option<String> {
    let now = platform.unix_seconds();
    for key in platform.state_keys() {
        if until(&key).is_some_and(|until| until <= now) {
            platform.state_delete(&key);
        }
    }
    let kept =
        HandedBack { deadline: limit_left.map(|left| now.saturating_add(left.as_secs())), choice: choice.clone() };
    let value = serde_json::to_string(&kept).ok()?;
    let key = format!("{KEYS}{}/{id}", now + KEPT_SECONDS);
    platform.state_set(&key, &value);
    Some(key)
}

/// What is remembered of a statement, and its key.
pub(crate) fn recall(platform: &impl Platform, id: &str) -> Option<(String, HandedBack)> {
    let ending = format!("/{id}");
    let key = platform.state_keys().into_iter().find(|key| until(key).is_some() && key.ends_with(&ending))?;
    let kept = serde_json::from_str(&platform.state_get(&key)?).ok()?;
    Some((key, kept))
}

fn until(key: &str) -> Option<u64> {
    key.strip_prefix(KEYS)?.split('/').next()?.parse().ok()
}
