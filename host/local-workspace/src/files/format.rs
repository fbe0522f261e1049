//! What content is: a notebook or a file.

use super::model::{Format, Type};
use crate::{
    http::error::ApiError,
    notebook::{Language, Notebook},
};

/// Bytes in which a first line that is a header is found: a byte order mark, a comment sign, the header.
pub(super) const HEAD_BYTES: usize = 64;

/// How a file's name ends, in lower case.
fn extension(name: &str) -> Option<String> {
    name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map(|(_, extension)| extension.to_lowercase())
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
    match extension(name).and_then(|extension| Language::of_extension(&extension)) {
        Some(language) if has_header(head, language) => {
            (Type::Notebook { language, format: Format::Source }, stem(name))
        }
        _ => (Type::File, name),
    }
}

/// Whether a first line is a notebook's of that language. Python's and R's are alike.
fn has_header(head: &[u8], language: Language) -> bool {
    let found = Notebook::language_of(&String::from_utf8_lossy(head));
    found == Some(language) || (language == Language::R && found == Some(Language::Python))
}

/// The language of a Jupyter notebook.
///
/// # Errors
/// `INVALID_PARAMETER_VALUE` for what is no notebook in that format.
pub(super) fn jupyter_language(content: &[u8]) -> Result<Language, ApiError> {
    let read = std::str::from_utf8(content).ok().map(Notebook::from_jupyter);
    let invalid = |why: String| ApiError::invalid(format!("The content is not a valid Jupyter notebook: {why}."));
    match read {
        Some(Ok(notebook)) => Ok(notebook.language),
        Some(Err(e)) => Err(invalid(e.to_string())),
        None => Err(invalid("it is no text in UTF-8".to_owned())),
    }
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
}
