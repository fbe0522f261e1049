//! What one call would do, as its tool tells from the arguments, and how much may run without asking.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{StandingPermissionId, ToolName};

/// The verb of a call about which nothing is known.
pub const UNKNOWN_VERB: &str = "UNKNOWN";

/// How grave a call, or a part of it, is. Ordered: what comes later is graver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallEffect {
    /// Changes nothing: may run side by side with others and be run again.
    Reads,
    /// Changes or adds, destroys nothing.
    Writes,
    /// Gives rights away, makes something reachable for others, or sends something out.
    Shares,
    /// Destroys or replaces what exists, or nobody can tell.
    Destroys,
}

impl CallEffect {
    /// Its word in the database and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reads => "reads",
            Self::Writes => "writes",
            Self::Shares => "shares",
            Self::Destroys => "destroys",
        }
    }

    /// The inverse of [`CallEffect::as_str`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Reads, Self::Writes, Self::Shares, Self::Destroys].into_iter().find(|effect| effect.as_str() == text)
    }
}

/// One part of what a call would do: one statement of a script, say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// How grave it is.
    pub effect: CallEffect,
    /// What it does, as people say it: `DROP TABLE`, `GRANT`, `INSERT INTO`.
    pub verb: String,
    /// What it does it to, named as exactly as the call names it and normalised (`main.sales.orders`). Everything
    /// belongs here that makes the operation another one (whom a grant is for, what it gives). Empty when it cannot
    /// be told.
    #[serde(default)]
    pub objects: Vec<String>,
    /// The exact text of this part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// More for the person who decides, in one line: "replaces the table and its history".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl Operation {
    /// What stands for a call about which nothing is known.
    #[must_use]
    pub fn unknown() -> Self {
        Self {
            effect: CallEffect::Destroys,
            verb: UNKNOWN_VERB.to_owned(),
            objects: Vec::new(),
            text: None,
            detail: None,
        }
    }
}

/// What a call would meet, as its tool found out by looking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallPreview {
    /// What it found, in the tool's words: plain text.
    Found(String),
    /// It could not be found out, and why.
    Unknown(String),
}

/// What one call would do. The default, without operations, says that nobody knows, which counts as the gravest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CallReview {
    /// Its parts in the order in which they would run.
    pub operations: Vec<Operation>,
    /// What it would meet, where a tool looked. It tells the user more and decides nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preview: Option<CallPreview>,
}

impl CallReview {
    /// A review of these parts.
    #[must_use]
    pub const fn of(operations: Vec<Operation>) -> Self {
        Self { operations, preview: None }
    }

    /// A review of one part.
    #[must_use]
    pub fn one(operation: Operation) -> Self {
        Self::of(vec![operation])
    }

    /// The effect of the gravest part.
    #[must_use]
    pub fn effect(&self) -> CallEffect {
        self.operations.iter().map(|operation| operation.effect).max().unwrap_or(CallEffect::Destroys)
    }
}

/// What a user's answer "for this conversation" covers: the same tool doing the same thing to the same objects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandingScope {
    /// As in [`Operation::verb`].
    pub verb: String,
    /// As in [`Operation::objects`], all of them, in this order; never empty.
    pub objects: Vec<String>,
}

impl StandingScope {
    /// What an answer to this operation would cover; nothing when its verb or its objects are not known.
    #[must_use]
    pub fn of(operation: &Operation) -> Option<Self> {
        let known = |text: &String| !text.trim().is_empty();
        let complete = known(&operation.verb)
            && operation.verb != UNKNOWN_VERB
            && !operation.objects.is_empty()
            && operation.objects.iter().all(known);
        complete.then(|| Self { verb: operation.verb.clone(), objects: operation.objects.clone() })
    }

    /// Whether it covers this operation.
    #[must_use]
    pub fn covers(&self, operation: &Operation) -> bool {
        Self::of(operation).as_ref() == Some(self)
    }
}

/// A standing answer of a user: what it covers runs unasked in its conversation until it is taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandingPermission {
    /// Its id.
    pub id: StandingPermissionId,
    /// The tool it was given to.
    pub tool: ToolName,
    /// What it covers.
    pub scope: StandingScope,
    /// The gravest effect it covers: that of the operation it was given for.
    pub effect: CallEffect,
    /// When it was given.
    pub since: DateTime<Utc>,
}

