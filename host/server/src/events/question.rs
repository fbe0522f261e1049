//! What a call asks the user, on the wire.

use bricklayer_domain::{ModeProposal, QuestionOption, UserQuestion};
use serde::Serialize;
use utoipa::ToSchema;

use super::review::Mode;

/// A question of a call; an answer of the user's own is always possible.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Question {
    /// What it is about, in a word or two.
    header: String,
    /// The question.
    question: String,
    /// What is offered.
    options: Vec<QuestionChoice>,
    /// Whether several may be chosen.
    multi_select: bool,
}

/// One thing that is offered as an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct QuestionChoice {
    /// What is chosen.
    label: String,
    /// What it means; may be empty.
    description: String,
}

impl From<UserQuestion> for Question {
    fn from(question: UserQuestion) -> Self {
        let UserQuestion { header, question, options, multi_select } = question;
        let choice = |QuestionOption { label, description }| QuestionChoice { label, description };
        Self { header, question, options: options.into_iter().map(choice).collect(), multi_select }
    }
}

/// A permission mode that a call proposes; it holds from the answer on, for later turns as well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Proposal {
    /// The plan that the user takes with it, Markdown; absent when it is proposed to make one.
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<String>,
    /// The modes of which the reply names one, from careful to loose.
    modes: Vec<Mode>,
}

impl From<ModeProposal> for Proposal {
    fn from(ModeProposal { plan, modes }: ModeProposal) -> Self {
        Self { plan, modes: modes.into_iter().map(Into::into).collect() }
    }
}
