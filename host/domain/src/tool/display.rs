//! How a tool wants to be shown. Its author says it, so that nobody else keeps a list of tools.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::braces::{MAX_NAMES, parts};
use crate::{ToolCallId, ToolName};

/// Longest detail of a call, in characters: one line of a page.
const MAX_DETAIL_CHARS: usize = 160;

/// What a tool's author says about showing its calls and results.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ToolDisplay {
    /// What a call does, in a few words: `Run SQL`. The tool's name in words when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What tells one call from another: the statement, the path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<Detail>,
    /// What comes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<ResultKind>,
}

/// What kind of thing a tool's typed result is, and so how it is drawn and counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResultKind {
    /// Text for reading and nothing more to draw.
    Text,
    /// The same written in Markdown, and shown as such.
    Markdown,
    /// Rows: the fields `columns` (records with a `name`) and `rows`.
    Table,
    /// Descriptions of tables: the field `tables`, records with a `name` and `columns`.
    Tables,
    /// Things of one kind: one field is a list of records, and its name says what they are.
    List,
    /// Parts that ran one after the other: the field `steps`, records with a `status`.
    Steps,
    /// What changed in a file: the fields `path` and `patch`.
    Change,
    /// A picture of a result: the field `chart`, its specification.
    Chart,
    /// What is to be done, which replaces what the last such result said: the field `todos`, records with a `content` and
    /// a `status` (`pending`, `in_progress` or `completed`).
    Todos,
}

impl ResultKind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::Text,
        Self::Markdown,
        Self::Table,
        Self::Tables,
        Self::List,
        Self::Steps,
        Self::Change,
        Self::Chart,
        Self::Todos,
    ];

    /// Its word in a manifest and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Markdown => "markdown",
            Self::Table => "table",
            Self::Tables => "tables",
            Self::List => "list",
            Self::Steps => "steps",
            Self::Change => "change",
            Self::Chart => "chart",
            Self::Todos => "todos",
        }
    }
}

/// A line made of a call's arguments: `{statement}`, `{catalog}.{schema}.{table_names}`.
///
/// Names in braces are arguments; what stands before one is left out with it when the call does not give it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Detail {
    text: String,
    /// Text, and the argument after it.
    parts: Vec<(String, String)>,
}

impl Detail {
    /// # Errors
    /// When the text names no argument, more than four, or has braces that do not fit; in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let fault =
            || format!("{text:?} must be one line with 1 to {MAX_NAMES} arguments in braces, such as \"{{path}}\"");
        let (parts, end) = parts(text).ok_or_else(fault)?;
        let plain =
            |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
        // Nothing stands behind the last argument: it could not be left out with one.
        if !end.is_empty() || !parts.iter().all(|(_, name)| plain(name)) {
            return Err(fault());
        }
        let parts = parts.into_iter().map(|(before, name)| (before.to_owned(), name.to_owned())).collect();
        Ok(Self { text: text.to_owned(), parts })
    }

    /// The arguments that it is made of.
    pub fn arguments(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().map(|(_, name)| name.as_str())
    }

    /// The line for one call.
    #[must_use]
    pub fn of(&self, input: &Value) -> String {
        let mut line = String::new();
        for (before, name) in &self.parts {
            let value = input.get(name).map(plain).unwrap_or_default();
            if value.is_empty() {
                continue;
            }
            if !line.is_empty() {
                line.push_str(before);
            }
            line.push_str(&value);
        }
        one_line(&line)
    }
}

impl TryFrom<String> for Detail {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<Detail> for String {
    fn from(detail: Detail) -> Self {
        detail.text
    }
}

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// How one call is shown: kept in the log beside the call, so that it reads the same when the tool is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallDisplay {
    /// The call.
    pub call: ToolCallId,
    /// What it does, in a few words.
    pub title: String,
    /// What tells it from others, one line; may be empty.
    pub detail: String,
    /// What comes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<ResultKind>,
}

impl ToolDisplay {
    /// What a call of the tool does, in a few words.
    #[must_use]
    pub fn title(&self, name: &ToolName) -> String {
        self.title.clone().unwrap_or_else(|| in_words(name.short()))
    }