impl StandingPermission {
    /// Whether it covers this part of a call of this tool.
    #[must_use]
    pub fn covers(&self, tool: &ToolName, operation: &Operation) -> bool {
        self.tool == *tool && operation.effect <= self.effect && self.scope.covers(operation)
    }
}

/// How much the agent may do without asking, from careful to loose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PermissionMode {
    /// Only what reads runs; everything else is refused.
    ReadOnly,
    /// Everything that does not only read is asked about.
    AskChanges,
    /// What shares or destroys is asked about.
    #[default]
    Ask,
    /// Nothing is asked.
    RunAll,
}

impl PermissionMode {
    /// All modes, from careful to loose.
    pub const ALL: [Self; 4] = [Self::ReadOnly, Self::AskChanges, Self::Ask, Self::RunAll];

    /// Its word in settings, in the API and in logs: `read_only`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => "read_only",
            Self::AskChanges => "ask_changes",
            Self::Ask => "ask",
            Self::RunAll => "run_all",
        }
    }

    /// The inverse of [`PermissionMode::as_str`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == text)
    }

    /// Whether a part of this effect is asked about.
    #[must_use]
    pub fn asks_about(self, effect: CallEffect) -> bool {
        match self {
            Self::ReadOnly | Self::RunAll => false,
            Self::AskChanges => effect > CallEffect::Reads,
            Self::Ask => effect > CallEffect::Writes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(effect: CallEffect, verb: &str, objects: &[&str]) -> Operation {
        let objects = objects.iter().map(|&object| object.to_owned()).collect();
        Operation { effect, verb: verb.to_owned(), objects, text: None, detail: None }
    }

    #[test]
    fn the_gravest_part_counts_and_nothing_is_the_gravest() {
        use CallEffect::{Destroys, Reads, Shares, Writes};
        let cases: [(&[CallEffect], CallEffect); 6] = [
            (&[], Destroys),
            (&[Reads], Reads),
            (&[Reads, Writes, Reads], Writes),
            (&[Shares, Writes], Shares),
            (&[Shares, Destroys, Reads], Destroys),
            (&[Reads, Reads], Reads),
        ];
        for (effects, expected) in cases {
            let operations = effects.iter().map(|effect| operation(*effect, "X", &["y"])).collect();
            assert_eq!(CallReview::of(operations).effect(), expected, "{effects:?}");
        }
        assert_eq!(serde_json::from_str::<CallReview>("{}").unwrap().effect(), Destroys);
    }

    #[test]
    fn a_scope_covers_the_same_verb_on_exactly_the_same_objects() {
        let dropped = operation(CallEffect::Destroys, "DROP TABLE", &["main.a", "main.b"]);
        let scope = StandingScope::of(&dropped).unwrap();
        let cases: [(&str, &[&str], bool); 7] = [
            ("DROP TABLE", &["main.a", "main.b"], true),
            ("DROP TABLE", &["main.a"], false),
            ("DROP TABLE", &["main.b", "main.a"], false),
            ("DROP TABLE", &["main.a", "main.b", "main.c"], false),
            ("DROP VIEW", &["main.a", "main.b"], false),
            ("DROP TABLE", &["MAIN.a", "main.b"], false),
            ("DROP TABLE", &[], false),
        ];
        for (verb, objects, expected) in cases {
            assert_eq!(scope.covers(&operation(CallEffect::Destroys, verb, objects)), expected, "{verb} {objects:?}");
        }
        for (verb, objects) in [("DROP TABLE", &[] as &[&str]), ("", &["a"]), ("UNKNOWN", &["a"]), ("DROP", &["a", ""])]
        {
            assert_eq!(StandingScope::of(&operation(CallEffect::Destroys, verb, objects)), None, "{verb} {objects:?}");
        }
    }

    #[test]
    fn words_of_modes_are_those_of_the_wire() {
        for mode in PermissionMode::ALL {
            assert_eq!(serde_json::to_value(mode).unwrap(), mode.as_str());
        }
        assert!(PermissionMode::ALL.is_sorted());
    }
}
