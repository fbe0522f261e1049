//! Work that another call brings to its end: handed back to the caller, or left when the host went.

use std::time::Duration;

use bricklayer_sdk::Platform;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// How long a piece is remembered, in seconds: as long as the workspace answers for a statement's id.
const KEPT_SECONDS: u64 = 12 * 3_600;

/// What begins the keys of remembered pieces: `handed-back/<until>/<id>`.
const KEYS: &str = "handed-back/";

/// What is remembered of a piece.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct HandedBack<T> {
    /// When its limit passes, in seconds since 1970.
    pub deadline: Option<u64>,
    /// What the family keeps of it. Called `choice` in what earlier releases kept.
    #[serde(alias = "choice")]
    pub kept: T,
    /// What the call that continues it adds to its answer: what became of what was to follow.
    #[serde(default)]
    pub said: Option<String>,
}

impl<T> HandedBack<T> {
    /// How much of its limit is left.
    #[must_use]
    pub fn limit_left(&self, platform: &impl Platform) -> Option<Duration> {
        self.deadline.map(|deadline| Duration::from_secs(deadline.saturating_sub(platform.unix_seconds())))
    }
}

/// Remembers a piece for the call that continues it, and forgets those that are too old; the key it is remembered by.
/// `kept` is the JSON text of what the family keeps: text, because a component is larger by each type that it writes.
pub fn remember(
    platform: &impl Platform,
    id: &str,
    limit_left: Option<Duration>,
    kept: &str,
    said: Option<&str>,
) -> String {
    let now = platform.unix_seconds();
    for key in platform.state_keys() {
        if until(&key).is_some_and(|until| until <= now) {
            platform.state_delete(&key);
        }
    }
    let deadline = limit_left.map(|left| now.saturating_add(left.as_secs()).to_string());
    let deadline = deadline.as_deref().unwrap_or("null");
    let said = Value::from(said);
    let value = format!(r#"{{"deadline":{deadline},"kept":{kept},"said":{said}}}"#);
    let key = format!("{KEYS}{}/{id}", now + KEPT_SECONDS);
    platform.state_set(&key, &value);
    key
}

/// What is remembered of a piece, and its key.
pub fn recall<T: DeserializeOwned>(platform: &impl Platform, id: &str) -> Option<(String, HandedBack<T>)> {
    let ending = format!("/{id}");
    let key = platform.state_keys().into_iter().find(|key| until(key).is_some() && key.ends_with(&ending))?;
    let kept = serde_json::from_str(&platform.state_get(&key)?).ok()?;
    Some((key, kept))
}

fn until(key: &str) -> Option<u64> {
    key.strip_prefix(KEYS)?.split('/').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use bricklayer_sdk::testing::Script;

    use super::*;

    #[test]
    fn a_piece_is_remembered_until_nobody_knows_its_id() {
        let script = Script::new();
        let key = remember(&script, "r1", Some(Duration::from_secs(60)), r#""w1""#, Some("the rest was not sent"));
        script.sleep(Duration::from_secs(20));
        let (found, back) = recall::<String>(&script, "r1").unwrap();
        assert_eq!((found, back.kept.as_str()), (key, "w1"));
        assert_eq!(back.said.as_deref(), Some("the rest was not sent"));
        assert_eq!(back.limit_left(&script), Some(Duration::from_secs(40)));
        assert_eq!(recall::<String>(&script, "r2"), None);
        script.sleep(Duration::from_secs(KEPT_SECONDS));
        remember(&script, "r2", None, r#""w1""#, None);
        assert_eq!(recall::<String>(&script, "r1"), None);
    }

    #[test]
    fn what_earlier_releases_kept_is_read() {
        let script = Script::new().state("handed-back/1700099999/s1", r#"{"deadline":null,"choice":"w1"}"#);
        assert_eq!(recall::<String>(&script, "s1").unwrap().1.kept, "w1");
    }
}
