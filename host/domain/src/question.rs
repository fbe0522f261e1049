//! What a call asks the user, who answers beside their decision.

use serde::{Deserialize, Serialize};

use crate::PermissionMode;

/// Characters of a plan that is put to the user: some pages, which they still read.
pub const MAX_PLAN_CHARS: usize = 20_000;

/// What a call is put to the user for: nobody else can give it, so it is asked in every mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserAsk {
    /// Answers to questions.
    Questions(Vec<UserQuestion>),
    /// That nothing changes any more until they took a plan.
    ToPlan,
    /// A plan, Markdown, and with it the mode in which it is carried out.
    Plan(String),
}

impl UserAsk {
    /// The modes that the user may answer with, where the conversation is in this mode and the operator allows none that
    /// is looser than `loosest`. None for questions, and where there is nothing to change: an agent that only reads needs
    /// not ask to plan, one that may change things has no plan to wait for.
    #[must_use]
    pub fn modes(&self, mode: PermissionMode, loosest: PermissionMode) -> Vec<PermissionMode> {
        let reads = PermissionMode::ReadOnly;
        match self {
            Self::ToPlan if mode != reads => vec![reads],
            Self::Plan(_) if mode == reads => {
                PermissionMode::ALL.into_iter().filter(|other| *other > reads && *other <= loosest).collect()
            }
            Self::Questions(_) | Self::ToPlan | Self::Plan(_) => Vec::new(),
        }
    }
}

/// A permission mode that a call proposes. It holds from the user's answer on, for the rest of the turn and for later ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModeProposal {
    /// The plan that the user takes with it, Markdown; none when it is proposed to make one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// The modes of which the user answers with one, from careful to loose; never empty.
    pub modes: Vec<PermissionMode>,
}

/// One question of a call that the user answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserQuestion {
    /// What it is about, in a word or two.
    pub header: String,
    /// The question.
    pub question: String,
    /// What is offered; an answer of the user's own is always possible.
    pub options: Vec<QuestionOption>,
    /// Whether several may be chosen.
    #[serde(default)]
    pub multi_select: bool,
}

/// One thing that is offered as an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuestionOption {
    /// What is chosen.
    pub label: String,
    /// What it means; may be empty.
    #[serde(default)]
    pub description: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_offers_what_the_operator_allows() {
        use PermissionMode::{Ask, AskChanges, ReadOnly, RunAll};
        let plan = UserAsk::Plan("one".to_owned());
        assert_eq!(plan.modes(ReadOnly, RunAll), [AskChanges, Ask, RunAll]);
        assert_eq!(plan.modes(ReadOnly, AskChanges), [AskChanges]);
        assert!(plan.modes(ReadOnly, ReadOnly).is_empty());
        for mode in [AskChanges, Ask, RunAll] {
            assert!(plan.modes(mode, RunAll).is_empty());
            assert_eq!(UserAsk::ToPlan.modes(mode, RunAll), [ReadOnly]);
        }
        assert!(UserAsk::ToPlan.modes(ReadOnly, RunAll).is_empty());
        assert!(UserAsk::Questions(Vec::new()).modes(ReadOnly, RunAll).is_empty());
    }
}
