//! What the user says beside an answer.

use serde::{Deserialize, Serialize};

use crate::PermissionMode;

/// Characters of the user's words beside an answer.
pub const MAX_REPLY_CHARS: usize = 4_000;

/// Answers to questions beside one decision.
pub const MAX_REPLY_ANSWERS: usize = 4;

/// Choices of one answer.
pub const MAX_CHOSEN: usize = 8;

/// Characters of one choice.
pub const MAX_CHOICE_CHARS: usize = 200;

/// What the user says beside a decision: words of theirs, and what they answer to the questions that the call puts. It is
/// theirs alone, so a model may act on it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalReply {
    /// What they want to say to it, as typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    words: Option<String>,
    /// One for each question of the call, in their order; empty for a call that puts none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    answers: Vec<QuestionAnswer>,
    /// The mode that they choose, for a call that proposes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mode: Option<PermissionMode>,
}

/// What the user answers to one question; with nothing in it they left it open.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuestionAnswer {
    /// What they chose of what was offered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chosen: Vec<String>,
    /// An answer of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
}

/// Why a reply cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// Words are too long.
    #[error("may have at most {MAX_REPLY_CHARS} characters of words")]
    Words,
    /// More answers than a call may put questions.
    #[error("may hold at most {MAX_REPLY_ANSWERS} answers")]
    Answers,
    /// Too many choices, or too long ones.
    #[error("may hold at most {MAX_CHOSEN} choices of at most {MAX_CHOICE_CHARS} characters for each question")]
    Chosen,
}

impl ApprovalReply {
    /// A reply within its bounds; none when nothing is said.
    ///
    /// # Errors
    /// When a bound is passed.
    pub fn parse(
        words: Option<String>,
        answers: Vec<QuestionAnswer>,
        mode: Option<PermissionMode>,
    ) -> Result<Option<Self>, ReplyError> {
        let words = said(words)?;
        if answers.len() > MAX_REPLY_ANSWERS {
            return Err(ReplyError::Answers);
        }
        let mut kept = Vec::with_capacity(answers.len());
        for QuestionAnswer { chosen, words } in answers {
            let too_long = |choice: &String| choice.chars().count() > MAX_CHOICE_CHARS;
            if chosen.len() > MAX_CHOSEN || chosen.iter().any(too_long) {
                return Err(ReplyError::Chosen);
            }
            kept.push(QuestionAnswer { chosen, words: said(words)? });
        }
        let nothing =
            words.is_none() && mode.is_none() && kept.iter().all(|answer| *answer == QuestionAnswer::default());
        Ok((!nothing).then_some(Self { words, answers: kept, mode }))
    }

    /// What they want to say to it.
    #[must_use]
    pub fn words(&self) -> Option<&str> {
        self.words.as_deref()
    }

    /// What they answer to the call's questions.
    #[must_use]
    pub fn answers(&self) -> &[QuestionAnswer] {
        &self.answers
    }

    /// The mode that they choose. Whether it was offered is for whoever takes the answer to look at.
    #[must_use]
    pub const fn mode(&self) -> Option<PermissionMode> {
        self.mode
    }
}

fn said(words: Option<String>) -> Result<Option<String>, ReplyError> {
    let words = words.filter(|words| !words.trim().is_empty());
    if words.as_ref().is_some_and(|words| words.chars().count() > MAX_REPLY_CHARS) {
        return Err(ReplyError::Words);
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_keeps_within_its_bounds() {
        let words = |count: usize| Some("é".repeat(count));
        let chosen = |chosen: Vec<String>| QuestionAnswer { chosen, words: None };
        assert_eq!(ApprovalReply::parse(Some(" \n".into()), vec![QuestionAnswer::default()], None), Ok(None));
        let full = ApprovalReply::parse(words(MAX_REPLY_CHARS), vec![chosen(vec!["a".into()])], None).unwrap().unwrap();
        assert_eq!((full.words().unwrap().chars().count(), full.answers().len()), (MAX_REPLY_CHARS, 1));
        assert_eq!(serde_json::from_value::<ApprovalReply>(serde_json::to_value(&full).unwrap()).unwrap(), full);
        assert_eq!(ApprovalReply::parse(words(MAX_REPLY_CHARS + 1), vec![], None), Err(ReplyError::Words));
        let too_many = vec![chosen(vec!["a".into()]); MAX_REPLY_ANSWERS + 1];
        assert_eq!(ApprovalReply::parse(None, too_many, None), Err(ReplyError::Answers));
        let long = "x".repeat(MAX_CHOICE_CHARS + 1);
        for choices in [vec![long], vec!["a".to_owned(); MAX_CHOSEN + 1]] {
            assert_eq!(ApprovalReply::parse(None, vec![chosen(choices)], None), Err(ReplyError::Chosen));
        }
        let of_mode = ApprovalReply::parse(None, vec![], Some(PermissionMode::Ask)).unwrap().unwrap();
        assert_eq!(of_mode.mode(), Some(PermissionMode::Ask));
        let in_answer = QuestionAnswer { chosen: vec![], words: words(MAX_REPLY_CHARS + 1) };
        assert_eq!(ApprovalReply::parse(None, vec![in_answer], None), Err(ReplyError::Words));
    }
}
