//! Notebooks as cells: Jupyter's files, and Databricks' source files. A cell is found where it stands in the file's text,
//! so that what an edit does not mean stays as it is, byte for byte.
//!
//! Source: the notebook format, version 4 (nbformat's own description).

pub(super) mod outputs;
pub(super) mod source;
pub(super) mod style;

use std::fmt;
use std::ops::Range;

use bricklayer_domain::{ToolErrorKind, ToolFailure};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

/// The end of the names of Jupyter's files.
const EXTENSION: &str = ".ipynb";

/// The version of the format that is read; in older ones cells stand elsewhere.
const FORMAT: u64 = 4;

/// The minor version from which on each cell has an id.
const FORMAT_WITH_IDS: u64 = 5;

/// Whether a path is that of a Jupyter notebook.
pub(super) fn is_notebook(path: &str) -> bool {
    path.len() > EXTENSION.len() && path.to_ascii_lowercase().ends_with(EXTENSION)
}

/// Why a file is no notebook that can be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoNotebook(String);

impl NoNotebook {
    /// For a tool's answer.
    pub(super) fn failure(&self, shown: &str) -> ToolFailure {
        let message =
            format!("`{shown}` is no notebook that can be edited by cells: {}; Edit changes its text", self.0);
        ToolFailure::new(ToolErrorKind::Failed, message)
    }
}

impl std::error::Error for NoNotebook {}

impl fmt::Display for NoNotebook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The fields of an object, in their order, each with its text.
struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Fields<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    fields.push(entry);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Each)
    }
}

impl<'a> Fields<'a> {
    fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.iter().find(|(field, _)| field == name).map(|(_, value)| *value)
    }

    fn value(&self, name: &str) -> Option<Value> {
        serde_json::from_str(self.get(name)?.get()).ok()
    }
}

/// A notebook, over its file's text.
pub(super) struct Notebook<'a> {
    /// Where the list of cells stands, with its brackets.
    pub(super) list: Range<usize>,
    pub(super) cells: Vec<Cell<'a>>,
    /// Whether its cells have ids.
    pub(super) has_ids: bool,
}

/// A cell, and where it stands in the file's text.
pub(super) struct Cell<'a> {
    text: &'a str,
    pub(super) span: Range<usize>,
    fields: Fields<'a>,
    index: usize,
}

impl<'a> Notebook<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, NoNotebook> {
        let top: Fields<'a> =
            serde_json::from_str(text).map_err(|error| NoNotebook(format!("it is not JSON ({error})")))?;
        let number = |field| top.value(field).and_then(|value| value.as_u64());
        match number("nbformat") {
            Some(FORMAT) => {}
            Some(other) => return Err(NoNotebook(format!("its format is version {other}, not {FORMAT}"))),
            None => return Err(NoNotebook("it has no `nbformat`".to_owned())),
        }
        let list = top.get("cells").ok_or_else(|| NoNotebook("it has no `cells`".to_owned()))?.get();
        let cells: Vec<&'a RawValue> =
            serde_json::from_str(list).map_err(|error| NoNotebook(format!("its `cells` are no list ({error})")))?;
        let cell = |(index, raw): (usize, &'a RawValue)| {
            let fields = serde_json::from_str(raw.get());
            let fields = fields.map_err(|error| NoNotebook(format!("its cell {} is broken ({error})", index + 1)))?;
            Ok(Cell { text, span: span(text, raw.get()), fields, index })
        };
        Ok(Self {
            list: span(text, list),
            cells: cells.into_iter().enumerate().map(cell).collect::<Result<_, _>>()?,
            has_ids: number("nbformat_minor").is_some_and(|minor| minor >= FORMAT_WITH_IDS),
        })
    }

    /// The cell of an id, as [`Cell::id`] gives it.
    pub(super) fn find(&self, id: &str) -> Option<&Cell<'a>> {
        self.cells.iter().find(|cell| cell.id() == id)
    }
}

/// Where a part of a text stands in it.
fn span(text: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr().addr().saturating_sub(text.as_ptr().addr());
    start..start.saturating_add(part.len())
}

impl<'a> Cell<'a> {
    /// Its own id, or one by its place in notebooks whose cells have none.
    pub(super) fn id(&self) -> String {
        let own = self.fields.value("id").and_then(|id| id.as_str().map(str::to_owned));
        own.unwrap_or_else(|| format!("cell-{}", self.index))
    }

    /// `code`, `markdown` or `raw`.
    pub(super) fn kind(&self) -> String {
        self.fields.value("cell_type").and_then(|kind| kind.as_str().map(str::to_owned)).unwrap_or_default()
    }

    pub(super) fn source(&self) -> String {
        self.fields.value("source").map(|source| joined(&source)).unwrap_or_default()
    }

    /// What it put out when it ran last.
    pub(super) fn outputs(&self) -> Vec<Value> {
        match self.fields.value("outputs") {
            Some(Value::Array(outputs)) => outputs,
            Some(_) | None => Vec::new(),
        }
    }

    /// Its fields, in their order, as they are written.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.fields.0.iter().map(|(name, value)| (name.as_str(), value.get()))
    }

    /// Where the value of a field stands in the file's text.
    pub(super) fn span_of(&self, field: &str) -> Option<Range<usize>> {
        self.fields.get(field).map(|value| span(self.text, value.get()))
    }
}

/// A text of the format: one string, or a list of them.
pub(super) fn joined(text: &Value) -> String {
    match text {
        Value::String(text) => text.clone(),
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => String::new(),
    }
}
