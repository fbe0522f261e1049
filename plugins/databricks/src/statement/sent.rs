//! What is remembered of a statement that another call continues.

use std::time::Duration;

use bricklayer_sdk::Platform;
use serde::{Deserialize, Serialize};

use super::wire::Submit;
use crate::warehouse::Choice;

/// Bytes of what was sent that are remembered at most; the host takes 65536 for all that is under one key.
const MAX_SUBMIT_BYTES: usize = 48 * 1024;

/// A statement that was sent, and where it runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sent {
    /// Where it runs: all that earlier releases remembered.
    #[serde(flatten)]
    pub choice: Choice,
    /// What was sent; none when it is too long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submit: Option<Submit>,
    /// When, in seconds since 1970.
    #[serde(default)]
    pub at: Option<u64>,
}

impl Sent {
    /// A statement that was sent so long ago.
    #[must_use]
    pub fn before(platform: &impl Platform, ago: Duration, choice: &Choice, submit: &Submit) -> Self {
        let at = platform.unix_seconds().saturating_sub(ago.as_secs());
        Self { choice: choice.clone(), submit: Some(submit.clone()), at: Some(at) }
    }

    /// As it is remembered, without what is too long.
    pub(super) fn to_json(&self) -> Option<String> {
        let whole = serde_json::to_string(self).ok()?;
        if whole.len() <= MAX_SUBMIT_BYTES {
            return Some(whole);
        }
        serde_json::to_string(&Self { submit: None, ..self.clone() }).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice() -> Choice {
        Choice { id: "w1".to_owned(), name: None, state: None, reason: "asked for".to_owned(), automatic: false }
    }

    fn sent(statement: &str) -> Sent {
        let submit = Submit { row_limit: Some(7), ..Submit::new(statement.to_owned(), "w1") };
        Sent { choice: choice(), submit: Some(submit), at: Some(1_700_000_000) }
    }

    #[test]
    fn it_is_read_as_it_was_remembered() {
        let sent = sent("select 1");
        assert_eq!(serde_json::from_str::<Sent>(&sent.to_json().unwrap()).unwrap(), sent);
    }

    #[test]
    fn what_is_too_long_or_of_an_earlier_release_has_its_warehouse() {
        let long = sent(&"x".repeat(MAX_SUBMIT_BYTES)).to_json().unwrap();
        let earlier = serde_json::to_string(&choice()).unwrap();
        for kept in [long, earlier] {
            let back: Sent = serde_json::from_str(&kept).unwrap();
            assert_eq!((back.choice, back.submit), (choice(), None), "{kept}");
        }
    }
}
