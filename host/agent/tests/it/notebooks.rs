//! Notebooks: read as cells, changed cell by cell, and all else of the file as it was.

use std::fs;

use bricklayer_domain::ToolErrorKind::{Failed, InvalidInput, NotFound};
use serde_json::{Value, json};

use crate::files::Files;

/// As Jupyter writes it, but for a field that it does not know.
const NOTEBOOK: &str = r##"{
 "cells": [
  {
   "cell_type": "markdown",
   "id": "intro",
   "metadata": {},
   "source": [
    "# Sales\n",
    "per day"
   ]
  },
  {
   "cell_type": "code",
   "execution_count": 3,
   "id": "load",
   "metadata": {"tags":   ["odd spacing"]},
   "outputs": [
    {
     "name": "stdout",
     "output_type": "stream",
     "text": ["12 rows\n"]
    },
    {
     "data": {"image/png": "iVBORw0KGgo=", "text/plain": ["<Figure>"]},
     "metadata": {},
     "output_type": "display_data"
    },
    {
     "ename": "KeyError",
     "evalue": "'day'",
     "output_type": "error",
     "traceback": ["\u001b[0;31mKeyError\u001b[0m: 'day'"]
    }
   ],
   "source": "x = 1\nprint(x)"
  }
 ],
 "metadata": {"kernelspec": {"name": "python3", "big": 12345678901234567890.10}},
 "nbformat": 4,
 "nbformat_minor": 5,
 "ours": 1e400
}
"##;

fn edit(fields: Value) -> Value {
    let mut input = json!({"notebook_path": "a.ipynb"});
    input.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    input
}

async fn with(text: &str) -> Files {
    let mut files = Files::new();
    files.put("a.ipynb", text);
    let read = files.call("Read", json!({"file_path": "a.ipynb"})).await;
    assert!(read.failure.is_none(), "{}", read.content);
    files
}

fn text(files: &Files) -> String {
    fs::read_to_string(files.path("a.ipynb")).unwrap()
}

#[tokio::test]
async fn cells_come_with_their_outputs() {
    let mut files = Files::new();
    files.put("a.ipynb", NOTEBOOK);
    let read = files.call("Read", json!({"file_path": "a.ipynb"})).await;
    assert_eq!(
        read.content,
        "[Cell `intro`, 1 of 2, markdown]\n# Sales\nper day\n\n[Cell `load`, 2 of 2, code]\nx = 1\nprint(x)\n\
         [Output of cell 2]\n12 rows\n[Output of cell 2]\n<Figure>\n[Output of cell 2: a picture, image/png]\n\
         [Output of cell 2]\nKeyError: 'day'"
    );
    let page = files.call("Read", json!({"file_path": "a.ipynb", "limit": 1})).await;
    Files::assert_ok(&page, "[PARTIAL: cells 1 to 1 of 2. Go on with offset 2.]");
    let past = files.call("Read", json!({"file_path": "a.ipynb", "offset": 3})).await;
    Files::assert_fails(&past, InvalidInput, "has 2 cells");
    // What is no notebook is read as the text that it is.
    files.put("broken.ipynb", "{\"cells\": [");
    Files::assert_ok(&files.call("Read", json!({"file_path": "broken.ipynb"})).await, "     1\t{\"cells\": [");
    files.put("b.py", "# Databricks notebook source\nx = 1\n");
    let source = files.call("Read", json!({"file_path": "b.py"})).await;
    Files::assert_ok(&source, "[A Databricks notebook of 1 cells: 1 python, lines 2 to 2.]");
}

