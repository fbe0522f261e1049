//! What content is: a notebook or a file.

use serde_json::Value;

use super::model::{Format, Language, Type};
use crate::http::error::ApiError;

/// What stands behind a notebook's comment sign in its first line.
const HEADER: &str = "Databricks notebook source";

/// Bytes in which a first line that is a header is found: a byte order mark, a comment sign, the header.
pub(super) const HEAD_BYTES: usize = 64;

/// A byte order mark, which is content and no part of the header.
const MARK: &[u8] = "\u{feff}".as_bytes();

impl Language {
    fn comment(self) -> &'static str {
        match self {
            Self::Python | Self::R => "#",
            Self::Sql => "--",
            Self::Scala => "//",
        }
    }
}

/// How a file's name ends, in lower case.
fn extension(name: &str) -> Option<String> {
    name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map(|(_, extension)| extension.to_lowercase())
}

/// The language whose source files have such names.
fn language_of(name: &str) -> Option<Language> {
    let extension = extension(name)?;
    Language::ALL.into_iter().find(|language| language.extension() == extension)
}

/// The name of an object that was a file of this name: notebooks lose their ending.
fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// What a file of this name becomes, and under which name, by its first bytes. A Jupyter notebook's language is in
/// all of it: see [`jupyter_language`].
pub(super) fn detect<'a>(name: &'a str, head: &[u8]) -> (Type, &'a str) {
    if extension(name).as_deref() == Some("ipynb") {
        return (Type::Notebook { language: Language::Python, format: Format::Jupyter }, stem(name));
    }
    match language_of(name) {
        Some(language) if has_header(head, language) => {
            (Type::Notebook { language, format: Format::Source }, stem(name))
        }
        _ => (Type::File, name),
    }
}

fn has_header(head: &[u8], language: Language) -> bool {
    let head = head.strip_prefix(MARK).unwrap_or(head);
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    line.trim_ascii_end() == format!("{} {HEADER}", language.comment()).as_bytes()
}

/// The language of a Jupyter notebook: what Databricks wrote, then what Jupyter says, else Python.
///
/// # Errors
/// `INVALID_PARAMETER_VALUE` for what is no notebook in that format.
pub(super) fn jupyter_language(content: &[u8]) -> Result<Language, ApiError> {
    let content = content.strip_prefix(MARK).unwrap_or(content);
    let invalid = || ApiError::invalid("The content is not a valid Jupyter notebook.");
    let notebook: Value = serde_json::from_slice(content).map_err(|_| invalid())?;
    if !notebook.get("cells").is_some_and(Value::is_array) {
        return Err(invalid());
    }
    let places = [
        "/metadata/application~1vnd.databricks.v1+notebook/language",
        "/metadata/language_info/name",
        "/metadata/kernelspec/language",
    ];
    let named = places.iter().find_map(|place| notebook.pointer(place).and_then(Value::as_str));
    Ok(named.and_then(|name| Language::parse(&name.to_uppercase())).unwrap_or(Language::Python))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notebooks_are_known_by_ending_and_first_line() {
        let source = |language| Type::Notebook { language, format: Format::Source };
        let jupyter = Type::Notebook { language: Language::Python, format: Format::Jupyter };
        for (name, head, kind, becomes) in [
            ("a.py", "# Databricks notebook source\nx", source(Language::Python), "a"),
            ("a.py", "\u{feff}# Databricks notebook source\r\nx", source(Language::Python), "a"),
            ("a b.c.SQL", "-- Databricks notebook source", source(Language::Sql), "a b.c"),
            ("a.scala", "// Databricks notebook source\n", source(Language::Scala), "a"),
            ("a.R", "# Databricks notebook source\n", source(Language::R), "a"),
            ("a.ipynb", "{}", jupyter, "a"),
            ("a.py", "-- Databricks notebook source\n", Type::File, "a.py"),
            ("a.py", "# Databricks notebook sources\n", Type::File, "a.py"),
            ("a.py", "\n# Databricks notebook source\n", Type::File, "a.py"),
            ("a.txt", "# Databricks notebook source\n", Type::File, "a.txt"),
            (".py", "# Databricks notebook source\n", Type::File, ".py"),
            ("py", "# Databricks notebook source\n", Type::File, "py"),
        ] {
            assert_eq!(detect(name, head.as_bytes()), (kind, becomes), "{name} {head:?}");
        }
    }

    #[test]
    fn a_jupyter_notebook_says_its_language() {
        for (text, language) in [
            (r#"{"cells":[]}"#, Some(Language::Python)),
            (r#"{"cells":[],"metadata":{"language_info":{"name":"sql"}}}"#, Some(Language::Sql)),
            (
                r#"{"cells":[],"metadata":{"application/vnd.databricks.v1+notebook":{"language":"scala"},"language_info":{"name":"python"}}}"#,
                Some(Language::Scala),
            ),
            (r#"{"cells":{}}"#, None),
            ("{", None),
        ] {
            assert_eq!(jupyter_language(text.as_bytes()).ok(), language, "{text}");
        }
    }
}
