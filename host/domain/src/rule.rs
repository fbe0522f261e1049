//! Rules about calls, which operators and owners of projects write: `tool` or `tool(about what)`.
//!
//! The grammar, in full (docs/PERMISSIONS.md says it for users):
//!
//! - `tool` is a tool's name in which `*` stands for any characters: `Write`, `mcp__crm__*`. A name without `__` means
//!   the host's own tools and those of the Databricks families; where it forbids or asks, a tool of that name from any
//!   plugin.
//! - What stands in parentheses, when anything does, is compared with the call:
//!   - `argument: value`, with a space behind the colon, with a top argument of the call;
//!   - anything else with what the tool's review says that the call does. It may begin with the words of an operation
//!     (`drop table`, `drop`, or `*` for any), and what follows them is compared with its objects: names in their normal
//!     form, paths. Without such words it is compared with the objects alone: `main.hr.*`, `secrets/**`.
//! - In values and objects `*` stands for any characters but `/`, and `**` for any.
//!
//! A rule that forbids or asks holds for a call when it holds for any part and any object of it, whatever the case of
//! letters; where a part does not say what it works on and could be meant, the user is asked. A rule that allows must
//! name the operation's words whole, and covers a part only when it covers all its objects.

mod matching;
mod pattern;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use crate::{CallReview, ToolName, ToolSource};

pub use matching::{RuleAuthor, RuleHit, Ruling};
use pattern::Pattern;

/// Longest rule, in characters.
pub const MAX_RULE_CHARS: usize = 500;

/// Rules of one author.
pub const MAX_RULES: usize = 200;

/// What a rule says about the calls that it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RuleKind {
    /// They do not run, in no mode.
    Deny,
    /// The user is asked before each, in every mode.
    Ask,
    /// They run unasked where the mode would ask.
    Allow,
}

impl RuleKind {
    /// All of them, in the order in which they are looked at.
    pub const ALL: [Self; 3] = [Self::Deny, Self::Ask, Self::Allow];

    /// Its word in settings, in the database and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Ask => "ask",
            Self::Allow => "allow",
        }
    }

    /// The inverse of [`RuleKind::as_str`].
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// Why a text is no rule; reads on after the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// Nothing.
    #[error("is empty")]
    Empty,
    /// More than [`MAX_RULE_CHARS`].
    #[error("is longer than {MAX_RULE_CHARS} characters")]
    TooLong,
    /// Line breaks and the like.
    #[error("holds control characters")]
    ControlCharacters,
    /// No tool's name before the parentheses.
    #[error("must begin with the name of a tool, of letters, digits, _, - and *: `Write` or `mcp__crm__*`")]
    NoTool,
    /// Something behind the name that is not in parentheses, or nothing in them.
    #[error("must say what it is about in parentheses behind the tool's name: `execute_sql(drop table main.hr.*)`")]
    NoParentheses,
    /// An allowing rule whose tool may be anybody's.
    #[error("must name its tool, or the plugin before a *: `mcp__crm__*`; a * that means any tool allows too much")]
    AllowsAnyTool,
}

/// One rule, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermissionRule {
    text: String,
    tool: Pattern,
    about: Option<About>,
}

/// What a rule compares with a call.
#[derive(Debug, Clone, PartialEq, Eq)]
enum About {
    /// A top argument's value.
    Argument { name: String, value: Pattern },
    /// What its review says: the words, from which the readings are made.
    Operation(Vec<Reading>),
}

/// One way to read what stands in parentheses: this many words are an operation's, the rest is an object.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Reading {
    /// In upper case; `*` alone stands for any operation. Empty: the object alone counts.
    verb: Vec<String>,
    /// None: whatever it works on.
    object: Option<Pattern>,
}