#[tokio::test]
async fn a_replaced_cell_leaves_all_else_as_it_was() {
    let mut files = with(NOTEBOOK).await;
    let done = files.call("NotebookEdit", edit(json!({"cell_id": "intro", "new_source": "# Für\n☃\n"}))).await;
    Files::assert_ok(&done, "Replaced cell `intro`");
    let old = "    \"# Sales\\n\",\n    \"per day\"\n";
    let expected = NOTEBOOK.replace(old, "    \"# Für\\n\",\n    \"☃\\n\"\n");
    assert_eq!(text(&files), expected);
    // The outputs of code are those of other code now; its source stays the one string that it is.
    let done = files.call("NotebookEdit", edit(json!({"cell_id": "load", "new_source": "y"}))).await;
    Files::assert_ok(&done, "Replaced cell `load`");
    let (start, rest) = expected.split_once("\"outputs\": [").unwrap();
    let (_, end) = rest.split_once("\n   ],\n").unwrap();
    let expected = format!("{start}\"outputs\": [],\n{end}").replace(": 3,", ": null,");
    assert_eq!(text(&files), expected.replace(r#""x = 1\nprint(x)""#, r#""y""#));
}

#[tokio::test]
async fn cells_are_inserted_deleted_and_changed_in_kind() {
    let mut files = with(NOTEBOOK).await;
    let insert = |fields: Value| {
        let mut input = edit(json!({"edit_mode": "insert", "cell_type": "code", "new_source": "a\nb"}));
        input.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        input
    };
    let first = files.call("NotebookEdit", insert(json!({}))).await;
    let id = first.structured.unwrap()["cell"].as_str().unwrap().to_owned();
    let cell = format!(
        "  {{\n   \"cell_type\": \"code\",\n   \"execution_count\": null,\n   \"id\": \"{id}\",\n   \"metadata\": {{}},\n   \
         \"outputs\": [],\n   \"source\": [\n    \"a\\n\",\n    \"b\"\n   ]\n  }}"
    );
    assert_eq!(text(&files), NOTEBOOK.replacen("[\n  {", &format!("[\n{cell},\n  {{"), 1));
    Files::assert_ok(&files.call("NotebookEdit", edit(json!({"cell_id": id, "edit_mode": "delete"}))).await, "Deleted");
    assert_eq!(text(&files), NOTEBOOK, "there and back");
    let last = files.call("NotebookEdit", insert(json!({"cell_id": "load"}))).await;
    let id = last.structured.unwrap()["cell"].as_str().unwrap().to_owned();
    Files::assert_ok(
        &files.call("Read", json!({"file_path": "a.ipynb"})).await,
        &format!("[Cell `{id}`, 3 of 3, code]"),
    );
    files.call("NotebookEdit", edit(json!({"cell_id": id, "edit_mode": "delete"}))).await;
    assert_eq!(text(&files), NOTEBOOK, "there and back");
    let change = edit(json!({"cell_id": "load", "cell_type": "markdown", "new_source": "words"}));
    Files::assert_ok(&files.call("NotebookEdit", change).await, "Replaced");
    let cell: Value = serde_json::from_str::<Value>(&text(&files).replace("1e400", "1")).unwrap()["cells"][1].clone();
    let metadata = json!({"tags": ["odd spacing"]});
    assert_eq!(cell, json!({"cell_type": "markdown", "id": "load", "metadata": metadata, "source": ["words"]}));
    for id in ["load", "intro"] {
        let delete = edit(json!({"cell_id": id, "edit_mode": "delete"}));
        Files::assert_ok(&files.call("NotebookEdit", delete).await, "Deleted");
    }
    assert!(text(&files).starts_with("{\n \"cells\": [],\n"), "{}", text(&files));
    Files::assert_ok(&files.call("Read", json!({"file_path": "a.ipynb"})).await, "[The notebook has no cells.]");
    Files::assert_ok(&files.call("NotebookEdit", insert(json!({}))).await, "Inserted");
    assert!(text(&files).starts_with("{\n \"cells\": [\n  {\n   \"cell_type\": \"code\",\n"), "{}", text(&files));
    assert!(text(&files).contains("\n  }\n ],\n \"metadata\""), "{}", text(&files));
}

#[tokio::test]
async fn notebooks_in_other_layouts_stay_in_them() {
    let compact = r#"{"cells":[{"cell_type":"code","metadata":{},"source":["x"],"outputs":[],"execution_count":1}],"nbformat":4,"nbformat_minor":2}"#;
    let mut files = with(compact).await;
    let replace = edit(json!({"cell_id": "cell-0", "new_source": "y\nz"}));
    Files::assert_ok(&files.call("NotebookEdit", replace).await, "Replaced cell `cell-0`");
    assert_eq!(text(&files), compact.replace("[\"x\"]", "[\"y\\n\",\"z\"]").replace(":1}", ":null}"));
    let insert = edit(json!({"edit_mode": "insert", "cell_type": "markdown", "new_source": "w", "cell_id": "cell-0"}));
    Files::assert_ok(&files.call("NotebookEdit", insert).await, "Inserted cell `cell-1`");
    assert!(text(&files).contains(r#"},{"cell_type":"markdown","metadata":{},"source":["w"]}]"#), "{}", text(&files));
    let marked = format!("\u{feff}{}", NOTEBOOK.replace('\n', "\r\n"));
    let mut files = with(&marked).await;
    let replace = edit(json!({"cell_id": "intro", "new_source": "a\nb"}));
    Files::assert_ok(&files.call("NotebookEdit", replace).await, "Replaced");
    assert_eq!(text(&files), marked.replace("# Sales", "a").replace("per day", "b"));
}

#[tokio::test]
async fn what_cannot_be_edited_by_cells_is_said() {
    let mut files = with(NOTEBOOK).await;
    let replace = json!({"cell_id": "gone", "new_source": "x"});
    Files::assert_fails(&files.call("NotebookEdit", edit(replace)).await, NotFound, "it has intro, load");
    for (fields, why) in [
        (json!({"new_source": "x"}), "`cell_id` is missing"),
        (json!({"cell_id": "load"}), "`new_source` is missing"),
        (json!({"edit_mode": "insert", "new_source": "x"}), "`cell_type` is missing"),
        (json!({"edit_mode": "append"}), "replace, insert or delete"),
        (json!({"cell_type": "raw"}), "code or markdown"),
        (json!({"cell_number": 1}), "unknown field `cell_number`"),
    ] {
        Files::assert_fails(&files.call("NotebookEdit", edit(fields)).await, InvalidInput, why);
    }
    let other = json!({"notebook_path": "b.py", "cell_id": "a", "new_source": "x"});
    Files::assert_fails(&files.call("NotebookEdit", other).await, InvalidInput, "change it with Edit");
    let text_edit = json!({"file_path": "a.ipynb", "old_string": "# Sales\nper day", "new_string": "x"});
    Files::assert_fails(&files.call("Edit", text_edit).await, Failed, "changed with NotebookEdit");
    // As with Edit, what was not read or has changed since is not touched.
    files.put("a.ipynb", NOTEBOOK.replace("Sales", "Costs"));
    let replace = edit(json!({"cell_id": "load", "new_source": "x"}));
    Files::assert_fails(&files.call("NotebookEdit", replace.clone()).await, Failed, "changed since it was read");
    let mut fresh = Files::new();
    fresh.put("a.ipynb", NOTEBOOK);
    Files::assert_fails(&fresh.call("NotebookEdit", replace.clone()).await, Failed, "was not read");
    fresh.call("Read", json!({"file_path": "a.ipynb", "limit": 1})).await;
    Files::assert_fails(&fresh.call("NotebookEdit", replace).await, Failed, "only a part");
    fresh.put("old.ipynb", r#"{"nbformat": 3, "worksheets": []}"#);
    fresh.call("Read", json!({"file_path": "old.ipynb"})).await;
    let old = json!({"notebook_path": "old.ipynb", "cell_id": "a", "new_source": "x"});
    Files::assert_fails(&fresh.call("NotebookEdit", old).await, Failed, "version 3");
}