    /// What tells this call from others: by the tool's own word, else all arguments as JSON.
    #[must_use]
    pub fn detail(&self, input: &Value) -> String {
        match (&self.detail, input) {
            (Some(detail), _) => detail.of(input),
            // A tool that says how it is shown, and names no argument, has none that tells.
            (None, _) if self.title.is_some() => String::new(),
            (None, Value::Object(fields)) if fields.is_empty() => String::new(),
            (None, input) => one_line(&input.to_string()),
        }
    }

    /// How a call is shown.
    #[must_use]
    pub fn of_call(&self, call: &ToolCallId, name: &ToolName, input: &Value) -> CallDisplay {
        CallDisplay { call: call.clone(), title: self.title(name), detail: self.detail(input), result: self.result }
    }
}

/// `list_clusters` as `List clusters`.
fn in_words(name: &str) -> String {
    let words = name.split(['_', '-']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let mut chars = words.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// A value without JSON's marks; several with commas between them. An object has no short form.
fn plain(value: &Value) -> String {
    match value {
        Value::Null | Value::Object(_) => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(values) => {
            let texts = values.iter().map(plain).filter(|text| !text.is_empty());
            texts.take(MAX_DETAIL_CHARS).collect::<Vec<_>>().join(", ")
        }
    }
}

/// One line of bounded length, without the lines that are comments in SQL: a statement that begins with one is told
/// from others by what follows.
fn one_line(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("--"));
    let mut line = String::new();
    for word in lines.flat_map(str::split_whitespace) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        // No more than is shown is copied; a character has at most four bytes.
        if line.len() > MAX_DETAIL_CHARS * 4 {
            break;
        }
    }
    match line.char_indices().nth(MAX_DETAIL_CHARS) {
        None => line,
        Some(_) => line.chars().take(MAX_DETAIL_CHARS - 1).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(template: &str, input: Value, expect: &str) {
        assert_eq!(Detail::parse(template).unwrap().of(&input), expect);
    }

    #[test]
    fn a_detail_is_made_of_arguments() {
        check("{statement}", json!({"statement": "select 1"}), "select 1");
        check("{statement}", json!({"statement": "-- what\n  select\n 1 -- one"}), "select 1 -- one");
        check("{statement}", json!({}), "");
        let tables = "{catalog}.{schema}.{table_names}";
        check(tables, json!({"catalog": "a", "schema": "b", "table_names": ["t", "u"]}), "a.b.t, u");
        check(tables, json!({"catalog": "a", "schema": "b", "table_names": null}), "a.b");
        check(tables, json!({"schema": "b"}), "b");
        check("{from} → {to}", json!({"from": "x", "to": {"odd": 1}}), "x");
        check("{n}", json!({"n": 7}), "7");
        assert_eq!(Detail::parse("{s}").unwrap().of(&json!({"s": "é".repeat(500)})).chars().count(), MAX_DETAIL_CHARS);
    }

    #[test]
    fn a_detail_that_cannot_be_read_is_refused() {
        for text in ["", "statement", "{}", "{a", "a}", "{a} and more", "{a b}", "{a}{b}{c}{d}{e}", "}{a}", "{a\n}"] {
            assert!(Detail::parse(text).unwrap_err().contains("in braces"), "{text:?}");
        }
    }

    #[test]
    fn a_tool_that_says_nothing_is_shown_by_its_name_and_arguments() {
        let (name, call) = (ToolName("mcp__x__list_big_things".to_owned()), ToolCallId("c".to_owned()));
        let shown = ToolDisplay::default().of_call(&call, &name, &json!({"a": 1}));
        assert_eq!((shown.title.as_str(), shown.detail.as_str()), ("List big things", r#"{"a":1}"#));
        assert_eq!(ToolDisplay::default().detail(&json!({})), "");
        let titled = ToolDisplay { title: Some("Things".to_owned()), ..ToolDisplay::default() };
        assert_eq!(titled.detail(&json!({"a": 1})), "");
    }

    #[test]
    fn each_kind_has_one_word() {
        for kind in ResultKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), json!(kind.as_str()));
        }
    }
}
