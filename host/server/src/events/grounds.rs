//! Why a call ran, as clients see it.

use bricklayer_domain::CallGrounds;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::review::Mode;

/// Why a call ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Grounds {
    /// In one word.
    pub kind: GroundsWord,
    /// The mode that does not ask.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// The rule, as it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// When the user allowed the same for longer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
}

/// The kinds of reasons for which a call ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GroundsWord {
    /// The conversation's mode does not ask about what it does.
    Mode,
    /// A rule of the project allows it.
    Rule,
    /// The user allowed the same before, for longer.
    Standing,
    /// The user said yes to this very call.
    Answered,
    /// It waits for what it began before, which was allowed then.
    Continues,
}

impl From<CallGrounds> for Grounds {
    fn from(grounds: CallGrounds) -> Self {
        let plain = |kind| Self { kind, mode: None, rule: None, since: None };
        match grounds {
            CallGrounds::Mode { mode, effect: _ } => Self { mode: Some(mode.into()), ..plain(GroundsWord::Mode) },
            CallGrounds::Rule { rule } => Self { rule: Some(rule), ..plain(GroundsWord::Rule) },
            CallGrounds::Standing { since } => Self { since: Some(since), ..plain(GroundsWord::Standing) },
            CallGrounds::Answered => plain(GroundsWord::Answered),
            CallGrounds::Continues => plain(GroundsWord::Continues),
        }
    }
}
