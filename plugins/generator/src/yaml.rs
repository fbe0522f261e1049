//! YAML as a bundle's files have it: ordered, with comments, written so that every reader of YAML 1.1 and 1.2 reads the
//! same values. Texts that another type could be read from are quoted; nothing is folded or wrapped.

mod scalar;
mod write;

use serde_json::Number;

/// A value with its order and comments.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Yaml {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as it was written.
    Number(Number),
    /// A text, quoted where it must be.
    Text(String),
    /// A text that is quoted in any case, as values of tags and Spark settings are.
    Quoted(String),
    /// Items, each with the comment before it.
    List(Vec<(Option<String>, Yaml)>),
    /// Pairs in their order.
    Map(Vec<Pair>),
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pair {
    /// The comment in the lines before it.
    pub(crate) comment: Option<String>,
    /// The key.
    pub(crate) key: String,
    /// Whether the key is quoted in any case.
    pub(crate) quoted: bool,
    /// The value.
    pub(crate) value: Yaml,
    /// Whether an empty line comes before it.
    pub(crate) apart: bool,
}

impl Pair {
    /// A pair without a comment.
    pub(crate) fn new(key: impl Into<String>, value: impl Into<Yaml>) -> Self {
        Self { comment: None, key: key.into(), quoted: false, value: value.into(), apart: false }
    }

    /// With a comment before it.
    #[must_use]
    pub(crate) fn comment(self, comment: impl Into<String>) -> Self {
        Self { comment: Some(comment.into()), ..self }
    }

    /// With an empty line before it.
    #[must_use]
    pub(crate) fn apart(self) -> Self {
        Self { apart: true, ..self }
    }
}

impl Yaml {
    /// A map of these pairs.
    pub(crate) fn map(pairs: impl IntoIterator<Item = Pair>) -> Self {
        Self::Map(pairs.into_iter().collect())
    }

    /// A list without comments.
    pub(crate) fn list(items: impl IntoIterator<Item = Self>) -> Self {
        Self::List(items.into_iter().map(|item| (None, item)).collect())
    }

    /// The whole document, ending with a line break. The same value gives the same bytes.
    #[must_use]
    pub(crate) fn document(&self) -> String {
        write::document(self)
    }
}

impl From<&str> for Yaml {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Yaml {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Yaml {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

#[cfg(test)]
mod tests;
