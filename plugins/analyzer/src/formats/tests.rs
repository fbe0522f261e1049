use super::*;

fn one(path: &str, text: &str) -> Notebook {
    open(path, text.as_bytes(), None).unwrap().remove(0)
}

fn shape(notebook: &Notebook) -> Vec<(Language, &str, u32)> {
    notebook.cells.iter().map(|cell| (cell.language, cell.text.as_str(), cell.first_line)).collect()
}

/// A zip file of one entry that is stored as it is.
pub(crate) fn zip(name: &str, content: &[u8]) -> Vec<u8> {
    let n = |value: usize, size: usize| (value as u128).to_le_bytes()[..size].to_vec();
    let sizes = [n(0, 4), n(content.len(), 4), n(content.len(), 4), n(name.len(), 2), n(0, 2)].concat();
    let head = [n(20, 2), n(0, 2), n(0, 6), sizes].concat();
    let local = [b"PK\x03\x04".to_vec(), head.clone(), name.as_bytes().to_vec(), content.to_vec()].concat();
    let central = [b"PK\x01\x02".to_vec(), n(20, 2), head, n(0, 14), name.as_bytes().to_vec()].concat();
    let end = [n(0, 4), n(1, 2), n(1, 2), n(central.len(), 4), n(local.len(), 4), n(0, 2)].concat();
    [local, central, b"PK\x05\x06".to_vec(), end].concat()
}

#[test]
fn source_files_are_cells_with_their_lines() {
    let text = "# Databricks notebook source\n# DBTITLE 1,Start\nx = 1\n\n# COMMAND ----------\n\n# MAGIC %sql\n# MAGIC SELECT 1\n# MAGIC\n# MAGIC FROM t\n\n# COMMAND ----------\n\n# MAGIC %md hello\n";
    for text in [text.to_owned(), text.replace('\n', "\r\n"), text.replace('\n', "\r"), format!("\u{feff}{text}")] {
        let notebook = one("/a", &text);
        assert_eq!((notebook.format, notebook.language), (Format::Source, Some(Language::Python)));
        assert_eq!(
            shape(&notebook),
            [
                (Language::Python, "x = 1", 3),
                (Language::Sql, "SELECT 1\n\nFROM t", 8),
                (Language::Markdown, "hello\n", 14)
            ]
        );
        assert_eq!(notebook.cells[0].title.as_deref(), Some("Start"));
    }
    assert_eq!(one("a.sql", "-- Databricks notebook source\nSELECT 1").language, Some(Language::Sql));
    assert_eq!(one("a", "// Databricks notebook source\nval x = 1").language, Some(Language::Scala));
    assert_eq!(one("a.r", "# Databricks notebook source\nx <- 1").language, Some(Language::R));
    let file = one("a.py", "x = 1\n# COMMAND ----------\n");
    assert_eq!((file.format, file.cells.len()), (Format::File, 1));
}

#[test]
fn jupyter_documents_are_cells() {
    let text = r#"{"cells":[
        {"cell_type":"markdown","source":["hi"]},
        {"cell_type":"code","source":["%sql\n","SELECT '\ud83d' "],"metadata":{"application/vnd.databricks.v1+cell":{"title":"T"}}},
        {"cell_type":"code","source":"x = 1"}],
        "metadata":{"application/vnd.databricks.v1+notebook":{"language":"python","widgets":{"day":{"widgetInfo":{"defaultValue":"1"}}}}},
        "nbformat":4,"nbformat_minor":0}"#;
    for path in ["a.ipynb", "/a"] {
        let notebook = one(path, text);
        assert_eq!(notebook.format, Format::Jupyter);
        assert_eq!(
            shape(&notebook),
            [(Language::Markdown, "hi", 1), (Language::Sql, "SELECT '\u{fffd}' ", 2), (Language::Python, "x = 1", 1)]
        );
        assert_eq!((notebook.widgets.len(), notebook.cells[1].title.as_deref()), (1, Some("T")));
    }
}

#[test]
fn archives_and_pages_are_notebooks() {
    let model = r#"{"version":"NotebookV1","language":"python","commands":[
        {"command":"%sql SELECT 1","position":2.0},{"command":"x = 1","position":1.0,"commandTitle":"first"}]}"#;
    let found = open("a.dbc", &zip("folder/n.python", model.as_bytes()), None).unwrap();
    assert_eq!(found[0].path, "a.dbc/folder/n.python");
    assert_eq!(shape(&found[0]), [(Language::Python, "x = 1", 1), (Language::Sql, "SELECT 1\n", 1)]);
    let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, model.replace('"', "%22"));
    let page = one("a.html", &format!("<html><script>var __DATABRICKS_NOTEBOOK_MODEL = '{encoded}';</script>"));
    assert_eq!((page.format, page.cells.len()), (Format::Html, 2));
}

#[test]
fn what_is_broken_is_named() {
    let deep = format!("{{\"nbformat\":4,\"cells\":{}{}}}", "[".repeat(1000), "]".repeat(1000));
    let archive = zip("n.python", b"{}");
    for (path, bytes) in [
        ("a.ipynb", b"{".to_vec()),
        ("a.ipynb", b"[]".to_vec()),
        ("a.ipynb", deep.into_bytes()),
        ("a.html", b"<html>".to_vec()),
        ("a.dbc", archive[..archive.len() - 30].to_vec()),
        ("a.dbc", zip("readme.txt", b"x")),
        ("a.dbc", zip("n.python", b"[")),
    ] {
        assert!(matches!(open(path, &bytes, None), Err(Refused::Malformed { .. })), "{path} {}", bytes.len());
    }
    for bytes in [
        vec![b' '; MAX_BYTES + 1],
        format!("# Databricks notebook source\n{}", "x\n# COMMAND ----------\n".repeat(MAX_CELLS + 1)).into_bytes(),
    ] {
        assert!(matches!(open("a.py", &bytes, None), Err(Refused::TooLarge { .. })));
    }
}
