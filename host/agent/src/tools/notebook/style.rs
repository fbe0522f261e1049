//! How a notebook's text is laid out, so that what is put into it looks like the rest.

use serde_json::Value;

use super::Notebook;

/// The layout of a notebook's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Style {
    /// A line break, or nothing where all stands in one line.
    newline: &'static str,
    /// One level.
    unit: String,
    /// What stands before a cell in its line.
    cell: String,
    colon: &'static str,
    comma: &'static str,
}

/// What stands before a place in its line, when that is blank.
fn indent(text: &str, at: usize) -> Option<&str> {
    let (_, line) = text.get(..at)?.rsplit_once('\n')?;
    line.chars().all(|c| c == ' ' || c == '\t').then_some(line)
}

/// What stands before the first thing in an object or list that begins here.
fn inner_indent(text: &str, at: usize) -> Option<&str> {
    let inside = text.get(at.saturating_add(1)..)?;
    let blank = inside.len().saturating_sub(inside.trim_start().len());
    indent(text, at.saturating_add(1).saturating_add(blank))
}

impl Style {
    pub(in super::super) fn of(text: &str, notebook: &Notebook<'_>) -> Self {
        let crlf = text.contains("\r\n");
        let colon = if text.contains("\":\"") || text.contains("\":[") { ":" } else { ": " };
        let top = inner_indent(text, text.find('{').unwrap_or(0));
        let Some(top) = top else {
            let comma = if colon == ":" { "," } else { ", " };
            return Self { newline: "", unit: String::new(), cell: String::new(), colon, comma };
        };
        let cell = notebook.cells.first().and_then(|cell| indent(text, cell.span.start));
        let field = notebook.cells.first().and_then(|cell| inner_indent(text, cell.span.start));
        let unit = match (cell, field) {
            (Some(cell), Some(field)) => field.strip_prefix(cell).unwrap_or(top),
            _ => top,
        };
        Self {
            newline: if crlf { "\r\n" } else { "\n" },
            unit: unit.to_owned(),
            cell: cell.map_or_else(|| top.repeat(2), str::to_owned),
            colon,
            comma: ",",
        }
    }

    /// What stands between two things so deep below a cell's own place.
    fn between(&self, depth: usize) -> String {
        format!("{}{}", self.comma, self.line(depth))
    }

    fn line(&self, depth: usize) -> String {
        if self.newline.is_empty() {
            return String::new();
        }
        format!("{}{}{}", self.newline, self.cell, self.unit.repeat(depth))
    }

    /// Between two cells.
    pub(in super::super) fn between_cells(&self) -> String {
        self.between(0)
    }

    /// A list with this one cell.
    pub(in super::super) fn list_of(&self, cell: &str) -> String {
        let outer = self.cell.strip_suffix(&self.unit).unwrap_or_default();
        let end = if self.newline.is_empty() { String::new() } else { format!("{}{outer}", self.newline) };
        format!("[{}{cell}{end}]", self.line(0))
    }

    /// A cell of these fields, whose values are text already.
    pub(in super::super) fn cell(&self, fields: &[(String, String)]) -> String {
        let fields: Vec<String> =
            fields.iter().map(|(name, value)| format!("{}{}{value}", Value::from(name.as_str()), self.colon)).collect();
        format!("{{{}{}{}}}", self.line(1), fields.join(&self.between(1)), self.line(0))
    }

    /// A cell's source: its lines as a list, each with its line break.
    pub(in super::super) fn source(&self, source: &str) -> String {
        let lines: Vec<String> = source.split_inclusive('\n').map(|line| Value::from(line).to_string()).collect();
        if lines.is_empty() {
            return "[]".to_owned();
        }
        format!("[{}{}{}]", self.line(2), lines.join(&self.between(2)), self.line(1))
    }
}
