//! One notebook: its cells in order, each by its language, and what comes of all of them.

use crate::analysis::{About, Analysis, CellError, CellFacts, Language, Parameter, ParameterKind, Place, Severity};
use crate::cell::{Cell, Notebook};
use crate::facts::Facts;
use crate::python::{Code, Walker};
use crate::script::Script;
use crate::{judge, magic, sql};

/// What is known of the place that a notebook is in.
#[derive(Debug, Clone, Copy, Default)]
pub struct Surroundings<'a> {
    /// Names of the notebooks and files in the same folder; `None` where nobody has looked.
    pub neighbours: Option<&'a [String]>,
}

/// Analyses a notebook.
#[must_use]
pub fn analyze(notebook: &Notebook, surroundings: Surroundings<'_>) -> Analysis {
    let codes: Vec<Code<'_>> = notebook
        .cells
        .iter()
        .enumerate()
        .filter(|(_, cell)| cell.language == Language::Python)
        .map(|(at, cell)| Code::parse(index(at), cell.first_line, &cell.text))
        .collect();
    let mut facts = Facts::default();
    for (name, default) in &notebook.widgets {
        facts.declare(Parameter {
            name: name.clone(),
            kind: ParameterKind::Text,
            default: Some(default.clone()),
            choices: Vec::new(),
            label: None,
            declared: true,
            uses: 0,
            at: Place { cell: 0, line: 1 },
        });
    }
    let mut walker = Walker::new(facts, &codes);
    let (mut scala, mut r) = (Script::default(), Script::default());
    let mut next_code = 0;
    let mut cells = Vec::with_capacity(notebook.cells.len());
    for (at, cell) in notebook.cells.iter().enumerate() {
        let first = Place { cell: index(at), line: cell.first_line };
        walker.facts.at = first;
        let error = match cell.language {
            Language::Python => {
                walker.cell(next_code);
                next_code += 1;
                codes.get(next_code - 1).and_then(Code::error).cloned()
            }
            Language::Sql => sql::read(&mut walker.facts, &sql::Source::of_cell(&cell.text), first),
            Language::Scala => scala.cell(&mut walker.facts, cell.language, &cell.text, first),
            Language::R => r.cell(&mut walker.facts, cell.language, &cell.text, first),
            Language::Shell => {
                magic::shell(&mut walker.facts, &cell.text);
                None
            }
            Language::FileSystem => {
                magic::file_system(&mut walker.facts, &cell.text);
                None
            }
            Language::Run => {
                run(&mut walker.facts, cell, first);
                None
            }
            Language::Markdown | Language::Other => None,
        };
        cells.push(described(at, cell, error));
    }
    let mut facts = walker.finish();
    let errors = cells.iter().filter_map(|cell| cell.error.as_ref().map(|error| (cell.index, error)));
    for (cell, error) in errors {
        let at = Place { cell, line: error.line };
        facts.finding_at(at, "syntax-error", Severity::Error, &error.message, "Correct the cell; the rest was read.");
    }
    let about = About {
        path: notebook.path.clone(),
        format: notebook.format,
        default_language: notebook.language,
        cells: index(cells.len()),
        lines: notebook.lines,
        sha256: notebook.sha256.clone(),
    };
    judge::judge(about, notebook, cells, facts, surroundings)
}

fn run(facts: &mut Facts, cell: &Cell, first: Place) {
    // The magic stands in the line before the text.
    facts.at = Place { line: first.line.saturating_sub(1), ..first };
    magic::run(facts, &cell.arguments);
    if !cell.text.trim().is_empty() {
        facts.finding(
            "run-not-alone",
            Severity::Error,
            "%run stands in a cell with other code, which does not run",
            "Put it into a cell of its own.",
        );
    }
}

fn described(at: usize, cell: &Cell, error: Option<CellError>) -> CellFacts {
    let lines = cell.text.trim_end().split('\n').count();
    CellFacts {
        index: index(at),
        language: cell.language,
        magic: cell.magic.clone(),
        title: cell.title.as_deref().map(crate::sensitive::shown),
        first_line: cell.first_line,
        lines: index(lines),
        error,
    }
}

fn index(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
