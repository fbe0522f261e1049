//! What users pay models for, added up.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Usage;

/// Calls of one model and what they took.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelUsage {
    /// The model; empty where a log of an earlier release does not say.
    pub model: String,
    /// Ended calls.
    pub calls: u64,
    /// Their tokens and their price.
    pub usage: Usage,
}

/// The same of one day, UTC, counted in days since 1970.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DayUsage {
    /// The day.
    pub day: i64,
    /// The model and what it took.
    pub of: ModelUsage,
}

const SECONDS_PER_DAY: i64 = 86_400;

/// The day of a moment, UTC, in days since 1970.
#[must_use]
pub fn day_of(at: chrono::DateTime<chrono::Utc>) -> i64 {
    at.timestamp().div_euclid(SECONDS_PER_DAY)
}

/// What a model call reads, in tokens, about: the sum as the provider counted it last, shared out by length.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContextTokens {
    /// What the host tells it: its role, the workspace, skills and subagents.
    pub instructions: u64,
    /// Definitions of tools.
    pub tools: u64,
    /// What was said, summaries, reasoning and calls included.
    pub messages: u64,
    /// What calls gave.
    pub results: u64,
    /// From how many on a summary takes the place of what was said; none never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compacted_above: Option<u64>,
}

impl ContextTokens {
    /// All of them.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.instructions.saturating_add(self.tools).saturating_add(self.messages).saturating_add(self.results)
    }

    /// The same parts of another sum.
    #[must_use]
    pub fn shared_out(&self, sum: u64) -> Self {
        let whole = u128::from(self.total().max(1));
        let part = |tokens: u64| u64::try_from(u128::from(tokens) * u128::from(sum) / whole).unwrap_or(u64::MAX);
        Self {
            instructions: part(self.instructions),
            tools: part(self.tools),
            messages: part(self.messages),
            results: part(self.results),
            compacted_above: self.compacted_above,
        }
    }
}

/// How much models may take; nothing bounds what is absent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Budget {
    /// Tokens, read and written.
    pub tokens: Option<u64>,
    /// Their price, in millionths of a US dollar.
    pub micro_usd: Option<u64>,
}

/// What of a budget is used up; reads on after what used it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overspent {
    /// The tokens.
    Tokens {
        /// That were taken.
        took: u64,
        /// That may be.
        may: u64,
    },
    /// The money, in millionths of a US dollar.
    Money {
        /// That was spent.
        took: u64,
        /// That may be.
        may: u64,
    },
}

impl Budget {
    /// Whether there is a bound at all.
    #[must_use]
    pub const fn is_set(&self) -> bool {
        self.tokens.is_some() || self.micro_usd.is_some()
    }

    /// What is used up of it, when something is.
    #[must_use]
    pub fn overspent(&self, usage: &Usage) -> Option<Overspent> {
        let used_up = |took: u64, may: Option<u64>| may.filter(|may| took >= *may).map(|may| (took, may));
        let money = used_up(usage.cost_micro_usd, self.micro_usd).map(|(took, may)| Overspent::Money { took, may });
        money.or_else(|| used_up(usage.total(), self.tokens).map(|(took, may)| Overspent::Tokens { took, may }))
    }
}

impl fmt::Display for Overspent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tokens { took, may } => write!(f, "took {took} tokens and may take {may}"),
            Self::Money { took, may } => write!(f, "cost {} and may cost {}", Dollars(*took), Dollars(*may)),
        }
    }
}

/// Millionths of a US dollar, written in dollars: cents, or as many digits as there are below one.
#[derive(Debug, Clone, Copy)]
struct Dollars(u64);

impl fmt::Display for Dollars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (dollars, micro) = (self.0 / 1_000_000, self.0 % 1_000_000);
        if micro % 10_000 == 0 {
            write!(f, "${dollars}.{:02}", micro / 10_000)
        } else {
            write!(f, "${dollars}.{}", format!("{micro:06}").trim_end_matches('0'))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_up_is_said() {
        let budget = |tokens, micro_usd| Budget { tokens, micro_usd };
        let usage = Usage { input_tokens: 60, output_tokens: 40, cost_micro_usd: 1_500_000, ..Usage::default() };
        for (budget, said) in [
            (budget(None, None), None),
            (budget(Some(101), Some(1_500_001)), None),
            (budget(Some(100), None), Some("took 100 tokens and may take 100")),
            (budget(None, Some(1_500_000)), Some("cost $1.50 and may cost $1.50")),
            (budget(Some(1), Some(250)), Some("cost $1.50 and may cost $0.00025")),
            (budget(Some(1), Some(2_000_000)), Some("took 100 tokens and may take 1")),
        ] {
            let overspent = budget.overspent(&usage).map(|overspent| overspent.to_string());
            assert_eq!(overspent.as_deref(), said, "{budget:?}");
        }
        assert!(!budget(None, None).is_set() && budget(None, Some(1)).is_set());
    }

    #[test]
    fn parts_of_a_context_are_shared_out() {
        let parts = ContextTokens { instructions: 1, tools: 2, messages: 3, results: 4, compacted_above: Some(9) };
        let twice = ContextTokens { instructions: 20, tools: 40, messages: 60, results: 80, compacted_above: Some(9) };
        assert_eq!(parts.shared_out(200), twice);
        assert_eq!(parts.shared_out(u64::MAX).tools, u64::MAX / 5);
        assert_eq!(ContextTokens::default().shared_out(5).total(), 0);
    }

    #[test]
    fn days_are_utc() {
        let at = |text: &str| day_of(text.parse().unwrap());
        assert_eq!([at("1970-01-01T23:59:59Z"), at("1970-01-02T00:00:00Z"), at("1969-12-31T23:59:59Z")], [0, 1, -1]);
        assert_eq!(at("2026-12-03T01:00:00+02:00"), at("2026-12-02T12:00:00Z"));
    }
}
