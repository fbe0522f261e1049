//! What a call asks the user, on the wire.

use bricklayer_domain::{QuestionOption, UserQuestion};
use serde::Serialize;
use utoipa::ToSchema;

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
