//! Newtypes for identity, so that one kind of id never passes for another.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Why a text is not an id.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("not a {kind}: {reason}")]
pub struct IdError {
    kind: &'static str,
    reason: &'static str,
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A fresh id; version 7, so that ids sort by the time they were made.
            #[must_use]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }

            /// Wraps an id read from a place that only ever held ids of this kind (a database row).
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The bare value, for binding to a statement.
            #[must_use]
            pub const fn as_uuid(&self) -> Uuid {
                self.0
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Uuid::parse_str(text)
                    .map(Self)
                    .map_err(|_| IdError { kind: $kind, reason: "expected a UUID" })
            }
        }
    };
}

uuid_id!(
    /// A project: a folder with files, skills and settings, owned by one user.
    ProjectId,
    "project id"
);
uuid_id!(
    /// A thread in a project.
    ConversationId,
    "conversation id"
);
uuid_id!(
    /// All that follows one user message until the agent stops; `execution_id` in the HTTP API.
    TurnId,
    "execution id"
);

uuid_id!(
    /// One installed plugin, for one user or for everyone.
    InstallationId,
    "plugin id"
);
uuid_id!(
    /// A standing permission: a user's answer that holds for the rest of a conversation.
    StandingPermissionId,
    "permission id"
);
uuid_id!(
    /// One session of an MCP client.
    McpSessionId,
    "MCP session id"
);
uuid_id!(
    /// One run of a workflow.
    WorkflowRunId,
    "workflow run id"
);

uuid_id!(
    /// A lane of a conversation.
    LaneId,
    "lane id"
);

uuid_id!(
    /// A result: what a tool produced for people, kept whole.
    ResultId,
    "result id"
);

uuid_id!(
    /// An operation: work at a far end that goes on after its call.
    OperationId,
    "operation id"
);
uuid_id!(
    /// A resource in the list of what a project made.
    TrackedResourceId,
    "resource id"
);

impl LaneId {
    /// The main lane, which every conversation has.
    pub const MAIN: Self = Self(Uuid::nil());

    /// Whether it is the main lane.
    #[must_use]
    pub fn is_main(&self) -> bool {
        *self == Self::MAIN
    }
}

/// SHA-256 of a whole package: what an installation is pinned to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PackageDigest(String);

impl PackageDigest {
    /// # Errors
    /// When the text is not 64 lower-case hexadecimal digits.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let digits = text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if !digits {
            return Err(IdError { kind: "package digest", reason: "expected 64 lower-case hexadecimal digits" });
        }
        Ok(Self(text.to_owned()))
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for PackageDigest {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        Self::parse(&text)
    }
}

impl From<PackageDigest> for String {
    fn from(digest: PackageDigest) -> Self {
        digest.0
    }
}

impl fmt::Display for PackageDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whose an installation is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PluginOwner {
    /// Every user of the host may use it; only an administrator installs, changes or removes it.
    Everyone,
    /// One person's own.
    User(UserId),
}

/// The position of an event in its conversation's log: starts at 1, grows, never reused; gaps are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventSeq(pub i64);

impl EventSeq {
    /// Before the first event.
    pub const START: Self = Self(0);
}

impl fmt::Display for EventSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Longest identity a proxy may send, in bytes (an e-mail address has at most 254, RFC 5321).
const MAX_USER_ID_BYTES: usize = 320;

/// A person, known by the identity that the proxy or the local environment gives: lower-cased e-mail or user name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserId(String);

impl UserId {
    /// # Errors
    /// When the text is empty, longer than 320 bytes, or holds control characters.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let text = text.trim();
        let kind = "user identity";
        if text.is_empty() {
            return Err(IdError { kind, reason: "it is empty" });
        }
        if text.len() > MAX_USER_ID_BYTES {
            return Err(IdError { kind, reason: "it is longer than 320 bytes" });
        }
        if text.chars().any(char::is_control) {
            return Err(IdError { kind, reason: "it holds control characters" });
        }
        Ok(Self(text.to_lowercase()))
    }

    /// The identity as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The model's own id for one tool call (`toolu_…`); opaque, unique within its turn.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ToolCallId(pub String);

impl fmt::Display for ToolCallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Longest plugin name, in bytes: it becomes part of a tool name, which providers limit to 128.
const MAX_PLUGIN_NAME_BYTES: usize = 48;

/// A plugin's name: lower-case letters, digits and single hyphens, beginning with a letter.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PluginName(String);

impl PluginName {
    /// # Errors
    /// When the text breaks the rule above or has more than 48 bytes.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let kind = "plugin name";
        if text.len() > MAX_PLUGIN_NAME_BYTES {
            return Err(IdError { kind, reason: "it is longer than 48 bytes" });
        }
        if !text.starts_with(|c: char| c.is_ascii_lowercase()) {
            return Err(IdError { kind, reason: "it must begin with a lower-case letter" });
        }
        if !text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
            return Err(IdError { kind, reason: "only lower-case letters, digits and hyphens are allowed" });
        }
        if text.ends_with('-') || text.contains("--") {
            return Err(IdError { kind, reason: "hyphens must stand alone between letters or digits" });
        }
        Ok(Self(text.to_owned()))
    }

    /// What stands in the place of a plugin's name where the host itself is meant; no plugin may be called so.
    #[must_use]
    pub fn built_in() -> Self {
        Self("built-in".to_owned())
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PluginName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for PluginName {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        Self::parse(&text)
    }
}

impl From<PluginName> for String {
    fn from(name: PluginName) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plugin_names_keep_their_rule() {
        for good in ["sql", "a", "unity-catalog", "x1-y2"] {
            assert!(PluginName::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "Sql", "-a", "a-", "a--b", "a_b", "1a", "a/b", &"a".repeat(49)] {
            assert!(PluginName::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn identities_are_folded_and_bounded() {
        assert_eq!(UserId::parse(" Ann@Example.COM ").map(|u| u.to_string()), Ok("ann@example.com".into()));
        for bad in ["", "  ", "a\nb", &"a".repeat(400)] {
            assert!(UserId::parse(bad).is_err());
        }
    }
}
