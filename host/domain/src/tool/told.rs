//! What a call's values tell of a resource: its type, and texts made of the arguments and the result.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::braces::{MAX_NAMES, parts};

/// Longest type of a resource, in bytes: a word beside its name.
const MAX_TYPE_BYTES: usize = 40;

/// Longest id and address, in bytes, and longest name, in characters, that are kept of a resource.
const MAX_ID_BYTES: usize = 1024;
const MAX_LINK_BYTES: usize = 2048;
const MAX_NAME_CHARS: usize = 200;

/// What kind of thing a resource is, by Databricks' word for it: `job`, `pipeline`, `knowledge_assistant`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ResourceType(String);

impl ResourceType {
    /// # Errors
    /// When the text is no word of lower-case letters, digits and single low lines that begins with a letter, or has
    /// more than 40 bytes; in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let begins = text.starts_with(|c: char| c.is_ascii_lowercase());
        if text.len() > MAX_TYPE_BYTES || !begins || !text.split('_').all(plain) {
            return Err(format!("{text:?} must be a word such as `job` or `knowledge_assistant`"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ResourceType {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<ResourceType> for String {
    fn from(kind: ResourceType) -> Self {
        kind.0
    }
}

impl fmt::Display for ResourceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text made of a call's values: `{job_id}`, `{catalog_name}.{schema_name}.{name}`.
///
/// Names in braces are fields of the typed result or, where it has none of that name, arguments; `{cluster.cluster_id}`
/// is a field within a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Template {
    text: String,
    /// Text, and the field after it.
    parts: Vec<(String, Vec<String>)>,
    /// Text after the last field.
    end: String,
}

impl Template {
    /// # Errors
    /// When the text names no field, more than four, or has braces that do not fit; in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let fault =
            || format!("{text:?} must be one line with 1 to {MAX_NAMES} fields in braces, such as \"{{job_id}}\"");
        let (parts, end) = parts(text).ok_or_else(fault)?;
        let plain = |step: &str| !step.is_empty() && step.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !parts.iter().all(|(_, name)| name.split('.').all(plain)) {
            return Err(fault());
        }
        let path = |name: &str| name.split('.').map(str::to_owned).collect();
        let parts = parts.into_iter().map(|(before, name)| (before.to_owned(), path(name))).collect();
        Ok(Self { text: text.to_owned(), parts, end: end.to_owned() })
    }

    /// The fields that it is made of, each as its steps from the outside in.
    pub fn fields(&self) -> impl Iterator<Item = &[String]> {
        self.parts.iter().map(|(_, path)| path.as_slice())
    }

    /// The text for one call; none when a value is missing or is no text or number.
    #[must_use]
    pub fn of(&self, values: &CallValues<'_>) -> Option<String> {
        let mut text = String::new();
        for (before, path) in &self.parts {
            text.push_str(before);
            text.push_str(&plain(values.get(path)?)?);
        }
        text.push_str(&self.end);
        Some(text)
    }

    /// The field, when the template is nothing but one.
    pub(super) fn only_field(&self) -> Option<&[String]> {
        match (self.parts.as_slice(), self.end.is_empty()) {
            ([(before, path)], true) if before.is_empty() => Some(path),
            _ => None,
        }
    }
}

impl TryFrom<String> for Template {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<Template> for String {
    fn from(template: Template) -> Self {
        template.text
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What a call was given and gave back.
#[derive(Debug, Clone, Copy)]
pub struct CallValues<'a> {
    /// Its arguments.
    pub input: &'a Value,
    /// Its typed result, when it has one.
    pub result: Option<&'a Value>,
}

impl<'a> CallValues<'a> {
    fn get(&self, path: &[String]) -> Option<&'a Value> {
        let within = |start: &'a Value| path.iter().try_fold(start, |value, step| value.get(step));
        let told = self.result.and_then(within).filter(|value| !value.is_null());
        told.or_else(|| within(self.input))
    }
}

/// A text or number as it is written; nothing else has one plain form.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// What a tool deletes or renames: things of one type, or of the type that an argument says (`{kind}`), with low lines for hyphens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ToldType {
    /// Always this.
    Always(ResourceType),
    /// What the argument of this name says.
    SaidBy(String),
}

impl ToldType {
    /// # Errors
    /// When the text is neither a word nor one argument's name in braces; in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        if !text.starts_with('{') {
            return ResourceType::parse(text).map(Self::Always);
        }
        match Template::parse(text)?.only_field() {
            Some([argument]) => Ok(Self::SaidBy(argument.clone())),
            _ => Err(format!("{text:?} must be a word such as `job`, or one argument in braces")),
        }
    }

    /// The argument that says it.
    #[must_use]
    pub fn argument(&self) -> Option<&str> {
        match self {
            Self::Always(_) => None,
            Self::SaidBy(argument) => Some(argument),
        }
    }

    pub(super) fn of(&self, input: &Value) -> Option<ResourceType> {
        match self {
            Self::Always(kind) => Some(kind.clone()),
            Self::SaidBy(argument) => ResourceType::parse(&word(input.get(argument)?.as_str()?)).ok(),
        }
    }

    /// The argument with the value that says this type, when the schema of the tool's arguments has such a value; nothing
    /// where no argument is needed.
    pub(super) fn argument_for(&self, kind: &ResourceType, properties: &Value) -> Option<Option<(String, Value)>> {
        match self {
            Self::Always(own) => (own == kind).then_some(None),
            Self::SaidBy(argument) => {
                let values = properties.get(argument)?.get("enum")?.as_array()?;
                let value = values.iter().find(|value| value.as_str().is_some_and(|text| word(text) == kind.0))?;
                Some(Some((argument.clone(), value.clone())))
            }
        }
    }
}

/// A value of an argument as a type's word.
fn word(value: &str) -> String {
    value.replace('-', "_")
}

impl TryFrom<String> for ToldType {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<ToldType> for String {
    fn from(kind: ToldType) -> Self {
        match kind {
            ToldType::Always(kind) => kind.into(),
            ToldType::SaidBy(argument) => format!("{{{argument}}}"),
        }
    }
}

pub(super) fn is_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= MAX_ID_BYTES && !id.chars().any(char::is_control)
}

/// A name as it is kept.
pub(super) fn shown_name(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_NAME_CHARS).collect()
}

/// The address of the web that a call tells, if it does.
pub(super) fn address(link: Option<&Template>, values: &CallValues<'_>) -> Option<String> {
    link.and_then(|link| link.of(values)).filter(|link| is_web_address(link))
}

/// Whether the field that would say yes does not.
pub(super) fn says_no(field: Option<&str>, values: &CallValues<'_>) -> bool {
    field.is_some_and(|field| values.result.and_then(|result| result.get(field)) != Some(&Value::Bool(true)))
}

fn is_web_address(link: &str) -> bool {
    let is_web = link.starts_with("https://") || link.starts_with("http://");
    is_web && link.len() <= MAX_LINK_BYTES && !link.chars().any(|c| c.is_control() || c.is_whitespace())
}
