//! What the user says beside a decision, on the wire.

use bricklayer_domain::{ApprovalReply, QuestionAnswer, ReplyError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::review::Mode;

/// What the user says beside a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    /// What they want to say to it: beside a no, what they want instead. At most 4,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    words: Option<String>,
    /// One for each question that the call puts, in their order; at most 4.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    answers: Vec<ReplyAnswer>,
    /// The mode that they choose of those that the call proposes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mode: Option<Mode>,
}

/// What the user answers to one question of a call; with nothing in it they leave it open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplyAnswer {
    /// What they choose of what is offered; at most 8, of at most 200 characters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    chosen: Vec<String>,
    /// An answer of their own. At most 4,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    words: Option<String>,
}

impl Reply {
    /// What it says, within its bounds; none when it says nothing.
    ///
    /// # Errors
    /// When a bound is passed.
    pub fn parsed(self) -> Result<Option<ApprovalReply>, ReplyError> {
        let answer = |ReplyAnswer { chosen, words }| QuestionAnswer { chosen, words };
        ApprovalReply::parse(self.words, self.answers.into_iter().map(answer).collect(), self.mode.map(Into::into))
    }
}

impl From<ApprovalReply> for Reply {
    fn from(reply: ApprovalReply) -> Self {
        let answer = |answer: &QuestionAnswer| {
            let QuestionAnswer { chosen, words } = answer.clone();
            ReplyAnswer { chosen, words }
        };
        Self {
            words: reply.words().map(str::to_owned),
            answers: reply.answers().iter().map(answer).collect(),
            mode: reply.mode().map(Into::into),
        }
    }
}
