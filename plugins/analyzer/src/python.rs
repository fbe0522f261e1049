//! What cells of Python do: their syntax trees are walked in order, with the values that names have as far as they are
//! constant, and what calls mean is told by tables of the names they are called by.
//!
//! Functions of the notebook are followed where they are called, loops over constants are run, of branches each is taken.

mod calls;
mod describe;
mod evaluate;
mod files;
mod frames;
mod functions;
mod imports;
mod magics;
mod parse;
mod pipelines;
mod scope;
mod services;
mod spark;
mod statements;
mod texts;
mod utilities;
mod value;

use std::collections::BTreeMap;

use ruff_text_size::Ranged;

use crate::analysis::{CellError, Place};
use crate::facts::Facts;
use crate::text::Text;
use functions::{ClassInfo, Frame, FunctionInfo};
use scope::Scopes;
use value::Value;

/// Expressions and statements that are looked at, those of followed functions and loops each time.
const MAX_STEPS: usize = 2_000_000;

/// A cell as a tree.
pub(crate) struct Code<'c> {
    /// The cell's number.
    index: u32,
    first_line: u32,
    text: &'c str,
    /// Where its lines begin.
    lines: Vec<usize>,
    tree: Option<parse::Tree>,
    error: Option<CellError>,
}

impl<'c> Code<'c> {
    /// Parses a cell.
    pub(crate) fn parse(index: u32, first_line: u32, text: &'c str) -> Self {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        match parse::parse(text, first_line) {
            Ok(mut tree) => {
                let error = tree.error.take();
                Self { index, first_line, text, lines, tree: Some(tree), error }
            }
            Err(error) => Self { index, first_line, text, lines, tree: None, error: Some(error) },
        }
    }

    /// Why it could not be read as a whole.
    pub(crate) fn error(&self) -> Option<&CellError> {
        self.error.as_ref()
    }

    fn place(&self, offset: usize) -> Place {
        let line = self.lines.partition_point(|start| *start <= offset).saturating_sub(1);
        Place { cell: self.index, line: self.first_line.saturating_add(u32::try_from(line).unwrap_or(u32::MAX)) }
    }
}

/// A Delta table that the notebook holds as an object: whether it is read or changed shows later.
#[derive(Debug)]
struct DeltaTable {
    name: Text,
    at: Place,
    changed: bool,
    read: bool,
}

/// Walks the cells of a notebook.
pub(crate) struct Walker<'a> {
    pub(crate) facts: Facts,
    codes: &'a [Code<'a>],
    /// Which of them is walked.
    code: usize,
    scopes: Scopes,
    functions: Vec<FunctionInfo<'a>>,
    classes: Vec<ClassInfo>,
    frames: Vec<Frame>,
    deltas: Vec<DeltaTable>,
    /// What spark.conf.set has set.
    settings: BTreeMap<String, Value>,
    steps: usize,
}

impl<'a> Walker<'a> {
    pub(crate) fn new(facts: Facts, codes: &'a [Code<'a>]) -> Self {
        Self {
            facts,
            codes,
            code: 0,
            scopes: Scopes::default(),
            functions: Vec::new(),
            classes: Vec::new(),
            frames: Vec::new(),
            deltas: Vec::new(),
            settings: BTreeMap::new(),
            steps: 0,
        }
    }

    /// Walks one of the cells.
    pub(crate) fn cell(&mut self, at: usize) {
        let codes = self.codes;
        self.code = at;
        let Some(code) = codes.get(at) else { return };
        self.facts.at = code.place(0);
        if let Some(tree) = &code.tree {
            self.body(&tree.module.syntax().body);
        }
    }

    /// Follows what was defined and never called, and tells of Delta tables whether they were read.
    pub(crate) fn finish(mut self) -> Facts {
        self.uncalled();
        let deltas = std::mem::take(&mut self.deltas);
        for delta in deltas.into_iter().filter(|delta| delta.read || !delta.changed) {
            self.facts.at = delta.at;
            self.facts.read(&delta.name, "DeltaTable.forName", crate::analysis::Mode::Batch);
        }
        self.facts.truncated |= self.steps >= MAX_STEPS;
        self.facts
    }

    /// Counts a step; false when there were too many.
    fn step(&mut self) -> bool {
        self.steps += 1;
        self.steps < MAX_STEPS
    }

    /// Says where it is being looked.
    fn go_to(&mut self, node: &impl Ranged) {
        if let Some(code) = self.codes.get(self.code) {
            self.facts.at = code.place(node.start().to_usize());
        }
    }
}
