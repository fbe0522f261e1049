//! What a call asks the user, who answers beside their decision.

use serde::{Deserialize, Serialize};

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
