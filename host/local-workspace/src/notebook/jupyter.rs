//! Jupyter's format, version 4, as the workspace reads and writes it.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::model::{Cell, CellKind, Language, NotANotebook, Notebook, cell, with_magic};

/// Under which name the workspace keeps what it knows of a cell beside its text.
const CELL_NOTES: &str = "application/vnd.databricks.v1+cell";

/// The same of a notebook.
const NOTEBOOK_NOTES: &str = "application/vnd.databricks.v1+notebook";

#[derive(Deserialize)]
struct Document {
    nbformat: u32,
    #[serde(default)]
    metadata: Map<String, Value>,
    cells: Vec<DocumentCell>,
}

#[derive(Deserialize)]
struct DocumentCell {
    cell_type: String,
    #[serde(default)]
    metadata: Map<String, Value>,
    #[serde(default)]
    source: Text,
}

/// Whole, or line by line.
#[derive(Deserialize)]
#[serde(untagged)]
enum Text {
    Whole(String),
    Lines(Vec<String>),
}

impl Default for Text {
    fn default() -> Self {
        Self::Whole(String::new())
    }
}

impl Text {
    fn joined(self) -> String {
        match self {
            Self::Whole(text) => text,
            Self::Lines(lines) => lines.concat(),
        }
    }
}

pub(super) fn read(text: &str) -> Result<Notebook, NotANotebook> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let document: Document =
        serde_json::from_str(text).map_err(|error| NotANotebook(format!("this is no Jupyter notebook: {error}")))?;
    if document.nbformat != 4 {
        let version = document.nbformat;
        return Err(NotANotebook(format!("Jupyter notebooks of version {version} are not supported, only version 4")));
    }
    let language = language(&document.metadata);
    let cells = document.cells.into_iter().map(|cell| read_cell(cell, language)).collect();
    Ok(Notebook { language, cells })
}

fn language(metadata: &Map<String, Value>) -> Language {
    let named = |path: [&str; 2]| metadata.get(path[0])?.get(path[1])?.as_str();
    let names = [[NOTEBOOK_NOTES, "language"], ["language_info", "name"], ["kernelspec", "language"]];
    names.into_iter().filter_map(named).find_map(Language::of_name).unwrap_or(Language::Python)
}

fn read_cell(document: DocumentCell, language: Language) -> Cell {
    let notes = document.metadata.get(CELL_NOTES);
    let title = notes.and_then(|notes| notes.get("title")).and_then(Value::as_str).filter(|title| !title.is_empty());
    let title = title.map(str::to_owned);
    let text = document.source.joined().replace("\r\n", "\n");
    match document.cell_type.as_str() {
        "code" => cell(&text, language, title),
        _ => Cell { kind: CellKind::Markdown, title, text },
    }
}

pub(super) fn write(notebook: &Notebook, name: &str) -> String {
    let cells: Vec<Value> = notebook.cells.iter().map(|cell| write_cell(cell, notebook.language)).collect();
    let language = notebook.language.magic();
    let document = json!({
        "cells": cells,
        "metadata": {
            (NOTEBOOK_NOTES): {"language": language, "notebookName": name, "notebookMetadata": {}, "widgets": {}},
            "language_info": {"name": language},
        },
        "nbformat": 4,
        "nbformat_minor": 0,
    });
    format!("{document:#}")
}

fn write_cell(cell: &Cell, language: Language) -> Value {
    let text = match &cell.kind {
        CellKind::Markdown => cell.text.clone(),
        _ => with_magic(cell, language).unwrap_or_else(|| cell.text.clone()),
    };
    let source: Vec<&str> = text.split_inclusive('\n').collect();
    let title = cell.title.as_deref().unwrap_or_default();
    let metadata = json!({(CELL_NOTES): {"showTitle": cell.title.is_some(), "title": title, "inputWidgets": {}}});
    match cell.kind {
        CellKind::Markdown => json!({"cell_type": "markdown", "metadata": metadata, "source": source}),
        _ => json!({
            "cell_type": "code", "execution_count": null, "metadata": metadata, "outputs": [], "source": source,
        }),
    }
}
