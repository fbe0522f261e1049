//! Projects and conversations.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::unseen::{is_bidi_control, is_unseen};
use crate::{ConversationId, EventSeq, ProjectId, TurnId, TurnSettings, TurnStatus, UserId};

/// Longest name of a project or title of a conversation, in characters.
const MAX_TITLE_CHARS: usize = 200;

/// Why a text is no title.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TitleError {
    /// Nothing but white space.
    #[error("must not be empty")]
    Empty,
    /// Nothing that shows, such as zero-width spaces alone.
    #[error("must hold a character that can be seen")]
    Unseen,
    /// More than 200 characters.
    #[error("must have at most 200 characters")]
    TooLong,
    /// Line breaks or other control characters.
    #[error("must not hold control characters")]
    ControlCharacters,
    /// What turns the direction of the text, so that another name is read than is there.
    #[error("must not hold characters that turn the direction of text (such as U+202E)")]
    Bidi,
}

/// A project's name or a conversation's title: one line, 1 to 200 characters, trimmed, and read as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Title(String);

impl Title {
    /// # Errors
    /// When the text is empty, too long, shows nothing, or holds control characters or such as turn its direction.
    pub fn parse(text: &str) -> Result<Self, TitleError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(TitleError::Empty);
        }
        if text.chars().count() > MAX_TITLE_CHARS {
            return Err(TitleError::TooLong);
        }
        if text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
            return Err(TitleError::ControlCharacters);
        }
        if text.chars().any(is_bidi_control) {
            return Err(TitleError::Bidi);
        }
        if text.chars().all(is_unseen) {
            return Err(TitleError::Unseen);
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A folder with files, skills and settings, owned by one user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// Its id, also the name of its folder on disk.
    pub id: ProjectId,
    /// Its owner.
    pub user: UserId,
    /// For people.
    pub name: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When the last turn of its conversations began; when it was made, before the first.
    pub updated_at: DateTime<Utc>,
    /// How many conversations it holds.
    pub conversation_count: i64,
    /// In how many of them a turn runs.
    pub running_count: i64,
    /// In how many of them a turn waits for the user.
    pub waiting_count: i64,
}

/// The newest turn of a conversation, as far as lists show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewestTurn {
    /// Which.
    pub id: TurnId,
    /// Where it stands.
    pub status: TurnStatus,
    /// The last event of the conversation's log.
    pub last_seq: EventSeq,
}

impl NewestTurn {
    /// The turn, when it runs or waits.
    #[must_use]
    pub fn active(&self) -> Option<TurnId> {
        (!self.status.is_final()).then_some(self.id)
    }
}

/// A thread in a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// Its project.
    pub project: ProjectId,
    /// Its owner.
    pub user: UserId,
    /// For people.
    pub title: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When its last turn began.
    pub updated_at: DateTime<Utc>,
    /// What the user chose last.
    pub settings: TurnSettings,
    /// How many turns it holds.
    pub turn_count: i64,
    /// The last of them.
    pub newest_turn: Option<NewestTurn>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_read_as_it_is_written() {
        for fine in [
            "taxi",
            "\u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{645}\u{631}\u{62d}\u{628}\u{627}",
            // A family of three, joined by zero-width joiners, and a heart with its variation.
            "\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f466} \u{2764}\u{fe0f}",
        ] {
            assert_eq!(Title::parse(&format!(" {fine} ")).unwrap().as_str(), fine);
        }
        for (text, refusal) in [
            ("  ", TitleError::Empty),
            ("\u{200b}\u{200d}", TitleError::Unseen),
            ("\u{feff} \u{2060}", TitleError::Unseen),
            ("\u{3164}", TitleError::Unseen),
            ("\u{e0041}", TitleError::Unseen),
            ("two\nlines", TitleError::ControlCharacters),
            ("two\u{2028}lines", TitleError::ControlCharacters),
            ("\u{202e}ixat", TitleError::Bidi),
            ("a\u{2067}b\u{2069}", TitleError::Bidi),
            ("a\u{200f}b", TitleError::Bidi),
            (&"x".repeat(201), TitleError::TooLong),
        ] {
            assert_eq!(Title::parse(text), Err(refusal), "{text:?}");
        }
    }
}