impl PermissionRule {
    /// Reads a rule.
    ///
    /// # Errors
    /// [`RuleError`].
    pub fn parse(kind: RuleKind, text: &str) -> Result<Self, RuleError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(RuleError::Empty);
        }
        if text.chars().count() > MAX_RULE_CHARS {
            return Err(RuleError::TooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(RuleError::ControlCharacters);
        }
        let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || "_-*".contains(c))).unwrap_or(text.len());
        let (tool, rest) = text.split_at(end);
        if tool.is_empty() {
            return Err(RuleError::NoTool);
        }
        if kind == RuleKind::Allow && !names_its_source(tool) {
            return Err(RuleError::AllowsAnyTool);
        }
        let about = match rest.trim() {
            "" => None,
            rest => {
                let inner = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
                let inner = inner.map(str::trim).filter(|inner| !inner.is_empty()).ok_or(RuleError::NoParentheses)?;
                Some(About::parse(inner))
            }
        };
        Ok(Self { text: text.to_owned(), tool: Pattern::parse(tool), about })
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is about every call of its tools: a rule that forbids hides them.
    #[must_use]
    pub const fn is_bare(&self) -> bool {
        self.about.is_none()
    }
}

impl fmt::Display for PermissionRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether no `*` stands where the name of a plugin does.
fn names_its_source(tool: &str) -> bool {
    match tool.strip_prefix("mcp__").and_then(|rest| rest.split_once("__")) {
        Some((plugin, _)) => !plugin.contains('*'),
        None => !tool.contains('*'),
    }
}

impl About {
    fn parse(text: &str) -> Self {
        if let Some((name, value)) = text.split_once(": ")
            && !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
        {
            return Self::Argument { name: name.to_owned(), value: Pattern::parse(value.trim()) };
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        let mut readings = vec![Reading { verb: Vec::new(), object: Some(Pattern::parse(&words.join(" "))) }];
        for count in 1..=words.len() {
            let (verb, object) = words.split_at(count);
            let object = (!object.is_empty()).then(|| Pattern::parse(&object.join(" ")));
            readings.push(Reading { verb: verb.iter().map(|word| word.to_uppercase()).collect(), object });
        }
        Self::Operation(readings)
    }
}

/// The rules of one author.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleSet {
    /// What does not run.
    pub deny: Vec<PermissionRule>,
    /// What is asked about.
    pub ask: Vec<PermissionRule>,
    /// What runs unasked.
    pub allow: Vec<PermissionRule>,
}

impl RuleSet {
    /// The rules of one kind.
    #[must_use]
    pub fn of(&self, kind: RuleKind) -> &[PermissionRule] {
        match kind {
            RuleKind::Deny => &self.deny,
            RuleKind::Ask => &self.ask,
            RuleKind::Allow => &self.allow,
        }
    }

    /// Where the rules of one kind are kept.
    pub fn of_mut(&mut self, kind: RuleKind) -> &mut Vec<PermissionRule> {
        match kind {
            RuleKind::Deny => &mut self.deny,
            RuleKind::Ask => &mut self.ask,
            RuleKind::Allow => &mut self.allow,
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.deny.is_empty() && self.ask.is_empty() && self.allow.is_empty()
    }
}

/// What a project's owner says of calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectPermissions {
    /// Their rules.
    pub rules: RuleSet,
    /// Whether what sends or destroys is asked about whatever the mode, once content from outside has entered a
    /// conversation.
    pub second_look: bool,
}

impl Default for ProjectPermissions {
    fn default() -> Self {
        Self { rules: RuleSet::default(), second_look: true }
    }
}

/// All rules that hold for a caller. What an operator wrote can only tighten, so its `allow` is not looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PermissionRules {
    /// The operator's; the same for everybody.
    pub operator: Arc<RuleSet>,
    /// The project's, which its owner writes.
    pub project: RuleSet,
}

/// A call, as rules look at it.
#[derive(Debug, Clone, Copy)]
pub struct RuledCall<'a> {
    /// The tool's full name.
    pub name: &'a ToolName,
    /// Where it comes from.
    pub source: &'a ToolSource,
    /// Its arguments.
    pub input: &'a serde_json::Value,
    /// What it would do, when its tool can tell.
    pub review: Option<&'a CallReview>,
}
