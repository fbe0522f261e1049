//! Tokens with which the workspace starts a run once: a call has one, and a repeat of a call whose answer was lost has the
//! same.

use bricklayer_sdk::Platform;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::chance;

/// How long a start that was not answered is remembered, in seconds. Whoever asks for the same thing later means
/// another run.
const KEPT_SECONDS: u64 = 3_600;

/// What begins the keys of remembered starts: `starting/<until>/<token>`.
const KEYS: &str = "starting/";

/// A start whose answer has not come.
#[derive(Serialize, Deserialize)]
struct Starting {
    path: String,
    asked: Map<String, Value>,
}

/// The token of one start.
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    /// As it is sent.
    pub text: String,
    key: String,
}

impl Token {
    /// The token of an earlier call that asked for just this and got no answer, or a new one. It is remembered before the
    /// request is sent.
    #[must_use]
    pub fn of(platform: &impl Platform, path: &str, asked: &Map<String, Value>) -> Self {
        let now = platform.unix_seconds();
        for key in platform.state_keys() {
            let Some((until, token)) = key.strip_prefix(KEYS).and_then(|rest| rest.split_once('/')) else { continue };
            if until.parse::<u64>().is_ok_and(|until| until <= now) {
                platform.state_delete(&key);
                continue;
            }
            let known: Option<Starting> = platform.state_get(&key).and_then(|text| serde_json::from_str(&text).ok());
            if known.is_some_and(|known| known.path == path && known.asked == *asked) {
                return Self { text: token.to_owned(), key };
            }
        }
        let text = chance::token();
        let key = format!("{KEYS}{}/{text}", now + KEPT_SECONDS);
        let starting = Starting { path: path.to_owned(), asked: asked.clone() };
        if let Ok(value) = serde_json::to_string(&starting) {
            platform.state_set(&key, &value);
        }
        Self { text, key }
    }

    /// The start was answered.
    pub fn answered(&self, platform: &impl Platform) {
        platform.state_delete(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bricklayer_sdk::testing::Script;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_same_start_has_the_same_token_until_it_is_answered() {
        let script = Script::new();
        let token = |n: u32| Token::of(&script, "/run-now", &Map::from_iter([("job_id".to_owned(), json!(n))]));
        let first = token(1);
        assert_eq!(token(1), first);
        assert_ne!(token(2).text, first.text);
        assert!(first.text.len() <= 64);
        first.answered(&script);
        assert_ne!(token(1).text, first.text);
        let kept = token(1);
        script.sleep(Duration::from_secs(KEPT_SECONDS + 1));
        assert_ne!(token(1).text, kept.text);
    }
}
