//! Which files become notebooks when they are imported, and under which name. Rules: the import of workspace files.

use crate::files::Files;
use crate::limits::NOTEBOOK_HEAD_BYTES;

/// Endings of notebooks, with the first line that makes a source file one; a Jupyter notebook needs none.
const ENDINGS: [(&str, Option<&str>); 5] = [
    (".py", Some("# Databricks notebook source")),
    (".sql", Some("-- Databricks notebook source")),
    (".scala", Some("// Databricks notebook source")),
    (".r", Some("# Databricks notebook source")),
    (".ipynb", None),
];

/// Notebooks of a visual editor keep their whole name.
const KEEPS_ENDING: &str = ".designer.ipynb";

/// Whether a file becomes a notebook.
///
/// # Errors
/// Why it cannot be read.
pub fn is_notebook(files: &dyn Files, path: &str) -> Result<bool, String> {
    let Some((_, header)) = ending(path) else { return Ok(false) };
    let Some(header) = header else { return Ok(true) };
    let head = files.read(path, NOTEBOOK_HEAD_BYTES)?.unwrap_or_default();
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head);
    let first = head.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    Ok(String::from_utf8_lossy(first).trim_end() == header)
}

/// The path of the notebook that a file becomes.
#[must_use]
pub fn notebook_path(path: &str) -> &str {
    if path.to_ascii_lowercase().ends_with(KEEPS_ENDING) {
        return path;
    }
    ending(path).and_then(|(length, _)| path.get(..path.len().checked_sub(length)?)).unwrap_or(path)
}

/// The endings that a notebook's file can have.
pub(crate) fn endings() -> impl Iterator<Item = &'static str> {
    ENDINGS.iter().map(|(ending, _)| *ending)
}

fn ending(path: &str) -> Option<(usize, Option<&'static str>)> {
    let lower = path.to_ascii_lowercase();
    ENDINGS.iter().find(|(ending, _)| lower.ends_with(ending)).map(|(ending, header)| (ending.len(), *header))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::MemoryFiles;

    #[test]
    fn notebooks_are_told_by_their_first_line() {
        let files: MemoryFiles = [
            ("a.py", "# Databricks notebook source\nx"),
            ("b.py", "x\n# Databricks notebook source"),
            ("c.sql", "\u{feff}-- Databricks notebook source\r\nSELECT 1"),
            ("d.ipynb", "{}"),
            ("e.R", "# Databricks notebook source"),
            ("f.py", "# Databricks notebook sources"),
            ("g.md", "# Databricks notebook source"),
        ]
        .into_iter()
        .collect();
        for (path, expect) in [
            ("a.py", true),
            ("b.py", false),
            ("c.sql", true),
            ("d.ipynb", true),
            ("e.R", true),
            ("f.py", false),
            ("g.md", false),
        ] {
            assert_eq!(is_notebook(&files, path), Ok(expect), "{path}");
        }
        for (path, expect) in
            [("x/a.py", "x/a"), ("a.designer.ipynb", "a.designer.ipynb"), ("a.md", "a.md"), ("a.R", "a")]
        {
            assert_eq!(notebook_path(path), expect);
        }
    }
}
