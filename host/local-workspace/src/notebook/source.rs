//! The source format.

use super::model::{Cell, CellKind, Language, Notebook, cell, with_magic};

/// What follows the comment sign in the first line.
const HEADER: &str = " Databricks notebook source";

/// What follows the comment sign between two cells.
const SEPARATOR: &str = " COMMAND ----------";

/// What follows the comment sign in lines of cells in another language.
const MAGIC: &str = " MAGIC";

/// What follows the comment sign before a title.
const TITLE: &str = " DBTITLE ";

fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

pub(super) fn language_of(text: &str) -> Option<Language> {
    let first = without_mark(text).lines().next()?.trim_end();
    // Python and R share their header; the caller's own knowledge, such as the file's ending, decides between them.
    Language::ALL.into_iter().find(|language| first.strip_prefix(language.comment()) == Some(HEADER))
}

pub(super) fn read(text: &str, language: Language) -> Notebook {
    let text = without_mark(text).replace("\r\n", "\n");
    let comment = language.comment();
    let mut cells = Vec::new();
    let mut lines: Vec<&str> = Vec::new();
    let mut rest = text.lines().peekable();
    rest.next_if(|line| line.trim_end().strip_prefix(comment) == Some(HEADER));
    for line in rest {
        if line.trim_end().strip_prefix(comment) == Some(SEPARATOR) {
            cells.push(read_cell(&lines, language));
            lines.clear();
        } else {
            lines.push(line);
        }
    }
    cells.push(read_cell(&lines, language));
    Notebook { language, cells }
}

fn read_cell(lines: &[&str], language: Language) -> Cell {
    let comment = language.comment();
    let is_blank = |line: &&&str| line.trim().is_empty();
    let begin = lines.iter().take_while(is_blank).count();
    let end = lines.len() - lines.iter().skip(begin).rev().take_while(is_blank).count();
    let mut lines = lines.get(begin..end).unwrap_or_default();
    let mut title = None;
    if let [first, rest @ ..] = lines
        && let Some(told) = first.strip_prefix(comment).and_then(|rest| rest.strip_prefix(TITLE))
    {
        // `1,` says that the title is shown.
        title = Some(told.split_once(',').map_or(told, |(_, title)| title).to_owned());
        lines = rest;
    }
    let is_magic = lines.first().and_then(|line| magic(line, comment)).is_some_and(|first| first.starts_with('%'));
    let text = if is_magic {
        lines.iter().map(|line| magic(line, comment).unwrap_or(line)).collect::<Vec<_>>().join("\n")
    } else {
        lines.join("\n")
    };
    if is_magic { cell(&text, language, title) } else { Cell { kind: CellKind::Code(language), title, text } }
}

/// What a line of a cell in another language holds.
fn magic<'a>(line: &'a str, comment: &str) -> Option<&'a str> {
    let rest = line.strip_prefix(comment)?.strip_prefix(MAGIC)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix(' ') }
}

pub(super) fn write(notebook: &Notebook) -> String {
    let comment = notebook.language.comment();
    let mut out = format!("{comment}{HEADER}\n");
    for (index, cell) in notebook.cells.iter().enumerate() {
        if index > 0 {
            out.push_str(&format!("\n{comment}{SEPARATOR}\n\n"));
        }
        if let Some(title) = &cell.title {
            out.push_str(&format!("{comment}{TITLE}1,{title}\n"));
        }
        match with_magic(cell, notebook.language) {
            None => out.push_str(&cell.text),
            Some(text) => {
                let lines = text.lines().map(|line| format!("{comment}{MAGIC} {line}").trim_end().to_owned());
                out.push_str(&lines.collect::<Vec<_>>().join("\n"));
            }
        }
        out.push('\n');
    }
    out
}
