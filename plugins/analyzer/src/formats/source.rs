//! Source files: with the header of a notebook they are cells, without it one piece.

use crate::analysis::{Format, Language};
use crate::cell::{Cell, Notebook};

/// What stands behind the comment sign in the first line.
const HEADER: &str = " Databricks notebook source";
const SEPARATOR: &str = " COMMAND ----------";
const MAGIC: &str = " MAGIC";
const TITLE: &str = " DBTITLE ";

/// Comment signs with the language that they say; R's is Python's.
const COMMENTS: [(&str, Language); 3] = [("#", Language::Python), ("--", Language::Sql), ("//", Language::Scala)];

pub(super) fn read(about: Notebook, text: &str) -> Notebook {
    let first = text.split('\n').next().unwrap_or_default().trim_end();
    let header = COMMENTS.into_iter().find(|(sign, _)| first.strip_prefix(sign) == Some(HEADER));
    let Some((sign, said)) = header else { return whole(about, text) };
    let language = match (said, about.language) {
        (Language::Python, Some(Language::R)) => Language::R,
        _ => said,
    };
    let mut cells = Vec::new();
    let mut lines: Vec<&str> = Vec::new();
    let mut first_line = 2;
    for (at, line) in text.split('\n').enumerate().skip(1) {
        if line.trim_end().strip_prefix(sign) == Some(SEPARATOR) {
            cells.extend(cell(&lines, first_line, sign, language));
            lines.clear();
            first_line = u32::try_from(at + 2).unwrap_or(u32::MAX);
        } else {
            lines.push(line);
        }
    }
    cells.extend(cell(&lines, first_line, sign, language));
    Notebook { format: Format::Source, language: Some(language), cells, ..about }
}

/// A file that is no notebook is one cell.
fn whole(about: Notebook, text: &str) -> Notebook {
    let language = about.language.unwrap_or(Language::Other);
    let cell =
        Cell { language, magic: None, arguments: String::new(), title: None, text: text.to_owned(), first_line: 1 };
    Notebook { format: Format::File, cells: vec![cell], ..about }
}

/// The cell of these lines; none where they are all blank.
fn cell(lines: &[&str], first_line: u32, sign: &str, language: Language) -> Option<Cell> {
    let mut lines = lines;
    let mut first_line = first_line;
    let mut title = None;
    while let Some((line, rest)) = lines.split_first() {
        let told = line.strip_prefix(sign).and_then(|line| line.strip_prefix(TITLE));
        if let Some((_, name)) = told.and_then(|told| told.split_once(',')) {
            title = Some(name.trim().to_owned()).filter(|name| !name.is_empty());
        } else if !line.trim().is_empty() {
            break;
        }
        lines = rest;
        first_line = first_line.saturating_add(1);
    }
    while let Some((last, rest)) = lines.split_last()
        && last.trim().is_empty()
    {
        lines = rest;
    }
    let (first, _) = lines.split_first()?;
    if bare(first, sign).is_none() {
        return Some(Cell {
            language,
            magic: None,
            arguments: String::new(),
            title,
            text: lines.join("\n"),
            first_line,
        });
    }
    let text: Vec<&str> = lines.iter().map(|line| bare(line, sign).unwrap_or(line)).collect();
    Some(Cell::of(&text.join("\n"), first_line, language, title))
}

/// A line of a magic without what makes it a comment.
fn bare<'a>(line: &'a str, sign: &str) -> Option<&'a str> {
    let rest = line.strip_prefix(sign)?.strip_prefix(MAGIC)?;
    if rest.is_empty() { Some("") } else { rest.strip_prefix(' ') }
}
